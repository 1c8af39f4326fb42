"""Values in a file that would silently give a wrong result: found and reported.

Columns that identify rows, values of periods that have not ended, targets with a
seasonal pattern, and columns that reveal the future. All functions are pure: they take
values and return what they found.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.periods import PANDAS_ALIAS, PERIOD_NAME, PERIODS_A_YEAR, Frequency
from econnet.core.types import Floats
from econnet.data.files import column_names
from econnet.data.files.codes import Codes, blocks, codes_in, starts
from econnet.data.files.column_names import folded, words


@dataclass(frozen=True)
class Season:
    """A seasonal pattern in a series.

    Parameters
    ----------
    share
        The share of the variance of its changes that the time of year explains.
    falls_in
        The part of the year in which it falls, such as `first quarter`; empty if it
        falls in several.
    cumulated
        Whether the values look like year-to-date sums.
    """

    share: float
    falls_in: str
    cumulated: bool


def identifier(name: str, values: pd.DataFrame) -> str:
    """Return why a column identifies rows and is not a series; empty if it is one.

    `values` has `area, period, value`, where `period` is standard text, in order.
    """
    numbers = values["value"].to_numpy(dtype=float)
    if len(numbers) < MIN_ROWS:
        return ""
    whole = bool((numbers == np.round(numbers)).all())
    if whole and (reason := _calendar_reason(name, values, numbers)):
        return reason
    if (numbers == numbers[0]).all():
        return "it is constant"
    by_area = values.groupby("area", observed=True)["value"]
    if by_area.ngroups > 1 and int(by_area.nunique().max()) == 1:
        return "it is constant within each country: a code"
    if by_area.ngroups == 1 and whole and folded(name) in ID_NAMES:
        return "it is an id"
    return ""


def _calendar_reason(name: str, values: pd.DataFrame, numbers: Floats) -> str:
    """Return which part of the period a column of whole numbers repeats."""
    texts = values["period"].astype(str)
    years = texts.str[:4].astype(int).to_numpy()
    if (numbers == years).all():
        return "it repeats the year"
    # 19900103, 1990000103: the year, and more of the period.
    longer = numbers >= 10**MIN_DIGITS_OF_PERIOD
    if longer.all() and (values["value"].diff().dropna() != 0).any():
        digits = np.floor(np.log10(numbers)) - 3
        if (np.floor(numbers / 10**digits) == years).all():
            return "it repeats the period"
    if column_names.CALENDAR.fullmatch(folded(name)) is None:
        return ""
    parts = texts.str[5:].replace("", "0").astype(int).to_numpy()
    quarters = np.where(texts.str.contains("Q"), parts, (parts + 2) // 3)
    for part, word in ((parts, "month"), (quarters, "quarter")):
        if (numbers == part).all():
            return f"it repeats the {word}"
    steps = values.groupby("area", observed=True)["value"].diff().dropna()
    if len(steps) and (steps == steps.iloc[0]).all():
        return "it counts periods"
    return ""


def may_identify(rows: pd.DataFrame) -> frozenset[str]:
    """Return the columns that `identifier` must check: the others are series.

    `rows` has `country, indicator, value`, sorted by country and indicator.
    """
    if rows.empty:
        return frozenset()
    keys = [codes_in(rows[name]) for name in ("country", "indicator")]
    firsts = starts(*keys)
    values = rows["value"].to_numpy(dtype=float)
    # For most columns, the first and last value of each area show that it is a series.
    ends = np.append(firsts[1:], len(values)) - 1
    both = np.stack([values[firsts], values[ends]])
    found = _whole_or_constant(
        keys[1][firsts], (both == np.rint(both)).all(axis=0), both[0] == both[1]
    )
    if len(found):
        place = np.flatnonzero(np.isin(keys[1], found))
        mine, columns = values[place], keys[1][place]
        firsts = starts(keys[0][place], columns)
        found = _whole_or_constant(
            columns[firsts],
            np.logical_and.reduceat(mine == np.rint(mine), firsts),
            np.minimum.reduceat(mine, firsts) == np.maximum.reduceat(mine, firsts),
        )
    return frozenset(str(rows["indicator"].cat.categories[code]) for code in found)


def _whole_or_constant(
    columns: Codes, whole: npt.NDArray[np.bool_], constant: npt.NDArray[np.bool_]
) -> pd.Index:
    """Return the columns whose series are all whole numbers, or all constant."""
    series = pd.DataFrame({"column": columns, "whole": whole, "constant": constant})
    of_column = series.groupby("column").all()
    return of_column.index[of_column["whole"] | of_column["constant"]]


def unit_breaks(rows: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    """Return a sentence on each value that is many times the one before it.

    `rows` has `country, indicator, period, value` of columns that grow, sorted, each
    period once; `names` has the plain names of areas. Series that often change so much
    are not reported.
    """
    values = rows["value"].to_numpy(dtype=float)
    found = [_jumps(rows, values, part) for part in blocks(len(values) - 1)]
    places = np.concatenate(found) if found else np.zeros(0, dtype=np.intp)
    keys = rows.iloc[places][["country", "indicator"]].astype(str)
    often = keys.groupby(["country", "indicator"])["country"].transform("size")
    lines = []
    for place in places[(often <= MAX_BREAKS).to_numpy(dtype=bool)][:MAX_GAPS]:
        before, after = rows.iloc[place], rows.iloc[place + 1]
        country = names.get(str(after["country"]), str(after["country"]))
        lines.append(
            f"{after['indicator']} of {country} is {before['value']:g} in "
            f"{before['period']} and {after['value']:g} in {after['period']}: if its "
            "unit changes there, convert one part"
        )
    return lines


def _jumps(rows: pd.DataFrame, values: Floats, part: slice) -> npt.NDArray[np.intp]:
    """Return the places in a part of rows before a value that is many times another."""
    after = slice(part.start + 1, part.stop + 1)
    low = np.minimum(values[part], values[after])
    jump = (np.maximum(values[part], values[after]) > UNIT_BREAK * low) & (low > 0)
    if jump.any():
        for name in ("country", "indicator"):
            codes = codes_in(rows[name])
            jump &= codes[part] == codes[after]
    places: npt.NDArray[np.intp] = part.start + np.flatnonzero(jump)
    return places


def single_gaps(rows: pd.DataFrame, ordinal: Callable[[str], int]) -> list[str]:
    """Return a sentence on each recent period that only some series lack.

    `rows` has `country, indicator, period, frequency`, sorted, each period once;
    `ordinal` numbers the periods of a frequency. The series have the periods before
    and after it.
    """
    recent, new = _last_rows(rows)
    ordinals = recent["period"].cat.codes.map(
        dict(enumerate(map(ordinal, map(str, recent["period"].cat.categories))))
    )
    frequencies = recent["frequency"].cat.categories
    per_year = np.array([PERIODS_A_YEAR[name] for name in frequencies])[
        codes_in(recent["frequency"])
    ]
    series = np.cumsum(new)
    last = ordinals.groupby(series).transform("max")
    steps = ordinals.diff().where(~new)
    after_gap = recent[(ordinals > last - 3 * per_year) & (steps == 2)]
    found: dict[str, list[str]] = {}
    shown = after_gap.head(MAX_NAMES)
    columns = (shown["indicator"], ordinals[shown.index], shown["frequency"])
    for name, number, frequency in zip(*columns, strict=True):
        found.setdefault(_text(int(number) - 1, frequency), []).append(str(name))
    return [
        f"{text} has no value of {', '.join(dict.fromkeys(names))}: the next change is "
        "computed from the period before it"
        for text, names in found.items()
    ][:MAX_GAPS]


def _last_rows(rows: pd.DataFrame) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    """Return the last rows of each series, and which of them are the first ones."""
    keys = [codes_in(rows[name]) for name in ("country", "indicator")]
    firsts = starts(*keys)
    stops = np.append(firsts[1:], len(rows))
    sizes = np.minimum(stops - firsts, 3 * max(PERIODS_A_YEAR.values()) + 1)
    behind = np.cumsum(sizes)
    place = np.arange(behind[-1] if len(behind) else 0)
    place += np.repeat(stops - behind, sizes)
    new = np.zeros(len(place), dtype=bool)
    new[behind[:-1]] = True
    new[:1] = True
    names = ["indicator", "period", "frequency"]
    return rows[names].take(place).reset_index(drop=True), new


def _text(ordinal: int, frequency: Frequency) -> str:
    period = pd.Period(ordinal=ordinal, freq=PANDAS_ALIAS[frequency])
    return PERIOD_NAME[frequency](period.end_time)


def season(levels: pd.Series, frequency: Frequency, *, growth: bool) -> Season | None:
    """Return the seasonal pattern of one country's series; `None` if it has none.

    Parameters
    ----------
    levels
        Values by period (a PeriodIndex without gaps).
    growth
        Whether the values are rates of growth already.
    """
    per_year = PERIODS_A_YEAR[frequency]
    if per_year == 1 or levels.notna().sum() < MIN_SEASONS * per_year:
        return None
    periods = pd.PeriodIndex(levels.index)
    part = periods.quarter if frequency == "Q" else periods.month
    values = levels.to_numpy(dtype=float)
    positive = bool((values[~np.isnan(values)] > 0).all())
    bridged = levels.ffill().to_numpy(dtype=float)
    changes = (
        values
        if growth
        else np.append(np.nan, np.diff(np.log(bridged) if positive else bridged))
    )
    changes = np.where(np.isnan(values), np.nan, changes)
    frame = pd.DataFrame({"change": changes, "part": np.asarray(part)}).dropna()
    frame = frame[np.isfinite(frame["change"])]
    if len(frame) < (MIN_SEASONS - 1) * per_year:
        return None
    share = _explained(frame, per_year)
    if share < MIN_SEASONAL_SHARE:
        return None
    # A pattern counts only if both halves have it.
    middle = len(frame) // 2
    halves = (frame.iloc[:middle], frame.iloc[middle:])
    if min(_explained(half, per_year) for half in halves) < MIN_SEASONAL_SHARE / 2:
        return None
    falls = frame.assign(fall=frame["change"] < 0).groupby("part")["fall"].mean()
    falling = [int(number) for number in falls[falls > 0.8].index]
    others = falls.drop(falling)
    name = ""
    if len(falling) == 1 and len(others) and others.max() < 0.35:
        name = _part_name(falling[0], frequency)
    mean = frame.groupby("part")["change"].mean()
    first = int(mean.index.min())  # China publishes no January
    cumulated = (
        not growth
        and positive
        and int(mean.idxmin()) == first
        and float(mean.min()) < np.log(1.6 * first / per_year)
        and bool((mean.drop(first) > 0).all())
    )
    return Season(share, name, cumulated)


def _explained(frame: pd.DataFrame, per_year: int) -> float:
    """Return the adjusted share of variance that the parts of the year explain."""
    change = frame["change"]
    total = float(((change - change.median()).clip(*_bounds(change)) ** 2).sum())
    means = change.groupby(frame["part"]).transform("median")
    rest = float(((change - means).clip(*_bounds(change)) ** 2).sum())
    n = len(change)
    if total <= 0 or n <= per_year + 1:
        return 0.0
    return 1 - (rest / (n - per_year)) / (total / (n - 1))


def _bounds(change: pd.Series) -> tuple[float, float]:
    """Return limits that keep single shocks from hiding a pattern."""
    spread = float(change.quantile(0.9) - change.quantile(0.1)) or 1.0
    return -3 * spread, 3 * spread


def _part_name(part: int, frequency: Frequency) -> str:
    if frequency == "Q":
        return f"{('first', 'second', 'third', 'fourth')[part - 1]} quarter"
    return str(pd.Timestamp(2000, part, 1).month_name())


def stays_near_hundred(levels: pd.Series) -> bool:
    """Return whether one country's values lie near 100 without a trend.

    An index of output drifts away from 100, unless 100 is the period or year before.
    """
    values = levels.dropna().to_numpy(dtype=float)
    if len(values) < MIN_NEAR_HUNDRED or values.min() < 70 or values.max() > 130:
        return False
    middle = len(values) // 2
    halves = (float(np.median(values[:middle])), float(np.median(values[middle:])))
    return bool(max(abs(half - 102) for half in halves) < 6)


def counts_down(values: pd.DataFrame) -> bool:
    """Return whether a column counts down to an event and so reveals its date.

    `values` has `area, value`, in order of time. It falls by one in most periods and
    jumps up in a few.
    """
    steps = values.groupby("area", observed=True)["value"].diff().dropna().to_numpy()
    if len(steps) < MIN_ROWS:
        return False
    falls, jumps = (steps == -1).mean(), (steps > 1).mean()
    return bool(falls > 0.5 and 0 < jumps < 0.3 and (steps < -1).mean() < 0.05)


def leak(column: pd.Series, label: pd.Series, frequency: Frequency) -> str:
    """Return how a column reveals the future of a label; empty if it does not.

    Both are by (country, period), without gaps. The label `k` periods later, a window
    of the periods ahead, or numbers that separate the later labels without an error in
    both halves of the sample count as a leak.
    """
    noun = {"A": "year", "Q": "quarter", "M": "month"}[frequency]
    label = label.reindex(column.index)
    binary = bool(column.dropna().isin([0.0, 1.0]).all())
    ahead = [
        label.groupby(level=0).shift(-k)
        for k in range(1, PERIODS_A_YEAR[frequency] * 2 + 3)
    ]
    if binary:
        for k, later in enumerate(ahead, start=1):
            if _agree(column, later) and not _agree(column, label):
                return f"it is the label {k} {noun}{'s' * (k > 1)} later"
        for start, whole in ((0, label), (1, ahead[0])):
            window = whole
            for k, later in enumerate(ahead[start:], start=start + 1):
                window = window.combine(later, _either)
                if _agree(column, window) and not _agree(column, label):
                    return f"it is 1 if the label is within the next {k} {noun}s"
        return ""
    for k, later in enumerate(ahead[:MAX_SEPARATED], start=1):
        if _separates(column, later) and _changes(label):
            return f"it separates the labels {k} {noun}{'s' * (k > 1)} later perfectly"
    return ""


def _either(one: float, other: float) -> float:
    if one == 1 or other == 1:
        return 1.0
    return 0.0 if one == 0 and other == 0 else np.nan


def _agree(column: pd.Series, label: pd.Series) -> bool:
    """Return whether a column equals labels that vary."""
    both = pd.DataFrame({"column": column, "label": label}).dropna()
    n = len(both)
    if n < MIN_ROWS or not 1 < both["label"].sum() < n - 1:
        return False
    same = (both["column"] == both["label"]).mean()
    return bool(same > MIN_AGREEMENT)


def _changes(label: pd.Series) -> bool:
    return len(label.dropna().unique()) > 1


def _separates(column: pd.Series, label: pd.Series) -> bool:
    """Return whether one threshold separates the labels in both halves."""
    both = pd.DataFrame({"column": column, "label": label}).dropna()
    if len(both) < 2 * MIN_ROWS:
        return False
    directions = set()
    order = both.index.get_level_values(1).argsort(kind="stable")
    both = both.iloc[order]
    middle = len(both) // 2
    limits = []
    for half in (both.iloc[:middle], both.iloc[middle:]):
        ones, zeros = (half.loc[half["label"] == n, "column"] for n in (1.0, 0.0))
        if min(len(ones), len(zeros)) < MIN_PER_CLASS:
            return False
        if ones.min() > zeros.max():
            directions.add(1)
            limits.append((zeros.max(), ones.min()))
        elif ones.max() < zeros.min():
            directions.add(-1)
            limits.append((ones.max(), zeros.min()))
        else:
            return False
    lows, highs = zip(*limits, strict=True)
    return len(directions) == 1 and max(lows) < min(highs)


MAX_NAMES = 30
MAX_GAPS = 3
MIN_ROWS = 8
MIN_DIGITS_OF_PERIOD = 5
MIN_SEASONS = 5
MIN_NEAR_HUNDRED = 20
MIN_SEASONAL_SHARE = 0.6
MIN_AGREEMENT = 0.985
MIN_PER_CLASS = 4
MAX_SEPARATED = 4
ID_NAMES = frozenset(words("id code ifs iso isonum ccode cid countryid numcode fips"))
UNIT_BREAK = 50
MAX_BREAKS = 2
