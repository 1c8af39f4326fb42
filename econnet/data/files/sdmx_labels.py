"""SDMX tables with labels beside their codes, as tables of codes alone.

Services write `REF_AREA: Reference area` above `DE: Germany`, or a column of labels
behind each column of codes.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from econnet.data.files.codes import categorical, factorized
from econnet.data.files.tables import RawTable


def without_labels(table: RawTable) -> RawTable:
    """Return an SDMX table with codes only; any other table as it is."""
    split = [
        name.partition(":")[0].strip() if PAIR.match(name) else name
        for name in table.names
    ]
    if {VALUE, AREA} & {*split} and not {VALUE, AREA} & {*table.names}:
        return _codes_of_pairs(table, split)
    if VALUE not in table.names and not {AREA, "FREQ"} <= {*table.names}:
        return table
    kept = [
        number
        for number, name in enumerate(table.names)
        if not (number and _is_label(name) and CODE.fullmatch(table.names[number - 1]))
    ]
    return table if len(kept) == len(table.names) else _only(table, kept)


def _is_label(name: str) -> bool:
    return bool(name) and not CODE.fullmatch(name) and name != name.casefold()


def _codes_of_pairs(table: RawTable, names: Sequence[str]) -> RawTable:
    """Return a table whose names and cells are codes followed by labels."""
    cells = {
        number: table.cells[number] if old == new else _codes(table.cells[number])
        for number, (old, new) in enumerate(zip(table.names, names, strict=True))
    }
    return replace(
        table, names=list(names), cells=pd.DataFrame(cells, index=table.cells.index)
    )


def _codes(cells: pd.Series) -> pd.Series:
    """Return what is before the colon in each text."""
    if cells.dtype == float:
        return cells
    codes, distinct = factorized(cells)
    texts = [str(text).partition(": ")[0] for text in distinct]
    names = list(dict.fromkeys([*texts, ""]))
    number_of = {name: number for number, name in enumerate(names)}
    position = pd.Index([number_of[text] for text in [*texts, ""]]).to_numpy()
    return pd.Series(categorical(position[codes], names), cells.index)


def _only(table: RawTable, kept: Sequence[int]) -> RawTable:
    """Return a table with some of its columns."""
    cells = table.cells[list(kept)].set_axis(pd.RangeIndex(len(kept)), axis=1)
    return replace(
        table,
        names=[table.names[number] for number in kept],
        cells=cells,
        subheads=[[row[number] for number in kept] for row in table.subheads],
        above=[table.above[number] for number in kept] if table.above else (),
    )


VALUE = "OBS_VALUE"
AREA = "REF_AREA"
PAIR = re.compile(r"[A-Z][A-Z0-9_]*:")
CODE = re.compile(r"[A-Z][A-Z0-9_]*")
