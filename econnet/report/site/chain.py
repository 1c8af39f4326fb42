"""`record.jsonl`: what was published, and when, in lines that are chained by hash.

Every line contains the SHA-256 of the line before it. Changing, removing or inserting a
line breaks the chain at that place, unless all later lines are rewritten too; then the
digest of the last line, the *head*, changes. Anyone who knows an earlier head can
verify that nothing before it was rewritten. Lines are only ever appended.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.periods import PANDAS_ALIAS, Frequency
from econnet.core.task import Event
from econnet.core.text import one_line
from econnet.forecast.result import Horizon, PeriodText, Share

FILE = "record.jsonl"
# The digest that the first line contains.
GENESIS = "0" * 64
MAX_BYTES = 2**30

Digest: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
DayText: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
]
TimeText: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|\+00:00)\Z"
    ),
]
# Keys and codes of the public data are plain ASCII.
KeyText: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[ -~]{1,100}\Z")]
LineNumber: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]


class RecordedForecast(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="forecast",
):
    """A published forecast.

    `recorded_at` is when it was published, `made_at` when it was computed, `as_of` its
    information date. `base_rate` and `professional` are the forecasts of the historical
    average and of professional forecasters, the latter `None` where none was given.
    `data` is the digest of the data that it was made from, `None` if it was not logged.
    """

    line: LineNumber
    recorded_at: TimeText
    made_at: TimeText
    country: KeyText
    frequency: Frequency
    target: KeyText
    label: KeyText
    event: Event
    horizon: Horizon
    origin: PeriodText
    period: PeriodText
    probability: Share
    base_rate: Share
    professional: Share | None
    pool: KeyText
    as_of: DayText
    source: KeyText
    version: KeyText
    data: Digest | None
    previous: Digest

    @property
    def series(self) -> tuple[str, ...]:
        """What forecasts of one question about one country have in common."""
        return (
            *(self.country, self.frequency, self.target, self.label, self.event),
            *(str(self.horizon), self.pool),
        )

    @property
    def key(self) -> tuple[str, ...]:
        """What forecasts of one event from one origin have in common."""
        return (*self.series, self.origin)

    @property
    def edition(self) -> tuple[str, ...]:
        """The key with data and version, which may change within an origin."""
        return (*self.key, self.as_of, self.version)

    @property
    def after_period(self) -> bool:
        """Whether the period was over when the forecast was published."""
        published = pd.Period(self.recorded_at[:10], PANDAS_ALIAS[self.frequency])
        return published > pd.Period(self.period)


class RecordedOutcome(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="outcome",
):
    """The outcome of the event that the forecast in line `forecast` is about.

    `outcome` is 1 if the event occurred, else 0; `known_at` is the day on which it
    became known. Later revisions of the data do not change it.
    """

    line: LineNumber
    recorded_at: TimeText
    forecast: LineNumber
    outcome: Annotated[int, msgspec.Meta(ge=0, le=1)]
    known_at: DayText
    previous: Digest


Entry: TypeAlias = RecordedForecast | RecordedOutcome
_DECODER = msgspec.json.Decoder(Entry)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line of the record, or with its end."""

    line: int
    reason: str

    def sentence(self) -> str:
        """Return the fault in a sentence."""
        return f"{FILE}, line {self.line}, {self.reason}"


@dataclass(frozen=True)
class Record:
    """A record whose chain is intact: its bytes and its entries, oldest first."""

    content: bytes = b""
    entries: tuple[Entry, ...] = ()

    @property
    def head(self) -> str:
        """The digest of the last line."""
        return digest(self.content.splitlines()[-1]) if self.entries else GENESIS

    @property
    def forecasts(self) -> tuple[RecordedForecast, ...]:
        """The forecasts, oldest first."""
        return tuple(e for e in self.entries if isinstance(e, RecordedForecast))

    @property
    def outcomes(self) -> tuple[RecordedOutcome, ...]:
        """The outcomes, oldest first."""
        return tuple(e for e in self.entries if isinstance(e, RecordedOutcome))

    def first_lines(self) -> dict[tuple[str, ...], int]:
        """Return the line of the first forecast of each event from each origin.

        Only the first is scored, so that a lucky later one cannot improve the record.
        """
        lines: dict[tuple[str, ...], int] = {}
        for forecast in self.forecasts:
            lines.setdefault(forecast.key, forecast.line)
        return lines

    def extended(self, entries: Iterable[Entry]) -> "Record":
        """Return the record with entries appended, numbered and chained."""
        added, lines = [*self.entries], [self.content]
        previous = self.head
        for entry in entries:
            chained = msgspec.structs.replace(
                entry, line=len(added) + 1, previous=previous
            )
            line = msgspec.json.encode(chained)
            previous = digest(line)
            added.append(chained)
            lines.append(line + b"\n")
        return Record(b"".join(lines), tuple(added))


def digest(line: bytes) -> str:
    """Return the SHA-256 of a line without its line break."""
    return hashlib.sha256(line).hexdigest()


def read(path: Path) -> Record:
    """Return the record in a file; an empty one where there is no file.

    Raises
    ------
    DataError
        A line was changed, removed or inserted; the message names it.
    """
    content = read_bytes(path)
    fault = next(faults(content), None)
    if fault is not None:
        raise DataError(
            f"{path.parent}: {fault.sentence()}: restore the file, because only an "
            "intact record can be continued"
        )
    return Record(content, tuple(map(_DECODER.decode, content.splitlines())))


def read_bytes(path: Path) -> bytes:
    """Return the content of a record; nothing where there is no file."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path} is too large for a record: restore it")
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def faults(content: bytes) -> Iterator[Fault]:
    """Yield what is wrong with a record's chain and entries, in order of the lines."""
    lines = content.split(b"\n")
    if lines.pop():
        yield Fault(len(lines) + 1, "is incomplete: it does not end with a line break")
    previous = GENESIS
    keys: set[tuple[str, ...]] = set()
    forecasts: dict[int, tuple[str, ...]] = {}
    known: set[int] = set()
    for number, line in enumerate(lines, 1):
        try:
            entry = _DECODER.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            yield Fault(number, f"is not an entry of a record ({one_line(str(error))})")
            previous = digest(line)
            continue
        if entry.line != number:
            yield Fault(number, f"has the number {entry.line}: lines are missing")
        elif entry.previous != previous:
            yield _broken(number)
        elif msgspec.json.encode(entry) != line:
            yield Fault(number, "is not written as econnet writes it")
        if isinstance(entry, RecordedForecast):
            if entry.edition in keys:
                yield Fault(number, "repeats a forecast")
            keys.add(entry.edition)
            forecasts[number] = entry.key
        elif entry.forecast not in forecasts or entry.forecast in known:
            yield Fault(number, f"is not a new outcome for line {entry.forecast}")
        else:
            known.add(entry.forecast)
        previous = digest(line)


def _broken(number: int) -> Fault:
    """Return the fault of a line that does not contain the digest of the one before."""
    if number == 1:
        return Fault(1, "is not the first line that was written")
    return Fault(
        number - 1,
        f"was changed after line {number} was written: line {number} contains another "
        "digest",
    )
