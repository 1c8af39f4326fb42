"""The notebooks of the documentation run as they are, from top to bottom."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.user import HANG_SECONDS

FOLDER = Path(__file__).parent.parent / "docs" / "notebooks"


@pytest.mark.campaign
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda it: it.stem)
def test_notebook_runs_from_top_to_bottom(path: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=HANG_SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout
    assert path.read_text("utf-8").startswith("# %% [markdown]\n# # ")
