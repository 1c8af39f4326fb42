"""`docs/fault-matrix.md` and `docs/reliability.md` name tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
MATRIX = ROOT / "docs" / "fault-matrix.md"
PAGES = (MATRIX, ROOT / "docs" / "reliability.md")
EXIT_CODES = {0, 2, 3, 4, 5, 129, 130, 137, 141, 143}

TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)(?:\[([^`]*)\])?`")
CELL_BORDER = re.compile(r"(?<!\\)\|")


class Row(NamedTuple):
    """A row of the matrix, with its cells as written."""

    group: str
    fault: str
    promise: str
    tests: str


def rows() -> list[Row]:
    """Return the rows of all tables of the fault matrix."""
    group, found = "", []
    for line in MATRIX.read_text("utf-8").splitlines():
        if line.startswith("## "):
            group = line.removeprefix("## ")
        elif line.startswith("|"):
            cells = [cell.strip() for cell in CELL_BORDER.split(line)[1:-1]]
            assert len(cells) == 3, line
            found.append(Row(group, *cells))
    heads = {"fault", "---"}
    return [row for row in found if row.fault not in heads]


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


def test_no_fault_is_listed_twice() -> None:
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
        # The parts of a case's name occur in its file.
        missing = [part for part in case.split("-") if part not in text_of(path)]
        assert not missing, f"{path} does not contain {missing}"
    left = TEST.sub("", row.tests).replace(",", "").strip()
    assert not left, f"not understood: {left}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    for path, name, _ in TEST.findall(page.read_text("utf-8")):
        assert name in defined_in(path), f"{path} has no {name}"
