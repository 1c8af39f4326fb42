"""Speed of a country's backtest, compared with scikit-learn's networks in a loop.

    python benchmarks/backtest.py [--json]

Both train the same networks (hidden units, rows, batches, epochs, members) on the same
windows of the bundled snapshot and forecast the same rows, in turns within one run.
econnet stacks members and windows; scikit-learn fits one `MLPClassifier` after another.
Both use one process per core, started before the first round, and one BLAS thread each.
Values are medians of the rounds; a ratio above 1 means that econnet is faster.
"""

import argparse
import os
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.rows import RacedRow, as_json
from econnet.core import countries
from econnet.core.task import Task
from econnet.core.types import Floats
from econnet.data.sources import snapshot
from econnet.data.sources.observations import Dataset
from econnet.forecast import preparation, track_record
from econnet.models import network_ensemble
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.windows import Window, make_windows

ROUNDS = 3
REACH = 10.0
MEMBERS = track_record.WALK_FORWARD_MEMBERS


@dataclass(frozen=True)
class Work:
    """One country's backtest."""

    name: str
    country: str
    task: Task


WORK = (
    Work("Germany, quarterly, 6 countries pooled", "DEU", Task("Q")),
    Work(
        "Germany, quarterly, alone", "DEU", Task("Q", label="year-on-year", pool="own")
    ),
    Work("US, monthly, NBER", "USA", Task("M", label="nber", horizon=3)),
)


def windows_of(known: Dataset, work: Work) -> list[Window]:
    """Return every refit of the backtest."""
    prepared = preparation.prepare(known, countries.by_alpha3(work.country), work.task)
    return make_windows(prepared.features, work.task.frequency, prepared.origin)


def by_scikit_learn(windows: Sequence[Window]) -> list[Floats]:
    """Return each window's mean probabilities of the rows ahead."""
    options = EnsembleOptions()
    jobs = [(window, seed) for window in windows for seed in range(MEMBERS)]
    forecasts = Parallel(n_jobs=-1)(
        delayed(_fit)(window, options, seed) for window, seed in jobs
    )
    return [
        np.mean(forecasts[start : start + MEMBERS], axis=0)
        for start in range(0, len(jobs), MEMBERS)
    ]


def _fit(window: Window, options: EnsembleOptions, seed: int) -> Floats:
    rows = len(window.train)
    epochs = options.epochs(rows)
    network = MLPClassifier(
        hidden_layer_sizes=(options.hidden_units,),
        activation="relu",
        alpha=rows * options.l2(window),
        batch_size=min(options.batch_size, rows),
        learning_rate_init=options.learning_rate,
        max_iter=epochs,
        tol=0.0,
        n_iter_no_change=epochs,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(window.X_train, window.y_train)
    probability: Floats = network.predict_proba(window.X_ahead)[:, 1]
    return probability


def rows_of(known: Dataset, work: Work) -> list[RacedRow]:
    """Race both over the windows of one backtest."""
    windows = windows_of(known, work)
    networks = network_ensemble.model(MEMBERS, seed=0)
    networks(windows)
    by_scikit_learn(windows[:1])
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_seconds(lambda: networks(windows)))
        theirs.append(_seconds(lambda: by_scikit_learn(windows)))
    ratios = [theirs_ / ours_ for ours_, theirs_ in zip(ours, theirs, strict=True)]
    return [
        RacedRow(
            f"{work.name}: {len(windows)} windows x {MEMBERS} networks",
            "seconds",
            statistics.median(ours),
            "scikit-learn MLPClassifier, joblib",
            statistics.median(theirs),
            statistics.median(ratios),
            REACH,
            (min(ratios), max(ratios)),
        )
    ]


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def as_markdown(rows: Sequence[RacedRow]) -> str:
    """Return the table that the documentation quotes."""
    lines = [
        "| work | measure | econnet | scikit-learn | ratio (rounds) | reach |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, high = row.spread
        lines.append(
            f"| {row.work} | {row.measure} | {row.econnet:.2f} | {row.peer_value:.2f} "
            f"| {row.ratio:.1f} ({low:.1f} to {high:.1f}) | {row.reach} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run every work and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    # Before joblib's workers start: they inherit it.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    bundled = snapshot.load()
    known = Dataset(bundled.observations, bundled.series, "snapshot")
    rows = [row for work in WORK for row in rows_of(known, work)]
    print(as_json(rows) if arguments.json else as_markdown(rows))


if __name__ == "__main__":
    main()
