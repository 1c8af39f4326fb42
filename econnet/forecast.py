"""The use case of train, forecast and report: from observations to a `Forecast`.

From what `preparation` made of the data, `train` walks forward through history and
trains the final ensemble; `make` puts the answer together, with the reasons for it and
the evidence that it is judged by. Only this module knows the whole story.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from econnet import ensemble, evidence, models, provenance, replay
from econnet.answer import Forecast, Previous, Weight
from econnet.core.periods import Frequency
from econnet.core.task import Task
from econnet.errors import DataError
from econnet.evaluation import (
    walkforward,
)
from econnet.evaluation.baselines import LIGHT
from econnet.forecaster import Forecaster, partners_of
from econnet.models import Ahead, Model
from econnet.preparation import Prepared, at_horizon
from econnet.reasons import Saying, named, reasons
from econnet.replay import PoolRecord
from econnet.whatif import Assumption


def train(
    prepared: Prepared,
    progress: Callable[[float], None] = lambda _: None,
    baselines: Collection[str] | None = None,
) -> Model:
    """Walk forward through history, then train the ensemble that forecasts today.

    Parameters
    ----------
    progress
        Is told the share of the work that is done, from 0 to 1.
    baselines
        Names of `BASELINES` to compare with, by default the light ones. The long-run
        rate is always among them, for skill is measured from it.
    """
    chosen = LIGHT if baselines is None else {*baselines, "base_rate"}
    others = other_horizons(prepared.task)
    done = 0

    def advance(share: float) -> None:
        progress((done + share) / (len(others) + 1))

    record, weighed = replay.track_record_and_weights(prepared, chosen, advance)
    window = final_window(prepared)
    forecaster = learn(prepared, window, record)
    outlook = []
    for horizon in others:
        done += 1
        outlook += _ahead(at_horizon(prepared, horizon), advance)
    progress(1.0)
    return Model(
        forecaster.network,
        forecaster.weights,
        window.scaler,
        record,
        fingerprint(prepared),
        tuple(outlook),
        weighed,
    )


def other_horizons(task: Task) -> list[int]:
    """Return the horizons of the outlook beside the task's own."""
    return [it for it in OUTLOOK[task.frequency] if it != task.horizon]


def learn(
    prepared: Prepared, window: walkforward.Window, record: pd.DataFrame
) -> Forecaster:
    """Return what forecasts today, trained on all that is known."""
    task = prepared.task
    return Forecaster.learn(window, record, task.members, task.seed)


def _ahead(prepared: Prepared, progress: Callable[[float], None]) -> list[Ahead]:
    """Return the forecast at another horizon; none from too short a history."""
    try:
        record = replay.track_record(prepared, ["base_rate"], progress)
        pool = replay.pool_record(prepared.task, record)
    except DataError:
        return []
    forecaster = learn(prepared, final_window(prepared), record)
    return ahead(prepared, forecaster, record, pool)


def ahead(
    prepared: Prepared,
    forecaster: Forecaster,
    record: pd.DataFrame,
    pool: PoolRecord,
) -> list[Ahead]:
    """Return a forecast in short; none where no past one of the country is scored."""
    said = _said_today(final_window(prepared), forecaster, pool)
    return _summary(prepared, *said, record)


def _summary(
    prepared: Prepared,
    probability: float,
    interval: tuple[float, float],
    record: pd.DataFrame,
) -> list[Ahead]:
    """Return a forecast in short; none where no past one of the country is scored."""
    task, alpha3 = prepared.task, prepared.country.alpha3
    scored = record[record["outcome"].notna() & (record["country"] == alpha3)]
    if scored.empty:
        return []
    period = str(prepared.origin + task.horizon)
    scores = replay.scores_by_model(scored)["econnet"]
    rate = evidence.base_rate(prepared)
    return [Ahead(alpha3, task.horizon, period, probability, interval, rate, scores)]


def _said_today(
    window: walkforward.Window, forecaster: Forecaster, pool: PoolRecord
) -> tuple[float, tuple[float, float]]:
    """Return the probability of the window's one row, and its 90% interval."""
    said = forecaster.members(window.figures_ahead)
    return float(ensemble.pooled(said)[0]), pool.maps.interval(said[:, 0])


def fingerprint(prepared: Prepared) -> str:
    """Return what a model must have been trained for, to fit.

    Countries that learn together and have the same origin can share one.
    """
    shared = prepared.task.pool == "all" and prepared.task.label != "nber"
    whose = str(prepared.origin) if shared else prepared.country.alpha3
    subject = (whose, prepared.task)
    return models.fingerprint(prepared.features, subject, version("econnet"))


def stored_model(prepared: Prepared, path: Path) -> Model | None:
    """Return the model in `path` if it fits: same data, task and version.

    Raises
    ------
    ValueError
        The file is not a model, is damaged, or too old to be read.
    DataError
        It is a newer econnet's.
    """
    try:
        model = models.load(path)
    except FileNotFoundError:
        return None
    return model if model.fingerprint == fingerprint(prepared) else None


def final_window(prepared: Prepared) -> walkforward.Window:
    """Return the window of the last origin, with the country's one row ahead."""
    made = prepared.features
    ahead = (made.countries == prepared.country.alpha3) & (
        made.origins == prepared.origin
    )
    return walkforward.window_at(
        made, prepared.origin, ahead, prepared.task.rolling_years
    )


def make(
    prepared: Prepared,
    model: Model,
    previous: Previous | None = None,
    assumptions: Sequence[Assumption] = (),
    pool: PoolRecord | None = None,
    forecaster: Forecaster | None = None,
) -> Forecast:
    """Return the answer for the country, and all that is needed to judge it.

    Parameters
    ----------
    previous
        The forecast to compare with; by default that of the replay, one origin before.
    assumptions
        Figures that are supposed to be others, for `what_if`.
    pool
        The `pool_record` of the model, where many countries share it.
    forecaster
        Of the model, likewise.
    """
    country, task, record = prepared.country, prepared.task, model.track_record
    judged = evidence.judgement(prepared, record)
    window = final_window(prepared)
    pool = pool or replay.pool_record(task, record)
    forecaster = forecaster or Forecaster(
        model.network, partners_of(window), model.weights, window.scaler
    )
    probability, interval = _said_today(window, forecaster, pool)
    before = previous or evidence.replayed(prepared, record)
    told = reasons(
        Saying(prepared, window, forecaster, probability), before, assumptions
    )
    this = _summary(prepared, probability, interval, record)
    others = [it for it in model.outlook if it.country == country.alpha3]
    target = prepared.panel.indicators[prepared.label.target]
    return Forecast(
        country=country,
        task=task,
        origin=prepared.origin,
        period=prepared.origin + task.horizon,
        probability=probability,
        interval=interval,
        base_rate=evidence.base_rate(prepared),
        previous_probability=before.probability if before else None,
        change=told.change,
        outlook=tuple(sorted([*this, *others], key=lambda it: it.horizon)),
        target_title=target.title,
        target_unit=target.unit,
        meaning=prepared.label.meaning,
        history=evidence.history(prepared),
        track_record=evidence.with_today(record, prepared, probability),
        metrics=judged.metrics,
        doubts=judged.doubts,
        comparisons=judged.comparisons,
        baselines=judged.baselines,
        pool_metrics=pool.metrics,
        pool_baselines=pool.baselines,
        reliability=judged.reliability,
        drivers=told.drivers,
        response_curves=told.response_curves,
        episodes=judged.episodes,
        false_alarms=judged.false_alarms,
        data=evidence.data_used(prepared),
        provenance=provenance.of(
            prepared.panel, prepared.known.observations["retrieved_at"].max()
        ),
        made_at=pd.Timestamp.now("UTC").isoformat(timespec="seconds"),
        what_if=told.what_if,
        importance=tuple(
            Weight(it.indicator, *named(prepared, it.indicator), it.loss, it.interval)
            for it in model.importance
        ),
    )


# Horizons that are forecast beside the one that is asked for.
OUTLOOK: Mapping[Frequency, tuple[int, ...]] = {
    "A": (1, 2),
    "Q": (1, 2, 3, 4),
    "M": (1, 3, 6, 12),
}
