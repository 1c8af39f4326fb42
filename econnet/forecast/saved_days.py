"""The skill of forecasts made on several days of the period, beside a question's model.

`econnet backtest` replays the past as seen on a day of each period, which takes too
long for a report. Each finished replay is therefore kept, and a report shows the skill
on all days that are kept. A file has the econnet version and a digest of the data that
its replays rest on, and is ignored once either has changed. Nothing is kept for a past
`as_of`, or while plugins are installed, whose code may change without their version.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path, PurePath

import msgspec

from econnet.core import plugins
from econnet.core.countries import Country
from econnet.core.period_days import DayOfPeriod
from econnet.core.task import Task
from econnet.core.workspace import UserFile, Workspace, place_of
from econnet.data import load
from econnet.forecast.result import DaySkill, Forecast
from econnet.runtime import atomic_files

# Raised when the fields of the file change.
SCHEMA = 1


@dataclass(frozen=True)
class Basis:
    """What the replays in a file are based on, besides the question.

    Parameters
    ----------
    version
        Of econnet.
    data
        A digest of store and snapshot, or of the user's file and how it is read.
    """

    version: str
    data: str


@dataclass(frozen=True)
class DayRecord:
    """The scored forecasts of a country that were made on one day of each period.

    Parameters
    ----------
    periods
        The periods that were forecast.
    outcomes
        1 contraction, 0 expansion.
    econnet, base_rate
        The probabilities.
    """

    day: DayOfPeriod
    periods: tuple[str, ...]
    outcomes: tuple[float, ...]
    econnet: tuple[float, ...]
    base_rate: tuple[float, ...]


@dataclass(frozen=True)
class SavedDays:
    """The content of a file: replays by one schedule, and their skill.

    Parameters
    ----------
    start, refit_every
        The first origin asked for and the periods from one refit to the next; `None`
        for the defaults.
    skills
        On the periods that all records have, the earliest day first.
    """

    basis: Basis
    start: str | None
    refit_every: int | None
    records: tuple[DayRecord, ...]
    skills: tuple[DaySkill, ...]
    schema: int = SCHEMA


class _Schema(msgspec.Struct, frozen=True):
    """The number of a file's schema."""

    schema: int = 0


def basis(
    workspace: Workspace, task: Task, file: UserFile | None = None
) -> Basis | None:
    """Return what replays from the current data are based on.

    `file` is the user's, if the data come from one. `None` if nothing is kept.
    """
    if task.as_of is not None or plugins.versions():
        return None
    if file is None:
        return Basis(version("econnet"), load.digest(workspace))
    if not file.path.is_file():  # a pipe can be read only once
        return None
    digest = hashlib.sha256(file.path.read_bytes())
    digest.update(json.dumps(file.options(), sort_keys=True).encode())
    return Basis(version("econnet"), digest.hexdigest())


def find(
    country: Country,
    task: Task,
    place: PurePath | None,
    workspace: Workspace,
    file: UserFile | None = None,
) -> tuple[DaySkill, ...]:
    """Return the skill by day for a question, the earliest day first.

    `place` is that of its forecast. Empty unless at least two days are kept that are
    based on the current data.
    """
    if file is None:  # the headline has another place than the question it answers
        place = place_of(country.alpha3, task, None)
    if place is None:
        return ()
    saved = load_days(workspace.skill_by_day(place))
    if saved is None or len(saved.skills) < 2:
        return ()
    return saved.skills if saved.basis == basis(workspace, task, file) else ()


def with_skill_by_day(
    forecast: Forecast, workspace: Workspace, file: UserFile | None = None
) -> Forecast:
    """Return a forecast with the skill by day that is kept for its question."""
    found = find(forecast.country, forecast.task, forecast.place, workspace, file)
    return replace(forecast, skill_by_day=found)


def load_days(path: Path) -> SavedDays | None:
    """Return the content of a file; `None` if it is missing or cannot be read."""
    try:
        content = path.read_bytes()
        if msgspec.json.decode(content, type=_Schema).schema != SCHEMA:
            return None
        return msgspec.json.decode(content, type=SavedDays)
    except (OSError, msgspec.MsgspecError):  # replaced by the next backtest
        return None


def save(saved: SavedDays, path: Path) -> None:
    """Write a file; the folder of `path` is locked by the caller."""
    atomic_files.write(path, msgspec.json.encode(saved))


def file_of(place: PurePath, workspace: Workspace) -> Path:
    """Return the file of a place, in a folder that exists."""
    path = workspace.skill_by_day(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
