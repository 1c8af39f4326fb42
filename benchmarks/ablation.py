"""Measure what each part of the forecaster contributes: omit it, or change it.

    python benchmarks/ablation.py [--json] [--only ingredients] [--task NAME ...]

The tasks are those of `benchmarks/accuracy.py`, with those of `ECONNET_REAL_DATA` if it
is set, and three of the US that have months within their quarters; `--task` chooses
some of them by their names. Values are mean skills over the tasks: the improvement on
the base rate's cost. A ratio above 1 means that econnet's skill is higher than the
variant's. `difference` is econnet's mean log loss minus the variant's; its 90% interval
has the mean width of those of the tasks, as if their errors were the same. The settings
were chosen on tasks like these, so the figures favour them.

`--only ingredients` leaves out the variants of single networks and of pairs of models.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

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
from econnet.evaluation import comparison, metrics, walkforward
from econnet.evaluation.intervals import Periods
from econnet.forecast import track_record
from econnet.forecast.preparation import PreparedTask
from econnet.models import baselines, combination, network_ensemble, pooling
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


@dataclass(frozen=True)
class Measured:
    """The result of one variant on one task.

    Parameters
    ----------
    skill
        By measure.
    difference, interval
        econnet's mean log loss minus the variant's, and its 90% interval.
    """

    skill: Mapping[str, float]
    difference: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class VariantRow(Row):
    """The mean result of a variant, and econnet's wins, draws and losses against it."""

    difference: float
    interval: tuple[float, float]
    wins_even_losses: tuple[int, int, int]


def without_features(
    prepared: PreparedTask, schedule: Schedule, last: pd.Period
) -> dict[str, list[Floats]]:
    """Return econnet's forecasts without some of its features."""
    features = prepared.features
    names = [column.name for column in features.columns]
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
        "no carry-over": without(features, [CARRY]),
        "no changes of months over two periods": without(
            features, [name for name in names if name.endswith(" change 2")]
        ),
    }
    forecasts = {}
    for name, design in designs.items():
        windows = make_windows(design, prepared.task.frequency, last, schedule)
        model = track_record.models_of(prepared, ())["econnet"]
        forecasts[name] = model(windows)
    return forecasts


def without(features: DesignMatrix, names: Sequence[str]) -> DesignMatrix:
    """Return the features without the columns of these names, if they have them."""
    kept = np.array([column.name not in names for column in features.columns])
    return replace(
        features,
        X=features.X[:, kept],
        columns=tuple(
            column for column in features.columns if column.name not in names
        ),
        seen_from=features.seen_from[:, kept],
        carried=None if CARRY in names else features.carried,
    )


def add_networks(windows: Sequence[Window], forecasts: dict[str, list[Floats]]) -> None:
    """Add the networks with other settings, and with one other model each."""
    for name, options in NETWORKS.items():
        forecasts[name] = network_ensemble.model(
            track_record.WALK_FORWARD_MEMBERS, 0, options
        )(windows)
    forecasts["networks, one member"] = network_ensemble.model(1, 0)(windows)
    weights = combination.prior(windows[0].features)
    for partner in combination.MODELS:
        if partner != combination.NETWORK:
            pair = {
                name: weights[name]
                for name in (combination.NETWORK, partner)
                if name in weights
            }
            forecasts[f"mean of networks and {partner}"] = weighted_mean(
                windows, forecasts, pair
            )


def add_means(windows: Sequence[Window], forecasts: dict[str, list[Floats]]) -> None:
    """Add the means without one of the models, and with other weights."""
    weights = combination.prior(windows[0].features)
    for partner in combination.MODELS:
        if partner != combination.NETWORK:
            # One that the data do not allow changes nothing where it is omitted.
            others = {name: weights[name] for name in weights if name != partner}
            forecasts[f"mean without {partner}"] = weighted_mean(
                windows, forecasts, others
            )
    if "extra_trees" in weights:
        narrow = {**forecasts, "extra_trees": few_features_per_split(windows)}
        forecasts["extra trees, few features per split"] = weighted_mean(
            windows, narrow, weights
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


def few_features_per_split(windows: Sequence[Window]) -> list[Floats]:
    """Return the forecasts of extra trees whose splits see the usual few features."""
    usual = baselines.LEARNERS["extra_trees"]
    few = replace(
        usual, make=lambda window: usual.make(window).set_params(max_features="sqrt")
    )
    return few(windows)


def weighted_mean(
    windows: Sequence[Window],
    forecasts: Mapping[str, list[Floats]],
    prior: Mapping[str, float],
) -> list[Floats]:
    """Return the weighted mean of these models."""
    weights = np.array([*prior.values()])
    parts = [forecasts[name] for name in prior]
    return pooling.combine(windows, parts, weights / weights.sum())


def measure(work: Work, known: Dataset, only: str | None) -> dict[str, Measured]:
    """Return the result of each variant on a task."""
    (first, *_), chosen, start = prepared(work, known)
    features, frequency = first.features, first.task.frequency
    scored_countries = [country.alpha3 for country in chosen]
    last = features.origins[np.isin(features.countries, scored_countries)].max()
    schedule = Schedule(start=start)
    windows = make_windows(features, frequency, last, schedule)
    models = track_record.models_of(first, ("base_rate",))
    forecasts = {name: model(windows) for name, model in models.items()}
    add_means(windows, forecasts)
    if only is None:
        add_networks(windows, forecasts)
    forecasts |= without_features(first, schedule, last)
    record = walkforward.forecast_windows(windows, {"base_rate": models["base_rate"]})
    in_scope = record["country"].isin(scored_countries)
    record["scored"] = in_scope & record["outcome"].notna()
    return measured(record, forecasts)


def measured(
    record: pd.DataFrame, forecasts: Mapping[str, list[Floats]]
) -> dict[str, Measured]:
    """Return the result of each variant; `record` says which rows are scored."""
    scored = record["scored"].to_numpy()
    rows = record[scored].reset_index(drop=True)
    outcome, periods = rows["outcome"].to_numpy(dtype=float), Periods.of(rows)
    probabilities = {
        name: np.concatenate(by_window)[scored] for name, by_window in forecasts.items()
    }
    costs = {
        name: {
            measure: float(cost(of, outcome).mean()) for measure, cost in COSTS.items()
        }
        for name, of in probabilities.items()
    }
    found = {}
    for name, of_variant in probabilities.items():
        compared = comparison.compare(
            probabilities["econnet"], of_variant, outcome, periods
        )
        found[name] = Measured(
            {
                measure: 1 - costs[name][measure] / costs["base_rate"][measure]
                for measure in MEASURES
            },
            compared.log_loss_difference,
            compared.log_loss_interval,
        )
    return found


COSTS: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "log_loss": metrics.log_loss_costs,
    "brier": metrics.brier_costs,
}


def rows_of(by_task: Sequence[Mapping[str, Measured]]) -> list[VariantRow]:
    """Return one row per variant and measure, from the results of each task."""
    # A model that the data of a task do not allow is no part of econnet there.
    names = [name for name in by_task[0] if all(name in task for task in by_task)]
    return [
        _row(name, measure, by_task)
        for name in names
        if name not in {"econnet", "base_rate"}
        for measure in MEASURES
    ]


def _row(
    name: str, measure: str, by_task: Sequence[Mapping[str, Measured]]
) -> VariantRow:
    ours, theirs = (
        float(np.mean([task[which].skill[measure] for task in by_task]))
        for which in ("econnet", name)
    )
    of_variant = [task[name] for task in by_task]
    difference = float(np.mean([each.difference for each in of_variant]))
    half_widths = [(high - low) / 2 for low, high in (e.interval for e in of_variant)]
    half_width = float(np.mean(half_widths))
    verdicts = [comparison.verdict(each.interval) for each in of_variant]
    wins, even, losses = (verdicts.count(each) for each in ("win", "even", "loss"))
    return VariantRow(
        work=f"{len(by_task)} tasks",
        measure=f"mean skill, {TITLES[measure]}",
        econnet=ours,
        peer=name,
        peer_value=theirs,
        ratio=ours / theirs,
        reach=None,
        difference=difference,
        interval=(difference - half_width, difference + half_width),
        wins_even_losses=(wins, even, losses),
    )


def as_markdown(rows: Sequence[VariantRow]) -> str:
    """Return the table that the documentation quotes."""
    log_loss, brier = rows[::2], rows[1::2]
    lines = [
        "| forecaster | skill, log loss | skill, Brier | econnet's log loss less its "
        "(90% interval) | econnet wins, even, loses |",
        "|---" * 5 + "|",
        f"| econnet | {rows[0].econnet:.3f} | {rows[1].econnet:.3f} | | |",
    ]
    for first, second in zip(log_loss, brier, strict=True):
        low, high = first.interval
        lines.append(
            f"| {first.peer} | {first.peer_value:.3f} | {second.peer_value:.3f} "
            f"| {first.difference:+.4f} ({low:+.4f} to {high:+.4f}) "
            f"| {', '.join(map(str, first.wins_even_losses))} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the tasks and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=["ingredients"])
    parser.add_argument("--task", action="append", metavar="NAME")
    arguments = parser.parse_args()
    more = WORK_ON_MORE if os.environ.get("ECONNET_REAL_DATA") else ()
    works = {work.name: work for work in (*WORK, *WORK_WITH_MONTHS, *more)}
    unknown = [name for name in arguments.task or () if name not in works]
    if unknown:
        parser.error(f"no task is called {unknown[0]!r}; tasks: {'; '.join(works)}")
    by_task = []
    for name in arguments.task or works:
        print(name, file=sys.stderr)
        work = works[name]
        by_task.append(measure(work, work.data(), arguments.only))
    rows = rows_of(by_task)
    print(as_json(rows) if arguments.json else as_markdown(rows))


if __name__ == "__main__":
    main()
