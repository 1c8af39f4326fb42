"""How a valid table is spoilt: CSV, Parquet, workbooks, XML and the rows of a store.

Most results are still tables, with equally long lines, a country and a period, and one
odd part. So they are read to the end, while arbitrary damage would be refused at the
first odd line.
"""

import csv
import io
import json
import random
import re
import struct
import zipfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from tests.fuzz.mutation import (
    NO_ARCHIVE,
    NUMBERS,
    PERIODS,
    TEXTS,
    of_bytes,
    of_json,
    of_text,
)

NAMES = (
    *("country", "period", "indicator", "value", "known_at", "real_gdp", "UNRATE"),
    *("Ten-year rate", "TB3MS", "term_spread", "output", "growth", "cpi", "Country"),
    *("", "a b", 'a"b', "%", "file_row_number", "index", "level_0", "line", "0", "x"),
)
DELIMITERS = (",", ";", "\t", "|")
LINE_ENDS = ("\n", "\r\n", "\r")
ENCODINGS = ("utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-7")


def of_csv(data: bytes, rng: random.Random) -> bytes:
    """Change a cell, a line, a column or the way of writing of a CSV file."""
    if rng.random() < 0.2:
        return of_text(data, rng)
    text = data.decode("utf-8-sig", "replace")
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return of_bytes(data, rng)
    if not rows or not rows[0]:
        return of_bytes(data, rng)
    rows = _other_rows(rows, rng)
    form = {
        "delimiter": rng.choice(DELIMITERS) if rng.random() < 0.1 else delimiter,
        "lineterminator": rng.choice(LINE_ENDS) if rng.random() < 0.1 else "\n",
        "quoting": csv.QUOTE_ALL if rng.random() < 0.1 else csv.QUOTE_MINIMAL,
    }
    target = io.StringIO()
    try:
        csv.writer(target, **form).writerows(rows)  # type: ignore[arg-type]
    except csv.Error:  # a line of nothing
        return of_bytes(data, rng)
    encoding = rng.choice(ENCODINGS) if rng.random() < 0.1 else "utf-8"
    return target.getvalue().encode(encoding, "replace")


def _other_rows(rows: list[list[str]], rng: random.Random) -> list[list[str]]:
    """Return rows of which a cell, a line, a name or a column is another."""
    head, *lines = rows
    column = rng.randrange(len(head))
    match rng.randrange(8):
        case 0:
            head[column] = rng.choice(NAMES)
        case 1:
            other = rng.randrange(len(head))
            for row in rows:
                if len(row) > max(column, other):
                    row[column], row[other] = row[other], row[column]
        case 2:
            name = rng.choice(NAMES)
            rows = [
                [*row, name if number == 0 else _cell(name, rng)]
                for number, row in enumerate(rows)
            ]
        case 3 if lines:
            rows.append(list(rng.choice(lines)))
        case 4 if lines:
            rows = [head, *rng.sample(lines, rng.randint(0, len(lines)))]
        case 5 if lines:  # all of a column
            cell = _cell(head[column], rng)
            for row in lines:
                if len(row) > column:
                    row[column] = cell
        case _ if lines:
            row = rng.choice(lines)
            if len(row) > column:
                row[column] = _cell(head[column], rng)
    return rows


def _cell(column: str, rng: random.Random) -> str:
    """Return a value that might occur in this column, or in another."""
    of_its_own = {
        "period": PERIODS,
        "known_at": PERIODS,
        "country": TEXTS,
        "indicator": NAMES,
    }.get(column.casefold(), NUMBERS)
    return rng.choice(of_its_own if rng.random() < 0.8 else TEXTS + NUMBERS + PERIODS)


VALUES = (
    *("1", "1.5", "NULL", "'a'", "''", "'2020'", "'2020Q1'", "'2020-01'", "'NA'"),
    *("'nan'::FLOAT", "'inf'::DOUBLE", "true", "DATE '2020-01-31'", "2020", "2020.0"),
    *("TIMESTAMP '2020-01-31 00:00:00'", "TIMESTAMPTZ '2020-01-31 00:00:00+14'"),
    *("[1, 2]", "{'a': 1}", "MAP {'a': 1}", "INTERVAL 1 MONTH", "'ab'::BLOB"),
    *("170141183460469231731687303715884105727::HUGEINT", "1.5::DECIMAL(38, 10)"),
    *("uuid()", "TIME '12:00:00'", "'1'::BIT", "DATE '294247-01-01'"),
    *("DATE '-infinity'", "TIMESTAMP 'infinity'", "'2020-02-30'", "'2020M01-31'"),
    *("'1e999'", "-9223372036854775808", "255::UTINYINT", "repeat('x', 9999)"),
    *("chr(0)", "chr(10)", "'\u202ea'", "1e308", "-1e-308", "'a'::ENUM('a', 'b')"),
    *("1::UHUGEINT", "NULL::INTEGER[]", "[{'a': [1]}]", "1::TINYINT", "'=1+1'"),
)
ROWS = (
    *("(1990 + i)", "(1990 + i)::VARCHAR", "(1990 + i) || 'Q' || (1 + i % 4)"),
    *("(1990 + i // 4) || 'Q' || (1 + i % 4)", "(1990 + i // 12) || '-' || "),
    *("DATE '1990-01-31' + INTERVAL (i) MONTH", "DATE '1990-01-31' + INTERVAL (i) DAY"),
    *("i", "i * 1.5", "random()", "100 + i", "-i", "i % 2", "i % 2 = 0", "sin(i)"),
    *(
        "i::FLOAT",
        "i::UBIGINT",
        "i::DECIMAL(9, 2)",
        "1e30 * i",
        "if(i % 3 = 0, NULL, i)",
    ),
    *("chr((65 + i // 30)::INTEGER)", "'Alpha'", "'Alpha' || (i % 3)", "i::VARCHAR"),
)
COMPRESSIONS = ("uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "brotli")


def of_parquet(data: bytes, rng: random.Random) -> bytes:
    """Spoil bytes of a Parquet file or of its footer, or make another."""
    chance = rng.random()
    if chance < 0.2:
        return of_bytes(data, rng)
    if chance < 0.4:
        length = int.from_bytes(data[-8:-4], "little")
        start = max(0, len(data) - 8 - length)
        footer = of_bytes(data[start:-8], rng)
        return data[:start] + footer + struct.pack("<I", len(footer)) + data[-4:]
    return _parquet(rng)


def _parquet(rng: random.Random) -> bytes:
    """Return a panel in Parquet of which a column, a cell or a row is odd."""
    columns = {
        "country": rng.choice(("'Alpha'", "chr((65 + i // 30)::INTEGER)")),
        "period": rng.choice(ROWS[:3] + ROWS[5:7]),
        "output": "100 + i + i % 3",
        **{rng.choice(NAMES): rng.choice(ROWS) for _ in range(rng.randint(0, 3))},
    }
    odd = rng.choice(tuple(columns))
    match rng.randrange(6):
        case 0:
            columns[odd] = rng.choice(VALUES)
        case 1 | 2:  # in one row, which gives the column another type if it must
            row = rng.randrange(40)
            columns[odd] = f"if(i = {row}, {rng.choice(VALUES)}, {columns[odd]})"
        case 3:
            columns[odd] = rng.choice(ROWS)
        case 4:
            del columns[odd]
    names = list(columns)
    if rng.random() < 0.2:
        rng.shuffle(names)
    wanted = ", ".join(f"{columns[name]} AS {_quoted(name or ' ')}" for name in names)
    order = rng.choice(("", "", "", " ORDER BY hash(i)", " ORDER BY i DESC"))
    rows = rng.choice((0, 1, 3, 40, 40, 40, 5000))
    query = f"SELECT {wanted} FROM range({rows}) t(i){order}"  # noqa: S608 - our own
    options = f"FORMAT parquet, COMPRESSION {rng.choice(COMPRESSIONS)}"
    if rng.random() < 0.3:
        options += ", ROW_GROUP_SIZE 2048, PARQUET_VERSION V2"
    path = _folder() / "made.parquet"
    try:
        _database().execute(f"COPY ({query}) TO '{path.as_posix()}' ({options})")
    except duckdb.Error:  # values of one column that are of no common type
        return b""
    return path.read_bytes()


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """Return a DuckDB for making files; to open one takes longer than to make one."""
    return duckdb.connect(config={"threads": 1})


@cache
def _kept() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="econnet-fuzz-")


def _folder() -> Path:
    """Return a folder that goes with this process."""
    return Path(_kept().name)


SHEET = (
    *(b"<c r='XFD1048576'><v>1</v></c>", b"<row r='1048576'/>", b"<f>1/0</f>"),
    *(b't="s"', b't="inlineStr"', b't="e"', b't="b"', b't="d"', b"<v>99999</v>"),
    *(b"<v>-1</v>", b"<v>1e999</v>", b"<v>2958466</v>", b"<is><t>A</t></is>"),
    *(
        b'<!DOCTYPE a [<!ENTITY b "c">]>',
        b"&b;",
        b"&#0;",
        b"&#x1F600;",
        b"<!--",
        b"]]>",
    ),
    *(
        b'r="A1"',
        b'r="ZZZZ1"',
        b'r="A0"',
        b'r=""',
        b's="99"',
        b"<mergeCell ref='A:A'/>",
    ),
    *(b'count="999999999"', b'sheetId="0"', b'r:id="rId9"', b'numFmtId="14"'),
)


def of_workbook(data: bytes, rng: random.Random) -> bytes:
    """Change the text of a part of a workbook, or its parts."""
    if rng.random() < 0.1:
        return of_bytes(data, rng)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {it.filename: archive.read(it) for it in archive.infolist()}
    except NO_ARCHIVE:
        return of_bytes(data, rng)
    if not parts:
        return of_bytes(data, rng)
    sheets = [name for name in parts if "sheet" in name or "shared" in name]
    name = rng.choice(sheets if sheets and rng.random() < 0.7 else list(parts))
    match rng.randrange(6):
        case 0:
            parts[name] = of_text(parts[name], rng)
        case 1 if rng.random() < 0.3:
            del parts[name]
        case 1 | 2:
            parts[name] = _without_or_twice(parts[name], rng)
        case _:
            parts[name] = _other_markup(parts[name], rng)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(zipfile.ZipInfo(part), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _other_markup(content: bytes, rng: random.Random) -> bytes:
    """Put another value or other markup between two marks."""
    pieces = content.split(b">")
    at = rng.randrange(len(pieces))
    head, mark, tag = pieces[at].partition(b"<")
    token = rng.choice(NUMBERS + PERIODS + TEXTS).encode("utf-8", "replace")
    match rng.randrange(4):
        case 0:
            pieces[at] = token[:200] + mark + tag
        case 1 if b"=" in tag:
            words = tag.split(b" ")
            words[rng.randrange(len(words))] = rng.choice(SHEET)
            pieces[at] = head + mark + b" ".join(words)
        case 2:
            pieces[at] = rng.choice(SHEET) + pieces[at]
        case _:
            name, equals, value = tag.partition(b'="')
            if equals:
                _, quote, rest = value.partition(b'"')
                pieces[at] = head + mark + name + equals + token[:50] + quote + rest
    return b">".join(pieces)


def _without_or_twice(content: bytes, rng: random.Random) -> bytes:
    """Leave out a piece of markup, or repeat it."""
    pieces = content.split(b"<")
    at = rng.randrange(len(pieces))
    to = min(len(pieces), at + rng.choice((1, 1, 2, 4)))
    twice = pieces[at:to] * 2 if rng.random() < 0.5 else []
    return b"<".join([*pieces[:at], *twice, *pieces[to:]])


def of_xml(data: bytes, rng: random.Random) -> bytes:
    """Change an attribute, a piece of markup or some bytes of an XML document."""
    match rng.randrange(8):
        case 0:
            return of_text(data, rng)
        case 1 | 2:
            return _without_or_twice(data, rng)
        case 3:
            return _other_markup(data, rng)
    values = list(ATTRIBUTE.finditer(data))
    if not values:
        return of_bytes(data, rng)
    chosen = rng.choice(values)
    tokens = XML_VALUES if rng.random() < 0.7 else NUMBERS + PERIODS + TEXTS
    token = rng.choice(tokens).encode("utf-8", "replace")
    return data[: chosen.start(1)] + token + data[chosen.end(1) :]


ATTRIBUTE = re.compile(rb'="([^"]*)"')
XML_VALUES = (
    *("", "NaN", "1", "-1", "1.5", "1e5", "1e-400", "9" * 400, "0." + "0" * 1000 + "1"),
    *("2025-Q1", "2025-01", "2025-M01", "2025", "2025-S1", "2025-W01", "0000-Q1"),
    *("2025-01-01T00:00:00", "F", "A", "p", "Q", "M", "DE", "US", "EA20", "G163", "ZZ"),
    *("0", "3", "-3", "99", "999", "TIME_PERIOD", "OBS_VALUE", "UNIT_MULT", "FREQ"),
    *("2026-10-07", "9999-12-31", "0000-01-01", "Series", "xs:string", "ns1:x", "&#0;"),
)


def of_edits(data: bytes, rng: random.Random) -> bytes:
    """Change a list of edits of a store: `[column, row, value]`, each by its number."""
    if rng.random() < 0.05:
        return of_json(data, rng)
    edits = []
    with suppress(ValueError, RecursionError):
        found = json.loads(data)
        edits = found[:5] if isinstance(found, list) else []
    made = [rng.randrange(100), rng.randrange(8), rng.randrange(len(STORED))]
    if edits and rng.random() < 0.5:
        edits[rng.randrange(len(edits))] = made
    else:
        edits.append(made)
    return json.dumps(edits).encode()


STORED = (
    *VALUES,
    *(
        "'2999Q4'",
        "'-5000'",
        "'290000000000'",
        "'2020-W01'",
        "'\u0662\u0660\u0662\u0660'",
    ),
    *("TIMESTAMP '0001-01-01 00:00:00'", "TIMESTAMP '2999-01-01'", "'Q'", "'W'", "'M'"),
    *("'DEU'", "'deu'", "'WLD'", "'../x'", "2", "99", "-1", "'real_gdp'", "'fred'"),
)
