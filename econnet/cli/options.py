"""The options of the commands, each with its help text, once.

The options of a task are those of `core.task`. A command takes options as dataclasses
(`task: TaskOptions`) and is made `flat`, by which each field becomes an option of its
own. An option that a command declares itself takes the place of a field of that name,
which keeps its default.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import typer

from econnet.cli import completion
from econnet.core.task import Option, TaskRequest
from econnet.core.task import options as options_of_task

COMPLETIONS = {"indicator": completion.indicator, "label": completion.label}


def _typer_option(option: Option) -> Any:  # noqa: ANN401 - as typer.Option itself
    """Return an option of a task as Typer declares options."""
    return typer.Option(
        min=option.minimum,
        max=option.maximum,
        metavar=option.metavar,
        help=option.help,
        autocompletion=COMPLETIONS.get(option.completion or ""),
    )


_TASK = options_of_task()
Countries = Annotated[
    list[str] | None,
    typer.Option(
        "--country",
        metavar="COUNTRY",
        help="Name or code: Germany, DE or DEU; repeatable.",
        autocompletion=completion.country,
    ),
]
AsOf = Annotated[str | None, _typer_option(_TASK["as_of"])]
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
        min=_TASK["horizon"].minimum,
        max=_TASK["horizon"].maximum,
        metavar="N",
        help=f"Periods ahead; repeatable. By default {TaskRequest.horizon}.",
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="RULE",
        help=f"{_TASK['label'].help.rstrip('.')}; repeatable. By default "
        f"{TaskRequest.label}.",
        autocompletion=completion.label,
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


@dataclass(frozen=True, kw_only=True)
class TaskOptions(TaskRequest):
    """A task, for whom, and from which data: `TASK` in the documentation."""

    country: Countries = None
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="Your own panel in place of econnet's data: CSV, Parquet or Excel.",
        ),
    ] = None
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
            parameters += [
                option for option in shared if option.name not in own_options
            ]
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
    in_order = sorted(fields(group), key=lambda field: field.name not in SHOWN_FIRST)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=(
                inspect.Parameter.empty if field.default is MISSING else field.default
            ),
            annotation=_as_typer_declares(hints[field.name]),
        )
        for field in in_order
    ]


def _as_typer_declares(hint: Any) -> Any:  # noqa: ANN401 - any type hint
    """Return a hint with Typer's declaration in place of the task's own."""
    declared, *extras = get_args(hint)
    for extra in extras:
        if isinstance(extra, Option):
            return Annotated[declared, _typer_option(extra)]
    return hint


# In the help of a command.
SHOWN_FIRST = ("country", "data")
