"""Measure how often 90% intervals contain what they should, in simulated worlds.

    python benchmarks/coverage.py [--json] [--simulations N]
        [--only scores|probabilities|others]

Worlds of one, six and fifty countries, with 100 or 240 quarters. In each quarter,
output grows by a linear function of two observed indicators of the quarter before, plus
noise, so that the true probability of a contraction is known. The indicators are
persistent and partly shared by all countries.

`probabilities`: econnet is trained in each world, and its intervals should contain the
true probabilities of the next quarter, in the last quarter and in some after it; by
default in 40 worlds of each kind. `others`: the same in worlds that were not used to
choose how wide the interval is. `scores`: two forecasters see the indicators with
persistent errors, one with larger errors than the other; the intervals of the scores
and of their differences should contain the means over a world of 100,000
country-quarters; by default in ten times as many worlds.
"""

import argparse
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.rows import Row, as_json
from benchmarks.series import series_of
from econnet.core import countries
from econnet.core.errors import DataError
from econnet.core.task import Task
from econnet.core.types import Floats
from econnet.data.sources.observations import Dataset
from econnet.evaluation.intervals import Estimate, Periods
from econnet.evaluation.metrics import brier_costs, log_loss_costs
from econnet.forecast import country as forecasts
from econnet.forecast import preparation, training
from econnet.forecast.training import Training

Random: TypeAlias = np.random.Generator

SIZES = (1, 6, 50)
LENGTHS = (100, 240)
# How many quarters after the last are forecast too, by the number of countries.
LATER = {1: 40, 6: 20, 50: 8}
# The share of an indicator's variance that all countries have in common.
SHARED = 0.4
NOISE = 0.6
# The standard deviations of the errors with which two forecasters see the indicators.
ERRORS = (0.3, 0.8)
MANY_ROWS = 100_000
FIRST_QUARTER = "1960Q1"


@dataclass(frozen=True)
class Process:
    """How growth follows from two indicators.

    Parameters
    ----------
    persistence
        The autocorrelation of the indicators.
    effects
        Of each indicator's standard deviation on growth in percent.
    """

    persistence: float = 0.85
    mean_growth: float = 0.8
    effects: tuple[float, float] = (0.6, 0.4)


USUAL = Process()
# Worlds that were not used to choose how wide the interval of a probability is.
OTHER_WORLDS = {
    "less predictable": Process(mean_growth=0.5, effects=(0.3, 0.2)),
    "less persistent": Process(persistence=0.6),
    "more persistent": Process(persistence=0.95, mean_growth=1.0),
}


@dataclass(frozen=True, eq=False)
class World:
    """Quarters of several countries: arrays (countries, quarters).

    `probability` is that of a contraction in the next quarter.
    """

    indicators: tuple[Floats, Floats]
    growth: Floats
    probability: Floats

    @classmethod
    def draw(
        cls, size: int, quarters: int, rng: Random, process: Process = USUAL
    ) -> "World":
        """Return a world of `size` countries."""
        first, second = (
            _indicator(size, quarters, process.persistence, rng)
            for _ in process.effects
        )
        expected = _expected_growth(process, first, second)
        noise = rng.normal(0, NOISE, (size, quarters))
        before = np.concatenate([expected[:, :1], expected[:, :-1]], axis=1)
        return cls((first, second), before + noise, stats.norm.cdf(-expected / NOISE))

    def until(self, quarters: int) -> "World":
        """Return the first quarters of the world."""
        first, second = self.indicators
        return World(
            (first[:, :quarters], second[:, :quarters]),
            self.growth[:, :quarters],
            self.probability[:, :quarters],
        )


def _expected_growth(process: Process, first: Floats, second: Floats) -> Floats:
    one, other = process.effects
    return process.mean_growth + one * first + other * second


def _indicator(size: int, quarters: int, persistence: float, rng: Random) -> Floats:
    shared = _persistent((1, quarters), persistence, rng)
    own = _persistent((size, quarters), persistence, rng)
    mixed: Floats = np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * own
    return mixed


def _persistent(shape: tuple[int, int], persistence: float, rng: Random) -> Floats:
    """Return an autoregression of variance 1 along the last axis."""
    shocks = rng.normal(size=shape)
    values = shocks.copy()
    for t in range(1, shape[1]):
        scaled = np.sqrt(1 - persistence**2) * shocks[:, t]
        values[:, t] = persistence * values[:, t - 1] + scaled
    return values


def dataset(world: World) -> Dataset:
    """Return the world's data: output and indicators, as a source would give them."""
    size, quarters = world.growth.shape
    periods = pd.period_range(FIRST_QUARTER, periods=quarters, freq="Q")
    ends = periods.end_time.normalize()
    levels = 100 * np.exp(np.cumsum(world.growth, axis=1) / 100)
    columns = {
        "real_gdp": (levels[:, :-1], 30),
        "term_spread": (world.indicators[0], 0),
        "business_confidence": (world.indicators[1], 0),
    }
    parts = [
        pd.DataFrame(
            {
                "country": country.alpha3,
                "indicator": indicator,
                "period": periods[: len(row)].astype(str),
                "value": row,
                "source": "simulation",
                "series_id": indicator,
                "retrieved_at": ends[-1],
                "known_at": ends[: len(row)] + pd.Timedelta(days=lag),
            }
        )
        for indicator, (rows, lag) in columns.items()
        for country, row in zip(countries.all_countries()[:size], rows, strict=True)
    ]
    observations = pd.concat(parts, ignore_index=True)
    return Dataset(observations, series_of(observations), "simulation")


def covered_probabilities(
    size: int, quarters: int, seed: int, process: Process = USUAL
) -> list[bool]:
    """Return for each forecast whether its interval contains the true probability.

    Econnet is trained in the last of the quarters, and forecasts from the data of that
    quarter and of some after it.
    """
    rng = np.random.default_rng([seed, size, quarters])
    world = World.draw(size, quarters + LATER[size], rng, process)
    economies, task = countries.all_countries()[:size], Task("Q", members=8)
    prepared = preparation.prepare(dataset(world.until(quarters)), economies[0], task)
    settings = Training(["base_rate"], outlook=False)
    model = training.train_group([prepared], settings)[prepared.origin]
    shared = forecasts.Shared.of(prepared, model)
    features = preparation.prepare(dataset(world), economies[0], task).features
    rows = features.origins >= prepared.origin
    numbers = {country.alpha3: number for number, country in enumerate(economies)}
    true = world.probability[
        [numbers[alpha3] for alpha3 in features.countries[rows]],
        [(origin - pd.Period(FIRST_QUARTER)).n for origin in features.origins[rows]],
    ]
    made = training.with_intervals(
        features.X[rows], shared.forecaster, shared.pool.calibration, shared.runs
    )
    return [
        bool(low <= probability <= high)
        for (_, (low, high)), probability in zip(made, true, strict=True)
    ]


def estimates(size: int, quarters: int, rng: Random) -> dict[str, Estimate]:
    """Return the scores of two forecasters, and their differences, in a new world."""
    world = World.draw(size, quarters, rng)
    outcome = (world.growth[:, 1:] < 0).astype(float).T.ravel()
    one, other = (
        _seen_with_error(world, error, rng)[:, :-1].T.ravel() for error in ERRORS
    )
    periods = Periods.of(
        pd.DataFrame(
            {
                "country": np.tile(np.arange(size), quarters - 1),
                "period": np.arange(quarters - 1).repeat(size),
                "outcome": outcome,
            }
        )
    )
    brier, log_loss = (
        (costs(one, outcome), costs(other, outcome))
        for costs in (brier_costs, log_loss_costs)
    )
    return {
        "Brier score": periods.mean(brier[0]),
        "log loss": periods.mean(log_loss[0]),
        "AUROC": periods.auroc(one, outcome),
        "difference in Brier score": periods.mean(brier[0] - brier[1]),
        "difference in log loss": periods.mean(log_loss[0] - log_loss[1]),
        "difference in AUROC": periods.auroc_difference(one, other, outcome),
    }


def _seen_with_error(world: World, error: float, rng: Random) -> Floats:
    """Return the probability for indicators that are seen with persistent errors."""
    noise = error * _persistent(world.growth.shape, USUAL.persistence, rng)
    # The best forecast from a noisy indicator shrinks it to its mean.
    first, second = ((x + noise) / (1 + error**2) for x in world.indicators)
    left = sum(USUAL.effects) ** 2 * error**2 / (1 + error**2)
    expected = _expected_growth(USUAL, first, second)
    probability: Floats = stats.norm.cdf(-expected / np.sqrt(NOISE**2 + left))
    return probability


def rows_of_probabilities(
    simulations: int, name: str = "probabilities", process: Process = USUAL
) -> Iterator[Row]:
    """Yield the coverage of the intervals of probabilities."""
    for size, quarters in product(SIZES, LENGTHS):
        inside: list[bool] = []
        for seed in range(simulations):
            # A few worlds have too few contractions to learn from.
            with suppress(DataError):
                inside += covered_probabilities(size, quarters, seed, process)
        yield _row(f"{name}, {_name(size, quarters)}", inside)


def rows_of_scores(simulations: int) -> Iterator[Row]:
    """Yield the coverage of the intervals of scores and of their differences."""
    for size, quarters in product(SIZES, LENGTHS):
        rng = np.random.default_rng([size, quarters])
        truth = estimates(size, MANY_ROWS // size, rng)
        drawn = [estimates(size, quarters, rng) for _ in range(simulations)]
        for score, true in truth.items():
            intervals = [of[score].interval(-np.inf, np.inf) for of in drawn]
            inside = [low <= true.value <= high for low, high in intervals]
            yield _row(f"{score}, {_name(size, quarters)}", inside)


def _name(size: int, quarters: int) -> str:
    return f"{size} {'country' if size == 1 else 'countries'}, {quarters} quarters"


def _row(work: str, inside: list[bool]) -> Row:
    share = float(np.mean(np.array(inside, dtype=float)))
    return Row(
        work=work,
        measure="coverage of 90% intervals",
        econnet=share,
        peer="nominal",
        peer_value=0.9,
        ratio=share / 0.9,
        reach=0.85,
    )


def as_markdown(rows: list[Row]) -> str:
    """Return the table that docs/methodology.md quotes: kinds of worlds across."""
    table = pd.DataFrame(
        [[*row.work.split(", ", 1), f"{row.econnet:.0%}"] for row in rows],
        columns=["interval of", "world", "covered"],
    ).pivot_table("covered", "interval of", "world", "first", sort=False)
    lines = ["| interval of | " + " | ".join(map(str, table.columns)) + " |"]
    lines.append("|---" * (len(table.columns) + 1) + "|")
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in table.iterrows()]
    return "\n".join(lines)


def main() -> None:
    """Run the simulations and print the coverage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--simulations", type=int, default=40)
    parser.add_argument("--only", choices=("scores", "probabilities", "others"))
    arguments = parser.parse_args()
    rows: list[Row] = []
    if arguments.only in (None, "scores"):
        rows += rows_of_scores(10 * arguments.simulations)
    if arguments.only in (None, "probabilities"):
        rows += rows_of_probabilities(arguments.simulations)
    if arguments.only == "others":
        for name, process in OTHER_WORLDS.items():
            rows += rows_of_probabilities(arguments.simulations, name, process)
    print(as_json(rows) if arguments.json else as_markdown(rows))


if __name__ == "__main__":
    main()
