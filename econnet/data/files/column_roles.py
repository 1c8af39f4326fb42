"""Which columns of a table have its periods, areas, values and row numbers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.text import quoted
from econnet.data.files import areas, column_names, number_texts, period_texts
from econnet.data.files.codes import categorical, joined
from econnet.data.files.column_names import folded, words
from econnet.data.files.filled_years import filled_down
from econnet.data.files.period_notations import ROMAN
from econnet.data.files.sheets import as_text, filled, has_texts
from econnet.data.files.tables import RawTable, refuse_unnamed
from econnet.data.files.tidy import LayoutReader


def split_first_column(table: RawTable) -> RawTable:
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


def leave_row_numbers(reader: LayoutReader) -> None:
    """Leave out a first column that counts rows; name unnamed columns by their role."""
    for number in [n for n in reader.left if not reader.name(n)]:
        distinct = reader.distinct(number)
        is_first = number == reader.left[0]
        if is_first and _counts(distinct, len(reader.table.cells)):
            reader.leave_out(number, "it numbers the rows")
        elif is_first and are_periods(distinct):
            _rename(reader, number, "period")
        elif is_first and _are_row_names(distinct, len(reader.table.cells)):
            reader.leave_out(number, "it numbers the rows")
        elif number <= reader.left[0] + 1 and _is_wide_by_periods(reader):
            are_areas = areas.are_countries(distinct)
            _rename(reader, number, "country" if are_areas else "series")
        else:
            refuse_unnamed(reader.file, reader.table, number)
    first = reader.left[0] if reader.left else None
    if (
        first is not None
        and folded(reader.name(first)) in ROW_NUMBER_NAMES
        and _counts(reader.distinct(first), len(reader.table.cells))
    ):
        reader.leave_out(first, "it numbers the rows")


def _rename(reader: LayoutReader, number: int, name: str) -> None:
    names = [*reader.table.names]
    names[number] = name
    reader.table = replace(reader.table, names=names)


def _are_row_names(distinct: Sequence[str], n_rows: int) -> bool:
    """Return whether texts are row numbers, even if rows were sorted or left out."""
    return len(distinct) == n_rows > 1 and all(
        re.fullmatch(r"0|[1-9]\d*", text) for text in distinct
    )


def _is_wide_by_periods(reader: LayoutReader) -> bool:
    periods = sum(period_texts.is_period(reader.name(n)) for n in reader.left)
    return periods > 1 and periods >= len(reader.left) / 2


def _counts(distinct: Sequence[str], n_rows: int) -> bool:
    """Return whether texts count 0, 1, 2, ... or 1, 2, 3, ..."""
    if len(distinct) < max(2, n_rows) or not distinct[0].isdigit():
        return False
    start = int(distinct[0])
    return start in {0, 1, 2} and all(
        text == str(number) for number, text in enumerate(distinct, start)
    )


def are_periods(distinct: Sequence[str], share: float = 0.9) -> bool:
    """Return whether most of a column's texts are periods."""
    some = (
        [*distinct[:SAMPLE], *distinct[-SAMPLE:]]
        if len(distinct) > 2 * SAMPLE
        else distinct
    )
    if not some:
        return False
    whole = sum(text.isdigit() and len(text) == 4 for text in some)
    if whole and not all(1 <= int(t) <= 2200 for t in some if t.isdigit()):
        return False
    if whole and sum(1700 <= int(t) <= 2200 for t in some if t.isdigit()) < whole / 2:
        return False
    read = period_texts.read_periods(list(some))
    halves = sum(map(period_texts.looks_half_yearly, some))
    fiscal = sum(map(period_texts.looks_like_a_fiscal_quarter, some))
    found = len(read.periods) + halves + fiscal
    return bool(read.refusal) or found >= share * len(some)


def take_flagged_periods(reader: LayoutReader) -> list[int]:
    """Return the columns whose names are flagged periods; leave forecasts out."""
    names, found = [*reader.table.names], []
    for number in list(reader.left):
        period, flag = period_texts.without_flag(names[number])
        if flag in {"e", "f"}:
            reader.leave_out(number, "an estimate or forecast of its period")
        elif period and period not in names:
            names[number] = period
            found.append(number)
    reader.table = replace(reader.table, names=names)
    return found


def take_period(reader: LayoutReader) -> pd.Series:
    """Return the column of periods, or that of years with their months or quarters."""
    candidates = sorted(
        (column_names.PERIODS.index(name), number)
        for number in reader.left
        if (name := folded(reader.name(number))) in column_names.PERIODS
    )
    named = [number for _, number in candidates]
    for number in named:
        # A column called period is one even if some texts in it are not periods.
        sure = folded(reader.name(number)) in SURE_PERIODS
        if are_periods(reader.distinct(number), 0.3 if sure else 0.6):
            texts = reader.texts(reader.take(number))
            _leave_other_notations(reader, texts, named)
            return _with_parts(reader, texts, number)
    for number in reader.left:
        if has_texts(reader.cells(number)) and are_periods(
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


def _leave_other_notations(
    reader: LayoutReader, period: pd.Series, named: Sequence[int]
) -> None:
    """Leave out columns with the same periods in another notation, as in OECD files."""
    for number in named:
        if number not in reader.left or not are_periods(reader.distinct(number)):
            continue
        other = reader.texts(number)
        if determines(period, other) and determines(other, period):
            reader.leave_out(number, "the period in another notation")


def _counts_years(distinct: Sequence[str]) -> bool:
    """Return whether texts are consecutive years."""
    if len(distinct) < 3 or not all(re.fullmatch(r"[12]\d{3}", t) for t in distinct):
        return False
    years = sorted(map(int, distinct))
    return (
        years[0] > 1200 and years[-1] < 2200 and years[-1] - years[0] < 2 * len(years)
    )


def _is_bare_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?[\d.,]+", text)) and not re.fullmatch(r"\d{6}", text)


def _with_parts(reader: LayoutReader, years: pd.Series, taken: int) -> pd.Series:
    """Return years with the month or quarter that another column gives."""
    texts = [text for text in years.cat.categories if text]
    if not all(re.fullmatch(r"\d{4}(\.0)?", text) for text in texts):
        return years
    for part_name, names in PARTS_OF_YEARS:
        for number in list(reader.left):
            if folded(reader.name(number)) not in names or number == taken:
                continue
            years, parts = _without_whole_years(reader, years, reader.texts(number))
            found = _parts_of_years([*parts.cat.categories], part_name)
            if "" in found.values() or len({*found.values()}) < 2:
                _check_parts(reader, number, found, part_name)
                continue
            reader.leave_out(
                number, f"it gives the {part_name} of {reader.name(taken)}"
            )
            return joined(
                [filled_down(years, parts), parts],
                lambda year, part, found=found: (
                    f"{year.removesuffix('.0')}{found[part]}" if year else ""
                ),
            )
    return _with_unnamed_parts(reader, years, taken)


def _with_unnamed_parts(
    reader: LayoutReader, years: pd.Series, taken: int
) -> pd.Series:
    """Return years with the quarter or month from a column of any name.

    Its cells are words such as `1. Quartal`; the Federal Statistical Office has codes
    of them in another column.
    """
    found: dict[int, dict[str, str]] = {}
    for number in reader.left:
        distinct = reader.distinct(number)
        parts = {text: period_texts.part_of_year(text) for text in distinct}
        if len({*parts.values()}) > 1 and all(
            part and text.upper() not in ROMAN for text, part in parts.items()
        ):
            found[number] = parts
    if not found:
        return years
    chosen = next(iter(found))
    for number in found:
        reader.leave_out(number, f"it gives the part of {reader.name(taken)}")
    return joined(
        [years, reader.texts(chosen)],
        lambda year, part: (
            f"{year.removesuffix('.0')}{found[chosen].get(part, '')}" if year else ""
        ),
    )


def _parts_of_years(texts: Sequence[str], part_name: str) -> dict[str, str]:
    """Return what follows the year in a period, by the text of a quarter or month."""
    found = {str(text): period_texts.part_of_year(str(text)) for text in texts}
    numbers = {
        text: int(bare)
        for text in found
        if (bare := text.strip().removesuffix(".0")).isdigit() and int(bare) <= 12
    }
    as_quarters = part_name != "month" and max(numbers.values(), default=0) <= 4
    for text, number in numbers.items():
        if number and (as_quarters or part_name != "quarter"):
            found[text] = f"Q{number}" if as_quarters else f"-{number:02d}"
    return found


def _check_parts(
    reader: LayoutReader, number: int, found: Mapping[str, str], part_name: str
) -> None:
    """Raise `DataError` for texts that should be parts of years but are not.

    Otherwise they would distinguish series: one per quarter, with a value per year.
    """
    odd = [text for text, part in found.items() if text and not part]
    if odd and is_text_column(reader, number):
        raise DataError(
            f"{reader.file}: {quoted(odd[0])} in column {reader.name(number)} is not "
            f"a {part_name}: write {'1 to 12' if part_name == 'month' else 'Q1 to Q4'}"
        )


def _without_whole_years(
    reader: LayoutReader, years: pd.Series, parts: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Leave out rows of whole years, which some offices call month 13."""
    whole = parts.str.casefold().isin(WHOLE_YEARS).to_numpy()
    if not whole.any() or whole.all():
        return years, parts
    reader.table = replace(reader.table, cells=reader.table.cells[~whole])
    reader.remarks.append(f"{whole.sum():,} values of whole years left out")
    kept = parts[~whole]
    return years[~whole], kept.cat.remove_unused_categories()


def without_other_rows(
    reader: LayoutReader, period: pd.Series
) -> tuple[RawTable, pd.Series]:
    """Leave out rows above the first period: transforms, units, codes."""
    table = reader.table
    distinct = [text for text in period.cat.categories if text]
    read = period_texts.read_periods(distinct).periods
    top = [text in read for text in period.iloc[:MAX_TOP_ROWS]]
    n_top = top.index(True) if True in top else 0
    if any(label.isdigit() for label in period.iloc[:n_top]):
        n_top = 0  # years such as 1 and 1000
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
    kept = ~blank | has_values(table, reader.left)
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


def has_values(table: RawTable, columns: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Return which rows have a cell in one of some columns."""
    full = np.zeros(len(table.cells), dtype=bool)
    for number in columns:
        full |= filled(table.cells[number])
    return full


def take_named(reader: LayoutReader, names: frozenset[str]) -> pd.Series | None:
    """Take the first column with one of these names, and return its texts."""
    for number in reader.left:
        if folded(reader.name(number)) in names:
            return reader.texts(reader.take(number))
    return None


def value_column(reader: LayoutReader) -> int | None:
    """Return the column of values of a long table; `None` if it is wide."""
    values = [n for n in reader.left if folded(reader.name(n)) in column_names.VALUES]
    sure = [n for n in values if folded(reader.name(n)) in SURE_VALUES]
    values = sure if len(sure) == 1 else values
    if len(values) != 1:
        return None
    beside = column_names.ATTRIBUTES | column_names.UNITS
    others = [
        n
        for n in reader.left
        if n != values[0] and folded(reader.name(n)) not in beside
    ]
    named = {folded(reader.name(number)) for number in others}
    if named & (column_names.INDICATORS | column_names.FREQUENCIES):
        return values[0]
    if sure:
        return values[0]
    texts = [n for n in others if is_text_column(reader, n)]
    not_areas = [
        n
        for n in texts
        if folded(reader.name(n))
        not in column_names.COUNTRIES | column_names.ATTRIBUTES
    ]
    return values[0] if not_areas and len(others) == len(texts) else None


def is_text_column(reader: LayoutReader, number: int) -> bool:
    """Return whether most of a column's cells are not numbers."""
    if number not in reader.texts_known:
        reader.texts_known[number] = _has_texts(reader, number)
    return reader.texts_known[number]


def _has_texts(reader: LayoutReader, number: int) -> bool:
    if not has_texts(reader.cells(number)):
        return False
    distinct = reader.distinct(number)
    texts = [text for text in distinct if not number_texts.is_missing(text)]
    if number_texts.are_truths(distinct):
        return False
    some = texts[:: max(1, len(texts) // FEW)]
    if not some:
        # NA is Namibia where nothing else is missing.
        return bool(distinct) and folded(reader.name(number)) in column_names.COUNTRIES
    return sum(number_texts.is_number(text) for text in some) < 0.5 * len(some)


def take_area(reader: LayoutReader) -> pd.Series | None:
    """Return the column of areas; other names of the same areas are left out."""
    by_name = [
        n
        for n in reader.left
        if folded(reader.name(n)) in column_names.COUNTRIES
        and has_texts(reader.cells(n))
        and is_text_column(reader, n)
    ]
    candidates = by_name or [
        n
        for n in reader.left
        if is_text_column(reader, n) and areas.are_countries(reader.distinct(n))
    ]
    sure = [n for n in reader.left if folded(reader.name(n)) == "country"]
    candidates = candidates or sure
    if not candidates:
        return None
    # A code is often missing where the name is that of a group of countries.
    complete = [n for n in candidates if filled(reader.cells(n)).all()]
    others = [n for n in candidates if n not in complete]
    candidates = complete or candidates
    best = candidates[0]
    if len(candidates) > 1:
        exact = [n for n in candidates if folded(reader.name(n)) == "country"]
        order = areas.order([reader.distinct(n) for n in candidates])
        best = candidates[order[0]]
        if exact and not areas.are_countries(reader.distinct(best)):
            best = exact[0]
    area = reader.texts(reader.take(best))
    for number in [*candidates, *(others if complete else [])]:
        if number != best and determines(area, reader.texts(number)):
            names = reader.texts(number)
            pairs = pd.DataFrame({"area": area, "name": names}).drop_duplicates()
            if pairs["name"].duplicated().any():
                reader.leave_out(number, "it describes areas")
                continue
            reader.area_names.update(zip(pairs["area"], pairs["name"], strict=True))
            reader.leave_out(number, f"another name of {reader.name(best)}")
    return area


def determines(area: pd.Series, other: pd.Series) -> bool:
    """Return whether each area has only one text in the other column."""
    pairs = pd.DataFrame({"area": area, "other": other}).drop_duplicates()
    return not pairs["area"].duplicated().any()


def constant_column(name: str, index: pd.Index) -> pd.Series:
    """Return a column that has the same text on every line."""
    return pd.Series(categorical(np.zeros(len(index), dtype="int8"), [name]), index)


def empty_column(index: pd.Index) -> pd.Series:
    """Return a column without texts."""
    return constant_column("", index)


# Columns that name what is measured, not how.
SUBJECTS = frozenset(
    words(
        "indicator indicatorcode subject variable variablecode seriescode concept "
        "naitem weosubjectcode item estimates transaction sto dataitem category "
        "valuevariablelabel "
        "\uacc4\uc815\ud56d\ubaa9"
    )
)
PARTS_OF_YEARS = (
    ("quarter", column_names.QUARTERS),
    ("month", column_names.MONTHS),
    ("quarter or month", frozenset({"period"})),
)
# Month 13 of the Bureau of Labor Statistics, and words for a whole year.
WHOLE_YEARS = frozenset(
    {
        *words(
            "m13 q05 s03 annual total year average jahr ann\u00e9e annee a\u00f1o ano"
        ),
        *("annual average", "annual total", "full year", "whole year"),
    }
)
MAX_TOP_ROWS = 12
SAMPLE = 400
FEW = 60
SURE_VALUES = frozenset({"obsvalue", "observationvalue"})
SURE_PERIODS = frozenset({"period", "timeperiod", "observationdate", "sasdate", "date"})
ROW_NUMBER_NAMES = frozenset({"unnamed0", "x", "rownames", "row", "rownumber"})
