"""What must be known about a panel before training: growth, periods, scaling.

The features have been computed by then. The growth of all countries is summed by
period, and a uniform sample of rows gives the percentiles and moments for scaling. Each
row is drawn with the same probability from the random stream of its block, so the
sample does not depend on the number of cores. With 200,000 rows the 1st percentile of
the sample is between the true 0.96th and 1.04th, 19 times in 20.
"""

from dataclasses import dataclass

import numpy as np

from econnet.core.errors import DataError
from econnet.core.periods import PERIODS_A_YEAR
from econnet.forecast.streamed.feature_blocks import FeatureBlocks
from econnet.forecast.streamed.features import Abroad, Singles
from econnet.forecast.streamed.scaling import MomentScaler
from econnet.runtime import workers

SAMPLED_ROWS = 200_000
HOLDOUT_SHARE = 0.2
MIN_OF_EACH = 10


@dataclass(frozen=True, eq=False)
class Survey:
    """What is known of a panel before training.

    Parameters
    ----------
    countries, first, last
        Number of countries, and the first and last period of any.
    newest_learned
        The last period whose rows are trained on: their targets were known before the
        holdout began.
    first_held_out, last_held_out
        Origins of the holdout.
    scaler
        Fitted on the sampled rows of the training periods.
    sample_X, sample_y : array (rows, inputs), (rows,)
        Those rows, scaled, and their targets.
    """

    countries: int
    first: int
    last: int
    newest_learned: int
    first_held_out: int
    last_held_out: int
    abroad: Abroad
    scaler: MomentScaler
    sample_X: Singles  # noqa: N815 - as in the formulas
    sample_y: Singles

    @property
    def base_rate(self) -> float:
        """The share of contractions among the sampled rows."""
        return float(self.sample_y.mean())


def survey(blocks: FeatureBlocks, seed: int) -> Survey:
    """Return what must be known before training.

    `DataError` if there are too few contractions or expansions to learn from.
    """
    spec, abroad = blocks.spec, blocks.abroad()
    first, last = abroad.first, abroad.first + len(abroad.total) - 1
    held_out = max(
        PERIODS_A_YEAR[spec.task.frequency], round(HOLDOUT_SHARE * (last - first + 1))
    )
    # The outcome of the last period belongs to the origin `horizon` before it.
    last_held_out = last - spec.task.horizon - spec.looks_ahead
    first_held_out = last_held_out - held_out + 1
    # A target is known once the last period that it depends on is published.
    newest_learned = first_held_out - spec.lead - spec.lag
    share = min(1.0, SAMPLED_ROWS / blocks.panel.rows)

    def sample(number: int) -> tuple[int, Singles, Singles]:
        block = blocks.read(number)
        drawn = np.random.default_rng([seed, number]).random(len(block.period)) < share
        rows = np.flatnonzero(drawn & block.learned(newest_learned))
        inputs = [values[rows] for values in block.with_abroad(spec, abroad)]
        return len(block.newest), np.stack(inputs), block.target[rows]

    countries, parts, targets = zip(
        *workers.map_threads(sample, range(len(blocks))), strict=True
    )
    inputs, target = np.concatenate(parts, axis=1), np.concatenate(targets)
    _check_enough(blocks, target, newest_learned)
    scaler = MomentScaler.fit(inputs.T.astype(np.float64), np.arange(len(spec.columns)))
    return Survey(
        countries=sum(countries),
        first=first,
        last=last,
        newest_learned=newest_learned,
        first_held_out=first_held_out,
        last_held_out=last_held_out,
        abroad=abroad,
        scaler=scaler,
        sample_X=scaler.transform(list(inputs), np.arange(len(target))).T,
        sample_y=target,
    )


def _check_enough(blocks: FeatureBlocks, target: Singles, newest: int) -> None:
    contractions = int(target.sum())
    expansions = len(target) - contractions
    if min(contractions, expansions) < MIN_OF_EACH:
        raise DataError(
            f"{blocks.panel.name} has too few rows to train on: the sampled rows up to "
            f"{blocks.panel.period(newest)}, before the holdout, have "
            f"{contractions} contractions and {expansions} expansions, and "
            f"{MIN_OF_EACH} of each are needed: choose another --label or --target"
        )
