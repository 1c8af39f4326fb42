"""Small files as offices and programs write them, each of which was once misread.

The numbers are those of `LEVELS` or `RATES`, so that every file must give them back.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from econnet.core.errors import DataError
from econnet.data.files import text_files, user_panel
from tests.data.files.small_files import (
    EXPECTED,
    LEVELS,
    MONTHS,
    QUARTERS,
    RATES,
    YEARS,
    by_quarter,
    lines,
    read,
    values,
)

MONTH_NAMES = [f"{pd.Timestamp(2000, month, 1):%b}" for month in range(1, 13)]
IN_ONE_COLUMN = {
    "ONS": (
        lines(
            ['"Title","Gross Domestic Product: chained volume"', '"CDID","ABMI"'],
            ['"Unit","m"', '"Release date","28-06-2024"', '"Important notes",'],
            [f'"{year}","{20_000 + year}"' for year in YEARS],
            by_quarter(lambda quarter, x: f'"{quarter[:4]} {quarter[4:]}","{x}"'),
        ),
        "utf-8",
    ),
    "Banxico": (
        lines(
            ["Banco de México", "", "Título,PIB a precios constantes"],
            ["Cifra,Niveles", "Unidad,Millones de pesos", "Fecha,SR16734"],
            by_quarter(lambda q, x: f"01/{3 * int(q[5]) - 2:02d}/{q[:4]},{x}"),
            ["01/01/2020,N/E"],
        ),
        "latin-1",
    ),
    "e-Stat": (
        lines(
            ['"表番号","1"', "", '"時間軸","時間軸 コード","国内総生産(支出側)"'],
            by_quarter(
                lambda q, x: (
                    f'"{q[:4]}年{3 * int(q[5]) - 2}\uff5e{3 * int(q[5])}月期",'
                    f'"{q[:4]}00{3 * int(q[5]) - 2:02d}{3 * int(q[5]):02d}","{x:,.1f}"'
                )
            ),
        ),
        "cp932",
    ),
    "KOSIS": (
        lines(
            ["시점,실질 국내총생산"],
            by_quarter(lambda q, x: f"{q[:4]}.{q[5]}/4,{x}"),
        ),
        "euc_kr",
    ),
    "IBGE": (
        lines(
            ["Trimestre,PIB"],
            by_quarter(lambda q, x: f"{q[5]}º trimestre {q[:4]},{x}"),
        ),
        "utf-8",
    ),
    "aligned by spaces": (
        lines(
            ["quarter    gdp"],
            by_quarter(lambda q, x: f"{q}  {x:>9}"),
        ),
        "utf-8",
    ),
    "a year's quarters side by side": (
        lines(
            ["Year,Q1,Q2,Q3,Q4,Annual"],
            [
                f"{year},{','.join(map(str, LEVELS[4 * n : 4 * n + 4]))},1"
                for n, year in enumerate(YEARS)
            ],
        ),
        "utf-8",
    ),
    "years above quarters": (
        lines(
            ["Line,," + ",".join(quarter[:4] for quarter in QUARTERS)],
            ["Line,," + ",".join(quarter[4:] for quarter in QUARTERS)],
            [f'1,"Gross domestic product",{",".join(map(str, LEVELS))}'],
        ),
        "utf-8",
    ),
}


@pytest.mark.parametrize("name", IN_ONE_COLUMN)
def test_one_series_in_the_format_of_an_office(tmp_path: Path, name: str) -> None:
    text, encoding = IN_ONE_COLUMN[name]
    table = read(tmp_path, text, encoding, country="DEU")
    assert values(table, "DEU") == EXPECTED
    assert [*table.kinds.values()] == ["flow"]
    assert table.target == next(iter(table.kinds))


def test_titles_of_the_bundesbank_name_the_series(tmp_path: Path) -> None:
    text = lines(
        ['"";BBK01.SU0316;BBK01.SU0316_FLAGS', '"";"Geldmarktsätze";'],
        ["Einheit;% p.a.;", "letztes Update;2022-01-03 09:30:02;"],
        [
            f"{m};{str(x).replace('.', ',')};"
            for m, x in zip(MONTHS, RATES, strict=True)
        ],
        ["2020-01;.;Kein Wert vorhanden"],
    )
    table = read(tmp_path, text, country="DEU")
    assert values(table, "DEU") == dict(zip(MONTHS, RATES, strict=True))
    assert table.kinds == {"Geldmarktsätze": "rate"}


def test_months_side_by_side_and_as_parts_are_one_monthly_series(
    tmp_path: Path,
) -> None:
    grid = lines(
        [f"Year,{','.join(MONTH_NAMES)}"],
        [
            f"{year},{','.join(map(str, RATES[12 * n : 12 * n + 12]))}"
            for n, year in enumerate(YEARS)
        ],
    )
    long = lines(
        ["series_id\tyear\tperiod\tvalue\tfootnote_codes"],
        [
            f"LNS1\t{month[:4]}\tM{month[5:]}\t{x}\t"
            for month, x in zip(MONTHS, RATES, strict=True)
        ],
        [f"LNS1\t{year}\tM13\t5.0\t" for year in YEARS],
    )
    for text in (grid, long):
        table = read(tmp_path, text, country="USA")
        assert values(table, "USA") == dict(zip(MONTHS, RATES, strict=True))


@pytest.mark.parametrize("n_months", [401, 479, 660])
def test_column_of_hundreds_of_months_is_one_of_periods(
    tmp_path: Path, n_months: int
) -> None:
    months = pd.period_range("1960-01", periods=n_months, freq="M")
    rows = [f"{month},{n % 7}" for n, month in enumerate(months)]
    table = read(tmp_path, lines(["month,rate"], rows), country="USA")
    assert len(values(table, "USA")) == n_months


def test_columns_named_after_dates_of_vintages(tmp_path: Path) -> None:
    days = ["2015-01-28", "2016-01-28", "2017-01-28", "2018-01-28"]
    rows = [
        ",".join(
            [q, *(f"{x + n}" if q < day[:4] else "NA" for n, day in enumerate(days))]
        )
        for q, x in EXPECTED.items()
    ]
    table = read(tmp_path, lines([f"date,{','.join(days)}"], rows), country="DEU")
    first = table.observations[table.observations["period"] == "1990Q1"]
    assert first["value"].tolist() == [LEVELS[0] + n for n in range(4)]
    assert first["known_at"].dt.year.tolist() == [2015, 2016, 2017, 2018]


RANGES = ["Jan-Mar", "Apr-Jun", "Jul-Sep", "Oct-Dec"]
JAPANESE = ["1- 3.", "4- 6.", "7- 9.", "10-12."]
ROMAN = ["I", "II", "III", "IV"]


def in_years(write: Callable[[str, int, float], str]) -> list[str]:
    """Return a line per quarter, given its year, its number from 0 on and its value."""
    return by_quarter(lambda q, x: write(q[:4], int(q[5]) - 1, x))


PARTS_OF_YEARS = {
    "quarters in words": lines(
        ["Jahr;Quartal;BIP"], in_years(lambda y, n, x: f"{y};{n + 1}. Quartal;{x}")
    ),
    "months of a quarter beside the year": lines(
        ["Year,Period,GDP"], in_years(lambda y, n, x: f"{y},{RANGES[n]},{x}")
    ),
    "months of a quarter before the year": lines(
        ["Date,GDP"], in_years(lambda y, n, x: f"{RANGES[n]} {y},{x}")
    ),
    "year in the first cell only": lines(
        ["Year,Quarter,GDP"],
        in_years(lambda y, n, x: f"{'' if n else y},Q{n + 1},{x}"),
    ),
    "year in the first quarter only": lines(
        [",GDP"],
        in_years(lambda y, n, x: f"{JAPANESE[n] if n else f'{y}/ 1- 3.'},{x}"),
    ),
    "year in a line of its own": lines(
        ["Table 1,", ",GDP"],
        in_years(lambda y, n, x: ("" if n else f"{y},\n") + f"{ROMAN[n]},{x}"),
    ),
    "whole years among quarters": lines(
        ["year,quarter,GDP"],
        in_years(lambda y, n, x: f"{y},Q{n + 1},{x}"),
        [f"{year},Annual,20000" for year in YEARS],
    ),
}


@pytest.mark.parametrize("name", PARTS_OF_YEARS)
def test_quarters_are_read_however_their_year_is_written(
    tmp_path: Path, name: str
) -> None:
    table = read(tmp_path, PARTS_OF_YEARS[name], country="DEU")
    assert values(table, "DEU") == EXPECTED
    assert len(table.kinds) == 1


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (["first", "second", "third", "fourth"], "'first' in column quarter is no"),
        (["Q4", "Q1", "Q2", "Q3"], "line 3: the period is missing"),
    ],
)
def test_quarters_that_are_not_understood_are_not_read_as_years(
    tmp_path: Path, part: Sequence[str], message: str
) -> None:
    rows = in_years(lambda y, n, x: f"{y if n == 0 else ''},{part[n]},{x}")
    with pytest.raises(DataError, match=message):
        read(tmp_path, lines(["year,quarter,gdp"], rows), country="DEU")


def test_zeros_among_levels_far_from_zero_are_missing_values(tmp_path: Path) -> None:
    def number(quarter: str, x: float) -> str:
        return "0" if quarter == "2000Q2" or quarter > "2019Q1" else str(x)

    rates = dict(zip(QUARTERS, np.abs(np.arange(120) - 60) / 8, strict=True))
    rows = by_quarter(lambda q, x: f"{q},{number(q, x)},{max(0, rates[q] - 0.5)}")
    table = read(tmp_path, lines(["period,gdp,policy rate"], rows), country="DEU")
    expected = {q: x for q, x in EXPECTED.items() if number(q, x) != "0"}
    assert values(table, "DEU", "gdp") == expected
    assert values(table, "DEU", "policy rate")["2005Q1"] == 0
    assert any("zeros among other values" in text for text in table.understood.remarks)


def test_change_of_unit_is_reported(tmp_path: Path) -> None:
    rows = by_quarter(lambda q, x: f"{q},{x if q < '2000' else x / 1000:.4f}")
    table = read(tmp_path, lines(["period,gdp"], rows), country="DEU")
    (warning,) = table.understood.warnings
    assert warning.startswith("gdp of Germany is")
    assert "in 1999Q4" in warning
    assert "in 2000Q1: if its unit changes there, convert one part" in warning
    table = read(
        tmp_path, lines(["period,gdp"], by_quarter("{},{}".format)), country="DEU"
    )
    assert not table.understood.warnings


def test_flags_of_periods_in_the_names_of_columns(tmp_path: Path) -> None:
    names = [f"{year}*" if year > 2016 else str(year) for year in YEARS]
    levels = [str(x) for x in LEVELS[: len(names)]]
    text = lines(
        [f"Country,{','.join(names)},2020e,2021f"],
        [f"Germany,{','.join(levels)},1,2", f"France,{','.join(levels)},3,4"],
    )
    table = read(tmp_path, text)
    assert [*values(table, "DEU")] == [str(year) for year in YEARS]
    assert {*table.understood.left_out} == {"2020e", "2021f"}


def test_names_that_r_and_pandas_make(tmp_path: Path) -> None:
    names = [f'"X{year}"' for year in YEARS]
    levels = [str(x) for x in LEVELS[: len(names)]]
    table = read(
        tmp_path,
        lines([f'"Country.Name",{",".join(names)}'], [f"Germany,{','.join(levels)}"]),
    )
    assert [*values(table, "DEU")] == [str(year) for year in YEARS]
    rows = by_quarter(lambda q, x: f"Germany,{q},{x}")
    table = read(tmp_path, lines(["country,period,0"], rows))
    assert values(table, "DEU") == EXPECTED


@pytest.mark.parametrize(
    "text",
    [
        lines(
            ["YEAR QTR      GDP"],
            in_years(lambda y, n, x: f"{y}   {n + 1} {x:9.1f}"),
        ),
        lines(
            ["      Qtr1   Qtr2   Qtr3   Qtr4"],
            [
                f"{year} {' '.join(map(str, LEVELS[4 * n : 4 * n + 4]))}"
                for n, year in enumerate(YEARS)
            ],
        ),
    ],
)
def test_text_aligned_by_spaces_has_the_names_of_its_columns(
    tmp_path: Path, text: str
) -> None:
    assert values(read(tmp_path, text, country="DEU"), "DEU") == EXPECTED


def test_one_series_in_two_units_is_two_series(tmp_path: Path) -> None:
    header = ",".join(f"{quarter[:4]}-{quarter[4:]}" for quarter in QUARTERS)
    rates = [x / 1000 for x in LEVELS]
    rows = [
        f"Q: Quarterly,{code},{unit},{','.join(map(str, numbers))}"
        for code in ("DE: Germany", "FR: France")
        for unit, numbers in (("628: Index", LEVELS), ("771: Percent", rates))
    ]
    names = "FREQ:Frequency,REF_AREA:Area,UNIT_MEASURE:Unit"
    table = read(tmp_path, lines([f"{names},{header}"], rows))
    assert {*table.kinds} == {"value 628", "value 771"}
    assert values(table, "DEU", "value 628") == EXPECTED


def test_dates_of_release_are_neither_vintages_nor_names(tmp_path: Path) -> None:
    header = ";".join(f"{quarter[:4]}-T{quarter[5]}" for quarter in QUARTERS)
    numbers = ";".join(f"{x:.0f}" for x in LEVELS)
    text = lines(
        [f"Libell\u00e9;idBank;Mise \u00e0 jour;{header}"],
        [f"PIB en volume;010565692;31/05/2024 08:45;{numbers}"],
    )
    table = read(tmp_path, text, country="FRA")
    assert table.kinds == {"PIB en volume": "flow"}
    assert values(table, "FRA") == {q: round(x) for q, x in EXPECTED.items()}


def test_years_long_ago_are_left_out_and_describe_nothing(tmp_path: Path) -> None:
    rows = [
        f"{code},{year},{name},{500 + year}"
        for code, name in (("DEU", "Western Europe"), ("JPN", "East Asia"))
        for year in (1, 1000, *YEARS)
    ]
    table = read(tmp_path, lines(["code,year,region,gdppc"], rows))
    assert [*values(table, "DEU")] == [str(year) for year in YEARS]
    assert "describes columns" not in "; ".join(table.understood.remarks)


def test_default_target_grows_at_the_prices_of_its_country(tmp_path: Path) -> None:
    rows = [f"DEU,{year},{year},{2 * year - 100}" for year in YEARS]
    table = read(tmp_path, lines(["countrycode,year,rgdpe,rgdpna"], rows))
    assert table.target == "rgdpna"


def two_countries(write: Callable[[str, str, float], str]) -> list[str]:
    return [
        write(country, quarter, x * factor)
        for country, factor in (("DE", 1), ("FR", 2), ("I9", 4))
        for quarter, x in EXPECTED.items()
    ]


SDMX = {
    "labels behind codes": lines(
        [
            "STRUCTURE,REF_AREA,Reference area,TRANSACTION,Transaction,TIME_PERIOD,"
            "OBS_VALUE"
        ],
        two_countries(lambda c, q, x: f"D,{c},Some area,B1GQ,GDP,{q[:4]}-{q[4:]},{x}"),
    ),
    "labels with codes": lines(
        ["FREQ:Frequency,REF_AREA:Area,STO:Item,TIME_PERIOD:Period,OBS_VALUE:Value"],
        two_countries(
            lambda c, q, x: f"Q: Quarterly,{c}: Area,B1GQ: GDP,{q[:4]}-{q[4:]},{x}"
        ),
    ),
    "key of area and series": lines(
        ["KEY,FREQ,REF_AREA,STO,UNIT,TIME_PERIOD,OBS_VALUE"],
        two_countries(
            lambda c, q, x: f"MNA.Q.{c}.B1GQ,Q,{c},B1GQ,EUR,{q[:4]}-{q[4:]},{x}"
        ),
    ),
}


@pytest.mark.parametrize("name", SDMX)
def test_sdmx_with_labels_and_keys(tmp_path: Path, name: str) -> None:
    table = read(tmp_path, SDMX[name])
    assert values(table, "DEU", "B1GQ") == EXPECTED
    assert table.kinds == {"B1GQ": "flow"}
    assert {*table.observations["country"].astype(str)} == {"DEU", "FRA"}
    assert {*table.aggregates["country"].astype(str)} == {"I9"}


def test_code_of_country_and_series_does_not_split_a_series(tmp_path: Path) -> None:
    header = ",".join(
        p for y in YEARS for p in (str(y), *(f"{y}-Q{n}" for n in range(1, 5)))
    )
    rows = []
    for country in ("Germany", "France"):
        quarters = [
            f",{','.join(map(str, LEVELS[4 * n : 4 * n + 4]))}"
            for n in range(len(YEARS))
        ]
        years = [f"{year},,,," for year in YEARS]
        for code, row in (("Q", quarters), ("A", years)):
            rows.append(f"{country}.{code},{country},GDP volume,{code},{','.join(row)}")
    table = read(
        tmp_path, lines([f"SERIES_CODE,COUNTRY,INDICATOR,FREQUENCY,{header}"], rows)
    )
    assert table.kinds == {"GDP volume": "flow"}
    assert values(table, "DEU") == EXPECTED
    assert any("longer periods left out" in text for text in table.understood.remarks)


@pytest.mark.parametrize("countries_first", [True, False])
def test_merged_header_names_every_column_below_it(
    tmp_path: Path, countries_first: bool
) -> None:
    countries, series = ["Germany", "France"], ["Real GDP", "Unemployment rate"]
    above, below = (countries, series) if countries_first else (series, countries)
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append([None, above[0], None, above[1], None])
    sheet.append([None, *below, *below])
    for n, (quarter, x) in enumerate(EXPECTED.items()):
        rate = RATES[n]
        sheet.append(
            [quarter, *((x, rate, x, rate) if countries_first else (x, x, rate, rate))]
        )
    book.save(tmp_path / "own.xlsx")
    table = user_panel.read(tmp_path / "own.xlsx")
    for country in ("DEU", "FRA"):
        assert values(table, country, "Real GDP") == EXPECTED
        assert [*values(table, country, "Unemployment rate").values()] == RATES[:120]


def test_groups_of_countries_without_a_code_are_not_countries(tmp_path: Path) -> None:
    areas = {
        "Germany": "DEU",
        "Kosovo": "OWID_KOS",
        "Africa": "",
        "Rest of the World": "",
    }
    areas |= {
        "European Union (27)": "",
        "Total": "",
        "Middle East and Central Asia": "",
    }
    rows = [f"{a},{c},{y},{100 + y % 9}" for a, c in areas.items() for y in YEARS]
    table = read(tmp_path, lines(["Entity,Code,Year,gdp"], rows))
    assert {*table.observations["country"].astype(str)} == {"DEU", "XKX"}


def test_countries_are_found_in_the_language_of_the_file(tmp_path: Path) -> None:
    rows = [
        f"{a};{q};{x}"
        for a in ("Deutschland", "Österreich")
        for q, x in EXPECTED.items()
    ]
    text = lines(["Land;Zeit;BIP (Mio. EUR)"], rows)
    table = read(tmp_path, text, "cp1252")
    assert {*table.observations["country"].astype(str)} == {"DEU", "AUT"}
    assert table.kinds == {"BIP (Mio. EUR)": "flow"}


def test_code_for_missing_that_is_near_the_values_is_recognised(tmp_path: Path) -> None:
    rows = [f"DEU,{y},{-99 if y % 7 == 0 else 40 + n * 5}" for n, y in enumerate(YEARS)]
    table = read(tmp_path, lines(["country,year,cpi"], rows))
    assert min(values(table, "DEU").values()) > 0
    assert table.kinds == {"cpi": "index"}


def test_negative_value_of_a_balance_is_not_a_code(tmp_path: Path) -> None:
    rows = [f"DEU,{y},{-99 if y == 2001 else 40 * (-1) ** y}" for y in YEARS]
    table = read(tmp_path, lines(["country,year,balance"], rows))
    assert values(table, "DEU")["2001"] == -99


def test_index_with_the_year_before_as_100_is_refused(tmp_path: Path) -> None:
    rows = by_quarter(lambda q, _: f"CHN,{q},{100 + int(q[3])}")
    header = "country,quarter,GDP index (same quarter of previous year = 100)"
    with pytest.raises(DataError, match="subtract 100 and call it growth"):
        read(tmp_path, lines([header], rows))


def test_yes_and_no_are_a_flag(tmp_path: Path) -> None:
    rows = by_quarter(lambda q, x: f"USA,{q},{x},{'yes' if q < '1992' else 'no'}")
    table = read(tmp_path, lines(["country,quarter,gdp,recession"], rows))
    assert table.kinds["recession"] == "flag"
    assert sum(values(table, "USA", "recession").values()) == 8


def test_sorted_rows_with_their_old_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"period": QUARTERS, "country": "DEU", "gdp": LEVELS})
    text = frame.sample(frac=1, random_state=0).to_csv()
    assert values(read(tmp_path, text), "DEU") == EXPECTED


def test_repeated_fault_is_reported_once_and_counted(tmp_path: Path) -> None:
    rows = [f"DEU,{y}H{half},{y / 10}" for y in YEARS for half in (1, 2)]
    with pytest.raises(DataError, match=r"half-year.*\(and 59 more such\)$"):
        read(tmp_path, lines(["country,period,gdp"], rows))


def test_years_before_dates_begin_are_left_out(tmp_path: Path) -> None:
    rows = [f"Germany,{y},{1000 + y}" for y in (1, 1500, 1600, *YEARS)]
    table = read(tmp_path, lines(["country,year,gdppc"], rows))
    assert min(values(table, "DEU")) == "1990"
    assert "years before 1700 left out" in table.understood.remarks


@pytest.mark.parametrize("name", ["GDP at constant prices", "exports (Mio. USD)"])
def test_amount_is_not_a_price(tmp_path: Path, name: str) -> None:
    table = read(
        tmp_path,
        lines([f"country,period,{name}"], by_quarter(lambda q, x: f"DEU,{q},{x}")),
    )
    assert table.kinds == {name: "flow"}


@pytest.mark.parametrize("name", ["EURUSD", "usd_jpy", "Brent oil"])
def test_exchange_rate_is_a_price(tmp_path: Path, name: str) -> None:
    rows = [f"DEU,{m},{x}" for m, x in zip(MONTHS, RATES, strict=True)]
    assert read(tmp_path, lines([f"country,month,{name}"], rows)).kinds == {
        name: "price"
    }


def test_balance_in_percent_of_output_is_not_a_target(tmp_path: Path) -> None:
    rows = [f"DEU,{m[:4]},{n % 5 - 2},{n % 3 + 4}" for n, m in enumerate(MONTHS[::12])]
    table = read(tmp_path, lines(["country,year,fiscal balance % GDP,rate"], rows))
    assert table.target == ""


@pytest.mark.parametrize("name", ["quarter", "qtr", "Q"])
def test_year_and_quarter_in_two_columns(tmp_path: Path, name: str) -> None:
    rows = by_quarter(lambda q, x: f"DEU,{q[:4]},{q[5]},{x}")
    table = read(tmp_path, lines([f"country,year,{name},gdp"], rows))
    assert values(table, "DEU") == EXPECTED
    assert table.understood.left_out == {name: "it gives the quarter of year"}


def test_country_of_two_names_is_reported(tmp_path: Path) -> None:
    rows = [f"{c},{y},{100 + y % 7}" for c in ("Germany", "France") for y in YEARS]
    table = read(tmp_path, lines(["country,year,gdp"], rows, ["DEU,2020,105"]))
    assert values(table, "DEU")["2020"] == 105
    assert "taken for one country: DEU and Germany" in table.understood.remarks


@pytest.mark.parametrize("small_bytes", [300, text_files.SMALL_BYTES])
def test_underscore_makes_no_number_in_a_file_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_bytes: int
) -> None:
    monkeypatch.setattr(text_files, "SMALL_BYTES", small_bytes)
    rows = [f"DEU,{y},{100 + y % 7}" for y in YEARS]
    with pytest.raises(DataError, match="line 32, gdp: '1_000' is not a number"):
        read(tmp_path, lines(["country,year,gdp"], rows, ["DEU,2020,1_000"]))


@pytest.mark.parametrize("small_bytes", [300, text_files.SMALL_BYTES])
def test_last_line_counts_though_it_is_long_and_has_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_bytes: int
) -> None:
    monkeypatch.setattr(text_files, "SMALL_BYTES", small_bytes)
    rows = [f"DEU,{y},{100 + y % 7}" for y in YEARS]
    before = lines(["country,year,gdp"], rows, [""])
    table = read(tmp_path, f"{before}DEU,2020,107{' ' * 5_000}")
    assert values(table, "DEU")["2020"] == 107
    with pytest.raises(DataError, match=r"line 32, gdp: '1111.*' is not a number"):
        read(tmp_path, f"{before}DEU,2020,{'1' * 5_000}")
    with pytest.raises(DataError, match="line 32 is longer than"):
        read(tmp_path, f"{before}DEU,2020,{' ' * 3_000_000}")


@pytest.mark.parametrize("n_more", [0, 30])
@pytest.mark.parametrize("late", [{}, {"gdp": "not available"}, {"gdp": "1,5"}])
def test_small_and_large_files_are_read_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: dict[str, str], n_more: int
) -> None:
    """Of the large one only the first lines are seen before it is read as numbers."""
    cells = [
        {"country": country, "year": str(year), "gdp": str(100 + year % 7), "cpi": ".."}
        | {f"rate {n}": f"{(n * year) % 11}.5" for n in range(n_more)}
        for country in ("NA", "DEU", "FRA")
        for year in YEARS
    ]
    for row in cells[40:]:
        row["cpi"] = f"{int(row['year']) % 5}.25"
    cells[-1] |= late
    text = lines([";".join(cells[0])], [";".join(row.values()) for row in cells])
    small = read(tmp_path, text)
    monkeypatch.setattr(text_files, "SMALL_BYTES", 300 + 100 * n_more)
    monkeypatch.setattr(text_files, "SAMPLE_LETTERS", 600 + 100 * n_more)
    large = read(tmp_path, text)
    pd.testing.assert_frame_equal(small.observations, large.observations)
    assert "NAM" in {*large.observations["country"]}
    assert large.understood == small.understood


def test_cell_far_down_a_large_file_is_reported_if_it_is_not_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_files, "SMALL_BYTES", 300)
    monkeypatch.setattr(text_files, "SAMPLE_LETTERS", 600)
    rows = [f"DEU,{y},{100 + y % 7},{y % 5}" for y in YEARS]
    rows[-2] = "DEU,2018,unknown,3"
    with pytest.raises(DataError, match="line 30, gdp: 'unknown' is not a number"):
        read(tmp_path, lines(["country,year,gdp,rate"], rows))


def test_quarters_repeated_in_their_months_are_quarterly(tmp_path: Path) -> None:
    months = enumerate(MONTHS)
    text = lines(
        ["month,gdp,rate"],
        [f"{month},{LEVELS[n // 3]},{RATES[n]}" for n, month in months],
    )
    table = read(tmp_path, text, country="DEU")
    assert values(table, "DEU", "gdp") == EXPECTED
    known = table.observations.set_index(["indicator", "period"])["known_at"]
    assert known["gdp", "1990Q1"] == pd.Timestamp("1990-06-30")
    assert "gdp: read as quarterly" in "; ".join(table.understood.remarks)
    kept = read(tmp_path, text, country="DEU", kinds={"gdp": "keep"})
    assert len(values(kept, "DEU", "gdp")) == 360


def test_policy_rate_that_rarely_changes_stays_monthly(tmp_path: Path) -> None:
    rates = [4.0 + (n // 60) * 0.25 for n in range(360)]
    rows = [f"{m},{rate},{x}" for m, rate, x in zip(MONTHS, rates, RATES, strict=True)]
    table = read(tmp_path, lines(["month,policy rate,other"], rows), country="DEU")
    assert len(values(table, "DEU", "policy rate")) == 360


@pytest.mark.parametrize(
    ("period", "message"),
    [
        ("2019e", "'2019e' has a letter after the year, as estimates"),
        ("Q1 FY2019", "'Q1 FY2019' is a quarter of a fiscal year"),
        ("2018-19:Q1", "'2018-19:Q1' is a quarter of a fiscal year"),
    ],
)
def test_periods_that_are_not_calendar_periods_are_refused_with_the_remedy(
    tmp_path: Path, period: str, message: str
) -> None:
    rows = [f"{year},{100 + year % 7}" for year in YEARS[:-1]]
    with pytest.raises(DataError, match=message):
        read(tmp_path, lines(["period,gdp"], rows, [f"{period},99"]), country="DEU")


def test_groups_of_countries_have_many_names(tmp_path: Path) -> None:
    groups = ["Welt", "Euroraum", "Zone euro", "Rest of the world", "Afrique"]
    names = ["Deutschland", "Frankreich", *groups]
    rows = [f"{name},{year},{100 + year % 7}" for name in names for year in YEARS]
    table = read(tmp_path, lines(["Land,Jahr,BIP"], rows))
    assert {*table.observations["country"]} == {"DEU", "FRA"}


@pytest.mark.parametrize("name", ["IP (YoY)", "Output, % q/q", "sales m/m"])
def test_growth_is_growth_however_it_is_written(tmp_path: Path, name: str) -> None:
    rows = [f"{q},{n % 9 - 3.5}" for n, q in enumerate(QUARTERS)]
    table = read(tmp_path, lines([f'period,"{name}"'], rows), country="DEU")
    assert table.kinds[name] == "growth"
