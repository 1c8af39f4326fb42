"""Untrusted text, made safe to show: in a message, on a page, in a table.

Names of countries, columns and files and the responses of a source may contain any
character. Error messages escape unusual characters, so that the reader sees which they
were. Pages and the terminal replace them by U+FFFD. No cell of a table is a formula.
"""

import textwrap
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# With these a formula begins in a spreadsheet, or another cell.
FORMULA_STARTS = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")
# Control characters, surrogates, unassigned code points.
UNPRINTABLE_CATEGORIES = frozenset({"Cc", "Cs", "Cn"})
# They change the direction of all that follows on the line.
DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str, at_most: int = 300) -> str:
    r"""Return a text for an error message: printable, bounded, on one line.

    Control characters would move the terminal's cursor or forge further lines; they
    are escaped.

    >>> print(one_line("busy\x1b[2J\n"))
    busy\x1b[2J\n
    """
    escaped = "".join(
        character if character.isprintable() else ascii(character)[1:-1]
        for character in text[: at_most + 1]
    )
    return escaped if len(escaped) <= at_most else f"{escaped[:at_most]}..."


def quoted(text: str) -> str:
    """Return the user's text in quotation marks, for an error message.

    >>> quoted("Atlantis")
    "'Atlantis'"
    """
    return f"'{one_line(text, at_most=60)}'"


def printable(text: str) -> str:
    """Return `text` on one line, with U+FFFD for characters that cannot be printed."""
    if text.isprintable():  # of all characters whose category is looked for
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(character) in UNPRINTABLE_CATEGORIES
        or character in DIRECTION_CONTROLS
        else character
        for character in " ".join(text.splitlines())
    )


def in_lines(text: str, width: int) -> str:
    """Return a paragraph in lines that break between words, never within one."""
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def as_cell(text: str) -> str:
    """Return a text for a cell, with an apostrophe before what would be a formula.

    `from_cell` removes it again.

    >>> as_cell("=1+1"), as_cell("'s-Gravenhage")
    ("'=1+1", "'s-Gravenhage")
    """
    formula = text.lstrip("'").startswith(FORMULA_STARTS)
    return f"'{text}" if formula else text


def from_cell(cell: str) -> str:
    """Return the text from which `as_cell` made a cell."""
    text = cell.removeprefix("'")
    return text if as_cell(text) == cell else cell


def without_formulas(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a copy of `table` in which no cell and no heading is a formula.

    Every text becomes one printable line, with an apostrophe before what a spreadsheet
    would run; numbers, negative ones included, stay as they are.
    """
    safe = table.copy(deep=False)
    for position, kind in enumerate(table.dtypes):
        if kind.kind not in "biufc":
            cells = table.iloc[:, position]
            safe.isetitem(position, cells.map(_safe_cell).array)
    safe.columns = table.columns.map(lambda name: _safe_cell(str(name)))
    return safe


def _safe_cell(cell: object) -> object:
    return as_cell(printable(cell)) if isinstance(cell, str) else cell
