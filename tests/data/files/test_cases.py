"""Small files of the kinds that people have, each with what is expected of it.

`cases/*/expect.txt` says it in words. Reading is tested here; forecasts from such files
in `tests/cli/test_own_data.py`.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from econnet.core.countries import Country
from econnet.core.errors import DataError, UsageError
from econnet.core.task import TaskRequest
from econnet.core.workspace import UserFile
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.files import areas, user_panel
from econnet.data.files.reading import Reading
from econnet.data.files.user_panel import Table
from econnet.data.sources.observations import Dataset
from econnet.forecast import own_data

CASES = Path(__file__).parent / "cases"


def read(name: str, **options: object) -> Table:
    """Return the file of a case, `01/byhand.csv`, whatever the rest of its folder."""
    number, _, file = name.partition("/")
    (folder,) = CASES.glob(f"{number}-*")
    return user_panel.read(folder / file, **options)  # type: ignore[arg-type]  # by name


def dataset(table: Table, **file: object) -> Dataset:
    from dataclasses import replace

    path = Path("own.csv")
    return replace(table.known(path.name), file=UserFile(path, **file))  # type: ignore[arg-type]  # by name


def frequency(table: Table) -> dict[str, str]:
    return {each.name: each.frequency for each in table.understood.columns}


def transforms(table: Table) -> dict[str, str]:
    return {name: each.transform for name, each in table.indicators.items()}


def value(table: Table, country: str, period: str, column: str) -> float:
    rows = table.observations
    chosen = rows[
        (rows["country"] == country)
        & (rows["period"] == period)
        & (rows["indicator"] == column)
    ]
    return float(chosen["value"].iloc[-1])


def countries(table: Table) -> set[str]:
    return {str(name) for name in table.observations["country"].unique()}


@pytest.mark.parametrize("file", ["byhand.csv", "fredgraph.csv"])
def test_01_column_with_a_value_every_third_month_is_quarterly(file: str) -> None:
    table = read(f"01/{file}")
    output = "real_gdp" if file == "byhand.csv" else "GDPC1"
    assert frequency(table) == {output: "Q", "UNRATE": "M", "FEDFUNDS": "M"}
    assert value(table, "USA", "1970Q2", output) == 3051.3
    assert countries(table) == {"USA"}
    assert table.target == output


def test_02_wide_by_years_below_a_preamble() -> None:
    table = read("02/API_NY.GDP.MKTP.KD_DS2_en_csv_v2.csv")
    assert countries(table) == {"DEU", "FRA", "JPN", "BRA", "KEN", "NAM"}
    assert table.target == "NY.GDP.MKTP.KD"
    assert value(table, "DEU", "1970", "NY.GDP.MKTP.KD") == 509368161039
    (warning,) = table.understood.warnings
    for name in ("World", "Euro area", "Arab World", "High income"):
        assert name in warning
    assert table.aggregates["country"].nunique() == 6


@pytest.mark.parametrize("file", ["WEOApr2024all.xls", "weo_latin1.xls"])
def test_04_text_with_tabs_that_is_named_like_a_workbook(file: str) -> None:
    table = read(f"04/{file}")
    assert countries(table) == {"DEU", "FRA", "JPN", "BRA", "KEN"}
    assert table.observations["period"].max() == "2023"
    assert "2024 to 2029" in table.understood.warnings[0]
    used = transforms(table)
    assert used["NGDP_R"] == "growth"
    for name in ("NGDP_RPCH", "PCPIPCH", "BCA_NGDPD"):
        assert used[name] == "level"
    assert value(table, "DEU", "1980", "NGDP_R") > 2000
    assert any("notes skipped" in remark for remark in table.understood.remarks)


def test_05_fred_md_with_its_line_of_transforms() -> None:
    table = read("05/current.csv")
    assert countries(table) == {"USA"}
    assert table.observations["period"].min() == "1970-01"
    assert len(table.observations["period"].unique()) == 660
    used = transforms(table)
    for name in ("T10YFFM", "BAAFFM", "VIXCLSx"):
        assert used[name] == "level"
    for name in ("UNRATE", "FEDFUNDS", "GS10", "TB3MS"):
        assert used[name] == "difference"
    for name in ("RPI", "INDPRO", "CPIAUCSL", "S&P 500", "EXCAUSx"):
        assert used[name] == "log-difference"
    request = TaskRequest(label="nber")
    assert own_data.target_of(dataset(table), request) == "INDPRO"
    assert table.indicators["INDPRO"].measures == "industrial_production"


def test_07_recognised_real_gdp_is_the_default_target() -> None:
    table = read("07/own.csv")
    assert own_data.target_of(dataset(table), TaskRequest()) == "GDPC1"


def test_08_two_measures_are_two_columns() -> None:
    table = read("08/DP_LIVE.csv")
    assert set(table.kinds) == {"QGDP PC_CHGPP", "QGDP PC_CHGPY"}
    assert {*table.kinds.values()} == {"growth"}
    assert countries(table) == {"AUS", "AUT", "DEU"}
    assert value(table, "AUS", "1979Q1", "QGDP PC_CHGPP") == 0.474323
    assert table.target == "QGDP PC_CHGPP"
    spans = {name: each.growth_over for name, each in table.indicators.items()}
    assert spans == {"QGDP PC_CHGPP": "period", "QGDP PC_CHGPY": "year"}


def test_10_eurostat_with_flags() -> None:
    table = read("10/namq_10_gdp.tsv")
    assert countries(table) == {"DEU", "GRC", "GBR"}
    assert value(table, "GBR", "1995Q1", "B1GQ") == 91250.7
    keys = sorted(countries(table))
    for text in ("GRC", "Greece", "EL"):
        assert areas.find(text, keys, table.names).alpha3 == "GRC"
    assert "EA20, EU27_2020" in table.understood.warnings[0]


def test_11_table_below_the_preamble_of_fred() -> None:
    table = read("11/fredgraph.csv")
    assert set(table.kinds) == {"GDPC1", "UNRATE"}
    assert countries(table) == {"USA"}


def test_13_semicolons_decimal_commas_and_prefixes() -> None:
    table = read("13/bip.csv")
    assert value(table, "DEU", "1990Q1", "BIP") == 5777.097
    assert value(table, "DEU", "1990Q1", "Arbeitslosenquote") == 6.4
    assert frequency(table) == {"BIP": "Q", "Arbeitslosenquote": "Q"}
    assert table.target == "BIP"


def test_14_thousands_are_not_decimals() -> None:
    table = read("14/pib.csv")
    output = table.observations[table.observations["indicator"] == "real_gdp"]
    assert np.abs(np.diff(np.log(output["value"]))).max() < 0.2
    assert any("real_gdp" in remark for remark in table.understood.remarks)


def test_16_text_beside_the_country_is_left_out() -> None:
    table = read("16/pwt.csv")
    assert set(table.kinds) == {"pop", "rgdpna", "labsh"}
    assert "country" in table.understood.left_out
    assert countries(table) >= {"DEU", "NAM"}


def test_17_sheet_with_the_table_is_chosen_and_named() -> None:
    table = read("17/JST.xlsx")
    assert any("sheet Data" in remark for remark in table.understood.remarks)
    assert "constant within each country" in table.understood.left_out["ifs"]
    assert countries(table) == {"AUS", "BEL", "JPN"}
    with pytest.raises(UsageError, match=r"no sheet 'data2': nearest: Data"):
        read("17/JST.xlsx", sheet="data2")


def test_18_sheets_of_countries_are_one_panel_and_y_is_a_logarithm() -> None:
    table = read("18/gvar.xlsx")
    assert countries(table) == {"ARG", "DEU", "JPN"}
    assert table.kinds["y"] == "log"
    assert table.indicators["y"].transform == "growth"
    assert value(table, "DEU", "1980Q1", "y") == pytest.approx(np.exp(4.243983))
    used = transforms(table)
    assert used["Dp"] == "level"


def test_19_states_are_not_countries() -> None:
    table = read("19/coincident.xlsx")
    keys = [*countries(table), *table.aggregates["country"].unique()]
    for code, name in (("DE", "Delaware"), ("GA", "Georgia"), ("AL", "Alabama")):
        found = areas.find(code, keys, table.names)
        assert (found.name, found.alpha3) == (name, f"US-{code}")
    assert areas.find("Indiana", keys, table.names).alpha3 == "US-IN"
    assert not countries(table) & {"DEU", "GAB", "IND", "ALB"}
    assert areas.find("US", keys, table.names).alpha3 == "USA"
    assert "United States" in table.understood.warnings[0]


def test_22_row_numbers_are_left_out() -> None:
    table = read("22/uk.csv", country="GBR")
    assert table.understood.left_out == {"column 1": "it numbers the rows"}
    assert frequency(table)["GDP"] == "Q"


def test_24_columns_named_after_countries() -> None:
    table = read("24/barro.xlsx")
    assert countries(table) == {"ARG", "AUS", "AUT", "JPN"}
    assert table.observations["period"].min() == "1870"
    assert len(table.kinds) == 1
    assert own_data.target_of(dataset(table), TaskRequest()) in table.kinds


def test_30_growth_below_zero_is_a_contraction() -> None:
    table = read("30/growth.csv")
    assert table.kinds["gdp_growth"] == "growth"
    built = panel.build(table.observations, "Q", None, table.indicators)
    values = built.values["gdp_growth"]
    label = labels.apply(built, "negative-growth", "gdp_growth")
    pd.testing.assert_series_equal(
        label.values, (values < 0).astype(float), check_names=False
    )
    assert 0.2 < label.values.mean() < 0.35
    year = labels.apply(built, "year-on-year", "gdp_growth").values
    sums = np.log1p(values / 100).groupby(level=0).rolling(4).sum().droplevel(0)
    assert (year.dropna() == (sums.dropna() < 0)).all()
    assert year.isna().sum() == 3 * 3


def test_32_series_that_is_not_adjusted_is_refused() -> None:
    known = dataset(read("32/nsa.csv"))
    germany = [Country("DEU", "DE", "Germany")]
    with pytest.raises(
        DataError, match=r"falls in every first quarter .* --adjust stl"
    ):
        own_data.screened(known, TaskRequest(), germany)
    yearly = own_data.screened(known, TaskRequest(label="year-on-year"), germany)
    assert "not seasonally adjusted" in yearly.notices[0]


def test_34_columns_that_reveal_the_future_are_left_out() -> None:
    table = read("34/master.csv", asked=["USRECD"])
    request = TaskRequest(target="UNRATE", label="given:USRECD")
    states = [Country("USA", "US", "United States")]
    left = own_data.screened(dataset(table), request, states)
    gone = {*table.indicators} - {*left.indicators}
    assert gone == {"Target_1Q_ahead", "Target_3Q_ahead", "quarters_until_recession"}
    assert "it is the label 1 quarter later" in " ".join(left.notices)
    kept = own_data.screened(
        dataset(table, kinds={"Target_1Q_ahead": "keep"}), request, states
    )
    assert "Target_1Q_ahead" in kept.indicators


def test_35_parts_of_words_mean_nothing() -> None:
    used = transforms(read("35/names.csv"))
    for name in ("T10YFFM", "T10Y3M", "VIX"):
        assert used.pop(name) == "level"
    assert {*used.values()} <= {"growth", "log-difference"}
    assert read("35/names.csv").kinds["Real effective exchange rate index"] == "index"


def test_36_future_periods_are_projections() -> None:
    reading = Reading()
    table = read("36/weo.csv")
    assert table.observations["period"].astype(int).max() < reading.today.year
    assert "projections" in table.understood.warnings[0]


def test_38_fiscal_years_are_years() -> None:
    table = read("38/fy.csv")
    assert frequency(table) == {"real_gdp": "A"}
    assert table.observations["period"].tolist()[-1] == "2012"
    assert "fiscal years" in " ".join(table.understood.remarks)


def test_41_calendar_and_ids_are_left_out() -> None:
    table = read("41/months.csv")
    assert set(table.understood.left_out) == {"Year", "Month", "id"}
    assert not any("Year" in remark for remark in table.understood.remarks)
    assert set(table.kinds) == {"INDPRO", "UNRATE"}


@pytest.mark.parametrize("text", ["Germany", "DE", "deu", "DEU", "germany"])
@pytest.mark.parametrize("file", ["codes.csv", "names.csv"])
def test_42_country_by_any_of_its_names(text: str, file: str) -> None:
    table = read(f"42/{file}")
    found = areas.find(text, [*countries(table)], table.names)
    assert (found.alpha3, found.name) == ("DEU", "Germany")
    with pytest.raises(UsageError, match="nearest: Germany"):
        areas.find("Germny", [*countries(table)], table.names)
    assert countries(read("42/us.csv")) == {"USA"}


@pytest.mark.parametrize("file", ["own.csv", "own.xlsx"])
def test_44_blank_rows_and_notes(file: str) -> None:
    table = read(f"44/{file}")
    assert table.observations["period"].max() == "2019Q4"
    if file == "own.xlsx":
        assert "2 lines of notes skipped" in table.understood.remarks


def test_45_month_that_was_never_published_is_named() -> None:
    table = read("45/us.csv")
    (warning,) = table.understood.warnings
    assert warning.startswith("2025-10 has no value of CPIAUCSL, UNRATE")


def test_46_exchange_rate_is_a_price() -> None:
    table = read("46/fx.csv")
    assert table.kinds["fx_rate"] == "price"
    assert table.indicators["fx_rate"].transform == "log-difference"


def test_51_frame_is_read_like_its_file(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "country": "DEU",
            "period": [f"{1970 + i // 4}Q{i % 4 + 1}" for i in range(160)],
            "real_gdp": [100 + i for i in range(160)],
        }
    )
    frame.to_csv(tmp_path / "own.csv", index=False)
    from_file = user_panel.read(tmp_path / "own.csv").observations
    pd.testing.assert_frame_equal(user_panel.read(frame).observations, from_file)
    indexed = frame.set_index(["country", "period"])
    pd.testing.assert_frame_equal(user_panel.read(indexed).observations, from_file)
    dated = pd.Series(
        [1.0, 2.0, 3.0, 4.0, 5.0],
        pd.date_range("2000-01-01", periods=5, freq="MS"),
        name="UNRATE",
    )
    table = user_panel.read(dated.to_frame())
    assert table.observations["period"].tolist()[0] == "2000-01"
    assert countries(table) == {"USA"}
