"""The page of many countries: a map, the ranking as a table that sorts, and strips."""

from collections.abc import Mapping

import pandas as pd

from econnet.answer import Forecast
from econnet.ranking import Ranking
from econnet.report import ranked, words, worldmap
from econnet.report.figures import world
from econnet.report.figures.shades import NAMES, step_of
from econnet.report.figures.timeaxis import record_of
from econnet.report.web import charts, page
from econnet.report.web.charts import Chart, Column
from econnet.report.web.still import Mark, Picture, ticks

WIDTH = 720.0
# Of the strips: where cells begin, and how high a row is.
LEFT, ROW = 150.0, 14.0
HEAD = 18.0

SECTIONS = (
    ("content", "The answer"),
    ("ranking", "Ranking"),
    ("strips", "Over time"),
)


def as_html(ranking: Ranking, reports: Mapping[str, str]) -> str:
    """Return the ranking as a page of HTML.

    Parameters
    ----------
    reports
        Where each country's own report stands, as a path from this page, by its code.
    """
    texts = ranked.content(ranking)
    table, strip = _ranking(ranking), _strip(ranking)
    return page.render(
        "many.html",
        title=texts["title"],
        description=texts["summary"][0],
        made=texts["made"],
        sections=SECTIONS,
        stem=f"ranking-{charts.safe_name(ranking.task.label)}",
        charts={table.name: table, strip.name: strip},
        it=texts,
        map=_map(ranking) if world.has_map(ranking) else None,
        strips=_strips(ranking),
        key=list(enumerate(NAMES)),
        sort_keys=_sort_keys(ranking),
        reports=reports,
        disclaimer=worldmap.DISCLAIMER,
    )


def _map(ranking: Ranking) -> dict[str, object]:
    """Return the map's shapes and dots, each with its shade and what it is."""
    left, right, bottom, top = worldmap.load().limits
    scale = WIDTH / (right - left)

    def place(x: float, y: float) -> str:
        return f"{scale * (x - left):.1f} {scale * (top - y):.1f}"

    said = {it.country.alpha3: it for it in ranking.forecasts}
    shapes = []
    for code, rings in worldmap.load().shapes.items():
        path = "".join(
            f"M{'L'.join(place(float(x), float(y)) for x, y in ring)}Z"
            for ring in rings
        )
        shapes.append({"path": path, **_shade(said.get(code or ""))})
    dots = []
    for code, (x, y) in worldmap.load().dots.items():
        if code in said:
            across, down = place(x, y).split()
            dots.append({"x": across, "y": down, **_shade(said[code])})
    return {
        "width": WIDTH,
        "height": round(scale * (top - bottom), 1),
        "alt": words.map_alt(world.on_map(ranking)),
        "heading": world.MAP_HEADING,
        "note": words.periods(ranking),
        "shapes": shapes,
        "dots": dots,
    }


def _shade(forecast: Forecast | None) -> dict[str, str]:
    """Return the class of a country's shade, and what it says when pointed at."""
    if forecast is None:
        return {"shade": "none", "title": ""}
    return {
        "shade": f"step-{step_of(forecast.probability)}",
        "title": (
            f"{forecast.country.name}, {forecast.period}: "
            f"{words.percent(forecast.probability)}"
        ),
    }


def _strips(ranking: Ranking) -> Picture:
    """Return all strips as one picture: a path a shade, and dots for contractions."""
    first, last = world.span(ranking)
    width = (WIDTH - LEFT) / (last.ordinal - first.ordinal + 1)
    marks = _years(first.year, last.year)
    cells: list[list[str]] = [[] for _ in NAMES]
    dots = []
    for row, one in enumerate(ranking.forecasts):
        top = HEAD + ROW * row
        name = one.country.name
        marks.append(
            Mark("text", "name", x=LEFT - 6, y=top + 10, text=name, anchor="end")
        )
        record = record_of(one, "econnet")
        places = pd.PeriodIndex(record["period"]).asi8 - first.ordinal
        probabilities = record["probability"].to_numpy(dtype=float)
        outcomes = record["outcome"].to_numpy(dtype=float)
        for x, probability, outcome in zip(
            LEFT + width * places, probabilities, outcomes, strict=True
        ):
            cells[step_of(probability)].append(
                f"M{x:.1f} {top}h{0.94 * width:.1f}v{ROW - 1.5}h{-0.94 * width:.1f}z"
            )
            if outcome == 1:
                dots.append(f"M{x + 0.47 * width - 1:.1f} {top + 5.2}h2v2h-2z")
    marks += [
        Mark("area", color, "".join(boxes))
        for color, boxes in [
            *((f"step-{step}", boxes) for step, boxes in enumerate(cells)),
            ("came", dots),
        ]
        if boxes
    ]
    return Picture(
        WIDTH,
        HEAD + ROW * len(ranking.forecasts) + 4,
        words.strip_heading(ranking.task),
        world.STRIP_NOTE,
        words.strip_alt(ranking.forecasts),
        tuple(marks),
    )


def _years(first: int, last: int) -> list[Mark]:
    """Return the years above the strips."""
    width = (WIDTH - LEFT) / (last - first + 1)
    years = ticks((first, last), 9, whole=True) if first < last else [first]
    return [
        Mark("text", "quiet", x=LEFT + width * (it - first), y=11, text=f"{it:.0f}")
        for it in years
    ]


def _sort_keys(ranking: Ranking) -> list[list[str | float]]:
    """Return what each cell of the ranking sorts by; a missing figure comes last."""
    return [
        [
            row.rank,
            row.name,
            row.period,
            row.probability,
            row.interval_high,
            row.base_rate,
            -1.0 if row.auroc is None else row.auroc,
            row.verdict,
        ]
        for row in ranked.rows(ranking)
    ]


def _ranking(ranking: Ranking) -> Chart:
    """Return the data of the ranking, to be saved as CSV."""
    table = [vars(row) for row in ranked.rows(ranking)]
    columns = tuple(
        Column(key, key, tuple(_plain(row[key]) for row in table)) for key in table[0]
    )
    return Chart("ranking-data", "The ranking", columns, ())


def _strip(ranking: Ranking) -> Chart:
    """Return the data of the strips, to be saved as CSV."""
    table = [vars(one) for one in ranked.said(ranking)]
    columns = tuple(
        Column(key, key, tuple(_plain(row[key]) for row in table)) for key in table[0]
    )
    return Chart("strip-data", "What was said over time", columns, ())


def _plain(value: object) -> charts.Cell:
    if value is None or isinstance(value, str):
        return value
    return float(value)  # type: ignore[arg-type]  # numbers and flags alone are left
