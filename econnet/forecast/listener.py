"""The receiver of progress and notes while a forecast is made."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from econnet.core.countries import Country
from econnet.core.periods import Frequency
from econnet.forecast.result import DataUsed


class Listener:
    """Receives progress and notes; this one ignores them."""

    def note(self, message: str) -> None:
        """Receive a note that is not part of the result."""

    def data_read(self, country: Country, frequency: Frequency, used: DataUsed) -> None:
        """Receive the data that a forecast is made from."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """Return a context in which a step of unknown length runs."""
        del name
        return nullcontext()

    def progress(self, name: str) -> AbstractContextManager[Callable[[float], None]]:
        """Return a context that gives a function of the share of work done."""
        del name
        return nullcontext(lambda _: None)


SILENT = Listener()
