"""A tool that explains wrong arguments in one line.

The SDK ignores arguments that a tool does not have, so that an answer to another
question would pass for the one asked, and returns pydantic's report for the others.
"""

from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from econnet.core.text import one_line


class StrictTool(Tool):  # type: ignore[misc]  # mypy does not follow mcp
    """A tool that takes the arguments of its schema and no others."""

    @classmethod
    def from_function(
        cls,
        fn: Callable[..., Any],
        **described: Any,  # noqa: ANN401 - those of the base class
    ) -> "StrictTool":
        """Return the tool of a function; its schema allows no other arguments."""
        tool: StrictTool = super().from_function(fn, **described)
        tool.parameters["additionalProperties"] = False
        return tool

    async def run(
        self,
        arguments: dict[str, Any],
        context: Context[Any, Any],
        convert_result: bool = False,
    ) -> Any:  # noqa: ANN401 - as the base class
        """Run the tool; `ToolError` is raised if an argument is wrong."""
        names = self.parameters["properties"]
        unknown = [
            f"`{one_line(name, at_most=60)}` is not an argument of {self.name}, which "
            f"takes {', '.join(names)}"
            for name in arguments
            if name not in names
        ]
        if unknown:
            raise ToolError("; ".join(unknown))
        try:
            return await super().run(arguments, context, convert_result)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                problems = map(_problem, error.__cause__.errors())
                raise ToolError("; ".join(problems)) from error
            raise


def _problem(error: ErrorDetails) -> str:
    """Return what is wrong with an argument, or with a part of it."""
    first, *parts = error["loc"]
    inner = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    place = f"{first}{''.join(inner)}"
    argument = f"`{one_line(place, at_most=60)}`"
    kind = error["type"]
    if kind.startswith("missing"):
        return f"{argument} is missing"
    if kind == "unexpected_keyword_argument":
        return f"{argument} is not an argument"
    value = one_line(repr(error["input"]), at_most=60)
    if kind == "literal_error":
        return f"{argument} {value} is not {error['ctx']['expected']}"
    expected = EXPECTED.get(kind.partition("_")[0])
    if expected is None:
        return f"{argument} {value}: {error['msg']}"
    return f"{argument} {value} is not {expected}"


# What pydantic expected, by the start of the name of its error.
EXPECTED = {
    "dataclass": "an object",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "string": "a text",
}
