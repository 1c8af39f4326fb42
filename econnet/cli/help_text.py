"""The text of `--help`, in which lines break between words only.

Typer also breaks lines at hyphens, and an option that is spread over two lines cannot
be copied. While lines are broken, non-breaking hyphens take the place of hyphens.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from typer._click import HelpFormatter
else:
    HelpFormatter = typer.Context.formatter_class

NON_BREAKING_HYPHEN = "\u2011"


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
            (term, description.replace("-", NON_BREAKING_HYPHEN))
            for term, description in rows
        ]
        super().write_dl(whole, col_max, col_spacing)

    def getvalue(self) -> str:
        """Return what was written, with ordinary hyphens."""
        return super().getvalue().replace(NON_BREAKING_HYPHEN, "-")


class HelpContext(typer.Context):
    """The context of a command, whose help is written by `Formatter`."""

    formatter_class = Formatter
