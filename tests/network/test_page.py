"""The code in docs/network.md runs, and its references exist."""

import re
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from econnet.network import tutorial

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent.parent / "docs" / "network.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)


def test_first_code_block_is_the_tutorial_verbatim() -> None:
    assert BLOCKS[0] == Path(tutorial.__file__).read_text(encoding="utf-8")


def test_code_blocks_run() -> None:
    assert len(BLOCKS) > 8
    with threadpool_limits(1):
        exec("\n".join(BLOCKS), {})  # noqa: S102 - our own page


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", TEXT))))
def test_named_test_exists(name: str) -> None:
    tests = "".join(path.read_text("utf-8") for path in FOLDER.glob("test_*.py"))
    assert f"def {name}(" in tests


@pytest.mark.parametrize("figure", re.findall(r"\]\((figures/.*?)\)", TEXT))
def test_figure_exists(figure: str) -> None:
    assert (PAGE.parent / figure).is_file()


def test_every_figure_is_explained() -> None:
    for after in re.split(r"\]\(figures/[^)]*\)", TEXT)[1:]:
        assert after.lstrip().startswith("*What to see: ")
