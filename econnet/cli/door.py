"""The door of the command line: whatever happens inside, one line and one exit code.

Everything heavy is imported inside, so that an interruption or a failing disk during
the imports is told like any other. What is told here is what any line of the program
may meet: no memory, no disk, a signal. A bug is left to fly, and exits 1.
"""

import errno
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import NoReturn

from econnet.cli.exit_codes import CLOSED_PIPE, INTERRUPTED, TERMINATED
from econnet.errors import DataError, EconnetError
from econnet.texts import printable


def main() -> None:
    """Run the command line, and turn every known problem into a line and a code."""
    met = _listen()
    # Before NumPy is imported: econnet spreads its work otherwise, and where memory is
    # short, OpenBLAS interrupts the program when it cannot start its threads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if "--debug" not in sys.argv[1:]:
        warnings.showwarning = _pass_over
    try:
        from econnet.cli import app

        sys.exit(app.run(sys.argv[1:]))
    except SystemExit:
        raise  # before anything else is looked at, which could fail in its turn
    except EconnetError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)
    except _TerminatedError:
        _fail("terminated", TERMINATED)
    except RuntimeError:
        # DuckDB makes one of whatever signal comes while it is at work.
        if not met:
            raise
        _fail(*met[0])
    except MemoryError:
        _fail(OUT_OF_MEMORY, DataError.exit_code)
    except ImportError as error:
        # The loader of the C library has no error of its own for want of memory.
        if "failed to map segment" not in str(error):
            raise
        _fail(OUT_OF_MEMORY, DataError.exit_code)
    except BrokenPipeError:
        _forget_output()
        sys.exit(CLOSED_PIPE)
    except OSError as error:
        _forget_output()
        _fail(_told(error), DataError.exit_code)
    except _met_by_duckdb("OutOfMemoryException"):
        _fail(OUT_OF_MEMORY, DataError.exit_code)
    except _met_by_duckdb("IOException", "FatalException") as error:
        first, *_ = str(error).splitlines()
        _fail(f"{first}: {OTHERWISE}", DataError.exit_code)
    except _met_by_duckdb("Error"):
        # Or this, where the signal comes while it calls pandas.
        if not met:
            raise
        _fail(*met[0])


def _pass_over(*_: object, **__: object) -> None:
    """Leave unsaid what libraries warn developers of.

    A filter would not do: scikit-learn resets them while it fits, and where it fits in
    two threads at once, warns that they are gone.
    """


class _TerminatedError(BaseException):
    """Somebody asked the process to end, with SIGTERM."""


def _listen() -> list[tuple[str, int]]:
    """Let signals end the work; return a list that will hold what to say of them."""
    met = []

    def interrupt(*_: object) -> NoReturn:
        met.append(("interrupted", INTERRUPTED))
        raise KeyboardInterrupt

    def terminate(*_: object) -> NoReturn:
        met.append(("terminated", TERMINATED))
        raise _TerminatedError

    # Where SIGINT is ignored, as in the background of a shell, it stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, terminate)
    return met


def _met_by_duckdb(*names: str) -> tuple[type[BaseException], ...]:
    """Return these errors of DuckDB's, if it was imported."""
    duckdb = sys.modules.get("duckdb")
    return tuple(map(vars(duckdb).__getitem__, names)) if duckdb else ()


def _forget_output() -> None:
    """Let what Python will flush at exit go nowhere, for it may have nowhere to go."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _told(error: OSError) -> str:
    """Return which file could not be read or written, why, and what to do about it."""
    where = os.fsdecode(error.filename) if error.filename else "a file"
    reason = error.strerror or type(error).__name__
    cure = CURES.get(error.errno or 0, OTHERWISE)
    return f"{where} cannot be read or written ({reason}): {cure}"


def _fail(message: str, exit_code: int) -> NoReturn:
    if "--debug" in sys.argv[1:]:
        with suppress(OSError, AttributeError):
            traceback.print_exc()
        sys.exit(exit_code)
    # Where nobody listens any more, the exit code still says it.
    with suppress(OSError, AttributeError):
        sys.stderr.write(f"econnet: {printable(message)}\n")
        sys.stderr.flush()
    sys.exit(exit_code)


OUT_OF_MEMORY = (
    "out of memory: close other programs, or ask for less at a time (fewer countries, "
    "fewer --members)"
)
_ELSEWHERE = "choose another place with ECONNET_DATA and ECONNET_REPORTS"
_NO_SPACE = f"free some space, or {_ELSEWHERE}; what was there before is whole"
_NOT_ALLOWED = f"allow it, or {_ELSEWHERE}"
_TOO_MANY = "close other programs, or raise the limit (`ulimit -n`)"
OTHERWISE = f"see to it, or {_ELSEWHERE}"
CURES: Mapping[int, str] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _NO_SPACE),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _NOT_ALLOWED),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), _TOO_MANY),
    errno.EIO: "the disk fails: see to it, and give the same command again",
}
