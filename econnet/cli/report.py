"""`econnet report`: the report in the forms that are asked for."""

from typing import Annotated

import typer

from econnet.cli import show
from econnet.cli.jobs import jobs
from econnet.cli.options import Assumptions, TaskOptions, flat
from econnet.report import Format, Paper


@flat
def report(
    task: TaskOptions,
    formats: Annotated[
        list[Format] | None,
        typer.Option(
            "--format",
            metavar="<pdf|png|html|json>",
            help="By default all of them; repeatable.",
        ),
    ] = None,
    paper: Annotated[Paper, typer.Option(help="Size of the PDF.")] = "a4",
    assumptions: Assumptions = None,
) -> None:
    """Write the report: PDF, pictures and every number as JSON.

    Trains first where no model fits, and says so.

    Example: econnet report --country BRA --format pdf --paper letter
    """
    from econnet import whatif
    from econnet.report import document

    supposed = [whatif.parse(text) for text in assumptions or []]
    for one in jobs(task):
        made = one.forecast(assumptions=supposed)
        with show.working("Writing the report"):
            written = document.write(
                made, one.report_folder, formats or list(Format), paper
            )
        for path in written:
            show.answer(path)
