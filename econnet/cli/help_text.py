"""The text of `--help`, in which lines break between words only.

Typer also breaks lines at hyphens, and an option that is spread over two lines cannot
be copied. While lines are broken, non-breaking hyphens take the place of hyphens. The
limits of a number are written in words.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from typer._click import HelpFormatter
else:
    HelpFormatter = typer.Context.formatter_class

NON_BREAKING_HYPHEN = "\u2011"
# Limits as Typer writes them at the end of a description, and in words.
LIMITS = {
    r"\b(\S+)<=x<=(\S+)\]$": r"from \1 to \2]",
    r"\bx>=(\S+)\]$": r"at least \1]",
}


class Formatter(HelpFormatter):
    """A formatter that keeps words with hyphens whole."""

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(text.replace("-", NON_BREAKING_HYPHEN))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write a list of terms and their descriptions."""
        whole = [
            (term, _limits_in_words(description).replace("-", NON_BREAKING_HYPHEN))
            for term, description in rows
        ]
        super().write_dl(whole, col_max, col_spacing)

    def getvalue(self) -> str:
        """Return what was written, with ordinary hyphens."""
        return super().getvalue().replace(NON_BREAKING_HYPHEN, "-")


def _limits_in_words(description: str) -> str:
    for limits, words in LIMITS.items():
        description = re.sub(limits, words, description)
    return description


class HelpContext(typer.Context):
    """The context of a command, whose help is written by `Formatter`."""

    formatter_class = Formatter
