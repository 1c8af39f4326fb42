"""The integrity rules of a store, and the rows that break them.

Each rule is a query that returns the rows that break it, so that a new rule is an entry
in `RULES`. Together they read every column of every table, so that DuckDB verifies its
own checksums, too. Nothing is changed.
"""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb

from econnet.core.countries import all_countries
from econnet.core.periods import FREQUENCY_SQL, PERIOD_PATTERN
from econnet.data.store import schema
from econnet.data.store.store import Store

GZIP = 31  # the window bits by which zlib reads the gzip format


@dataclass(frozen=True)
class IntegrityRule:
    """An integrity rule.

    Parameters
    ----------
    broken
        What is wrong with the rows that break it.
    query
        Returns a text for each such row. `$now` is the current time, `$countries` the
        codes of all countries.
    remedy
        What to do about it.
    """

    broken: str
    query: str
    remedy: str = "keep a copy, move it away, and `econnet fetch` begins a new one"


@dataclass(frozen=True)
class Flaw:
    """What is wrong with a store, and what to do about it."""

    problem: str
    remedy: str


@dataclass(frozen=True)
class Counts:
    """The numbers of observations and raw answers in a store."""

    observations: int
    raw_answers: int


@dataclass(frozen=True)
class Findings:
    """The result of checking a store.

    Parameters
    ----------
    upgrade_from
        The version of an older schema; nothing else of such a store is checked.
    """

    counts: Counts = Counts(0, 0)
    broken: tuple[Flaw, ...] = ()
    upgrade_from: int | None = None


def check_store(store: Store, now: datetime) -> Findings:
    """Return what is wrong in a store, which is not changed.

    Raises
    ------
    DataError
        Another process has it open for too long.
    """
    try:
        with store.unchanged() as connection:
            return _check_open_store(connection, store, now)
    except duckdb.Error as error:
        problem = f"cannot be read as a store ({str(error).splitlines()[0]})"
        return Findings(broken=(Flaw(problem, START_AGAIN),))


def _check_open_store(
    connection: duckdb.DuckDBPyConnection, store: Store, now: datetime
) -> Findings:
    version = schema.version_of(connection)
    if version is None or version > schema.VERSION:
        refused = schema.refusal(store.path, version)
        problem, _, remedy = refused.removeprefix(f"{store.path} ").partition(": ")
        return Findings(broken=(Flaw(problem, remedy),))
    if version < schema.VERSION:
        return Findings(upgrade_from=version)
    missing = schema.expected_columns() - schema.columns_of(connection)
    if missing:
        table, column, kind = min(missing)
        problem = f"its table {table} has no column {column} {kind}"
        return Findings(broken=(Flaw(problem, START_AGAIN),))
    broken = [*_broken_rules(connection, now), *_broken_raw(connection)]
    [counts] = connection.sql(
        "SELECT (SELECT count(*) FROM observations), (SELECT count(*) FROM raw_answers)"
    ).fetchall()
    return Findings(Counts(*counts), tuple(broken))


def _broken_rules(
    connection: duckdb.DuckDBPyConnection, now: datetime
) -> Iterator[Flaw]:
    codes = [country.alpha3 for country in all_countries()]
    parameters = {"now": now, "countries": codes}
    for rule in RULES:
        needed = {
            key: value for key, value in parameters.items() if f"${key}" in rule.query
        }
        rows = connection.execute(
            f"SELECT count(*), min(row) FROM ({rule.query}) AS broken(row)",  # noqa: S608 - a rule of this module
            needed,
        ).fetchall()
        [(count, first)] = rows
        if count:
            more = f" (and {count - 1:,} more)" if count > 1 else ""
            yield Flaw(f"it holds {rule.broken}: {first}{more}", rule.remedy)


def _broken_raw(connection: duckdb.DuckDBPyConnection) -> Iterator[Flaw]:
    """Yield a flaw for each raw answer that does not match its hash."""
    keys = connection.sql("SELECT sha256 FROM raw_answers ORDER BY ALL").fetchall()
    for (sha256,) in keys:
        rows = connection.execute(
            "SELECT size, compressed FROM raw_answers WHERE sha256 = ?", [sha256]
        ).fetchall()
        if len(rows) != 1 or not _is_intact(sha256, *rows[0]):
            problem = f"it holds a raw answer that is not the one of SHA-256 {sha256}"
            yield Flaw(problem, START_AGAIN)


def _is_intact(sha256: str, size: int, compressed: bytes) -> bool:
    """Return whether the unpacked bytes have this size and hash, reading no more."""
    reader = zlib.decompressobj(GZIP)
    try:
        content = reader.decompress(compressed, size + 1)
    except zlib.error:
        return False
    return len(content) == size and hashlib.sha256(content).hexdigest() == sha256


ROW = "concat_ws(' ', source, series_id, country, period)"
KEY = "source, series_id, indicator"
START_AGAIN = IntegrityRule.remedy
RULES = (
    IntegrityRule(
        "values with a text that is no period",
        f"SELECT {ROW} FROM observations WHERE period IS NULL OR NOT "  # noqa: S608 - a rule of this module
        f"regexp_full_match(period, '{PERIOD_PATTERN}')",
    ),
    IntegrityRule(
        "values that are no finite number",
        f"SELECT {ROW} FROM observations WHERE NOT isfinite(value)",  # noqa: S608 - a rule of this module
    ),
    IntegrityRule(
        "values without country, indicator, source, series or time of their fetch",
        f"SELECT {ROW} FROM observations WHERE coalesce(country, '') = '' "  # noqa: S608 - a rule of this module
        "OR coalesce(indicator, '') = '' OR coalesce(source, '') = '' "
        "OR coalesce(series_id, '') = '' OR retrieved_at IS NULL",
    ),
    IntegrityRule(
        "values that are there twice",
        f"SELECT {ROW} FROM observations GROUP BY country, period, {KEY}, "  # noqa: S608 - a rule of this module
        "retrieved_at, known_at HAVING count(*) > 1",
    ),
    IntegrityRule(
        "values that were fetched in the future",
        f"SELECT {ROW} FROM observations WHERE retrieved_at > $now",  # noqa: S608 - a rule of this module
        "see whether this computer's clock is right; if it is, it was not when they "
        "were fetched, and they count as known from then on",
    ),
    IntegrityRule(
        # A date of publication has no time zone.
        "values that were fetched before they were published",
        f"SELECT {ROW} FROM observations "  # noqa: S608 - a rule of this module
        "WHERE known_at > retrieved_at + INTERVAL 2 DAYS",
    ),
    IntegrityRule(
        "values of no country",
        f"SELECT {ROW} FROM observations "  # noqa: S608 - a rule of this module
        "WHERE NOT list_contains($countries, country)",
    ),
    IntegrityRule(
        "values of a series that is not described",
        f"SELECT {ROW} FROM observations ANTI JOIN series "  # noqa: S608 - a rule of this module
        f"USING ({KEY}, country)",
    ),
    IntegrityRule(
        "values of an answer that is not noted",
        f"SELECT {ROW} FROM observations ANTI JOIN answers USING ({KEY})",  # noqa: S608 - a rule of this module
    ),
    IntegrityRule(
        "values whose period is not of their series' frequency",
        f"SELECT {ROW} FROM observations JOIN series USING ({KEY}, country) "  # noqa: S608 - a rule of this module
        f"WHERE frequency <> {FREQUENCY_SQL}",
    ),
    IntegrityRule(
        "series that are described twice",
        "SELECT concat_ws(' ', source, series_id, country) "  # noqa: S608 - a rule of this module
        f"FROM series GROUP BY {KEY}, country HAVING count(*) > 1",
    ),
    IntegrityRule(
        "answers that are noted twice",
        f"SELECT concat_ws(' ', {KEY}) FROM answers "  # noqa: S608 - a rule of this module
        f"GROUP BY {KEY} HAVING count(*) > 1",
    ),
    IntegrityRule(
        "fetched series without raw answers",
        f"SELECT concat_ws(' ', {KEY}) FROM answers "  # noqa: S608 - a rule of this module
        f"ANTI JOIN raw_pages USING ({KEY})",
    ),
    IntegrityRule(
        "raw answers that are named, but not kept",
        f"SELECT concat_ws(' ', {KEY}, page) FROM raw_pages "  # noqa: S608 - a rule of this module
        "ANTI JOIN raw_answers USING (sha256)",
    ),
)
