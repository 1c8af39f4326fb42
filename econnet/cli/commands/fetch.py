"""`econnet fetch`: public series for the store."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from econnet.cli import output
from econnet.cli.jobs import countries_named
from econnet.cli.numeric_options import whole_number_option
from econnet.cli.options import All, Countries, Json
from econnet.core.errors import UsageError
from econnet.core.settings import Settings
from econnet.core.sources import LIVE_SOURCES, live_source, live_sources

if TYPE_CHECKING:
    from econnet.core.countries import Country
    from econnet.data.fetch import Request, Summary


def fetch(
    country: Countries = None,
    everything: All = False,
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"{', '.join(LIVE_SOURCES)}; default: all; repeatable.",
            autocompletion=lambda: list(live_sources()),
        ),
    ] = None,
    start: Annotated[
        int, whole_number_option("First year.", 1900, 2100, metavar="YEAR")
    ] = 1960,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="List what would be requested."),
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="List the stored data without fetching.")
    ] = False,
    json: Json = False,
) -> None:
    """Download series from public sources.

    Example: econnet fetch --country DEU --country FRA
    """
    from econnet.core import countries
    from econnet.data import fetch as data_fetch

    if everything == bool(country):
        raise UsageError("name what to fetch: --country DEU, or --all")
    chosen = countries.all_countries() if everything else countries_named(country)
    settings = Settings.from_environment()
    sources = [*dict.fromkeys(map(live_source, source or live_sources()))]
    if offline:
        _show_available(settings, chosen, json)
        return
    if dry_run:
        requests = data_fetch.requests_of(
            settings, chosen, sources=sources, start_year=start
        )
        _show_requests(requests, json)
        return
    with output.progress("Fetching") as progress:
        summary = data_fetch.fetch(
            settings,
            chosen,
            sources=sources,
            start_year=start,
            progress=lambda state: progress(state.done / state.total),
        )
    if json:
        output.print_json(
            {
                "requested": summary.requested,
                "unchanged": summary.unchanged,
                "added": summary.added,
                "revised": summary.revised,
                "missing": list(summary.missing),
                "kept": list(summary.kept),
                "failed": list(summary.failed),
            }
        )
    else:
        _show_summary(summary)
    summary.check()


def _show_summary(summary: "Summary") -> None:
    """Print what was stored, and note what was not.

    Only the error is printed where a source is down and no other gave anything.
    """
    nothing = not summary.changes and not summary.unchanged
    if nothing and summary.not_asked:
        return
    for line in summary.missing:
        output.note(f"not available: {line}")
    for line in summary.kept:
        output.note(f"kept the series with the later base year: {line}")
    for line in summary.failed[1:]:
        output.note(f"failed: {line}")
    if nothing and summary.failed:
        return
    output.prose(
        f"{summary.requested} series requested, {summary.unchanged} unchanged: "
        f"{summary.added:,} new values, {summary.revised:,} revised"
    )


def _show_requests(requests: "list[Request]", json: bool) -> None:
    """Print the series that a fetch would request, one line per id."""
    if json:
        output.print_json([asdict(request) for request in requests])
        return
    for request in requests:
        # A source that gives all countries in one answer is asked for all.
        places = ", ".join(request.countries[:8]) or "all countries"
        more = len(request.countries) - 8
        places += f" and {more} more" if more > 0 else ""
        output.print_answer(
            f"{request.source} {request.series_id}: {request.indicator}, {places}"
        )
    output.note(f"{len(requests)} series would be requested; nothing was")


def _show_available(settings: Settings, chosen: "list[Country]", json: bool) -> None:
    from econnet.data import load

    known = load.known(settings)
    place = output.PLACES[known.source]
    rows = []
    for country in chosen:
        series = known.series[known.series["country"] == country.alpha3]
        newest = str(series["retrieved_at"].max().date()) if len(series) else None
        rows.append(
            {
                "country": country.alpha3,
                "name": country.name,
                "series": len(series),
                "source": known.source,
                "retrieved_at": newest,
            }
        )
    if json:
        output.print_json(rows)
        return
    for row in rows:
        if row["series"]:
            output.print_answer(
                f"{row['name']}: {row['series']} series in {place}, "
                f"retrieved up to {row['retrieved_at']}"
            )
        else:
            output.print_answer(f"{row['name']}: nothing in {place}")
