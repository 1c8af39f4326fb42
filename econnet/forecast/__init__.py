"""The use cases: prepare, train, forecast, explain, rank, backtest, log and check.

It may import every package but `report`, `api` and `cli`. `make` is that of `country`,
imported on first use: `from econnet import forecast; forecast.make(...)`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from econnet.forecast.country import make

__all__ = ["make"]


def __getattr__(name: str) -> object:
    """Return `make`; its module imports pandas, which `econnet --help` must not."""
    if name not in __all__:
        raise AttributeError(f"module 'econnet.forecast' has no attribute {name!r}")
    return getattr(import_module("econnet.forecast.country"), name)
