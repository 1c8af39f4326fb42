"""The report: its figures, wording, tables and documents.

It reads the result of a forecast and changes nothing; only `verification` runs one.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Literal, get_args

from econnet.core.errors import UsageError


class Format(StrEnum):
    """A form in which the report is written."""

    PDF = "pdf"
    PNG = "png"
    HTML = "html"
    JSON = "json"
    CSV = "csv"


Paper = Literal["a4", "letter"]


def paper_of(formats: Collection[str], paper: Paper | None) -> Paper:
    """Return the size of the PDF, by default A4.

    Raises
    ------
    UsageError
        There is no such size, or no PDF is written.
    """
    if paper is None:
        return "a4"
    sizes = get_args(Paper)
    if paper not in sizes:
        raise UsageError(f"--paper {paper!r} is not one of {', '.join(sizes)}")
    if Format.PDF not in formats:
        raise UsageError(
            "--paper has no effect without a PDF: add --format pdf, or leave it out"
        )
    return paper
