"""What every source returns: complete series as tidy rows, and their descriptions.

A row is an observation: the value of one series in one period. `period` is text,
`2020`, `2020Q1` or `2020-01`. Dates are naive: `retrieved_at` is the time of the fetch
in UTC, `known_at` the day of publication at midnight, empty where the source does not
give it. A value that a source has withdrawn is a row whose value is missing.
"""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from econnet.core.catalog import Indicator, SeriesTemplate, load
from econnet.core.errors import EconnetError, SourceError
from econnet.core.sources import SOURCES
from econnet.core.workspace import UserFile

OBSERVATION_COLUMNS = [
    *("country", "indicator", "period", "value"),
    *("source", "series_id", "retrieved_at", "known_at"),
]
SERIES_COLUMNS = [
    *("country", "indicator", "source", "series_id", "frequency", "title", "unit"),
    *("edition", "licence", "rights", "attribution", "discontinued", "retrieved_at"),
]
# `kind` is `probability-forecast` (0 to 1) or `growth-forecast` (percent), `period` the
# period that is forecast; it may have many forecasts, one per `known_at`.
PROFESSIONAL_COLUMNS = ["country", "column", "kind", "period", "known_at", "value"]

Key = tuple[str, str, str]  # source, series id, indicator
ErrorFactory = Callable[[str], EconnetError]


@dataclass(frozen=True)
class RawPage:
    """A compressed page of a response; `sha256` and `size` are of the original."""

    sha256: str
    size: int
    compressed: bytes = field(repr=False)

    @classmethod
    def of(cls, content: bytes) -> "RawPage":
        """Return a page with this content."""
        # The fastest level shrinks JSON to a twentieth; the best is ten times slower.
        compressed = gzip.compress(content, compresslevel=1, mtime=0)
        return cls(hashlib.sha256(content).hexdigest(), len(content), compressed)


@dataclass(frozen=True)
class Retrieval:
    """The origin of a fetched series, and what it covers.

    Parameters
    ----------
    title
        From the source if it gives one, else from the catalog.
    digest
        SHA-256 of the raw pages; the next fetch compares it to detect changes.
    first_period
        The first period that was requested; earlier ones are not covered.
    edition
        The source's date of the last update; empty where it gives none.
    attribution
        The line by which to cite it, where that is not the source's usual one.
    validators
        The version of each file it was made of, as the source names it; one text per
        file, empty where the source names none.
    """

    series_id: str
    title: str
    digest: str
    first_period: str
    retrieved_at: datetime
    edition: str = ""
    attribution: str = ""
    raw: tuple[RawPage, ...] = ()
    validators: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unchanged:
    """An answer with the stored values; `Retrieval` describes `validators`."""

    validators: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class FetchedSeries:
    """What a source returned for one series id: one complete series per country.

    Parameters
    ----------
    observations
        `OBSERVATION_COLUMNS`; every period from `first_period` on that the source has.
    series
        `SERIES_COLUMNS`, one row per country.
    """

    source: str
    indicator: str
    retrieval: Retrieval
    observations: pd.DataFrame
    series: pd.DataFrame

    @property
    def key(self) -> Key:
        """Source, series id and indicator."""
        return self.source, self.retrieval.series_id, self.indicator


@dataclass(frozen=True, eq=False)
class Dataset:
    """The data to work with.

    Parameters
    ----------
    observations
        Every vintage: `OBSERVATION_COLUMNS`.
    series
        One row per series: `SERIES_COLUMNS`, `first_period` and `last_period`.
    source
        Where the data come from: `snapshot`, `store` or a file name.
    indicators
        The description of each indicator: the catalog, or the columns of the file.
    notices
        Lines about the data that the user should see, often none.
    file
        The user's file that they come from; `None` for econnet's own data.
    names
        The name of each area of a file; an area without a name is shown by its key.
    target
        The column used as the default target; empty for that of the catalog.
    professional_forecasts
        Forecasts by others that the file contains: `PROFESSIONAL_COLUMNS`.
    aggregates
        Observations of aggregates in the file, which are not used for training.
    """

    observations: pd.DataFrame
    series: pd.DataFrame
    source: str
    indicators: Mapping[str, Indicator] = field(default_factory=load)
    notices: tuple[str, ...] = ()
    file: UserFile | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    professional_forecasts: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=PROFESSIONAL_COLUMNS)
    )
    aggregates: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=OBSERVATION_COLUMNS)
    )
    # That of the content, if this is all that store and snapshot contain; else empty,
    # as in any dataset that `replace` derives from this one.
    digest: str = field(default="", init=False)

    def with_digest(self, digest: str) -> "Dataset":
        """Return the same data, with the digest of their content."""
        same = replace(self)
        object.__setattr__(same, "digest", digest)
        return same

    def of_country(self, alpha3: str) -> "Dataset":
        """Return the observations and series of one country only."""
        return replace(
            self,
            observations=self.observations[self.observations["country"] == alpha3],
            series=self.series[self.series["country"] == alpha3],
        )

    def __repr__(self) -> str:
        """Return where the data come from and how much there is, in one line."""
        countries = self.series["country"].nunique()
        return (
            f"Dataset({self.source}: {len(self.observations):,} observations of "
            f"{len(self.series):,} series, {countries} countries)"
        )


def now() -> datetime:
    """Return the current time in UTC, naive."""
    return datetime.now(UTC).replace(tzinfo=None)


def fetched_series(
    rows: pd.DataFrame,
    indicator: Indicator,
    template: SeriesTemplate,
    retrieval: Retrieval,
) -> FetchedSeries:
    """Return the rows of one series id as a fetched series.

    `rows` has the columns `country, period, value` and, where the source gives the
    publication date of a value, `known_at`.
    """
    _check(rows, retrieval, f"{SOURCES[template.source].title}, {retrieval.series_id}")
    rows = rows[rows["period"] >= retrieval.first_period].reset_index(drop=True)
    if "known_at" not in rows:
        rows["known_at"] = pd.Series(pd.NaT, rows.index, dtype="datetime64[us]")
    common: dict[str, str | datetime] = {
        "indicator": indicator.key,
        "source": template.source,
        "series_id": retrieval.series_id,
        "retrieved_at": pd.Timestamp(retrieval.retrieved_at).as_unit("us"),
    }
    series = pd.DataFrame({"country": sorted(rows["country"].unique())}).assign(
        **common,
        frequency=template.frequency,
        title=retrieval.title,
        unit=template.unit,
        edition=retrieval.edition,
        licence=template.rights,
        rights=SOURCES[template.source].terms,
        attribution=retrieval.attribution or SOURCES[template.source].attribution,
        discontinued=template.discontinued,
    )
    return FetchedSeries(
        source=template.source,
        indicator=indicator.key,
        retrieval=retrieval,
        observations=rows.assign(**common)[OBSERVATION_COLUMNS],
        series=series[SERIES_COLUMNS],
    )


def _check(rows: pd.DataFrame, retrieval: Retrieval, whose: str) -> None:
    """Raise `SourceError` for values that no past period can have."""
    periods = rows["period"]
    infinite = periods[np.isinf(rows["value"].to_numpy(float))]
    if len(infinite):
        raise SourceError(f"{whose}: the value for {infinite.iloc[0]} is too large")
    # A year's tolerance, because computer clocks are wrong more often than sources.
    this_year = retrieval.retrieved_at.year
    later = periods[periods.str[:4].astype(int) > this_year + 1]
    if len(later):
        raise SourceError(
            f"{whose}: it has a value for {later.iloc[0]}, which is in the future: "
            f"check this computer's clock, which shows {this_year}"
        )


def in_order(
    rows: pd.DataFrame, keys: list[str], make_error: ErrorFactory
) -> pd.DataFrame:
    """Return `rows` sorted by `keys`, each key once.

    A row that is repeated with the same value counts once; raises the error of
    `make_error` if a key has two values.
    """
    once = rows.drop_duplicates([*keys, "value"])
    twice = once[once.duplicated(keys, keep=False)]
    if len(twice):
        where = " ".join(_key_text(twice.iloc[0][key]) for key in keys)
        values = " and ".join(str(value) for value in twice["value"].iloc[:2])
        raise make_error(f"two values for {where}: {values}")
    return once.sort_values(keys, ignore_index=True)


def _key_text(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return f"(known on {value.date()})"
    return str(value)
