"""`econnet report`: the report in the forms that are asked for."""

import os
from collections.abc import Sequence
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
from econnet.errors import UsageError
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
) -> None:
    """Write the report: PDF, HTML, pictures, and every number.

    Of several countries a ranking too, with a map of the world. Trains first where no
    model fits, and says so.

    Example: econnet report --country BRA --format pdf --paper letter

    Example: econnet report --all --format html
    """
    from econnet import whatif

    if everything and task.country:
        raise UsageError("--all means every country: leave out --country")
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
    for one in todo:
        forecast = there.get(one.country)
        if forecast is None or forecast.task != one.task or supposed:
            forecast = one.forecast(assumptions=supposed)
        with show.working(f"Writing the report on {one.country.name}"):
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
