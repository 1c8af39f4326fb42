"""Texts from strangers, made harmless for where they go: a line of type, or a cell.

A country, a column or a file may be called anything. On a page or a terminal a text is
one line of letters; in a cell of a table it is no formula.
"""

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# What a spreadsheet takes for the beginning of a formula, or of one in another cell.
FORMULA_STARTS = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")
NO_LETTERS = frozenset({"Cc", "Cs", "Cn"})


def printable(text: str) -> str:
    """Return `text` on one line, with U+FFFD for what cannot be set in type."""
    one_line = " ".join(text.splitlines())
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in NO_LETTERS else c
        for c in one_line
    )


def as_cell(text: str) -> str:
    """Return a text for a cell, with an apostrophe before what would be a formula.

    `from_cell` takes it away again.

    >>> as_cell("=1+1"), as_cell("'s-Gravenhage")
    ("'=1+1", "'s-Gravenhage")
    """
    formula = text.lstrip("'").startswith(FORMULA_STARTS)
    return f"'{text}" if formula else text


def from_cell(cell: str) -> str:
    """Return the text of which `as_cell` made a cell."""
    text = cell.removeprefix("'")
    return text if as_cell(text) == cell else cell


def without_formulas(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a copy of `table` in which no cell and no heading is a formula.

    Every text becomes one printable line, with an apostrophe before what a spreadsheet
    would run; numbers, negative ones included, stay as they are.
    """
    safe = table.copy(deep=False)
    for place, kind in enumerate(table.dtypes):
        if kind.kind not in "biufc":
            safe.isetitem(place, table.iloc[:, place].map(_safe_cell).array)
    safe.columns = table.columns.map(lambda name: _safe_cell(str(name)))
    return safe


def _safe_cell(cell: object) -> object:
    return as_cell(printable(cell)) if isinstance(cell, str) else cell
