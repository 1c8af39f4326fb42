"""The commands as a user runs them, in a folder of their own.

`econnet` calls the command line in this process, with a light forecaster: quick enough
for tests of what commands do. `econnet_process` starts a process and trains as users
do, or lightly: for tests of what the process itself does, of signals, encodings, time
zones and memory.
"""

import io
import os
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from econnet.cli import output
from econnet.cli.main import run as run_command_line
from tests.light import light_forecaster

# Only to end a test that hangs; no test depends on how long anything takes.
HANG_SECONDS = 900
ROOT = Path(__file__).parent.parent


def econnet(
    *arguments: str, folder: Path, **environment: str
) -> "CompletedProcess[str]":
    """Run a command in this process, and return its output."""
    out, err = io.StringIO(), io.StringIO()
    with (
        light_forecaster(),
        _process_kept(),
        pytest.MonkeyPatch.context() as patch,
        chdir(folder),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", ["econnet", *arguments])
        patch.setattr(output, "manner", output.Manner())
        style = import_module("econnet.report.figures.style")
        patch.setattr(style, "DOTS_PER_INCH", 30)
        for name, value in environment.items():
            patch.setenv(name, value)
        for name in ("MPLBACKEND", "PYTHONSAFEPATH"):  # which the command line sets
            patch.setenv(name, os.environ.get(name, ""))
        code = _exit_code()
    return CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def econnet_process(
    *arguments: str, folder: Path, **environment: str
) -> "CompletedProcess[str]":
    """Run `python -m econnet` in a folder, and return its output."""
    return _run([sys.executable, "-m", "econnet", *arguments], folder, environment)


def light_econnet_process(
    *arguments: str, folder: Path, **environment: str
) -> "CompletedProcess[str]":
    """Run econnet in a process that trains a light forecaster."""
    return _run([*LIGHT_ECONNET, *arguments], folder, environment)


def _run(
    command: list[str], folder: Path, environment: dict[str, str]
) -> "CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=HANG_SECONDS,
        check=False,
    )


LIGHT_ECONNET = [
    *(sys.executable, "-c"),
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
    "from tests.light import main; main()",
]


@contextmanager
def _process_kept() -> Iterator[None]:
    """Restore what the command line changes for a whole process."""
    signals = [
        getattr(signal, name)
        for name in ("SIGHUP", "SIGINT", "SIGTERM")
        if hasattr(signal, name)
    ]
    handlers, stdout = [*map(signal.getsignal, signals)], os.dup(1)
    hook = sys.unraisablehook
    try:
        with warnings.catch_warnings():
            # As outside of pytest, which turns them into errors.
            warnings.simplefilter("default")
            yield
    finally:
        for number, handler in zip(signals, handlers, strict=True):
            signal.signal(number, handler)
        sys.unraisablehook = hook
        os.dup2(stdout, 1)
        os.close(stdout)


def _exit_code() -> int:
    """Return the exit code of a command; print an uncaught exception as Python does."""
    try:
        run_command_line()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except Exception:  # noqa: BLE001 - Python catches it too, and prints it
        traceback.print_exc()
        return 1
    return 0
