"""The track record of a task: the out-of-sample forecasts of a walk-forward run.

Econnet and its baselines forecast each past origin from what was known there.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from econnet.core.task import Task
from econnet.core.types import Floats
from econnet.evaluation import signals
from econnet.evaluation.signals import Measure
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import PreviousForecast
from econnet.models import combination, network_ensemble, pooling
from econnet.models.baselines import LEARNERS, available
from econnet.models.baselines import models as baseline_models
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.pooling import Memoized
from econnet.models.windows import Model, Window
from econnet.runtime import workers

NO_MODELS: Mapping[str, Model] = {}


def with_signals(
    windows: Sequence[Window],
    record: pd.DataFrame,
    measures: Mapping[str, Measure],
) -> pd.DataFrame:
    """Return a record of a walk-forward run with columns of signals.

    `measures` gives, by column, the measure that its real-time thresholds maximise.
    """
    ends = np.cumsum([len(window.ahead) for window in windows])[:-1]
    by_model = [
        np.split(probability.to_numpy(dtype=float), ends)
        for _, probability in record.groupby("model", sort=False)["probability"]
    ]
    return record.assign(
        **{
            column: np.concatenate(
                [
                    signals.real_time_signals(windows, forecasts, measure)
                    for forecasts in by_model
                ]
            )
            for column, measure in measures.items()
        }
    )


def models_of(
    prepared: PreparedTask,
    baselines: Collection[str],
    progress: Callable[[float], None] = lambda _: None,
    *,
    members: int | None = None,
    options: EnsembleOptions | None = None,
    instead: Mapping[str, Model] = NO_MODELS,
) -> dict[str, Model]:
    """Return the models of a walk-forward run, `econnet` first.

    Then the networks alone, their partners, and those of the `baselines` that the data
    allow.

    Parameters
    ----------
    progress
        Called with the share of the work that is done.
    members
        The number of networks in each window, by default `WALK_FORWARD_MEMBERS`, unless
        the task has a number of its own.
    options
        Those of the networks, by default the ones of all forecasts.
    instead
        Models that replace those of the same names.
    """
    features, task = prepared.features, prepared.task
    partners = combination.partners(features)
    names = [
        name for name in available(features) if name in baselines or name in partners
    ]
    own: dict[str, Model] = {
        combination.NETWORK: network_ensemble.model(
            _members(task, members or WALK_FORWARD_MEMBERS), task.seed, options
        ),
        **{name: model for name, model in partners.items() if name not in names},
    }
    memoized = {name: Memoized(model) for name, model in own.items()}
    replaced = {name: Memoized(model) for name, model in instead.items()}
    models = _reporting(memoized | baseline_models(names) | replaced, progress)
    prior = combination.prior(features)
    parts = [models[name] for name in prior]
    return {"econnet": pooling.weighted(parts, np.array([*prior.values()])), **models}


def forecast_side_by_side(
    models: Mapping[str, Model], windows: Sequence[Window]
) -> None:
    """Run the forecasts of `models_of` that consist of tasks, so that no core is idle.

    The models keep their forecasts as long as they are asked about the same windows.
    """
    of_tasks = {combination.NETWORK, *combination.MODELS, *LEARNERS}
    workers.side_by_side(
        [partial(models[name], windows) for name in models if name in of_tasks]
    )


def _members(task: Task, usual: int) -> int:
    """Return the number of networks in each window of a walk-forward run.

    It is that of the task, unless that is the default, which would take several times
    as long and change the forecasts little.
    """
    is_default = task.members == Task(task.frequency).members
    return usual if is_default else task.members


def without_failed(record: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a record without the models that failed, and their names.

    A model failed if any of its forecasts is not a number.
    """
    failed = record.loc[~np.isfinite(record["probability"]), "model"].unique()
    rest = record[~record["model"].isin(failed)].reset_index(drop=True)
    return rest, tuple(map(str, failed))


def _reporting(
    models: Mapping[str, Model], progress: Callable[[float], None]
) -> dict[str, Model]:
    """Return the models, which now report the share of the work that is done."""
    shares = dict.fromkeys(models, 0.0)
    total = sum(COSTS.get(name, 1.0) for name in models)

    def report(name: str, share: float) -> None:
        shares[name] = max(shares[name], share)
        done = sum(COSTS.get(model, 1.0) * part for model, part in shares.items())
        progress(done / total)

    def reporting(name: str, model: Model) -> Model:
        def forecast(windows: Sequence[Window]) -> list[Floats]:
            with workers.report_progress(partial(report, name)):
                forecasts = model(windows)
            report(name, 1.0)
            return forecasts

        return forecast

    return {name: reporting(name, model) for name, model in models.items()}


# Networks in each window of a backtest.
WALK_FORWARD_MEMBERS = 4
# Whether a forecast signalled a contraction, at the threshold that maximised F1 among
# earlier forecasts.
SIGNAL: Mapping[str, Measure] = {"signal": "f1"}
# Relative training times for the progress bar; 1 for the others.
COSTS: Mapping[str, float] = {
    "network": 8.0,
    "growth_network": 16.0,
    "extra_trees": 12.0,
    "random_forest": 20.0,
    "boosting": 20.0,
    "mlp": 20.0,
}


def historical_average(prepared: PreparedTask) -> float:
    """Return the share of the country's past in which the event happened."""
    alpha3, features = prepared.country.alpha3, prepared.features
    if prepared.task.event == "at":
        return float(prepared.label.values.loc[alpha3].mean())
    return float(np.nanmean(features.y[features.countries == alpha3]))


def replayed(prepared: PreparedTask, record: pd.DataFrame) -> PreviousForecast | None:
    """Return the out-of-sample forecast one origin earlier, if there is one."""
    origin = prepared.origin - 1
    rows = record[
        (record["model"] == "econnet")
        & (record["country"] == prepared.country.alpha3)
        & (record["origin"] == origin)
    ]
    if rows.empty:
        return None
    period = origin + prepared.task.horizon
    return PreviousForecast(None, origin, period, float(rows["probability"].iloc[0]))


def with_today(
    record: pd.DataFrame, prepared: PreparedTask, probability: float
) -> pd.DataFrame:
    """Return the country's track record, ending with today's forecast."""
    rows = record[record["country"] == prepared.country.alpha3].drop(columns="country")
    today = (rows["model"] == "econnet") & (rows["origin"] == prepared.origin)
    return rows.assign(
        probability=rows["probability"].mask(today, probability)
    ).reset_index(drop=True)
