"""Columns of a wide table one below another, with the row and the column of each value.

Empty cells are left out at once: a small file may consist of millions.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from econnet.data.files.codes import Codes, categorical, numbers_of
from econnet.data.files.sheets import filled
from econnet.data.files.tables import RawTable


def stacked(table: RawTable, columns: Sequence[int]) -> tuple[pd.Series, Codes, Codes]:
    """Return the values of columns one below another, their rows, and their columns.

    Rows and columns are numbers: the place in the table, and in `columns`.
    """
    values, places = [], []
    for number in columns:
        cells = table.cells[number]
        full = filled(cells)
        places.append(np.flatnonzero(full).astype(np.int32))
        part = cells.to_numpy()
        values.append(part if full.all() else part[full])
    sizes = [len(part) for part in places]
    if not places:
        nothing = np.array([], dtype=np.int32)
        return pd.Series([], dtype=float), nothing, nothing
    floats = all(part.dtype == float for part in values)
    value = np.concatenate(
        values if floats else [part.astype(object) for part in values]
    )
    which = np.repeat(numbers_of(range(len(columns))), sizes)
    result = pd.Series(value, dtype=float if floats else object)
    return result, np.concatenate(places), which


def of_row(column: pd.Series, place: Codes) -> pd.Series:
    """Return the text that a column of categories has in each value's row."""
    codes = column.cat.codes.to_numpy()[place]
    return pd.Series(categorical(codes, column.cat.categories))


def of_column(texts: Sequence[str], which: Codes) -> pd.Series:
    """Return the text that belongs to each value's column."""
    names = list(dict.fromkeys(texts))
    number_of = {name: number for number, name in enumerate(names)}
    codes = numbers_of([number_of[text] for text in texts])
    return pd.Series(categorical(codes[which], names))
