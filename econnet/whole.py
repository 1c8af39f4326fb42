"""Files that appear whole or not at all, and folders that can say whether they are.

A file is written beside its place, under a name that begins with a dot and ends in
`.part`, and moved there in one step. Files that belong together are all written before
the first of them is moved, and `SHA256SUMS` is moved last: a folder whose files are
those that it names is whole. It is written as `sha256sum` writes it, so that
`sha256sum --check SHA256SUMS` verifies a folder on a machine that has no econnet.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SUMS = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
AT_A_TIME = 2**20


@dataclass(frozen=True)
class Fault:
    """A file that is not what it should be, and what is wrong with it."""

    path: Path
    reason: str


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a place to write to; what stands there at the end takes the place of `path`.

    If the block is left by an exception, `path` stays as it was.
    """
    part = _part(path)
    part.unlink(missing_ok=True)  # of an earlier process with our number
    try:
        yield part
        _flush(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    """Write a file so that nobody sees a part of it, not even after a crash."""
    with replacing(path) as part:
        part.write_bytes(content)


def write_together(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[Path]:
    """Write files that belong together into `folder`, and return their places.

    The folder is made if need be. What it held before is touched only when all files
    are written. Files of earlier runs that are not written anew keep their place, and
    their line in `SHA256SUMS`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digests = {}
    with ExitStack() as moves:
        # Left in the opposite order: the sums, which were entered first, move last.
        sums = moves.enter_context(replacing(folder / SUMS))
        for name, content in files:
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            moves.enter_context(replacing(path)).write_bytes(content)
            digests[name] = hashlib.sha256(content).hexdigest()
        kept = {
            name: digest
            for name, digest in (read_sums(folder) or {}).items()
            if (folder / name).is_file()
        }
        lines = sorted((kept | digests).items())
        text = "".join(f"{digest}  {name}\n" for name, digest in lines)
        sums.write_bytes(text.encode())
    return [folder / name for name in digests]


def read_sums(folder: Path) -> dict[str, str] | None:
    """Return the SHA-256 of each file that `SHA256SUMS` names.

    `None` where there is no such file; a line that is none of ours is passed over.
    """
    try:
        text = (folder / SUMS).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    found = map(LINE.fullmatch, text.splitlines())
    return {match[2]: match[1] for match in found if match and _is_inside(match[2])}


def faults(folder: Path) -> list[Fault]:
    """Return the files of `SHA256SUMS` that are missing, or are not those it names."""
    broken = []
    for name, digest in (read_sums(folder) or {}).items():
        path = folder / name
        try:
            if not path.is_file():
                broken.append(Fault(path, f"is missing, and {SUMS} names it"))
            elif sha256(path) != digest:
                broken.append(Fault(path, f"is not the file that {SUMS} names"))
        except OSError as error:
            broken.append(Fault(path, f"cannot be read: {error.strerror}"))
    return broken


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(AT_A_TIME):
            digest.update(piece)
    return digest.hexdigest()


def leftovers(folder: Path) -> list[Path]:
    """Return what interrupted runs left unfinished in `folder` and below."""
    return sorted(path for path in folder.rglob(".*.part") if path.is_file())


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _is_inside(name: str) -> bool:
    """Return whether a name that a stranger may have written stays in its folder."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _flush(path: Path) -> None:
    """Let the disk have what was written, before it takes another file's place."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
