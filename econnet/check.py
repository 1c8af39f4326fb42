"""The use case of `econnet check`: what is broken in the folders, and how to mend it.

Looked at are the bundled snapshot, the store with its raw answers, the models, the
journal of forecasts, the reports, and what interrupted runs left behind. Nothing is
changed, repaired or deleted: each fault is told with what would mend it. What is merely
left over is a remark; only what is broken makes a folder unsound.
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

from econnet import catalog, journal, models, storecheck, storefile, whole
from econnet.errors import DataError
from econnet.ingest import store as store_of
from econnet.network_file import NewerFileError, load_with_metadata
from econnet.runtime.npz import read_arrays
from econnet.settings import Settings
from econnet.sources.observations import now
from econnet.streaming.answer import Streamed

Part = Literal[
    "settings", "package", "store", "models", "journal", "reports", "unfinished"
]


@dataclass(frozen=True)
class Remark:
    """Something about a file, and what to do about it, if anything."""

    part: Part
    path: Path
    what: str
    cure: str

    @property
    def sentence(self) -> str:
        """The remark in one line."""
        return f"{self.path}: {self.what}: {self.cure}"

    def to_dict(self) -> dict[str, str]:
        """Return the remark as JSON has it."""
        return {**asdict(self), "path": str(self.path)}


@dataclass(frozen=True)
class Checked:
    """What was looked at, and what was found.

    Parameters
    ----------
    counts
        How many of each were looked at: `observations`, `raw_answers`, `models`,
        `forecasts`, `reports`.
    broken
        What is not as it was written, or not as it must be.
    remarks
        What is worth knowing, and breaks nothing.
    """

    counts: dict[str, int]
    broken: tuple[Remark, ...]
    remarks: tuple[Remark, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is broken."""
        return not self.broken

    def to_dict(self) -> dict[str, object]:
        """Return everything as JSON has it."""
        return {
            "sound": self.sound,
            "counts": dict(self.counts),
            "broken": [it.to_dict() for it in self.broken],
            "remarks": [it.to_dict() for it in self.remarks],
        }


@dataclass(frozen=True)
class _Found:
    """What was found in one part."""

    counts: dict[str, int]
    broken: tuple[Remark, ...] = ()
    remarks: tuple[Remark, ...] = ()


def check(settings: Settings) -> Checked:
    """Return what is broken in the folders of these settings.

    Raises
    ------
    DataError
        Another process holds the store for too long.
    """
    found = [
        _package(),
        _store(settings),
        _models(settings.data_folder / "models"),
        _journal(settings.data_folder / "forecasts.csv"),
        _reports(settings.reports_folder),
        _unfinished(settings),
    ]
    return Checked(
        {name: count for one in found for name, count in one.counts.items()},
        tuple(it for one in found for it in one.broken),
        tuple(it for one in found for it in one.remarks),
    )


def _package() -> _Found:
    """Look at the files that ship with econnet and are not code."""
    here = Path(__file__).parent
    faults = [
        fault
        for folder in (here / "snapshot", here / "report" / "vendor")
        for fault in whole.faults(folder)
    ]
    cure = "install econnet again"
    return _Found(
        {}, tuple(Remark("package", it.path, it.reason, cure) for it in faults)
    )


def _store(settings: Settings) -> _Found:
    store = store_of(settings)
    if not store.exists():
        return _Found({"observations": 0, "raw_answers": 0})
    seen = storecheck.look(store, now())
    remarks = [
        Remark("store", path, "is the store as it was before an upgrade", KEPT)
        for path in storefile.backups(store.path)
    ]
    if seen.upgrade_from is not None:
        what = (
            f"is of version {seen.upgrade_from}, and was not looked into: this econnet "
            f"writes version {storefile.VERSION}"
        )
        cure = "`econnet status` upgrades it; then check again"
        remarks.append(Remark("store", store.path, what, cure))
    if seen.without_raw:
        what = (
            f"{seen.without_raw} series have no raw answer: an older econnet had them"
        )
        remarks.append(
            Remark("store", store.path, what, "it comes with their next change")
        )
    return _Found(
        asdict(seen.counts),
        tuple(Remark("store", store.path, it.what, it.cure) for it in seen.broken),
        tuple(remarks),
    )


def _models(folder: Path) -> _Found:
    broken, remarks, seen = [], [], set[tuple[int, int]]()
    paths = sorted(folder.rglob("*.npz"))
    for path in paths:
        try:
            place = path.stat()
            # A model that many countries share is one file at many places.
            if (place.st_dev, place.st_ino) not in seen:
                _open_model(path)
                seen.add((place.st_dev, place.st_ino))
        except models.TooOldError as error:
            what = _without(path, error)
            remarks.append(
                Remark("models", path, what, "the next forecast replaces it")
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
        models.load(path)


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
        what = f"cannot be read as CSV ({error})"
        return _Found({"forecasts": 0}, (Remark("journal", path, what, MOVE),))
    if not rows:
        return _Found({"forecasts": 0})
    head, *lines = rows
    broken = []
    if unknown := sorted({"made_at", "country", "period", "probability"} - set(head)):
        broken.append(Remark("journal", path, f"has no column {unknown[0]}", MOVE))
    else:
        for number, line in enumerate(lines, start=2):
            if what := _wrong_with(head, line):
                told = f"line {number} {what}"
                broken.append(Remark("journal", path, told, DELETE_LINE))
    if content and not content.endswith(b"\n"):
        broken.append(
            Remark("journal", path, "breaks off in its last line", DELETE_LINE)
        )
    return _Found({"forecasts": len(lines)}, tuple(broken))


def _wrong_with(head: list[str], line: list[str]) -> str:
    """Return what is wrong with a line of the journal, else nothing."""
    # Lines of before a column was added are shorter.
    if len(line) > len(head):
        return f"has {len(line)} cells, more than the {len(head)} columns"
    row = dict.fromkeys(journal.COLUMNS, "") | dict(zip(head, line, strict=False))
    try:
        datetime.fromisoformat(row["made_at"])
    except ValueError:
        return f"was made at {row['made_at'][:40]!r}, which is no time"
    try:
        said = float(row["probability"])
    except ValueError:
        said = math.nan
    if not 0 <= said <= 1:
        return f"has the probability {row['probability'][:40]!r}"
    if row["frequency"] not in catalog.FREQUENCIES:
        return f"has the frequency {row['frequency'][:40]!r}"
    alias = catalog.PANDAS_ALIAS[row["frequency"]]
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
        if not documents and whole.SUMS not in names:
            continue
        count += 1
        broken += _report(place, documents)
    return _Found({"reports": count}, tuple(broken))


def _folders(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    for place, below, names in os.walk(folder):
        below.sort()
        yield Path(place), names


def _report(folder: Path, documents: Iterable[str]) -> Iterator[Remark]:
    """Yield what is wrong with a report."""
    sums = whole.read_sums(folder)
    if sums is None:
        what = (
            f"has no {whole.SUMS}: it was never finished, or an older econnet wrote it"
        )
        yield Remark("reports", folder, what, REWRITE)
        return
    faults = whole.faults(folder)
    for fault in faults:
        yield Remark("reports", fault.path, fault.reason, REWRITE)
    for name in sorted(set(documents) - set(sums)):
        what = f"is not named by {whole.SUMS} beside it, and so of no finished report"
        yield Remark("reports", folder / name, what, REWRITE)
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
    """Look for what interrupted runs left behind, or runs that are under way."""
    data, reports = settings.data_folder, settings.reports_folder
    store = store_of(settings).path
    left = {
        *whole.leftovers(data),
        *whole.leftovers(reports),
        *store.parent.glob(f"{store.name}.new*"),
    }
    remarks = [Remark("unfinished", path, UNDER_WAY, CLEARED) for path in sorted(left)]
    parts = sum(1 for _ in (data / "unfinished").glob("*.npz"))
    if parts:
        what = f"holds {parts:,} finished parts of a run that broke off"
        remarks.append(Remark("unfinished", data / "unfinished", what, GO_ON))
    remarks += [
        Remark("unfinished", path, "is of a training that broke off", GO_ON)
        for path in sorted((data / "models").glob("*.unfinished"))
    ]
    remarks += [
        Remark("unfinished", path, "is a log of the store that could not be read", LOG)
        for path in sorted(store.parent.glob(f"{store.name}.wal.unreadable-*"))
    ]
    return _Found({}, remarks=tuple(remarks))


def _unreadable(part: Part, path: Path, error: OSError) -> Remark:
    what = f"cannot be read ({error.strerror})"
    return Remark(part, path, what, "see to its permissions, or to the disk")


def _without(path: Path, error: Exception) -> str:
    """Return what an error says, without the name of the file, which stands before."""
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
UPGRADE = "upgrade econnet, or put a model of this one in its place: `econnet train`"
RETRAIN = "delete it, and `econnet train` makes it anew"
REWRITE = "`econnet report` writes it anew"
DELETE_LINE = "mend or delete that line"
MOVE = "move it away, and the next forecast begins a new one"
KEPT = "it goes with the next fetch; delete it sooner if you like"
UNDER_WAY = "was left by a run that broke off, or belongs to one under way"
CLEARED = "the next run that writes there clears it"
GO_ON = "the same command goes on from there; else delete it"
LOG = "nothing that was confirmed was in it: delete it"
