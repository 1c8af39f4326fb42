from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from econnet.core import catalog
from econnet.core.errors import DataError, UsageError
from econnet.data import panel
from econnet.data.files import user_panel
from econnet.data.files.user_panel import Kind
from econnet.data.sources.observations import OBSERVATION_COLUMNS, SERIES_COLUMNS

LONG = """country,period,indicator,value
Firm A,2020,output,100.5
Firm A,2021,output,101.25
NA,2020,output,7
"""
WIDE = """country,period,output,slump
Firm A,2020,100.5,0
Firm A,2021,101.25,1
NA,2020,7,
"""


def file(folder: Path, text: str, name: str = "own.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def values(table: user_panel.Table) -> dict[tuple[str, str, str], float]:
    rows = table.observations
    keys = zip(rows["country"], rows["indicator"], rows["period"], strict=True)
    return dict(zip(keys, rows["value"], strict=True))


OUTPUT = {
    ("Firm A", "output", "2020"): 100.5,
    ("Firm A", "output", "2021"): 101.25,
    ("NA", "output", "2020"): 7.0,
}


def test_long_and_wide_tables_give_the_same_values(tmp_path: Path) -> None:
    long, wide = (user_panel.read(file(tmp_path, text)) for text in (LONG, WIDE))
    assert values(long) == OUTPUT
    # Namibia's code is not a missing value, and an empty cell is one.
    assert values(wide) == OUTPUT | {
        ("Firm A", "slump", "2020"): 0.0,
        ("Firm A", "slump", "2021"): 1.0,
    }
    assert list(long.observations.columns) == OBSERVATION_COLUMNS
    assert {*long.series.columns} >= {*SERIES_COLUMNS}


@pytest.mark.parametrize("ending", ["parquet", "xlsx"])
def test_every_format_gives_the_same_values(tmp_path: Path, ending: str) -> None:
    if ending == "xlsx":
        pytest.importorskip("openpyxl")
    frame = pd.DataFrame(
        {"country": ["Firm A", "Firm A", "NA"], "period": [2020, 2021, 2020]}
    ).assign(output=[100.5, 101.25, 7.0])
    path = tmp_path / f"own.{ending}"
    if ending == "xlsx":
        frame.to_excel(path, index=False)
    else:
        duckdb.from_df(frame).write_parquet(str(path))
    assert values(user_panel.read(path)) == OUTPUT


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["2020", "2021"], ["2020", "2021"]),
        (["2020Q1", "2020-Q2", "2020 q3"], ["2020Q1", "2020Q2", "2020Q3"]),
        (["2020-01", "2020M02", "2020-3"], ["2020-01", "2020-02", "2020-03"]),
        (["2019-12-31", "2020-12-31"], ["2019", "2020"]),
        (["2020-01-01", "2020-04-01", "2020-10-01"], ["2020Q1", "2020Q2", "2020Q4"]),
        (["2020-01-31", "2020-02-29"], ["2020-01", "2020-02"]),
    ],
)
def test_periods_are_read_as_they_are_written(
    tmp_path: Path, written: list[str], read: list[str]
) -> None:
    lines = [f"A,{text},{number}" for number, text in enumerate(written, start=2)]
    path = file(tmp_path, "\n".join(["country,period,x", *lines]))
    assert user_panel.read(path).observations["period"].tolist() == read


def test_value_is_known_a_period_after_its_own_unless_given(tmp_path: Path) -> None:
    text = (
        "country,period,indicator,value,known_at\n"
        "A,2020Q1,x,1,\nA,2020Q2,x,2,2020-08-15\nA,2020Q2,x,2.5,2020-11-15\n"
    )
    rows = user_panel.read(file(tmp_path, text)).observations
    known_at = rows["known_at"].dt.strftime("%Y-%m-%d").tolist()
    assert known_at == ["2020-06-30", "2020-08-15", "2020-11-15"]
    # The date of the file is the last day on which a value became known.
    assert rows["retrieved_at"].unique().tolist() == [pd.Timestamp("2020-11-15")]
    at_once = user_panel.read(file(tmp_path, text), lag=0).observations
    assert at_once["known_at"].iloc[0] == pd.Timestamp("2020-03-31")


@pytest.mark.parametrize(
    "written",
    [
        "2022-02-01",
        "2022-02-01 00:00:00",
        "2022-02-01T00:00Z",
        "2022-02-01 00:00:00+14",
    ],
)
def test_moment_of_any_zone_is_known_on_the_day_that_is_written(
    tmp_path: Path, written: str
) -> None:
    path = file(tmp_path, f"country,period,x,known_at\nA,2020,1,{written}\nA,2021,2,\n")
    rows = user_panel.read(path).observations
    assert rows["known_at"].tolist() == [
        pd.Timestamp("2022-02-01"),
        pd.Timestamp("2022-12-31"),
    ]


def test_real_vintages_reach_the_panel(tmp_path: Path) -> None:
    text = (
        "country,period,indicator,value,known_at\n"
        "A,2020,x,1,2021-02-01\nA,2020,x,2,2022-02-01\nA,2021,x,3,2022-02-01\n"
    )
    table = user_panel.read(file(tmp_path, text))
    for as_of, value in (("2021-12-31", 1.0), ("2022-12-31", 2.0)):
        built = panel.build(
            table.observations, "A", pd.Timestamp(as_of), table.indicators
        )
        assert built.values["x"].iloc[0] == value


KINDS: dict[str, tuple[str, list[float], Kind]] = {
    "zeros and ones": ("slump", [0, 1, 1, 0], "flag"),
    "falls below zero": ("net orders", [3.5, -1.0, 2.0, 4.0], "balance"),
    "called a spread": ("Termspread", [3.5, -1.0, 2.0, 4.0], "balance"),
    "called a growth rate": ("growth rate", [1.0, 1.5, 2.0, 2.5], "growth"),
    "called an exchange": ("pound exchange", [1.0, 1.5, 1.4, 1.3], "price"),
    "rate by its id": ("unrate", [4.0, 4.1, 4.2, 4.3], "rate"),
    "index by its id": ("INDPRO", [60.0, 58.0, 57.0, 59.0], "index"),
    "balance by its title": ("External balance", [3.5, 1.0, 2.0, 4.0], "balance"),
    "growth by a level's name": ("exports", [3.5, -1.0, 2.0, 4.0], "balance"),
    "called a rate": ("interest rate", [3.0, 3.5, 4.0, 4.5], "rate"),
    "moves both ways": ("jobless", [5.0, 6.1, 5.2, 4.9], "rate"),
    "passes 100": ("production", [98.0, 100.0, 103.0, 104.0], "index"),
    "called an index": ("share prices", [900.0, 850.0, 990.0, 970.0], "index"),
    "rises": ("gdp", [2100.0, 2180.0, 2260.0, 2350.0], "flow"),
}


@pytest.mark.parametrize("case", KINDS)
def test_kind_is_inferred_and_can_be_overruled(tmp_path: Path, case: str) -> None:
    name, numbers, kind = KINDS[case]
    lines = [f"A,{2000 + n},{number}" for n, number in enumerate(numbers)]
    path = file(tmp_path, "\n".join([f"country,period,{name}", *lines]))
    table = user_panel.read(path)
    assert table.kinds == {name: kind}
    other: Kind = "flow" if kind == "rate" else "rate"
    overruled = user_panel.read(path, kinds={name: other})
    assert overruled.kinds == {name: other}
    assert overruled.indicators[name].transform != table.indicators[name].transform


def test_column_with_a_name_of_the_catalog_is_that_indicator(tmp_path: Path) -> None:
    text = "country,period,UNRATE,term_spread,exports,gdp\n" + "".join(
        f"A,{2000 + n},{4 + n / 10},{1 - n},{3 - n},{100 + n}\n" for n in range(5)
    )
    own = file(tmp_path, text)
    table = user_panel.read(own)
    unemployment = table.indicators["UNRATE"]
    known = catalog.load()["unemployment"]
    assert unemployment.key == "UNRATE"
    assert unemployment.measures == "unemployment"
    for what in ("title", "unit", "group", "transform"):
        assert getattr(unemployment, what) == getattr(known, what)
    assert table.indicators["term_spread"].measures == "term_spread"
    # Growth is called exports here, and everybody's gdp could be anything.
    assert [table.indicators[name].measures for name in ("exports", "gdp")] == ["", ""]
    assert table.recognised == {"UNRATE": "unemployment"}
    titles = table.series.set_index("indicator")["title"]
    assert titles["UNRATE"] == "Unemployment rate"


@pytest.mark.parametrize(
    ("head", "kind", "unit"),
    [
        ("real_gdp", "flow", "units of the file"),
        ("retail_sales", "index", "units of the file"),
        ("industrial_production", "index", "index"),
        ("unemployment", "rate", "percent"),
    ],
)
def test_level_has_the_unit_of_the_file_and_not_that_of_the_catalog(
    head: str, kind: Kind, unit: str, tmp_path: Path
) -> None:
    """A user's index of retail sales of 152 was called `million US dollars`."""
    rows = "".join(f"A,{2000 + n},{100 + 3 * n + n % 2}\n" for n in range(9))
    path = file(tmp_path, f"country,period,{head}\n{rows}")
    table = user_panel.read(path, kinds={head: kind})
    assert table.indicators[head].unit.startswith(unit)


def test_user_can_say_that_a_column_is_not_what_it_is_called(tmp_path: Path) -> None:
    text = "country,period,UNRATE\nA,2000,4\nA,2001,5\n"
    own = file(tmp_path, text)
    persons = user_panel.read(own, kinds={"UNRATE": "flow"}).indicators["UNRATE"]
    assert (persons.title, persons.measures) == ("UNRATE", "")
    level = user_panel.read(own, kinds={"UNRATE": "balance"}).indicators["UNRATE"]
    assert (level.transform, level.measures) == ("level", "unemployment")


def test_value_that_is_known_only_later_is_left_out_and_reported(
    tmp_path: Path,
) -> None:
    path = file(
        tmp_path,
        "country,period,x,known_at\nA,2019,1,\nA,2020,2,2021-06-01\n"
        "A,2021,3,2923-01-01\n",
    )
    table = user_panel.read(path)
    assert table.observations["period"].tolist() == ["2019", "2020"]
    assert any(
        warning.startswith("1 value published after ")
        for warning in table.understood.warnings
    )


RATES = """country,period,indicator,value,known_at
A,2020-01,GS10,1.8,2020-02-03
A,2020-01,tb3ms,1.5,2020-02-05
A,2020-02,GS10,1.5,2020-03-03
A,2020-01,tb3ms,1.6,2020-03-09
"""


def test_parts_of_the_spread_give_it_when_both_were_known(tmp_path: Path) -> None:
    table = user_panel.read(file(tmp_path, RATES))
    rows = table.observations
    spread = rows[rows["indicator"] == "term_spread"]
    assert spread[["period", "value", "known_at"]].to_numpy().tolist() == [
        ["2020-01", 0.3, pd.Timestamp("2020-02-05")],
        ["2020-01", 0.2, pd.Timestamp("2020-03-09")],
    ]
    assert table.kinds["term_spread"] == "balance"
    assert table.indicators["term_spread"].measures == "term_spread"
    own = RATES + "A,2020-01,Term_Spread,9,2020-02-03\n"
    names = {*user_panel.read(file(tmp_path, own)).observations["indicator"]}
    assert names == {"GS10", "tb3ms", "Term_Spread"}


def test_kind_of_an_unknown_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no column 'gpd': it has output, slump"):
        user_panel.read(file(tmp_path, WIDE), kinds={"gpd": "flow"})


HEADER = "country,period,x\n"
BAD_FILES = {
    "no country": (
        "period,x\n2020,1\n2021,2\n",
        "no country column: name its country with --country DEU",
    ),
    "no period": ("country,x\nA,1\nA,2\n", "no column of periods below line 1"),
    "no names": ("A,2020Q1,1\nA,2020Q2,2\n", "line 1 looks like data"),
    "no value": (HEADER, "has no value"),
    "empty cell": (HEADER + "A,2020,1\n,2021,1\n", "line 3: country is missing"),
    "words": (HEADER + "A,2020,1\nA,2021,many\n", "line 3, x: 'many' is not a number"),
    "decimal comma": (HEADER + 'A,2020,1.5\nA,2021,"1,5"\n', "'1,5' is not a number"),
    "infinite": (HEADER + "A,2020,1\nA,2021,inf\n", "'inf' is not a number"),
    "period": (HEADER + "A,2020,1\nA,20,1\n", "line 3: '20' is not a period"),
    "quarter five": (HEADER + "A,2020Q5,1\n", "'2020Q5' is not a period"),
    "date": (HEADER + "A,2020-02-31,1\n", "'2020-02-31' is not a period"),
    "weeks": (HEADER + "A,2020-01-03,1\nA,2020-01-10,1\nA,2020-02-07,1\n", "several"),
    "contradiction": (HEADER + "A,2020,1\nA,2020,2\n", "two values for A x 2020"),
    "known_at": (
        "country,period,x,known_at\nA,2020,1,soon\n",
        "publication date 'soon'",
    ),
    "known today": (
        "country,period,x,known_at\nA,2020,1,today\n",
        "publication date 'today'",
    ),
    "day or month": (
        "country,period,x,known_at\nA,2020,1,02/03/2021\n",
        "publication date '02/03/2021' is not a date: write 2020-01-31",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_file_is_named_with_line_and_remedy(tmp_path: Path, case: str) -> None:
    text, reason = BAD_FILES[case]
    with pytest.raises(DataError, match=rf"^own\.csv.*{reason}") as caught:
        user_panel.read(file(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["own.parquet", "own.xlsx"])
def test_file_of_another_type_than_its_name_is_refused(
    tmp_path: Path, name: str
) -> None:
    for text in ("", "PK\x03\x04" + WIDE, "PAR1" + WIDE):
        with pytest.raises(DataError, match=name):
            user_panel.read(file(tmp_path, text, name))


def test_absent_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        user_panel.read(tmp_path / "own.csv")
    with pytest.raises(
        DataError, match=r"own\.sav is an SPSS file: save the data as CSV"
    ):
        user_panel.read(file(tmp_path, "$FL2 anything", "own.sav"))


def test_text_is_read_whatever_the_ending(tmp_path: Path) -> None:
    assert values(user_panel.read(file(tmp_path, LONG, "own.xls"))) == OUTPUT


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_raise_a_data_error(tmp_path: Path, content: bytes) -> None:
    for name in ("own.csv", "own.parquet"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError):
            user_panel.read(tmp_path / name)


def test_hostile_file_name_reaches_no_other_file(tmp_path: Path) -> None:
    secret = file(tmp_path, "secret\n1\n", "secret.csv")
    own = tmp_path / "own*.csv"
    own.write_text(WIDE)
    # DuckDB reads the name of a file as a pattern, which may match only the file
    # itself.
    file(tmp_path, "secret\n1\n", "own2.csv")
    assert secret.exists()
    try:
        table = user_panel.read(own)
    except DataError:
        return
    assert "secret" not in {*table.observations["indicator"]}


def test_kind_of_a_column_with_vintages_is_inferred_from_its_newest(
    tmp_path: Path,
) -> None:
    """Output rises in each of three vintages, each on half the base of the last."""
    lines = [
        f"DEU,{year},output,{(year - 1960) / 2**edition},{2020 + edition}-06-30"
        for year in range(1990, 2020)
        for edition in range(3)
    ]
    file = tmp_path / "vintages.csv"
    file.write_text("\n".join(["country,period,indicator,value,known_at", *lines]))
    table = user_panel.read(file)
    assert table.kinds == {"output": "flow"}
    assert len(table.observations) == 90


def test_unknown_kind_is_refused_with_the_known_ones() -> None:
    frame = pd.DataFrame({"country": "DEU", "period": range(1990, 2020), "gdp": 1.0})
    with pytest.raises(UsageError, match="'rte', given for 'gdp', is not a kind: use"):
        user_panel.read(frame, kinds={"gdp": "rte"})  # type: ignore[dict-item]


def test_text_after_a_closing_quotation_mark_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text('country,period,x\n"A" B,2020,1\nA,2021,2\n')
    with pytest.raises(DataError, match="line 2 has text after a closing quotation"):
        user_panel.read(file)
