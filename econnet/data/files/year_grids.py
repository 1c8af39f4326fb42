"""Tables with one line per year and one column per month or quarter."""

import re
from collections.abc import Mapping

import pandas as pd

from econnet.data.files import period_texts
from econnet.data.files.codes import joined
from econnet.data.files.column_roles import empty_column
from econnet.data.files.long_layout import name_series
from econnet.data.files.stacking import numbers_of_lines, stacked
from econnet.data.files.tidy import LayoutReader, Tidy


def columns_of_parts(reader: LayoutReader, period: pd.Series) -> dict[int, str]:
    """Return the part of the year that each column has; empty for another table."""
    years = [text for text in period.cat.categories if text]
    if not all(re.fullmatch(r"[12]\d{3}", year) for year in years):
        return {}
    parts = {
        number: part
        for number in reader.left
        if (part := period_texts.part_of_year(reader.name(number)))
    }
    is_whole = sorted(parts.values()) in WHOLE_YEARS
    return parts if is_whole else {}


def read_year_grid(
    reader: LayoutReader,
    area: pd.Series | None,
    years: pd.Series,
    parts: Mapping[int, str],
    series_name: str,
) -> Tidy:
    """Return the rows of a table with one column per month or quarter of a year."""
    for number in parts:
        reader.take(number)
    column = name_series(reader, area, series_name or "value")
    area = empty_column(column.index) if area is None else area
    values = stacked(reader.table, [*parts])
    year_and_part = [values.of_row(years), values.of_column([*parts.values()])]
    return reader.tidy(
        "periods",
        area=values.of_row(area),
        period=joined(year_and_part, lambda year, part: f"{year}{part}"),
        column=values.of_row(column),
        value=values.values,
        known_at=values.constant(""),
        line=pd.Series(values.at_rows(numbers_of_lines(reader.table)), copy=False),
    )


WHOLE_YEARS = (
    [f"Q{quarter}" for quarter in range(1, 5)],
    [f"-{month:02d}" for month in range(1, 13)],
)
