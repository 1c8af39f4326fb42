"""Tables aligned by spaces, as R, EViews and gretl print them."""

import re
from collections.abc import Sequence

from econnet.data.files import number_texts
from econnet.data.files.period_texts import PERIOD_NUMBER


def with_tabs(text: str, delimiter: str) -> str:
    """Return a text aligned by spaces, with tabs instead; empty for any other text."""
    lines = text.split("\n")
    full = [line for line in lines if line.strip()]
    separated = sum(delimiter in line for line in full)
    if not full or separated > MAX_SHARE_OF_NOTES * len(full):
        return ""
    tables = [rows for gap in GAPS if (rows := _split_at(lines, gap))]
    found = [rows for rows in tables if _begins_with_names(rows)]
    found += [named for rows in tables if (named := _with_name_in_front(rows))]
    rows = next(iter(found + tables), [])
    return "\n".join("\t".join(row) for row in rows)


def _split_at(lines: Sequence[str], gap: str) -> list[list[str]]:
    """Return lines split at gaps, if the last ones have the same number of cells."""
    cells = [re.split(gap, line.strip()) for line in lines]
    widths = [len(row) for row in cells if row != [""]]
    usual = max({*widths}, key=widths.count)
    if usual < 2 or widths[-MIN_ALIGNED:].count(usual) < MIN_ALIGNED:
        return []
    # Any line that is not part of the table is a note, whatever its spaces.
    first = next(number for number, row in enumerate(cells) if len(row) == usual)
    return [
        row if len(row) == usual or number == first - 1 else [" ".join(row)]
        for number, row in enumerate(cells)
    ]


def _with_name_in_front(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return rows with an empty name for the first column, which R does not name."""
    first = next(number for number, row in enumerate(rows) if len(row) > 1)
    named = [[*row] for row in rows]
    named[first].insert(0, "")
    fits = len(named[first]) == len(rows[-1] if len(rows[-1]) > 1 else rows[-2])
    return named if fits and _begins_with_names([named[first]]) else []


def _begins_with_names(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first line of several cells has names, or years, for all."""
    first, *others = [row for row in rows if len(row) > 1]
    if others and len(first) != len(others[0]):
        return False
    return not any(
        number_texts.is_number(cell) and not PERIOD_NUMBER.fullmatch(cell)
        for cell in first
    )


MAX_SHARE_OF_NOTES = 0.1
MIN_ALIGNED = 5
GAPS = (r" {2,}", r" +")
