"""Where econnet reads and writes, and which services it asks.

Everything comes from environment variables, read when asked for and never at import,
so that a test or a notebook may set them first.
"""

import os
from dataclasses import dataclass
from pathlib import Path

WORLDBANK_URL = "https://api.worldbank.org/v2"
FRED_URL = "https://fred.stlouisfed.org/graph/fredgraph.csv"


@dataclass(frozen=True)
class Settings:
    """The places and services of one run.

    Parameters
    ----------
    data_folder, reports_folder
        Where the commands write: `ECONNET_DATA`, `ECONNET_REPORTS`.
    worldbank_url, fred_url
        Bases of the public services, or of a mirror: `ECONNET_WORLDBANK_URL`,
        `ECONNET_FRED_URL`.
    """

    data_folder: Path
    reports_folder: Path
    worldbank_url: str
    fred_url: str

    @classmethod
    def from_environment(cls) -> "Settings":
        """Return the settings of this process's environment."""
        return cls(
            data_folder=Path(os.environ.get("ECONNET_DATA", "data")),
            reports_folder=Path(os.environ.get("ECONNET_REPORTS", "reports")),
            worldbank_url=os.environ.get("ECONNET_WORLDBANK_URL", WORLDBANK_URL),
            fred_url=os.environ.get("ECONNET_FRED_URL", FRED_URL),
        )
