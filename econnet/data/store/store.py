"""Every observation ever fetched, with the time of its retrieval, in one DuckDB file.

Nothing is overwritten: a fetch adds what is new or changed, so that each revision is a
vintage. Complete series are written, in one transaction or not at all; a value that its
source no longer has is written as missing, so that no vintage mixes values that were
not published together. DuckDB admits one process at a time, so the file is opened
briefly, under our own lock. Aggregates such as the euro area are not stored.
"""

import errno
import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from econnet.core import countries as known_countries
from econnet.core.errors import DataError
from econnet.data.sources.observations import (
    OBSERVATION_COLUMNS,
    FetchedSeries,
    Key,
    Unchanged,
)
from econnet.data.store import schema
from econnet.runtime import locks
from econnet.runtime.untrusted_files import checked_utf8


@dataclass(frozen=True)
class Change:
    """What writing a fetched series changed.

    Parameters
    ----------
    added, revised, withdrawn
        Number of values of new periods; of values that replace others; of values that
        the source no longer has.
    kept
        Countries whose stored series is on a later base year than the fetched one,
        which was ignored for them.
    """

    source: str
    series_id: str
    indicator: str
    added: int
    revised: int
    withdrawn: int
    kept: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Status:
    """What a store contains, how recent it is, and how much was revised.

    Parameters
    ----------
    coverage
        One row per source and indicator, the columns of `COVERAGE`; `retrieved_at` is
        the time of the latest request.
    rebased
        One row for each time a series was fetched on another base year: `country,
        source, series_id, indicator, base_kept, base_left, noticed_at`. The later base
        is kept.
    """

    path: Path
    size_bytes: int
    n_countries: int
    n_series: int
    n_observations: int
    n_revisions: int
    coverage: pd.DataFrame
    rebased: pd.DataFrame


class Store:
    """The store, in one file that need not exist yet.

    Parameters
    ----------
    path
        The DuckDB file.
    timeout_seconds
        How long to wait for another process that has it open.

    Notes
    -----
    Every method raises `DataError` if the file is in use for longer than that, is not a
    store of econnet or has a newer schema. `schema` describes how an older one is
    upgraded. A missing file is created, empty.
    """

    def __init__(self, path: Path, timeout_seconds: float = 15.0) -> None:
        self.path, self.timeout_seconds = path, timeout_seconds

    def exists(self) -> bool:
        """Return whether anything was ever stored."""
        return self.path.exists()

    def check_place(self) -> None:
        """Raise `DataError` if no store can be written at this path."""
        checked_utf8(str(self.path))
        folder = next(it for it in self.path.absolute().parents if it.exists())
        if not os.access(folder, os.W_OK | os.X_OK):
            reason = os.strerror(errno.EACCES)
            raise DataError(
                f"{folder} cannot be written to ({reason}): allow it, or choose "
                "another folder with ECONNET_DATA"
            )

    def write(self, fetched: Sequence[FetchedSeries]) -> list[Change]:
        """Add what is new in these series, one per series id, all of them or none.

        Their raw pages are kept as long as a value comes from them or they are the
        newest. Backups made before an upgrade are deleted.
        """
        with self._open() as connection:
            changes = _write(connection, fetched)
            for backup in schema.backups(self.path):
                backup.unlink(missing_ok=True)
        return changes

    def confirm(
        self, answers: Mapping[Key, Unchanged | None], retrieved_at: datetime
    ) -> None:
        """Record that these were requested and had not changed.

        `Unchanged` replaces the validators of an answer.
        """
        rows = [
            [retrieved_at, None if new is None else "\n".join(new.validators), *key]
            for key, new in answers.items()
        ]
        with self._open() as connection:
            connection.executemany(
                "UPDATE answers SET retrieved_at = $1, "
                "validators = coalesce($2, validators) "
                "WHERE source = $3 AND series_id = $4 AND indicator = $5",
                rows,
            )

    def newest_fetch(self) -> datetime | None:
        """Return the time of the latest request to a source, if there was one."""
        if not self.exists():
            return None
        with self._open() as connection:
            newest: datetime | None
            [[newest]] = connection.execute(
                "SELECT max(retrieved_at) FROM (SELECT retrieved_at FROM answers "
                "UNION ALL SELECT retrieved_at FROM observations)"
            ).fetchall()
        return newest

    def answers(
        self, first_period: str
    ) -> tuple[dict[Key, str], dict[Key, tuple[str, ...]]]:
        """Return digest and validators of each series that reached back to this period.

        For a series that was fetched several times, those of the newest fetch.
        """
        digests, validators = dict[Key, str](), dict[Key, tuple[str, ...]]()
        if not self.exists():
            return digests, validators
        with self._open() as connection:
            rows = connection.execute(
                "SELECT source, series_id, indicator, digest, validators FROM answers "
                "WHERE first_period <= ?",
                [first_period],
            ).fetchall()
        for source, series_id, indicator, digest, versions in rows:
            key = source, series_id, indicator
            digests[key] = digest
            if versions:
                validators[key] = tuple(versions.split("\n"))
        return digests, validators

    def vintages(self, as_of: datetime | None = None) -> pd.DataFrame:
        """Return every vintage that was known on `as_of`, in the order of writing.

        A withdrawn value is a row whose value is missing. A first value without a
        publication date is returned whatever the date of its retrieval, because only
        its publication lag shows when it was published. A date includes the whole
        day. Text columns are pandas categories, in alphabetical order.
        """
        # A plain scan returns rows in the order of writing, too.
        rows, parameters = "FROM observations", dict[str, object]()
        if as_of is not None:
            rows, parameters = KNOWN_BY, {"moment": _end_of(as_of)}
        with self._open() as connection:
            # Names are read as numbers, in a fraction of the time and memory.
            for name in NAMES:
                connection.execute(
                    f"CREATE TYPE memory.main.{name}_names AS ENUM "  # noqa: S608 - names of ours
                    f"(SELECT DISTINCT {name} FROM observations ORDER BY ALL)"
                )
            encoded = ", ".join(
                f"{name}::memory.main.{name}_names AS {name}" if name in NAMES else name
                for name in OBSERVATION_COLUMNS
            )
            frame: pd.DataFrame = connection.execute(
                f"SELECT {encoded} {rows}", parameters
            ).df()
        return frame

    def series(self) -> pd.DataFrame:
        """Return the description of each series, one row each.

        The columns of `sources.observations.SERIES_COLUMNS`, and `base`, the base year
        of its prices or index, missing where the title names none; `digest`, the
        SHA-256 of the raw pages; `first_period` and `last_period`.
        """
        with self._open() as connection:
            frame: pd.DataFrame = connection.sql(
                "SELECT s.*, a.digest, a.retrieved_at, o.first_period, o.last_period "
                "FROM series s JOIN answers a USING (source, series_id, indicator) "
                "LEFT JOIN (SELECT country, indicator, source, series_id, "
                "min(period) AS first_period, max(period) AS last_period "
                "FROM observations GROUP BY ALL) o "
                "USING (country, indicator, source, series_id) ORDER BY ALL"
            ).df()
        return frame

    def digest(self) -> str:
        """Return a digest of the rows that `vintages` and `series` read.

        It covers the order of writing. DuckDB's version is part of it, because its hash
        may change with it.
        """
        digest = hashlib.sha256(duckdb.__version__.encode())
        with self._open() as connection:
            for table in ("observations", "series", "answers"):
                row = connection.execute(
                    "SELECT count(*), bit_xor(row), sum(row::HUGEINT) FROM "  # noqa: S608 - names of ours
                    f"(SELECT hash({table}, rowid) AS row FROM {table})"
                ).fetchone()
                digest.update(f"{table} {row} ".encode())
        return digest.hexdigest()

    def status(self) -> Status:
        """Return what the store contains."""
        with self._open() as connection:
            coverage = connection.sql(COVERAGE).df()
            rebased = connection.sql(
                "FROM rebased ORDER BY noticed_at, series_id, country"
            ).df()
            [(n_countries, n_series)] = connection.sql(
                "SELECT count(DISTINCT country), "
                "count(DISTINCT (country, indicator, source, series_id)) "
                "FROM observations"
            ).fetchall()
        return Status(
            path=self.path,
            size_bytes=self.path.stat().st_size,
            n_countries=n_countries,
            n_series=n_series,
            n_observations=int(coverage["observations"].sum()),
            n_revisions=int(coverage["revisions"].sum()),
            coverage=coverage,
            rebased=rebased,
        )

    @contextmanager
    def _open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file under our lock, and leave no write-ahead log behind."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self.timeout_seconds
        lock = Path(f"{self.path}.lock")
        try:
            with (
                locks.locked_file(lock, self.path, self.timeout_seconds),
                schema.translated_errors(self.path),
            ):
                if not self.path.exists():
                    schema.create(self.path)
                connection = schema.attach(self.path, deadline)
                try:
                    yield connection
                    connection.execute("CHECKPOINT store")
                finally:
                    connection.close()
        except schema.FileInUseError as error:
            raise self._in_use(self.path) from error

    @contextmanager
    def unchanged(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file under our lock, and change nothing in it or beside it.

        Damage raises the errors of DuckDB.
        """
        lock = Path(f"{self.path}.lock")
        with ExitStack() as stack:
            try:
                # Any econnet process that has the file open has made the lock.
                if lock.exists() and os.access(lock, os.W_OK):
                    waiting = locks.locked_file(lock, self.path, self.timeout_seconds)
                    stack.enter_context(waiting)
                yield stack.enter_context(schema.reading(self.path))
            except schema.FileInUseError as error:
                raise self._in_use(self.path) from error

    def _in_use(self, file: Path) -> DataError:
        return DataError(locks.in_use(self.path, file, self.timeout_seconds))


def base_year(title: str) -> int | None:
    """Return the base year of the prices or index of a series, from its title.

    >>> base_year("GDP (constant 2015 US$)"), base_year("GDP growth (annual %)")
    (2015, None)
    """
    match = BASE.search(title)
    return int(match[1] or match[2]) if match else None


def _write(
    connection: duckdb.DuckDBPyConnection, fetched: Sequence[FetchedSeries]
) -> list[Change]:
    """Add what is new in the series, in one transaction."""
    connection.begin()
    for name, frame in _new_tables(fetched).items():
        connection.register("frame", frame)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM frame")
        connection.unregister("frame")
    connection.execute(OTHER_BASES)
    connection.execute(CHANGES)
    for statement in APPLY:
        connection.execute(statement)
    counts = {
        (*key_and_kind,): count
        for *key_and_kind, count in connection.execute(
            f"SELECT {KEY}, kind, count(*) FROM changes GROUP BY ALL"  # noqa: S608 - names of ours
        ).fetchall()
    }
    kept = connection.execute(
        f"SELECT {KEY}, country FROM kept ORDER BY country"  # noqa: S608 - names of ours
    ).fetchall()
    connection.commit()
    return [
        Change(
            *answer.key,
            added=counts.get((*answer.key, "added"), 0),
            revised=counts.get((*answer.key, "revised"), 0),
            withdrawn=counts.get((*answer.key, "withdrawn"), 0),
            kept=tuple(country for *key, country in kept if (*key,) == answer.key),
        )
        for answer in fetched
    ]


def _new_tables(fetched: Sequence[FetchedSeries]) -> dict[str, pd.DataFrame]:
    """Return what is to be added, as tables; aggregates of countries are left out."""
    codes = [country.alpha3 for country in known_countries.all_countries()]
    series = pd.concat([answer.series for answer in fetched])
    series = series[series["country"].isin(codes)]
    observations = pd.concat([answer.observations for answer in fetched])
    bases = {title: base_year(title) for title in series["title"].unique()}
    pages = pd.DataFrame(
        [
            (*answer.key, answer.retrieval.retrieved_at, number, *astuple(page))
            for answer in fetched
            for number, page in enumerate(answer.retrieval.raw)
        ],
        columns=PAGE_COLUMNS,
    )
    return {
        "new_pages": pages.astype({"retrieved_at": "datetime64[us]"}),
        "new_answers": pd.DataFrame(
            list(map(_answer, fetched)), columns=ANSWER_COLUMNS
        ),
        "new_series": series.assign(base=series["title"].map(bases).astype("Int64")),
        "new_observations": observations[observations["country"].isin(codes)],
    }


def _answer(fetched: FetchedSeries) -> tuple[object, ...]:
    retrieval = fetched.retrieval
    dated = bool(fetched.observations["known_at"].notna().any())
    about = retrieval.digest, retrieval.first_period, retrieval.retrieved_at
    return (*fetched.key, *about, "\n".join(retrieval.validators), dated)


def _end_of(as_of: datetime) -> datetime:
    """Return the last moment of a date; any other moment unchanged."""
    moment = pd.Timestamp(as_of)
    if moment == moment.normalize():
        moment += pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)
    return moment.to_pydatetime()


BASE = re.compile(r"(?:constant|chained|chn\.?)\s+\(?(\d{4})|(\d{4})\s*=\s*100\b", re.I)

COLUMNS = ", ".join(OBSERVATION_COLUMNS)
ANSWER_COLUMNS = [
    *("source", "series_id", "indicator", "digest", "first_period", "retrieved_at"),
    *("validators", "dated"),
]
PAGE_COLUMNS = [
    *("source", "series_id", "indicator", "retrieved_at", "page"),
    *("sha256", "size", "compressed"),
]
NAMES = ("country", "indicator", "period", "source", "series_id")
NEWEST = (
    "row_number() OVER (PARTITION BY source, series_id, country, indicator, period "
    "ORDER BY retrieved_at DESC, known_at DESC NULLS LAST) = 1"
)
KNOWN_BY = """
FROM (SELECT *, rowid, row_number() OVER (
    PARTITION BY source, series_id, country, indicator, period
    ORDER BY retrieved_at, known_at NULLS FIRST) = 1 AS first FROM observations)
WHERE CASE WHEN known_at IS NOT NULL THEN known_at <= $moment
    ELSE retrieved_at <= $moment OR first END
ORDER BY retrieved_at, known_at NULLS FIRST, rowid
"""

KEY = "source, series_id, indicator"
OTHER_BASES = f"""
CREATE OR REPLACE TEMP TABLE other_bases AS
SELECT country, {KEY}, stored.base AS stored, new.base AS new
FROM series stored JOIN new_series new USING ({KEY}, country)
WHERE stored.base <> new.base;
CREATE OR REPLACE TEMP TABLE kept AS FROM other_bases WHERE stored > new
"""  # noqa: S608 - names of ours

# A source without publication dates is compared with the newest value of each period, a
# source with dates vintage by vintage. What an undated series no longer contains was
# withdrawn.
CHANGES = f"""
CREATE OR REPLACE TEMP TABLE changes AS
WITH fresh AS (
    SELECT o.*, dated FROM new_observations o JOIN new_answers USING ({KEY})
    ANTI JOIN kept USING ({KEY}, country)
), stored AS (
    SELECT {COLUMNS} FROM observations
    SEMI JOIN new_answers USING ({KEY}) ANTI JOIN kept USING ({KEY}, country)
), newest AS (FROM stored QUALIFY {NEWEST})
SELECT fresh.*, if(newest.period IS NULL, 'added', 'revised') AS kind
FROM fresh LEFT JOIN newest USING ({KEY}, country, period)
WHERE NOT dated
AND (newest.period IS NULL OR fresh.value IS DISTINCT FROM newest.value)
UNION ALL
SELECT fresh.*, if(newest.period IS NULL AND row_number() OVER (
    PARTITION BY {KEY}, country, period ORDER BY fresh.known_at NULLS FIRST
) = 1, 'added', 'revised')
FROM fresh LEFT JOIN newest USING ({KEY}, country, period)
WHERE dated AND NOT EXISTS (
    FROM stored WHERE stored.source = fresh.source
    AND stored.series_id = fresh.series_id AND stored.indicator = fresh.indicator
    AND stored.country = fresh.country AND stored.period = fresh.period
    AND stored.known_at IS NOT DISTINCT FROM fresh.known_at
    AND stored.value IS NOT DISTINCT FROM fresh.value
)
UNION ALL
SELECT newest.* REPLACE (
    NULL AS value, answer.retrieved_at AS retrieved_at, NULL AS known_at
), dated, 'withdrawn'
FROM newest ANTI JOIN fresh USING ({KEY}, country, period)
JOIN new_answers answer USING ({KEY})
WHERE NOT dated AND newest.value IS NOT NULL AND newest.period >= first_period
ORDER BY source, series_id, indicator, country, period, known_at NULLS FIRST
"""  # noqa: S608 - names of ours

APPLY = (
    # A series that stays on its later base keeps its title, too.
    f"DELETE FROM new_series WHERE (country, {KEY}) IN "  # noqa: S608 - names of ours
    f"(SELECT (country, {KEY}) FROM kept)",
    f"INSERT INTO observations SELECT {COLUMNS} FROM changes",  # noqa: S608 - names of ours
    f"INSERT INTO rebased SELECT country, {KEY}, "  # noqa: S608 - names of ours
    "greatest(stored, new), least(stored, new), retrieved_at "
    f"FROM other_bases JOIN new_answers USING ({KEY})",
    f"DELETE FROM series WHERE (country, {KEY}) IN "  # noqa: S608 - names of ours
    f"(SELECT (country, {KEY}) FROM new_series)",
    "INSERT INTO series BY NAME SELECT * EXCLUDE (retrieved_at) FROM new_series",
    f"DELETE FROM answers WHERE ({KEY}) IN (SELECT ({KEY}) FROM new_answers)",  # noqa: S608 - names of ours
    "INSERT INTO answers BY NAME SELECT * EXCLUDE (dated) FROM new_answers",
    "INSERT INTO raw_pages BY NAME SELECT * EXCLUDE (size, compressed) FROM new_pages",
    "INSERT INTO raw_answers SELECT DISTINCT ON (sha256) sha256, size, compressed "
    "FROM new_pages WHERE sha256 NOT IN (SELECT sha256 FROM raw_answers)",
    # Superseded pages are kept as long as a value comes from them.
    f"DELETE FROM raw_pages WHERE ({KEY}) IN "  # noqa: S608 - names of ours
    f"(SELECT ({KEY}) FROM new_answers) AND ({KEY}, retrieved_at) NOT IN "
    f"(SELECT ({KEY}, retrieved_at) FROM (FROM new_answers SELECT {KEY}, retrieved_at "
    f"UNION ALL SELECT {KEY}, retrieved_at FROM observations SEMI JOIN new_answers "
    f"USING ({KEY})))",
    "DELETE FROM raw_answers WHERE sha256 NOT IN (SELECT sha256 FROM raw_pages)",
)

COVERAGE = """
SELECT o.source, o.indicator, s.frequency, count(DISTINCT o.country) AS countries,
    min(o.period) AS first_period, max(o.period) AS last_period,
    count(DISTINCT (o.series_id, o.country, o.period)) AS observations,
    count(*) - count(DISTINCT (o.series_id, o.country, o.period)) AS revisions,
    bool_and(s.discontinued) AS discontinued, min(a.retrieved_at) AS retrieved_at
FROM observations o
JOIN series s USING (country, indicator, source, series_id)
JOIN answers a USING (source, series_id, indicator)
GROUP BY o.source, o.indicator, s.frequency ORDER BY ALL
"""
