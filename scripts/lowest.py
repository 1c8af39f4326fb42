"""Print the lowest version of each dependency that `pyproject.toml` allows.

    python scripts/lowest.py > lowest.txt
    python -m pip install econnet --constraint lowest.txt

The bounds are true only if econnet works with these versions.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"
LOWER_BOUND = re.compile(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)")


def lowest(dependencies: Sequence[str]) -> list[str]:
    """Return each dependency pinned to its lower bound.

    >>> lowest(["numpy>=2.1", "pandas>=3.0,<4"])
    ['numpy==2.1', 'pandas==3.0']
    """
    pins = []
    for dependency in dependencies:
        match = LOWER_BOUND.match(dependency)
        if match is None:
            raise ValueError(f"{dependency} has no lower bound: write NAME>=VERSION")
        pins.append("==".join(match.groups()))
    return pins


def main() -> None:
    """Print one line per dependency."""
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    print("\n".join(lowest(project["dependencies"])))


if __name__ == "__main__":
    main()
