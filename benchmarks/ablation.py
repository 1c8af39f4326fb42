"""Measure what each part of the forecaster contributes: omit it, or change it.

    python benchmarks/ablation.py [--json]

The tasks are those of `benchmarks/accuracy.py`, with those of `ECONNET_REAL_DATA` if it
is set. Values are mean skills over the tasks: the improvement on the base rate's cost.
A ratio above 1 means that econnet's skill is higher than the variant's. The settings
were chosen on tasks like these, so the figures favour them.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from benchmarks.accuracy import MEASURES, TITLES, WORK, WORK_ON_MORE, Work, prepared
from benchmarks.rows import Row, as_json
from econnet.core import log_odds
from econnet.core.types import Floats
from econnet.data.sources.observations import Dataset
from econnet.evaluation import metrics, walkforward
from econnet.forecast import track_record
from econnet.models import network_ensemble, pooling
from econnet.models.combination import PARTNERS, PRIOR
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.windows import Schedule, Window, make_windows

# The networks with one setting changed.
NETWORKS: Mapping[str, EnsembleOptions] = {
    "networks, prior precision 30": EnsembleOptions(prior_precision=30.0),
    "networks, prior precision 300": EnsembleOptions(prior_precision=300.0),
    "networks, 2 hidden units": EnsembleOptions(hidden_units=2),
    "networks, 32 hidden units": EnsembleOptions(hidden_units=32),
    "networks, 200 updates": EnsembleOptions(min_updates=200),
    "networks, learning rate 0.001": EnsembleOptions(learning_rate=1e-3),
}


def add_variants(windows: Sequence[Window], forecasts: dict[str, list[Floats]]) -> None:
    """Add every variant's forecasts to those of the models."""
    for name, options in NETWORKS.items():
        forecasts[name] = network_ensemble.model(
            track_record.WALK_FORWARD_MEMBERS, 0, options
        )(windows)
    forecasts["networks, one member"] = network_ensemble.model(1, 0)(windows)
    for partner in PARTNERS:
        others = {name: PRIOR[name] for name in PRIOR if name != partner}
        forecasts[f"mean without {partner}"] = weighted_mean(windows, forecasts, others)
    for partner in PARTNERS:
        pair = {name: PRIOR[name] for name in ("network", partner)}
        forecasts[f"mean of networks and {partner}"] = weighted_mean(
            windows, forecasts, pair
        )
    forecasts["mean, equal weights at first"] = weighted_mean(
        windows, forecasts, dict.fromkeys(PRIOR, 1)
    )
    prior = np.array([*PRIOR.values()])
    odds = [
        log_odds.log_odds(np.stack(by_model))
        for by_model in zip(*(forecasts[name] for name in PRIOR), strict=True)
    ]
    forecasts["mean, weights not learned"] = [
        log_odds.probability(pooling.combine_log_odds(by_model, prior))
        for by_model in odds
    ]
    forecasts["mean, not stretched"] = [
        log_odds.probability(
            pooling.combine_log_odds(by_model, weights) / pooling.EXTREMIZE
        )
        for by_model, weights in zip(
            odds, pooling.weights(windows, odds, prior), strict=True
        )
    ]


def weighted_mean(
    windows: Sequence[Window],
    forecasts: Mapping[str, list[Floats]],
    prior: Mapping[str, float],
) -> list[Floats]:
    """Return the weighted mean of these models."""
    weights = np.array([*prior.values()])
    parts = [forecasts[name] for name in prior]
    return pooling.combine(windows, parts, weights / weights.sum())


def skills(work: Work, known: Dataset) -> dict[str, dict[str, float]]:
    """Return the skill of each variant by both measures."""
    (first, *_), chosen, start = prepared(work, known)
    features, frequency = first.features, first.task.frequency
    scored_countries = [country.alpha3 for country in chosen]
    last = features.origins[np.isin(features.countries, scored_countries)].max()
    windows = make_windows(features, frequency, last, Schedule(start=start))
    models = track_record.models_of(first, ("base_rate",))
    forecasts = {name: model(windows) for name, model in models.items()}
    add_variants(windows, forecasts)
    record = walkforward.forecast_windows(windows, {"base_rate": models["base_rate"]})
    in_scope = record["country"].isin(scored_countries)
    scored = (in_scope & record["outcome"].notna()).to_numpy()
    outcome = record["outcome"].to_numpy(dtype=float)[scored]
    costs = {
        name: {
            measure: float(cost(np.concatenate(by_window)[scored], outcome).mean())
            for measure, cost in COSTS.items()
        }
        for name, by_window in forecasts.items()
    }
    return {
        name: {
            measure: 1 - of_model[measure] / costs["base_rate"][measure]
            for measure in MEASURES
        }
        for name, of_model in costs.items()
    }


COSTS: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "log_loss": metrics.log_loss_costs,
    "brier": metrics.brier_costs,
}


def rows_of(by_task: Sequence[Mapping[str, Mapping[str, float]]]) -> list[Row]:
    """Return one row per variant and measure, from the skills of each task."""

    def mean(name: str, measure: str) -> float:
        return float(np.mean([skill[name][measure] for skill in by_task]))

    return [
        Row(
            work=f"{len(by_task)} tasks",
            measure=f"mean skill, {TITLES[measure]}",
            econnet=mean("econnet", measure),
            peer=name,
            peer_value=mean(name, measure),
            ratio=mean("econnet", measure) / mean(name, measure),
            reach=None,
        )
        for name in by_task[0]
        if name not in {"econnet", "base_rate"}
        for measure in MEASURES
    ]


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the table that the documentation quotes."""
    by_name: dict[str, list[float]] = {"econnet": [row.econnet for row in rows[:2]]}
    for row in rows:
        by_name.setdefault(row.peer, []).append(row.peer_value)
    lines = ["| forecaster | log loss | Brier |", "|---|---|---|"]
    for name, (log_loss, brier) in by_name.items():
        lines.append(f"| {name} | {log_loss:.4f} | {brier:.4f} |")
    return "\n".join(lines)


def main() -> None:
    """Run every task and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    more = WORK_ON_MORE if os.environ.get("ECONNET_REAL_DATA") else ()
    by_task = []
    for work in (*WORK, *more):
        print(work.name, file=sys.stderr)
        by_task.append(skills(work, work.data()))
    rows = rows_of(by_task)
    print(as_json(rows) if arguments.json else as_markdown(rows))


if __name__ == "__main__":
    main()
