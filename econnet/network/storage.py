"""Arrays and a JSON header in one `.npz` file, read as a stranger's.

A model file is something that people send each other, so reading it must be harmless:
nothing is unpickled, entries are not compressed, and an array is allocated only after
its size has been found to be that of the bytes which the file really holds. Whatever is
wrong with a file ends in a `ValueError` that says so.
"""

import io
import json
import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

import numpy as np

LARGEST_HEADER = 16 * 2**20
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
        If an array holds something other than numbers or truth values.
    """
    text = json.dumps(header, allow_nan=False).encode()
    for name, array in arrays.items():
        if array.dtype.kind not in KINDS:
            raise ValueError(
                f"array {name!r} is of {array.dtype}: store numbers, or put it into "
                "the metadata"
            )
    stored = {"header": np.frombuffer(text, np.uint8), **arrays}
    if not isinstance(file, str | Path):
        _write_entries(file, stored)
        return
    path = Path(file)
    with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        try:
            _write_entries(part, stored)
            part.flush()
            os.fsync(part.fileno())
            part.close()
            Path(part.name).replace(path)
        except BaseException:
            part.close()
            Path(part.name).unlink(missing_ok=True)
            raise


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
        with zipfile.ZipFile(file) as archive:
            stored = {
                entry.filename.removesuffix(".npy"): _read_entry(archive, entry)
                for entry in archive.infolist()
            }
        header = json.loads(stored.pop("header").tobytes())
    except (zipfile.BadZipFile, EOFError, KeyError, RecursionError) as error:
        raise ValueError(
            f"{_name(file)} is not a model file, or not all of it: {error}"
        ) from error
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
                np.lib.format.write_array(target, array, allow_pickle=False)


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    """Read one array, once its size is known to be what the entry holds."""
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"entry {entry.filename!r} is compressed")
    if entry.filename == "header.npy" and entry.file_size > LARGEST_HEADER:
        raise ValueError(f"its header takes {entry.file_size} bytes")
    with archive.open(entry) as source:
        if np.lib.format.read_magic(source) != (1, 0):
            raise ValueError(f"entry {entry.filename!r} is of another version")
        shape, _, dtype = np.lib.format.read_array_header_1_0(source)
        size = math.prod(shape) * dtype.itemsize
        if dtype.kind not in KINDS or source.tell() + size != entry.file_size:
            raise ValueError(
                f"entry {entry.filename!r} says {shape} of {dtype}, but holds "
                f"{entry.file_size} bytes"
            )
    with archive.open(entry) as source:
        # A stored entry cannot be longer than the file, so this allocates no more.
        array: np.ndarray = np.lib.format.read_array(
            io.BytesIO(source.read()), allow_pickle=False
        )
    return array


def _name(file: str | Path | IO[bytes]) -> str:
    return repr(str(file)) if isinstance(file, str | Path) else "the file"
