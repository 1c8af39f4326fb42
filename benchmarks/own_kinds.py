"""How many kinds of columns are right in files that everybody can download.

    ECONNET_REAL_DATA=/folder python benchmarks/own_kinds.py [--json]

The kind of a column decides whether it is used as it is, as a difference or as growth.
It is compared with the transform that the makers of the data give: FRED-MD and FRED-QD
by their codes (McCracken and Ng 2016 and 2021, Federal Reserve Bank of St. Louis), the
World Economic Outlook by its units (International Monetary Fund, April 2024). The codes
are not in the files that are read here. FRED-QD is judged on its series of which
FRED-MD has the months. For a panel that is stationary already, as the balanced UK-MD
and CAN-MD are, FRED-MD is transformed by its codes: no column may be differenced again.

`ECONNET_REAL_DATA` names a folder with `professionals/us_monthly_full.csv` (FRED-MD's
`current.csv`) and `imf/weo_2024_04.parquet` (the outlook's table by country, long).
What is absent is left out.
"""

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks.rows import Row, as_json
from econnet.data.files import user_panel
from econnet.data.files.user_panel import Table

FRED_MD = Path("professionals/us_monthly_full.csv")
OUTLOOK = Path("imf/weo_2024_04.parquet")
GROWTH = "growth"
CLASS_OF_CODE = {1: "level", 2: "difference", 3: "difference"}
CLASS_OF_TRANSFORM = {"log-difference": GROWTH}
# FRED-QD's codes where they differ from those of FRED-MD; its log differences and
# second differences of logarithms are growth, like FRED-MD's logarithms of levels.
FRED_QD_LEVELS = "CUMFNS AWHMAN TB3SMFFM T5YFFM AAAFFM VIXCLSx UMCSENTx"
FRED_QD_DIFFERENCES = (
    "UNRATE AWOTMAN FEDFUNDS TB3MS TB6MS GS1 GS5 GS10 AAA BAA UEMPMEAN CES0600000007 "
    "ISRATIOx"
)
FRED_QD_GROWTH = (
    "INDPRO IPFINAL IPCONGD IPMAT IPDMAT IPNMAT IPDCONGD IPNCONGD IPBUSEQ PAYEMS "
    "MANEMP SRVPRD USGOOD DMANEMP NDMANEMP USCONS USFIRE USTPU USGOVT USTRADE "
    "USWTRADE CE16OV UEMPLT5 UEMP5TO14 UEMP15T26 UEMP27OV HOUST PERMIT HOUSTMW "
    "HOUSTNE HOUSTS HOUSTW CMRMTSPLx AMDMNOx AMDMUOx ANDENOx CPIAUCSL WPSFD49207 "
    "WPSFD49502 WPSID61 OILPRICEx M2REAL TWEXAFEGSMTHx EXSZUSx EXJPUSx EXUSUKx "
    "EXCAUSx IPMANSICS IPB51222S IPFUELS TOTRESNS NONBORRES WPSID62 PPICMM CPIAPPSL "
    "CPITRNSL CPIMEDSL CUSR0000SAC CUSR0000SAD CUSR0000SAS CPIULFSL CUSR0000SA0L2 "
    "CUSR0000SA0L5 CES0600000008 DTCOLNVHFNM DTCTHFNM INVEST CLAIMSx BUSINVx "
    "PERMITNE PERMITMW PERMITS PERMITW"
)
# Balances in percent of output are used as they are, other shares as differences.
BALANCES = ("BCA_NGDPD", "GGXCNL_NGDP", "GGXONLB_NGDP", "GGSB_NPGDP", "NGAP_NPGDP")
# Money of several countries that crosses zero cannot be compared at all: balances, and
# net debt, which is negative where a government owns more than it owes.
LEFT_OUT = ("BCA", "GGXCNL", "GGXONLB", "GGSB", "GGXWDN")


def fred_md(path: Path) -> tuple[pd.DataFrame, Mapping[str, int]]:
    """Return the levels of FRED-MD by `sasdate`, and the code of each series."""
    table = pd.read_csv(path)
    codes = table.iloc[0, 1:].astype(float).astype(int)
    return table.iloc[1:].reset_index(drop=True), {str(k): v for k, v in codes.items()}


def classes(table: Table) -> dict[str, str]:
    """Return how each column is used: as level, difference or growth."""
    used = {name: str(each.transform) for name, each in table.indicators.items()}
    return {name: CLASS_OF_TRANSFORM.get(text, text) for name, text in used.items()}


def of_fred_md(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the classes of FRED-MD's columns, and what its codes say."""
    levels, codes = fred_md(path)
    expected = {name: CLASS_OF_CODE.get(code, GROWTH) for name, code in codes.items()}
    return classes(user_panel.read(levels)), expected


def of_fred_qd(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the classes of FRED-QD's columns, and what its codes say."""
    levels, _ = fred_md(path)
    quarters = pd.to_datetime(levels["sasdate"], format="%m/%d/%Y").dt.to_period("Q")
    means = levels.drop(columns="sasdate").groupby(quarters).mean()
    lists = {
        "level": FRED_QD_LEVELS,
        "difference": FRED_QD_DIFFERENCES,
        GROWTH: FRED_QD_GROWTH,
    }
    expected = {name: kind for kind, names in lists.items() for name in names.split()}
    known = [name for name in expected if name in means]
    frame = means[known].rename_axis("sasdate").reset_index()
    frame["sasdate"] = frame["sasdate"].astype(str)
    return classes(user_panel.read(frame)), {name: expected[name] for name in known}


def of_stationary_panel(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the classes of columns that are stationary already: all are levels."""
    levels, codes = fred_md(path)
    made = {"sasdate": levels["sasdate"]}
    for name, code in codes.items():
        series = np.log(levels[name]) if code >= 4 else levels[name]
        for _ in range({1: 0, 2: 1, 3: 2, 4: 0, 5: 1, 6: 2, 7: 1}[code]):
            series = series.diff()
        made[name] = series
    table = user_panel.read(pd.DataFrame(made), country="USA")
    # Logarithms of numbers of houses are levels that the codes leave as they are.
    return classes(table), {name: "level" for name, code in codes.items() if code != 4}


def of_outlook(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the classes of the outlook's columns, and what its units say."""
    with duckdb.connect() as database:
        query = 'FROM read_parquet($path) WHERE "ISO" IS NOT NULL'
        rows: pd.DataFrame = database.execute(query, {"path": str(path)}).df()
    units = rows.groupby("WEO Subject Code")["Units"].first()
    found = classes(user_panel.read(rows))
    expected = {
        str(name): _class_of_unit(str(name), unit) for name, unit in units.items()
    }
    return {name: found.get(name, "left out") for name in expected}, expected


def _class_of_unit(name: str, unit: str) -> str:
    if name in LEFT_OUT:
        return "left out"
    if name in BALANCES or unit == "Percent change":
        return "level"
    return "difference" if unit.startswith("Percent") else GROWTH


def measure(folder: Path) -> Iterator[tuple[Row, Mapping[str, str]]]:
    """Yield a row for each file that is there, and the columns that are wrong."""
    files = {
        "FRED-MD, without its line of transforms": (FRED_MD, of_fred_md),
        "FRED-QD, the series that FRED-MD has": (FRED_MD, of_fred_qd),
        "FRED-MD, made stationary": (FRED_MD, of_stationary_panel),
        "World Economic Outlook, April 2024": (OUTLOOK, of_outlook),
    }
    np.seterr(invalid="ignore")  # logarithms of values below zero are missing
    for work, (name, read) in files.items():
        if not (folder / name).exists():
            print(f"{work}: left out, because there is no {name} in {folder}")
            continue
        found, expected = read(folder / name)
        wrong = {
            name: f"{found.get(name, 'left out')} instead of {expected[name]}"
            for name in expected
            if found.get(name, "left out") != expected[name]
        }
        share = 1 - len(wrong) / len(expected)
        measured = f"share of {len(expected)} columns"
        yield (
            Row(work, measured, share, "the makers' transforms", 1.0, share, 0.98),
            wrong,
        )


def main() -> None:
    """Print the rows, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    folder = os.environ.get("ECONNET_REAL_DATA")
    if folder is None:
        parser.error("ECONNET_REAL_DATA names no folder with the data")
    measured = [*measure(Path(folder))]
    if arguments.json:
        print(as_json([row for row, _ in measured]))
        return
    for row, wrong in measured:
        print(f"{row.work}: {row.econnet:.1%} ({row.measure})")
        for name, text in wrong.items():
            print(f"  {name}: {text}")


if __name__ == "__main__":
    main()
