"""Locks that another process does not release."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from econnet.core.errors import DataError
from econnet.runtime import atomic_files, locks

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")

HOLD = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(descriptor, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Lock a file or folder in a process that does nothing else; give its number."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.stdin.close()


@pytest.fixture(autouse=True)
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.1)


def test_wait_for_a_folder_that_another_process_holds_ends(
    tmp_path: Path,
) -> None:
    with held(tmp_path) as number:
        assert locks.is_locked(tmp_path)
        with pytest.raises(DataError, match=f"or end it.*process {number}"):
            atomic_files.write_together(tmp_path, [("a", b"a")])
        assert not list(tmp_path.iterdir())
    assert not locks.is_locked(tmp_path)
    atomic_files.write_together(tmp_path, [("a", b"a")])


def test_lock_file_that_another_process_holds_names_what_it_locks(
    tmp_path: Path,
) -> None:
    lock = tmp_path / ".forecasts.csv.lock"
    lock.touch()
    with (
        held(lock),
        pytest.raises(DataError, match=r"has had forecasts\.csv open for longer than"),
        locks.locked_file(lock, Path("forecasts.csv")),
    ):
        pass
    with locks.locked_file(lock, Path("forecasts.csv")):
        assert lock.exists()
