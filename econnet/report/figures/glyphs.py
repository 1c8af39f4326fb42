"""Which text the report's fonts can draw.

Names come from users' files and may be written in any script. What a reader sees as one
character may consist of several code points: a letter and its accents, a digit and a
keycap, people who make up a family. Text is therefore checked by such clusters. Marks
are drawn only where Unicode has one code point for the letter with its marks, because
the typesetter places no others in figures. The page of HTML uses the reader's own fonts
too and shows every script.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path

from matplotlib import font_manager

from econnet.core.text import printable

FAMILIES = ("Inter", "DejaVu Sans")
FONTS = resources.files("econnet.report") / "fonts"
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def drawable(text: str) -> str:
    """Return a text on one line in which the report's fonts can draw every character.

    Marks that do not combine with their letter are left out, and so are characters
    without a shape; a letter that no font has becomes U+FFFD.

    >>> drawable("1\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}")
    '1'
    """
    composed = unicodedata.normalize("NFC", printable(text))
    return "".join(map(_drawn, _clusters(composed)))


def not_drawable(texts: Iterable[str]) -> list[str]:
    """Return those of the texts in which the report's fonts lack a letter."""
    return [
        text for text in texts if drawable(text).count(UNKNOWN) > text.count(UNKNOWN)
    ]


def _clusters(text: str) -> Iterator[str]:
    """Yield each character as readers see it: with its marks, joiners and modifiers."""
    cluster = ""
    for letter in text:
        joined = cluster.endswith(JOINER) or letter in JOINED
        if cluster and (joined or unicodedata.category(letter).startswith("M")):
            cluster += letter
        else:
            if cluster:
                yield cluster
            cluster = letter
    if cluster:
        yield cluster


def _drawn(cluster: str) -> str:
    """Return a cluster's first letter, which the fonts can draw, or its substitute."""
    letter = cluster[0]
    if unicodedata.category(letter).startswith("M"):
        return UNKNOWN  # marks without a letter
    if any(ord(letter) in letters_of(family) for family in FAMILIES):
        return letter
    return SUBSTITUTES.get(unicodedata.category(letter), UNKNOWN)


@cache
def letters_of(family: str) -> frozenset[int]:
    """Return the code points that a font can draw."""
    add_fonts()
    return frozenset(font_manager.get_font(font_manager.findfont(family)).get_charmap())


@cache
def add_fonts() -> None:
    """Let matplotlib find the report's own fonts."""
    with resources.as_file(FONTS) as folder:
        for file in sorted(Path(folder).glob("*.otf")):
            font_manager.fontManager.addfont(file)


JOINER = "\N{ZERO WIDTH JOINER}"
SKIN_TONES = map(chr, range(0x1F3FB, 0x1F400))
JOINED = frozenset({JOINER, "\N{ZERO WIDTH NON-JOINER}", *SKIN_TONES})
# Of characters that no font has, by category: spaces, and characters without a shape.
SUBSTITUTES = {"Zs": " ", "Cf": ""}
