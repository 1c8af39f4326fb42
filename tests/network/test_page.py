"""What docs/network.md shows runs, and what it points to is there."""

import re
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent.parent / "docs" / "network.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_code_runs_as_it_stands() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) > 8
    with threadpool_limits(1):
        exec("\n".join(blocks), {})  # noqa: S102 - our own page


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", TEXT))))
def test_test_that_is_named_exists(name: str) -> None:
    tests = "".join(path.read_text("utf-8") for path in FOLDER.glob("test_*.py"))
    assert f"def {name}(" in tests


@pytest.mark.parametrize("figure", re.findall(r"\]\((figures/.*?)\)", TEXT))
def test_figure_is_there(figure: str) -> None:
    assert (PAGE.parent / figure).is_file()
