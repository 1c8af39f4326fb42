"""The page of many countries: a map, the ranking as a table that sorts, and strips."""

from collections.abc import Mapping

from econnet.forecast.ranking import Ranking
from econnet.report import ranking_rows, world_map
from econnet.report.figures import world
from econnet.report.figures.shades import NAMES
from econnet.report.figures.style import LIGHT, captions
from econnet.report.html import charts, page
from econnet.report.html.charts import Chart, TableColumn
from econnet.report.html.svg import inline_svg

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
    texts = ranking_rows.ranking_content(ranking)
    table, strip = _ranking(ranking), _strip(ranking)
    alts, drawn = ranking_rows.alts(ranking), world.draw(ranking, LIGHT)
    pictures = {
        name: {
            "svg": inline_svg(figure, name, alts[name]),
            "caption": captions(figure)[0],
        }
        for name, figure in drawn.items()
    }
    return page.render(
        "many.html",
        title=texts["title"],
        description=texts["summary"][0],
        made=texts["made"],
        sections=SECTIONS,
        stem=f"ranking-{charts.safe_name(ranking.task.label)}",
        charts={table.name: table, strip.name: strip},
        it=texts,
        map=pictures.pop("map", None),
        strips=list(pictures.values()),
        key=list(enumerate(NAMES)),
        sort_keys=_sort_keys(ranking),
        reports=reports,
        disclaimer=world_map.DISCLAIMER,
    )


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
        for row in ranking_rows.rows(ranking)
    ]


def _ranking(ranking: Ranking) -> Chart:
    """Return the data of the ranking, to be saved as CSV."""
    table = [vars(row) for row in ranking_rows.rows(ranking)]
    columns = tuple(
        TableColumn(key, key, tuple(_plain(row[key]) for row in table))
        for key in table[0]
    )
    return Chart("ranking-data", columns, "The ranking")


def _strip(ranking: Ranking) -> Chart:
    """Return the data of the strips, to be saved as CSV."""
    table = [vars(row) for row in ranking_rows.said(ranking)]
    columns = tuple(
        TableColumn(key, key, tuple(_plain(row[key]) for row in table))
        for key in table[0]
    )
    return Chart("strip-data", columns, "What was said over time")


def _plain(value: object) -> charts.Cell:
    if value is None or isinstance(value, str):
        return value
    return float(value)  # type: ignore[arg-type]  # numbers and flags alone are left
