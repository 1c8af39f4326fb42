import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from econnet.runtime import atomic_files, checksums
from tests.user import HANG_SECONDS

JUNE = [("report.json", b'{"probability": 0.2}'), ("csv/history.csv", b"a,b\n1,2\n")]
JULY = [("report.json", b'{"probability": 0.3}'), ("csv/history.csv", b"a,b\n1,3\n")]


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_folder_names_each_file_with_its_digest(tmp_path: Path) -> None:
    written = atomic_files.write_together(tmp_path / "DEU", JUNE)
    assert written == [tmp_path / "DEU" / name for name, _ in JUNE]
    assert checksums.read_sums(tmp_path / "DEU") == {
        name: hashlib.sha256(content).hexdigest() for name, content in JUNE
    }
    assert checksums.verify_checksums(tmp_path / "DEU") == []
    assert atomic_files.temporary_files(tmp_path) == []


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_folder_is_verified_without_econnet(tmp_path: Path) -> None:
    atomic_files.write_together(tmp_path, JUNE)
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "report.json").write_bytes(b"{}")
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 1


def test_interrupted_write_leaves_the_earlier_files(tmp_path: Path) -> None:
    atomic_files.write_together(tmp_path, JUNE)
    before = files_in(tmp_path)

    def breaks_off() -> Iterator[tuple[str, bytes]]:
        yield JULY[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic_files.write_together(tmp_path, breaks_off())
    assert files_in(tmp_path) == before


def test_half_of_a_later_report_is_distinguished_from_a_whole_one(
    tmp_path: Path,
) -> None:
    atomic_files.write_together(tmp_path, JUNE)
    # As left by a process that is killed after the first of two moves.
    (tmp_path / JULY[0][0]).write_bytes(JULY[0][1])
    assert checksums.verify_checksums(tmp_path) == [
        checksums.Fault(
            tmp_path / "report.json", "is not the file that SHA256SUMS names"
        )
    ]


def test_move_that_fails_half_way_is_distinguished_from_a_whole_one(
    tmp_path: Path,
) -> None:
    atomic_files.write_together(tmp_path, JUNE)
    (tmp_path / "page.html").mkdir()
    with pytest.raises(OSError, match="directory"):
        atomic_files.write_together(tmp_path, [("page.html", b"<p>"), *JULY])
    assert checksums.verify_checksums(tmp_path) == []  # no move was made
    assert atomic_files.temporary_files(tmp_path) == []
    with pytest.raises(OSError, match="directory"):
        atomic_files.write_together(tmp_path, [*JULY, ("page.html", b"<p>")])
    assert {fault.path.name for fault in checksums.verify_checksums(tmp_path)} == {
        *("report.json", "history.csv")
    }
    (tmp_path / "page.html").rmdir()
    atomic_files.write_together(tmp_path, [*JULY, ("page.html", b"<p>")])
    assert checksums.verify_checksums(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks no folder")
def test_leftovers_of_a_killed_process_are_cleared_by_the_next(tmp_path: Path) -> None:
    atomic_files.write_together(tmp_path, JUNE)
    for place in ("csv/.history.csv.4711.part", ".report.json.12.part"):
        (tmp_path / place).write_bytes(b"half")
    own = tmp_path / "notes.part"
    own.write_bytes(b"a user's own")
    atomic_files.write_together(tmp_path, JULY)
    assert atomic_files.temporary_files(tmp_path) == []
    assert own.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks no folder")
def test_simultaneous_writers_take_turns(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from econnet.runtime import atomic_files\n"
        "from econnet.runtime import checksums\n"
        "for turn in range(60):\n"
        "    text = (sys.argv[1] * (turn + 1)).encode()\n"
        "    files = [(f'{n}.json', text) for n in range(8)]\n"
        "    atomic_files.write_together(Path('DEU'), files)\n"
        "    with atomic_files.locked_folder(Path('DEU')):\n"
        "        assert checksums.verify_checksums(Path('DEU')) == []\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, letter], cwd=tmp_path)
        for letter in "ab"
    ]
    assert [writer.wait(HANG_SECONDS) for writer in writers] == [0, 0]
    assert checksums.verify_checksums(tmp_path / "DEU") == []
    assert len({*files_in(tmp_path / "DEU").values()}) == 2  # one content, and the sums


def test_folder_that_is_deleted_meanwhile_is_not_a_success(tmp_path: Path) -> None:
    script = (
        "import os, shutil, sys\nfrom pathlib import Path\n"
        "from econnet.runtime import atomic_files\n"
        "def delete(event, _):\n"
        "    if event == 'os.rename': shutil.rmtree('DEU', ignore_errors=True)\n"
        "sys.addaudithook(delete)\n"
        "atomic_files.write_together(Path('DEU'), [('report.json', b'{}')])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, check=False
    )
    assert run.returncode == 1
    assert b"FileNotFoundError" in run.stderr


def test_files_that_are_not_rewritten_stay_listed(tmp_path: Path) -> None:
    atomic_files.write_together(tmp_path, [*JUNE, ("map.png", b"\x89PNG")])
    (tmp_path / "map.png").unlink()
    atomic_files.write_together(tmp_path, JULY[:1])
    assert set(checksums.read_sums(tmp_path) or {}) == {
        "report.json",
        "csv/history.csv",
    }
    assert checksums.verify_checksums(tmp_path) == []


def test_missing_file_is_named(tmp_path: Path) -> None:
    atomic_files.write_together(tmp_path, JUNE)
    (tmp_path / "report.json").unlink()
    [fault] = checksums.verify_checksums(tmp_path)
    assert fault.path == tmp_path / "report.json"
    assert "is missing" in fault.reason


@pytest.mark.parametrize("name", ["../secret", "/dev/zero", "csv/../../secret"])
def test_foreign_checksums_do_not_lead_out_of_the_folder(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "DEU").mkdir()
    (tmp_path / "secret").write_bytes(b"")
    (tmp_path / "DEU" / "SHA256SUMS").write_text(f"{'0' * 64}  {name}\n")
    assert checksums.read_sums(tmp_path / "DEU") == {}
    assert checksums.verify_checksums(tmp_path / "DEU") == []


def test_replacing_keeps_the_file_when_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    atomic_files.write(path, b"old")

    def write_half() -> None:
        with atomic_files.atomic_write(path) as part:
            part.write_bytes(b"half of the n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert files_in(tmp_path) == {"table.csv": b"old"}


def test_leftovers_of_a_killed_process_are_found(tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    part = tmp_path / "csv" / ".history.csv.4711.part"
    part.write_bytes(b"a,b\n1")
    (tmp_path / "notes.part").write_bytes(b"a user's own")
    assert atomic_files.temporary_files(tmp_path) == [part]
