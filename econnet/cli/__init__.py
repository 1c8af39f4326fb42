"""The command line: parse, call, show.

Answers go to stdout, everything else to stderr; with `--json`, stdout is one document.
What a command calls could be called from a notebook, and would print nothing. Each
command has a module of its own, which imports what is heavy inside the command, so that
`--help` answers at once. `door.py` turns every known problem into a line and an exit
code, `app.py` lists the commands, `options.py` says what can be asked of them,
`jobs.py` turns that into work, and `show.py` is how they speak.
"""

from econnet.cli.door import main

__all__ = ["main"]
