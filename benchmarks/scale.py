"""How far econnet goes on two cores: rows, countries, workers, a cluster.

    python benchmarks/scale.py [--work stream ...] [--rows 1e5 1e6 1e7] [--json]

Panels are simulated (`benchmarks/panels.py`) into a temporary folder, which needs 180
bytes per row. Peers run in turns with econnet; values are medians of the rounds, and a
ratio above 1 means that econnet is better. Memory is the peak of a process and of all
that it starts, shared memory counted once.
"""

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from benchmarks.rows import RacedRow, as_json
from econnet.core import countries
from econnet.core.settings import Settings
from econnet.core.task import Task, TaskRequest
from econnet.data import load
from econnet.data.features import design_matrix
from econnet.forecast import preparation
from econnet.forecast.streamed import training
from econnet.forecast.streamed.feature_blocks import FeatureBlocks
from econnet.forecast.streamed.features import feature_spec
from econnet.forecast.streamed.parquet_panel import open_files
from econnet.forecast.streamed.survey import survey
from econnet.models import combination, network_ensemble, network_file, pooling
from econnet.models.windows import Window, make_windows
from econnet.network import AdamW, Architecture, BlockTrainer, Network
from econnet.network.activations import Array
from econnet.runtime import workers as runtime_workers
from econnet.runtime.cluster import Cluster
from econnet.runtime.inbox import Inbox
from econnet.runtime.processes import Numbered

ROUNDS = 5
CLUSTER_ROUNDS = 2
PARTS_BEFORE_FAULT = 20
MEMBERS, ORIGINS, HORIZONS = 16, 25, (1, 2)


@dataclass(frozen=True)
class Running:
    """A cluster of processes on this machine."""

    url: str
    workers: "list[subprocess.Popen[str]]"


@dataclass(frozen=True)
class Part:
    """The block that a part was sent in, and the seconds that the part took."""

    block: str
    processor: float
    clock: float


class Watched:
    """A cluster that measures the cost of its parts, and of all that surrounds them.

    Parameters
    ----------
    started
        A file to which the workers add a line for each part that they start.
    fault
        Called once, when some parts are finished. After a fault only the parts are
        counted, not the processor time.
    """

    def __init__(
        self,
        place: Cluster,
        started: Path,
        fault: Callable[[], None] = lambda: None,
    ) -> None:
        self._place = place
        self._started = started
        self._fault = fault
        self._processor = 0.0
        self._clock = 0.0
        self.parts: list[Part] = []

    def run(
        self,
        task: Callable[[runtime_workers.Item], runtime_workers.Result],
        items: Sequence[runtime_workers.Item] | Inbox[runtime_workers.Item],
    ) -> Numbered[runtime_workers.Result]:
        """Yield the number of an item and its result, once all are finished."""
        processor, clock = self._processor_seconds(), time.perf_counter()
        results = []
        for number, (part, result) in self._place.run(
            partial(_watched, self._started, task), items
        ):
            results.append((number, result))
            self.parts.append(part)
            if len(self.parts) == PARTS_BEFORE_FAULT:
                self._fault()
        self._clock += time.perf_counter() - clock
        self._processor += self._processor_seconds() - processor
        yield from results

    def _processor_seconds(self) -> float:
        """Return the processor time of client, scheduler and workers."""
        client = self._place.client
        workers = client.run(time.process_time).values()
        scheduler: float = client.run_on_scheduler(time.process_time)
        return time.process_time() + scheduler + float(sum(workers))

    def processor_overhead(self) -> float:
        """Return the processor time not used by parts, relative to that of parts."""
        return self._processor / sum(part.processor for part in self.parts) - 1

    def clock_overhead(self) -> float:
        """Return the time of two workers without a part, relative to that of parts."""
        return 2 * self._clock / sum(part.clock for part in self.parts) - 1

    def blocks(self) -> Array:
        """Return the seconds of each block."""
        seconds: dict[str, float] = {}
        for part in self.parts:
            seconds[part.block] = seconds.get(part.block, 0.0) + part.processor
        return np.array([*seconds.values()])

    def largest_block(self) -> int:
        """Return how many parts the largest block has."""
        return max(Counter(part.block for part in self.parts).values())

    def restarted(self) -> int:
        """Return how many parts were started once more."""
        return len(self._started.read_text().split()) - len(self.parts)


def _watched(
    started: Path,
    task: Callable[[runtime_workers.Item], runtime_workers.Result],
    item: runtime_workers.Item,
) -> tuple[Part, runtime_workers.Result]:
    """Compute a part on a worker, and measure its time."""
    from distributed import get_worker

    block = str(get_worker().get_current_task())
    with started.open("a") as file:
        file.write("part\n")
    processor, clock = time.thread_time(), time.perf_counter()
    result = task(item)
    part = Part(block, time.thread_time() - processor, time.perf_counter() - clock)
    return part, result


def peers(_: list[int]) -> Iterator[RacedRow]:
    """Train econnet and scikit-learn on the same blocks, one thread each."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((131_072, 20), np.float32)
    y = (X[:, :1] + rng.standard_normal((len(X), 1)) > 0).astype(np.float32)
    for batch in (200, 1000):
        trainer = BlockTrainer(
            Network(Architecture.dense(20, [32, 16])), AdamW(), batch
        )
        model = MLPClassifier((32, 16), batch_size=batch, alpha=0)
        model.partial_fit(X[:batch], y[:batch, 0], classes=[0, 1])
        ours, theirs = _in_turns(
            lambda trainer=trainer: trainer.learn(X, y),  # type: ignore[misc] # mypy cannot tell the type of a default in a lambda
            lambda model=model: model.partial_fit(X, y[:, 0]),  # type: ignore[misc]
        )
        yield _row(
            "peers",
            f"million rows per second, 20-32-16-1, batches of {batch}",
            len(X) / ours / 1e6,
            "scikit-learn partial_fit",
            len(X) / theirs / 1e6,
            4.0,
        )


def stream(sizes: list[int]) -> Iterator[RacedRow]:
    """Train on panels of several sizes, in a separate process and from memory."""
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            panel = Path(folder) / "panel"
            panel.mkdir()
            simulate(panel, rows)
            seconds, megabytes = _measured(
                ["train", "--data", f"{panel}/*.parquet", "--target", "output"], folder
            )
            yield _single(
                "stream",
                f"peak MB, {rows:.0e} rows of 20 indicators",
                megabytes,
                "limit",
                1500.0,
            )
            yield _single(
                "stream",
                f"seconds for survey, training and holdout, {rows:.0e} rows",
                seconds,
                "none",
                seconds,
            )
            if 10**6 <= rows <= LARGEST_IN_MEMORY:
                yield from _from_memory(panel, rows)


def _from_memory(panel: Path, rows: int) -> Iterator[RacedRow]:
    """Compute features, and compare training on them with training from memory."""
    files = open_files(panel)
    spec = feature_spec(files, TaskRequest(target="output"), lag=1, kinds={})
    options = training.StreamedOptions()
    passes = options.passes(files.rows)
    with tempfile.TemporaryDirectory() as folder:
        blocks = FeatureBlocks(files, spec, Path(folder) / "features")
        checkpoint = training.Checkpoint(Path(folder) / "unfinished", "")
        start, processor = time.perf_counter(), time.process_time()
        blocks.write()
        seconds = time.perf_counter() - start
        processor = time.process_time() - processor
        surveyed = survey(blocks, seed=0)
        order = [(0, 0, number) for number in range(len(blocks))]
        in_memory = [*training.training_rows(blocks, surveyed, order)]
        width = in_memory[0][0].shape[1]
        architecture = Architecture.dense(width, options.hidden, activation="tanh")

        def from_memory() -> None:
            trainer = BlockTrainer(
                Network(architecture), AdamW(), options.batch_size, l2=options.l2
            )
            for X, y in in_memory * passes:
                trainer.learn(X, y)

        def streamed() -> None:
            training.train_stream(blocks, surveyed, options, checkpoint)
            checkpoint.path.unlink(missing_ok=True)

        used = sum(path.stat().st_size for path in blocks.folder.iterdir())
        for measure, value in (
            ("million rows per second of features, two cores", rows / seconds / 1e6),
            (
                "microseconds of processor time per row of features",
                1e6 * processor / rows,
            ),
            ("bytes of temporary disk per row", used / rows),
        ):
            yield _single("stream", f"{measure}, {rows:.0e} rows", value, "none", value)
        learned = passes * sum(len(X) for X, _ in in_memory)
        ours, theirs = _in_turns(streamed, from_memory)
    yield _row(
        "stream",
        f"million rows per second in training, {rows:.0e} rows, two cores, "
        f"{_sizes(architecture)}, batches of {options.batch_size}",
        learned / ours / 1e6,
        "the same from memory, one thread",
        learned / theirs / 1e6,
        0.8,
    )


def world(_: list[int]) -> Iterator[RacedRow]:
    """Replay history for all countries of the snapshot, annual, two horizons."""
    seconds, megabytes = _measured(["-c", WORLD], None)
    what = f"all countries, {ORIGINS} origins, {MEMBERS} members, horizons 1 and 2"
    yield _single("world", f"seconds, {what}", seconds, "limit", 300.0)
    yield _single("world", f"peak MB, {what}", megabytes, "limit", 2000.0)
    windows = next(_world_windows(HORIZONS[:1]))
    forecast(
        runtime_workers.Cores(2), windows[-4:]
    )  # imports of other processes do not count
    one, two = _in_turns(
        lambda: forecast(runtime_workers.Cores(1), windows),
        lambda: forecast(runtime_workers.Cores(2), windows),
        rounds=2,
        warm=False,
    )
    what = "windows of horizon 1 trained and forecast"
    yield _row(
        "world", f"seconds, {what}, two cores", two, "on one", one, 1.8, up=False
    )


def cluster(_: list[int]) -> Iterator[RacedRow]:
    """Replay the same on a Dask cluster of two processes here."""
    if not find_spec("distributed"):
        return
    windows = next(_world_windows(HORIZONS[:1]))
    here = runtime_workers.Cores(2)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running = stack.enter_context(_running_cluster())
        place = stack.enter_context(Cluster.connect(running.url))
        for warm in (place, here):  # imports of other processes are not counted
            forecast(warm, windows[-4:])
        watched = [Watched(place, folder / "started") for _ in range(CLUSTER_ROUNDS)]
        left = iter(watched)
        forecasts: list[Array] = []
        on_cluster, on_cores = _in_turns(
            lambda: forecasts.append(forecast(next(left), windows)),
            lambda: forecasts.append(forecast(here, windows)),
            rounds=CLUSTER_ROUNDS,
            warm=False,
        )
        processor = np.array([run.processor_overhead() for run in watched])
        clock = np.array([run.clock_overhead() for run in watched])
        blocks = np.concatenate([run.blocks() for run in watched])
        yield from (
            _limited("cluster", measure, values, limit)
            for measure, values, limit in (
                ("% processor time beside that of the parts", 100 * processor, 10.0),
                ("% of two workers' time without a part", 100 * clock, 10.0),
                ("seconds of a block, median", np.array([np.median(blocks)]), 1.0),
                ("seconds of a block, longest", np.array([blocks.max()]), 1.0),
            )
        )
        yield _row(
            "cluster",
            "seconds on two Dask workers",
            on_cluster,
            "two processes of econnet's own",
            on_cores,
            0.9,
            up=False,
        )
        same = all(np.array_equal(other, forecasts[0]) for other in forecasts)
        yield _single("cluster", "same bits (1: yes)", float(same), "here", 1.0)
        faulty = Watched(place, folder / "again", lambda: running.workers[0].kill())
        same = np.array_equal(forecast(faulty, windows), forecasts[0])
        yield _single(
            "cluster",
            "same bits after a worker was killed (1: yes)",
            float(same),
            "here",
            1.0,
        )
        yield _single(
            "cluster",
            f"parts computed again, of {len(faulty.parts)}",
            float(faulty.restarted()),
            "parts of the largest block",
            float(faulty.largest_block()),
        )


def killed(_: list[int]) -> Iterator[RacedRow]:
    """Kill training on a streamed panel three times at random, and compare."""
    rng = np.random.default_rng()
    with tempfile.TemporaryDirectory() as folder:
        panel = Path(folder) / "panel"
        panel.mkdir()
        simulate(panel, 300_000)
        command = ["train", "--data", f"{panel}/*.parquet", "--target", "output"]
        undisturbed, disturbed = (
            Path(folder) / "undisturbed",
            Path(folder) / "disturbed",
        )
        for place in (undisturbed, disturbed):
            place.mkdir()
        seconds, _peak = _measured(command, str(undisturbed))
        for _kill in range(3):
            process = subprocess.Popen(
                [sys.executable, "-m", "econnet", *command],
                cwd=disturbed,
                stderr=subprocess.DEVNULL,
            )
            try:
                process.wait(rng.uniform(0.2, 0.9) * seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
        _measured(command, str(disturbed))
        models = [
            network_file.load(next(place.rglob("data/models/**/*.npz"))).parameters
            for place in (undisturbed, disturbed)
        ]
        same = np.array_equal(models[0], models[1])
    yield _single(
        "killed",
        "same weights after three kills (1: yes)",
        float(same),
        "never killed",
        1.0,
    )


def simulate(folder: Path, rows: int) -> None:
    """Write a panel, by the script beside this one."""
    script = str(Path(__file__).with_name("panels.py"))
    command = [sys.executable, script, str(folder), "--rows", str(rows)]
    subprocess.run(command, check=True)


def replay(place: runtime_workers.Place, horizons: tuple[int, ...]) -> Array:
    """Return econnet's forecasts for all countries in the last 25 origins."""
    return np.concatenate(
        [forecast(place, windows) for windows in _world_windows(horizons)]
    )


def forecast(place: runtime_workers.Place, windows: Sequence[Window]) -> Array:
    """Return econnet's forecasts of the rows ahead of these windows."""
    features = windows[0].features
    partners = combination.partners(features).values()
    model = pooling.weighted(
        [network_ensemble.model(MEMBERS, 0), *partners],
        np.array([*combination.prior(features).values()]),
    )
    with runtime_workers.use_workers(place):
        return np.concatenate(model(windows))


def _world_windows(horizons: tuple[int, ...]) -> Iterator[list[Window]]:
    known = load.known(Settings.from_environment())
    germany = countries.resolve("DEU")
    prepared = preparation.prepare(known, germany, Task("A"))
    for horizon in horizons:
        matrix = design_matrix.with_target(prepared.features, horizon, "at")
        yield make_windows(matrix, "A", prepared.origin)[-ORIGINS:]


WORLD = (
    "from scale import HORIZONS, replay; from econnet.runtime import workers; "
    "replay(workers.Cores(), HORIZONS)"
)


def _measured(arguments: list[str], folder: str | None) -> tuple[float, float]:
    """Run Python or econnet in a process; return seconds and its peak in MB.

    The peak is that of the process and all that it starts together, sampled five times
    per second.
    """
    run = arguments if arguments[0] == "-c" else ["-m", "econnet", *arguments]
    root = str(Path(__file__).parents[1])
    paths = os.pathsep.join([root, str(Path(__file__).parent)])
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *run],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, _memory(process.pid))
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    if process.returncode:
        raise SystemExit(f"a measured run ended with exit code {process.returncode}")
    return time.perf_counter() - start, peak / 1e6


def _memory(pid: int) -> int:
    """Return the memory of a process and its children; shared memory counts once."""
    total = 0
    with suppress(psutil.Error):
        first = psutil.Process(pid)
        for process in (first, *first.children(recursive=True)):
            with suppress(psutil.Error):
                used = process.memory_full_info()
                # Only Linux divides shared memory; elsewhere it is left out.
                total += getattr(used, "pss", used.uss)
    return total


@contextmanager
def _running_cluster() -> Iterator[Running]:
    """Start a scheduler and two workers of one thread each, as the docs advise."""

    def start(*arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
            env={**os.environ, **CALM},
            stderr=subprocess.PIPE,
            text=True,
        )

    scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0")
    lines = scheduler.stderr or sys.stdin  # `stderr` is a pipe, never None
    url = next(line.split()[-1] for line in lines if "Scheduler at:" in line)
    workers = [start("worker", url, "--nthreads", "1", "--no-nanny") for _ in range(2)]
    try:
        yield Running(url, workers)
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.communicate()


def _in_turns(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    rounds: int = ROUNDS,
    *,
    warm: bool = True,
) -> tuple[Array, Array]:
    """Return the seconds of both in each round; a warm-up round is not counted."""

    def seconds(work: Callable[[], object]) -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    with threadpool_limits(1):
        if warm:
            ours(), theirs()
        pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    measured = np.array(pairs).T
    return measured[0], measured[1]


def _row(
    work: str,
    measure: str,
    ours: Array,
    peer: str,
    theirs: Array,
    reach: float,
    *,
    up: bool = True,
) -> RacedRow:
    """Return the row of a measurement in rounds; `up` if more is better."""
    ratios = ours / theirs if up else theirs / ours
    return RacedRow(
        work,
        measure,
        float(np.median(ours)),
        peer,
        float(np.median(theirs)),
        float(np.median(ratios)),
        reach,
        (float(ratios.min()), float(ratios.max())),
    )


def _limited(work: str, measure: str, values: Array, limit: float) -> RacedRow:
    """Return the row of a measurement in rounds that should be below a limit."""
    ratios = limit / values
    return RacedRow(
        work,
        measure,
        float(np.median(values)),
        "limit",
        limit,
        float(np.median(ratios)),
        1.0,
        (float(ratios.min()), float(ratios.max())),
    )


def _single(work: str, measure: str, value: float, peer: str, limit: float) -> RacedRow:
    """Return the row of one measurement that should be below a limit."""
    ratio = limit / value if value else 0.0
    reach = 1.0 if peer != "none" else None
    return RacedRow(work, measure, value, peer, limit, ratio, reach, (ratio, ratio))


def main() -> None:
    """Print the rows of the chosen work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--work", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--rows", nargs="+", type=float, default=[1e5, 1e6, 1e7])
    arguments = parser.parse_args()
    sizes = [int(rows) for rows in arguments.rows]
    rows = (row for name in arguments.work for row in WORKS[name](sizes))
    if arguments.json:
        print(as_json(list(rows)))
        return
    print(
        f"{platform.python_version()}, numpy {np.__version__}, {os.cpu_count()} cores\n"
    )
    print("| work | measure | econnet | peer | its value | ratio | spread | reach |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        low, high = row.spread
        print(
            f"| {row.work} | {row.measure} | {row.econnet:.3g} | {row.peer} | "
            f"{row.peer_value:.3g} | {row.ratio:.2f} | {low:.2f} to {high:.2f} | "
            f"{'' if row.reach is None else f'{row.reach:.2g}'} |",
            flush=True,
        )


# Settings that reduce Dask's own monitoring; see docs/scale.md.
CALM = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
}
LARGEST_IN_MEMORY = 10**7

WORKS: Mapping[str, Callable[[list[int]], Iterator[RacedRow]]] = {
    "peers": peers,
    "stream": stream,
    "world": world,
    "cluster": cluster,
    "killed": killed,
}


def _sizes(architecture: Architecture) -> str:
    """Return the layer sizes, joined by hyphens."""
    sizes = [
        architecture.input_dim,
        *(layer.output_dim for layer in architecture.layers),
    ]
    return "-".join(map(str, sizes))


if __name__ == "__main__":
    main()
