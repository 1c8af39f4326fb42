"""The track record of a task: the out-of-sample forecasts of a walk-forward run.

Econnet and its baselines forecast each past origin from what was known there.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from econnet import compute, ensemble, importance
from econnet.core.types import Floats
from econnet.evaluation import pooling, signals, walkforward
from econnet.evaluation.baselines import available
from econnet.evaluation.baselines import models as baseline_models
from econnet.evaluation.bootstrap import block_length
from econnet.evaluation.pooling import Once
from econnet.evaluation.signals import Measure
from econnet.evaluation.walkforward import Schedule
from econnet.forecaster import PARTNERS, PRIOR, PRIOR_WEIGHTS
from econnet.importance import Importance
from econnet.preparation import Prepared


def track_record(
    prepared: Prepared,
    baselines: Collection[str],
    progress: Callable[[float], None],
    measure_importance: bool = False,
) -> tuple[pd.DataFrame, tuple[Importance, ...]]:
    """Return the track record of econnet and of baselines, and each input's importance.

    All countries are in the record; that of an earlier origin is its rows up to there.
    The importance is empty unless it is measured.
    """
    task = prepared.task
    schedule = Schedule(rolling_years=task.rolling_years)
    windows = walkforward.windows(
        prepared.features, task.frequency, prepared.origin, schedule
    )
    models_ = models_of(prepared, baselines, progress)
    if not measure_importance:
        return with_signals(windows, walkforward.run(windows, models_), SIGNAL), ()
    probes = importance.probes(windows, prepared.country.alpha3, task.seed)
    widened = [probe.window for probe in probes]
    forecasts = {name: models_[name](widened) for name in PRIOR}
    mixed = pooling.mixtures(windows, [*forecasts.values()], PRIOR_WEIGHTS)
    recalled = {
        name: partial(
            _recall, [of[: probe.own] for of, probe in zip(parts, probes, strict=True)]
        )
        for name, parts in {"econnet": mixed, **forecasts}.items()
    }
    record = walkforward.run(windows, {**models_, **recalled})
    block = block_length(task.horizon, task.frequency)
    return (
        with_signals(windows, record, SIGNAL),
        importance.measured(probes, mixed, block, task.seed),
    )


def _recall(forecasts: list[Floats], _: Sequence[walkforward.Window]) -> list[Floats]:
    return forecasts


def with_signals(
    windows: Sequence[walkforward.Window],
    record: pd.DataFrame,
    measures: Mapping[str, Measure],
) -> pd.DataFrame:
    """Return a record of a walk-forward run with columns of its signals.

    Parameters
    ----------
    measures
        By column, the measure by which its thresholds are chosen in time.
    """
    ends = np.cumsum([len(window.ahead) for window in windows])[:-1]
    by_model = [
        np.split(probability.to_numpy(dtype=float), ends)
        for _, probability in record.groupby("model", sort=False)["probability"]
    ]
    return record.assign(
        **{
            column: np.concatenate(
                [signals.given(windows, of_model, measure) for of_model in by_model]
            )
            for column, measure in measures.items()
        }
    )


def models_of(
    prepared: Prepared,
    baselines: Collection[str],
    progress: Callable[[float], None] = lambda _: None,
) -> dict[str, walkforward.Model]:
    """Return the models that a walk-forward run can forecast with: `econnet` first.

    Then the networks alone, their partners among the baselines, whether asked for or
    not, and those of the baselines that the data allow. `progress` is told the
    share of the work of all models that is done.
    """
    networks = Once(ensemble.model(WALK_FORWARD_MEMBERS, prepared.task.seed))
    names = [
        name
        for name in available(prepared.features)
        if name in baselines or name in PARTNERS
    ]
    models_ = _reporting({"network": networks, **baseline_models(names)}, progress)
    parts: list[walkforward.Model] = [models_[name] for name in PRIOR]
    return {"econnet": pooling.weighted(parts, PRIOR_WEIGHTS), **models_}


def _reporting(
    models_: Mapping[str, walkforward.Model], progress: Callable[[float], None]
) -> dict[str, walkforward.Model]:
    """Return the models, which report the share of all work that is done."""
    shares = dict.fromkeys(models_, 0.0)
    total = sum(COSTS.get(name, 1.0) for name in models_)

    def report(name: str, share: float) -> None:
        shares[name] = max(shares[name], share)
        done = sum(COSTS.get(model, 1.0) * of for model, of in shares.items())
        progress(done / total)

    def reporting(name: str, model: walkforward.Model) -> walkforward.Model:
        def forecast(windows: Sequence[walkforward.Window]) -> list[Floats]:
            with compute.heard(partial(report, name)):
                forecasts = model(windows)
            report(name, 1.0)
            return forecasts

        return forecast

    return {name: reporting(name, model) for name, model in models_.items()}


WALK_FORWARD_MEMBERS = 4
# The column that says whether a forecast was one of contraction, at a threshold that
# F1 chose among the forecasts before it.
SIGNAL: Mapping[str, Measure] = {"signal": "f1"}
# What models take beside each other, about, for the bar; one not named takes 1.
COSTS: Mapping[str, float] = {
    "network": 8.0,
    "extra_trees": 12.0,
    "random_forest": 20.0,
    "boosting": 20.0,
    "mlp": 20.0,
}
