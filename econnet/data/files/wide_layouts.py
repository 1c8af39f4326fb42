"""Wide tables: a column per period, per series, per area or per vintage."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from econnet.data.files import areas, column_names, period_texts
from econnet.data.files.codes import codes_in, column_of, joined
from econnet.data.files.column_names import folded
from econnet.data.files.column_roles import (
    are_periods,
    empty_column,
    has_values,
    is_text_column,
    take_area,
)
from econnet.data.files.long_layout import name_series, telling_apart
from econnet.data.files.stacking import numbers_of_lines, stacked
from econnet.data.files.tidy import Layout, LayoutReader, Tidy


def read_wide_by_periods(
    reader: LayoutReader, headers: Sequence[int], series_name: str
) -> Tidy:
    """Return the rows of a table with one column per period."""
    for number in headers:
        reader.take(number)
    full = has_values(reader.table, headers)
    if full.any() and not full.all():
        cells = reader.table.cells[full]
        reader.table = replace(reader.table, cells=cells)
    area = take_area(reader)
    cut = None
    for number in list(reader.left):
        if folded(reader.name(number)) in column_names.PROJECTIONS:
            texts = reader.texts(reader.take(number)).astype(object)
            cut = pd.to_numeric(texts, errors="coerce")
            reader.remarks.append("years after 'Estimates Start After' are projections")
    column = name_series(reader, area, series_name or "value")
    for number in list(reader.left):
        reader.left.remove(number)
    periods = [reader.name(number) for number in headers]
    values = stacked(reader.table, headers)
    area = empty_column(column.index) if area is None else area
    return reader.tidy(
        "periods",
        area=values.of_row(area),
        period=values.of_column(periods),
        column=values.of_row(column),
        value=values.values,
        known_at=values.constant(""),
        line=pd.Series(values.at_rows(numbers_of_lines(reader.table)), copy=False),
        last_measured=None
        if cut is None
        else pd.Series(values.at_rows(cut.to_numpy())),
    )


def _stack(
    reader: LayoutReader,
    parts: Sequence[tuple[int, str, str]],
    period: pd.Series,
    area: pd.Series | None,
    known_at: pd.Series | Sequence[str] | None,
    layout: Layout,
) -> Tidy:
    """Return the rows of columns, each given with its area and series.

    `known_at` is by row of the table, or by column.
    """
    values = stacked(reader.table, [number for number, _, _ in parts])
    if isinstance(known_at, pd.Series):
        known = values.of_row(known_at)
    else:
        known = values.of_column(known_at) if known_at else values.constant("")
    return reader.tidy(
        layout,
        area=values.of_column([owner for _, owner, _ in parts])
        if area is None
        else values.of_row(area),
        period=values.of_row(period),
        column=values.of_column([name for _, _, name in parts]),
        value=values.values,
        known_at=known,
        line=pd.Series(values.at_rows(numbers_of_lines(reader.table)), copy=False),
    )


def read_wide_by_series(
    reader: LayoutReader,
    area: pd.Series | None,
    period: pd.Series,
    known_at: pd.Series | None,
) -> Tidy:
    """Return the rows of a table with one column per series."""
    for number in list(reader.left):
        name = folded(reader.name(number))
        if name in column_names.FREQUENCIES and is_text_column(reader, number):
            reader.leave_out(number, "it names frequencies")
    texts = [n for n in reader.left if is_text_column(reader, n)]
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
    reader: LayoutReader,
    area: pd.Series | None,
    period: pd.Series,
    known_at: pd.Series | None,
    texts: Sequence[int],
) -> Tidy:
    """Return the rows of a wide table in which columns of text distinguish series."""
    columns = pd.DataFrame({n: reader.texts(n) for n in texts})
    chosen = telling_apart(columns, [n for n in texts if len(columns[n].unique()) > 1])
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
    labels = column_of(codes_in(label)[place], label.cat.categories)
    names = joined([tidy.column, labels], lambda *parts: " ".join(parts))
    return replace(tidy, column=names)


def _read_subheads(reader: LayoutReader) -> None:
    """Keep the texts below the names as units, and names over groups as parts."""
    for row in reader.table.subheads:
        for number in reader.left:
            if text := row[number]:
                reader.units.setdefault(reader.name(number), text)


def _prefixed(reader: LayoutReader) -> dict[int, tuple[str, str]]:
    """Return area and series of columns such as `DEU BIP` or `GDP_FRA`."""
    for pattern in PREFIXES:
        found = {}
        for number in reader.left:
            match = pattern.fullmatch(reader.name(number))
            if match and _is_area_code(match["area"]):
                series = ID_BEHIND.sub("", match["series"]).strip(" \u2013\u2014-:")
                found[number] = (match["area"], series)
        if found and len(found) == len(reader.left):
            return found
    return {}


def _is_area_code(text: str) -> bool:
    """Return whether a part of a name is an alpha-3 code or the name of a country."""
    return ((len(text) == 3 and text.isupper()) or len(text) > 3) and areas.is_country(
        text
    )


def names_are_areas(reader: LayoutReader) -> bool:
    """Return whether the remaining columns' names, or those above, are countries."""
    names = [reader.name(n) for n in reader.left if not is_text_column(reader, n)]
    groups = [reader.table.above[n] for n in reader.left] if reader.table.above else []
    if len({*groups}) > 1 and areas.are_countries({*filter(None, groups)}):
        return True
    return len(names) > 1 and areas.are_countries(names)


def read_wide_by_areas(
    reader: LayoutReader,
    period: pd.Series,
    known_at: pd.Series | None,
    series_name: str,
) -> Tidy:
    """Return the rows of a table with one column per area, and perhaps per series."""
    for number in [n for n in reader.left if is_text_column(reader, n)]:
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


def vintage_columns(reader: LayoutReader) -> dict[int, tuple[str, str]]:
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


def dates_of_vintages(
    reader: LayoutReader, headers: Sequence[int], series_name: str
) -> tuple[int, dict[int, tuple[str, str]]] | None:
    """Return the column of periods, and series and vintage of columns of dates.

    `None` for a table whose lines are not periods: its columns are then its periods.
    """
    others = [n for n in reader.left if n not in headers]
    periods = [n for n in others if are_periods(reader.distinct(n))]
    days = {number: _vintage_day(reader.name(number)) for number in headers}
    if len(periods) != 1 or len(headers) < MIN_VINTAGES:
        return None
    if len(reader.distinct(periods[0])) < MIN_PERIODS_OF_VINTAGES:
        return None
    name = series_name or "value"
    dated = {number: (name, day) for number, day in days.items() if day}
    return (periods[0], dated) if len(dated) == len(headers) else None


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


def read_triangle(
    reader: LayoutReader, period: pd.Series, found: Mapping[int, tuple[str, str]]
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


MIN_VINTAGES = 4
MIN_PERIODS_OF_VINTAGES = 4
PREFIXES = (
    re.compile(r"(?P<area>[^\W\d_]{3,})[ _.:-]+(?P<series>.+)"),
    re.compile(r"(?P<series>.+?)[ _.:-]+(?P<area>[^\W\d_]{3,})"),
)
# `GDP (AMECO/OVGD/DEU.1.0.0.0.OVGD)`
ID_BEHIND = re.compile(r" \([^()/ ]+/[^() ]+\)$")
VINTAGE = re.compile(
    r"(?P<stem>.+?[_ -]|.*?[^\d_])(?P<vintage>\d{8}|\d{4}_\d{2}_\d{2}"
    r"|\d{4}-\d{2}-\d{2}|(19|20)?\d{2}[QM]\d{1,2})",
    re.I,
)
