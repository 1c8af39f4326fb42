"""Files that appear completely or not at all, and folders written together.

A file is written beside its place, under a name that begins with a dot and ends in
`.part`, and moved there in one step. Files that belong together are all written before
the first of them is moved, and `SHA256SUMS` is moved last: a folder whose files match
it is complete. What a killed process left unfinished is removed by the next that writes
to the folder, which locks it meanwhile.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from econnet.runtime.checksums import SUMS, read_sums

if sys.platform != "win32":
    import fcntl


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a place to write to; what stands there at the end takes the place of `path`.

    If the block is left by an exception, `path` stays as it was. An `OSError` names the
    file that could not be written.
    """
    part = _part(path)
    try:
        with naming(path):
            part.unlink(missing_ok=True)  # of an earlier process with our number
            yield part
            _flush(part)
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    """Write a file so that nobody sees a part of it, not even after a crash."""
    with replacing(path) as part:
        part.write_bytes(content)


def copy(source: Path, target: Path) -> None:
    """Let `target` be what `source` is now, whole or not at all.

    It is a link where the file system has links, and takes no room: so neither may be
    written to, but only replaced.
    """
    with replacing(target) as part:
        try:
            part.hardlink_to(source)
        except OSError:
            shutil.copyfile(source, part)


def write_together(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[Path]:
    """Write files that belong together into `folder`, and return their places.

    The folder is made if need be. What it held before is touched only when all files
    are written. Files of earlier runs that are not written anew keep their place, and
    their line in `SHA256SUMS`.
    """
    return _write_into(folder, dict(files))


def _write_into(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    digests = {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        for place in sorted({folder, *((folder / name).parent for name in contents)}):
            place.mkdir(exist_ok=True)
            stack.enter_context(alone(place))
        kept = {
            name: digest
            for name, digest in (read_sums(folder) or {}).items()
            if (folder / name).is_file()
        }
        lines = sorted((kept | digests).items())
        text = "".join(f"{digest}  {name}\n" for name, digest in lines)
        everything = {**contents, SUMS: text.encode()}
        _write_all({folder / name: content for name, content in everything.items()})
    return [folder / name for name in digests]


def _write_all(contents: Mapping[Path, bytes]) -> None:
    """Write every file beside its place, then move them all, in this order."""
    parts = {path: _part(path) for path in contents}
    try:
        for path, part in parts.items():
            with naming(path):
                part.write_bytes(contents[path])
                _flush(part)
        try:
            for path, part in parts.items():
                part.replace(path)
        except BaseException:
            # Some of the new files among the old would be neither report: whatever
            # broke in, the rest follows if it can.
            for path, part in parts.items():
                with suppress(FileNotFoundError):
                    part.replace(path)
            raise
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Have a folder to oneself, without what killed processes left unfinished in it.

    The folder itself is locked, so that no lock is left behind in it. Where the system
    or the file system cannot do that, others are not kept out, and nothing is cleared:
    it may be theirs.
    """
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _clear(folder)
        yield
    finally:
        os.close(descriptor)


def _clear(folder: Path) -> None:
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an `OSError` name the file that it is about: a failed write does not."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def leftovers(folder: Path) -> list[Path]:
    """Return what interrupted runs left unfinished in `folder` and below."""
    return sorted(path for path in folder.rglob(".*.part") if path.is_file())


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _flush(path: Path) -> None:
    """Let the disk have what was written, before it takes another file's place."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
