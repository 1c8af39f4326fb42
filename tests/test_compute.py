import numpy as np
import pytest
from threadpoolctl import threadpool_info

from econnet import compute


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    assert compute.each(lambda item: item**2, range(20), workers) == [
        item**2 for item in range(20)
    ]


def test_number_of_workers_changes_no_bit() -> None:
    def product(seed: int) -> np.ndarray:
        A = np.random.default_rng(seed).normal(size=(200, 60)).astype(np.float32)
        return np.asarray(A @ A.T)

    for one, two in zip(
        compute.each(product, range(6), 1),
        compute.each(product, range(6), 2),
        strict=True,
    ):
        np.testing.assert_array_equal(one, two)


def test_blas_has_one_thread_while_tasks_run() -> None:
    def blas_threads(_: int) -> set[int]:
        pools = threadpool_info()
        return {p["num_threads"] for p in pools if p["user_api"] == "blas"}

    assert compute.each(blas_threads, range(2)) == [{1}, {1}]


def test_error_of_a_task_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        compute.each(lambda item: 1 // item, [1, 0])
