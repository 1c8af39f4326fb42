"""Text that the report's fonts can draw."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.report.figures.glyphs import FAMILIES, drawable, letters_of, not_drawable

MARKS = st.characters(categories=["Mn", "Me", "Cf", "Sk"])


@given(st.text(st.characters() | MARKS))
def test_the_fonts_have_every_character(text: str) -> None:
    known = frozenset[int]().union(*map(letters_of, FAMILIES))
    assert {ord(character) for character in drawable(text)} <= known


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Zoe\u0308", "Zo\u00eb"),
        ("1\ufe0f\u20e3 key", "1 key"),
        ("x\u0301\u0302\u0303", "x"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467 family", "\ufffd family"),
        ("\U0001f44d\U0001f3fd", "\ufffd"),
        ("\u65e5\u672c", "\ufffd\ufffd"),
        ("\u0645\u0635\u0631", "\u0645\u0635\u0631"),
        ("\u05d9\u05e9\u05e8\u05d0\u05dc", "\u05d9\u05e9\u05e8\u05d0\u05dc"),
        ("\u0301", "\ufffd"),
        ("a\u3000b", "a b"),
    ],
)
def test_characters_are_checked_as_readers_see_them(text: str, drawn: str) -> None:
    assert drawable(text) == drawn


def test_names_in_letters_that_no_font_has_are_found() -> None:
    names = ["Germany", "\u65e5\u672c", "Zoe\u0308", "\ufffd"]
    assert not_drawable(names) == ["\u65e5\u672c"]
