"""Backtest: how good the forecasts of a task have been, model by model.

History is replayed for all countries that learn together. Scored are the forecasts for
the countries asked for whose outcome is known; `evidence` scores them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from econnet.core.countries import Country
from econnet.core.errors import DataError
from econnet.core.periods import PERIODS_A_YEAR
from econnet.core.task import Task
from econnet.data.sources.observations import Dataset
from econnet.evaluation import signals, walkforward
from econnet.evaluation.bootstrap import DRAWS
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.metrics import Scores
from econnet.evaluation.signals import Measure, Scorecard
from econnet.forecast import assessment, preparation, track_record
from econnet.forecast.assessment import PairedForecasts
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import ScoreIntervals
from econnet.forecast.training import part
from econnet.models.baselines import BASELINES
from econnet.models.windows import Schedule, make_windows
from econnet.runtime.blas import one_blas_thread

# Models that are econnet's own, and not what it is compared with.
OWN = ("econnet", "network")

# Columns of signals, and the measure by which their thresholds are chosen in time.
SIGNALS: Mapping[str, Measure] = {
    "signal": "f1",
    "balanced_signal": "balanced_accuracy",
}


@dataclass(frozen=True)
class ModelPerformance:
    """The performance of one model.

    Parameters
    ----------
    intervals
        90% intervals of the scores.
    f1, hit_rate, false_alarm_rate
        Of its signals at thresholds that were chosen by F1 in time: the score itself,
        and the shares of contractions and of expansions that were signalled; these are
        `None` where there were no such.
    balanced_accuracy
        Of its signals at thresholds that were chosen by it in time; `None` like the
        AUROC.
    scorecard
        How the signals chosen by F1 met the episodes.
    """

    scores: Scores
    intervals: ScoreIntervals
    f1: float
    hit_rate: float | None
    false_alarm_rate: float | None
    balanced_accuracy: float | None
    scorecard: Scorecard


@dataclass(frozen=True, eq=False)
class Backtest:
    """The result of a backtest.

    Parameters
    ----------
    countries
        Those whose forecasts are scored: not those that have too little history, or
        whose outcomes are not known yet.
    n_countries_trained
        Those whose history the models learned from.
    source, as_of
        The data, and the date up to which values were taken as known.
    share_in_real_time
        Of the figures, the share of which it is known what they were at the time; the
        others are revised data.
    block
        Neighbouring periods that were drawn together.
    track_record
        The forecasts that are scored, one row per model, country and origin: `model,
        country, origin, period, horizon, probability, outcome, signal`.
    performances
        By model: `econnet` first, then `network` if it stands apart, and the baselines.
    comparisons
        By baseline: econnet less the baseline.
    """

    task: Task
    schedule: Schedule
    countries: tuple[Country, ...]
    n_countries_trained: int
    source: str
    as_of: str
    share_in_real_time: float
    block: int
    track_record: pd.DataFrame
    performances: Mapping[str, ModelPerformance]
    comparisons: Mapping[str, Comparison]

    @property
    def origins(self) -> tuple[pd.Period, pd.Period]:
        """The first and the last origin that are scored."""
        origins = self.track_record["origin"]
        return origins.min(), origins.max()


def prepare_pools(
    known: Dataset,
    countries: Sequence[Country],
    task: Task,
    as_of: pd.Timestamp | None = None,
    *,
    skip_unfit: bool = False,
) -> list[PreparedTask]:
    """Return what the task needs of the data, once for all that learn together.

    Parameters
    ----------
    skip_unfit
        Whether countries that lack what the task needs are left out.

    Raises
    ------
    DataError
        A country lacks what the task needs; with `skip_unfit`, all do.
    """
    groups: list[PreparedTask] = []
    problem = DataError("no country was asked for")
    for country in countries:
        if groups and country.alpha3 in groups[0].features.countries:
            continue
        # One that is not among the first's either learns alone or lacks something, and
        # the error names it.
        try:
            groups.append(preparation.prepare(known, country, task, as_of))
        except DataError as error:
            if not skip_unfit:
                raise
            problem = error
        else:
            if skip_unfit and task.pool == "all":
                break  # the first country has all others in it that can be forecast
    if not groups:
        raise problem
    return groups


def run(
    prepared: Sequence[PreparedTask],
    countries: Sequence[Country],
    refit_every: int | None = None,
    start: pd.Period | None = None,
    baselines: Sequence[str] = tuple(BASELINES),
    progress: Callable[[float], None] = lambda _: None,
) -> Backtest:
    """Replay history and score every model.

    Parameters
    ----------
    prepared
        From `prepare`, for `countries`.
    refit_every
        Periods from one refit to the next; a year by default.
    start
        The first origin that is scored; by default the first with enough history.
    baselines
        Names of `BASELINES`. The long-run rate is always among them, for skill is
        measured from it.
    progress
        Called with the share of the work that is done, from 0 to 1.

    Raises
    ------
    DataError
        There is too little history, or no outcome is known yet.
    """
    task = prepared[0].task
    schedule = Schedule(refit_every, task.rolling_years, start)
    chosen = [name for name in BASELINES if name in baselines or name == "base_rate"]
    asked = {country.alpha3 for country in countries}
    record = _track_records(prepared, asked, schedule, chosen, progress)
    paired = PairedForecasts.of(record, task)
    contractions = pd.concat([group.label.values for group in prepared])
    with one_blas_thread():
        performances = _performances(record, paired, contractions, task)
    return Backtest(
        task=task,
        schedule=schedule,
        countries=tuple(
            country for country in countries if country.alpha3 in set(record["country"])
        ),
        n_countries_trained=len(
            {country for group in prepared for country in group.features.countries}
        ),
        source=prepared[0].known.source,
        as_of=str(prepared[0].panel.as_of.date()),
        share_in_real_time=float(
            np.mean([group.panel.share_in_real_time for group in prepared])
        ),
        block=paired.block,
        track_record=record.drop(columns="balanced_signal"),
        performances=performances,
        comparisons=paired.comparisons(),
    )


def _track_records(
    prepared: Sequence[PreparedTask],
    scored: set[str],
    schedule: Schedule,
    baselines: Sequence[str],
    progress: Callable[[float], None],
) -> pd.DataFrame:
    """Return the forecasts that are scored, of all groups that have the history."""
    records: list[pd.DataFrame] = []
    problem: DataError | None = None
    share = 1 / len(prepared)
    for number, group in enumerate(prepared):
        done = part(progress, number * share, share)
        try:
            records.append(_track_record(group, scored, schedule, baselines, done))
        except DataError as error:
            problem = error
    if problem is not None and not records:
        raise problem
    record = pd.concat(records, ignore_index=True)
    if record.empty:
        raise DataError(
            "no outcome of a forecast is known yet: choose an earlier --start, or "
            "another --horizon"
        )
    return record


def _track_record(
    prepared: PreparedTask,
    scored: set[str],
    schedule: Schedule,
    baselines: Sequence[str],
    progress: Callable[[float], None],
) -> pd.DataFrame:
    """Return the forecasts that are scored, with signals by thresholds in real time."""
    features = prepared.features
    last = features.origins[np.isin(features.countries, list(scored))].max()
    windows = make_windows(features, prepared.task.frequency, last, schedule)
    models = track_record.models_of(prepared, baselines)
    records = []
    for done, (name, model) in enumerate(models.items(), 1):
        record = walkforward.forecast_windows(windows, {name: model})
        records.append(track_record.with_signals(windows, record, SIGNALS))
        progress(done / len(models))
    record = pd.concat(records, ignore_index=True)
    return record[record["country"].isin(scored) & record["outcome"].notna()]


def _performances(
    record: pd.DataFrame, paired: PairedForecasts, contractions: pd.Series, task: Task
) -> dict[str, ModelPerformance]:
    """Return the performance of each model."""
    scores = assessment.scores_by_model(record)
    patience = max(1, PERIODS_A_YEAR[task.frequency] // 2)
    performances = {}
    for model, rows in record.groupby("model", sort=False):
        name, outcome = str(model), paired.outcome
        signal = rows["signal"].to_numpy(dtype=bool)
        performances[name] = ModelPerformance(
            scores=scores[name],
            intervals=paired.intervals(name),
            f1=signals.f1(signal, outcome),
            hit_rate=_share(signal[outcome == 1]),
            false_alarm_rate=_share(signal[outcome == 0]),
            balanced_accuracy=signals.balanced_accuracy(
                rows["balanced_signal"].to_numpy(dtype=bool), outcome
            ),
            scorecard=signals.scorecard(rows, contractions, task.event, patience),
        )
    return performances


def _share(of: signals.Booleans) -> float | None:
    return float(of.mean()) if len(of) else None


def to_dict(result: Backtest) -> dict[str, Any]:
    """Return what `econnet backtest --json` prints.

    Differences are econnet less the baseline, so that below zero is good.
    """
    first, last = result.origins
    return {
        "task": {
            **asdict(result.task),
            "countries": [country.alpha3 for country in result.countries],
            "first_origin": str(first),
            "last_origin": str(last),
            "refit_every": result.schedule.refit_every
            or PERIODS_A_YEAR[result.task.frequency],
            "n_countries_trained": result.n_countries_trained,
            "source": result.source,
            "as_of": result.as_of,
            "share_in_real_time": result.share_in_real_time,
            "block": result.block,
            "draws": DRAWS,
            "version": version("econnet"),
        },
        "models": {
            name: _performance_to_dict(one) for name, one in result.performances.items()
        },
        "tests": {
            name: {**asdict(one), "log_loss": one.log_loss, "brier": one.brier}
            for name, one in result.comparisons.items()
        },
        "episodes": [
            asdict(one) for one in result.performances["econnet"].scorecard.episodes
        ],
    }


def _performance_to_dict(performance: ModelPerformance) -> dict[str, Any]:
    card = performance.scorecard
    return {
        **asdict(performance.scores),
        "auroc_interval": performance.intervals.auroc,
        "brier_interval": performance.intervals.brier,
        "log_loss_interval": performance.intervals.log_loss,
        "f1": performance.f1,
        "hit_rate": performance.hit_rate,
        "false_alarm_rate": performance.false_alarm_rate,
        "balanced_accuracy": performance.balanced_accuracy,
        "n_episodes": len(card.episodes),
        "n_episodes_called": len(card.called),
        "median_periods_early": card.median_periods_early,
        "false_alarms": card.n_false_alarms,
    }
