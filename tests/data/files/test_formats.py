"""Every format in which people keep tables, and workbooks made to exhaust memory.

`own.xls` has the cells of `CELLS` on its second sheet; it was written by xlwt 1.3.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pandas as pd
import pytest

import econnet
from econnet.core.errors import DataError, UsageError
from econnet.data.files import user_panel, workbooks
from tests.data.files.workbooks import write_ods, write_xlsb

HERE = Path(__file__).parent
ROWS: list[list[str | float]] = [
    ["DEU", f"{1990 + n // 4}Q{n % 4 + 1}", 100 + 1.5 * n, 5 + (n % 3) / 4]
    for n in range(40)
]
CELLS: list[list[str | float]] = [["country", "period", "output", "rate"], *ROWS]
FRAME = pd.DataFrame(CELLS[1:], columns=CELLS[0])


def write_xlsx(path: Path, more: str = "") -> Path:
    """Write a workbook with `CELLS` and further rows, given as XML."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in CELLS:
        sheet.append(row)
    book.save(path)
    with ZipFile(path) as members:
        content = {name: members.read(name) for name in members.namelist()}
    data = "xl/worksheets/sheet1.xml"
    content[data] = content[data].replace(
        b"</sheetData>", f"{more}</sheetData>".encode()
    )
    with ZipFile(path, "w", ZIP_DEFLATED) as members:
        for name, text in content.items():
            members.writestr(name, text)
    return path


def write_stata(path: Path, version: Literal[114, 117, 118, 119]) -> Path:
    """Write a Stata file whose periods have Stata's own type."""
    dates = pd.PeriodIndex(FRAME["period"], freq="Q").to_timestamp()
    frame = FRAME.assign(period=dates)
    frame.to_stata(
        path, write_index=False, convert_dates={"period": "tq"}, version=version
    )
    return path


def write_json(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document))
    return path


RECORDS = FRAME.to_dict("records")
WRITERS: dict[str, Callable[[Path], Path]] = {
    "own.ods": lambda path: write_ods(path, CELLS),
    "own.xlsb": lambda path: write_xlsb(path, CELLS),
    "own.xlsx": write_xlsx,
    "stata 114.dta": lambda path: write_stata(path, 114),
    "stata 118.dta": lambda path: write_stata(path, 118),
    "records.json": lambda path: write_json(path, RECORDS),
    "behind a header.json": lambda path: write_json(path, [{"page": 1}, RECORDS]),
    "below a key.json": lambda path: write_json(
        path, {"meta": {"n": 40}, "data": RECORDS}
    ),
    "columns.json": lambda path: write_json(path, FRAME.to_dict("list")),
}


@pytest.mark.parametrize("name", [*WRITERS, "own.xls"])
def test_format_is_read_like_the_table_itself(tmp_path: Path, name: str) -> None:
    path = HERE / name if name == "own.xls" else WRITERS[name](tmp_path / name)
    table = user_panel.read(path)
    expected = user_panel.read(FRAME)
    pd.testing.assert_frame_equal(table.observations, expected.observations)
    assert table.kinds == expected.kinds


FAR_DOWN = f'<row r="{2**31}"><c r="A{2**31}"><v>1</v></c></row>'
FAR_RIGHT = '<row r="100"><c r="XFD100"><v>1</v></c></row>'
MANY_WIDE_ROWS = "".join(
    f'<row r="{row}"><c r="ALL{row}"><v>1</v></c></row>' for row in range(50, 5_100)
)
CORNER = (2**20 - 1, 2**14 - 1)
STRAY_CELLS: dict[str, Callable[[Path], Path]] = {
    "far down.xlsx": lambda path: write_xlsx(path, FAR_DOWN),
    "far right.xlsx": lambda path: write_xlsx(path, FAR_RIGHT),
    "many wide rows.xlsx": lambda path: write_xlsx(path, MANY_WIDE_ROWS),
    "corner.ods": lambda path: write_ods(path, CELLS, CORNER),
    "corner.xlsb": lambda path: write_xlsb(path, CELLS, CORNER),
}


@pytest.mark.parametrize("name", STRAY_CELLS)
def test_stray_cell_is_refused_before_its_rectangle_fills_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(workbooks, "MAX_ROWS", 10_000)
    monkeypatch.setattr(workbooks, "MAX_CELLS", 1_000_000)
    path = STRAY_CELLS[name](tmp_path / name)
    with pytest.raises(DataError, match=r"spans more than|columns, more than"):
        user_panel.read(path)


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_export_in_each_format_is_read_back(tmp_path: Path, ending: str) -> None:
    known = econnet.read_data().observations
    rows = known[known["country"].isin(["DEU", "NAM"])]
    path = econnet.export_data(rows, tmp_path / f"export.{ending}")
    table = user_panel.read(path)
    keys = ["country", "indicator", "period", "source", "series_id"]
    for frame in (rows := rows.copy(), read := table.observations.copy()):
        frame[keys] = frame[keys].astype(str)
    pd.testing.assert_frame_equal(
        read.sort_values(keys, ignore_index=True),
        rows.sort_values(keys, ignore_index=True),
        check_dtype=False,
    )
    assert "exported by econnet" in table.understood.remarks[0]
    # An option that such a file refuses is not offered.
    assert not any("--kind" in line for line in table.understood.lines())
    with pytest.raises(UsageError, match="real_gdp keeps the kind of its indicator"):
        user_panel.read(path, kinds={"real_gdp": "rate"})


def test_file_without_sheets_has_none_to_choose(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    FRAME.to_csv(path, index=False)
    with pytest.raises(UsageError, match="has no sheets: leave --sheet out"):
        user_panel.read(path, sheet="Data")
    assert not any(
        "--sheet" in text for text in user_panel.read(path).understood.overrides
    )
    book = user_panel.read(write_xlsx(tmp_path / "own.xlsx")).understood
    assert any("--sheet" in text for text in book.overrides)


def test_column_that_is_left_out_is_used_as_its_reason_says() -> None:
    frame = FRAME.assign(code=7.0)
    reason = user_panel.read(frame).understood.left_out["code"]
    assert reason == "it is constant; --kind code=keep uses it"
    assert "code" in user_panel.read(frame, kinds={"code": "keep"}).indicators


@pytest.mark.parametrize("layout", ["records", "split", "columns", "table", None])
def test_json_of_a_frame_is_read_in_every_layout(
    tmp_path: Path, layout: Literal["records", "split", "columns", "table"] | None
) -> None:
    frame = pd.DataFrame({"period": range(1990, 2020), "real_gdp": range(100, 130)})
    if layout is None:
        frame.to_json(tmp_path / "own.json", orient="records", lines=True)
    else:
        frame.to_json(tmp_path / "own.json", orient=layout)
    rows = user_panel.read(tmp_path / "own.json", country="DEU").observations
    assert rows["value"].tolist() == frame["real_gdp"].tolist()
    assert rows["period"].tolist() == [str(year) for year in frame["period"]]
    # In the default layout, an index of periods names the values.
    frame.set_index("period").to_json(tmp_path / "own.json")
    indexed = user_panel.read(tmp_path / "own.json", country="DEU").observations
    pd.testing.assert_frame_equal(indexed, rows)
