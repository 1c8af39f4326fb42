"""Clusters of `dask.distributed` on this machine, for tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.user import HANG_SECONDS, ROOT


@dataclass(frozen=True)
class Running:
    """A scheduler and workers, each a process of its own."""

    url: str
    scheduler: "subprocess.Popen[str]"
    workers: "list[subprocess.Popen[str]]"


@contextmanager
def running(
    folder: Path, count: int = 2, *, as_documented: bool = False
) -> Iterator[Running]:
    """Start a scheduler and this many workers in a folder, and end them.

    `as_documented` starts workers as in `docs/scale.md`, each under a process that
    watches it.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    if as_documented:
        environment["PYTHONSAFEPATH"] = "1"

    def start(*arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            cwd=folder,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def said(process: "subprocess.Popen[str]", text: str) -> str:
        assert process.stderr is not None
        return next(line for line in process.stderr if text in line)

    flags = (
        "--no-dashboard",
        "--nthreads",
        "1",
        "--nanny" if as_documented else "--no-nanny",
        "--death-timeout",
        str(HANG_SECONDS),
    )
    scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0", flags[0])
    workers: list[subprocess.Popen[str]] = []
    try:
        url = said(scheduler, "Scheduler at:").split()[-1]
        workers += [start("worker", url, *flags) for _ in range(count)]
        for worker in workers:
            said(worker, "Registered to:")
        yield Running(url, scheduler, workers)
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.communicate()
