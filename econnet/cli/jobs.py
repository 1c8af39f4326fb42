"""Turns the options of a command into questions: which countries, from which data.

All names are resolved and all options checked before work on any country begins.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from econnet.cli import output
from econnet.cli.options import TaskOptions
from econnet.core.dates import as_of_date
from econnet.core.errors import UsageError
from econnet.core.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from econnet.core.countries import Country
    from econnet.core.task import Task
    from econnet.core.workspace import Workspace
    from econnet.data.files.user_panel import Kind, Override, Table
    from econnet.data.sources.observations import Dataset
    from econnet.forecast.backtest import Backtest
    from econnet.forecast.explain.what_if import Assumption
    from econnet.forecast.ranking import Ranking
    from econnet.forecast.result import Forecast
    from econnet.forecast.saved_days import Basis
    from econnet.forecast.workflow import Question


def workspace() -> "Workspace":
    """Return the folders that environment and settings name."""
    from econnet.core.workspace import Workspace

    return Workspace.from_environment()


def baseline_names(text: str | None) -> list[str] | None:
    """Return the baselines named in `--baselines`; `None` without the option."""
    from econnet.models import baselines

    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    baselines.check_names(names)
    return names


def questions(
    options: TaskOptions, data: "tuple[Dataset, list[Country]] | None" = None
) -> "list[Question]":
    """Return one question per country, from `data` if it was read already."""
    from econnet.forecast import workflow

    if options.data is None and not options.country:
        raise UsageError("name a country: --country DEU, or --data FILE")
    known, countries = data or data_and_countries(options)
    return [workflow.question(known, country, options) for country in countries]


def forecast_question(
    question: "Question",
    *,
    retrain: bool = False,
    assumptions: "Sequence[Assumption]" = (),
    baselines: Sequence[str] | None = None,
    outlook: bool = True,
) -> "Forecast":
    """Return the forecast, and show the steps to it in the terminal."""
    from econnet.forecast import workflow

    return workflow.forecast(
        question,
        workspace(),
        retrain=retrain,
        assumptions=assumptions,
        baselines=baselines,
        outlook=outlook,
        listener=output.listener(),
    )


def assumptions_of(texts: list[str] | None) -> "list[Assumption]":
    """Return the assumptions that `--set` makes."""
    if not texts:
        return []
    from econnet.forecast.explain import what_if

    return [what_if.parse_assumption(text) for text in texts]


def with_decision(forecast: "Forecast", cost_ratio: float | None) -> "Forecast":
    """Return the forecast, with the decision at the user's costs if they are given."""
    if cost_ratio is None:
        return forecast
    from econnet.forecast import country as country_forecast

    return country_forecast.with_decision(forecast, cost_ratio)


def with_skill_by_day(
    forecast: "Forecast", known: "Dataset | None" = None
) -> "Forecast":
    """Return the forecast with the skill of kept backtests, by day of the period.

    `known` are the data that it was made from, if these are the user's.
    """
    from econnet.forecast import saved_days

    file = None if known is None else known.file
    return saved_days.with_skill_by_day(forecast, workspace(), file)


def basis_of_days(task: "Task", known: "Dataset") -> "Basis | None":
    """Return what backtests of a task are based on; `None` if they are not kept."""
    from econnet.forecast import saved_days

    return saved_days.basis(workspace(), task, known.file)


def keep_skill_by_day(
    result: "Backtest", known: "Dataset", basis: "Basis | None"
) -> None:
    """Keep a finished backtest for the reports on its countries."""
    from econnet.forecast import skill_by_day, workflow

    if basis is None:
        return
    try:
        for country in result.countries:
            place = workflow.place(known, country, result.task)
            skill_by_day.keep(result, country, place, basis, workspace())
    except OSError as error:  # the user asked for the scores only
        output.note(f"reports will not show the skill on this day: {error}")


def finished_forecast(options: TaskOptions, *, outlook: bool) -> "Forecast | None":
    """Return the forecast for one country that was made before, if it is still valid.

    No data are read for it. `None` if it must be made again.
    """
    from econnet.forecast import finished

    if options.data is not None or len(options.country or []) != 1:
        return None
    [country] = countries_named(options.country)
    return finished.again(
        country, options, workspace(), outlook=outlook, listener=output.listener()
    )


def rank(options: TaskOptions, data: "tuple[Dataset, list[Country]]") -> "Ranking":
    """Return the forecasts of all countries, training where no model fits."""
    from econnet.forecast import workflow

    task = common_task(options, *data)
    return workflow.rank(*data, task, workspace(), listener=output.listener())


def ranked_questions(ranking: "Ranking", known: "Dataset") -> "list[Question]":
    """Return one question per country of a ranking, with the ranking's task."""
    from econnet.forecast.workflow import Question

    return [
        Question(known, forecast.country, forecast.task, forecast.place)
        for forecast in ranking.forecasts
        if forecast.place is not None
    ]


def ranking_folder(
    options: TaskOptions, task: "Task", data: "tuple[Dataset, list[Country]]"
) -> Path:
    """Return the folder of a ranking."""
    from econnet.forecast import workflow

    place = workflow.ranking_folder(*data, options, task)
    return workspace().report(place)


def common_task(
    options: TaskOptions, known: "Dataset", countries: "list[Country]"
) -> "Task":
    """Return the task, at the finest frequency that all the countries have."""
    from econnet.forecast import workflow

    return workflow.common_task(
        known, countries, options, all_needed=bool(options.country)
    )


def data_and_countries(options: TaskOptions) -> "tuple[Dataset, list[Country]]":
    """Return the data and the named countries, or all countries if none is named."""
    if options.data is not None:
        return _user_data(options)
    from econnet.core.countries import by_alpha3

    day = date(options.as_of)
    named = countries_named(options.country)
    known = known_data(Settings.from_environment(), day)
    codes = sorted(known.series["country"].unique())
    return known, named or [by_alpha3(alpha3) for alpha3 in codes]


def countries_named(names: list[str] | None) -> "list[Country]":
    """Return the countries that `--country` names."""
    from econnet.core.countries import resolve

    return [resolve(name) for name in names or []]


def known_data(settings: Settings, as_of: "pd.Timestamp | None" = None) -> "Dataset":
    """Return the data of the store, completed from the bundled snapshot."""
    from econnet.data import load

    with output.working("Reading the data"):
        known = load.known(settings, as_of)
    if known.source == "store":
        for notice in known.notices:
            output.note(notice)
    return known


def date(
    text: str | None, newest: "pd.Timestamp | None" = None
) -> "pd.Timestamp | None":
    """Return the date given by `--as-of`.

    It may not be after both today and `newest`, the last date in the user's file.
    """
    import pandas as pd

    if text is None:
        return None
    last = None if newest is None else newest.date()
    return pd.Timestamp(as_of_date(text, last))


def kinds_of_columns(kinds: list[str]) -> "dict[str, Override]":
    """Return the kind of each column that `--kind` names."""
    from econnet.data.files import user_panel

    kind_of: dict[str, Override] = {}
    for text in kinds:
        column, _, kind = text.rpartition("=")
        if not column or kind not in user_panel.OVERRIDES:
            raise UsageError(
                f"--kind {text!r} is not COLUMN=KIND: a kind is one of "
                f"{', '.join(user_panel.OVERRIDES)}"
            )
        kind_of[column] = kind
    return kind_of


def measured_kinds(kinds: list[str]) -> "dict[str, Kind]":
    """Return the kinds of columns of a streamed panel, of which all are used."""
    from econnet.data.files import user_panel

    kind_of = kinds_of_columns(kinds)
    for column, kind in kind_of.items():
        if kind not in {*user_panel.KINDS} - {"drop"}:
            raise UsageError(
                f"--kind {column}={kind} does not apply to a streamed panel: leave the "
                "column out of its files"
            )
    return {column: cast("Kind", kind) for column, kind in kind_of.items()}


def read_file(options: TaskOptions) -> "Table":
    """Return the content of the user's file."""
    from econnet.data.files import user_panel

    if options.data is None:
        raise UsageError("name a file: --data FILE")
    names = options.country or []
    with output.working("Reading the data"):
        return user_panel.read(
            options.data,
            kinds=kinds_of_columns(options.kind or []),
            lag=options.lag,
            sheet=options.sheet,
            country=names[0] if len(names) == 1 else None,
            asked=[options.target, options.rule.partition(":")[2]],
        )


def _user_data(options: TaskOptions) -> "tuple[Dataset, list[Country]]":
    """Return the user's data and countries, and print what was understood."""
    from econnet.core.workspace import UserFile
    from econnet.forecast import own_data

    table, path = read_file(options), options.data
    assert path is not None  # noqa: S101 - checked by `read_file`
    asked = own_data.target_of(table.known(path.name), options)
    for line in table.with_target(asked).understood.lines():
        output.note(line)
    file = UserFile(
        path,
        options.lag,
        kinds_of_columns(options.kind or []),
        options.sheet or "",
        options.adjust or "",
    )
    known = replace(table.known(path.name), file=file)
    date(options.as_of, known.observations["known_at"].max())
    countries = _countries_of(known, options.country)
    checked = own_data.screened(known, options, countries)
    for line in checked.notices:
        output.note(f"{path.name}: {line}")
    return replace(
        checked, notices=(*table.understood.warnings, *checked.notices)
    ), countries


def _countries_of(known: "Dataset", names: list[str] | None) -> "list[Country]":
    """Return the named countries of the user's file, or all if none is named."""
    from econnet import api

    in_file = map(str, sorted(known.observations["country"].unique()))
    found = [api.find_country(name, known) for name in names or in_file]
    for name, country in zip(names or [], found, strict=False):
        if name not in {country.alpha3, country.name}:
            output.note(f"{known.source}: {name} is {country.name}")
    return found


@contextmanager
def workers(cluster: str | None, *, long: bool) -> Iterator[None]:
    """Run the work on the named cluster, or else on this machine's cores.

    Long work and work on a cluster keep finished parts in the data folder until all is
    done, so that the same command resumes an interrupted run.
    """
    from econnet.runtime import workers as runtime_workers
    from econnet.runtime.cluster import Cluster
    from econnet.runtime.ledger import Ledger

    ledger = None
    if long or cluster is not None:
        ledger = Ledger(workspace().unfinished_folder)
        if kept := ledger.count():
            output.note(f"resuming an interrupted run: {kept:,} parts are done")
    connected = nullcontext() if cluster is None else Cluster.connect(cluster)
    with connected as client, runtime_workers.use_workers(client, ledger):
        yield
    if ledger:
        ledger.forget()


@contextmanager
def started_processes(options: TaskOptions, *modules: str) -> Iterator[None]:
    """Start processes that import these modules, while this one reads the data.

    The names of countries are checked first.
    """
    from econnet.runtime import workers as runtime_workers

    if options.data is None:
        countries_named(options.country)
    with runtime_workers.started_early(*modules):
        yield
