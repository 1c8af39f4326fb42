"""The use case of backtest: how good such forecasts have been, model by model.

History is replayed for all countries that learn together; what is scored are the
forecasts for the countries asked for, whose outcome is known. Every model is scored on
the same forecasts, and every interval rests on the same draws of blocks of periods, so
that models can be compared draw by draw.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from econnet import preparation, replay
from econnet.answer import Task
from econnet.countries import Country
from econnet.errors import DataError
from econnet.evaluation import comparison, metrics, signals, walkforward
from econnet.evaluation.baselines import BASELINES
from econnet.evaluation.bootstrap import DRAWS, Interval, Resample, interval
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.metrics import Scores
from econnet.evaluation.signals import Scorecard
from econnet.evaluation.walkforward import Schedule
from econnet.features import Floats
from econnet.panel import PERIODS_A_YEAR
from econnet.preparation import Prepared
from econnet.runtime.blas import one_blas_thread
from econnet.sources.observations import Known

# Models that are econnet's own, and not what it is compared with.
OWN = ("econnet", "network")


@dataclass(frozen=True)
class Performance:
    """How one model did.

    Parameters
    ----------
    auroc_interval, brier_interval, log_loss_interval
        90% intervals, from blocks of periods drawn again; the first is `None` where
        there was no contraction, or nothing else.
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
    auroc_interval: Interval | None
    brier_interval: Interval
    log_loss_interval: Interval
    f1: float
    hit_rate: float | None
    false_alarm_rate: float | None
    balanced_accuracy: float | None
    scorecard: Scorecard


@dataclass(frozen=True, eq=False)
class Backtest:
    """What a backtest found.

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
        The forecasts that are scored, one row a model, country and origin: `model,
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
    performances: Mapping[str, Performance]
    comparisons: Mapping[str, Comparison]

    @property
    def origins(self) -> tuple[pd.Period, pd.Period]:
        """The first and the last origin that are scored."""
        origins = self.track_record["origin"]
        return origins.min(), origins.max()


def prepare(
    known: Known,
    countries: Sequence[Country],
    task: Task,
    as_of: pd.Timestamp | None = None,
) -> list[Prepared]:
    """Return what the task needs of the data, once for all that learn together.

    Raises
    ------
    DataError
        A country lacks what the task needs.
    """
    first = preparation.prepare(known, countries[0], task, as_of)
    together = set(first.features.countries)
    # One that is not among them either learns alone or lacks something: then this says
    # what.
    return [first] + [
        preparation.prepare(known, country, task, as_of)
        for country in countries[1:]
        if country.alpha3 not in together
    ]


def prepare_what_can(
    known: Known,
    countries: Sequence[Country],
    task: Task,
    as_of: pd.Timestamp | None = None,
) -> list[Prepared]:
    """Return the same for those of the countries that have what the task needs.

    Raises
    ------
    DataError
        None has.
    """
    prepared: list[Prepared] = []
    why = DataError("no country was asked for")
    for country in countries:
        try:
            prepared.append(preparation.prepare(known, country, task, as_of))
        except DataError as error:
            why = error
        else:
            if task.pool == "all":
                break  # all others that can are in it
    if not prepared:
        raise why
    return prepared


def run(
    prepared: Sequence[Prepared],
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
        Periods from one refit to the next; a year unless told.
    start
        The first origin that is scored; unless told, the first with enough history.
    baselines
        Names of `BASELINES`. The long-run rate is always among them, for skill is
        measured from it.
    progress
        Is told the share of the work that is done, from 0 to 1.

    Raises
    ------
    DataError
        There is too little history, or no outcome is known yet.
    """
    task = prepared[0].task
    schedule = Schedule(refit_every, task.rolling_years, start)
    chosen = [name for name in BASELINES if name in baselines or name == "base_rate"]
    asked = {country.alpha3 for country in countries}
    records: list[pd.DataFrame] = []
    why: DataError | None = None
    for number, one in enumerate(prepared):

        def so_far(share: float, done: int = number) -> None:
            progress((done + share) / len(prepared))

        try:
            records.append(_track_record(one, asked, schedule, chosen, so_far))
        except DataError as error:
            why = error
    if why is not None and not records:
        raise why
    record = pd.concat(records, ignore_index=True)
    if record.empty:
        raise DataError(
            "no outcome of a forecast is known yet: choose an earlier --start, or "
            "another --horizon"
        )
    block = max(task.horizon + 1, PERIODS_A_YEAR[task.frequency])
    marks = pd.concat([one.label.values for one in prepared])
    with one_blas_thread():
        performances, comparisons = _judge(record, marks, task, block)
    return Backtest(
        task=task,
        schedule=schedule,
        countries=tuple(
            country for country in countries if country.alpha3 in set(record["country"])
        ),
        n_countries_trained=len(
            {country for one in prepared for country in one.features.countries}
        ),
        source=prepared[0].known.source,
        as_of=str(prepared[0].panel.as_of.date()),
        share_in_real_time=float(
            np.mean([one.panel.share_in_real_time for one in prepared])
        ),
        block=block,
        track_record=record.drop(columns="balanced_signal"),
        performances=performances,
        comparisons=comparisons,
    )


def _track_record(
    prepared: Prepared,
    scored: set[str],
    schedule: Schedule,
    baselines: Sequence[str],
    progress: Callable[[float], None],
) -> pd.DataFrame:
    """Return the forecasts that are scored, with the signals of their time."""
    made = prepared.features
    last = made.origins[np.isin(made.countries, list(scored))].max()
    windows = walkforward.windows(made, prepared.task.frequency, last, schedule)
    models = replay.models_of(prepared, baselines)
    records = []
    for done, (name, model) in enumerate(models.items()):
        record = walkforward.run(windows, {name: model})
        said = np.split(
            record["probability"].to_numpy(dtype=float),
            np.cumsum([len(window.ahead) for window in windows])[:-1],
        )
        records.append(
            record.assign(
                signal=signals.given(windows, said, "f1"),
                balanced_signal=signals.given(windows, said, "balanced_accuracy"),
            )
        )
        progress((done + 1) / len(models))
    record = pd.concat(records, ignore_index=True)
    return record[record["country"].isin(scored) & record["outcome"].notna()]


def _judge(
    record: pd.DataFrame, marks: pd.Series, task: Task, block: int
) -> tuple[dict[str, Performance], dict[str, Comparison]]:
    """Return how each model did, and how econnet did beside each baseline."""
    by_model = {str(name): rows for name, rows in record.groupby("model", sort=False)}
    ours = by_model["econnet"]
    drawn = Resample.draw(
        ours["period"], block, DRAWS, np.random.default_rng(task.seed)
    )
    base_rate = _probability(by_model["base_rate"])
    performances = {
        name: _performance(rows, base_rate, marks, task, drawn)
        for name, rows in by_model.items()
    }
    outcome = ours["outcome"].to_numpy(dtype=float)
    comparisons = {
        name: comparison.compare(
            _probability(ours), _probability(rows), outcome, drawn, block
        )
        for name, rows in by_model.items()
        if name not in OWN
    }
    return performances, comparisons


def _performance(
    rows: pd.DataFrame,
    base_rate: Floats,
    marks: pd.Series,
    task: Task,
    drawn: Resample,
) -> Performance:
    probability = _probability(rows)
    outcome = rows["outcome"].to_numpy(dtype=float)
    signal = rows["signal"].to_numpy(dtype=bool)
    scores = metrics.score(rows, base_rate)
    return Performance(
        scores=scores,
        auroc_interval=(
            None
            if scores.auroc is None
            else interval(drawn.aurocs(probability, outcome))
        ),
        brier_interval=interval(drawn.means(metrics.brier_costs(probability, outcome))),
        log_loss_interval=interval(
            drawn.means(metrics.log_loss_costs(probability, outcome))
        ),
        f1=signals.f1(signal, outcome),
        hit_rate=_share(signal[outcome == 1]),
        false_alarm_rate=_share(signal[outcome == 0]),
        balanced_accuracy=signals.balanced_accuracy(
            rows["balanced_signal"].to_numpy(dtype=bool), outcome
        ),
        scorecard=signals.scorecard(
            rows, marks, task.event, max(1, PERIODS_A_YEAR[task.frequency] // 2)
        ),
    )


def _share(of: signals.Booleans) -> float | None:
    return float(of.mean()) if len(of) else None


def _probability(rows: pd.DataFrame) -> Floats:
    return rows["probability"].to_numpy(dtype=float)


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


def _performance_to_dict(one: Performance) -> dict[str, Any]:
    card = one.scorecard
    return {
        **asdict(one.scores),
        "auroc_interval": one.auroc_interval,
        "brier_interval": one.brier_interval,
        "log_loss_interval": one.log_loss_interval,
        "f1": one.f1,
        "hit_rate": one.hit_rate,
        "false_alarm_rate": one.false_alarm_rate,
        "balanced_accuracy": one.balanced_accuracy,
        "n_episodes": len(card.episodes),
        "n_episodes_called": len(card.called),
        "median_periods_early": card.median_periods_early,
        "false_alarms": card.false_alarms,
    }
