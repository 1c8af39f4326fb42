"""Features of a panel, computed once into working files, one per block of rows.

A block is a range of neighbouring rows, at most `BLOCK_ROWS`. Its file is written in
one step, so that work that was killed continues with the blocks that are missing. The
files take 4 bytes per feature and row, and are deleted when the model is finished.
Blocks do not depend on one another, nor on the number of cores.
"""

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from econnet.core.errors import DataError
from econnet.forecast.streamed.features import (
    MAX_GROWTH,
    Abroad,
    FeatureSpec,
    Ordinals,
    Singles,
)
from econnet.forecast.streamed.parquet_panel import ParquetPanel
from econnet.runtime import atomic_files, workers

# Enough rows to shuffle and to pay for a query; memory takes a few such blocks.
BLOCK_ROWS = 2**18
BLOCK_CELLS = 2**23
SPARE_BYTES = 2**28  # of disk, beside the features


@dataclass(frozen=True, eq=False)
class Block:
    """Features and targets of neighbouring rows.

    Parameters
    ----------
    period : array (rows,)
        As pandas counts periods: years, quarters or months since 1970.
    inputs : array (inputs, rows)
        The features without those of other countries; NaN where missing.
    target : array (rows,)
        1 contraction, 0 expansion, NaN not known.
    newest : array (countries,)
        The last row of each country that ends here.
    countries
        Their names.
    """

    period: Ordinals
    inputs: Singles
    target: Singles
    newest: Ordinals
    countries: Sequence[str]

    def with_abroad(self, spec: FeatureSpec, abroad: Abroad) -> list[Singles]:
        """Return all features, those of other countries last."""
        growth = self.inputs[spec.target_position]
        return [*self.inputs, *abroad.others(self.period, growth)]

    def learned(self, newest: int) -> npt.NDArray[np.bool_]:
        """Return which rows are trained on: up to a period, with a known target."""
        return np.asarray((self.period <= newest) & ~np.isnan(self.target))


@dataclass(frozen=True, eq=False)
class FeatureBlocks:
    """The features of a panel in blocks of rows, in the order of the panel.

    Parameters
    ----------
    folder
        Where the working files are.
    """

    panel: ParquetPanel
    spec: FeatureSpec
    folder: Path

    @cached_property
    def bounds(self) -> npt.NDArray[np.int64]:
        """The first row of each block, and the number of all rows."""
        longest = max(1, min(BLOCK_ROWS, BLOCK_CELLS // len(self.spec.columns)))
        count = -(-self.panel.rows // longest)
        return np.arange(count + 1) * self.panel.rows // count

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def write(self, progress: Callable[[float], None] = lambda _: None) -> None:
        """Compute the blocks that are missing, on all cores.

        `DataError` if the rows are not sorted by country and period, a cell cannot be
        read, or the disk is too small.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        missing = [i for i in range(len(self)) if not self._is_written(i)]
        self._check_disk(missing)
        done, lock = len(self) - len(missing), threading.Lock()

        def write(number: int) -> None:
            nonlocal done
            self._write(number)
            with lock:
                done += 1
                progress(done / len(self))

        workers.map_threads(write, missing)

    def read(self, number: int) -> Block:
        """Return a block."""
        path = self._path(number)
        *inputs, target, period = values = np.load(path, allow_pickle=False)
        ends = json.loads(path.with_suffix(".json").read_text("utf-8"))
        return Block(
            period.astype(np.int64),
            values[: len(inputs)],
            target,
            np.array(ends["rows"], np.int64),
            ends["countries"],
        )

    def abroad(self) -> Abroad:
        """Return the growth of all countries together, added block by block."""
        periods = [(part[-1].min(), part[-1].max()) for part in self._parts()]
        first, last = int(min(periods)[0]), int(max(last for _, last in periods))
        n = last - first + 1
        sums = np.zeros((3, n))
        for values in self._parts():
            growth = values[self.spec.target_position]
            known = ~np.isnan(growth)
            number = values[-1][known].astype(np.int64) - first
            bounded = np.clip(growth[known], -MAX_GROWTH, MAX_GROWTH)
            bounded = bounded.astype(np.float64)
            for row, weights in enumerate((bounded, bounded < 0, None)):
                sums[row] += np.bincount(number, weights, n)
        return Abroad(first, *sums)

    def _parts(self) -> Iterator[Singles]:
        """Yield the array in each working file, read only where it is used."""
        for number in range(len(self)):
            yield np.load(self._path(number), mmap_mode="r", allow_pickle=False)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.npy"

    def _is_written(self, number: int) -> bool:
        path = self._path(number)
        with suppress(OSError, ValueError):
            values = np.load(path, mmap_mode="r", allow_pickle=False)
            shape = (len(self.spec.inputs), np.diff(self.bounds)[number])
            return path.with_suffix(".json").is_file() and values.shape == shape
        return False

    def _write(self, number: int) -> None:
        start, stop = (int(row) for row in self.bounds[number : number + 2])
        query = self.spec.query(self.panel, start, stop)
        with self.panel.reading():
            columns = self.panel.database.cursor().execute(query).fetchnumpy()
        period, countries, *numbers = columns.values()
        values = np.empty((len(numbers) + 1, len(period)), np.float32)
        for row, column in zip(values, (*numbers, period), strict=True):
            np.copyto(row, np.ma.getdata(column), casting="same_kind")
        names = np.ma.asarray(countries)
        rows = np.flatnonzero(~np.ma.getmaskarray(names))
        ends = {"rows": rows.tolist(), "countries": names.data[rows].tolist()}
        path = self._path(number)
        part = path.with_suffix(".part")
        with atomic_files.named_os_error(path):
            path.with_suffix(".json").write_text(json.dumps(ends), "utf-8")
            with part.open("wb") as file:
                np.save(file, values)
            part.replace(path)

    def _check_disk(self, missing: Sequence[int]) -> None:
        """Raise `DataError` if the missing blocks would fill the disk."""
        rows = int(np.diff(self.bounds)[list(missing)].sum())
        needed = rows * 4 * (len(self.spec.inputs) + 1) + SPARE_BYTES
        free = shutil.disk_usage(self.folder).free
        if missing and free < needed:
            raise DataError(
                f"{self.folder}: the features of {self.panel.name} take "
                f"{needed / 1e9:.1f} GB of disk until training is finished, and "
                f"{free / 1e9:.1f} GB are free: free some, or set ECONNET_DATA to a "
                "folder on a larger disk"
            )
