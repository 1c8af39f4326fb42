"""The tutorial shows what its commands print."""

import sys

import pytest

from scripts import transcripts

CURE = "write it again: python -m scripts.transcripts"


def test_tutorial_shows_output_of_its_commands() -> None:
    blocks = transcripts.BLOCK.findall(transcripts.PAGE.read_text("utf-8"))
    shown = "".join(block for _, block, _ in blocks)
    for command in ("status", "countries", "indicators"):
        assert f"$ econnet {command}" in shown
    for _, block, _ in blocks:
        assert any(not line.startswith("$ ") for line in block.splitlines()), CURE


@pytest.mark.campaign
@pytest.mark.skipif(sys.platform == "win32", reason="the commands need a shell")
def test_tutorial_shows_what_its_commands_print() -> None:
    written = transcripts.PAGE.read_text("utf-8")
    again = transcripts.page(written)
    if "out of date" in again.lower():
        pytest.skip("the bundled snapshot is out of date: make a newer one first")
    assert written == again, CURE
