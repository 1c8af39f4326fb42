"""Signals of contraction, and how they match past episodes.

A forecast at or above a threshold is a *signal* of contraction. Each window uses the
threshold that was best for the out-of-sample forecasts whose outcome was known on the
window's last day, as known then. While these are few, it uses the share of contractions
among its training rows.

A signal is right if the forecast event occurred. An *episode* is an unbroken run of
contractions in one country. It counts as called only by signals for its own periods, or
by an unbroken run of signals that leads into it; a run that followed the episode before
is not an early call of the next. Every wrong signal counts, also those of such a run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.task import Event
from econnet.core.types import Floats

if TYPE_CHECKING:
    from econnet.models.windows import Window

Booleans = npt.NDArray[np.bool_]
Measure = Literal["f1", "balanced_accuracy"]

# Known contractions, and known expansions, that the choice of a threshold needs.
MIN_PER_CLASS = 5


def f1(signals: Booleans, outcome: Floats) -> float:
    """Return the harmonic mean of precision and recall; 0 where no signal was right."""
    hits = float(outcome[signals].sum())
    return 2 * hits / max(float(signals.sum() + outcome.sum()), 1.0)


def balanced_accuracy(signals: Booleans, outcome: Floats) -> float | None:
    """Return the mean of the hit rate and the share of expansions without a signal.

    `None` if all outcomes are the same. One half means no skill.
    """
    contraction = outcome == 1
    if contraction.all() or not contraction.any():
        return None
    return float(signals[contraction].mean() + 1 - signals[~contraction].mean()) / 2


def best_threshold(probability: Floats, outcome: Floats, measure: Measure) -> float:
    """Return the threshold with the highest `measure`; of several, the highest one.

    It is half-way between the lowest forecast that is a signal and the next one down.
    There must be a contraction and an expansion.
    """
    falling = np.argsort(-probability, kind="stable")
    forecasts, outcomes = probability[falling], outcome[falling]
    hits, signals = np.cumsum(outcomes), np.arange(1, len(forecasts) + 1)
    contractions = hits[-1]
    if measure == "f1":
        value = 2 * hits / (signals + contractions)
    else:
        false_alarm_rate = (signals - hits) / (len(forecasts) - contractions)
        value = hits / contractions - false_alarm_rate
    below = np.append(forecasts[1:], 0.0)
    # A threshold cannot separate equal forecasts.
    best = int(np.argmax(np.where(forecasts > below, value, -np.inf)))
    return float(forecasts[best] + below[best]) / 2


def cheapest_threshold(
    probability: Floats, outcome: Floats, cost_ratio: float
) -> float:
    """Return the threshold of least cost; a miss costs `cost_ratio` false alarms.

    It is above all forecasts if no signal at all costs least.
    """
    falling = np.argsort(-probability, kind="stable")
    forecasts, outcomes = probability[falling], outcome[falling]
    hits, signals = np.cumsum(outcomes), np.arange(1, len(forecasts) + 1)
    gain = (cost_ratio + 1) * hits - signals
    below = np.append(forecasts[1:], 0.0)
    gain = np.where(forecasts > below, gain, -np.inf)
    best = int(np.argmax(gain))
    if gain[best] <= 0:
        return float(np.nextafter(forecasts[0], 2.0))
    return float(forecasts[best] + below[best]) / 2


def thresholds(
    windows: "Sequence[Window]", forecasts: Sequence[Floats], measure: Measure
) -> list[float]:
    """Return the threshold of each window, chosen from what was known at its origin.

    `windows` are in chronological order; `forecasts` are one model's probabilities of
    each window's rows ahead.
    """
    earlier = np.full(len(windows[0].features.y), np.nan)
    chosen = []
    for window, probability in zip(windows, forecasts, strict=True):
        forecast = ~np.isnan(earlier[window.train])
        outcome = window.y_train[forecast].astype(float)
        n, contractions = len(outcome), outcome.sum()
        if min(contractions, n - contractions) >= MIN_PER_CLASS:
            past = earlier[window.train][forecast]
            chosen.append(best_threshold(past, outcome, measure))
        else:
            chosen.append(float(window.y_train.mean()))
        earlier[window.ahead] = probability
    return chosen


def real_time_signals(
    windows: "Sequence[Window]", forecasts: Sequence[Floats], measure: Measure
) -> Booleans:
    """Return which forecasts of all windows were signals at the window's threshold.

    Parameters are those of `thresholds`.
    """
    levels = thresholds(windows, forecasts, measure)
    return np.concatenate(
        [
            probability >= level
            for probability, level in zip(forecasts, levels, strict=True)
        ]
    )


@dataclass(frozen=True)
class SignalCounts:
    """How many signals were given, and how many of them were right.

    `contractions` and `expansions` count the forecasts with either outcome.
    """

    right: int
    wrong: int
    contractions: int
    expansions: int

    @property
    def signals(self) -> int:
        """The number of signals."""
        return self.right + self.wrong

    @property
    def share_of_contractions(self) -> float | None:
        """The share of contractions that were signalled; `None` without any."""
        return self.right / self.contractions if self.contractions else None

    @property
    def share_of_expansions(self) -> float | None:
        """The share of expansions that were signalled; `None` without any."""
        return self.wrong / self.expansions if self.expansions else None


@dataclass(frozen=True)
class EpisodeCall:
    """An episode of contraction, and the origin of its first signal; `None` if missed.

    Periods are text. `periods_early` counts from that origin to the episode's first
    period, and is negative for a late signal. `highest_probability` is that of any of
    the episode's periods.
    """

    country: str
    first: str
    last: str
    first_signal: str | None
    periods_early: int | None
    highest_probability: float


@dataclass(frozen=True)
class FalseAlarm:
    """An unbroken run of wrong signals.

    `first` and `last` are the first and last period that was forecast, as text;
    `periods` is their number, and `highest_probability` the highest among them.
    """

    country: str
    first: str
    last: str
    periods: int
    highest_probability: float


@dataclass(frozen=True)
class Scorecard:
    """The signals of a track record: plain counts, episodes and false alarms."""

    counts: SignalCounts
    episodes: tuple[EpisodeCall, ...]
    false_alarms: tuple[FalseAlarm, ...]

    @property
    def called(self) -> tuple[EpisodeCall, ...]:
        """The episodes that were signalled, early or late."""
        return tuple(call for call in self.episodes if call.first_signal is not None)

    @property
    def median_periods_early(self) -> float | None:
        """The median of the called episodes; `None` if there are none."""
        early = [call.periods_early for call in self.called]
        return float(np.median(np.array(early, float))) if early else None


def scorecard(record: pd.DataFrame, contractions: pd.Series, event: Event) -> Scorecard:
    """Return the counts, episodes and false alarms of one model's signals.

    Parameters
    ----------
    record
        Its track record, with columns `country`, `origin`, `period`, `probability`,
        `signal` and `outcome`; all outcomes are known.
    contractions
        1 contraction, 0 expansion, by (country, period); missing if unknown.

    Notes
    -----
    Episodes that began before the first forecast period are not listed, because they
    could not be called early; their signals are counted like all others.
    """
    calls: list[EpisodeCall] = []
    false_alarms: list[FalseAlarm] = []
    episodes = _episodes(contractions)
    for country, rows in record.sort_values("origin").groupby("country"):
        forecasts = _Forecasts.of(str(country), rows, event)
        previous = np.iinfo(np.int64).min
        for first, last in episodes.get(str(country), ()):
            about = forecasts.about(first, last)
            if forecasts.since[0] <= first and about.any():
                calls.append(forecasts.call(first, last, previous))
            previous = last
        false_alarms += forecasts.false_alarms()
    signal = record["signal"].to_numpy(bool)
    contracted = record["outcome"].to_numpy(float) == 1
    counts = SignalCounts(
        right=int((signal & contracted).sum()),
        wrong=int((signal & ~contracted).sum()),
        contractions=int(contracted.sum()),
        expansions=int((~contracted).sum()),
    )
    return Scorecard(counts, tuple(calls), tuple(false_alarms))


@dataclass(frozen=True, eq=False)
class _Forecasts:
    """One country's forecasts in chronological order, with periods as ordinals.

    `since` and `until` are the first and last period that each forecast is about.
    """

    country: str
    origin: npt.NDArray[np.int64]
    since: npt.NDArray[np.int64]
    until: npt.NDArray[np.int64]
    probability: Floats
    signal: Booleans
    wrong: Booleans
    frequency: str

    @classmethod
    def of(cls, country: str, rows: pd.DataFrame, event: Event) -> "_Forecasts":
        """Return the forecasts of a country's rows of a track record, oldest first."""
        origins = pd.PeriodIndex(rows["origin"])
        until = pd.PeriodIndex(rows["period"]).asi8
        signal = rows["signal"].to_numpy(bool)
        return cls(
            country,
            origins.asi8,
            np.minimum(origins.asi8 + 1, until) if event == "within" else until,
            until,
            rows["probability"].to_numpy(float),
            signal,
            signal & (rows["outcome"].to_numpy(float) == 0),
            str(origins.freqstr),
        )

    def about(self, first: int, last: int) -> Booleans:
        """Return which forecasts are about a period from `first` to `last`."""
        return (self.until >= first) & (self.since <= last)

    def call(self, first: int, last: int, previous: int) -> EpisodeCall:
        """Return how an episode was called; `previous` is the end of the one before."""
        about = self.about(first, last)
        signals = np.flatnonzero(self.signal & about)
        origin = (
            int(self.origin[self._lead(signals[0], previous)]) if len(signals) else None
        )
        return EpisodeCall(
            country=self.country,
            first=self._text(first),
            last=self._text(last),
            first_signal=None if origin is None else self._text(origin),
            periods_early=None if origin is None else first - origin,
            highest_probability=float(self.probability[about].max()),
        )

    def _lead(self, signal: int, previous: int) -> int:
        """Return the start of the run of signals that leads up to one.

        It is the signal itself if the run followed the episode that ended in
        `previous`.
        """
        start = signal
        while start and self.signal[start - 1] and self._next_to_each_other(start):
            start -= 1
        # The period before the run, without a signal, must lie after that episode.
        return start if self.since[start] - 1 > previous else signal

    def _next_to_each_other(self, number: int) -> bool:
        return bool(self.origin[number] - self.origin[number - 1] == 1)

    def false_alarms(self) -> list[FalseAlarm]:
        """Return each unbroken run of wrong signals."""
        gaps = np.flatnonzero(np.diff(self.origin) != 1) + 1
        parts = np.split(np.arange(len(self.origin)), gaps)
        return [
            FalseAlarm(
                country=self.country,
                first=self._text(int(self.until[run][0])),
                last=self._text(int(self.until[run][-1])),
                periods=len(run),
                highest_probability=float(self.probability[run].max()),
            )
            for part in parts
            for start, stop in _runs(self.wrong[part])
            for run in [part[start:stop]]
        ]

    def _text(self, ordinal: int) -> str:
        return str(pd.Period(ordinal=ordinal, freq=self.frequency))


def _episodes(contractions: pd.Series) -> Mapping[str, list[tuple[int, int]]]:
    """Return first and last period of each country's episodes, as ordinals."""
    episodes = {}
    for country, rows in contractions.dropna().groupby(level="country"):
        periods = pd.PeriodIndex(rows.index.get_level_values("period")).asi8
        first = int(periods[0])
        contracted = np.zeros(periods[-1] - first + 1, bool)
        contracted[periods - first] = rows.to_numpy() == 1
        episodes[str(country)] = [
            (first + start, first + stop - 1) for start, stop in _runs(contracted)
        ]
    return episodes


def _runs(values: Booleans) -> list[tuple[int, int]]:
    """Return start and stop of each unbroken run of `True`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]])))
    return list(pairwise(edges.tolist()))[::2]
