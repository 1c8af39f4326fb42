"""The server that gives assistants its tools, over standard input.

It speaks the Model Context Protocol through the official SDK, the package `mcp`, which
is an extra. All tools are marked as read-only. An error that the caller can solve is
returned as text; any other is a bug, is logged with its traceback, and ends nothing.
"""

import re
import threading
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import ParamSpec, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from econnet.cli.agents.answers import Answers
from econnet.cli.agents.strict_tool import StrictTool
from econnet.cli.agents.tools import Tools
from econnet.cli.docstrings import docstring
from econnet.core.errors import EconnetError
from econnet.core.workspace import Workspace

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

INSTRUCTIONS = (
    "econnet gives the probability that a country's economy contracts. Quote a "
    "probability only with its 90% interval, the historical average, the confidence "
    "that its track record allows, and the date of its data: `quote` has all of them. "
    "Where confidence is low, say that past forecasts were no better than the "
    "historical average. Repeat `data.warning` if there is one. Drivers and what-if "
    "describe the model, not causes in the economy."
)


def serve(workspace: Workspace) -> None:
    """Answer on standard input and output until the client ends the connection."""
    answers = Answers.of(workspace)
    # The data are read while the client connects. No forecast is made before one is
    # asked for: the first answer would wait for it.
    threading.Thread(target=answers.stored.read_data, daemon=True).start()
    make_server(answers).run()


def make_server(answers: Answers) -> MCPServer[None]:
    """Return the server with its tools."""
    reads = ToolAnnotations(
        read_only_hint=True, idempotent_hint=True, open_world_hint=False
    )
    return MCPServer(
        "econnet",
        instructions=INSTRUCTIONS,
        version=version("econnet"),
        log_level="WARNING",
        tools=[
            StrictTool.from_function(
                _with_errors_as_text(tool),
                description=docstring(tool),
                annotations=reads,
            )
            for tool in Tools(answers).all()
        ],
    )


def _with_errors_as_text(tool: Callable[Arguments, Result]) -> Callable[..., Result]:
    """Return the tool with errors of econnet as those of the protocol."""

    @wraps(tool)
    def guarded(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        try:
            return tool(*arguments, **named)
        except EconnetError as error:
            raise ToolError(_by_argument(str(error))) from error

    return guarded


def _by_argument(message: str) -> str:
    """Return a message with options of the command line as the tools' arguments.

    Commands that the message recommends, in backquotes, stay as they are.
    """
    message = message.replace("--set: ", "").replace("--set ", "")
    return OPTION.sub(lambda found: found["command"] or f"`{found['name']}`", message)


# A command in backquotes, or an option that a tool has as an argument.
OPTION = re.compile(
    r"(?P<command>`[^`]*`)|--(?P<name>country|label|horizon|event|frequency)\b"
)
