"""Items of work that several threads hand in while others are being computed.

One thread computes: it takes the numbers of the items that have arrived, and waits for
more until no thread is left that could hand in any. A thread that hands in items counts
as working, except while it waits for their results.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """Items with numbers from 0, in the order in which they arrive.

    `items` have arrived from the start; others can follow once threads `enter`.
    """

    def __init__(self, items: Sequence[Item] = ()) -> None:
        self._changed = Condition()
        self._items: Sequence[Item] = items
        self._taken = 0
        self._threads = 0
        self._waiting = 0
        self._stopped: BaseException | None = None

    @classmethod
    def of(cls, items: "Sequence[Item] | Inbox[Item]") -> "Inbox[Item]":
        """Return an inbox in which these items have arrived, or the inbox given."""
        return items if isinstance(items, Inbox) else cls(items)

    def __getitem__(self, number: int) -> Item:
        return self._items[number]

    def enter(self, threads: int) -> None:
        """Expect items from this many more threads."""
        with self._changed:
            self._threads += threads

    def leave(self) -> None:
        """Expect no more items from one of the threads."""
        with self._changed:
            self._threads -= 1
            self._changed.notify()

    def hand_in(self, items: Sequence[Item]) -> None:
        """Add items, or raise the error with which `stop` was called."""
        with self._changed:
            if self._stopped is not None:
                raise self._stopped
            self._items = [*self._items, *items]
            self._changed.notify()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let the current thread count as waiting."""
        with self._changed:
            self._waiting += 1
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._waiting -= 1

    def stop(self, error: BaseException) -> list[Item]:
        """Let `hand_in` raise an error from now on; return all items so far."""
        with self._changed:
            self._stopped = error
            return [*self._items]

    @property
    def can_be_many(self) -> bool:
        """Whether there are several items, or may be."""
        return self._threads > 0 or len(self._items) > 1

    @property
    def all_wait(self) -> bool:
        """Whether no thread is about to hand in items, as all wait for results."""
        return self._waiting >= self._threads

    @property
    def is_complete(self) -> bool:
        """Whether all items were taken and no more can arrive."""
        return not self._threads and not self._has_arrived

    def take(self) -> range:
        """Return the numbers of the items that have arrived since the last call."""
        with self._changed:
            taken, self._taken = self._taken, len(self._items)
            return range(taken, self._taken)

    def wait(self, ready: Callable[[], bool]) -> None:
        """Wait until an item has arrived, or `ready`.

        `ready` is evaluated again whenever a thread waits or leaves, and at `notify`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._has_arrived or ready())

    def batches(self) -> Iterator[range]:
        """Yield the numbers of the items that arrive until all threads wait."""
        while not self.is_complete:
            self.wait(lambda: self.is_complete)
            with self._changed:
                self._changed.wait_for(lambda: self.all_wait)
            if arrived := self.take():
                yield arrived

    def notify(self) -> None:
        """Wake the thread that waits for an arrival."""
        with self._changed:
            self._changed.notify()

    @property
    def _has_arrived(self) -> bool:
        return self._taken < len(self._items)
