"""How long the whole job takes: training, forecast and report, by clock and processor.

    python benchmarks/whole_job.py [--json] [--rounds 3] [--all]

Each command runs in its own process on the bundled data. Each round runs every command
once; medians are printed. Every training starts in an empty folder; `forecast`
and `report` answer from the model of the last one. Processor seconds are those of the
process and of its workers, and hardly depend on what else runs. With `--all`, the
forecasts and reports of all countries are measured too, once. `reach` is the bound that
econnet sets itself, by the clock on two quiet cores.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rows import Row, as_json

ECONNET = [sys.executable, "-m", "econnet"]
OUTPUT_FALLS = ["--label", "negative-growth", "--frequency", "Q", "--horizon", "1"]
NBER = ["--label", "nber", "--frequency", "M", "--horizon", "3"]


@dataclass(frozen=True)
class Job:
    """A command, and the seconds in which it should be done.

    `fresh`: in an empty folder, not in that of the last job.
    """

    name: str
    arguments: Sequence[str]
    reach: float
    fresh: bool = False


JOBS = (
    Job(
        "train: fall of US output next quarter",
        ["train", "--country", "USA", *OUTPUT_FALLS],
        6.0,
        fresh=True,
    ),
    Job(
        "train: US recession in three months",
        ["train", "--country", "USA", *NBER],
        15.0,
        fresh=True,
    ),
    Job(
        "train: all standard questions about the US",
        ["train", "--country", "USA"],
        25.0,
        fresh=True,
    ),
    Job("forecast from the stored model", ["forecast", "--country", "USA"], 1.5),
    Job("report from the stored model", ["report", "--country", "USA"], 4.0),
)
OF_ALL = (
    Job("train --all", ["train", "--all"], 90.0, fresh=True),
    Job("report --all", ["report", "--all"], 120.0),
)


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and of processor time."""

    clock: float
    processor: float


def spent(job: Job, folder: Path) -> Spent:
    """Return what a job takes with data and reports in a folder."""
    places = {"ECONNET_DATA": f"{folder}/data", "ECONNET_REPORTS": f"{folder}/reports"}
    began, before = time.perf_counter(), os.times()
    subprocess.run(
        [*ECONNET, *job.arguments],
        cwd=folder,
        env={**os.environ, **places},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    after = os.times()
    processor = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return Spent(time.perf_counter() - began, processor)


def measure(jobs: Sequence[Job], rounds: int) -> list[Row]:
    """Return two rows per job: seconds by the clock, and of processor time."""
    taken: dict[str, list[Spent]] = {job.name: [] for job in jobs}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            for number, job in enumerate(jobs):
                if job.fresh:
                    folder = Path(temporary) / str(number)
                    folder.mkdir()
                taken[job.name].append(spent(job, folder))
    rows = []
    for job in jobs:
        clock = statistics.median(each.clock for each in taken[job.name])
        processor = statistics.median(each.processor for each in taken[job.name])
        rows += [
            Row(job.name, "seconds", clock, "aim", job.reach, job.reach / clock, 1.0),
            Row(job.name, "processor seconds", processor, "none", processor, 1.0, None),
        ]
    return rows


def main() -> None:
    """Print the rows, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="all countries too")
    arguments = parser.parse_args()
    rows = measure(JOBS, arguments.rounds)
    if arguments.all:
        rows += measure(OF_ALL, 1)
    if arguments.json:
        print(as_json(rows))
        return
    print(f"{platform.platform()}, Python {platform.python_version()}.\n")
    print("| command | seconds | processor seconds | aim, seconds |")
    print("|---|---|---|---|")
    for clock, processor in zip(rows[::2], rows[1::2], strict=True):
        print(
            f"| {clock.work} | {clock.econnet:.1f} | {processor.econnet:.1f} "
            f"| {clock.peer_value:g} |"
        )


if __name__ == "__main__":
    main()
