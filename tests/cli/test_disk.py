"""A disk that does not take what a command writes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.user import HANG_SECONDS

# Root may write anywhere, unless it gives that right away.
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")


@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("setpriv") is None,
    reason="needs Linux and setpriv, to be without rights whoever runs the tests",
)
def test_folder_that_may_not_be_written_to_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o555)
    run = subprocess.run(
        [
            *WITHOUT_RIGHTS,
            *(sys.executable, "-m", "econnet"),
            *("export", "--country", "AND", "--output", "data/andorra.csv"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert run.returncode == 3
    assert run.stderr.startswith("econnet: ")
    assert "cannot be read or written (Permission denied): allow it, or" in run.stderr
    assert run.stderr.count("\n") == 1
    assert not list(data.iterdir())
