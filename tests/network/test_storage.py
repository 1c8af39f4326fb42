import io
import json
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econnet.network import Architecture, Network
from econnet.network.storage import read_arrays, write_arrays


def saved() -> bytes:
    """Return the bytes of a saved network, with metadata and an array."""
    file = io.BytesIO()
    network = Network(Architecture.dense(3, [4]), members=2)
    network.save(file, metadata={"country": "DEU"}, arrays={"scale": np.ones(3)})
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
        padded = header.ljust(117) + b"\n"
        text = b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded + body
    return name, text


def archive(
    *entries: tuple[str, bytes], compression: int = zipfile.ZIP_STORED
) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as target:
        for name, text in entries:
            target.writestr(name, text)
    file.seek(0)
    return file


def header_of(header: object) -> tuple[str, bytes]:
    text = json.dumps(header).encode()
    return entry("header.npy", np.frombuffer(text, np.uint8))


@given(
    arrays=st.dictionaries(
        st.text("abc/_", min_size=1, max_size=5),
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
def test_what_is_written_is_read(arrays: dict[str, np.ndarray]) -> None:
    file = io.BytesIO()
    write_arrays(file, {"é": [1, None, 0.1]}, arrays)
    header, read = read_arrays(io.BytesIO(file.getvalue()))
    assert header == {"é": [1, None, 0.1]}
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_file_is_a_value_error_or_another_network(data: st.DataObject) -> None:
    damaged = bytearray(SAVED)
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        place = data.draw(st.integers(0, len(damaged) - 1), label="place")
        damaged[place] = data.draw(st.integers(0, 255), label="byte")
    cut = data.draw(st.integers(0, len(damaged)), label="cut")
    for text in (bytes(damaged), bytes(damaged[:cut])):
        with suppress(ValueError):
            network = Network.load(io.BytesIO(text))
            assert np.isfinite(network.parameters).all()


@pytest.mark.parametrize("length", range(0, len(SAVED), 97))
def test_cut_file_is_a_value_error(length: int) -> None:
    with pytest.raises(ValueError, match="not a model file"):
        Network.load(io.BytesIO(SAVED[:length]))


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
        (archive(HEADER, entry("x.npy", PICKLE)), "object"),
        (archive(HEADER, entry("x.npy", np.array(["text"]))), "says .* of <U4"),
        (archive(HEADER, entry("x.npy", np.ones(2), header=HUGE)), "1000000000000"),
        (archive(HEADER, ("x.npy", b"\x93NUMPY\x01\x00")), "not a model file"),
        (archive(HEADER, ("x.npy", b"not an array")), "not a model file"),
        (archive(HEADER, compression=zipfile.ZIP_DEFLATED), "compressed"),
        (archive(header_of([1])), "its header is no object"),
        (archive(entry("header.npy", np.frombuffer(b"{", np.uint8))), "not a model"),
        (archive(entry("header.npy", np.frombuffer(b"\xff", np.uint8))), "not a model"),
    ],
)
def test_strange_file_is_a_value_error(file: io.BytesIO, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_arrays(file)


def described(**changes: object) -> io.BytesIO:
    """Return a file whose header describes the saved network with changes."""
    header, arrays = read_arrays(io.BytesIO(SAVED))
    header["network"] |= changes
    file = io.BytesIO()
    write_arrays(file, header, arrays)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"members": 10**12}, "but its header says .1000000000000, 21."),
        ({"members": -1}, "but its header says"),
        ({"members": None}, "does not describe a network"),
        ({"dtype": "float64"}, "but its header says .2, 21. of float64"),
        ({"dtype": "|O"}, "but its header says"),
        ({"dtype": "nonsense"}, "does not describe a network"),
        ({"layers": [1, 2]}, "does not describe a network"),
        ({"layers": []}, "no layers"),
        ({"layers": None}, "does not describe a network"),
        ({"skip": True}, "but its header says"),
    ],
)
def test_header_that_does_not_fit_is_a_value_error(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Network.load(described(**changes))


def test_file_of_something_else_is_a_value_error() -> None:
    file = io.BytesIO()
    write_arrays(file, {"format": "econnet panel 1"}, {})
    file.seek(0)
    with pytest.raises(ValueError, match="of format 'econnet panel 1'"):
        Network.load(file)


def test_parameters_that_are_not_numbers_are_a_value_error() -> None:
    network, file = Network(Architecture.dense(3, [4])), io.BytesIO()
    network.parameters[0, 5] = np.nan
    network.save(file)
    file.seek(0)
    with pytest.raises(ValueError, match="not finite"):
        Network.load(file)


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
        Network(Architecture.dense(3)).save(path)
    assert path.read_bytes() == b"the last good model"
    assert list(tmp_path.iterdir()) == [path]


def test_file_that_is_not_there_is_the_usual_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Network.load(tmp_path / "FRA.npz")
    with pytest.raises(FileNotFoundError):
        Network(Architecture.dense(3)).save(tmp_path / "nowhere" / "FRA.npz")
