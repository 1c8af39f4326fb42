"""Text files of any encoding and separator, as one sheet.

Small files are read by the standard library. For large ones, it reads the first lines,
and `large_texts` the rest.
"""

import csv
import io
import re
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from econnet.core.errors import DataError
from econnet.data.files import aligned_texts, large_texts
from econnet.data.files.encodings import encoding_of
from econnet.data.files.large_texts import MAX_LINE_BYTES, PLAIN_ENCODINGS
from econnet.data.files.sheets import Sheet


def read(path: Path) -> Sheet:
    """Return the sheet of a text file."""
    size = path.stat().st_size
    if size == 0:
        raise DataError(f"{path.name} is empty: fill it, or name another file")
    with path.open("rb") as file:
        head = file.read(SMALL_BYTES + 1)
    is_small = size <= SMALL_BYTES
    encoding = encoding_of(path, head, is_whole=is_small)
    note = _note(encoding)
    if is_small:
        return _sheet(path, head.decode(encoding, errors="replace"), note)
    return _large(path, head, encoding, note)


def _note(encoding: str) -> str:
    """Return a remark on an encoding other than UTF-8, which may be a guess."""
    if encoding in PLAIN_ENCODINGS:
        return ""
    if encoding.startswith("utf"):
        return f"text in {encoding}"
    return f"text in {encoding}; if letters are wrong, save the file as CSV UTF-8"


def _sheet(path: Path, text: str, note: str) -> Sheet:
    """Return the sheet of a text that is wholly in memory."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip("\n\t ,;|"):
        raise DataError(f"{path.name} is empty: fill it, or name another file")
    # A formula keeps spreadsheets from reading codes as numbers.
    text = re.sub(r'(?<![^,;\t\n])="([^"\n]*)"', r'"\1"', text)
    _check_lines(path, text)
    delimiter = _delimiter(text)
    if aligned := aligned_texts.with_tabs(text, delimiter):
        text, delimiter = aligned, "\t"
    rows, lines = _rows(path, text, delimiter)
    return Sheet("", rows, lines, delimiter, note)


def _check_lines(path: Path, text: str) -> None:
    if len(text) <= MAX_LINE_BYTES:
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE_BYTES:
            raise DataError(
                f"{path.name}, line {number} is longer than {MAX_LINE_BYTES:,} bytes: "
                "check that the file is a table"
            )


def _rows(
    path: Path, text: str, delimiter: str, at_most: int | None = None
) -> tuple[list[list[str]], list[int]]:
    """Return the first rows, or all, and the line on which each begins."""
    rows, lines = [], []
    reader = csv.reader(
        io.StringIO(text), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    line, n_cells = 1, 0
    try:
        for row in islice(reader, at_most):
            rows.append([cell.strip() for cell in row])
            lines.append(line)
            line = reader.line_num + 1
            n_cells += len(row)
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise DataError(
                f"{path.name}, line {line} has an unclosed quotation mark: correct it"
            ) from error
        if "field larger" in str(error):
            raise DataError(
                f"{path.name}, line {line} has a cell of more than "
                f"{csv.field_size_limit():,} characters: shorten it"
            ) from error
        if "expected after" in str(error):
            raise DataError(
                f"{path.name}, line {line} has text after a closing quotation mark: "
                'double the marks within a cell ("a ""b"" c")'
            ) from error
        raise DataError(
            f"{path.name}, line {line} cannot be read ({error}): correct it"
        ) from error
    return rows, lines


def _delimiter(text: str) -> str:
    """Return the delimiter: it splits most lines into the same number of cells."""
    lines = [line for line in text[:SAMPLE_LETTERS].split("\n") if line.strip()]
    lines = lines[: 1 + N_SAMPLE_LINES]
    if len(lines) > 2 and len(text) > SAMPLE_LETTERS:
        lines = lines[:-1]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        common = max(set(widths), key=widths.count, default=1)
        if common < 2:
            continue
        share = np.mean([width >= common for width in widths])
        # Decimal commas split many lines, but not all into the same number of cells.
        score = float(share) * (1 + min(common, 50) / 100)
        if score > best_score + 1e-9:
            best, best_score = delimiter, score
    return best


def _large(path: Path, head: bytes, encoding: str, note: str) -> Sheet:
    """Return the sheet of a large file, of which DuckDB reads the rest on demand."""
    text = head.decode(encoding, errors="ignore").removeprefix("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n")[:SAMPLE_LETTERS]
    complete, _, _ = text.rpartition("\n")
    if not complete:
        raise DataError(
            f"{path.name}: its first line is longer than {SAMPLE_LETTERS:,} bytes: "
            "check that the file is a table"
        )
    delimiter = _delimiter(complete)
    rows, lines = _rows(path, complete, delimiter, MAX_ROWS_OF_SAMPLE)

    def below(line: int, width: int) -> pd.DataFrame:
        first = next(n for n, number in enumerate(lines) if number >= line)
        return large_texts.read_below(
            path, encoding, delimiter, rows[first:], line=line, width=width
        )

    return Sheet("", rows, lines, delimiter, note, below)


SMALL_BYTES = 4 * 2**20
SAMPLE_LETTERS = 2**20
N_SAMPLE_LINES = 200
MAX_ROWS_OF_SAMPLE = 2_000
# The comma is last, because decimal commas also split lines.
DELIMITERS = (";", "\t", "|", ",")
