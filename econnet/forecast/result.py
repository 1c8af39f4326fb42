"""The result of a forecast: the types that its report is made from.

They hold data and compute nothing.
"""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, TypeAlias

import msgspec
import pandas as pd

from econnet.core.countries import Country
from econnet.core.periods import Frequency
from econnet.core.task import Task
from econnet.evaluation.bootstrap import Interval
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.metrics import ReliabilityBin, Scores
from econnet.evaluation.signals import FalseAlarm
from econnet.forecast.provenance import Provenance

MAX_HORIZON = 1_000

Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Horizon: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_HORIZON)]
PeriodText: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{4}(Q[1-4]|-(0[1-9]|1[0-2]))?\Z")
]


@dataclass(frozen=True)
class Driver:
    """What one indicator adds to today's forecast, in log-odds."""

    indicator: str
    title: str
    group: str
    contribution: float


@dataclass(frozen=True)
class ImportanceShown:
    """What past forecasts lose without an indicator: `Importance` with its name."""

    indicator: str
    title: str
    group: str
    loss: float
    interval: Interval


@dataclass(frozen=True)
class Ahead:
    """A forecast in short, for one of several horizons.

    Parameters
    ----------
    period
        The period that is forecast, as text.
    probability, interval
        Probability of contraction, and its 90% interval (low, high).
    base_rate
        How often what is forecast has been in the country's past.
    scores
        Of econnet's forecasts of the country at this horizon, out of sample.
    """

    country: str
    horizon: Horizon
    period: PeriodText
    probability: Share
    interval: tuple[Share, Share]
    base_rate: Share
    scores: Scores


@dataclass(frozen=True)
class AssumptionEffect:
    """The effect of one assumption.

    Parameters
    ----------
    unit
        Unit of `before` and `after`.
    before, after
        The newest value and the assumed one.
    probability
        The forecast if this value alone were different.
    out_of_range
        Whether the assumed value lies outside the 1st to 99th percentile of the
        training rows; the model then treats it as the nearest of them.
    """

    indicator: str
    title: str
    unit: str
    before: float
    after: float
    probability: float
    out_of_range: bool


@dataclass(frozen=True)
class WhatIf:
    """The forecast under all assumptions together, and the effect of each."""

    probability: float
    supposed: tuple[AssumptionEffect, ...]


@dataclass(frozen=True)
class PreviousForecast:
    """An earlier forecast of the same task, to compare with.

    Parameters
    ----------
    made_at
        When it was made; `None` where it comes from the replay of history.
    """

    made_at: str | None
    origin: pd.Period
    period: pd.Period
    probability: float


@dataclass(frozen=True)
class Movement:
    """What one indicator did to the forecast between two origins.

    Parameters
    ----------
    unit
        Unit of `before` and `after`, the newest transformed values then and now; `None`
        where one was missing, or where there is no such value.
    contribution
        What it adds now less what it added then, in log-odds, by today's networks.
    """

    indicator: str
    title: str
    group: str
    unit: str
    before: float | None
    after: float | None
    contribution: float


@dataclass(frozen=True)
class ForecastChange:
    """What moved the forecast since the one before.

    Parameters
    ----------
    made_at, origin, period, probability
        Of the forecast before; `made_at` is `None` where it comes from the replay of
        history.
    figures
        What new data added, in log-odds, by today's networks.
    learning
        What re-estimation added: new networks, trained on revised data.
    movements
        The parts of `figures`, largest first.
    """

    made_at: str | None
    origin: str
    period: str
    probability: float
    figures: float
    learning: float
    movements: tuple[Movement, ...]


@dataclass(frozen=True)
class ResponseCurve:
    """How the forecast would change if one indicator's newest value were another.

    Parameters
    ----------
    unit
        Unit of `values`, the transformed indicator: `percent`, `percentage points`, ...
    current
        The newest value itself; `None` where it is not known.
    """

    indicator: str
    title: str
    unit: str
    values: tuple[float, ...]
    probabilities: tuple[float, ...]
    current: float | None


@dataclass(frozen=True)
class Episode:
    """A past contraction, and its forecasts one horizon earlier.

    Parameters
    ----------
    first, last
        Its first and last period, as text.
    growth_percent
        Change of the target from the period before the first to the last; `None` where
        the target is a 0/1 column.
    said_for_first, highest_said
        Out-of-sample probability for its first period, and the highest for any of its
        periods; `None` before the walk-forward starts.
    first_signal, periods_early
        The origin in which it was first signalled, and how many periods that was before
        its first; `None` where it was missed, or not forecast.
    """

    first: str
    last: str
    growth_percent: float | None
    said_for_first: float | None
    highest_said: float | None
    first_signal: str | None
    periods_early: int | None


@dataclass(frozen=True)
class ScoreIntervals:
    """90% intervals of scores; `auroc` is `None` where there is no such score."""

    auroc: Interval | None
    brier: Interval
    log_loss: Interval


@dataclass(frozen=True)
class SeriesUsed:
    """A series behind the forecast, as the report's data page shows it.

    Parameters
    ----------
    next_due
        The day on which its next figure is due, by its publication lag.
    recent_periods, recent
        Its newest values at the panel's frequency, oldest first.
    """

    indicator: str
    title: str
    source: str
    series_id: str
    unit: str
    frequency: Frequency
    first_period: str
    last_period: str
    last_value: float
    rights: str
    attribution: str
    retrieved_at: str
    next_due: str
    recent_periods: tuple[str, ...]
    recent: tuple[float, ...]


@dataclass(frozen=True)
class DataUsed:
    """What the forecast was made from.

    Parameters
    ----------
    source
        `snapshot`, `store` or the name of the user's file.
    as_of
        The date up to which values were taken as known.
    next_due
        The day on which the target's next figure is due, by its publication lag. After
        that day the data are older than they need to be.
    n_countries
        Countries whose history the networks learned from.
    share_in_real_time
        Of the country's figures, the share of which it is known what they were at the
        time; the others are revised data.
    """

    source: str
    as_of: str
    first_period: str
    last_period: str
    next_due: str
    n_countries: int
    share_in_real_time: float
    series: tuple[SeriesUsed, ...]


@dataclass(frozen=True, eq=False)
class Assessment:
    """How good the past forecasts for a country were, out of sample.

    Parameters
    ----------
    metrics, baselines
        Scores of econnet and of each baseline.
    intervals
        90% intervals of econnet's scores.
    comparisons
        Econnet beside each baseline, on the same forecasts.
    pool_metrics, pool_baselines
        Scores over all the countries that were trained on; `pool_metrics` is `None`
        where the country stands alone.
    reliability
        The country's track record by bins of probability.
    episodes
        Every past contraction, oldest first.
    false_alarms
        The country's false alarms, oldest first.
    """

    metrics: Scores
    intervals: ScoreIntervals
    baselines: dict[str, Scores]
    comparisons: dict[str, Comparison]
    pool_metrics: Scores | None
    pool_baselines: dict[str, Scores]
    reliability: tuple[ReliabilityBin, ...]
    episodes: tuple[Episode, ...]
    false_alarms: tuple[FalseAlarm, ...]


@dataclass(frozen=True)
class Explanation:
    """Why a forecast is what it is, and what would change it.

    Parameters
    ----------
    drivers
        What each indicator adds in log-odds, the largest first.
    response_curves
        Of the indicators that add most.
    change
        What moved the forecast since the one before; `None` where there was none.
    what_if
        The forecast if some values were different; `None` where nothing was assumed.
    importance
        What past forecasts lose without each indicator, the largest first; empty where
        it was not measured.
    """

    drivers: tuple[Driver, ...]
    response_curves: tuple[ResponseCurve, ...]
    change: ForecastChange | None = None
    what_if: WhatIf | None = None
    importance: tuple[ImportanceShown, ...] = ()


@dataclass(frozen=True, eq=False)
class Forecast:
    """The forecast for one country, and what is needed to judge it.

    Parameters
    ----------
    origin, period
        The period the forecast is made in, and the one it is made for.
    probability, interval
        Probability of contraction, and its 90% interval (low, high).
    base_rate
        Share of the country's past periods that contracted.
    outlook
        The forecast for several horizons, this one among them, nearest first.
    target_title, target_unit
        Of the indicator that is labelled and shown: `Real GDP`.
    meaning
        What a contraction is by the label's rule, in words.
    history
        Indexed by period: `growth` of that indicator in percent on the period before (a
        year before for `year-on-year`), and `contraction`, 1 or 0; missing where not
        known.
    track_record
        Out-of-sample forecasts for this country, one row per model and origin: `model`
        (`econnet` or a baseline's name), `origin`, `period`, `probability`, `outcome`
        (missing where not known yet).
    provenance
        Data and versions from which it can be made again.
    place
        Where its model and report are in a `core.workspace`; `None` where it was made
        without one.
    """

    country: Country
    task: Task
    origin: pd.Period
    period: pd.Period
    probability: float
    interval: tuple[float, float]
    base_rate: float
    outlook: tuple[Ahead, ...]
    target_title: str
    target_unit: str
    meaning: str
    history: pd.DataFrame
    track_record: pd.DataFrame
    assessment: Assessment
    explanation: Explanation
    data: DataUsed
    provenance: Provenance
    made_at: str
    place: PurePath | None = None

    @property
    def previous_probability(self) -> float | None:
        """The forecast before, for an earlier period; `None` where there was none."""
        change = self.explanation.change
        return None if change is None else change.probability

    @property
    def versions(self) -> dict[str, str]:
        """Versions by name: econnet first, then the libraries below it."""
        return self.provenance.tools
