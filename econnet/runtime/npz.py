"""Arrays and a JSON header in one `.npz` file, read as untrusted input.

People send each other model files, so reading one must be harmless. Nothing is
unpickled, evaluated or decompressed. Only one form of archive is accepted: its entries
follow one another from the first byte on, nothing is between or behind them, no two
share a name or a byte, and each is an array of numbers whose declared size equals its
number of bytes, which is checked before an array is allocated. So reading needs at most
a few times the file's size in memory, plus some hundred megabytes for the header. Every
fault of a file raises a `ValueError`.
"""

import json
import math
import os
import re
import struct
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any, Literal, NoReturn

import numpy as np

from econnet.runtime.atomic_files import atomic_write

MAX_FILE_BYTES = 2**32 - 1  # larger archives have another form
MAX_ARRAY_BYTES = MAX_FILE_BYTES - 2**24  # leaves room for the headers of the entries
MAX_HEADER_BYTES = 2**24
MAX_ENTRIES = 10_000
MAX_DIMENSIONS = 16
MAX_NAME_LENGTH = 200
MAX_ITEM_BYTES = 8  # larger numbers differ between machines
KINDS = "biuf"


def write_arrays(
    file: str | Path | IO[bytes],
    header: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Write the header and the arrays; a path is replaced in one step.

    Raises
    ------
    ValueError
        `read_arrays` would not accept the file.
    """
    text = json.dumps(header, allow_nan=False).encode()
    if len(text) > MAX_HEADER_BYTES:
        raise ValueError(
            f"the header has {len(text):,} bytes, more than {MAX_HEADER_BYTES:,}: put "
            "numbers into arrays"
        )
    for name, array in arrays.items():
        _check_writable(name, array)
    entries = {"header": np.frombuffer(text, np.uint8), **arrays}
    size = sum(array.nbytes for array in entries.values())
    if len(entries) > MAX_ENTRIES or size > MAX_ARRAY_BYTES:
        raise ValueError(
            f"{len(entries):,} arrays of {size:,} bytes: a file may have "
            f"{MAX_ENTRIES:,} of {MAX_ARRAY_BYTES:,}, so use several"
        )
    if not isinstance(file, str | Path):
        _write_entries(file, entries)
        return
    with atomic_write(Path(file)) as part:
        _write_entries(part, entries)


def read_arrays(
    file: str | Path | IO[bytes],
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the header and the arrays of a file that `write_arrays` wrote.

    Raises
    ------
    ValueError
        It is not such a file, or is damaged. A file that does not exist or may not be
        read raises the usual `OSError`.
    """
    try:
        with _opened(file) as source:
            directory = _check_end(source)
            with zipfile.ZipFile(source) as archive:
                entries = archive.infolist()
                _check_layout(source, entries, directory)
                arrays = {
                    entry.filename.removesuffix(".npy"): _read_entry(archive, entry)
                    for entry in entries
                }
        header = json.loads(
            arrays.pop("header").tobytes(), parse_constant=_reject_constant
        )
        if not isinstance(header, dict):
            raise ValueError("its header is not an object")
    except INCOMPLETE as error:
        raise ValueError(
            f"{_name(file)} is not a model file, or not complete: {error}"
        ) from error
    except (ValueError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{_name(file)} is not a model file: {error}") from error
    return header, arrays


def _check_writable(name: str, array: np.ndarray) -> None:
    """Raise `ValueError` unless `read_arrays` would accept the array."""
    if array.dtype.kind not in KINDS or array.dtype.itemsize > MAX_ITEM_BYTES:
        raise ValueError(
            f"array {name!r} is of {array.dtype}: store numbers, or put it into the "
            "metadata"
        )
    if not _is_plain(name) or name == "header":
        raise ValueError(
            f"array {name!r} has a name that cannot be stored: use letters, as in "
            "'scaler/mean'"
        )
    if array.ndim > MAX_DIMENSIONS:
        raise ValueError(
            f"array {name!r} has {array.ndim} dimensions: give it at most "
            f"{MAX_DIMENSIONS}"
        )


def _write_entries(file: Path | IO[bytes], arrays: Mapping[str, np.ndarray]) -> None:
    """Write one `.npy` entry per array, all with one date, so that bytes repeat."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            with archive.open(entry, "w", force_zip64=True) as target:
                np.lib.format.write_array(
                    target, array, version=(1, 0), allow_pickle=False
                )


def _opened(file: str | Path | IO[bytes]) -> "IO[bytes] | nullcontext[IO[bytes]]":
    if not isinstance(file, str | Path):
        return nullcontext(file)
    path = Path(file)
    if path.exists() and not path.is_file():
        # Opening a pipe would wait forever.
        raise ValueError("it is not a regular file")
    return path.open("rb")


def _check_end(source: IO[bytes]) -> int:
    """Return where the directory of entries begins, after checking that it is small.

    It must end with the file, and without a comment, which could contain anything.
    """
    size = source.seek(0, os.SEEK_END)
    if size > MAX_FILE_BYTES:
        raise ValueError(f"it has {size:,} bytes")
    source.seek(max(0, size - END.size))
    end = source.read(END.size)
    if len(end) < END.size or not end.startswith(b"PK\5\6"):
        raise ValueError("it is not a zip archive, or does not end as one")
    _, _, _, _, entries, length, start, comment = END.unpack(end)
    if entries > MAX_ENTRIES or length > entries * MAX_DIRECTORY_LINE:
        raise ValueError(f"its directory of {entries:,} entries has {length:,} bytes")
    if comment or start + length + END.size != size:
        raise ValueError("its directory is not where the end of the file says it is")
    source.seek(max(0, size - END.size - LOCATOR_BYTES))
    if source.read(4) == b"PK\6\7":
        raise ValueError("its directory has another form")
    return int(start)


def _check_layout(
    source: IO[bytes], entries: Sequence[zipfile.ZipInfo], directory: int
) -> None:
    """Raise `ValueError` unless entries are uncompressed and follow one another."""
    expected = 0
    for entry in entries:
        name = entry.orig_filename
        if entry.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"entry {name!r} is compressed")
        if entry.flag_bits & ~(NAME_IN_UTF8 | SIZE_BEHIND):
            raise ValueError(f"entry {name!r} is encrypted, or has another form")
        if not name.endswith(".npy") or not _is_plain(name.removesuffix(".npy")):
            raise ValueError(f"entry {name!r} has an unsafe name")
        if entry.header_offset != expected:
            raise ValueError(f"entry {name!r} overlaps another, or follows a gap")
        source.seek(expected)
        *_, name_length, extra_length = LOCAL.unpack(source.read(LOCAL.size))
        if entry.flag_bits & SIZE_BEHIND:
            expected += BEHIND_BYTES
        expected += LOCAL.size + name_length + extra_length + entry.file_size
    if expected != directory:
        raise ValueError("there are bytes between its entries and their directory")
    if len({entry.filename for entry in entries}) < len(entries):
        raise ValueError("two entries have the same name")


def _is_plain(name: str) -> bool:
    """Return whether a name, used as a path, would stay in its folder."""
    return len(name) <= MAX_NAME_LENGTH and all(
        part.isprintable() and part.strip(". ") and not set(part) & set("\\:")
        for part in name.split("/")
    )


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    """Read one array, after checking its size against that of the entry."""
    if entry.filename == "header.npy" and entry.file_size > MAX_HEADER_BYTES + 2**16:
        raise ValueError(f"its header has {entry.file_size:,} bytes")
    with archive.open(entry) as source:
        # NumPy's own reader evaluates this description, however deeply it is nested.
        magic = source.read(10)
        length = int.from_bytes(magic[8:], "little")
        description = DESCRIPTION.fullmatch(source.read(length))
        if magic[:8] != b"\x93NUMPY\1\0" or description is None:
            raise ValueError(f"entry {entry.filename!r} is not an array of numbers")
        dtype = np.dtype(description["dtype"].decode())
        shape = tuple(int(size) for size in NUMBER.findall(description["shape"]))
        size = math.prod(shape) * dtype.itemsize
        if len(shape) > MAX_DIMENSIONS or len(magic) + length + size != entry.file_size:
            raise ValueError(
                f"entry {entry.filename!r} declares {shape} of {dtype}, but has "
                f"{entry.file_size} bytes"
            )
        # A stored entry is not longer than the file, so this allocates no more.
        body = source.read()
    if dtype.kind == "b" and body.strip(b"\0\1"):
        raise ValueError(f"entry {entry.filename!r} contains neither true nor false")
    order: Literal["F", "C"] = "F" if description["fortran"] == b"True" else "C"
    array = np.frombuffer(body, dtype).reshape(shape, order=order)
    return array.astype(dtype.newbyteorder("="), order="C")


def _reject_constant(text: str) -> NoReturn:
    raise ValueError(f"its header contains {text}")


def _name(file: str | Path | IO[bytes]) -> str:
    return repr(str(file)) if isinstance(file, str | Path) else "the file"


INCOMPLETE = (EOFError, KeyError, RecursionError, struct.error, zipfile.BadZipFile)

# The form of an archive: "APPNOTE.TXT - .ZIP File Format Specification" (PKWARE),
# 4.3.7, 4.3.9 and 4.3.16; that of an array's description: `numpy.lib.format`.
END = struct.Struct("<4s4H2LH")
LOCAL = struct.Struct("<4s5H3L2H")
LOCATOR_BYTES = 20
BEHIND_BYTES = 24
MAX_DIRECTORY_LINE = 46 + MAX_NAME_LENGTH * 4 + 64
NAME_IN_UTF8, SIZE_BEHIND = 0x800, 0x8
DESCRIPTION = re.compile(
    rb"\{'descr': '(?P<dtype>[<>|](?:b1|[iu][1248]|f[248]))', "
    rb"'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>|\d{1,18},|\d{1,18}(?:, \d{1,18})+)\), \} *\n"
)
NUMBER = re.compile(rb"\d+")
