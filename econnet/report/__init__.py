"""The report: its figures, wording, tables and documents.

It reads the result of a forecast and changes nothing; only `verification` runs one.
"""

from enum import StrEnum
from typing import Literal


class Format(StrEnum):
    """A form in which the report is written."""

    PDF = "pdf"
    PNG = "png"
    HTML = "html"
    JSON = "json"
    CSV = "csv"


Paper = Literal["a4", "letter"]
