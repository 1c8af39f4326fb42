"""What a forecast was made with, so that it can be made again and held against this.

The same data, task and seed give the same bits wherever the same versions run on the
same kind of processor: how a sum is rounded depends on the kernels of linear algebra
and on the instructions that NumPy finds. So a report records all of them, and a digest
of the data, by which it is seen whether they have changed since.
"""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_info

from econnet.data.panel import Panel

# Packages on which numbers depend, then those on which the look of a report does.
COMPUTE = ("numpy", "scipy", "pandas", "scikit-learn", "duckdb")
DRAW = ("matplotlib", "typst", "jinja2")


@dataclass(frozen=True)
class Provenance:
    """What settles a forecast's bits, besides its task.

    Parameters
    ----------
    versions
        Of econnet, Python and the packages beneath, by name.
    blas
        Each library of linear algebra, with its version and kernel.
    processor
        The operating system, the kind of processor, and the sets of its instructions
        that NumPy uses.
    data
        SHA-256 of all that was known of the countries that were learned from.
    as_of
        The moment up to which values were taken as known.
    retrieved_until
        When the newest of them was fetched: what came later was not there.
    """

    versions: Mapping[str, str]
    blas: tuple[str, ...]
    processor: str
    data: str
    as_of: str
    retrieved_until: str

    @property
    def tools(self) -> dict[str, str]:
        """All that the last bits depend on besides data and task, by name."""
        return {
            **self.versions,
            "blas": ", ".join(self.blas),
            "processor": self.processor,
        }


def of(panel: Panel, retrieved_until: pd.Timestamp) -> Provenance:
    """Return what a forecast is made with, here and now, from a panel."""
    names = ("econnet", *COMPUTE, *DRAW)
    return Provenance(
        {
            "python": platform.python_version(),
            **{name: version(name) for name in names},
        },
        _blas(),
        _processor(),
        panel_digest(panel),
        panel.as_of.isoformat(),
        retrieved_until.isoformat(),
    )


def panel_digest(panel: Panel) -> str:
    """Return a digest of every value of a panel, every vintage, and their dates."""
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
    """Return the bytes of numbers, those of all missing ones alike."""
    numbers = values.to_numpy(dtype="<f8")
    return np.where(np.isnan(numbers), np.nan, numbers).tobytes()


def _dates(days: pd.Series) -> bytes:
    return days.to_numpy(dtype="datetime64[s]").astype("<i8").tobytes()


def _blas() -> tuple[str, ...]:
    """Return each library of linear algebra that is loaded: `openblas 0.3.30 Haswell`.

    SciPy brings one of its own, beside NumPy's.
    """
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return tuple(
        sorted(
            {
                f"{it['internal_api']} {it['version']} {it.get('architecture', '')}"
                for it in pools
            }
        )
    )


def _processor() -> str:
    extensions = np.show_config(mode="dicts").get("SIMD Extensions", {})
    found = [*extensions.get("baseline", []), *extensions.get("found", [])]
    return f"{platform.system()} {platform.machine()} {' '.join(found)}"
