"""`econnet countries` and `econnet indicators`: what can be asked for by name."""

from typing import Annotated

import typer

from econnet.cli import show
from econnet.cli.jobs import known_data
from econnet.cli.options import Json
from econnet.errors import UsageError
from econnet.settings import Settings


def countries(json: Json = False) -> None:
    """List the countries whose output econnet knows.

    Example: econnet countries --json
    """
    from econnet.countries import by_alpha3

    series = known_data(Settings.from_environment()).series
    output = series[series["indicator"] == "real_gdp"]
    rows = []
    for alpha3, own in output.groupby("country"):
        finest = "Q" if (own["frequency"] == "Q").any() else "A"
        longest = own[own["frequency"] == finest].sort_values("last_period").iloc[-1]
        rows.append(
            {
                "country": alpha3,
                "name": by_alpha3(str(alpha3)).name,
                "frequency": finest,
                "first_period": longest["first_period"],
                "last_period": longest["last_period"],
            }
        )
    if json:
        show.as_json(rows)
        return
    show.table(
        f"{len(rows)} countries with real GDP",
        ("code", "name", "frequency", "first", "last"),
        [tuple(row.values()) for row in rows],
    )


def indicators(
    search: Annotated[
        str | None, typer.Option(help="Only those whose title or key has these words.")
    ] = None,
    json: Json = False,
) -> None:
    """List the indicators that econnet knows how to use.

    Example: econnet indicators --search "consumer prices"
    """
    from econnet import catalog

    words = (search or "").casefold().split()
    rows = [
        {
            "indicator": indicator.key,
            "title": indicator.title,
            "unit": indicator.unit,
            "group": indicator.group,
            "transform": indicator.transform,
            "sources": sorted({template.source for template in indicator.series}),
        }
        for indicator in catalog.load().values()
        if all(
            word in f"{indicator.key} {indicator.title} {indicator.group}".casefold()
            for word in words
        )
    ]
    if json:
        show.as_json(rows)
        return
    if not rows:
        raise UsageError(
            f"no indicator has the words {search!r}: `econnet indicators` lists all"
        )
    show.table(
        f"{len(rows)} indicators",
        ("indicator", "title", "unit", "sources"),
        [
            (row["indicator"], row["title"], row["unit"], ", ".join(row["sources"]))
            for row in rows
        ],
    )
