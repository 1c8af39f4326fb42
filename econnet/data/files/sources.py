"""The tables of any file: by content first, then by file extension.

A file extension may be wrong. A text with tabs may be called `.xls`, and
is read as text.
"""

import json
import struct
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import pandas as pd

from econnet.core.errors import DataError, UsageError, suggestion
from econnet.core.text import quoted
from econnet.data.files import (
    areas,
    column_names,
    parquet_cells,
    period_texts,
    tables,
    text_files,
    workbooks,
)
from econnet.data.files.column_names import folded
from econnet.data.files.sheets import Sheet, check_names, check_width
from econnet.data.files.tables import RawTable
from econnet.runtime.untrusted_files import MAX_TEXT_LENGTH


@dataclass(frozen=True, eq=False)
class Source:
    """The table that was chosen from a file, and what was left aside.

    Parameters
    ----------
    series_name
        A name for the series of a table that has one series without a name.
    remarks
        What was chosen, in words.
    """

    table: RawTable
    series_name: str = ""
    remarks: tuple[str, ...] = ()


def open_file(path: Path, sheet: str | None = None) -> Source:
    """Return the table of a file.

    Raises
    ------
    DataError
        The file is absent, of an unknown kind, or has no table.
    UsageError
        It has no sheet of that name.
    """
    try:
        if not path.exists():
            raise DataError(f"there is no file {path}: check its name and folder")
        if not path.is_file():
            raise DataError(
                f"{path} is not a regular file: save the data as one and name it"
            )
        with path.open("rb") as file:
            start = file.read(4096)
        source = _open(path, start, sheet)
        if sheet is not None and not source.table.sheet:
            raise UsageError(f"{path.name} has no sheets: leave --sheet out")
        return source
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}") from error


def open_frame(frame: pd.DataFrame) -> Source:
    """Return the table of a DataFrame, with an index that is not a row number."""
    if frame.empty:
        raise DataError("the DataFrame is empty: fill it, or give another one")
    named = frame if _numbers_rows(frame) else _with_index(frame)
    if isinstance(named.columns, pd.MultiIndex):
        raise UsageError(
            "the DataFrame has several rows of column names: flatten them to one, such "
            "as frame.columns = ['_'.join(name) for name in frame.columns]"
        )
    check_width("the DataFrame", named.shape[1])
    check_names("the DataFrame", [str(name).strip() for name in named.columns])
    return Source(tables.of_frame(named))


def _numbers_rows(frame: pd.DataFrame) -> bool:
    """Return whether an index numbers rows, perhaps with gaps left by a selection."""
    index = frame.index
    is_default = isinstance(index, pd.RangeIndex)
    is_integer = index.nlevels == 1 and pd.api.types.is_integer_dtype(index.dtype)
    if not is_default and (index.name is not None or not is_integer):
        return False
    names = [str(name) for name in frame.columns]
    if any(folded(name) in column_names.PERIODS for name in names):
        return True
    if sum(map(period_texts.is_period, names)) >= tables.MIN_PERIODS:
        return True
    # Rows selected from a long table may have numbers like years.
    if is_default and not all(map(pd.api.types.is_numeric_dtype, frame.dtypes)):
        return True
    return not all(period_texts.is_period(str(end)) for end in (index[0], index[-1]))


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a DataFrame with its index as columns, named by default."""
    last = frame.index.nlevels - 1
    levels = [
        str(name) if name is not None else "period" if n == last else "country"
        for n, name in enumerate(frame.index.names)
    ]
    for name in levels:
        if name in frame.columns:
            raise UsageError(
                f"the DataFrame has {quoted(name)} as a column and in its index: drop "
                "one of them, for example by frame.reset_index(drop=True)"
            )
    return frame.rename_axis(index=levels).reset_index()


def _open(path: Path, start: bytes, sheet: str | None) -> Source:
    if start.startswith(b"PAR1") or path.suffix.lower() == ".parquet":
        return Source(tables.of_frame(parquet_cells.read(path)))
    if start.startswith(b"PK\x03\x04"):
        return _of_zip(path, sheet)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return _of_sheets(path, workbooks.read_other(path), sheet)
    if start.startswith(b"<stata_dta>") or (
        path.suffix.lower() == ".dta" and start[:1] in STATA_VERSIONS
    ):
        return Source(tables.of_frame(_of_stata(path)))
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in {b"[", b"{"}:
        return Source(tables.of_frame(_of_json(path)))
    if text[:9].lower() == b"<!doctype" or text[:5].lower() == b"<html":
        raise DataError(
            f"{path.name} is a web page, not data: download the file itself, as CSV"
        )
    if text.startswith(b"<?xml"):
        raise DataError(
            f"{path.name} is an XML document: save it as a workbook (xlsx, ods) or CSV"
        )
    for magic, name, remedy in OTHER_KINDS:
        if start.startswith(magic):
            raise DataError(f"{path.name} is {name}: {remedy}")
    return Source(tables.locate(path.name, text_files.read(path)))


def _of_zip(path: Path, sheet: str | None) -> Source:
    """Return the table of a workbook, which is an archive of XML."""
    try:
        with ZipFile(path) as members:
            names = {*members.namelist()}
    except (BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path.name} is not a readable workbook: save it as CSV"
        ) from error
    if "xl/workbook.bin" in names or "content.xml" in names:
        return _of_sheets(path, workbooks.read_other(path), sheet)
    if any(name.startswith("xl/") for name in names):
        return _of_sheets(path, workbooks.read_xlsx(path), sheet)
    raise DataError(f"{path.name} is an archive: unpack it and name the file in it")


def _of_sheets(path: Path, sheets: Sequence[Sheet], chosen: str | None) -> Source:
    """Return the table of the right sheet, or of sheets that are countries."""
    names = [each.name for each in sheets]
    if chosen is not None:
        by_name = {
            name.casefold(): each for name, each in zip(names, sheets, strict=True)
        }
        if chosen.casefold() not in by_name:
            remedy = suggestion(chosen, names, f"it has {', '.join(names[:8])}")
            raise UsageError(f"{path.name} has no sheet {chosen!r}: {remedy}")
        one = by_name[chosen.casefold()]
        return Source(tables.locate(path.name, one), one.name)
    found: dict[str, RawTable] = {}
    faults: list[DataError] = []
    for each in sheets:
        try:
            found[each.name] = tables.locate(path.name, each)
        except DataError as error:
            faults.append(error)
    if not found:
        if len(sheets) == 1 and faults:
            raise faults[0]
        raise DataError(
            f"{path.name} has no sheet with a table, only {', '.join(names[:8])}: put "
            "the column names in one row and the values below them"
        )
    if joined := _stacked(found) or _of_frequencies(found):
        return joined
    best = max(found, key=lambda name: tables.data_cells(found[name]))
    others = [name for name in names if name != best]
    remarks = []
    if others:
        remarks.append(
            f"sheet {best}; not read: {', '.join(others[:6])} (--sheet NAME chooses)"
        )
    return Source(found[best], best if len(names) > 1 or best else "", tuple(remarks))


def _stacked(found: Mapping[str, RawTable]) -> Source | None:
    """Return the sheets that are named after countries as one table."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, table in found.items():
        alike.setdefault(tuple(table.names), []).append(name)
    for columns, names in alike.items():
        if len(names) < 2 or not areas.are_countries(names):
            continue
        parts = [
            found[name].cells.assign(area=name).rename(columns={"area": -1})
            for name in names
        ]
        cells = pd.concat(parts)
        order = [-1, *range(len(columns))]
        cells = cells[order].set_axis(pd.RangeIndex(len(order)), axis=1)
        first = found[names[0]]
        table = replace(
            first,
            names=["country", *columns],
            cells=cells,
            subheads=[["", *row] for row in first.subheads],
            above=["", *first.above] if first.above else (),
        )
        return Source(
            table,
            "",
            (
                f"one sheet per country: {', '.join(names[:6])}"
                f"{', ...' if len(names) > 6 else ''}",
            ),
        )
    return None


def _of_frequencies(found: Mapping[str, RawTable]) -> Source | None:
    """Return the sheets that are named after frequencies as one table.

    FRED writes series of several frequencies to sheets called Monthly and Quarterly.
    """
    sheets = [name for name in found if name.casefold() in SHEETS_BY_FREQUENCY]
    tables_of = [found[name] for name in sheets]
    if len(sheets) < MIN_SHEETS or any(not table.names for table in tables_of):
        return None
    period = tables_of[0].names[0]
    series = [name for table in tables_of for name in table.names[1:]]
    if folded(period) not in column_names.PERIODS or len({*series}) < len(series):
        return None
    if any(table.names[0] != period for table in tables_of):
        return None
    parts, first = [], 1
    for table in tables_of:
        n = len(table.names) - 1
        names = {0: 0, **{m: first + m - 1 for m in range(1, n + 1)}}
        parts.append(table.cells.rename(columns=names))
        first += n
    cells = pd.concat(parts).reindex(columns=range(first)).fillna("")
    table = replace(tables_of[0], names=[period, *series], cells=cells, subheads=())
    remark = f"one sheet per frequency: {', '.join(sheets)}"
    return Source(replace(table, above=()), "", (remark,))


def _of_stata(path: Path) -> pd.DataFrame:
    """Return a Stata file, with labels in place of coded values."""
    if path.stat().st_size > MAX_DENSE_BYTES:
        raise DataError(f"{path.name} is larger than 1 GB: save it as Parquet")
    try:
        with warnings.catch_warnings():
            # Texts that are not UTF-8 are read as Latin-1, as old versions wrote them.
            warnings.simplefilter("ignore", UnicodeWarning)
            frame = pd.read_stata(path, convert_categoricals=True)
    except DENSE_ERRORS as error:
        raise DataError(
            f"{path.name} is not a readable Stata file: save it as CSV"
        ) from error
    return _checked(path, frame)


def _of_json(path: Path) -> pd.DataFrame:
    """Return records: a list of objects, an object with such a list, or a line each.

    The layouts that pandas writes are read, too.
    """
    if path.stat().st_size > MAX_JSON_BYTES:
        raise DataError(f"{path.name} is larger than 256 MB: save it as Parquet")
    try:
        document = _document(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name} is not readable JSON: save it as CSV") from error
    records = _records(document)
    if not records:
        raise DataError(
            f"{path.name} has no records: write a list of objects with the same keys"
        )
    return _checked(path, pd.DataFrame([_flat(record) for record in records]))


def _document(content: bytes) -> object:
    """Return a JSON document, or the list of those that are a line each."""
    try:
        return json.loads(content)
    except ValueError:
        return [json.loads(line) for line in content.splitlines() if line.strip()]


def _records(document: object) -> list[Mapping[str, object]]:
    """Return the longest list of objects at the top of a document."""
    if isinstance(document, list):
        if document and all(isinstance(each, dict) for each in document):
            return document
        lists = [found for each in document if (found := _records(each))]
        return max(lists, key=len, default=[])
    if isinstance(document, dict):
        if records := _records_of_frame(document):
            return records
        lists = [
            found
            for each in document.values()
            if isinstance(each, list) and (found := _records(each))
        ]
        if lists:
            return max(lists, key=len)
        columns = [each for each in document.values() if isinstance(each, list)]
        if columns and len(columns) == len(document):
            rows = zip(*columns, strict=False)
            return [dict(zip(document, row, strict=True)) for row in rows]
    return []


def _records_of_frame(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the records of an object of columns, as pandas writes a DataFrame."""
    names, rows = document.get("columns"), document.get("data")
    if isinstance(names, list) and isinstance(rows, list):
        whole = [
            row for row in rows if isinstance(row, list) and len(row) == len(names)
        ]
        if len(whole) == len(rows):
            return [dict(zip(map(str, names), row, strict=True)) for row in rows]
    columns = {name: each for name, each in document.items() if isinstance(each, dict)}
    cells = [cell for each in columns.values() for cell in each.values()]
    if len(columns) < len(document) or any(isinstance(c, dict | list) for c in cells):
        return []
    index = [*dict.fromkeys(key for each in columns.values() for key in each)]
    of_index: list[dict[str, object]] = [{"period": key} for key in index]
    if index == [str(number) for number in range(len(index))]:
        of_index = [{} for _ in index]
    return [
        record | {name: each.get(key) for name, each in columns.items()}
        for key, record in zip(index, of_index, strict=True)
    ]


def _flat(record: Mapping[str, object]) -> dict[str, object]:
    """Return a record whose nested objects are given by their id."""
    flat: dict[str, object] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            value = value.get("id", value.get("value", ""))
        flat[key] = "" if isinstance(value, (list, dict)) or value is None else value
    return flat


def _checked(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    names = [str(name).strip() for name in frame.columns]
    check_width(path.name, len(names))
    check_names(path.name, names)
    for name in frame.columns:
        if frame[name].dtype == object:
            lengths = frame[name].dropna().astype(str).str.len()
            if len(lengths) and lengths.max() > MAX_TEXT_LENGTH:
                raise DataError(
                    f"{path.name}: a cell of {str(name)[:40]!r} has more than "
                    f"{MAX_TEXT_LENGTH:,} characters: shorten it"
                )
    return frame


STATA_VERSIONS = {
    bytes([number]) for number in (102, 103, 104, 105, 108, 110, 111, 113, 114, 115)
}
MIN_SHEETS = 2
SHEETS_BY_FREQUENCY = frozenset({"monthly", "quarterly", "annual"})
MAX_DENSE_BYTES = 2**30
MAX_JSON_BYTES = 2**28
# Exceptions that pandas is known to raise for damaged Stata files.
DENSE_ERRORS = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError),
    *(NotImplementedError, OSError, RuntimeError, StopIteration, TypeError),
    *(ValueError, struct.error),
)
CSV_REMEDY = "save the data as CSV"
OTHER_KINDS = (
    (b"\x1f\x8b", "compressed", "unpack it, and name the file in it"),
    (b"%PDF", "a PDF document", CSV_REMEDY),
    (b"$FL2", "an SPSS file", CSV_REMEDY),
    (b"SQLite format 3", "a database", CSV_REMEDY),
    (b"ARROW1", "an Arrow file", "save the data as Parquet"),
)
