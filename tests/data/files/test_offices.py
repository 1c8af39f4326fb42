"""Small files in the layouts of more offices and programs, with their numbers."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from econnet.core.errors import DataError
from econnet.data.files import large_texts, text_files, user_panel
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

ROMAN = ["I", "II", "III", "IV"]
WORDS = ["First", "Second", "Third", "Fourth"]

ONE_SERIES = {
    "Statistics Sweden": lines(
        [f'"item",{",".join(q.replace("Q", "K") for q in QUARTERS)}'],
        [f'"GDP",{",".join(map(str, LEVELS))}'],
    ),
    "Statistics Netherlands": lines(
        ['"ID";"Perioden";"Bbp"'],
        [f'"{n}";"{q[:4]}KW0{q[5]}";"{x}"' for n, (q, x) in enumerate(EXPECTED.items())]
        + [f'"{year}";"{year}JJ00";"20000"' for year in YEARS],
    ),
    "Statistics Finland": lines(
        ['"Quarter","GDP"'],
        by_quarter(lambda q, x: f'"{q}{"*" if q > "2018" else ""}",{x}'),
    ),
    "Rosstat": lines(
        ["Период;ВВП, млрд руб."],  # noqa: RUF001 - Russian
        by_quarter(
            lambda q, x: (
                f"{ROMAN[int(q[5]) - 1]} квартал {q[:4]};"
                f"{f'{x:,.1f}'.replace(',', ' ').replace('.', ',')}"
            )
        ),
    ),
    "IBGE, two lines of names": lines(
        ['"Tabela 1621"', '"Trimestre","Setores"', '"","PIB a preços de mercado"'],
        by_quarter(lambda q, x: f'"{q[5]}º trimestre {q[:4]}","{x}"'.replace(".", ",")),
    ),
    "GENESIS": lines(
        ["statistics_code;time;2_code;2_label;value;value_variable_label"],
        by_quarter(
            lambda q, x: (
                f"81000;{q[:4]};QUART{q[5]};{q[5]}. Quartal;"
                f"{str(x).replace('.', ',')};Bruttoinlandsprodukt"
            )
        ),
    ),
    "Indian grouping of digits": lines(
        ["Quarter,GDP"],
        by_quarter(lambda q, x: f'{q},"{int(x) // 1000},{f"{x:.1f}"[-5:]}"'),
        ['2020Q1,"1,23,45,678.9"'],
    ),
    "formulas that keep texts": lines(
        ["quarter,gdp"], by_quarter(lambda q, x: f'="{q}",{x}')
    ),
    "number of the quarter behind the year": lines(
        ["quarter,gdp"], by_quarter(lambda q, x: f"{q[:4]}-{q[5]},{x}")
    ),
    "number of the quarter before the year": lines(
        ["quarter,gdp"], by_quarter(lambda q, x: f"{q[5]}/{q[:4]},{x}")
    ),
    "numbers of quarters in words": lines(
        ["quarter,gdp"],
        by_quarter(lambda q, x: f"{WORDS[int(q[5]) - 1]} quarter {q[:4]},{x}"),
    ),
    "seconds since 1970": lines(
        ["date,gdp"],
        by_quarter(lambda q, x: f"{pd.Period(q).start_time.timestamp():.0f},{x}"),
    ),
    "flags of Eurostat": lines(
        ["quarter,gdp"],
        by_quarter(lambda q, x: f'{q},"{x}{" b,p" if q > "2018" else ""}"'),
        ["2020Q1,c", "2020Q2,: c", "2020Q3,_"],
    ),
}


@pytest.mark.parametrize("name", ONE_SERIES)
def test_one_series_in_the_way_of_another_office(tmp_path: Path, name: str) -> None:
    table = read(tmp_path, ONE_SERIES[name], country="DEU")
    found = values(table, "DEU")
    assert {q: x for q, x in found.items() if q < "2020"} == EXPECTED
    assert len(table.kinds) == 1


def test_large_number_in_indian_digits(tmp_path: Path) -> None:
    table = read(tmp_path, ONE_SERIES["Indian grouping of digits"], country="IND")
    assert values(table, "IND")["2020Q1"] == 12_345_678.9


def test_months_of_the_first_third_of_a_year_stay_months(tmp_path: Path) -> None:
    months = [(year, month) for year in YEARS for month in (1, 2, 3, 4, 5)]
    rows = [f"{year}-{month},{month + year % 7}" for year, month in months]
    table = read(tmp_path, lines(["month,rate"], rows), country="DEU")
    assert "1990-04" in values(table, "DEU")


def test_labels_of_oecd_stat_are_called_like_their_codes(tmp_path: Path) -> None:
    names = "LOCATION,Country,SUBJECT,Subject,TIME,Period,Value"
    rows = by_quarter(
        lambda q, x: (
            f"DEU,Germany,B1_GE,GDP,{q[:4]}-{q[4:]},{q[4:]}-{q[:4]},{x}\n"
            f"FRA,France,B1_GE,GDP,{q[:4]}-{q[4:]},{q[4:]}-{q[:4]},{2 * x}"
        )
    )
    table = read(tmp_path, lines([names], rows))
    assert table.kinds == {"B1_GE": "flow"}
    assert values(table, "DEU") == EXPECTED


def test_first_lines_of_sdmx_without_a_value_are_no_names(tmp_path: Path) -> None:
    rows = by_quarter(lambda q, x: f"B1GQ,DE,{q},{x if q > '1991' else ''},")
    table = read(tmp_path, lines(["na_item,geo,TIME_PERIOD,OBS_VALUE,FLAG"], rows))
    assert values(table, "DEU") == {q: x for q, x in EXPECTED.items() if q > "1991"}


def test_transformation_of_all_rows_makes_growth(tmp_path: Path) -> None:
    names = "REF_AREA,TRANSACTION,UNIT_MEASURE,TRANSFORMATION,TIME_PERIOD,OBS_VALUE"
    rows = by_quarter(lambda q, x: f"DEU,B1GQ,PC,GY,{q},{x % 7 - 3:.1f}")
    table = read(tmp_path, lines([names], rows))
    assert table.kinds == {"B1GQ": "growth"}


def test_series_are_called_after_what_they_measure(tmp_path: Path) -> None:
    header = ",".join(f"{q[:4]}-{q[4:]}" for q in QUARTERS)
    rows = [
        f"Germany,Gross domestic product,Constant prices,Domestic currency,"
        f"{','.join(map(str, LEVELS))}",
        f"Germany,All items,,Index,{','.join(map(str, LEVELS))}",
    ]
    names = "COUNTRY,INDICATOR,PRICE_TYPE,TYPE_OF_TRANSFORMATION"
    table = read(tmp_path, lines([f"{names},{header}"], rows))
    assert table.kinds == {"Gross domestic product": "flow", "All items": "flow"}


def test_flat_file_of_the_bis_has_a_dimension_called_value(tmp_path: Path) -> None:
    names = (
        "FREQ:Frequency,REF_AREA:Area,VALUE:Value,UNIT_MEASURE:Unit,"
        "TIME_PERIOD:Period,OBS_VALUE:Observation"
    )
    rows = [
        f"Q: Quarterly,{area},R: Real,{unit},{q},{x * factor:.1f}"
        for area in ("DE: Germany", "FR: France")
        for unit, factor in (("628: Index", 1), ("771: Percent", 0.001))
        for q, x in EXPECTED.items()
    ]
    table = read(tmp_path, lines([names], rows))
    (index,) = [name for name in table.kinds if "628" in name]
    assert values(table, "DEU", index) == EXPECTED


def test_footnotes_of_un_data_follow_without_a_blank_line(tmp_path: Path) -> None:
    rows = [f"Germany,{y},GDP,{100 + y % 7}," for y in YEARS]
    notes = ["footnoteSeqID,Footnote", "1,Fiscal years begin in July."]
    names = "Country or Area,Year,Item,Value,Value Footnotes"
    table = read(tmp_path, lines([names], rows, notes))
    assert len(values(table, "DEU")) == len(YEARS)
    assert any("second table" in text for text in table.understood.remarks)


def test_line_that_is_too_short_is_no_second_table(tmp_path: Path) -> None:
    rows = [f"Germany,{y},GDP,{100 + y % 7}" for y in YEARS]
    with pytest.raises(DataError, match="line 32 has fewer cells"):
        read(tmp_path, lines(["country,year,item,value"], rows, ["Germany,2020"]))


def test_world_is_known_by_its_name_where_its_code_is_private(tmp_path: Path) -> None:
    areas = {"Germany": "DEU", "Kosovo": "OWID_KOS", "World": "OWID_WRL"}
    rows = [
        f"{a},{c},{y},{100 + y % 9},Europe" for a, c in areas.items() for y in YEARS
    ]
    table = read(tmp_path, lines(["Entity,Code,Year,gdp,region"], rows))
    assert {*table.observations["country"].astype(str)} == {"DEU", "XKX"}
    assert len(table.aggregates) == len(YEARS)


def test_country_beside_two_of_its_regions_is_their_sum(tmp_path: Path) -> None:
    rows = [
        f"{m},{a},{x}"
        for a in ("Canada", "Ontario", "Quebec")
        for m, x in zip(MONTHS, RATES, strict=True)
    ]
    table = read(tmp_path, lines(["REF_DATE,GEO,rate"], rows))
    assert {*table.observations["country"].astype(str)} == {"CA-ON", "CA-QC"}
    assert {*table.aggregates["country"].astype(str)} == {"CAN"}


def test_codes_beside_the_united_states_are_countries(tmp_path: Path) -> None:
    rows = [f"{a},{y},{100 + y % 9}" for a in ("US", "DE", "IN") for y in YEARS]
    table = read(tmp_path, lines(["country,year,gdp"], rows))
    assert {*table.observations["country"].astype(str)} == {"USA", "DEU", "IND"}


def test_rows_of_alfred_are_known_from_the_start_of_their_period(
    tmp_path: Path,
) -> None:
    rows = by_quarter(
        lambda q, x: (
            f"{pd.Period(q).start_time.date()},{x},{int(q[:4]) + 1}-05-01,"
            f"{int(q[:4]) + 2}-04-30\n{pd.Period(q).start_time.date()},{x + 1},"
            f"{int(q[:4]) + 2}-05-01,9999-12-31"
        )
    )
    names = "observation_date,GDPC1,realtime_start_date,realtime_end_date"
    table = read(tmp_path, lines([names], rows))
    assert table.kinds == {"GDPC1": "flow"}
    first = table.observations[table.observations["period"] == "1990Q1"]
    assert first["known_at"].dt.year.tolist() == [1991, 1992]
    assert first["value"].tolist() == [LEVELS[0], LEVELS[0] + 1]


def test_sheets_of_fred_by_frequency_are_one_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "README"
    for name, names, periods, numbers in (
        ("Quarterly", ["GDPC1"], QUARTERS, [LEVELS]),
        ("Monthly", ["UNRATE", "FEDFUNDS"], MONTHS, [RATES, RATES]),
    ):
        sheet = book.create_sheet(name)
        sheet.append(["observation_date", *names])
        for period, *row in zip(periods, *numbers, strict=True):
            sheet.append([pd.Period(period).start_time.to_pydatetime(), *row])
    book.save(tmp_path / "fred.xlsx")
    table = user_panel.read(tmp_path / "fred.xlsx")
    assert values(table, "USA", "GDPC1") == EXPECTED
    assert values(table, "USA", "UNRATE") == dict(zip(MONTHS, RATES, strict=True))
    chosen = user_panel.read(tmp_path / "fred.xlsx", sheet="Monthly")
    assert {*chosen.kinds} == {"UNRATE", "FEDFUNDS"}


@pytest.mark.parametrize("name", ["実質", "鉱工業", "ドル円", "失業率"])
def test_a_single_japanese_word_is_read_as_such(tmp_path: Path, name: str) -> None:
    rows = [f"JPN,{m},{x}" for m, x in zip(MONTHS, RATES, strict=True)]
    table = read(tmp_path, lines([f"country,month,{name}"], rows), "shift_jis")
    assert [*table.kinds] == [name]


@pytest.mark.parametrize("name", ["“taux”", "Österreichs Zins", "taux d’intérêt"])  # noqa: RUF001 - as written
def test_a_western_name_is_not_read_as_japanese(tmp_path: Path, name: str) -> None:
    rows = [f"FRA,{m},{x}" for m, x in zip(MONTHS, RATES, strict=True)]
    table = read(tmp_path, lines([f"country,month,{name}"], rows), "cp1252")
    assert [*table.kinds] == [name]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866"])
def test_russian_in_any_of_its_encodings(tmp_path: Path, encoding: str) -> None:
    rows = by_quarter(lambda q, x: f"Россия;{q};{x}")
    table = read(tmp_path, lines(["Страна;Период;ВВП"], rows), encoding)
    assert values(table, "RUS") == EXPECTED


def test_empty_cells_are_counted_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_files, "SMALL_BYTES", 300)
    monkeypatch.setattr(text_files, "SAMPLE_LETTERS", 3_000)
    monkeypatch.setattr(large_texts, "MAX_EMPTY_CELLS", 20_000)
    rows = by_quarter(lambda q, x: f"DEU,{q},{x}")
    for empty, n in (("," * 200, 200), (",,", 20_000)):
        with pytest.raises(DataError, match="more than 20,000 empty cells and little"):
            read(tmp_path, lines(["country,period,gdp"], rows, [empty] * n))
    # Half of the values are missing in many good files.
    sparse = [f"{row},{'1234.5,,' * 5}" for row in rows]
    names = ",".join(f"x{n}" for n in range(11))
    monkeypatch.setattr(large_texts, "MAX_EMPTY_CELLS", 100)
    assert read(tmp_path, lines([f"country,period,gdp,{names}"], sparse)).kinds


def test_file_with_an_unknown_separator_says_which_are_known(tmp_path: Path) -> None:
    rows = by_quarter(lambda q, x: f"DEU^{q}^{x}")
    with pytest.raises(DataError, match="separated by commas, semicolons or tabs"):
        read(tmp_path, lines(["country^period^gdp"], rows))
