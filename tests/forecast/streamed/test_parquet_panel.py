from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from econnet.core.errors import DataError, UsageError
from econnet.core.periods import PANDAS_ALIAS, Frequency, parse_period
from econnet.data.files import user_panel
from econnet.forecast.streamed import parquet_panel
from econnet.forecast.streamed.parquet_panel import is_streamed, open_files
from tests.forecast.streamed.panels import long_panel, write


@pytest.mark.parametrize(
    ("text", "frequency"),
    [
        ("1969", "A"),
        ("1969Q4", "Q"),
        ("2020-Q3", "Q"),
        ("2020 q1", "Q"),
        ("2020-01", "M"),
        ("2020M12", "M"),
        ("2020m1", "M"),
        ("2020-08-31", "Q"),
        ("2020-08-31", "A"),
        ("2020-08-31 00:00:00", "M"),
    ],
)
def test_periods_are_counted_as_pandas_does(
    text: str, frequency: Frequency, tmp_path: Path
) -> None:
    table = pd.DataFrame({"country": "A", "period": [text], "sales": 1.0})
    write(table, tmp_path / "panel.parquet")
    is_date = text.count("-") == 2
    panel = open_files(tmp_path, frequency if is_date else None)
    written = parse_period(text[:10])
    assert written is not None
    alias = PANDAS_ALIAS[frequency]
    assert rows_of(panel, 0, 1)["t"][0] == pd.Period(written.text, alias).ordinal


@pytest.mark.parametrize(
    "text", ["2020Q5", "2020-13", "20", "2020-02-30", "2020M01-31", "x", ""]
)
def test_texts_that_are_not_periods_are_refused(text: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"country": "A", "period": [text], "sales": 1.0})
    write(table, tmp_path / "panel.parquet")
    with pytest.raises(DataError, match=r"row 1: .* is not a period"):
        open_files(tmp_path)


def rows_of(panel: parquet_panel.ParquetPanel, start: int, stop: int) -> pd.DataFrame:
    """Return rows of the panel, in its order."""
    queries = panel.query(start, stop)
    parts = [panel.database.execute(query).df() for query in queries]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(("start", "stop"), [(0, 3600), (1150, 1250), (1199, 2500)])
def test_rows_of_several_files_are_read_as_they_are(
    tmp_path: Path, start: int, stop: int
) -> None:
    table = long_panel(countries=60, periods=60)
    write(table, *(tmp_path / f"part-{number}.parquet" for number in range(3)))
    panel = open_files(tmp_path)
    assert panel.rows == len(table)
    rows = rows_of(panel, start, stop)
    np.testing.assert_array_equal(rows["n"], np.arange(start, stop))
    for number, column in enumerate(panel.columns):
        np.testing.assert_array_equal(
            rows[f"x{number}"], table[column].to_numpy("f4")[start:stop]
        )


def test_row_is_named_by_its_file(tmp_path: Path) -> None:
    write(long_panel(countries=2, periods=60), tmp_path / "a.parquet")
    write(long_panel(countries=3, periods=60)[120:], tmp_path / "b.parquet")
    panel = open_files(tmp_path)
    assert [panel.place(row) for row in (0, 119, 120, 179)] == [
        "a.parquet, row 1",
        "a.parquet, row 120",
        "b.parquet, row 1",
        "b.parquet, row 60",
    ]


@pytest.mark.parametrize(
    ("periods", "frequency"),
    [
        (pd.period_range("2000", periods=20, freq="Y").year.to_numpy(), "A"),
        (pd.period_range("2000Q1", periods=20, freq="Q").astype(str), "Q"),
        (pd.period_range("2000-11", periods=20, freq="M").astype(str), "M"),
        (pd.date_range("2000-01-31", periods=20, freq="YE"), "A"),
        (pd.date_range("2000-01-31", periods=20, freq="QE"), "Q"),
        (pd.date_range("2000-01-31", periods=20, freq="ME").date, "M"),
    ],
)
def test_periods_are_read_in_every_way_of_writing(
    tmp_path: Path, periods: object, frequency: Frequency
) -> None:
    table = pd.DataFrame({"country": "A", "period": periods, "sales": np.arange(20.0)})
    write(table, tmp_path / "panel.parquet")
    panel = open_files(tmp_path / "panel.parquet")
    assert panel.frequency == frequency
    rows = rows_of(panel, 0, 20)
    assert set(np.diff(rows["t"])) == {1}
    first = pd.Period(pd.Series(periods).astype(str)[0], PANDAS_ALIAS[frequency])
    assert rows["t"][0] == first.ordinal
    assert panel.period(first.ordinal) == str(first)


def test_panel_can_open_its_own_files_and_no_other(tmp_path: Path) -> None:
    write(long_panel(countries=4), tmp_path / "panel.parquet")
    write(long_panel(countries=2), tmp_path / "other.parquet")
    panel = open_files(tmp_path / "panel.parquet")
    assert len(rows_of(panel, 0, panel.rows)) == panel.rows
    with pytest.raises(duckdb.PermissionException):
        panel.database.read_parquet(str(tmp_path / "other.parquet"))


def test_files_are_in_the_order_of_their_rows(tmp_path: Path) -> None:
    table = long_panel(countries=4)
    write(table[:120], tmp_path / "part-10.parquet")
    write(table[120:], tmp_path / "part-9.parquet")
    assert [path.name for path in open_files(tmp_path / "*.parquet").paths] == [
        "part-10.parquet",
        "part-9.parquet",
    ]


def test_other_data_have_another_digest(tmp_path: Path) -> None:
    table, path = long_panel(countries=4), tmp_path / "panel.parquet"
    write(table, path)
    first = open_files(path).digest
    assert open_files(path).digest == first
    write(table.assign(sales=table["sales"].round(3)), path)
    assert open_files(path).digest != first


def test_a_pattern_a_folder_and_a_large_file_are_streamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "panel.parquet"
    write(long_panel(countries=4), path)
    assert is_streamed(tmp_path / "*.parquet")
    assert is_streamed(tmp_path)
    assert not is_streamed(path)
    assert not is_streamed(tmp_path / "panel.csv")
    assert not is_streamed(tmp_path / "none.parquet")
    monkeypatch.setattr(parquet_panel, "STREAMED_ROWS", 240)
    assert is_streamed(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda table: table.rename(columns={"country": "firm"}),
            "no column 'country'",
        ),
        (
            lambda table: table.rename(columns={"sales": "known_at"}),
            "column 'known_at'",
        ),
        (
            lambda table: table.rename(
                columns={"sales": "value", "slump": "indicator"}
            ),
            "is long",
        ),
        (lambda table: table[["country", "period"]], "no column of numbers"),
        (lambda table: table.assign(period="soon"), "row 1: 'soon' is not a period"),
        (
            lambda table: table.assign(period="2020-01-32"),
            "row 1: '2020-01-32' is not a period",
        ),
        (
            lambda table: table.assign(
                period=["2020-01-31", *["2020-02-30"] * (len(table) - 1)]
            ),
            "row 2: '2020-02-30' is not a period like",
        ),
        (lambda table: table[:0], "has no rows"),
    ],
)
def test_files_of_another_form_are_refused(
    tmp_path: Path,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    message: str,
) -> None:
    write(change(long_panel(countries=2)), tmp_path / "panel.parquet")
    with pytest.raises(DataError, match=message):
        open_files(tmp_path)


def test_circular_links_are_followed_once(tmp_path: Path) -> None:
    table, below = long_panel(countries=2), tmp_path / "panel" / "below"
    below.mkdir(parents=True)
    write(table, below / "a.parquet")
    (below / ".b.parquet").write_bytes(b"hidden")
    for name in ("one", "two", "three"):
        (below / name).symlink_to(tmp_path / "panel", target_is_directory=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "panel" / "z").symlink_to(tmp_path / "elsewhere")
    write(table.assign(country="Z"), tmp_path / "elsewhere" / "c.parquet")
    assert [path.name for path in open_files(tmp_path / "panel").paths] == [
        "a.parquet",
        "c.parquet",
    ]


def test_unreadable_file_is_reported_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file is called"):
        open_files(tmp_path / "*.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 but not really PAR1")
    with pytest.raises(DataError, match=r"b\.parquet cannot be read"):
        open_files(tmp_path)
    table = long_panel(countries=2)
    write(table, tmp_path / "b.parquet")
    write(table.assign(sales="much"), tmp_path / "c.parquet")
    with pytest.raises(DataError, match=r"c\.parquet and b\.parquet differ .* 'sales'"):
        open_files(tmp_path)
    with pytest.raises(UsageError, match="choose --frequency Q"):
        open_files(tmp_path / "b.*", "M")


@pytest.mark.parametrize("kind", ["DOUBLE", "FLOAT", "INTEGER", "DECIMAL(9, 2)"])
def test_missing_value_is_nan_in_numbers_of_every_type(
    tmp_path: Path, kind: str
) -> None:
    cell = f"CASE WHEN i % 3 = 0 THEN NULL ELSE CAST(i AS {kind}) END"
    path = (tmp_path / "panel.parquet").as_posix()
    rows = (
        "SELECT 'A' AS country, CAST(2000 + i AS VARCHAR) AS period, "  # noqa: S608
        f"{cell} AS sales FROM range(20) rows(i)"
    )
    with duckdb.connect() as database:
        database.execute(f"COPY ({rows}) TO '{path}'")
    panel = open_files(tmp_path)
    expected = np.arange(20, dtype=np.float32)
    expected[::3] = np.nan
    np.testing.assert_array_equal(rows_of(panel, 0, 20)["x0"], expected)


def test_columns_without_numbers_are_left_out(tmp_path: Path) -> None:
    table = long_panel(countries=2).assign(region="north")
    write(table, tmp_path / "panel.parquet")
    panel = open_files(tmp_path)
    assert panel.left_out == ("region",)
    assert "region" not in panel.columns


@pytest.mark.parametrize("name", ["x" * 5000, f"{'x' * 5000}*.parquet", "a\0b*"])
def test_name_that_no_file_can_have_is_not_a_panel(name: str, tmp_path: Path) -> None:
    assert not is_streamed(tmp_path / name)
    with pytest.raises(DataError):
        user_panel.read(tmp_path / name)
