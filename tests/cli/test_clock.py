"""Clocks and calendars that are not those of the data."""

from pathlib import Path

import pytest

from tests.user import econnet


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clock")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Mars/Olympus"])
def test_time_zone_changes_nothing_that_is_known(here: Path, zone: str) -> None:
    chosen = ("--country", "DEU", "--indicator", "real_gdp", "--as-of", "2020-05-01")
    for name, place in (("utc.csv", "UTC"), ("other.csv", zone)):
        run = econnet("export", "--output", name, *chosen, folder=here, TZ=place)
        assert run.returncode == 0, run.stderr
    assert (here / "utc.csv").read_bytes() == (here / "other.csv").read_bytes()


def test_data_from_the_future_have_a_calendar_of_their_own(tmp_path: Path) -> None:
    """A day within the file may be asked for, though it has not come; none after it."""
    quarters = [f"A,{year}Q{n},{year + n}" for year in (2990, 2991) for n in (1, 2, 3)]
    text = "\n".join(["country,period,real_gdp", *quarters, ""])
    (tmp_path / "own.csv").write_text(text)
    within = econnet(
        *("train", "--data", "own.csv", "--as-of", "2991-01-01"), folder=tmp_path
    )
    assert within.returncode == 3
    assert "too little history" in within.stderr
    after = econnet(
        *("train", "--data", "own.csv", "--as-of", "2999-01-01"), folder=tmp_path
    )
    assert after.returncode == 2
    assert "--as-of 2999-01-01 has not come yet" in after.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.csv"]
