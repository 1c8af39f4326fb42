"""Files of the user's that are not what they should be.

Each fault is tested through the command line: one line, the documented exit code, and
nothing written.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from econnet.cli.main import run as run_command_line
from econnet.runtime.untrusted_files import MAX_COLUMNS

HEADER = "country,period,real_gdp"
QUARTERS = [
    f"{year}Q{quarter}" for year in range(1990, 2005) for quarter in (1, 2, 3, 4)
]


class Said:
    """The output of a command, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def failure(self) -> str:
        """The one line that says what is wrong; notes may precede it."""
        *notes, last = self.err.strip().splitlines()
        assert all(note.startswith("econnet: ") for note in notes), self.err
        assert "Traceback" not in self.err
        return last


class User:
    """A user who runs commands in a folder that already contains a report."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        (folder / "reports" / "own").mkdir(parents=True)
        (folder / "reports" / "own" / "report.json").write_text("of last month")
        self.before = self.files()

    def files(self) -> dict[str, bytes]:
        """Return the files in the folders that econnet writes to."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for name in ("data", "reports")
            for path in (self.folder / name).rglob("*")
            if path.is_file()
        }

    def says(self, *arguments: str) -> Said:
        """Run a command, and return its output."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["econnet", *arguments])
            with pytest.raises(SystemExit) as ended:
                run_command_line()
        shown = self.capsys.readouterr()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Said(code or 0, shown.out, shown.err)

    def is_refused(self, name: str, *more: str, code: int = 3) -> str:
        """Use a file that is refused, and return the line that gives the reason."""
        said = self.says("train", "--data", name, "--members", "1", *more)
        assert said.code == code, said.err
        assert said.out == ""
        assert said.failure.startswith("econnet: ")
        assert len(said.failure) < 400
        assert self.files() == self.before
        return said.failure


@pytest.fixture
def user(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> User:
    return User(tmp_path, capsys)


def levels(seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    growth = rng.normal(0.4, 1.0, len(QUARTERS))
    return [float(it) for it in (100 * np.cumprod(1 + growth / 100)).round(3)]


def lines(values: Sequence[object] | None = None, country: str = "A") -> list[str]:
    """Return the lines of fifteen years of quarters."""
    told = levels() if values is None else values
    return [f"{country},{q},{v}" for q, v in zip(QUARTERS, told, strict=False)]


def csv(rows: Sequence[str], header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def replaced(number: int, line: str) -> bytes:
    """Return a good file with another line in one place."""
    rows = lines()
    rows[number] = line
    return csv(rows)


BAD_CSV: Mapping[str, tuple[bytes, str]] = {
    "empty": (b"", "own.csv is empty"),
    "header only": (csv([]), "has no value"),
    "binary": (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 40,
        "own.csv is not a text file: econnet",
    ),
    "zeros": (bytes(5000), "own.csv is not a text file: econnet reads"),
    "wrong columns": (b"area,when,x\nA,2020,1\n", "no column of periods below line 1"),
    "two columns of one name": (
        csv([f"{it},1" for it in lines()], f"{HEADER},Real_GDP"),
        "two columns are called 'Real_GDP'",
    ),
    "column without a name": (
        csv([f"{it},1" for it in lines()], f"{HEADER},"),
        "column 4 has values but no name",
    ),
    "too many cells": (replaced(3, "A,1990Q4,1,2,3"), "line 5 has more cells"),
    "too few cells": (replaced(3, "A,1990Q4"), "line 5 has fewer cells"),
    "open quotation mark": (replaced(59, 'A,"2004Q4,1'), "unclosed quotation mark"),
    "text in numbers": (replaced(3, "A,1990Q4,n.v.t."), "line 5, real_gdp: 'n.v.t.'"),
    "decimal comma": (replaced(3, 'A,1990Q4,"100,5"'), "'100,5' is not a number"),
    "underscore": (replaced(3, "A,1990Q4,1_000"), "'1_000' is not a number"),
    "other digits": (replaced(3, "A,1990Q4,१००"), "is not a number"),
    "inf": (replaced(3, "A,1990Q4,inf"), "'inf' is not a number"),
    "beyond the limit": (replaced(3, "A,1990Q4,1e308"), "is outside the range of"),
    "next to nothing": (replaced(3, "A,1990Q4,1e-308"), "is outside the range of"),
    "all missing": (csv(lines([""] * 60)), "has no value"),
    "one row": (csv(lines()[:1]), "no label negative-growth of A can be computed: "),
    "duplicate periods": (
        replaced(3, "A,1990Q1,1"),
        "two values for A real_gdp 1990Q1",
    ),
    "mixed frequencies": (
        replaced(3, "A,1991-01,1"),
        "line 5: real_gdp of A has 1991-01, but 1990Q1 in line 2",
    ),
    "half-years beside months": (
        csv(
            [
                f"A,{1990 + n // 12}-{1 + n % 12:02d}-01,"
                f"{100 + n if n % 6 == 0 else ''},{50 + n % 5}"
                for n in range(180)
            ],
            f"{HEADER},jobs",
        ),
        "real_gdp has two values per year, but econnet uses years, quarters and months",
    ),
    "no period": (replaced(3, "A,soon,1"), "line 5: 'soon' is not a period"),
    "year 0000": (replaced(3, "A,0000Q4,1"), "line 5: '0000Q4' is not a period"),
    "no country": (replaced(3, ",1990Q4,1"), "line 5: country is missing"),
    "control character": (
        replaced(3, "\x1b[2J,1990Q4,1"),
        r"line 5: country '\x1b[2J' contains a control character",
    ),
    "long cell": (replaced(3, f"{'A' * 1001},1990Q4,1"), "more than 1,000 characters"),
    "long number": (replaced(3, f"A,1990Q4,{'1' * 1001}"), "is not a number"),
    "long line": (replaced(3, f"{'A' * 3_000_000},1990Q4,1"), "line 5 is longer than"),
    "long name of a column": (
        csv([f"{it},1" for it in lines()], f"{HEADER},{'h' * 1001}"),
        "a column name has 1,001 characters",
    ),
    "a million columns": (
        f"{HEADER},{','.join(map(str, range(10**6)))}\n".encode(),
        "its first line is longer than 1,048,576 bytes",
    ),
    "more columns than the cap": (
        f"{HEADER},{','.join(map(str, range(MAX_COLUMNS)))}\n".encode(),
        "5,003 columns, more than 5,000: use the long",
    ),
    "known before its period": (
        csv(["A,1990Q1,1,1989-12-31"], f"{HEADER},known_at"),
        "line 2: real_gdp of 1990Q1 has the publication date 1989-12-31, ",
    ),
    "known_at is not a date": (
        csv(["A,1990Q1,1,soon"], f"{HEADER},known_at"),
        "publication date 'soon' is not a date",
    ),
    "known in the future": (
        csv([f"{it},2099-01-01" for it in lines()], f"{HEADER},known_at"),
        "own.csv has no value that is known today: every publication date is after ",
    ),
}


@pytest.mark.parametrize("case", BAD_CSV)
def test_bad_csv_is_one_line_and_changes_nothing(user: User, case: str) -> None:
    content, reason = BAD_CSV[case]
    (user.folder / "own.csv").write_bytes(content)
    assert reason in user.is_refused("own.csv")


BAD_LABELS: Mapping[str, tuple[Sequence[object], Sequence[str], int, str]] = {
    "only expansions": (
        [100 * 1.01**n for n in range(60)],
        [],
        3,
        "there are 0 contractions",
    ),
    "only contractions": (
        [100 * 0.99**n for n in range(60)],
        [],
        3,
        "there are 59 contractions",
    ),
    "levels below zero": (
        [-1.0 - n for n in range(60)],
        [],
        3,
        "has too few usable values",
    ),
    "short history": (levels()[:8], [], 3, "too little history"),
    "target missing": (
        levels(),
        ["--target", "real_gpd"],
        2,
        "no indicator is called 'real_gpd': nearest: real_gdp",
    ),
    "target of another name": (
        levels(),
        ["--target", "output"],
        2,
        "no indicator is called 'output': own.csv has real_gdp",
    ),
    "given column missing": (
        levels(),
        ["--label", "given:slump"],
        3,
        "no column 'slump' for --label given:slump: they have real_gdp",
    ),
    "given column not 0 and 1": (
        levels(),
        ["--label", "given:real_gdp"],
        3,
        "must contain only 0 and 1",
    ),
    "as of a day before all data": (
        levels(),
        ["--as-of", "1950-01-01"],
        3,
        "was known on 1950-01-01; real_gdp is quarterly (1990Q1 to 2004Q4)",
    ),
    "as of a day to come": (
        levels(),
        ["--as-of", "2999-01-01"],
        2,
        "--as-of 2999-01-01 is in the future",
    ),
}


@pytest.mark.parametrize("case", BAD_LABELS)
def test_label_that_cannot_be_computed_is_one_line(user: User, case: str) -> None:
    values, more, code, reason = BAD_LABELS[case]
    (user.folder / "own.csv").write_bytes(csv(lines(values)))
    assert reason in user.is_refused("own.csv", *more, code=code)


GOOD = {
    "UTF-16": csv(lines()).decode().encode("utf-16"),
    "UTF-16 without a mark": csv(lines()).decode().encode("utf-16-le"),
    "Latin-1": csv(lines(country="Österreich")).decode().encode("latin-1"),
    "first line empty": b"\n" + csv(lines()),
    "semicolons": csv(lines()).replace(b",", b";"),
    "tabs": csv(lines()).replace(b",", b"\t"),
    "byte order mark": b"\xef\xbb\xbf" + csv(lines()),
    "carriage returns": csv(lines()).replace(b"\n", b"\r\n"),
    "unsorted": csv(sorted(lines(), key=lambda it: it[::-1])),
    "the same line twice": csv([*lines(), lines()[0]]),
    "empty column": csv([f"{it}," for it in lines()], f"{HEADER},exports"),
    "commas at the ends": csv([f"{it},," for it in lines()], f"{HEADER},,"),
    "a column called line": csv(lines(), "country,period,line"),
    "a column called value": csv(lines(), "country,period,value"),
}


@pytest.mark.parametrize("case", GOOD)
def test_other_ways_of_writing_the_same_are_read(tmp_path: Path, case: str) -> None:
    from econnet.data.files import user_panel

    (tmp_path / "own.csv").write_bytes(GOOD[case])
    rows = user_panel.read(tmp_path / "own.csv").observations
    assert rows.sort_values("period")["value"].tolist() == levels()
    assert rows["indicator"].unique().tolist() == [
        case.rpartition(" ")[2] if "called" in case else "real_gdp"
    ]


def parquet(path: Path, query: str) -> None:
    """Write what a query gives of `panel`, fifteen years of quarters."""
    panel = pd.DataFrame({"country": "A", "period": QUARTERS, "real_gdp": levels()})
    with duckdb.connect() as database:
        database.register("panel", panel)
        database.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


BAD_PARQUET = {
    "nested": ("SELECT *, {'a': [1]} AS deep FROM panel", "'deep' has type STRUCT"),
    "list": ("SELECT *, [1.5] AS many FROM panel", "'many' has type DECIMAL(2,1)[]"),
    "bytes": ("SELECT *, 'x'::BLOB AS raw FROM panel", "'raw' has type BLOB"),
    "no rows": ("SELECT * FROM panel LIMIT 0", "has no value"),
    "infinite": (
        "SELECT * REPLACE (CASE WHEN period = '1990Q4' THEN 'inf'::DOUBLE ELSE "
        "real_gdp END AS real_gdp) FROM panel",
        "'inf' is not a number",
    ),
    "long cell": (
        "SELECT * REPLACE (repeat('A', 1001) AS country) FROM panel",
        "a cell of 'country' has more than 1,000 characters",
    ),
    "more cells than fit in memory": (
        f"FROM panel, range(5000), (SELECT {', '.join(f'1 c{n}' for n in range(398))})",
        "too many for memory",
    ),
}


@pytest.mark.parametrize("case", BAD_PARQUET)
def test_bad_parquet_is_one_line_and_changes_nothing(user: User, case: str) -> None:
    query, reason = BAD_PARQUET[case]
    parquet(user.folder / "own.parquet", query)
    assert reason in user.is_refused("own.parquet")


@pytest.mark.parametrize("kept", [0, 4, 0.5, -4, -1])
def test_truncated_parquet_is_refused(user: User, kept: float) -> None:
    path = user.folder / "own.parquet"
    parquet(path, "SELECT * FROM panel")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if kept == 0.5 else int(kept)])
    assert "write it again" in user.is_refused("own.parquet")
    (user.folder / "panel").mkdir()
    path.rename(user.folder / "panel" / "own.parquet")
    assert "write it again" in user.is_refused("panel/*.parquet")


def test_parquet_damaged_anywhere_is_read_or_refused(user: User) -> None:
    """One byte after another is inverted; a footer that still parses may be read."""
    from econnet.core.errors import DataError
    from econnet.data.files import user_panel

    path = user.folder / "own.parquet"
    parquet(path, "SELECT * FROM panel LIMIT 5")
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 41):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(bytes(damaged))
        try:
            user_panel.read(path)
        except DataError:
            refused += 1
    assert refused > 0


STREAMED = {
    "infinite": ("'inf'::DOUBLE", "row 4: real_gdp is inf, which is too large"),
    "beyond single precision": ("1e300", "a number is too large to compute with"),
    "beyond the limit": ("1e35", "which is too large to compute with (the limit"),
}


@pytest.mark.parametrize("case", STREAMED)
def test_streamed_number_that_cannot_be_computed_with_is_named(
    user: User, case: str
) -> None:
    number, reason = STREAMED[case]
    (user.folder / "panel").mkdir()
    parquet(
        user.folder / "panel" / "own.parquet",
        "SELECT * REPLACE (if(period = '1990Q4', $, real_gdp) AS real_gdp) "
        "FROM panel".replace("$", number),
    )
    assert reason in user.is_refused("panel")


@pytest.mark.parametrize("name", ["own.csv", "own.parquet", "own.xlsx"])
def test_path_that_is_not_a_file_is_refused_at_once(user: User, name: str) -> None:
    path = user.folder / name
    assert f"there is no file {name}" in user.is_refused(name)
    os.mkfifo(path)
    assert "is not a regular file" in user.is_refused(name)
    path.unlink()
    path.symlink_to("/dev/zero")
    assert "is not a regular file" in user.is_refused(name)
    path.unlink()
    path.mkdir()
    assert "no file is called" in user.is_refused(name)
    os.mkfifo(path / "in.parquet")
    assert "no file is called" in user.is_refused(name)


@pytest.mark.parametrize("name", ["own.csv", "own.parquet", "own.xlsx"])
def test_file_that_may_not_be_read_is_named(name: str) -> None:
    """As a user without rights, whoever runs the tests."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / name
        path.write_bytes(csv(lines()))
        path.chmod(0)
        code = (
            "import os, sys; from pathlib import Path; import openpyxl\n"
            "from econnet.core.errors import DataError\n"
            "from econnet.data.files import user_panel\n"
            "if os.getuid() == 0: os.setuid(65534)\n"
            "try: user_panel.read(Path(sys.argv[1]))\n"
            "except DataError as error: print(error)"
        )
        run = subprocess.run(
            [sys.executable, "-c", code, str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.stderr == ""
    assert run.stdout.startswith(f"{name} cannot be read: Permission denied")


BAD_SETTINGS = {
    "no TOML": (b"a b", "econnet.toml cannot be read"),
    "binary": (b"\xff\x00\x80", "econnet.toml cannot be read"),
    "unknown key": (b'date_folder = "a"', "nearest: data_folder"),
    "wrong type": (b"data_folder = 3", "data_folder is text"),
    "unknown option": (b"[task]\nhorizont = 1", "nearest: horizon"),
    "option out of range": (b"[task]\nhorizon = 99", "(set by econnet.toml)"),
    "option of a wrong type": (b'[task]\nhorizon = "far"', "(set by econnet.toml)"),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_broken_settings_are_one_line_and_change_nothing(user: User, case: str) -> None:
    content, reason = BAD_SETTINGS[case]
    (user.folder / "econnet.toml").write_bytes(content)
    (user.folder / "own.csv").write_bytes(csv(lines()))
    assert reason in user.is_refused("own.csv", code=2)
