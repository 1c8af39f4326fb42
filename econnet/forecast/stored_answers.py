"""Forecasts from stored models, for a process that answers many questions.

Nothing is trained and nothing is written. A forecast that a command finished before is
read while it is still right. Otherwise data are read once and again only when the store
changes or a new day begins, and a forecast is made once per model file. A question that
cannot be answered is not tried again until a file of its model changes.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path, PurePath

import pandas as pd

from econnet.core.countries import Country, by_alpha3
from econnet.core.errors import DataError
from econnet.core.settings import Settings
from econnet.core.task import Task, TaskRequest
from econnet.core.workspace import Workspace
from econnet.data import load
from econnet.data.sources.observations import Dataset
from econnet.forecast import country as country_forecast
from econnet.forecast import (
    finished,
    preparation,
    saved_answers,
    workflow,
)
from econnet.forecast import log as forecast_log
from econnet.forecast.country import Shared
from econnet.forecast.finished import Finished
from econnet.forecast.headline import headline
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.questions import PreparedQuestions
from econnet.forecast.result import Forecast, QuestionAnswer
from econnet.forecast.saved_model import Model
from econnet.forecast.supposing import Supposing
from econnet.forecast.workflow import Question

# Of a file: the time of its last change in nanoseconds, and its size.
Stamp = tuple[int, int]


@dataclass(frozen=True, eq=False)
class StoredAnswer:
    """A forecast from a stored model, and what it was made with.

    Parameters
    ----------
    make_supposing
        Returns what forecasts under assumptions are made from; called when it is first
        needed.
    stamp
        Of the model's file.
    """

    forecast: Forecast
    make_supposing: Callable[[], Supposing]
    stamp: Stamp | None

    @cached_property
    def supposing(self) -> Supposing:
        """What forecasts under assumptions are made from."""
        return self.make_supposing()


@dataclass(frozen=True, eq=False)
class _Basis:
    """What a forecast is made from: a prepared task, its model and what it learns."""

    place: PurePath
    prepared: PreparedTask
    model: Model
    shared: Shared
    questions: tuple[QuestionAnswer, ...]


@dataclass(frozen=True, eq=False)
class _Failure:
    """Why a question cannot be answered, while the files of its model stay the same."""

    message: str
    stamps: tuple[Stamp | None, ...]


@dataclass(frozen=True, eq=False)
class _Session:
    """What was read and computed on one day from one state of the store.

    Parameters
    ----------
    given
        Data to use instead of the store's and the bundled ones.
    prepared
        Tasks that were prepared; countries that are trained together share most of
        them.
    """

    given: Dataset | None
    key: tuple[date, Stamp | None]
    answers: dict[tuple[Country, TaskRequest], StoredAnswer] = field(
        default_factory=dict
    )
    failures: dict[tuple[Country, TaskRequest], _Failure] = field(default_factory=dict)
    prepared: list[PreparedTask] = field(default_factory=list)
    shared: dict[str, Shared] = field(default_factory=dict)

    @cached_property
    def known(self) -> Dataset:
        """The data; read when they are first needed."""
        return self.given or load.known(Settings.from_environment())

    def keep(self, prepared: PreparedTask) -> None:
        """Keep a prepared task, unless the same was kept for another country."""
        same = (
            other.task == prepared.task and other.panel is prepared.panel
            for other in self.prepared
        )
        if not any(same):
            self.prepared.append(prepared)


class StoredAnswers:
    """Answers questions from the models of a workspace; safe to call from threads.

    Parameters
    ----------
    known
        Data to use instead of the store's and the bundled ones.
    """

    def __init__(self, workspace: Workspace, known: Dataset | None = None) -> None:
        self.workspace = workspace
        self._given = known
        self._session: _Session | None = None
        self._lock = threading.RLock()

    @property
    def known(self) -> Dataset:
        """The data as they are now."""
        with self._lock:
            return self._current().known

    def ask(self, country: Country, request: TaskRequest) -> StoredAnswer:
        """Return the forecast of the stored model that fits the question.

        Raises
        ------
        UsageError, DataError
            The question is wrong, or no stored model fits it and the data.
        """
        with self._lock:
            session = self._current()
            key = (country, request)
            answer = session.answers.get(key)
            if answer is None or answer.stamp != self._model_stamp(answer.forecast):
                answer = self._finished(session, country, request)
                if answer is None:
                    answer = self._computed(session, country, request)
                session.answers[key] = answer
            return answer

    def read_data(self) -> None:
        """Read the data, which any answer that was not finished before needs."""
        with self._lock:
            self._current().known  # noqa: B018 - kept by the session

    def stored_requests(self, country: Country) -> Iterator[TaskRequest]:
        """Yield the questions about a country for which there is a model file.

        Models of questions with options that a file name does not contain are not
        listed; `ask` finds them.
        """
        if self.workspace.model(PurePath(country.alpha3)).is_file():
            yield TaskRequest()
        folder = self.workspace.models_folder / country.alpha3
        for file in sorted(folder.glob("*.npz")):
            task = Task.of_file_stem(file.stem)
            if task is not None:
                yield task

    def stored_countries(self) -> list[Country]:
        """Return the countries that have a model, in order of their code."""
        folder = self.workspace.models_folder
        codes = {path.relative_to(folder).parts[0] for path in self.workspace.models()}
        countries = []
        for code in sorted(code.removesuffix(".npz") for code in codes):
            try:
                countries.append(by_alpha3(code))
            except KeyError:  # the folder of a user's own file
                continue
        return list(dict.fromkeys(countries))

    def _current(self) -> _Session:
        """Return the session of today's data, a new one if they changed."""
        key = (date.today(), _stamp(self.workspace.store))
        if self._session is None or self._session.key != key:
            self._session = _Session(self._given, key)
        return self._session

    def _model_stamp(self, forecast: Forecast) -> Stamp | None:
        """Return the stamp of the file of a forecast's model."""
        place = forecast.place
        return None if place is None else _stamp(self.workspace.model(place))

    def _finished(
        self, session: _Session, country: Country, request: TaskRequest
    ) -> StoredAnswer | None:
        """Return the forecast that a command finished before, if it is still right."""
        if not self._has_own_data(session):
            return None
        found = finished.find(country, request, self.workspace)
        if found is None:
            return None

        def supposing() -> Supposing:
            with self._lock:
                return self._supposing(session, found, request)

        stamp = self._model_stamp(found.forecast)
        return StoredAnswer(found.forecast, supposing, stamp)

    def _supposing(
        self, session: _Session, found: Finished, request: TaskRequest
    ) -> Supposing:
        """Return what a finished forecast was made from, without choosing it again."""
        forecast = found.forecast
        country, task, place = forecast.country, forecast.task, forecast.place
        assert place is not None  # noqa: S101 - no other is kept in `finished`
        supposing = Supposing.of_finished(found, self.workspace.model(place))
        if supposing is not None:
            return supposing
        question = Question(session.known, country, task, place, request)
        prepared = _prepared(session, question)
        basis = self._with_model(session, question, prepared, ())
        return Supposing.of(prepared, basis.shared)

    def _has_own_data(self, session: _Session) -> bool:
        """Return whether the data are those of the workspace."""
        given = session.given
        return given is None or given.digest == load.digest(self.workspace)

    def _computed(
        self, session: _Session, country: Country, request: TaskRequest
    ) -> StoredAnswer:
        """Return the forecast of the stored model."""
        question = workflow.question(session.known, country, request)
        if question.open_request is None:  # the data have given the frequency
            found = self._finished(session, country, question.task)
            if found is not None:
                return found
        stamps = self._stamps(question)
        failure = session.failures.get((country, request))
        if failure is not None and failure.stamps == stamps:
            raise DataError(failure.message)
        try:
            basis = self._basis(session, question)
        except DataError as error:
            session.failures[country, request] = _Failure(str(error), stamps)
            raise
        previous = forecast_log.latest(basis.prepared, self.workspace.forecast_log)
        forecast = country_forecast.make(
            basis.prepared, basis.model, previous, shared=basis.shared
        )
        forecast = replace(forecast, place=basis.place, questions=basis.questions)
        stamp = self._model_stamp(forecast)

        def supposing() -> Supposing:
            return Supposing.of(basis.prepared, basis.shared)

        return StoredAnswer(forecast, supposing, stamp)

    def _stamps(self, question: Question) -> tuple[Stamp | None, ...]:
        """Return the stamps of the files that an answer is made from."""
        place = question.place
        files = (self.workspace.model(place), self.workspace.answers(place))
        return tuple(map(_stamp, files))

    def _basis(self, session: _Session, question: Question) -> _Basis:
        """Return what the forecast of the stored model is made from."""
        if _stamp(self.workspace.model(question.place)) is None:
            raise DataError(_no_model(question, "is stored"))
        if question.open_request is None:
            prepared = _prepared(session, question)
            return self._with_model(session, question, prepared, ())
        prepared, standard = self._headline(session, question, question.open_request)
        return self._with_model(session, question, prepared, standard)

    def _with_model(
        self,
        session: _Session,
        question: Question,
        prepared: PreparedTask,
        standard: tuple[QuestionAnswer, ...],
    ) -> _Basis:
        """Return a prepared question with its stored model and what that learns."""
        model = _fitting(question, prepared, self.workspace.model(question.place))
        shared = session.shared.get(model.fingerprint)
        if shared is None:
            shared = Shared.of(prepared, model)
            session.shared[model.fingerprint] = shared
        return _Basis(question.place, prepared, model, shared, standard)

    def _headline(
        self, session: _Session, question: Question, request: TaskRequest
    ) -> tuple[PreparedTask, tuple[QuestionAnswer, ...]]:
        """Return the headline question prepared, and the answers to the standard ones.

        `DataError` is raised if no stored answers fit the data.
        """
        file = self.workspace.answers(question.place)
        try:
            answers = None
            if self._has_own_data(session):
                answers = saved_answers.unchanged(file, request, self.workspace)
            if answers is not None:
                best = headline(answers, pd.Timestamp.now().normalize())
                return _prepared(session, replace(question, task=best.task)), answers
            asked = PreparedQuestions.of(
                question.known, question.country, request, session.prepared
            )
            for each in asked.prepared:
                session.keep(each)
            answers = saved_answers.load(file, asked.digest())
        except ValueError as error:
            raise DataError(_damaged(question, file, error)) from error
        if answers is None:
            raise DataError(_no_model(question, "fits the newest data"))
        return asked.prepared_for(headline(answers, asked.today)), answers


def _prepared(session: _Session, question: Question) -> PreparedTask:
    """Return a question prepared; countries share what they learn from."""
    prepared = preparation.prepare(
        question.known, question.country, question.task, sharing=session.prepared
    )
    session.keep(prepared)
    return prepared


def _fitting(question: Question, prepared: PreparedTask, file: Path) -> Model:
    """Return the stored model; raise `DataError` if it is damaged or does not fit."""
    try:
        model = country_forecast.stored_model(prepared, file)
    except ValueError as error:
        raise DataError(_damaged(question, file, error)) from error
    if model is None:
        raise DataError(_no_model(question, "fits the newest data"))
    return model


def _damaged(question: Question, file: Path, error: ValueError) -> str:
    return f"{_no_model(question, 'can be used')} ({file.name} is damaged: {error})"


def _no_model(question: Question, lack: str) -> str:
    """Return that there is no model, and the command that trains one."""
    asked = question.task.cli_options() if question.open_request is None else {}
    options = " ".join(f"{name} {value}" for name, value in asked.items())
    command = f"econnet train --country {question.country.alpha3} {options}".rstrip()
    return (
        f"no model of {question.country.name} for this question {lack}: run `{command}`"
    )


def _stamp(file: Path) -> Stamp | None:
    """Return when a file last changed, and its size; `None` if there is none."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size
