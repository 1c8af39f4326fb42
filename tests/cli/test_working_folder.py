"""The working folder contains data: none of its files is ever imported or run."""

import os
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.user import HANG_SECONDS

# Modules of Python and of libraries that econnet or its workers import.
NAMES = ("random", "json", "queue", "secrets", "numpy", "typer", "sitecustomize")
# Python itself imports this one for `python -m`.
EARLY = "types"
SCRIPT = Path(sys.executable).with_name("econnet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with modules that leave a trace when they are imported."""
    for name in (*NAMES, EARLY):
        trace = tmp_path / f"imported-{name}"
        (tmp_path / f"{name}.py").write_text(f"open({str(trace)!r}, 'w').close()\n")
    return tmp_path


def traces(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("imported-*"))


def run(*command: str, folder: Path, **environment: str) -> "CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )


@pytest.mark.skipif(not SCRIPT.exists(), reason="econnet is not installed")
def test_script_imports_nothing_from_the_working_folder(folder: Path) -> None:
    result = run(str(SCRIPT), "indicators", "--search", "gdp", folder=folder)
    assert result.returncode == 0, result.stderr
    assert traces(folder) == []


def test_module_imports_nothing_from_the_working_folder(folder: Path) -> None:
    (folder / f"{EARLY}.py").unlink()
    result = run(sys.executable, "-m", "econnet", "countries", folder=folder)
    assert result.returncode == 0, result.stderr
    assert traces(folder) == []


def test_workers_import_nothing_from_the_working_folder(folder: Path) -> None:
    code = (
        "import sys; sys.path.remove('')\n"
        "from econnet.runtime.processes import run_in_processes\n"
        "print(sorted(run_in_processes(abs, [-1, -2, -3], 2)))\n"
    )
    result = run(sys.executable, "-c", code, folder=folder)
    assert result.stdout == "[(0, 1), (1, 2), (2, 3)]\n", result.stderr
    assert traces(folder) == []
