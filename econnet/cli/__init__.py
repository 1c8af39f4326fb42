"""The command line: it parses options, calls a use case and prints the result.

It may import every other package, and imports heavy ones inside the commands.
"""

from econnet.cli.main import main

__all__ = ["main"]
