"""The report's figures, drawn by matplotlib in one style.

Every figure is drawn at the size at which it is printed, in millimetres, so that its
letters are as large as those around it. Blue is what econnet forecasts, orange are
contractions and losses, warm grey bands are contractions in the background; everything
else is grey. Headings say what is shown and in which unit, and labels stand beside what
they name.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import Bbox

from econnet.evaluation.metrics import roc_curve
from econnet.forecast import Driver, Forecast
from econnet.report import words

Floats = npt.NDArray[np.float64]

BLUE = "#1d5dbf"
PALE_BLUE = "#9fb3d8"
ORANGE = "#c9501c"
BAND = "#ece6db"
INK = "#1c1e21"
GREY = "#5f6673"
PALE_GREY = "#c3c6cd"

FULL_WIDTH = 180.0
HALF_WIDTH = 86.0
# Room for tick labels on the left, and on the right for what is said of the last point.
LEFT, RIGHT = 9.0, 21.0
MM = 1 / 25.4
PNG_DPI = 200

SEMIBOLD: dict[str, Any] = {"fontfamily": "Inter", "fontweight": 600}

FONTS = resources.files("econnet.report") / "fonts"
STYLE = resources.files("econnet.report") / "econnet.mplstyle"


def draw(forecast: Forecast) -> dict[str, Figure]:
    """Return every figure that the forecast has something to show in, by its name."""
    _add_fonts()
    figures = {}
    with _style():
        for name, drawing in DRAWINGS.items():
            figure = drawing(forecast)
            if figure is not None:
                figures[name] = figure
    return figures


def as_svg(figure: Figure) -> str:
    """Return the figure as SVG with real text, the same bytes for the same figure."""
    return _saved(figure, "svg", metadata={"Date": None}).decode("utf-8")


def as_png(figure: Figure, credit: str) -> bytes:
    """Return the figure as PNG at the resolution of print, with a credit below it."""
    width, height = figure.get_size_inches()
    with _style():
        line = figure.text(
            0,
            -2.5 * MM / height,
            _shortened(credit, width / MM, size=7.5),
            fontsize=7.5,
            color=GREY,
            va="top",
        )
    page = Bbox([[-3 * MM, -8 * MM], [width + 3 * MM, height + 3 * MM]])
    png = _saved(
        figure, "png", dpi=PNG_DPI, bbox_inches=page, metadata={"Software": None}
    )
    line.remove()
    return png


def _saved(figure: Figure, format_: str, **options: object) -> bytes:
    buffer = BytesIO()
    with _style():
        figure.savefig(buffer, format=format_, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


@contextmanager
def _style() -> Iterator[None]:
    with resources.as_file(STYLE) as style, mpl.rc_context(fname=style):
        yield


@cache
def _add_fonts() -> None:
    with resources.as_file(FONTS) as folder:
        for file in sorted(Path(folder).glob("*.otf")):
            font_manager.fontManager.addfont(file)


def history(forecast: Forecast) -> Figure:
    """Draw growth, and below it on the same axis of time what was forecast of it."""
    figure = _figure(FULL_WIDTH, 86)
    time = _Time(forecast)
    above = _axes(figure, LEFT, 48.5, FULL_WIDTH - LEFT - RIGHT, 31)
    below = _axes(figure, LEFT, 6, FULL_WIDTH - LEFT - RIGHT, 31)
    for axes in (above, below):
        _shade_contractions(axes, forecast.history["contraction"], time)
        axes.set_xlim(time.first, time.last)
    _heading(figure, 86, words.growth_heading(forecast), "grey bands: contractions")
    _draw_growth(above, forecast.history["growth"], time)
    above.tick_params(labelbottom=False)
    _heading(
        figure,
        43.5,
        f"Probability of a contraction, forecast {words.ahead(forecast.task)}, %",
        "out of sample; the last point is the forecast, with its 90% interval",
    )
    own = _record_of(forecast, "econnet")
    below.plot(time.middle(own["period"]), 100 * own["probability"], color=BLUE)
    top = _top([*own["probability"], *forecast.interval, forecast.base_rate])
    _draw_today(below, forecast, time, top)
    _percent_axis(below, top)
    _year_axis(below)
    return figure


def timeline(forecast: Forecast) -> Figure | None:
    """Draw every out-of-sample forecast, marked by what came of it."""
    own = _record_of(forecast, "econnet").dropna(subset=["outcome"])
    if len(own) < 2:
        return None
    figure = _figure(FULL_WIDTH, 49)
    axes = _axes(figure, LEFT, 6, FULL_WIDTH - LEFT - RIGHT, 35)
    noun = words.NOUN[forecast.task.frequency]
    _heading(
        figure,
        49,
        f"Probability forecast {words.ahead(forecast.task)}, and what came of it, %",
        f"each dot a {noun}; orange: it contracted",
    )
    time, top = _Time(forecast), _top(own["probability"])
    x, y = time.middle(own["period"]), 100 * own["probability"].to_numpy(dtype=float)
    contracted = own["outcome"].to_numpy(dtype=float) == 1
    _shade_contractions(axes, forecast.history["contraction"], time)
    size = float(np.clip(2400 / len(own), 3, 18))
    axes.plot(x, y, color=BLUE, linewidth=0.8, alpha=0.6)
    for came, color in ((~contracted, PALE_BLUE), (contracted, ORANGE)):
        axes.scatter(x[came], y[came], size, color, zorder=3, linewidths=0)
    base = _record_of(forecast, "base_rate")
    base = base[base["period"].isin(own["period"])]
    if len(base):
        axes.plot(
            time.middle(base["period"]),
            100 * base["probability"],
            color=GREY,
            linewidth=0.8,
            linestyle=(0, (4, 2)),
        )
        rate = max(100 * float(base["probability"].iloc[-1]), 0.09 * top)
        _beside(axes, x[-1] + time.width, rate, "long-run\nrate", GREY)
    axes.set_xlim(x[0] - time.width, x[-1] + time.width)
    _percent_axis(axes, top)
    _year_axis(axes)
    return figure


def drivers(forecast: Forecast) -> Figure | None:
    """Draw what the indicators that matter most add to the forecast."""
    return _drivers(forecast, HALF_WIDTH, most=7)


def contributions(forecast: Forecast) -> Figure | None:
    """Draw what all indicators add to the forecast, the least of many as one."""
    return _drivers(forecast, FULL_WIDTH, most=27)


def _drivers(forecast: Forecast, width: float, most: int) -> Figure | None:
    ranked = sorted(forecast.drivers, key=lambda driver: -abs(driver.contribution))
    if not ranked:
        return None
    shown = ranked if len(ranked) <= most + 1 else ranked[:most]
    rows = [(driver.title, driver.contribution) for driver in shown]
    if rest := ranked[len(shown) :]:
        rows.append((f"{len(rest)} others together", _total(rest)))
    values = np.array([value for _, value in rows])
    widest = max(_width(title, 8, 400) for title, _ in rows)
    labels = min(widest + 3, 0.5 * width)
    bars = width - labels
    row_height = float(np.clip(98 / len(rows), 3.4, 4.6))
    height = 8 + row_height * max(len(rows), 8 if width == HALF_WIDTH else 3) + 1
    figure = _figure(width, height)
    axes = _axes(
        figure,
        labels,
        height - 8 - row_height * len(rows),
        bars,
        row_height * len(rows),
    )
    _heading(figure, height, "What moves the forecast", "log-odds; right: contraction")
    y = np.arange(len(rows))
    axes.barh(y, values, 0.62, color=np.where(values > 0, ORANGE, PALE_BLUE))
    axes.axvline(0, color=GREY, linewidth=0.6)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    # Room for the figures that stand outside the bars.
    room = (high - low or 1.0) * 10 / (bars - 20)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    for row, (title, value) in enumerate(rows):
        axes.annotate(
            words.number(value, 2, sign=True),
            (value, row),
            (3 if value >= 0 else -3, 0),
            textcoords="offset points",
            ha="left" if value >= 0 else "right",
            va="center_baseline",
            fontsize=7.5,
            color=GREY,
        )
        x = -2 / bars
        axes.annotate(
            _shortened(title, labels - 3),
            (x, row),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="center_baseline",
            annotation_clip=False,
        )
    axes.axis("off")
    return figure


def reliability(forecast: Forecast) -> Figure | None:
    """Draw how often contractions followed, small, for the first page."""
    return _reliability(forecast, HALF_WIDTH, 45.8)


def reliability_large(forecast: Forecast) -> Figure | None:
    """Draw the same large, with every forecast and its outcome along the edges."""
    figure = _reliability(forecast, HALF_WIDTH, 58)
    if figure is None:
        return None
    own = _record_of(forecast, "econnet").dropna(subset=["outcome"])
    axes = figure.axes[0]
    for outcome, y, color in ((1, 1.0, ORANGE), (0, 0.0, GREY)):
        said = 100 * own.loc[own["outcome"] == outcome, "probability"]
        axes.plot(
            said,
            np.full(len(said), y),
            "|",
            color=color,
            markersize=6,
            markeredgewidth=0.5,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
        )
    return figure


def _reliability(forecast: Forecast, width: float, height: float) -> Figure | None:
    bins = forecast.reliability
    if not bins:
        return None
    figure = _figure(width, height)
    axes = _axes(figure, 12, 10, width - 15, height - 18)
    _heading(
        figure, height, "When it said so, did it happen?", "counts above; bars: 90%"
    )
    x = np.array([100 * bin_.probability for bin_ in bins])
    y = np.array([100 * bin_.frequency for bin_ in bins])
    intervals = 100 * np.array([bin_.interval for bin_ in bins])
    own = _record_of(forecast, "econnet").dropna(subset=["outcome"])
    end, top = _top(own["probability"]), _top(intervals.ravel() / 100)
    axes.plot([0, 100], [0, 100], color=PALE_GREY, linewidth=0.8)
    axes.vlines(x, intervals[:, 0], intervals[:, 1], color=BLUE, linewidth=1.2)
    axes.scatter(x, y, 16, BLUE, zorder=3, linewidths=0, clip_on=False)
    for place, bin_ in zip(
        _apart(x, intervals[:, 1], end, top, height - 18), bins, strict=True
    ):
        axes.annotate(
            str(bin_.n),
            (100 * bin_.probability, place),
            ha="center",
            va="bottom",
            fontsize=7.5,
            color=GREY,
            annotation_clip=False,
        )
    _percent_axis(axes, top)
    axes.set_xlim(0, end)
    axes.set_xticks(np.linspace(0, end, 6))
    axes.set_xlabel("forecast probability, %", labelpad=2)
    axes.set_ylabel("contracted, %", labelpad=3)
    return figure


def _apart(x: Floats, y: Floats, end: float, top: float, height: float) -> list[float]:
    """Return `y`, raised where labels of one number at (x, y) would touch."""
    places: list[float] = []
    line, digits = 3.4 * top / height, 5.0 * end / (HALF_WIDTH - 15)
    for number, start in enumerate(y):
        near = [
            places[other] for other in range(number) if x[number] - x[other] < digits
        ]
        place = float(start) + 0.01 * top
        while any(abs(place - other) < line for other in near):
            place += line / 4
        places.append(place)
    return places


def roc(forecast: Forecast) -> Figure | None:
    """Draw hits against false alarms for every threshold, of econnet and baselines."""
    if forecast.metrics.auroc is None:
        return None
    height = 58
    figure = _figure(HALF_WIDTH, height)
    axes = _axes(figure, 12, 10, HALF_WIDTH - 15, height - 18)
    _heading(figure, height, "Hits against false alarms", "ROC; in brackets: AUROC")
    axes.plot([0, 100], [0, 100], color=PALE_GREY, linewidth=0.8)
    ranked = [
        (name, scores.auroc, style)
        for (name, scores), style in zip(
            (item for item in forecast.baselines.items() if item[0] != "base_rate"),
            _BASELINE_STYLES * len(forecast.baselines),
            strict=False,
        )
        if scores.auroc is not None
    ]
    lines: list[tuple[str, float, dict[str, Any]]] = [
        *ranked[:4],
        ("econnet", forecast.metrics.auroc, {"color": BLUE, "linewidth": 1.6}),
    ]
    for row, (name, area, style) in enumerate(lines):
        known = _record_of(forecast, name).dropna(subset=["outcome", "probability"])
        false_alarms, hits = roc_curve(
            known["probability"].to_numpy(dtype=float),
            known["outcome"].to_numpy(dtype=float),
        )
        axes.plot(100 * false_alarms, 100 * hits, **style, clip_on=False)
        axes.plot([50, 56], [6 + 9 * row] * 2, **style)
        title = "econnet" if name == "econnet" else words.baseline_title(name)
        axes.text(
            58,
            6 + 9 * row,
            f"{title} ({area:.2f})",
            va="center_baseline",
            color=BLUE if name == "econnet" else GREY,
            **(SEMIBOLD if name == "econnet" else {}),
        )
    _percent_axis(axes, 100)
    axes.set_xlim(0, 100)
    axes.set_xlabel("false alarms, % of expansions", labelpad=2)
    axes.set_ylabel("hits, % of contractions", labelpad=3)
    return figure


_BASELINE_STYLES: tuple[dict[str, Any], ...] = (
    {"color": GREY, "linewidth": 0.9},
    {"color": GREY, "linewidth": 0.9, "linestyle": (0, (4, 2))},
    {"color": GREY, "linewidth": 0.9, "linestyle": (0, (1, 1.5))},
    {"color": PALE_GREY, "linewidth": 0.9},
)


def responses(forecast: Forecast) -> Figure | None:
    """Draw how the forecast would change with the newest value of each indicator."""
    curves = forecast.response_curves[:6]
    if not curves:
        return None
    columns, rows = 3, -(-len(curves) // 3)
    width, height, gap = 48.0, 24.0, 9.0
    total = rows * (height + 21) - 2
    figure = _figure(FULL_WIDTH, total)
    top = _top([said for curve in curves for said in curve.probabilities])
    for number, curve in enumerate(curves):
        row, column = divmod(number, columns)
        left = LEFT + column * (width + gap + 2)
        bottom = total - row * (height + 21) - 8 - height
        axes = _axes(figure, left, bottom, width, height)
        x, y = np.array(curve.values), 100 * np.array(curve.probabilities)
        axes.plot(x, y, color=BLUE, clip_on=False)
        if curve.current is not None:
            now = float(np.interp(curve.current, x, y))
            axes.scatter([curve.current], [now], 18, BLUE, zorder=3, clip_on=False)
            # On the side away from the curve, and inside the axes.
            falls, share = y[0] > y[-1], (curve.current - x[0]) / (x[-1] - x[0])
            right = share < 0.65 if falls else share < 0.35
            axes.annotate(
                f"now {words.number(curve.current, 1)}",
                (curve.current, now),
                (4 if right else -4, 5 if right == falls else -5),
                textcoords="offset points",
                ha="left" if right else "right",
                va="bottom" if right == falls else "top",
                color=BLUE,
                **SEMIBOLD,
            )
        title = _shortened(curve.title, width + 6, weight=600, size=9)
        figure.text(
            (left - LEFT if column == 0 else left - 7) / FULL_WIDTH,
            (bottom + height + 4) / total,
            title,
            fontsize=9,
            **_semibold(title),
        )
        _percent_axis(axes, top)
        axes.set_xlim(x[0], x[-1])
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(_tick))
        axes.set_xlabel(_shortened(curve.unit, width), labelpad=2)
    return figure


class _Time:
    """Periods as years with fractions, for axes of time."""

    def __init__(self, forecast: Forecast) -> None:
        self.width = {"A": 1.0, "Q": 1 / 4, "M": 1 / 12}[forecast.task.frequency]
        periods = pd.PeriodIndex(forecast.history.index)
        self.first = float(self.start(periods[:1])[0])
        last = max(periods[-1], forecast.period)
        self.last = float(self.start(pd.PeriodIndex([last]))[0]) + self.width

    def start(self, periods: pd.PeriodIndex) -> Floats:
        """Return the beginning of each period."""
        within = {1.0: 0 * periods.year, 1 / 4: periods.quarter - 1}.get(
            self.width, periods.month - 1
        )
        return np.asarray(periods.year + within * self.width, dtype=float)

    def middle(self, periods: pd.Series | pd.PeriodIndex) -> Floats:
        """Return the middle of each period."""
        return self.start(pd.PeriodIndex(periods)) + self.width / 2


def _draw_growth(axes: Axes, growth: pd.Series, time: _Time) -> None:
    """Draw growth as bars; those that would squeeze the scale are cut and labelled."""
    known = growth.dropna()
    if known.empty:
        middle = (axes.get_xlim()[0] + axes.get_xlim()[1]) / 2
        axes.text(middle, 0.5, "not known", ha="center", va="center", color=GREY)
        axes.set_yticks([])
        _year_axis(axes)
        return
    values = known.to_numpy(dtype=float)
    x = time.middle(pd.PeriodIndex(known.index))
    low, high = _growth_limits(values)
    heights = np.clip(values, low, high)
    colors = np.where(values < 0, ORANGE, PALE_BLUE)
    # One collection of lines where bars would be too thin to be told apart.
    if len(values) < 200:
        axes.bar(x, heights, 0.78 * time.width, color=colors)
    else:
        span = (FULL_WIDTH - LEFT - RIGHT) * MM * 72
        thickness = span * time.width / (time.last - time.first)
        axes.vlines(x, 0, heights, colors=list(colors), linewidth=thickness)
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(_tick))
    _label_outliers(axes, known, x, (low, high))
    _year_axis(axes)


def _growth_limits(values: Floats) -> tuple[float, float]:
    """Return limits that most values fill well: the largest few may lie beyond."""
    usual = 2.2 * float(np.quantile(np.abs(values), 0.95)) or 1.0
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    margin = 0.06 * (high - low)
    return (
        -usual if low < -1.4 * usual else low - margin if low < 0 else low,
        usual if high > 1.4 * usual else high + margin if high > 0 else high,
    )


def _label_outliers(
    axes: Axes, growth: pd.Series, x: Floats, limits: tuple[float, float]
) -> None:
    """Name the bars that were cut, the largest of each cluster."""
    values = growth.to_numpy(dtype=float)
    for side, limit in ((-1, limits[0]), (1, limits[1])):
        beyond = np.flatnonzero(side * values > side * limit)
        taken: list[float] = []
        for position in sorted(beyond, key=lambda place: -abs(values[place])):
            span = axes.get_xlim()[1] - axes.get_xlim()[0]
            if any(abs(x[position] - other) < 0.12 * span for other in taken):
                continue
            taken.append(float(x[position]))
            left = x[position] - axes.get_xlim()[0] > 0.15 * span
            axes.annotate(
                f"{growth.index[int(position)]}: {words.number(values[position], 1)}",
                (x[position], limit),
                (-4 if left else 4, -2 * side),
                textcoords="offset points",
                ha="right" if left else "left",
                va="bottom" if side < 0 else "top",
                fontsize=7.5,
                color=ORANGE if side < 0 else GREY,
            )


def _draw_today(axes: Axes, forecast: Forecast, time: _Time, top: float) -> None:
    """Draw today's forecast and the long-run rate, and name both at the right."""
    x = float(time.middle(pd.PeriodIndex([forecast.period]))[0])
    y, low, high = (100 * value for value in (forecast.probability, *forecast.interval))
    rate = 100 * forecast.base_rate
    axes.vlines([x], [low], [high], color=BLUE, linewidth=1.2, clip_on=False)
    axes.scatter([x], [y], 20, BLUE, zorder=3, linewidths=0, clip_on=False)
    axes.axhline(rate, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    said = f"{forecast.period}\n{words.percent(forecast.probability)}"
    base = f"long-run\nrate {words.percent(forecast.base_rate)}"
    said_y = float(np.clip(y, 0.08 * top, 0.92 * top))
    _beside(axes, time.last, said_y, said, BLUE)
    _beside(axes, time.last, _away_from(said_y, rate, top), base, GREY)


def _away_from(taken: float, wanted: float, top: float) -> float:
    """Return the place nearest to `wanted` for a label of two lines beside another."""
    apart = 0.29 * top
    if abs(wanted - taken) >= apart:
        return wanted
    above, below = taken + apart, taken - apart
    if below < 0.06 * top or (wanted >= taken and above <= 0.96 * top):
        return above
    return below


def _beside(axes: Axes, x: float, y: float, text: str, color: str) -> None:
    axes.annotate(
        text,
        (x, y),
        (6, 0),
        textcoords="offset points",
        va="center",
        color=color,
        **(SEMIBOLD if color == BLUE else {}),
        linespacing=1.15,
        annotation_clip=False,
    )


def _shade_contractions(axes: Axes, contraction: pd.Series, time: _Time) -> None:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], contraction == 1, [0]])))
    starts = time.start(pd.PeriodIndex(contraction.index))
    bands = [
        (starts[first], starts[after - 1] + time.width - starts[first])
        for first, after in zip(edges[::2], edges[1::2], strict=True)
    ]
    height = axes.get_xaxis_transform()
    axes.broken_barh(
        bands, (0, 1), facecolor=BAND, linewidth=0, transform=height, zorder=0
    )


def _record_of(forecast: Forecast, model: str) -> pd.DataFrame:
    record = forecast.track_record
    return record[record["model"] == model].sort_values("period")


def _top(probabilities: Iterable[float]) -> float:
    """Return the end of an axis in percent that has room for all `probabilities`."""
    return next(top for top in (25.0, 50.0, 100.0) if 100 * max(probabilities) <= top)


def _percent_axis(axes: Axes, top: float) -> None:
    axes.set_ylim(0, top)
    axes.set_yticks(np.linspace(0, top, 6))


def _year_axis(axes: Axes) -> None:
    axes.spines["bottom"].set_visible(True)
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True, steps=[1, 2, 4, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda year, _: f"{year:.0f}"))


def _tick(value: float, _position: int | None) -> str:
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def _total(drivers_: list[Driver]) -> float:
    return sum(driver.contribution for driver in drivers_)


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width * MM, height * MM))


def _axes(
    figure: Figure, left: float, bottom: float, width: float, height: float
) -> Axes:
    """Add axes at a place given in millimetres from the lower left corner."""
    whole_width, whole_height = figure.get_size_inches() / MM
    axes: Axes = figure.add_axes(
        (
            left / whole_width,
            bottom / whole_height,
            width / whole_width,
            height / whole_height,
        )
    )
    return axes


def _heading(figure: Figure, top: float, text: str, note: str) -> None:
    """Write a heading at the left and a note at the right, if both have room."""
    width, height = figure.get_size_inches() / MM
    shown = _shortened(text, width, 600, 9)
    figure.text(0, (top - 1) / height, shown, fontsize=9, va="top", **_semibold(shown))
    if _width(shown, 9, 600) + 3 + _width(note, 7.5, 400) <= width:
        y = (top - 1.35) / height
        figure.text(1, y, note, fontsize=7.5, color=GREY, ha="right", va="top")


def _semibold(text: str) -> dict[str, Any]:
    """Return the style of a heading: the second font has no such weight."""
    return SEMIBOLD if _letters("Inter").issuperset(map(ord, text)) else {}


@cache
def _letters(family: str) -> frozenset[int]:
    """Return the code points that a font can draw."""
    return frozenset(font_manager.get_font(font_manager.findfont(family)).get_charmap())


def _shortened(text: str, width: float, weight: int = 400, size: float = 8) -> str:
    """Return `text`, cut at the end where it is wider than `width` millimetres.

    U+FFFD stands for letters that no font here can draw: one of them would else take
    the whole line along.
    """
    text = "".join(
        letter
        if ord(letter) in _letters("Inter") or ord(letter) in _letters("DejaVu Sans")
        else "\N{REPLACEMENT CHARACTER}"
        for letter in words.printable(text)
    )
    if _width(text, size, weight) <= width:
        return text
    too_long = bisect_right(
        range(len(text)), width, key=lambda n: _width(f"{text[:n]}…", size, weight)
    )
    return f"{text[: max(0, too_long - 1)].rstrip()}…"


def _width(text: str, size: float, weight: int) -> float:
    """Return the width of `text` in millimetres."""
    inter = _letters("Inter")
    plain = "".join(letter if ord(letter) in inter else "M" for letter in text)
    properties = font_manager.FontProperties(family="Inter", weight=weight, size=size)
    points, _, _ = text_to_path.get_text_width_height_descent(
        plain, properties, ismath=False
    )
    return float(points) / 72 / MM


DRAWINGS: dict[str, Callable[[Forecast], Figure | None]] = {
    "history": history,
    "drivers": drivers,
    "reliability": reliability,
    "track-record": timeline,
    "roc": roc,
    "reliability-large": reliability_large,
    "contributions": contributions,
    "responses": responses,
}
