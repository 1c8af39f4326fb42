"""Turning points and trends of one series: when it peaked, when it bottomed out.

A *peak* is the last period of an expansion, a *trough* the last of a contraction, so
that the contraction is made of the periods after a peak up to the trough. Candidates
are local extremes; what makes them turning points is that peaks and troughs alternate
and that no phase and no cycle is shorter than a minimum. The other idea of a cycle is
the growth cycle: periods in which output is below its trend.

Everything here sees one series of levels above zero, in which a missing level splits
the series in two, and takes all of it as known: dating it as of a day means to pass
what was known on that day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import solveh_banded

from econnet.core.periods import FREQUENCY_OF_ALIAS, PERIODS_A_YEAR, Frequency
from econnet.core.types import Floats


@dataclass(frozen=True)
class Limits:
    """What a local extreme must satisfy to be a turning point, in periods.

    Parameters
    ----------
    window
        It is the extreme of so many periods on either side.
    phase
        Shortest time from a peak to the next trough, or from a trough to a peak.
    cycle
        Shortest time from one peak to the next, and from one trough to the next.
    ends
        No turning point is told so near to the first or last period: of `ends`
        periods there, none can be one.
    """

    window: int
    phase: int
    cycle: int
    ends: int


class Turn(NamedTuple):
    """A peak or a trough, by its position in the series."""

    place: int
    is_peak: bool


def turning_points(levels: pd.Series) -> pd.DataFrame:
    """Return the turning points of a series by period: `period, kind`, oldest first.

    `kind` is `peak` or `trough`.

    Notes
    -----
    Quarterly, the rules of D. Harding and A. Pagan, "Dissecting the cycle: a
    methodological investigation", *Journal of Monetary Economics* 49 (2002), 365-381;
    annual, the same with a window of one year. Monthly, the procedure of G. Bry and
    C. Boschan, *Cyclical Analysis of Time Series* (NBER, 1971), table 1.

    Examples
    --------
    >>> quarters = pd.period_range("2007Q1", periods=12, freq="Q")
    >>> output = [95, 96, 98, 100, 99, 97, 95, 94, 95, 96, 98, 99]
    >>> turning_points(pd.Series(output, quarters)).astype(str).values.tolist()
    [['2007Q4', 'peak'], ['2008Q4', 'trough']]
    """
    periods = pd.PeriodIndex(levels.index)
    frequency = FREQUENCY_OF_ALIAS[periods.freqstr[0]]
    logs = _logs(levels.to_numpy(dtype=float))
    turns = [
        Turn(stretch.start + turn.place, turn.is_peak)
        for stretch in _stretches(logs)
        for turn in _turns(logs[stretch], frequency)
    ]
    return _table(
        periods[[turn.place for turn in turns]], np.array([it.is_peak for it in turns])
    )


def turns_of(contraction: pd.Series) -> pd.DataFrame:
    """Return the turning points that contractions by period imply: `period, kind`.

    A peak is the period before a contraction, a trough its last. None is told where the
    neighbour is missing.
    """
    periods = pd.PeriodIndex(contraction.index)
    change = contraction.to_numpy(dtype=float)[1:] - contraction.to_numpy()[:-1]
    places = np.flatnonzero(np.abs(change) == 1)
    return _table(periods[places], change[places] == 1)


def contractions(levels: Floats, frequency: Frequency) -> Floats:
    """Return 1 from a peak to the trough after it, 0 elsewhere, missing if not told.

    A period is not told where a turning point that would change its phase lies too near
    to an end to be seen: quarterly the first two periods and the last, monthly the
    first six and the last five, annually the first.

    Parameters
    ----------
    levels : array (periods,)
    """
    logs = _logs(levels)
    told = np.full(len(logs), np.nan)
    for stretch in _stretches(logs):
        told[stretch] = _phases(logs[stretch], frequency)
    return told


def below_hamilton_trend(levels: Floats, frequency: Frequency) -> Floats:
    """Return 1 where output is below what it was expected to be two years before.

    0 where it is not, missing where there is no such expectation. It is the regression
    of the logarithm on its values of a year, the newest of them two years before.

    Parameters
    ----------
    levels : array (periods,)

    Notes
    -----
    J. D. Hamilton, "Why you should never use the Hodrick-Prescott filter", *Review of
    Economics and Statistics* 100 (2018), 831-843: equation 20, quarterly 8 quarters
    ahead of 4 lags; in the same manner 24 months ahead of 12, and 2 years ahead of 1.
    """
    return _below(hamilton_cycle(levels, frequency))


def hamilton_cycle(levels: Floats, frequency: Frequency) -> Floats:
    """Return by how many percent output exceeds Hamilton's trend, (periods,)."""
    logs = _logs(levels)
    lags = PERIODS_A_YEAR[frequency]
    ahead = 2 * lags
    cycle = np.full(len(logs), np.nan)
    explained = logs[ahead + lags - 1 :]
    if np.isfinite(logs).sum() < FEWEST_YEARS * PERIODS_A_YEAR[frequency]:
        return cycle
    past = np.lib.stride_tricks.sliding_window_view(logs, lags)[: len(explained)]
    design = np.column_stack([np.ones(len(explained)), past])
    whole = np.isfinite(explained) & np.isfinite(past).all(axis=1)
    coefficients = np.linalg.lstsq(design[whole], explained[whole])[0]
    cycle[ahead + lags - 1 :] = explained - design @ coefficients
    return cycle


def below_hp_trend(levels: Floats, frequency: Frequency) -> Floats:
    """Return 1 where output is below its Hodrick-Prescott trend, 0 where it is not.

    Missing where there is no trend.

    Parameters
    ----------
    levels : array (periods,)

    Notes
    -----
    R. J. Hodrick and E. C. Prescott, "Postwar U.S. business cycles", *Journal of Money,
    Credit and Banking* 29 (1997), 1-16, with a smoothing parameter of 1,600; monthly
    129,600 and annually 6.25, after M. O. Ravn and H. Uhlig, "On adjusting the
    Hodrick-Prescott filter for the frequency of observations", *Review of Economics and
    Statistics* 84 (2002), 371-376.
    """
    return _below(hp_cycle(levels, frequency))


def hp_cycle(levels: Floats, frequency: Frequency) -> Floats:
    """Return by how many percent output exceeds its Hodrick-Prescott trend."""
    logs = _logs(levels)
    cycle = np.full(len(logs), np.nan)
    for stretch in _stretches(logs):
        own = logs[stretch]
        if len(own) >= FEWEST_YEARS * PERIODS_A_YEAR[frequency]:
            cycle[stretch] = own - _hp_trend(own, SMOOTHING[frequency])
    return cycle


def compare(
    found: pd.DataFrame, official: pd.DataFrame, reach: int | None = None
) -> pd.DataFrame:
    """Return what of an official chronology was found, what missed, what invented.

    Both tables are `period, kind`. Turning points of one kind are matched to the
    nearest, each once, if they are at most `reach` periods apart, a year by default.

    Returns
    -------
    DataFrame
        `kind, official, found, periods_late, outcome`, in the order of time:
        `periods_late` is below zero where the turning point was found before the
        official one, and `outcome` is `matched`, `missed` or `extra`.
    """
    periods = pd.PeriodIndex(official["period"])
    if reach is None:
        reach = PERIODS_A_YEAR[FREQUENCY_OF_ALIAS[periods.freqstr[0]]]
    parts = []
    for kind in ("peak", "trough"):
        theirs = official.loc[official["kind"] == kind, "period"].tolist()
        ours = found.loc[found["kind"] == kind, "period"].tolist()
        partners = _partners(theirs, ours, reach)
        pairs: list[tuple[pd.Period | None, pd.Period | None]] = [
            *partners.items(),
            *((its, None) for its in theirs if its not in partners),
            *((None, mine) for mine in ours if mine not in partners.values()),
        ]
        part = pd.DataFrame(pairs, columns=["official", "found"], dtype=object)
        parts.append(part.assign(kind=kind))
    table = pd.concat(parts, ignore_index=True)
    late = [
        mine.ordinal - its.ordinal if its and mine else np.nan
        for its, mine in zip(table["official"], table["found"], strict=True)
    ]
    outcome = np.select(
        [table["found"].isna(), table["official"].isna()],
        ["missed", "extra"],
        "matched",
    )
    when = table["official"].fillna(table["found"])
    return (
        table.assign(periods_late=late, outcome=outcome, when=when)
        .sort_values("when", kind="stable", ignore_index=True)
        .loc[:, ["kind", "official", "found", "periods_late", "outcome"]]
    )


def _partners(
    theirs: Sequence[pd.Period], ours: Sequence[pd.Period], reach: int
) -> dict[pd.Period, pd.Period]:
    """Return ours for theirs, the nearest first, each once, within reach."""
    apart = sorted(
        (abs(mine.ordinal - its.ordinal), its, mine) for its in theirs for mine in ours
    )
    partners: dict[pd.Period, pd.Period] = {}
    for distance, its, mine in apart:
        if distance <= reach and its not in partners and mine not in partners.values():
            partners[its] = mine
    return partners


def _table(periods: pd.PeriodIndex, is_peak: npt.NDArray[np.bool_]) -> pd.DataFrame:
    kinds = np.where(is_peak, "peak", "trough")
    return pd.DataFrame({"period": periods, "kind": kinds})


def _logs(levels: Floats) -> Floats:
    """Return 100 times the logarithm, missing where a level is not above zero."""
    logs: Floats = 100 * np.log(np.where(levels > 0, levels, np.nan))
    return logs


def _below(cycle: Floats) -> Floats:
    return np.where(np.isnan(cycle), np.nan, cycle < 0)


def _stretches(values: Floats) -> list[slice]:
    """Return the runs of values that are not missing."""
    there = np.concatenate([[False], ~np.isnan(values), [False]])
    edges = np.flatnonzero(there[1:] != there[:-1]).tolist()
    return [slice(*pair) for pair in zip(edges[::2], edges[1::2], strict=True)]


def _phases(logs: Floats, frequency: Frequency) -> Floats:
    """Return the phases of a series without gaps, missing at its ends."""
    limits = LIMITS[frequency]
    margin = max(limits.window, limits.ends)
    n = len(logs)
    told = np.full(n, np.nan)
    if n < 2 * margin:
        return told
    turns = _turns(logs, frequency)
    # Without a turning point there is one phase, and its ends say which.
    falling = turns[0].is_peak is False if turns else bool(logs[-1] < logs[0])
    start = 0
    for turn in turns:
        told[start : turn.place + 1] = falling
        falling, start = turn.is_peak, turn.place + 1
    told[start:] = falling
    told[:margin] = np.nan
    told[n - margin + 1 :] = np.nan
    return told


def _turns(logs: Floats, frequency: Frequency) -> list[Turn]:
    """Return the turning points of a series without gaps."""
    limits = LIMITS[frequency]
    if len(logs) <= 2 * max(limits.window, limits.ends):
        return []
    candidates = (
        _smoothed_turns(logs, limits)
        if frequency == "M"
        else _extremes(logs, limits.window)
    )
    return _censored(candidates, logs, limits)


def _extremes(values: Floats, window: int) -> list[Turn]:
    """Return the local peaks and troughs, of `window` periods on either side.

    Of equal values the last is the peak and the first the trough, so that a contraction
    begins and ends with a fall.
    """
    around = np.lib.stride_tricks.sliding_window_view(values, 2 * window + 1)
    before, middle, after = (
        around[:, :window],
        around[:, window],
        around[:, window + 1 :],
    )
    peaks = (middle >= before.max(axis=1)) & (middle > after.max(axis=1))
    troughs = (middle < before.min(axis=1)) & (middle <= after.min(axis=1))
    return [
        Turn(place + window, bool(peaks[place]))
        for place in np.flatnonzero(peaks | troughs).tolist()
    ]


def _smoothed_turns(logs: Floats, limits: Limits) -> list[Turn]:
    """Return candidates found on smooth curves first, then on ever rougher ones.

    Steps I to V.A of Bry and Boschan's table 1: from the twelve-month average to the
    Spencer curve, to an average over the months of cyclical dominance, to the series.
    """
    spencer = _filtered(logs, SPENCER)
    deviation = logs - spencer
    strange = abs(deviation - deviation.mean()) > OUTLIER * deviation.std()
    tame = np.where(strange, spencer, logs)
    dominance = _months_of_dominance(deviation, spencer)
    short = min(max(dominance, 3), 6)
    average, curve = _filtered(tame, _mean_of(12)), _filtered(tame, SPENCER)
    turns = _alternating(_extremes(average, limits.window), average)
    turns = _moved(turns, curve, limits.window)
    turns = _without_short_cycles(turns, curve, limits.cycle)
    turns = _moved(turns, _filtered(logs, _mean_of(short)), limits.window)
    return _moved(turns, logs, max(4, dominance))


def _filtered(values: Floats, weights: Floats) -> Floats:
    """Return a centred moving average, the series being held level beyond its ends."""
    reach = len(weights) // 2
    filtered: Floats = np.convolve(np.pad(values, reach, "edge"), weights, "valid")
    return filtered


def _mean_of(n: int) -> Floats:
    """Return weights of a mean of `n` terms; if even, the outer two weigh half."""
    if n % 2:
        return np.full(n, 1 / n)
    return np.concatenate([[0.5], np.ones(n - 1), [0.5]]) / n


def _months_of_dominance(irregular: Floats, cycle: Floats) -> int:
    """Return over how many months the cycle moves more than what is irregular."""
    for months in range(1, LONGEST_DOMINANCE):
        noise = abs(irregular[months:] - irregular[:-months]).mean()
        if noise < abs(cycle[months:] - cycle[:-months]).mean():
            return months
    return LONGEST_DOMINANCE


def _moved(turns: Sequence[Turn], curve: Floats, reach: int) -> list[Turn]:
    """Return turns at the extreme of another curve, within `reach` of where they were.

    Two that come to stand in the wrong order are no turns.
    """
    moved = []
    for place, is_peak in turns:
        start = max(place - reach, 0)
        near = curve[start : place + reach + 1]
        offset = len(near) - 1 - near[::-1].argmax() if is_peak else near.argmin()
        moved.append(Turn(start + int(offset), is_peak))
    return _alternating(sorted(set(moved)), curve)


def _censored(turns: Sequence[Turn], logs: Floats, limits: Limits) -> list[Turn]:
    """Return the turns that satisfy the limits.

    One that does not is dropped, and then all are looked at again: its neighbours may
    now stand beside one of their own kind.
    """
    inside = range(limits.ends, len(logs) - limits.ends)
    kept = [turn for turn in turns if turn.place in inside]
    while True:
        before = kept
        kept = _alternating(kept, logs)
        kept = _without_false_ends(kept, logs, limits.ends)
        kept = _without_short_cycles(kept, logs, limits.cycle)
        kept = _without_short_phase(kept, limits.phase)
        if kept == before:
            return kept


def _alternating(turns: Sequence[Turn], values: Floats) -> list[Turn]:
    """Return the highest of peaks in a row, the lowest of troughs in a row.

    A trough that is not below the peak beside it cancels out with it.
    """
    kept: list[Turn] = []
    for turn in turns:
        if not kept or kept[-1].is_peak != turn.is_peak:
            kept.append(turn)
        else:
            kept[-1] = _more_extreme(kept[-1], turn, values)
        if len(kept) > 1 and _height(kept[-1], values) <= -_height(kept[-2], values):
            del kept[-2:]
    return kept


def _without_false_ends(turns: list[Turn], values: Floats, ends: int) -> list[Turn]:
    """Drop a first or last peak that a value beyond it exceeds; troughs likewise.

    Values so near to an end that the turning point between could not be told do not
    count: a recovery may have passed the peak before its trough can be seen.
    """
    if not turns:
        return turns
    first, last = turns[0], turns[-1]
    before = values[ends - 1 : first.place]
    after = values[last.place + 1 : len(values) - ends + 1]
    if (_signed(before, first) > _height(first, values)).any():
        return turns[1:]
    if (_signed(after, last) > _height(last, values)).any():
        return turns[:-1]
    return turns


def _without_short_cycles(
    turns: Sequence[Turn], values: Floats, cycle: int
) -> list[Turn]:
    """Drop the lower of two peaks that are too near, and the higher of two troughs."""
    kept = list(turns)
    number = 0
    while number < len(kept) - 2:
        left, right = kept[number], kept[number + 2]
        if right.place - left.place >= cycle:
            number += 1
            continue
        stays = _more_extreme(left, right, values)
        kept.remove(right if stays == left else left)
        kept, number = _alternating(kept, values), 0
    return kept


def _without_short_phase(turns: list[Turn], phase: int) -> list[Turn]:
    """Drop both turns of the first phase that is too short."""
    for number, (left, right) in enumerate(pairwise(turns)):
        if right.place - left.place < phase:
            return turns[:number] + turns[number + 2 :]
    return turns


def _more_extreme(earlier: Turn, later: Turn, values: Floats) -> Turn:
    """Return the higher of two peaks or the lower of two troughs.

    Of equal ones, the later peak and the earlier trough.
    """
    ahead = _height(later, values) - _height(earlier, values)
    return later if ahead > 0 or (ahead == 0 and later.is_peak) else earlier


def _height(turn: Turn, values: Floats) -> float:
    """Return the value at a peak, and less the value at a trough."""
    return float(_signed(values[turn.place], turn))


def _signed(values: Floats, turn: Turn) -> Floats:
    return values if turn.is_peak else -values


def _hp_trend(values: Floats, smoothing: float) -> Floats:
    """Return the curve that minimises squared misses plus squared bends.

    Its first-order condition, (I + smoothing D'D) trend = values with D the second
    differences, has five diagonals.
    """
    n = len(values)
    bands = np.zeros((3, n))
    for row, weights in ((0, (1,)), (1, (-2, -2)), (2, (1, 4, 1))):
        for offset, weight in enumerate(weights):
            start = 2 - row + offset
            bands[row, start : start + n - 2] += smoothing * weight
    bands[2] += 1
    trend: Floats = solveh_banded(bands, values)
    return trend


LIMITS: Mapping[Frequency, Limits] = {
    "A": Limits(window=1, phase=1, cycle=2, ends=1),
    "Q": Limits(window=2, phase=2, cycle=5, ends=2),
    "M": Limits(window=5, phase=5, cycle=15, ends=6),
}
# Spencer's fifteen-term curve, which leaves a cubic as it is.
SPENCER: Floats = (
    np.array([-3, -6, -5, 3, 21, 46, 67, 74, 67, 46, 21, 3, -5, -6, -3]) / 320
)
# Standard deviations from the Spencer curve at which a value is replaced by it.
OUTLIER = 3.5
LONGEST_DOMINANCE = 12
SMOOTHING: Mapping[Frequency, float] = {"A": 6.25, "Q": 1600.0, "M": 129600.0}
# A trend of fewer years is none.
FEWEST_YEARS = 10
