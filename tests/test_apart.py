import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from threadpoolctl import threadpool_info

from econnet import apart
from econnet.errors import DataError
from tests.user import HANG_SECONDS

Made = Callable[[int], Callable[[int], int]]


@pytest.fixture
def make() -> Made:
    """Return a function that another process need not import to know."""
    return lambda factor: lambda item: factor * item


def test_results_come_in_the_order_of_the_items(make: Made) -> None:
    with apart.started(make) as process:
        assert list(process.ahead(3, range(7), most=3)) == [3 * it for it in range(7)]


def test_no_more_is_made_ahead_than_was_said(make: Made) -> None:
    drawn = []

    def items() -> Iterator[int]:
        for number in range(9):
            drawn.append(number)
            yield number

    with apart.started(make) as process:
        for place, _ in enumerate(process.ahead(1, items(), most=2)):
            # One to look at, two to come, and one that may be made here.
            assert min(9, place + 3) <= len(drawn) <= place + 4


def test_process_that_would_wait_lends_a_hand() -> None:
    def slow(_: int) -> Callable[[int], tuple[int, int]]:
        import os
        import time

        def sleep(item: int) -> tuple[int, int]:
            time.sleep(0.05)
            return item, os.getpid()

        return sleep

    with apart.started(slow) as process:
        made = list(process.ahead(0, range(8)))
        assert [item for item, _ in made] == list(range(8))
        assert {pid for _, pid in made} == {os.getpid(), process.process.pid}


def test_nothing_to_make_is_nothing(make: Made) -> None:
    with apart.started(make) as process:
        assert list(process.ahead(1, [])) == []


def test_blas_has_one_thread_there() -> None:
    def threads(_: int) -> Callable[[int], set[int]]:
        import numpy as np  # noqa: F401 - loads BLAS

        return lambda _: {it["num_threads"] for it in threadpool_info()}

    with apart.started(threads) as process:
        assert list(process.ahead(0, [0])) == [{1}]


def test_errors_there_are_raised_here() -> None:
    def refuse(setting: int) -> Callable[[int], float]:
        if setting == 0:
            raise DataError("the panel holds no rows")
        return lambda item: setting / item

    with (
        apart.started(refuse) as process,
        pytest.raises(DataError, match="the panel holds no rows"),
    ):
        list(process.ahead(0, [1]))
    with apart.started(refuse) as process:
        results = process.ahead(6, [3, 0, 1])
        assert next(results) == 2.0
        with pytest.raises(ZeroDivisionError):
            next(results)


def test_process_is_ended_where_the_caller_stops(make: Made) -> None:
    with apart.started(make) as process:
        assert next(process.ahead(2, [1, 2, 3])) == 2
    assert not process.process.is_alive()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_process_is_told_in_one_line(make: Made) -> None:
    with apart.started(make) as process:
        results = process.ahead(2, range(9))
        next(results)
        os.kill(process.process.pid, signal.SIGKILL)
        with pytest.raises(DataError, match="was killed") as told:
            list(results)
    assert told.value.exit_code == 3
    assert "\n" not in str(told.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_process_does_not_outlive_the_one_that_started_it() -> None:
    orphaning = (
        "import os, signal\n"
        "from econnet import apart\n"
        "with apart.started(lambda factor: lambda item: factor * item) as process:\n"
        "    print(next(process.ahead(2, range(9))), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    # The pipe to here is the other process's too, and closed when both are gone.
    ended = subprocess.run(
        [sys.executable, "-c", orphaning],
        capture_output=True,
        check=False,
        timeout=HANG_SECONDS,
    )
    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout == b"0\n"
    assert ended.stderr == b""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")
def test_ctrl_c_is_heard_by_the_first_process_alone() -> None:
    # A shell starts what runs in the background deaf to interrupts.
    interrupting = (
        "import os, signal\n"
        "from econnet import apart\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with apart.started(lambda factor: lambda item: factor * item) as process:\n"
        "    for moment in range(2):\n"
        "        try:\n"
        "            os.killpg(0, signal.SIGINT)\n"
        "        except KeyboardInterrupt:\n"
        "            print('interrupted', flush=True)\n"
        "        if moment == 0:\n"
        "            results = process.ahead(2, range(9), most=1)\n"
        "            next(results)\n"
        "    print(list(results))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", interrupting],
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG_SECONDS,
        start_new_session=True,
    )
    assert ended.stdout.splitlines() == [
        "interrupted",
        "interrupted",
        str([2 * it for it in range(1, 9)]),
    ]
    assert ended.stderr == ""
