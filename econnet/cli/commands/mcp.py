"""`econnet mcp`: tools for assistants over the Model Context Protocol."""

from importlib.util import find_spec

from econnet.cli import jobs
from econnet.core.errors import UsageError


def mcp() -> None:
    """Serve stored forecasts to an assistant.

    Offers eight read-only tools (Model Context Protocol) over standard input and
    output. They answer from stored models: train these first.

    Example: econnet mcp
    """
    if find_spec("mcp") is None:
        raise UsageError(
            "econnet mcp needs the package mcp: run `pip install 'econnet[mcp]'`"
        )
    from econnet.cli.agents import server

    server.serve(jobs.workspace())
