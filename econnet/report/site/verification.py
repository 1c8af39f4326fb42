"""Verify a published site: its record, its scores and its files.

The chain of the record is checked line by line, the scores are computed from it again,
and every file is compared with `SHA256SUMS`. Nothing is written.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from econnet.core.errors import DataError
from econnet.core.text import one_line
from econnet.report.record import Json
from econnet.report.site import chain, documents, scoreboard
from econnet.report.site.chain import GENESIS, Record
from econnet.report.site.documents import ScoreboardDocument
from econnet.report.wording.formatting import count
from econnet.runtime.checksums import verify_checksums

# Sums may be rounded differently on another processor.
TOLERANCE = 1e-9
MAX_SHOWN = 5


@dataclass(frozen=True)
class SiteVerification:
    """The result: what is wrong, if anything, and what the record contains."""

    folder: Path
    lines: int
    forecasts: int
    outcomes: int
    head: str
    faults: tuple[str, ...]

    @property
    def verified(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def sentence(self) -> str:
        """Return the result in a line or two."""
        if self.verified:
            return (
                f"verified: {self.folder}: the chain of "
                f"{count(self.lines, 'line')} ({count(self.forecasts, 'forecast')}, "
                f"{count(self.outcomes, 'outcome')}) is intact, and the scores and all "
                f"files agree with it; head {self.head}"
            )
        shown = "; ".join(self.faults[:MAX_SHOWN])
        more = len(self.faults) - MAX_SHOWN
        return (
            f"not verified: {self.folder}: {shown}"
            f"{f'; and {more:,} more' if more > 0 else ''}: restore the site from a "
            "backup or from version control"
        )


def verify(folder: Path, anchor: str | None = None) -> SiteVerification:
    """Return the result of verifying a site.

    `anchor` is an earlier head, which must be the digest of a line of the record.
    `DataError` if the folder contains no record.
    """
    if not (folder / chain.FILE).is_file():
        raise DataError(
            f"{folder} contains no {chain.FILE}: name the folder of a published site"
        )
    content = chain.read_bytes(folder / chain.FILE)
    broken = [fault.sentence() for fault in chain.faults(content)]
    lines = content.splitlines()
    digests = [chain.digest(line) for line in lines]
    faults = list(broken)
    if anchor is not None and anchor not in digests:
        faults.append(
            f"no line of {chain.FILE} has the digest {one_line(anchor, 70)}: the "
            "record was rewritten, or the digest is of another one"
        )
    record = Record() if broken else chain.read(folder / chain.FILE)
    if not broken:
        faults += _wrong_scores(record, folder / documents.SCOREBOARD)
    faults += [f"{fault.path} {fault.reason}" for fault in verify_checksums(folder)]
    return SiteVerification(
        folder,
        len(lines),
        len(record.forecasts),
        len(record.outcomes),
        digests[-1] if digests else GENESIS,
        tuple(faults),
    )


def read_record(folder: Path) -> Record:
    """Return the record of a site, to be continued; an empty one in a new folder.

    `DataError` if the chain is broken, or if a line that the last publication wrote is
    missing or another; the chain alone does not show that the last line was changed.
    """
    record = chain.read(folder / chain.FILE)
    path = folder / documents.SCOREBOARD
    if not path.exists():
        return record
    head = _scoreboard(path).record
    lines = [b"", *record.content.splitlines()]
    if head.lines >= len(lines) or chain.digest(lines[head.lines]) != head.head:
        raise DataError(
            f"{folder}: {chain.FILE}, line {min(head.lines, len(record.entries))}, is "
            f"not the last line that was published, which {path} names: restore the "
            "file, because only an intact record can be continued"
        )
    return record


def _scoreboard(path: Path) -> ScoreboardDocument:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ScoreboardDocument)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise DataError(
            f"{path} cannot be read ({one_line(str(error))}): restore the file"
        ) from error


def _wrong_scores(record: Record, path: Path) -> Iterator[str]:
    """Yield how a published scoreboard differs from the record."""
    try:
        published = _scoreboard(path)
    except DataError as error:
        yield str(error)
        return
    head = published.record
    if (head.lines, head.head) != (len(record.entries), record.head):
        yield (
            f"{chain.FILE}, line {len(record.entries)}, is not the last line of the "
            f"record that {path} names ({head.lines} lines, head {head.head}): it was "
            "changed, or lines are missing"
        )
        return
    scores = scoreboard.of(record)
    expected = documents.scoreboard(record, scores, published.made_at)
    for where in _differences("", *map(msgspec.to_builtins, (published, expected))):
        yield f"{path}: {where} is not what the record gives"


def _differences(where: str, left: Any, right: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the places at which two documents differ."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for name in {**left, **right}:
            place = f"{where}.{name}" if where else name
            yield from _differences(place, left.get(name), right.get(name))
    elif _is_list(left) and _is_list(right) and len(left) == len(right):
        for number, both in enumerate(zip(left, right, strict=True)):
            yield from _differences(f"{where}[{number}]", *both)
    elif isinstance(left, float) and isinstance(right, float):
        if not math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            yield where
    elif left != right:
        yield where


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def to_dict(result: SiteVerification) -> dict[str, Json]:
    """Return a verification as JSON."""
    return {
        "site": result.folder.as_posix(),
        "verified": result.verified,
        "lines": result.lines,
        "forecasts": result.forecasts,
        "outcomes": result.outcomes,
        "head": result.head,
        "faults": list(result.faults),
    }
