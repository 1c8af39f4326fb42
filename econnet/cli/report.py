"""`econnet report`: the report in the forms that are asked for."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from econnet.cli import show
from econnet.cli.jobs import (
    Job,
    data_and_countries,
    jobs,
    rank,
    ranked_jobs,
    ranking_folder,
)
from econnet.cli.options import All, Assumptions, TaskOptions, flat
from econnet.errors import DataError, UsageError
from econnet.report import Format, Paper

if TYPE_CHECKING:
    from econnet.ranking import Ranking
    from econnet.whatif import Assumption


@flat
def report(
    task: TaskOptions,
    everything: All = False,
    formats: Annotated[
        list[Format] | None,
        typer.Option(
            "--format",
            metavar="<pdf|png|html|json|csv>",
            help="By default all; repeatable.",
        ),
    ] = None,
    paper: Annotated[Paper, typer.Option(help="Size of the PDF.")] = "a4",
    assumptions: Assumptions = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Make the forecast of the report that is there again, and compare; "
            "writes nothing.",
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="With --verify: print JSON only.")
    ] = False,
) -> None:
    """Write the report: PDF, HTML, pictures, and every number.

    Of several countries a ranking too, with a map of the world. Trains first where no
    model fits, and says so. With --verify, seed, members and date are the report's.

    Example: econnet report --country BRA --format pdf --paper letter

    Example: econnet report --all --format html

    Example: econnet report --country DEU --verify
    """
    from econnet import whatif

    if everything and task.country:
        raise UsageError("--all means every country: leave out --country")
    if verify:
        if everything or formats or assumptions:
            raise UsageError(
                "--verify repeats reports that are there: name their countries, and "
                "leave out --all, --format and --set"
            )
        _verify(task, as_json=json)
        return
    if json:
        raise UsageError(
            "--json goes with --verify: `--format json` writes report.json, and "
            "`econnet forecast --json` prints it"
        )
    supposed = [whatif.parse(text) for text in assumptions or []]
    chosen = formats or list(Format)
    asked = everything or task.country or task.data is not None
    found = data_and_countries(task) if asked else None
    if found is not None and len(found[1]) > 1:
        made = rank(task, found)
        todo = ranked_jobs(task, made, found[0]) if everything else jobs(task, found)
    else:
        made, todo = None, jobs(task, found)
    # Thousands of pictures are for those who ask for them.
    pictures = formats is not None or not everything
    own = [it for it in chosen if pictures or it != Format.PNG]
    pages = _write_reports(todo, made, own, paper, supposed)
    if found is not None and made is not None:
        folder = ranking_folder(task, made.task, found)
        _write_ranking(folder, made, chosen, paper, pages)


def _verify(task: TaskOptions, *, as_json: bool) -> None:
    """Make the forecasts of reports again, and say whether they are the same."""
    from econnet import verify

    found = []
    for one in jobs(replace(task, as_of=None)):
        report = verify.read(one.report_folder / "report.json")
        with show.progress(f"Replaying history: {one.country.name}") as progress:
            found.append(verify.verify(report, one.known, one.country, progress))
    wrong = [it for it in found if not it.verified]
    if as_json:
        show.as_json(
            {"verified": not wrong, "reports": [verify.to_dict(it) for it in found]}
        )
    else:
        for it in found:
            if it.verified:
                show.answer(it.sentence())
    if wrong:
        raise DataError("\n".join(it.sentence() for it in wrong))


def _write_reports(
    todo: Sequence[Job],
    made: "Ranking | None",
    formats: Sequence[Format],
    paper: Paper,
    supposed: "Sequence[Assumption]",
) -> dict[str, Path]:
    """Write each country's report, and return where the page of each stands."""
    from econnet.report import document

    there = {} if made is None else {it.country: it for it in made.forecasts}
    pages = {}
    began = time.monotonic()
    for number, one in enumerate(todo):
        forecast = there.get(one.country)
        if forecast is None or forecast.task != one.task or supposed:
            forecast = one.forecast(assumptions=supposed)
        seconds = time.monotonic() - began
        with show.working(
            f"Writing the report on {one.country.name}"
            f"{show.how_far(number, len(todo), seconds)}"
        ):
            written = document.write(forecast, one.report_folder, formats, paper)
        for path in written:
            show.answer(path)
            if path.name == "report.html":
                pages[one.country.alpha3] = path
    return pages


def _write_ranking(
    folder: Path,
    made: "Ranking",
    formats: Sequence[Format],
    paper: Paper,
    pages: dict[str, Path],
) -> None:
    """Write the ranking, its page with links to those of the countries."""
    from econnet.report import ranking

    links = {
        alpha3: Path(os.path.relpath(path, folder)).as_posix()
        for alpha3, path in pages.items()
    }
    with show.working("Writing the ranking"):
        written = ranking.write(made, folder, formats, paper, links)
    for path in written:
        show.answer(path)
    for one in made.left_out:
        show.note(f"left out: {one.reason}")
