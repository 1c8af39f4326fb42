"""Axes of time: periods as years with fractions, contractions as bands behind."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from econnet.core.periods import Frequency
from econnet.core.types import Floats
from econnet.forecast.result import Forecast
from econnet.report.figures.style import Look

WIDTH: dict[Frequency, float] = {"A": 1.0, "Q": 1 / 4, "M": 1 / 12}


class TimeAxis:
    """An axis of years for periods of one frequency, from `first` to `last`."""

    def __init__(self, first: pd.Period, last: pd.Period, frequency: Frequency) -> None:
        self.width = WIDTH[frequency]
        self.first = float(self.start(pd.PeriodIndex([first]))[0])
        self.last = float(self.start(pd.PeriodIndex([last]))[0]) + self.width

    @classmethod
    def of(cls, forecast: Forecast) -> "TimeAxis":
        """Return the axis of a forecast's history and of the period ahead."""
        periods = pd.PeriodIndex(forecast.history.index)
        last = max(periods[-1], forecast.period)
        return cls(periods[0], last, forecast.task.frequency)

    def start(self, periods: pd.PeriodIndex) -> Floats:
        """Return the beginning of each period."""
        within = {1.0: 0 * periods.year, 1 / 4: periods.quarter - 1}.get(
            self.width, periods.month - 1
        )
        return np.asarray(periods.year + within * self.width, dtype=float)

    def middle(self, periods: "pd.Series | pd.PeriodIndex") -> Floats:
        """Return the middle of each period."""
        return self.start(pd.PeriodIndex(periods)) + self.width / 2


def contraction_spells(contraction: pd.Series) -> list[tuple[int, int]]:
    """Return the positions of the first and last period of each contraction."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], contraction == 1, [0]])))
    return [(int(first), int(end) - 1) for first, end in edges.reshape(-1, 2)]


def shade_contractions(
    axes: Axes, contraction: pd.Series, time: TimeAxis, look: Look
) -> None:
    """Shade the periods that contracted, over the full height of the axes."""
    starts = time.start(pd.PeriodIndex(contraction.index))
    bands = [
        (starts[first], starts[last] + time.width - starts[first])
        for first, last in contraction_spells(contraction)
    ]
    height = axes.get_xaxis_transform()
    axes.broken_barh(
        bands, (0, 1), facecolor=look.band, linewidth=0, transform=height, zorder=0
    )


def year_axis(axes: Axes) -> None:
    """Mark whole years below the axes."""
    axes.spines["bottom"].set_visible(True)
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True, steps=[1, 2, 4, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda year, _: f"{year:.0f}"))


def record_of(forecast: Forecast, model: str) -> pd.DataFrame:
    """Return the country's out-of-sample forecasts by one model, oldest first."""
    record = forecast.track_record
    return record[record["model"] == model].sort_values("period")
