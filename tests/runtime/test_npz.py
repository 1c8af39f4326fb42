import io
import json
import os
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.runtime.npz import read_arrays, write_arrays


def saved() -> bytes:
    """Return the bytes of a file with a header and an array."""
    file = io.BytesIO()
    write_arrays(file, {"country": "DEU"}, {"scale": np.ones(3)})
    return file.getvalue()


SAVED = saved()


def entry(
    name: str, array: np.ndarray, *, header: bytes | None = None
) -> tuple[str, bytes]:
    """Return an archive entry of an array, with another header if one is given."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    text = file.getvalue()
    if header is not None:
        body = text[-array.nbytes :]
        padded = header.ljust(117) + b"\n" if len(header) < 118 else header
        text = b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded + body
    return name, text


def archive(
    *entries: tuple[str, bytes], compression: int = zipfile.ZIP_STORED
) -> io.BytesIO:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", compression) as target:
        warnings.simplefilter("ignore")  # a name that occurs twice
        for name, text in entries:
            target.writestr(name, text)
    file.seek(0)
    return file


def header_of(header: object) -> tuple[str, bytes]:
    text = json.dumps(header).encode()
    return entry("header.npy", np.frombuffer(text, np.uint8))


@given(
    arrays=st.dictionaries(
        st.from_regex(r"[a-cé_ ]{0,3}[a-c](/[a-c.]{0,2}[a-c])?", fullmatch=True),
        st.sampled_from(["<f4", "<f8", "<i8", "|b1", "|u1"]).flatmap(
            lambda dtype: st.lists(st.integers(0, 3), max_size=3).map(
                lambda shape: (
                    np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
                )
            )
        ),
        max_size=3,
    )
)
def test_reading_returns_what_was_written(arrays: dict[str, np.ndarray]) -> None:
    file = io.BytesIO()
    write_arrays(file, {"é": [1, None, 0.1]}, arrays)
    header, read = read_arrays(io.BytesIO(file.getvalue()))
    assert header == {"é": [1, None, 0.1]}
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


class Exploit:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('a pickle was opened')",)


HEADER = header_of({})
PICKLE = np.array([Exploit()], dtype=object)
HUGE = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (io.BytesIO(b""), "not a zip"),
        (io.BytesIO(b"<html>404</html>"), "not a zip"),
        (archive(), "no item named|header"),
        (archive(HEADER, entry("x.npy", PICKLE)), "not an array of numbers"),
        (
            archive(HEADER, entry("x.npy", np.array(["text"]))),
            "not an array of numbers",
        ),
        (archive(HEADER, entry("x.npy", np.ones(2), header=HUGE)), "1000000000000"),
        (archive(HEADER, ("x.npy", b"\x93NUMPY\x01\x00")), "not a model file"),
        (archive(HEADER, ("x.npy", b"not an array")), "not a model file"),
        (archive(HEADER, compression=zipfile.ZIP_DEFLATED), "compressed"),
        (archive(header_of([1])), "its header is not an object"),
        (archive(entry("header.npy", np.frombuffer(b"{", np.uint8))), "not a model"),
        (archive(entry("header.npy", np.frombuffer(b"\xff", np.uint8))), "not a model"),
    ],
)
def test_malformed_file_is_a_value_error(file: io.BytesIO, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_arrays(file)


def description(shape: str, dtype: str = "'<f8'", order: str = "False") -> bytes:
    """Return the description of an array that precedes its numbers."""
    return (
        f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    )


def patched(file: io.BytesIO, offset: int, form: str, *values: int) -> io.BytesIO:
    """Return a copy of the file with other numbers at an offset."""
    content = bytearray(file.getvalue())
    struct.pack_into(form, content, offset % len(content), *values)
    return io.BytesIO(content)


def directory_of(content: bytes) -> int:
    """Return the offset of the directory of an archive."""
    return int(struct.unpack_from("<L", content, len(content) - 6)[0])


def overlapping() -> io.BytesIO:
    """Return an archive with two entries that share bytes, as in a zip bomb."""
    file = archive(("x.npy", entry("x.npy", np.ones(9))[1]), HEADER, HEADER)
    content = file.getvalue()
    third = content.rindex(b"PK\1\2")
    return patched(file, third + 42, "<L", 0)


def with_gap() -> io.BytesIO:
    """Return an archive with bytes between its entries and their directory."""
    content = archive(HEADER).getvalue()
    start = directory_of(content)
    return patched(
        io.BytesIO(content[:start] + b"hidden" + content[start:]), -6, "<L", start + 6
    )


def with_comment() -> io.BytesIO:
    file = archive(HEADER)
    with zipfile.ZipFile(file, "a") as target:
        target.comment = b"hidden"
    return file


def json_of(text: bytes) -> tuple[str, bytes]:
    return entry("header.npy", np.frombuffer(text, np.uint8))


ONE = np.ones(1)
FLAGS = directory_of(archive(HEADER).getvalue()) + 8
HOSTILE: dict[str, tuple[io.BytesIO, str]] = {
    "data behind the end": (io.BytesIO(SAVED + b"x"), "not end as one"),
    "data before the start": (io.BytesIO(b"x" + SAVED), "is not where"),
    "data in between": (with_gap(), "bytes between"),
    "comment": (with_comment(), "not end as one"),
    "entries that overlap": (overlapping(), "overlaps another"),
    "name that occurs twice": (archive(HEADER, HEADER), "have the same name"),
    "encrypted": (patched(archive(HEADER), FLAGS, "<H", 1), "encrypted"),
    "too many entries": (
        patched(archive(HEADER), -14, "<2H", 10_001, 10_001),
        "directory of 10,001 entries",
    ),
    "long directory": (
        patched(archive(HEADER), -14, "<2HL", 1, 1, 10**6),
        "has 1,000,000 bytes",
    ),
    "out of the folder": (archive(HEADER, entry("../x.npy", ONE)), "unsafe name"),
    "absolute name": (archive(HEADER, entry("/x.npy", ONE)), "unsafe name"),
    "name with a drive": (archive(HEADER, entry("C:x.npy", ONE)), "unsafe name"),
    "name of Windows": (archive(HEADER, entry("a\\x.npy", ONE)), "unsafe name"),
    "name with a control": (archive(HEADER, entry("a\nx.npy", ONE)), "unsafe name"),
    "no array's name": (archive(HEADER, entry("x.exe", ONE)), "unsafe name"),
    "long name": (archive(HEADER, entry(f"{'x' * 999}.npy", ONE)), "unsafe|has"),
    "huge header": (archive(json_of(b" " * (2**24 + 2**17))), "header has"),
    "deep header": (archive(json_of(b"[" * 10**6)), "not a model file"),
    "long number in the header": (archive(json_of(b"9" * 9999)), "not a model file"),
    "NaN in the header": (archive(json_of(b'{"a": NaN}')), "its header contains NaN"),
    "infinity in the header": (archive(json_of(b'{"a": -Infinity}')), "-Infinity"),
    **{
        f"array {text[:40]!r}": (
            archive(HEADER, entry("x.npy", ONE, header=text)),
            "not an array of numbers|but has",
        )
        for text in (
            b"(" * 5000,
            b"-" * 9000 + b"1",
            b"1+" * 4000 + b"1",
            b"{[]: 1}",
            b"{'a': 1, 2: 3}",
            description("(1,)", dtype="('<f8',)"),
            description("(1,)", dtype="'|O'"),
            description("(1,)", dtype="'<f16'"),
            description("(1,)", dtype="[('a', '<f8')]"),
            description("(1,)", dtype="'<M8[s]'"),
            description("(-1, -1)"),
            description("(1L,)"),
            description("(2,)"),
            description(f"({'1, ' * 16}1)"),
            description(f"({'1, ' * 20}1)"),
        )
    },
    "zeros of a huge shape": (
        archive(
            HEADER,
            entry(
                "x.npy", np.ones(0), header=description(f"(0, {'9' * 18}, {'9' * 18})")
            ),
        ),
        "not a model file",
    ),
    "neither true nor false": (
        archive(
            HEADER,
            entry(
                "x.npy", np.full(8, 2, np.uint8), header=description("(8,)", "'|b1'")
            ),
        ),
        "neither true nor false",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_file_is_a_value_error(case: str) -> None:
    file, message = HOSTILE[case]
    with pytest.raises(ValueError, match=message):
        read_arrays(file)


@pytest.mark.parametrize("dtype", [">f8", "<f4", ">i2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_array_in_another_order_is_the_same_array(
    dtype: str, order: Literal["C", "F"]
) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype, order=order)
    _, arrays = read_arrays(archive(HEADER, entry("x.npy", array)))
    assert arrays["x"].dtype.isnative
    assert arrays["x"].flags.c_contiguous
    np.testing.assert_array_equal(arrays["x"], array)


def test_arrays_that_could_not_be_read_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    refused: dict[str, dict[str, np.ndarray]] = {
        "name": {"../x": ONE},
        "a name that": {"header": ONE},
        "dimensions": {"x": np.ones((1,) * 17)},
        "10,002 arrays": {str(n): ONE for n in range(10_001)},
    }
    for message, arrays in refused.items():
        with pytest.raises(ValueError, match=message):
            write_arrays(path, {}, arrays)
    with pytest.raises(ValueError, match="the header has 16,777,2"):
        write_arrays(path, {"a": "x" * 2**24}, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_or_folder_is_a_value_error_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    for name in ("pipe.npz", ""):
        with pytest.raises(ValueError, match="not a regular file"):
            read_arrays(tmp_path / name)


def test_objects_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(b"the last good model")
    for arrays in ({"x": PICKLE}, {"x": np.array(["text"])}):
        with pytest.raises(ValueError, match="array 'x' is of"):
            write_arrays(path, {}, arrays)
    with pytest.raises(ValueError, match="JSON"):
        write_arrays(path, {"share": float("nan")}, {})
    assert path.read_bytes() == b"the last good model"


def test_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(b"the last good model")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="No space left"):
        write_arrays(path, {}, {"x": ONE})
    assert path.read_bytes() == b"the last good model"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_file_or_folder_is_the_usual_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "FRA.npz")
    with pytest.raises(FileNotFoundError):
        write_arrays(tmp_path / "nowhere" / "FRA.npz", {}, {"x": ONE})
