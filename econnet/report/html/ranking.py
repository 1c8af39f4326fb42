"""The page of many countries: dots, a table that sorts, a map, and strips."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from econnet.forecast.ranking import Ranking
from econnet.report import ranking_rows, world_map
from econnet.report.figures import world
from econnet.report.figures.shades import NAMES
from econnet.report.figures.style import LIGHT, captions
from econnet.report.html import charts, page
from econnet.report.html.charts import as_data
from econnet.report.html.svg import inline_svg

SECTIONS = (
    ("content", "The answer"),
    ("ranking", "Ranking"),
    ("strips", "Past forecasts"),
)
SORT_KEYS = ["rank", "name", "probability", "confidence"]
SORT_KEYS += ["interval_high", "base_rate", "above_average", "period"]


def as_html(
    ranking: Ranking,
    reports: Mapping[str, str],
    drawn: Mapping[str, Figure] | None = None,
) -> str:
    """Return the ranking as a page of HTML.

    `reports` are the paths of the countries' own reports from this page, by code;
    `drawn` are the figures of `world.draw`, if they have been drawn.
    """
    texts, rows = ranking_rows.ranking_content(ranking), ranking_rows.rows(ranking)
    past = ranking_rows.past_forecasts(ranking)
    alts, drawn = ranking_rows.alts(ranking), drawn or world.draw(ranking, LIGHT)
    pictures = {
        name: {
            "svg": inline_svg(figure, name, alts[name]),
            "caption": captions(figure)[0],
        }
        for name, figure in drawn.items()
    }
    return page.render(
        "ranking.html",
        title=texts["title"],
        description=texts["summary"][0],
        made=texts["made"],
        sections=SECTIONS,
        stem=f"ranking-{charts.safe_name(ranking.task.label)}",
        charts={"ranking-data": as_data(rows), "strip-data": as_data(past)},
        report=texts,
        dots=pictures.pop("dots"),
        map=pictures.pop("map", None),
        strips=list(pictures.values()),
        key=list(enumerate(NAMES)),
        sort_keys=rows[SORT_KEYS].values.tolist(),
        reports=reports,
        disclaimer=world_map.DISCLAIMER,
    )
