"""The replay of history in a training: a walk-forward run, quicker than a backtest.

Windows have fewer networks, which are trained with fewer and larger steps; models are
refitted only when enough training rows are new; and forests have fewer trees or serve
several horizons. The forecasts are as good.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial

import numpy as np
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.periods import Frequency
from econnet.core.task import Task
from econnet.core.types import Floats
from econnet.data.features.design_matrix import DesignMatrix
from econnet.evaluation import walkforward
from econnet.forecast import preparation, track_record
from econnet.forecast.explain import importance
from econnet.forecast.explain.importance import Importance
from econnet.forecast.preparation import PreparedTask
from econnet.models import combination, pooling
from econnet.models.baselines import LEARNERS
from econnet.models.forests import FORESTS, ReplayForests, can_share
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.windows import Model, Schedule, Window, make_windows
from econnet.runtime import workers

Progress = Callable[[float], None]


def run(
    prepared: PreparedTask,
    baselines: Collection[str],
    progress: Progress,
    measure_importance: bool = False,
) -> tuple[pd.DataFrame, tuple[Importance, ...]]:
    """Return the track record of econnet and of baselines, and each input's importance.

    The record contains all countries. The importance is empty unless it is measured.
    """
    features = prepared.features
    windows = make_windows(
        features, prepared.task.frequency, prepared.origin, _schedule(prepared)
    )
    models = _models(prepared, baselines, progress, _trees(prepared))
    probes = (
        importance.make_probes(windows, prepared.country.alpha3, prepared.task.seed)
        if measure_importance
        else []
    )
    widened = [probe.window for probe in probes] or windows
    parts = [*combination.prior(features)]
    others = [name for name in LEARNERS if name in models and name not in parts]
    computed = workers.side_by_side(
        [partial(models[name], widened) for name in parts]
        + [partial(models[name], windows) for name in others]
    )
    forecasts = _with_econnet(windows, dict(zip(parts, computed, strict=False)))
    models |= {name: partial(_first_rows, of) for name, of in forecasts.items()}
    measured = importance.measure(probes, forecasts["econnet"]) if probes else ()
    return _record(windows, models), measured


def run_outlook(
    prepared: PreparedTask, horizons: Sequence[int], progress: Progress
) -> dict[int, pd.DataFrame]:
    """Return the track records of econnet and its parts at several horizons.

    The horizons share their origins, so that they can share forests, and so that more
    networks train together. One for which the history is too short is left out.
    """
    by_horizon = _aligned_windows(prepared, horizons)
    if not by_horizon:
        progress(1.0)
        return {}
    together = sorted(
        (window.origin, horizon, place)
        for horizon, windows in by_horizon.items()
        for place, window in enumerate(windows)
    )
    flat = [by_horizon[horizon][place] for _, horizon, place in together]
    trees = SHARE_OF_TREES if can_share(prepared.features) else _trees(prepared)
    models = _models(prepared, ["base_rate"], progress, trees)
    parts = combination.prior(prepared.features)
    found: dict[int, dict[str, list[Floats]]] = {
        horizon: {name: [np.empty(0)] * len(windows) for name in parts}
        for horizon, windows in by_horizon.items()
    }
    computed = workers.side_by_side([partial(models[name], flat) for name in parts])
    for name, forecasts in zip(parts, computed, strict=True):
        for (_, horizon, place), of in zip(together, forecasts, strict=True):
            found[horizon][name][place] = of
    records = {}
    for horizon, windows in by_horizon.items():
        of_horizon = _with_econnet(windows, found[horizon])
        recalled = {name: partial(_first_rows, of) for name, of in of_horizon.items()}
        records[horizon] = _record(windows, models | recalled)
    return records


def other_horizons(task: Task) -> list[int]:
    """Return the horizons of the outlook besides the task's."""
    return [horizon for horizon in OUTLOOK[task.frequency] if horizon != task.horizon]


def _trees(prepared: PreparedTask) -> float:
    """Return the share of a backtest's trees for one horizon: fewer for one country."""
    one_country = len(np.unique(prepared.features.countries)) == 1
    return SHARE_OF_TREES if one_country else 1.0


def _schedule(
    prepared: PreparedTask, origins: tuple[pd.Period, ...] | None = None
) -> Schedule:
    """Return the refits of a replay: at these origins, or when enough rows are new."""
    rolling_years = prepared.task.rolling_years
    if origins is not None:
        return Schedule(rolling_years=rolling_years, origins=origins)
    return Schedule(rolling_years=rolling_years, min_new_share=MIN_NEW_SHARE)


def _aligned_windows(
    prepared: PreparedTask, horizons: Sequence[int]
) -> dict[int, list[Window]]:
    """Return the windows at these horizons, with the origins of the longest."""
    windows: dict[int, list[Window]] = {}
    origins: tuple[pd.Period, ...] | None = None
    for horizon in sorted(horizons, reverse=True):
        features: DesignMatrix = preparation.at_horizon(prepared, horizon).features
        with suppress(DataError):
            windows[horizon] = make_windows(
                features,
                prepared.task.frequency,
                prepared.origin,
                _schedule(prepared, origins),
            )
            origins = origins or tuple(window.origin for window in windows[horizon])
    return dict(sorted(windows.items()))


def _models(
    prepared: PreparedTask,
    baselines: Collection[str],
    progress: Progress,
    share_of_trees: float,
) -> dict[str, Model]:
    """Return econnet, its parts and the baselines."""
    parts = combination.prior(prepared.features)
    forests = {
        name: ReplayForests(name, share_of_trees)
        for name in FORESTS
        if name in parts or name in baselines
    }
    return track_record.models_of(
        prepared,
        baselines,
        progress,
        members=MEMBERS,
        options=NETWORKS,
        instead=forests,
    )


def _with_econnet(
    windows: Sequence[Window], of_parts: Mapping[str, list[Floats]]
) -> dict[str, list[Floats]]:
    """Return the forecasts of econnet, then those of its parts."""
    prior = combination.prior(windows[0].features)
    weights = np.array([prior[name] for name in of_parts])
    combined = pooling.combine(windows, [*of_parts.values()], weights)
    return {"econnet": combined, **of_parts}


def _record(windows: Sequence[Window], models: Mapping[str, Model]) -> pd.DataFrame:
    """Return the track record with signals, without models that failed."""
    record, _ = track_record.without_failed(
        walkforward.forecast_windows(windows, models)
    )
    return track_record.with_signals(windows, record, track_record.SIGNAL)


def _first_rows(forecasts: Sequence[Floats], windows: Sequence[Window]) -> list[Floats]:
    """Return forecasts that were made before, without those of copies."""
    return [
        forecast[: len(window.ahead)]
        for forecast, window in zip(forecasts, windows, strict=True)
    ]


# What a replay saves, compared with a backtest; see docs/methodology.md for the trials.
MEMBERS = 2
# A quarter of the updates, with steps four times as large.
NETWORKS = EnsembleOptions(learning_rate=4e-2, min_epochs=5, min_updates=200)
MIN_NEW_SHARE = 0.05
SHARE_OF_TREES = 0.5
# Horizons of the outlook.
OUTLOOK: Mapping[Frequency, tuple[int, ...]] = {
    "A": (1, 2),
    "Q": (1, 2, 3, 4),
    "M": (1, 3, 6, 12),
}
