import ast
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np  # noqa: F401 - loads BLAS
import pytest
import sklearn.ensemble  # noqa: F401 - loads OpenMP
from threadpoolctl import threadpool_info, threadpool_limits

import econnet
from econnet.runtime.blas import one_blas_thread


def threads(user_api: str = "blas") -> set[int]:
    """Return the numbers of threads of the libraries of this kind."""
    pools = threadpool_info()
    return {pool["num_threads"] for pool in pools if pool["user_api"] == user_api}


@pytest.fixture(autouse=True)
def _three_threads() -> Iterator[None]:
    # On a machine of one core the original number would be that of the limit.
    with threadpool_limits(3):
        yield


def test_limit_ends_with_the_last_of_overlapping_users() -> None:
    first, second = ExitStack(), ExitStack()
    first.enter_context(one_blas_thread())
    second.enter_context(one_blas_thread())
    assert threads() == {1}
    first.close()
    assert threads() == {1}
    second.close()
    assert threads() == {3}


def test_nested_users_restore_the_original_number() -> None:
    with one_blas_thread():
        with one_blas_thread():
            assert threads() == threads("openmp") == {1}
        assert threads() == threads("openmp") == {1}
    assert threads() == threads("openmp") == {3}


def test_limit_ends_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        _ = 1 // 0
    assert threads() == {3}


def test_overlapping_threads_leave_the_original_number() -> None:
    # The barrier makes all threads enter before any leaves.
    together, seen = threading.Barrier(4, timeout=60), []

    def use() -> None:
        with one_blas_thread():
            together.wait()
            seen.append((threads(), threads("openmp")))

    users = [threading.Thread(target=use) for _ in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert seen == [({1}, {1})] * 4
    assert threads() == threads("openmp") == {3}


def test_number_set_between_two_uses_is_restored() -> None:
    with one_blas_thread():
        pass
    with threadpool_limits(2):
        with one_blas_thread():
            assert threads() == {1}
        assert threads() == {2}


def test_no_other_module_limits_blas() -> None:
    package = Path(econnet.__file__).parent
    others = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(
            isinstance(node, ast.ImportFrom | ast.Import)
            and "threadpool_limits" in ast.unparse(node)
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
        )
    ]
    assert not others
