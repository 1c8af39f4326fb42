"""Tables whose columns are described in lines above the data, as offices write them.

The first cell of each such line names what it gives: title, unit, code, last update.
The British, Australian and Mexican offices and the Bundesbank write such files.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from econnet.data.files import number_texts, period_texts
from econnet.data.files.column_names import folded, words
from econnet.data.files.kinds import is_known_id
from econnet.data.files.sheets import Cell, Row, as_text, extent


@dataclass(frozen=True)
class Description:
    """The lines above a table that describe its columns.

    Parameters
    ----------
    begins, first
        The places of the first line that describes columns and of the first data line.
    names, units
        By column; the first is that of the periods.
    """

    begins: int
    first: int
    names: Sequence[str]
    units: Sequence[str]


def describe(head: Sequence[Row]) -> Description | None:
    """Return the description of columns in the lines above a table; `None` if none."""
    first = _first_of_periods(head)
    if first is None:
        return None
    above = [[as_text(cell) for cell in row] for row in head[:first]]
    labels = [_label(row) for row in above]
    described = [place for place, label in enumerate(labels) if label in LABELS]
    if len(described) < MIN_DESCRIBED:
        return None
    width = max(map(extent, head[: first + N_ROWS]))
    begins = next(
        place
        for place, row in enumerate(above)
        if place in described or (not labels[place] and extent(row) > 1)
    )
    lines = {
        place: [*row, *[""] * (width - len(row))][:width]
        for place, row in enumerate(above)
        if place >= begins
    }
    names = _names(lines, labels, width)
    n_values = extent(head[first]) - 1
    if sum(map(bool, names[1:])) < n_values / 2:
        return None
    units = next((row for n, row in lines.items() if labels[n] in UNITS), [""] * width)
    return Description(begins, first, ["period", *names[1:]], ["", *units[1:]])


def _label(row: Sequence[str]) -> str:
    return folded(row[0]) if row else ""


def _first_of_periods(head: Sequence[Row]) -> int | None:
    """Return the first line of a block whose lines all begin with a period."""
    for place, row in enumerate(head):
        if extent(row) < 2 or not _is_dated(row):
            continue
        below = [other for other in head[place : place + N_ROWS] if extent(other)]
        if len(below) > 2 and all(map(_is_dated, below[:-MAX_NOTES] or below[:3])):
            return place
    return None


def _is_dated(row: Row) -> bool:
    """Return whether a row has a period first, followed by values or nothing."""
    text = as_text(row[0]) if row else ""
    # Whether the day or the month is first cannot be seen from one date.
    if not (NUMERIC_DATE.fullmatch(text) or period_texts.is_period(text)):
        return False
    return any(map(_is_value, row[1:]))


def _is_value(cell: Cell) -> bool:
    if not isinstance(cell, str):
        return True
    return number_texts.is_missing(cell) or number_texts.is_number(cell)


def _names(
    lines: Mapping[int, Sequence[str]], labels: Sequence[str], width: int
) -> list[str]:
    """Return a name for each column: its title, longer where two are equal."""
    titles = [row for n, row in lines.items() if labels[n] in TITLES]
    # A line without a label gives codes or titles; the last one is the plainest.
    titles += [row for n, row in lines.items() if not labels[n]][::-1]
    more = [row for n, row in lines.items() if labels[n] in DISTINCTIONS]
    codes = [row for n, row in lines.items() if labels[n] in CODES]
    rows = [*titles, *codes]
    if not rows:
        return []
    known = [*(row for row in codes if any(map(is_known_id, row[1:]))), *rows]
    first = [next((row[n] for row in known if row[n]), "") for n in range(width)]
    names = [text.strip(" ;/,") for text in first]
    for row in [*more, *codes, *titles[1:]]:
        if _are_distinct(names):
            break
        pairs = zip(names, row, strict=True)
        names = [f"{name} {text}".strip() for name, text in pairs]
    return names


def _are_distinct(names: Sequence[str]) -> bool:
    found = [name.casefold() for name in names[1:] if name]
    return len({*found}) == len(found)


NUMERIC_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2})", re.ASCII)
MIN_DESCRIBED = 2
MAX_NOTES = 1
N_ROWS = 12
TITLES = frozenset(
    words(
        "title titulo t\u00edtulo titre libelle libell\u00e9 titel "
        "seriestitle seriesname name description descripcion bezeichnung"
    )
)
UNITS = frozenset(words("unit units einheit unidad unidades unite unit\u00e9 unidade"))
CODES = frozenset(
    words(
        "cdid seriesid seriescode serie idbank code codigo c\u00f3digo codeserie fecha"
    )
)
DISTINCTIONS = frozenset(
    words("seriestype adjustment cifra tipodeinformacion datatype prices")
)
LABELS = (
    TITLES
    | UNITS
    | CODES
    | DISTINCTIONS
    | frozenset(
        words(
            "sourcedatasetid preunit releasedate nextrelease importantnotes frequency "
            "collectionmonth seriesstart seriesend noobs unitmultiplier dimension "
            "letztesupdate lastupdate lastupdated periododisponible periodicidad base "
            "aviso tipodeinformaci\u00f3n derni\u00e8remise\u00e0jour "
            "dernieremiseajour source periode p\u00e9riode currency magnitude"
        )
    )
)
