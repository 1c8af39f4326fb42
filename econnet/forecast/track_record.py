"""The track record of a task: the out-of-sample forecasts of a walk-forward run.

Econnet and its baselines forecast each past origin from what was known there.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from econnet.core.types import Floats
from econnet.evaluation import signals, walkforward
from econnet.evaluation.bootstrap import block_length
from econnet.evaluation.signals import Measure
from econnet.forecast.explain import importance
from econnet.forecast.explain.importance import Importance
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import PreviousForecast
from econnet.models import network_ensemble, pooling
from econnet.models.baselines import available
from econnet.models.baselines import models as baseline_models
from econnet.models.combination import PARTNERS, PRIOR, PRIOR_WEIGHTS
from econnet.models.pooling import Memoized
from econnet.models.windows import Model, Schedule, Window, make_windows
from econnet.runtime import workers


def replay(
    prepared: PreparedTask,
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
    windows = make_windows(prepared.features, task.frequency, prepared.origin, schedule)
    models_ = models_of(prepared, baselines, progress)
    if not measure_importance:
        return with_signals(
            windows, walkforward.forecast_windows(windows, models_), SIGNAL
        ), ()
    probes = importance.probes(windows, prepared.country.alpha3, task.seed)
    widened = [probe.window for probe in probes]
    forecasts = {name: models_[name](widened) for name in PRIOR}
    mixed = pooling.combine(windows, [*forecasts.values()], PRIOR_WEIGHTS)
    recalled = {
        name: partial(
            _recall, [of[: probe.own] for of, probe in zip(parts, probes, strict=True)]
        )
        for name, parts in {"econnet": mixed, **forecasts}.items()
    }
    record = walkforward.forecast_windows(windows, {**models_, **recalled})
    block = block_length(task.horizon, task.frequency)
    return (
        with_signals(windows, record, SIGNAL),
        importance.measured(probes, mixed, block, task.seed),
    )


def _recall(forecasts: list[Floats], _: Sequence[Window]) -> list[Floats]:
    return forecasts


def with_signals(
    windows: Sequence[Window],
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
                [
                    signals.real_time_signals(windows, of_model, measure)
                    for of_model in by_model
                ]
            )
            for column, measure in measures.items()
        }
    )


def models_of(
    prepared: PreparedTask,
    baselines: Collection[str],
    progress: Callable[[float], None] = lambda _: None,
) -> dict[str, Model]:
    """Return the models that a walk-forward run can forecast with: `econnet` first.

    Then the networks alone, their partners among the baselines, whether asked for or
    not, and those of the baselines that the data allow. `progress` is told the
    share of the work of all models that is done.
    """
    networks = Memoized(
        network_ensemble.model(WALK_FORWARD_MEMBERS, prepared.task.seed)
    )
    names = [
        name
        for name in available(prepared.features)
        if name in baselines or name in PARTNERS
    ]
    models_ = _reporting({"network": networks, **baseline_models(names)}, progress)
    parts: list[Model] = [models_[name] for name in PRIOR]
    return {"econnet": pooling.weighted(parts, PRIOR_WEIGHTS), **models_}


def _reporting(
    models_: Mapping[str, Model], progress: Callable[[float], None]
) -> dict[str, Model]:
    """Return the models, which report the share of all work that is done."""
    shares = dict.fromkeys(models_, 0.0)
    total = sum(COSTS.get(name, 1.0) for name in models_)

    def report(name: str, share: float) -> None:
        shares[name] = max(shares[name], share)
        done = sum(COSTS.get(model, 1.0) * of for model, of in shares.items())
        progress(done / total)

    def reporting(name: str, model: Model) -> Model:
        def forecast(windows: Sequence[Window]) -> list[Floats]:
            with workers.report_progress(partial(report, name)):
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


def historical_average(prepared: PreparedTask) -> float:
    """Return the share of the country's past in which the event happened."""
    alpha3, features = prepared.country.alpha3, prepared.features
    if prepared.task.event == "at":
        return float(prepared.label.values.loc[alpha3].mean())
    return float(np.nanmean(features.y[features.countries == alpha3]))


def replayed(prepared: PreparedTask, record: pd.DataFrame) -> PreviousForecast | None:
    """Return the out-of-sample forecast one origin earlier; `None` if there is none."""
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
    """Return the country's track record, with today's forecast as its last."""
    rows = record[record["country"] == prepared.country.alpha3].drop(columns="country")
    today = (rows["model"] == "econnet") & (rows["origin"] == prepared.origin)
    return rows.assign(
        probability=rows["probability"].mask(today, probability)
    ).reset_index(drop=True)
