from pathlib import Path

import pytest

from econnet.core.countries import by_alpha3
from econnet.data.sources import fred
from scripts import check_catalog, coverage_table
from tests.data.sources.servers import GERMANY, Sources, fred_file, rows_of

GDP = "CLVMNACSCAB1GQLT"


@pytest.fixture
def checked(sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of a check of Lithuania, for which FRED has only the GDP."""
    monkeypatch.setattr(fred, "PER_SECOND", None)
    monkeypatch.delenv("FRED_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    for name, url in sources.environment.items():
        monkeypatch.setenv(name, url)
    sources.files[GDP] = fred_file(GDP, {"2020-01-01": "1.5", "2020-04-01": "2.5"})
    output = tmp_path / "status.csv"
    code = check_catalog.main(
        ["--source", "fred", "--country", "LTU", "--output", str(output)]
    )
    assert code == 1
    return output


def test_every_id_is_asked_once_and_written_with_what_was_found(
    sources: Sources, checked: Path
) -> None:
    rows = {row.series_id: row for row in check_catalog.read(checked)}
    assert {*sources.asked} == {part for key in rows for part in key.split("-")}
    assert len(sources.asked) == len({*sources.asked})
    assert rows[GDP].status == "exists"
    assert (rows[GDP].first_period, rows[GDP].last_period) == ("2020Q1", "2020Q2")
    assert rows[GDP].country == "LTU"
    assert {row.status for key, row in rows.items() if key != GDP} == {"missing"}
    assert not (checked.parent / "data").exists()


def test_later_check_keeps_what_it_does_not_reach(
    sources: Sources, checked: Path
) -> None:
    before = {row.key: row for row in check_catalog.read(checked)}
    sources.else_rows = rows_of(GERMANY, {"2020": 1.5})
    check_catalog.main(
        ["--source", "worldbank", "--country", "LTU", "--output", str(checked)]
    )
    after = {row.key: row for row in check_catalog.read(checked)}
    assert after.items() >= before.items()
    status = {
        row.country: row.status
        for row in after.values()
        if row.series_id == "GEM/TOTRESV"
    }
    assert status["DEU"] == "exists"
    # The catalog expects it of more countries than there are in the answer.
    assert status["LTU"] == "missing"


def test_table_marks_what_was_not_found(
    checked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = frozenset(
        (row.source, row.series_id, row.country)
        for row in check_catalog.read(checked)
        if row.status == "exists"
    )
    monkeypatch.setattr(coverage_table, "verified", lambda: found)
    column = coverage_table.COLUMNS["real GDP, Q"]
    assert coverage_table.cell(*column, by_alpha3("LTU")) == "FRED 60"
    assert coverage_table.cell(*column, by_alpha3("ITA")).endswith("?")
    assert coverage_table.cell(*column, by_alpha3("AND")) == ""


def test_catalog_covers_as_much_of_the_world_as_intended() -> None:
    aims = {
        "real GDP, Q": 75,
        "industry, M": 60,
        "10-year rate": 40,
        "policy or 3-month rate": 40,
        "confidence": 30,
    }
    for name, aim in aims.items():
        covered, _ = coverage_table.counts(*coverage_table.COLUMNS[name])
        assert covered >= aim, name
