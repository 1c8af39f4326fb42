"""Defaults of a task's options: from `econnet.toml`, then from the environment.

`[task]` of the file has them under the names of the options, variables like
`ECONNET_LABEL` override them, and the command line overrides both.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

import typer

from econnet.cli.options import TaskOptions
from econnet.core.settings import (
    CONFIG_FILE,
    TASK_TABLE,
    VARIABLES,
    Settings,
    check_keys,
)


@dataclass(frozen=True)
class Default:
    """A default that the user has set, and where."""

    value: object
    origin: str


def defaults(settings: Settings) -> dict[str, Default]:
    """Return the defaults that file and environment set, by the option's name.

    Raises
    ------
    UsageError
        `[task]` has a key that is no option of a task.
    """
    options = [option.name.replace("_", "-") for option in fields(TaskOptions)]
    check_keys(settings.task, options, f"{CONFIG_FILE}, [{TASK_TABLE}]")
    found = {}
    for option in options:
        name, variable = option.replace("-", "_"), variable_of(option)
        if variable is not None and (text := os.environ.get(variable)):
            value: object = text.split(",") if name in REPEATABLE else text
            found[name] = Default(value, variable)
        elif option in settings.task:
            value = settings.task[option]
            if name in REPEATABLE and not isinstance(value, list):
                value = [value]
            found[name] = Default(value, CONFIG_FILE)
    return found


def variable_of(option: str) -> str | None:
    """Return the environment variable of an option; `None` if the name is taken."""
    variable = f"ECONNET_{option.upper().replace('-', '_')}"
    return None if variable in VARIABLES.values() else variable


def default_map(context: typer.Context) -> dict[str, dict[str, Any]]:
    """Return the defaults for each command that takes a task."""
    values = {
        name: default.value
        for name, default in defaults(Settings.from_environment()).items()
    }
    # These name other countries than the usual ones.
    if any(text.partition("=")[0] in ("--all", "--data") for text in sys.argv):
        values.pop("country", None)
    commands: Mapping[str, Any] = getattr(context.command, "commands", {})
    return {
        name: _as_taken(values, command)
        for name, command in commands.items()
        if {"label", "horizon"} <= {parameter.name for parameter in command.params}
    }


def _as_taken(values: Mapping[str, object], command: Any) -> dict[str, Any]:  # noqa: ANN401 - Click's
    """Return the values, in a list where the command takes the option repeatedly."""
    many = {parameter.name for parameter in command.params if parameter.multiple}
    return {
        name: [value] if name in many and not isinstance(value, list) else value
        for name, value in values.items()
    }


def explained(error: typer.TyperException) -> str:
    """Return the message of an error, with the file or variable that it comes from."""
    message = error.format_message()
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    if context is None or parameter is None:
        return message
    source = context.get_parameter_source(parameter.name)
    if source is None or source.name != "DEFAULT_MAP":
        return message
    origin = defaults(Settings.from_environment())[parameter.name].origin
    return f"{message} (set by {origin})"


REPEATABLE = {
    name for name, hint in get_type_hints(TaskOptions).items() if "list" in str(hint)
}
