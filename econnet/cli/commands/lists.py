"""`econnet countries` and `econnet indicators`: what econnet has data for."""

from typing import Annotated

import typer

from econnet.cli import output
from econnet.cli.jobs import known_data
from econnet.cli.options import Json
from econnet.core.errors import UsageError
from econnet.core.settings import Settings


def countries(json: Json = False) -> None:
    """List the countries with data on real GDP.

    Example: econnet countries --json
    """
    from econnet.data import load

    known = known_data(Settings.from_environment())
    rows = load.countries_with(known, "real_gdp").to_dict("records")
    if json:
        output.print_json(rows)
        return
    output.table(
        f"{len(rows)} countries with real GDP",
        ("code", "name", "frequency", "first", "last", "live"),
        [tuple(value or "none" for value in row.values()) for row in rows],
    )


def indicators(
    search: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS",
            help="List only indicators with these words in title or key.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List the indicators that econnet can use.

    Example: econnet indicators --search "consumer prices"
    """
    from econnet.core import catalog

    rows = [indicator.about() for indicator in catalog.search(search or "")]
    if json:
        output.print_json(rows)
        return
    if not rows:
        raise UsageError(
            f"no indicator contains {search!r}: `econnet indicators` lists all"
        )
    output.table(
        f"{len(rows)} indicator{'s' if len(rows) != 1 else ''}",
        ("indicator", "title", "unit", "sources"),
        [
            (row["indicator"], row["title"], row["unit"], ", ".join(row["sources"]))
            for row in rows
        ],
    )
