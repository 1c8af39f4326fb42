"""Clocks and time zones that differ from those of the data."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.user import HANG_SECONDS, econnet, econnet_process


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clock")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Mars/Olympus"])
def test_known_data_do_not_depend_on_the_time_zone(here: Path, zone: str) -> None:
    chosen = ("--country", "DEU", "--indicator", "real_gdp", "--as-of", "2020-05-01")
    if not (here / "this.csv").exists():
        econnet("export", "--output", "this.csv", *chosen, folder=here)
    run = econnet_process(
        *("export", "--output", "other.csv", *chosen), folder=here, TZ=zone
    )
    assert run.returncode == 0, run.stderr
    assert (here / "this.csv").read_bytes() == (here / "other.csv").read_bytes()


CLOCK_OF_1970 = """
import datetime, sys
import duckdb, pandas  # which need the original class

class Behind(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(1970, 1, 1, tzinfo=tz)

datetime.datetime = Behind
from econnet.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "--country", "DEU"),
        ("train", "--country", "DEU"),
        ("export", "--country", "DEU", "--output", "all.csv"),
    ],
    ids=["report", "train", "export"],
)
def test_clock_before_the_bundled_data_is_reported_at_once(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    run = subprocess.run(
        [sys.executable, "-c", CLOCK_OF_1970, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert run.returncode == 3
    assert run.stderr.startswith("econnet: this computer's clock shows 1970-01-01, but")
    assert run.stderr.endswith(": correct the clock\n")
    assert run.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_days_of_a_file_do_not_depend_on_the_time_zone(tmp_path: Path) -> None:
    """Parquet may contain moments, which fall on another day in other time zones."""
    path = tmp_path / "own.parquet"
    duckdb.execute(
        "COPY (SELECT 'A' AS country, '2019' AS period, 1.0 AS x, "
        "TIMESTAMPTZ '2020-01-31 23:30:00+00' AS known_at) "
        f"TO '{path.as_posix()}' (FORMAT parquet)"
    )
    script = (
        "import pathlib; from econnet.data.files import user_panel; "
        "print(user_panel.read(pathlib.Path('own.parquet')).observations['known_at'][0])"
    )
    for zone in ("Pacific/Kiritimati", "America/New_York"):
        run = subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            env=os.environ | {"TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout == "2020-01-31 23:30:00\n", zone


def test_data_from_the_future_are_not_known(tmp_path: Path) -> None:
    quarters = [f"A,{year}Q{n},{year + n}" for year in (2990, 2991) for n in (1, 2, 3)]
    text = "\n".join(["country,period,real_gdp", *quarters, ""])
    (tmp_path / "own.csv").write_text(text)
    within = econnet(
        *("train", "--data", "own.csv", "--as-of", "2991-01-01"), folder=tmp_path
    )
    assert within.returncode == 3
    assert "own.csv has no value for a period that has ended" in within.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.csv"]
