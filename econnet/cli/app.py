"""The commands, in the order in which help lists them.

A new command is a function in a module of its own and its name in `COMMANDS`.
"""

import os
from collections.abc import Callable
from typing import Annotated

import typer

from econnet.cli import defaults, output
from econnet.cli.commands.backtest import backtest
from econnet.cli.commands.check import check
from econnet.cli.commands.duel import duel
from econnet.cli.commands.export import export
from econnet.cli.commands.fetch import fetch
from econnet.cli.commands.forecast import forecast
from econnet.cli.commands.inspect import inspect
from econnet.cli.commands.lists import countries, indicators
from econnet.cli.commands.mcp import mcp
from econnet.cli.commands.publish import publish
from econnet.cli.commands.report import report
from econnet.cli.commands.status import status
from econnet.cli.commands.train import train
from econnet.cli.dependent_options import Command
from econnet.cli.docstrings import docstring
from econnet.cli.exit_codes import INTERRUPTED
from econnet.core import plugins
from econnet.core.errors import UsageError
from econnet.core.settings import Settings

COMMANDS: tuple[Callable[..., None], ...] = (
    train,
    forecast,
    report,
    publish,
    backtest,
    fetch,
    inspect,
    export,
    status,
    check,
    countries,
    indicators,
    mcp,
    duel,
)

app = typer.Typer(
    help="Forecast the probability of a contraction, with the record of past forecasts."
    "\n\nExample: econnet train --country DEU",
    pretty_exceptions_enable=False,
    # Boxes would leave the text a third of eighty columns.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in COMMANDS:
    text = docstring(command)
    # Typer would shorten the first sentence in a narrow terminal.
    first, _, _ = text.partition("\n")
    app.command(cls=Command, help=text, short_help=first)(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        output.print_answer(f"econnet {version('econnet')}")
        raise typer.Exit


@app.callback()
def before(
    context: typer.Context,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print answers only.")] = False,
    debug: Annotated[  # noqa: ARG001 - `main` looks for it itself
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool,
        typer.Option(
            "--version",
            help="Print the version and exit.",
            is_eager=True,
            callback=_print_version,
        ),
    ] = False,
) -> None:
    """Handle the options before the command."""
    output.manner.quiet = quiet
    if context.invoked_subcommand != "check":  # which reports errors in the settings
        context.default_map = defaults.default_map(context)


def run_command(arguments: list[str]) -> int:
    """Run a command, and return its exit code.

    Raises
    ------
    EconnetError
        A problem that the user can solve.
    KeyboardInterrupt
        The user pressed Ctrl-C.
    BrokenPipeError
        The reader of stdout has gone.
    """
    arguments = arguments or _without_arguments()
    try:
        code = (
            app(arguments, prog_name="econnet", standalone_mode=False)
            if arguments
            else 0
        )
        output.finish()
    except typer.TyperException as error:
        raise UsageError(defaults.explained(error)) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    except output.ClosedPipeError as error:
        raise BrokenPipeError from error
    except SystemExit as error:
        # Typer exits with 1 when the reader of its help has gone.
        if isinstance(error.__context__, BrokenPipeError):
            raise error.__context__ from None
        raise
    finally:
        for plugin, reason in plugins.failures().items():
            output.note(f"{plugin} is left out: {reason}")
    if code == INTERRUPTED:  # Typer's own code for Ctrl-C
        raise KeyboardInterrupt
    return code or 0


def _without_arguments() -> list[str]:
    """Return the arguments of a bare `econnet`: `--help`, or none after first steps."""
    # A shell that completes a line calls a bare `econnet`, with the line in variables.
    completing = "_ECONNET_COMPLETE" in os.environ
    if completing or Settings.from_environment().data_folder.exists():
        return ["--help"]
    output.first_steps()
    return []
