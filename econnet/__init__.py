"""Forecast how likely an economy is to contract, and say how far to trust that."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from econnet.classifier import NetworkClassifier
    from econnet.network import Architecture, Network

__all__ = ["Architecture", "Network", "NetworkClassifier"]

_HOME = {
    "Architecture": "econnet.network",
    "Network": "econnet.network",
    "NetworkClassifier": "econnet.classifier",
}


def __getattr__(name: str) -> object:
    """Import what is exported when it is first asked for, so that `--help` is quick."""
    if name not in _HOME:
        raise AttributeError(f"module 'econnet' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
