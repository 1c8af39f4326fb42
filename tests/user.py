"""The commands as a user runs them: a process of their own, in a folder of theirs."""

import os
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

TIMEOUT = 240


def econnet(
    *arguments: str, folder: Path, **environment: str
) -> "CompletedProcess[str]":
    """Run `python -m econnet` in a folder, and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "econnet", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
    )
