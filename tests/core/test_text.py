"""Untrusted texts: in a cell, on a page, on a terminal."""

from unicodedata import bidirectional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core.text import as_cell, from_cell, printable

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")
TEXTS = st.text() | st.builds(
    "".join, st.lists(st.sampled_from([*STARTS, "'", "a", "1"]), max_size=6)
)


@given(TEXTS)
def test_no_cell_is_a_formula_and_every_text_comes_back(text: str) -> None:
    cell = as_cell(text)
    assert not cell.startswith(STARTS)
    assert from_cell(cell) == text


@pytest.mark.parametrize("text", ["Germany", "'s-Gravenhage", "a=b", "", "1.5"])
def test_text_that_is_not_a_formula_is_unchanged(text: str) -> None:
    assert as_cell(text) == text


@given(st.text(st.characters()))
def test_printable_text_moves_no_cursor_and_can_be_encoded(text: str) -> None:
    shown = printable(text).encode().decode()
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)


@given(st.text(st.sampled_from([*map(chr, range(0x2028, 0x2070)), "a"])))
def test_printable_text_changes_no_direction(text: str) -> None:
    directions = {bidirectional(character) for character in printable(text)}
    assert not directions & {"LRE", "RLE", "PDF", "LRO", "RLO"}
    assert not directions & {"LRI", "RLI", "FSI", "PDI"}
