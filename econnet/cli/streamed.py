"""Panels that are streamed: the same commands, for more rows than memory holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from econnet.cli import output as to_user
from econnet.cli.jobs import workspace
from econnet.cli.options import TaskOptions
from econnet.core.errors import DataError, UsageError

if TYPE_CHECKING:
    from econnet.core.workspace import StreamedFiles
    from econnet.forecast.streamed.forecast import Streamed


def is_asked(task: TaskOptions) -> bool:
    """Return whether the data of the task are to be streamed."""
    if task.data is None:
        return False
    from econnet.forecast.streamed import parquet_panel

    return parquet_panel.is_streamed(task.data)


def answer(task: TaskOptions, *, retrain: bool = False) -> "Streamed":
    """Return the result for the panel, training where no model fits."""
    from econnet.cli.jobs import kinds_said
    from econnet.forecast.streamed import features, parquet_panel, training
    from econnet.forecast.streamed import forecast as streaming

    data = task.data or Path()
    if task.as_of is not None:
        raise UsageError("--as-of is not for a panel that is streamed: leave it out")
    if task.pool == "own":
        raise UsageError("--pool own is not for a panel that is streamed: leave it out")
    panel = parquet_panel.open_files(data, task.frequency)
    spec = features.feature_spec(
        panel,
        label=task.label,
        target=task.target,
        horizon=task.horizon,
        event=task.event,
        lag=task.lag,
        kinds=kinds_said(task.kind or []),
    )
    kinds = ", ".join(
        f"{len([other for other in spec.kinds if other == kind])} {kind}"
        for kind in dict.fromkeys(spec.kinds)
    )
    to_user.note(
        f"{panel.name}: {panel.rows:,} rows in {len(panel.paths)} files, streamed; "
        f"columns taken as {kinds}; --kind COLUMN=KIND says otherwise"
    )
    if panel.left_out:
        to_user.note(f"left out, for they hold no numbers: {', '.join(panel.left_out)}")
    places = workspace().streamed(panel.name)
    options = training.StreamedOptions(members=task.members or 1, seed=task.seed)
    if not retrain:
        fitting = streaming.stored(panel, spec, places, options)
        if fitting is not None:
            return fitting
        to_user.note(f"no model fits {panel.name} and this task yet: training one")
    with to_user.stages() as progress:
        return streaming.forecast_panel(panel, spec, places, options, progress)


def show(result: "Streamed", task: TaskOptions) -> None:
    """Print the result in a few lines."""
    ours, logit = result.models["econnet"], result.models["logit"]
    base = result.models["base_rate"]
    to_user.print_answer(
        f"{result.name}: {result.rows:,} rows of {result.countries:,} countries, "
        f"{result.first_period} to {result.last_period}"
    )
    to_user.table(
        f"Holdout, {ours.n_origins} origins from {result.holdout[0]} to "
        f"{result.holdout[1]}, learned until {result.learned_until}",
        ("", "AUROC", "Brier", "log loss"),
        [
            (name, _three(scores.auroc), _three(scores.brier), _three(scores.log_loss))
            for name, scores in (
                ("network", ours),
                ("logistic regression", logit),
                ("historical average", base),
            )
        ],
    )
    for country, row in of_countries(result, task).items():
        to_user.print_answer(
            f"{country}: {100 * row['probability']:.0f}% chance of a contraction in "
            f"{row['period']}, as seen in {row['origin']}"
        )
    to_user.print_answer(
        f"Forecasts: {result.forecasts:,} in {_places(result).forecasts}"
    )


def as_json(result: "Streamed", task: TaskOptions) -> dict[str, Any]:
    """Return the result as one JSON document, with the countries that were named."""
    return {**result.to_dict(), "countries": of_countries(result, task)}


def of_countries(result: "Streamed", task: TaskOptions) -> dict[str, dict[str, Any]]:
    """Return the forecasts of the countries that were named."""
    from econnet.forecast.streamed import forecast as streaming

    path = _places(result).forecasts
    found = streaming.forecasts_of(path, task.country or [])
    for name in task.country or []:
        if name not in found:
            raise DataError(f"{result.name} has no country {name!r}: {path} lists them")
    return found


def _places(result: "Streamed") -> "StreamedFiles":
    return workspace().streamed(result.name)


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
