"""Defaults of a task's options: from `econnet.toml`, then from the environment.

The table `[task]` uses the options' names as keys. Variables such as `ECONNET_LABEL`
override it, and the command line overrides both.
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
    """A default that the user has set, and the file or variable that sets it."""

    value: object
    origin: str


def defaults(settings: Settings) -> dict[str, Default]:
    """Return the defaults from file and environment, by the option's name.

    An unknown key of `[task]` raises `UsageError`.
    """
    options = [option.name.replace("_", "-") for option in fields(TaskOptions)]
    check_keys(settings.task, options, f"{CONFIG_FILE}, [{TASK_TABLE}]")
    found: dict[str, Default] = {}
    for option in options:
        name, variable = option.replace("-", "_"), variable_of(option)
        if variable is not None and (text := os.environ.get(variable)):
            value: object = text.split(",") if name in REPEATABLE else text
            found[name] = Default(value, variable)
        elif option in settings.task:
            value = settings.task[option]
            single = name in REPEATABLE and not isinstance(value, list)
            found[name] = Default([value] if single else value, CONFIG_FILE)
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
    # With these, the default country does not apply.
    if any(text.partition("=")[0] in ("--all", "--data") for text in sys.argv):
        values.pop("country", None)
    commands: Mapping[str, Any] = getattr(context.command, "commands", {})
    return {
        name: _listed_if_repeatable(values, command)
        for name, command in commands.items()
        if {"label", "horizon"} <= {parameter.name for parameter in command.params}
    }


def _listed_if_repeatable(
    values: Mapping[str, object],
    command: Any,  # noqa: ANN401 - Click's
) -> dict[str, Any]:
    """Return the values, as lists where the command's option is repeatable."""
    many = {parameter.name for parameter in command.params if parameter.multiple}
    return {
        name: [value] if name in many and not isinstance(value, list) else value
        for name, value in values.items()
    }


def explained(error: typer.TyperException) -> str:
    """Return an error's message, with the file or variable that set the value.

    The words that the validator of Typer puts before its own messages are left out.
    """
    message = error.format_message().replace(": Value error, ", ": ", 1)
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
