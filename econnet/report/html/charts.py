"""The charts of the HTML page: the report's figures, and the data that they show.

The picture of a chart is the figure that the PDF has, as SVG. Each chart carries its
data, column by column: the page shows them as a table, gives them out as CSV and, where
the chart has a `Live` part, draws them anew so that the reader can point and zoom.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from econnet.core.types import Floats
from econnet.forecast.result import Forecast
from econnet.report import figures, threshold_curves, wording
from econnet.report.figures.history import growth_limits
from econnet.report.figures.style import Caption, captions, top_of
from econnet.report.figures.time_axis import TimeAxis, record_of
from econnet.report.html.svg import inline_svg
from econnet.report.threshold_curves import Points
from econnet.report.wording.alt_text import response_alt

Cell: TypeAlias = "str | float | None"
Style: TypeAlias = Literal["text", "percent", "number", "flag"]

# Values beyond the scale that are named above it.
MAX_CUT_OFF = 4


@dataclass(frozen=True)
class TableColumn:
    """One column of a chart's data.

    Parameters
    ----------
    values
        As computed: shares of 1 for `percent`, 1 or 0 for `flag`; `None` where missing.
    style
        How a reader is shown them.
    """

    key: str
    title: str
    values: tuple[Cell, ...]
    style: Style = "text"
    decimals: int = 1

    def shown(self) -> list[str]:
        """Return every value as the table shows it."""
        return [self._shown(value) for value in self.values]

    def _shown(self, value: Cell) -> str:
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        match self.style:
            case "percent":
                return f"{wording.number(100 * value, self.decimals)}%"
            case "flag":
                return "yes" if value else "no"
        return wording.number(value, self.decimals)


@dataclass(frozen=True)
class Trace:
    """How one column is drawn in a panel.

    Parameters
    ----------
    low, high
        Keys of the columns that hold its interval, where it has one.
    optional
        Whether it is drawn only once the reader asks for it.
    """

    column: str
    kind: Literal["bars", "line", "outcomes"]
    color: str
    low: str | None = None
    high: str | None = None
    optional: bool = False


@dataclass(frozen=True)
class ChartPanel:
    """One scale on the common axis of time, and what is drawn in it.

    Parameters
    ----------
    limits
        Ends of the scale; what lies beyond is cut there.
    rate
        Where the dashed line of the long-run rate is.
    cut_off
        Values that lie beyond the limits, as text.
    """

    style: Style
    limits: tuple[float, float]
    traces: tuple[Trace, ...]
    rate: float | None = None
    cut_off: str = ""


@dataclass(frozen=True)
class Live:
    """What the page needs to draw a chart over time anew.

    Parameters
    ----------
    x
        Middle of each period, in years.
    width
        Length of a period in years.
    bands
        First and last moment of each contraction.
    """

    x: tuple[float, ...]
    width: float
    bands: tuple[tuple[float, float], ...]
    panels: tuple[ChartPanel, ...]


@dataclass(frozen=True)
class Chart:
    """A chart of the page: its picture and its data.

    Parameters
    ----------
    title
        What its data are, for the table of them; the picture's heading if empty.
    svg
        The picture, ready for the page.
    captions
        A heading and a note for the picture, or for each panel of a live chart.
    """

    name: str
    columns: tuple[TableColumn, ...]
    title: str = ""
    live: Live | None = None
    svg: Markup | None = None
    captions: tuple[Caption, ...] = ()

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The rows of the table beside the chart."""
        return list(zip(*(column.shown() for column in self.columns), strict=True))


def charts(forecast: Forecast) -> dict[str, Chart]:
    """Return the charts that the forecast has something to show in, by name."""
    extra = [*figures.of_chapter("record"), *figures.of_chapter("drivers")]
    charts = {}
    for name, figure in figures.draw(forecast, names={*DATA, *extra}).items():
        data = DATA[name](forecast) if name in DATA else None
        chart = data or Chart(name, ())
        charts[name] = _with_picture(chart, figure, figures.alt(forecast, name))
    for number, figure in enumerate(figures.draw_responses(forecast)):
        chart = response(forecast, number)
        alt = response_alt(forecast.explanation.response_curves[number])
        charts[chart.name] = _with_picture(chart, figure, alt)
    return charts


def _with_picture(chart: Chart, figure: Figure, alt: str) -> Chart:
    """Return a chart with a figure as its picture."""
    # The headings of what zooms are those of its panels, and the picture keeps them.
    svg = inline_svg(figure, chart.name, alt, captions=chart.live is not None)
    title = chart.title or captions(figure)[0].heading
    return replace(chart, title=title, svg=svg, captions=captions(figure))


def safe_name(text: str) -> str:
    """Return `text` as part of a file's name or of an element's id."""
    kept = "".join(c if c.isalnum() or c in "-_" else "-" for c in text)
    return kept.strip("-") or "econnet"


def history(forecast: Forecast) -> Chart:
    """Return growth, and the probabilities forecast on the same time axis."""
    record = _probabilities(forecast, "econnet")
    periods = _from_first_to_last(pd.PeriodIndex(forecast.history.index), record.index)
    table = forecast.history.reindex(periods)
    newest = periods == forecast.period
    probability = record.reindex(periods).mask(newest, forecast.probability)
    low, high = (
        pd.Series(np.where(newest, bound, np.nan)) for bound in forecast.interval
    )
    heading = wording.growth_heading(forecast)
    columns = (
        _period_column(forecast, periods),
        TableColumn("growth_percent", heading, _values(table["growth"]), "number", 2),
        TableColumn(
            "contraction", "contraction", _values(table["contraction"]), "flag"
        ),
        TableColumn(
            "probability",
            f"probability forecast {wording.ahead(forecast.task)}",
            _values(probability),
            "percent",
        ),
        TableColumn("interval_low", "90% interval from", _values(low), "percent"),
        TableColumn("interval_high", "to", _values(high), "percent"),
    )
    limits = _growth_limits(table["growth"])
    panels = (
        ChartPanel(
            "number",
            limits,
            (Trace("growth_percent", "bars", "gain"),),
            cut_off=_cut_off(table["growth"], limits),
        ),
        ChartPanel(
            "percent",
            (0, _top([*probability.dropna(), *forecast.interval, forecast.base_rate])),
            (Trace("probability", "line", "own", "interval_low", "interval_high"),),
            forecast.base_rate,
        ),
    )
    title = f"{forecast.target_title} and the probability of a contraction"
    live = _live(periods, table["contraction"], panels, forecast)
    return Chart("history", columns, title, live)


def record(forecast: Forecast) -> Chart | None:
    """Return every out-of-sample forecast and its outcome, with the baselines'."""
    known = forecast.track_record.dropna(subset=["outcome"])
    outcome = known[known["model"] == "econnet"].set_index("period")["outcome"]
    if len(outcome) < 2:
        return None
    periods = _from_first_to_last(pd.PeriodIndex(outcome.index))
    probabilities = {
        name: _probabilities(forecast, name).reindex(periods)
        for name in ("econnet", *forecast.assessment.baselines)
    }
    columns = (
        _period_column(forecast, periods),
        TableColumn(
            "outcome", "contraction", _values(outcome.reindex(periods)), "flag"
        ),
        *(
            TableColumn(name, _model_title(name), _values(values), "percent")
            for name, values in probabilities.items()
        ),
    )
    known_probabilities = pd.concat([*probabilities.values()]).dropna()
    panel = ChartPanel(
        "percent",
        (0.0, _top(known_probabilities)),
        (
            Trace("econnet", "outcomes", "own"),
            *(
                Trace(name, "line", "base", optional=name != "base_rate")
                for name in forecast.assessment.baselines
            ),
        ),
    )
    contraction = forecast.history["contraction"].reindex(periods)
    live = _live(periods, contraction, (panel,), forecast)
    title = "Every forecast, and what came of it"
    return Chart("track-record", columns, title, live)


def reliability(forecast: Forecast) -> Chart | None:
    """Return how often contractions followed, by forecast probability."""
    bins = forecast.assessment.reliability
    if not bins:
        return None
    columns = (
        TableColumn(
            "probability", "said", tuple(bin_.probability for bin_ in bins), "percent"
        ),
        TableColumn(
            "frequency", "came", tuple(bin_.frequency for bin_ in bins), "percent"
        ),
        TableColumn(
            "low", "90% from", tuple(bin_.interval[0] for bin_ in bins), "percent"
        ),
        TableColumn("high", "to", tuple(bin_.interval[1] for bin_ in bins), "percent"),
        TableColumn(
            "n", "forecasts", tuple(float(bin_.n) for bin_ in bins), "number", 0
        ),
    )
    return Chart("reliability", columns)


def roc(forecast: Forecast) -> Chart | None:
    """Return hits against false alarms for every threshold, of all models."""
    return _by_threshold(
        forecast,
        "roc",
        threshold_curves.roc(forecast),
        TableColumn("false_alarm_rate", "false alarms, % of expansions", (), "percent"),
        TableColumn("hit_rate", "hits, % of contractions", (), "percent"),
    )


def precision_recall(forecast: Forecast) -> Chart | None:
    """Return how many alarms were right by how much they caught, of all models."""
    return _by_threshold(
        forecast,
        "precision-recall",
        threshold_curves.precision_recall(forecast),
        TableColumn("recall", "caught, % of contractions", (), "percent"),
        TableColumn("precision", "right, % of alarms", (), "percent"),
    )


def _by_threshold(
    forecast: Forecast,
    name: str,
    curves: Mapping[str, Points],
    across: TableColumn,
    up: TableColumn,
) -> Chart | None:
    """Return the chart with the points of each model's curve."""
    if not curves:
        return None
    order = [
        *(name for name in forecast.assessment.baselines if name != "base_rate"),
        "econnet",
    ]
    shown = [model for model in order if model in curves]
    models = [_model_title(model) for model in shown for _ in curves[model][0]]
    x, y = (
        tuple(float(value) for model in shown for value in curves[model][axis])
        for axis in (0, 1)
    )
    columns = (
        TableColumn("model", "model", tuple(models)),
        replace(across, values=x),
        replace(up, values=y),
    )
    return Chart(name, columns)


def response(forecast: Forecast, number: int) -> Chart:
    """Return how the forecast would change with one indicator's newest value."""
    curve = forecast.explanation.response_curves[number]
    columns = (
        TableColumn("value", f"newest value, {curve.unit}", curve.values, "number", 2),
        TableColumn("probability", "probability", curve.probabilities, "percent"),
    )
    name = f"response-{number + 1}-{safe_name(curve.indicator)}"
    return Chart(name, columns, curve.title)


def _live(
    periods: pd.PeriodIndex,
    contraction: pd.Series,
    panels: tuple[ChartPanel, ...],
    forecast: Forecast,
) -> Live:
    """Return what the page draws of a chart over time."""
    time = TimeAxis(periods[0], periods[-1], forecast.task.frequency)
    x, width = time.middle(periods), time.width
    return Live(tuple(x.tolist()), width, _bands(contraction, x, width), panels)


def _bands(
    contraction: pd.Series, x: Floats, width: float
) -> tuple[tuple[float, float], ...]:
    """Return the first and last moment of every run of contractions."""
    marks = (contraction.to_numpy(dtype=float) == 1).astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks, [0]])))
    return tuple(
        (float(x[first] - width / 2), float(x[after - 1] + width / 2))
        for first, after in zip(edges[::2], edges[1::2], strict=True)
    )


def _from_first_to_last(*indexes: pd.Index) -> pd.PeriodIndex:
    """Return every period from the first to the last of the indexes."""
    first = min(index.min() for index in indexes)
    last = max(index.max() for index in indexes)
    return pd.period_range(first, last)


def _period_column(forecast: Forecast, periods: pd.PeriodIndex) -> TableColumn:
    title = wording.NOUN[forecast.task.frequency]
    return TableColumn("period", title, tuple(str(period) for period in periods))


def _probabilities(forecast: Forecast, model: str) -> pd.Series:
    return record_of(forecast, model).set_index("period")["probability"]


def _model_title(name: str) -> str:
    return "this forecast" if name == "econnet" else wording.baseline_title(name)


def _values(series: pd.Series) -> tuple[Cell, ...]:
    return tuple(None if pd.isna(value) else float(value) for value in series)


def _top(shares: Iterable[float]) -> float:
    """Return the end of a scale of shares that has room for all."""
    return top_of(shares) / 100


def _growth_limits(growth: pd.Series) -> tuple[float, float]:
    known = growth.dropna().to_numpy(dtype=float)
    return growth_limits(known) if len(known) else (-1.0, 1.0)


def _cut_off(growth: pd.Series, limits: tuple[float, float]) -> str:
    """Return the values that lie beyond the limits, the largest first."""
    beyond = growth[(growth < limits[0]) | (growth > limits[1])]
    largest = beyond.loc[beyond.abs().sort_values(ascending=False).index]
    named = [
        f"{period} {wording.number(value, 1, sign=True)}%"
        for period, value in largest.head(MAX_CUT_OFF).items()
    ]
    more = f" and {len(largest) - len(named)} more" if len(largest) > len(named) else ""
    return f"cut off: {', '.join(named)}{more}" if named else ""


DATA: Mapping[str, Callable[[Forecast], Chart | None]] = {
    "history": history,
    "track-record": record,
    "reliability": reliability,
    "roc": roc,
    "precision-recall": precision_recall,
}
