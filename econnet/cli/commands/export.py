"""`econnet export`: the data as a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from econnet.cli import completion
from econnet.cli import output as cli_output
from econnet.cli.jobs import countries_named, date
from econnet.cli.options import AsOf, Countries
from econnet.core.errors import DataError, UsageError, suggestion
from econnet.core.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from econnet.data.sources.observations import Dataset


def export(
    output: Annotated[
        Path,
        typer.Option("--output", metavar="FILE", help="File: .csv, .parquet or .xlsx."),
    ],
    country: Countries = None,
    indicator: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INDICATOR",
            help="Default: all indicators; repeatable.",
            autocompletion=completion.indicator,
        ),
    ] = None,
    form: Annotated[
        Literal["csv", "parquet", "xlsx"] | None,
        typer.Option("--format", help="Default: from the file name."),
    ] = None,
    as_of: AsOf = None,
) -> None:
    """Export the data to a file, one row per observation.

    Example: econnet export --country DEU --indicator real_gdp --output gdp.csv
    """
    from econnet.core import catalog
    from econnet.data import load
    from econnet.data.store.export import export as write_table

    for key in indicator or []:
        if key not in catalog.load():
            remedy = suggestion(key, catalog.load(), "`econnet indicators` lists all")
            raise UsageError(f"no indicator is called {key!r}: {remedy}")
    codes = [named.alpha3 for named in countries_named(country)] or None
    # `write_table` refuses what is not a file, whose name has no ending to replace.
    keeps_name = form is None or (output.exists() and not output.is_file())
    path = output if keeps_name else output.with_suffix(f".{form}")
    settings, day = Settings.from_environment(), date(as_of)
    with cli_output.working("Reading the data"):
        known = load.complete(settings, day, countries=codes)
        known = load.as_known_on(known, day)
    rows = _with_units(known)
    if indicator:
        rows = rows[rows["indicator"].isin(indicator)]
    if rows.empty:
        when = "" if day is None else f" that were known on {day.date()}"
        raise DataError(
            f"there are no such observations{when}: `econnet status` lists the data"
        )
    with cli_output.working("Writing the file"):
        write_table(rows, path)
    cli_output.print_answer(f"{len(rows):,} observations in {path}")


def _with_units(known: "Dataset") -> "pd.DataFrame":
    """Return the observations with the unit and the terms of their series."""
    keys = ["country", "indicator", "source", "series_id"]
    described = known.series[[*keys, *DESCRIPTION]].drop_duplicates(keys)
    return known.observations.merge(described, on=keys, how="left")


# Columns of a series that every observation of an export repeats.
DESCRIPTION = ["unit", "rights", "attribution"]
