"""Convert the source files of the bundled snapshot into the package's compact form.

    python scripts/make_snapshot.py FOLDER

FOLDER contains the files that `data/snapshot/SOURCES.md` names. The script writes two
Parquet files (zstd) to `econnet/data/snapshot/`: every observation, and what is known
of each series: title, unit, source, licence, attribution, span. Only series that the
catalog names are taken, so nothing ships that econnet cannot use.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from econnet.core import catalog
from econnet.core.catalog import Indicator, SeriesTemplate
from econnet.core.periods import Frequency, frequency_of
from econnet.core.sources import SOURCES
from econnet.runtime import checksums

SNAPSHOT = Path(__file__).parent.parent / "econnet" / "data" / "snapshot"
RETRIEVED_AT = pd.Timestamp("2026-11-24")

# Of the files; a source as a whole may have more than these.
ATTRIBUTION = {
    **{name: facts.attribution for name, facts in SOURCES.items()},
    "oecd": "Source: OECD, Quarterly National Accounts",
    "pwt": "Feenstra, Inklaar and Timmer (2015), Penn World Table 9.1",
}
FRED_MD = ATTRIBUTION["fred-md"]

# Rights that are not plainly public.
LEFT_OUT = frozenset({"NFCI"})
# Where a file has another unit than the service itself.
UNIT_IN_FILE = {"NONREVSL": "million US dollars"}


@dataclass(frozen=True, eq=False)
class SourceSeries:
    """One series of a source file.

    Parameters
    ----------
    values
        Columns `period` and `value`, and `known_at` where the file has the day on which
        each value was published.
    title
        As in the file's description; empty if it has none.
    """

    values: pd.DataFrame
    attribution: str
    title: str = ""


SourceKey = tuple[str, Frequency, str, str]  # source, frequency, series id, country


def us_series(folder: Path) -> dict[SourceKey, SourceSeries]:
    """Return the series of the United States: downloads of FRED, and FRED-MD.

    Downloads come first. Another file only adds periods to a series, and only where
    both have exactly the same figures; other series are never joined, because their
    bases or revisions differ.
    """
    fred_md = _table(folder / "us_monthly_fred_md.csv")
    older = _table(folder / "fred_us_monthly.csv")
    titles = us_titles(folder)
    columns = {str(name): (fred_md[name], FRED_MD) for name in fred_md}
    for path in sorted((folder / "fred_csv").glob("*.csv")):
        if path.stem not in LEFT_OUT:
            values = _table(path)[path.stem]
            if path.stem in fred_md:
                values = joined(values, fred_md[path.stem])
            columns[path.stem] = values, ATTRIBUTION["fred"]
    for name in {*columns} & {*older}:
        values, attribution = columns[name]
        columns[name] = joined(values, older[name]), attribution
    ten_year, three_month = columns["GS10"][0], columns["TB3MS"][0]
    columns["GS10-TB3MS"] = ten_year - three_month, FRED_MD
    return {
        (_us_source(name), _frequency(values), name, "USA"): SourceSeries(
            _rows(values), attribution, titles.get(name, "")
        )
        for name, (values, attribution) in columns.items()
    }


def us_titles(folder: Path) -> dict[str, str]:
    """Return the titles of US series: those of the older database, else FRED-MD's."""
    older, fred_md = (
        pd.read_csv(folder / name, index_col="id")["title"]
        for name in ("fred_series.csv", "us_monthly_fred_md_meta.csv")
    )
    # Since then, the accounts were rebased, and the loans are given in millions.
    older = older.str.replace("2012", "2017").drop("NONREVSL")
    fred_md = fred_md.str.replace(r"\s+", " ", regex=True).str.replace(" : ", ": ")
    titles = pd.concat([fred_md.str.strip(" :"), older])
    return {str(name): str(title) for name, title in titles.items()}


def _us_source(name: str) -> str:
    """Return `fred-md` for the series that FRED-MD splices; FRED lacks these ids."""
    return "fred-md" if name.endswith("x") else "fred"


def joined(first: pd.Series, second: pd.Series) -> pd.Series:
    """Return `first`, completed by `second` if both agree exactly where they overlap.

    Otherwise return `first` alone.
    """
    first, second = first.dropna(), second.dropna()
    both = first.index.intersection(second.index)
    if both.empty or not first[both].equals(second[both]):
        return first
    return first.combine_first(second)


def brazilian_series(folder: Path) -> dict[SourceKey, SourceSeries]:
    """Return the series of Brazil; output with every value that IBGE ever published."""
    described = pd.read_csv(folder / "brazil_meta.csv").set_index("id")
    series: dict[SourceKey, SourceSeries] = {}
    files: list[tuple[Frequency, str]] = [
        ("M", "brazil_monthly.csv"),
        ("Q", "brazil_quarterly.csv"),
    ]
    for frequency, name in files:
        table = _table(folder / name)
        for column in table:
            code = str(described.loc[str(column), "source_code"])
            values = _rows(table[column])
            if column == "pib":
                values = _vintages(folder / "brazil_gdp_vintages.csv", "pib")
            series["ibge", frequency, code, "BRA"] = SourceSeries(
                values, ATTRIBUTION["ibge"], str(described.loc[str(column), "title"])
            )
    return series


def _vintages(path: Path, name: str) -> pd.DataFrame:
    """Return `period, value, known_at` of every release, oldest first."""
    rows = pd.read_csv(path, parse_dates=["released"])
    rows = rows[rows["series"] == name].rename(columns={"released": "known_at"})
    return rows.sort_values(["known_at", "period"])[["period", "value", "known_at"]]


def annual_and_oecd_series(folder: Path) -> dict[SourceKey, SourceSeries]:
    """Return the series of the panels of many countries."""
    oecd = pd.read_csv(folder / "oecd_qna_panel.csv", parse_dates=["date"])
    oecd["period"] = oecd["date"].dt.to_period("Q").astype(str)
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
    series: dict[SourceKey, SourceSeries] = {}
    panels: list[tuple[str, Frequency, pd.DataFrame]] = [
        ("oecd", "Q", oecd),
        ("pwt", "A", pwt.assign(period=pwt["year"].astype(str))),
        ("worldbank", "A", bank.assign(period=bank["year"].astype(str))),
    ]
    for source, frequency, table in panels:
        for name in table.select_dtypes("number").columns:
            for country, rows in table.groupby("code"):
                values = rows.set_index("period")[name]
                series[source, frequency, str(name), str(country)] = SourceSeries(
                    _rows(values), ATTRIBUTION[source]
                )
    return series


def _table(path: Path) -> pd.DataFrame:
    """Return a file whose first column has dates or periods, indexed by period."""
    table = pd.read_csv(path, index_col=0)
    texts = table.index.astype(str)
    if len(texts[0]) == len("2020-01-01"):
        quarterly = pd.DatetimeIndex(texts).month.isin([1, 4, 7, 10]).all()
        periods = pd.DatetimeIndex(texts).to_period("Q" if quarterly else "M")
        table.index = periods.astype(str)
    return table


def _frequency(values: pd.Series) -> Frequency:
    return frequency_of(str(values.index[0]))


def _rows(values: pd.Series) -> pd.DataFrame:
    """Return `period, value`, oldest first, without missing values."""
    values = values.dropna().sort_index()
    return pd.DataFrame({"period": values.index, "value": values.to_numpy(float)})


def bundle(
    sources: Mapping[SourceKey, SourceSeries],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the observations and the series that the catalog names, in its order."""
    by_template: dict[tuple[str, ...], list[SourceKey]] = {}
    for key in sources:
        by_template.setdefault(key[:3], []).append(key)
    observations, series = [], []
    for indicator in catalog.load().values():
        for template in indicator.series:
            kind = (template.source, template.frequency, template.id)
            for key in by_template.get(kind, []):
                if sources[key].values.empty:
                    continue
                about = _description(indicator, template, key, sources[key])
                series.append(about)
                identity = {name: str(about[name]) for name in IDENTITY}
                observations.append(sources[key].values.assign(**identity))
    rows = pd.concat(observations, ignore_index=True)
    return rows.reindex(columns=OBSERVATIONS), pd.DataFrame(series)


def _description(
    indicator: Indicator,
    template: SeriesTemplate,
    key: SourceKey,
    series: SourceSeries,
) -> dict[str, object]:
    """Return the row of the table of series."""
    return {
        "country": key[3],
        "indicator": indicator.key,
        "source": template.source,
        "series_id": template.id,
        "frequency": template.frequency,
        "title": series.title or indicator.title,
        "unit": UNIT_IN_FILE.get(template.id, template.unit),
        "first_period": series.values["period"].min(),
        "last_period": series.values["period"].max(),
        "rights": template.rights,
        "attribution": series.attribution,
        "discontinued": template.discontinued,
        "retrieved_at": RETRIEVED_AT,
    }


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
    observations, series = bundle(
        us_series(folder) | brazilian_series(folder) | annual_and_oecd_series(folder)
    )
    SNAPSHOT.mkdir(exist_ok=True)
    write_parquet(observations, SNAPSHOT / "observations.parquet")
    write_parquet(series, SNAPSHOT / "series.parquet")
    names = ("observations.parquet", "series.parquet")
    sums = [f"{checksums.sha256(SNAPSHOT / name)}  {name}\n" for name in names]
    (SNAPSHOT / checksums.SUMS).write_text("".join(sums))
    size = sum(path.stat().st_size for path in SNAPSHOT.glob("*.parquet"))
    print(f"{len(observations):,} observations, {len(series):,} series, {size:,} bytes")


IDENTITY = ("country", "indicator", "source", "series_id")
OBSERVATIONS = [
    *("country", "indicator", "period", "value"),
    *("source", "series_id", "known_at"),
]

if __name__ == "__main__":
    main()
