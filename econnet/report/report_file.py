"""Reading a `report.json`: the document, and what its forecast was made with.

The file may come from anywhere, so that every field that a verification uses is checked
against its type. The other fields are kept as they are and only compared.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import msgspec
import pandas as pd

from econnet.core.errors import DataError, UsageError
from econnet.core.periods import PANDAS_ALIAS, Frequency
from econnet.core.task import Event, Task
from econnet.core.text import one_line
from econnet.data.cycle import labels
from econnet.forecast.explain.what_if import Assumption
from econnet.forecast.provenance import Provenance, SharedReplay
from econnet.forecast.result import PreviousForecast

Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Provenance(msgspec.Struct, frozen=True):
    task: dict[str, Any]
    versions: dict[str, Text]
    blas: tuple[Text, ...]
    processor: Text
    data: Text
    as_of: Text
    retrieved_until: Text
    shared_replay: SharedReplay | None = None

    def to_task(self) -> Task:
        """Return the task; raise `UsageError` or `ValueError` if it is invalid."""
        if unknown := set(self.task) - {field.name for field in fields(Task)}:
            raise ValueError(f"a task has no {min(unknown)!r}")
        task = Task(**self.task)
        if task.seed >= 2**64:
            raise ValueError(f"seed {task.seed} is not below 2^64")
        labels.check_rule(task.label, task.frequency)
        return task

    def to_provenance(self) -> Provenance:
        """Return the provenance; raise `ValueError` if a time in it is invalid."""
        moments = [self.as_of, self.retrieved_until]
        if self.shared_replay is not None:
            moments.append(self.shared_replay.as_of)
        for moment in moments:
            timestamp = pd.Timestamp(moment)
            if pd.isna(timestamp) or timestamp.tz is not None:
                raise ValueError(f"{moment!r} is not a time without a zone")
        names = {field.name for field in fields(Provenance)}
        values = msgspec.structs.asdict(self)
        return Provenance(**{name: values[name] for name in names})


class _Series(msgspec.Struct, frozen=True):
    indicator: Text
    series_id: Text
    recent_periods: tuple[Text, ...]
    recent: tuple[float | None, ...]

    def __post_init__(self) -> None:
        if len(self.recent_periods) != len(self.recent):
            raise ValueError(f"series {self.indicator!r} has other periods than values")


class _DataUsed(msgspec.Struct, frozen=True):
    source: Text
    series: tuple[_Series, ...]


class _Change(msgspec.Struct, frozen=True):
    made_at: str | None
    origin: str
    period: str
    probability: float

    def to_previous(self, task: Task) -> PreviousForecast | None:
        """Return the earlier forecast; `None` if it comes from the replay."""
        if self.made_at is None:
            return None
        alias = PANDAS_ALIAS[task.frequency]
        origin, period = (pd.Period(text, alias) for text in (self.origin, self.period))
        return PreviousForecast(self.made_at, origin, period, self.probability)


class _Supposed(msgspec.Struct, frozen=True):
    indicator: str
    after: float


class _WhatIf(msgspec.Struct, frozen=True):
    supposed: tuple[_Supposed, ...]


class _PastForecast(msgspec.Struct, frozen=True):
    model: str


class _Question(msgspec.Struct, frozen=True):
    label: str
    frequency: Frequency
    horizon: int
    event: Event
    as_of: Text

    def to_task(self, headline: Task) -> Task:
        """Return the task; its other options are those of the headline's."""
        task = replace(
            headline,
            label=self.label,
            frequency=self.frequency,
            horizon=self.horizon,
            event=self.event,
        )
        labels.check_rule(task.label, task.frequency)
        return task


class _Content(msgspec.Struct, frozen=True):
    """The fields of a `report.json` that a verification uses; others are compared."""

    made_at: datetime
    provenance: _Provenance
    data: _DataUsed
    change: _Change | None
    what_if: _WhatIf | None
    baselines: dict[str, Any]
    track_record: tuple[_PastForecast, ...]
    importance: tuple[Any, ...]
    questions: tuple[_Question, ...]


@dataclass(frozen=True, eq=False)
class Report:
    """A `report.json`, and what it was made with.

    `questions` are the tasks of the standard questions with their information dates.
    """

    path: Path
    document: Mapping[str, Any]
    task: Task
    provenance: Provenance
    previous: PreviousForecast | None
    assumptions: tuple[Assumption, ...]
    baselines: tuple[str, ...]
    questions: tuple[tuple[Task, pd.Timestamp], ...]


def read(path: Path) -> Report:
    """Return the report in a `report.json`.

    A missing or damaged file, or one that is not a report, raises `DataError`.
    """
    document = _document(path)
    try:
        content = msgspec.convert(document, _Content)
        task = content.provenance.to_task()
        return Report(
            path,
            document,
            task,
            content.provenance.to_provenance(),
            content.change.to_previous(task) if content.change else None,
            tuple(
                Assumption(change.indicator, change.after, relative=False)
                for change in (content.what_if.supposed if content.what_if else ())
            ),
            tuple(content.baselines),
            tuple(
                (each.to_task(task), pd.Timestamp(each.as_of))
                for each in content.questions
            ),
        )
    except (msgspec.ValidationError, OverflowError, ValueError, UsageError) as error:
        raise DataError(
            f"{path} does not record how it was made ({one_line(str(error))}): it "
            "is damaged or of another version: `econnet report` writes a new one"
        ) from error


def _document(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_REPORT_BYTES:
            raise DataError(f"{path} is too large for a report: write it again")
        document = json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except FileNotFoundError as error:
        raise DataError(
            f"there is no report to verify at {path}: `econnet report` writes one"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            f"{path} cannot be read ({error}): run `econnet report` to write it again"
        ) from error
    if not isinstance(document, dict):
        raise DataError(f"{path} is not a report: `econnet report` writes one")
    return document


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


# A report of eight hundred months takes a megabyte.
MAX_REPORT_BYTES = 64 * 2**20
