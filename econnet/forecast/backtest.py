"""Backtest: the scores of a task's past forecasts, model by model.

A walk-forward run forecasts all countries that are trained together. The forecasts for
the requested countries whose outcome is known are scored.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from econnet.core.countries import Country
from econnet.core.errors import DataError
from econnet.core.notebook import html_table
from econnet.core.period_days import DayOfPeriod
from econnet.core.periods import PERIODS_A_YEAR
from econnet.core.task import Task
from econnet.data.cycle import chronologies
from econnet.data.sources.observations import Dataset
from econnet.evaluation import signals, walkforward
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.metrics import Scores
from econnet.evaluation.signals import Measure, Scorecard
from econnet.forecast import assessment, preparation, track_record
from econnet.forecast.assessment import PairedForecasts
from econnet.forecast.pools import learns_alone
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import ScoreIntervals
from econnet.forecast.training import part
from econnet.models.baselines import BASELINES
from econnet.models.windows import Schedule, make_windows
from econnet.runtime.blas import one_blas_thread

# Columns of signals, and the measure by which their real-time thresholds are chosen.
SIGNALS: Mapping[str, Measure] = {
    "signal": "f1",
    "balanced_signal": "balanced_accuracy",
}


@dataclass(frozen=True)
class ModelPerformance:
    """The performance of one model.

    Parameters
    ----------
    f1, hit_rate, false_alarm_rate, scorecard
        Of its signals at real-time thresholds that maximise F1; the rates are the
        shares of contractions and of expansions that were signalled, `None` if there
        were none.
    balanced_accuracy
        Of its signals at real-time thresholds that maximise it; `None` like the AUROC.
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
        Those whose forecasts are scored: with enough history and known outcomes.
    n_countries_trained
        Number of countries on whose history the models were trained.
    day
        The day of each period on which the forecasts were made.
    source, as_of
        The data, and the date up to which values count as known.
    share_in_real_time
        Share of values that are real-time data; the others are revised.
    left_out
        Models that failed, with a forecast that is not a number.
    track_record
        The scored forecasts, one row per model, country and origin: `model, country,
        origin, period, horizon, probability, outcome, signal`.
    performances, comparisons
        By model, and of econnet with each baseline.
    """

    task: Task
    schedule: Schedule
    countries: tuple[Country, ...]
    n_countries_trained: int
    day: DayOfPeriod
    source: str
    as_of: str
    share_in_real_time: float
    left_out: tuple[str, ...]
    track_record: pd.DataFrame
    performances: Mapping[str, ModelPerformance]
    comparisons: Mapping[str, Comparison]

    def __repr__(self) -> str:
        """Return what was scored, and econnet's scores, in one line."""
        scores = self.performances["econnet"].scores
        first, last = self.origins
        names = ", ".join(country.alpha3 for country in self.countries[:5])
        return (
            f"Backtest({names}, {self.task.name}, origins {first} to {last}: "
            f"econnet's Brier score {scores.brier:.3f} over {scores.n} forecasts, "
            f"{len(self.performances)} models)"
        )

    def _repr_html_(self) -> str:
        """Return the scores of every model as a table."""
        rows = [
            (name, scores.brier, scores.log_loss, scores.auroc, scores.n)
            for name, performance in self.performances.items()
            for scores in [performance.scores]
        ]
        header = ("model", "Brier", "log loss", "AUROC", "forecasts")
        return html_table(f"Backtest: {self.task.name}", header, rows)

    @property
    def origins(self) -> tuple[pd.Period, pd.Period]:
        """The first and the last scored origin."""
        origins = self.track_record["origin"]
        return origins.min(), origins.max()


def prepare_pools(
    known: Dataset,
    countries: Sequence[Country],
    task: Task,
    day: DayOfPeriod | None = None,
    *,
    skip_unfit: bool = False,
) -> list[PreparedTask]:
    """Return the prepared data, once for all countries trained together.

    `day` is the day of each period on which forecasts are made, by default the last.
    `DataError` is raised if a country lacks what the task needs; with `skip_unfit`, if
    all do.
    """
    groups: list[PreparedTask] = []
    problem = DataError("no country was given")
    for country in countries:
        if groups and skip_unfit and task.label in chronologies.load():
            break  # of one economy
        pool = next((group for group in groups if not group.alone), None)
        # The features of the pool include all of its countries that can be forecast.
        if (
            pool is not None
            and (skip_unfit or country.alpha3 in pool.features.countries)
            and not learns_alone(country, task, known)
        ):
            continue
        try:
            groups.append(preparation.prepare_backtest(known, country, task, day))
        except DataError as error:
            if not skip_unfit:
                raise
            problem = error
    if not groups:
        raise problem
    return groups


def run(
    prepared: Sequence[PreparedTask],
    countries: Sequence[Country],
    refit_every: int | None = None,
    start: pd.Period | None = None,
    baselines: Sequence[str] | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Backtest:
    """Return the scores of every model in a walk-forward run.

    Parameters
    ----------
    prepared
        From `prepare_pools`, for `countries`.
    refit_every
        Periods from one refit to the next; a year by default.
    start
        The first scored origin; by default the first with enough history.
    baselines
        Names of `BASELINES`, by default all; the base rate is always included, as skill
        is relative to it.
    progress
        Called with the share of the work that is done, from 0 to 1.
    """
    task = prepared[0].task
    schedule = Schedule(refit_every, task.rolling_years, start)
    wanted = {*(BASELINES if baselines is None else baselines), "base_rate"}
    chosen = [name for name in BASELINES if name in wanted]
    scored = {country.alpha3 for country in countries}
    record, left_out = track_record.without_failed(
        _track_records(prepared, scored, schedule, chosen, progress)
    )
    paired = PairedForecasts.of(record)
    contractions = pd.concat([group.label.values for group in prepared])
    contractions = contractions[~contractions.index.duplicated()]
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
        day=prepared[0].state.day,
        source=prepared[0].known.source,
        as_of=str(prepared[0].panel.as_of.date()),
        share_in_real_time=float(
            np.mean([group.panel.share_in_real_time for group in prepared])
        ),
        left_out=left_out,
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
    """Return the scored forecasts of all groups that have enough history."""
    records: list[pd.DataFrame] = []
    share = 1 / len(prepared)
    alone = {group.country.alpha3 for group in prepared if group.alone}
    for number, group in enumerate(prepared, 1):
        done = part(progress, (number - 1) * share, share)
        # A pool also contains the countries that are trained alone.
        of_group = {group.country.alpha3} if group.alone else scored - alone
        try:
            records.append(_track_record(group, of_group, schedule, baselines, done))
        except DataError:
            if number == len(prepared) and not records:
                raise
    record = pd.concat(records, ignore_index=True)
    if record.empty:
        raise DataError(
            "no outcome of a forecast is known yet: choose an earlier --start, or "
            "another --horizon"
        )
    # A country trained alone may have data for baselines that the others lack.
    everywhere = set.intersection(
        *(set(found["model"]) for found in records if len(found))
    )
    return record[record["model"].isin(everywhere)].reset_index(drop=True)


def _track_record(
    prepared: PreparedTask,
    scored: set[str],
    schedule: Schedule,
    baselines: Sequence[str],
    progress: Callable[[float], None],
) -> pd.DataFrame:
    """Return the scored forecasts, with signals by real-time thresholds."""
    features = prepared.features
    last = features.origins[np.isin(features.countries, list(scored))].max()
    windows = make_windows(features, prepared.task.frequency, last, schedule)
    models = track_record.models_of(prepared, baselines, progress)
    track_record.forecast_side_by_side(models, windows)
    record = walkforward.forecast_windows(windows, models)
    record = track_record.with_signals(windows, record, SIGNALS)
    return record[record["country"].isin(scored) & record["outcome"].notna()]


def _performances(
    record: pd.DataFrame, paired: PairedForecasts, contractions: pd.Series, task: Task
) -> dict[str, ModelPerformance]:
    """Return the performance of each model."""
    scores = assessment.scores_by_model(record)
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
            scorecard=signals.scorecard(rows, contractions, task.event),
        )
    return performances


def _share(flags: signals.Booleans) -> float | None:
    return float(flags.mean()) if len(flags) else None


def to_dict(result: Backtest) -> dict[str, Any]:
    """Return the document of `econnet backtest --json`.

    Differences are econnet minus the baseline: negative is good.
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
            "day": result.day.text(result.task.frequency),
            "source": result.source,
            "as_of": result.as_of,
            "share_in_real_time": result.share_in_real_time,
            "left_out": list(result.left_out),
            "version": version("econnet"),
        },
        "models": {
            name: _performance_to_dict(performance)
            for name, performance in result.performances.items()
        },
        "tests": {
            name: {**asdict(test), "log_loss": test.log_loss, "brier": test.brier}
            for name, test in result.comparisons.items()
        },
        "episodes": [
            asdict(episode)
            for episode in result.performances["econnet"].scorecard.episodes
        ],
    }


def _performance_to_dict(performance: ModelPerformance) -> dict[str, Any]:
    card = performance.scorecard
    return {
        **asdict(performance.scores),
        **{
            f"{name}_interval": interval
            for name, interval in asdict(performance.intervals).items()
        },
        "f1": performance.f1,
        "hit_rate": performance.hit_rate,
        "false_alarm_rate": performance.false_alarm_rate,
        "balanced_accuracy": performance.balanced_accuracy,
        "n_episodes": len(card.episodes),
        "n_episodes_called": len(card.called),
        "median_periods_early": card.median_periods_early,
        "signals": card.counts.signals,
        "signals_right": card.counts.right,
        "signals_wrong": card.counts.wrong,
        "false_alarms": len(card.false_alarms),
    }
