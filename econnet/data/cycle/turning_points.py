"""Turning points of one series: when it peaked, and when it reached its trough.

A *peak* is the last period of an expansion, a *trough* the last of a contraction, so
that a contraction consists of the periods after a peak up to the trough. Candidates are
local extremes; those are turning points for which peaks and troughs alternate and no
phase and no cycle is shorter than a minimum.

All functions take one series of levels above zero, in which a missing level splits the
series in two, and treat all of it as known: to date it as of a day, pass what was known
on that day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from econnet.core.periods import Frequency
from econnet.core.types import Floats
from econnet.data.cycle.growth import log_percent, runs


@dataclass(frozen=True)
class Limits:
    """What a local extreme must satisfy to be a turning point, in periods.

    Parameters
    ----------
    window
        Number of periods on either side of which it is the extreme.
    phase
        Shortest time from a peak to the next trough, or from a trough to a peak.
    cycle
        Shortest time from one peak to the next, and from one trough to the next.
    ends
        No turning point is dated in the first or last `ends` periods.
    """

    window: int
    phase: int
    cycle: int
    ends: int


class TurningPoint(NamedTuple):
    """A peak or a trough, by its position in the series."""

    position: int
    is_peak: bool


def contractions(levels: Floats, frequency: Frequency) -> Floats:
    """Return 1 from a peak to the trough after it, 0 elsewhere, missing if not dated.

    A period is not dated where a turning point that would change its phase is too near
    an end to be identified: the first two periods and the last of quarterly data, the
    first six and the last five of monthly data, the first of annual data.
    """
    logs = log_percent(levels)
    dated = np.full(len(logs), np.nan)
    for run in runs(logs):
        dated[run] = _phases(logs[run], frequency)
    return dated


def _phases(logs: Floats, frequency: Frequency) -> Floats:
    """Return the phases of a series without gaps, missing at its ends."""
    limits = LIMITS[frequency]
    margin = max(limits.window, limits.ends)
    n = len(logs)
    dated = np.full(n, np.nan)
    if n < 2 * margin:
        return dated
    turns = turning_points(logs, frequency)
    # Without a turning point there is one phase, which its end values identify.
    falling = turns[0].is_peak is False if turns else bool(logs[-1] < logs[0])
    start = 0
    for turn in turns:
        dated[start : turn.position + 1] = falling
        falling, start = turn.is_peak, turn.position + 1
    dated[start:] = falling
    dated[:margin] = np.nan
    dated[n - margin + 1 :] = np.nan
    return dated


def turning_points(logs: Floats, frequency: Frequency) -> list[TurningPoint]:
    """Return the turning points of a series without gaps, given as 100 times its logs.

    Notes
    -----
    For quarterly data, the rules of D. Harding and A. Pagan, "Dissecting the cycle: a
    methodological investigation", *Journal of Monetary Economics* 49 (2002), 365-381;
    for annual data, the same with a window of one year. For monthly data, the procedure
    of G. Bry and C. Boschan, *Cyclical Analysis of Time Series* (NBER, 1971), table 1.
    """
    limits = LIMITS[frequency]
    if len(logs) <= 2 * max(limits.window, limits.ends):
        return []
    if frequency == "M":
        return _censored(_smoothed_turns(logs, limits), logs, limits)
    return _censored(_extremes(logs, limits.window), logs, limits)


def _extremes(values: Floats, window: int) -> list[TurningPoint]:
    """Return the local peaks and troughs within `window` periods on either side.

    Among equal values, the last is the peak and the first is the trough, so that a
    contraction begins and ends with a fall.
    """
    n = max(len(values) - 2 * window, 0)
    middle = values[window : window + n]
    peaks, troughs = np.full(n, True), np.full(n, True)
    for distance in range(1, window + 1):
        before = values[window - distance :][:n]
        after = values[window + distance :][:n]
        peaks &= (middle >= before) & (middle > after)
        troughs &= (middle < before) & (middle <= after)
    return [
        TurningPoint(position + window, bool(peaks[position]))
        for position in np.flatnonzero(peaks | troughs).tolist()
    ]


def _smoothed_turns(logs: Floats, limits: Limits) -> list[TurningPoint]:
    """Return candidates found on smooth curves first, then on ever rougher ones.

    Steps I to V.A of Bry and Boschan's table 1: from the twelve-month average to the
    Spencer curve, to an average over the months of cyclical dominance, to the series.
    """
    spencer = _filtered(logs, SPENCER)
    deviation = logs - spencer
    outlier = abs(deviation - deviation.mean()) > OUTLIER_DEVIATIONS * deviation.std()
    cleaned = np.where(outlier, spencer, logs)
    dominance = _months_of_dominance(deviation, spencer)
    short = min(max(dominance, 3), 6)
    average, curve = _filtered(cleaned, _mean_of(12)), _filtered(cleaned, SPENCER)
    turns = _alternating(_extremes(average, limits.window), average)
    turns = _moved(turns, curve, limits.window)
    turns = _without_short_cycles(turns, curve, limits.cycle)
    turns = _moved(turns, _filtered(logs, _mean_of(short)), limits.window)
    return _moved(turns, logs, max(4, dominance))


def _filtered(values: Floats, weights: Floats) -> Floats:
    """Return a centred moving average; the end values are repeated beyond the ends."""
    reach = len(weights) // 2
    filtered: Floats = np.convolve(np.pad(values, reach, "edge"), weights, "valid")
    return filtered


def _mean_of(n: int) -> Floats:
    """Return weights of a mean of `n` terms; if even, the outer two weigh half."""
    if n % 2:
        return np.full(n, 1 / n)
    return np.concatenate([[0.5], np.ones(n - 1), [0.5]]) / n


def _months_of_dominance(irregular: Floats, cycle: Floats) -> int:
    """Return the number of months over which the cycle exceeds the irregular part."""
    for months in range(1, MAX_DOMINANCE_MONTHS):
        noise = abs(irregular[months:] - irregular[:-months]).mean()
        if noise < abs(cycle[months:] - cycle[:-months]).mean():
            return months
    return MAX_DOMINANCE_MONTHS


def _moved(
    turns: Sequence[TurningPoint], curve: Floats, reach: int
) -> list[TurningPoint]:
    """Return turns at the extreme of another curve, within `reach` of where they were.

    Pairs that end up in the wrong order are dropped.
    """
    moved = []
    for position, is_peak in turns:
        start = max(position - reach, 0)
        near = curve[start : position + reach + 1]
        offset = len(near) - 1 - near[::-1].argmax() if is_peak else near.argmin()
        moved.append(TurningPoint(start + int(offset), is_peak))
    return _alternating(sorted(set(moved)), curve)


def _censored(
    turns: Sequence[TurningPoint], logs: Floats, limits: Limits
) -> list[TurningPoint]:
    """Return the turns that satisfy the limits.

    After one is dropped, all are checked again: its neighbours may be of the same kind.
    """
    inside = range(limits.ends, len(logs) - limits.ends)
    kept = [turn for turn in turns if turn.position in inside]
    while True:
        before = kept
        kept = _alternating(kept, logs)
        kept = _without_false_ends(kept, logs, limits.ends)
        kept = _without_short_cycles(kept, logs, limits.cycle)
        kept = _without_short_phase(kept, limits.phase)
        if kept == before:
            return kept


def _alternating(turns: Sequence[TurningPoint], values: Floats) -> list[TurningPoint]:
    """Return the highest of consecutive peaks and the lowest of consecutive troughs.

    A trough that is not below the peak beside it cancels out with it.
    """
    kept: list[TurningPoint] = []
    for turn in turns:
        if not kept or kept[-1].is_peak != turn.is_peak:
            kept.append(turn)
        else:
            kept[-1] = _more_extreme(kept[-1], turn, values)
        if len(kept) > 1 and _height(kept[-1], values) <= -_height(kept[-2], values):
            del kept[-2:]
    return kept


def _without_false_ends(
    turns: list[TurningPoint], values: Floats, ends: int
) -> list[TurningPoint]:
    """Drop a first or last peak that a value beyond it exceeds; troughs likewise.

    Values too near an end do not count: a recovery may pass the peak before its trough
    can be dated.
    """
    if not turns:
        return turns
    first, last = turns[0], turns[-1]
    before = values[ends - 1 : first.position]
    after = values[last.position + 1 : len(values) - ends + 1]
    if (_signed(before, first) > _height(first, values)).any():
        return turns[1:]
    if (_signed(after, last) > _height(last, values)).any():
        return turns[:-1]
    return turns


def _without_short_cycles(
    turns: Sequence[TurningPoint], values: Floats, cycle: int
) -> list[TurningPoint]:
    """Drop the lower of two peaks that are too near, and the higher of two troughs."""
    kept = list(turns)
    number = 0
    while number < len(kept) - 2:
        left, right = kept[number], kept[number + 2]
        if right.position - left.position >= cycle:
            number += 1
            continue
        stays = _more_extreme(left, right, values)
        kept.remove(right if stays == left else left)
        kept, number = _alternating(kept, values), 0
    return kept


def _without_short_phase(turns: list[TurningPoint], phase: int) -> list[TurningPoint]:
    """Drop both turns of the first phase that is too short."""
    for number, (left, right) in enumerate(pairwise(turns)):
        if right.position - left.position < phase:
            return turns[:number] + turns[number + 2 :]
    return turns


def _more_extreme(
    earlier: TurningPoint, later: TurningPoint, values: Floats
) -> TurningPoint:
    """Return the higher or later of two peaks, the lower or earlier of two troughs."""
    ahead = _height(later, values) - _height(earlier, values)
    return later if ahead > 0 or (ahead == 0 and later.is_peak) else earlier


def _height(turn: TurningPoint, values: Floats) -> float:
    return float(_signed(values[turn.position], turn))


def _signed(values: Floats, turn: TurningPoint) -> Floats:
    """Return the values, with the opposite sign for a trough."""
    return values if turn.is_peak else -values


LIMITS: Mapping[Frequency, Limits] = {
    "A": Limits(window=1, phase=1, cycle=2, ends=1),
    "Q": Limits(window=2, phase=2, cycle=5, ends=2),
    "M": Limits(window=5, phase=5, cycle=15, ends=6),
}
# Spencer's fifteen-term curve, which leaves a cubic unchanged.
SPENCER: Floats = (
    np.array([-3, -6, -5, 3, 21, 46, 67, 74, 67, 46, 21, 3, -5, -6, -3]) / 320
)
# Standard deviations from the Spencer curve at which a value is replaced by it.
OUTLIER_DEVIATIONS = 3.5
MAX_DOMINANCE_MONTHS = 12
