from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from econnet.core.errors import DataError
from econnet.report.site import chain
from econnet.report.site.chain import GENESIS, Record
from tests.report.site.conftest import forecast, outcome

ENTRIES = [
    forecast(origin=str(year), period=str(year + 1), probability=0.1)
    for year in range(2020, 2025)
]
RECORD = Record().extended([*ENTRIES, outcome(2, 1), outcome(3, 0)])


def named_lines(content: bytes) -> list[int]:
    return [fault.line for fault in chain.faults(content)]


def test_lines_are_numbered_and_contain_the_digest_of_the_line_before() -> None:
    lines = RECORD.content.splitlines()
    assert [entry.line for entry in RECORD.entries] == [1, 2, 3, 4, 5, 6, 7]
    assert RECORD.entries[0].previous == GENESIS
    for entry, before in zip(RECORD.entries[1:], lines, strict=False):
        assert entry.previous == chain.digest(before)
    assert RECORD.head == chain.digest(lines[-1])
    assert named_lines(RECORD.content) == []


def test_record_that_was_written_can_be_read_and_continued(tmp_path: Path) -> None:
    path = tmp_path / chain.FILE
    path.write_bytes(RECORD.content)
    assert chain.read(path) == RECORD
    longer = chain.read(path).extended([forecast(origin="2025", period="2026")])
    assert longer.content.startswith(RECORD.content)
    assert named_lines(longer.content) == []


def test_missing_file_is_an_empty_record(tmp_path: Path) -> None:
    assert chain.read(tmp_path / chain.FILE) == Record()


@given(st.data())
def test_any_changed_byte_before_the_last_line_is_found_in_its_line(
    data: st.DataObject,
) -> None:
    lines = RECORD.content.splitlines()
    number = data.draw(st.integers(0, len(lines) - 2), label="line")
    place = data.draw(st.integers(0, len(lines[number]) - 1), label="byte")
    byte = data.draw(st.integers(32, 126), label="new byte")
    assume(byte != lines[number][place])
    changed = bytearray(lines[number])
    changed[place] = byte
    lines[number] = bytes(changed)
    assert number + 1 in named_lines(b"\n".join(lines) + b"\n")


def test_removed_inserted_and_exchanged_lines_are_found() -> None:
    first, second, third, *rest = RECORD.content.splitlines(keepends=True)
    for lines in (
        (first, third, *rest),
        (first, second, second, third, *rest),
        (second, first, third, *rest),
        (second, third, *rest),
    ):
        assert named_lines(b"".join(lines))


def test_line_that_is_cut_off_is_named() -> None:
    assert named_lines(RECORD.content[:-5]) == [7]


def test_repeated_forecasts_and_outcomes_are_found() -> None:
    twice = Record().extended([forecast(), forecast()])
    assert named_lines(twice.content) == [2]
    again = Record().extended([forecast(), outcome(1, 0), outcome(1, 1)])
    assert named_lines(again.content) == [3]
    nowhere = Record().extended([forecast(), outcome(2, 0)])
    assert named_lines(nowhere.content) == [2]


def test_damaged_record_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / chain.FILE
    path.write_bytes(RECORD.content.replace(b"0.1", b"0.9", 1))
    with pytest.raises(DataError, match="line 1, was changed after line 2 was written"):
        chain.read(path)
