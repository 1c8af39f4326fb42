"""The limit on the threads of BLAS, which is set here only.

The rounding of BLAS depends on its number of threads, so econnet computes with one and
spreads its work over processes instead. In most libraries that number belongs to the
whole process. If each use restored the number that it found, uses that overlap in
several threads would end each other's limit, or leave BLAS at one thread for good. So
uses are counted: the first sets the limit, and the last to end restores the original
number. Libraries with one number per calling thread, such as OpenMP, need no count.
"""

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS and OpenMP to one thread; uses may be nested and may overlap.

    The original numbers of threads are restored when the last use in the process ends.
    """
    libraries = _libraries(len(sys.modules))
    shared = [library for library in libraries if _is_process_wide(library)]
    per_thread = [
        (library, library.num_threads)
        for library in libraries
        if not _is_process_wide(library)
    ]
    _SHARED_LIMIT.enter(shared)
    try:
        for library, _ in per_thread:
            _set_threads(library, 1)
        yield
    finally:
        for library, original in per_thread:
            _set_threads(library, original)
        _SHARED_LIMIT.leave()


@lru_cache(maxsize=1)
def _libraries(modules: int) -> list[Any]:  # noqa: ARG001 - a key of the cache
    """Return the libraries with threads that are loaded.

    The search takes a millisecond. It is repeated only if the number of imported
    modules, `modules`, has changed, because only an import loads a library.
    """
    found: list[Any] = ThreadpoolController().lib_controllers
    return found


class _SharedLimit:
    """A limit of one thread on libraries of the whole process; it counts its uses."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._originals: dict[str, tuple[Any, int]] = {}

    def enter(self, libraries: Iterable[Any]) -> None:
        """Limit these libraries, except those that are limited already."""
        with self._lock:
            self._users += 1
            for library in libraries:
                # A library may have been loaded since the first use began.
                if library.filepath not in self._originals:
                    self._originals[library.filepath] = library, library.num_threads
                    _set_threads(library, 1)

    def leave(self) -> None:
        """Restore the original numbers of threads if this was the last use."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            for library, original in self._originals.values():
                _set_threads(library, original)
            self._originals.clear()


def _is_process_wide(library: Any) -> bool:  # noqa: ANN401 - threadpoolctl has no types
    """Return whether the number of threads is one for all threads that call."""
    if library.internal_api == "openblas":
        return bool(library.threading_layer != "openmp")
    return library.internal_api in ("blis", "flexiblas")


def _set_threads(library: Any, number: int) -> None:  # noqa: ANN401
    """Set the number of threads, whichever thread of the process asks."""
    # From threadpoolctl 3.8 on, only the thread that was the first to set the number of
    # OpenBLAS can set it, and calls of others do nothing, until that one gives it back.
    give_back = getattr(library, "clear_controlling_thread", None)
    if give_back:
        give_back(force=True)
    library.set_num_threads(number)
    if give_back:
        give_back(force=True)


_SHARED_LIMIT = _SharedLimit()
