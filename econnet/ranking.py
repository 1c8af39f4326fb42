"""The use case of a report on many countries: one training, a forecast for each.

Networks that learn from all countries are the same for all of them: history is replayed
once, and the final ensemble is trained once for each origin in which countries stand
today. Countries that learn alone are trained one after another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import pandas as pd

from econnet import compute, forecast, preparation, replay
from econnet.answer import Forecast
from econnet.core.task import Task
from econnet.countries import Country
from econnet.errors import DataError
from econnet.evaluation.baselines import LIGHT
from econnet.forecaster import Forecaster, partners_of
from econnet.models import Ahead, Model
from econnet.preparation import Prepared
from econnet.replay import PoolRecord
from econnet.sources.observations import Known

# Share of the work that training takes, of which so much goes to replaying history and
# the rest to the final networks, an origin after another; the forecasts take the rest.
TRAINING = 0.5
REPLAY = 0.6


@dataclass(frozen=True)
class LeftOut:
    """A country without a forecast, and why."""

    country: Country
    reason: str


@dataclass(frozen=True, eq=False)
class Ranking:
    """Countries by how likely a contraction is.

    Parameters
    ----------
    forecasts
        The likeliest first; all of one task, each for the period after its own data.
    left_out
        In the order of their names.
    """

    task: Task
    forecasts: tuple[Forecast, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def periods(self) -> dict[pd.Period, int]:
        """How many forecasts are for each period, the newest first."""
        counts: dict[pd.Period, int] = {}
        for one in self.forecasts:
            counts[one.period] = counts.get(one.period, 0) + 1
        return dict(sorted(counts.items(), reverse=True))


# Finds a model that was trained before and fits; keeps one that was trained now, for
# all countries that share it.
Find = Callable[[Prepared], Model | None]
Keep = Callable[[Sequence[Prepared], Model], None]


def make(
    known: Known,
    countries: Sequence[Country],
    task: Task,
    as_of: pd.Timestamp | None = None,
    *,
    find: Find = lambda _: None,
    keep: Keep = lambda _members, _model: None,
    progress: Callable[[float], None] = lambda _: None,
) -> Ranking:
    """Return the forecasts of many countries, the likeliest contraction first.

    `progress` is told the share of the work that is done, from 0 to 1.

    Raises
    ------
    DataError
        None of them can be forecast.
    """
    left_out: dict[str, LeftOut] = {}

    def leave_out(country: Country, error: DataError) -> None:
        left_out[country.name] = LeftOut(country, str(error))

    groups = prepare(known, countries, task, as_of, leave_out)
    made: list[Forecast] = []
    total = sum(map(len, groups))
    for group in groups:
        done = len(made) / total
        share = len(group) / total
        told = _part(progress, done, share * TRAINING)
        try:
            trained = _train(group, find, keep, told)
        except DataError as error:
            for prepared in group:
                leave_out(prepared.country, error)
            continue
        made += _forecasts(
            trained,
            leave_out,
            _part(progress, done + share * TRAINING, share * (1 - TRAINING)),
        )
    progress(1.0)
    if not made:
        first = next(iter(left_out.values()))
        raise DataError(f"no country can be forecast; {first.reason}")
    made.sort(key=lambda it: (-it.probability, it.country.name))
    return Ranking(task, tuple(made), tuple(left_out[it] for it in sorted(left_out)))


def prepare(
    known: Known,
    countries: Sequence[Country],
    task: Task,
    as_of: pd.Timestamp | None,
    leave_out: Callable[[Country, DataError], None],
) -> list[list[Prepared]]:
    """Return what each country needs, those that learn together in one group."""
    groups: list[list[Prepared]] = []
    for country in countries:
        try:
            together = next(
                (it for it in groups if country.alpha3 in it[0].features.countries),
                None,
            )
            if together is None:
                groups.append([preparation.prepare(known, country, task, as_of)])
            else:
                together.append(preparation.for_country(together[0], country))
        except DataError as error:
            leave_out(country, error)
    return groups


@dataclass(frozen=True, eq=False)
class _Trained:
    """What is needed for a country's forecast."""

    prepared: Prepared
    model: Model
    pool: PoolRecord
    forecaster: Forecaster


def _train(
    group: Sequence[Prepared],
    find: Find,
    keep: Keep,
    progress: Callable[[float], None],
) -> list[_Trained]:
    """Return a model for each of the countries that learn together."""
    by_origin: dict[pd.Period, list[Prepared]] = {}
    for prepared in group:
        by_origin.setdefault(prepared.origin, []).append(prepared)
    found = {origin: find(members[0]) for origin, members in by_origin.items()}
    records: dict[int, pd.DataFrame] = {}
    if None in found.values():
        newest = by_origin[max(by_origin)][0]
        records = _replay(newest, _part(progress, 0, REPLAY))
    trained = []
    for number, (origin, members) in enumerate(by_origin.items(), 1):
        model = found[origin]
        if model is None:
            model = _finish(members, records)
            keep(members, model)
        pool = replay.pool_record(members[0].task, model.track_record)
        window = forecast.final_window(members[0])
        forecaster = Forecaster(
            model.network, partners_of(window), model.weights, window.scaler
        )
        trained += [_Trained(one, model, pool, forecaster) for one in members]
        progress(REPLAY + (1 - REPLAY) * number / len(by_origin))
    return trained


def _replay(
    newest: Prepared, progress: Callable[[float], None]
) -> dict[int, pd.DataFrame]:
    """Return the track record at each horizon of the outlook, the task's own first."""
    task = newest.task
    own, others = task.horizon, forecast.other_horizons(task)
    share = 1 / (1 + len(others))
    records = {own: replay.track_record(newest, LIGHT, _part(progress, 0, share))}
    for number, horizon in enumerate(others, 1):
        told = _part(progress, number * share, share)
        # From too short a history comes no forecast so far ahead.
        with suppress(DataError):
            ahead = preparation.at_horizon(newest, horizon)
            records[horizon] = replay.track_record(ahead, ["base_rate"], told)
    return records


def _finish(members: Sequence[Prepared], records: Mapping[int, pd.DataFrame]) -> Model:
    """Return the model of the countries that stand in one origin."""
    first = members[0]
    window = forecast.final_window(first)
    (_, record), *others = records.items()
    outlook = [
        ahead
        for horizon, other in others
        for ahead in _outlook(members, horizon, _until(first.origin, other))
    ]
    known = _until(first.origin, record)
    forecaster = forecast.learn(first, window, known)
    return Model(
        forecaster.network,
        forecaster.weights,
        window.scaler,
        known,
        forecast.fingerprint(first),
        tuple(outlook),
    )


def _outlook(
    members: Sequence[Prepared], horizon: int, record: pd.DataFrame
) -> list[Ahead]:
    """Return the forecast of each country at another horizon."""
    first = preparation.at_horizon(members[0], horizon)
    try:
        pool = replay.pool_record(first.task, record)
    except DataError:
        return []
    forecaster = forecast.learn(first, forecast.final_window(first), record)

    def make_one(member: Prepared) -> list[Ahead]:
        moved = replace(first, country=member.country, origin=member.origin)
        return forecast.ahead(moved, forecaster, record, pool)

    return [ahead for found in compute.each(make_one, members) for ahead in found]


def _until(origin: pd.Period, record: pd.DataFrame) -> pd.DataFrame:
    """Return the track record as it stood in an origin."""
    return record[record["origin"] <= origin].reset_index(drop=True)


def _forecasts(
    trained: Sequence[_Trained],
    leave_out: Callable[[Country, DataError], None],
    progress: Callable[[float], None],
) -> Iterator[Forecast]:
    """Yield the forecast of each country that has a track record."""

    def make_one(one: _Trained) -> Forecast | DataError:
        try:
            return forecast.make(
                one.prepared, one.model, pool=one.pool, forecaster=one.forecaster
            )
        except DataError as error:
            return error

    for start in range(0, len(trained), BLOCK):
        block = trained[start : start + BLOCK]
        for one, result in zip(block, compute.each(make_one, block), strict=True):
            if isinstance(result, DataError):
                leave_out(one.prepared.country, result)
            else:
                yield result
        progress((start + len(block)) / len(trained))


def _part(
    progress: Callable[[float], None], start: float, length: float
) -> Callable[[float], None]:
    """Return what tells the progress of a part of the work."""
    return lambda share: progress(start + length * share)


# Forecasts that are made side by side before their progress is told.
BLOCK = 8
