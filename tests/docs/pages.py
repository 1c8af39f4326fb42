"""The code of a page of docs/, to be run by its test."""

import re
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

DOCS = Path(__file__).parent.parent.parent / "docs"


def text_of(page: str) -> str:
    """Return the source of a page."""
    return (DOCS / page).read_text(encoding="utf-8")


def python_blocks(text: str) -> list[str]:
    """Return the blocks of Python in the order of the page."""
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def run(page: str) -> dict[str, Any]:
    """Run the blocks of a page one after another; return the names that they define."""
    names: dict[str, Any] = {}
    with threadpool_limits(1):
        for number, block in enumerate(python_blocks(text_of(page)), 1):
            exec(compile(block, f"{page}, block {number}", "exec"), names)  # noqa: S102 - our own page
    return names


def missing_figures(page: str) -> list[str]:
    """Return the figures that a page shows and that do not exist."""
    shown = re.findall(r'(?:\]\(|src(?:set)?=")(figures/[^")]+)', text_of(page))
    return [name for name in shown if not (DOCS / name).is_file()]
