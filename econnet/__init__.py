"""Forecast the probability of a contraction, with the record of past forecasts.

The functions of `econnet.api` and the main classes of the network are imported here:

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
        inspect_data,
        judge_forecasts,
        list_countries,
        list_indicators,
        make_forecast,
        mark_contractions,
        publish_site,
        rank_countries,
        read_data,
        run_backtest,
        to_record,
        verify_site,
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
    "inspect_data",
    "judge_forecasts",
    "list_countries",
    "list_indicators",
    "make_forecast",
    "mark_contractions",
    "publish_site",
    "rank_countries",
    "read_data",
    "run_backtest",
    "to_record",
    "verify_site",
    "write_report",
]

_HOME = {
    "Architecture": "econnet.network",
    "Network": "econnet.network",
    "NetworkClassifier": "econnet.models.classifier",
}


def __getattr__(name: str) -> object:
    """Import an exported name when it is first used, so that `--help` is fast."""
    if name not in __all__:
        raise AttributeError(f"module 'econnet' has no attribute {name!r}")
    return getattr(import_module(_HOME.get(name, "econnet.api")), name)


def __dir__() -> list[str]:
    """List exported names, imported or not."""
    return sorted({*globals(), *__all__})
