"""The charts of the HTML page: what they hold, and how they look before anything moves.

Each chart carries its own data, column by column: the page shows them as a table, gives
them out as CSV and, where the chart has a `Live` part, lets the reader hover and zoom.
The still picture beside them is what stands there without scripts and on paper. Places
in it are worked out here, in pixels; colours are names that the style sheet knows, for
a light page and a dark one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from econnet.answer import Forecast
from econnet.core.periods import Frequency
from econnet.core.types import Floats
from econnet.evaluation.metrics import precision_recall_curve, roc_curve
from econnet.report import words
from econnet.report.figures.past import growth_limits
from econnet.report.figures.style import top_of
from econnet.report.figures.timeaxis import TimeAxis, record_of
from econnet.report.web.still import NARROW, WIDE, Frame, Mark, Picture

Cell: TypeAlias = "str | float | None"
Style: TypeAlias = Literal["text", "percent", "number", "flag"]

# Values beyond the scale that are named above it.
MOST_CUT_OFF = 4


@dataclass(frozen=True)
class Column:
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
                return f"{words.number(100 * value, self.decimals)}%"
            case "flag":
                return "yes" if value else "no"
        return words.number(value, self.decimals)


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
class Panel:
    """One scale on the common axis of time, and what is drawn in it.

    Parameters
    ----------
    limits
        Ends of the scale; what lies beyond is cut there.
    rate
        Where the dashed line of the long-run rate stands.
    """

    heading: str
    note: str
    style: Style
    limits: tuple[float, float]
    traces: tuple[Trace, ...]
    rate: float | None = None


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
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Chart:
    """A chart of the page with its data."""

    name: str
    title: str
    columns: tuple[Column, ...]
    pictures: tuple[Picture, ...]
    live: Live | None = field(default=None)

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The rows of the table that stands beside the chart."""
        return list(zip(*(column.shown() for column in self.columns), strict=True))


def charts(forecast: Forecast) -> dict[str, Chart]:
    """Return the charts that the forecast has something to show in, by name."""
    made = [
        history(forecast),
        record(forecast),
        reliability(forecast),
        roc(forecast),
        precision_recall(forecast),
        *(
            response(forecast, number)
            for number in range(len(forecast.explanation.response_curves))
        ),
    ]
    return {chart.name: chart for chart in made if chart is not None}


def safe_name(text: str) -> str:
    """Return `text` as part of a file's name or of an element's id."""
    kept = "".join(c if c.isalnum() or c in "-_" else "-" for c in text)
    return kept.strip("-") or "econnet"


def history(forecast: Forecast) -> Chart:
    """Return growth, and on the same axis of time what was forecast of it."""
    own = _said_by(forecast, "econnet")
    periods = _whole(pd.PeriodIndex(forecast.history.index), own.index)
    table = forecast.history.reindex(periods)
    now = periods == forecast.period
    said = own.reindex(periods).mask(now, forecast.probability)
    low, high = (pd.Series(np.where(now, it, np.nan)) for it in forecast.interval)
    columns = (
        Column("period", words.NOUN[forecast.task.frequency], _texts(periods)),
        Column(
            "growth_percent",
            words.growth_heading(forecast),
            _values(table["growth"]),
            "number",
            2,
        ),
        Column("contraction", "contraction", _values(table["contraction"]), "flag"),
        Column(
            "probability",
            f"probability forecast {words.ahead(forecast.task)}",
            _values(said),
            "percent",
        ),
        Column("interval_low", "90% interval from", _values(low), "percent"),
        Column("interval_high", "to", _values(high), "percent"),
    )
    limits = _growth_limits(table["growth"])
    growth = Panel(
        words.growth_heading(forecast),
        f"shaded: contractions{_cut_off(table['growth'], limits)}",
        "number",
        limits,
        (Trace("growth_percent", "bars", "gain"),),
    )
    probability = Panel(
        f"Probability of a contraction, forecast {words.ahead(forecast.task)}, %",
        "out of sample; the last point is the forecast, with its 90% interval",
        "percent",
        (0.0, _top([*said.dropna(), *forecast.interval, forecast.base_rate])),
        (Trace("probability", "line", "own", "interval_low", "interval_high"),),
        forecast.base_rate,
    )
    return _over_time(
        "history",
        f"{forecast.target_title} and the probability of a contraction",
        columns,
        periods,
        table["contraction"],
        (growth, probability),
        words.alt(forecast, "history"),
        forecast.task.frequency,
    )


def record(forecast: Forecast) -> Chart | None:
    """Return every out-of-sample forecast and what came of it, with the baselines'."""
    known = forecast.track_record.dropna(subset=["outcome"])
    outcome = known[known["model"] == "econnet"].set_index("period")["outcome"]
    if len(outcome) < 2:
        return None
    periods = _whole(pd.PeriodIndex(outcome.index))
    models = ["econnet", *forecast.assessment.baselines]
    said = {name: _said_by(forecast, name).reindex(periods) for name in models}
    columns = (
        Column("period", words.NOUN[forecast.task.frequency], _texts(periods)),
        Column("outcome", "contraction", _values(outcome.reindex(periods)), "flag"),
        *(
            Column(name, _model_title(name), _values(values), "percent")
            for name, values in said.items()
        ),
    )
    panel = Panel(
        f"Probability forecast {words.ahead(forecast.task)}, and what came of it, %",
        f"each dot a {words.NOUN[forecast.task.frequency]}; orange: it contracted",
        "percent",
        (0.0, _top(value for values in said.values() for value in values.dropna())),
        (
            Trace("econnet", "outcomes", "own"),
            *(
                Trace(name, "line", "base", optional=name != "base_rate")
                for name in models[1:]
            ),
        ),
    )
    return _over_time(
        "track-record",
        "Every forecast, and what came of it",
        columns,
        periods,
        forecast.history["contraction"].reindex(periods),
        (panel,),
        words.alt(forecast, "track-record"),
        forecast.task.frequency,
    )


def reliability(forecast: Forecast) -> Chart | None:
    """Return how often contractions followed, by what was said of them."""
    bins = forecast.assessment.reliability
    if not bins:
        return None
    end = _top(bin_.probability for bin_ in bins)
    frame = Frame(NARROW, 260, (0, end), (0, _top(it.interval[1] for it in bins)))
    marks = [
        *frame.grid("percent", "percent"),
        frame.line([(0, 0), (end, end)], "faint"),
        *(
            frame.line([(bin_.probability, bound) for bound in bin_.interval], "own")
            for bin_ in bins
        ),
        frame.dots([(bin_.probability, bin_.frequency) for bin_ in bins], "own"),
        *(
            frame.text(bin_.probability, bin_.interval[1], str(bin_.n), lift=5)
            for bin_ in bins
        ),
        *frame.names("forecast probability, %", "contracted, %"),
    ]
    columns = (
        Column("probability", "said", tuple(it.probability for it in bins), "percent"),
        Column("frequency", "came", tuple(it.frequency for it in bins), "percent"),
        Column("low", "90% from", tuple(it.interval[0] for it in bins), "percent"),
        Column("high", "to", tuple(it.interval[1] for it in bins), "percent"),
        Column("n", "forecasts", tuple(float(it.n) for it in bins), "number", 0),
    )
    heading = "When it said so, did it happen?"
    alt = words.alt(forecast, "reliability")
    note = "counts above the bars, which are 90% intervals"
    picture = frame.picture(heading, note, alt, marks)
    return Chart("reliability", heading, columns, (picture,))


def roc(forecast: Forecast) -> Chart | None:
    """Return hits against false alarms for every threshold, of all models."""
    if forecast.assessment.metrics.auroc is None:
        return None
    x = Column("false_alarm_rate", "false alarms, % of expansions", (), "percent")
    y = Column("hit_rate", "hits, % of contractions", (), "percent")
    area = words.number(forecast.assessment.metrics.auroc, 2)
    note = f"ROC; blue: this forecast, AUROC {area}"
    heading = "Hits against false alarms"
    return _by_threshold(forecast, "roc", heading, note, roc_curve, (x, y))


def precision_recall(forecast: Forecast) -> Chart | None:
    """Return how many alarms were right by how much they caught, of all models."""
    own = forecast.assessment.metrics.average_precision
    if forecast.assessment.metrics.auroc is None or own is None:
        return None
    x = Column("recall", "caught, % of contractions", (), "percent")
    y = Column("precision", "right, % of alarms", (), "percent")
    note = f"blue: this forecast, average precision {words.number(own, 2)}"
    heading = "Alarms that were right"
    points = precision_recall_curve
    return _by_threshold(forecast, "precision-recall", heading, note, points, (x, y))


def _by_threshold(
    forecast: Forecast,
    name: str,
    heading: str,
    note: str,
    points: Callable[[Floats, Floats], tuple[Floats, Floats]],
    axes: tuple[Column, Column],
) -> Chart:
    """Return a curve of each model, one point a threshold."""
    frame = Frame(NARROW, 260, (0, 1), (0, 1))
    marks = frame.grid("percent", "percent")
    if name == "roc":
        marks.append(frame.line([(0, 0), (1, 1)], "faint"))
    models, across, up = [], [], []
    scored = forecast.track_record.dropna(subset=["outcome", "probability"])
    for model in [
        *(it for it in forecast.assessment.baselines if it != "base_rate"),
        "econnet",
    ]:
        rows = scored[scored["model"] == model]
        x, y = points(
            rows["probability"].to_numpy(dtype=float),
            rows["outcome"].to_numpy(dtype=float),
        )
        color = "own" if model == "econnet" else "base"
        marks.append(frame.line(zip(x, y, strict=True), color))
        models += [_model_title(model)] * len(x)
        across += x.tolist()
        up += y.tolist()
    marks += frame.names(axes[0].title, axes[1].title)
    columns = (
        Column("model", "model", tuple(models)),
        replace(axes[0], values=tuple(across)),
        replace(axes[1], values=tuple(up)),
    )
    picture = frame.picture(heading, note, words.alt(forecast, name), marks)
    return Chart(name, heading, columns, (picture,))


def response(forecast: Forecast, number: int) -> Chart:
    """Return how the forecast would change with one indicator's newest value."""
    curve = forecast.explanation.response_curves[number]
    highest = [
        said for it in forecast.explanation.response_curves for said in it.probabilities
    ]
    x = (curve.values[0], curve.values[-1])
    frame = Frame(NARROW, 190, x, (0, _top(highest)))
    points = list(zip(curve.values, curve.probabilities, strict=True))
    marks = [*frame.grid("number", "percent"), frame.line(points, "own")]
    alt = (
        f"Curve from {words.percent(curve.probabilities[0])} at "
        f"{words.number(curve.values[0], 1)} to "
        f"{words.percent(curve.probabilities[-1])} at "
        f"{words.number(curve.values[-1], 1)}"
    )
    note = curve.unit
    if curve.current is not None:
        y = float(np.interp(curve.current, curve.values, curve.probabilities))
        marks.append(frame.dots([(curve.current, y)], "own"))
        note = f"{curve.unit}; now {words.number(curve.current, 1)}"
        alt += f"; now {words.number(curve.current, 1)}, {words.percent(y)}"
    columns = (
        Column("value", f"newest value, {curve.unit}", curve.values, "number", 2),
        Column("probability", "probability", curve.probabilities, "percent"),
    )
    marks += frame.names(curve.unit, "probability, %")
    picture = frame.picture(curve.title, note, f"{alt}.", marks)
    name = f"response-{number + 1}-{safe_name(curve.indicator)}"
    return Chart(name, curve.title, columns, (picture,))


def _over_time(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    periods: pd.PeriodIndex,
    contraction: pd.Series,
    panels: tuple[Panel, ...],
    alt: str,
    frequency: Frequency,
) -> Chart:
    """Return a chart over time, as a still picture a panel and as what moves."""
    time = TimeAxis(periods[0], periods[-1], frequency)
    x, width = time.middle(periods), time.width
    live = Live(tuple(x.tolist()), width, _bands(contraction, x, width), panels)
    pictures = tuple(
        _still(live, panel, columns, alt if number == 0 else "")
        for number, panel in enumerate(panels)
    )
    return Chart(name, title, columns, pictures, live)


def _still(live: Live, panel: Panel, columns: Sequence[Column], alt: str) -> Picture:
    """Return the picture of a panel, of what is not optional in it."""
    x_limits = (live.x[0] - live.width / 2, live.x[-1] + live.width / 2)
    frame = Frame(WIDE, 200, x_limits, panel.limits)
    low, high = panel.limits
    marks = [
        frame.area([(first, low, last, high) for first, last in live.bands], "band"),
        *frame.grid("year", panel.style),
    ]
    if panel.rate is not None:
        ends = [(it, panel.rate) for it in x_limits]
        marks.append(frame.line(ends, "rate"))
    by_key = {column.key: column.values for column in columns}
    for trace in panel.traces:
        if not trace.optional:
            marks += _drawn(frame, live, trace, by_key)
    return frame.picture(panel.heading, panel.note, alt, marks)


def _drawn(
    frame: "Frame",
    live: Live,
    trace: Trace,
    columns: dict[str, tuple[Cell, ...]],
) -> list[Mark]:
    """Return the marks of one trace."""
    points = [
        (x, float(y))
        for x, y in zip(live.x, columns[trace.column], strict=True)
        if y is not None
    ]
    if trace.kind == "bars":
        half = 0.39 * live.width
        bars = [(x - half, 0.0, x + half, y) for x, y in points]
        return [
            frame.area([it for it in bars if it[3] >= 0], "gain"),
            frame.area([it for it in bars if it[3] < 0], "loss"),
        ]
    marks = [frame.line(points, trace.color)]
    if trace.kind == "outcomes":
        came = dict(zip(live.x, columns["outcome"], strict=True))
        marks += [
            frame.dots([it for it in points if came[it[0]] == 0], "gain", 2.5),
            frame.dots([it for it in points if came[it[0]] == 1], "loss", 2.5),
        ]
    if trace.low is not None and trace.high is not None:
        bounds = zip(live.x, columns[trace.low], columns[trace.high], strict=True)
        for (x, low, high), y in zip(bounds, columns[trace.column], strict=True):
            if low is not None and high is not None and y is not None:
                marks.append(frame.line([(x, float(low)), (x, float(high))], "own"))
                marks.append(frame.dots([(x, float(y))], "own"))
    return marks


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


def _whole(*indexes: pd.Index) -> pd.PeriodIndex:
    """Return every period from the first to the last of the indexes."""
    first = min(index.min() for index in indexes)
    last = max(index.max() for index in indexes)
    return pd.period_range(first, last)


def _said_by(forecast: Forecast, model: str) -> pd.Series:
    return record_of(forecast, model).set_index("period")["probability"]


def _model_title(name: str) -> str:
    return "this forecast" if name == "econnet" else words.baseline_title(name)


def _texts(periods: pd.PeriodIndex) -> tuple[Cell, ...]:
    return tuple(str(period) for period in periods)


def _values(series: pd.Series) -> tuple[Cell, ...]:
    return tuple(None if pd.isna(it) else float(it) for it in series)


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
        f"{period} {words.number(value, 1, sign=True)}%"
        for period, value in largest.head(MOST_CUT_OFF).items()
    ]
    more = f" and {len(largest) - len(named)} more" if len(largest) > len(named) else ""
    return f"; cut off: {', '.join(named)}{more}" if named else ""
