"""The last pass over a panel: score the holdout, and forecast the next periods.

The origins of the holdout are scored. The newest row of each country gives its
forecast, which is written as it is made.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from econnet.core.log_odds import probability
from econnet.core.types import Floats
from econnet.forecast.streamed.feature_blocks import Block, FeatureBlocks
from econnet.forecast.streamed.features import FeatureSpec, Ordinals, Singles
from econnet.forecast.streamed.parquet_panel import written
from econnet.forecast.streamed.scaling import Scaling
from econnet.forecast.streamed.scores import ScoreAccumulator
from econnet.forecast.streamed.survey import Survey
from econnet.network import Network
from econnet.runtime import workers


@dataclass(frozen=True, eq=False)
class Linear:
    """A logistic regression on the scaled inputs."""

    weights: Singles
    bias: float

    def logits(self, X: Singles) -> Floats:
        """Return its log-odds, (rows,)."""
        logits: Floats = X.astype(np.float64) @ self.weights + self.bias
        return logits


@dataclass(frozen=True, eq=False)
class Models:
    """The models that are scored: the network, and what it is compared with."""

    network: Network
    logit: Linear
    base_rate: float

    def logits(self, X: Singles) -> dict[str, Floats]:
        """Return the log-odds that each model gives, (rows,)."""
        of_members = self.network.logits(X)[:, :, 0].astype(np.float64)
        base = float(np.log(self.base_rate / (1 - self.base_rate)))
        return {
            "econnet": of_members.mean(axis=0),
            "logit": self.logit.logits(X),
            "base_rate": np.full(len(X), base),
        }


@dataclass(frozen=True, eq=False)
class Holdout:
    """The sums of scores by model, and the number of forecasts written."""

    scores: dict[str, ScoreAccumulator]
    forecasts: int


def score_holdout(
    blocks: FeatureBlocks,
    survey: Survey,
    models: Models,
    forecasts: Path,
    progress: Callable[[float], None] = lambda _: None,
) -> Holdout:
    """Score the holdout, and write every country's forecast to a Parquet file.

    The file, replaced in one step, has `country, origin, period, probability`, the
    countries in the order of the panel; `origin` is the last that the country has.
    """
    spec, scaling = blocks.spec, Scaling.of(survey.scaler)
    origins = survey.last_held_out - survey.first_held_out + 1
    scores = {
        name: ScoreAccumulator(survey.first_held_out, origins)
        for name in ("econnet", "logit", "base_rate")
    }
    count = 0

    def prepare(number: int) -> tuple[Block, Ordinals, Singles]:
        block = blocks.read(number)
        held_out = block.period + spec.lag >= survey.first_held_out
        scored = np.flatnonzero(held_out & ~np.isnan(block.target))
        chosen = np.union1d(scored, block.newest)
        inputs = block.with_abroad(spec, survey.abroad)
        return block, chosen, np.ascontiguousarray(scaling.apply(inputs, chosen).T)

    with _Writer(forecasts) as writer:
        prepared = workers.prefetch(prepare, range(len(blocks)))
        for number, (block, chosen, X) in enumerate(prepared, start=1):
            if len(chosen):
                logits = models.logits(X)
                _add(
                    scores,
                    logits,
                    block.target[chosen],
                    block.period[chosen] + spec.lag,
                )
                newest = np.searchsorted(chosen, block.newest)
                writer.add(_table(spec, block, logits["econnet"][newest]))
                count += len(newest)
            progress(number / len(blocks))
    return Holdout(scores, count)


def _add(
    scores: dict[str, ScoreAccumulator],
    logits: dict[str, Floats],
    target: Singles,
    origin: Ordinals,
) -> None:
    """Add the forecasts of the holdout whose outcome is known."""
    for name, accumulator in scores.items():
        known = ~np.isnan(target) & (origin >= accumulator.first_origin)
        outcome = target[known].astype(np.float64)
        accumulator.add(logits[name][known], outcome, origin[known])


def _table(spec: FeatureSpec, block: Block, logits: Floats) -> pd.DataFrame:
    """Return the forecasts of the countries that end in a block."""
    origins = block.period[block.newest] + spec.lag
    texts = {
        int(ordinal): written(int(ordinal), spec.frequency)
        for ordinal in np.unique([*origins, *(origins + spec.horizon)])
    }
    return pd.DataFrame(
        {
            "country": list(block.countries),
            "origin": [texts[int(origin)] for origin in origins],
            "period": [texts[int(origin) + spec.horizon] for origin in origins],
            "probability": probability(logits),
        }
    )


class _Writer:
    """Writes a table part by part, to disk beyond some size, complete or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = tempfile.TemporaryDirectory(dir=path.parent, prefix=".forecasts")
        self.database = duckdb.connect(str(Path(self.folder.name) / "forecasts.duckdb"))
        self.database.execute("SET threads = 1; SET memory_limit = '200MB'")
        self.database.execute(
            "CREATE TABLE forecasts (country VARCHAR, origin VARCHAR, period VARCHAR, "
            "probability DOUBLE)"
        )

    def __enter__(self) -> "_Writer":
        return self

    def add(self, table: pd.DataFrame) -> None:
        """Add rows."""
        self.database.append("forecasts", table)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                part = Path(self.folder.name) / "forecasts.parquet"
                self.database.execute(f"COPY forecasts TO '{part.as_posix()}'")
                part.replace(self.path)
        finally:
            self.database.close()
            self.folder.cleanup()
