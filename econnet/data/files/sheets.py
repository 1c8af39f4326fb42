"""Sheets of cells: what every kind of file is read as, before its table is found.

A cell is a text, or a number where the file has types. An empty cell is an empty text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.text import one_line
from econnet.data.files.codes import codes_in
from econnet.runtime.untrusted_files import MAX_COLUMNS, MAX_TEXT_LENGTH

Cell = str | float
Row = Sequence[Cell]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A text file, or a sheet of a workbook.

    Parameters
    ----------
    name
        The sheet's name; empty for a text file.
    rows, lines
        The first rows, or all, and the line of the file that each begins on.
    delimiter
        What separates cells in a text file.
    note
        What was unusual about the file, in words; often empty.
    below
        Returns the columns below a row, given its line and width; `None` if `rows` is
        complete.
    """

    name: str
    rows: Sequence[Row]
    lines: Sequence[int]
    delimiter: str = ","
    note: str = ""
    below: Callable[[int, int], pd.DataFrame] | None = None

    def body(self, first: int, width: int) -> pd.DataFrame:
        """Return the cells from a row on, one column per cell, indexed by line."""
        if self.below is not None and first < len(self.lines):
            return self.below(self.lines[first], width)
        rows = [
            [*row[:width], *([""] * (width - len(row)))] for row in self.rows[first:]
        ]
        index = pd.Index(np.array(self.lines[first:], dtype=np.int64))
        columns = list(zip(*rows, strict=True)) or [()] * width
        return pd.DataFrame(
            {
                n: pd.Series(column, index, dtype=object)
                for n, column in enumerate(columns)
            },
            index=index,
        )


def has_texts(cells: pd.Series) -> bool:
    """Return whether a column has texts, perhaps among numbers."""
    return bool(cells.dtype != float)


def filled(cells: pd.Series) -> npt.NDArray[np.bool_]:
    """Return which cells of a column are not empty."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        full = np.append(cells.cat.categories != "", False)
        by_code: npt.NDArray[np.bool_] = full[codes_in(cells)]
        return by_code
    full = cells.notna().to_numpy(dtype=bool, copy=True)
    if has_texts(cells):
        full &= (cells != "").to_numpy(dtype=bool)
    return full


def as_text(cell: Cell) -> str:
    """Return a cell as text: a whole number without decimals."""
    if isinstance(cell, str):
        return cell.strip()
    # JSON also has infinity and whole numbers of any size.
    is_whole = isinstance(cell, int) or cell.is_integer()
    return str(int(cell)) if is_whole else repr(cell)


def extent(row: Row) -> int:
    """Return the number of cells up to the last that is not empty."""
    for number in range(len(row), 0, -1):
        if row[number - 1] != "":
            return number
    return 0


def check_width(file: str, width: int) -> None:
    """Raise `DataError` for more columns than a panel has."""
    if width > MAX_COLUMNS:
        raise DataError(
            f"{file} has {width:,} columns, more than {MAX_COLUMNS:,}: use the long "
            "layout, with the columns country, period, indicator and value"
        )


def check_names(file: str, names: Sequence[str]) -> None:
    """Raise `DataError` for columns with the same name, or a name that is too long."""
    seen: set[str] = set()
    for name in names:
        if len(name) > MAX_TEXT_LENGTH:
            raise DataError(
                f"{file}: a column name has {len(name):,} characters, more than "
                f"{MAX_TEXT_LENGTH:,}: shorten {one_line(name[:20])!r}..."
            )
        # DuckDB does not distinguish upper and lower case, and readers may overlook it.
        if name and name.casefold() in seen:
            raise DataError(
                f"{file}: two columns are called {one_line(name)!r}: rename one of them"
            )
        seen.add(name.casefold())
