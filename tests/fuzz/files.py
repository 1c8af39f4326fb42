"""Targets that are the user's own files in further formats, and their texts.

The examples of text files are those of `tests/data/files/cases`, as people have them.
"""

import io
import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from econnet.core.periods import parse_period
from econnet.data.files import kinds, number_texts, period_texts, user_panel
from tests.data.files import test_cases, workbooks
from tests.fuzz import mutation, tables
from tests.fuzz.target import Target, at, folder

SUFFIXES = {".csv", ".tsv", ".xls"}
MAX_EXAMPLE_BYTES = 20_000
PANEL: list[list[str | float]] = [
    ["country", "period", "output", "jobless"],
    *(
        [country, f"{2000 + n // 4}Q{n % 4 + 1}", 100.0 + n, 5.0 + n % 3]
        for country in ("Alpha", "Beta")
        for n in range(12)
    ),
]


def panel() -> pd.DataFrame:
    """Return the panel of the examples as a table."""
    return pd.DataFrame(PANEL[1:], columns=[str(name) for name in PANEL[0]])


@cache
def texts_as_people_have_them() -> list[bytes]:
    """Return the text files of the cases, and an export of econnet's own."""
    paths = sorted(test_cases.CASES.glob("*/*"))
    return [
        path.read_bytes()
        for path in paths
        if path.suffix in SUFFIXES and path.stat().st_size < MAX_EXAMPLE_BYTES
    ]


def read_as(name: str, data: bytes) -> None:
    """Read a file of this name."""
    user_panel.read(at(name, data))


@cache
def records() -> list[bytes]:
    """Return records, columns, and an answer of the World Bank."""
    frame = panel()
    row = {"country": {"id": "DE", "value": "Germany"}, "date": "2020", "value": 1.5}
    documents = [
        frame.to_dict("records"),
        frame.to_dict("list"),
        [{"page": 1, "total": 2}, [row, row | {"date": "2021", "value": None}]],
    ]
    return [json.dumps(document).encode() for document in documents]


@cache
def stata_files() -> list[bytes]:
    """Return the panel as a Stata file of two versions."""
    found = []
    for version in (114, 118):
        file = io.BytesIO()
        panel().to_stata(file, write_index=False, version=version)
        found.append(file.getvalue())
    return found


@cache
def old_workbooks() -> list[bytes]:
    """Return the panel as OpenDocument, as binary Excel, and a workbook of Excel 97."""
    paths = [
        workbooks.write_ods(folder() / "example.ods", PANEL),
        workbooks.write_xlsb(folder() / "example.xlsb", PANEL),
        Path(workbooks.__file__).parent / "own.xls",
    ]
    return [path.read_bytes() for path in paths]


def read_numbers(data: bytes) -> None:
    """Read each line as a number of one column."""
    texts = list(dict.fromkeys(data.decode("utf-8", "replace").split("\n")))
    choices: list[tuple[number_texts.Mark, ...]] = [(), (".",), (",",)]
    for marks in choices:
        for delimiter in (",", ";"):
            found = number_texts.read_numbers(texts, of_file=marks, delimiter=delimiter)
            assert found is None or {*found.values} == {*texts}


def read_periods(data: bytes) -> None:
    """Read each line as a period of one column; what comes out is a period."""
    texts = list(dict.fromkeys(data.decode("utf-8", "replace").split("\n")))
    for text in texts:
        period_texts.is_period(text)
    for text in period_texts.read_periods(texts).periods.values():
        assert parse_period(text) is not None, text


def read_kind(data: bytes) -> None:
    """Infer the kind of a column, of its name and the numbers below it."""
    name, *rest = data.decode("utf-8", "replace").split("\n")
    numbers = pd.to_numeric(pd.Series(rest, dtype=object), errors="coerce").dropna()
    size = numbers.abs()
    numbers = numbers[(size == 0) | size.between(1e-30, 1e30)].astype(float)
    values = pd.DataFrame(
        {"country": "A", "period": np.arange(len(numbers)), "value": numbers}
    )
    assert kinds.infer_kind(name, values) in kinds.KINDS


NUMBERS = (
    "1,234.5\n2,345.6\n12\n.5\n-\n",
    "1.234,5\n12,7 p\n3 e\n:\n",
    "(1.5)\n1 234,5\n12%\n1e5\nn/a\n",
)
PERIODS = (
    "2020:01\n2020:12\n",
    "1/31/2020\n2/29/2020\n31.12.2019\n",
    "2010-11\n2011-12\n2012/13\n",
    "2020.25\n2020.5\n2020H1\nQ1 2020\nMar-20\n43831\n202001\n",
)
SERIES = ("Real GDP\n100\n101\n103.5\n", "Unemployment rate (%)\n4\n4.5\n.\n0\n-1\n")

TARGETS: dict[str, Target] = {
    "text-file": Target(
        lambda data: read_as("own.csv", data),
        texts_as_people_have_them,
        tables.of_csv,
    ),
    "json": Target(lambda data: read_as("own.json", data), records, mutation.of_json),
    "stata": Target(
        lambda data: read_as("own.dta", data), stata_files, mutation.of_bytes
    ),
    "old-workbook": Target(
        lambda data: read_as("own.ods", data), old_workbooks, tables.of_workbook
    ),
    "numbers": Target(
        read_numbers,
        lambda: [text.encode() for text in NUMBERS],
        mutation.of_text,
    ),
    "periods": Target(
        read_periods,
        lambda: [text.encode() for text in PERIODS],
        mutation.of_text,
    ),
    "kind": Target(
        read_kind, lambda: [text.encode() for text in SERIES], mutation.of_text
    ),
}
