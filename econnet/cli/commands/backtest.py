"""`econnet backtest`: how well econnet and the baselines forecast in the past."""

from typing import TYPE_CHECKING, Annotated

import typer

from econnet.cli import jobs, output
from econnet.cli.options import (
    All,
    Baselines,
    Cluster,
    Horizons,
    Json,
    TaskOptions,
    flat,
)
from econnet.core.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from econnet.core.countries import Country
    from econnet.forecast.backtest import Backtest
    from econnet.forecast.preparation import PreparedTask

Start = Annotated[
    str | None,
    typer.Option(
        metavar="ORIGIN",
        help="First origin to score: 1985, 1985Q1 or 1985-01 (default: the first with "
        "enough history).",
    ),
]
Refit = Annotated[
    str,
    typer.Option(
        metavar="<yearly|N>",
        help="Refit models yearly, or every N periods.",
    ),
]
Days = Annotated[
    list[str] | None,
    typer.Option(
        metavar="<middle|end|N>",
        help="Day of each period on which forecasts are made: its end (the default), "
        "its middle (day 45 of a quarter, 15 of a month, the end of June) or day N; "
        "may be repeated.",
    ),
]


@flat
def backtest(
    task: TaskOptions,
    everything: All = False,
    horizon: Horizons = None,
    start: Start = None,
    refit: Refit = "yearly",
    day: Days = None,
    baselines: Baselines = None,
    cluster: Cluster = None,
    json: Json = False,
) -> None:
    """Score past forecasts of econnet and every baseline.

    Example: econnet backtest --country USA --label nber --horizon 3 --horizon 6
    """
    from econnet.core.period_days import parse_day
    from econnet.forecast import backtest, preparation
    from econnet.models.windows import origin_in

    if everything == bool(task.country) and task.data is None:
        raise UsageError("name a country: --country DEU, --all, or --data FILE")
    refit_every = _periods(refit)
    names = jobs.baseline_names(baselines) or _all_baselines()
    known, countries = jobs.data_and_countries(task)
    settled = jobs.common_task(task, known, countries)
    first = None if start is None else origin_in(start, settled.frequency)
    days = [parse_day(each, settled.frequency) for each in day or ["end"]]
    questions = [(each, ahead) for each in days for ahead in horizon or [1]]
    results, prepared = [], {}
    with output.working("Reading the data"):
        for each in days:
            prepared[each] = backtest.prepare_pools(
                known, countries, settled, each, skip_unfit=not task.country
            )
    with jobs.workers(cluster, long=everything):
        for number, (each, ahead) in enumerate(questions, 1):
            pools = [preparation.at_horizon(pool, ahead) for pool in prepared[each]]
            step = f"Replaying history ({number} of {len(questions)})"
            with output.progress(step) as progress:
                results.append(
                    backtest.run(pools, countries, refit_every, first, names, progress)
                )
    pools = prepared[days[0]]
    _note_what_is_left_out(results[0], countries, pools, bool(task.country), first)
    if json:
        documents = [backtest.to_dict(result) for result in results]
        several = "days" if len(days) > 1 else "horizons"
        every = {several: documents} if len(documents) > 1 else {}
        output.print_json({**documents[0], **every})
        return
    for result in results:
        _show(result)


def _periods(refit: str) -> int | None:
    if refit == "yearly":
        return None
    if not refit.isdecimal() or int(refit) == 0:
        raise UsageError(
            f"--refit {refit!r} is neither `yearly` nor a number of periods: write "
            "yearly, 1, 2, ..."
        )
    return int(refit)


def _all_baselines() -> list[str]:
    from econnet.models.baselines import BASELINES

    return list(BASELINES)


def _note_what_is_left_out(
    result: "Backtest",
    requested: "list[Country]",
    prepared: "list[PreparedTask]",
    named: bool,
    start: "pd.Period | None",
) -> None:
    """Note which countries are not scored, and whether scoring starts later."""
    labelled = {alpha3 for pool in prepared for alpha3 in pool.features.countries}
    missing = [
        country.name
        for country in requested
        if (named or country.alpha3 in labelled) and country not in result.countries
    ]
    if missing:
        output.note(
            f"not scored because history is too short: {', '.join(missing[:8])}"
            f"{', ...' if len(missing) > 8 else ''}"
        )
    if result.left_out:
        output.note(
            "left out because some forecast was not a number: "
            f"{', '.join(result.left_out)}"
        )
    first, _ = result.origins
    if start is not None and first > start:
        output.note(f"the first origin with enough history is {first}")


def _show(result: "Backtest") -> None:
    from econnet.report.wording import backtest as backtest_wording

    output.table(
        backtest_wording.title(result),
        backtest_wording.HEAD,
        backtest_wording.rows(result),
    )
    for sentence in backtest_wording.sentences(result):
        output.prose(sentence)
