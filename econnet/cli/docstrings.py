"""Docstrings that users read, which `python -OO` and `PYTHONOPTIMIZE=2` remove."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from contextlib import suppress
from typing import Any


def docstring(function: Callable[..., Any]) -> str:
    """Return a function's docstring, from its source if Python has removed it.

    Empty if there is neither.
    """
    if function.__doc__ is None:
        with suppress(OSError):  # the source is not installed
            source = textwrap.dedent(inspect.getsource(function))
            [definition] = ast.parse(source).body
            if isinstance(definition, ast.FunctionDef):
                return ast.get_docstring(definition) or ""
    return inspect.getdoc(function) or ""
