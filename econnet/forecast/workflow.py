"""From a question to a logged forecast: load a fitting model or train, forecast, log.

The commands and the Python API both call these functions, so that each finds the
other's models. Nothing is printed: progress and notes go to a `Listener`.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path, PurePath

from econnet.core.countries import Country
from econnet.core.errors import DataError, UsageError, suggestion
from econnet.core.periods import FREQUENCIES, Frequency
from econnet.core.task import Task, TaskRequest
from econnet.core.workspace import Workspace, headline_place, place_of, ranking_place
from econnet.data.cycle import labels
from econnet.data.sources.observations import Dataset
from econnet.forecast import (
    finished,
    own_data,
    preparation,
    ranking,
    saved_answers,
    saved_model,
)
from econnet.forecast import log as forecast_log
from econnet.forecast.country import Shared, make, stored_model, train
from econnet.forecast.data_used import data_used
from econnet.forecast.explain import what_if
from econnet.forecast.explain.drivers import newest_values
from econnet.forecast.explain.what_if import Assumption
from econnet.forecast.finished import Finished
from econnet.forecast.headline import headline
from econnet.forecast.information_date import unchanged_until
from econnet.forecast.listener import SILENT, Listener
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.questions import PreparedQuestions
from econnet.forecast.ranking import Ranking
from econnet.forecast.result import DataUsed, Forecast, PreviousForecast, QuestionAnswer
from econnet.forecast.saved_model import Model
from econnet.forecast.unchanged import State


@dataclass(frozen=True, eq=False)
class Question:
    """A country's task, the data for it, and the place of its model and report.

    Parameters
    ----------
    request
        What was asked for; `None` for a question of a ranking. If it is open, the task
        is only one of those that may be chosen.
    """

    known: Dataset
    country: Country
    task: Task
    place: PurePath
    request: TaskRequest | None = None

    @property
    def open_request(self) -> TaskRequest | None:
        """The request if it asks for the headline question, else `None`."""
        asked = self.request
        if asked is None or self.known.file is not None:
            return None
        return asked if asked.asks_for_headline else None


def choose_task(known: Dataset, country: Country, request: TaskRequest) -> Task:
    """Return the task that a request means for a country.

    `UsageError` is raised if the target or the label is unknown or the label is not
    defined at the frequency, `DataError` if the country lacks the target.
    """
    request = replace(request, target=own_data.target_of(known, request))
    _check_target(known, request.target)
    frequency = request.frequency or preparation.choose_frequency(
        known, country, request.target, request.rule
    )
    labels.check_rule(request.rule, frequency)
    return request.at_frequency(frequency)


def _check_target(known: Dataset, target: str) -> None:
    if target in known.indicators:
        return
    otherwise = "search for it with `econnet indicators --search`"
    if known.source not in {"snapshot", "store"}:
        otherwise = f"{known.source} has {', '.join([*known.indicators][:8])}"
    raise UsageError(
        f"no indicator is called {target!r}: "
        f"{suggestion(target, known.indicators, otherwise)}"
    )


def common_task(
    known: Dataset,
    countries: Sequence[Country],
    request: TaskRequest,
    *,
    all_needed: bool = False,
) -> Task:
    """Return the task at the finest frequency that all the countries have.

    Countries that lack the target are ignored, unless `all_needed` or all do.
    """
    tasks = []
    for country in countries:
        try:
            tasks.append(choose_task(known, country, request))
        except DataError:
            if all_needed or (country is countries[-1] and not tasks):
                raise
        if request.frequency and tasks:
            break
    return min(tasks, key=lambda task: FREQUENCIES.index(task.frequency))


def question(known: Dataset, country: Country, request: TaskRequest) -> Question:
    """Return the question that a request asks about a country, as `choose_task`."""
    task = choose_task(known, country, request)
    if known.file is None and request.asks_for_headline:
        at = headline_place(country.alpha3, task)
        return Question(known, country, task, at, request)
    # The default frequency has just been looked up, unless the request names one.
    default = task.frequency if request.frequency is None else None
    at = place(known, country, task, default)
    return Question(known, country, task, at, request)


def place(
    known: Dataset, country: Country, task: Task, default: Frequency | None = None
) -> PurePath:
    """Return the place of a task; `default` is the frequency of the default question.

    Only a user's file has a default question.
    """
    if known.file is None:
        return place_of(country.alpha3, task, None)
    if known.target and task.target == known.target:
        task = replace(task, target=Task.target)
    if task.is_default and default is None:
        with suppress(DataError):
            default = preparation.choose_frequency(
                known, country, known.target or Task.target, Task.label
            )
    names = known.observations["country"].unique()
    return place_of(country.alpha3, task, default, known.file, [*map(str, names)])


def ranking_folder(
    known: Dataset, countries: Sequence[Country], request: TaskRequest, task: Task
) -> PurePath:
    """Return the place of the ranking of these countries by the `common_task`."""
    default: Frequency | None = task.frequency
    if known.target and task.target == known.target:
        task = replace(task, target=Task.target)
    if task.is_default and request.frequency is not None:
        default = common_task(known, countries, TaskRequest()).frequency
    return ranking_place(task, default, known.file)


def forecast(
    asked: Question,
    workspace: Workspace,
    *,
    retrain: bool = False,
    assumptions: Sequence[Assumption] = (),
    baselines: Sequence[str] | None = None,
    outlook: bool = True,
    listener: Listener = SILENT,
) -> Forecast:
    """Return the forecast that a question asks for, training if no stored model fits.

    The model is saved at the question's place, and the forecast is appended to the
    forecast log. `baselines` are by default the light ones; with `outlook`, its other
    horizons are forecast too, as reports need. An open question is the headline one,
    for which all standard questions are answered.
    """
    ready = _ready(asked, workspace, assumptions, retrain=retrain, listener=listener)
    prepared = ready.prepared
    what_if.check_assumptions(assumptions, prepared.features, prepared.panel.indicators)
    model = _load_or_train(
        prepared,
        workspace.model(asked.place),
        retrain=retrain,
        baselines=baselines,
        outlook=outlook,
        listener=listener,
    )
    forecast_log.make_room(workspace.forecast_log, listener)
    data_file = _path(asked.known)
    previous = forecast_log.latest(prepared, workspace.forecast_log, data_file)
    with listener.step("Explaining the forecast"):
        shared = Shared.of(prepared, model)
        answer = make(prepared, model, previous, assumptions, shared)
    answer = replace(answer, place=asked.place, questions=ready.answers)
    forecast_log.add(answer, workspace.forecast_log, data_file)
    done = Finished(
        answer,
        ready.read,
        model.outlook is not None,
        ready.unchanged_until,
        newest_values(prepared),
        shared.runs,
    )
    if asked.request is not None and not assumptions:
        finished.keep(done, asked.known, asked.request, workspace, previous)
    return answer if outlook else done.without_outlook().forecast


@dataclass(frozen=True, eq=False)
class _Ready:
    """A question whose data were read, with the answers to the standard questions.

    Parameters
    ----------
    read
        The data at each frequency, as `Finished.read`.
    unchanged_until
        The day before which the same data lead to the same task and features, `None` if
        that day never comes.
    """

    prepared: PreparedTask
    answers: tuple[QuestionAnswer, ...]
    read: tuple[tuple[Frequency, DataUsed], ...]
    unchanged_until: date | None

    @classmethod
    def of_standard(
        cls, standard: PreparedQuestions, answers: tuple[QuestionAnswer, ...]
    ) -> "_Ready":
        """Return the headline among the answers to the standard questions."""
        return cls(
            standard.prepared_for(headline(answers, standard.today)),
            answers,
            tuple(map(_read, standard.first_by_frequency())),
            standard.unchanged_until(),
        )

    @classmethod
    def of(cls, prepared: PreparedTask) -> "_Ready":
        """Return a question that was asked with its options."""
        until = unchanged_until(prepared.released, prepared.task, None)
        return cls(prepared, (), (_read(prepared),), until)


def _read(prepared: PreparedTask) -> tuple[Frequency, DataUsed]:
    return prepared.task.frequency, data_used(prepared)


def _ready(
    asked: Question,
    workspace: Workspace,
    assumptions: Sequence[Assumption],
    *,
    retrain: bool,
    listener: Listener,
) -> _Ready:
    """Return the question that is answered, with its data read."""

    def received(*read: PreparedTask) -> None:
        for each in read:
            listener.data_read(each.country, each.task.frequency, data_used(each))

    if asked.open_request is None:
        with listener.step("Reading the data"):
            prepared = preparation.prepare(asked.known, asked.country, asked.task)
        received(prepared)
        return _Ready.of(prepared)
    with listener.step("Reading the data"):
        standard = PreparedQuestions.of(asked.known, asked.country, asked.open_request)
    _check_for_some(assumptions, standard)
    received(*standard.first_by_frequency())
    state = State.of(asked.open_request, asked.known, standard.unchanged_until())
    file = workspace.answers(asked.place)
    answers = _answers(standard, state, file, retrain=retrain, listener=listener)
    return _Ready.of_standard(standard, answers)


def _check_for_some(
    assumptions: Sequence[Assumption], standard: PreparedQuestions
) -> None:
    """Raise `UsageError` if the assumptions suit no question."""
    errors = []
    firsts = standard.first_by_frequency()
    for first in firsts:
        try:
            what_if.check_assumptions(
                assumptions, first.features, first.panel.indicators
            )
        except UsageError as error:
            errors.append(error)
    if len(errors) == len(firsts):
        raise errors[0]


def _answers(
    standard: PreparedQuestions,
    state: State | None,
    file: Path,
    *,
    retrain: bool,
    listener: Listener,
) -> tuple[QuestionAnswer, ...]:
    """Return the stored answers if they fit the data; else answer and save."""
    digest = standard.digest()
    if not retrain:
        try:
            if (stored := saved_answers.load(file, digest)) is not None:
                return stored
        except ValueError as error:
            listener.note(f"{file} cannot be used and will be replaced: {error}")
    n = len(standard.prepared)
    with listener.progress(f"Comparing {n} questions") as progress:
        answers = standard.answers(progress)
    saved_answers.save(answers, digest, state, file)
    return answers


def _load_or_train(
    prepared: PreparedTask,
    file: Path,
    *,
    retrain: bool,
    baselines: Sequence[str] | None,
    outlook: bool,
    listener: Listener,
) -> Model:
    """Return the stored model if it fits; else train and save what it lacks."""
    model = None if retrain else _fitting_model(prepared, file, listener)
    if model is not None and not (outlook and model.outlook is None):
        return model
    if model is None and not retrain:
        listener.note(
            f"{prepared.country.name}: no saved model fits this task; training one"
        )
    with listener.progress("Replaying history") as progress:
        model = train(prepared, progress, baselines, outlook=outlook, stored=model)
    saved_model.save(model, file)
    return model


def rank(
    known: Dataset,
    countries: Sequence[Country],
    task: Task,
    workspace: Workspace,
    *,
    listener: Listener = SILENT,
) -> Ranking:
    """Return the forecasts of many countries, training if no stored model fits.

    Countries trained together share a model, which is saved at the place of each.
    The forecasts are compared with earlier ones in the forecast log, and appended.
    """
    forecast_log.make_room(workspace.forecast_log, listener)
    logged, data_file = forecast_log.read(workspace.forecast_log), _path(known)

    @cache
    def place_in_ranking(country: Country) -> PurePath:
        return place(known, country, task)

    def find(prepared: PreparedTask) -> Model | None:
        file = workspace.model(place_in_ranking(prepared.country))
        return _fitting_model(prepared, file, listener)

    def keep(members: Sequence[PreparedTask], model: Model) -> None:
        files = [
            workspace.model(place_in_ranking(member.country)) for member in members
        ]
        saved_model.save_shared(model, files)

    @cache
    def previous(prepared: PreparedTask) -> PreviousForecast | None:
        return forecast_log.latest_of(prepared, logged, data_file)

    def made(
        prepared: PreparedTask, model: Model, runs: float, answer: Forecast
    ) -> None:
        at = place_in_ranking(prepared.country)
        ready = _Ready.of(prepared)
        done = Finished(
            replace(answer, place=at),
            ready.read,
            model.outlook is not None,
            ready.unchanged_until,
            newest_values(prepared),
            runs,
        )
        finished.keep(done, known, task, workspace, previous(prepared))

    with listener.progress(task.name) as progress:
        ranked = ranking.rank(
            known,
            countries,
            task,
            find=find,
            keep=keep,
            previous=previous,
            made=made,
            progress=progress,
        )
    for answer in ranked.forecasts:
        forecast_log.add(answer, workspace.forecast_log, data_file)
    placed = (
        replace(answer, place=place_in_ranking(answer.country))
        for answer in ranked.forecasts
    )
    return replace(ranked, forecasts=tuple(placed))


def _path(known: Dataset) -> Path | None:
    return None if known.file is None else known.file.path


def _fitting_model(
    prepared: PreparedTask, file: Path, listener: Listener
) -> Model | None:
    """Return the stored model if it fits; a damaged file is noted."""
    try:
        return stored_model(prepared, file)
    except ValueError as error:
        listener.note(f"{file} cannot be used and will be replaced: {error}")
        return None
