"""The last pass over a panel: score the holdout, and forecast what comes.

The rows are gone through in order, and those that the next range needs, the lags of its
first rows and the targets that are still open, are carried over. The origins of the
holdout are scored; the newest row of each country gives its forecast, which is written
as it comes.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet import compute
from econnet.core.types import Floats
from econnet.network import Network
from econnet.streaming.files import Files, RowRange, Rows, Singles, Spell, written
from econnet.streaming.recipe import Desk, Recipe, Scaling
from econnet.streaming.scores import Tally
from econnet.streaming.survey import Survey

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Linear:
    """A logistic regression on the scaled inputs."""

    weights: Singles
    bias: float

    def logits(self, X: Singles) -> Floats:
        """Return its log-odds, (rows,)."""
        made: Floats = X.astype(np.float64) @ self.weights + self.bias
        return made


@dataclass(frozen=True, eq=False)
class Judged:
    """What the last pass counted."""

    tallies: dict[str, Tally]
    forecasts: int


def judge(
    files: Files,
    recipe: Recipe,
    survey: Survey,
    network: Network,
    logit: Linear,
    base_rate: float,
    forecasts: Path,
    progress: Callable[[float], None] = lambda _: None,
) -> Judged:
    """Score the holdout, and write every country's forecast to a Parquet file.

    The file, replaced in one step, has `country, origin, period, probability`, the
    countries in the order of the panel; `origin` is the last that the country has.
    """
    origins = survey.last_held_out - survey.first_held_out + 1
    tallies = {
        name: Tally(survey.first_held_out, origins)
        for name in ("econnet", "logit", "base_rate")
    }
    scaling = Scaling.of(survey.scaler)
    log_odds = float(np.log(base_rate / (1 - base_rate)))
    count = 0
    desk = Desk.of(files.most_rows + recipe.history + recipe.lead + 1, recipe)
    with _Writer(forecasts) as writer:
        for part in _parts(files, recipe, progress):
            inputs = recipe.inputs_of(part.rows, survey.abroad, desk.inputs)
            target = recipe.targets_of(part.rows)
            origin = part.rows.period + recipe.lag
            scored = ~np.isnan(target) & (origin >= survey.first_held_out)
            newest = _newest_of_each(part)
            wanted = scored.copy()
            wanted[newest] = True
            wanted[: part.start], wanted[part.stop :] = False, False
            chosen = np.flatnonzero(wanted)
            if not len(chosen):
                continue
            X = np.ascontiguousarray(scaling.apply(inputs, chosen, desk.X).T)
            said = network.logits(X)[:, :, 0].astype(np.float64).mean(axis=0)
            judged = scored[chosen]
            outcome = target[chosen][judged].astype(np.float64)
            for name, logits in (
                ("econnet", said),
                ("logit", logit.logits(X)),
                ("base_rate", np.full(len(said), log_odds)),
            ):
                tallies[name].add(logits[judged], outcome, origin[chosen][judged])
            inside = newest[(newest >= part.start) & (newest < part.stop)]
            of_newest = said[np.searchsorted(chosen, inside)]
            writer.add(_table(recipe, part, inside, of_newest))
            count += len(inside)
    return Judged(tallies, count)


@dataclass(frozen=True, eq=False)
class _Part:
    """Rows of which `start` to `stop` are to be judged; those around are needed."""

    rows: Rows
    start: int
    stop: int
    first: int
    names: dict[int, str]
    at_end: bool


def _parts(
    files: Files, recipe: Recipe, progress: Callable[[float], None]
) -> Iterator[_Part]:
    """Yield the whole panel in order, each row to be judged once."""
    ranges = files.ranges

    def read(chosen: RowRange) -> tuple[Rows, list[Spell]]:
        return files.read(chosen, recipe.columns), files.spells(chosen)

    carried: Rows | None = None
    start, names = 0, dict[int, str]()
    for number, (rows, spells) in enumerate(compute.ahead(read, ranges)):
        chosen = ranges[number]
        base = chosen.first - chosen.start
        names |= {base + it.last: str(it.country) for it in spells}
        first = chosen.first - (len(carried) if carried else 0)
        together = rows if carried is None else carried.then(rows)
        at_end = number == len(ranges) - 1
        # A row is judged once the rows are there that its target depends on, and the
        # next, which says whether it is its country's newest.
        stop = len(together) if at_end else max(start, len(together) - recipe.lead - 1)
        yield _Part(together, start, stop, first, names, at_end)
        progress((number + 1) / len(ranges))
        kept = max(0, stop - recipe.history)
        carried, start = together.after(kept), stop - kept
        names = {row: name for row, name in names.items() if row >= first + kept}


def _newest_of_each(part: _Part) -> Positions:
    """Return the last row of each country that ends in the part."""
    entity = part.rows.entity
    ends = np.flatnonzero(entity[1:] != entity[:-1])
    return np.append(ends, len(entity) - 1) if part.at_end else ends


def _table(
    recipe: Recipe, part: _Part, newest: Positions, logits: Floats
) -> pd.DataFrame:
    origins = part.rows.period[newest] + recipe.lag
    texts = {
        int(it): written(int(it), recipe.frequency)
        for it in np.unique([*origins, *(origins + recipe.horizon)])
    }
    return pd.DataFrame(
        {
            "country": [part.names[part.first + int(row)] for row in newest],
            "origin": [texts[int(it)] for it in origins],
            "period": [texts[int(it) + recipe.horizon] for it in origins],
            "probability": 1 / (1 + np.exp(-logits)),
        }
    )


class _Writer:
    """Writes a table as it comes, to disk beyond some size, and whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = tempfile.TemporaryDirectory(dir=path.parent, prefix=".forecasts")
        self.database = duckdb.connect(str(Path(self.folder.name) / "said.duckdb"))
        self.database.execute("SET threads = 1; SET memory_limit = '200MB'")
        self.database.execute(
            "CREATE TABLE said (country VARCHAR, origin VARCHAR, period VARCHAR, "
            "probability DOUBLE)"
        )

    def __enter__(self) -> "_Writer":
        return self

    def add(self, table: pd.DataFrame) -> None:
        """Add rows."""
        self.database.append("said", table)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                part = Path(self.folder.name) / "forecasts.parquet"
                self.database.execute(f"COPY said TO '{part.as_posix()}'")
                part.replace(self.path)
        finally:
            self.database.close()
            self.folder.cleanup()
