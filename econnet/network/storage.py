"""Arrays and a JSON header in one `.npz` file, read as a stranger's.

A model file is something that people send each other, so reading it must be harmless.
Nothing is unpickled, evaluated or decompressed. The file is an archive of just one
form: its entries stand one behind another from the first byte on, nothing lies between
or behind them, no two share a name or a byte, and each is an array of numbers whose
size is that of the bytes which are really there, which is known before an array is
allocated. So reading takes a few times the memory that the file takes on disk, and a
header of JSON no more than some hundred megabytes. Whatever is wrong with a file ends
in a `ValueError` that says so.
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
from secrets import token_hex
from typing import IO, Any, Literal, NoReturn

import numpy as np

LARGEST_FILE = 2**32 - 1  # an archive beyond it is of another form
LARGEST_ARRAYS = LARGEST_FILE - 2**24  # which leaves room for the entries' headers


class NewerFileError(ValueError):
    """The file is whole, but of a version that this econnet does not know yet."""


LARGEST_HEADER = 2**24
MOST_ENTRIES = 10_000
MOST_DIMENSIONS = 16
LONGEST_NAME = 200
KINDS = "biuf"
LARGEST_NUMBER = 8  # bytes; a larger one is not the same on every machine


def write_arrays(
    file: str | Path | IO[bytes],
    header: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Write the header and the arrays; a path is replaced in one step.

    Raises
    ------
    ValueError
        If an array holds something other than numbers or truth values, or bears a name
        that could be a path out of a folder, or all is more than a file may hold.
    """
    text = json.dumps(header, allow_nan=False).encode()
    if len(text) > LARGEST_HEADER:
        raise ValueError(
            f"a header of {len(text):,} bytes: it may take {LARGEST_HEADER:,}, put "
            "numbers into arrays"
        )
    for name, array in arrays.items():
        if array.dtype.kind not in KINDS or array.dtype.itemsize > LARGEST_NUMBER:
            raise ValueError(
                f"array {name!r} is of {array.dtype}: store numbers, or put it into "
                "the metadata"
            )
        if not _is_plain(name) or name == "header":
            raise ValueError(
                f"array {name!r} has a name that cannot be stored: use letters, as in "
                "'scaler/mean'"
            )
        if array.ndim > MOST_DIMENSIONS:
            raise ValueError(
                f"array {name!r} has {array.ndim} dimensions: give it at most "
                f"{MOST_DIMENSIONS}"
            )
    stored = {"header": np.frombuffer(text, np.uint8), **arrays}
    size = sum(array.nbytes for array in stored.values())
    if len(stored) > MOST_ENTRIES or size > LARGEST_ARRAYS:
        raise ValueError(
            f"{len(stored):,} arrays of {size:,} bytes: a file holds {MOST_ENTRIES:,} "
            f"of {LARGEST_ARRAYS:,}, so use several"
        )
    if not isinstance(file, str | Path):
        _write_entries(file, stored)
        return
    path = Path(file)
    # Named before it is there, so that no interrupt comes between the two.
    part = path.with_name(f".{path.name}.{token_hex(4)}.part")
    try:
        with part.open("xb") as to:
            _write_entries(to, stored)
            to.flush()
            os.fsync(to.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_arrays(
    file: str | Path | IO[bytes],
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the header and the arrays of a file that `write_arrays` wrote.

    Raises
    ------
    ValueError
        If it is not such a file, or is damaged. A file that is not there, or may not be
        read, is an `OSError` as always.
    """
    try:
        with _opened(file) as source:
            end = _check_end(source)
            with zipfile.ZipFile(source) as archive:
                entries = archive.infolist()
                _check_layout(source, entries, end)
                stored = {
                    entry.filename.removesuffix(".npy"): _read_entry(archive, entry)
                    for entry in entries
                }
        header = json.loads(
            stored.pop("header").tobytes(), parse_constant=_refuse_constant
        )
    except (EOFError, KeyError, RecursionError, struct.error, zipfile.BadZipFile) as it:
        raise ValueError(
            f"{_name(file)} is not a model file, or not all of it: {it}"
        ) from it
    except (ValueError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{_name(file)} is not a model file: {error}") from error
    if not isinstance(header, dict):
        raise ValueError(f"{_name(file)} is not a model file: its header is no object")
    return header, stored


def _write_entries(file: IO[bytes], arrays: Mapping[str, np.ndarray]) -> None:
    """Write one `.npy` entry an array, all with the same date, so that bits repeat."""
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
        raise ValueError("it is no plain file")  # and a pipe would keep us waiting
    return path.open("rb")


def _check_end(source: IO[bytes]) -> int:
    """Return where the directory of entries begins, once it is known to be small.

    It must end with the file, and without a comment, which could be anything.
    """
    size = source.seek(0, os.SEEK_END)
    if size > LARGEST_FILE:
        raise ValueError(f"it takes {size:,} bytes")
    source.seek(max(0, size - END.size))
    end = source.read(END.size)
    if len(end) < END.size or not end.startswith(b"PK\5\6"):
        raise ValueError("it is not a zip archive, or does not end as one")
    _, _, _, _, entries, length, start, comment = END.unpack(end)
    if entries > MOST_ENTRIES or length > entries * LONGEST_LINE:
        raise ValueError(f"its directory of {entries:,} entries takes {length:,} bytes")
    if comment or start + length + END.size != size:
        raise ValueError("its directory does not stand where it says")
    source.seek(max(0, size - END.size - LOCATOR_BYTES))
    if source.read(4) == b"PK\6\7":
        raise ValueError("its directory is of another form")
    return int(start)


def _check_layout(
    source: IO[bytes], entries: Sequence[zipfile.ZipInfo], directory: int
) -> None:
    """Raise `ValueError` unless entries are stored plainly, one behind another."""
    expected = 0
    for entry in entries:
        name = entry.orig_filename
        if entry.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"entry {name!r} is compressed")
        if entry.flag_bits & ~(NAME_IN_UTF8 | SIZE_BEHIND):
            raise ValueError(f"entry {name!r} is encrypted, or of another form")
        if not name.endswith(".npy") or not _is_plain(name.removesuffix(".npy")):
            raise ValueError(f"entry {name!r} has a strange name")
        if entry.header_offset != expected:
            raise ValueError(f"entry {name!r} overlaps another, or lies apart")
        source.seek(expected)
        *_, name_length, extra_length = LOCAL.unpack(source.read(LOCAL.size))
        if entry.flag_bits & SIZE_BEHIND:
            expected += BEHIND_BYTES
        expected += LOCAL.size + name_length + extra_length + entry.file_size
    if expected != directory:
        raise ValueError("something stands between its entries and their directory")
    if len({entry.filename for entry in entries}) < len(entries):
        raise ValueError("two entries have the same name")


def _is_plain(name: str) -> bool:
    """Return whether a name, taken for a path, would stay in its folder."""
    return len(name) <= LONGEST_NAME and all(
        part.isprintable() and part.strip(". ") and not set(part) & set("\\:")
        for part in name.split("/")
    )


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    """Read one array, once its size is known to be what the entry holds."""
    if entry.filename == "header.npy" and entry.file_size > LARGEST_HEADER + 2**16:
        raise ValueError(f"its header takes {entry.file_size:,} bytes")
    with archive.open(entry) as source:
        # NumPy's own reader of these words evaluates them, at the pains of any depth.
        magic = source.read(10)
        length = int.from_bytes(magic[8:], "little")
        words = WORDS.fullmatch(source.read(length))
        if magic[:8] != b"\x93NUMPY\1\0" or words is None:
            raise ValueError(f"entry {entry.filename!r} is no array of numbers")
        dtype = np.dtype(words["dtype"].decode())
        shape = tuple(int(size) for size in NUMBER.findall(words["shape"]))
        size = math.prod(shape) * dtype.itemsize
        if (
            len(shape) > MOST_DIMENSIONS
            or len(magic) + length + size != entry.file_size
        ):
            raise ValueError(
                f"entry {entry.filename!r} says {shape} of {dtype}, but holds "
                f"{entry.file_size} bytes"
            )
        # A stored entry is not longer than the file, so this allocates no more.
        body = source.read()
    if dtype.kind == "b" and body.strip(b"\0\1"):
        raise ValueError(f"entry {entry.filename!r} holds neither true nor false")
    order: Literal["F", "C"] = "F" if words["fortran"] == b"True" else "C"
    array = np.frombuffer(body, dtype).reshape(shape, order=order)
    return array.astype(dtype.newbyteorder("="), order="C")


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"its header holds {text}")


def _name(file: str | Path | IO[bytes]) -> str:
    return repr(str(file)) if isinstance(file, str | Path) else "the file"


# The form of an archive: "APPNOTE.TXT - .ZIP File Format Specification" (PKWARE),
# 4.3.7, 4.3.9 and 4.3.16; that of the words about an array: `numpy.lib.format`.
END = struct.Struct("<4s4H2LH")
LOCAL = struct.Struct("<4s5H3L2H")
LOCATOR_BYTES = 20
BEHIND_BYTES = 24
LONGEST_LINE = 46 + LONGEST_NAME * 4 + 64
NAME_IN_UTF8, SIZE_BEHIND = 0x800, 0x8
WORDS = re.compile(
    rb"\{'descr': '(?P<dtype>[<>|](?:b1|[iu][1248]|f[248]))', "
    rb"'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>|\d{1,18},|\d{1,18}(?:, \d{1,18})+)\), \} *\n"
)
NUMBER = re.compile(rb"\d+")
