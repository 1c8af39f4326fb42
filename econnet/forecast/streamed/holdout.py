"""The last pass over a panel: score the holdout, and forecast the next periods.

The origins of the holdout are scored. The newest row of each country gives its
forecast.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from econnet.core.log_odds import log_odds, probability
from econnet.core.types import Floats
from econnet.forecast.streamed.feature_blocks import Block, FeatureBlocks
from econnet.forecast.streamed.features import Ordinals, Singles
from econnet.forecast.streamed.scores import ScoreAccumulator
from econnet.forecast.streamed.survey import Survey
from econnet.network import Network
from econnet.runtime import workers
from econnet.runtime.untrusted_files import sql_literal


@dataclass(frozen=True, eq=False)
class Models:
    """The models that are scored: the network, and what it is compared with.

    Parameters
    ----------
    logit
        A logistic regression on the scaled inputs, fitted on the sampled rows, which
        are enough for so few weights.
    """

    network: Network
    logit: LogisticRegression
    base_rate: float

    @classmethod
    def fit(cls, network: Network, survey: Survey) -> "Models":
        """Return the network with the models that it is compared with."""
        logit = LogisticRegression(max_iter=1000)
        logit.fit(survey.sample_X, survey.sample_y)
        return cls(network, logit, survey.base_rate)

    def logits(self, X: Singles) -> dict[str, Floats]:
        """Return the log-odds that each model gives, (rows,)."""
        of_members = self.network.logits(X)[:, :, 0].astype(np.float64)
        weights = self.logit.coef_[0].astype(np.float32)
        bias = float(self.logit.intercept_[0])
        return {
            "econnet": of_members.mean(axis=0),
            "logit": X.astype(np.float64) @ weights + bias,
            "base_rate": np.full(len(X), log_odds(self.base_rate, clip=0)),
        }


def score_holdout(
    blocks: FeatureBlocks,
    survey: Survey,
    models: Models,
    forecasts: Path,
    progress: Callable[[float], None] = lambda _: None,
) -> dict[str, ScoreAccumulator]:
    """Return the scores of each model, and write every country's forecast to a file.

    The Parquet file, replaced in one step, has `country, origin, period, probability`,
    the countries in the order of the panel; `origin` is the country's last.
    """
    spec = blocks.spec
    origins = survey.last_held_out - survey.first_held_out + 1
    scores = {
        name: ScoreAccumulator(survey.first_held_out, origins)
        for name in ("econnet", "logit", "base_rate")
    }

    def prepare(number: int) -> tuple[Block, Ordinals, Singles]:
        block = blocks.read(number)
        held_out = block.period + spec.lag >= survey.first_held_out
        scored = np.flatnonzero(held_out & ~np.isnan(block.target))
        rows = np.union1d(scored, block.newest)
        scaled = survey.scaler.transform(block.with_abroad(spec, survey.abroad), rows)
        return block, rows, np.ascontiguousarray(scaled.T)

    with _parquet_writer(forecasts) as write:
        prepared = workers.prefetch(prepare, range(len(blocks)))
        for number, (block, rows, X) in enumerate(prepared, start=1):
            if len(rows):
                logits = models.logits(X)
                origin, target = block.period[rows] + spec.lag, block.target[rows]
                known = ~np.isnan(target) & (origin >= survey.first_held_out)
                outcome = target[known].astype(np.float64)
                for name, accumulator in scores.items():
                    accumulator.add(logits[name][known], outcome, origin[known])
                newest = logits["econnet"][np.searchsorted(rows, block.newest)]
                write(_table(blocks, block, newest))
            progress(number / len(blocks))
    return scores


def _table(blocks: FeatureBlocks, block: Block, logits: Floats) -> pd.DataFrame:
    """Return the forecasts of the countries that end in a block."""
    origins = block.period[block.newest] + blocks.spec.lag
    horizon = blocks.spec.task.horizon
    texts = {
        ordinal: blocks.panel.period(ordinal)
        for ordinal in np.unique([*origins, *(origins + horizon)]).tolist()
    }
    return pd.DataFrame(
        {
            "country": list(block.countries),
            "origin": [texts[origin] for origin in origins],
            "period": [texts[origin + horizon] for origin in origins],
            "probability": probability(logits),
        }
    )


@contextmanager
def _parquet_writer(path: Path) -> Iterator[Callable[[pd.DataFrame], object]]:
    """Yield a function that adds forecasts to a file, written complete or not at all.

    Beyond some size the forecasts are on disk, not in memory.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".forecasts") as folder:
        with duckdb.connect(str(Path(folder) / "forecasts.duckdb")) as database:
            database.execute("SET threads = 1; SET memory_limit = '200MB'")
            database.execute(
                "CREATE TABLE forecasts (country VARCHAR, origin VARCHAR, "
                "period VARCHAR, probability DOUBLE)"
            )
            yield partial(database.append, "forecasts")
            part = Path(folder) / "forecasts.parquet"
            database.execute(f"COPY forecasts TO {sql_literal(part.as_posix())}")
        part.replace(path)
