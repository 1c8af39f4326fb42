"""Signals of contraction, and how they match past episodes.

A forecast becomes a *signal* of contraction at a threshold. Each window uses the
threshold that would have been best for the out-of-sample forecasts whose outcome was
known on the window's last day, as it was known then. While these are few, it uses the
share of contractions among its training rows: above it, a contraction is likelier than
usual.

An *episode* is an unbroken run of contractions in one country. The scorecard says when
it was first signalled, and how many alarms were false.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.task import Event
from econnet.core.types import Floats
from econnet.models.windows import Window

Booleans = npt.NDArray[np.bool_]
Measure = Literal["f1", "balanced_accuracy"]

# As many contractions and expansions must have been forecast and be known before a
# threshold is chosen by them.
MIN_PER_CLASS = 5


def f1(signals: Booleans, outcome: Floats) -> float:
    """Return the harmonic mean of precision and recall; 0 where no signal was right."""
    hits = float(outcome[signals].sum())
    return 2 * hits / max(float(signals.sum() + outcome.sum()), 1.0)


def balanced_accuracy(signals: Booleans, outcome: Floats) -> float | None:
    """Return the mean of the shares of contractions and of expansions told rightly.

    `None` where there was no contraction, or nothing else. One half is no skill.
    """
    contraction = outcome == 1
    if contraction.all() or not contraction.any():
        return None
    return float(signals[contraction].mean() + 1 - signals[~contraction].mean()) / 2


def best_threshold(probability: Floats, outcome: Floats, measure: Measure) -> float:
    """Return the threshold that serves best, of equally good ones the highest.

    It lies half-way between the lowest forecast that is a signal and the next one down.
    There must be a contraction and an expansion.
    """
    falling = np.argsort(-probability, kind="stable")
    forecasts, outcomes = probability[falling], outcome[falling]
    hits, signals = np.cumsum(outcomes), np.arange(1, len(forecasts) + 1)
    contractions = hits[-1]
    if measure == "f1":
        worth = 2 * hits / (signals + contractions)
    else:
        false_alarm_rate = (signals - hits) / (len(forecasts) - contractions)
        worth = hits / contractions - false_alarm_rate
    below = np.append(forecasts[1:], 0.0)
    # Equal forecasts are signals together, or none of them is.
    worth = np.where(forecasts > below, worth, -np.inf)
    best = int(np.argmax(worth))
    return float(forecasts[best] + below[best]) / 2


def thresholds(
    windows: Sequence[Window], forecasts: Sequence[Floats], measure: Measure
) -> list[float]:
    """Return the threshold of each window, chosen by what was known at its origin.

    Parameters
    ----------
    windows
        In the order of time.
    forecasts
        One model's probabilities of each window's rows ahead.
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


def given(
    windows: Sequence[Window], forecasts: Sequence[Floats], measure: Measure
) -> Booleans:
    """Return which forecasts of all windows were signals, at thresholds of their time.

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
class EpisodeCall:
    """An episode of contraction, and when it was first signalled.

    Parameters
    ----------
    first, last
        Its first and last period, as text.
    first_signal
        The origin of its first signal, as text; `None` where it was missed.
    periods_early
        Periods from that origin to the episode's first period: above zero, the signal
        came before it; below, it came late.
    highest_probability
        The highest probability that was given to any of its periods.
    """

    country: str
    first: str
    last: str
    first_signal: str | None
    periods_early: int | None
    highest_probability: float


@dataclass(frozen=True)
class FalseAlarm:
    """An unbroken run of signals of which none belongs to an episode.

    Parameters
    ----------
    first, last
        The first and the last period that they were about, as text.
    highest_probability
        The highest probability among them.
    """

    country: str
    first: str
    last: str
    highest_probability: float


@dataclass(frozen=True)
class Scorecard:
    """The episodes of a track record, and the alarms that came to nothing."""

    episodes: tuple[EpisodeCall, ...]
    false_alarm_list: tuple[FalseAlarm, ...]

    @property
    def false_alarms(self) -> int:
        """How many alarms came to nothing."""
        return len(self.false_alarm_list)

    @property
    def called(self) -> tuple[EpisodeCall, ...]:
        """The episodes that were signalled, early or late."""
        return tuple(one for one in self.episodes if one.first_signal is not None)

    @property
    def median_periods_early(self) -> float | None:
        """The median of the called episodes; `None` where there are none."""
        early = [one.periods_early for one in self.called]
        return float(np.median(np.array(early, float))) if early else None


def scorecard(
    record: pd.DataFrame, marks: pd.Series, event: Event, patience: int
) -> Scorecard:
    """Return how one model's signals met the episodes.

    Parameters
    ----------
    record
        Its track record, with columns `country`, `origin`, `period`, `probability` and
        `signal`.
    marks
        1 contraction, 0 expansion, by (country, period); missing where not known.
    patience
        A signal belongs to an episode if it is about one of its periods, or about one
        of as many periods before it, those of an earlier episode excepted.

    Notes
    -----
    Episodes that began before the first period that was forecast could not be called,
    and are no part of the scorecard; signals of them are no false alarms.
    """
    calls: list[EpisodeCall] = []
    false_alarms: list[FalseAlarm] = []
    episodes = _episodes(marks)
    for country, rows in record.sort_values("origin").groupby("country"):
        of_country = _Signals.of(rows, event)
        useful = np.zeros(len(rows), bool)
        previous = np.iinfo(np.int64).min
        for first, last in episodes.get(str(country), ()):
            about = (of_country.until >= first) & (of_country.since <= last)
            near = (of_country.until >= first - patience) & (
                of_country.until > previous
            )
            signals = of_country.signal & near & (of_country.since <= last)
            useful |= signals
            previous = last
            if of_country.since[0] <= first and about.any():
                calls.append(of_country.call(str(country), first, last, signals, about))
        false_alarms += [
            of_country.false_alarm(str(country), slice(start, stop))
            for start, stop in _runs(of_country.signal)
            if not useful[start:stop].any()
        ]
    return Scorecard(tuple(calls), tuple(false_alarms))


@dataclass(frozen=True, eq=False)
class _Signals:
    """One country's signals in the order of time, with periods as ordinals.

    Parameters
    ----------
    since, until
        The first and the last period that each forecast is about.
    """

    origin: npt.NDArray[np.int64]
    since: npt.NDArray[np.int64]
    until: npt.NDArray[np.int64]
    probability: Floats
    signal: Booleans
    frequency: str

    @classmethod
    def of(cls, rows: pd.DataFrame, event: Event) -> "_Signals":
        """Return the signals of some rows of a track record, oldest first."""
        origins = pd.PeriodIndex(rows["origin"])
        origin = origins.asi8
        until = pd.PeriodIndex(rows["period"]).asi8
        since = np.minimum(origin + 1, until) if event == "within" else until
        return cls(
            origin,
            since,
            until,
            rows["probability"].to_numpy(float),
            rows["signal"].to_numpy(bool),
            str(origins.freqstr),
        )

    def call(
        self, country: str, first: int, last: int, signals: Booleans, about: Booleans
    ) -> EpisodeCall:
        """Return how an episode was called by some of the signals."""
        origin = int(self.origin[signals].min()) if signals.any() else None
        return EpisodeCall(
            country=country,
            first=self._text(first),
            last=self._text(last),
            first_signal=None if origin is None else self._text(origin),
            periods_early=None if origin is None else first - origin,
            highest_probability=float(self.probability[about].max()),
        )

    def false_alarm(self, country: str, run: slice) -> FalseAlarm:
        """Return a run of signals as an alarm that came to nothing."""
        return FalseAlarm(
            country=country,
            first=self._text(int(self.until[run][0])),
            last=self._text(int(self.until[run][-1])),
            highest_probability=float(self.probability[run].max()),
        )

    def _text(self, ordinal: int) -> str:
        return str(pd.Period(ordinal=ordinal, freq=self.frequency))


def _episodes(marks: pd.Series) -> Mapping[str, list[tuple[int, int]]]:
    """Return first and last period of each country's episodes, as ordinals."""
    known = marks.dropna()
    found = {}
    for country, of_country in known.groupby(level="country"):
        periods = pd.PeriodIndex(of_country.index.get_level_values("period")).asi8
        contracted = np.zeros(periods[-1] - periods[0] + 1, bool)
        contracted[periods - periods[0]] = of_country.to_numpy() == 1
        found[str(country)] = [
            (int(periods[0]) + start, int(periods[0]) + stop - 1)
            for start, stop in _runs(contracted)
        ]
    return found


def _runs(of: Booleans) -> list[tuple[int, int]]:
    """Return start and stop of each unbroken run of `True`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], of, [False]])))
    return list(pairwise(edges.tolist()))[::2]
