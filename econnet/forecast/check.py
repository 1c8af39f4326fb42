"""Check the folders: what is broken, and how to repair it.

The bundled snapshot, the store with its raw answers, the models, the log of forecasts,
the reports and the files that interrupted runs left behind are checked. Nothing is
changed, repaired or deleted: each problem comes with a remedy. Leftovers are remarks;
only what is broken makes the result fail.
"""

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from econnet.core.errors import DataError
from econnet.core.periods import FREQUENCIES, PANDAS_ALIAS
from econnet.core.settings import Settings
from econnet.core.workspace import Workspace
from econnet.data.load import store as store_of
from econnet.data.sources.observations import now
from econnet.data.store import checks, schema
from econnet.forecast import log as forecast_log
from econnet.forecast import saved_model
from econnet.forecast.streamed.forecast import Streamed
from econnet.models.network_file import NewerFileError, load_with_metadata
from econnet.runtime import atomic_files
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

    def to_dict(self) -> dict[str, str]:
        """Return the remark as JSON has it."""
        return {**asdict(self), "path": str(self.path)}


@dataclass(frozen=True)
class Checked:
    """The result of a check.

    Parameters
    ----------
    counts
        Number of `observations`, `raw_answers`, `models`, `forecasts` and `reports`
        that were checked.
    broken
        Problems: files that are not as they were written, or not as they must be.
    remarks
        Worth knowing, but no problem.
    """

    counts: dict[str, int]
    broken: tuple[Remark, ...]
    remarks: tuple[Remark, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is broken."""
        return not self.broken

    def to_dict(self) -> dict[str, object]:
        """Return everything as JSON has it."""
        return {
            "ok": self.ok,
            "counts": dict(self.counts),
            "broken": [remark.to_dict() for remark in self.broken],
            "remarks": [remark.to_dict() for remark in self.remarks],
        }


@dataclass(frozen=True)
class _Found:
    """The result for one part."""

    counts: dict[str, int]
    broken: tuple[Remark, ...] = ()
    remarks: tuple[Remark, ...] = ()


def check(settings: Settings) -> Checked:
    """Return what is broken in the folders of these settings.

    Raises
    ------
    DataError
        Another process has the store open for too long.
    """
    workspace = Workspace.of(settings)
    found = [
        _package(),
        _store(settings),
        _models(workspace.models_folder),
        _journal(workspace.forecast_log),
        _reports(settings.reports_folder),
        _unfinished(settings),
    ]
    return Checked(
        {name: count for part in found for name, count in part.counts.items()},
        tuple(remark for part in found for remark in part.broken),
        tuple(remark for part in found for remark in part.remarks),
    )


def _package() -> _Found:
    """Check the data files that ship with econnet."""
    package = Path(__file__).parents[1]
    faults = [
        fault
        for folder in (package / "data" / "snapshot", package / "report" / "vendor")
        for fault in verify_checksums(folder)
    ]
    remedy = "install econnet again"
    return _Found(
        {},
        tuple(Remark("package", fault.path, fault.reason, remedy) for fault in faults),
    )


def _store(settings: Settings) -> _Found:
    store = store_of(settings)
    if not store.exists():
        return _Found({"observations": 0, "raw_answers": 0})
    findings = checks.check_store(store, now())
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
    return _Found(
        dict(findings.counts),
        tuple(
            Remark("store", store.path, flaw.problem, flaw.remedy)
            for flaw in findings.broken
        ),
        tuple(remarks),
    )


def _models(folder: Path) -> _Found:
    broken, remarks, seen = [], [], set[tuple[int, int]]()
    paths = sorted(folder.rglob("*.npz"))
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
    return _Found({"models": len(paths)}, tuple(broken), tuple(remarks))


def _open_model(path: Path) -> None:
    """Read a model of either kind; raise what reading it raises."""
    header, _ = read_arrays(path)
    metadata = header.get("metadata")
    if isinstance(metadata, dict) and "answer" in metadata:
        load_with_metadata(path)
        try:
            Streamed.of_record(metadata["answer"])
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(
                f"it holds no answer of a streamed panel: {error}"
            ) from error
    else:
        saved_model.load(path)


def _journal(path: Path) -> _Found:
    if not path.exists():
        return _Found({"forecasts": 0})
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except OSError as error:
        return _Found({"forecasts": 0}, (_unreadable("journal", path, error),))
    except (UnicodeDecodeError, csv.Error) as error:
        problem = f"cannot be read as CSV ({error})"
        return _Found({"forecasts": 0}, (Remark("journal", path, problem, MOVE),))
    if not rows:
        return _Found({"forecasts": 0})
    head, *lines = rows
    broken = []
    if unknown := sorted({"made_at", "country", "period", "probability"} - set(head)):
        broken.append(Remark("journal", path, f"has no column {unknown[0]}", MOVE))
    else:
        for number, line in enumerate(lines, start=2):
            if problem := _problem_of(head, line):
                where = f"line {number} {problem}"
                broken.append(Remark("journal", path, where, DELETE_LINE))
    if content and not content.endswith(b"\n"):
        broken.append(
            Remark("journal", path, "breaks off in its last line", DELETE_LINE)
        )
    return _Found({"forecasts": len(lines)}, tuple(broken))


def _problem_of(head: list[str], line: list[str]) -> str:
    """Return what is wrong with a line of the log, or an empty text."""
    # Lines written before a column was added are shorter.
    if len(line) > len(head):
        return f"has {len(line)} cells, more than the {len(head)} columns"
    row = dict.fromkeys(forecast_log.COLUMNS, "") | dict(zip(head, line, strict=False))
    try:
        datetime.fromisoformat(row["made_at"])
    except ValueError:
        return f"was made at {row['made_at'][:40]!r}, which is no time"
    try:
        probability = float(row["probability"])
    except ValueError:
        probability = math.nan
    if not 0 <= probability <= 1:
        return f"has the probability {row['probability'][:40]!r}"
    if row["frequency"] not in FREQUENCIES:
        return f"has the frequency {row['frequency'][:40]!r}"
    alias = PANDAS_ALIAS[row["frequency"]]
    for name in ("origin", "period"):
        try:
            pd.Period(row[name], alias)
        except ValueError:
            return f"has the {name} {row[name][:40]!r}"
    return ""


def _reports(folder: Path) -> _Found:
    broken, count = list[Remark](), 0
    for place, names in _folders(folder):
        documents = DOCUMENTS & set(names)
        if not documents and SUMS not in names:
            continue
        count += 1
        broken += _report(place, documents)
    return _Found({"reports": count}, tuple(broken))


def _folders(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    for place, below, names in os.walk(folder):
        below.sort()
        yield Path(place), names


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
        problem = f"is not named by {SUMS} beside it, so it is of no finished report"
        yield Remark("reports", folder / name, problem, REWRITE)
    differing = {fault.path for fault in faults}
    for name in sorted({"report.json", "ranking.json"} & set(sums)):
        path = folder / name
        if path not in differing and not _is_object(path):
            yield Remark("reports", path, "is no JSON document", REWRITE)


def _is_object(path: Path) -> bool:
    try:
        document: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict)


def _unfinished(settings: Settings) -> _Found:
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
    parts = sum(1 for _ in parts_folder.glob("*.npz"))
    if parts:
        problem = f"holds {parts:,} finished parts of an interrupted run"
        remarks.append(Remark("unfinished", parts_folder, problem, CONTINUE))
    remarks += [
        Remark("unfinished", path, "is from an interrupted training", CONTINUE)
        for path in sorted(workspace.models_folder.glob("*.unfinished"))
    ]
    remarks += [
        Remark("unfinished", path, "is a log of the store that could not be read", LOG)
        for path in sorted(store.parent.glob(f"{store.name}.wal.unreadable-*"))
    ]
    return _Found({}, remarks=tuple(remarks))


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
UPGRADE = "upgrade econnet, or replace the model: `econnet train`"
RETRAIN = "delete it and run `econnet train`"
REWRITE = "run `econnet report` again"
DELETE_LINE = "correct or delete that line"
MOVE = "move it away, and the next forecast begins a new one"
KEPT = "the next fetch deletes it; it may be deleted sooner"
UNDER_WAY = "was left by an interrupted run, or belongs to one in progress"
CLEARED = "the next run that writes there removes it"
CONTINUE = "run the same command to continue from there, or delete it"
LOG = "nothing in it was ever confirmed: delete it"
