"""The commands, in the order in which help lists them, and the door they go through.

A new command is a function in a module of its own and its name in `COMMANDS`.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer

from econnet.cli import config, show
from econnet.cli.backtest import backtest
from econnet.cli.duel import duel
from econnet.cli.export import export
from econnet.cli.fetch import fetch
from econnet.cli.forecast import forecast
from econnet.cli.lists import countries, indicators
from econnet.cli.report import report
from econnet.cli.status import status
from econnet.cli.train import train
from econnet.errors import EconnetError, UsageError
from econnet.settings import Settings

COMMANDS: tuple[Callable[..., None], ...] = (
    train,
    forecast,
    report,
    backtest,
    fetch,
    export,
    status,
    countries,
    indicators,
    duel,
)

app = typer.Typer(
    help="How likely is it that an economy contracts next, and how far can one trust "
    "that?\n\nExample: econnet train --country DEU",
    pretty_exceptions_enable=False,
    # Boxes would leave the words a third of eighty columns.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in COMMANDS:
    app.command()(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        show.answer(f"econnet {version('econnet')}")
        raise typer.Exit


@app.callback()
def before(
    context: typer.Context,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print answers only.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool,
        typer.Option(
            "--version",
            help="Print the version and stop.",
            is_eager=True,
            callback=_print_version,
        ),
    ] = False,
) -> None:
    """Take what stands before the command."""
    show.manner.quiet, show.manner.debug = quiet, debug
    context.default_map = config.default_map(context)


def main() -> None:
    """Run the command line, and turn every known problem into a line and a code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        arguments = sys.argv[1:] or _without_arguments()
        code = 0
        if arguments:
            code = app(arguments, prog_name="econnet", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code)
    except EconnetError as error:
        _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        _fail(config.explained(error), UsageError.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", 130)
    except show.ClosedPipeError:
        # Nobody reads any more; what Python would flush at exit has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


def _without_arguments() -> list[str]:
    """Return what `econnet` alone asks for: help, or nothing more than first steps."""
    # A shell that completes a line calls `econnet` alone, with the line in variables.
    completing = "_ECONNET_COMPLETE" in os.environ
    if completing or Settings.from_environment().data_folder.exists():
        return ["--help"]
    show.first_steps()
    return []


def _fail(message: str, exit_code: int) -> NoReturn:
    if show.manner.debug:
        raise
    typer.echo(f"econnet: {message}", err=True)
    sys.exit(exit_code)
