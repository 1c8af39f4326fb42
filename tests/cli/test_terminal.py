"""Terminals that are narrow, lack letters or colours, or are not there at all."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from econnet.cli import output
from econnet.core import catalog
from tests.user import HANG_SECONDS, econnet, econnet_process

HOSTILE = "[/bold]\x1b[2J\x9b2J [red]:smile: Côte d'Ivoire \ud800"


@pytest.mark.parametrize(
    "encoding", ["ascii", pytest.param("utf-8", marks=pytest.mark.campaign)]
)
def test_letters_that_the_terminal_lacks_cause_no_failure(
    encoding: str, tmp_path: Path
) -> None:
    places = {"PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONUTF8": "0"}
    table = econnet_process("countries", folder=tmp_path, **places)
    assert (table.returncode, table.stderr) == (0, "")
    listed = econnet_process("countries", "--json", folder=tmp_path, **places)
    assert listed.returncode == 0
    names = [row["name"] for row in json.loads(listed.stdout)]
    assert not all(map(str.isascii, names))


@pytest.mark.campaign
def test_user_without_a_terminal_sees_no_progress(tmp_path: Path) -> None:
    run = econnet_process("duel", "--updates", "2", folder=tmp_path)
    assert run.returncode == 0
    assert "\x1b" not in run.stdout + run.stderr
    assert "\r" not in run.stdout + run.stderr


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_variables_of_colour_put_no_progress_into_a_pipe(
    name: str, tmp_path: Path
) -> None:
    # Continuous integration sets them.
    (tmp_path / "own.csv").write_text("country,period,sales\nA,1990,1.5\nA,1991,2.5\n")
    arguments = ("forecast", "--data", "own.csv", "--target", "sales")
    run = econnet_process(*arguments, folder=tmp_path, **{name: "1"})
    assert run.returncode == 3
    assert "\x1b" not in run.stdout + run.stderr
    assert "\r" not in run.stdout + run.stderr


@pytest.mark.parametrize("columns", ["20", "1", "0", "-5", "many", "100000"])
def test_terminal_of_any_width_shows_the_whole_answer(
    columns: str, tmp_path: Path
) -> None:
    run = econnet("indicators", "--search", "gdp", folder=tmp_path, COLUMNS=columns)
    assert (run.returncode, run.stderr) == (0, "")
    assert "real_gdp" in run.stdout
    if columns in {"20", "1", "0"}:
        assert max(map(len, run.stdout.splitlines())) <= 40


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_user_who_wants_no_colour_gets_none(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "econnet", "indicators", "--search", "gdp"],
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1", "TERM": "xterm-256color"},
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while process.poll() is None or not shown:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # Linux reports the end of a terminal so
                break
        assert process.wait(HANG_SECONDS) == 0
    os.close(ours)
    assert b"real_gdp" in shown
    assert b"\x1b[3" not in shown.replace(b"\x1b[3m", b"")  # colours; 3 is italics


def test_words_of_a_table_are_not_broken_where_they_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "48")
    rows: list[tuple[object, ...]] = [
        ("unemployment", "unemployed persons in per cent of the labour force", "fred"),
        ("gdp", "gross domestic product at constant prices", "worldbank"),
    ]
    output.table("", ("indicator", "title", "source"), rows)
    shown = capsys.readouterr().out
    for row in rows:
        assert all(word in shown.split() for cell in row for word in str(cell).split())
    assert max(map(len, shown.splitlines())) <= 48


class Terminal(io.TextIOWrapper):
    """A terminal that keeps what it is shown."""

    def __init__(self) -> None:
        self.shown = io.BytesIO()
        super().__init__(self.shown, encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return True


def test_no_name_moves_the_cursor_or_is_taken_for_markup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    output.print_answer(HOSTILE)
    output.note(HOSTILE)
    output.table(HOSTILE, ("name",), [(HOSTILE,)])
    with output.working(HOSTILE):
        pass
    with output.stages() as stage:
        stage(HOSTILE, 0.5)
    with output.progress(HOSTILE) as done:
        done(0.5)
    output.print_json({HOSTILE: HOSTILE})
    shown = terminal.shown.getvalue().decode()
    assert "\x1b[2J" not in shown
    assert "\x9b" not in shown
    assert shown.count("[/bold]") >= 6
    document = json.loads(shown[shown.rindex("{") :])
    assert document == {HOSTILE: HOSTILE}


@pytest.mark.parametrize("columns", ["40", "60", "80", "100", "120"])
def test_table_cuts_no_text(columns: str, tmp_path: Path) -> None:
    indicators = catalog.search("")
    run = econnet("indicators", folder=tmp_path, COLUMNS=columns)
    _, head, *lines = run.stdout.splitlines()
    assert max(map(len, lines)) <= int(columns)
    place = head.index("title"), head.index("sources")
    keys = "".join(line[: place[0]].strip() for line in lines)
    sources = "".join(line[place[1] :].strip() for line in lines)
    assert keys == "".join(it.key for it in indicators)
    every = "".join(", ".join(it.about()["sources"]) for it in indicators)
    assert sources.replace(" ", "") == every.replace(" ", "")
