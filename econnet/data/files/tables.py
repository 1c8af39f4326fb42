"""The table in a sheet: below a preamble, above notes, under one or several headers.

The first row with a number or a code for a missing value begins the data. The header is
the rows of names directly above it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.text import quoted
from econnet.data.files import codes as codes_of
from econnet.data.files import described_columns, number_texts, period_texts
from econnet.data.files.column_names import PERIODS, folded, is_role
from econnet.data.files.sheets import (
    Cell,
    Row,
    Sheet,
    as_text,
    check_width,
    extent,
    filled,
)


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table of cells with names.

    Parameters
    ----------
    names
        The name of each column; empty where it has none.
    cells
        The columns, numbered from 0, of texts or numbers; empty cells are empty texts
        or NaN. The index is the line in the file.
    subheads
        Further header rows, such as units or codes.
    above
        Names over groups of columns, such as countries over indicators; often empty.
    sheet
        The sheet that the table is from; empty for a text file.
    begins
        The line of the names.
    title, notes
        Texts above and below the table.
    remarks
        What was unusual about the file.
    """

    names: Sequence[str]
    cells: pd.DataFrame
    subheads: Sequence[Sequence[str]] = ()
    above: Sequence[str] = ()
    sheet: str = ""
    begins: int = 1
    delimiter: str = ","
    title: Sequence[str] = ()
    notes: Sequence[str] = ()
    remarks: Sequence[str] = field(default_factory=tuple)


def locate(file: str, sheet: Sheet) -> RawTable:
    """Return the table of a sheet; raise `DataError` if there is none."""
    head = _with_name_of_index(sheet.rows[:N_HEAD_ROWS])
    check_width(file, max(map(extent, head), default=0))
    if description := described_columns.describe(head):
        return _described(file, sheet, description)
    first, block = _begin(file, sheet, head)
    width = _width(head[first:])
    padded = [_padded(head[n], max(width, extent(head[n]))) for n in block]
    rows = _with_names_below(_with_periods(padded))
    main, above, subheads = _split_block(rows)
    names = rows[main]
    width = max(width, extent(names))
    check_width(file, width)
    names += [""] * (width - len(names))
    sheet = _without_second_table(sheet, first, extent(names))
    body = sheet.body(first, width)
    table = RawTable(
        names=names[:width],
        cells=body,
        subheads=[_padded(row, width) for row in subheads],
        above=_padded(above, width) if above else [],
        sheet=sheet.name,
        begins=sheet.lines[block[main + len(block) - len(rows)]],
        delimiter=sheet.delimiter,
        title=_texts(head[: block[0]]),
        remarks=(sheet.note,) if sheet.note else (),
    )
    if not sheet.name and sheet.below is None:
        _check_lengths(file, sheet, first, width, extent(names))
    return _trimmed(table)


def _with_name_of_index(head: Sequence[Row]) -> Sequence[Row]:
    """Return rows in which the name of periods is in the row of names above it.

    Below two rows of names, pandas writes the name of the index in a row of its own.
    """
    for place, (names, alone) in enumerate(pairwise(head)):
        is_name = extent(alone) == 1 and is_role(as_text(alone[0]))
        if is_name and place and extent(names) > 1 and extent(head[place - 1]) > 1:
            return [*head[:place], [alone[0], *names[1:]], [], *head[place + 2 :]]
    return head


def _described(
    file: str, sheet: Sheet, description: described_columns.Description
) -> RawTable:
    """Return the table whose columns the lines above it describe."""
    width = len(description.names)
    check_width(file, width)
    table = RawTable(
        names=description.names,
        cells=sheet.body(description.first, width),
        subheads=[description.units],
        sheet=sheet.name,
        begins=sheet.lines[description.begins],
        delimiter=sheet.delimiter,
        title=_texts(sheet.rows[: description.begins]),
        remarks=(sheet.note,) if sheet.note else (),
    )
    return _trimmed(table)


def of_frame(frame: pd.DataFrame) -> RawTable:
    """Return the table of a file that has names and types."""
    names = [str(name).strip() for name in frame.columns]
    columns = {number: _column(frame.iloc[:, number]) for number in range(len(names))}
    cells = pd.DataFrame(columns, index=pd.RangeIndex(2, len(frame) + 2))
    return RawTable(names, cells)


def data_cells(table: RawTable) -> int:
    """Return about how many cells have data, to choose among sheets."""
    return len(table.cells) * len(table.names)


def _column(values: pd.Series) -> pd.Series:
    """Return a typed column as numbers or texts, with the lines of a file as index."""
    index = pd.RangeIndex(2, len(values) + 2)
    if pd.api.types.is_complex_dtype(values):
        raise _refused(values)
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return pd.Series(values.to_numpy(dtype=float, na_value=np.nan), index)
    try:
        codes, distinct = codes_of.factorized(values)
    except TypeError as error:
        raise _refused(values) from error
    texts = [*map(_text, distinct), ""]
    names = list(dict.fromkeys(texts))
    number = {name: place for place, name in enumerate(names)}
    position = np.array([number[text] for text in texts])
    return pd.Series(codes_of.categorical(position[codes], names), index)


def _refused(values: pd.Series) -> DataError:
    return DataError(
        f"column {quoted(str(values.name))} has cells that are not text, numbers or "
        "dates: leave it out"
    )


def _text(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    if isinstance(value, float):
        return as_text(value) if np.isfinite(value) else str(value)
    return str(value).strip()


def _padded(row: Row, width: int) -> list[str]:
    texts = [as_text(cell) for cell in row[:width]]
    return texts + [""] * (width - len(texts))


def _texts(rows: Sequence[Row]) -> list[str]:
    """Return each row that is not empty as one text."""
    lines = (" ".join(as_text(cell) for cell in row if cell != "") for row in rows)
    return [line for line in lines if line]


def _is_value(cell: Cell) -> bool:
    """Return whether a cell is a number, or marks a missing one."""
    if not isinstance(cell, str):
        return not period_texts.is_period(as_text(cell))
    if cell == "" or period_texts.is_period(cell):
        return False
    if any(period_texts.without_flag(cell)):
        return False
    return number_texts.is_missing(cell) or number_texts.is_number(cell)


def _begin(file: str, sheet: Sheet, head: Sequence[Row]) -> tuple[int, list[int]]:
    """Return the first row of data, and the header rows directly above it."""
    data: list[int] = []
    periods: list[int] = []
    for first, row in enumerate(head):
        if not _is_data(row, periods, is_first=not first):
            periods = _columns_of_periods(row) or periods
            continue
        block = _header_block(head, first, _width(head[first:]))
        if block and not {*data} & {*block}:
            return first, block
        data.append(first)
    if not data:
        raise DataError(
            f"{file} has no values: write the names of columns in one line and numbers "
            "below it, separated by commas, semicolons or tabs"
            if any(map(extent, head))
            else f"{file} is empty: fill it, or name another file"
        )
    raise DataError(
        f"{file}, line {sheet.lines[data[0]]} looks like data, but there is no "
        "header line above it: add one, such as country,period,real_gdp"
    )


def _columns_of_periods(row: Row) -> list[int]:
    """Return the columns that a row of well-known names gives to periods."""
    texts = [as_text(cell) for cell in row]
    if sum(text != "" for text in texts) < 2 or any(map(period_texts.is_period, texts)):
        return []
    return [n for n, text in enumerate(texts) if folded(text) in PERIODS]


def _is_data(row: Row, periods: Sequence[int], *, is_first: bool) -> bool:
    """Return whether a row has a value, or nothing but a period below another row.

    A row of years and names counts as data only if another row is above it. `periods`
    are the columns that a row above marks as periods: a row with one
    is data even if its value is missing.
    """
    if any(n < len(row) and _is_like_period(as_text(row[n])) for n in periods):
        return True
    full = [cell for cell in row if cell != ""]
    if is_first and _ends_with_pandas_name(full):
        return False
    if any(_is_value(cell) for cell in full):
        return True
    return not is_first and len(full) == 1 and period_texts.is_period(as_text(full[0]))


def _is_like_period(text: str) -> bool:
    """Return whether a text is a period, perhaps one that econnet does not use."""
    return (
        period_texts.is_period(text)
        or period_texts.looks_half_yearly(text)
        or period_texts.looks_like_a_fiscal_quarter(text)
    )


def _ends_with_pandas_name(row: Sequence[Cell]) -> bool:
    """Return whether a row names columns, the last one 0: a series without a name."""
    texts = [cell for cell in row if isinstance(cell, str)]
    return texts[-1:] == ["0"] and any(map(is_role, texts))


def _width(rows: Sequence[Row]) -> int:
    """Return the usual number of cells of the rows."""
    extents = [n for row in rows if (n := extent(row))]
    return max(max(set(extents), key=extents.count), int(np.median(extents)))


def _header_block(head: Sequence[Row], first: int, width: int) -> list[int]:
    """Return the rows of names directly above the data, from the top."""
    block: list[int] = []
    for number in range(first - 1, -1, -1):
        n_cells = sum(cell != "" for cell in head[number])
        if not n_cells and not block:
            continue  # blank lines between header and data
        # A first column of periods often has no name.
        n_names = width - (n_cells > 0 and head[number][0] == "")
        enough = n_cells >= max(2, MIN_SHARE_OF_NAMES * width) or (
            n_cells == n_names == 1
        )
        # A row over groups of columns names each group once.
        groups = bool(block) and n_cells >= 2 and extent(head[number]) > width / 2
        if not enough and not groups:
            break
        block.insert(0, number)
    return block[-MAX_HEADER_ROWS:]


def _split_block(
    texts: Sequence[Sequence[str]],
) -> tuple[int, Sequence[str], Sequence[Sequence[str]]]:
    """Return the row of names, the groups over it, and the rows below it."""
    roles = [sum(is_role(text) for text in row) for row in texts]
    main = roles.index(max(roles)) if max(roles) else 0
    if not max(roles) and len(texts) > 1 and _has_gaps(texts[0]):
        main = 1
    above: Sequence[str] = ()
    if main and _has_gaps(texts[main - 1]):
        above = _filled(texts[main - 1])
    elif main and len({*filter(None, texts[main - 1])}) < len(texts[main - 1]) / 2:
        above = texts[main - 1]
    return main, above, texts[main + 1 :]


def _with_periods(rows: Sequence[list[str]]) -> Sequence[list[str]]:
    """Return header rows in which years above quarters or months are one row."""
    for place, (upper, lower) in enumerate(pairwise(rows)):
        years = _filled(upper)
        parts = [period_texts.part_of_year(text) for text in lower]
        joined = [
            f"{year}{part}" if part and YEAR.fullmatch(year) else text or group
            for year, text, part, group in zip(years, lower, parts, upper, strict=False)
        ]
        n_periods = sum(map(period_texts.is_period, joined))
        if n_periods >= MIN_PERIODS and n_periods > len(joined) / 2 and any(parts):
            return [*rows[:place], joined, *rows[place + 2 :]]
    return rows


def _with_names_below(rows: Sequence[list[str]]) -> Sequence[list[str]]:
    """Return header rows in which the row of series also names the periods.

    IBGE writes `Trimestre` beside the name of all series, and each series below it.
    """
    for place, (upper, lower) in enumerate(pairwise(rows)):
        roles = [n for n, text in enumerate(upper) if is_role(text)]
        if not roles or extent(lower) <= extent(upper):
            continue
        if any(n < len(lower) and lower[n] for n in roles):
            continue
        names = [upper[n] if n in roles else text for n, text in enumerate(lower)]
        groups = ["" if n in roles else text for n, text in enumerate(upper)]
        return [*rows[:place], groups, names, *rows[place + 2 :]]
    return rows


def _has_gaps(row: Sequence[str]) -> bool:
    """Return whether a row has empty cells between others, as merged cells leave."""
    inner = row[1 : extent(row)]
    return "" in inner


def _filled(row: Sequence[str]) -> list[str]:
    """Return a row in which an empty cell repeats the one before it."""
    filled: list[str] = []
    for text in row:
        filled.append(text or (filled[-1] if filled else ""))
    return filled


def _without_second_table(sheet: Sheet, first: int, named: int) -> Sheet:
    """Return a text without a narrower table of footnotes below its own."""
    if sheet.name or sheet.below is not None:
        return sheet
    blank = [n for n in range(first, len(sheet.rows)) if not extent(sheet.rows[n])]
    full = [n for n in range(first, len(sheet.rows)) if len(sheet.rows[n]) >= named]
    for place in [*blank, *(n + 1 for n in full[-1:])]:
        rest = [row for row in sheet.rows[place:] if extent(row)]
        if not rest or 2 * len(rest) > place - first or not _is_note(rest[0]):
            continue
        if all(1 < len(row) < named for row in rest):
            n = next(n for n in range(place, len(sheet.rows)) if extent(sheet.rows[n]))
            note = (
                f"second table, from line {sheet.lines[n]}, left out: to use it, save "
                "it as a separate file"
            )
            return replace(
                sheet,
                rows=sheet.rows[:place],
                lines=sheet.lines[:place],
                note="; ".join(filter(None, [sheet.note, note])),
            )
    return sheet


def _check_lengths(file: str, sheet: Sheet, first: int, width: int, named: int) -> None:
    """Raise `DataError` for lines with more or fewer cells than there are names."""
    for row, line in zip(sheet.rows[first:], sheet.lines[first:], strict=True):
        n = extent(row)
        if n > width or (n > named and not _is_note(row)):
            if n <= width:
                raise DataError(
                    f"{file}: column {n} has values but no name in line "
                    f"{sheet.lines[first] - 1}: name it"
                )
            raise DataError(
                f"{file}, line {line} has more cells than the header line, which has "
                f"{width}: correct it, and put text with commas in quotation marks"
            )
        if 1 < len(row) < named and not _is_note(row):
            raise DataError(
                f"{file}, line {line} has fewer cells than the header line, which has "
                f"{named}: correct it"
            )


def _is_note(row: Sequence[Cell]) -> bool:
    """Return whether a row has neither a number nor a period in it."""
    full = [cell for cell in row if cell != ""]
    return not any(
        not isinstance(cell, str)
        or number_texts.is_missing(cell)
        or number_texts.is_number(cell)
        or period_texts.is_period(cell)
        for cell in full
    )


def _trimmed(table: RawTable) -> RawTable:
    """Return the table without blank rows, notes, and columns that are empty."""
    cells = table.cells
    full = {number: filled(column) for number, column in enumerate(_columns(cells))}
    counts = np.zeros(len(cells), dtype=np.int64)
    for column in full.values():
        counts += column
    notes: list[str] = []
    is_note = np.zeros(len(cells), dtype=bool)
    limit = max(1, len(table.names) // 2)
    for place in np.flatnonzero((counts > 0) & (counts <= limit))[-MAX_NOTES:]:
        row = [cell for cell in cells.iloc[place] if isinstance(cell, str) and cell]
        if len(row) == counts[place] and _is_note(row):
            is_note[place] = True
            notes.append(" ".join(row))
    is_note |= _last_notes(cells, notes)
    rows = (counts > 0) & ~is_note
    if not rows.all():
        cells = cells[rows]
    kept = [
        number
        for number, name in enumerate(table.names)
        if name or full[number][~is_note].any()
    ]
    names = [table.names[number] for number in kept]
    above = [table.above[number] for number in kept] if table.above else []
    return RawTable(
        names,
        cells
        if len(kept) == cells.shape[1]
        else cells[kept].set_axis(pd.RangeIndex(len(kept)), axis=1),
        [[row[number] for number in kept] for row in table.subheads],
        above,
        table.sheet,
        table.begins,
        table.delimiter,
        table.title,
        notes,
        table.remarks,
    )


def _columns(cells: pd.DataFrame) -> list[pd.Series]:
    return [cells[number] for number in cells.columns]


def _last_notes(cells: pd.DataFrame, notes: list[str]) -> np.ndarray:
    """Return which of the last rows are notes, however many cells they fill."""
    found = np.zeros(len(cells), dtype=bool)
    for place in range(len(cells) - 1, max(len(cells) - MAX_NOTES, -1), -1):
        row = [
            cell
            for cell in cells.iloc[place]
            if not (cell == "" or cell is None or cell != cell)
        ]
        if row and not _is_note(row):
            break
        found[place] = bool(row)
        if row and (text := " ".join(map(str, row))) not in notes:
            notes.append(text)
    return found


def refuse_unnamed(file: str, table: RawTable, number: int) -> None:
    """Raise `DataError` for a column with values and without a name."""
    raise DataError(
        f"{file}: column {number + 1} has values but no name in line {table.begins}: "
        "name it"
    )


YEAR = re.compile(r"[12]\d{3}", re.ASCII)
MIN_PERIODS = 4
N_HEAD_ROWS = 300
MAX_HEADER_ROWS = 4
MIN_SHARE_OF_NAMES = 0.6
MAX_NOTES = 400
