"""The report: figures, and the documents that hold them."""

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
