"""A process of its own, which makes ready what this one works on next.

A thread would not do where this process makes small calls of NumPy: between two of them
a thread must hold the interpreter, and so the two would wait for each other. The
process takes some time to start, and is started while there is other work to do. It
hears nothing of Ctrl-C, says nothing, and ends once the one that started it is gone.
Where this process would have to wait for it, it lends a hand, so that neither is idle
while there is work.
"""

import signal
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

import loky.backend.context

from econnet import processes
from econnet.errors import DataError

Setting = TypeVar("Setting")
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Apart(Generic[Setting, Item, Result]):
    """A process that makes results of items, once it knows the setting.

    Parameters
    ----------
    process, line
        The process, and the connection to it: what is in it can be pickled.
    make
        Takes the setting, and returns what makes a result of an item.
    """

    process: Any  # not typed
    line: Connection
    make: Callable[[Setting], Callable[[Item], Result]]

    def ahead(
        self, setting: Setting, items: Iterable[Item], most: int = 2
    ) -> Iterator[Result]:
        """Yield the result of each item, in order; afterwards the process has ended.

        While the caller works on one result, the next are made, at most `most` of them
        there, so that memory does not grow with the items. One more is made here when
        the next is not ready yet.

        Raises
        ------
        DataError
            The process was killed.
        """
        left = iter(items)
        # Of each item that was begun its result, or nothing while it is made there.
        begun: deque[list[Result]] = deque()

        def ask() -> None:
            for item in islice(left, most - begun.count([])):
                self._ask(item)
                begun.append([])

        try:
            self._ask(setting)
            make_here = self.make(setting)
            self._answer()
            ask()
            while begun:
                if not begun[0] and len(begun) <= most and not self.line.poll():
                    begun.extend([make_here(item)] for item in islice(left, 1))
                (result,) = begun.popleft() or [self._answer()]
                ask()
                yield result
        finally:
            self.end()

    def end(self) -> None:
        """End the process at once: it holds nothing that would be lost."""
        self.line.close()
        self.process.terminate()
        self.process.join()

    def _ask(self, what: Setting | Item) -> None:
        # Whether it is gone, the answer tells.
        with suppress(ConnectionError):
            self.line.send(what)

    def _answer(self) -> Any:  # noqa: ANN401 - a result, or nothing for the setting
        try:
            made, error = self.line.recv()
        except (EOFError, ConnectionError) as lost:
            self.process.join()
            if self.process.exitcode >= 0:
                raise
            raise DataError(LOST) from lost
        if error is not None:
            raise error
        return made


@contextmanager
def started(
    make: Callable[[Setting], Callable[[Item], Result]],
) -> Iterator[Apart[Setting, Item, Result]]:
    """Start a process; on leaving, it is ended.

    Parameters
    ----------
    make
        Takes the setting, and returns what makes a result of an item. Its module is
        imported at once, so that the process is ready when it is asked.
    """
    context = loky.backend.context.get_context("loky")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_work, args=(theirs, make), env=ENVIRONMENT, daemon=True
    )
    with processes.starter() as starter:
        starter.submit(process.start).result()
    theirs.close()
    apart = Apart[Setting, Item, Result](process, ours, make)
    try:
        yield apart
    finally:
        apart.end()


def _work(
    line: Connection, make: Callable[[Setting], Callable[[Item], Result]]
) -> None:
    """Answer what is asked on the line, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.showwarning = lambda *_, **__: None
    with suppress(EOFError, ConnectionError):
        task = _told(line, make)
        line.send((None, None))
        while True:
            line.send((_told(line, task), None))


def _told(line: Connection, task: Callable[[Any], Result]) -> Result:
    """Return what the task makes of the next that comes, or tell why it cannot."""
    asked = line.recv()
    try:
        return task(asked)
    except Exception as error:  # Whatever it is, it is raised where it is waited for.
        line.send((None, error))
        raise EOFError from error


LOST = (
    "the process that reads ahead was killed, which is mostly for want of memory: "
    "close other programs, and give the same command again to go on from there"
)
# Beside that, glibc is to keep memory that is freed: what is read comes in arrays of a
# megabyte, and to take each from the system anew costs as much as to fill it.
ENVIRONMENT = {
    **processes.ONE_THREAD,
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TOP_PAD_": str(2**26),
    "MALLOC_TRIM_THRESHOLD_": str(2**29),
}
