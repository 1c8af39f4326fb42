"""Data flow down the map and imports point up it, never down."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "econnet"

# Each room may import those of its own line and of the lines above it.
MAP = [
    ["errors", "settings", "strangers", "texts", "whole"],
    ["countries"],
    ["catalog", "places"],
    ["sources"],
    ["storefile"],
    ["store"],
    ["storecheck"],
    ["ingest"],
    ["network"],
    ["processes"],
    ["compute"],
    ["panel"],
    ["provenance"],
    ["dating"],
    ["labels"],
    ["readings"],
    ["features"],
    ["classifier", "duel"],
    ["evaluation", "ensemble", "forecaster"],
    ["explain", "importance"],
    ["models"],
    ["whatif"],
    ["answer"],
    ["preparation"],
    ["replay"],
    ["evidence", "reasons"],
    ["forecast"],
    ["streaming"],
    ["backtest", "hindsight", "journal", "ranking"],
    ["report"],
    ["verify"],
    ["api", "check"],
    ["cli"],
]
LEVEL = {room: level for level, line in enumerate(MAP) for room in line}


def imported(path: Path) -> set[str]:
    """Return every module that a file imports, as dotted names."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            if node.module == "econnet":
                names |= {f"econnet.{alias.name}" for alias in node.names}
    return names


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


MODULES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.parent != PACKAGE or not path.name.startswith("__")
]


@pytest.mark.parametrize("path", MODULES, ids=lambda it: str(it.relative_to(PACKAGE)))
def test_module_imports_nothing_from_further_down(path: Path) -> None:
    rooms = {
        name.split(".")[1]
        for name in imported(path)
        if name.count(".") >= 1 and name.startswith("econnet.")
    }
    below = {room for room in rooms if LEVEL.get(room, 0) > LEVEL[room_of(path)]}
    assert not below


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "network").glob("*.py")), ids=lambda it: it.name
)
def test_network_needs_numpy_and_the_standard_library_alone(path: Path) -> None:
    import sys

    allowed = {"numpy", "econnet", *sys.stdlib_module_names}
    names = imported(path)
    assert {name.split(".")[0] for name in names} <= allowed
    own = {name for name in names if name.startswith("econnet.")}
    assert all(name.startswith("econnet.network") for name in own)


@pytest.mark.parametrize("path", MODULES, ids=lambda it: str(it.relative_to(PACKAGE)))
def test_only_the_command_line_prints(path: Path) -> None:
    calls = [
        node.func.id
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert "print" not in calls
