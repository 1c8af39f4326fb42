"""`econnet fetch`: public series into the store."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from econnet.cli import show
from econnet.cli.jobs import resolve_all
from econnet.cli.options import Countries
from econnet.errors import UsageError
from econnet.settings import Settings

if TYPE_CHECKING:
    from econnet.countries import Country


class Source(StrEnum):
    """A live source."""

    WORLDBANK = "worldbank"
    FRED = "fred"


def fetch(
    country: Countries = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every country there is.")
    ] = False,
    source: Annotated[
        list[Source] | None, typer.Option(help="By default all sources; repeatable.")
    ] = None,
    start: Annotated[
        int, typer.Option(min=1900, max=2100, metavar="YEAR", help="First year wanted.")
    ] = 1960,
    offline: Annotated[
        bool, typer.Option("--offline", help="Only say what there is already.")
    ] = False,
) -> None:
    """Bring public series from World Bank and FRED into the store.

    Example: econnet fetch --country DEU --country FRA
    """
    from econnet import countries, ingest

    if everything == bool(country):
        raise UsageError("say what to fetch: --country DEU, or --all")
    chosen = countries.all_countries() if everything else resolve_all(country or [])
    settings = Settings.from_environment()
    if offline:
        _show_what_there_is(settings, chosen)
        return
    with show.progress("Fetching") as progress:
        summary = ingest.fetch(
            settings,
            chosen,
            sources=[it.value for it in source] if source else ingest.SOURCES,
            start_year=start,
            progress=lambda it: progress(it.done / it.total),
        )
    if len(summary.failed) and not summary.changes and not summary.unchanged:
        summary.check()
    for line in summary.missing:
        show.note(f"not there: {line}")
    for line in summary.kept:
        show.note(f"kept the series on its later base: {line}")
    for line in summary.failed[1:]:
        show.note(f"failed: {line}")
    show.answer(
        f"{summary.requested} series asked for, {summary.unchanged} unchanged: "
        f"{summary.added:,} new values, {summary.revised:,} revised"
    )
    summary.check()


def _show_what_there_is(settings: Settings, chosen: "list[Country]") -> None:
    from econnet import ingest

    known = ingest.known(settings)
    place = show.PLACES[known.source]
    for one in chosen:
        own = known.series[known.series["country"] == one.alpha3]
        if len(own):
            newest = own["retrieved_at"].max().date()
            show.answer(
                f"{one.name}: {len(own)} series in {place}, retrieved up to {newest}"
            )
        else:
            show.answer(f"{one.name}: nothing in {place}")
