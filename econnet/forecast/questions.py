"""The standard questions about a country, their answers, and the headline.

Without options a user asks no particular question. A fixed set is then answered, each
question with its own track record, and one of them is the headline: the question about
the future whose skill is proven best, by the lower end of the 90% interval of its skill
in past forecasts. That choice uses only outcomes that were known when the forecast was
made. A question whose period is over cannot be the headline. A question about the
current period is the headline only if it has proven skill and no other has; if none
has, the report says that no usable forecast exists.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

import pandas as pd

from econnet.core.countries import Country
from econnet.core.errors import DataError
from econnet.core.periods import Frequency
from econnet.core.task import Event, Task, TaskRequest
from econnet.data.cycle import chronologies
from econnet.data.sources.observations import Dataset
from econnet.forecast import assessment, preparation, replay, track_record, training
from econnet.forecast.headline import proven_skill
from econnet.forecast.information_date import unchanged_until
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import QuestionAnswer
from econnet.runtime import workers

Progress = Callable[[float], None]


def standard_tasks(
    known: Dataset, country: Country, request: TaskRequest
) -> list[Task]:
    """Return the tasks of the standard questions, at the frequencies of the data.

    A chronology of the country is asked about only with the default target.
    `DataError` is raised if the country lacks the target.
    """
    frequency = preparation.choose_frequency(
        known, country, request.target, request.rule
    )
    asked = [
        replace(request, label=label, horizon=horizon, event=event).at_frequency(
            frequency
        )
        for label, horizon, event in (ANNUAL if frequency == "A" else QUARTERLY)
    ]
    if request.target != Task.target:
        return asked
    for label, chronology in chronologies.load().items():
        if (chronology.country, chronology.frequency) == (country.alpha3, "M"):
            dated = replace(request, label=label)
            asked += [
                replace(dated, horizon=horizon).at_frequency("M")
                for horizon in DATED_BY_MONTHS
            ]
    return asked


@dataclass(frozen=True, eq=False)
class PreparedQuestions:
    """The standard questions that the data allow, prepared.

    Parameters
    ----------
    today
        The day on which they are asked: that of the request, or the current one.
    n_not_allowed
        The number of standard questions that the data do not allow.
    """

    prepared: tuple[PreparedTask, ...]
    today: pd.Timestamp
    n_not_allowed: int = 0

    @classmethod
    def of(
        cls,
        known: Dataset,
        country: Country,
        request: TaskRequest,
        sharing: Sequence[PreparedTask] = (),
    ) -> "PreparedQuestions":
        """Return the standard questions that the data of a country allow.

        What is the same in one of `sharing` is taken from there. `DataError` is raised
        if they allow none.
        """
        tasks = standard_tasks(known, country, request)
        ready: list[PreparedTask] = []
        reason: DataError | None = None
        for task in tasks:
            try:
                ready.append(_prepared(known, country, task, ready, sharing))
            except DataError as error:
                reason = reason or error
        if reason is not None and not ready:
            raise reason
        as_of = request.as_of
        today = pd.Timestamp.now() if as_of is None else pd.Timestamp(as_of)
        return cls(tuple(ready), today.normalize(), len(tasks) - len(ready))

    def first_by_frequency(self) -> list[PreparedTask]:
        """Return the first question at each frequency; the others share its data."""
        first: dict[Frequency, PreparedTask] = {}
        for each in self.prepared:
            first.setdefault(each.task.frequency, each)
        return [*first.values()]

    def prepared_for(self, answer: QuestionAnswer) -> PreparedTask:
        """Return the prepared task that an answer is about."""
        asked = replace(answer.task, as_of=self.prepared[0].task.as_of)
        return next(each for each in self.prepared if each.task == asked)

    def unchanged_until(self) -> date | None:
        """Return the first day on which the same data may lead to other questions.

        `None` if that day never comes.
        """
        days = [unchanged_until(p.released, p.task, None) for p in self.prepared]
        if self.n_not_allowed:  # another day may allow them
            days.append(date.today() + timedelta(days=1))
        return min((day for day in days if day is not None), default=None)

    def digest(self) -> str:
        """Return a digest of all that the answers depend on."""
        parts = [training.task_digest(prepared) for prepared in self.prepared]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    def answers(
        self, progress: Progress = lambda _: None
    ) -> tuple[QuestionAnswer, ...]:
        """Return the answer to each question, those with the best skill first.

        A question without a past forecast whose outcome is known is left out.
        `DataError` is raised if none is left.
        """
        answers = answer(self.prepared, progress)
        found = [each for each in answers if isinstance(each, QuestionAnswer)]
        if not found:
            raise DataError(str(answers[0]))
        return tuple(sorted(found, key=lambda each: -proven_skill(each.skill)))


def _prepared(
    known: Dataset,
    country: Country,
    task: Task,
    others: Sequence[PreparedTask],
    sharing: Sequence[PreparedTask],
) -> PreparedTask:
    """Return a task prepared, with what it shares with others taken from there.

    `others` are of the country, `sharing` of any.
    """
    for other in others:
        if (other.task.label, other.task.frequency) == (task.label, task.frequency):
            return preparation.at_horizon(other, task.horizon, task.event)
    return preparation.prepare(known, country, task, sharing=[*sharing, *others])


def answer(
    questions: Sequence[PreparedTask], progress: Progress = lambda _: None
) -> list[QuestionAnswer | DataError]:
    """Return the answer to each question after a walk-forward run, or its error.

    It is an error if no outcome of a past forecast is known.
    """
    parts = training.side_by_side_progress(progress, len(questions))
    return workers.side_by_side(
        [partial(_answer, *each) for each in zip(questions, parts, strict=True)]
    )


def _answer(prepared: PreparedTask, progress: Progress) -> QuestionAnswer | DataError:
    """Return the answer to one question, or why there is none."""
    try:
        record, _ = replay.run(
            prepared, ["base_rate"], training.part(progress, 0, REPLAY)
        )
        return _answer_from(prepared, record)
    except DataError as error:
        return error
    finally:
        progress(1.0)


def _answer_from(prepared: PreparedTask, record: pd.DataFrame) -> QuestionAnswer:
    """Return the answer to one question, from its track record.

    `DataError` is raised if there is no past forecast whose outcome is known.
    """
    pool = assessment.assess_pool(prepared.task, record)
    scored = record[
        record["outcome"].notna() & (record["country"] == prepared.country.alpha3)
    ]
    window = training.final_window(prepared)
    (forecast,) = training.learn_and_forecast(
        prepared, window, record, pool, window.raw_ahead
    )
    probability, interval = forecast
    return QuestionAnswer(
        task=prepared.task,
        as_of=prepared.state.date.isoformat(),
        origin=prepared.origin,
        period=prepared.origin + prepared.task.horizon,
        target_title=prepared.panel.indicators[prepared.label.target].title,
        meaning=prepared.label.meaning,
        probability=probability,
        interval=interval,
        base_rate=track_record.historical_average(prepared),
        skill=assessment.skill(scored),
    )


# Share of the work that the replays take; the final networks take the rest.
REPLAY = 0.7
# Label, horizon and event of the standard questions.
QUARTERLY: Sequence[tuple[str, int, Event]] = (
    ("negative-growth", 0, "at"),
    ("negative-growth", 1, "at"),
    ("negative-growth", 4, "within"),
    ("year-on-year", 4, "at"),
    ("turning-points", 4, "within"),
)
ANNUAL: Sequence[tuple[str, int, Event]] = (
    ("negative-growth", 0, "at"),
    ("negative-growth", 1, "at"),
    ("turning-points", 1, "at"),
)
# Horizons of the questions about recessions that a committee dates by months.
DATED_BY_MONTHS = (0, 3, 12)
