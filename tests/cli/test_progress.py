"""What a terminal shows after the progress display has ended, and of an error."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from tests.cli.test_status import panel
from tests.user import HANG_SECONDS, LIGHT_ECONNET, light_econnet_process

COLUMNS = 80
CONTROL = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")
FORECAST = ("forecast", "--data", "sales.csv", "--target", "sales", "--members", "1")


class Screen:
    """The lines that a terminal shows, of which none is scrolled away."""

    def __init__(self) -> None:
        self.rows, self.row, self.column = [""], 0, 0

    def show(self, text: str) -> list[str]:
        """Return the lines after a text with control sequences was written."""
        while text:
            if found := CONTROL.match(text):
                self._obey(found[2], found[1])
                text = text[found.end() :]
            else:
                self._write(text[0])
                text = text[1:]
        return [row.rstrip() for row in self.rows]

    def _obey(self, command: str, number: str) -> None:
        if command == "A":
            self.row = max(self.row - int(number or 1), 0)
        elif command == "K":
            row = self.rows[self.row]
            self.rows[self.row] = "" if number == "2" else row[: self.column]
        else:
            assert command in "mhl", f"unexpected control sequence {command}"

    def _write(self, letter: str) -> None:
        if letter == "\r":
            self.column = 0
        elif letter == "\n":
            self._next_row()
        else:
            if self.column == COLUMNS:
                self._next_row()
                self.column = 0
            row = self.rows[self.row].ljust(self.column)
            self.rows[self.row] = row[: self.column] + letter + row[self.column + 1 :]
            self.column += 1

    def _next_row(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append("")


def written_to_terminal(*arguments: str, folder: Path, exit_code: int = 0) -> str:
    """Return all that a command writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    unset = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"}
    environment = {key: os.environ[key] for key in os.environ.keys() - unset}
    with subprocess.Popen(
        [*LIGHT_ECONNET, *arguments],
        cwd=folder,
        env={**environment, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # Linux reports the end of a terminal so
            pass
        assert process.wait(HANG_SECONDS) == exit_code, shown.decode()
    os.close(ours)
    return shown.decode()


@pytest.mark.parametrize("command", [("status",), FORECAST], ids=["spinner", "bar"])
def test_lines_are_whole_after_the_progress_display(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    folders = tmp_path / "piped", tmp_path / "shown"
    for folder in folders:
        folder.mkdir()
        panel(years=50).to_csv(folder / "sales.csv", index=False)
    if command == FORECAST:
        command = (*command, "--country", "North")
    piped = light_econnet_process(*command, folder=folders[0], COLUMNS="80")
    assert piped.returncode == 0, piped.stderr
    written = written_to_terminal(*command, folder=folders[1])
    assert "Reading the data" in written  # the display was there, and is gone
    lines = Screen().show(written)
    assert not [line for line in lines if "Reading the data" in line]
    text = "\n".join(lines)
    for line in piped.stdout.splitlines():
        for start in range(0, len(line), COLUMNS):
            assert line[start : start + COLUMNS].rstrip() in lines
    notes = [line for line in piped.stderr.splitlines() if line]
    assert notes
    for note in notes:
        assert " ".join(note.split()) in " ".join(text.split())
    assert not re.search(r"[\u2800-\u28ff\u2501\u2578\u257a]", text)


def test_error_breaks_between_words_on_a_terminal_only(tmp_path: Path) -> None:
    command = ("forecast", "--country", "DEU", "--label", "nber")
    piped = light_econnet_process(*command, folder=tmp_path)
    (line,) = piped.stderr.splitlines()
    assert len(line) > COLUMNS
    written = written_to_terminal(*command, folder=tmp_path, exit_code=3)
    lines = [shown for shown in Screen().show(written) if shown]
    assert max(map(len, lines)) < COLUMNS
    assert " ".join(lines) == line
