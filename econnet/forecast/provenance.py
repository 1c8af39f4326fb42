"""The provenance of a forecast: what must be the same for the same bits.

The same data, task and seed give the same bits where the same versions run on the same
kind of processor: rounding depends on the linear-algebra kernels and on NumPy's choice
of instructions. A report records all of them, and a digest that shows whether the data
have changed since.
"""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_info

from econnet.core import plugins

if TYPE_CHECKING:
    from econnet.data.panel import Panel

# Packages that affect the numbers, then those that affect the look of a report.
PACKAGES = (
    *("numpy", "scipy", "pandas", "scikit-learn", "duckdb"),
    *("matplotlib", "typst", "jinja2"),
)
PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class SharedReplay:
    """The replay of past forecasts that a forecast shares with a country of newer data.

    Parameters
    ----------
    country, as_of
        That country's alpha-3 code, and the information date of its own forecast.
    data
        SHA-256 of the panel that its models were trained on.
    """

    country: str
    as_of: str
    data: str


@dataclass(frozen=True)
class Provenance:
    """What determines a forecast's bits, besides its task.

    Parameters
    ----------
    versions
        Of econnet, Python, the packages below and those with plugins, by name.
    blas
        Each linear-algebra library, with its version and kernel.
    processor
        Operating system, kind of processor, and the instruction sets that NumPy uses.
    data
        SHA-256 of the panel that the models were trained on.
    as_of
        The information date: the day on which the forecast was made.
    retrieved_until
        When the newest value was fetched.
    shared_replay
        The replay of another country, if the past forecasts come from it.
    """

    versions: Mapping[str, str]
    blas: tuple[str, ...]
    processor: str
    data: str
    as_of: str
    retrieved_until: str
    shared_replay: SharedReplay | None

    @property
    def tools(self) -> dict[str, str]:
        """Everything that the bits depend on besides data and task, by name."""
        return {
            **self.versions,
            "blas": ", ".join(self.blas),
            "processor": self.processor,
        }


def of(
    panel: "Panel",
    as_of: pd.Timestamp,
    retrieved_until: pd.Timestamp,
    shared_replay: SharedReplay | None,
) -> Provenance:
    """Return the provenance of a forecast made here and now from a panel.

    `as_of` is its information date.
    """
    return Provenance(
        _versions(),
        blas(),
        _processor(),
        panel_digest(panel),
        as_of.isoformat(),
        retrieved_until.isoformat(),
        shared_replay,
    )


def _versions() -> dict[str, str]:
    versions = {name: version(name) for name in ("econnet", *PACKAGES)}
    return {"python": platform.python_version(), **versions, **plugins.versions()}


def software() -> str:
    """Return a digest of versions, processor and econnet's own files.

    The files may belong to an installation that somebody is changing: the digest covers
    their sizes and the times of their last changes, not their content.
    """
    digest = hashlib.sha256(f"{_versions()} {_processor()}".encode())
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix != ".pyc" and path.is_file():
            status = path.stat()
            text = f"{path} {status.st_size} {status.st_mtime_ns} "
            digest.update(text.encode(errors="replace"))
    return digest.hexdigest()


@lru_cache(maxsize=1)  # the countries of a ranking share a panel
def panel_digest(panel: "Panel") -> str:
    """Return a digest of every value and vintage of a panel, and their dates."""
    digest = hashlib.sha256(panel.frequency.encode())
    periods = panel.values.index.get_level_values("period")
    for country, rows in panel.rows_of_countries().items():
        digest.update(
            f"{country} {periods[rows.start]} {rows.stop - rows.start}".encode()
        )
    for key in panel.values.columns:
        indicator = panel.indicators[key]
        about = (key, indicator.unit, indicator.transform, indicator.denominator)
        digest.update(repr(about).encode())
        digest.update(_floats(panel.values[key]))
        digest.update(_dates(panel.known_at[key]))
    for name in ("row", "column"):
        digest.update(panel.vintages[name].to_numpy(dtype="<i8").tobytes())
    digest.update(_dates(panel.vintages["known_at"]))
    digest.update(_floats(panel.vintages["value"]))
    digest.update(panel.series.to_csv(index=False).encode())
    return digest.hexdigest()


def _floats(values: pd.Series) -> bytes:
    """Return the bytes of numbers, the same for every kind of NaN."""
    numbers = values.to_numpy(dtype="<f8")
    return np.where(np.isnan(numbers), np.nan, numbers).tobytes()


def _dates(days: pd.Series) -> bytes:
    return days.to_numpy(dtype="datetime64[s]").astype("<i8").tobytes()


def blas() -> tuple[str, ...]:
    """Return each loaded linear-algebra library: `openblas 0.3.30 Haswell`.

    SciPy loads its own beside NumPy's.
    """
    libraries = {
        f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
    return tuple(sorted(libraries))


def _processor() -> str:
    extensions = np.show_config(mode="dicts").get("SIMD Extensions", {})
    names = [*extensions.get("baseline", []), *extensions.get("found", [])]
    return f"{platform.system()} {platform.machine()} {' '.join(names)}"
