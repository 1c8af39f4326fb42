"""SDMX tables with labels beside their codes, as tables of codes only.

Services write `REF_AREA: Reference area` above `DE: Germany`, or a column of labels
after each column of codes, or `SUBJECT` above codes and `Subject` above labels.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from econnet.data.files.codes import categorical, factorized
from econnet.data.files.column_names import VALUES, folded
from econnet.data.files.tables import RawTable


def without_labels(table: RawTable) -> RawTable:
    """Return an SDMX table with codes only; any other table as it is."""
    split = [
        name.partition(":")[0].strip() if PAIR.match(name) else name
        for name in table.names
    ]
    n_pairs = sum(old != new for old, new in zip(table.names, split, strict=True))
    if n_pairs >= MIN_PAIRS and {VALUE, AREA} & {*split}:
        return _codes_of_pairs(table, split)
    if VALUE in table.names or {AREA, "FREQ"} <= {*table.names}:
        labels = [
            number
            for number, name in enumerate(table.names)
            if number and _is_label_of(name, table.names[number - 1])
        ]
    else:
        labels = _named_like_codes(table)
    kept = [number for number in range(len(table.names)) if number not in labels]
    return table if not labels else _only(table, kept)


def _named_like_codes(table: RawTable) -> list[int]:
    """Return the columns of labels of the OECD's older files: `SUBJECT`, `Subject`."""
    codes = {
        name.casefold(): number
        for number, name in enumerate(table.names)
        if CODE.fullmatch(name)
    }
    return [
        number
        for number, name in enumerate(table.names)
        if _is_label(name)
        and (code := codes.get(name.casefold())) is not None
        and _gives_labels(table.cells[code], table.cells[number])
    ]


def _gives_labels(codes: pd.Series, labels: pd.Series) -> bool:
    """Return whether each code has only one label."""
    if codes.dtype == float or labels.dtype == float:
        return False
    pairs = pd.DataFrame({"code": codes.astype(str), "label": labels.astype(str)})
    return not pairs.drop_duplicates()["code"].duplicated().any()


def _is_label_of(name: str, code: str) -> bool:
    """Return whether a name is that of the labels after a column of codes."""
    # `Osservazione` after `TIME_PERIOD` is the value.
    is_value = folded(name) in VALUES and folded(code) not in VALUES
    return _is_label(name) and bool(CODE.fullmatch(code)) and not is_value


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


MIN_PAIRS = 2
VALUE = "OBS_VALUE"
AREA = "REF_AREA"
PAIR = re.compile(r"[A-Z][A-Z0-9_]*:")
CODE = re.compile(r"[A-Z][A-Z0-9_]*")
