"""Locks between processes: waits are limited, and the holder is named.

A process that was stopped, or that hangs, keeps its locks. A process that waits for one
gives up after a limit and names the process to end.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from econnet.core.errors import DataError

if sys.platform != "win32":
    import fcntl

WAIT_SECONDS = 60.0


@contextmanager
def locked_file(
    lock: Path, subject: Path, seconds: float | None = None
) -> Iterator[None]:
    """Lock `subject` by the file `lock`.

    Raises
    ------
    DataError
        Another process has held it for `seconds`, by default `WAIT_SECONDS`.
    OSError
        The file `lock` cannot be written; the error names `subject`, which users know.
    """
    bound = WAIT_SECONDS if seconds is None else seconds
    holder = FileLock(lock, timeout=bound)
    try:
        holder.acquire()
    except Timeout as error:
        raise DataError(in_use(subject, lock, bound)) from error
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(subject)) from error
    try:
        yield
    finally:
        holder.release()


def lock_folder(descriptor: int, folder: Path) -> bool:
    """Lock an open folder; return whether its file system has locks.

    Raises
    ------
    DataError
        Another process has held it for `WAIT_SECONDS`.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        if not _locked_in_time(descriptor):
            raise DataError(in_use(folder, folder, WAIT_SECONDS)) from error
    except OSError:
        return False
    return True


def _locked_in_time(descriptor: int) -> bool:
    """Wait for a lock; return whether it was released before `WAIT_SECONDS`.

    The wait is in another thread, where the system queues it. Asking again and again
    would rarely succeed beside a process that locks the folder many times.
    """
    locked = threading.Event()
    # The lock belongs to both; it ends when the last of them is closed.
    own = os.dup(descriptor)

    def wait() -> None:
        with suppress(OSError):
            fcntl.flock(own, fcntl.LOCK_EX)
        locked.set()
        os.close(own)

    threading.Thread(target=wait, daemon=True).start()
    return locked.wait(WAIT_SECONDS)


def is_locked(folder: Path) -> bool:
    """Return whether another process writes into a folder."""
    if sys.platform == "win32":
        return False
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def in_use(subject: Path, lock: Path, seconds: float) -> str:
    """Return the error message for something that another process does not release."""
    number = _holder(lock)
    which = f" (process {number})" if number else ""
    return (
        f"another process has had {subject} open for longer than {seconds:g} s: let it "
        f"finish, or end it{which}, and try again"
    )


def _holder(path: Path) -> str:
    """Return the number of the process that locks a file; empty where unknown."""
    with suppress(OSError):
        inode = str(path.stat().st_ino)
        for line in Path("/proc/locks").read_text("ascii").splitlines():
            # `1: FLOCK ADVISORY WRITE 4711 fe:00:2860406 0 EOF`
            _, _, _, _, process, place, *_ = line.split()
            if place.rpartition(":")[2] == inode:
                return process
    return ""
