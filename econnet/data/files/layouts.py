"""From a table to one row per value: whose, of which series, in which period.

A table is long (a column of values), wide by series, by periods or by areas, or has one
column per vintage. The names of its columns decide, and their cells where names do not.
"""

from econnet.data.files import column_names, period_texts
from econnet.data.files.column_roles import (
    leave_row_numbers,
    split_first_column,
    take_area,
    take_flagged_periods,
    take_named,
    take_period,
    value_column,
    without_other_rows,
)
from econnet.data.files.filled_years import with_years
from econnet.data.files.long_layout import read_long
from econnet.data.files.sdmx_labels import without_labels
from econnet.data.files.sheets import check_names
from econnet.data.files.tables import RawTable
from econnet.data.files.tidy import LayoutReader, Tidy
from econnet.data.files.wide_layouts import (
    dates_of_vintages,
    names_are_areas,
    read_triangle,
    read_wide_by_areas,
    read_wide_by_periods,
    read_wide_by_series,
    vintage_columns,
)
from econnet.data.files.year_grids import columns_of_parts, read_year_grid


def arrange(file: str, table: RawTable, series_name: str = "") -> Tidy:
    """Return the values of a table.

    `series_name` names the series of a table that has one series and no name for it.
    """
    table = with_years(split_first_column(without_labels(table)))
    pairs = zip(table.above, table.names, strict=True)
    check_names(file, [*map(" ".join, pairs)] if table.above else table.names)
    reader = LayoutReader(file, table, [])
    reader.left = list(range(len(reader.table.names)))
    leave_row_numbers(reader)
    headers = [n for n in reader.left if period_texts.is_period(reader.name(n))]
    if len(headers) >= MIN_PERIOD_COLUMNS:
        headers += take_flagged_periods(reader)
    if len(headers) >= MIN_PERIOD_COLUMNS and len(headers) >= len(reader.left) / 2:
        if vintages := dates_of_vintages(reader, headers, series_name):
            number, found = vintages
            return read_triangle(reader, reader.texts(reader.take(number)), found)
        return read_wide_by_periods(reader, headers, series_name)
    period = take_period(reader)
    reader.table, period = without_other_rows(reader, period)
    known_at = take_named(reader, column_names.KNOWN_AT)
    value = value_column(reader)
    area = take_area(reader)
    if parts := columns_of_parts(reader, period):
        return read_year_grid(reader, area, period, parts, series_name)
    if value is not None:
        return read_long(
            reader, area, period, known_at, reader.take(value), series_name
        )
    if area is None and (stems := vintage_columns(reader)):
        return read_triangle(reader, period, stems)
    if area is None and names_are_areas(reader):
        return read_wide_by_areas(reader, period, known_at, series_name)
    return read_wide_by_series(reader, area, period, known_at)


MIN_PERIOD_COLUMNS = 2
