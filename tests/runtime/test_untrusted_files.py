"""A DuckDB for untrusted files, which reaches those and nothing else."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from econnet.data.files import user_panel
from econnet.forecast.streamed.parquet_panel import is_streamed, open_files
from econnet.runtime import untrusted_files

PANEL = "country,period,x\n{0},2020,1\n{0},2021,2\n"
NAMES = (
    *("own*.csv", "own?.csv", "[ab].csv", "[!a].csv", "o'w\"n.csv", "a;b--.csv"),
    *("own\\.csv", "$path.csv", "{a}.csv", "own%20.csv"),
)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.csv"
    path.write_text("password\nhunter2\n")
    return path


REACHES = {
    "another file": "SELECT * FROM read_csv('{secret}')",
    "another file as text": "SELECT * FROM read_text('{secret}')",
    "all files": "SELECT * FROM glob('{folder}/*')",
    "the network": "SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')",
    "writing": "COPY (SELECT 1) TO '{folder}/written.csv'",
    "attaching": "ATTACH '{folder}/other.duckdb'",
    "installing": "INSTALL httpfs",
    "loading": "LOAD httpfs",
    "allowing it": "SET enable_external_access = true",
    "allowing more paths": "SET allowed_paths = ['{secret}']",
    "unlocking": "SET lock_configuration = false",
    "environment": "SELECT getenv('HOME')",
}


@pytest.mark.parametrize("what", REACHES)
def test_reader_reaches_nothing_but_its_file(
    tmp_path: Path, secret: Path, what: str
) -> None:
    own = tmp_path / "own.csv"
    own.write_text(PANEL.format("A"))
    query = REACHES[what].format(secret=secret, folder=tmp_path)
    with untrusted_files.reader([own.resolve()]) as database:
        rows = database.execute(
            f"FROM read_csv({untrusted_files.exactly(own)})"
        ).fetchall()
        assert len(rows) == 2
        with pytest.raises(duckdb.Error):
            database.execute(query).fetchall()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.csv", "secret.csv"]


@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_file_is_not_a_pattern(tmp_path: Path, name: str) -> None:
    """The folder also has files that each name would match as a pattern."""
    for other in ("own1.csv", "own.csv", "a.csv", "b.csv", "own .csv"):
        (tmp_path / other).write_text(PANEL.format("other"))
    (tmp_path / name).write_text(PANEL.format("own"))
    rows = user_panel.read(tmp_path / name).observations
    assert rows["country"].tolist() == ["own", "own"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_names_of_folders_are_not_columns(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "run=3" / "country=DEU"
    folder.mkdir(parents=True)
    path = folder / f"own.{ending}"
    table = pd.DataFrame({"country": "A", "period": ["2020", "2021"], "x": [1.0, 2.5]})
    if ending == "csv":
        table.to_csv(path, index=False)
    else:
        duckdb.from_df(table).write_parquet(str(path))
    read = user_panel.read(path)
    assert list(read.kinds) == ["x"]
    assert read.observations["country"].unique().tolist() == ["A"]
    if ending == "parquet":
        assert open_files(tmp_path / "run=3").columns == ("x",)


def test_streamed_file_is_read_once_though_its_name_matches_another(
    tmp_path: Path,
) -> None:
    for name, country in (("a*", "A"), ("ab", "B"), ("a[b]", "C")):
        table = pd.DataFrame({"country": country, "period": ["2020", "2021"], "x": 1.0})
        duckdb.from_df(table).write_parquet(str(tmp_path / f"{name}.parquet"))
    files = open_files(tmp_path)
    assert files.rows == 6
    assert files.head()["country"].tolist() == ["A", "A"]
    queries = files.query(0, files.rows)
    rows = [row for query in queries for row in files.database.sql(query).fetchall()]
    assert [country for _, country, *_ in rows] == [*"AABBCC"]
    assert not is_streamed(tmp_path / "a[b].parquet")
    alone = open_files(tmp_path / "a[b].parquet")
    assert (alone.rows, alone.name) == (2, "a[b]")


def test_two_columns_of_one_name_in_parquet_are_refused(
    tmp_path: Path,
) -> None:
    """DuckDB would call the second one `x_1` without any notice."""
    from econnet.core.errors import DataError

    table = pd.DataFrame({"country": "A", "period": ["2020"], "x": 1.0, "y": 2.0})
    path = tmp_path / "own.parquet"
    duckdb.from_df(table).write_parquet(str(path))
    path.write_bytes(path.read_bytes().replace(b"\x01y", b"\x01X"))
    with pytest.raises(DataError, match="two columns are called 'x'"):
        open_files(tmp_path)
    with pytest.raises(DataError, match="two columns are called 'X'"):
        user_panel.read(path)
