"""The user's own file, long or wide, as observations like any source's.

A long file has the columns `country, period, indicator, value`, a wide one `country,
period` and a column an indicator; `known_at`, the day on which a value was published,
may stand in either. `country` is any text. Without `known_at` a value is known at the
end of the period after its own. What kind of column it is, a rate, an index, a flow, a
balance or a flag, is inferred and decides how it is transformed; the user can say
otherwise. A column with a name of the catalog, `unemployment` or `UNRATE`, is taken for
that indicator.
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

from econnet import catalog
from econnet.catalog import Indicator, SeriesTemplate, Transform
from econnet.core.periods import PANDAS_ALIAS, Frequency
from econnet.errors import DataError, UsageError, quoted
from econnet.sources import cells as cells_of
from econnet.sources.observations import (
    OBSERVATION_COLUMNS,
    SERIES_COLUMNS,
    Known,
    in_order,
)
from econnet.strangers import LARGEST, LONGEST_TEXT, SMALLEST

Kind = Literal["rate", "index", "flow", "balance", "flag"]
KINDS: tuple[Kind, ...] = get_args(Kind)
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Table:
    """A user's file.

    Parameters
    ----------
    observations, series
        As of any source; `retrieved_at` is the day on which the last value was known,
        so that the same file gives the same results tomorrow.
    kinds
        What each column was taken for.
    indicators
        What each column is, for `panel.build`.
    """

    observations: pd.DataFrame
    series: pd.DataFrame
    kinds: Mapping[str, Kind]
    indicators: Mapping[str, Indicator]

    @property
    def recognised(self) -> dict[str, str]:
        """What the columns measure that bear another name than the catalog's key."""
        return {
            name: it.measures
            for name, it in self.indicators.items()
            if it.measures and it.measures != name.casefold()
        }

    def known(self, source: str) -> Known:
        """Return the file as the data to go on with, under the name of its source."""
        return Known(self.observations, self.series, source, self.indicators)


def read(path: Path, *, kinds: Mapping[str, Kind] | None = None, lag: int = 1) -> Table:
    """Return what a CSV, Parquet or Excel file holds.

    Parameters
    ----------
    kinds
        What the user says a column is; the others are inferred.
    lag
        Periods until a value without `known_at` is known, at their end: 0 is the end of
        its own period.

    Raises
    ------
    DataError
        The file cannot be read, or not as such a table: which line, and why.
    UsageError
        `kinds` names a column that the file does not have.
    """
    cells = cells_of.read(path)
    long = _long(path, cells)
    said = kinds or {}
    columns = [str(name) for name in long["indicator"].unique()]
    long["period"] = _periods(path, long)
    frequency = {text: _frequency(text) for text in long["period"].unique()}
    _check_frequencies(path, long, frequency)
    long["known_at"] = _known_at(path, long, frequency, lag)
    keys = ["country", "indicator", "period", "known_at"]
    long = in_order(
        long[[*keys, "value"]].dropna(subset=["value"]),
        keys,
        lambda reason: DataError(f"{path.name}: {reason}: keep one of them"),
    )
    if long.empty:
        raise DataError(f"{path.name} holds no value: fill in at least one column")
    long = _with_differences(long)
    names = [str(name) for name in long["indicator"].unique()]
    columns += [name for name in names if name not in columns]
    if unknown := [name for name in said if name not in columns]:
        raise UsageError(
            f"{path.name} has no column {unknown[0]!r}: it has {', '.join(columns)}"
        )
    observations = long.assign(
        source="file", series_id=long["indicator"], retrieved_at=long["known_at"].max()
    )[OBSERVATION_COLUMNS]
    # Rows are in order of publication: a kind is told by values of today, for steps
    # from one vintage to another mean nothing.
    newest = long.drop_duplicates(keys[:-1], keep="last")
    by_name = {str(name): rows for name, rows in newest.groupby("indicator")}
    inferred = {
        name: said.get(name) or infer_kind(name, by_name[name])
        for name in sorted(names)
    }
    indicators = {
        name: _indicator(name, kind, {frequency[it] for it in by_name[name]["period"]})
        for name, kind in inferred.items()
    }
    return Table(
        observations=observations,
        series=_series(path, observations, indicators, frequency),
        kinds=inferred,
        indicators=indicators,
    )


def infer_kind(name: str, values: pd.DataFrame) -> Kind:
    """Return what a column looks like; `values` has `country, period, value`, in order.

    Zeros and ones are a flag. What bears a name of the catalog is of its kind there, if
    its values can be: growth by the name of exports is not exports. What its name calls
    a spread, a growth or the like is a balance. Else what falls to zero or below is a
    rate, and so is what its name calls one. What mostly rises is an index where it
    passes through 100, else a flow; what does not is a rate up to 100, a flow above.
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
    """Return rows and, where a file holds both its parts alone, a catalog's difference.

    Ten-year and three-month rates so give the spread between them. `long` has one value
    for each column, country, period and day of publication.
    """
    names = [str(name) for name in long["indicator"].unique()]
    columns = {it.key: name for name in names if (it := catalog.recognise(name))}
    made = [
        _difference(long, indicator.key, *(columns[part] for part in parts))
        for indicator in catalog.load().values()
        if indicator.key not in columns
        for parts in catalog.differences(indicator)
        if {*parts} <= {*columns}
    ]
    return pd.concat([long, *made], ignore_index=True) if made else long


def _difference(
    long: pd.DataFrame, name: str, minuend: str, subtrahend: str
) -> pd.DataFrame:
    """Return the rows of a difference: known when both were, revised with either."""
    of_both = long[long["indicator"].isin([minuend, subtrahend])]
    place = ["country", "period", "known_at"]
    table = of_both.pivot(index=place, columns="indicator", values="value")
    known = table.groupby(level=["country", "period"]).ffill().dropna()
    # As exact as the decimals of its parts.
    values = (known[minuend] - known[subtrahend]).round(10)
    return values.rename("value").reset_index().assign(indicator=name)


def _long(path: Path, cells: pd.DataFrame) -> pd.DataFrame:
    """Return `country, period, indicator, value, known_at, line`, wide files turned."""
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
        # Any column may be called `value`, but none has no name.
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
    """Raise `DataError` for the first text that can be no name."""
    wrong = _each(long[column], _no_name).fillna("is missing: write it there")
    if (wrong != "").any():
        row = long[wrong != ""].iloc[0]
        raise DataError(
            f"{path.name}, line {row['line']}: {column} {wrong[wrong != ''].iloc[0]}"
        )


def _no_name(text: str) -> str:
    """Return why a text cannot be a name; nothing where it can."""
    if not text:
        return "is missing: write it there"
    if len(text) > LONGEST_TEXT:
        return f"has more than {LONGEST_TEXT:,} letters: shorten it"
    if CONTROL.search(text):
        return f"{quoted(text)} has a control character in it: take it out"
    return ""


def _check_values(path: Path, long: pd.DataFrame, values: pd.Series) -> None:
    """Raise `DataError` for the first cell that is no number to reckon with."""
    size = values.abs()
    no_number = np.isinf(values)
    wrong = no_number | (size > LARGEST) | ((size > 0) & (size < SMALLEST))
    if not wrong.any():
        return
    row = long[wrong].iloc[0]
    reason = (
        "is no number; write 1234.5, and nothing for a missing value"
        if no_number[wrong].iloc[0]
        else f"is beyond what can be reckoned with, {SMALLEST:g} to {LARGEST:g}: "
        "choose another unit"
    )
    raise DataError(
        f"{path.name}, line {row['line']}, {row['indicator']}: "
        f"{quoted(row['value'])} {reason}"
    )


def _each(texts: pd.Series, make: Callable[[str], T]) -> pd.Series:
    """Return what is made of each text, missing where it is; made once of equal ones.

    A file with vintages says most things a hundred times.
    """
    codes, found = pd.factorize(texts)
    made = pd.Series([make(str(text)) for text in found], dtype=None)
    return made.reindex(codes).set_axis(texts.index)


def _number(text: str) -> float:
    """Return a cell's number; NaN for a missing value, infinity for what is none."""
    if text.strip().lower() in MISSING:
        return math.nan
    # Python reads `1_000`, and digits of other scripts, as numbers; nobody else does.
    if not text.isascii() or "_" in text or len(text) > LONGEST_TEXT:
        return math.inf
    try:
        return float(text)
    except ValueError:
        return math.inf


def _periods(path: Path, long: pd.DataFrame) -> pd.Series:
    """Return periods as `2020`, `2020Q1` or `2020-01`; dates by how they are spaced."""
    texts = _each(
        long["period"], lambda it: it.removesuffix(" 00:00:00").removesuffix(".0")
    )
    plain = {text: _plain_period(text) for text in texts.unique()}
    for text, period in plain.items():
        if period is None:
            line = long.loc[texts == text, "line"].iloc[0]
            raise DataError(
                f"{path.name}, line {line}: {quoted(text)} is no period: write 2020, "
                "2020Q1, 2020-01 or 2020-01-31"
            )
    periods = texts.map(plain)
    dated = _each(texts, lambda it: DATE.fullmatch(it) is not None).astype(bool)
    for name, rows in long[dated].groupby("indicator"):
        months = {int(text[5:7]) for text in texts[rows.index].unique()}
        style = "M"
        if len(months) == 1:
            style = "A"
        elif len(months) <= 4 and len({month % 3 for month in months}) == 1:
            style = "Q"
        as_written = {
            text: str(pd.Period(text, PANDAS_ALIAS[style]))  # type: ignore[index]
            for text in texts[rows.index].unique()
        }
        if style == "M" and len({*as_written.values()}) < len(as_written):
            raise DataError(
                f"{path.name}: {name} has several dates in a month: average them to "
                "months first"
            )
        periods[rows.index] = texts[rows.index].map(as_written)
    return periods


def _plain_period(text: str) -> str | None:
    """Return a period in our way of writing, a date as it is, else nothing."""
    if match := PERIOD.fullmatch(text):
        year, quarter, month = match.groups()
        if quarter:
            return f"{year}Q{quarter}"
        return f"{year}-{int(month):02d}" if month else year
    try:
        return text if DATE.fullmatch(text) and pd.Timestamp(text) else None
    except ValueError:
        return None


def _frequency(period: str) -> Frequency:
    return "Q" if "Q" in period else "M" if "-" in period else "A"


def _check_frequencies(
    path: Path, long: pd.DataFrame, frequency: Mapping[str, Frequency]
) -> None:
    """Raise `DataError` where a country has an indicator at several frequencies."""
    filled = long[long["value"].notna()]
    own = filled["period"].map(frequency)
    keys = [filled["country"], filled["indicator"]]
    others = own != own.groupby(keys).transform("first")
    if others.any():
        row = filled[others].iloc[0]
        first = filled[
            (filled["country"] == row["country"])
            & (filled["indicator"] == row["indicator"])
        ].iloc[0]
        raise DataError(
            f"{path.name}, line {row['line']}: {row['indicator']} of {row['country']} "
            f"has {row['period']}, but {first['period']} in line {first['line']}: give "
            "each frequency a column of its own"
        )


def _known_at(
    path: Path, long: pd.DataFrame, frequency: Mapping[str, Frequency], lag: int
) -> pd.Series:
    """Return the day on which each value was known, told or reckoned."""
    periods = {
        text: pd.Period(text, PANDAS_ALIAS[it]) for text, it in frequency.items()
    }
    ends = {text: (it + lag).end_time.normalize() for text, it in periods.items()}
    begins = {text: it.start_time for text, it in periods.items()}
    told = _each(long["known_at"].replace("", None), _moment).astype("datetime64[us]")
    wrong = told.isna() & ~long["known_at"].isin(["", None]) & long["known_at"].notna()
    if wrong.any():
        row = long[wrong].iloc[0]
        raise DataError(
            f"{path.name}, line {row['line']}: known_at {quoted(row['known_at'])} is "
            "no date: write 2020-01-31"
        )
    begun = long["period"].map(begins).astype("datetime64[us]")
    early = told < begun
    if early.any():
        row = long[early].iloc[0]
        raise DataError(
            f"{path.name}, line {row['line']}: {row['indicator']} of {row['period']} "
            f"is known_at {row['known_at']}, before that period began: correct the date"
        )
    return told.fillna(long["period"].map(ends)).astype("datetime64[us]")


def _moment(text: str) -> pd.Timestamp | NaTType:
    """Return a date, with a time of day or without; missing where it is none.

    Pandas would take `today` for one, and guess which number is the month.
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
                frequency=each,
                id=name,
                publication_lag_days=0,  # every row has its own date
                countries=(),
                rights="your own",
                discontinued=False,
            )
            for each in sorted(frequencies)
        ),
    )


def _recognised(name: str, kind: Kind) -> Indicator | None:
    """Return the catalog's indicator of that name, if a column of that kind can be it.

    Rates may be used by their level and levels by their changes; growth is no level.
    """
    known = catalog.recognise(name)
    if known is None or kind == "flag":
        return None
    as_known = KIND_OF.get(known.transform)
    alike = (kind in KINDS_IN_OWN_UNIT) == (as_known in KINDS_IN_OWN_UNIT)
    return known if as_known and alike else None


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
# What a ratio is divided by, a file need not hold.
KIND_OF: Mapping[Transform, Kind] = {
    "difference": "rate",
    "log-difference": "index",
    "growth": "flow",
    "level": "balance",
}
KINDS_IN_OWN_UNIT = frozenset({"rate", "balance"})
SHARE_OF_RISES = 0.6
MISSING = frozenset({"", ".", "..", "-", "na", "n/a", "nan", "null", "none", "#n/a"})
RATE_WORDS = re.compile(r"rate|yield|percent|share(?! ?price)|ratio|%", re.I)
# An exchange is no change.
BALANCE_WORDS = re.compile(
    r"spread|growth|inflation|balance|surplus|deficit|(?<![a-z])(change|gap)s?(?![a-z])",
    re.I,
)
INDEX_WORDS = re.compile(r"index|prices?\b|cpi|ppi|deflator", re.I)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
PERIOD = re.compile(
    r"([12]\d{3})(?:[- ]?Q([1-4])|(?:-|M)(0?[1-9]|1[0-2]))?", re.IGNORECASE | re.ASCII
)
