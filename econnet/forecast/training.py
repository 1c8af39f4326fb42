"""Training: a walk-forward run, then the final ensemble on all that is known.

Countries trained together are a group; a country trained alone is a group of one. The
walk-forward runs once per group, up to its newest origin; the final ensemble is trained
once per origin. Each other horizon of the outlook costs as much again, so it is
trained only where it is needed, and saved with the model.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from itertools import chain
from threading import Lock

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.log_odds import probability
from econnet.core.types import Floats
from econnet.evaluation.calibration import CalibrationDraws
from econnet.evaluation.intervals import Interval, Periods
from econnet.evaluation.probability_interval import probability_interval
from econnet.forecast import assessment, preparation, replay, saved_model, track_record
from econnet.forecast.assessment import PoolAssessment
from econnet.forecast.explain.importance import Importance
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.provenance import SharedReplay, panel_digest
from econnet.forecast.result import Ahead
from econnet.forecast.saved_model import Model
from econnet.models import combination
from econnet.models.baselines import LIGHT
from econnet.models.combination import CombinedForecaster
from econnet.models.windows import Window, window_at, with_row_ahead
from econnet.runtime import workers

# Finds a stored model that fits; stores a new one for all countries that share it.
Find = Callable[[PreparedTask], Model | None]
Keep = Callable[[Sequence[PreparedTask], Model], None]
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Training:
    """What is trained and measured besides the forecast itself.

    Parameters
    ----------
    baselines
        Names of `BASELINES`.
    importance
        Whether permutation importance is measured, for the country with the newest
        origin.
    outlook
        Whether the other horizons of the outlook are trained.
    """

    baselines: Collection[str] = LIGHT
    importance: bool = False
    outlook: bool = True


def train_group(
    group: Sequence[PreparedTask],
    training: Training,
    *,
    find: Find = lambda _: None,
    keep: Keep = lambda _members, _model: None,
    progress: Progress = lambda _: None,
    replayed: PreparedTask | None = None,
) -> dict[pd.Period, Model]:
    """Return the model of each origin of a group of countries trained together.

    The track record is that of `replayed`, by default the country with the newest
    origin. `DataError` is raised if there is too little history.
    """
    by_origin: dict[pd.Period, list[PreparedTask]] = {}
    for prepared in group:
        by_origin.setdefault(prepared.origin, []).append(prepared)
    stored = {origin: find(members[0]) for origin, members in by_origin.items()}
    history = _replay(
        replayed or by_origin[max(by_origin)][0],
        training,
        task_needed=None in stored.values(),
        outlook_needed=any(_lacks_outlook(model) for model in stored.values()),
        progress=part(progress, 0, REPLAY),
    )
    trained: dict[pd.Period, Model] = {}
    origins = [*by_origin]
    for start in range(0, len(origins), ORIGINS_TOGETHER):
        together = origins[start : start + ORIGINS_TOGETHER]
        models = workers.side_by_side(
            [
                partial(
                    _completed, by_origin[origin], stored[origin], training, history
                )
                for origin in together
            ]
        )
        for origin, model in zip(together, models, strict=True):
            if model is not stored[origin]:
                keep(by_origin[origin], model)
            trained[origin] = model
        progress(REPLAY + (1 - REPLAY) * len(trained) / len(by_origin))
    return trained


def _completed(
    members: Sequence[PreparedTask],
    stored: Model | None,
    training: Training,
    history: "_History",
) -> Model:
    """Return the model of the countries with one origin, with what it lacks trained."""
    if not (training.outlook and _lacks_outlook(stored)):
        return stored or _final_model(members[0], history)
    model, outlook = workers.both(
        lambda: stored or _final_model(members[0], history),
        lambda: _outlook(members, history.outlook),
    )
    return replace(model, outlook=outlook)


def learns_with(prepared: PreparedTask) -> object:
    """Return what countries trained together have in common.

    They are forecast from the same columns on the same day of a period. One whose data
    end earlier shares the past forecasts up to its own last origin.
    """
    columns = tuple(column.name for column in prepared.features.columns)
    return prepared.state.day, columns


def _lacks_outlook(model: Model | None) -> bool:
    return model is None or model.outlook is None


@dataclass(frozen=True, eq=False)
class _History:
    """Track records of a group up to its newest origin.

    `replayed` is the country with that origin. `record` and `importance` are at the
    task's horizon, and empty if every model was stored; `outlook` has the track records
    at other horizons.
    """

    replayed: PreparedTask
    record: pd.DataFrame
    importance: tuple[Importance, ...]
    outlook: Mapping[int, pd.DataFrame]


def _replay(
    newest: PreparedTask,
    training: Training,
    *,
    task_needed: bool,
    outlook_needed: bool,
    progress: Progress,
) -> _History:
    """Return the track records that are needed, for the newest origin."""
    wanted = training.outlook and outlook_needed
    others = replay.other_horizons(newest.task) if wanted else []
    if not task_needed:
        outlook = replay.run_outlook(newest, others, progress)
        return _History(newest, pd.DataFrame(), (), outlook)
    if not others:
        found = replay.run(newest, training.baselines, progress, training.importance)
        return _History(newest, *found, outlook={})
    of_task, of_outlook = side_by_side_progress(progress, 2)
    (record, importance), outlook = workers.both(
        lambda: replay.run(newest, training.baselines, of_task, training.importance),
        lambda: replay.run_outlook(newest, others, of_outlook),
    )
    return _History(newest, record, importance, outlook)


def _shared_replay(
    prepared: PreparedTask, replayed: PreparedTask
) -> SharedReplay | None:
    """Return the replay of newer data that a country shares; `None` for its own."""
    if replayed.origin == prepared.origin:
        return None
    return SharedReplay(
        replayed.country.alpha3,
        replayed.state.date.isoformat(),
        panel_digest(replayed.panel),
    )


def side_by_side_progress(progress: Progress, parts: int) -> list[Progress]:
    """Return the progress functions of equal parts that advance side by side."""
    shares, one_at_a_time = [0.0] * parts, Lock()

    def advance(number: int, share: float) -> None:
        with one_at_a_time:
            shares[number] = share
            progress(sum(shares) / parts)

    return [partial(advance, number) for number in range(parts)]


def _final_model(prepared: PreparedTask, history: _History) -> Model:
    """Return the model of the countries with one origin, without its outlook."""
    window = final_window(prepared)
    record = _as_known_to(prepared, history.record)
    task = prepared.task
    forecaster = CombinedForecaster.learn(window, record, task.members, task.seed)
    return Model(
        forecaster.network,
        forecaster.weights,
        window.scaler,
        record,
        task_digest(prepared),
        importance=history.importance,
        partners=forecaster.partners,
        calibration=assessment.calibration_draws(prepared.task, record),
        shared_replay=_shared_replay(prepared, history.replayed),
    )


def _outlook(
    members: Sequence[PreparedTask], records: Mapping[int, pd.DataFrame]
) -> tuple[Ahead, ...]:
    """Return the forecasts at other horizons for the countries with one origin."""
    by_horizon = workers.side_by_side(
        [
            partial(_at_horizon, members, horizon, record)
            for horizon, record in records.items()
        ]
    )
    return tuple(chain.from_iterable(by_horizon))


def _at_horizon(
    members: Sequence[PreparedTask], horizon: int, record: pd.DataFrame
) -> list[Ahead]:
    """Return each country's forecast at another horizon."""
    first = preparation.at_horizon(members[0], horizon)
    record = _as_known_to(first, record)
    try:
        pool = assessment.assess_pool(first.task, record)
    except DataError:
        return []
    window = final_window(first)
    there = [replace(first, country=m.country, origin=m.origin) for m in members]
    rows = window.features.X[[_row_ahead(member) for member in there]]
    forecasts = learn_and_forecast(first, window, record, pool, rows)
    return [
        ahead
        for member, forecast in zip(there, forecasts, strict=True)
        for ahead in in_short(member, *forecast, record)
    ]


def learn_and_forecast(
    prepared: PreparedTask,
    window: Window,
    record: pd.DataFrame,
    pool: PoolAssessment,
    rows: Floats,
) -> list[tuple[float, Interval]]:
    """Return the probability of each row of raw features, and its 90% interval.

    The forecaster learns from the window, and is not kept.
    """
    task = prepared.task
    log_odds, disagreement = combination.learn_and_forecast(
        window, record, rows, task.members, task.seed
    )
    draws, runs = pool.calibration, independent_runs(window)
    return _with_intervals(log_odds, disagreement, draws, runs)


def todays_forecast(
    window: Window, forecaster: CombinedForecaster, pool: PoolAssessment
) -> tuple[float, Interval]:
    """Return the probability of the window's one row, and its 90% interval."""
    draws, runs = pool.calibration, independent_runs(window)
    (forecast,) = with_intervals(window.raw_ahead, forecaster, draws, runs)
    return forecast


def with_intervals(
    raw: Floats, forecaster: CombinedForecaster, draws: CalibrationDraws, runs: float
) -> list[tuple[float, Interval]]:
    """Return the probability of each row of raw features, and its 90% interval.

    `draws` are the calibration maps of the track record, `runs` the
    `independent_runs` of the window that the forecaster learned from.
    """
    return _with_intervals(*forecaster.forecast(raw), draws, runs)


def _with_intervals(
    log_odds: Floats, disagreement: Floats, draws: CalibrationDraws, runs: float
) -> list[tuple[float, Interval]]:
    """Return the probability of each row, and its 90% interval."""
    return [
        (
            float(probability(of_row)),
            probability_interval(
                float(of_row),
                draws.error(float(of_row)),
                float(models_differ_by),
                runs,
            ),
        )
        for of_row, models_differ_by in zip(log_odds, disagreement, strict=True)
    ]


def independent_runs(window: Window) -> float:
    """Return the number of runs of contractions among the training rows.

    Those of countries that contract together count for less, by the design effect.
    """
    features, rows = window.features, window.train
    outcomes = pd.DataFrame(
        {
            "country": features.countries[rows],
            "period": features.origins[rows],
            "outcome": window.y_train,
        }
    )
    return max(1, Periods.of(outcomes).spells) / window.design_effect


def in_short(
    prepared: PreparedTask,
    probability: float,
    interval: tuple[float, float],
    record: pd.DataFrame,
) -> list[Ahead]:
    """Return a summary of a forecast; none if no past one of the country is scored."""
    task, alpha3 = prepared.task, prepared.country.alpha3
    scored = record[record["outcome"].notna() & (record["country"] == alpha3)]
    if scored.empty:
        return []
    period = str(prepared.origin + task.horizon)
    scores = assessment.scores_by_model(scored)["econnet"]
    rate = track_record.historical_average(prepared)
    skill = assessment.skill(scored)
    return [
        Ahead(alpha3, task.horizon, period, probability, interval, rate, scores, skill)
    ]


def final_window(prepared: PreparedTask) -> Window:
    """Return the window of the last origin, with the country's one row ahead."""
    return window_at(
        prepared.features,
        prepared.origin,
        _is_ahead(prepared),
        prepared.task.rolling_years,
    )


def _is_ahead(prepared: PreparedTask) -> npt.NDArray[np.bool_]:
    """Return which row of the features is that of the country and its origin."""
    features = prepared.features
    of_country = features.countries == prepared.country.alpha3
    here: npt.NDArray[np.bool_] = of_country & (features.origins == prepared.origin)
    return here


def _row_ahead(prepared: PreparedTask) -> int:
    """Return the position of the row of the country and its origin."""
    (row,) = np.flatnonzero(_is_ahead(prepared))
    return int(row)


def window_of_country(window: Window, prepared: PreparedTask) -> Window:
    """Return the final window of a country that shares its model with another.

    `window` is that of the other country. Both learn from the same rows.
    """
    return with_row_ahead(window, prepared.features, _row_ahead(prepared))


def task_digest(prepared: PreparedTask) -> str:
    """Return the digest by which a stored model fits.

    It is the same for countries that are trained together and have the same origin. It
    covers the day up to which values are used, not the date on which the forecast is
    made.
    """
    key = prepared.country.alpha3 if prepared.alone else str(prepared.origin)
    day = str(prepared.state.used_until.date())
    subject = (key, day, replace(prepared.task, as_of=None))
    return saved_model.model_digest(prepared.features, subject, version("econnet"))


def _as_known_to(prepared: PreparedTask, record: pd.DataFrame) -> pd.DataFrame:
    """Return a track record up to a country's origin, with the outcomes known there."""
    record = record[record["origin"] <= prepared.origin].reset_index(drop=True)
    features = prepared.features
    rows = features.index.get_indexer(
        pd.MultiIndex.from_frame(record[["country", "origin"]])
    )
    outcome = np.where(rows >= 0, features.y[rows], np.nan)
    return record.assign(outcome=outcome)


def part(progress: Progress, start: float, length: float) -> Progress:
    """Return the progress function for a part of the work."""
    return lambda share: progress(start + length * share)


# Origins whose final networks train side by side.
ORIGINS_TOGETHER = 8
# Share of training that the walk-forward run takes; the final networks take the rest.
REPLAY = 0.6
