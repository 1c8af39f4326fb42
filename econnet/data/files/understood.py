"""How econnet read a user's file, in a few lines and by column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from econnet.core.periods import FREQUENCY_WORDS, Frequency


@dataclass(frozen=True)
class ColumnReport:
    """What a series of the file was recognised as.

    Parameters
    ----------
    measures
        The catalog's key of what it measures; empty if unknown.
    missing
        How many periods between the first and the last have no value, over areas.
    reason
        Why it has this kind.
    """

    name: str
    kind: str
    reason: str
    unit: str
    frequency: str
    first_period: str
    last_period: str
    values: int
    missing: int
    areas: int
    measures: str


@dataclass(frozen=True)
class Understood:
    """What was understood of a file.

    Parameters
    ----------
    areas
        The plain names of the areas with values.
    target
        The column that the default target means, and what it is; often empty.
    remarks
        What was unusual, one sentence each.
    warnings
        What would have given a wrong result, one sentence each.
    left_out
        Columns that are not series, and why.
    overrides
        The options that change what was understood.
    """

    file: str
    areas: Sequence[str]
    columns: Sequence[ColumnReport]
    target: str = ""
    remarks: Sequence[str] = ()
    warnings: Sequence[str] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    overrides: Sequence[str] = ()

    def lines(self) -> list[str]:
        """Return the report in a few lines: the table, warnings, and kinds."""
        lines = [f"{self.file}: {self._summary()}"]
        lines += [f"{self.file}: {warning}" for warning in self.warnings]
        if self.left_out:
            lines.append(f"{self.file}: {self._left_out()}")
        if self.remarks:
            lines.append(f"{self.file}: {'; '.join(self.remarks)}")
        kinds = (
            f"{self.file}: {self._kinds()}; `econnet inspect {self.file}` shows each"
        )
        if any(override.startswith("--kind") for override in self.overrides):
            kinds += ", --kind COLUMN=KIND changes one"
        return [*lines, kinds]

    def _summary(self) -> str:
        counts: dict[str, int] = {}
        for column in self.columns:
            counts[column.frequency] = counts.get(column.frequency, 0) + 1
        series = _listed(
            [f"{count:,} {_words(frequency)}" for frequency, count in counts.items()]
        )
        span = f", {self._span()}" if self.columns else ""
        target = f"; target {self.target}" if self.target else ""
        return f"{series} series, {_areas(self.areas)}{span}{target}"

    def _span(self) -> str:
        """Return the span of the series at the most common frequency."""
        frequencies = [column.frequency for column in self.columns]
        usual = max(dict.fromkeys(frequencies), key=frequencies.count)
        mine = [column for column in self.columns if column.frequency == usual]
        first = min(column.first_period for column in mine)
        return f"{first} to {max(column.last_period for column in mine)}"

    def _left_out(self) -> str:
        n = len(self.left_out)
        shown = [
            f"{name} ({reason})" for name, reason in [*self.left_out.items()][:SHOWN]
        ]
        more = f" and {n - SHOWN} more" if n > SHOWN else ""
        return f"{n} column{'s' * (n > 1)} left out: {', '.join(shown)}{more}"

    def _kinds(self) -> str:
        by_kind: dict[str, list[str]] = {}
        for column in self.columns:
            by_kind.setdefault(column.kind, []).append(column.name)
        parts = [
            f"{', '.join(names[:SHOWN])}{', ...' * (len(names) > SHOWN)} as {kind}"
            for kind, names in by_kind.items()
        ]
        return f"read {'; '.join(parts)}"


def _listed(parts: Sequence[str]) -> str:
    """Return parts as a list in a sentence: a, b and c."""
    return " and ".join([", ".join(parts[:-1]), *parts[-1:]] if parts[1:] else parts)


def _areas(names: Sequence[str]) -> str:
    if len(names) <= SHOWN:
        return ", ".join(names)
    return f"{len(names):,} countries or areas"


def _words(frequency: str) -> str:
    words: Mapping[str, str] = FREQUENCY_WORDS  # type: ignore[assignment]
    return " and ".join(words.get(part, part) for part in frequency.split("/"))


Frequencies = Sequence[Frequency]
SHOWN = 6
