"""`econnet publish`: a static site with forecasts, record and scores."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from econnet.cli import jobs, output
from econnet.cli.options import All, Countries, TaskOptions, flat
from econnet.core.errors import DataError, UsageError
from econnet.core.task import TaskRequest

if TYPE_CHECKING:
    from econnet.report.site.publication import PublishedSite


@flat
def publish(
    task: TaskRequest,
    country: Countries = None,
    everything: All = False,
    folder: Annotated[
        Path, typer.Option("--output", metavar="FOLDER", help="Folder of the site.")
    ] = Path("site"),
    verify: Annotated[
        Path | None,
        typer.Option(
            "--verify",
            metavar="FOLDER",
            help="Check record, scores and files of a published site; writes nothing.",
        ),
    ] = None,
    anchor: Annotated[
        str | None,
        typer.Option(
            metavar="SHA256",
            help="With --verify: an earlier head that the record must contain.",
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="With --verify: print JSON only.")
    ] = False,
) -> None:
    """Publish forecasts as a website with a public record.

    The front page compares all countries on one question. Without question options the
    page of each country named answers its headline question, as a report does; with
    --all, where a stored model answers it.

    Trains a model first if no saved model fits. New forecasts and outcomes
    are appended to record.jsonl, whose lines are chained by hash; publishing again
    appends nothing.

    Example: econnet publish --all --output site

    Example: econnet publish --verify site
    """
    if verify is not None:
        _verify(verify, anchor, as_json=json)
        return
    _check(task, country, everything=everything)
    options = TaskOptions(**asdict(task), country=country)
    _publish(options, folder)


def _check(task: TaskRequest, country: list[str] | None, *, everything: bool) -> None:
    if everything and country:
        raise UsageError("--all means all countries: leave out --country")
    if not everything and not country:
        raise UsageError("name countries with --country DEU, or use --all")
    if task.as_of is not None:
        raise UsageError(
            "a public record contains only forecasts made on the day of publication: "
            "leave out --as-of"
        )


def _publish(options: TaskOptions, folder: Path) -> None:
    """Publish the site, and print what was appended to its record."""
    from econnet.report.site import build, publication

    # A folder that cannot be used is refused before the data are read.
    build.check_folder(folder)
    known, countries = jobs.data_and_countries(options)
    site = publication.publish(
        known,
        countries,
        options,
        jobs.workspace(),
        folder,
        all_needed=bool(options.country),
        train_headlines=bool(options.country),
        listener=output.listener(),
    )
    output.print_answer(folder / "index.html")
    output.print_answer(_appended(site))
    for omission in site.ranking.left_out:
        output.note(f"left out: {omission.reason}")


def _appended(site: "PublishedSite") -> str:
    """Return what was appended to the record, in a sentence."""
    from econnet.report.wording.formatting import count

    return (
        f"Record: {count(site.n_new_forecasts, 'forecast')} and "
        f"{count(site.n_new_outcomes, 'outcome')} appended, "
        f"{count(len(site.record.entries), 'line')} in total; head {site.record.head}"
    )


def _verify(folder: Path, anchor: str | None, *, as_json: bool) -> None:
    """Verify a site, and print whether its record and scores are intact."""
    from econnet.report.site import verification

    result = verification.verify(folder, anchor)
    if as_json:
        output.print_json(verification.to_dict(result))
    elif result.verified:
        output.print_answer(result.sentence())
    if not result.verified:
        raise DataError(result.sentence())
