from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from econnet.core.errors import DataError
from econnet.data.store import checks
from econnet.data.store import schema as store_schema
from econnet.data.store.store import Store
from tests.data.store.test_store import answer, held_without_our_lock
from tests.stores import bring_out_next_version, newest

JULY = datetime(2026, 7, 1, 9, 30)
AUGUST = datetime(2026, 8, 1, 9, 30)
ON_2020 = "GDP (constant 2020 US$)"
BACKUP = f"econnet.duckdb.v{store_schema.VERSION}.bak"


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a store of the previous version.

    It has revisions, a withdrawn value, dated vintages, and a series on a new base.
    """
    store = Store(tmp_path / "econnet.duckdb")
    july = {"DEU": {"2019": 0.1 + 0.2, "2020": 2.0, "2021": 3.0}}
    august = {"DEU": {"2019": 0.1 + 0.2, "2020": 2.5}, "TGO": {"2020": 4.0}}
    store.write([answer(july, JULY, raw=(b"July",))])
    store.write([answer(august, AUGUST, raw=(b"August",))])
    for day, value in (("2021-03-01", 1.0), ("2022-03-01", 1.1)):
        dated = {"FRA": {"2019": value}}
        store.write([answer(dated, series_id="DATED", known_at=day)])
    store.write([answer({"TGO": {"2019": 1.0}}, JULY, series_id="BASE")])
    store.write([answer({"TGO": {"2019": 9.0}}, AUGUST, ON_2020, series_id="BASE")])
    Path(f"{store.path}.lock").unlink(missing_ok=True)
    bring_out_next_version(monkeypatch)
    return store.path


def rows_of(path: Path, table: str) -> list[tuple[object, ...]]:
    with duckdb.connect(path, read_only=True) as connection:
        return connection.sql(f"SELECT * FROM {table}").fetchall()  # noqa: S608


@contextmanager
def changed(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(path) as connection:
        yield connection


def test_older_store_is_upgraded_with_every_value_in_its_place(
    older: Path,
) -> None:
    tables = ("observations", "series", "answers", "rebased", "raw_answers")
    before = {table: rows_of(older, table) for table in tables}
    assert len(before["observations"]) == 10
    store = Store(older)
    rows = store.vintages()
    assert {table: rows_of(older, table) for table in tables} == before
    assert rows_of(older, "about") == [(store_schema.VERSION,)]
    today = newest(store).query("country == 'DEU'")
    assert dict(zip(today["period"], today["value"], strict=True)) == {
        "2019": 0.1 + 0.2,
        "2020": 2.5,
    }
    july = newest(store, JULY).query("country == 'DEU'")
    assert july["value"].tolist() == [0.1 + 0.2, 2.0, 3.0]
    dated = rows.query("series_id == 'DATED' and period == '2019'")
    assert dated["known_at"].tolist() == [
        pd.Timestamp("2021-03-01"),
        pd.Timestamp("2022-03-01"),
    ]
    assert store.status().rebased["base_kept"].tolist() == [2020]


def test_older_store_is_kept_until_something_is_written(older: Path) -> None:
    content = older.read_bytes()
    store, backup = Store(older), older.with_name(BACKUP)
    newest(store)
    assert backup.read_bytes() == content
    assert store_schema.backups(older) == [backup]
    store.write([answer({"ITA": {"2020": 1.0}}, series_id="OTHER")])
    assert store_schema.backups(older) == []
    assert len(newest(store, countries=["ITA", "DEU"])) == 3


def test_upgrade_that_breaks_off_leaves_the_older_store(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = older.read_bytes()

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("econnet.runtime.atomic_files.copy", no_space)
    with pytest.raises(OSError, match="No space left"):
        newest(Store(older))
    assert older.read_bytes() == content
    assert sorted(path.name for path in older.parent.iterdir()) == [
        *("econnet.duckdb", "econnet.duckdb.lock")
    ]


def test_copy_that_differs_does_not_replace_the_older(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = store_schema.SCHEMA.replace("value DOUBLE", "value FLOAT")
    monkeypatch.setattr(store_schema, "SCHEMA", schema)
    content = older.read_bytes()
    with pytest.raises(DataError, match="differs in observations"):
        newest(Store(older))
    assert older.read_bytes() == content
    assert store_schema.backups(older) == []


def test_upgrade_that_the_database_refuses_is_reported_in_one_line(older: Path) -> None:
    with changed(older) as connection:
        connection.execute("ALTER TABLE series ALTER base TYPE VARCHAR")
        connection.execute("UPDATE series SET base = 'the year of the flood'")
    content = older.read_bytes()
    with pytest.raises(DataError, match="could not be upgraded to version") as caught:
        newest(Store(older))
    assert "\n" not in str(caught.value)
    assert older.read_bytes() == content


def test_newer_store_is_refused_by_both_versions_and_left_alone(older: Path) -> None:
    with changed(older) as connection:
        connection.execute("UPDATE about SET version = 99")
    content = older.read_bytes()
    with pytest.raises(DataError, match="of version 99") as caught:
        newest(Store(older))
    assert f"versions up to {store_schema.VERSION}: upgrade econnet" in str(
        caught.value
    )
    assert older.read_bytes() == content
    assert store_schema.backups(older) == []


def test_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "econnet.duckdb"
    with changed(path) as connection:
        connection.execute("CREATE TABLE about(text VARCHAR)")
    content = path.read_bytes()
    with pytest.raises(DataError, match="not an econnet store"):
        newest(Store(path))
    assert path.read_bytes() == content


def test_corrupt_block_is_not_taken_for_a_lock(older: Path) -> None:
    content = bytearray(older.read_bytes())
    content[5] ^= 0xFF  # "... checksum does not match ... in block at location 0"
    older.write_bytes(content)
    with pytest.raises(DataError, match="cannot be opened as a store"):
        newest(Store(older, timeout_seconds=60))


def test_corrupt_block_of_data_is_reported_in_one_line(older: Path) -> None:
    store = Store(older)
    newest(store)
    content = bytearray(older.read_bytes())
    for at in range(3 * 4096, len(content), 4096):  # all but the file's headers
        content[at + 99] ^= 0xFF
    older.write_bytes(content)
    with pytest.raises(DataError) as caught:
        newest(store)
    assert "econnet.duckdb" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_corrupt_byte_anywhere_raises_no_unexpected_error(older: Path) -> None:
    store = Store(older)
    newest(store)
    content = older.read_bytes()
    for share in (0.2, 0.35, 0.5, 0.65, 0.8, 0.95):
        changed_content = bytearray(content)
        changed_content[int(share * len(content))] ^= 0xFF
        older.write_bytes(changed_content)
        try:
            assert len(newest(store)) == 5, share  # the byte was in a free block
        except DataError as error:
            assert "\n" not in str(error), share  # noqa: PT017 - either is right


def test_reading_changes_not_even_a_log(older: Path) -> None:
    version = store_schema.VERSION - 1
    with changed(older) as connection:
        connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        connection.execute("INSERT INTO about VALUES (?)", [version])
    before = {path: path.read_bytes() for path in older.parent.iterdir()}
    assert len(before) == 2
    with store_schema.reading(older) as connection:
        assert connection.sql("FROM about").fetchall() == [(version,)] * 2
    assert {path: path.read_bytes() for path in older.parent.iterdir()} == before


def test_reading_a_locked_or_missing_store_raises_an_error_of_its_own(
    older: Path,
) -> None:
    with (
        held_without_our_lock(older),
        pytest.raises(store_schema.FileInUseError),
        store_schema.reading(older),
    ):
        pass
    absent = older.with_name("absent.duckdb")
    with pytest.raises(duckdb.IOException), store_schema.reading(absent):
        pass
    assert not absent.exists()


def test_new_store_has_the_columns_that_are_expected(tmp_path: Path) -> None:
    store = Store(tmp_path / "econnet.duckdb")
    store.write([answer({"DEU": {"2019": 1.0}})])
    with store_schema.reading(store.path) as connection:
        assert store_schema.columns_of(connection) == store_schema.expected_columns()


def test_lack_of_memory_and_a_failing_disk_are_not_bugs(older: Path) -> None:
    with pytest.raises(MemoryError), store_schema.translated_errors(older):
        raise duckdb.OutOfMemoryException("no room for a block")
    with (
        pytest.raises(DataError, match="the data in the store are intact"),
        store_schema.translated_errors(older),
    ):
        raise duckdb.IOException("IO Error: Could not write\nStack trace")
    with pytest.raises(duckdb.BinderException), store_schema.translated_errors(older):
        raise duckdb.BinderException("a bug")


def test_store_that_may_not_be_opened_is_left_unchanged(tmp_path: Path) -> None:
    folder = tmp_path / "econnet.duckdb"
    folder.mkdir()
    with pytest.raises(DataError, match="is not an econnet store"):
        newest(Store(folder))
    assert folder.is_dir()


CRAFTED = {
    "a view of a file": "DROP TABLE rebased; CREATE VIEW rebased AS "
    "SELECT content AS country FROM read_text('{secret}')",
    "a view without end": "DROP TABLE rebased; "
    "CREATE VIEW rebased AS SELECT 'x' AS country FROM range(100000000000000)",
    "a function of the name of another": "CREATE MACRO isfinite(x) AS "
    "(SELECT content FROM read_text('{secret}'))",
    "a computed column": "DROP TABLE about; CREATE TABLE about(version INTEGER, "
    "more INTEGER GENERATED ALWAYS AS (version + 1) VIRTUAL)",
    "a constraint": "DROP TABLE about; CREATE TABLE about(version INTEGER UNIQUE)",
    "an index": "CREATE INDEX one ON about(version)",
    "a sequence": "CREATE SEQUENCE numbers",
}


@pytest.mark.parametrize("statements", CRAFTED.values(), ids=CRAFTED)
def test_store_of_more_than_tables_is_refused_and_not_evaluated(
    statements: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the content of another file")
    store = Store(tmp_path / "econnet.duckdb")
    store_schema.create(store.path)
    with changed(store.path) as connection:
        connection.execute(statements.format(secret=secret.as_posix()))
    with pytest.raises(DataError, match="is not an econnet store: move it away"):
        store.status()
    (flaw,) = checks.check_store(store, lambda: AUGUST).broken
    assert flaw.problem == "is not an econnet store"


def test_store_whose_column_has_another_type_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "econnet.duckdb")
    store_schema.create(store.path)
    with changed(store.path) as connection:
        connection.execute("ALTER TABLE observations ALTER value TYPE VARCHAR")
    with pytest.raises(DataError, match="observations has no column value DOUBLE"):
        store.status()


def test_open_store_reaches_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "econnet.duckdb"
    store_schema.create(path)
    other = tmp_path / "other.txt"
    other.write_text("content")
    with (
        store_schema.reading(path) as connection,
        pytest.raises(duckdb.PermissionException),
    ):
        connection.execute(f"FROM read_text('{other.as_posix()}')")


def test_time_of_a_check_is_that_after_waiting_for_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values that arrived during the wait were reported as values of the future."""
    store = Store(tmp_path / "econnet.duckdb")
    store.write([answer({"DEU": {"2019": 1.0}}, JULY)])
    opened, times = store_schema.reading, [JULY, AUGUST]

    @contextmanager
    def written_first(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        with changed(path) as connection:
            connection.execute("UPDATE observations SET retrieved_at = ?", [AUGUST])
        times.pop(0)
        with opened(path) as connection:
            yield connection

    monkeypatch.setattr(store_schema, "reading", written_first)
    found = checks.check_store(store, lambda: times[0])
    assert not [flaw for flaw in found.broken if "in the future" in flaw.problem]
