"""Excel files of a source, read as rows of cells within limits.

Not verified against the sources: what the file contains is checked in full where it is
used. The properties of a workbook, such as its author, are not read, because those of
the Philadelphia Fed's files have dates in a format that `openpyxl` refuses.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from econnet.core.text import one_line, quoted
from econnet.data.sources.http import NOT_ITS_FORMAT
from econnet.data.sources.observations import ErrorFactory

CONTENT_TYPES = frozenset(
    {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/octet-stream",
        "application/vnd.ms-excel",
        "binary/octet-stream",
    }
)
MAX_UNPACKED_BYTES = 512 * 2**20
MAX_ROWS, MAX_COLUMNS = 50_000, 1_000
# Exceptions that `openpyxl` and its readers are known to raise for damaged files.
UNREADABLE = (
    *NOT_ITS_FORMAT,
    *(ArithmeticError, EOFError, OSError, RuntimeError, SyntaxError),
    *(struct.error, zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error),
)
NOT_A_NUMBER = frozenset({"", ".", "#N/A", "--", "n/a"})

Cell = str | float | None


def rows(content: bytes, sheet: str | None, problem: ErrorFactory) -> list[list[Cell]]:
    """Return the cells of a sheet, row by row: numbers, or else texts.

    `None` is the first sheet.

    Raises the error `problem` if it is not a workbook, lacks the sheet or is too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_archive(archive)
        return list(_cells(content, sheet))
    except UNREADABLE as error:
        detail = str(error.args[0]) if type(error) is ValueError and error.args else ""
        detail = one_line(detail, at_most=120) or "it is not an Excel workbook"
        raise problem(f"the file cannot be read ({detail})") from error


def _check_archive(archive: zipfile.ZipFile) -> None:
    """Raise `ValueError` for an archive that expands too far or declares entities."""
    if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED_BYTES:
        raise ValueError("it is too large when unpacked")
    for member in archive.infolist():
        if member.filename.endswith((".xml", ".rels")):
            with archive.open(member) as file:
                if b"<!DOCTYPE" in file.read(1_024):
                    raise ValueError("it declares a document type")


def _cells(content: bytes, sheet: str | None) -> Iterator[list[Cell]]:
    from openpyxl.reader.excel import ExcelReader

    reader = ExcelReader(
        io.BytesIO(content), read_only=True, data_only=True, keep_links=False
    )
    reader.read_properties = _ignore
    reader.read_custom = _ignore
    reader.read()
    names = [
        name
        for name in reader.wb.sheetnames
        if sheet is None or name.casefold() == sheet.casefold()
    ]
    if not names:
        raise ValueError(f"it has no sheet {quoted(sheet or '')}")
    # A declared size may be wrong; the cells themselves are counted instead.
    worksheet: Any = reader.wb[names[0]]
    worksheet.reset_dimensions()
    for number, row in enumerate(worksheet.iter_rows(values_only=True)):
        if number == MAX_ROWS or len(row) > MAX_COLUMNS:
            raise ValueError("its sheet is larger than such a file can be")
        yield [_cell(value) for value in row]


def _ignore() -> None:
    """Read nothing."""


def _cell(value: object) -> Cell:
    """Return a number, a text, or `None` for an empty cell."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = "" if value is None else str(value).strip()
    return None if text in NOT_A_NUMBER else text
