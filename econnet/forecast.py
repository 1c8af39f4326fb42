"""The use case of train, forecast and report: from observations to a `Forecast`."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from econnet.catalog import Frequency
from econnet.countries import Country
from econnet.evaluation.metrics import ReliabilityBin, Scores

Event = Literal["at"]


@dataclass(frozen=True)
class Task:
    """What is forecast, and with what.

    Parameters
    ----------
    frequency, target, label
        The panel's frequency, the indicator that is labelled and the rule's name.
    horizon
        Periods from the origin to the period that is forecast.
    pool
        `all` trains on every country that the panel has, `own` on the country alone.
    members
        Networks in the ensemble.
    """

    frequency: Frequency
    target: str = "real_gdp"
    label: str = "negative-growth"
    horizon: int = 1
    event: Event = "at"
    pool: Literal["all", "own"] = "all"
    members: int = 16
    seed: int = 0


@dataclass(frozen=True)
class Driver:
    """What one indicator adds to today's forecast, in log-odds (right: contraction)."""

    indicator: str
    title: str
    group: str
    contribution: float


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
    """A past contraction, and what was said of it one horizon earlier.

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
    """

    first: str
    last: str
    growth_percent: float | None
    said_for_first: float | None
    highest_said: float | None


@dataclass(frozen=True)
class SeriesUsed:
    """A series behind the forecast, as the report's data page shows it."""

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
    """

    source: str
    as_of: str
    first_period: str
    last_period: str
    next_due: str
    n_countries: int
    series: tuple[SeriesUsed, ...]


@dataclass(frozen=True, eq=False)
class Forecast:
    """The answer for one country, and all that is needed to judge it.

    Parameters
    ----------
    origin, period
        The period the forecast is made in, and the one it is made for.
    probability, interval
        Probability of contraction, and its 90% interval (low, high).
    base_rate
        Share of the country's past periods that contracted.
    previous_probability
        What was said out of sample one origin earlier, for the period before; `None`
        where nothing was.
    history
        Indexed by period: `growth` in percent on the period before (a year before for
        `year-on-year`), and `contraction`, 1 or 0; missing where not known.
    track_record
        Out-of-sample forecasts for this country, one row a model and origin: `model`
        (`econnet` or a baseline's name), `origin`, `period`, `probability`, `outcome`
        (missing where not known yet).
    metrics, baselines
        Scores of econnet and of each baseline for this country.
    pool_metrics, pool_baselines
        The same over all the countries that were trained on; `pool_metrics` is `None`
        where the country stands alone.
    reliability
        The country's track record by bins of probability.
    """

    country: Country
    task: Task
    origin: pd.Period
    period: pd.Period
    probability: float
    interval: tuple[float, float]
    base_rate: float
    previous_probability: float | None
    history: pd.DataFrame
    track_record: pd.DataFrame
    metrics: Scores
    baselines: dict[str, Scores]
    pool_metrics: Scores | None
    pool_baselines: dict[str, Scores]
    reliability: tuple[ReliabilityBin, ...]
    drivers: tuple[Driver, ...]
    response_curves: tuple[ResponseCurve, ...]
    episodes: tuple[Episode, ...]
    data: DataUsed
    versions: dict[str, str]
    made_at: str
