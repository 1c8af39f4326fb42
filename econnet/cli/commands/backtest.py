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
from econnet.core.numbers import parse_whole

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
        metavar="<middle|end|N|all>",
        help="Day of the period on which forecasts are made: end (default), middle "
        "(day 45 of a quarter, day 15 of a month, the end of June) or day N; "
        "repeatable. `all` is every day on which forecasts are renewed (15, 45, 75 and "
        "the end of a quarter), with one table of skill by day; without --baselines, "
        "the only baseline is then the historical average.",
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
    """Score past forecasts by econnet and every baseline.

    Example: econnet backtest --country USA --label nber --horizon 3 --horizon 6

    Example: econnet backtest --country USA --horizon 0 --day all
    """
    from econnet.core.period_days import ALL_DAYS, parse_days
    from econnet.forecast import backtest, preparation
    from econnet.models.windows import origin_in

    if everything and task.country:
        raise UsageError("--all means all countries: leave out --country")
    if not (everything or task.country or task.data):
        raise UsageError("name a country: --country DEU, --all, or --data FILE")
    refit_every = periods(refit)
    in_one_table = ALL_DAYS in (day or [])
    names = jobs.baseline_names(baselines)
    if names is None:
        names = ["base_rate"] if in_one_table else _all_baselines()
    known, countries = jobs.data_and_countries(task)
    settled = jobs.common_task(task, known, countries)
    first = None if start is None else origin_in(start, settled.frequency)
    days = parse_days(day or ["end"], settled.frequency)
    questions = [(each, ahead) for each in days for ahead in horizon or [1]]
    results, prepared = [], {}
    basis = jobs.basis_of_days(settled, known)
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
            jobs.keep_skill_by_day(results[-1], known, basis)
    pools = prepared[days[0]]
    _note_what_is_left_out(results[0], countries, pools, bool(task.country), first)
    if json:
        documents = [backtest.to_dict(result) for result in results]
        several = "days" if len(days) > 1 else "horizons"
        every = {several: documents} if len(documents) > 1 else {}
        by_day = {"skill_by_day": _by_day_as_json(results)} if len(days) > 1 else {}
        output.print_json({**documents[0], **every, **by_day})
        return
    for result in () if in_one_table else results:
        _show(result)
    if len(days) > 1:
        _show_by_day(results)


def periods(refit: str) -> int | None:
    """Return the periods from one refit to the next; `None` for a year."""
    if refit == "yearly":
        return None
    number = parse_whole(refit)
    if not number or number < 0:
        raise UsageError(
            f"--refit {refit!r} is neither `yearly` nor a number of periods: write "
            "yearly, 1, 2, ..."
        )
    return number


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
            "left out because a forecast was not a number: "
            f"{', '.join(result.left_out)}"
        )
    first, _ = result.origins
    if start is not None and first > start:
        output.note(f"the first origin with enough history is {first}")


def _by_horizon(results: "list[Backtest]") -> "dict[int, list[Backtest]]":
    horizons = dict.fromkeys(result.task.horizon for result in results)
    return {
        horizon: [result for result in results if result.task.horizon == horizon]
        for horizon in horizons
    }


def _by_day_as_json(results: "list[Backtest]") -> list[dict[str, object]]:
    """Return the skill on each day as JSON has it, one entry per horizon and day."""
    from econnet.forecast import skill_by_day
    from econnet.report import record

    return [
        {"horizon": horizon, **record.as_json(day)}
        for horizon, of_horizon in _by_horizon(results).items()
        for day in skill_by_day.of_backtests(of_horizon)
    ]


def _show_by_day(results: "list[Backtest]") -> None:
    """Print one table per horizon with the skill on each day."""
    from econnet.forecast import skill_by_day
    from econnet.report.wording import backtest as backtest_wording

    for of_horizon in _by_horizon(results).values():
        skills = skill_by_day.of_backtests(of_horizon)
        title = backtest_wording.title(of_horizon[0])
        if skills:
            output.skill_by_day(title, skills, of_horizon[0].task)
        else:
            output.note(f"{title}: no period has a forecast on every day")


def _show(result: "Backtest") -> None:
    from econnet.report.wording import backtest as backtest_wording

    output.table(
        backtest_wording.title(result),
        backtest_wording.HEAD,
        backtest_wording.rows(result),
    )
    for sentence in backtest_wording.sentences(result):
        output.prose(sentence)
