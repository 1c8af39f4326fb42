"""Write a panel of real vintages that econnet reads with `--data`.

    python benchmarks/realtime_panel.py FILE

FILE (CSV or Parquet) then holds Switzerland's quarterly national accounts, prices,
rates, employment and unemployment, and the GDP of the euro area, the United States and
Japan, as published in each quarter from 2000Q2 to 2024Q4. The columns are `country,
period, indicator, value, known_at`, with one row per value and vintage.

Source: R. Indergand and S. Leist, "A Real-Time Data Set for Switzerland", Swiss Journal
of Economics and Statistics 150 (2014), updated edition, as shipped with the R package
reviser (MIT). `ECONNET_REAL_DATA` names the folder with
`vintages/realtime_quarterly.parquet`.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd

from econnet.data.files import user_panel
from econnet.data.sources.observations import Dataset

# The seasonally adjusted series, and their names in the file. Foreign GDP is an
# indicator of Switzerland, because the source has nothing else of those countries.
INDICATORS: Mapping[str, str] = {
    "gdp": "real_gdp",
    "cons_priv": "consumption",
    "cons_gov": "government_consumption",
    "inv_constr": "construction",
    "inv_fixed": "equipment",
    "exp_ex_v": "exports",
    "imp_ex_v": "imports",
    "gdp_d": "gdp_deflator",
    "cpi_sa": "consumer_prices",
    "empl_sa": "employment",
    "ur_sa": "unemployment_rate",
    "i": "short_rate",
    "rr": "real_rate",
    "gdp_ea": "euro_area_gdp",
    "gdp_us": "us_gdp",
    "gdp_jp": "japan_gdp",
}


def folder() -> Path:
    """Return the folder of the data, or exit with a message if it is not set."""
    path = os.environ.get("ECONNET_REAL_DATA")
    if not path:
        sys.exit("set ECONNET_REAL_DATA to the folder that contains vintages/")
    return Path(path)


def panel(source: Path) -> pd.DataFrame:
    """Return the vintages as a sorted long table.

    A vintage without a date of publication is known on the last day of its quarter.
    """
    table = duckdb.read_parquet(str(source)).df()
    table = table[table["indicator"].isin([*INDICATORS])]
    quarters = table["vintage"].unique()
    last_day = {
        quarter: pd.Period(quarter, "Q").end_time.normalize() for quarter in quarters
    }
    known_at = table["released"].fillna(table["vintage"].map(last_day))
    long = pd.DataFrame(
        {
            "country": "CHE",
            "period": table["period"],
            "indicator": table["indicator"].map(INDICATORS),
            "value": table["value"],
            "known_at": known_at.dt.strftime("%Y-%m-%d"),
        }
    )
    return long.sort_values(["indicator", "period", "known_at"], ignore_index=True)


def known(source: Path) -> Dataset:
    """Return the vintages, read as a user's file."""
    with tempfile.TemporaryDirectory() as written:
        file = Path(written) / "switzerland.parquet"
        duckdb.from_df(panel(source)).write_parquet(str(file))
        return user_panel.read(file).known(file.name)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args().file
    long = panel(folder() / "vintages" / "realtime_quarterly.parquet")
    if file.suffix == ".parquet":
        duckdb.from_df(long).write_parquet(str(file))
    else:
        long.to_csv(file, index=False)
    print(f"{len(long):,} values of {long['known_at'].nunique()} days to {file}")


if __name__ == "__main__":
    main()
