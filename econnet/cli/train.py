"""`econnet train`: replay history, train, write model and report."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from econnet.cli import show, stream, work
from econnet.cli.jobs import (
    baseline_names,
    data_and_countries,
    jobs,
    rank,
    ranking_folder,
)
from econnet.cli.options import (
    All,
    Baselines,
    Cluster,
    Horizons,
    Labels,
    TaskOptions,
    flat,
)
from econnet.errors import UsageError

if TYPE_CHECKING:
    from econnet.countries import Country
    from econnet.ranking import Ranking
    from econnet.sources.observations import Known


@flat
def train(
    task: TaskOptions,
    everything: All = False,
    label: Labels = None,
    horizon: Horizons = None,
    baselines: Baselines = None,
    cluster: Cluster = None,
) -> None:
    """Replay history, train, and write model and report.

    A pattern (--data 'panel/*.parquet'), a folder or a Parquet file of a million rows
    is streamed, and may be larger than memory. With --all, an interrupted run goes on
    where it was when the same command is given again.

    Example: econnet train --country DEU --country "United Kingdom"

    Example: econnet train --all --horizon 1 --horizon 2
    """
    if everything and task.country:
        raise UsageError("--all means every country: leave out --country")
    names = baseline_names(baselines)
    if everything and names:
        raise UsageError(
            "train --all compares with the light baselines: leave out --baselines, or "
            "run `econnet backtest --all`"
        )
    tasks = list(_tasks(task, label, horizon))
    found: tuple[Known, list[Country]] | None = None
    with work.place(cluster, long=everything):
        for one in tasks:
            if stream.is_asked(one):
                stream.show(stream.answer(one, retrain=True), one)
            elif everything:
                found = found or data_and_countries(one)
                _rank(one, found)
            else:
                _train(one, names)


def _tasks(
    task: TaskOptions, labels: list[str] | None, horizons: list[int] | None
) -> Iterator[TaskOptions]:
    for label in labels or [task.label]:
        for horizon in horizons or [task.horizon]:
            yield replace(task, label=label, horizon=horizon)


def _train(task: TaskOptions, baselines: list[str] | None) -> None:
    from econnet.report import document

    for one in jobs(task):
        made = one.forecast(retrain=True, baselines=baselines)
        with show.working("Writing the report"):
            written = document.write(made, one.report_folder)
        show.verdict(made)
        show.answer(f"Report: {written[0]}")


def _rank(task: TaskOptions, found: "tuple[Known, list[Country]]") -> None:
    from econnet.report import ranking

    made = rank(task, found)
    with show.working("Writing the ranking"):
        written = ranking.write(made, ranking_folder(task, made.task, found))
    _show_ranking(made)
    show.answer(f"Ranking: {written[0]}")


def _show_ranking(made: "Ranking") -> None:
    """Print where a contraction is likeliest."""
    show.table(
        f"{made.task.label}, horizon {made.task.horizon}: "
        f"{len(made.forecasts)} countries",
        ("country", "probability", "90%", "long-run rate", "period"),
        [
            (
                one.country.name,
                f"{one.probability:.0%}",
                f"{one.interval[0]:.0%} to {one.interval[1]:.0%}",
                f"{one.base_rate:.0%}",
                one.period,
            )
            for one in made.forecasts[:TOP]
        ],
    )
    if made.left_out:
        show.note(
            f"left out: {len(made.left_out)}; the first: {made.left_out[0].reason}"
        )


TOP = 10
