"""Write any table as CSV, Parquet or Excel, completely or not at all."""

import errno
import os
from io import BytesIO
from pathlib import Path
from tempfile import gettempdir

import duckdb
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.text import without_formulas
from econnet.runtime import atomic_files
from econnet.runtime.untrusted_files import checked_utf8


def export(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, Parquet or Excel, by the ending of `path`.

    CSV and Parquet keep every digit; Excel stores sixteen and shows fifteen. In CSV and
    Excel a text that could run as a formula gets an apostrophe before it.

    Raises
    ------
    DataError
        The path is a folder, a device or a pipe, or has another ending; the path of
        a Parquet file is not UTF-8; or a sheet of Excel is too small for the rows.
    """
    _check_name(path)
    path = Path(os.path.realpath(path)) if path.is_symlink() else path
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_files.atomic_write(path) as part:
        match path.suffix.lower():
            case ".csv":
                without_formulas(frame).to_csv(part, index=False, lineterminator="\n")
            case ".parquet":
                with duckdb.connect() as connection:
                    connection.from_df(frame).write_parquet(
                        checked_utf8(str(part)), compression="zstd"
                    )
            case _:
                _write_excel(frame, part)


def _check_name(path: Path) -> None:
    """Raise `DataError` for a folder, or a name without the ending of a table."""
    if path.is_dir():
        raise DataError(f"{path} is a folder: name a file in it, {path / 'data.csv'}")
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is not a regular file: name another")
    if not path.suffix:
        raise DataError(
            f"{path} does not end in .csv, .parquet or .xlsx: name a file, {path}.csv "
            f"or {path / 'data.csv'}"
        )
    if path.suffix.lower() not in ENDINGS:
        raise DataError(
            f"{path.name} ends in {path.suffix!r}: name it .csv, .parquet or .xlsx"
        )


def _write_excel(frame: pd.DataFrame, path: Path) -> None:
    if len(frame) >= MAX_SHEET_ROWS:
        raise DataError(
            f"{len(frame):,} rows are more than an Excel sheet can contain: "
            "choose --country or --indicator, or another --format"
        )
    from lxml.etree import SerialisationError  # loaded by openpyxl in any case

    content = BytesIO()
    try:
        without_formulas(frame).to_excel(
            content, index=False, sheet_name="econnet", engine="openpyxl"
        )
    except SerialisationError as error:
        # openpyxl writes each sheet to a temporary file, and lxml has its own errors.
        code = getattr(errno, str(error).removeprefix("IO_"), errno.EIO)
        raise OSError(code, os.strerror(code), gettempdir()) from error
    path.write_bytes(content.getvalue())


ENDINGS = (".csv", ".parquet", ".xlsx")
MAX_SHEET_ROWS = 1_048_576
