"""Panels that are streamed: the same commands, for more rows than memory can take."""

from typing import TYPE_CHECKING, Any

from econnet.cli import jobs, output
from econnet.cli.options import TaskOptions
from econnet.core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from econnet.core.workspace import StreamedFiles
    from econnet.forecast.streamed.features import FeatureSpec
    from econnet.forecast.streamed.forecast import Streamed
    from econnet.forecast.streamed.parquet_panel import ParquetPanel

CountryForecasts = dict[str, dict[str, Any]]


def is_requested(task: TaskOptions) -> bool:
    """Return whether the data of the task are to be streamed."""
    if task.data is None:
        return False
    from econnet.forecast.streamed import parquet_panel

    return parquet_panel.is_streamed(task.data)


def run(task: TaskOptions, *, retrain: bool = False, json: bool = False) -> None:
    """Print the result for a panel and the countries, training where no model fits."""
    from econnet.forecast.streamed.forecast import forecasts_of

    result, files = _result(task, retrain=retrain)
    countries = forecasts_of(files.forecasts, task.country or [])
    if json:
        output.print_json({**result.to_dict(), "countries": countries})
    else:
        _show(result, countries, files.forecasts)


def _result(task: TaskOptions, *, retrain: bool) -> "tuple[Streamed, StreamedFiles]":
    from econnet.core.workspace import UserFile, streamed_place
    from econnet.forecast.streamed import features, parquet_panel
    from econnet.forecast.streamed import forecast as streaming

    if task.data is None:
        raise UsageError("give a panel: --data 'panel/*.parquet'")
    for name in NOT_STREAMED:
        if getattr(task, name) != getattr(TaskOptions, name):
            option = f"--{name.replace('_', '-')} {getattr(task, name)}"
            raise UsageError(
                f"{option} does not apply to a streamed panel: leave it out"
            )
    kinds = jobs.measured_kinds(task.kind or [])
    panel = parquet_panel.open_files(task.data, task.frequency)
    spec = features.feature_spec(panel, task, task.lag, kinds)
    _note_columns(panel, spec)
    place = streamed_place(panel.name, spec.task, UserFile(task.data, task.lag, kinds))
    files = jobs.workspace().streamed(place)
    if not retrain:
        if fitting := streaming.stored(panel, spec, files):
            return fitting, files
        output.note(f"{panel.name}: no saved model fits this task; training one")
    with output.stages() as progress:
        result = streaming.forecast_panel(panel, spec, files, progress=progress)
    return result, files


def _note_columns(panel: "ParquetPanel", spec: "FeatureSpec") -> None:
    kinds = ", ".join(
        f"{spec.kinds.count(kind)} {kind}" for kind in dict.fromkeys(spec.kinds)
    )
    output.note(
        f"{panel.name}: {panel.rows:,} rows in {len(panel.paths)} files, streamed; "
        f"columns taken as {kinds}; use --kind COLUMN=KIND to change this"
    )
    if panel.left_out:
        output.note(f"left out, because not numeric: {', '.join(panel.left_out)}")


def _show(result: "Streamed", countries: CountryForecasts, forecasts: "Path") -> None:
    """Print the result in a few lines."""
    output.print_answer(
        f"{result.name}: {result.rows:,} rows of {result.countries:,} countries, "
        f"{result.first_period} to {result.last_period}"
    )
    first, last = result.holdout
    output.table(
        f"Holdout, {result.models['econnet'].n_origins} origins from {first} to "
        f"{last}, trained on data to {result.learned_until}",
        ("", "AUROC", "Brier", "log loss"),
        [
            (
                title,
                "" if scores.auroc is None else f"{scores.auroc:.3f}",
                f"{scores.brier:.3f}",
                f"{scores.log_loss:.3f}",
            )
            for name, title in TITLES.items()
            for scores in [result.models[name]]
        ],
    )
    for country, row in countries.items():
        output.print_answer(
            f"{country}: {100 * row['probability']:.0f}% probability of a contraction "
            f"in {row['period']}, forecast in {row['origin']}"
        )
    output.print_answer(f"Forecasts: {result.forecasts:,} in {forecasts}")


# Options that a streamed panel cannot use.
NOT_STREAMED = ("as_of", "pool", "rolling_years", "vintages", "sheet", "adjust")
TITLES = {
    "econnet": "network",
    "logit": "logistic regression",
    "base_rate": "historical average",
}
