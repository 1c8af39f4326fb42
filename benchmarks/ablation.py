"""Measure what each part of the forecaster contributes: omit it, or change it.

    python benchmarks/ablation.py [--json]

The tasks are those of `benchmarks/accuracy.py`, with those of `ECONNET_REAL_DATA` if it
is set, and three of the US that have months within their quarters. Values are mean
skills over the tasks: the improvement on the base rate's cost. A ratio above 1 means
that econnet's skill is higher than the variant's. The settings were chosen on tasks
like these, so the figures favour them.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.accuracy import (
    MEASURES,
    TITLES,
    WORK,
    WORK_ON_MORE,
    Work,
    bundled,
    prepared,
)
from benchmarks.rows import Row, as_json
from econnet.core import log_odds
from econnet.core.task import Task
from econnet.core.types import Floats
from econnet.data.features import design_matrix
from econnet.data.features.carry import CARRY
from econnet.data.features.design_matrix import DesignMatrix
from econnet.data.sources.observations import Dataset
from econnet.evaluation import metrics, walkforward
from econnet.forecast import track_record
from econnet.forecast.preparation import PreparedTask
from econnet.models import combination, network_ensemble, pooling
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


# Tasks with series that are measured more often than the panel.
WORK_WITH_MONTHS = tuple(
    Work(f"US, quarterly, {name}", bundled, task, ("USA",), "1985Q1")
    for name, task in {
        "negative growth, horizon 0": Task("Q", horizon=0, pool="own"),
        "negative growth, horizon 1": Task("Q", pool="own"),
        "year on year": Task("Q", label="year-on-year", pool="own"),
    }.items()
)


def without_features(
    prepared: PreparedTask, schedule: Schedule, last: pd.Period
) -> dict[str, list[Floats]]:
    """Return econnet's forecasts without some of its features."""
    features = prepared.features
    panel = replace(prepared.panel, finer=())
    designs = {
        "no months within the period": design_matrix.build(
            panel,
            prepared.label,
            features.horizon,
            features.event,
            prepared.state.day,
            prepared.known.professional_forecasts,
        ),
        "no carry-over": without_column(features, CARRY),
    }
    forecasts = {}
    for name, design in designs.items():
        windows = make_windows(design, prepared.task.frequency, last, schedule)
        model = track_record.models_of(prepared, ())["econnet"]
        forecasts[name] = model(windows)
    return forecasts


def without_column(features: DesignMatrix, name: str) -> DesignMatrix:
    """Return the features without the column of that name, if they have it."""
    kept = np.array([column.name != name for column in features.columns])
    return replace(
        features,
        X=features.X[:, kept],
        columns=tuple(column for column in features.columns if column.name != name),
        seen_from=features.seen_from[:, kept],
        carried=None if name == CARRY else features.carried,
    )


def add_variants(windows: Sequence[Window], forecasts: dict[str, list[Floats]]) -> None:
    """Add every variant's forecasts to those of the models."""
    for name, options in NETWORKS.items():
        forecasts[name] = network_ensemble.model(
            track_record.WALK_FORWARD_MEMBERS, 0, options
        )(windows)
    forecasts["networks, one member"] = network_ensemble.model(1, 0)(windows)
    weights = combination.prior(windows[0].features)
    for partner in combination.MODELS:
        if partner == combination.NETWORK:
            continue
        # One that the data do not allow changes nothing where it is omitted.
        others = {name: weights[name] for name in weights if name != partner}
        forecasts[f"mean without {partner}"] = weighted_mean(windows, forecasts, others)
        pair = {
            name: weights[name]
            for name in (combination.NETWORK, partner)
            if name in weights
        }
        forecasts[f"mean of networks and {partner}"] = weighted_mean(
            windows, forecasts, pair
        )
    forecasts["mean, equal weights at first"] = weighted_mean(
        windows, forecasts, dict.fromkeys(weights, 1)
    )
    prior = np.array([*weights.values()])
    odds = [
        log_odds.log_odds(np.stack(by_model))
        for by_model in zip(*(forecasts[name] for name in weights), strict=True)
    ]
    forecasts["mean, weights not learned"] = [
        log_odds.probability(pooling.combine_log_odds(by_model, prior))
        for by_model in odds
    ]
    forecasts["mean, not stretched"] = [
        log_odds.probability(
            pooling.combine_log_odds(by_model, of_window) / pooling.EXTREMIZE
        )
        for by_model, of_window in zip(
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
    schedule = Schedule(start=start)
    windows = make_windows(features, frequency, last, schedule)
    models = track_record.models_of(first, ("base_rate",))
    forecasts = {name: model(windows) for name, model in models.items()}
    add_variants(windows, forecasts)
    forecasts |= without_features(first, schedule, last)
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
    for work in (*WORK, *WORK_WITH_MONTHS, *more):
        print(work.name, file=sys.stderr)
        by_task.append(skills(work, work.data()))
    rows = rows_of(by_task)
    print(as_json(rows) if arguments.json else as_markdown(rows))


if __name__ == "__main__":
    main()
