"""Many countries as files: a ranking, a map of the world, and strips over time.

`ranking.json` contains every number, `ranking.csv` one row per country and `strip.csv`
each out-of-sample probability in the strips; the PDF and the page present the same.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from matplotlib.figure import Figure

from econnet.forecast.ranking import Ranking
from econnet.report import Format, Paper, ranking_rows, tables, wording
from econnet.report import country as country_report
from econnet.report.figures import world
from econnet.report.figures.style import LIGHT
from econnet.report.html import ranking as ranking_page
from econnet.runtime import atomic_files

FOLDER = "ranking"


def write(
    ranking: Ranking,
    folder: Path,
    formats: Collection[Format] = tuple(Format),
    paper: Paper = "a4",
    reports: Mapping[str, str] = MappingProxyType({}),
) -> list[Path]:
    """Write the ranking into `folder`, created if needed, and return its files.

    `reports` are the paths of the countries' own pages from `folder`, by their codes.
    """
    return atomic_files.write_together(folder, _files(ranking, formats, paper, reports))


def _files(
    ranking: Ranking,
    formats: Collection[Format],
    paper: Paper,
    reports: Mapping[str, str],
) -> Iterator[tuple[str, bytes]]:
    drawn = world.draw(ranking, LIGHT) if set(formats) & {"pdf", "png", "html"} else {}
    if "pdf" in formats:
        yield "ranking.pdf", _as_pdf(ranking, drawn, paper)
    if "png" in formats:
        title, credit = wording.ranking_title(ranking), wording.ranking_credit(ranking)
        yield from country_report.pictures(drawn, title, credit)
    if "html" in formats:
        yield "ranking.html", ranking_page.as_html(ranking, reports, drawn).encode()
    if "json" in formats:
        text = json.dumps(ranking_rows.to_dict(ranking), indent=2, allow_nan=False)
        yield "ranking.json", f"{text}\n".encode()
    if "csv" in formats:
        yield "ranking.csv", tables.as_csv(ranking_rows.rows(ranking))
        yield "strip.csv", tables.as_csv(ranking_rows.past_forecasts(ranking))


def _as_pdf(ranking: Ranking, drawn: Mapping[str, Figure], paper: Paper) -> bytes:
    """Return the PDF, in which the first strip fills the page below the tables."""
    texts = ranking_rows.ranking_content(ranking)
    above = {name: it for name, it in drawn.items() if not name.startswith("strip")}
    alts = ranking_rows.alts(ranking)
    document = country_report.document_of({**texts, "strips": []}, above, alts)
    first = world.rows_in(country_report.room_at(TEMPLATE, document, paper, "<strips>"))
    strips = world.draw_strips(ranking, LIGHT, first)
    alts |= ranking_rows.strip_alts(ranking, first)
    document = country_report.document_of(
        {**texts, "strips": list(strips)}, above | strips, alts
    )
    made_at = wording.newest(ranking.forecasts).made_at
    return country_report.typeset(TEMPLATE, document, paper, made_at)


TEMPLATE = "pdf/ranking.typ"
