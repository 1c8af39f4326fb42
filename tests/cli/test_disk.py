"""Disks and folders to which a command cannot write."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from econnet.forecast import log as forecast_log
from tests.cli.test_train import panel
from tests.user import HANG_SECONDS, econnet

UNREACHABLE = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:1")
# Root may write anywhere, unless it gives up that right.
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")


@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("setpriv") is None,
    reason="needs Linux and setpriv, to be without rights whoever runs the tests",
)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("export", "--country", "AND", "--output", "data/andorra.csv"),
            "cannot be read or written (Permission denied): allow it, or",
        ),
        (
            ("fetch", "--country", "AND"),
            "data cannot be written to (Permission denied): allow it, or",
        ),
    ],
    ids=["export", "fetch"],
)
def test_unwritable_folder_is_named(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o555)
    run = subprocess.run(
        [
            *WITHOUT_RIGHTS,
            *(sys.executable, "-m", "econnet"),
            *arguments,
        ],
        cwd=tmp_path,
        env={**os.environ, **UNREACHABLE},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert run.returncode == 3
    assert run.stderr.startswith("econnet: ")
    # A request would end in exit code 4 here, where no source can be reached.
    assert said in run.stderr
    assert run.stderr.count("\n") == 1
    assert not list(data.iterdir())


# Runs a command where the folder `data` is mounted read-only.
READ_ONLY = (
    *("unshare", "--map-root-user", "--mount", "sh", "-c"),
    'mount --bind data data && mount -o remount,ro,bind data && exec "$@"',
    "sh",
)


def can_mount() -> bool:
    """Return whether this process may mount folders for itself."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    with TemporaryDirectory() as folder:
        (Path(folder) / "data").mkdir()
        run = subprocess.run([*READ_ONLY, "true"], cwd=folder, check=False)
    return run.returncode == 0


LOCK = """
from pathlib import Path
from econnet.runtime.locks import locked_file

with locked_file(Path("data/.forecasts.csv.lock"), Path("data/forecasts.csv")):
    print("locked")
"""


@pytest.mark.skipif(not can_mount(), reason="may not mount")
@pytest.mark.parametrize(
    ("command", "named"),
    [
        (
            ("-m", "econnet", "export", "--country", "AND", "--output", "data/a.csv"),
            "econnet: data/a.csv cannot be read or written (Read-only file system): ",
        ),
        (("-c", LOCK), "OSError: [Errno 30] Read-only file system: 'data/forecasts."),
    ],
    ids=["file", "lock"],
)
def test_read_only_disk_is_reported_by_the_file_that_users_know(
    command: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    run = subprocess.run(
        [*READ_ONLY, sys.executable, *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert run.returncode != 0
    assert run.stderr.splitlines()[-1].startswith(named), run.stderr


NOT_UTF8 = os.fsdecode(b"\xff")


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
@pytest.mark.parametrize(
    "arguments",
    [
        ("fetch", "--country", "AND"),
        ("export", "--country", "AND", "--output", f"{NOT_UTF8}.parquet"),
        ("inspect", f"{NOT_UTF8}.parquet"),
        ("forecast", "--data", NOT_UTF8),
    ],
    ids=" ".join,
)
def test_path_that_is_not_utf8_is_named_where_duckdb_would_open_it(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    own = tmp_path / NOT_UTF8
    own.mkdir()
    duckdb.sql(f"COPY (SELECT 1 AS x) TO '{tmp_path}/own.parquet'")
    shutil.copy(tmp_path / "own.parquet", own)
    shutil.copy(tmp_path / "own.parquet", tmp_path / f"{NOT_UTF8}.parquet")
    folder = f"{NOT_UTF8}/data" if arguments[0] == "fetch" else "data"
    run = econnet(*arguments, folder=tmp_path, ECONNET_DATA=folder, **UNREACHABLE)
    assert run.returncode == 3, run.stderr
    assert "\\udcff" in run.stderr
    assert "is not UTF-8: rename the file or folder" in run.stderr
    assert not (tmp_path / folder).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
def test_other_paths_need_not_be_utf8(tmp_path: Path) -> None:
    folder = tmp_path / NOT_UTF8
    folder.mkdir()
    panel(folder / f"{NOT_UTF8}.csv", quarters=66)
    asked = ("--data", f"{NOT_UTF8}.csv", "--target", "output", "--country", "Alpha")
    run = econnet("report", *asked, folder=folder, ECONNET_REPORTS=f"r{NOT_UTF8}")
    assert run.returncode == 0, run.stderr
    assert list((folder / f"r{NOT_UTF8}").rglob("report.pdf"))
    (line,) = forecast_log.read(folder / "data/forecasts.csv")
    assert line["file"].endswith("/?/?.csv")
    assert line["source"] == "?.csv"
    assert econnet("check", folder=folder).returncode == 0


def test_export_follows_a_link_and_replaces_no_pipe(tmp_path: Path) -> None:
    asked = ("export", "--country", "AND", "--indicator", "real_gdp", "--output")
    (tmp_path / "elsewhere").mkdir()
    link, target = tmp_path / "link.csv", tmp_path / "elsewhere/real.csv"
    link.symlink_to(target)
    for _ in ("absent", "there already"):
        run = econnet(*asked, "link.csv", folder=tmp_path)
        assert run.returncode == 0, run.stderr
        assert link.is_symlink()
        assert target.read_text().startswith("country,")
    os.mkfifo(tmp_path / "pipe.csv")
    run = econnet(*asked, "pipe.csv", folder=tmp_path)
    assert run.returncode == 3
    assert run.stderr == "econnet: pipe.csv is not a regular file: name another\n"
    assert (tmp_path / "pipe.csv").is_fifo()


def test_file_is_named_as_the_user_knows_it(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for name in ("/proc/andorra.csv", "loop/andorra.csv", f"{'a' * 300}.csv"):
        run = econnet("export", "--country", "AND", "--output", name, folder=tmp_path)
        assert run.returncode == 3
        assert ".part" not in run.stderr
        assert run.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
@pytest.mark.parametrize("ending", [".csv", ".parquet", ".xlsx"])
def test_disk_that_is_full_halfway_is_named_in_one_line(
    ending: str, tmp_path: Path
) -> None:
    # A limit on the size of files fails as a full disk does. `ulimit` counts kilobytes.
    script = f"ulimit -f 1; {sys.executable} -m econnet export --country AND --output a"
    run = subprocess.run(
        ["bash", "-c", f"{script}{ending}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert run.returncode == 3, run.stderr
    assert run.stderr.startswith("econnet: ")
    assert "(File too large): free some space, or" in run.stderr
    assert run.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
