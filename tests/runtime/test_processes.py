import os
import signal
import subprocess
import sys
import time
import warnings
from contextlib import closing
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from econnet.core.errors import DataError
from econnet.runtime import processes
from tests.user import HANG_SECONDS

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def test_tasks_run_in_other_processes_which_are_kept() -> None:
    first = {
        pid for _, pid in processes.run_in_processes(lambda _: os.getpid(), range(8), 2)
    }
    again = {
        pid for _, pid in processes.run_in_processes(lambda _: os.getpid(), range(8), 2)
    }
    assert os.getpid() not in first | again
    assert len(first | again) <= 2


def test_every_result_comes_with_the_number_of_its_item() -> None:
    made = dict(processes.run_in_processes(lambda item: item.upper(), "contraction", 2))
    assert "".join(made[number] for number in range(11)) == "CONTRACTION"


def test_this_process_also_works_on_request() -> None:
    def worker(item: str) -> tuple[str, int]:
        return item.upper(), os.getpid()

    made = dict(processes.run_in_processes(worker, "contraction", 1, here=True))
    assert "".join(made[number][0] for number in range(11)) == "CONTRACTION"
    assert os.getpid() in {pid for _, pid in made.values()}
    assert len({pid for _, pid in made.values()}) == 2
    two = dict(processes.run_in_processes(worker, "ab", 1, here=True))
    assert [two[number][1] == os.getpid() for number in range(2)] == [False, True]
    with pytest.raises(ZeroDivisionError):
        list(processes.run_in_processes(lambda n: 1 // n, [1, 1, 0], 1, here=True))


def test_libraries_have_one_thread_there_and_print_no_warning(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def threads(_: int) -> set[int]:
        import sklearn.ensemble  # noqa: F401 - brings OpenMP

        warnings.warn("nobody reads this", stacklevel=1)
        return {pool["num_threads"] for pool in threadpool_info()}

    assert [it for _, it in processes.run_in_processes(threads, range(2), 2)] == [
        {1},
        {1},
    ]
    assert capfd.readouterr().err == ""


def test_error_of_a_task_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        list(processes.run_in_processes(lambda item: 1 // item, [1, 0, 1], 2))


@posix
def test_killed_process_costs_only_the_work_in_progress(tmp_path: Path) -> None:
    def counted(item: int) -> int:
        with (tmp_path / str(item)).open("a") as file:
            file.write("begun ")
        if item == 7 and (tmp_path / "7").read_text() == "begun ":
            os.kill(os.getpid(), signal.SIGKILL)
        return item**2

    made = dict(processes.run_in_processes(counted, range(20), 2))
    assert made == {item: item**2 for item in range(20)}
    begun = [(tmp_path / str(item)).read_text().split() for item in range(20)]
    assert len(begun[7]) == 2
    assert sum(map(len, begun)) <= 20 + 4


@posix
def test_processes_that_are_killed_repeatedly_are_reported() -> None:
    with pytest.raises(DataError, match="probably because memory ran out"):
        list(processes.run_in_processes(lambda _: os.kill(os.getpid(), 9), range(3), 2))


UNSTARTED = """
import _posixsubprocess, errno, os
from econnet.runtime import processes
from econnet.core.errors import DataError
from tests.user import HANG_SECONDS

start, told = _posixsubprocess.fork_exec, []

def refuse(*arguments):
    told.append(arguments)
    if len(told) == {at}:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return start(*arguments)

_posixsubprocess.fork_exec = refuse
try:
    list(processes.run_in_processes(abs, range(3), 2))
except DataError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="refuses as Linux does")
@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.campaign
def test_process_that_cannot_be_started_is_reported_in_one_line(at: int) -> None:
    command = [sys.executable, "-c", UNSTARTED.format(at=at)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stdout.startswith("no worker process can be started (Resource")
    assert run.stdout.count("\n") == 1
    assert run.stderr == ""


@posix
def test_caller_who_stops_early_stops_the_work() -> None:
    def endless(item: int) -> int:
        while item:
            time.sleep(0.1)
        return os.getpid()

    with closing(processes.run_in_processes(endless, [0, 1, 1], 2)) as made:
        _, pid = next(made)
    assert not _alive(pid)


ORPHANS = """
import os
from econnet.runtime import processes

def said(item):
    print(os.getpid(), flush=True)
    while True:
        pass

list(processes.run_in_processes(said, [0, 1], 2))
"""


@posix
def test_processes_end_with_the_one_that_started_them() -> None:
    command = [sys.executable, "-c", ORPHANS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        assert all(map(_alive, pids))
        parent.kill()
        # It ends when no process can write any more, the workers included.
        assert parent.stdout.read() == ""


INTERRUPTED = """
import os, signal, sys, threading
from pathlib import Path
from econnet.runtime import processes

# A shell starts what runs in the background deaf to interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

def beginning():
    own = Path("/proc/self/task").glob("*/children")
    children = [pid for listed in own for pid in listed.read_text().split()]
    return [pid for pid in children if "popen_loky" in _command(pid)]

def _command(pid):
    return Path("/proc", pid, "cmdline").read_text()

def strike():
    while len(beginning()) < 2:
        pass
    os.killpg(0, signal.SIGINT)

threading.Thread(target=strike).start()
try:
    list(processes.run_in_processes(lambda item: item, range(100_000), 2))
except KeyboardInterrupt:
    print("told")
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
def test_interrupt_of_all_processes_is_reported_by_one() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "told\n", "")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
