"""The ledger: results of finished tasks, kept on disk until a run is complete."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from econnet.runtime.atomic_files import locked_folder
from econnet.runtime.npz import read_arrays, write_arrays

Arrays: TypeAlias = list[np.ndarray]


@dataclass(frozen=True)
class Ledger:
    """A folder with one file per result; a damaged file counts as missing."""

    folder: Path

    def find(self, key: str) -> Arrays | None:
        """Return the stored result, if any."""
        try:
            _, arrays = read_arrays(self._file(key))
            return [arrays[str(number)] for number in range(len(arrays))]
        except (FileNotFoundError, KeyError, ValueError):
            return None

    def keep(self, key: str, arrays: Arrays) -> None:
        """Store a result."""
        self.folder.mkdir(parents=True, exist_ok=True)
        named = {str(number): array for number, array in enumerate(arrays)}
        with locked_folder(self.folder):
            write_arrays(self._file(key), {}, named)

    def count(self) -> int:
        """Return the number of results."""
        return sum(1 for _ in self.folder.glob("*.npz"))

    def forget(self) -> None:
        """Delete all results, once the run is complete."""
        for file in self.folder.glob("*.npz"):
            file.unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.npz"
