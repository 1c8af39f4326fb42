"""The fault matrix of `docs/reliability.md` names tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
EXIT_CODES = {0, 2, 3, 4, 5, 130, 137, 141, 143}

TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)(?:\[([^`]*)\])?`")
CELL_BORDER = re.compile(r"(?<!\\)\|")


class Row(NamedTuple):
    """A line of the matrix, its cells as written."""

    group: str
    fault: str
    promise: str
    tests: str


def rows() -> list[Row]:
    """Return the rows of every table under the heading `Fault matrix`."""
    section = PAGE.read_text("utf-8").partition("\n## Fault matrix\n")[2]
    group, found = "", []
    for line in section.partition("\n## ")[0].splitlines():
        if line.startswith("### "):
            group = line.removeprefix("### ")
        elif line.startswith("|"):
            cells = [cell.strip() for cell in CELL_BORDER.split(line)[1:-1]]
            assert len(cells) == 3, line
            found.append(Row(group, *cells))
    rules = {"fault", "---"}
    return [row for row in found if row.fault not in rules]


@cache
def text_of(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


@cache
def defined_in(path: str) -> frozenset[str]:
    """Return the names of the tests that a file defines, in classes or not."""
    tree = ast.parse(text_of(path))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_no_fault_stands_twice() -> None:
    faults = [(row.group, row.fault.lower()) for row in rows()]
    assert len(set(faults)) == len(faults)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.group}: {row.fault}")
def test_promise_has_a_documented_exit_code_and_a_test(row: Row) -> None:
    codes = {int(code) for code in re.findall(r"\bexit (\d+)", row.promise)}
    assert codes, "a promise begins with its exit code: `exit 3: ...`"
    assert codes <= EXIT_CODES
    named = TEST.findall(row.tests)
    assert named, "name the test as `tests/path.py::test_name`"
    for path, name, case in named:
        assert name in defined_in(path), f"{path} has no {name}"
        # A case is named after what its file has it made of.
        strange = [part for part in case.split("-") if part not in text_of(path)]
        assert not strange, f"{path} says nothing of {strange}"
    left = TEST.sub("", row.tests).replace(",", "").strip()
    assert not left, f"not understood: {left}"


def test_every_test_that_the_page_names_exists() -> None:
    for path, name, _ in TEST.findall(PAGE.read_text("utf-8")):
        assert name in defined_in(path), f"{path} has no {name}"
