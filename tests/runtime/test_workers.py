import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from econnet.core.errors import ClusterError
from econnet.runtime import workers as runtime_workers
from econnet.runtime.cluster import Cluster
from econnet.runtime.ledger import Ledger
from econnet.runtime.npz import write_arrays
from tests.user import HANG_SECONDS


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    assert runtime_workers.map_threads(lambda item: item**2, range(20), workers) == [
        item**2 for item in range(20)
    ]


def test_number_of_workers_changes_no_bit() -> None:
    def product(seed: int) -> np.ndarray:
        A = np.random.default_rng(seed).normal(size=(200, 60)).astype(np.float32)
        return np.asarray(A @ A.T)

    for one, two in zip(
        runtime_workers.map_threads(product, range(6), 1),
        runtime_workers.map_threads(product, range(6), 2),
        strict=True,
    ):
        np.testing.assert_array_equal(one, two)


def test_blas_has_one_thread_while_tasks_run() -> None:
    def blas_threads(_: int) -> set[int]:
        pools = threadpool_info()
        return {p["num_threads"] for p in pools if p["user_api"] == "blas"}

    assert runtime_workers.map_threads(blas_threads, range(2)) == [{1}, {1}]


def test_error_of_a_task_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        runtime_workers.map_threads(lambda item: 1 // item, [1, 0])


def halves(number: int) -> list[np.ndarray]:
    """Multiply matrices of a number's own; two threads would round differently."""
    A = np.random.default_rng(number).normal(size=(300, 70)).astype(np.float32)
    return [A @ A.T, np.array([number])]


def key(number: int) -> str:
    return f"halves-{number}"


def test_spread_returns_what_the_tasks_make_in_order() -> None:
    finished: list[float] = []
    with runtime_workers.report_progress(finished.append):
        made = runtime_workers.map_tasks(halves, range(7), key)
    assert [int(arrays[1][0]) for arrays in made] == list(range(7))
    assert finished == [count / 7 for count in range(1, 8)]


def test_finished_share_is_reported(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    for _ in range(2):  # the second time, all of it is in the ledger
        heard: list[float] = []
        with (
            runtime_workers.use_workers(ledger=ledger),
            runtime_workers.report_progress(heard.append),
        ):
            runtime_workers.map_tasks(halves, range(4), key)
        assert heard == [0.25, 0.5, 0.75, 1.0]


def test_calls_side_by_side_return_what_each_returns_alone(tmp_path: Path) -> None:
    def numbers(items: Sequence[int]) -> list[int]:
        made = runtime_workers.map_tasks(halves, items, lambda n: key(items[n]))
        return [int(arrays[1][0]) for arrays in made]

    def squares(start: int) -> list[int]:
        """Run tasks twice, the second time on what the first returned."""
        first = numbers(range(start, start + 3))
        return numbers([number**2 for number in first])

    def two() -> list[list[int]]:
        return runtime_workers.side_by_side([lambda: squares(0), lambda: squares(3)])

    ledger = Ledger(tmp_path / "ledger")
    with runtime_workers.use_workers(ledger=ledger):
        nested = runtime_workers.side_by_side([two, lambda: [squares(6)]])
    assert nested == [[[0, 1, 4], [9, 16, 25]], [[36, 49, 64]]]
    assert ledger.count() == len({*range(9), 9, 16, 25, 36, 49, 64})


def test_progress_of_calls_side_by_side_is_that_of_each() -> None:
    heard: dict[str, list[float]] = {"two": [], "four": []}

    def call(name: str, items: int) -> None:
        with runtime_workers.report_progress(heard[name].append):
            runtime_workers.map_tasks(halves, range(items), key)

    runtime_workers.side_by_side([lambda: call("two", 2), lambda: call("four", 4)])
    assert heard == {"two": [0.5, 1.0], "four": [0.25, 0.5, 0.75, 1.0]}


def test_first_error_of_calls_side_by_side_is_raised() -> None:
    def fail(number: int) -> list[np.ndarray]:
        raise ZeroDivisionError(number)

    def computed(task: Callable[[int], list[np.ndarray]]) -> object:
        return runtime_workers.map_tasks(task, range(2), key)

    with (
        runtime_workers.use_workers(runtime_workers.Cores(1)),
        pytest.raises(ZeroDivisionError),
    ):
        runtime_workers.side_by_side([lambda: computed(halves), lambda: computed(fail)])

    def refuse() -> object:
        raise KeyError("before any task")

    with pytest.raises(KeyError):
        runtime_workers.side_by_side([lambda: computed(halves), refuse])


def test_calls_side_by_side_end_when_not_all_could_be_started() -> None:
    class Interrupted(list[Callable[[], object]]):
        """Calls of which only the first is started before Ctrl-C."""

        def __iter__(self) -> Iterator[Callable[[], object]]:
            yield self[0]
            raise KeyboardInterrupt

    def call() -> object:
        return runtime_workers.map_tasks(halves, range(2), key)

    with pytest.raises(KeyboardInterrupt):
        runtime_workers.side_by_side(Interrupted([call, call]))


def test_finished_tasks_are_not_done_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    begun: list[int] = []

    def recorded(number: int) -> list[np.ndarray]:
        begun.append(number)
        if number == 3 and len(begun) < 8:
            raise RuntimeError
        return halves(number)

    with runtime_workers.use_workers(runtime_workers.Cores(1), ledger):
        with pytest.raises(RuntimeError):
            runtime_workers.map_tasks(recorded, range(6), key)
        assert begun == [0, 1, 2, 3]
        (tmp_path / "ledger" / f"{key(1)}.npz").write_bytes(b"half a file")
        write_arrays(tmp_path / "ledger" / f"{key(2)}.npz", {}, {"other": np.ones(2)})
        second = runtime_workers.map_tasks(recorded, range(3), key)
        assert begun == [0, 1, 2, 3, 1, 2]
    plain = runtime_workers.map_tasks(halves, range(3), key)
    for one, other in zip(second, plain, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
    ledger.forget()
    assert not list((tmp_path / "ledger").iterdir())


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from econnet.runtime import workers
from econnet.runtime.ledger import Ledger
from tests.runtime.test_workers import halves, key

def hear(share):
    number = round(9 * share) - 1
    with Path(sys.argv[1]).open("a") as file:
        file.write(f"{number} ")
    if number == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

ledger = Ledger(Path(sys.argv[1] + ".ledger"))
with workers.use_workers(workers.Cores(1), ledger), workers.report_progress(hear):
    workers.map_tasks(halves, range(9), key)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_work_killed_three_times_gives_the_same_result(tmp_path: Path) -> None:
    told = tmp_path / "told"
    root = str(Path(__file__).parents[2])
    for last in ("1", "4", "5"):
        command = [sys.executable, "-c", KILLED, str(told), last, root]
        killed = subprocess.run(command, check=False)
        assert killed.returncode == -signal.SIGKILL
    # Finished items are reported first and not done again.
    assert told.read_text().split() == [*"01", *"01234", *"012345"]
    ledger = Ledger(tmp_path / "told.ledger")
    assert ledger.count() == 6
    with runtime_workers.use_workers(ledger=ledger):
        made = runtime_workers.map_tasks(halves, range(9), key)
    for one, other in zip(
        made, runtime_workers.map_tasks(halves, range(9), key), strict=True
    ):
        np.testing.assert_array_equal(one[0], other[0])


def test_cluster_that_does_not_answer_is_reported() -> None:
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    nobody = Cluster.connect("tcp://127.0.0.1:9", seconds=1)
    with pytest.raises(ClusterError, match="no scheduler answers at tcp://127"), nobody:
        pass


def test_work_without_shared_memory_is_done_in_this_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("multiprocessing.Lock", refuse)
    here = runtime_workers.map_tasks(number_of_process, [1, 2, 3], str)
    assert {int(arrays[0][0]) for arrays in here} == {os.getpid()}


def number_of_process(_: int) -> list[np.ndarray]:
    return [np.array([os.getpid()])]


def test_task_of_a_call_may_have_tasks_of_its_own() -> None:
    def product(number: int) -> list[np.ndarray]:
        (of_other,) = runtime_workers.map_tasks(halves, [number + 1], key)
        return [of_other[1]]

    def products(start: int) -> list[int]:
        computed = runtime_workers.map_tasks(product, [start, start + 1], key)
        return [int(arrays[0][0]) for arrays in computed]

    both = runtime_workers.side_by_side([lambda: products(0), lambda: products(5)])
    assert both == [[1, 2], [6, 7]]


def test_other_processes_start_while_a_call_prepares_its_tasks() -> None:
    begun = threading.Event()

    def early() -> int:
        [[number]] = runtime_workers.map_tasks(number_of_process, [1], str)
        begun.set()
        return int(number[0])

    def late() -> int:
        assert begun.wait(HANG_SECONDS)
        [[number]] = runtime_workers.map_tasks(number_of_process, [2], str)
        return int(number[0])

    with runtime_workers.use_workers(runtime_workers.Cores(2)):
        process, _ = runtime_workers.side_by_side([early, late])
    assert process != os.getpid()
