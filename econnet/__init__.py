"""Forecast how likely an economy is to contract, and say how far to trust that.

The functions of `econnet.api` and the parts of the network are to be had from here:

>>> from econnet import find_country
>>> find_country("Korea, Rep.").name
'South Korea'
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from econnet.api import (
        build_panel,
        choose_task,
        export_data,
        fetch_data,
        find_country,
        judge_forecasts,
        list_countries,
        list_indicators,
        make_forecast,
        mark_contractions,
        rank_countries,
        read_data,
        run_backtest,
        to_record,
        write_report,
    )
    from econnet.models.classifier import NetworkClassifier
    from econnet.network import Architecture, Network

__all__ = [
    "Architecture",
    "Network",
    "NetworkClassifier",
    "build_panel",
    "choose_task",
    "export_data",
    "fetch_data",
    "find_country",
    "judge_forecasts",
    "list_countries",
    "list_indicators",
    "make_forecast",
    "mark_contractions",
    "rank_countries",
    "read_data",
    "run_backtest",
    "to_record",
    "write_report",
]

_HOME = {
    "Architecture": "econnet.network",
    "Network": "econnet.network",
    "NetworkClassifier": "econnet.models.classifier",
}


def __getattr__(name: str) -> object:
    """Import what is exported when it is first asked for, so that `--help` is quick."""
    if name not in __all__:
        raise AttributeError(f"module 'econnet' has no attribute {name!r}")
    return getattr(import_module(_HOME.get(name, "econnet.api")), name)


def __dir__() -> list[str]:
    """Name what is exported, also what has not been imported yet."""
    return sorted({*globals(), *__all__})
