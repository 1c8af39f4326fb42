"""Panels that are streamed: the same commands, for more rows than memory holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from econnet.cli import show as to_user
from econnet.cli.jobs import workspace
from econnet.cli.options import TaskOptions
from econnet.errors import DataError, UsageError

if TYPE_CHECKING:
    from econnet.core.workspace import StreamedFiles
    from econnet.streaming.answer import Streamed


def is_asked(task: TaskOptions) -> bool:
    """Say whether the data of the task are to be streamed."""
    if task.data is None:
        return False
    from econnet.streaming import files

    return files.is_streamed(task.data)


def answer(task: TaskOptions, *, retrain: bool = False) -> "Streamed":
    """Return what comes of the panel, training where no model fits."""
    from econnet.cli.jobs import kinds_said
    from econnet.streaming import answer as streaming
    from econnet.streaming import files, recipe

    data = task.data or Path()
    if task.as_of is not None:
        raise UsageError("--as-of is not for a panel that is streamed: leave it out")
    if task.pool == "own":
        raise UsageError("--pool own is not for a panel that is streamed: leave it out")
    panel = files.open_files(data, task.frequency)
    asked = recipe.recipe_of(
        panel,
        label=task.label,
        target=task.target,
        horizon=task.horizon,
        event=task.event,
        lag=task.lag,
        kinds=kinds_said(task.kind or []),
    )
    kinds = ", ".join(
        f"{len([it for it in asked.kinds if it == kind])} {kind}"
        for kind in dict.fromkeys(asked.kinds)
    )
    to_user.note(
        f"{panel.name}: {panel.rows:,} rows in {len(panel.paths)} files, streamed; "
        f"columns taken as {kinds}; --kind COLUMN=KIND says otherwise"
    )
    if panel.left_out:
        to_user.note(f"left out, for they hold no numbers: {', '.join(panel.left_out)}")
    places = workspace().streamed(panel.name)
    members = task.members or 1
    if not retrain:
        fitting = streaming.stored(
            panel, asked, places, members=members, seed=task.seed
        )
        if fitting is not None:
            return fitting
        to_user.note(f"no model fits {panel.name} and this task yet: training one")
    with to_user.stages() as progress:
        return streaming.make(
            panel, asked, places, members=members, seed=task.seed, progress=progress
        )


def show(made: "Streamed", task: TaskOptions) -> None:
    """Print the answer in a few lines."""
    ours, logit = made.models["econnet"], made.models["logit"]
    base = made.models["base_rate"]
    to_user.answer(
        f"{made.name}: {made.rows:,} rows of {made.countries:,} countries, "
        f"{made.first_period} to {made.last_period}"
    )
    to_user.table(
        f"Holdout, {ours.n_origins} origins from {made.holdout[0]} to "
        f"{made.holdout[1]}, learned until {made.learned_until}",
        ("", "AUROC", "Brier", "log loss"),
        [
            (name, _three(it.auroc), _three(it.brier), _three(it.log_loss))
            for name, it in (
                ("network", ours),
                ("logistic regression", logit),
                ("long-run rate", base),
            )
        ],
    )
    for country, row in of_countries(made, task).items():
        to_user.answer(
            f"{country}: {100 * row['probability']:.0f}% chance of a contraction in "
            f"{row['period']}, as seen in {row['origin']}"
        )
    to_user.answer(f"Forecasts: {made.forecasts:,} in {_places(made).forecasts}")


def as_json(made: "Streamed", task: TaskOptions) -> dict[str, Any]:
    """Return the answer as one JSON document, with the countries that were named."""
    return {**made.to_dict(), "countries": of_countries(made, task)}


def of_countries(made: "Streamed", task: TaskOptions) -> dict[str, dict[str, Any]]:
    """Return the forecasts of the countries that were named."""
    from econnet.streaming import answer as streaming

    path = _places(made).forecasts
    found = streaming.forecasts_of(path, task.country or [])
    for name in task.country or []:
        if name not in found:
            raise DataError(f"{made.name} has no country {name!r}: {path} lists them")
    return found


def _places(made: "Streamed") -> "StreamedFiles":
    return workspace().streamed(made.name)


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
