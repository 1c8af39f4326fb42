"""The commands as a user runs them: a process of their own, in a folder of theirs."""

import io
import os
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from econnet.cli import main, show

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


def econnet_here(
    *arguments: str, folder: Path, **environment: str
) -> "CompletedProcess[str]":
    """Do as `econnet` does without the seconds of starting a process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        _process_kept(),
        pytest.MonkeyPatch.context() as patch,
        chdir(folder),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", ["econnet", *arguments])
        patch.setattr(show, "manner", show.Manner())
        for name, value in environment.items():
            patch.setenv(name, value)
        code = _exit_code()
    return CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@contextmanager
def _process_kept() -> Iterator[None]:
    """Give back what the command line takes a whole process for."""
    on_terminate, stdout = signal.getsignal(signal.SIGTERM), os.dup(1)
    try:
        with warnings.catch_warnings():
            # As outside of pytest, which makes errors of them.
            warnings.simplefilter("default")
            yield
    finally:
        signal.signal(signal.SIGTERM, on_terminate)
        os.dup2(stdout, 1)
        os.close(stdout)


def _exit_code() -> int:
    """Return what `main` exits with, and show what it leaves to fly as Python does."""
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except Exception:  # noqa: BLE001 - Python catches it too, and prints it
        traceback.print_exc()
        return 1
    return 0
