"""What can be asked of the commands: each option once, with its help.

A command takes its options as dataclasses (`task: TaskOptions`) and is made `flat`, by
which each field becomes an option of its own. So an option that several commands share
is added here, in one place. An option that a command declares itself stands in the
place of a field of that name, which keeps its default.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer

from econnet.cli import complete
from econnet.core.periods import Frequency

Pool = Literal["all", "own"]
Event = Literal["at", "within"]
Vintages = Literal["real", "revised"]

Countries = Annotated[
    list[str] | None,
    typer.Option(
        "--country",
        metavar="COUNTRY",
        help="Name or code: Germany, DE or DEU; repeatable.",
        autocompletion=complete.country,
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Use what was known on this date: 2008-10-01."),
]
Assumptions = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="INDICATOR=FIGURE",
        help="What if? unemployment=+1.0 moves the newest figure, unemployment=6.0 "
        "or real_gdp==-2.0 replaces it; repeatable.",
    ),
]
Horizons = Annotated[
    list[int] | None,
    typer.Option(
        "--horizon",
        min=0,
        max=40,
        metavar="N",
        help="Periods ahead; repeatable. By default 1.",
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="RULE",
        help="What a contraction is: "
        f"{', '.join(complete.LABELS[:-1])} or {complete.LABELS[-1]}; repeatable. By "
        "default negative-growth.",
        autocompletion=complete.label,
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="A running Dask scheduler to work on: tcp://host:8786."
    ),
]
All = Annotated[bool, typer.Option("--all", help="Every country there is.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
Baselines = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Baselines, with commas between them. By default backtest takes all, "
        "train those that cost next to nothing.",
    ),
]


@dataclass(frozen=True)
class TaskOptions:
    """What is forecast, for whom, and from which data: `TASK` in the documentation."""

    country: Countries = None
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="Your own panel in place of econnet's data: CSV, Parquet or Excel.",
        ),
    ] = None
    frequency: Annotated[
        Frequency | None,
        typer.Option(
            help="Annual, quarterly or monthly; by default what the data allow."
        ),
    ] = None
    target: Annotated[
        str,
        typer.Option(
            metavar="INDICATOR",
            help="The indicator that is labelled.",
            autocompletion=complete.indicator,
        ),
    ] = "real_gdp"
    label: Annotated[
        str,
        typer.Option(
            metavar="RULE",
            help="What a contraction is: "
            f"{', '.join(complete.LABELS[:-1])} or {complete.LABELS[-1]}.",
            autocompletion=complete.label,
        ),
    ] = "negative-growth"
    horizon: Annotated[
        int, typer.Option(min=0, max=40, metavar="N", help="Periods ahead.")
    ] = 1
    event: Annotated[
        Event,
        typer.Option(
            help="A contraction in that period, or in any from the next one up to it."
        ),
    ] = "at"
    pool: Annotated[
        Pool,
        typer.Option(help="Learn from all countries, or from its own history alone."),
    ] = "all"
    rolling_years: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=500,
            metavar="N",
            help="Learn from the last N years before each refit; by default from all.",
        ),
    ] = None
    vintages: Annotated[
        Vintages,
        typer.Option(
            help="Figures as they stood at the time, where the data tell, or as now."
        ),
    ] = "real"
    members: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1000,
            metavar="N",
            help="Networks in the ensemble; by default 16, of a streamed panel 1.",
        ),
    ] = None
    as_of: AsOf = None
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Of all random numbers.")
    ] = 0
    lag: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Periods until a value of --data is known."
        ),
    ] = 1
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="COLUMN=KIND",
            help="What a column of --data is: rate, index, flow, balance or flag; "
            "repeatable.",
        ),
    ] = None
    # Commands that take a task never open a connection, so that it changes nothing.
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Open no connection; only fetch ever does."),
    ] = False


def flat(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with each dataclass it takes spread into its fields."""
    hints = get_type_hints(command, include_extras=True)
    groups = {
        name: kind
        for name, kind in hints.items()
        if isinstance(kind, type) and is_dataclass(kind)
    }
    own_options = inspect.signature(command, eval_str=True).parameters
    parameters = []
    for name, parameter in own_options.items():
        if name in groups:
            shared = _parameters(groups[name])
            parameters += [it for it in shared if it.name not in own_options]
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @functools.wraps(command)
    def spread(**given: object) -> None:
        for name, group in groups.items():
            of_group = {
                field.name: given.pop(field.name)
                for field in fields(group)
                if field.name not in own_options
            }
            given[name] = group(**of_group)
        command(**given)

    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return spread


def _parameters(group: Any) -> list[inspect.Parameter]:  # noqa: ANN401 - any dataclass
    """Return the fields of a dataclass as parameters of a function."""
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=(
                inspect.Parameter.empty if field.default is MISSING else field.default
            ),
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]
