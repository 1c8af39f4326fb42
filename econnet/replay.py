"""History replayed for a task: econnet and its baselines, origin by origin.

`track_record` has what each model would have said. What it says of all its countries
together, and so what a probability has meant, is a `PoolRecord`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet import (
    compute,
    ensemble,
    importance,
)
from econnet.core.periods import PERIODS_A_YEAR
from econnet.core.task import Task
from econnet.core.types import Floats
from econnet.errors import DataError
from econnet.evaluation import (
    calibration,
    metrics,
    pooling,
    signals,
    walkforward,
)
from econnet.evaluation.baselines import available
from econnet.evaluation.baselines import models as baseline_models
from econnet.evaluation.metrics import Scores
from econnet.evaluation.pooling import Once
from econnet.evaluation.walkforward import Schedule
from econnet.forecaster import PARTNERS, PRIOR, PRIOR_WEIGHTS
from econnet.importance import Importance
from econnet.preparation import Prepared


def track_record(
    prepared: Prepared,
    baselines: Sequence[str],
    progress: Callable[[float], None],
) -> pd.DataFrame:
    """Return the track record of econnet and of baselines; all countries are in it.

    That of an earlier origin is its rows up to there.
    """
    windows = _windows(prepared)
    return _run(windows, models_of(prepared, baselines, progress))


def track_record_and_weights(
    prepared: Prepared,
    baselines: Collection[str],
    progress: Callable[[float], None],
) -> tuple[pd.DataFrame, tuple[Importance, ...]]:
    """Return the track record, and what econnet would lose without each indicator."""
    task = prepared.task
    windows = _windows(prepared)
    models_ = models_of(prepared, baselines, progress)
    probes = importance.probes(windows, prepared.country.alpha3, task.seed)
    wide = [probe.window for probe in probes]
    said = {name: models_[name](wide) for name in PRIOR}
    mixed = pooling.mixtures(windows, [*said.values()], PRIOR_WEIGHTS)
    told = {
        name: partial(
            _recall, [of[: probe.own] for of, probe in zip(parts, probes, strict=True)]
        )
        for name, parts in {"econnet": mixed, **said}.items()
    }
    record = _run(windows, {**models_, **told})
    block = max(task.horizon + 1, PERIODS_A_YEAR[task.frequency])
    return record, importance.measured(probes, mixed, block, task.seed)


def _recall(forecasts: list[Floats], _: Sequence[walkforward.Window]) -> list[Floats]:
    return forecasts


def _windows(prepared: Prepared) -> list[walkforward.Window]:
    task = prepared.task
    schedule = Schedule(rolling_years=task.rolling_years)
    return walkforward.windows(
        prepared.features, task.frequency, prepared.origin, schedule
    )


def _run(
    windows: Sequence[walkforward.Window], models_: Mapping[str, walkforward.Model]
) -> pd.DataFrame:
    """Return the track record of each model, and which forecasts were signals."""
    record = walkforward.run(windows, models_)
    return record.assign(signal=_signals(windows, record))


def _signals(
    windows: Sequence[walkforward.Window], record: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    """Return which forecasts of a walk-forward run were signals, model by model."""
    ends = np.cumsum([len(window.ahead) for window in windows])[:-1]
    given = [
        signals.given(windows, np.split(said.to_numpy(dtype=float), ends), "f1")
        for _, said in record.groupby("model", sort=False)["probability"]
    ]
    return np.concatenate(given)


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
    models_ = _told({"network": networks, **baseline_models(names)}, progress)
    parts: list[walkforward.Model] = [models_[name] for name in PRIOR]
    return {"econnet": pooling.weighted(parts, PRIOR_WEIGHTS), **models_}


def _told(
    models_: Mapping[str, walkforward.Model], progress: Callable[[float], None]
) -> dict[str, walkforward.Model]:
    """Return the models, which tell the share of the work of them all that is done."""
    shares = dict.fromkeys(models_, 0.0)
    total = sum(COSTS.get(name, 1.0) for name in models_)

    def tell(name: str, share: float) -> None:
        shares[name] = max(shares[name], share)
        done = sum(COSTS.get(it, 1.0) * of for it, of in shares.items())
        progress(done / total)

    def telling(name: str, model: walkforward.Model) -> walkforward.Model:
        def forecast(windows: Sequence[walkforward.Window]) -> list[Floats]:
            with compute.heard(partial(tell, name)):
                said = model(windows)
            tell(name, 1.0)
            return said

        return forecast

    return {name: telling(name, model) for name, model in models_.items()}


@dataclass(frozen=True, eq=False)
class PoolRecord:
    """What a track record says of all the countries in it together.

    Parameters
    ----------
    metrics, baselines
        Scores of econnet and of each baseline; `None` and none of one country alone.
    maps
        What econnet's probabilities have meant, from which intervals come.
    """

    metrics: Scores | None
    baselines: dict[str, Scores]
    maps: calibration.Maps


def pool_record(task: Task, record: pd.DataFrame) -> PoolRecord:
    """Return what the track record says of all its countries together.

    Raises
    ------
    DataError
        No outcome is known of any forecast in it.
    """
    scored = record[record["outcome"].notna()]
    if scored.empty:
        raise DataError(
            "the track record holds no forecast whose outcome is known: the data are "
            "too short; choose another --label or --frequency"
        )
    alone = len(set(scored["country"])) == 1
    scores = {} if alone else scores_by_model(scored)
    maps = calibration.maps(
        scored[scored["model"] == "econnet"],
        max(task.horizon + 1, PERIODS_A_YEAR[task.frequency]),
        task.seed,
    )
    return PoolRecord(scores.pop("econnet", None), scores, maps)


def scores_by_model(scored: pd.DataFrame) -> dict[str, Scores]:
    """Return the scores of each model, the base rate of the same rows being skill 0."""
    base_rate = scored.loc[scored["model"] == "base_rate", "probability"].to_numpy()
    return {
        str(name): metrics.score(rows, base_rate)
        for name, rows in scored.groupby("model", sort=False)
    }


WALK_FORWARD_MEMBERS = 4
# What models take beside each other, about, for the bar; one not named takes 1.
COSTS: Mapping[str, float] = {
    "network": 8.0,
    "extra_trees": 12.0,
    "random_forest": 20.0,
    "boosting": 20.0,
    "mlp": 20.0,
}
