"""Long tables: one value per line, with columns that identify it."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from econnet.data.files import column_names
from econnet.data.files.codes import joined
from econnet.data.files.column_names import FREQUENCIES, folded
from econnet.data.files.column_roles import (
    SUBJECTS,
    constant_column,
    determines,
    empty_column,
    is_text_column,
)
from econnet.data.files.period_texts import is_period
from econnet.data.files.tidy import LayoutReader, Tidy


def read_long(
    reader: LayoutReader,
    area: pd.Series | None,
    period: pd.Series,
    known_at: pd.Series | None,
    value: int,
    series_name: str,
) -> Tidy:
    """Return the rows of a table with one value per line."""
    column = name_series(reader, area, series_name or reader.name(value))
    index = reader.table.cells.index
    return reader.tidy(
        "long",
        area=empty_column(index) if area is None else area,
        period=period,
        column=column,
        value=reader.cells(value),
        known_at=empty_column(index) if known_at is None else known_at,
        line=pd.Series(index.to_numpy(dtype=np.int32), index),
    )


def name_series(
    reader: LayoutReader, area: pd.Series | None, default: str
) -> pd.Series:
    """Return the name of each row's series, from the columns that distinguish them."""
    dimensions = _dimensions(reader, area)
    index = reader.table.cells.index
    if not dimensions:
        return _with_units(reader, area, constant_column(default, index))
    texts = pd.DataFrame({n: reader.texts(n) for n in dimensions}, index=index)
    varying = [n for n in dimensions if len(texts[n].unique()) > 1]
    constant = [n for n in dimensions if n not in varying]
    varying = _without_repeated_areas(reader, area, texts, varying)
    texts = texts[[*varying, *constant]]
    if texts.columns.empty:
        return _with_units(reader, area, constant_column(default, index))
    subjects = [n for n in dimensions if folded(reader.name(n)) in SUBJECTS]
    chosen = telling_apart(texts, varying, subjects)
    subject = [n for n in constant if n in subjects]
    if not chosen:
        chosen = [_best_constant(reader, texts)]
    elif subject and folded(reader.name(chosen[0])) not in SUBJECTS:
        chosen.insert(0, subject[0])
    others = [n for n in constant if n not in chosen and n not in subject]
    if others:
        parts = [f"{reader.name(n)} {texts[n].iloc[0]}" for n in others]
        reader.remarks.append(f"in all rows: {', '.join(parts)}")
    names = joined([texts[n] for n in chosen], lambda *parts: " ".join(parts).strip())
    names = _with_units(reader, area, names)
    _read_units(reader, names)
    for number in dimensions:
        if number in reader.left:
            reader.take(number)
    return names


def _dimensions(reader: LayoutReader, area: pd.Series | None) -> list[int]:
    """Return the columns that may distinguish series; attributes are left out."""
    dimensions = []
    for number in list(reader.left):
        name = folded(reader.name(number))
        if name in column_names.ATTRIBUTES | column_names.PROJECTIONS:
            reader.leave_out(number, "it describes values")
        elif name in column_names.FREQUENCIES or name in column_names.UNITS - {"unit"}:
            continue
        elif name in column_names.INDICATORS or is_text_column(reader, number):
            if area is not None and name not in column_names.INDICATORS:
                texts = reader.texts(number)
                if len(texts.unique()) > 1 and determines(area, texts):
                    reader.leave_out(number, "it describes areas")
                    continue
            dimensions.append(number)
        elif reader.distinct(number):
            reader.leave_out(number, "its numbers are not the values")
    return dimensions


def _without_repeated_areas(
    reader: LayoutReader,
    area: pd.Series | None,
    texts: pd.DataFrame,
    varying: Sequence[int],
) -> list[int]:
    """Return the columns without those of ids that name area and series together."""
    kept = list(varying)
    if area is None or len(area.unique()) < 2:
        return kept
    no_names = FREQUENCIES | column_names.UNITS
    beside = [n for n in reader.left if folded(reader.name(n)) in no_names]
    beside = [n for n in beside if n not in varying]
    frame = texts.assign(area=area, **{f"f{n}": reader.texts(n) for n in beside})
    for number in varying:
        others = ["area", *(n for n in kept if n != number), *(f"f{n}" for n in beside)]
        n_series = len(frame[others].drop_duplicates())
        if (
            determines(texts[number], area)
            and frame[[*others, number]].drop_duplicates().shape[0] == n_series
        ):
            kept.remove(number)
            reader.leave_out(number, "it names areas and series together")
    return kept


def telling_apart(
    texts: pd.DataFrame, varying: Sequence[int], subjects: Collection[int] = ()
) -> list[int]:
    """Return the fewest columns that distinguish all series.

    Among equally good ones, those without empty texts come first, then those that name
    what is measured, then those with short texts.
    """
    if not varying:
        return []
    distinct = texts[list(varying)].drop_duplicates()
    order = sorted(
        varying,
        key=lambda n: (
            (distinct[n] == "").any(),
            -distinct[n].nunique(),
            n not in subjects,
            distinct[n].str.len().mean(),
        ),
    )
    chosen: list[int] = []
    n_before = 1
    for number in order:
        n_with = len(distinct[[*chosen, number]].drop_duplicates())
        if n_with > n_before:
            chosen.append(number)
            n_before = n_with
    return sorted(chosen)


def _best_constant(reader: LayoutReader, texts: pd.DataFrame) -> int:
    """Return the column that names the only series of a table."""
    numbers = [int(number) for number in range(len(reader.table.names))]
    all_of = [number for number in numbers if number in texts.columns]
    named = [
        n for n in all_of if folded(reader.name(n)) in column_names.INDICATORS
    ] or all_of
    first = {n: str(texts[n].iloc[0]) for n in named}
    return min(named, key=lambda n: (is_period(first[n]), len(first[n]), n))


def _with_units(
    reader: LayoutReader, area: pd.Series | None, names: pd.Series
) -> pd.Series:
    """Return names with units where an area has one series in several units."""
    for number in reader.left:
        if folded(reader.name(number)) not in column_names.UNITS:
            continue
        units = reader.texts(number)
        keys = pd.DataFrame({"name": names, "unit": units})
        if area is not None:
            keys = keys.assign(area=area)
        distinct = keys.drop_duplicates()
        if distinct.duplicated([*keys.columns.drop("unit")]).any():
            names = joined([names, units], lambda *parts: " ".join(parts).strip())
    return names


def _read_units(reader: LayoutReader, names: pd.Series) -> None:
    for number in reader.left:
        if folded(reader.name(number)) in column_names.UNITS:
            pairs = pd.DataFrame({"name": names, "unit": reader.texts(number)})
            first = pairs.drop_duplicates("name")
            reader.units.update(dict(zip(first["name"], first["unit"], strict=True)))
        elif folded(reader.name(number)) in column_names.TRANSFORMATIONS:
            texts = reader.distinct(number)
            for name in names.unique() if len(texts) == 1 else ():
                unit = f"{reader.units.get(name, '')}, {texts[0]}"
                reader.units[name] = unit.removeprefix(", ")
