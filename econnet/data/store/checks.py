"""The integrity rules of a store, and the rows that break them.

Each rule is a query that returns the rows that break it, so that a new rule is an entry
in `RULES`. Together they read every column of every table, so that DuckDB verifies its
own checksums, too. Nothing is changed.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from econnet.core.countries import all_countries
from econnet.core.periods import FREQUENCY_SQL, PERIOD_PATTERN
from econnet.data.store import schema
from econnet.data.store.store import Store

COUNTED = ("observations", "raw_answers")
MAX_RAW_BYTES = 2**28  # eight times the largest answer that is fetched
GZIP = 31  # the window bits by which zlib reads the gzip format


@dataclass(frozen=True)
class IntegrityRule:
    """An integrity rule.

    Parameters
    ----------
    broken
        What is wrong with the rows that break it.
    rows
        The query for these rows, after `FROM`. `$now` is the current time, `$countries`
        the codes of all countries.
    shown
        The columns that identify such a row.
    remedy
        What to do about it.
    """

    broken: str
    rows: str
    shown: str = "source, series_id, country, period"
    remedy: str = (
        "keep a copy, move it away, and run `econnet fetch` to create a new one"
    )


@dataclass(frozen=True)
class Flaw:
    """What is wrong with a store, and what to do about it."""

    problem: str
    remedy: str = IntegrityRule.remedy


@dataclass(frozen=True)
class Findings:
    """The result of checking a store.

    Parameters
    ----------
    counts
        The numbers of observations and raw answers.
    upgrade_from
        The version of an older schema; nothing else of such a store is checked.
    """

    counts: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    broken: tuple[Flaw, ...] = ()
    upgrade_from: int | None = None


def check_store(store: Store, now: Callable[[], datetime]) -> Findings:
    """Return what is wrong in a store, which is not changed.

    `now` is called once no process writes to the store any more: values may arrive
    while this one waits.
    """
    if not store.path.is_file():
        return Findings(broken=(Flaw("is not a regular file", "move it away"),))
    try:
        with store.unchanged() as connection:
            return _check_open_store(connection, store, now())
    except duckdb.Error as error:
        problem = f"cannot be read as a store ({str(error).splitlines()[0]})"
        return Findings(broken=(Flaw(problem),))


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
    if missing := schema.missing_columns(connection):
        table, column, kind = min(missing)
        problem = f"its table {table} has no column {column} {kind}"
        return Findings(broken=(Flaw(problem),))
    broken = [*_broken_rules(connection, now), *_broken_raw(connection)]
    counts = {table: len(connection.table(table)) for table in COUNTED}
    return Findings(counts, tuple(broken))


def _broken_rules(
    connection: duckdb.DuckDBPyConnection, now: datetime
) -> Iterator[Flaw]:
    codes = [country.alpha3 for country in all_countries()]
    for rule in RULES:
        query = f"SELECT concat_ws(' ', {rule.shown}) FROM {rule.rows}"  # noqa: S608 - a rule of this module
        parameters = {"now": now, "countries": codes}
        needed = {key: parameters[key] for key in parameters if f"${key}" in query}
        [(count, first)] = connection.execute(
            f"SELECT count(*), min(row) FROM ({query}) AS broken(row)",  # noqa: S608 - a rule of this module
            needed,
        ).fetchall()
        if count:
            more = f" (and {count - 1:,} more)" if count > 1 else ""
            yield Flaw(f"it has {rule.broken}: {first}{more}", rule.remedy)


def _broken_raw(connection: duckdb.DuckDBPyConnection) -> Iterator[Flaw]:
    """Yield a flaw for each raw answer that does not match its hash."""
    keys = connection.sql("SELECT sha256 FROM raw_answers ORDER BY ALL").fetchall()
    for (sha256,) in keys:
        rows = connection.execute(
            "SELECT size, compressed FROM raw_answers WHERE sha256 = ?", [sha256]
        ).fetchall()
        if len(rows) != 1 or not _is_intact(sha256, *rows[0]):
            yield Flaw(f"it has a raw answer that does not match its SHA-256 {sha256}")


def _is_intact(sha256: str, size: int | None, compressed: bytes | None) -> bool:
    """Return whether the content has this size and hash; unpack no more than that."""
    if compressed is None or size is None or not 0 <= size <= MAX_RAW_BYTES:
        return False
    reader = zlib.decompressobj(GZIP)
    try:
        content = reader.decompress(compressed, size + 1)
    except zlib.error:
        return False
    return len(content) == size and hashlib.sha256(content).hexdigest() == sha256


KEY = "source, series_id, indicator"
RULES = (
    IntegrityRule(
        "values with a text that is not a period",
        "observations WHERE period IS NULL "
        f"OR NOT regexp_full_match(period, '{PERIOD_PATTERN}')",
    ),
    IntegrityRule(
        "values that are not finite numbers", "observations WHERE NOT isfinite(value)"
    ),
    IntegrityRule(
        "values without country, indicator, source, series or time of retrieval",
        "observations WHERE coalesce(country, '') = '' "
        "OR coalesce(indicator, '') = '' OR coalesce(source, '') = '' "
        "OR coalesce(series_id, '') = '' OR retrieved_at IS NULL",
    ),
    IntegrityRule(
        "duplicate values",
        f"observations GROUP BY country, period, {KEY}, retrieved_at, known_at "
        "HAVING count(*) > 1",
    ),
    IntegrityRule(
        "values that were fetched in the future",
        "observations WHERE retrieved_at > $now",
        remedy="check this computer's clock; if it is right now, it was fast when the "
        "values were fetched, and they count as known only from that later date",
    ),
    IntegrityRule(
        # A date of publication has no time zone.
        "values that were fetched before they were published",
        "observations WHERE known_at > retrieved_at + INTERVAL 2 DAYS",
    ),
    IntegrityRule(
        "values without a known country",
        "observations WHERE NOT list_contains($countries, country)",
    ),
    IntegrityRule(
        "values of a series that is not described",
        f"observations ANTI JOIN series USING ({KEY}, country)",
    ),
    IntegrityRule(
        "values of an answer that is not recorded",
        f"observations ANTI JOIN answers USING ({KEY})",
    ),
    IntegrityRule(
        "values whose period is not of their series' frequency",
        f"observations JOIN series USING ({KEY}, country) "
        f"WHERE frequency <> {FREQUENCY_SQL}",
    ),
    IntegrityRule(
        "series that are described twice",
        f"series GROUP BY {KEY}, country HAVING count(*) > 1",
        shown="source, series_id, country",
    ),
    IntegrityRule(
        "answers that are recorded twice",
        f"answers GROUP BY {KEY} HAVING count(*) > 1",
        shown=KEY,
    ),
    IntegrityRule(
        "fetched series without raw answers",
        f"answers ANTI JOIN raw_pages USING ({KEY})",
        shown=KEY,
    ),
    IntegrityRule(
        "raw answers that are referred to but not stored",
        "raw_pages ANTI JOIN raw_answers USING (sha256)",
        shown=f"{KEY}, page",
    ),
)
