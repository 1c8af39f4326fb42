"""Commands that meet one fault each, and what they leave behind."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

HERE = Path(__file__).parent
WRITES, READS, SOCKETS = 1, 2, 4
Layer = Literal["calls", "functions", "duckdb", "processes"]


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and at which call.

    Parameters
    ----------
    layer
        `calls` to files and sockets, as the C library sees them; `functions` of econnet
        entered; calls of `duckdb`; `processes` started.
    at
        The number of the call that meets it, from 1; 0: none does, all are counted.
    mask
        Which `calls` are counted: `WRITES`, `READS`, `SOCKETS`.
    action, number
        The `calls` fail with an `errno`, or meet a `signal`.
    error
        What is raised by the other layers; of `processes`, one may be `lost`.
    """

    layer: Layer
    at: int = 0
    mask: int = 0
    action: Literal["count", "errno", "signal"] = "count"
    number: int = 0
    error: str = "MemoryError"


@dataclass(frozen=True)
class Kind:
    """A kind of fault, and the exit codes that it may end in beside 0."""

    name: str
    fault: Fault
    exit_codes: frozenset[int]


def _errno(name: str, mask: int, number: int, *codes: int) -> Kind:
    fault = Fault("calls", mask=mask, action="errno", number=number)
    return Kind(name, fault, frozenset(codes))


def _signal(name: str, number: int, code: int) -> Kind:
    fault = Fault(
        "calls", mask=WRITES | READS | SOCKETS, action="signal", number=number
    )
    return Kind(name, fault, frozenset({code}))


def _raised(name: str, layer: Layer, error: str, code: int) -> Kind:
    return Kind(name, Fault(layer, error=error), frozenset({code}))


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _errno("no space", WRITES, errno.ENOSPC, 3),
        _errno("I/O error", WRITES | READS, errno.EIO, 3),
        _errno("reset", SOCKETS, errno.ECONNRESET, 4),
        _signal("interrupt", signal.SIGINT, 130),
        _signal("terminate", signal.SIGTERM, 143),
        _signal("kill", signal.SIGKILL, -signal.SIGKILL),
        _raised("no memory", "functions", "MemoryError", 3),
        _raised("interrupt within", "functions", "KeyboardInterrupt", 130),
        _raised("DuckDB: no space", "duckdb", "IOException", 3),
        _raised("DuckDB: no memory", "duckdb", "OutOfMemoryException", 3),
        _raised("no process", "processes", "BlockingIOError", 3),
        _raised("process lost", "processes", "lost", 3),
    )
}


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    hung: bool
    seconds: float
    count: int
    where: str
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Runner:
    """Runs commands in forked children of one process that has imported everything."""

    process: "subprocess.Popen[str]"
    said: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        fault: Fault = Fault("calls"),
        kill_after: float | None = None,
    ) -> Ended:
        """Run a command in a folder; with `kill_after`, kill it after these seconds.

        Within `paused` it is the command that pauses which goes on, from there.
        """
        request = self._request(arguments, folder, fault, kill_after)
        answer = self._ask(request)
        return Ended(
            stdout=Path(request["stdout"]).read_text("utf-8", errors="replace"),
            stderr=Path(request["stderr"]).read_text("utf-8", errors="replace"),
            **answer,
        )

    @contextmanager
    def paused(
        self, arguments: Sequence[str], folder: Path, before: str
    ) -> Iterator[None]:
        """Let a command pause where it is about to enter the function `before`.

        A function is named like `econnet.forecast.saved_model:save`. Within the block,
        `run` lets copies of the command go on, each with a fault of its own.
        """
        request = self._request(arguments, folder, Fault("calls"), None)
        answer = self._ask({**request, "pause": before})
        # A fork copies one thread only, and the locks of all.
        assert answer == {"paused": True, "threads": 1}, answer
        yield
        self._ask({"finish": True})

    def _request(
        self,
        arguments: Sequence[str],
        folder: Path,
        fault: Fault,
        kill_after: float | None,
    ) -> dict[str, Any]:
        return {
            "arguments": list(arguments),
            "folder": str(folder),
            "environment": dict(self.environment),
            "stdout": str(self.said / "stdout"),
            "stderr": str(self.said / "stderr"),
            "fault": asdict(fault),
            "kill_after": kill_after,
            "pause": "",
        }

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        incoming, outgoing = _pipes(self.process)
        incoming.write(f"{json.dumps(request)}\n")
        incoming.flush()
        answer: dict[str, Any] = json.loads(outgoing.readline())
        return answer


def _pipes(process: "subprocess.Popen[str]") -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def can_run() -> bool:
    """Return whether this machine has what the torture needs: Linux and a compiler."""
    return sys.platform == "linux" and shutil.which("cc") is not None


@contextmanager
def runner(scratch: Path, environment: Mapping[str, str]) -> Iterator[Runner]:
    """Build the shim and start the server, both for as long as the block lasts."""
    shim = scratch / "shim.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(HERE / "shim.c")]
    subprocess.run([*command, "-ldl"], check=True)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.torture.server"],
        cwd=HERE.parent.parent,
        env={
            **os.environ,
            "LD_PRELOAD": str(shim),
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": str(HERE.parent.parent),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Runner(process, scratch, environment)
        finally:
            for pipe in _pipes(process):
                pipe.close()
