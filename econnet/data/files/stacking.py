"""Columns of a wide table one below another, with the row and the column of each value.

Empty cells are left out at once: a small file may consist of millions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.data.files.codes import Codes, codes_in, column_of, numbers_of
from econnet.data.files.sheets import filled
from econnet.data.files.tables import RawTable

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Stacked:
    """The values of columns one below another.

    Parameters
    ----------
    values
        Numbers, or texts and numbers.
    rows
        The rows of the table in which each column has its values.
    sizes
        The number of values of each column.
    """

    values: pd.Series
    rows: Sequence[slice | npt.NDArray[np.intp]]
    sizes: Sequence[int]

    def of_row(self, column: pd.Series) -> pd.Series:
        """Return the text that a column of categories has in each value's row."""
        return column_of(self.at_rows(codes_in(column)), column.cat.categories)

    def at_rows(self, of_table: npt.NDArray[T]) -> npt.NDArray[T]:
        """Return what an array by row of the table has in each value's row."""
        parts = [of_table[rows] for rows in self.rows]
        return np.concatenate(parts) if parts else of_table[:0]

    def of_column(self, texts: Sequence[str]) -> pd.Series:
        """Return the text that belongs to each value's column."""
        names = list(dict.fromkeys(texts))
        number_of = {name: number for number, name in enumerate(names)}
        codes = numbers_of([number_of[text] for text in texts])
        return column_of(np.repeat(codes, self.sizes), names)

    def constant(self, text: str) -> pd.Series:
        """Return the same text for each value."""
        return column_of(np.zeros(len(self.values), dtype=np.int8), [text])


def stacked(table: RawTable, columns: Sequence[int]) -> Stacked:
    """Return the values of columns one below another."""
    parts: list[npt.NDArray[np.generic]] = []
    rows: list[slice | npt.NDArray[np.intp]] = []
    for number in columns:
        cells = table.cells[number]
        full = filled(cells)
        part = cells.to_numpy()
        if full.all():
            rows.append(slice(None))
            parts.append(part)
        else:
            rows.append(np.flatnonzero(full))
            parts.append(part[full])
    if all(part.dtype == float for part in parts):
        whole = np.concatenate(parts) if parts else np.zeros(0)
        values = pd.Series(whole, dtype=float, copy=False)
    else:
        values = pd.Series(np.concatenate([p.astype(object) for p in parts]))
    return Stacked(values, rows, [len(part) for part in parts])


def numbers_of_lines(table: RawTable) -> Codes:
    """Return the line of the file that each row of a table is on."""
    return table.cells.index.to_numpy(dtype=np.int32)
