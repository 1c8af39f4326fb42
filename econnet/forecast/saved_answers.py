"""The answers to the standard questions on disk, beside the headline's model.

A file has a digest of all that the answers depend on, and the number of its schema.
Computing that digest takes the features of every question, so it also has the state in
which they were answered, which is known at once. Answers of another schema, that do not
fit the data any more, or that cannot be read are computed again.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from econnet.core.errors import UsageError
from econnet.core.task import TaskRequest
from econnet.core.workspace import Workspace
from econnet.forecast.result import QuestionAnswer
from econnet.forecast.unchanged import State
from econnet.runtime import atomic_files

# Raised when the fields of the file or of an answer change.
SCHEMA = 2


class _Schema(msgspec.Struct, frozen=True):
    """The number of a file's schema; 0 for a file from before there was one."""

    schema: int = 0


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a file of answers."""

    schema: int
    digest: str
    state: State | None
    answers: tuple[QuestionAnswer, ...]


def save(
    answers: Sequence[QuestionAnswer], digest: str, state: State | None, path: Path
) -> None:
    """Write the answers to `path`, atomically replacing an existing file."""
    content = msgspec.json.encode(
        _Saved(SCHEMA, digest, state, tuple(answers)), enc_hook=_as_text
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_files.locked_folder(path.parent):
        atomic_files.write(path, content)


def load(path: Path, digest: str) -> tuple[QuestionAnswer, ...] | None:
    """Return the answers with this digest and schema; `None` if the file has none.

    `ValueError` is raised if the file is damaged.
    """
    saved = _read(path)
    return saved.answers or None if saved and saved.digest == digest else None


def unchanged(
    path: Path, request: TaskRequest, workspace: Workspace
) -> tuple[QuestionAnswer, ...] | None:
    """Return the answers to a request if nothing that they depend on has changed.

    `None` otherwise, which does not mean that they are wrong. `ValueError` is raised if
    the file is damaged.
    """
    saved = _read(path)
    if saved is None or saved.state is None:
        return None
    return saved.answers or None if saved.state.fits(request, workspace) else None


def _read(path: Path) -> _Saved | None:
    """Return the content of a file of this schema; `None` if there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        if msgspec.json.decode(content, type=_Schema).schema != SCHEMA:
            return None
        return msgspec.json.decode(content, type=_Saved, dec_hook=_as_period)
    except (msgspec.MsgspecError, UsageError) as error:  # UsageError: no such task
        raise ValueError(f"{path} has no answers to questions: {error}") from error


def _as_text(value: object) -> str:
    return str(value)


def _as_period(kind: type, text: Any) -> pd.Period:  # noqa: ANN401 - of any JSON type
    del kind  # a period is the only type that JSON lacks
    return pd.Period(text)
