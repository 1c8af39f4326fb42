"""Convert the source files of the bundled snapshot into the package's compact form.

    python scripts/make_snapshot.py FOLDER

FOLDER holds the files that `data/snapshot/SOURCES.md` names. Written are two Parquet
files (zstd) in `econnet/data/snapshot/`: every observation, and what is known of each
series: title, unit, source, licence, attribution, span. Only series that the catalog
names are taken, so nothing ships that econnet cannot use.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd

from econnet.core import catalog
from econnet.core.catalog import Indicator, SeriesTemplate
from econnet.core.periods import PANDAS_ALIAS
from econnet.runtime import checksums

SNAPSHOT = Path(__file__).parent.parent / "econnet" / "data" / "snapshot"
RETRIEVED_AT = pd.Timestamp("2026-11-24")

ATTRIBUTION = {
    "fred": "Source: FRED, Federal Reserve Bank of St. Louis",
    "oecd": "Source: OECD, Quarterly National Accounts",
    "pwt": "Feenstra, Inklaar and Timmer (2015), Penn World Table 9.1",
    "worldbank": "Source: World Bank, World Development Indicators",
}


# Rights that are not plainly public, and projections.
LEFT_OUT = frozenset({"NFCI", "OILPRICE", "GDPPOT"})


def fred_columns(folder: Path) -> dict[tuple[str, str], pd.Series]:
    """Return US series by (frequency, FRED id), each indexed by date."""
    columns: dict[tuple[str, str], pd.Series] = {}
    for frequency, name in (("M", "fred_us_monthly"), ("Q", "fred_us_quarterly")):
        table = pd.read_csv(folder / f"{name}.csv", index_col=0, parse_dates=True)
        columns |= {(frequency, str(key)): table[key] for key in table}
    # Where an id is in both, the download replaces the database's older base.
    for path in (folder / "fred_csv").glob("*.csv"):
        series = pd.read_csv(path, index_col=0, parse_dates=True).iloc[:, 0]
        quarterly = (pd.DatetimeIndex(series.index).month % 3 == 1).all()
        frequency = "Q" if quarterly else "M"
        columns[frequency, path.stem] = series
    columns["M", "GS10-TB3MS"] = columns["M", "GS10"] - columns["M", "TB3MS"]
    return columns


def country_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the panels of the other sources, indexed by (country, date)."""
    oecd = pd.read_csv(folder / "oecd_qna_panel.csv", parse_dates=["date"])
    pwt = pd.read_csv(folder / "pwt91.csv").rename(columns={"isocode": "code"})
    bank = pd.read_csv(folder / "worldbank_wlddev.csv").rename(
        columns={
            "iso3c": "code",
            "PCGDP": "NY.GDP.PCAP.KD",
            "POP": "SP.POP.TOTL",
            "LIFEEX": "SP.DYN.LE00.IN",
            "ODA": "DT.ODA.ODAT.KD",
        }
    )
    # The file gives output per person; output is that times persons.
    bank["NY.GDP.MKTP.KD"] = bank["NY.GDP.PCAP.KD"] * bank["SP.POP.TOTL"]
    for annual in (pwt, bank):
        annual["date"] = pd.to_datetime(annual["year"].astype(str))
    return {
        source: table.set_index(["code", "date"])
        for source, table in (("oecd", oecd), ("pwt", pwt), ("worldbank", bank))
    }


def series_of(
    template: SeriesTemplate,
    fred: dict[tuple[str, str], pd.Series],
    tables: dict[str, pd.DataFrame],
) -> Iterator[tuple[str, pd.Series]]:
    """Yield (country, values by date) for each country that has the series."""
    if template.source == "fred":
        column = fred.get((template.frequency, template.id))
        if column is not None and template.id not in LEFT_OUT:
            yield "USA", column.dropna()
    elif template.id in tables[template.source]:
        column = tables[template.source][template.id].dropna()
        for country, values in column.groupby(level="code"):
            yield str(country), values.droplevel("code")


def observations(
    indicator: Indicator, template: SeriesTemplate, country: str, values: pd.Series
) -> pd.DataFrame:
    """Return the observations of one series, in the order of its periods."""
    values = values.sort_index()
    alias = PANDAS_ALIAS[template.frequency]
    periods = pd.DatetimeIndex(values.index).to_period(alias)
    return pd.DataFrame(
        {
            "country": country,
            "indicator": indicator.key,
            "period": periods.astype(str),
            "value": values.to_numpy(dtype=float),
            "source": template.source,
            "series_id": template.id,
        }
    )


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write `frame` to `path` with zstd, in an order that compresses well."""
    connection = duckdb.connect()
    connection.register("frame", frame)
    connection.execute(
        f"COPY frame TO '{path}' (FORMAT parquet, COMPRESSION zstd, "
        "COMPRESSION_LEVEL 19, ROW_GROUP_SIZE 1000000)"
    )


def main() -> None:
    """Write the snapshot and print its size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    fred, tables = fred_columns(folder), country_tables(folder)
    titles = pd.read_csv(folder / "fred_series.csv").set_index("id")["title"]

    parts, series = [], []
    for indicator in catalog.load().values():
        for template in indicator.series:
            for country, values in series_of(template, fred, tables):
                part = observations(indicator, template, country, values)
                parts.append(part)
                series.append(
                    {
                        "country": country,
                        "indicator": indicator.key,
                        "source": template.source,
                        "series_id": template.id,
                        "frequency": template.frequency,
                        "title": titles.get(template.id, indicator.title),
                        "unit": indicator.unit,
                        "first_period": part["period"].iloc[0],
                        "last_period": part["period"].iloc[-1],
                        "rights": template.rights,
                        "attribution": ATTRIBUTION[template.source],
                        "discontinued": template.discontinued,
                        "retrieved_at": RETRIEVED_AT,
                    }
                )
    SNAPSHOT.mkdir(exist_ok=True)
    everything = pd.concat(parts, ignore_index=True)
    write_parquet(everything, SNAPSHOT / "observations.parquet")
    write_parquet(pd.DataFrame(series), SNAPSHOT / "series.parquet")
    names = ("observations.parquet", "series.parquet")
    sums = [f"{checksums.sha256(SNAPSHOT / name)}  {name}\n" for name in names]
    (SNAPSHOT / checksums.SUMS).write_text("".join(sums))
    size = sum(path.stat().st_size for path in SNAPSHOT.glob("*.parquet"))
    print(f"{len(everything):,} observations, {len(series):,} series, {size:,} bytes")


if __name__ == "__main__":
    main()
