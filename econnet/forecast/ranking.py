"""Ranking of countries by the probability of a contraction.

A network that learns from all countries is trained once for all of them. Countries with
models of their own are trained one after another.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from econnet.core.countries import Country
from econnet.core.errors import DataError
from econnet.core.notebook import html_table
from econnet.core.task import Task
from econnet.data.sources.observations import Dataset
from econnet.forecast import country as country_forecast
from econnet.forecast import preparation, training
from econnet.forecast.country import Shared
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import Forecast, PreviousForecast
from econnet.forecast.saved_model import Model
from econnet.forecast.training import Find, Keep, Progress, Training, part
from econnet.runtime import workers

# Returns the earlier forecast that a country's is compared with; takes each forecast,
# with the model that made it and the runs of contractions that it learned from.
Previous = Callable[[PreparedTask], PreviousForecast | None]
Made = Callable[[PreparedTask, Model, float, Forecast], None]

# Share of the work that training takes; the forecasts take the rest.
TRAINING = 0.5


@dataclass(frozen=True)
class LeftOut:
    """A country without a forecast, and why."""

    country: Country
    reason: str


@dataclass(frozen=True, eq=False)
class Ranking:
    """Countries by the probability of a contraction.

    Parameters
    ----------
    forecasts
        Highest probability first; all of one task, each for the period after its own
        data.
    left_out
        Sorted by name.
    """

    task: Task
    forecasts: tuple[Forecast, ...]
    left_out: tuple[LeftOut, ...]

    def __repr__(self) -> str:
        """Return the countries with the highest probabilities in one line."""
        first = ", ".join(
            f"{answer.country.name} {answer.probability:.0%}"
            for answer in self.forecasts[:3]
        )
        left = f", {len(self.left_out)} left out" if self.left_out else ""
        return f"Ranking({len(self.forecasts)} countries: {first}, ...{left})"

    def _repr_html_(self) -> str:
        """Return the countries as a table, the highest probability first."""
        rows = [
            (
                answer.country.name,
                answer.period,
                f"{answer.probability:.0%}",
                f"{answer.interval[0]:.0%} to {answer.interval[1]:.0%}",
                f"{answer.base_rate:.0%}",
            )
            for answer in self.forecasts
        ]
        header = ("country", "period", "probability", "90% interval", "average")
        return html_table(f"Ranking: {self.task.name}", header, rows)

    @property
    def periods(self) -> dict[pd.Period, int]:
        """The number of forecasts for each period, newest first."""
        counts = Counter(forecast.period for forecast in self.forecasts)
        return dict(sorted(counts.items(), reverse=True))


def rank(
    known: Dataset,
    countries: Sequence[Country],
    task: Task,
    *,
    find: Find = lambda _: None,
    keep: Keep = lambda _members, _model: None,
    previous: Previous = lambda _: None,
    made: Made = lambda _prepared, _model, _runs, _forecast: None,
    progress: Progress = lambda _: None,
) -> Ranking:
    """Return the forecasts of many countries, the highest probability first.

    A forecast is compared with `previous`, by default the track record's one origin
    earlier. `DataError` is raised if none can be forecast.
    """
    left_out: dict[str, LeftOut] = {}

    def leave_out(country: Country, error: DataError) -> None:
        left_out[country.name] = LeftOut(country, str(error))

    groups = prepare_groups(known, countries, task, leave_out)
    forecasts: list[Forecast] = []
    total = sum(map(len, groups))
    for group in groups:
        done = part(progress, len(forecasts) / total, len(group) / total)
        try:
            trained = training.train_group(
                group,
                Training(),
                find=find,
                keep=keep,
                progress=part(done, 0, TRAINING),
            )
            progress_of_rest = part(done, TRAINING, 1 - TRAINING)
            for prepared, runs, forecast in _forecasts(
                group, trained, previous, leave_out, progress_of_rest
            ):
                made(prepared, trained[prepared.origin], runs, forecast)
                forecasts.append(forecast)
        except DataError as error:
            for prepared in group:
                leave_out(prepared.country, error)
    progress(1.0)
    if not forecasts:
        first = next(iter(left_out.values()))
        raise DataError(f"no country can be forecast; {first.reason}")
    forecasts.sort(key=lambda answer: (-answer.probability, answer.country.name))
    left = tuple(left_out[name] for name in sorted(left_out))
    return Ranking(task, tuple(forecasts), left)


def prepare_groups(
    known: Dataset,
    countries: Sequence[Country],
    task: Task,
    leave_out: Callable[[Country, DataError], None],
) -> list[list[PreparedTask]]:
    """Return the prepared countries, those trained together in one group.

    They are trained together if their forecasts are made on the same day of a period.
    """
    groups: dict[object, list[PreparedTask]] = {}
    states: list[PreparedTask] = []
    for country in countries:
        try:
            prepared = preparation.prepare(known, country, task, sharing=states)
        except DataError as error:
            leave_out(country, error)
            continue
        if all(prepared.panel is not other.panel for other in states):
            states.append(prepared)
        key = country.alpha3 if prepared.alone else training.learns_with(prepared)
        groups.setdefault(key, []).append(prepared)
    return list(groups.values())


def _forecasts(
    group: Sequence[PreparedTask],
    trained: Mapping[pd.Period, Model],
    previous: Previous,
    leave_out: Callable[[Country, DataError], None],
    progress: Progress,
) -> Iterator[tuple[PreparedTask, float, Forecast]]:
    """Yield each country that has a track record, with its forecast.

    Between them is the number of `independent_runs` that the model learned from.
    """
    first = {prepared.origin: prepared for prepared in reversed(group)}
    shared = {
        origin: Shared.of(first[origin], model) for origin, model in trained.items()
    }
    origins = [*trained]
    members = sorted(group, key=lambda prepared: origins.index(prepared.origin))

    def forecast_or_error(prepared: PreparedTask) -> Forecast | DataError:
        origin = prepared.origin
        try:
            return country_forecast.make(
                prepared, trained[origin], previous(prepared), shared=shared[origin]
            )
        except DataError as error:
            return error

    for start in range(0, len(members), BLOCK):
        block = members[start : start + BLOCK]
        results = workers.map_threads(forecast_or_error, block)
        for prepared, result in zip(block, results, strict=True):
            if isinstance(result, DataError):
                leave_out(prepared.country, result)
            else:
                yield prepared, shared[prepared.origin].runs, result
        progress((start + len(block)) / len(members))


# Forecasts that are made in parallel before progress is reported.
BLOCK = 8
