"""Excel files made of rows of cells."""

import io
from collections.abc import Sequence

import openpyxl


def workbook(rows: Sequence[Sequence[object]], sheet: str = "Mean_Level") -> bytes:
    """Return the content of a workbook with one sheet."""
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
