"""What must hold in a store, and which rows break it.

Each rule is a query that gives the rows which break it, so that a new rule is an entry
in `RULES`. They look at every column of every table, by which DuckDB compares its own
checksums too. Nothing is changed.
"""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb

from econnet import storefile
from econnet.countries import all_countries
from econnet.store import Store

GZIP = 31  # how zlib names the format of `gzip`


@dataclass(frozen=True)
class Rule:
    """A rule, by what is told of the rows that break it.

    Parameters
    ----------
    broken
        What is wrong with the rows.
    query
        Gives a text for each such row. `$now` is this moment, `$countries` the codes of
        all countries.
    cure
        What would mend it.
    """

    broken: str
    query: str
    cure: str = "keep a copy, move it away, and `econnet fetch` begins a new one"


@dataclass(frozen=True)
class Flaw:
    """What is wrong with a store, and what would mend it."""

    what: str
    cure: str


@dataclass(frozen=True)
class Counts:
    """What a store holds: observations, aggregates among them, and raw answers."""

    observations: int
    raw_answers: int


@dataclass(frozen=True)
class Findings:
    """What was found in a store.

    Parameters
    ----------
    upgrade_from
        The version of an older schema, of which nothing else was looked at.
    without_raw
        Series whose newest answer was not kept: an older econnet fetched it.
    """

    counts: Counts = Counts(0, 0)
    broken: tuple[Flaw, ...] = ()
    upgrade_from: int | None = None
    without_raw: int = 0


def look(store: Store, now: datetime) -> Findings:
    """Return what is wrong in a store, which is not changed.

    Raises
    ------
    DataError
        Another process holds it for too long.
    """
    try:
        with store.unchanged() as connection:
            return _look(connection, store, now)
    except duckdb.Error as error:
        what = f"cannot be read as a store ({str(error).splitlines()[0]})"
        return Findings(broken=(Flaw(what, BEGIN_ANEW),))


def _look(
    connection: duckdb.DuckDBPyConnection, store: Store, now: datetime
) -> Findings:
    version = storefile.version_of(connection)
    if version is None or version > storefile.VERSION:
        refused = storefile.refusal(store.path, version)
        what, _, cure = refused.removeprefix(f"{store.path} ").partition(": ")
        return Findings(broken=(Flaw(what, cure),))
    if version < storefile.VERSION:
        return Findings(upgrade_from=version)
    missing = storefile.expected_columns() - storefile.columns_of(connection)
    if missing:
        table, column, kind = min(missing)
        what = f"its table {table} has no column {column} {kind}"
        return Findings(broken=(Flaw(what, BEGIN_ANEW),))
    broken = [*_broken_rules(connection, now), *_broken_raw(connection)]
    without = connection.sql(WITHOUT_RAW).fetchall()
    [counts] = connection.sql(
        "SELECT (SELECT count(*) FROM observations) + (SELECT count(*) FROM "
        "aggregates), (SELECT count(*) FROM raw_answers)"
    ).fetchall()
    return Findings(Counts(*counts), tuple(broken), without_raw=len(without))


def _broken_rules(
    connection: duckdb.DuckDBPyConnection, now: datetime
) -> Iterator[Flaw]:
    given = {"now": now, "countries": [it.alpha3 for it in all_countries()]}
    for rule in RULES:
        needed = {key: it for key, it in given.items() if f"${key}" in rule.query}
        rows = connection.execute(
            f"SELECT count(*), min(it) FROM ({rule.query}) AS broken(it)",  # noqa: S608 - a rule of this module
            needed,
        ).fetchall()
        [(count, first)] = rows
        if count:
            more = f" (and {count - 1:,} more)" if count > 1 else ""
            yield Flaw(f"it holds {rule.broken}: {first}{more}", rule.cure)


def _broken_raw(connection: duckdb.DuckDBPyConnection) -> Iterator[Flaw]:
    """Yield a flaw for each raw answer that is not what its hash says."""
    keys = connection.sql("SELECT sha256 FROM raw_answers ORDER BY ALL").fetchall()
    for (sha256,) in keys:
        rows = connection.execute(
            "SELECT size, compressed FROM raw_answers WHERE sha256 = ?", [sha256]
        ).fetchall()
        if len(rows) != 1 or not _is_sound(sha256, *rows[0]):
            what = f"it holds a raw answer that is not the one of SHA-256 {sha256}"
            yield Flaw(what, BEGIN_ANEW)


def _is_sound(sha256: str, size: int, compressed: bytes) -> bool:
    """Return whether these bytes are what was compressed, without reading more."""
    reader = zlib.decompressobj(GZIP)
    try:
        content = reader.decompress(compressed, size + 1)
    except zlib.error:
        return False
    return len(content) == size and hashlib.sha256(content).hexdigest() == sha256


ROW = "concat_ws(' ', source, series_id, country, period)"
WHOLE = "(FROM observations UNION ALL FROM aggregates)"
KEY = "source, series_id, indicator"
BEGIN_ANEW = Rule.cure
RULES = (
    Rule(
        "values of a text that is no period",
        f"SELECT {ROW} FROM {WHOLE} WHERE period IS NULL OR NOT "  # noqa: S608 - a rule of this module
        r"regexp_full_match(period, '\d{4}(Q[1-4]|-(0[1-9]|1[0-2]))?')",
    ),
    Rule(
        "values that are no finite number",
        f"SELECT {ROW} FROM {WHOLE} WHERE NOT isfinite(value)",  # noqa: S608 - a rule of this module
    ),
    Rule(
        "values without country, indicator, source, series or time of their fetch",
        f"SELECT {ROW} FROM {WHOLE} WHERE coalesce(country, '') = '' "  # noqa: S608 - a rule of this module
        "OR coalesce(indicator, '') = '' OR coalesce(source, '') = '' "
        "OR coalesce(series_id, '') = '' OR retrieved_at IS NULL",
    ),
    Rule(
        "values that stand twice",
        f"SELECT {ROW} FROM {WHOLE} GROUP BY country, period, {KEY}, "  # noqa: S608 - a rule of this module
        "retrieved_at, known_at HAVING count(*) > 1",
    ),
    Rule(
        "values that were fetched in the future",
        f"SELECT {ROW} FROM {WHOLE} WHERE retrieved_at > $now",  # noqa: S608 - a rule of this module
        "see whether this computer's clock is right; if it is, it was not when they "
        "were fetched, and they count as known from then on",
    ),
    Rule(
        # A date of publication has no time zone.
        "values that were fetched before they were published",
        f"SELECT {ROW} FROM {WHOLE} "  # noqa: S608 - a rule of this module
        "WHERE known_at > retrieved_at + INTERVAL 2 DAYS",
    ),
    Rule(
        "values of no country among those of countries",
        f"SELECT {ROW} FROM observations "  # noqa: S608 - a rule of this module
        "WHERE NOT list_contains($countries, country)",
    ),
    Rule(
        "values of countries among those of aggregates",
        f"SELECT {ROW} FROM aggregates "  # noqa: S608 - a rule of this module
        "WHERE list_contains($countries, country)",
    ),
    Rule(
        "values of a series that is not described",
        f"SELECT {ROW} FROM {WHOLE} ANTI JOIN series "  # noqa: S608 - a rule of this module
        f"USING ({KEY}, country)",
    ),
    Rule(
        "values of an answer that is not noted",
        f"SELECT {ROW} FROM {WHOLE} ANTI JOIN answers USING ({KEY})",  # noqa: S608 - a rule of this module
    ),
    Rule(
        "values whose period is not of their series' frequency",
        f"SELECT {ROW} FROM {WHOLE} JOIN series USING ({KEY}, country) "  # noqa: S608 - a rule of this module
        "WHERE frequency <> CASE WHEN length(period) = 4 THEN 'A' "
        "WHEN contains(period, 'Q') THEN 'Q' ELSE 'M' END",
    ),
    Rule(
        "series that are described twice",
        "SELECT concat_ws(' ', source, series_id, country) "  # noqa: S608 - a rule of this module
        f"FROM series GROUP BY {KEY}, country HAVING count(*) > 1",
    ),
    Rule(
        "answers that are noted twice",
        f"SELECT concat_ws(' ', {KEY}) FROM answers "  # noqa: S608 - a rule of this module
        f"GROUP BY {KEY} HAVING count(*) > 1",
    ),
    Rule(
        "raw answers that are named, but not kept",
        f"SELECT concat_ws(' ', {KEY}, piece) FROM raw_pieces "  # noqa: S608 - a rule of this module
        "ANTI JOIN raw_answers USING (sha256)",
    ),
)
WITHOUT_RAW = f"SELECT {KEY} FROM answers ANTI JOIN raw_pieces USING ({KEY})"  # noqa: S608 - a rule of this module
