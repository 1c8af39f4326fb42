"""Runs commands of econnet in forked children, each with something going wrong.

Everything is imported once; each request on stdin (one JSON object per line) is a
command for a child of its own, and each answer on stdout gives how it ended. The child
meets its fault at the n-th call: below Python, in the C library (`shim.c`), or within,
on entering a function of econnet, calling DuckDB or starting a process. Faults affect
only the command, not the processes that it starts. Drawing is cut short because it
takes most of the time and opens nothing.
"""

import _posixsubprocess
import atexit
import ctypes
import dis
import errno
import faulthandler
import importlib
import json
import multiprocessing.process
import multiprocessing.util
import os
import pkgutil
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NoReturn

import duckdb
import loky.reusable_executor
from matplotlib.figure import Figure

import econnet
from econnet.cli import main as econnet_main

PACKAGE = str(Path(econnet.__file__).parent)
LOST = "lost"
HANGS_AFTER_SECONDS = 900.0
# A process of a machine that slept still needs some time to end.
GRACE_SECONDS = 30.0
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"></svg>'
# Prints the traceback of every thread to stderr.
SHOWS_WHERE = signal.SIGUSR1
ACTIONS = {"count": 0, "errno": 1, "signal": 2}

ERRORS: Mapping[str, Callable[[], BaseException]] = {
    "MemoryError": MemoryError,
    "KeyboardInterrupt": KeyboardInterrupt,
    "IOException": lambda: duckdb.IOException(
        "IO Error: Could not write file: No space left on device"
    ),
    "OutOfMemoryException": lambda: duckdb.OutOfMemoryException(
        "Out of Memory Error: could not allocate block of size 256.0 KiB"
    ),
    "BlockingIOError": lambda: OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)),
}


class Counter:
    """Counts calls, and raises at the n-th of them."""

    def __init__(self, at: int, error: str) -> None:
        self.at, self.error, self.count, self.where = at, error, 0, ""

    def call(self, where: str) -> None:
        self.count += 1
        if self.count == self.at:
            self.where = where
            raise ERRORS[self.error]()


class CountedConnection:
    """A DuckDB connection whose every call is counted."""

    def __init__(self, connection: Any, counter: Counter) -> None:  # noqa: ANN401
        self._connection, self._counter = connection, counter

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        found = getattr(self._connection, name)
        if not callable(found):
            return found

        def counted(*arguments: object, **named: object) -> Any:  # noqa: ANN401
            self._counter.call(f"duckdb {name}")
            made = found(*arguments, **named)
            return self if made is self._connection else made

        return counted

    def __enter__(self) -> "CountedConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def count_functions(counter: Counter) -> None:
    """Count every function of econnet that is entered, in whichever thread.

    A generator that is thrown into or closed is entered at its `yield`; that is not
    counted, because Python prints what is raised in one that nobody uses any more.
    """

    def seen(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(PACKAGE):
            return
        if frame.f_lasti not in yields(code):
            place = Path(code.co_filename).relative_to(PACKAGE)
            counter.call(f"{place} {code.co_qualname}")

    threading.setprofile(seen)
    sys.setprofile(seen)


@cache
def yields(code: CodeType) -> frozenset[int]:
    """Return where the instructions of a code object yield."""
    return frozenset(
        each.offset
        for each in dis.get_instructions(code)
        if each.opname == "YIELD_VALUE"
    )


def count_duckdb(counter: Counter) -> None:
    """Count every call of DuckDB, those that connect among them."""
    connect = duckdb.connect

    def counted(*arguments: Any, **named: Any) -> CountedConnection:  # noqa: ANN401
        counter.call("duckdb connect")
        return CountedConnection(connect(*arguments, **named), counter)

    duckdb.connect = counted  # type: ignore[assignment]  # what the fault needs


def count_processes(counter: Counter) -> None:
    """Count every process that is started; one of them may be `lost` at once."""
    start = _posixsubprocess.fork_exec

    def counted(*arguments: Any) -> int:  # noqa: ANN401
        if counter.error != LOST:
            counter.call("start of a process")
            return start(*arguments)
        if b"resource_tracker" in b" ".join(map(os.fsencode, arguments[0])):
            return start(*arguments)  # computes nothing, and may complain of its end
        counter.count += 1
        pid = start(*arguments)
        if counter.count == counter.at:
            counter.where = "a process that was started"
            os.kill(pid, signal.SIGKILL)
        return pid

    _posixsubprocess.fork_exec = counted
    subprocess._fork_exec = counted  # type: ignore[attr-defined]  # noqa: SLF001


def arm(request: Mapping[str, Any]) -> Counter | None:
    """Enter the folder of a request, and let its fault come."""
    os.chdir(request["folder"])
    for stream, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, stream)
    faulthandler.register(SHOWS_WHERE, file=2)
    fault = request["fault"]
    if fault["layer"] == "calls":
        SHIM.torture_arm(
            os.fsencode(request["folder"]),
            fault["mask"],
            fault["at"],
            ACTIONS[fault["action"]],
            fault["number"],
        )
        return None
    counter = Counter(fault["at"], fault["error"])
    COUNTING[fault["layer"]](counter)
    return counter


COUNTING: Mapping[str, Callable[[Counter], None]] = {
    "functions": count_functions,
    "duckdb": count_duckdb,
    "processes": count_processes,
}


def run_to_the_end(run: Callable[[], object]) -> int:
    """Return the exit code that a process would end with."""
    try:
        run()
    except SystemExit as ended:
        code = ended.code
        return code if isinstance(code, int) else 0 if code is None else 1
    except BaseException:  # noqa: BLE001 - what an interpreter does
        traceback.print_exc()
        return 1
    return 0


class Server:
    """Answers requests, one after the other."""

    def __init__(self) -> None:
        self.answers = os.fdopen(os.dup(1), "w")
        self.counter: Counter | None = None
        self.report = -1

    def answer(self, told: Mapping[str, Any]) -> None:
        self.answers.write(f"{json.dumps(told)}\n")
        self.answers.flush()

    def serve(self) -> None:
        """Run each request in a child, until there are no more."""
        for line in sys.stdin:
            request = json.loads(line)
            if self.is_child(request):
                self.go(request)

    def go(self, request: Mapping[str, Any]) -> NoReturn:
        """Run the command of a request in this process, and end as it ends."""
        os.environ.update(request["environment"])
        sys.argv = ["econnet", *request["arguments"]]
        if request["pause"]:
            self.pause_before(*request["pause"].split(":"))
        self.counter = arm(request)
        code = run_to_the_end(econnet_main)
        SHIM.torture_disarm()
        sys.setprofile(None)
        if self.counter is not None:
            told = {"count": self.counter.count, "where": self.counter.where}
            os.write(self.report, json.dumps(told).encode())
        # As an interpreter does, not `_exit`.
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
        atexit._run_exitfuncs()  # noqa: SLF001
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)

    def pause_before(self, module: str, name: str) -> None:
        """Let children take over where a command is about to enter a function."""
        place = importlib.import_module(module)
        function = getattr(place, name)

        def paused(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            setattr(place, name, function)
            end_processes()
            self.answer({"paused": True, "threads": threading.active_count()})
            for line in sys.stdin:
                request = json.loads(line)
                if request.get("finish"):
                    os._exit(0)
                if self.is_child(request):
                    forget_processes()
                    self.counter = arm(request)
                    break
            return function(*arguments, **named)

        setattr(place, name, paused)

    def is_child(self, request: Mapping[str, Any]) -> bool:
        """Fork; in the parent wait for the child, and report how it ended."""
        incoming, outgoing = os.pipe()
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            os.close(incoming)
            self.report = outgoing
            return True
        os.close(outgoing)
        ending = os.pidfd_open(pid)
        hung = False
        if not has_ended(ending, request["kill_after"] or HANGS_AFTER_SECONDS):
            if request["kill_after"] is None and not has_ended(ending, GRACE_SECONDS):
                hung = True
                os.kill(pid, SHOWS_WHERE)
                has_ended(ending, GRACE_SECONDS)
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        os.close(ending)
        with os.fdopen(incoming, "rb") as pipe:
            told = json.loads(pipe.read() or b"{}")
        where = SHIM.torture_where().decode(errors="replace")
        self.answer(
            {
                "exit_code": os.waitstatus_to_exitcode(status),
                "hung": hung,
                "seconds": time.monotonic() - began,
                "count": told.get("count", SHIM.torture_count()),
                "where": told.get("where", where),
            }
        )
        return False


def has_ended(process: int, seconds: float) -> bool:
    """Wait for a process by its file descriptor; return whether it ended in time."""
    ended, _, _ = select.select([process], [], [], seconds)
    return bool(ended)


def end_processes() -> None:
    """End the processes that compute, and the threads that manage them.

    Whatever lock a thread has while another one forks, nobody releases in the child.
    """
    storage = loky.reusable_executor._executor_storage  # noqa: SLF001 - no other way
    if storage.executor is not None:
        storage.executor.shutdown(kill_workers=True)
        storage.executor = None
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()


def forget_processes() -> None:
    """Leave what `multiprocessing` does at an exit to the process that forked.

    A child of `multiprocessing` does this when it begins; after `os.fork` nothing does.
    """
    multiprocessing.util._finalizer_registry.clear()  # type: ignore[attr-defined]  # noqa: SLF001
    multiprocessing.util._run_after_forkers()  # type: ignore[attr-defined]  # noqa: SLF001
    multiprocessing.process._children.clear()  # type: ignore[attr-defined]  # noqa: SLF001


def warm_up() -> None:
    """Import all that the commands import, and cut drawing short."""
    for module in pkgutil.walk_packages(econnet.__path__, "econnet."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

    def drawn(_: Figure, file: Any, *__: object, **options: Any) -> None:  # noqa: ANN401
        file.write(SVG if options["format"] == "svg" else b"\x89PNG\r\n\x1a\n")

    Figure.savefig = drawn  # type: ignore[assignment,method-assign]


if __name__ == "__main__":
    SHIM = ctypes.CDLL(os.environ["LD_PRELOAD"])
    SHIM.torture_arm.argtypes = [
        *(ctypes.c_char_p, ctypes.c_int, ctypes.c_long, ctypes.c_int, ctypes.c_int)
    ]
    SHIM.torture_count.restype = ctypes.c_long
    SHIM.torture_where.restype = ctypes.c_char_p
    # A shell lets what it runs in the background ignore interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warm_up()
    Server().serve()
