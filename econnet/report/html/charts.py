"""The charts of the HTML page: the report's figures, and the data that they show.

A chart's picture is the figure of the PDF, as SVG. Its data are columns: the page shows
them as a table, offers them as CSV and, if the chart has a `Live` part, redraws them so
that the reader can point and zoom.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from econnet.forecast.result import Forecast
from econnet.report import figures, tables, threshold_curves, wording
from econnet.report.figures.history import growth_limits
from econnet.report.figures.style import Caption, captions, top_of
from econnet.report.figures.time_axis import TimeAxis, contraction_spells, record_of
from econnet.report.html.svg import inline_svg
from econnet.report.wording.alt_text import response_alt

Cell: TypeAlias = "str | float | None"
Style: TypeAlias = Literal["text", "period", "percent", "number", "flag"]

# Values beyond the scale that the note above it lists.
MAX_CUT_OFF = 4


@dataclass(frozen=True)
class TableColumn:
    """One column of a chart's data.

    Values are as computed: shares of 1 for `percent`, 1 or 0 for `flag`, `None` where
    missing.
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
            is_period = self.style == "period"
            return wording.period_short(value) if is_period else value
        match self.style:
            case "percent":
                return f"{wording.number(100 * value, self.decimals)}%"
            case "flag":
                return "yes" if value else "no"
        return wording.number(value, self.decimals)


@dataclass(frozen=True)
class Trace:
    """How one column is drawn in a panel.

    `low` and `high` are the columns of its interval; an `optional` trace is drawn only
    when the reader asks for it.
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

    Values beyond `limits` are cut, and `cut_off` lists them as text; `rate` is the
    historical average, a dashed line.
    """

    style: Style
    limits: tuple[float, float]
    traces: tuple[Trace, ...]
    rate: float | None = None
    cut_off: str = ""


@dataclass(frozen=True)
class Live:
    """What the page needs to redraw a chart over time.

    `x` is the middle of each period and `width` its length, in years; `bands` are the
    start and end of each contraction.
    """

    x: tuple[float, ...]
    width: float
    bands: tuple[tuple[float, float], ...]
    panels: tuple[ChartPanel, ...]


@dataclass(frozen=True)
class Chart:
    """A chart of the page: its picture and its data.

    `title` is the title of the table of its data, the picture's heading if empty;
    `captions` are a heading and a note for the picture, or for each panel of a live
    chart.
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


def charts(
    forecast: Forecast, drawn: Mapping[str, Figure] | None = None
) -> dict[str, Chart]:
    """Return the charts for which the forecast has data, by name.

    `drawn` are the figures of `figures.draw`, if they have been drawn.
    """
    chapters = [*figures.of_chapter("record"), *figures.of_chapter("drivers")]
    names = {*DATA, *chapters}
    charts = {}
    drawn = drawn or figures.draw(forecast, names=names)
    for name, figure in {**drawn, **figures.draw_narrow(forecast)}.items():
        if name not in names:
            continue
        chart = DATA[name](forecast) if name in DATA else Chart(name, ())
        charts[name] = _with_picture(chart, figure, figures.alt(forecast, name))
    for number, figure in enumerate(figures.draw_responses(forecast)):
        chart = response(forecast, number)
        alt = response_alt(wording.shown_curves(forecast)[number])
        charts[chart.name] = _with_picture(chart, figure, alt)
    return charts


def _with_picture(chart: Chart, figure: Figure, alt: str) -> Chart:
    # The headings of what zooms are those of its panels, and the picture keeps them.
    svg = inline_svg(figure, chart.name, alt, captions=chart.live is not None)
    title = chart.title or captions(figure)[0].heading
    return replace(chart, title=title, svg=svg, captions=captions(figure))


def as_data(table: pd.DataFrame) -> Chart:
    """Return a table without a picture, to be saved as CSV."""
    columns = (TableColumn(key, key, cells(table[key])) for key in map(str, table))
    return Chart("", tuple(columns))


def safe_name(text: str) -> str:
    """Return `text` as part of a file's name or of an element's id."""
    kept = "".join(c if c.isalnum() or c in "-_" else "-" for c in text)
    return kept.strip("-") or "econnet"


def history(forecast: Forecast) -> Chart:
    """Return growth, and the probabilities forecast on the same time axis."""
    record = _probabilities(forecast, "econnet")
    periods = _from_first_to_last(pd.PeriodIndex(forecast.history.index), record.index)
    table = forecast.history.reindex(periods)
    growth = table["growth"]
    newest = periods == forecast.period
    probability = record.reindex(periods).mask(newest, forecast.probability)
    low, high = (np.where(newest, bound, np.nan) for bound in forecast.interval)
    heading = wording.growth_heading(forecast)
    earlier = f"probability, forecast {wording.ahead(forecast.task)}"
    spell = wording.contraction_noun(forecast)
    columns = (
        _period_column(forecast, periods),
        TableColumn("growth_percent", heading, cells(growth), "number", 2),
        TableColumn("contraction", spell, cells(table["contraction"]), "flag"),
        TableColumn("probability", earlier, cells(probability), "percent"),
        TableColumn("interval_low", "90% interval from", cells(low), "percent"),
        TableColumn("interval_high", "to", cells(high), "percent"),
    )
    known = growth.dropna().to_numpy(dtype=float)
    limits = growth_limits(known) if len(known) else (-1.0, 1.0)
    top = _top([*probability.dropna(), *forecast.interval, forecast.base_rate])
    panels = (
        ChartPanel(
            "number",
            limits,
            (Trace("growth_percent", "bars", "gain"),),
            cut_off=_cut_off(growth, limits),
        ),
        ChartPanel(
            "percent",
            (0, top),
            (Trace("probability", "line", "own", "interval_low", "interval_high"),),
            forecast.base_rate,
        ),
    )
    title = f"{forecast.target_title} and the forecast probability"
    live = _live(periods, table["contraction"], panels, forecast)
    return Chart("history", columns, title, live)


def record(forecast: Forecast) -> Chart:
    """Return every out-of-sample forecast and its outcome, with the baselines'."""
    known = forecast.track_record.dropna(subset=["outcome"])
    outcome = known[known["model"] == "econnet"].set_index("period")["outcome"]
    periods = _from_first_to_last(pd.PeriodIndex(outcome.index))
    probabilities = {
        name: _probabilities(forecast, name).reindex(periods)
        for name in ("econnet", *forecast.assessment.baselines)
    }
    event = wording.contraction_noun(forecast)
    if wording.is_cumulative(forecast.task):
        event = "event occurred"
    columns = (
        _period_column(forecast, periods),
        TableColumn("outcome", event, cells(outcome.reindex(periods)), "flag"),
        *(
            TableColumn(name, _model_title(name), cells(values), "percent")
            for name, values in probabilities.items()
        ),
    )
    baselines = (
        Trace(name, "line", "base", optional=name != "base_rate")
        for name in forecast.assessment.baselines
    )
    panel = ChartPanel(
        "percent",
        (0.0, _top(pd.concat([*probabilities.values()]).dropna())),
        (Trace("econnet", "outcomes", "own"), *baselines),
    )
    contraction = forecast.history["contraction"].reindex(periods)
    live = _live(periods, contraction, (panel,), forecast)
    return Chart("track-record", columns, "Every forecast and its outcome", live)


def reliability(forecast: Forecast) -> Chart:
    """Return how often the event occurred, by forecast probability."""
    table = tables.TABLES["reliability"](forecast)
    titles = {"probability": "forecast", "frequency": "event occurred"}
    titles |= {"low": "90% interval from", "high": "to"}
    columns = [
        TableColumn(key, title, cells(table[key]), "percent")
        for key, title in titles.items()
    ]
    n = TableColumn("n", "forecasts", cells(table["n"]), "number", 0)
    return Chart("reliability", (*columns, n))


def roc(forecast: Forecast) -> Chart:
    """Return hit rates against false-alarm rates for every threshold and model."""
    return _by_threshold(forecast, "roc", threshold_curves.roc(forecast))


def precision_recall(forecast: Forecast) -> Chart:
    """Return precision against recall for every threshold and model."""
    curves = threshold_curves.precision_recall(forecast)
    return _by_threshold(forecast, "precision-recall", curves)


def _by_threshold(forecast: Forecast, name: str, curves: pd.DataFrame) -> Chart:
    """Return the chart with the points of each model's curve, econnet's last."""
    baselines = [name for name in forecast.assessment.baselines if name != "base_rate"]
    models = [*baselines, "econnet"]
    points = pd.concat([curves[curves["model"] == model] for model in models])
    names = cells(points["model"].map(_model_title))
    columns = (
        TableColumn(key, title, cells(points[key]), "percent")
        for key, title in threshold_curves.TITLES.items()
        if key in points
    )
    return Chart(name, (TableColumn("model", "model", names), *columns))


def outlook(forecast: Forecast) -> Chart:
    """Return the forecast for each horizon."""
    table = tables.TABLES["outlook"](forecast)
    titles = {"probability": "probability", "low": "90% interval from", "high": "to"}
    titles |= {"base_rate": "historical average", "log_loss_skill": "skill"}
    titles |= {
        "log_loss_skill_low": "90% interval of skill from",
        "log_loss_skill_high": "up to",
    }
    period = TableColumn("period", "period", cells(table["period"]), "period")
    columns = [
        TableColumn(key, title, cells(table[key]), "percent", 0)
        for key, title in titles.items()
    ]
    confidence = TableColumn("confidence", "confidence", cells(table["confidence"]))
    return Chart("outlook", (period, *columns, confidence))


def change(forecast: Forecast) -> Chart:
    """Return what moved the forecast, in percentage points."""
    return _points(
        "change", [(p.title, p.points) for p in wording.change_parts(forecast)]
    )


def groups(forecast: Forecast) -> Chart:
    """Return what each group of indicators adds, in percentage points."""
    scale = wording.contribution_points(forecast)
    totals = wording.by_group(forecast)
    return _points("groups", [(name, scale * value) for name, value in totals.items()])


def contributions(forecast: Forecast) -> Chart:
    """Return what each indicator adds, in percentage points."""
    scale = wording.contribution_points(forecast)
    ranked = wording.by_size(forecast.explanation.drivers)
    return _points(
        "contributions",
        [(driver.title, scale * driver.contribution) for driver in ranked],
    )


def _points(name: str, parts: Sequence[tuple[str, float]]) -> Chart:
    """Return the chart of parts in percentage points."""
    titles, points = zip(*parts, strict=True)
    return Chart(
        name,
        (
            TableColumn("title", "indicator", titles),
            TableColumn("percentage_points", "percentage points", points, "number", 1),
        ),
    )


def importance(forecast: Forecast) -> Chart:
    """Return the permutation importance of each indicator."""
    table = tables.TABLES["importance"](forecast)
    titles = {"loss": "increase in log loss", "low": "90% interval from", "high": "to"}
    columns = [
        TableColumn(key, title, cells(table[key]), "number", 4)
        for key, title in titles.items()
    ]
    named = TableColumn("title", "indicator", cells(table["title"]))
    return Chart("importance", (named, *columns))


def response(forecast: Forecast, number: int) -> Chart:
    """Return how the forecast would change with one indicator's newest value."""
    curve = wording.shown_curves(forecast)[number]
    columns = (
        TableColumn("value", f"newest value, {curve.unit}", curve.values, "number", 2),
        TableColumn("probability", "probability", curve.probabilities, "percent"),
    )
    name = f"response-{number + 1}-{safe_name(curve.indicator)}"
    return Chart(name, columns, curve.title)


def cells(values: Iterable[Any]) -> tuple[Cell, ...]:
    """Return texts as they are, numbers and flags as floats, the missing as `None`."""
    return tuple(
        value if isinstance(value, str) else None if pd.isna(value) else float(value)
        for value in values
    )


def _live(
    periods: pd.PeriodIndex,
    contraction: pd.Series,
    panels: tuple[ChartPanel, ...],
    forecast: Forecast,
) -> Live:
    time = TimeAxis(periods[0], periods[-1], forecast.task.frequency)
    x, width = time.middle(periods), time.width
    bands = tuple(
        (float(x[first] - width / 2), float(x[last] + width / 2))
        for first, last in contraction_spells(contraction)
    )
    return Live(tuple(x.tolist()), width, bands, panels)


def _from_first_to_last(*indexes: pd.Index) -> pd.PeriodIndex:
    first = min(index.min() for index in indexes)
    last = max(index.max() for index in indexes)
    return pd.period_range(first, last)


def _period_column(forecast: Forecast, periods: pd.PeriodIndex) -> TableColumn:
    title = wording.NOUN[forecast.task.frequency]
    texts = tuple(str(period) for period in periods)
    return TableColumn("period", title, texts, "period")


def _probabilities(forecast: Forecast, model: str) -> pd.Series:
    return record_of(forecast, model).set_index("period")["probability"]


def _model_title(name: str) -> str:
    return "this forecast" if name == "econnet" else wording.baseline_title(name)


def _top(shares: Iterable[float]) -> float:
    return top_of(shares) / 100


def _cut_off(growth: pd.Series, limits: tuple[float, float]) -> str:
    """Return the values that lie beyond the limits, the largest first."""
    beyond = growth[(growth < limits[0]) | (growth > limits[1])]
    largest = beyond.loc[beyond.abs().sort_values(ascending=False).index]
    named = [
        f"{wording.period_short(str(period))} {wording.number(value, 1, sign=True)}%"
        for period, value in largest.head(MAX_CUT_OFF).items()
    ]
    more = f" and {len(largest) - len(named)} more" if len(largest) > len(named) else ""
    return f"cut off: {', '.join(named)}{more}" if named else ""


DATA: Mapping[str, Callable[[Forecast], Chart]] = {
    "history": history,
    "outlook": outlook,
    "change": change,
    "track-record": record,
    "reliability": reliability,
    "roc": roc,
    "precision-recall": precision_recall,
    "groups": groups,
    "importance": importance,
    "contributions": contributions,
}
