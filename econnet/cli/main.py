"""The entry point, which turns every known problem into one line and an exit code.

Heavy packages are imported inside `main`, so that an interruption or a failing disk
during the imports is reported like any other. Errors that any line of the program can
raise are handled here: no memory, no disk, a signal. A bug propagates and exits 1.
"""

import errno
import os
import re
import shutil
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NoReturn

from econnet.cli.exit_codes import CLOSED_PIPE, HUNG_UP, INTERRUPTED, TERMINATED
from econnet.core.errors import DataError, EconnetError
from econnet.core.text import in_lines, printable


def main() -> None:
    """Run the command line and end the process.

    After a failure it ends within some seconds, whatever threads and worker processes
    do: Python would wait for them without a limit, and signals are ignored by then.
    """
    try:
        run()
    except SystemExit as ended:
        if isinstance(ended.code, int) and ended.code:
            _end_in_time(ended.code)
        raise


def run() -> None:
    """Run the command line and raise `SystemExit`, for callers that continue."""
    try:
        _main()
    finally:
        _flush_stderr()


def _main() -> None:
    received = _handle_signals()
    _open_standard_streams()
    _set_environment()
    if "--debug" not in sys.argv[1:]:
        warnings.showwarning = _ignore
        sys.unraisablehook = _ignore
    try:
        from econnet.cli import app

        sys.exit(app.run_command(sys.argv[1:]))
    except SystemExit:
        raise  # before anything else is evaluated, which could fail too
    except EconnetError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)
    except _TerminatedError:
        _fail(*received[0])
    except RuntimeError as error:
        # DuckDB raises this for any signal that arrives while it works.
        if received:
            _fail(*received[0])
        # Python raises a plain RuntimeError if there is no memory for another thread.
        if str(error) != "can't start new thread":
            raise
        _fail(OUT_OF_MEMORY, DataError.exit_code)
    except MemoryError:
        _fail(OUT_OF_MEMORY, DataError.exit_code)
    except ImportError as error:
        # The loader of the C library has no error of its own for lack of memory.
        if "failed to map segment" not in str(error):
            raise
        _fail(OUT_OF_MEMORY, DataError.exit_code)
    except BrokenPipeError:
        _forget_output()
        sys.exit(CLOSED_PIPE)
    except OSError as error:
        _forget_output()
        _fail(_in_words(error), DataError.exit_code)
    except _errors_of_duckdb("OutOfMemoryException"):
        _fail(OUT_OF_MEMORY, DataError.exit_code)
    except _errors_of_duckdb("IOException", "FatalException") as error:
        _fail(_in_words_of_duckdb(error), DataError.exit_code)
    except _errors_of_duckdb("Error"):
        # Or this, if the signal arrives while it calls pandas.
        if not received:
            raise
        _fail(*received[0])


def _set_environment() -> None:
    """Set the variables that libraries and started processes read when they load."""
    # econnet has its own workers, and where memory is short, OpenBLAS interrupts the
    # program when it cannot start its threads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Figures are written to files. A backend inherited from Jupyter may not exist here.
    os.environ["MPLBACKEND"] = "agg"
    # If this process is killed, loky's resource tracker warns of what it cleans up.
    filters = [os.environ.get("PYTHONWARNINGS"), "ignore:resource_tracker"]
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, filters))
    # The working folder contains data: a file `random.py` in it must never be imported.
    os.environ["PYTHONSAFEPATH"] = "1"


def _open_standard_streams() -> None:
    """Open the null device in place of stdin, stdout and stderr that are closed.

    Otherwise the next files that are opened, such as the store, would take their place,
    and a library or a worker process that prints would write into them.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _ignore(*_: object, **__: object) -> None:
    """Drop warnings and errors of destructors, which are addressed to developers.

    An archive that could not be finished on a full disk fails once more when it is
    deleted. For warnings a filter is not enough: scikit-learn resets filters while it
    fits, and warns when it fits in two threads at once.
    """


class _TerminatedError(BaseException):
    """The process received SIGTERM or SIGHUP."""


def _handle_signals() -> list[tuple[str, int]]:
    """Make signals end the work; return a list that receives messages and codes.

    The first signal decides. Others that follow at once change neither the message nor
    the exit code; after some seconds they interrupt a shutdown that takes too long.
    """
    received: list[tuple[str, int]] = []
    times: list[float] = []

    def ending(message: str, code: int, error: type[BaseException]) -> Handler:
        def end(*_: object) -> None:
            now = time.monotonic()
            if times and now - times[-1] < SECONDS_TO_END:
                return
            times.append(now)
            received.append((message, code))
            raise error

        return end

    # Where SIGINT is ignored, as in the background of a shell, it stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        interrupt = ending("interrupted", INTERRUPTED, KeyboardInterrupt)
        signal.signal(signal.SIGINT, interrupt)
    terminate = ending("terminated", TERMINATED, _TerminatedError)
    signal.signal(signal.SIGTERM, terminate)
    # Under `nohup` it is ignored. Windows has no such signal.
    hang_up = getattr(signal, "SIGHUP", None)
    if hang_up is not None and signal.getsignal(hang_up) is signal.SIG_DFL:
        signal.signal(hang_up, ending("terminal closed", HUNG_UP, _TerminatedError))
    return received


def _errors_of_duckdb(*names: str) -> tuple[type[BaseException], ...]:
    """Return these exceptions of DuckDB, or none if it was not imported."""
    duckdb = sys.modules.get("duckdb")
    return tuple(map(vars(duckdb).__getitem__, names)) if duckdb else ()


def _forget_output() -> None:
    """Redirect stdout, which may be gone, to the null device for the flush at exit."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _flush_stderr() -> None:
    """Flush stderr; if that fails, redirect it likewise."""
    with suppress(AttributeError, MemoryError, ValueError):
        try:
            sys.stderr.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _in_words(error: OSError) -> str:
    """Return which file could not be read or written, why, and what to do."""
    file = os.fsdecode(error.filename) if error.filename else "a file"
    reason = error.strerror or type(error).__name__
    remedy = REMEDIES.get(error.errno or 0, DEFAULT_REMEDY)
    return f"{file} cannot be read or written ({reason}): {remedy}"


def _in_words_of_duckdb(error: BaseException) -> str:
    """Return the same for an error of DuckDB, which may contain a JSON document."""
    first, *_ = str(error).splitlines()
    number, file = ERROR_NUMBER.search(first), ERROR_FILE.search(first)
    if number is None:
        return f"{first}: {DEFAULT_REMEDY}"
    code = int(number[1])
    return _in_words(OSError(code, os.strerror(code), file and file[1]))


def _fail(message: str, exit_code: int) -> NoReturn:
    # Shutdown has begun: no signal may change the exit code.
    for name in ("SIGHUP", "SIGINT", "SIGTERM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if "--debug" in sys.argv[1:]:
        with suppress(OSError, AttributeError):
            traceback.print_exc()
        sys.exit(exit_code)
    # If stderr is closed, the exit code still reports the failure.
    with suppress(OSError, AttributeError):
        sys.stderr.write(f"{_for_stderr(f'econnet: {_bounded(printable(message))}')}\n")
        sys.stderr.flush()
    sys.exit(exit_code)


def _end_in_time(exit_code: int) -> None:
    """End the process some seconds later; what was printed is flushed before."""
    try:
        sys.stdout.flush()
    except OSError:
        _forget_output()
    except (AttributeError, MemoryError, ValueError):
        pass  # it is closed, and nothing can be flushed

    def end() -> None:
        time.sleep(SECONDS_TO_END)
        os._exit(exit_code)

    with suppress(MemoryError, RuntimeError):  # no thread can be started
        threading.Thread(target=end, daemon=True).start()


def _for_stderr(line: str) -> str:
    """Return a line as it is, or broken between words if a terminal shows it."""
    if not sys.stderr.isatty():
        return line
    return in_lines(line, max(shutil.get_terminal_size().columns, MIN_COLUMNS))


def _bounded(message: str) -> str:
    """Return a message in which very long words, such as arguments, are cut."""
    words = LONG_WORD.sub(lambda word: f"{word[0][:100]}...", message)
    return words if len(words) <= MAX_MESSAGE else f"{words[:MAX_MESSAGE]}..."


Handler = Callable[..., None]
MIN_COLUMNS = 40
SECONDS_TO_END = 5.0
# Longer than any name of a file.
LONG_WORD = re.compile(r"\S{300,}")
MAX_MESSAGE = 4000
# Of an error of DuckDB that happened while it wrote in the background.
ERROR_NUMBER = re.compile(r'"errno":"([0-9]+)"')
ERROR_FILE = re.compile(r'file \\?"([^"\\]+)')
OUT_OF_MEMORY = (
    "out of memory: close other programs, or reduce the work (fewer countries, fewer "
    "--members)"
)
_NO_PLACE = "name another file or folder"
_ELSEWHERE = "choose other folders with ECONNET_DATA and ECONNET_REPORTS"
_NO_SPACE = f"free some space, or {_ELSEWHERE}; earlier files are intact"
_NOT_ALLOWED = f"allow it, or {_ELSEWHERE}"
_TOO_MANY = "close other programs, or raise the limit (`ulimit -n`)"
DEFAULT_REMEDY = f"check the disk, or {_ELSEWHERE}"
REMEDIES: Mapping[int, str] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _NO_SPACE),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _NOT_ALLOWED),
    **dict.fromkeys((errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG), _NO_PLACE),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), _TOO_MANY),
    errno.EIO: "the disk has an error: check it, and run the same command again",
}
