"""Check the data and reports folders for broken files, and name the remedies.

Checked are the bundled snapshot, the store with its raw answers, the models, the
forecast log, the reports and the files that interrupted runs left behind. Nothing is
changed, repaired or deleted. Leftovers are remarks; only a broken file makes the check
fail.
"""

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Literal

import msgspec

from econnet.core.errors import DataError
from econnet.core.settings import Settings
from econnet.core.workspace import Workspace
from econnet.data.load import store as store_of
from econnet.data.sources.observations import now
from econnet.data.store import checks, schema
from econnet.forecast import log as forecast_log
from econnet.forecast import saved_model
from econnet.forecast.streamed.forecast import Streamed
from econnet.models.network_file import NewerFileError, load_with_metadata
from econnet.runtime import atomic_files, locks
from econnet.runtime.checksums import SUMS, read_sums, verify_checksums
from econnet.runtime.npz import read_arrays

Part = Literal[
    "settings", "package", "store", "models", "journal", "reports", "unfinished"
]


@dataclass(frozen=True)
class Remark:
    """A problem with a file, and what to do about it."""

    part: Part
    path: Path
    problem: str
    remedy: str

    @property
    def sentence(self) -> str:
        """The remark in one line."""
        return f"{self.path}: {self.problem}: {self.remedy}"


@dataclass(frozen=True)
class Checked:
    """The result of a check.

    Parameters
    ----------
    counts
        Number of `observations`, `raw_answers`, `models`, `forecasts` and `reports`
        that were checked.
    broken
        Files that differ from what was written, or are invalid.
    remarks
        Worth knowing, but no problem.
    """

    counts: dict[str, int]
    broken: tuple[Remark, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is broken."""
        return not self.broken

    def to_dict(self) -> dict[str, object]:
        """Return the result for JSON."""
        return {"ok": self.ok, **msgspec.to_builtins(self, enc_hook=str)}


def check(settings: Settings) -> Checked:
    """Return what is broken in the folders of these settings.

    `DataError` is raised if another process has the store open for too long.
    """
    workspace = Workspace.of(settings)
    parts = [
        _package(),
        _store(settings),
        _models(workspace.models_folder),
        _forecast_log(workspace.forecast_log),
        _reports(settings.reports_folder),
        _unfinished(settings),
    ]
    return Checked(
        {name: count for part in parts for name, count in part.counts.items()},
        tuple(remark for part in parts for remark in part.broken),
        tuple(remark for part in parts for remark in part.remarks),
    )


def _package() -> Checked:
    """Check the data files that ship with econnet."""
    package = Path(__file__).parents[1]
    broken = (
        Remark("package", fault.path, fault.reason, "install econnet again")
        for folder in (package / "data" / "snapshot", package / "report" / "vendor")
        for fault in verify_checksums(folder)
    )
    return Checked({}, tuple(broken))


def _store(settings: Settings) -> Checked:
    store = store_of(settings)
    if not store.exists():
        return Checked({"observations": 0, "raw_answers": 0})
    findings = checks.check_store(store, now)
    remarks = [
        Remark("store", path, "is a backup from before an upgrade of the store", KEPT)
        for path in schema.backups(store.path)
    ]
    if findings.upgrade_from is not None:
        problem = (
            f"has version {findings.upgrade_from} and was not checked: this econnet "
            f"writes version {schema.VERSION}"
        )
        remedy = "`econnet status` upgrades it; then check again"
        remarks.append(Remark("store", store.path, problem, remedy))
    return Checked(
        dict(findings.counts),
        tuple(
            Remark("store", store.path, flaw.problem, flaw.remedy)
            for flaw in findings.broken
        ),
        tuple(remarks),
    )


def _models(folder: Path) -> Checked:
    broken, remarks, seen = list[Remark](), [], set[tuple[int, int]]()

    def note_unreadable(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # no model was trained yet
            broken.append(_unreadable("models", Path(error.filename), error))

    paths = sorted(
        Path(place, name)
        for place, _, files in os.walk(folder, onerror=note_unreadable)
        for name in files
        if name.endswith(".npz")
    )
    for path in paths:
        try:
            place = path.stat()
            # A model shared by many countries is one file with many links.
            if (place.st_dev, place.st_ino) not in seen:
                _open_model(path)
                seen.add((place.st_dev, place.st_ino))
        except saved_model.TooOldError as error:
            problem = _without(path, error)
            remarks.append(
                Remark("models", path, problem, "the next forecast replaces it")
            )
        except NewerFileError as error:
            broken.append(Remark("models", path, str(error), UPGRADE))
        except (DataError, ValueError) as error:
            broken.append(Remark("models", path, _without(path, error), RETRAIN))
        except OSError as error:
            broken.append(_unreadable("models", path, error))
    return Checked({"models": len(paths)}, tuple(broken), tuple(remarks))


def _open_model(path: Path) -> None:
    """Read a model of either kind; raise what reading it raises."""
    header, _ = read_arrays(path)
    metadata = header.get("metadata")
    if isinstance(metadata, dict) and "answer" in metadata:
        load_with_metadata(path)
        try:
            Streamed.of_record(metadata["answer"])
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"it contains no forecast of a streamed panel: {error}"
            ) from error
    else:
        saved_model.load(path)


def _forecast_log(path: Path) -> Checked:
    if not path.exists():
        return Checked({"forecasts": 0})
    if not path.is_file():
        remark = Remark("journal", path, "is not a regular file", MOVE)
        return Checked({"forecasts": 0}, (remark,))
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except OSError as error:
        return Checked({"forecasts": 0}, (_unreadable("journal", path, error),))
    except (UnicodeDecodeError, csv.Error) as error:
        problem = f"cannot be read as CSV ({error})"
        return Checked({"forecasts": 0}, (Remark("journal", path, problem, MOVE),))
    head, *lines = rows or [[]]
    missing = [column for column in forecast_log.REQUIRED_COLUMNS if column not in head]
    if head and missing:
        problem = f"has no column {missing[0]}"
        return Checked({"forecasts": 0}, (Remark("journal", path, problem, MOVE),))
    problems = [
        f"line {number} {problem}"
        for number, line in enumerate(lines, start=2)
        if (problem := _problem_of(head, line))
    ]
    if content and not content.endswith(b"\n"):
        problems.append("has an incomplete last line")
    broken = (Remark("journal", path, problem, DELETE_LINE) for problem in problems)
    return Checked({"forecasts": len(lines)}, tuple(broken))


def _problem_of(head: list[str], line: list[str]) -> str:
    """Return what is wrong with a line of the log, or an empty text."""
    if len(line) > len(head):
        return f"has {len(line)} cells, more than the {len(head)} columns"
    try:
        forecast_log.parse(dict(zip_longest(head, line, fillvalue="")))
    except ValueError as error:
        return str(error)
    return ""


def _reports(folder: Path) -> Checked:
    broken, remarks, count = list[Remark](), list[Remark](), 0

    def note_unreadable(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # no report was written yet
            broken.append(_unreadable("reports", Path(error.filename), error))

    for name, subfolders, files in os.walk(folder, onerror=note_unreadable):
        subfolders.sort()
        documents = DOCUMENTS & set(files)
        if not documents and SUMS not in files:
            continue
        count += 1
        problems = [*_report(Path(name), documents)]
        if problems and locks.is_locked(Path(name)):
            remarks.append(Remark("reports", Path(name), BEING_WRITTEN, CHECK_AGAIN))
        else:
            broken += problems
    return Checked({"reports": count}, tuple(broken), tuple(remarks))


def _report(folder: Path, documents: Iterable[str]) -> Iterator[Remark]:
    """Yield the problems of a report."""
    sums = read_sums(folder)
    if sums is None:
        yield Remark("reports", folder, f"has no {SUMS}: it is unfinished", REWRITE)
        return
    faults = verify_checksums(folder)
    for fault in faults:
        yield Remark("reports", fault.path, fault.reason, REWRITE)
    for name in sorted(set(documents) - set(sums)):
        problem = f"is not listed in {SUMS}, so it belongs to no finished report"
        yield Remark("reports", folder / name, problem, REWRITE)
    differing = {fault.path for fault in faults}
    for name in sorted({"report.json", "ranking.json"} & set(sums)):
        path = folder / name
        if path not in differing and not _is_object(path):
            yield Remark("reports", path, "is not a JSON document", REWRITE)


def _is_object(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except (OSError, ValueError, RecursionError):
        return False


def _unfinished(settings: Settings) -> Checked:
    """Find files that interrupted runs left behind, or that belong to current runs."""
    data, reports = settings.data_folder, settings.reports_folder
    store = store_of(settings).path
    leftovers = {
        *atomic_files.temporary_files(data),
        *atomic_files.temporary_files(reports),
        *store.parent.glob(f"{store.name}.new*"),
    }
    remarks = [
        Remark("unfinished", path, UNDER_WAY, CLEARED) for path in sorted(leftovers)
    ]
    workspace = Workspace.of(settings)
    parts_folder = workspace.unfinished_folder
    if parts := len([*parts_folder.glob("*.npz")]):
        problem = f"contains {parts:,} finished parts of an interrupted run"
        remarks.append(Remark("unfinished", parts_folder, problem, CONTINUE))
    remarks += [
        Remark("unfinished", path, "is from an interrupted training", CONTINUE)
        for path in sorted(workspace.models_folder.rglob("*.unfinished"))
    ]
    remarks += [
        Remark("unfinished", path, "is an unreadable log of the store", LOG)
        for path in sorted(store.parent.glob(f"{store.name}.wal.unreadable-*"))
    ]
    return Checked({}, remarks=tuple(remarks))


def _unreadable(part: Part, path: Path, error: OSError) -> Remark:
    problem = f"cannot be read ({error.strerror})"
    return Remark(part, path, problem, "check its permissions, or the disk")


def _without(path: Path, error: Exception) -> str:
    """Return the text of an error without the name of the file."""
    text = str(error)
    for name in (repr(str(path)), str(path)):
        text = text.removeprefix(name).lstrip(" :")
    return text


DOCUMENTS = frozenset(
    {
        *("report.pdf", "report.html", "report.json"),
        *("ranking.pdf", "ranking.html", "ranking.json", "ranking.csv"),
    }
)
BEING_WRITTEN = "is being written"
CHECK_AGAIN = "check again when that command has ended"
UPGRADE = "upgrade econnet, or replace the model: `econnet train`"
RETRAIN = "delete it and run `econnet train`"
REWRITE = "run `econnet report` again"
DELETE_LINE = "correct or delete that line"
MOVE = "move it away, and the next forecast starts a new one"
KEPT = "the next fetch deletes it; you may delete it sooner"
UNDER_WAY = "was left by an interrupted run, or belongs to one in progress"
CLEARED = "the next run that writes there removes it"
CONTINUE = "run the same command to continue from there, or delete it"
LOG = "none of it was ever confirmed as stored: delete it"
