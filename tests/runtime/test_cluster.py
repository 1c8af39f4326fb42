"""A scheduler and two workers of `dask.distributed`, each a process of its own."""

import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from econnet.core.errors import ClusterError
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.models import network_ensemble
from econnet.models.windows import make_windows
from econnet.runtime import workers
from econnet.runtime.cluster import Cluster
from econnet.runtime.ledger import Arrays, Ledger
from tests import clusters
from tests.builders import world
from tests.clusters import Running

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Running]:
    with clusters.running(tmp_path) as running:
        yield running


def product(number: int) -> list[np.ndarray]:
    A = np.random.default_rng(number).normal(size=(300, 70)).astype(np.float32)
    return [A @ A.T]


def product_after(number: int, *, once: Path, kills: int, pid: int) -> list[np.ndarray]:
    """Kill a process, the worker itself if `pid` is 0, before item `kills`, once."""
    if number == kills and not once.exists():
        once.touch()
        os.kill(pid or os.getpid(), signal.SIGKILL)
    return product(number)


def key(number: int) -> str:
    return f"product-{number}"


def assert_same(one: list[Arrays], other: list[Arrays]) -> None:
    for left, right in zip(one, other, strict=True):
        for a, b in zip(left, right, strict=True):
            np.testing.assert_array_equal(a, b)


def test_networks_have_the_same_bits_on_a_cluster(cluster: Running) -> None:
    known = panel.build(world(countries=3), "Q")
    label = labels.apply(known, "negative-growth", "real_gdp")
    made = design_matrix.build(known, label, 1)
    windows = make_windows(made, "Q", made.origins.max())[-6:]
    model = network_ensemble.model(
        2, 0, network_ensemble.EnsembleOptions(min_updates=40)
    )
    here = model(windows)
    with Cluster.connect(cluster.url) as place, workers.use_workers(place):
        there = model(windows)
    assert_same([here], [there])


def block_of_nothing(_: int) -> list[np.ndarray]:
    """Take no time, and return the name that the block has on the cluster."""
    from distributed import get_worker

    return [np.array(get_worker().get_current_task())]


def test_short_items_travel_together(cluster: Running) -> None:
    with Cluster.connect(cluster.url) as place, workers.use_workers(place):
        made = workers.map_tasks(block_of_nothing, range(60), key)
    blocks = [str(name) for (name,) in made]
    assert len(blocks) == 60
    assert len(set(blocks)) < 20


def test_killed_worker_costs_only_its_task(cluster: Running, tmp_path: Path) -> None:
    task = partial(product_after, once=tmp_path / "killed", kills=3, pid=0)
    done: list[float] = []
    connected = Cluster.connect(cluster.url)
    with (
        connected as place,
        workers.use_workers(place),
        workers.report_progress(done.append),
    ):
        made = workers.map_tasks(task, range(8), key)
    assert (tmp_path / "killed").exists()
    assert sum(worker.poll() is not None for worker in cluster.workers) == 1
    assert done == [count / 8 for count in range(1, 9)]
    assert_same(made, [product(number) for number in range(8)])


def test_lost_scheduler_is_reported_and_work_goes_on_elsewhere(
    cluster: Running, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "ledger")
    pid = cluster.scheduler.pid
    task = partial(product_after, once=tmp_path / "killed", kills=5, pid=pid)
    connected = Cluster.connect(cluster.url)
    with connected as place, workers.use_workers(place, ledger):
        workers.map_tasks(task, range(3), key)
        with pytest.raises(ClusterError, match="what was finished is kept"):
            workers.map_tasks(task, range(8), key)
    done_again: list[int] = []

    def recorded(number: int) -> list[np.ndarray]:
        done_again.append(number)
        return product(number)

    with workers.use_workers(workers.Cores(1), ledger):
        made = workers.map_tasks(recorded, range(8), key)
    assert not {0, 1, 2} & set(done_again)
    assert 5 in done_again
    assert_same(made, [product(number) for number in range(8)])


def test_workers_of_a_cluster_import_nothing_from_their_folder(tmp_path: Path) -> None:
    for name in ("json", "numpy", "queue", "random", "types"):
        (tmp_path / f"{name}.py").write_text(f"open('imported-{name}', 'w').close()\n")
    with (
        clusters.running(tmp_path, count=1, as_documented=True) as cluster,
        Cluster.connect(cluster.url) as place,
        workers.use_workers(place),
    ):
        made = workers.map_tasks(product, range(2), key)
    assert_same(made, [product(number) for number in range(2)])
    assert not list(tmp_path.glob("imported-*"))


def test_cluster_without_a_worker_is_reported(tmp_path: Path) -> None:
    with clusters.running(tmp_path, count=0) as running:
        connected = Cluster.connect(running.url, seconds=1)
        told = f"no worker: start one with `dask worker {running.url}`"
        with pytest.raises(ClusterError, match=told), connected:
            pass
