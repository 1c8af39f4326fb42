"""Options are refused if another option, missing or given, leaves them no effect.

Such an option on the command line is a mistake of the user's. In `econnet.toml` and the
environment it is a default, for the commands that can use it. Rules that depend on the
value of an option are in its command.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from typer.core import TyperCommand

from econnet.cli.help_text import HelpContext
from econnet.cli.options import TaskOptions
from econnet.core.errors import UsageError


@dataclass(frozen=True)
class Needs:
    """Options that need another one.

    Parameters
    ----------
    commands
        Those to which the rule applies.
    options, other
        The names of the parameters.
    remedy
        What to do instead.
    """

    commands: Collection[str]
    options: Collection[str]
    other: str
    remedy: str


@dataclass(frozen=True)
class Alone:
    """An option with which only the `allowed` ones have an effect."""

    command: str
    option: str
    allowed: Collection[str]


class Command(TyperCommand):
    """A command that refuses options without effect before it begins."""

    context_class = HelpContext

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as Typer's own
        """Check the options, then run the command."""
        flags = {parameter.name: parameter.opts[-1] for parameter in self.params}
        given = {name for name in flags if _is_given(ctx, name)}
        for needs in NEEDS:
            useless = given.intersection(needs.options)
            if self.name in needs.commands and useless and not ctx.params[needs.other]:
                raise _error(flags, useless, f"without {flags[needs.other]}", needs)
        for alone in ALONE:
            useless = given - {*alone.allowed, alone.option}
            if self.name == alone.command and alone.option in given and useless:
                raise _error(flags, useless, f"with {flags[alone.option]}")
        return super().invoke(ctx)


def _is_given(context: Any, name: str) -> bool:  # noqa: ANN401 - Typer's context
    """Return whether an option is on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _error(
    flags: dict[str, str], useless: set[str], where: str, needs: Needs | None = None
) -> UsageError:
    *others, last = [flag for name, flag in flags.items() if name in useless]
    remedy = f"{needs.remedy}, or " if needs else ""
    if not others:
        return UsageError(f"{last} has no effect {where}: {remedy}leave it out")
    return UsageError(
        f"{', '.join(others)} and {last} have no effect {where}: {remedy}leave them out"
    )


OF_TASK = frozenset(item.name for item in fields(TaskOptions))
NEEDS = (
    Needs(
        ("train", "forecast", "report", "backtest"),
        ("lag", "kind", "sheet", "adjust"),
        "data",
        "name your own file with --data FILE",
    ),
    Needs(("publish",), ("anchor", "json"), "verify", "add --verify FOLDER"),
    Needs(
        ("report",),
        ("json",),
        "verify",
        "use --format json to write report.json or `econnet forecast --json` to print "
        "it",
    ),
)
ALONE = (
    Alone("fetch", "offline", ("country", "everything", "json")),
    Alone("fetch", "dry_run", ("country", "everything", "source", "json")),
    Alone("publish", "verify", ("anchor", "json")),
    Alone("report", "verify", OF_TASK | {"json"}),
)
