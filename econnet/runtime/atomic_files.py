"""Files that appear completely or not at all, and folders written together.

A file is written under a temporary name in its folder (`.NAME.PID.part`) and renamed in
one step. Files that belong together are all written before the first of them is
renamed, and `SHA256SUMS` comes last: a folder whose files match it is complete. The
next process that writes to a folder locks it and removes the temporary files of killed
processes.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from econnet.runtime import locks
from econnet.runtime.checksums import SUMS, read_sums


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file, which replaces `path` at the end.

    After an exception `path` is unchanged. An `OSError` about the temporary file names
    `path` instead.
    """
    part = _part(path)
    try:
        with named_os_error(path, part):
            part.unlink(missing_ok=True)  # from an earlier process with the same number
            yield part
            _flush(part)
            part.replace(path)
    finally:
        _remove(part)


def write(path: Path, content: bytes) -> None:
    """Write a file completely or not at all, even after a crash."""
    with atomic_write(path) as part:
        part.write_bytes(content)


def copy(source: Path, target: Path) -> None:
    """Make `target` a copy of `source`, completely or not at all.

    It is a hard link where the file system has them, so neither file may be modified in
    place afterwards, only replaced.
    """
    with atomic_write(target) as part:
        try:
            part.hardlink_to(source)
        except OSError:
            shutil.copyfile(source, part)


def write_together(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[Path]:
    """Write files that belong together into `folder`, and return their paths.

    The folder is created if necessary. Its content is changed only when all files are
    written. Other files of earlier runs remain, with their line in `SHA256SUMS`.
    """
    return _write_into(folder, dict(files), keep=True)


def replace_together(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[Path]:
    """Write files as `write_together`, and remove those of earlier runs.

    These are the files that `SHA256SUMS` named before and that are not written again;
    any other file remains.
    """
    return _write_into(folder, dict(files), keep=False)


def _write_into(
    folder: Path, contents: Mapping[str, bytes], *, keep: bool
) -> list[Path]:
    digests = {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        for place in sorted({folder, *((folder / name).parent for name in contents)}):
            place.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked_folder(place))
        earlier = {
            name: digest
            for name, digest in (read_sums(folder) or {}).items()
            if (folder / name).is_file()
        }
        lines = sorted((earlier | digests if keep else digests).items())
        text = "".join(f"{digest}  {name}\n" for name, digest in lines)
        _write_all(folder, {**contents, SUMS: text.encode()})
        for name in () if keep else earlier.keys() - contents.keys():
            (folder / name).unlink()
    return [folder / name for name in contents]


def _write_all(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write every file beside its place, then move them all, in this order."""
    parts = {folder / name: _part(folder / name) for name in contents}
    try:
        for (path, part), content in zip(parts.items(), contents.values(), strict=True):
            with named_os_error(path):
                part.write_bytes(content)
                _flush(part)
        try:
            for path, part in parts.items():
                part.replace(path)
        except BaseException:
            # A mixture of old and new files must not remain: whatever the exception,
            # move the rest if possible.
            for path, part in parts.items():
                with suppress(FileNotFoundError):
                    part.replace(path)
            raise
    finally:
        for part in parts.values():
            _remove(part)


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Lock a folder, and remove files that killed processes left unfinished in it.

    The folder itself is locked, so that no lock file is left behind. Where the system
    or the file system cannot lock it, nothing is removed, because unfinished files may
    belong to a running process.
    """
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if locks.lock_folder(descriptor, folder):
            with suppress(OSError):
                for part in folder.glob(".*.part"):
                    part.unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def named_os_error(path: Path, part: Path | None = None) -> Iterator[None]:
    """Let an `OSError` name the file it is about, which a failed write does not.

    The user knows it by its own name, not by that of its temporary file `part`.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None and error.filename != str(part):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def temporary_files(folder: Path) -> list[Path]:
    """Return the unfinished files of interrupted runs in `folder` and below."""
    return sorted(path for path in folder.rglob(".*.part") if path.is_file())


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _remove(part: Path) -> None:
    """Remove a temporary file, if it is there and can be removed.

    A read-only file system refuses even if the file is not there, which would hide the
    error that named the file to be written.
    """
    with suppress(OSError):
        part.unlink()


def _flush(path: Path) -> None:
    """Write a file's content to the disk, before it replaces another file."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
