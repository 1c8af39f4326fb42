"""The event that is forecast, in words: as a question, as a title and in sentences.

An event has a subject and two verb phrases: `real GDP`, `fall` and `falls`. Titles and
questions also name the period, or the periods of which one is enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from econnet.core.periods import NOUN
from econnet.core.task import Task
from econnet.data.cycle import chronologies
from econnet.data.cycle.labels import BELOW_ZERO
from econnet.forecast.result import Forecast
from econnet.report.wording.formatting import period_text


class Asked(Protocol):
    """What the words for an event depend on; a `Forecast` has it."""

    @property
    def task(self) -> Task:
        """The task."""

    @property
    def origin(self) -> pd.Period:
        """The period in which the forecast is made."""

    @property
    def period(self) -> pd.Period:
        """The period that is forecast."""

    @property
    def target_title(self) -> str:
        """The title of the labelled indicator."""

    @property
    def meaning(self) -> str:
        """The label's definition of a contraction."""


@dataclass(frozen=True)
class EventWords:
    """An event in words: `real GDP`, `fall`, `falls`."""

    subject: str
    infinitive: str
    present: str


def event_words(forecast: Asked) -> EventWords:
    """Return the words for the event of a forecast."""
    label = forecast.task.label
    if label.startswith("given:"):
        return EventWords(label.removeprefix("given:"), "be 1", "is 1")
    if forecast.meaning.endswith(BELOW_ZERO):  # of a target that is growth itself
        return EventWords(forecast.target_title, "be below zero", "is below zero")
    if label in VERBS:
        return EventWords(in_sentence(forecast.target_title), *VERBS[label])
    dated = chronologies.load()[label]
    in_recession = f"in recession as dated by {dated.committee}"
    return EventWords(dated.economy, f"be {in_recession}", f"is {in_recession}")


def in_sentence(title: str) -> str:
    """Return a title as it is written within a sentence: `real GDP`, `GDP deflator`."""
    first = title.split(" ", 1)[0]
    is_acronym = len(first) > 1 and not first[1:].islower()
    return title if is_acronym else f"{title[:1].lower()}{title[1:]}"


def capitalised(text: str) -> str:
    """Return `text` with a capital at the beginning."""
    return f"{text[:1].upper()}{text[1:]}"


def when(forecast: Asked) -> str:
    """Return the period that is forecast: `in 2026 Q4`.

    Where one of several periods is enough: `in at least one of the next 4 quarters`.
    """
    task = forecast.task
    if not is_cumulative(task):
        return f"in {period_text(forecast.period)}"
    return f"in at least one of the next {task.horizon} {NOUN[task.frequency]}s"


def span(forecast: Forecast) -> str:
    """Return the period or periods that are forecast: `2026 Q4 to 2027 Q3`."""
    last = period_text(forecast.period)
    if not is_cumulative(forecast.task):
        return last
    return f"{period_text(forecast.origin + 1)} to {last}"


def span_to(task: Task, last: str) -> str:
    """Return the periods of a forecast by the last: `the 4 quarters to 2027 Q3`.

    Only the name of the period where the forecast is for one.
    """
    if not is_cumulative(task):
        return last
    return f"the {task.horizon} {NOUN[task.frequency]}s to {last}"


def is_cumulative(task: Task) -> bool:
    """Return whether one of several periods is enough for the event."""
    return task.event == "within" and task.horizon > 1


def has_passed(forecast: Forecast) -> bool:
    """Return whether the forecast period was over on the day of the report.

    A forecast that was asked for as of an earlier day is not a forecast of the past.
    """
    if forecast.task.as_of is not None:
        return False
    day = pd.Timestamp(forecast.made_at[:10])
    return bool(forecast.period.end_time.normalize() < day)


def question(forecast: Asked) -> str:
    """Return the question: `Will real GDP fall in 2026 Q4?`."""
    words = event_words(forecast)
    return f"Will {words.subject} {words.infinitive} {when(forecast)}?"


def title(forecast: Forecast) -> str:
    """Return the title of a report or a figure: `Germany: Will real GDP fall in 2026?`.

    As a statement, the event would be read as a fact.
    """
    return f"{forecast.country.name}: {question(forecast)}"


def event_title(forecast: Forecast) -> str:
    """Return the event as a title: `Real GDP falls in 2026 Q4`."""
    words = event_words(forecast)
    return capitalised(f"{words.subject} {words.present} {when(forecast)}")


def general_event(forecast: Forecast) -> str:
    """Return the event without its period: `Real GDP falls`."""
    words, task = event_words(forecast), forecast.task
    text = capitalised(f"{words.subject} {words.present}")
    if not is_cumulative(task):
        return text
    return f"{text} in at least one of {task.horizon} {NOUN[task.frequency]}s"


def outlook_heading(forecast: Forecast) -> str:
    """Return the heading of the forecasts for several horizons, with their event."""
    words, task = event_words(forecast), forecast.task
    text = capitalised(f"{words.subject} {words.present}")
    if is_chronology(task):
        text = f"Recession as dated by {chronologies.load()[task.label].committee}"
        return f"{text} up to …" if task.event == "within" else f"{text} in …"
    if task.event == "within":
        return f"{text} in at least one {NOUN[task.frequency]} up to …"
    return f"{text} in …"


def contraction_noun(forecast: Forecast) -> str:
    """Return what a spell of the event is called: `contraction` or `recession`."""
    return "recession" if is_chronology(forecast.task) else "contraction"


def event_periods(forecast: Forecast) -> tuple[str, str]:
    """Return names for the periods with the event and without it.

    `quarters of contraction` and `quarters of growth`, or `other quarters` where growth
    is not what the event excludes.
    """
    noun, spell = NOUN[forecast.task.frequency], contraction_noun(forecast)
    if is_cumulative(forecast.task):
        return f"{noun}s before the event", "the others"
    if spell == "recession":
        return f"{noun}s in recession", f"{noun}s outside recessions"
    if forecast.task.label == "negative-growth":
        return f"{noun}s of {spell}", f"{noun}s of growth"
    return f"{noun}s of {spell}", f"other {noun}s"


def is_chronology(task: Task) -> bool:
    """Return whether a committee dates the recessions."""
    return task.label in chronologies.load()


VERBS: Mapping[str, tuple[str, str]] = {
    "negative-growth": ("fall", "falls"),
    "year-on-year": (
        "be below its level of a year earlier",
        "is below its level of a year earlier",
    ),
    "two-quarters": (
        "fall in a run of at least two quarters",
        "falls in a run of at least two quarters",
    ),
    "turning-points": (
        "be between a peak and a trough",
        "is between a peak and a trough",
    ),
    "growth-cycle": (
        "be below its trend (Hamilton filter)",
        "is below its trend (Hamilton filter)",
    ),
    "growth-cycle-hp": (
        "be below its trend (Hodrick-Prescott filter)",
        "is below its trend (Hodrick-Prescott filter)",
    ),
}
