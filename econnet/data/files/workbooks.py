"""Workbooks as sheets of cells, read within bounds.

`.xlsx` is read by openpyxl row by row, and cells are counted. `.xls`, `.xlsb` and
`.ods` are read by python-calamine, which allocates the rectangle that spans all cells
of a sheet: two stray cells can take gigabytes. It runs in a process of its own, with
a limit on memory and time, that answers in JSON.
"""

import json
import subprocess
import sys
import zlib
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from econnet.core.errors import DataError
from econnet.data.files.sheets import Cell, Sheet, check_width, extent
from econnet.runtime.untrusted_files import MAX_TEXT_LENGTH

if TYPE_CHECKING:
    from openpyxl import Workbook


def read_xlsx(path: Path) -> list[Sheet]:
    """Return the sheets of an Excel workbook."""
    import openpyxl

    _check_size(path)
    try:
        # openpyxl leaves the file open when it cannot read it.
        with path.open("rb") as file:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            return _read_sheets(path, book)
    except WORKBOOK_ERRORS as error:
        raise DataError(_unreadable(path)) from error


def _read_sheets(path: Path, book: "Workbook") -> list[Sheet]:
    """Return the sheets of an open workbook, and count their cells."""
    sheets = []
    left = MAX_CELLS
    for sheet in book.worksheets:
        # The size that the workbook claims may be wrong.
        sheet.reset_dimensions()
        rows, lines = [], []
        for line, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            width = extent(cells := [_cell(path, value) for value in row])
            if line > MAX_ROWS:
                raise DataError(_too_large(path))
            if not width:
                continue  # openpyxl fills the rows up to a stray cell
            check_width(path.name, width)
            left -= width
            if left < 0:
                raise DataError(_too_large(path))
            rows.append(cells[:width])
            lines.append(line)
        sheets.append(Sheet(sheet.title, rows, lines))
    return sheets


def read_other(path: Path) -> list[Sheet]:
    """Return the sheets of a workbook in another format: `.xls`, `.xlsb`, `.ods`."""
    if path.stat().st_size > MAX_UNPACKED_BYTES:
        raise DataError(_too_large(path))
    command = [sys.executable, "-I", "-c", CHILD, str(path.resolve())]
    limits = [str(MAX_CHILD_BYTES), str(MAX_CELLS)]
    try:
        child = subprocess.run(  # noqa: S603 - our own code
            [*command, *limits], capture_output=True, timeout=CHILD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(_too_large(path)) from error
    if child.returncode == TOO_LARGE or child.returncode < 0:
        raise DataError(_too_large(path))
    if child.returncode:
        raise DataError(_unreadable(path))
    sheets = []
    for name, rows in json.loads(child.stdout):
        full = [(line, row) for line, row in enumerate(rows, start=1) if extent(row)]
        for _, row in full:
            check_width(path.name, extent(row))
        cells = [[_cell(path, value) for value in row] for _, row in full]
        sheets.append(Sheet(name, cells, [line for line, _ in full]))
    return sheets


def _check_size(path: Path) -> None:
    try:
        with ZipFile(path) as members:
            unpacked = sum(member.file_size for member in members.infolist())
    except BadZipFile as error:
        raise DataError(_unreadable(path)) from error
    if unpacked > MAX_UNPACKED_BYTES:
        raise DataError(
            f"{path.name} unpacks to {unpacked:,} bytes, more than "
            f"{MAX_UNPACKED_BYTES:,}: save it as CSV"
        )


def _cell(path: Path, value: object) -> Cell:
    """Return a cell's value as text or number."""
    match value:
        case None:
            return ""
        case bool():
            return float(value)
        case int() | float():
            return float(value)
        case datetime():
            return value.isoformat(sep=" ").removesuffix(" 00:00:00")
        case date() | time():
            return value.isoformat()
        case _:
            text = str(value).strip()
    if len(text) > MAX_TEXT_LENGTH * 10:
        raise DataError(
            f"{path.name} has a cell of {len(text):,} characters: shorten it"
        )
    return text


def _too_large(path: Path) -> str:
    return (
        f"{path.name} spans more than {MAX_CELLS:,} cells: delete empty columns and "
        "rows below the data, or save it as CSV"
    )


def _unreadable(path: Path) -> str:
    return f"{path.name} is not a readable workbook: save it as CSV"


MAX_CELLS = 5_000_000
MAX_ROWS = 2**20  # of a sheet in Excel
MAX_UNPACKED_BYTES = 2**28
MAX_CHILD_BYTES = 3 * 2**29
CHILD_SECONDS = 120
TOO_LARGE = 9
# Exceptions that openpyxl and its readers are known to raise for damaged files.
WORKBOOK_ERRORS = (
    *(ArithmeticError, AttributeError, BadZipFile, EOFError, LookupError, zlib.error),
    *(NotImplementedError, RuntimeError, SyntaxError, TypeError, ValueError),
)
CHILD = f"""
import json, sys
path, memory, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
except (ImportError, OSError, ValueError):
    pass  # Windows has no limits, and macOS may refuse them
from python_calamine import CalamineError, CalamineWorkbook
sheets = []
try:
    book = CalamineWorkbook.from_path(path)
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        most -= sheet.height * sheet.width
        if most < 0:
            sys.exit({TOO_LARGE})
        rows = sheet.to_python(skip_empty_area=False)
        plain = (bool, int, float, str)
        rows = [[v if isinstance(v, plain) else str(v) for v in row] for row in rows]
        sheets.append((name, rows))
except MemoryError:
    sys.exit({TOO_LARGE})
except CalamineError as error:
    if "limit exceeded" in str(error):
        sys.exit({TOO_LARGE})
    raise
json.dump(sheets, sys.stdout)
"""
