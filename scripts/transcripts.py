"""Write the transcripts of the tutorial: run its commands, and print what they print.

python -m scripts.transcripts

Blocks after a line `<!-- transcript -->` are run in one empty folder, in their order,
with the bundled data. They contain what is written to standard output.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"(<!-- transcript -->\n+```console\n)(.*?)(^```)", re.DOTALL | re.M)
COLUMNS = 80


def page(text: str) -> str:
    """Return the text with the output of its commands as it is now."""
    with tempfile.TemporaryDirectory() as folder:

        def written(block: re.Match[str]) -> str:
            commands = re.findall(r"^\$ (.*)$", block[2], re.M)
            printed = "".join(
                f"$ {command}\n{run(command, Path(folder))}" for command in commands
            )
            return f"{block[1]}{printed}{block[3]}"

        return BLOCK.sub(written, text)


def run(command: str, folder: Path) -> str:
    """Return the standard output of a command of a shell."""
    program = f"econnet() {{ '{sys.executable}' -m econnet \"$@\"; }}; {command}"
    settings = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ECONNET_", "FRED_"))
    }
    return subprocess.run(
        ["bash", "-c", program],  # noqa: S607 - the shell of whoever writes the page
        cwd=folder,
        env=settings | {"COLUMNS": str(COLUMNS), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout


def main() -> None:
    """Write the page again."""
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
