"""Workbooks in formats that no installed library writes, of the cells of a table.

Only what a reader needs is written: OpenDocument as one XML file, and Excel's binary
workbook as records (MS-XLSB, sections 2.3 and 2.4, of Microsoft's Open Specifications).
"""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZipFile

Cells = Sequence[Sequence[str | float]]
# Row and column of a cell, from 0.
Place = tuple[int, int]

ODS = (
    '<?xml version="1.0"?><office:document-content '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
    '<office:spreadsheet><table:table table:name="Data">{rows}</table:table>'
    "</office:spreadsheet></office:body></office:document-content>"
)
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"


def write_ods(path: Path, cells: Cells, stray: Place | None = None) -> Path:
    """Write an OpenDocument sheet, perhaps with a cell far from the others."""
    rows = "".join(
        f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>"
        for row in cells
    )
    if stray:
        below, right = stray[0] - len(cells), stray[1]
        rows += (
            f'<table:table-row table:number-rows-repeated="{below}">'
            "<table:table-cell/></table:table-row><table:table-row>"
            f'<table:table-cell table:number-columns-repeated="{right}"/>'
            f"{_ods_cell(1.0)}</table:table-row>"
        )
    with ZipFile(path, "w") as members:
        members.writestr("mimetype", ODS_TYPE)
        members.writestr("content.xml", ODS.format(rows=rows))
        members.writestr("META-INF/manifest.xml", "<manifest/>")
    return path


def _ods_cell(value: str | float) -> str:
    if isinstance(value, str):
        return (
            '<table:table-cell office:value-type="string">'
            f"<text:p>{escape(value)}</text:p></table:table-cell>"
        )
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>'


RELATIONS = (
    '<?xml version="1.0"?><Relationships '
    'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/'
    '2006/relationships/worksheet" Target="worksheets/sheet1.bin"/></Relationships>'
)


def write_xlsb(path: Path, cells: Cells, stray: Place | None = None) -> Path:
    """Write a binary Excel workbook, perhaps with a cell far from the others."""
    rows: dict[int, dict[int, str | float]] = {
        number: dict(enumerate(row)) for number, row in enumerate(cells)
    }
    if stray:
        rows.setdefault(stray[0], {})[stray[1]] = 1.0
    width = max(max(row) for row in rows.values())
    sheet = [
        _record(BEGIN_SHEET),
        _record(DIMENSIONS, struct.pack("<4I", 0, max(rows), 0, width)),
        _record(BEGIN_DATA),
        *(_xlsb_row(number, row) for number, row in sorted(rows.items())),
        _record(END_DATA),
        _record(END_SHEET),
    ]
    book = [
        _record(BEGIN_BOOK),
        _record(BEGIN_SHEETS),
        _record(SHEET, struct.pack("<2I", 0, 1) + _text("rId1") + _text("Data")),
        _record(END_SHEETS),
        _record(END_BOOK),
    ]
    with ZipFile(path, "w") as members:
        members.writestr("[Content_Types].xml", "<Types/>")
        members.writestr("xl/workbook.bin", b"".join(book))
        members.writestr("xl/_rels/workbook.bin.rels", RELATIONS)
        members.writestr("xl/worksheets/sheet1.bin", b"".join(sheet))
    return path


def _xlsb_row(number: int, row: Mapping[int, str | float]) -> bytes:
    header = struct.pack("<2I", number, 0) + bytes(5) + struct.pack("<I", 0)
    parts = [_record(ROW, header)]
    for column, value in row.items():
        place = struct.pack("<2I", column, 0)
        if isinstance(value, str):
            parts.append(_record(TEXT_CELL, place + _text(value)))
        else:
            parts.append(_record(NUMBER_CELL, place + struct.pack("<d", value)))
    return b"".join(parts)


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _record(kind: int, content: bytes = b"") -> bytes:
    name = bytes([kind]) if kind < 0x80 else bytes([kind & 0xFF | 0x80, kind >> 7])
    size, left = b"", len(content)
    while left > 0x7F:
        size += bytes([left & 0x7F | 0x80])
        left >>= 7
    return name + size + bytes([left]) + content


ROW, NUMBER_CELL, TEXT_CELL = 0, 5, 6
BEGIN_SHEET, END_SHEET, BEGIN_BOOK, END_BOOK = 129, 130, 131, 132
BEGIN_SHEETS, END_SHEETS, SHEET = 143, 144, 156
BEGIN_DATA, END_DATA, DIMENSIONS = 145, 146, 148
