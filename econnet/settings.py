"""Where econnet reads and writes, and which services it asks.

Everything comes from environment variables, read when asked for and never at import,
so that a test or a notebook may set them first.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

WORLDBANK_URL = "https://api.worldbank.org/v2"
FRED_URL = "https://fred.stlouisfed.org/graph/fredgraph.csv"
ALFRED_URL = "https://api.stlouisfed.org/fred"


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
    alfred_url
        Where FRED keeps its vintages, `ECONNET_ALFRED_URL`; `None`, and so never asked,
        where a mirror serves FRED and none is named for the vintages.
    fred_api_key
        `FRED_API_KEY`, which opens the vintages; never shown.
    """

    data_folder: Path
    reports_folder: Path
    worldbank_url: str
    fred_url: str
    alfred_url: str | None = None
    fred_api_key: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls) -> "Settings":
        """Return the settings of this process's environment."""
        fred_url = os.environ.get("ECONNET_FRED_URL", FRED_URL)
        # A key given for the public service is not sent to it by someone who asked
        # for a mirror.
        vintages = ALFRED_URL if fred_url == FRED_URL else None
        return cls(
            data_folder=Path(os.environ.get("ECONNET_DATA", "data")),
            reports_folder=Path(os.environ.get("ECONNET_REPORTS", "reports")),
            worldbank_url=os.environ.get("ECONNET_WORLDBANK_URL", WORLDBANK_URL),
            fred_url=fred_url,
            alfred_url=os.environ.get("ECONNET_ALFRED_URL", vintages),
            fred_api_key=os.environ.get("FRED_API_KEY") or None,
        )
