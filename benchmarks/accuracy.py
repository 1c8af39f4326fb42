"""Measure how good the forecasts are, out of sample and beside the baselines.

    python benchmarks/accuracy.py [--json]

Walks forward through the bundled snapshot, with yearly refits and expanding windows,
for tasks of three frequencies and one setting of the networks. Data are revised data,
not vintages. Intervals are 90%, from 2,000 draws of blocks of one year or of horizon +
1 periods, whichever is longer, all countries of a block together; those of differences
are paired. Below zero, econnet's cost is the lower.
"""

import argparse
import json
from dataclasses import dataclass
from itertools import groupby, product
from typing import Any, TypeAlias

import pandas as pd

from econnet import countries, ensemble, forecast
from econnet.evaluation import bootstrap, metrics, walkforward
from econnet.evaluation.baselines import BASELINES
from econnet.forecast import Task
from econnet.panel import PERIODS_A_YEAR
from econnet.sources import snapshot
from econnet.sources.observations import Known

MEMBERS = forecast.WALK_FORWARD_MEMBERS
DRAWS = 2000
Row: TypeAlias = dict[str, Any]
COSTS = {"log loss": metrics.log_loss_costs, "Brier": metrics.brier_costs}


@dataclass(frozen=True)
class Work:
    """One task of the benchmark, for all the countries that are trained on."""

    name: str
    country: str
    task: Task


WORK = (
    Work("6 countries, quarterly, negative growth", "DEU", Task("Q")),
    Work(
        "6 countries, quarterly, year on year", "DEU", Task("Q", label="year-on-year")
    ),
    Work("US, monthly, NBER, now", "USA", Task("M", label="nber", horizon=0)),
    Work(
        "US, monthly, NBER, 3 months ahead", "USA", Task("M", label="nber", horizon=3)
    ),
    Work("world, annual, negative growth", "BRA", Task("A")),
)


def track_record(known: Known, work: Work) -> pd.DataFrame:
    """Return what econnet and the baselines said, where the outcome is known."""
    country = countries.by_alpha3(work.country)
    prepared = forecast.prepare(known, country, work.task)
    windows = walkforward.windows(
        prepared.features, work.task.frequency, prepared.origin
    )
    models = {"econnet": ensemble.model(MEMBERS, work.task.seed), **BASELINES}
    return walkforward.run(windows, models).dropna(subset=["outcome"])


def rows_of(work: Work, record: pd.DataFrame) -> list[Row]:
    """Return one row a measure and baseline, with paired intervals."""
    by_model = dict(list(record.groupby("model")))
    mine = by_model["econnet"]
    outcome = mine["outcome"].to_numpy(dtype=float)
    block = max(work.task.horizon + 1, PERIODS_A_YEAR[work.task.frequency])
    base_rate = by_model["base_rate"]["probability"].to_numpy()
    own = metrics.score(mine, base_rate)
    rows: list[Row] = []
    auroc_interval = bootstrap.auroc_interval(
        mine["probability"].to_numpy(), outcome, mine["period"], block, DRAWS, seed=0
    )
    for (measure, cost), peer in product(COSTS.items(), BASELINES):
        theirs = cost(by_model[peer]["probability"].to_numpy(), outcome)
        ours = cost(mine["probability"].to_numpy(), outcome)
        low, high = bootstrap.mean_interval(
            ours - theirs, mine["period"], block, DRAWS, seed=0
        )
        rows.append(
            {
                "work": work.name,
                "measure": measure,
                "econnet": float(ours.mean()),
                "peer": peer,
                "peer_value": float(theirs.mean()),
                "ratio": float(theirs.mean() / ours.mean()),
                "reach": None,
                "difference_interval": [low, high],
                "auroc": own.auroc,
                "auroc_interval": list(auroc_interval),
                "n": own.n,
                "n_origins": own.n_origins,
                "n_contractions": own.n_contractions,
            }
        )
    return rows


def cell(row: Row) -> str:
    """Return a baseline's cost, the difference's interval, and what that means."""
    low, high = row["difference_interval"]
    meaning = "win" if high < 0 else "loss" if low > 0 else "even"
    return f"{row['peer_value']:.3f} ({low:+.3f} to {high:+.3f}, {meaning})"


def as_markdown(rows: list[Row]) -> str:
    """Return the table that the README quotes: a line a task and measure."""
    lines = [
        "| task | forecasts | origins | contractions | AUROC | measure | econnet | "
        + " | ".join(BASELINES)
        + " |",
        "|---" * (7 + len(BASELINES)) + "|",
    ]
    for (work, measure), group in groupby(rows, lambda it: (it["work"], it["measure"])):
        cells = list(group)
        one = cells[0]
        low, high = one["auroc_interval"]
        lines.append(
            f"| {work} | {one['n']} | {one['n_origins']} | {one['n_contractions']} "
            f"| {one['auroc']:.2f} ({low:.2f} to {high:.2f}) | {measure} "
            f"| {one['econnet']:.3f} | {' | '.join(map(cell, cells))} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run every task and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    bundled = snapshot.load()
    known = Known(bundled.observations, bundled.series, "snapshot")
    rows = [row for work in WORK for row in rows_of(work, track_record(known, work))]
    print(json.dumps(rows, indent=2) if as_json else as_markdown(rows))


if __name__ == "__main__":
    main()
