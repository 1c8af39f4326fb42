import errno
import gzip
import hashlib
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from econnet.core.errors import DataError
from econnet.core.settings import Settings
from econnet.data import load
from econnet.data.sources.observations import now
from econnet.data.store import schema as store_schema
from econnet.forecast import check, saved_model
from econnet.forecast import log as forecast_log
from econnet.forecast.check import Checked, Part
from econnet.runtime import atomic_files
from tests.builders import small_model
from tests.data.store.test_store import answer
from tests.stores import bring_out_next_version, newest

LINE = (
    "2026-11-24T22:07:58+00:00,ARG,A,real_gdp,negative-growth,at,1,2020,2021,0.462697,"
    "0.1.0,0.389831,own,2026-11-24,snapshot,\n"
)
REPORT = [
    ("report.pdf", b"%PDF-1.7"),
    ("report.json", b'{"probability": 0.25}'),
    ("csv/history.csv", b"period,value\n2020,1.5\n"),
]


def settings_of(folder: Path) -> Settings:
    return Settings(folder / "data", folder / "reports", {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an intact folder with one file of each kind."""
    ours = settings_of(tmp_path)
    gdp = {"DEU": {"2019": 1.5, "2020": 1.25}, "WLD": {"2020": 80.5}}
    unemployment = {"DEU": {"2020": 3.5}}
    load.store(ours).write(
        [
            answer(gdp, raw=(b"page 1", b"page 2")),
            answer(unemployment, series_id="OTHER", raw=(b"another",)),
        ]
    )
    saved_model.save(small_model(), tmp_path / "data/models/ARG.npz")
    (tmp_path / "data/models/ARG").mkdir()
    atomic_files.copy(
        tmp_path / "data/models/ARG.npz", tmp_path / "data/models/ARG/h2.npz"
    )
    (tmp_path / "data/forecasts.csv").write_text(
        f"{','.join(forecast_log.COLUMNS)}\n{LINE}"
    )
    atomic_files.write_together(tmp_path / "reports/DEU", REPORT)
    atomic_files.write_together(tmp_path / "reports/ranking", [("ranking.json", b"{}")])
    (tmp_path / "reports/notes").mkdir()
    (tmp_path / "reports/notes/my own.txt").write_text("a user's file")
    return tmp_path


def look(folder: Path) -> Checked:
    return check.check(settings_of(folder))


def broken(folder: Path) -> list[tuple[Part, str, str]]:
    """Return part, name and message of each problem."""
    seen = look(folder)
    assert all(it.remedy and "\n" not in it.sentence for it in seen.broken)
    return [(it.part, it.path.name, it.problem) for it in seen.broken]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def change_store(folder: Path, *statements: str) -> None:
    with duckdb.connect(folder / "data/econnet.duckdb") as connection:
        for statement in statements:
            connection.execute(statement)


def test_intact_folder_is_reported_as_intact_and_left_unchanged(folder: Path) -> None:
    before = contents(folder)
    seen = look(folder)
    assert (seen.broken, seen.remarks) == ((), ())
    assert seen.ok
    assert seen.counts == {
        "observations": 3,
        "raw_answers": 3,
        "models": 2,
        "forecasts": 1,
        "reports": 2,
    }
    assert contents(folder) == before


def test_empty_folder_is_intact_and_stays_empty(tmp_path: Path) -> None:
    assert look(tmp_path).ok
    assert list(tmp_path.iterdir()) == []


# Each statement breaks one rule, which the message must name.
BREAKS = {
    "UPDATE observations SET period = '2020Q5' WHERE period = '2020'": "not a period",
    "UPDATE observations SET period = '2020Q4' WHERE period = '2020'": "frequency",
    "UPDATE observations SET value = 'inf' WHERE period = '2020'": "not finite numbers",
    "UPDATE observations SET value = 'nan' WHERE period = '2020'": "not finite numbers",
    "UPDATE observations SET source = ''": "without country, indicator, source",
    "UPDATE observations SET retrieved_at = NULL": "time of retrieval",
    "INSERT INTO observations FROM observations LIMIT 1": "duplicate values",
    "UPDATE observations SET retrieved_at = '2999-01-01'": "in the future",
    "UPDATE observations SET known_at = retrieved_at + INTERVAL 9 DAYS": "before they",
    "UPDATE observations SET country = 'WLD'": "values without a known country",
    "DELETE FROM series WHERE country = 'DEU'": "not described",
    "INSERT INTO series FROM series LIMIT 1": "described twice",
    "DELETE FROM answers WHERE series_id = 'OTHER'": "not recorded",
    "INSERT INTO answers FROM answers LIMIT 1": "recorded twice",
    "DELETE FROM raw_answers WHERE size = 7": "not stored",
    "DELETE FROM raw_pages WHERE series_id = 'OTHER'": "without raw answers",
    "INSERT INTO raw_answers FROM raw_answers LIMIT 1": "not match its SHA-256",
    "UPDATE raw_answers SET size = 6 WHERE size = 7": "not match its SHA-256",
    "UPDATE raw_answers SET compressed = 'x'::BLOB": "not match its SHA-256",
    "UPDATE raw_answers SET sha256 = 'a' WHERE size = 7": "not match its SHA-256",
    "ALTER TABLE answers DROP COLUMN digest": "answers has no column digest",
    "DROP TABLE rebased": "rebased has no column",
}


@pytest.mark.parametrize(("statement", "said"), BREAKS.items())
def test_broken_rule_of_the_store_is_named(
    folder: Path, statement: str, said: str
) -> None:
    change_store(folder, statement)
    found = broken(folder)
    assert any(said in what for _, _, what in found), found
    assert {part for part, _, _ in found} == {"store"}


def test_raw_answer_larger_than_its_stated_size_is_not_unpacked(folder: Path) -> None:
    bomb = b"\0" * 10_000_000
    with duckdb.connect(folder / "data/econnet.duckdb") as connection:
        connection.execute(
            "UPDATE raw_answers SET sha256 = ?, compressed = ? WHERE size = 7",
            [hashlib.sha256(bomb).hexdigest(), gzip.compress(bomb)],
        )
    assert any("SHA-256" in what for _, _, what in broken(folder))


@pytest.mark.parametrize("size", [-1, None, 2**62])
def test_raw_answer_of_an_odd_size_is_named(size: int | None, folder: Path) -> None:
    with duckdb.connect(folder / "data/econnet.duckdb") as connection:
        connection.execute("UPDATE raw_answers SET size = ? WHERE size = 7", [size])
    assert any("SHA-256" in what for _, _, what in broken(folder))


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes of POSIX")
def test_named_pipes_are_named_and_not_waited_for(folder: Path) -> None:
    names = ("data/forecasts.csv", "data/models/ARG.npz", "data/econnet.duckdb")
    for name in (*names, "reports/DEU/SHA256SUMS"):
        (folder / name).unlink()
        os.mkfifo(folder / name)
    assert [name for _, name, _ in broken(folder)] == [
        *("econnet.duckdb", "ARG.npz", "forecasts.csv", "DEU")
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_report_that_is_being_written_is_not_broken(folder: Path) -> None:
    report = folder / "reports/DEU"
    (report / "report.pdf").write_bytes(b"the new one")
    with atomic_files.locked_folder(report):
        seen = look(folder)
    assert seen.ok
    (remark,) = seen.remarks
    assert (remark.path, remark.problem) == (report, "is being written")
    assert not look(folder).ok


def test_newer_store_is_named_with_both_versions(folder: Path) -> None:
    change_store(folder, "UPDATE about SET version = 99")
    [(part, name, what)] = broken(folder)
    assert (part, name) == ("store", "econnet.duckdb")
    assert "version 99" in what
    [remark] = look(folder).broken
    assert "upgrade econnet" in remark.remedy


def test_older_store_is_a_remark_and_is_not_upgraded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = store_schema.VERSION
    bring_out_next_version(monkeypatch)
    before = contents(folder)
    seen = look(folder)
    assert seen.ok
    [remark] = seen.remarks
    assert f"has version {version}" in remark.problem
    assert contents(folder) == before
    newest(load.store(settings_of(folder)))
    seen = look(folder)
    assert seen.ok
    [backup] = seen.remarks
    assert backup.path.name == f"econnet.duckdb.v{version}.bak"


def test_locked_store_is_waited_for_and_then_reported(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = load.store(settings_of(folder))
    store.timeout_seconds = 0.1
    monkeypatch.setattr(check, "store_of", lambda _: store)
    with (
        FileLock(f"{store.path}.lock"),
        pytest.raises(DataError, match="another process has had"),
    ):
        look(folder)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(where=st.floats(0, 1, exclude_max=True), byte=st.integers(1, 255))
def test_store_with_any_byte_changed_is_intact_or_reported(
    folder: Path, where: float, byte: int
) -> None:
    path = folder / "data/econnet.duckdb"
    content = path.read_bytes()
    changed = bytearray(content)
    changed[int(where * len(content))] ^= byte
    path.write_bytes(changed)
    try:
        assert {it.part for it in look(folder).broken} <= {"store"}
    finally:
        path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [cut, lambda path: path.write_bytes(b"")])
def test_damaged_store_is_reported(folder: Path, harm: Callable[[Path], None]) -> None:
    harm(folder / "data/econnet.duckdb")
    [(part, _, what)] = broken(folder)
    assert part == "store"
    assert "cannot be read as a store" in what


@pytest.mark.parametrize("harm", [cut, flip, lambda path: path.write_text("hello")])
def test_damaged_model_is_reported(folder: Path, harm: Callable[[Path], None]) -> None:
    path = folder / "data/models/FRA.npz"
    path.write_bytes((folder / "data/models/ARG.npz").read_bytes())
    harm(path)
    [remark] = look(folder).broken
    assert (remark.part, remark.path) == ("models", path)
    assert "econnet train" in remark.remedy
    assert str(path) not in remark.problem


def test_model_that_is_too_old_is_a_remark(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = saved_model.SCHEMA
    monkeypatch.setattr(saved_model, "SCHEMA", schema + 1)
    seen = look(folder)
    assert seen.ok
    # Once for each place of the shared file.
    of_schema = f"is of schema {schema}"
    assert [it.problem.startswith(of_schema) for it in seen.remarks] == [True] * 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (LINE.replace("0.4", "1.4"), "line 3 has the probability '1.462697'"),
        (LINE.replace("0.46", "likely"), "line 3 has the probability 'likely"),
        (
            LINE.replace("2026-11-24T", "yesterday "),
            "line 3 has the made_at 'yesterday",
        ),
        (LINE.replace(",A,", ",W,"), "line 3 has the frequency 'W'"),
        (LINE.replace("2021", "next year"), "line 3 has the period 'next year'"),
        (LINE.replace("2021", "9999"), "line 3 has the period '9999'"),
        (LINE.replace("2021", "0000"), "line 3 has the period '0000'"),
        (LINE.replace(",at,", ",near,"), "line 3 has the event 'near'"),
        (LINE.replace("0.389831", ""), "line 3 has the base_rate ''"),
        (LINE.replace("\n", ",,,\n"), "line 3 has 19 cells"),
        (LINE[:-1], "has an incomplete last line"),
        ('"' + LINE, "cannot be read as CSV"),
    ],
)
def test_bad_line_of_the_log_is_named_by_its_number(
    folder: Path, line: str, said: str
) -> None:
    with (folder / "data/forecasts.csv").open("a") as file:
        file.write(line)
    [(part, name, what)] = broken(folder)
    assert (part, name) == ("journal", "forecasts.csv")
    assert said in what


@pytest.mark.parametrize("content", [LINE.encode() * 2, b"made_at,country\n"])
def test_log_without_its_columns_is_named(folder: Path, content: bytes) -> None:
    (folder / "data/forecasts.csv").write_bytes(content)
    [(_, _, what)] = broken(folder)
    assert "has no column" in what


def test_empty_log_is_sound(folder: Path) -> None:
    (folder / "data/forecasts.csv").write_bytes(b"")
    assert look(folder).counts["forecasts"] == 0
    assert look(folder).ok


def test_changed_and_missing_files_of_a_report_are_named(folder: Path) -> None:
    (folder / "reports/DEU/report.pdf").write_bytes(b"%PDF-1.8")
    (folder / "reports/DEU/csv/history.csv").unlink()
    assert broken(folder) == [
        ("reports", "history.csv", "is missing, and SHA256SUMS names it"),
        ("reports", "report.pdf", "is not the file that SHA256SUMS names"),
    ]


def test_half_written_reports_are_not_taken_for_whole_ones(folder: Path) -> None:
    (folder / "reports/FRA").mkdir()
    (folder / "reports/FRA/report.json").write_bytes(b"{}")
    (folder / "reports/DEU/report.html").write_bytes(b"<p>")
    assert broken(folder) == [
        (
            *("reports", "report.html"),
            "is not listed in SHA256SUMS, so it belongs to no finished report",
        ),
        (
            *("reports", "FRA"),
            "has no SHA256SUMS: it is unfinished",
        ),
    ]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a":', b"\xff\xfe", b"[" * 99_999])
def test_report_that_is_not_json_is_named(folder: Path, content: bytes) -> None:
    atomic_files.write_together(folder / "reports/DEU", [("report.json", content)])
    assert broken(folder) == [("reports", "report.json", "is not a JSON document")]


def test_leftovers_are_remarks_and_stay(folder: Path) -> None:
    left = [
        "data/models/.ARG.npz.4711.part",
        "reports/DEU/.report.pdf.4711.part",
        "reports/DEU/csv/.history.csv.4711.part",
        "data/econnet.duckdb.new",
        "data/models/panel.training.unfinished",
        "data/econnet.duckdb.wal.unreadable-1",
        "data/unfinished/0123.npz",
    ]
    (folder / "data/unfinished").mkdir()
    for name in left:
        (folder / name).write_bytes(b"half")
    seen = look(folder)
    assert seen.ok
    found = {str(it.path.relative_to(folder)) for it in seen.remarks}
    assert found == {*left[:-1], "data/unfinished"}
    assert all((folder / name).exists() for name in left)


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="root may read everything"
)
def test_files_that_may_not_be_read_are_named(folder: Path) -> None:
    paths = ["data/forecasts.csv", "data/models/ARG.npz", "reports/DEU/report.pdf"]
    for name in paths:
        (folder / name).chmod(0)
    assert {name for _, name, _ in broken(folder)} >= {
        *("forecasts.csv", "ARG.npz", "report.pdf")
    }


def test_value_of_a_minute_ago_is_of_the_past(folder: Path) -> None:
    store = load.store(settings_of(folder))
    store.write([answer({"FRA": {"2020": 1.0}}, now() - timedelta(minutes=1))])
    assert look(folder).ok


@pytest.mark.parametrize(
    ("name", "part"), [("reports/DEU", "reports"), ("data/models/ARG", "models")]
)
def test_folder_that_cannot_be_listed_is_named(
    name: str, part: Part, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = os.scandir

    def scandir(path: str) -> object:
        if Path(path) == folder / name:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr("os.scandir", scandir)
    assert (part, Path(name).name, "cannot be read (Permission denied)") in broken(
        folder
    )
