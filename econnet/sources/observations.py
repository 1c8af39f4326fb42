"""What every source returns: whole series as tidy rows, and what is known of each.

A row is an observation: the value of one series in one period. `period` is text,
`2020`, `2020Q1` or `2020-01`. Dates are naive: `retrieved_at` is the moment of the
fetch in UTC, `known_at` the day of publication at midnight, empty where the source does
not tell. A value that a source has withdrawn is a row whose value is missing.
"""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from econnet.catalog import Indicator, SeriesTemplate, load
from econnet.core.workspace import UserFile
from econnet.errors import EconnetError, SourceError

OBSERVATION_COLUMNS = [
    "country",
    "indicator",
    "period",
    "value",
    "source",
    "series_id",
    "retrieved_at",
    "known_at",
]
SERIES_COLUMNS = [
    "country",
    "indicator",
    "source",
    "series_id",
    "frequency",
    "title",
    "unit",
    "edition",
    "licence",
    "rights",
    "attribution",
    "discontinued",
    "retrieved_at",
]

Complaint = Callable[[str], EconnetError]


@dataclass(frozen=True)
class Piece:
    """What a source sent, or a page of it, compressed; `sha256` and `size` before."""

    sha256: str
    size: int
    compressed: bytes = field(repr=False)

    @classmethod
    def of(cls, content: bytes) -> "Piece":
        """Return a piece that holds `content`."""
        # The fastest level keeps a twentieth of JSON; the best takes ten times as long.
        compressed = gzip.compress(content, compresslevel=1, mtime=0)
        return cls(hashlib.sha256(content).hexdigest(), len(content), compressed)


@dataclass(frozen=True)
class Provenance:
    """Where an answer comes from, and what it covers.

    Parameters
    ----------
    title, unit
        As the source words them, else as the catalog does.
    digest
        SHA-256 of the raw answer, by which a refetch sees that nothing has changed.
    first_period
        The period asked from; of what came before, the answer says nothing.
    edition
        The source's own date of its last update; empty where it tells none.
    raw
        The raw answer itself, in the pieces in which it came.
    """

    series_id: str
    title: str
    unit: str
    digest: str
    first_period: str
    retrieved_at: datetime
    edition: str = ""
    raw: tuple[Piece, ...] = ()


@dataclass(frozen=True, eq=False)
class Answer:
    """What a source gave for one of its series ids: one whole series a country.

    Parameters
    ----------
    observations
        `OBSERVATION_COLUMNS`; every period from `first_period` on that the source has.
    series
        `SERIES_COLUMNS`, one row a country.
    """

    source: str
    indicator: str
    provenance: Provenance
    observations: pd.DataFrame
    series: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Known:
    """What there is to learn from.

    Parameters
    ----------
    observations
        Every vintage, as every source returns them: `OBSERVATION_COLUMNS`.
    series
        One row a series: `SERIES_COLUMNS`, `first_period` and `last_period`.
    source
        Where they come from, in a word for the user: `snapshot`, `store`, a file name.
    indicators
        What each indicator is: the catalog, or the columns of the user's file.
    notices
        What a user should hear about them: plain lines, often none.
    file
        The user's file that they are from; `None` for econnet's own data.
    """

    observations: pd.DataFrame
    series: pd.DataFrame
    source: str
    indicators: Mapping[str, Indicator] = field(default_factory=load)
    notices: tuple[str, ...] = ()
    file: UserFile | None = None


def now() -> datetime:
    """Return this moment in UTC, naive."""
    return datetime.now(UTC).replace(tzinfo=None)


def answer(
    rows: pd.DataFrame,
    indicator: Indicator,
    template: SeriesTemplate,
    provenance: Provenance,
) -> Answer:
    """Return the rows of one series id as an answer.

    `rows` has the columns `country, period, value` and, where the source tells when a
    value was published, `known_at`.

    Raises
    ------
    SourceError
        A value is infinite, or of a period that is more than a year away.
    """
    _check(rows, provenance, f"{NAMES[template.source]}, {provenance.series_id}")
    rows = rows[rows["period"] >= provenance.first_period].reset_index(drop=True)
    if "known_at" not in rows:
        rows["known_at"] = pd.Series(pd.NaT, rows.index, dtype="datetime64[us]")
    whose: dict[str, str | datetime] = {
        "indicator": indicator.key,
        "source": template.source,
        "series_id": provenance.series_id,
        "retrieved_at": pd.Timestamp(provenance.retrieved_at).as_unit("us"),
    }
    series = pd.DataFrame({"country": sorted(rows["country"].unique())}).assign(
        **whose,
        frequency=template.frequency,
        title=provenance.title,
        unit=provenance.unit,
        edition=provenance.edition,
        licence=template.rights,
        rights=TERMS[template.source],
        attribution=ATTRIBUTION[template.source],
        discontinued=template.discontinued,
    )
    return Answer(
        source=template.source,
        indicator=indicator.key,
        provenance=provenance,
        observations=rows.assign(**whose)[OBSERVATION_COLUMNS],
        series=series[SERIES_COLUMNS],
    )


def _check(rows: pd.DataFrame, provenance: Provenance, whose: str) -> None:
    """Raise `SourceError` for what no figure of the past can be."""
    infinite = rows[np.isinf(rows["value"].to_numpy(float))]
    if len(infinite):
        raise SourceError(
            f"{whose}: the value for {infinite['period'].iloc[0]} is "
            "larger than a number may be"
        )
    # A year's grace, for a computer's clock is wrong more often than a source.
    this_year = provenance.retrieved_at.year
    later = rows[rows["period"].str[:4].astype(int) > this_year + 1]
    if len(later):
        raise SourceError(
            f"{whose}: it has a value for {later['period'].iloc[0]}, which is to come: "
            f"check this computer's clock, which says {this_year}"
        )


def in_order(rows: pd.DataFrame, keys: list[str], complaint: Complaint) -> pd.DataFrame:
    """Return `rows` sorted by `keys`, each key once.

    A row that stands twice with the same value counts once.

    Raises
    ------
    EconnetError
        What `complaint` makes of a row that stands twice with two values.
    """
    once = rows.drop_duplicates([*keys, "value"])
    twice = once[once.duplicated(keys, keep=False)]
    if len(twice):
        where = " ".join(str(twice.iloc[0][key]) for key in keys)
        values = " and ".join(str(value) for value in twice["value"].iloc[:2])
        raise complaint(f"two values for {where}: {values}")
    return once.sort_values(keys, ignore_index=True)


NAMES = {"fred": "FRED", "worldbank": "World Bank"}
TERMS = {
    "fred": "FRED terms of use, https://fred.stlouisfed.org/legal/",
    "worldbank": "https://datacatalog.worldbank.org/public-licenses",
}
ATTRIBUTION = {
    "fred": "Source: FRED, Federal Reserve Bank of St. Louis",
    "worldbank": "Source: World Bank, World Development Indicators",
}
