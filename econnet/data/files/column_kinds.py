"""The kind of each column of a user's file, from what was known at the first origin.

A column that begins later shows its kind by its first values, and is known only once
the last of them is.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.periods import Frequency, frequency_of
from econnet.data.files import guards
from econnet.data.files.codes import Codes, blocks, codes_in, counts, starts
from econnet.data.files.dated_rows import KEYS, ends_of_periods, newest_values
from econnet.data.files.kinds import Inferred, infer, is_stationary_panel
from econnet.data.files.reading import Reading
from econnet.data.files.tidy import Tidy
from econnet.data.files.traits import Traits, traits, traits_of_columns


def known_at_first_origin(
    rows: pd.DataFrame, years: Mapping[Frequency, int]
) -> pd.Series:
    """Return which rows were known when the first forecast can be made.

    A forecast needs a number of years of history, by frequency: the first is made on
    the day on which the period that long after the file's first one was published.
    `rows` has `period, known_at`.
    """
    period = rows["period"].cat
    codes = period.codes.to_numpy()
    used = np.zeros(len(period.categories), dtype=bool)
    used[codes] = True
    ends = ends_of_periods([*period.categories])
    spans = [
        pd.Timedelta(days=365.25 * years[frequency_of(text)])
        for text in period.categories
    ]
    is_late = ends >= ends[used].min() + np.array(spans, dtype="timedelta64[us]")
    known = rows["known_at"].to_numpy(dtype="datetime64[us]")
    first = min(
        (
            known[part][late].min()
            for part in blocks(len(rows))
            if (late := is_late[codes[part]]).any()
        ),
        default=known.max(initial=ends.min()),
    )
    return pd.Series(known <= first, rows.index, copy=False)


def infer_kinds(
    rows: pd.DataFrame,
    early: pd.Series,
    tidy: Tidy,
    reading: Reading,
    left_out: dict[str, str],
) -> dict[str, Inferred]:
    """Return the kind of each column, from what was known at the first origin."""
    newest = newest_values(rows)
    names = [str(name) for name in newest["indicator"].cat.categories]
    place = _known_early(rows, early)
    n_known = np.bincount(_codes(rows, "indicator")[place], minlength=len(names))
    doubtful = guards.may_identify(newest)
    late = {name for name, n in zip(names, n_known, strict=True) if n < MIN_KNOWN}
    whole = _by_indicator(newest[newest["indicator"].isin([*doubtful, *late])])
    known = _traits_of_known(rows, place)
    numbers: dict[str, Traits] = {}
    for code, name in enumerate(names):
        if name in doubtful and (reason := _identifies(name, whole[name], reading)):
            left_out[name] = f"{reason}; {_keep(name)}"
        elif name not in late:
            numbers[name] = known[code]
        elif name in whole:
            part = _first_values(whole[name])
            numbers[name] = traits(part, part["frequency"].iloc[0])
    stationary = is_stationary_panel([*numbers.values()])
    result: dict[str, Inferred] = {}
    for name, each in numbers.items():
        given = reading.kinds.get(name)
        if given is not None and given != "keep":
            result[name] = Inferred(given, "as given by --kind", certain=True)  # type: ignore[arg-type]  # forecasts are not series
            continue
        found = infer(
            name,
            each,
            unit=tidy.units.get(name, ""),
            code=tidy.transforms.get(name, 0),
            stationary_panel=stationary,
        )
        if found.kind == "drop" and given == "keep":
            found = Inferred("balance", "kept as given by --kind", certain=True)
        elif found.kind == "drop":
            found = replace(found, reason=f"{found.reason}; {_keep(name)}")
        result[name] = found
    return result


def _keep(name: str) -> str:
    return f"--kind {name}=keep uses it"


def _known_early(rows: pd.DataFrame, early: pd.Series) -> npt.NDArray[np.intp]:
    """Return the places of the values as they were known at the first origin."""
    place = np.flatnonzero(early.to_numpy())
    firsts = starts(*(_codes(rows, name)[place] for name in KEYS[:-1]))
    newest: npt.NDArray[np.intp] = place[np.append(firsts[1:], len(place)) - 1]
    return newest


def _traits_of_known(
    rows: pd.DataFrame, place: npt.NDArray[np.intp]
) -> Mapping[int, Traits]:
    """Return the traits of each column, by its number, from some of its values."""
    country, column = (_codes(rows, name)[place] for name in ("country", "indicator"))
    frequency = _codes(rows, "frequency")[place]
    _, firsts = np.unique(column, return_index=True)
    names = rows["frequency"].cat.categories
    of_column = {int(column[n]): names[frequency[n]] for n in firsts}
    frequencies = [of_column.get(n) for n in range(max(of_column, default=-1) + 1)]
    values = rows["value"].to_numpy(dtype=float)[place]
    return traits_of_columns(country, column, values, frequencies)


def _codes(rows: pd.DataFrame, name: str) -> Codes:
    codes: Codes = codes_in(rows[name])
    return codes


def _by_indicator(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of each column that has any."""
    return {str(name): part for name, part in rows.groupby("indicator", observed=True)}


def dated_by_kind(
    rows: pd.DataFrame, early: pd.Series, inferred: Mapping[str, Inferred]
) -> pd.DataFrame:
    """Return rows in which a late column is known only once its kind could be.

    The kind of a column that begins after the first origin is inferred from its first
    values. If one were used before the last of them was known, later values would
    influence it.
    """
    codes = codes_in(rows["indicator"])
    names = rows["indicator"].cat.categories
    n_early = counts(codes[early.to_numpy()], len(names))
    late = [
        str(names[code])
        for code in np.flatnonzero(counts(codes, len(names))).tolist()
        if n_early[code] < MIN_KNOWN and not inferred[str(names[code])].certain
    ]
    if early.all() or not late:
        return rows
    known = rows["known_at"].copy()
    for name in late:
        mine = rows[rows["indicator"] == name]
        day = _first_values(mine)["known_at"].max()
        known[mine.index] = mine["known_at"].clip(lower=day)
    dated: pd.DataFrame = rows.assign(known_at=known)
    return dated.sort_values(KEYS, ignore_index=True)


def _identifies(name: str, part: pd.DataFrame, reading: Reading) -> str:
    """Return why a column is not a series, unless the user asks for it."""
    if name in reading.asked or name in reading.kinds:
        return ""
    return guards.identifier(name, part.rename(columns={"country": "area"}))


def _first_values(part: pd.DataFrame) -> pd.DataFrame:
    """Return the first values of a column that begins after the first origin."""
    ends = ends_of_periods([*part["period"].cat.categories])[codes_in(part["period"])]
    first: pd.DataFrame = part[ends <= np.unique(ends)[:MIN_KNOWN].max()]
    return first


def exponentials(rows: pd.DataFrame, inferred: Mapping[str, Inferred]) -> pd.DataFrame:
    """Return rows in which logarithms have become levels."""
    logs = [name for name, kind in inferred.items() if kind.kind == "log"]
    if not logs or rows.empty:
        return rows
    values = rows["value"].copy()
    for name in logs:
        mine = rows["indicator"] == name
        # Some files multiply logarithms by 100.
        scale = 100.0 if values[mine].max() > MAX_LOGARITHM else 1.0
        values[mine] = np.exp(values[mine] / scale)
    return rows.assign(value=values)


# A year less than any walk-forward run needs before its first origin.
YEARS_BEFORE_FIRST_ORIGIN: Mapping[Frequency, int] = {"A": 19, "Q": 11, "M": 14}
MIN_KNOWN = 12
MAX_LOGARITHM = 60
