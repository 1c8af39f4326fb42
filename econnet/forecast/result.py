"""The result of a forecast: the types that its report is made from."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, TypeAlias

import msgspec
import pandas as pd

from econnet.core.countries import Country
from econnet.core.notebook import html_table
from econnet.core.periods import Frequency
from econnet.core.task import Task
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.confidence import Confidence, Skill
from econnet.evaluation.decisions import Decision
from econnet.evaluation.intervals import Interval
from econnet.evaluation.metrics import ReliabilityBin, Scores
from econnet.evaluation.signals import FalseAlarm, SignalCounts
from econnet.forecast.provenance import Provenance

MAX_HORIZON = 1_000


def now() -> str:
    """Return the time to record for a forecast that is made now, in UTC."""
    return pd.Timestamp.now("UTC").isoformat(timespec="seconds")


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
    """The rise in log loss without an indicator: `Importance` with its title."""

    indicator: str
    title: str
    group: str
    loss: float
    interval: Interval


@dataclass(frozen=True)
class Ahead:
    """A summary of a forecast for one of several horizons.

    `interval` is the 90% interval of the probability of contraction, `base_rate` the
    share of the country's past in which the event happened. `scores` and `skill`, with
    its interval, are those of econnet's out-of-sample forecasts for the country at this
    horizon.
    """

    country: str
    horizon: Horizon
    period: PeriodText
    probability: Share
    interval: tuple[Share, Share]
    base_rate: Share
    scores: Scores
    skill: Skill | None

    @property
    def confidence(self) -> Confidence:
        """The confidence that the past forecasts at this horizon deserve."""
        return "low" if self.skill is None else self.skill.confidence


@dataclass(frozen=True)
class QuestionAnswer:
    """The answer to one of the standard questions about a country.

    Parameters
    ----------
    as_of
        The information date.
    target_title, meaning
        Of the labelled indicator, and of the label: as in `Forecast`.
    interval, base_rate
        90% interval of the probability, and the share of the country's past in which
        the event happened.
    skill
        Log-loss skill of the past forecasts for the country; `None` if there are none.
    """

    task: Task
    as_of: str
    origin: pd.Period
    period: pd.Period
    target_title: str
    meaning: str
    probability: Share
    interval: tuple[Share, Share]
    base_rate: Share
    skill: Skill | None

    @property
    def confidence(self) -> Confidence:
        """The confidence that the past forecasts deserve."""
        return "low" if self.skill is None else self.skill.confidence


@dataclass(frozen=True)
class GrowthForecast:
    """The distribution of the growth whose fall below zero is a contraction.

    Growth is in percent; for several periods it is the lowest of them. The mass below
    zero is the probability of contraction; `probability_below_minus_1` is that of a
    fall by more than 1%.
    """

    percentile_5: float
    median: float
    percentile_95: float
    probability_below_minus_1: float


@dataclass(frozen=True)
class AssumptionEffect:
    """The effect of one assumption, `after` instead of `before`, on its own.

    `out_of_range` is whether the assumed value is outside the training rows' 1st to
    99th percentile; the model then uses the nearest of them.
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

    `made_at` is `None` if it comes from the track record.
    """

    made_at: str | None
    origin: pd.Period
    period: pd.Period
    probability: float


@dataclass(frozen=True)
class Movement:
    """How one indicator changed the forecast between two origins.

    `before` and `after` are the newest transformed values then and now, `None` if there
    are none. `contribution` is what it adds now minus what it added then, in log-odds,
    by today's networks.
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
    """What changed the forecast since the previous one, given by the first fields.

    Parameters
    ----------
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
    """The forecast for other newest values of one indicator.

    `unit` is that of `values`, the transformed indicator; `current` is the newest value
    itself, `None` if missing.
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
    growth_percent
        Change of the target from the period before the first to the last; by the rule
        `year-on-year`, on the same periods a year before. `None` if unknown.
    first_probability, highest_probability
        Out-of-sample probability for its first period, and the highest for any of its
        periods; `None` before the walk-forward starts.
    first_signal, periods_early
        The origin of the first signal, and how many periods it preceded the first
        period; `None` if it was missed or not forecast.
    """

    first: str
    last: str
    growth_percent: float | None
    first_probability: float | None
    highest_probability: float | None
    first_signal: str | None
    periods_early: int | None


@dataclass(frozen=True)
class ScoreIntervals:
    """90% intervals of scores; `auroc` is `None` if it is undefined."""

    auroc: Interval | None
    brier: Interval
    log_loss: Interval


@dataclass(frozen=True)
class SeriesUsed:
    """A series behind the forecast.

    `next_due` is the day on which its next value is due, by its publication lag;
    `recent` has its newest values at the panel's frequency, oldest first.
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
class Release:
    """A value that is known, but not used before the next fixed day.

    `known_at` is the day on which it was published.
    """

    indicator: str
    title: str
    period: str
    known_at: str


@dataclass(frozen=True)
class DataUsed:
    """The data that the forecast was made from.

    Parameters
    ----------
    source
        `snapshot`, `store` or the name of the user's file.
    as_of
        The information date, on which the forecast was made.
    used_until
        The latest fixed day that had passed by then; later values are not used.
    next_day
        The next fixed day, on which later values will be used.
    not_yet_used
        The newest release of each indicator after `used_until`.
    next_due
        The day on which the target's next value is due, by its publication lag; after
        it the data are out of date.
    n_countries, countries
        Number and codes of the countries on whose history the networks were trained.
    pool_attributions
        Attributions of the series of all these countries, those of the most series
        first.
    share_in_real_time
        Share of the country's values that are real-time data; the others are revised.
    """

    source: str
    as_of: str
    used_until: str
    next_day: str
    not_yet_used: tuple[Release, ...]
    first_period: str
    last_period: str
    next_due: str
    n_countries: int
    countries: tuple[str, ...]
    pool_attributions: tuple[str, ...]
    share_in_real_time: float
    series: tuple[SeriesUsed, ...]


@dataclass(frozen=True)
class Assessment:
    """The quality of the past forecasts for a country, out of sample.

    Parameters
    ----------
    metrics, intervals, baselines
        Scores of econnet, their 90% intervals, and scores of each baseline.
    comparisons
        Of econnet with each baseline, on the same forecasts.
    pool_metrics, pool_baselines
        Scores over all countries that were trained on; `pool_metrics` is `None` for a
        single country.
    episodes, false_alarms
        Every past contraction and every run of wrong signals, oldest first.
    signals
        Counts of the signals, right and wrong.
    skill, skill_without_2020
        Log-loss skill of all past forecasts, and of those for other periods than 2020;
        `None` if there are none.
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
    signals: SignalCounts
    skill: Skill | None
    skill_without_2020: Skill | None


@dataclass(frozen=True)
class ResponsiveIndicator:
    """An indicator whose newest value a reader can change.

    `current` is today's value, in `unit`, and the middle one of the ascending `values`
    that the grid is computed for.
    """

    indicator: str
    title: str
    unit: str
    current: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class ResponsiveInput:
    """An input of the networks that moves with an indicator, and its scaling.

    `indicator` is its position among the indicators. `value` is today's, `None` if
    missing; it moves by `newest_weight` when the indicator moves by 1. `knots` are
    percentiles of the training rows; see `econnet.models.scaling.Scaler`.
    """

    indicator: int
    value: float | None
    newest_weight: float
    knots: tuple[float, ...]
    mean: float
    scale: float
    emphasis: float


@dataclass(frozen=True)
class ResponsiveNetworks:
    """Each member's weights of the inputs that move; the other inputs are constants.

    Parameters
    ----------
    hidden_constants, output_weights
        (members, units).
    hidden_weights
        (members, inputs, units).
    direct_constants
        Of the linear path from the inputs to the log-odds, with the bias, (members,).
    direct_weights
        (members, inputs).
    """

    hidden_constants: tuple[tuple[float, ...], ...]
    hidden_weights: tuple[tuple[tuple[float, ...], ...], ...]
    output_weights: tuple[tuple[float, ...], ...]
    direct_constants: tuple[float, ...]
    direct_weights: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Responsive:
    """The forecast as a function of a few indicators, for the HTML page.

    `grid` has the log-odds of the whole forecast for every combination of the
    indicators' `values`, the last indicator varying fastest. `scores` are the normal
    scores of the knots of the inputs.
    """

    scores: tuple[float, ...]
    indicators: tuple[ResponsiveIndicator, ...]
    inputs: tuple[ResponsiveInput, ...]
    networks: ResponsiveNetworks
    grid: tuple[float, ...]


@dataclass(frozen=True)
class Explanation:
    """Why a forecast is what it is, and what would change it.

    `drivers` are contributions in log-odds, and `importance` is empty if it was not
    measured; both start with the largest. `response_curves` and `responsive` are of the
    indicators that contribute most.
    """

    drivers: tuple[Driver, ...]
    response_curves: tuple[ResponseCurve, ...]
    change: ForecastChange | None = None
    what_if: WhatIf | None = None
    importance: tuple[ImportanceShown, ...] = ()
    responsive: Responsive | None = None


@dataclass(frozen=True)
class DaySkill:
    """The skill of past forecasts that were made on one day of each period.

    Parameters
    ----------
    day
        As `--day` takes it, or `end of June`.
    log_loss, auroc
        Of the forecasts on this day; the AUROC is `None` if all outcomes are the same.
    gain, gain_interval
        The skill minus that of the first day, with its paired 90% interval; `None` for
        the first day itself, and the interval also if it cannot be estimated.
    """

    day: str
    log_loss: float
    auroc: float | None
    skill: Skill
    gain: float | None
    gain_interval: Interval | None


@dataclass(frozen=True, eq=False)
class Forecast:
    """The forecast for one country, with its assessment and explanation.

    Parameters
    ----------
    origin, period
        The period in which the forecast is made, and the period that is forecast.
    interval
        90% interval of the probability of contraction (low, high).
    base_rate
        Share of the country's past in which the event happened.
    outlook
        The forecasts for several horizons, this one included, nearest first.
    target_title, target_unit
        Of the labelled indicator: `Real GDP`.
    meaning
        The label's definition of a contraction, in words.
    history
        Indexed by period: `growth` of that indicator in percent from the previous
        period (for `year-on-year`, from a year earlier), and `contraction`, 1 or 0;
        missing if unknown.
    track_record
        Out-of-sample forecasts for this country, one row per model and origin: `model`
        (`econnet` or a baseline's name), `origin`, `period`, `probability`, `outcome`
        (missing if not known yet).
    growth
        The distribution of growth, if the label is a fall of growth.
    place
        Of its model and report in a `core.workspace`, if it was made in one.
    decision
        The decision at the user's own costs, if these were given.
    questions
        The answers to the standard questions, those with the best proven skill first,
        if this is the headline among them; else empty.
    skill_by_day
        The skill of past forecasts by the day of the period on which they were made,
        if backtests on several days were kept; else empty.
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
    growth: GrowthForecast | None = None
    place: PurePath | None = None
    decision: Decision | None = None
    questions: tuple[QuestionAnswer, ...] = ()
    skill_by_day: tuple[DaySkill, ...] = ()

    def __repr__(self) -> str:
        """Return the answer in one line, with its interval and reliability."""
        low, high = self.interval
        return (
            f"Forecast({self.country.name}, {self.task.name}, {self.period}: "
            f"{self.probability:.0%}, 90% interval {low:.0%} to {high:.0%}, "
            f"historical average {self.base_rate:.0%})"
        )

    def _repr_html_(self) -> str:
        """Return the answer, its track record and its data as a table."""
        low, high = self.interval
        scores, skill = self.assessment.metrics, self.assessment.skill
        rows = [
            ("Event", f"{self.target_title}: {self.meaning}"),
            ("Probability", f"{self.probability:.0%}"),
            ("90% interval", f"{low:.0%} to {high:.0%}"),
            ("Historical average", f"{self.base_rate:.0%}"),
            (
                "Past forecasts",
                f"{scores.n}, with {scores.n_contractions} contractions",
            ),
            ("Log-loss skill", None if skill is None else skill.value),
            ("Confidence", "low" if skill is None else skill.confidence),
            ("Data", f"to {self.data.last_period}, known on {self.data.as_of[:10]}"),
        ]
        return html_table(f"{self.country.name}, {self.period}", ("", ""), rows)

    @property
    def previous_probability(self) -> float | None:
        """The previous forecast, for an earlier period; `None` if there was none."""
        change = self.explanation.change
        return None if change is None else change.probability

    @property
    def versions(self) -> dict[str, str]:
        """Versions by name."""
        return self.provenance.tools
