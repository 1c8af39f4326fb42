"""From the options of a command to questions: which countries, from which data.

Every name is resolved and every option checked before work begins for the first
country.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from econnet.cli import output
from econnet.cli.options import TaskOptions
from econnet.core.errors import UsageError, suggestion
from econnet.core.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from econnet.core.countries import Country
    from econnet.core.task import Task
    from econnet.core.workspace import Workspace
    from econnet.data.files.user_panel import Kind
    from econnet.data.sources.observations import Dataset
    from econnet.forecast.explain.what_if import Assumption
    from econnet.forecast.ranking import Ranking
    from econnet.forecast.result import Forecast
    from econnet.forecast.workflow import Question


def workspace() -> "Workspace":
    """Return the folders that this process and its working directory name."""
    from econnet.core.workspace import Workspace

    return Workspace.from_environment()


def baseline_names(text: str | None) -> list[str] | None:
    """Return the baselines named in `--baselines`; `None` without the option."""
    from econnet.models.baselines import BASELINES

    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in BASELINES:
            otherwise = f"choose from {', '.join(BASELINES)}"
            remedy = suggestion(name, BASELINES, otherwise)
            raise UsageError(f"no baseline is called {name!r}: {remedy}")
    return names


def questions(
    options: TaskOptions, data: "tuple[Dataset, list[Country]] | None" = None
) -> "list[Question]":
    """Return a question per country; `data` is what was read already."""
    from econnet.forecast import workflow

    if options.data is None and not options.country:
        raise UsageError("say which country: --country DEU, or --data FILE")
    known, countries = data or data_and_countries(options)
    request = with_iso_date(options)
    return [workflow.question(known, country, request) for country in countries]


def forecast_question(
    question: "Question",
    *,
    retrain: bool = False,
    assumptions: "Sequence[Assumption]" = (),
    baselines: Sequence[str] | None = None,
    outlook: bool = True,
) -> "Forecast":
    """Return the forecast, showing on the way what a user may want to see.

    The other horizons of the outlook are trained only where they are requested.
    """
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


def rank(options: TaskOptions, data: "tuple[Dataset, list[Country]]") -> "Ranking":
    """Return the forecasts of all countries, training where no model fits."""
    from econnet.forecast import workflow

    task = common_task(options, *data)
    return workflow.rank(*data, task, workspace(), listener=output.listener())


def ranked_questions(ranking: "Ranking", known: "Dataset") -> "list[Question]":
    """Return a question per country that was ranked, of the task it was ranked by."""
    from econnet.forecast.workflow import Question

    return [
        Question(known, forecast.country, forecast.task, forecast.place)
        for forecast in ranking.forecasts
        if forecast.place is not None
    ]


def ranking_folder(
    options: TaskOptions, task: "Task", data: "tuple[Dataset, list[Country]]"
) -> Path:
    """Return the folder of the ranking of these countries by a task."""
    from econnet.forecast import workflow

    place = workflow.ranking_folder(*data, with_iso_date(options), task)
    return workspace().report(place)


def common_task(
    options: TaskOptions, known: "Dataset", countries: "list[Country]"
) -> "Task":
    """Return the task, at the finest frequency that all the countries have."""
    from econnet.forecast import workflow

    return workflow.common_task(
        known, countries, with_iso_date(options), all_needed=bool(options.country)
    )


def with_iso_date(options: TaskOptions) -> TaskOptions:
    """Return the options with the date of `--as-of` in ISO format."""
    day = date(options.as_of)
    if day is None:
        return options
    return replace(options, as_of=day.isoformat().removesuffix("T00:00:00"))


def data_and_countries(options: TaskOptions) -> "tuple[Dataset, list[Country]]":
    """Return the data asked for and the countries named, or all if none is."""
    if options.data is not None:
        known = _own_data(options.data, options.lag, options.kind or [])
        date(options.as_of, known.observations["known_at"].max())
        return known, _countries_of(known, options.country)
    import pandas as pd

    from econnet.core.countries import by_alpha3

    today = pd.Timestamp.now()
    named = countries_named(options.country)
    known = known_data(Settings.from_environment(), date(options.as_of, today))
    codes = sorted(known.series["country"].unique())
    return known, named or [by_alpha3(alpha3) for alpha3 in codes]


def countries_named(names: list[str] | None) -> "list[Country]":
    """Return the countries that `--country` names."""
    from econnet.core.countries import resolve

    return [resolve(name) for name in names or []]


def known_data(settings: Settings, as_of: "pd.Timestamp | None" = None) -> "Dataset":
    """Return the data of the store, and of the snapshot where it lacks them."""
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
    """Return the date that `--as-of` names.

    It may not lie after both today and `newest`, the day to which the user's file goes.
    """
    import pandas as pd

    if text is None:
        return None
    try:
        day = pd.Timestamp(text)
    except ValueError as error:
        raise UsageError(f"--as-of {text!r} is no date: write 2008-10-01") from error
    if newest is not None and day > max(newest, pd.Timestamp.now()):
        raise UsageError(
            f"--as-of {text} has not come yet: leave it out to use all that is known"
        )
    return day


def kinds_said(kinds: list[str]) -> "dict[str, Kind]":
    """Return the kind of each column that `--kind` names."""
    from econnet.data.files import user_panel

    kind_of: dict[str, Kind] = {}
    for text in kinds:
        column, _, kind = text.rpartition("=")
        if not column or kind not in user_panel.KINDS:
            raise UsageError(
                f"--kind {text!r} is not COLUMN=KIND: a kind is one of "
                f"{', '.join(user_panel.KINDS)}"
            )
        kind_of[column] = kind
    return kind_of


def _own_data(path: Path, lag: int, kinds: list[str]) -> "Dataset":
    """Return the user's file, and show what each of its columns was taken for."""
    from econnet.core.workspace import UserFile
    from econnet.data.files import user_panel

    kind_of = kinds_said(kinds)
    with output.working("Reading the data"):
        table = user_panel.read(path, kinds=kind_of, lag=lag)
    taken = ", ".join(f"{name} {kind}" for name, kind in table.kinds.items())
    output.note(f"{path.name}: taken as {taken}; --kind COLUMN=KIND says otherwise")
    if table.recognised:
        recognised = ", ".join(
            f"{name}: {meaning}" for name, meaning in table.recognised.items()
        )
        output.note(f"{path.name}: recognised {recognised}")
    return replace(table.known(path.name), file=UserFile(path, lag, kind_of))


def _countries_of(known: "Dataset", names: list[str] | None) -> "list[Country]":
    """Return the countries of the user's file, or those of them that were named."""
    from econnet import api

    in_file = map(str, sorted(known.observations["country"].unique()))
    return [api.find_country(name, known) for name in names or in_file]


@contextmanager
def workers(cluster: str | None, *, long: bool) -> Iterator[None]:
    """Let the work run on a cluster, if one is named, else on this machine's cores.

    Of long work, and of work on a cluster, every finished part is kept in the data
    folder until the whole is finished; the same command then continues from there.
    """
    from econnet.runtime import workers as runtime_workers
    from econnet.runtime.cluster import Cluster
    from econnet.runtime.ledger import Ledger

    ledger = None
    if long or cluster:
        ledger = Ledger(workspace().unfinished_folder)
        if kept := ledger.count():
            output.note(f"going on with what was interrupted: {kept:,} parts are done")
    connected = Cluster.connect(cluster) if cluster else nullcontext()
    with connected as where, runtime_workers.use_workers(where, ledger):
        yield
    if ledger:
        ledger.forget()
