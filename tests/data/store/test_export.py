import errno
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir

import duckdb
import pandas as pd
import pytest

from econnet.core.errors import DataError
from econnet.data.store import export as exporting
from econnet.data.store.export import export

ROWS = pd.DataFrame({"country": ["DEU"], "value": [1.0]})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("folder", "is a folder: name a file in it"),
        ("pipe.csv", r"pipe\.csv is not a regular file: name another"),
        ("all", r"does not end in \.csv, \.parquet or \.xlsx: name a file"),
        ("all.ods", r"ends in '\.ods': name it \.csv, \.parquet or \.xlsx"),
    ],
)
def test_place_that_cannot_become_a_table_is_refused(
    name: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match=said):
        export(ROWS, tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe.csv"]
    assert (tmp_path / "pipe.csv").is_fifo()


def test_link_is_followed_and_kept(tmp_path: Path) -> None:
    target, link = tmp_path / "real.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    export(ROWS, link)
    assert link.is_symlink()
    assert target.read_text() == "country,value\nDEU,1.0\n"


def test_full_disk_under_a_workbook_is_an_error_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # lxml reports the sheet that openpyxl writes to a temporary file in its own terms.
    from lxml.etree import SerialisationError

    def full(*_: object, **__: object) -> None:
        raise SerialisationError("IO_ENOSPC")

    monkeypatch.setattr(exporting, "without_formulas", lambda frame: frame)
    monkeypatch.setattr(pd.DataFrame, "to_excel", full)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as caught:
        export(ROWS, tmp_path / "all.xlsx")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, gettempdir())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_export_contains_every_value_and_leaves_no_other_file(
    tmp_path: Path, ending: str
) -> None:
    if ending == "xlsx":
        pytest.importorskip("openpyxl")
    path = tmp_path / "out" / f"all.{ending}"
    rows = pd.DataFrame(
        {
            "country": ["DEU", "NAM"],
            "period": ["2019", "2020"],
            "value": [0.1 + 0.2, 2.0],
        }
    )
    export(rows, path)
    readers: dict[str, Callable[[], pd.DataFrame]] = {
        "csv": lambda: pd.read_csv(path, dtype=str),
        "parquet": lambda: duckdb.read_parquet(str(path)).df(),
        "xlsx": lambda: pd.read_excel(path, engine="openpyxl", dtype={"period": str}),
    }
    read = readers[ending]()
    digits = 1e-15 if ending == "xlsx" else 0.0
    for value, exported in zip(rows["value"], read["value"], strict=True):
        assert float(exported) == pytest.approx(value, rel=digits, abs=0)
    assert read["country"].tolist() == ["DEU", "NAM"]
    assert read["period"].tolist() == ["2019", "2020"]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_export_of_more_rows_than_a_sheet_holds_is_refused(tmp_path: Path) -> None:
    """A sheet of Excel has 1,048,576 rows, the names of the columns in the first."""
    rows = pd.DataFrame({"value": [0.0] * 1_048_576})
    with pytest.raises(DataError, match="1,048,576 rows are more than an Excel sheet"):
        export(rows, tmp_path / "all.xlsx")
    assert not (tmp_path / "all.xlsx").exists()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_no_exported_text_runs_as_a_formula_and_numbers_stay(
    tmp_path: Path, ending: str
) -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "\x07", "plain"]
    rows = pd.DataFrame({"@country": texts, "value": [-1.5 * n for n in range(9)]})
    path = tmp_path / f"own.{ending}"
    export(rows, path)
    if ending == "csv":
        read = pd.read_csv(path)
    else:
        openpyxl = pytest.importorskip("openpyxl")
        sheet = openpyxl.load_workbook(path).active
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {
            *("n", "s")
        }
        read = pd.read_excel(path, engine="openpyxl")
    assert list(read) == ["'@country", "value"]
    assert read["value"].tolist() == rows["value"].tolist()
    shown = read["'@country"].tolist()
    assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r")) for text in shown)
    assert shown[:4] == ["'=1+1", "'+1", "'-1", "'@SUM(A1)"]
    assert shown[-1] == "plain"
