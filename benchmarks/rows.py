"""The rows that every benchmark prints, one per comparison."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """One comparison.

    Parameters
    ----------
    ratio
        Above 1, econnet is better.
    reach
        The aim for `ratio`, or for the value itself if nothing is compared.
    """

    work: str
    measure: str
    econnet: float
    peer: str
    peer_value: float
    ratio: float
    reach: float | None


@dataclass(frozen=True)
class RacedRow(Row):
    """A comparison over several rounds.

    Parameters
    ----------
    spread
        The lowest and the highest ratio of a round.
    """

    spread: tuple[float, float]


def as_json(rows: Sequence[Row]) -> str:
    """Return the rows as one JSON document."""
    return json.dumps([asdict(row) for row in rows], indent=2)
