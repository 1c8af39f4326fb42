"""`SHA256SUMS`: the checksums of the files of a folder, in the format of `sha256sum`.

`sha256sum --check SHA256SUMS` verifies such a folder on a machine without econnet.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SUMS = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


@dataclass(frozen=True)
class Fault:
    """A file that is missing, unreadable or different, and which of these it is."""

    path: Path
    reason: str


def read_sums(folder: Path) -> dict[str, str] | None:
    """Return the SHA-256 of each file that `SHA256SUMS` names.

    `None` where there is no such file; lines in another format are ignored.
    """
    path = folder / SUMS
    if not path.is_file():  # opening a named pipe could wait forever
        return None
    try:
        text = path.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    lines = map(LINE.fullmatch, text.splitlines())
    return {line[2]: line[1] for line in lines if line and _is_inside(line[2])}


def verify_checksums(folder: Path) -> list[Fault]:
    """Return the files of `SHA256SUMS` that are missing, unreadable or different."""
    faults = []
    for name, digest in (read_sums(folder) or {}).items():
        path = folder / name
        try:
            if not path.is_file():
                faults.append(Fault(path, f"is missing, and {SUMS} names it"))
            elif sha256(path) != digest:
                faults.append(Fault(path, f"is not the file that {SUMS} names"))
        except OSError as error:
            faults.append(Fault(path, f"cannot be read: {error.strerror}"))
    return faults


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_inside(name: str) -> bool:
    """Return whether an untrusted name stays within its folder."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts
