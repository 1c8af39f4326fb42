"""Each figure looks as it did when somebody last checked it.

`ECONNET_NEW_PICTURES=1 pytest tests/report/test_pictures.py` replaces the pictures in
`pictures/` by today's: look at them before you commit them. Other versions of
matplotlib place letters differently, so pictures are compared only with the same
version.
"""

import os
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.testing.compare import compare_images

from econnet.forecast.result import Forecast
from econnet.report import figures

SEEN = Path(__file__).parent / "pictures"
SEEN_WITH = "3.11"
# Root mean square of the differences, of 255. One label moved by its height gives 3.
TOLERANCE = 1.5

pytestmark = pytest.mark.skipif(
    not mpl.__version__.startswith(SEEN_WITH),
    reason=f"the pictures were drawn with matplotlib {SEEN_WITH}",
)


@pytest.fixture(scope="module")
def drawn(germany: Forecast) -> dict[str, bytes]:
    light = figures.draw(germany)
    pictures = {
        name: figures.as_png(figure, "Germany", "Source: OECD", dpi=110)
        for name, figure in light.items()
    }
    dark = figures.draw(germany, figures.DARK)["history"]
    pictures["history-dark"] = figures.as_png(
        dark, "Germany", "Source: OECD", figures.DARK, 110
    )
    return pictures


@pytest.mark.parametrize("name", [*figures.DRAWINGS, "history-dark"])
def test_figure_looks_as_it_did(
    name: str, drawn: dict[str, bytes], tmp_path: Path
) -> None:
    seen, now = SEEN / f"{name}.png", tmp_path / f"{name}.png"
    if os.environ.get("ECONNET_NEW_PICTURES"):
        SEEN.mkdir(exist_ok=True)
        seen.write_bytes(drawn[name])
    now.write_bytes(drawn[name])
    difference = compare_images(str(seen), str(now), TOLERANCE)
    assert difference is None, difference


def test_every_picture_that_was_seen_is_still_drawn(drawn: dict[str, bytes]) -> None:
    assert {path.stem for path in SEEN.glob("*.png")} == set(drawn)
