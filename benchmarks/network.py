"""Speed and memory of the network, compared with other libraries.

    python benchmarks/network.py [--work duel-full ...] [--json]

Each row compares econnet with one peer on the same work, measured alternately within
one run, with one thread each. Times are those of the processor, because other work on
the machine lengthens the time on the clock. Values are medians of the rounds; a ratio
above 1 means that econnet is better. Peers that are not installed are left out: see the
extra `duel`.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module, metadata
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks.rows import RacedRow, as_json
from econnet.evaluation import duel
from econnet.network import AdamW, Architecture, Array, Network, TrainingOptions, train

ROUNDS = 7
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def duel_full() -> Iterator[RacedRow]:
    """Repeat the tutorial's duel, with 900 rows in each update."""
    work = duel.Work(updates=300)
    yield from _duel("duel-full", work, {"scikit-learn": 2.5, "PyTorch": 2.5})
    yield from _keras("duel-full", work, {"tensorflow": 20.0, "jax": None})
    if find_spec("jax"):
        ours, theirs = _in_turns(
            lambda: _seconds_per_update("econnet", work), lambda: _jax_loop(work)
        )
        yield _row("duel-full", "ms per update", "JAX jitted loop", ours, theirs, 1.3)
    names = [name for name in duel.installed() if name != "Keras"]
    results = duel.run_duel(duel.Work(updates=10_000), names).results
    for result in results[1:]:
        yield RacedRow(
            "duel-full",
            "test accuracy after 10,000 updates",
            results[0].accuracy,
            result.name,
            result.accuracy,
            results[0].accuracy / result.accuracy,
            None,
            (results[0].accuracy / result.accuracy,) * 2,
        )


def duel_32() -> Iterator[RacedRow]:
    """Repeat the tutorial's duel, with 32 rows in each update."""
    work = duel.Work(updates=29 * 40, batch_size=32)
    yield from _duel("duel-32", work, {"scikit-learn": 6.0, "PyTorch": 8.0})
    yield from _keras("duel-32", work, {"tensorflow": None, "jax": None})


def stacked_100() -> Iterator[RacedRow]:
    """Train a hundred networks 40-32-16-1, batch 64, AdamW: stacked, or one by one."""
    peers: dict[str, tuple[Callable[[], float], float | None]] = {
        "scikit-learn, one after another": (_scikit_learn_one_by_one, 10.0)
    }
    if find_spec("torch"):
        peers["PyTorch, one after another"] = (_pytorch_one_by_one, 10.0)
        peers["PyTorch bmm"] = (_pytorch_stacked, None)
    if find_spec("jax"):
        peers["JAX vmap and jit"] = (_jax_stacked(compiled=True), 1.3)
    for name, (peer, reach) in peers.items():
        ours, theirs = _in_turns(_econnet_stacked, peer)
        yield _row("stacked-100", "ms per update of all 100", name, ours, theirs, reach)
    if find_spec("jax"):
        ours, theirs = _in_turns(_econnet_stacked, _jax_stacked(compiled=False))
        yield _row(
            "stacked-100",
            f"ms per update of all 100, {STACKED_UPDATES} of them, compiling counted",
            "JAX vmap and jit",
            ours,
            theirs,
            1.0,
        )


def large() -> Iterator[RacedRow]:
    """Train 256-512-512-1, batch 1024, and compare its rate with that of sgemm."""
    sizes = (256, 512, 512, 1)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((4096, sizes[0]), np.float32)
    y = (X[:, 0] > 0).astype(np.float32)
    network = Network(Architecture.dense(sizes[0], sizes[1:-1]), initialization="he")
    options = TrainingOptions(AdamW(), epochs=4, batch_size=1024, record_every=4)
    products = [a * b for a, b in pairwise(sizes)]
    # The outputs and weight gradients of all layers; input gradients of all but one.
    operations = 2 * 1024 * (3 * sum(products) - products[0])
    left, right = X[:1024, :].repeat(2, axis=1), rng.random((512, 512), np.float32)
    out = np.empty((1024, 512), np.float32)

    def ours() -> float:
        start = time.process_time()
        train(network, X, y, options=options)
        return 16 * operations / (time.process_time() - start) / 1e9

    def alone() -> float:
        start = time.process_time()
        for _ in range(20):
            np.matmul(left, right, out=out)
        return 20 * 2 * left.size * 512 / (time.process_time() - start) / 1e9

    rates, limits = _in_turns(ours, alone)
    yield _row("large", "GFLOP/s", "np.matmul alone", rates, limits, 0.6, up=True)


def memory() -> Iterator[RacedRow]:
    """Compare the peak of traced memory with the minimum that training needs."""
    for name, architecture, members, rows in (
        ("256-512-512-1, batch 1024", Architecture.dense(256, [512, 512]), 1, 1024),
        ("100 of 40-32-16-1, batch 64", Architecture.dense(40, [32, 16]), 100, 64),
    ):
        peaks = [_peak(architecture, members, rows, epochs) for epochs in (3, 30)]
        widths = [architecture.input_dim] + [
            layer.output_dim for layer in architecture.layers
        ]
        # Parameters, gradients, two moments of AdamW, and each layer's activations.
        floats = members * (4 * architecture.n_parameters + rows * sum(widths))
        needed = 4 * floats / 2**20
        yield RacedRow(
            "memory",
            f"peak MiB, {name}",
            peaks[0],
            "parameters, gradients, optimiser state and activations",
            needed,
            needed / peaks[0],
            1 / 1.5,
            (needed / peaks[0],) * 2,
        )
        yield RacedRow(
            "memory",
            f"peak MiB after 30 epochs, {name}",
            peaks[1],
            "the same after 3",
            peaks[0],
            peaks[0] / peaks[1],
            0.99,
            (peaks[0] / peaks[1],) * 2,
        )


def _peak(architecture: Architecture, members: int, rows: int, epochs: int) -> float:
    """Return the peak memory from construction to the end of training, in MiB."""
    rng = np.random.default_rng(0)
    # Few rows, because training copies the data, which are not the subject.
    X = rng.standard_normal((rows, architecture.input_dim), np.float32)
    y = (X[:, 0] > 0).astype(np.float32)
    options = TrainingOptions(AdamW(), epochs=epochs, batch_size=rows)
    tracemalloc.start()
    train(Network(architecture, members), X, y, options=options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def _duel(name: str, work: duel.Work, reach: Mapping[str, float]) -> Iterator[RacedRow]:
    """Compare with those peers of the duel that run in this process."""
    for peer, aim in reach.items():
        if peer in duel.installed():
            ours, theirs = _in_turns(
                lambda: _seconds_per_update("econnet", work),
                lambda peer=peer: _seconds_per_update(peer, work),  # type: ignore[misc] # mypy cannot tell the type of a default in a lambda
            )
            yield _row(name, "ms per update", peer, ours, theirs, aim)


def _keras(
    name: str, work: duel.Work, reach: Mapping[str, float | None]
) -> Iterator[RacedRow]:
    """Compare with Keras, each backend in a separate process, as Keras requires."""
    for backend, aim in reach.items():
        if not (find_spec("keras") and find_spec(backend)):
            continue
        script = (
            "import json; from econnet.evaluation import duel; "
            f"work = duel.Work({work.updates}, {work.batch_size}); "
            "runs = [duel.run_duel(work, ['Keras']).results for _ in range(7)]; "
            "print(json.dumps([[x.seconds / x.updates for x in r] for r in runs]))"
        )
        environment = os.environ | {"KERAS_BACKEND": backend, "XLA_FLAGS": ONE_THREAD}
        completed = subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        ours, theirs = np.array(json.loads(completed.stdout.splitlines()[-1])).T
        peer = f"Keras on {'TensorFlow' if backend == 'tensorflow' else 'JAX'}"
        yield _row(name, "ms per update", peer, 1000 * ours, 1000 * theirs, aim)


def _seconds_per_update(name: str, work: duel.Work) -> float:
    """Return milliseconds per update of one of the duel's libraries."""
    moons = duel.Moons.draw()
    rows = len(moons.X_train)
    updates = work.epochs(rows) * work.updates_per_epoch(rows)
    return 1000 * duel.CONTESTANTS[name].train(moons, work).seconds / updates


def _jax_loop(work: duel.Work) -> float:
    """Train the duel's network in one compiled JAX loop; return ms per update."""
    jax, jnp = _jax()
    moons = duel.Moons.draw()
    X, y = jnp.asarray(moons.X_train), jnp.asarray(moons.y_train)[:, None]
    network = Network(Architecture.dense(2, duel.HIDDEN), initialization="he")
    start = [
        (jnp.asarray(W[0]), jnp.asarray(b[0]))
        for W, b in zip(network.W, network.b, strict=True)
    ]
    gradient = jax.grad(lambda layers: _jax_cost(jnp, layers, X, y))

    def update(_: object, layers: Any) -> Any:  # noqa: ANN401 - a tree of arrays
        return jax.tree.map(
            lambda p, g: p - duel.LEARNING_RATE * g, layers, gradient(layers)
        )

    loop = jax.jit(lambda layers: jax.lax.fori_loop(0, work.updates, update, layers))
    loop = loop.lower(start).compile()
    start_time = time.process_time()
    jax.block_until_ready(loop(start))
    return 1000 * (time.process_time() - start_time) / work.updates


MEMBERS, ROWS, INPUTS, STACKED_UPDATES = 100, 640, 40, 200
STACKED = Architecture.dense(INPUTS, [32, 16])


def _stacked_task() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, INPUTS), np.float32)
    noise = rng.standard_normal(ROWS, np.float32)
    return X, (X[:, 0] + noise > 0).astype(np.float32)


def _econnet_stacked() -> float:
    X, y = _stacked_task()
    network = Network(STACKED, MEMBERS, initialization="he")
    epochs = STACKED_UPDATES * 64 // ROWS
    options = TrainingOptions(AdamW(), epochs=epochs, record_every=epochs)
    start = time.process_time()
    train(network, X, y, options=options)
    return 1000 * (time.process_time() - start) / STACKED_UPDATES


def _scikit_learn_one_by_one() -> float:
    X, y = _stacked_task()
    n_trained = 4
    start = time.process_time()
    for member in range(n_trained):
        model = MLPClassifier(
            (32, 16),
            batch_size=64,
            alpha=0,
            max_iter=STACKED_UPDATES * 64 // ROWS,
            tol=0,
            n_iter_no_change=STACKED_UPDATES,
            random_state=member,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y)
    seconds = time.process_time() - start
    return 1000 * seconds / n_trained / STACKED_UPDATES * MEMBERS


def _pytorch_one_by_one() -> float:
    torch = import_module("torch")
    torch.set_num_threads(1)
    X, y = map(torch.tensor, _stacked_task())
    n_trained = 4
    start = time.process_time()
    for _ in range(n_trained):
        network = torch.nn.Sequential(
            torch.nn.Linear(INPUTS, 32),
            torch.nn.ReLU(),
            torch.nn.Linear(32, 16),
            torch.nn.ReLU(),
            torch.nn.Linear(16, 1),
        )
        optimizer = torch.optim.AdamW(network.parameters())
        cost_of = torch.nn.BCEWithLogitsLoss()
        for _ in range(STACKED_UPDATES * 64 // ROWS):
            for index in torch.randperm(ROWS).split(64):
                optimizer.zero_grad()
                cost_of(network(X[index])[:, 0], y[index]).backward()
                optimizer.step()
    seconds = time.process_time() - start
    return 1000 * seconds / n_trained / STACKED_UPDATES * MEMBERS


def _pytorch_stacked() -> float:
    torch = import_module("torch")
    torch.set_num_threads(1)
    X, y = map(torch.tensor, _stacked_task())
    network = Network(STACKED, MEMBERS, initialization="he")
    W = [torch.tensor(W, requires_grad=True) for W in network.W]
    b = [torch.tensor(b, requires_grad=True) for b in network.b]
    optimizer = torch.optim.AdamW([*W, *b])
    cost_of = torch.nn.functional.binary_cross_entropy_with_logits
    start = time.process_time()
    for _ in range(STACKED_UPDATES * 64 // ROWS):
        order = torch.stack([torch.randperm(ROWS) for _ in range(MEMBERS)])
        for index in order.split(64, dim=1):
            optimizer.zero_grad()
            A = X[index]
            for layer in range(2):
                A = torch.relu(torch.baddbmm(b[layer], A, W[layer]))
            logits = torch.baddbmm(b[2], A, W[2])[..., 0]
            cost_of(logits, y[index], reduction="sum").div(64).backward()
            optimizer.step()
    return 1000 * (time.process_time() - start) / STACKED_UPDATES


def _jax_stacked(*, compiled: bool) -> Callable[[], float]:
    """Return a run of vmapped AdamW, with or without the time of compilation."""

    def run() -> float:
        jax, jnp = _jax()
        jax.clear_caches()
        X, y = map(jnp.asarray, _stacked_task())
        network = Network(STACKED, MEMBERS, initialization="he")
        layers = [
            (jnp.asarray(W), jnp.asarray(b))
            for W, b in zip(network.W, network.b, strict=True)
        ]
        zeros = jax.tree.map(jnp.zeros_like, layers)
        gradient = jax.grad(
            lambda layers, index: _jax_cost(jnp, layers, X[index], y[index, None])
        )

        def update(layers: Any, first: Any, second: Any, step: Any, index: Any) -> Any:  # noqa: ANN401 - trees of arrays
            by = gradient(layers, index)
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, by)
            second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, by)
            mean, spread = 1 - 0.9**step, 1 - 0.999**step
            layers = jax.tree.map(
                lambda p, m, v: p - 0.001 * (m / mean) / (jnp.sqrt(v / spread) + 1e-8),
                layers,
                first,
                second,
            )
            return layers, first, second

        step = jax.jit(
            jax.vmap(update, in_axes=(0, 0, 0, None, 0)), donate_argnums=(0, 1, 2)
        )
        state = (layers, zeros, jax.tree.map(jnp.zeros_like, layers))
        rng = np.random.default_rng(0)
        example = jnp.zeros((MEMBERS, 64), jnp.int32)
        if compiled:
            step = step.lower(*state, 1.0, example).compile()
        start = time.process_time()
        count = 0.0
        for _ in range(STACKED_UPDATES * 64 // ROWS):
            order = rng.permuted(
                np.tile(np.arange(ROWS, dtype=np.int32), (MEMBERS, 1)), axis=1
            )
            for index in np.split(order, ROWS // 64, axis=1):
                count += 1
                state = step(*state, count, index)
        jax.block_until_ready(state)
        return 1000 * (time.process_time() - start) / STACKED_UPDATES

    return run


def _jax() -> tuple[Any, Any]:
    os.environ.setdefault("XLA_FLAGS", ONE_THREAD)
    return import_module("jax"), import_module("jax.numpy")


def _jax_cost(jnp: Any, layers: Any, X: Any, y: Any) -> Any:  # noqa: ANN401 - JAX is not typed here
    A = X
    for W, b in layers[:-1]:
        A = jnp.maximum(A @ W + b, 0)
    W, b = layers[-1]
    logits = A @ W + b
    return jnp.mean(jnp.logaddexp(0, logits) - y * logits)


def _in_turns(
    ours: Callable[[], float], theirs: Callable[[], float]
) -> tuple[Array, Array]:
    """Measure both in each round, after a warm-up round that is not counted."""
    pairs = [(ours(), theirs()) for _ in range(ROUNDS + 1)]
    measured = np.array(pairs[1:]).T
    return measured[0], measured[1]


def _row(
    work: str,
    measure: str,
    peer: str,
    ours: Array,
    theirs: Array,
    reach: float | None,
    *,
    up: bool = False,
) -> RacedRow:
    """Return the row of these measurements; `up` if higher is better."""
    ratios = ours / theirs if up else theirs / ours
    return RacedRow(
        work=work,
        measure=measure,
        econnet=float(np.median(ours)),
        peer=peer,
        peer_value=float(np.median(theirs)),
        ratio=float(np.median(ratios)),
        reach=reach,
        spread=(float(ratios.min()), float(ratios.max())),
    )


def _machine() -> str:
    """Return the versions and the machine in one line."""
    packages = ("numpy", "scikit-learn", "torch", "jax", "keras", "tensorflow-cpu")
    versions = []
    for package in packages:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    blas = next(pool for pool in threadpool_info() if pool["user_api"] == "blas")
    kernel = f"{blas['internal_api']} {blas['version']}, {blas.get('architecture')}"
    return (
        f"Python {platform.python_version()}, {', '.join(versions)}; {kernel}; "
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    )


def main() -> None:
    """Print the rows of the requested works."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--work", nargs="+", choices=WORKS, default=list(WORKS))
    arguments = parser.parse_args()
    with threadpool_limits(1):
        rows = [row for name in arguments.work for row in WORKS[name]()]
    if arguments.json:
        print(as_json(rows))
        return
    print(f"{_machine()}.\n")
    print("| work | measure | econnet | peer | its value | ratio | spread | reach |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        low, high = row.spread
        print(
            f"| {row.work} | {row.measure} | {row.econnet:.3g} | {row.peer} | "
            f"{row.peer_value:.3g} | {row.ratio:.2f} | {low:.2f} to {high:.2f} | "
            f"{'' if row.reach is None else f'{row.reach:.2g}'} |"
        )


WORKS: Mapping[str, Callable[[], Iterator[RacedRow]]] = {
    "duel-full": duel_full,
    "duel-32": duel_32,
    "stacked-100": stacked_100,
    "large": large,
    "memory": memory,
}

if __name__ == "__main__":
    main()
