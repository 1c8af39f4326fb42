"""From a table to one row per value: whose, of which series, in which period.

A table is long (a column of values), wide by series, by periods or by areas, or has one
column per vintage. The names of its columns decide, and their cells where names do not.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.text import quoted
from econnet.data.files import areas, column_names, number_texts, period_texts
from econnet.data.files.codes import Codes, categorical, factorized, joined
from econnet.data.files.column_names import folded, words
from econnet.data.files.sheets import as_text, filled, has_texts
from econnet.data.files.tables import RawTable, refuse_unnamed

Layout = Literal["long", "series", "periods", "areas", "vintages"]


@dataclass(frozen=True, eq=False)
class Tidy:
    """Values with all that identifies them, as they are written in the file.

    Parameters
    ----------
    area, period, column, known_at
        Texts by row; `known_at` is empty where the file does not give it. `area` is
        empty in a file without areas.
    value
        Texts, or numbers where the file has types.
    line
        The line of the file.
    layout
        How the table was read.
    left_out
        Columns that are no series, and why.
    units
        The unit of each series that the file states.
    transforms
        The transform of each series that the file states by FRED-MD's codes.
    last_measured
        For rows of series with projections, the year after which they begin; else NaN.
    area_names
        Other names of the areas that the file gives.
    """

    area: pd.Series
    period: pd.Series
    column: pd.Series
    value: pd.Series
    known_at: pd.Series
    line: pd.Series
    layout: Layout
    left_out: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    transforms: Mapping[str, int] = field(default_factory=dict)
    last_measured: pd.Series | None = None
    remarks: tuple[str, ...] = ()
    area_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The series, in the order of the file."""
        return [str(name) for name in self.column.cat.categories]


@dataclass
class _Reader:
    """A table whose columns are taken one after another."""

    file: str
    table: RawTable
    left: list[int]
    left_out: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    transforms: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    area_names: dict[str, str] = field(default_factory=dict)
    texts_known: dict[int, bool] = field(default_factory=dict)

    def name(self, number: int) -> str:
        return self.table.names[number]

    def cells(self, number: int) -> pd.Series:
        return self.table.cells[number]

    def texts(self, number: int) -> pd.Series:
        """Return a column as categories of texts, empty where there is no value."""
        cells = self.table.cells[number]
        codes, values = factorized(cells)
        texts = ["" if value is None else as_text(value) for value in values]  # type: ignore[arg-type]  # cells
        if (codes < 0).any():
            texts.append("")
        names = sorted({*texts})
        number_of = {name: place for place, name in enumerate(names)}
        position = np.array([number_of[text] for text in texts], dtype=np.int32)
        return pd.Series(categorical(position[codes], names), cells.index)

    def distinct(self, number: int) -> list[str]:
        """Return the distinct texts of a column that are not empty."""
        _, values = factorized(self.table.cells[number])
        texts = (as_text(v) for v in values if v is not None and v == v)  # type: ignore[arg-type]  # cells
        return [text for text in texts if text]

    def take(self, number: int) -> int:
        self.left.remove(number)
        return number

    def leave_out(self, number: int, reason: str) -> None:
        self.left.remove(number)
        self.left_out[self.name(number) or f"column {number + 1}"] = reason


def arrange(file: str, table: RawTable, series_name: str = "") -> Tidy:
    """Return the values of a table.

    `series_name` names the series of a table that has one series and no name for it.
    """
    reader = _Reader(file, _split_first_column(table), [])
    reader.left = list(range(len(reader.table.names)))
    _leave_row_numbers(reader)
    headers = [n for n in reader.left if period_texts.is_period(reader.name(n))]
    if len(headers) >= MIN_PERIOD_COLUMNS and len(headers) >= len(reader.left) / 2:
        return _wide_by_periods(reader, headers, series_name)
    period = _take_period(reader)
    reader.table, period = _without_other_rows(reader, period)
    known_at = _take_named(reader, column_names.KNOWN_AT)
    value = _value_column(reader)
    area = _take_area(reader)
    if value is not None:
        return _long(reader, area, period, known_at, reader.take(value), series_name)
    if area is None and (stems := _vintages(reader)):
        return _triangle(reader, period, stems)
    if area is None and _names_are_areas(reader):
        return _wide_by_areas(reader, period, known_at, series_name)
    return _wide_by_series(reader, area, period, known_at)


def _split_first_column(table: RawTable) -> RawTable:
    r"""Return the table with Eurostat's first column, `freq,unit,geo\TIME`, split."""
    first = table.names[0] if table.names else ""
    if "\\" not in first or "," not in first:
        return table
    names = [*first.partition("\\")[0].split(","), *table.names[1:]]
    n = first.count(",") + 1
    parts = table.cells[0].astype(str).str.split(",", n=n - 1, expand=True)
    parts = parts.reindex(columns=range(n)).fillna("").astype(object)
    rest = table.cells[list(range(1, len(table.names)))]
    cells = pd.concat([parts, rest], axis=1)
    cells.columns = pd.RangeIndex(len(names))
    return replace(table, names=names, cells=cells, subheads=(), above=())


def _leave_row_numbers(reader: _Reader) -> None:
    """Leave out a first column that counts rows; name a column of periods."""
    for number in [n for n in reader.left if not reader.name(n)]:
        distinct = reader.distinct(number)
        if number == reader.left[0] and _counts(distinct, len(reader.table.cells)):
            reader.leave_out(number, "it numbers the rows")
        elif number == reader.left[0] and _are_periods(distinct):
            names = [*reader.table.names]
            names[number] = "period"
            reader.table = replace(reader.table, names=names)
        else:
            refuse_unnamed(reader.file, reader.table, number)
    first = reader.left[0] if reader.left else None
    if (
        first is not None
        and folded(reader.name(first)) in ROW_NUMBER_NAMES
        and _counts(reader.distinct(first), len(reader.table.cells))
    ):
        reader.leave_out(first, "it numbers the rows")


def _counts(distinct: Sequence[str], n_rows: int) -> bool:
    """Return whether texts count 0, 1, 2, ... or 1, 2, 3, ..."""
    if len(distinct) < max(2, n_rows) or not distinct[0].isdigit():
        return False
    start = int(distinct[0])
    return start in {0, 1, 2} and all(
        text == str(number) for number, text in enumerate(distinct, start)
    )


def _are_periods(distinct: Sequence[str], share: float = 0.9) -> bool:
    """Return whether most of a column's texts are periods."""
    some = (
        [*distinct[:SAMPLE], *distinct[-SAMPLE:]]
        if len(distinct) > SAMPLE
        else distinct
    )
    if not some:
        return False
    whole = sum(text.isdigit() and len(text) == 4 for text in some)
    if whole and not all(1700 <= int(t) <= 2200 for t in some if t.isdigit()):
        return False
    read = period_texts.read_periods(list(some))
    halves = sum(map(period_texts.looks_half_yearly, some))
    found = len(read.periods) + halves
    return bool(read.refusal) or found >= share * len(some)


def _take_period(reader: _Reader) -> pd.Series:
    """Return the column of periods, or what year and month or quarter make."""
    candidates = sorted(
        (column_names.PERIODS.index(name), number)
        for number in reader.left
        if (name := folded(reader.name(number))) in column_names.PERIODS
    )
    named = [number for _, number in candidates]
    for number in named:
        # A column called period is one even if some texts in it are no periods.
        sure = folded(reader.name(number)) in SURE_PERIODS
        if _are_periods(reader.distinct(number), 0.3 if sure else 0.6):
            texts = reader.texts(reader.take(number))
            return _with_parts(reader, texts, number)
    for number in reader.left:
        if has_texts(reader.cells(number)) and _are_periods(
            [text for text in reader.distinct(number) if not _is_bare_number(text)]
        ):
            return reader.texts(reader.take(number))
    first = reader.left[0] if reader.left else -1
    if first >= 0 and _counts_years(reader.distinct(first)):
        return reader.texts(reader.take(first))
    if named and folded(reader.name(named[0])) in SURE_PERIODS:
        return reader.texts(reader.take(named[0]))
    raise DataError(
        f"{reader.file} has no column of periods below line {reader.table.begins}, "
        f"only {', '.join(quoted(reader.name(n)) for n in reader.left[:8])}: call one "
        "'period'"
    )


def _counts_years(distinct: Sequence[str]) -> bool:
    """Return whether texts are years in a row."""
    if len(distinct) < 3 or not all(re.fullmatch(r"[12]\d{3}", t) for t in distinct):
        return False
    years = sorted(map(int, distinct))
    return (
        years[0] > 1200 and years[-1] < 2200 and years[-1] - years[0] < 2 * len(years)
    )


def _is_bare_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?[\d.,]+", text)) and not re.fullmatch(r"\d{6}", text)


def _with_parts(reader: _Reader, years: pd.Series, taken: int) -> pd.Series:
    """Return years with the month or quarter that another column gives."""
    texts = [text for text in years.cat.categories if text]
    if not all(re.fullmatch(r"\d{4}(\.0)?", text) for text in texts):
        return years
    for names, pattern in (
        (("quarter", "qtr", "q", "quartal", "trimestre"), "{}Q{}"),
        (("month", "monat", "mes", "mois", "mon"), "{}-{:02d}"),
    ):
        for number in list(reader.left):
            if folded(reader.name(number)) not in names or number == taken:
                continue
            parts = reader.texts(number)
            found = {text: _part_number(text) for text in parts.cat.categories}
            if np.isnan([*found.values()]).any() or len({*found.values()}) < 2:
                continue
            reader.leave_out(number, f"it gives the {names[0]} of {reader.name(taken)}")

            def period(
                year: str,
                part: str,
                pattern: str = pattern,
                found: Mapping[str, float] = found,
            ) -> str:
                return pattern.format(year, int(found[part]))

            return joined([years, parts], period)
    return years


def _part_number(text: str) -> float:
    bare = text.strip().removeprefix("M").removeprefix("Q").removeprefix("T")
    if bare.isdigit() and 1 <= int(bare) <= 12:
        return float(bare)
    return float(period_texts.MONTH_NAMES.get(bare.casefold()[:3], np.nan))


def _without_other_rows(
    reader: _Reader, period: pd.Series
) -> tuple[RawTable, pd.Series]:
    """Leave out rows above the first period: transforms, units, codes."""
    table = reader.table
    distinct = [text for text in period.cat.categories if text]
    read = period_texts.read_periods(distinct).periods
    top = [text in read for text in period.iloc[:MAX_TOP_ROWS]]
    n_top = top.index(True) if True in top else 0
    for place in range(n_top):
        label = period.iloc[place]
        row = table.cells.iloc[place]
        codes = {table.names[n]: _code(row[n]) for n in reader.left if table.names[n]}
        if folded(label).startswith(("transform", "tcode")):
            known = {name: code for name, code in codes.items() if code in range(1, 8)}
            reader.transforms.update(known)
            reader.remarks.append(
                f"transforms from line {table.cells.index[place]} ({label.strip(': ')})"
            )
        else:
            texts = {n: as_text(row[n]) for n in reader.left if _is_text(row[n])}
            reader.units.update({table.names[n]: text for n, text in texts.items()})
            reader.remarks.append(f"line {table.cells.index[place]} describes columns")
    blank = (period == "").to_numpy()
    kept = ~blank | _has_values(table, reader.left)
    kept[:n_top] = False
    if kept.all():
        return table, period
    return replace(table, cells=table.cells[kept]), period[kept]


def _is_text(cell: object) -> bool:
    return isinstance(cell, str) and bool(cell.strip())


def _code(cell: object) -> int:
    try:
        return int(float(str(cell)))
    except (OverflowError, ValueError):
        return 0


def _has_values(table: RawTable, columns: Sequence[int]) -> npt.NDArray[np.bool_]:
    full = np.zeros(len(table.cells), dtype=bool)
    for number in columns:
        full |= filled(table.cells[number])
    return full


def _take_named(reader: _Reader, names: frozenset[str]) -> pd.Series | None:
    for number in reader.left:
        if folded(reader.name(number)) in names:
            return reader.texts(reader.take(number))
    return None


def _value_column(reader: _Reader) -> int | None:
    """Return the column of values of a long table; `None` if it is wide."""
    values = [n for n in reader.left if folded(reader.name(n)) in column_names.VALUES]
    if len(values) != 1:
        return None
    others = [n for n in reader.left if n != values[0]]
    named = {folded(reader.name(number)) for number in others}
    if named & (column_names.INDICATORS | column_names.FREQUENCIES):
        return values[0]
    if folded(reader.name(values[0])) in {"obsvalue", "observationvalue"}:
        return values[0]
    texts = [n for n in others if _is_text_column(reader, n)]
    not_areas = [
        n
        for n in texts
        if folded(reader.name(n))
        not in column_names.COUNTRIES | column_names.ATTRIBUTES
    ]
    return values[0] if not_areas and len(others) == len(texts) else None


def _is_text_column(reader: _Reader, number: int) -> bool:
    """Return whether most of a column's cells are no numbers."""
    if number not in reader.texts_known:
        reader.texts_known[number] = _has_texts(reader, number)
    return reader.texts_known[number]


def _has_texts(reader: _Reader, number: int) -> bool:
    if not has_texts(reader.cells(number)):
        return False
    distinct = reader.distinct(number)
    texts = [text for text in distinct if not number_texts.is_missing(text)]
    some = texts[:: max(1, len(texts) // FEW)]
    if not some:
        # NA is Namibia where nothing else is missing.
        return bool(distinct) and folded(reader.name(number)) in column_names.COUNTRIES
    return sum(number_texts.is_number(text) for text in some) < 0.5 * len(some)


def _take_area(reader: _Reader) -> pd.Series | None:
    """Return the column of areas; other names of the same areas are left out."""
    by_name = [
        n
        for n in reader.left
        if folded(reader.name(n)) in column_names.COUNTRIES
        and has_texts(reader.cells(n))
        and _is_text_column(reader, n)
    ]
    candidates = by_name or [
        n
        for n in reader.left
        if _is_text_column(reader, n) and areas.are_countries(reader.distinct(n))
    ]
    sure = [n for n in reader.left if folded(reader.name(n)) == "country"]
    candidates = candidates or sure
    if not candidates:
        return None
    best = candidates[0]
    if len(candidates) > 1:
        exact = [n for n in candidates if folded(reader.name(n)) == "country"]
        order = areas.order([reader.distinct(n) for n in candidates])
        best = candidates[order[0]]
        if exact and not areas.are_countries(reader.distinct(best)):
            best = exact[0]
    area = reader.texts(reader.take(best))
    for number in candidates:
        if number != best and _determines(area, reader.texts(number)):
            names = reader.texts(number)
            pairs = pd.DataFrame({"area": area, "name": names}).drop_duplicates()
            reader.area_names.update(zip(pairs["area"], pairs["name"], strict=True))
            reader.leave_out(number, f"another name of {reader.name(best)}")
    return area


def _determines(area: pd.Series, other: pd.Series) -> bool:
    """Return whether each area has one text of the other column."""
    pairs = pd.DataFrame({"area": area, "other": other}).drop_duplicates()
    return not pairs["area"].duplicated().any()


def _categories(name: str, index: pd.Index) -> pd.Series:
    return pd.Series(categorical(np.zeros(len(index), dtype="int8"), [name]), index)


def _empty(index: pd.Index) -> pd.Series:
    return _categories("", index)


def _long(
    reader: _Reader,
    area: pd.Series | None,
    period: pd.Series,
    known_at: pd.Series | None,
    value: int,
    series_name: str,
) -> Tidy:
    """Return the rows of a table with one value per line."""
    column = _series_names(reader, area, series_name or reader.name(value))
    index = reader.table.cells.index
    return Tidy(
        area=_empty(index) if area is None else area,
        period=period,
        column=column,
        value=reader.cells(value),
        known_at=_empty(index) if known_at is None else known_at,
        line=pd.Series(index, index),
        layout="long",
        left_out=reader.left_out,
        units=reader.units,
        last_measured=None,
        remarks=tuple(reader.remarks),
        area_names=reader.area_names,
    )


def _series_names(reader: _Reader, area: pd.Series | None, default: str) -> pd.Series:
    """Return the name of each row's series, from the columns that tell series apart."""
    dimensions = _dimensions(reader, area)
    index = reader.table.cells.index
    if not dimensions:
        return _categories(default, index)
    texts = pd.DataFrame({n: reader.texts(n) for n in dimensions}, index=index)
    varying = [n for n in dimensions if len(texts[n].unique()) > 1]
    constant = [n for n in dimensions if n not in varying]
    chosen = _telling_apart(texts, varying)
    subject = [n for n in constant if folded(reader.name(n)) in SUBJECTS]
    if not chosen:
        chosen = [_best_constant(reader, texts)]
    elif subject and folded(reader.name(chosen[0])) not in SUBJECTS:
        chosen.insert(0, subject[0])
    others = [n for n in constant if n not in chosen and n not in subject]
    if others:
        parts = [f"{reader.name(n)} {texts[n].iloc[0]}" for n in others]
        reader.remarks.append(f"throughout: {', '.join(parts)}")
    names = joined([texts[n] for n in chosen], lambda *parts: " ".join(parts).strip())
    _read_units(reader, names)
    for number in dimensions:
        if number in reader.left:
            reader.take(number)
    return names


def _dimensions(reader: _Reader, area: pd.Series | None) -> list[int]:
    """Return the columns that may tell series apart; attributes are left out."""
    dimensions = []
    for number in list(reader.left):
        name = folded(reader.name(number))
        if name in column_names.ATTRIBUTES | column_names.PROJECTIONS:
            reader.leave_out(number, "it describes values")
        elif name in column_names.FREQUENCIES or name in column_names.UNITS - {"unit"}:
            continue
        elif name in column_names.INDICATORS or _is_text_column(reader, number):
            if area is not None and name not in column_names.INDICATORS:
                texts = reader.texts(number)
                if len(texts.unique()) > 1 and _determines(area, texts):
                    reader.leave_out(number, "it describes areas")
                    continue
            dimensions.append(number)
        elif reader.distinct(number):
            reader.leave_out(number, "numbers beside the values")
    return dimensions


def _telling_apart(texts: pd.DataFrame, varying: Sequence[int]) -> list[int]:
    """Return the fewest columns that tell all series apart, short texts first."""
    if not varying:
        return []
    distinct = texts[list(varying)].drop_duplicates()
    order = sorted(
        varying,
        key=lambda n: (-distinct[n].nunique(), distinct[n].str.len().mean()),
    )
    chosen: list[int] = []
    n_before = 1
    for number in order:
        n_with = len(distinct[[*chosen, number]].drop_duplicates())
        if n_with > n_before:
            chosen.append(number)
            n_before = n_with
    return sorted(chosen)


def _best_constant(reader: _Reader, texts: pd.DataFrame) -> int:
    """Return the column that names the only series of a table."""
    numbers = [int(number) for number in range(len(reader.table.names))]
    all_of = [number for number in numbers if number in texts.columns]
    named = [
        n for n in all_of if folded(reader.name(n)) in column_names.INDICATORS
    ] or all_of
    return min(named, key=lambda n: (len(texts[n].iloc[0]), n))


def _read_units(reader: _Reader, names: pd.Series) -> None:
    for number in reader.left:
        if folded(reader.name(number)) in column_names.UNITS:
            pairs = pd.DataFrame({"name": names, "unit": reader.texts(number)})
            first = pairs.drop_duplicates("name")
            reader.units.update(dict(zip(first["name"], first["unit"], strict=True)))


def _wide_by_periods(reader: _Reader, headers: Sequence[int], series_name: str) -> Tidy:
    """Return the rows of a table with one column per period."""
    for number in headers:
        reader.take(number)
    area = _take_area(reader)
    cut = None
    for number in list(reader.left):
        if folded(reader.name(number)) in column_names.PROJECTIONS:
            texts = reader.texts(reader.take(number)).astype(object)
            cut = pd.to_numeric(texts, errors="coerce")
            reader.remarks.append("years after 'Estimates Start After' are projections")
    column = _series_names(reader, area, series_name or "value")
    for number in list(reader.left):
        reader.left.remove(number)
    periods = [reader.name(number) for number in headers]
    values, place, which = _stacked(reader.table, headers)
    area = _empty(column.index) if area is None else area
    lines = reader.table.cells.index.to_numpy()
    return Tidy(
        area=_looked_up(area, place),
        period=pd.Series(categorical(which, periods)),
        column=_looked_up(column, place),
        value=values,
        known_at=pd.Series(categorical(np.zeros(len(place), "int8"), [""])),
        line=pd.Series(lines[place]),
        layout="periods",
        left_out=reader.left_out,
        units=reader.units,
        last_measured=None if cut is None else pd.Series(cut.to_numpy()[place]),
        remarks=tuple(reader.remarks),
        area_names=reader.area_names,
    )


def _stacked(table: RawTable, columns: Sequence[int]) -> tuple[pd.Series, Codes, Codes]:
    """Return the values of columns one below another, their rows, and their columns.

    Empty cells are left out at once: a small file may consist of millions.
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
    which = np.repeat(np.arange(len(columns), dtype=np.int32), sizes)
    stacked = pd.Series(value, dtype=float if floats else object)
    return stacked, np.concatenate(places), which


def _looked_up(column: pd.Series, place: Codes) -> pd.Series:
    """Return the name of each value's row."""
    codes = column.cat.codes.to_numpy()[place]
    return pd.Series(categorical(codes, column.cat.categories))


def _known_column(
    known_at: pd.Series | Sequence[str] | None,
    place: Codes,
    which: Codes,
) -> pd.Categorical:
    """Return when each stacked value was known: by its row, or by its column.

    `place` is the row of each value, `which` the number of its column.
    """
    if isinstance(known_at, pd.Series):
        codes = known_at.cat.codes.to_numpy()[place]
        return categorical(codes, known_at.cat.categories)
    if known_at is None:
        return categorical(np.zeros(len(place), "int8"), [""])
    days = list(dict.fromkeys(known_at))
    number_of = {day: number for number, day in enumerate(days)}
    day_codes = np.array([number_of[day] for day in known_at], dtype=np.int32)
    return categorical(day_codes[which], days)


def _stack(
    reader: _Reader,
    parts: Sequence[tuple[int, str, str]],
    period: pd.Series,
    area: pd.Series | None,
    known_at: pd.Series | Sequence[str] | None,
    layout: Layout,
) -> Tidy:
    """Return the rows of columns, each given with its area and series."""
    values, place, which = _stacked(reader.table, [number for number, _, _ in parts])
    names = list(dict.fromkeys(name for _, _, name in parts))
    owners = list(dict.fromkeys(owner for _, owner, _ in parts))
    lines = reader.table.cells.index.to_numpy()
    return Tidy(
        area=_of_column(owners, [owner for _, owner, _ in parts], which)
        if area is None
        else _looked_up(area, place),
        period=_looked_up(period, place),
        column=_of_column(names, [name for _, _, name in parts], which),
        value=values,
        known_at=pd.Series(_known_column(known_at, place, which)),
        line=pd.Series(lines[place]),
        layout=layout,
        left_out=reader.left_out,
        units=reader.units,
        transforms=reader.transforms,
        remarks=tuple(reader.remarks),
        area_names=reader.area_names,
    )


def _of_column(
    names: Sequence[str], of_columns: Sequence[str], which: Codes
) -> pd.Series:
    """Return the name that each value's column has."""
    number_of = {name: number for number, name in enumerate(names)}
    codes = np.array([number_of[name] for name in of_columns], dtype=np.int32)
    return pd.Series(categorical(codes[which], names))


def _wide_by_series(
    reader: _Reader,
    area: pd.Series | None,
    period: pd.Series,
    known_at: pd.Series | None,
) -> Tidy:
    """Return the rows of a table with one column per series."""
    for number in list(reader.left):
        name = folded(reader.name(number))
        if name in column_names.FREQUENCIES and _is_text_column(reader, number):
            reader.leave_out(number, "it names frequencies")
    texts = [n for n in reader.left if _is_text_column(reader, n)]
    if texts and _are_repeated(area, period, known_at):
        return _wide_with_dimensions(reader, area, period, known_at, texts)
    for number in texts:
        reader.leave_out(number, "text")
    _read_subheads(reader)
    stripped = _prefixed(reader) if area is None else {}
    parts = [(n, *stripped.get(n, ("", reader.name(n)))) for n in reader.left]
    return _stack(reader, parts, period, area, known_at, "series")


def _are_repeated(
    area: pd.Series | None, period: pd.Series, known_at: pd.Series | None
) -> bool:
    keys = {"period": period}
    if area is not None:
        keys["area"] = area
    if known_at is not None:
        keys["known_at"] = known_at
    return bool(pd.DataFrame(keys).duplicated().any())


def _wide_with_dimensions(
    reader: _Reader,
    area: pd.Series | None,
    period: pd.Series,
    known_at: pd.Series | None,
    texts: Sequence[int],
) -> Tidy:
    """Return the rows of a wide table in which columns of text tell series apart."""
    columns = pd.DataFrame({n: reader.texts(n) for n in texts})
    chosen = _telling_apart(columns, [n for n in texts if len(columns[n].unique()) > 1])
    for number in texts:
        reader.leave_out(
            number, "it distinguishes series" if number in chosen else "text"
        )
    tidy = _stack(
        reader,
        [(n, "", reader.name(n)) for n in reader.left],
        period,
        area,
        known_at,
        "series",
    )
    if not chosen:
        return tidy
    label = joined([columns[n] for n in chosen], lambda *parts: " ".join(parts))
    place = label.index.get_indexer(pd.Index(tidy.line))
    names = joined(
        [tidy.column, _looked_up(label, place)], lambda *parts: " ".join(parts)
    )
    return replace(tidy, column=names)


def _read_subheads(reader: _Reader) -> None:
    """Keep the texts below the names as units, and names over groups as parts."""
    for row in reader.table.subheads:
        for number in reader.left:
            if text := row[number]:
                reader.units.setdefault(reader.name(number), text)


def _prefixed(reader: _Reader) -> dict[int, tuple[str, str]]:
    """Return area and series of columns such as `DEU BIP` or `GDP_FRA`."""
    for pattern in PREFIXES:
        found = {}
        for number in reader.left:
            match = pattern.fullmatch(reader.name(number))
            if match and _is_area_code(match["area"]):
                found[number] = (match["area"], match["series"].strip())
        if found and len(found) == len(reader.left):
            return found
    return {}


def _is_area_code(text: str) -> bool:
    """Return whether a part of a name is an alpha-3 code or the name of a country."""
    return ((len(text) == 3 and text.isupper()) or len(text) > 3) and areas.is_country(
        text
    )


def _names_are_areas(reader: _Reader) -> bool:
    names = [reader.name(n) for n in reader.left if not _is_text_column(reader, n)]
    groups = [reader.table.above[n] for n in reader.left] if reader.table.above else []
    if len({*groups}) > 1 and areas.are_countries({*filter(None, groups)}):
        return True
    return len(names) > 1 and areas.are_countries(names)


def _wide_by_areas(
    reader: _Reader, period: pd.Series, known_at: pd.Series | None, series_name: str
) -> Tidy:
    """Return the rows of a table with one column per area, and perhaps per series."""
    for number in [n for n in reader.left if _is_text_column(reader, n)]:
        reader.leave_out(number, "text")
    groups = reader.table.above
    if groups and areas.are_countries({groups[n] for n in reader.left if groups[n]}):
        parts = [(n, groups[n], reader.name(n)) for n in reader.left]
    else:
        name = series_name or "value"
        parts = [
            (n, reader.name(n), groups[n] if groups and groups[n] else name)
            for n in reader.left
        ]
        if reader.table.subheads:
            reader.remarks.append("the line below the names contains codes")
    return _stack(reader, parts, period, None, known_at, "areas")


def _vintages(reader: _Reader) -> dict[int, tuple[str, str]]:
    """Return series and vintage of columns such as `ROUTPUT65Q4` or `GDP_20200130`."""
    found = {}
    for number in reader.left:
        match = VINTAGE.fullmatch(reader.name(number))
        if match and (day := _vintage_day(match["vintage"])):
            found[number] = (match["stem"].rstrip("_ -"), day)
    stems = [stem for stem, _ in found.values()]
    if len(found) < MIN_VINTAGES or len(found) < 0.8 * len(reader.left):
        return {}
    return found if len({*stems}) <= len(stems) / MIN_VINTAGES else {}


def _vintage_day(text: str) -> str | None:
    """Return the day by the end of which a vintage was published."""
    bare = text.replace("_", "-")
    if match := re.fullmatch(r"(\d{2})([QM])(\d{1,2})", bare, re.I):
        year = int(match[1]) + (2000 if int(match[1]) < 40 else 1900)
        bare = f"{year}{match[2].upper()}{match[3]}"
    read = period_texts.read_periods([bare]).periods.get(bare)
    if read is None or len(read) == 4:
        return None
    if len(read) == 10:
        return read
    frequency = "Q" if "Q" in read else "M"
    return str(pd.Period(read, frequency).end_time.date())


def _triangle(
    reader: _Reader, period: pd.Series, found: Mapping[int, tuple[str, str]]
) -> Tidy:
    """Return the rows of a table with one column per vintage."""
    for number in list(reader.left):
        if number not in found:
            reader.leave_out(number, "no vintage")
    parts = [(n, "", found[n][0]) for n in reader.left]
    days = [found[n][1] for n in reader.left]
    first, last = min(days), max(days)
    reader.remarks.append(f"one column per vintage, from {first} to {last}")
    return _stack(reader, parts, period, None, days, "vintages")


# Columns that say what is measured, and not how.
SUBJECTS = frozenset(
    words(
        "indicator indicatorcode subject variable variablecode seriescode concept "
        "naitem weosubjectcode item"
    )
)
MIN_PERIOD_COLUMNS = 2
MIN_VINTAGES = 4
MAX_TOP_ROWS = 12
SAMPLE = 400
FEW = 60
SURE_PERIODS = frozenset({"period", "timeperiod", "observationdate", "sasdate", "date"})
ROW_NUMBER_NAMES = frozenset({"unnamed0", "x", "rownames", "row", "rownumber"})
PREFIXES = (
    re.compile(r"(?P<area>[^\W\d_]{3,})[ _.:-]+(?P<series>.+)"),
    re.compile(r"(?P<series>.+?)[ _.:-]+(?P<area>[^\W\d_]{3,})"),
)
VINTAGE = re.compile(
    r"(?P<stem>.+?[_ -]|.*?[^\d_])(?P<vintage>\d{8}|\d{4}_\d{2}_\d{2}"
    r"|\d{4}-\d{2}-\d{2}|(19|20)?\d{2}[QM]\d{1,2})",
    re.I,
)
