"""The front page: the map, all countries by distance from average, and the news."""

from collections.abc import Iterator, Sequence
from typing import Any

from econnet.forecast.ranking import Ranking
from econnet.forecast.result import Forecast
from econnet.report import ranking_rows, wording, world_map
from econnet.report.figures import world
from econnet.report.figures.shades import NAMES
from econnet.report.figures.style import LIGHT, captions, style
from econnet.report.html import page
from econnet.report.html.charts import as_data
from econnet.report.html.svg import inline_svg
from econnet.report.site import changes, documents, feed, links
from econnet.report.site.changes import Publication
from econnet.report.wording.formatting import count

MAX_OUTCOMES, MAX_CHANGES = 20, 10


def as_html(
    ranking: Ranking,
    ordered: Sequence[Forecast],
    news: Sequence[Publication],
    n_headlines: int = 0,
) -> str:
    """Return the front page: map, table by distance from the average, and news.

    `ordered` are the forecasts, the one furthest above its average first;
    `n_headlines` is the number of countries whose page answers another question.
    """
    texts = ranking_rows.ranking_content(ranking)
    month = changes.of_last_month(news, wording.newest(ranking.forecasts).made_at)
    return page.render(
        "front.html",
        title=texts["title"],
        description=texts["summary"][0],
        made=texts["made"],
        sections=SECTIONS,
        stem="econnet",
        charts={"forecasts": as_data(ranking_rows.rows(ranking))},
        site=links.of(links.FRONT),
        heading=texts["title"],
        summary=texts["summary"],
        trust=[*texts["trust"], *_other_questions(n_headlines, len(ordered))],
        map=_map(ranking),
        key=list(enumerate(NAMES)),
        disclaimer=world_map.DISCLAIMER,
        columns=ranking_rows.COLUMNS[1:],
        text_columns=[place - 1 for place in ranking_rows.TEXT_COLUMNS],
        confidence_column=ranking_rows.CONFIDENCE_COLUMN - 1,
        columns_explained=ranking_rows.COLUMNS_EXPLAINED,
        rows=list(_country_rows(ranking, ordered, texts["rows"])),
        changes=_changes(month),
        left_out=texts["left_out"],
        credit=texts["credit"],
    )


def _other_questions(n_headlines: int, n_countries: int) -> list[str]:
    """Return which pages answer another question than this one, in a sentence."""
    if not n_headlines:
        return []
    which = "The page of each country answers"
    if n_headlines < n_countries:
        which = f"The pages of {n_headlines} of {n_countries} countries answer"
    return [
        f"{which} the country's headline question: of the standard questions, the one "
        "whose past forecasts have the best-proven skill."
    ]


def _map(ranking: Ranking) -> dict[str, Any] | None:
    """Return the map of the world, if enough of it can be shown."""
    if not world.has_map(ranking):
        return None
    with style(LIGHT):
        figure = world.world(ranking, LIGHT)
    alt = ranking_rows.alts(ranking)["map"]
    return {
        "svg": inline_svg(figure, "map", alt),
        "caption": captions(figure)[0],
    }


def _country_rows(
    ranking: Ranking, ordered: Sequence[Forecast], rows: Sequence[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a ranking in the order of `ordered`, with what sorts them.

    Forecasts whose period is over come last.
    """
    table = ranking_rows.rows(ranking)
    shown = {row["country"]: row for row in rows}
    keys = table.set_index("country")[SORT_KEYS]
    for forecast in sorted(ordered, key=wording.has_passed):
        code = forecast.country.alpha3
        yield {
            "cells": shown[code]["cells"][1:],
            "alarm": shown[code]["alarm"],
            "sort_keys": [*keys.loc[code]],
            "page": documents.country_page(code),
        }


def _changes(month: Sequence[Publication]) -> dict[str, Any]:
    """Return what changed in the publications of a month, in sentences."""
    forecasts = [it for one in month for it in one.forecasts]
    moved = sorted(
        (it for one in month for it in one.changes if it.points),
        key=lambda it: -abs(it.points),
    )
    outcomes = [row for one in month for row in one.outcomes]
    missed = sum(row.missed for row in outcomes)
    sentences = [
        f"In the last {changes.DAYS_OF_A_MONTH} days, "
        f"{count(len(forecasts), 'new forecast')} and "
        f"{count(len(outcomes), 'outcome')} were added to the record."
    ]
    if outcomes:
        sentences.append(
            f"The historical average was closer to the outcome in {missed} of "
            f"{len(outcomes)}."
        )
    if forecasts and not moved:
        sentences.append("No earlier forecast on the same question differs from them.")
    largest = [f"{feed.change_sentence(it)}." for it in moved[:MAX_CHANGES]]
    shown = [feed.outcome_sentence(row) for row in outcomes[:MAX_OUTCOMES]]
    lists = [("Largest changes", largest), ("Outcomes", shown)]
    return {"sentences": sentences, "lists": lists}


SECTIONS = (
    ("content", "The answer"),
    ("countries", "Countries"),
    ("changes", "What changed"),
)
SORT_KEYS = ["name", "probability", "confidence", "interval_high", "base_rate"]
SORT_KEYS += ["above_average", "period"]
