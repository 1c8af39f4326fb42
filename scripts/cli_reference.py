"""Write docs/cli.md from what the commands say of themselves.

    python scripts/cli_reference.py

The page has `--help` of each command, eighty columns wide.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from econnet.cli.app import COMMANDS

PAGE = Path(__file__).parent.parent / "docs" / "cli.md"
COLUMNS = 80

HEAD = """# Commands

*Generated from `--help` by `python scripts/cli_reference.py`; a test compares the two.*
[Settings](settings.md) describes what applies to all commands.
"""


def page() -> str:
    """Return the page."""
    names = ["", *(command.__name__ for command in COMMANDS)]
    return "\n".join([HEAD, *map(_section, names)])


def _section(name: str) -> str:
    """Return what a command says to `--help`, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [sys.executable, "-m", "econnet", *name.split(), "--help"],
            cwd=folder,
            env={**os.environ, "COLUMNS": str(COLUMNS)},
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    lines = "\n".join(line.rstrip() for line in run.stdout.strip().splitlines())
    return f"## econnet {name}".rstrip() + f"\n\n```text\n{lines}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
