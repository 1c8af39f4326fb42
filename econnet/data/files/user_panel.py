"""The user's own file, long or wide, as observations like those of a source.

A long file has the columns `country, period, indicator, value`, a wide one `country,
period` and one column per indicator; either may have `known_at`, the day on which a
value was published. `country` is any text. Without `known_at` a value is known at the
end of the period after its own. The kind of a column (a rate, an index, a flow, a
balance or a flag) is inferred and determines its transform; the user can override it. A
column with a name of the catalog, `unemployment` or `UNRATE`, is that indicator.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar, get_args

import numpy as np
import pandas as pd
from pandas.api.typing import NaTType

from econnet.core import catalog
from econnet.core.catalog import Indicator, SeriesTemplate, Transform
from econnet.core.errors import DataError, UsageError
from econnet.core.periods import (
    PANDAS_ALIAS,
    Frequency,
    WrittenPeriod,
    frequency_of,
    parse_period,
)
from econnet.core.text import quoted
from econnet.data.files import text_cells
from econnet.data.sources.observations import (
    OBSERVATION_COLUMNS,
    SERIES_COLUMNS,
    Dataset,
    in_order,
)
from econnet.runtime.untrusted_files import MAX_TEXT_LENGTH, MAX_VALUE, MIN_MAGNITUDE

Kind = Literal["rate", "index", "flow", "balance", "flag"]
KINDS: tuple[Kind, ...] = get_args(Kind)
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Table:
    """A user's file.

    Parameters
    ----------
    observations, series
        As from any source; `retrieved_at` is the day on which the last value was known,
        so that the same file gives the same results tomorrow.
    kinds, indicators
        The kind and the description of each column.
    """

    observations: pd.DataFrame
    series: pd.DataFrame
    kinds: Mapping[str, Kind]
    indicators: Mapping[str, Indicator]

    @property
    def recognised(self) -> dict[str, str]:
        """The catalog's key of each column that has another name."""
        return {
            name: indicator.measures
            for name, indicator in self.indicators.items()
            if indicator.measures and indicator.measures != name.casefold()
        }

    def known(self, source: str) -> Dataset:
        """Return the file as the data to work with, under the name of its source."""
        return Dataset(self.observations, self.series, source, self.indicators)


def read(path: Path, *, kinds: Mapping[str, Kind] | None = None, lag: int = 1) -> Table:
    """Return the content of a CSV, Parquet or Excel file.

    Parameters
    ----------
    kinds
        The kinds of columns that the user gives; others are inferred.
    lag
        A value without `known_at` is known this many periods after the end of its own.
    """
    long = _long(path, text_cells.read(path))
    columns = [str(name) for name in long["indicator"].unique()]
    long["period"] = _periods(path, long)
    frequency = {text: frequency_of(text) for text in long["period"].unique()}
    _check_frequencies(path, long, frequency)
    long["known_at"] = _known_at(path, long, frequency, lag)
    long = in_order(
        long[[*KEYS, "value"]].dropna(subset=["value"]),
        KEYS,
        lambda reason: DataError(f"{path.name}: {reason}: keep one of them"),
    )
    if long.empty:
        raise DataError(f"{path.name} has no value: fill in at least one column")
    long = _with_differences(long)
    columns += map(str, long["indicator"].unique())
    given = kinds or {}
    if unknown := [name for name in given if name not in columns]:
        raise UsageError(
            f"{path.name} has no column {unknown[0]!r}: it has "
            f"{', '.join(dict.fromkeys(columns))}"
        )
    return _table(path, long, frequency, given)


def _table(
    path: Path,
    long: pd.DataFrame,
    frequency: Mapping[str, Frequency],
    given: Mapping[str, Kind],
) -> Table:
    """Return the table of a file's values, with the kinds that were not given."""
    observations = long.assign(
        source="file", series_id=long["indicator"], retrieved_at=long["known_at"].max()
    )[OBSERVATION_COLUMNS]
    # Rows are in order of publication. A kind is inferred from the newest values,
    # because steps from one vintage to another mean nothing.
    newest = long.drop_duplicates(KEYS[:-1], keep="last")
    by_name = {str(name): rows for name, rows in newest.groupby("indicator")}
    kinds = {
        name: given.get(name) or infer_kind(name, by_name[name])
        for name in sorted(by_name)
    }
    indicators = {
        name: _indicator(name, kind, {*by_name[name]["period"].map(frequency)})
        for name, kind in kinds.items()
    }
    return Table(
        observations=observations,
        series=_series(path, observations, indicators, frequency),
        kinds=kinds,
        indicators=indicators,
    )


def infer_kind(name: str, values: pd.DataFrame) -> Kind:
    """Return the likely kind of a column; `values` has `country, period, value`.

    Zeros and ones are a flag. A name of the catalog gives the kind, if the values allow
    it: growth named exports is not exports. A name such as spread or growth means a
    balance. Otherwise values at or below zero mean a rate, as do names such as yield.
    Values that mostly rise are an index if they pass through 100, otherwise a flow;
    other values are a rate if at most 100, otherwise a flow.
    """
    numbers = values["value"]
    if numbers.isin([0.0, 1.0]).all():
        return "flag"
    known = catalog.recognise(name)
    kind = KIND_OF.get(known.transform) if known else None
    if kind and ((numbers > 0).all() or kind in KINDS_IN_OWN_UNIT):
        return kind
    if BALANCE_WORDS.search(name):
        return "balance"
    if (numbers <= 0).any() or RATE_WORDS.search(name):
        return "rate"
    if INDEX_WORDS.search(name):
        return "index"
    steps = values.groupby("country")["value"].diff().dropna()
    if (steps > 0).mean() >= SHARE_OF_RISES:
        return "index" if numbers.sub(100).abs().min() <= 0.5 else "flow"
    return "rate" if numbers.max() <= 100 else "flow"


def _with_differences(long: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the catalog's differences of which the file has only the parts.

    For example, ten-year and three-month rates give the spread between them. `long` has
    one value per column, country, period and day of publication.
    """
    names = [str(name) for name in long["indicator"].unique()]
    columns = {
        indicator.key: name for name in names if (indicator := catalog.recognise(name))
    }
    differences = [
        _difference(long, indicator.key, *(columns[part] for part in parts))
        for indicator in catalog.load().values()
        if indicator.key not in columns
        for parts in catalog.differences(indicator)
        if {*parts} <= {*columns}
    ]
    return pd.concat([long, *differences], ignore_index=True) if differences else long


def _difference(
    long: pd.DataFrame, name: str, minuend: str, subtrahend: str
) -> pd.DataFrame:
    """Return the rows of a difference: known when both were, revised with either."""
    of_both = long[long["indicator"].isin([minuend, subtrahend])]
    place = ["country", "period", "known_at"]
    table = of_both.pivot(index=place, columns="indicator", values="value")
    known = table.groupby(level=["country", "period"]).ffill().dropna()
    # Rounded to hide binary noise; inputs have fewer decimals.
    values = (known[minuend] - known[subtrahend]).round(10)
    return values.rename("value").reset_index().assign(indicator=name)


def _long(path: Path, cells: pd.DataFrame) -> pd.DataFrame:
    """Return `country, period, indicator, value, known_at, line` of either layout."""
    cells = cells.rename(columns=lambda name: str(name).strip())
    lower = {name.lower(): name for name in cells.columns}
    for needed in ("country", "period"):
        if needed not in lower:
            raise DataError(
                f"{path.name} has no column {needed!r}, only "
                f"{', '.join(map(repr, cells.columns[:8]))}: name one so"
            )
    reserved = {"country", "period", "indicator", "value", "known_at"}
    cells = cells.rename(columns={lower[n]: n for n in reserved if n in lower})
    cells.index = pd.RangeIndex(2, len(cells) + 2)  # lines of the file
    if "known_at" not in cells:
        cells["known_at"] = None
    identifiers = ["country", "period", "known_at"]
    if {"indicator", "value"} <= {*cells.columns}:
        long = cells[[*identifiers, "indicator", "value"]].copy()
    else:
        # Any column may be called `value`, but none has an empty name.
        long = cells.melt(
            identifiers, var_name="", value_name="\0", ignore_index=False
        ).rename(columns={"": "indicator", "\0": "value"})
    long = long.reset_index(names="line")
    for column in ("country", "period", "indicator"):
        long[column] = _each(long[column], str.strip)
        _check_texts(path, long, column)
    values = _each(long["value"], _number).astype(float)
    _check_values(path, long, values)
    return long.assign(value=values)


def _check_texts(path: Path, long: pd.DataFrame, column: str) -> None:
    """Raise `DataError` for the first text that cannot be a name."""
    problems = _each(long[column], _name_problem).fillna(NO_TEXT)
    wrong = problems != ""
    if wrong.any():
        line, problem = long.loc[wrong, "line"].iloc[0], problems[wrong].iloc[0]
        raise DataError(f"{path.name}, line {line}: {column} {problem}")


def _name_problem(text: str) -> str:
    """Return why a text cannot be a name, or an empty text."""
    if not text:
        return NO_TEXT
    if len(text) > MAX_TEXT_LENGTH:
        return f"has more than {MAX_TEXT_LENGTH:,} letters: shorten it"
    if CONTROL.search(text):
        return f"{quoted(text)} has a control character in it: take it out"
    return ""


def _check_values(path: Path, long: pd.DataFrame, values: pd.Series) -> None:
    """Raise `DataError` for the first cell without a usable number."""
    size = values.abs()
    no_number = np.isinf(values)
    wrong = no_number | (size > MAX_VALUE) | ((size > 0) & (size < MIN_MAGNITUDE))
    if not wrong.any():
        return
    row = long[wrong].iloc[0]
    reason = (
        "is no number; write 1234.5, and nothing for a missing value"
        if no_number[wrong].iloc[0]
        else f"is outside the range of {MIN_MAGNITUDE:g} to {MAX_VALUE:g}: "
        "choose another unit"
    )
    raise DataError(
        f"{path.name}, line {row['line']}, {row['indicator']}: "
        f"{quoted(row['value'])} {reason}"
    )


def _each(texts: pd.Series, make: Callable[[str], T]) -> pd.Series:
    """Return the result for each text, missing where it is missing.

    Equal texts are processed once: a file with vintages repeats most of them.
    """
    codes, distinct = pd.factorize(texts)
    results = pd.Series([make(str(text)) for text in distinct], dtype=None)
    return results.reindex(codes).set_axis(texts.index)


def _number(text: str) -> float:
    """Return a cell's number; NaN for a missing value, infinity for other text."""
    if text.strip().lower() in MISSING:
        return math.nan
    # Python alone reads `1_000` and digits of other scripts as numbers.
    if not text.isascii() or "_" in text or len(text) > MAX_TEXT_LENGTH:
        return math.inf
    try:
        return float(text)
    except ValueError:
        return math.inf


def _periods(path: Path, long: pd.DataFrame) -> pd.Series:
    """Return periods as `2020`, `2020Q1` or `2020-01`; dates by their spacing."""
    texts = _each(
        long["period"], lambda text: text.removesuffix(" 00:00:00").removesuffix(".0")
    )
    parsed = dict[str, WrittenPeriod]()
    for text in texts.unique():
        period = parse_period(text)
        if period is None:
            line = long.loc[texts == text, "line"].iloc[0]
            raise DataError(
                f"{path.name}, line {line}: {quoted(text)} is no period: write 2020, "
                "2020Q1, 2020-01 or 2020-01-31"
            )
        parsed[text] = period
    periods = texts.map({text: period.text for text, period in parsed.items()})
    dates = [text for text, period in parsed.items() if period.is_date]
    for name, rows in long[texts.isin(dates)].groupby("indicator"):
        months = {int(text[5:7]) for text in texts[rows.index].unique()}
        style: Frequency = "M"
        if len(months) == 1:
            style = "A"
        elif len(months) <= 4 and len({month % 3 for month in months}) == 1:
            style = "Q"
        as_written = {
            text: str(pd.Period(text, PANDAS_ALIAS[style]))
            for text in texts[rows.index].unique()
        }
        if style == "M" and len({*as_written.values()}) < len(as_written):
            raise DataError(
                f"{path.name}: {name} has several dates in a month: average them to "
                "months first"
            )
        periods[rows.index] = texts[rows.index].map(as_written)
    return periods


def _check_frequencies(
    path: Path, long: pd.DataFrame, frequency: Mapping[str, Frequency]
) -> None:
    """Raise `DataError` if a country has an indicator at several frequencies."""
    filled = long[long["value"].notna()]
    groups = filled.groupby(["country", "indicator"])
    firsts = groups[["period", "line"]].transform("first")
    differs = filled["period"].map(frequency) != firsts["period"].map(frequency)
    if differs.any():
        row, first = filled[differs].iloc[0], firsts[differs].iloc[0]
        raise DataError(
            f"{path.name}, line {row['line']}: {row['indicator']} of {row['country']} "
            f"has {row['period']}, but {first['period']} in line {first['line']}: give "
            "each frequency a column of its own"
        )


def _known_at(
    path: Path, long: pd.DataFrame, frequency: Mapping[str, Frequency], lag: int
) -> pd.Series:
    """Return the day on which each value was known, as given or by the lag."""
    begins, published = dict[str, pd.Timestamp](), dict[str, pd.Timestamp]()
    for text, frequency_of_text in frequency.items():
        period = pd.Period(text, PANDAS_ALIAS[frequency_of_text])
        begins[text] = period.start_time
        published[text] = (period + lag).end_time.normalize()
    given = _each(long["known_at"].replace("", None), _moment).astype("datetime64[us]")
    wrong = given.isna() & ~long["known_at"].isin(["", None]) & long["known_at"].notna()
    if wrong.any():
        row = long[wrong].iloc[0]
        raise DataError(
            f"{path.name}, line {row['line']}: known_at {quoted(row['known_at'])} is "
            "no date: write 2020-01-31"
        )
    early = given < long["period"].map(begins).astype("datetime64[us]")
    if early.any():
        row = long[early].iloc[0]
        raise DataError(
            f"{path.name}, line {row['line']}: {row['indicator']} of {row['period']} "
            f"is known_at {row['known_at']}, before that period began: correct the date"
        )
    return given.fillna(long["period"].map(published)).astype("datetime64[us]")


def _moment(text: str) -> pd.Timestamp | NaTType:
    """Return a date, with or without a time of day; missing for other text.

    Pandas would accept `today`, and guess which number is the month.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return pd.NaT
    return pd.Timestamp(moment.replace(tzinfo=None))


def _series(
    path: Path,
    observations: pd.DataFrame,
    indicators: Mapping[str, Indicator],
    frequency: Mapping[str, Frequency],
) -> pd.DataFrame:
    spans = observations.groupby(["country", "indicator", "source", "series_id"])
    series = spans["period"].agg(first_period="min", last_period="max").reset_index()
    return series.assign(
        frequency=series["last_period"].map(frequency),
        title=[indicators[name].title for name in series["indicator"]],
        unit=[indicators[name].unit for name in series["indicator"]],
        edition="",
        licence="your own",
        rights="your own",
        attribution=f"Source: {path.name}",
        discontinued=False,
        retrieved_at=observations["retrieved_at"].max(),
    )[[*SERIES_COLUMNS, "first_period", "last_period"]]


def _indicator(name: str, kind: Kind, frequencies: Collection[Frequency]) -> Indicator:
    known = _recognised(name, kind)
    return Indicator(
        key=name,
        title=known.title if known else name,
        unit=known.unit if known else UNIT[kind],
        group=known.group if known else "your data",
        transform=TRANSFORM[kind],
        denominator=None,
        measures=known.measures if known else "",
        series=tuple(
            SeriesTemplate(
                source="file",
                frequency=frequency,
                id=name,
                publication_lag_days=0,  # every row has its own date
                countries=(),
                rights="your own",
                discontinued=False,
            )
            for frequency in sorted(frequencies)
        ),
    )


def _recognised(name: str, kind: Kind) -> Indicator | None:
    """Return the catalog's indicator of that name, if the kind of the column fits.

    Rates may be used as levels and levels as changes, but growth is no level.
    """
    known = catalog.recognise(name)
    if known is None or kind == "flag":
        return None
    as_known = KIND_OF.get(known.transform)
    alike = (kind in KINDS_IN_OWN_UNIT) == (as_known in KINDS_IN_OWN_UNIT)
    return known if as_known and alike else None


KEYS = ["country", "indicator", "period", "known_at"]
TRANSFORM: Mapping[Kind, Transform] = {
    "rate": "difference",
    "index": "log-difference",
    "flow": "growth",
    "balance": "level",
    "flag": "level",
}
UNIT: Mapping[Kind, str] = {
    "rate": "points",
    "index": "index",
    "flow": "units of the file",
    "balance": "points",
    "flag": "1 or 0",
}
# Ratios are left out, because a file need not have the denominator.
KIND_OF = {transform: kind for kind, transform in TRANSFORM.items() if kind != "flag"}
KINDS_IN_OWN_UNIT = frozenset({"rate", "balance"})
SHARE_OF_RISES = 0.6
NO_TEXT = "is missing: write it there"
MISSING = frozenset({"", ".", "..", "-", "na", "n/a", "nan", "null", "none", "#n/a"})
RATE_WORDS = re.compile(r"rate|yield|percent|share(?! ?price)|ratio|%", re.I)
# `exchange` must not match `change`.
BALANCE_WORDS = re.compile(
    r"spread|growth|inflation|balance|surplus|deficit|(?<![a-z])(change|gap)s?(?![a-z])",
    re.I,
)
INDEX_WORDS = re.compile(r"index|prices?\b|cpi|ppi|deflator", re.I)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
