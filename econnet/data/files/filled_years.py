"""Years that only the first line of each year has, written on the other lines, too.

Statistical offices write `1990 Q1`, `Q2`, `Q3`, `Q4` below one another, or the year in
a line or a cell of its own.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from econnet.data.files import period_texts
from econnet.data.files.codes import codes_in, column_of, factorized
from econnet.data.files.sheets import as_text, has_texts
from econnet.data.files.tables import RawTable


def with_years(table: RawTable) -> RawTable:
    """Return a table in which each quarter or month of a column has its year."""
    for number in range(min(MAX_FIRST_COLUMNS, len(table.names))):
        cells = table.cells[number]
        if not has_texts(cells):
            continue
        texts = _filled(cells)
        if texts is not None:
            columns = table.cells.copy(deep=False)
            columns[number] = texts
            return replace(table, cells=columns)
    return table


def _filled(cells: pd.Series) -> pd.Series | None:
    """Return a column with years; `None` if not all its parts of years lack one."""
    codes, distinct = factorized(cells)
    texts = ["" if cell != cell else as_text(cell) for cell in distinct]  # type: ignore[arg-type]  # cells
    parts = [period_texts.part_of_year(text) for text in texts]
    if not any(parts) or len({part[0] for part in parts if part}) > 1:
        return None
    whole = [text for text, part in zip(texts, parts, strict=True) if text and not part]
    periods = period_texts.read_periods(whole).periods
    known = [periods.get(text, "") for text in texts]
    year, last = "", 0
    filled: list[str] = []
    for code in codes:
        if code < 0 or not (parts[code] or known[code]):
            filled.append(texts[code] if code >= 0 else "")
            continue
        if known[code]:
            year, last = known[code][:4], _place(known[code][4:])
            filled.append(texts[code])
            continue
        # Where the parts do not rise, a year begins without being named.
        if not year or _place(parts[code]) <= last:
            return None
        last = _place(parts[code])
        filled.append(f"{year}{parts[code]}")
    return pd.Series(filled, cells.index, dtype=object)


def filled_down(years: pd.Series, parts: pd.Series) -> pd.Series:
    """Return years where only the first line of each has them, as in merged cells.

    `parts` has the part of the year of each line. If the parts below a year do not
    rise, its lines remain without one.
    """
    names = [str(name) for name in years.cat.categories]
    if "" not in names:
        return years
    blank = codes_in(years) == names.index("")
    begins = np.maximum.accumulate(np.where(blank, -1, np.arange(len(blank))))
    places = np.array([_place(str(text)) for text in parts.cat.categories])
    place = places[codes_in(parts)]
    falls = np.append(True, place[1:] <= place[:-1]) & blank
    if falls.any() or (begins < 0).any():
        return years
    return column_of(codes_in(years)[begins], names, years.index)


def _place(part: str) -> int:
    """Return the place within a year of the text that follows it: `Q3`, `-11`, none."""
    digits = "".join(letter for letter in part[:3] if letter.isdigit())
    return int(digits) if digits else 0


MAX_FIRST_COLUMNS = 3
