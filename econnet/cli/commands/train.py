"""`econnet train`: test on past data, train, write model and report."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from econnet.cli import jobs, output, streamed
from econnet.cli.options import (
    All,
    Baselines,
    Cluster,
    Horizons,
    Labels,
    TaskOptions,
    flat,
)
from econnet.core.errors import UsageError

if TYPE_CHECKING:
    from econnet.core.countries import Country
    from econnet.data.sources.observations import Dataset
    from econnet.forecast.ranking import Ranking


@flat
def train(
    task: TaskOptions,
    everything: All = False,
    label: Labels = None,
    horizon: Horizons = None,
    baselines: Baselines = None,
    cluster: Cluster = None,
) -> None:
    """Train and test a model, and write its report.

    A pattern (--data 'panel/*.parquet'), a folder or a Parquet file of a million rows
    is streamed, and may be larger than memory. The same command resumes an interrupted
    run with --all.

    Example: econnet train --country DEU --country "United Kingdom"

    Example: econnet train --all --horizon 1 --horizon 2
    """
    if everything and task.country:
        raise UsageError("--all means all countries: leave out --country")
    names = jobs.baseline_names(baselines)
    if everything and names:
        raise UsageError(
            "train --all uses the fast baselines: leave out --baselines, or run "
            "`econnet backtest --all`"
        )
    requests = list(_requests(task, label, horizon))
    if streamed.is_requested(task) and (names or cluster is not None):
        raise UsageError(
            "--baselines and --cluster do not apply to streamed panels: leave them out"
        )
    data: tuple[Dataset, list[Country]] | None = None
    with jobs.workers(cluster, long=everything):
        for request in requests:
            if streamed.is_requested(request):
                streamed.run(request, retrain=True)
            elif everything:
                data = data or jobs.data_and_countries(request)
                _rank(request, data)
            else:
                with jobs.started_processes(request, *MODULES):
                    _train(request, names)


def _requests(
    task: TaskOptions, labels: list[str] | None, horizons: list[int] | None
) -> Iterator[TaskOptions]:
    all_labels: Sequence[str | None] = labels or [task.label]
    all_horizons: Sequence[int | None] = horizons or [task.horizon]
    for label, horizon in product(all_labels, all_horizons):
        yield replace(task, label=label, horizon=horizon)


def _train(task: TaskOptions, baselines: list[str] | None) -> None:
    from econnet.report import country as country_report

    for question in jobs.questions(task):
        forecast = jobs.forecast_question(question, retrain=True, baselines=baselines)
        with output.working("Writing the report"):
            folder = jobs.workspace().report(question.place)
            files = country_report.write(forecast, folder)
        output.print_verdict(forecast)
        output.print_answer(f"Report: {files[0]}")


def _rank(task: TaskOptions, data: "tuple[Dataset, list[Country]]") -> None:
    from econnet.report import ranking

    ranked = jobs.rank(task, data)
    with output.working("Writing the ranking"):
        folder = jobs.ranking_folder(task, ranked.task, data)
        files = ranking.write(ranked, folder)
    _show_ranking(ranked)
    output.print_answer(f"Ranking: {files[0]}")


def _show_ranking(ranked: "Ranking") -> None:
    """Print the countries with the highest probabilities."""
    output.table(
        f"{ranked.task.label}, horizon {ranked.task.horizon}: "
        f"{len(ranked.forecasts)} countries",
        ("country", "probability", "90% interval", "average", "period"),
        [
            (
                forecast.country.name,
                f"{forecast.probability:.0%}",
                f"{forecast.interval[0]:.0%} to {forecast.interval[1]:.0%}",
                f"{forecast.base_rate:.0%}",
                forecast.period,
            )
            for forecast in ranked.forecasts[:TOP]
        ],
    )
    if ranked.left_out:
        first = ranked.left_out[0].reason
        output.note(f"left out: {len(ranked.left_out)}; the first: {first}")


TOP = 10
# What other processes need.
MODULES = ("econnet.models.forests",)
