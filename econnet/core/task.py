"""The task: what is forecast, and with which data and models.

Each field of `TaskRequest` is an option: its type, its default and, in `Option`, its
help text and its limits. From these follow the options of the command line, the keyword
arguments of the Python API, validation, the names of files and the keys of stored
models. To add an option, add a field to `TaskRequest` and its line to `TaskChoices`.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    TypeAlias,
    TypedDict,
    cast,
    get_args,
    get_type_hints,
)

from econnet.core.dates import parse_date
from econnet.core.errors import UsageError
from econnet.core.file_names import as_name
from econnet.core.numbers import whole_number
from econnet.core.periods import Frequency
from econnet.core.text import one_line

Event: TypeAlias = Literal["at", "within"]
Pool: TypeAlias = Literal["auto", "all", "own"]
Vintages: TypeAlias = Literal["real", "revised"]

# The rules of `econnet.data.cycle.labels`, which imports pandas.
LABEL_RULES = (
    "negative-growth",
    "year-on-year",
    "two-quarters",
    "turning-points",
    "growth-cycle",
    "growth-cycle-hp",
    "nber",
    "cepr",
    "codace",
    "given:COLUMN",
)


@dataclass(frozen=True)
class Option:
    """The help text of an option and its limits.

    Parameters
    ----------
    completion
        The kind of names that a shell completes.
    in_name
        Whether the name of a task's files contains its value; else a digest covers it.
    """

    help: str
    metavar: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    completion: Literal["indicator", "label"] | None = None
    in_name: bool = False


@dataclass(frozen=True, kw_only=True)
class TaskRequest:
    """A task as a user asks for it: what is `None` is left open.

    If frequency, label, horizon and event are all left open, the request is for the
    headline question (`econnet.forecast.questions`).

    `horizon` counts periods from the origin. With the event `at`, that period is a
    contraction; with `within`, at least one period after the origin and up to it is.
    With the vintages `real`, each origin uses the values as published at the time,
    where the data include them.

    Raises
    ------
    UsageError
        A value is of the wrong type or out of range; all such values are named.
    """

    frequency: Annotated[
        Frequency | None,
        Option(
            "Annual, quarterly or monthly (default: the highest available).",
            in_name=True,
        ),
    ] = None
    target: Annotated[
        str,
        Option(
            "The indicator whose contractions are forecast.",
            metavar="INDICATOR",
            completion="indicator",
        ),
    ] = "real_gdp"
    label: Annotated[
        str | None,
        Option(
            "Definition of a contraction (default: negative-growth): "
            f"{', '.join(LABEL_RULES[:-1])} or {LABEL_RULES[-1]}.",
            metavar="RULE",
            completion="label",
            in_name=True,
        ),
    ] = None
    horizon: Annotated[
        int | None,
        Option(
            "Periods ahead (default: 1).",
            metavar="N",
            minimum=0,
            maximum=40,
            in_name=True,
        ),
    ] = None
    event: Annotated[
        Event | None,
        Option(
            "A contraction in that period (at, the default), or in any period up to "
            "it (within).",
            in_name=True,
        ),
    ] = None
    pool: Annotated[
        Pool,
        Option(
            "Train on all countries or on this country alone (auto: alone if its own "
            "data are long and much richer)."
        ),
    ] = "auto"
    rolling_years: Annotated[
        int | None,
        Option(
            "Train on the last N years before each refit (default: all).",
            metavar="N",
            minimum=1,
            maximum=500,
        ),
    ] = None
    vintages: Annotated[
        Vintages,
        Option("Data as published at the time, where available, or as revised since."),
    ] = "real"
    members: Annotated[
        int | None,
        Option(
            "Networks in the ensemble and in each window of a backtest (default: 16 "
            "and 4; 1 for a streamed panel).",
            metavar="N",
            minimum=1,
            maximum=1000,
        ),
    ] = None
    as_of: Annotated[
        str | None,
        Option("Use only data published by this date: 2008-10-01.", metavar="DATE"),
    ] = None
    seed: Annotated[
        int,
        # As far as the seeds of NumPy and scikit-learn go.
        Option("Random seed.", metavar="N", minimum=0, maximum=2**32 - 1),
    ] = 0

    def __post_init__(self) -> None:
        problems = [
            f"--{name.replace('_', '-')} {problem}"
            for name in options()
            if (problem := _problem(type(self), name, getattr(self, name)))
        ]
        if problems:
            raise UsageError("; ".join(problems))

    @property
    def asks_for_headline(self) -> bool:
        """Whether the question itself is left open."""
        asked = (self.frequency, self.label, self.horizon, self.event)
        return all(value is None for value in asked)

    @property
    def rule(self) -> str:
        """The label, or the default one."""
        return Task.label if self.label is None else self.label

    def at_frequency(self, frequency: Frequency) -> "Task":
        """Return the task at a frequency; what else is left open has its default."""
        values: dict[str, Any] = {
            name: value
            for name in options()
            if (value := getattr(self, name)) is not None
        }
        return Task(**{**values, "frequency": frequency})


class TaskChoices(TypedDict, total=False):
    """The options of a task as keyword arguments, except `as_of`.

    The functions that take these have an argument `as_of` that may also be a date.
    """

    frequency: Frequency
    target: str
    label: str
    horizon: int
    event: Event
    pool: Pool
    rolling_years: int | None
    vintages: Vintages
    members: int
    seed: int


@dataclass(frozen=True)
class Task(TaskRequest):
    """A `TaskRequest` in which nothing is left open."""

    frequency: Frequency = field(kw_only=False)
    label: str = "negative-growth"
    horizon: int = 1
    event: Event = "at"
    members: int = 16

    @property
    def name(self) -> str:
        """The task in words: `negative-growth, 1 ahead`."""
        return f"{self.label}, {self.horizon} ahead"

    @property
    def file_stem(self) -> str:
        """The start of its folder's name: `negative-growth-Q-h1-at`."""
        rule, _, column = self.label.partition(":")
        label = f"{rule}-{as_name(column)}" if column else rule
        return f"{label}-{self.frequency}-h{self.horizon}-{self.event}"

    @classmethod
    def of_file_stem(cls, stem: str) -> "Task | None":
        """Return the task whose `file_stem` this is; `None` if none has it.

        >>> Task.of_file_stem("two-quarters-Q-h2-within").label
        'two-quarters'
        >>> Task.of_file_stem("two-quarters-Q-h2-within-1a2b3c4d")
        """
        match = re.fullmatch(r"(.+)-([AQM])-h(\d{1,3})-(at|within)", stem)
        if match is None or match[1].startswith("given-"):
            return None
        try:
            return cls(
                cast("Frequency", match[2]),
                label=match[1],
                horizon=int(match[3]),
                event=cast("Event", match[4]),
            )
        except UsageError:
            return None

    @property
    def is_default(self) -> bool:
        """Whether every option but the frequency has its default."""
        return self == Task(self.frequency)

    def cli_options(self) -> Mapping[str, str]:
        """Return the options that ask for this task, without those at their default.

        >>> dict(Task("Q", horizon=2).cli_options())
        {'--frequency': 'Q', '--horizon': '2'}
        """
        defaults = asdict(Task(self.frequency)) | {"frequency": None}
        return {
            f"--{name.replace('_', '-')}": str(value)
            for name, value in asdict(self).items()
            if value != defaults[name]
        }

    def digest(self, more: Mapping[str, object]) -> str:
        """Return 8 digits for the options that a name does not contain, "" for none.

        `more` are further options that change the answer, where they differ from their
        defaults.
        """
        defaults = asdict(Task(self.frequency))
        changed = {
            name: value
            for name, value in asdict(self).items()
            if not options()[name].in_name and value != defaults[name]
        }
        if not changed and not more:
            return ""
        text = json.dumps({**changed, **more}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


@cache
def options() -> Mapping[str, Option]:
    """Return the declaration of each option, by the name of its field."""
    hints = get_type_hints(TaskRequest, include_extras=True)
    return {item.name: hints[item.name].__metadata__[0] for item in fields(TaskRequest)}


def _problem(kind: type[TaskRequest], name: str, value: object) -> str:
    """Return why a field of `kind` cannot have this value; an empty text if it can."""
    if value is None and type(None) in _declared(kind, name):  # type: ignore[arg-type]  # classes can be hashed
        return ""
    accepted = _declared(Task, name)
    if int in accepted:
        return _problem_of_number(value, options()[name])
    choices = [choice for choice in accepted if isinstance(choice, str)]
    if choices:
        # A value from a file may be a list, which cannot be compared with texts.
        known = isinstance(value, str) and value in choices
        return "" if known else f"{_quoted(value)} is not one of {', '.join(choices)}"
    if not isinstance(value, str) or not value:
        return f"{_quoted(value)} is not a text"
    if name == "as_of" and parse_date(value) is None:
        return f"{_quoted(value)} is not a date: write 2008-10-01"
    return ""


def _quoted(value: object) -> str:
    """Return a value for a message; it may come from an untrusted file."""
    return one_line(repr(value), at_most=60)


def _problem_of_number(value: object, option: Option) -> str:
    try:
        whole_number(value, option.minimum or 0, option.maximum)
    except UsageError as error:
        return str(error)
    return ""


@cache
def _declared(kind: type[TaskRequest], name: str) -> tuple[object, ...]:
    """Return the types that a field accepts, or its literal values."""
    declared = get_type_hints(kind)[name]
    return get_args(declared) or (declared,)
