from importlib import resources
from pathlib import Path

import pandas as pd
import pytest

import econnet
from econnet.core import catalog, countries
from econnet.core.errors import DataError
from econnet.data import panel
from econnet.data.sources import snapshot
from econnet.data.sources.observations import Dataset
from econnet.runtime import checksums

COLUMNS = [
    "country",
    "indicator",
    "period",
    "value",
    "source",
    "series_id",
    "retrieved_at",
    "known_at",
]


@pytest.fixture(scope="module")
def bundled() -> Dataset:
    return snapshot.load()


def value(bundled: Dataset, country: str, indicator: str, period: str) -> float:
    rows = bundled.observations
    row = rows[
        (rows["country"] == country)
        & (rows["indicator"] == indicator)
        & (rows["period"] == period)
    ]
    assert len(row) == 1
    return float(row["value"].iloc[0])


def test_observations_have_the_columns_of_the_contract(bundled: Dataset) -> None:
    assert list(bundled.observations) == COLUMNS
    assert bundled.observations["value"].notna().all()


def test_no_observation_occurs_twice(bundled: Dataset) -> None:
    key = ["country", "indicator", "period", "source", "series_id", "known_at"]
    assert not bundled.observations.duplicated(key).any()


@pytest.mark.parametrize(
    ("country", "indicator", "period", "expected"),
    [
        # OECD Quarterly National Accounts, nominal GDP in millions of euros.
        ("DEU", "nominal_gdp", "1995Q1", 468140.0),
        # US Bureau of Labor Statistics: the unemployment rate of April 2020 and 1948.
        ("USA", "unemployment", "2020-04", 14.8),
        ("USA", "unemployment", "1948-01", 3.4),
        # Board of Governors of the Federal Reserve System, H.15.
        ("USA", "three_month_rate", "1947-01", 0.38),
        ("USA", "ten_year_rate", "1953-04", 2.83),
        # IBGE, PNAD Contínua: highest unemployment, in the quarter to March 2021.
        ("BRA", "unemployment", "2021-03", 14.9),
    ],
)
def test_published_figure_is_stored_exactly(
    bundled: Dataset, country: str, indicator: str, period: str, expected: float
) -> None:
    assert value(bundled, country, indicator, period) == expected


def test_every_series_has_provenance_and_its_observations(bundled: Dataset) -> None:
    key = ["country", "indicator", "source", "series_id"]
    assert bundled.series["attribution"].str.len().min() > 0
    assert bundled.series["rights"].str.len().min() > 0
    of_observations = bundled.observations[key].drop_duplicates()
    assert len(of_observations.merge(bundled.series, on=key)) == len(bundled.series)


def test_every_country_and_indicator_is_a_known_one(bundled: Dataset) -> None:
    codes = {country.alpha3 for country in countries.all_countries()}
    assert {*bundled.series["country"]} <= codes
    assert set(bundled.series["indicator"]) <= set(catalog.load())


def test_downloaded_base_replaces_the_older_one(bundled: Dataset) -> None:
    gdp = bundled.observations
    gdp = gdp[(gdp["series_id"] == "GDPC1") & (gdp["period"] == "2022Q3")]
    # 22,125.6 billion dollars of 2017; 20,021.7 of 2012 in the older base.
    assert gdp["value"].tolist() == pytest.approx([22125.6], abs=0.1)


def test_periods_are_text_that_pandas_reads(bundled: Dataset) -> None:
    for text in bundled.observations["period"].unique():
        assert str(pd.Period(text, "Y" if len(text) == 4 else None)) == text


def test_unit_names_the_scale_of_the_values(bundled: Dataset) -> None:
    """German output was 922,691 of `national currency`; a quarter has 900 billion."""
    series = bundled.series.set_index(["country", "indicator", "source"])["unit"]
    for indicator in ("real_gdp", "nominal_gdp", "exports"):
        assert series["DEU", indicator, "oecd"].startswith("million national currency")
    assert series["NGA", "real_gdp", "worldbank"] == "constant 2015 US dollars"
    assert not bundled.series["unit"].str.contains(r" an? (?:year|hour|week)$").any()


def test_files_are_those_whose_digests_ship_with_them() -> None:
    folder = Path(econnet.__file__).parent / "data" / "snapshot"
    assert set(checksums.read_sums(folder) or {}) == {
        *("observations.parquet", "series.parquet")
    }
    assert checksums.verify_checksums(folder) == []


def test_data_stay_below_three_megabytes() -> None:
    folder = resources.files("econnet.data") / "snapshot"
    size = sum(
        len(entry.read_bytes())
        for entry in folder.iterdir()
        if entry.name.endswith(".parquet")
    )
    assert size < 3_000_000


def test_damaged_snapshot_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = resources.files("econnet.data") / "snapshot"
    (tmp_path / "snapshot").mkdir()
    for name in ("observations.parquet", "series.parquet"):
        content = bytearray((shipped / name).read_bytes())
        content[1000:3000] = bytes(2000)
        (tmp_path / "snapshot" / name).write_bytes(content)
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    with pytest.raises(DataError, match=r"cannot be read .*: close other programs if"):
        snapshot.load()


def test_us_months_are_current_and_ended_series_are_left_out(bundled: Dataset) -> None:
    series = bundled.series
    monthly = series[(series["country"] == "USA") & (series["frequency"] == "M")]
    assert len(monthly) > 110
    assert monthly["last_period"].min() >= "2026-06"


def test_history_is_joined_only_to_equal_figures(bundled: Dataset) -> None:
    """Rates are never revised; output was rebased between the two files."""
    first = bundled.series.set_index("series_id")["first_period"]
    assert first["TB3MS"] == "1947-01"
    assert first["GS10"] == "1953-04"
    assert first["INDPRO"] == first["PAYEMS"] == "1959-01"


def test_brazilian_output_of_a_day_is_what_was_published_by_then(
    bundled: Dataset,
) -> None:
    """IBGE gave growth as 2.7% in 2010Q1 and -9.7% in 2020Q2, which is now -8.9%."""
    rows = bundled.observations
    rows = rows[(rows["source"] == "ibge") & (rows["indicator"] == "real_gdp")]
    built = panel.build(rows, "Q", vintages="real")

    def growth(day: str, quarter: str) -> float:
        output = built.on(pd.Timestamp(day)).values["real_gdp"].loc["BRA"]
        return float(output.pct_change()[pd.Period(quarter, "Q")] * 100)

    assert growth("2010-06-30", "2010Q1") == pytest.approx(2.7, abs=0.05)
    assert growth("2020-09-01", "2020Q2") == pytest.approx(-9.7, abs=0.05)
    assert growth("2026-11-24", "2020Q2") == pytest.approx(-8.9, abs=0.05)
