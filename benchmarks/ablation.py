"""Measure what each part of the forecaster is worth: leave it out, or change it.

    python benchmarks/ablation.py [--json]

Takes the tasks of `benchmarks/accuracy.py`, those of `ECONNET_REAL_DATA` too where it
is set. Values are mean skills over the tasks: the share of the long-run rate's cost
that is saved. A ratio above 1 means that the forecaster as it is saves more. The
settings were chosen on tasks like these, so the figures flatter what was chosen.
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


def forecasts(windows: Sequence[Window], said: dict[str, list[Floats]]) -> None:
    """Add to the models' forecasts those of every variant."""
    for name, options in NETWORKS.items():
        said[name] = network_ensemble.model(
            track_record.WALK_FORWARD_MEMBERS, 0, options
        )(windows)
    said["networks, one member"] = network_ensemble.model(1, 0)(windows)
    for partner in PARTNERS:
        others = {name: it for name, it in PRIOR.items() if name != partner}
        said[f"mean without {partner}"] = mixed(windows, said, others)
    for partner in PARTNERS:
        pair = {name: PRIOR[name] for name in ("network", partner)}
        said[f"mean of networks and {partner}"] = mixed(windows, said, pair)
    said["mean, equal weights at first"] = mixed(windows, said, dict.fromkeys(PRIOR, 1))
    prior = np.array([*PRIOR.values()])
    odds = [
        log_odds.log_odds(np.stack(of))
        for of in zip(*(said[name] for name in PRIOR), strict=True)
    ]
    said["mean, weights not learned"] = [
        log_odds.probability(pooling.combine_log_odds(it, prior)) for it in odds
    ]
    said["mean, not stretched"] = [
        log_odds.probability(pooling.combine_log_odds(it, own) / pooling.EXTREMIZE)
        for it, own in zip(odds, pooling.weights(windows, odds, prior), strict=True)
    ]


def mixed(
    windows: Sequence[Window],
    said: Mapping[str, list[Floats]],
    prior: Mapping[str, float],
) -> list[Floats]:
    """Return the weighted mean of these models."""
    weights = np.array([*prior.values()])
    parts = [said[name] for name in prior]
    return pooling.combine(windows, parts, weights / weights.sum())


def skills(work: Work, known: Dataset) -> dict[str, dict[str, float]]:
    """Return the skill of each variant by both measures."""
    (first, *_), chosen, start = prepared(work, known)
    made, frequency = first.features, first.task.frequency
    asked = [country.alpha3 for country in chosen]
    last = made.origins[np.isin(made.countries, asked)].max()
    windows = make_windows(made, frequency, last, Schedule(start=start))
    models = track_record.models_of(first, ("base_rate",))
    said = {name: model(windows) for name, model in models.items()}
    forecasts(windows, said)
    record = walkforward.forecast_windows(windows, {"base_rate": models["base_rate"]})
    scored = (record["country"].isin(asked) & record["outcome"].notna()).to_numpy()
    outcome = record["outcome"].to_numpy(dtype=float)[scored]
    costs = {
        name: {
            measure: float(cost(np.concatenate(of)[scored], outcome).mean())
            for measure, cost in COSTS.items()
        }
        for name, of in said.items()
    }
    return {
        name: {it: 1 - of[it] / costs["base_rate"][it] for it in MEASURES}
        for name, of in costs.items()
    }


COSTS: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "log_loss": metrics.log_loss_costs,
    "brier": metrics.brier_costs,
}


def rows_of(found: Sequence[Mapping[str, Mapping[str, float]]]) -> list[Row]:
    """Return a row a variant and measure, from the skills of each task."""

    def mean(name: str, measure: str) -> float:
        return float(np.mean([skill[name][measure] for skill in found]))

    return [
        Row(
            work=f"{len(found)} tasks",
            measure=f"mean skill, {TITLES[measure]}",
            econnet=mean("econnet", measure),
            peer=name,
            peer_value=mean(name, measure),
            ratio=mean("econnet", measure) / mean(name, measure),
            reach=None,
        )
        for name in found[0]
        if name not in {"econnet", "base_rate"}
        for measure in MEASURES
    ]


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the table that the documentation quotes."""
    by_name: dict[str, list[float]] = {"econnet": [it.econnet for it in rows[:2]]}
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
    found = []
    for work in (*WORK, *more):
        print(work.name, file=sys.stderr)
        found.append(skills(work, work.data()))
    rows = rows_of(found)
    print(as_json(rows) if arguments.json else as_markdown(rows))


if __name__ == "__main__":
    main()
