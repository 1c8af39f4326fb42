"""Columns of few distinct texts as numbers: their order and their combinations.

A panel has millions of rows, but few areas, series and periods. Whatever depends on a
text is computed once per distinct text or combination, and looked up by its number.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.integer]
Column = npt.NDArray[np.generic] | pd.api.extensions.ExtensionArray
T = TypeVar("T", bound=np.generic)


def categorical(
    codes: Codes, names: Sequence[str] | pd.Index, *, ordered: bool = False
) -> pd.Categorical:
    """Return a column of names, given the number of each row's name."""
    categories = pd.Index([str(name) for name in names], dtype=object)
    dtype = pd.CategoricalDtype(categories, ordered)
    return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)


def column_of(
    codes: Codes, names: Sequence[str] | pd.Index, index: pd.Index | None = None
) -> pd.Series:
    """Return `categorical` as a series that shares the memory of `codes`."""
    return pd.Series(categorical(codes, names), index, copy=False)


def codes_in(column: pd.Series) -> Codes:
    """Return the number of each row's name, for reading only.

    Pandas would copy them, because `column.cat.codes` is a new series.
    """
    codes: Codes = cast("pd.Categorical", column.array).codes
    return codes


def blocks(n_rows: int) -> Iterator[slice]:
    """Yield all rows in blocks that fit into the cache.

    Intermediate results are then small, and need no new memory.
    """
    for first in range(0, n_rows, BLOCK):
        yield slice(first, min(first + BLOCK, n_rows))


def looked_up(table: npt.NDArray[T], codes: Codes) -> npt.NDArray[T]:
    """Return `table[codes]`, for which NumPy would copy all codes to 64 bits."""
    found = np.empty(len(codes), dtype=table.dtype)
    for part in blocks(len(codes)):
        found[part] = table[codes[part]]
    return found


def counts(codes: Codes, n: int) -> npt.NDArray[np.intp]:
    """Return how often each number from 0 to `n - 1` occurs; the others are skipped."""
    found = np.zeros(n, dtype=np.intp)
    for part in blocks(len(codes)):
        # A number below zero means no name.
        numbers = codes[part].astype(np.intp) + 1
        found += np.bincount(numbers, minlength=n + 1)[1 : n + 1]
    return found


def numbers_of(places: Sequence[int]) -> Codes:
    """Return numbers of at least -1 in the smallest type that has room for their count.

    Arrays of millions of such numbers are looked up from them.
    """
    return np.array(places, dtype=type_of_numbers(len(places)))


def type_of_numbers(count: int) -> type[np.int16 | np.int32]:
    """Return the type that pandas also uses for that many names."""
    return np.int16 if count < np.iinfo(np.int16).max else np.int32


def factorized(column: pd.Series) -> tuple[Codes, list[object]]:
    """Return the number of each row's value, -1 for none, and the distinct values.

    The distinct values are in the order of the rows.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = codes_in(column)
        used = pd.unique(codes)
        used = used[used >= 0]
        position = np.full(len(column.cat.categories) + 1, -1, dtype=codes.dtype)
        position[used] = np.arange(len(used))
        return position[codes], list(column.cat.categories[used])
    codes, distinct = pd.factorize(column)
    return codes, list(distinct)


def joined(columns: Sequence[pd.Series], join: Callable[..., str]) -> pd.Series:
    """Return each row's texts joined; the categories are in order of the rows."""
    first = columns[0]
    coded = [factorized(column) for column in columns]
    whole = np.zeros(len(first), dtype=np.int64)
    for codes, distinct in coded:
        whole = whole * (len(distinct) + 1) + codes
    place, used = pd.factorize(whole)
    rows = [np.flatnonzero(place == 0)[:1]] if len(used) == 1 else None
    firsts = rows[0] if rows else _first_places(place, len(used))
    texts = [
        join(*(distinct[codes[row]] for codes, distinct in coded)) for row in firsts
    ]
    names = list(dict.fromkeys(texts))
    numbers = {name: number for number, name in enumerate(names)}
    table = np.array([numbers[text] for text in texts], dtype=np.int64)
    return pd.Series(categorical(table[place], names), first.index)


def _first_places(codes: Codes, n: int) -> npt.NDArray[np.intp]:
    """Return the first row of each number from 0 on."""
    firsts = np.zeros(n, dtype=np.intp)
    firsts[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return firsts


def distinct(*columns: Codes) -> tuple[Codes, ...]:
    """Return the distinct combinations of numbers from 0 on, sorted."""
    if not len(columns[0]):
        return tuple(column.astype(np.int64) for column in columns)
    sizes = [int(column.max()) + 1 for column in columns]
    whole = columns[0].astype(np.int64)
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        whole *= size
        whole += column
    n_possible = float(np.prod(sizes, dtype=float))
    if n_possible <= max(DENSE * len(whole), MIN_DENSE):
        present = np.zeros(int(n_possible), dtype=bool)
        present[whole] = True
        found = np.flatnonzero(present)
    else:
        found = np.unique(whole)
    parts: list[Codes] = []
    for size in reversed(sizes[1:]):
        found, part = np.divmod(found, size)
        parts.append(part)
    return (found, *reversed(parts))


@dataclass(frozen=True, eq=False)
class Order:
    """The order that sorts rows: whole runs of rows, or single rows."""

    runs: Sequence[slice] = ()
    rows: npt.NDArray[np.intp] | None = None

    def of(self, values: npt.NDArray[T]) -> npt.NDArray[T]:
        """Return values in this order."""
        if self.rows is None:
            return np.concatenate([values[run] for run in self.runs])
        return values[self.rows]

    def of_column(self, column: Column) -> Column:
        """Return a column of a table in this order."""
        if isinstance(column, pd.Categorical):
            codes = column.codes
            if codes[0] == codes[-1] and (codes == codes[0]).all():
                return column
            return pd.Categorical.from_codes(
                self.of(codes), dtype=column.dtype, validate=False
            )
        return self.of(np.asarray(column))


def order(columns: Sequence[Codes]) -> Order | None:
    """Return the order that sorts rows by columns; `None` if they are sorted.

    The last column varies fastest. Rows of equal numbers keep their order.
    """
    if _are_sorted(columns):
        return None
    if runs := _runs_in_order(columns):
        return Order(runs=runs)
    return Order(rows=_rows_in_order(columns))


def _rows_in_order(columns: Sequence[Codes]) -> npt.NDArray[np.intp]:
    groups = _groups(columns[:-1])
    if groups is not None:
        # Rows are usually in order within each group: NumPy sorts 16 bits by counting.
        result = np.argsort(groups, kind="stable")
        if _are_sorted([groups[result], columns[-1][result]]):
            return result
    return np.lexsort([*reversed(columns)])


def _runs_in_order(columns: Sequence[Codes]) -> list[slice]:
    """Return long sorted runs, one per group, in order; empty if there are others.

    The stacked columns of a wide table are such runs: one per series.
    """
    *groups, last = columns
    if not groups or len(last) < 2:
        return []
    firsts = starts(*groups)
    if len(firsts) * MIN_RUN > len(last):
        return []
    falls = last[1:] < last[:-1]
    falls[firsts[1:] - 1] = False
    if falls.any():
        return []
    keys = [group[firsts] for group in groups]
    place = np.lexsort([*reversed(keys)])
    if not are_distinct(*(key[place] for key in keys)):
        return []
    stops = np.append(firsts[1:], len(last))
    bounds = zip(firsts[place].tolist(), stops[place].tolist(), strict=True)
    return [slice(first, stop) for first, stop in bounds]


def _are_sorted(columns: Sequence[Codes]) -> bool:
    """Return whether rows are sorted by columns, of which the last varies fastest."""
    equal = np.ones(max(len(columns[0]) - 1, 0), dtype=bool)
    for column in columns:
        if (equal & (column[1:] < column[:-1])).any():
            return False
        equal &= column[1:] == column[:-1]
    return True


def _groups(columns: Sequence[Codes]) -> npt.NDArray[np.uint16] | None:
    """Return a number of 16 bits for each combination of numbers, if there are few."""
    if not columns or not len(columns[0]):
        return None
    if any(int(column.min()) < 0 for column in columns):
        return None
    sizes = [int(column.max()) + 1 for column in columns]
    if float(np.prod(sizes, dtype=float)) > 2**16:
        return None
    whole = columns[0].astype(np.uint16)
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        whole = whole * np.uint16(size) + column.astype(np.uint16)
    return whole


def are_distinct(*columns: Codes) -> bool:
    """Return whether each row differs from the row before it in some column.

    The last column varies fastest: where it always differs, no other one is compared.
    """
    same = np.ones(max(len(columns[0]) - 1, 0), dtype=bool)
    for column in reversed(columns):
        same &= column[1:] == column[:-1]
        if not same.any():
            return True
    return False


def starts(*columns: Codes) -> npt.NDArray[np.intp]:
    """Return the first row of each run of equal numbers in all columns."""
    n = len(columns[0])
    new = np.zeros(n, dtype=bool)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(new)


BLOCK = 2**16
DENSE = 8
MIN_RUN = 8
MIN_DENSE = 1_000_000
