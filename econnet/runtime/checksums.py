"""`SHA256SUMS`: the checksums of the files of a folder, in the format of `sha256sum`.

`sha256sum --check SHA256SUMS` verifies such a folder on a machine without econnet.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SUMS = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class Fault:
    """A file that is not what it should be, and the reason."""

    path: Path
    reason: str


def read_sums(folder: Path) -> dict[str, str] | None:
    """Return the SHA-256 of each file that `SHA256SUMS` names.

    `None` where there is no such file; lines in another format are ignored.
    """
    try:
        text = (folder / SUMS).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    found = map(LINE.fullmatch, text.splitlines())
    return {match[2]: match[1] for match in found if match and _is_inside(match[2])}


def verify_checksums(folder: Path) -> list[Fault]:
    """Return the files of `SHA256SUMS` that are missing, unreadable or different."""
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
    """Return the SHA-256 of a file, read in chunks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _is_inside(name: str) -> bool:
    """Return whether an untrusted name stays within its folder."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts
