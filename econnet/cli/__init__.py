"""The command line: parse options, call a use case, print the result.

Answers go to stdout, everything else to stderr; with `--json`, stdout is one document.
What a command calls can be called from a notebook and prints nothing. Each command has
a module of its own, which imports heavy packages inside the command, so that `--help`
is fast. `door.py` turns every known problem into a line and an exit code, `app.py`
lists the commands, `options.py` declares their options, `jobs.py` turns these into
questions, and `show.py` prints. It may import every other package.
"""

from econnet.cli.main import main

__all__ = ["main"]
