"""The values of a user's file as rows, each with the day on which it was known.

Projections and values that are not published yet are left out. Rows are sorted by
`KEYS`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.typing import NaTType

from econnet.core import catalog
from econnet.core.errors import DataError
from econnet.core.periods import PANDAS_ALIAS, frequency_of
from econnet.core.text import quoted
from econnet.data.files import codes as codes_of
from econnet.data.files import series_calendar
from econnet.data.files.areas import Areas
from econnet.data.files.codes import categorical, codes_in
from econnet.data.files.kinds import FORECASTS, Override
from econnet.data.files.reading import Reading
from econnet.data.files.tidy import Tidy
from econnet.data.sources.observations import PROFESSIONAL_COLUMNS, in_order


def measured_rows(
    tidy: Tidy, numbers: np.ndarray, calendar: series_calendar.Calendar, found: Areas
) -> pd.DataFrame:
    """Return the rows with a value: country, indicator, period, frequency, value.

    They are sorted by country, indicator and period; groups of countries are last.
    """
    texts = [found.key_of[str(text)] for text in tidy.area.cat.categories]
    names = sorted({*texts}, key=lambda key: (key in found.aggregates, key))
    place_of = {name: place for place, name in enumerate(names)}
    position = codes_of.numbers_of([place_of[text] for text in texts])
    area = codes_of.looked_up(position, codes_in(tidy.area))
    keys = [
        categorical(area, names, ordered=True),
        as_ordered(tidy.column.array),
        as_ordered(calendar.period),
    ]
    columns: dict[str, codes_of.Column] = {
        "known_text": tidy.known_at.array,
        "value": numbers,
        "frequency": categorical(calendar.frequency, ["A", "M", "Q"]),
        "line": tidy.line.array,
    }
    if tidy.last_measured is not None:
        columns["last_measured"] = tidy.last_measured.array
    keep = ~np.isnan(numbers) & (calendar.period.codes >= 0)
    if not keep.all():
        keys = [key[keep] for key in keys]
        columns = {name: column[keep] for name, column in columns.items()}
    order = codes_of.order([key.codes for key in keys])
    columns = dict(zip(KEYS[:-1], keys, strict=True)) | columns
    if order is not None:
        columns = {name: order.of_column(column) for name, column in columns.items()}
    return pd.DataFrame(columns, copy=False)


def as_ordered(names: pd.Categorical) -> pd.Categorical:
    """Return names as categories in alphabetical order."""
    before = [str(name) for name in names.categories]
    after = sorted(before)
    if before == after:
        return categorical(names.codes, after, ordered=True)
    number_of = {name: number for number, name in enumerate(after)}
    position = codes_of.numbers_of([number_of[name] for name in before] + [-1])
    return categorical(position[names.codes], after, ordered=True)


def declared_forecasts(kinds: Mapping[str, Override]) -> list[str]:
    """Return the columns that the user declares as forecasts by others."""
    return [name for name, kind in kinds.items() if kind in FORECASTS]


def professional_forecasts(
    file: str, rows: pd.DataFrame, kinds: Mapping[str, Override]
) -> pd.DataFrame:
    """Return the forecasts by others, in columns that the user declares as such."""
    declared = declared_forecasts(kinds)
    if not declared:
        return pd.DataFrame(columns=PROFESSIONAL_COLUMNS)
    mine = rows[rows["indicator"].isin(declared)]
    undated = mine[mine["known_text"].astype(str) == ""]
    if len(undated):
        line, name = undated["line"].iloc[0], undated["indicator"].iloc[0]
        raise DataError(
            f"{file}, line {line}: {name} is a forecast without a publication date: "
            "add a column known_at"
        )
    parts = []
    for name in declared:
        part = mine[mine["indicator"] == name]
        values = part["value"]
        if kinds[name] == "probability-forecast":
            if values.max() > 1:
                values = values / 100
            if values.min() < 0 or values.max() > 1:
                raise DataError(
                    f"{file}: {name} is not a probability: it has "
                    f"{part['value'].max():g}; write 0 to 1, or percent"
                )
        parts.append(
            pd.DataFrame(
                {
                    "country": part["country"].astype(str),
                    "column": name,
                    "kind": kinds[name],
                    "period": part["period"].astype(str),
                    "known_at": part["known_at"],
                    "value": values,
                }
            )
        )
    forecasts = pd.concat(parts, ignore_index=True)
    order = ["country", "column", "period", "known_at"]
    return forecasts.sort_values(order, ignore_index=True)[PROFESSIONAL_COLUMNS]


def ends_of_periods(texts: Sequence[str]) -> npt.NDArray[np.datetime64]:
    """Return the day on which each of some periods ends."""
    return _moments(texts, lambda period: period.end_time)


def _of_periods(
    rows: pd.DataFrame, make: Callable[[pd.Period], pd.Timestamp]
) -> npt.NDArray[np.datetime64]:
    """Return a moment of each row's period, computed once per distinct period."""
    codes, texts = _codes(rows["period"])
    return codes_of.looked_up(_moments(texts, make), codes)


def _moments(
    texts: Sequence[str], make: Callable[[pd.Period], pd.Timestamp]
) -> npt.NDArray[np.datetime64]:
    """Return a moment of each of some periods."""
    moments = []
    for text in texts:
        period = pd.Period(text, PANDAS_ALIAS[frequency_of(text)])
        moments.append(make(period).normalize())
    return np.array(moments, dtype="datetime64[us]")


def _codes(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return codes_in(column), [str(text) for text in column.cat.categories]
    codes, distinct = pd.factorize(column)
    return codes, [str(text) for text in distinct]


def days_known(file: str, rows: pd.DataFrame, reading: Reading) -> pd.Series:
    """Return the day on which each value was known, as given or by the lag."""
    published = _of_periods(rows, lambda period: (period + reading.lag).end_time)
    codes, texts = _codes(rows["known_text"])
    if not any(texts):
        return pd.Series(published, rows.index, copy=False)
    moments = np.array(
        [
            np.datetime64("NaT") if (day := _moment(text)) is pd.NaT else day
            for text in texts
        ],
        dtype="datetime64[us]",
    )
    wrong = [n for n, text in enumerate(texts) if text and np.isnat(moments[n])]
    if len(bad := np.flatnonzero(np.isin(codes, wrong))):
        row = rows.iloc[bad[0]]
        raise DataError(
            f"{file}, line {row['line']}: the publication date "
            f"{quoted(str(row['known_text']))} is not a date: write 2020-01-31"
        )
    given = moments[codes]
    begins = _of_periods(rows, lambda period: period.start_time)
    early = given < begins
    early &= ~rows["indicator"].isin(declared_forecasts(reading.kinds)).to_numpy()
    if early.any():
        row = rows[early].iloc[0]
        raise DataError(
            f"{file}, line {row['line']}: {row['indicator']} of {row['period']} has "
            f"the publication date {row['known_text']}, before that period began: "
            "correct the date"
        )
    known = np.where(np.isnat(given), published, given)
    return pd.Series(known, rows.index).astype("datetime64[us]")


def _moment(text: str) -> pd.Timestamp | NaTType:
    """Return a date, with or without a time of day; missing for other text.

    Pandas would accept `today`, and guess which number is the month.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return pd.NaT
    return pd.Timestamp(moment.replace(tzinfo=None))


def without_projections(
    rows: pd.DataFrame, reading: Reading, warnings: list[str]
) -> pd.DataFrame:
    """Return the rows of periods that have ended and been measured."""
    codes, texts = _codes(rows["period"])
    ends = ends_of_periods(texts)
    is_late = ends >= np.datetime64(reading.today.date(), "us")
    if "last_measured" not in rows and not is_late.any():
        return rows
    later = is_late[codes]
    if "last_measured" in rows:
        years = np.array([int(text[:4]) for text in texts])
        later |= years[codes] > rows["last_measured"].fillna(np.inf).to_numpy()
    if not later.any():
        return rows
    periods = rows.loc[later, "period"].astype(str)
    warnings.append(
        f"{later.sum():,} values of periods that had not ended ({periods.min()} to "
        f"{periods.max()}) are projections, not observations: left out"
    )
    measured: pd.DataFrame = rows[~later]
    return measured


def without_unpublished(
    file: str, rows: pd.DataFrame, reading: Reading, warnings: list[str]
) -> pd.DataFrame:
    """Return the rows without values whose given `known_at` is after today."""
    after = rows["known_at"] >= reading.today.normalize() + pd.Timedelta(days=1)
    if not after.any():
        return rows
    later = after & (rows["known_text"].astype(str) != "")
    if later.all():
        raise DataError(
            f"{file} has no value that is known today: every publication date is after "
            f"{reading.today.date()}: correct the dates"
        )
    if n := int(later.sum()):
        warnings.append(
            f"{n:,} value{'s' * (n > 1)} published after "
            f"{reading.today.date()}: left out"
        )
    published: pd.DataFrame = rows[~later]
    return published


def sorted_by_keys(file: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows sorted by `KEYS`, each key once; two values of a key are an error.

    `rows` are sorted by country, indicator and period.
    """
    keys = [codes_in(rows[name]) for name in KEYS[:-1]]
    rows = rows.drop(columns=[*DRAFT_COLUMNS.intersection(rows)])
    if codes_of.are_distinct(*keys):
        return rows
    days = rows["known_at"].to_numpy(dtype="datetime64[us]").astype(np.int64)
    order = codes_of.order([*keys, days])
    if order is not None:
        rows = pd.DataFrame(
            {name: order.of_column(column.array) for name, column in rows.items()},
            copy=False,
        )
        keys, days = [order.of(part) for part in keys], order.of(days)
    if codes_of.are_distinct(*keys, days):
        return rows
    return in_order(
        rows, KEYS, lambda reason: DataError(f"{file}: {reason}: keep one of them")
    )


def newest_values(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the last vintage of each value; `rows` are sorted by `KEYS`."""
    keys = [codes_in(rows[name]) for name in KEYS[:-1]]
    if codes_of.are_distinct(*keys):
        return rows
    firsts = codes_of.starts(*keys)
    newest: pd.DataFrame = rows.iloc[np.append(firsts[1:], len(rows)) - 1]
    return newest


def differences_of(columns: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return the catalog's differences for which the file has only the parts.

    For example, ten-year and three-month rates give the spread between them.
    """
    found = {
        indicator.key: name
        for name in columns
        if (indicator := catalog.recognise(name))
    }
    return {
        indicator.key: (found[parts[0]], found[parts[1]])
        for indicator in catalog.load().values()
        if indicator.key not in found
        for parts in catalog.differences(indicator)
        if {*parts} <= {*found}
    }


def with_differences(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the differences for which the file has only the parts."""
    names = [str(name) for name in rows["indicator"].unique()]
    differences = [
        _difference(rows, key, *parts) for key, parts in differences_of(names).items()
    ]
    if not differences:
        return rows
    both = pd.concat(
        [rows.astype(dict.fromkeys(NAMES, str)), *differences],
        ignore_index=True,
    )
    for column in NAMES:
        both[column] = as_ordered(pd.Categorical(both[column]))
    return both.sort_values(KEYS, ignore_index=True)


def _difference(
    rows: pd.DataFrame, name: str, minuend: str, subtrahend: str
) -> pd.DataFrame:
    """Return the rows of a difference: known when both were, revised with either."""
    of_both = rows[rows["indicator"].isin([minuend, subtrahend])]
    of_both = of_both.astype(dict.fromkeys(NAMES, str))
    place = ["country", "period", "known_at", "frequency"]
    table = of_both.pivot(index=place, columns="indicator", values="value")
    known = table.groupby(level=["country", "period"]).ffill()
    if len(known.columns) < 2:
        return of_both.iloc[:0]
    known = known.dropna()
    # Rounded to hide binary noise; inputs have fewer decimals.
    values = (known[minuend] - known[subtrahend]).round(10)
    return values.rename("value").reset_index().assign(indicator=name)


KEYS = ["country", "indicator", "period", "known_at"]
NAMES = ["country", "indicator", "period", "frequency"]
# Columns that are needed only for messages about single cells.
DRAFT_COLUMNS = frozenset({"known_text", "line", "last_measured"})
