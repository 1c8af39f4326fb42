import pickle
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from econnet.core.periods import Frequency
from econnet.errors import DataError, UsageError
from econnet.sources import tabular
from econnet.streaming import files
from econnet.streaming.files import is_streamed, open_files, ordinal_of, written
from tests.streaming.panels import long_panel, write


@pytest.mark.parametrize(
    ("text", "frequency", "alias"),
    [
        ("1969", "A", "Y"),
        ("2020", "A", "Y"),
        ("1969Q4", "Q", "Q"),
        ("2020-Q3", "Q", "Q"),
        ("2020-01", "M", "M"),
        ("2020M12", "M", "M"),
        ("2020-08-31", "Q", "Q"),
        ("2020-08-31", "A", "Y"),
        ("2020-08-31 00:00:00", "M", "M"),
    ],
)
def test_periods_are_counted_as_pandas_does(
    text: str, frequency: Frequency, alias: str
) -> None:
    period = pd.Period(text.replace("-Q", "Q").replace("M", "-"), alias)
    assert ordinal_of(text, frequency) == period.ordinal
    assert written(period.ordinal, frequency) == str(period)


@pytest.mark.parametrize(
    "text", ["2020Q5", "2020-13", "20", "2020-1", "2020-02-30", "2020M01-31", "x", ""]
)
def test_what_is_no_period_is_none(text: str) -> None:
    assert all(ordinal_of(text, it) is None for it in ("A", "Q", "M"))


def test_ranges_cover_every_row_once_and_are_read_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = long_panel(countries=60, periods=60)
    paths = [tmp_path / f"part-{number}.parquet" for number in range(3)]
    write(table, *paths, row_group=2048)
    monkeypatch.setattr(files, "RANGE_ROWS", 900)
    panel = open_files(tmp_path)
    ranges = panel.ranges
    assert panel.rows == sum(it.rows for it in ranges) == len(table)
    assert [it.first for it in ranges] == np.cumsum(
        [0, *(it.rows for it in ranges)]
    ).tolist()[:-1]
    assert max(it.rows for it in ranges) <= 900
    read = np.concatenate(
        [panel.read(it, ["sales", "interest_rate"]).values for it in ranges], axis=1
    )
    np.testing.assert_array_equal(
        read, table[["sales", "interest_rate"]].to_numpy("f4").T
    )


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
    tmp_path: Path, periods: object, frequency: str
) -> None:
    table = pd.DataFrame({"country": "A", "period": periods, "sales": np.arange(20.0)})
    write(table, tmp_path / "panel.parquet")
    panel = open_files(tmp_path / "panel.parquet")
    assert panel.frequency == frequency
    assert set(np.diff(panel.read(panel.ranges[0]).period)) == {1}


def test_another_process_opens_the_same_files_and_no_other(tmp_path: Path) -> None:
    write(long_panel(countries=4), tmp_path / "panel.parquet")
    write(long_panel(countries=2), tmp_path / "other.parquet")
    panel = open_files(tmp_path / "panel.parquet")
    same: files.Files = pickle.loads(pickle.dumps(panel))  # noqa: S301 - our own
    assert (same.name, same.columns, same.digest) == (
        panel.name,
        panel.columns,
        panel.digest,
    )
    for chosen in panel.ranges:
        np.testing.assert_array_equal(
            same.read(chosen).values, panel.read(chosen).values
        )
    with pytest.raises(duckdb.PermissionException):
        same.database.read_parquet(str(tmp_path / "other.parquet"))


def test_files_stand_in_the_order_of_their_rows(tmp_path: Path) -> None:
    table = long_panel(countries=4)
    write(table[:120], tmp_path / "part-10.parquet")
    write(table[120:], tmp_path / "part-9.parquet")
    assert [it.name for it in open_files(tmp_path / "*.parquet").paths] == [
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
    monkeypatch.setattr(files, "STREAMED_ROWS", 240)
    assert is_streamed(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: it.rename(columns={"country": "firm"}), "no column 'country'"),
        (lambda it: it.rename(columns={"sales": "known_at"}), "column 'known_at'"),
        (
            lambda it: it.rename(columns={"sales": "value", "slump": "indicator"}),
            "is long",
        ),
        (lambda it: it[["country", "period"]], "no column of numbers"),
        (lambda it: it.assign(period="soon"), "row 1: 'soon' is no period"),
        (lambda it: it.assign(period="2020-01-32"), "row 1: '2020-01-32' is no date"),
        (
            lambda it: it.assign(
                period=["2020-01-31", *["2020-02-30"] * (len(it) - 1)]
            ),
            "row 2: '2020-02-30' is no date",
        ),
        (lambda it: it[:0], "holds no rows"),
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


def test_links_that_lead_round_in_circles_are_followed_once(tmp_path: Path) -> None:
    table, below = long_panel(countries=2), tmp_path / "panel" / "below"
    below.mkdir(parents=True)
    write(table, below / "a.parquet")
    (below / ".b.parquet").write_bytes(b"hidden")
    for name in ("one", "two", "three"):
        (below / name).symlink_to(tmp_path / "panel", target_is_directory=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "panel" / "z").symlink_to(tmp_path / "elsewhere")
    write(table.assign(country="Z"), tmp_path / "elsewhere" / "c.parquet")
    assert [it.name for it in open_files(tmp_path / "panel").paths] == [
        "a.parquet",
        "c.parquet",
    ]


def test_what_cannot_be_read_is_told_by_its_name(tmp_path: Path) -> None:
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
def test_what_is_missing_is_nan_in_numbers_of_every_kind(
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
    memory = np.ones(50, np.float32)
    np.testing.assert_array_equal(panel.read(panel.ranges[0]).values[0], expected)
    read = panel.read(panel.ranges[0], out=memory)
    np.testing.assert_array_equal(read.values[0], expected)
    assert np.shares_memory(read.values, memory)


def test_columns_without_numbers_are_left_out(tmp_path: Path) -> None:
    table = long_panel(countries=2).assign(region="north")
    write(table, tmp_path / "panel.parquet")
    panel = open_files(tmp_path)
    assert panel.left_out == ("region",)
    assert "region" not in panel.columns


@pytest.mark.parametrize("name", ["x" * 5000, f"{'x' * 5000}*.parquet", "a\0b*"])
def test_name_that_no_file_can_have_is_no_panel(name: str, tmp_path: Path) -> None:
    assert not is_streamed(tmp_path / name)
    with pytest.raises(DataError):
        tabular.read(tmp_path / name)
