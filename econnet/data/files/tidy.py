"""The values of a table one below another, and what its columns were taken for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from econnet.data.files.codes import column_of, factorized, looked_up, numbers_of
from econnet.data.files.sheets import as_text
from econnet.data.files.tables import RawTable

Layout = Literal["long", "series", "periods", "areas", "vintages"]


@dataclass(frozen=True, eq=False)
class Tidy:
    """Values and everything that identifies them, as written in the file.

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
        Columns that are not series, and why.
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
class LayoutReader:
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
        """Return the name of a column."""
        return self.table.names[number]

    def cells(self, number: int) -> pd.Series:
        """Return the cells of a column."""
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
        position = numbers_of([number_of[text] for text in texts])
        return column_of(looked_up(position, codes), names, cells.index)

    def distinct(self, number: int) -> list[str]:
        """Return the distinct texts of a column that are not empty."""
        _, values = factorized(self.table.cells[number])
        texts = (as_text(v) for v in values if v is not None and v == v)  # type: ignore[arg-type]  # cells
        return [text for text in texts if text]

    def tidy(
        self,
        layout: Layout,
        *,
        area: pd.Series,
        period: pd.Series,
        column: pd.Series,
        value: pd.Series,
        known_at: pd.Series,
        line: pd.Series,
        last_measured: pd.Series | None = None,
    ) -> Tidy:
        """Return the values, all that identifies them, and the remarks so far."""
        return Tidy(
            area,
            period,
            column,
            value,
            known_at,
            line,
            layout,
            self.left_out,
            self.units,
            self.transforms,
            last_measured,
            tuple(self.remarks),
            self.area_names,
        )

    def take(self, number: int) -> int:
        """Count a column as read, and return its number."""
        self.left.remove(number)
        return number

    def leave_out(self, number: int, reason: str) -> None:
        """Leave a column out, and keep the reason."""
        self.left.remove(number)
        self.left_out[self.name(number) or f"column {number + 1}"] = reason
