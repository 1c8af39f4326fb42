"""Failures that can occur anywhere end in one line and a documented exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.user import HANG_SECONDS, econnet, econnet_process

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and files")


def ends(
    code: str, folder: Path, *before: str, command: str = "indicators"
) -> "subprocess.CompletedProcess[str]":
    """Run the command line after `code`."""
    # What runs in the background of a shell or under `nohup` may ignore them.
    hear = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    if sys.platform != "win32":
        hear += "; signal.signal(signal.SIGHUP, signal.SIG_DFL)"
    script = (
        f"import os, signal, sys\n{hear}\n{code}\nfrom econnet.cli import main\nmain()"
    )
    return subprocess.run(
        [sys.executable, "-c", script, *before, command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )


# `main` imports the commands: what happens during that import is handled like what
# happens at any later time.
ON_IMPORT = """
class Finder:
    def find_spec(self, name, *_):
        if name == "econnet.cli.app":
            {happens}
sys.meta_path.insert(0, Finder())
"""


@posix
@pytest.mark.parametrize(
    ("happens", "exit_code", "line"),
    [
        ("os.kill(os.getpid(), signal.SIGINT)", 130, "interrupted"),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143, "terminated"),
        ("os.kill(os.getpid(), signal.SIGHUP)", 129, "terminal closed"),
        (
            # The second signal arrives while the first ends the work.
            "try: os.kill(os.getpid(), signal.SIGTERM)\n"
            "            finally: os.kill(os.getpid(), signal.SIGINT)",
            143,
            "terminated",
        ),
        (
            # What DuckDB makes of an interrupt while it calls Python.
            "import duckdb\n            try: os.kill(os.getpid(), signal.SIGINT)\n"
            "            except BaseException: raise duckdb.Error('Traceback')",
            130,
            "interrupted",
        ),
        ("raise MemoryError", 3, "out of memory: close other programs, or reduce"),
        (
            "import duckdb; raise duckdb.OutOfMemoryException",
            3,
            "out of memory: close other programs, or reduce",
        ),
        (
            "raise ImportError('x.so: failed to map segment from shared object')",
            3,
            "out of memory: close other programs, or reduce",
        ),
        (
            'raise RuntimeError("can\'t start new thread")',
            3,
            "out of memory: close other programs, or reduce",
        ),
        (
            "import duckdb; raise duckdb.IOException('IO Error: Async write failed: '\n"
            '            \'{"exception_message":"Could not write file \'\n'
            '            \'\\\\"x.db\\\\": Full","errno":"28"}\')',
            3,
            "x.db cannot be read or written (No space left on device): free some",
        ),
        ("raise OSError(5, 'I/O', '/x')", 3, "/x cannot be read or written (I/O): the"),
        (
            "raise OSError(28, 'Full', '/x')",
            3,
            "/x cannot be read or written (Full): ",
        ),
        (
            "raise OSError(24, 'Many', '/x')",
            3,
            "/x cannot be read or written (Many): ",
        ),
    ],
    ids=[
        "SIGINT",
        "SIGTERM",
        "SIGHUP",
        "SIGTERM then SIGINT",
        "SIGINT within DuckDB",
        "memory",
        "DuckDB's memory",
        "a library's memory",
        "memory for a thread",
        "DuckDB's disk",
        "broken disk",
        "full disk",
        "many files",
    ],
)
def test_whatever_happens_ends_in_one_line(
    happens: str, exit_code: int, line: str, tmp_path: Path
) -> None:
    run = ends(ON_IMPORT.format(happens=happens), tmp_path)
    assert run.returncode == exit_code, run.stderr
    assert run.stderr.startswith(f"econnet: {line}")
    assert run.stderr.count("\n") == 1
    assert run.stdout == ""


@posix
@pytest.mark.parametrize("manner", [[], ["--debug"]])
def test_threads_and_processes_that_do_not_end_are_not_waited_for_without_limit(
    manner: list[str], tmp_path: Path
) -> None:
    # Python itself would wait for the thread, and loky for its process.
    happens = (
        "import threading, time; print('written before'); "
        "threading.Thread(target=threading.Event().wait).start(); "
        "from econnet.runtime.processes import reusable_pool; "
        f"reusable_pool(1).submit(time.sleep, {HANG_SECONDS}); "
        "raise KeyboardInterrupt"
    )
    run = ends(ON_IMPORT.format(happens=happens), tmp_path, *manner)
    assert run.returncode == 130
    assert run.stdout == "written before\n"
    if not manner:
        assert run.stderr == "econnet: interrupted\n"


@posix
def test_no_file_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    # The first file that is opened would be stdout to whatever prints.
    happens = (
        "os.set_inheritable(os.open('first.txt', os.O_CREAT | os.O_WRONLY), True); "
        "os.write(1, b'written by a library'); os.system('echo by a process >&2')"
    )
    code = f"for number in (0, 1, 2): os.close(number)\n{ON_IMPORT}"
    run = ends(code.format(happens=happens), tmp_path)
    assert run.returncode == 0
    assert (tmp_path / "first.txt").read_bytes() == b""


@posix
def test_terminal_may_close_under_nohup(tmp_path: Path) -> None:
    ignored = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    happens = ON_IMPORT.format(happens="os.kill(os.getpid(), signal.SIGHUP)")
    run = ends(f"{ignored}\n{happens}", tmp_path)
    assert run.returncode == 0, run.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
# With much less, the loader of the C library sometimes aborts the process before
# econnet can report it.
@pytest.mark.parametrize("megabytes", [900, 1000])
def test_lack_of_memory_is_reported_and_changes_nothing(
    megabytes: int, tmp_path: Path
) -> None:
    limit = f"({megabytes} << 20,) * 2"
    run = ends(
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, {limit})",
        tmp_path,
        command="countries",
    )
    assert run.returncode == 3, run.stderr
    assert run.stderr.startswith("econnet: out of memory: close other programs")
    assert run.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_bug_raises_its_exception_and_exits_1(tmp_path: Path) -> None:
    run = ends(ON_IMPORT.format(happens="raise KeyError('a bug')"), tmp_path)
    assert run.returncode == 1
    assert "Traceback" in run.stderr


def test_debug_shows_where_it_happened(tmp_path: Path) -> None:
    run = econnet_process(
        *("--debug", "train", "--country", "Atlantis"), folder=tmp_path
    )
    assert "Traceback" in run.stderr
    assert "no country is called 'Atlantis'" in run.stderr
    # A script that adds it to look closer goes on as before.
    assert run.returncode == 2


@pytest.mark.parametrize("manner", [[], ["--debug"]])
def test_warnings_of_libraries_are_for_those_who_debug(
    manner: list[str], tmp_path: Path
) -> None:
    happens = "import warnings; warnings.resetwarnings(); warnings.warn('deprecated')"
    run = ends(ON_IMPORT.format(happens=happens), tmp_path, *manner)
    assert run.returncode == 0
    assert ("deprecated" in run.stderr) is bool(manner)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["indicators"], ["indicators", "--json"]])
def test_answer_that_cannot_be_written_is_reported_as_lost(
    arguments: list[str], tmp_path: Path
) -> None:
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "econnet", *arguments],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )
    assert run.returncode == 3
    assert run.stderr.startswith("econnet: stdout cannot be read or written (No space")
    assert run.stderr.count("\n") == 1


@posix
@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-"])
@pytest.mark.parametrize(
    ("arguments", "code"), [("status", 0), ("train --country Atlantis", 2)]
)
def test_unwritable_stderr_changes_no_exit_code(
    stderr: str, arguments: str, code: int, tmp_path: Path
) -> None:
    script = f"{sys.executable} -m econnet {arguments} >out.txt {stderr}"
    # Buffered, stderr fails once more at the end.
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    run = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env=environment,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert run.returncode == code
    assert bool((tmp_path / "out.txt").stat().st_size) is (code == 0)


def test_very_long_argument_is_not_repeated_in_full(tmp_path: Path) -> None:
    run = econnet("train", f"--{'x' * 5000}", folder=tmp_path)
    assert run.returncode == 2
    assert len(run.stderr) < 300


@posix
def test_closed_stdout_and_stderr_do_not_change_the_work(tmp_path: Path) -> None:
    script = f"{sys.executable} -m econnet status --json >&- 2>&-"
    run = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, timeout=HANG_SECONDS, check=False
    )
    assert run.returncode == 0


@posix
def test_process_needs_no_home_no_temporary_folder_and_no_stdin(tmp_path: Path) -> None:
    """A home folder, a folder for temporary files, and stdin."""
    script = (
        "unset HOME; export TMPDIR=/nonexistent; exec <&-; "
        f"{sys.executable} -m econnet export --country DEU --indicator real_gdp "
        "--output own.csv"
    )
    run = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, timeout=HANG_SECONDS, check=False
    )
    assert run.returncode == 0
    assert (tmp_path / "own.csv").stat().st_size > 0
