"""Options that several commands share, each declared once with its help text.

The options of a task are those of `core.task`. A command takes them as a dataclass
(`task: TaskOptions`), and the decorator `flat` turns each field into an option. An
option that the command declares itself replaces the field of that name, which keeps
its default.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import typer

from econnet.cli import completion
from econnet.cli.numeric_options import decimal_option, whole_number_option
from econnet.core.periods import MAX_LAG
from econnet.core.task import Option, TaskRequest
from econnet.core.task import options as options_of_task

COMPLETIONS = {"indicator": completion.indicator, "label": completion.label}


def _typer_option(option: Option) -> Any:  # noqa: ANN401 - as typer.Option itself
    """Return an option of a task as an option of Typer."""
    if option.minimum is not None:
        return whole_number_option(option.help, option.minimum, option.maximum)
    return typer.Option(
        metavar=option.metavar,
        help=option.help,
        autocompletion=COMPLETIONS.get(option.completion or ""),
    )


def _country(text: str) -> Any:  # noqa: ANN401 - as typer.Option itself
    return typer.Option(
        "--country", metavar="COUNTRY", help=text, autocompletion=completion.country
    )


_TASK = options_of_task()
Countries = Annotated[
    list[str] | None, _country("Name or code: Germany, DE or DEU; repeatable.")
]
CostRatio = Annotated[
    float | None,
    decimal_option(
        "Decide whether to signal, if a miss costs N times as much as a false alarm.",
        0.001,
        1000,
    ),
]
OneCountry = Annotated[list[str] | None, _country("Name or code: Germany, DE or DEU.")]
AsOf = Annotated[str | None, _typer_option(_TASK["as_of"])]
Assumptions = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="INDICATOR=FIGURE",
        help="What if? unemployment=+1.0 changes the latest value by 1, "
        "unemployment=6.0 or real_gdp==-2.0 replaces it; repeatable.",
    ),
]
Horizons = Annotated[
    list[int] | None,
    whole_number_option(
        f"{_TASK['horizon'].help.rstrip('.')}; repeatable.",
        _TASK["horizon"].minimum or 0,
        _TASK["horizon"].maximum,
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="RULE",
        help=f"{_TASK['label'].help.rstrip('.')}; repeatable.",
        autocompletion=completion.label,
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="Address of a running Dask scheduler: tcp://host:8786."
    ),
]
All = Annotated[bool, typer.Option("--all", help="All countries.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
Baselines = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Baselines, separated by commas (default: all in backtest, the fast ones "
        "in train).",
    ),
]


@dataclass(frozen=True, kw_only=True)
class TaskOptions(TaskRequest):
    """A task with its countries and data: `TASK` in the documentation."""

    country: Countries = None
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="Your own data instead of econnet's: a CSV, Excel, Parquet, Stata or "
            "JSON table in any common layout.",
        ),
    ] = None
    lag: Annotated[
        int,
        whole_number_option(
            "Periods until a value in --data is published.", 0, MAX_LAG
        ),
    ] = 1
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="COLUMN=KIND",
            help="Kind of a column in --data: rate, index, flow, balance, flag, "
            "growth, log, price, drop, keep, probability-forecast or growth-forecast; "
            "repeatable.",
        ),
    ] = None
    sheet: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Sheet of a workbook in --data."),
    ] = None
    adjust: Annotated[
        Literal["stl", "x13", "decumulate"] | None,
        typer.Option(
            metavar="METHOD",
            help="Adjust --data with only what was known at each date: stl or x13 "
            "for seasonal series, decumulate for year-to-date sums.",
        ),
    ] = None


def flat(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with each of its dataclasses replaced by their fields."""
    hints = get_type_hints(command, include_extras=True)
    groups = {
        name: kind
        for name, kind in hints.items()
        if isinstance(kind, type) and is_dataclass(kind)
    }
    declared = inspect.signature(command, eval_str=True).parameters
    parameters = []
    for name, parameter in declared.items():
        if name in groups:
            shared = _parameters(groups[name])
            parameters += [each for each in shared if each.name not in declared]
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @functools.wraps(command)
    def spread(**given: object) -> None:
        for name, group in groups.items():
            names = [each.name for each in fields(group) if each.name not in declared]
            given[name] = group(**{field: given.pop(field) for field in names})
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
            default=field.default,
            annotation=_as_typer_declares(hints[field.name]),
        )
        for field in in_order
    ]


def _as_typer_declares(hint: Any) -> Any:  # noqa: ANN401 - any type hint
    """Return a hint with Typer's option in place of the task's."""
    declared, *extras = get_args(hint)
    for extra in extras:
        if isinstance(extra, Option):
            return Annotated[declared, _typer_option(extra)]
    return hint


SHOWN_FIRST = ("country", "data")
