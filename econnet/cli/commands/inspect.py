"""`econnet inspect`: how econnet reads a file, column by column."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from econnet.cli import jobs, output
from econnet.cli.options import Countries, Json, TaskOptions


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Your own data.")],
    country: Countries = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=KIND", help="Kind of a column, as in forecast; repeatable."
        ),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(metavar="NAME", help="Sheet of a workbook.")
    ] = None,
    json: Json = False,
) -> None:
    """Show how econnet reads a file, column by column.

    Example: econnet inspect current.csv
    """
    options = TaskOptions(data=file, country=country, kind=kind, sheet=sheet)
    understood = jobs.read_file(options).understood
    if json:
        document: dict[str, Any] = asdict(understood)
        output.print_json(document)
        return
    for line in understood.lines()[:-1]:
        output.prose(line)
    output.table(
        f"{file.name}: series",
        ("column", "kind", "unit", "span", "missing", "recognised as"),
        [
            (
                column.name,
                column.kind,
                column.unit,
                f"{column.first_period} to {column.last_period}",
                column.missing,
                column.measures.replace("_", " ") or column.reason,
            )
            for column in understood.columns
        ],
    )
    if understood.left_out:
        output.table(
            f"{file.name}: left out",
            ("column", "reason"),
            [*understood.left_out.items()],
        )
    output.prose(f"To override: {', '.join(understood.overrides)}.")
