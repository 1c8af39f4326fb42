"""The notebooks of the documentation run and give the outputs that they show."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent / "docs" / "notebooks"
SOURCES = sorted(FOLDER.glob("*.py"))
CURE = "write them again: python -m scripts.notebooks"


def shown(source: Path) -> list[dict[str, Any]]:
    """Return the cells of the notebook that is in the documentation."""
    text = source.with_suffix(".ipynb").read_text("utf-8")
    cells: list[dict[str, Any]] = json.loads(text)["cells"]
    return cells


def text_of(cell: Any) -> str:  # noqa: ANN401 - has no types
    """Return what a cell printed."""
    return "".join(
        "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
        for output in cell.get("outputs", [])
    )


@pytest.mark.parametrize("source", SOURCES, ids=lambda it: it.stem)
def test_notebook_has_the_cells_of_its_source_and_outputs(source: Path) -> None:
    text = source.read_text("utf-8")
    assert text.startswith("# %% [markdown]\n# # ")
    cells = shown(source)
    assert len(cells) == text.count("# %%"), CURE
    for cell in cells:
        lines = "".join(cell["source"]).splitlines()
        if cell["cell_type"] == "code":
            assert "\n".join(lines) in text, CURE
        else:
            assert "\n".join(f"# {line}".rstrip() for line in lines) in text, CURE
    assert all(it["output_type"] != "error" for it in _outputs(cells))
    assert _outputs(cells)


def _outputs(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [it for cell in cells for it in cell.get("outputs", [])]


@pytest.mark.campaign
@pytest.mark.parametrize("source", SOURCES, ids=lambda it: it.stem)
def test_notebook_gives_the_outputs_that_it_shows(source: Path) -> None:
    for package in ("jupytext", "nbclient", "ipykernel"):
        pytest.importorskip(package, reason="pip install 'econnet[dev]'")
    from scripts.notebooks import executed

    again = executed(source)
    assert [text_of(it) for it in again.cells] == [
        text_of(it) for it in shown(source)
    ], CURE
