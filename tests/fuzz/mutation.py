"""How a valid input is spoilt: bytes, texts, JSON and archives.

A mutation takes the bytes of an input and a random stream, and returns other bytes. It
follows the format of its inputs, so that most of its results get far into a parser
before a fault is found.
"""

import io
import json
import random
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np

Mutation: TypeAlias = Callable[[bytes, random.Random], bytes]

NUMBERS = (
    *("0", "-1", "1", "1.5", "-0.0", "1e999", "-1e999", "1e308", "5e-324", "nan"),
    *(
        "inf",
        "-Infinity",
        "1,5",
        "1_000",
        "0x10",
        "\u0662\u0660\u0662\u0660",
        "²",
        "1e99999999999999999999",
    ),
    *("9" * 5000, "18446744073709551616", "-9223372036854775808", "1/2", "True"),
)
PERIODS = (
    *("2020", "2020Q1", "2020-Q2", "2020 q3", "2020-01", "2020M1", "2020-1", "1000"),
    *("2999Q4", "2020Q5", "2020-13", "2020-02-30", "9999-12-31", "0001-01-01", "20201"),
    *(
        "2020-01-31 00:00:00",
        "2020.0",
        "1\u0660\u0662\u0660",
        "NaT",
        "today",
        "2020-01-01T00:00Z",
    ),
)
TEXTS = (
    *(
        "",
        " ",
        ".",
        "-",
        "#N/A",
        "NULL",
        "None",
        "a\x00b",
        "\ufeff",
        "\u202e",
        "é",
        "😀",
    ),
    *(
        "=1+1",
        "@x",
        "../../x",
        "/etc/passwd",
        "a" * 9999,
        '"',
        "'",
        ",",
        ";",
        "\t",
        "\r",
    ),
    *("\n", "\r\n", "\x1b[31m", "<script>", "country", "period", "indicator", "value"),
    *(
        "known_at",
        "real_gdp",
        "DEU",
        "NA",
        "COLUMNS(*)",
        "*",
        "?",
        "[",
        "[[",
        "{",
        "}}",
    ),
    *(
        "file_row_number",
        "\ud800",
        "$path",
        "%s",
        "{0}",
        "'''",
        "[task]",
        "=",
        "\\u0000",
    ),
)
TOKENS = tuple(
    text.encode("utf-8", "surrogatepass") for text in NUMBERS + PERIODS + TEXTS
)
JSON_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 1.5, -0.0, 1e308),
    *(
        "",
        "0",
        "1",
        "nan",
        "2020",
        "2020Q9",
        "\u0662\u0660\u0662\u0660",
        "x" * 9999,
        [],
        {},
        [[]],
        [None],
    ),
    *({"id": 1}, {"": {}}, [1, "a"], "DEU", "2020-01-01", ".", "9999-12-31", "1e999"),
)
RAW_JSON = ("NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "[" * 100_000)
DTYPES = ("<f4", "<f8", "<i4", "<i8", "|u1", "|b1", ">f8", "<f2", "<U3", "<f16", "|i1")


def chain(mutation: Mutation, data: bytes, rng: random.Random) -> bytes:
    """Return what a few mutations in a row make of an input."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        data = mutation(data, rng)
    return data


def of_bytes(data: bytes, rng: random.Random) -> bytes:
    """Change, take out, repeat or cut off some bytes."""
    at = rng.randint(0, len(data))
    to = min(len(data), at + rng.choice((1, 1, 2, 4, 16, 256)))
    match rng.randrange(5):
        case 0:
            return data[:at] + rng.randbytes(to - at) + data[to:]
        case 1:
            return data[:at] + data[to:]
        case 2:
            return data[:to] + data[at:]
        case 3:
            return data[:at]
    return data[:at] + rng.choice(TOKENS) + data[at:]


def of_text(data: bytes, rng: random.Random) -> bytes:
    """Put another token in place of a cell, a line or a word."""
    separator = rng.choice((b"\n", b"\n", b",", b",", b"=", b" ", b'"', b":"))
    parts = data.split(separator)
    at = rng.randrange(len(parts))
    match rng.randrange(6):
        case 0:
            parts[at] = rng.choice(TOKENS)
        case 1:
            parts.insert(at, rng.choice(parts))
        case 2:
            parts.insert(at, rng.choice(TOKENS))
        case 3 if len(parts) > 1:
            del parts[at]
        case 4:
            other = rng.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
        case 5:
            return of_bytes(data, rng)
    return separator.join(parts)


def of_json(data: bytes, rng: random.Random) -> bytes:
    """Put another value in place of one, anywhere in a line of JSON."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    try:
        document = json.loads(lines[at])
    except (ValueError, RecursionError):
        return of_bytes(data, rng)
    if rng.random() < 0.1:
        return of_bytes(data, rng)
    document = _other(document, rng)
    text = json.dumps(document)
    if rng.random() < 0.1:
        text = text.replace('"?"', rng.choice(RAW_JSON))
    lines[at] = text.encode()
    return b"\n".join(lines)


def _other(value: Any, rng: random.Random) -> Any:  # noqa: ANN401 - JSON's
    """Return a JSON value of which one part is another."""
    if isinstance(value, dict | list) and value and rng.random() < 0.85:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = rng.choice(keys)
        made = value.copy()
        match rng.randrange(8):
            case 0:
                del made[key]
            case 1 if isinstance(made, dict):
                made[str(rng.choice(("", "x", "value", "id")))] = made.pop(key)
            case 1 if isinstance(made, list):
                made.insert(key, made[key])
            case _:
                made[key] = _other(made[key], rng)
        return made
    return "?" if rng.random() < 0.2 else rng.choice(JSON_VALUES)


def of_archive(data: bytes, rng: random.Random) -> bytes:
    """Change the JSON header, an array or the form of an `.npz` file."""
    if rng.random() < 0.3:
        return of_bytes(data, rng)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [(it.filename, archive.read(it)) for it in archive.infolist()]
    except NO_ARCHIVE:
        return of_bytes(data, rng)
    if not entries:
        return of_bytes(data, rng)
    at = rng.randrange(len(entries))
    name, content = entries[at]
    match rng.randrange(8):
        case 0:
            entries[at] = (name, of_bytes(content, rng))
        case 1:
            text = rng.choice(TOKENS[-len(TEXTS) :]).decode("utf-8", "replace")
            entries[at] = (f"{text[:300]}.npy", content)
        case 2:
            del entries[at]
        case 3:
            entries.insert(at, rng.choice(entries))
        case 4 | 5:
            entries[at] = (name, _array(content, rng))
        case _:
            entries = [
                (it, _header(body, rng) if it == "header.npy" else body)
                for it, body in entries
            ]
    form = rng.choice((zipfile.ZIP_STORED,) * 9 + (zipfile.ZIP_DEFLATED,))
    target = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w", form) as archive:
        warnings.simplefilter("ignore")  # a name that occurs twice
        for entry, body in entries:
            archive.writestr(zipfile.ZipInfo(entry), body, form)
    return target.getvalue()


def _header(content: bytes, rng: random.Random) -> bytes:
    """Return the entry of a JSON header of which one part is another."""
    start = content.find(b"\n") + 1
    text = of_json(content[start:].replace(b"\n", b" "), rng)
    return _entry(np.frombuffer(text, np.uint8))


def _array(content: bytes, rng: random.Random) -> bytes:
    """Return an entry with other numbers, of another shape or type."""
    try:
        array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except NO_ARRAY:
        return of_bytes(content, rng)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        match rng.randrange(4):
            case 0 if array.size:
                array = array.copy()
                value = rng.choice((0, 1, -1, 2, 99, 0.5, 2**40, np.nan, np.inf))
                with suppress(OverflowError, ValueError):  # no number of that type
                    array.flat[rng.randrange(array.size)] = value
            case 1:
                with suppress(ValueError):  # texts that are not numbers
                    array = array.astype(rng.choice(DTYPES))
            case 2:
                array = array.reshape(-1)[: rng.randint(0, array.size)]
            case _:
                array = np.asfortranarray(array.T)
    return _entry(array)


def _entry(array: np.ndarray) -> bytes:
    target = io.BytesIO()
    np.lib.format.write_array(target, array, allow_pickle=False)
    return target.getvalue()


# What the libraries let out of archives and arrays that are spoilt already.
NO_ARCHIVE = (
    *(EOFError, KeyError, NotImplementedError, OSError, RuntimeError, ValueError),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)
NO_ARRAY = (
    *(EOFError, IndexError, MemoryError, RecursionError, TypeError, ValueError),
    tokenize.TokenError,
)
