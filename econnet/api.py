"""The Python functions of econnet, for notebooks and scripts.

All can be imported from `econnet` itself. They take names and dates as text, return
tables and frozen dataclasses, print nothing, and raise an `EconnetError` for problems
that the user can solve. Defaults and folders are those of the command line, so that
both find each other's models, forecasts and reports.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Unpack

import pandas as pd

from econnet.core import catalog, countries
from econnet.core.countries import Country
from econnet.core.dates import as_of_date
from econnet.core.errors import UsageError
from econnet.core.periods import Frequency
from econnet.core.settings import Settings
from econnet.core.sources import live_source
from econnet.core.task import Task, TaskChoices, TaskRequest
from econnet.core.workspace import UserFile, Workspace, place_of
from econnet.data import fetch as data_fetch
from econnet.data import load, panel
from econnet.data.cycle import labels
from econnet.data.cycle.labels import Label
from econnet.data.fetch import Summary
from econnet.data.files import areas, user_panel
from econnet.data.files.reading import Adjustment, Reading
from econnet.data.files.user_panel import Override
from econnet.data.panel import Panel
from econnet.data.sources.observations import Dataset
from econnet.data.store.export import export as write_table
from econnet.forecast import finished, outcomes, own_data, workflow
from econnet.forecast import log as forecast_log
from econnet.forecast.listener import Listener
from econnet.forecast.outcomes import LogScores
from econnet.forecast.ranking import Ranking
from econnet.forecast.result import Forecast
from econnet.models.baselines import check_names
from econnet.models.windows import origin_in
from econnet.report import Format, Paper, paper_of

if TYPE_CHECKING:
    from econnet.forecast.backtest import Backtest
    from econnet.report.site.publication import PublishedSite
    from econnet.report.site.verification import SiteVerification

Day = str | date | None
# A DataFrame has no file name; its reports and models are kept under this one.
NAME_OF_FRAME = Path("DataFrame")


# Data as a function takes them: read already, or a file or DataFrame of the user's own.
Data = Dataset | pd.DataFrame | str | Path


def read_data(
    file: str | Path | pd.DataFrame | None = None,
    *,
    as_of: Day = None,
    kinds: Mapping[str, Override] | None = None,
    lag: int = 1,
    sheet: str | None = None,
    adjust: Adjustment | None = None,
    country: str | None = None,
) -> Dataset:
    """Return a data set: econnet's own, or that of a file.

    Parameters
    ----------
    file
        The user's own data: a file of any kind that [Your own data](your-data.md)
        lists, or a DataFrame; by default the store, completed from the bundled
        snapshot.
    as_of
        Use only data published by this date.
    kinds, lag
        The kinds of the file's columns, and the periods until a value is published.
    sheet
        The sheet of a workbook; by default the one with a table.
    adjust
        Adjust series that have a seasonal pattern, by `stl` or `x13`, or convert
        year-to-date sums to single periods, by `decumulate`.
    country
        The country of data without a country column.

    Raises
    ------
    UsageError
        An option describes a file, but there is none.
    DataError
        The file cannot be read, or another process has the store open.

    Examples
    --------
    >>> read_data().source  # nothing has been fetched yet
    'snapshot'
    >>> levels = [100.0, 101.0, 100.5, 102.0]
    >>> own = pd.DataFrame(
    ...     {"period": ["2020Q1", "2020Q2", "2020Q3", "2020Q4"], "real_gdp": levels}
    ... )
    >>> read_data(own, country="Utopia")
    Dataset(DataFrame: 4 observations of 1 series, 1 countries)
    """
    if file is None:
        if kinds or sheet or adjust or country or lag != 1:
            raise UsageError(
                "kinds, lag, sheet, adjust and country describe a file: name one, or "
                "leave them out"
            )
        day = _timestamp(as_of)
        return load.as_known_on(load.known(Settings.from_environment(), day), day)
    reading = Reading(kinds or {}, lag, sheet, country)
    table, path = _own_table(file, reading)
    known = _own_data(
        table, UserFile(path, lag, kinds or {}, sheet or "", adjust or "")
    )
    return load.as_known_on(known, _timestamp(as_of, known))


def inspect_data(
    file: str | Path | pd.DataFrame,
    *,
    kinds: Mapping[str, Override] | None = None,
    lag: int = 1,
    sheet: str | None = None,
    country: str | None = None,
) -> pd.DataFrame:
    """Return what each column of the user's own data was recognised as, one row each.

    Columns `name, kind, reason, unit, frequency, first_period, last_period, values,
    missing, areas, measures`, as `econnet inspect` shows them.

    Examples
    --------
    >>> periods = ["2019", "2020", "2021", "2022"]
    >>> own = pd.DataFrame({"period": periods, "unemployment": [3.1, 3.8, 3.6, 3.1]})
    >>> inspect_data(own, country="Utopia")[["name", "measures"]]
               name      measures
    0  unemployment  unemployment
    """
    table, _ = _own_table(file, Reading(kinds or {}, lag, sheet, country))
    return pd.DataFrame([asdict(column) for column in table.understood.columns])


def fetch_data(
    names: Sequence[str],
    *,
    sources: Sequence[str] | None = None,
    start_year: int = 1960,
    progress: Callable[[float], None] = lambda _: None,
) -> Summary:
    """Download these countries' series from the live sources into the store.

    By default, all `sources` are used, including those of plugins.
    The summary lists failures, and `Summary.check` raises them as one error.

    Examples
    --------
    >>> summary = fetch_data(["Germany"], sources=["eurostat"])  # doctest: +SKIP
    >>> summary.check()  # doctest: +SKIP
    """
    return data_fetch.fetch(
        Settings.from_environment(),
        [countries.resolve(name) for name in _at_least_one(names)],
        sources=(
            None if sources is None else [*dict.fromkeys(map(live_source, sources))]
        ),
        start_year=start_year,
        progress=lambda state: progress(state.done / state.total),
    )


def find_country(text: str, data: Data | None = None) -> Country:
    """Return the country with this name or ISO code.

    In a user's file a country may be any text; if it is a country, each of its names
    and codes finds it. For an unknown country, the `UsageError` suggests the nearest
    names.

    Examples
    --------
    >>> find_country("Korea, Rep.").alpha3
    'KOR'
    """
    known = None if data is None else _data(data, None, text)
    if known is None or known.source in {"snapshot", "store"}:
        return countries.resolve(text)
    in_file = pd.concat([known.observations["country"], known.aggregates["country"]])
    try:
        return areas.find(text, [*map(str, in_file.unique())], known.names)
    except UsageError as error:
        raise UsageError(f"{known.source}: {error}") from error


def list_countries(data: Data | None = None) -> pd.DataFrame:
    """Return the countries with data on real GDP, one row each, in order of their code.

    Columns `country, name, frequency, first_period, last_period, live_frequency`: the
    highest frequency of output, the span of the series that reaches furthest, and the
    highest frequency that `fetch_data` can download, according to the catalog.

    Examples
    --------
    >>> list_countries().set_index("country").loc["DEU", ["name", "frequency"]].tolist()
    ['Germany', 'Q']
    """
    known = _data(data)
    return load.countries_with(known, own_data.target_of(known, TaskRequest()))


def list_indicators(search: str = "") -> pd.DataFrame:
    """Return the indicators of the catalog with all these words, one row each.

    Columns `indicator, title, unit, group, transform, sources`.

    Examples
    --------
    >>> "unemployment" in set(list_indicators("unemployment")["indicator"])
    True
    """
    rows = [indicator.about() for indicator in catalog.search(search)]
    columns = ["indicator", "title", "unit", "group", "transform", "sources"]
    return pd.DataFrame(rows, columns=columns)


def build_panel(
    data: Data | None = None, frequency: Frequency = "Q", as_of: Day = None
) -> Panel:
    """Return all indicators of all countries at one frequency, as known on a date.

    Examples
    --------
    >>> panel = build_panel(frequency="A", as_of="2008-10-01")
    >>> panel.values.loc["DEU", "real_gdp"].last_valid_index()
    Period('2007', 'Y-DEC')
    """
    known = _data(data, as_of)
    TaskRequest(frequency=frequency)  # which refuses others
    return panel.build(
        known.observations, frequency, _timestamp(as_of, known), known.indicators
    )


def mark_contractions(
    whole: Panel, label: str = Task.label, target: str = Task.target
) -> Label:
    """Return the contractions of every country of a panel, by a named rule.

    Examples
    --------
    >>> panel = build_panel(frequency="A")
    >>> years = mark_contractions(panel, "negative-growth").values.loc["DEU"]
    >>> int(years["2009"])
    1
    """
    return labels.apply(whole, label, target)


def choose_task(country: Country, data: Data, **choices: Unpack[TaskChoices]) -> Task:
    """Return a task for a country, by default at the highest frequency of its data.

    Examples
    --------
    >>> germany = find_country("Germany")
    >>> choose_task(germany, read_data(), label="two-quarters").frequency
    'Q'
    """
    known = _data(data, None, country.name, choices=choices)
    return workflow.choose_task(known, country, TaskRequest(**choices))


def make_forecast(
    country: str,
    data: Data | None = None,
    as_of: Day = None,
    progress: Callable[[float], None] = lambda _: None,
    **choices: Unpack[TaskChoices],
) -> Forecast:
    """Forecast the probability of a contraction.

    Parameters
    ----------
    country
        Name or ISO code; with the user's own data, the text in its country column.
    data
        The result of `read_data`, a file or a DataFrame; by default those of
        `read_data()`.
    as_of
        Use only data published by this date.
    progress
        Receives the share of training that is done, from 0 to 1.

    Raises
    ------
    UsageError, DataError
        The country or the task is invalid, or the data are insufficient.

    Notes
    -----
    As on the command line, a saved model is used if it fits; otherwise one is trained
    and saved in the data folder. The forecast is appended to the forecast log, which
    `judge_forecasts` compares with outcomes.

    Examples
    --------
    >>> forecast = make_forecast("Germany", pool="own", horizon=1)
    >>> forecast
    Forecast(Germany, ... ahead, ...: ...%, 90% interval ...% to ...%, ...)
    >>> low, high = forecast.interval
    >>> low <= forecast.probability <= high
    True
    """
    workspace, listener = Workspace.from_environment(), _Progress(progress)
    if data is None and as_of is None:
        again = finished.again(
            countries.resolve(country), TaskRequest(**choices), workspace
        )
        if again is not None:
            return again
    known = _data(data, as_of, country, choices=choices)
    found = find_country(country, known)
    request = _request(as_of, known, choices)
    known = own_data.screened(known, request, [found])
    question = workflow.question(known, found, request)
    return workflow.forecast(question, workspace, listener=listener)


def write_report(
    forecast: Forecast,
    folder: str | Path | None = None,
    formats: Collection[str] = tuple(Format),
    paper: Paper | None = None,
) -> list[Path]:
    """Write the report of a forecast, and return its files.

    Parameters
    ----------
    folder
        By default the one that the command line uses for the same question.
    formats
        `pdf`, `html`, `png`, `json` and `csv`; by default all.
    paper
        The size of the PDF: `a4`, the default, or `letter`.

    Examples
    --------
    >>> forecast = make_forecast("Germany", pool="own", horizon=1)
    >>> [file.name for file in write_report(forecast, "germany", ["json"])]
    ['report.json']
    """
    # Importing the figures takes a second, which other functions need not wait for.
    from econnet.report import country as country_report

    if unknown := set(formats) - set(Format):
        raise UsageError(
            f"no format is called {min(unknown)!r}: choose from {', '.join(Format)}"
        )
    if not formats:
        raise UsageError(f"name at least one format of {', '.join(Format)}")
    size = paper_of(formats, paper)
    if folder is None:
        place = forecast.place or _place_without_workflow(forecast)
        folder = Workspace.from_environment().report(place)
    return country_report.write(
        forecast, Path(folder), [Format(name) for name in formats], size
    )


def _place_without_workflow(forecast: Forecast) -> PurePath:
    """Return the place of a forecast that was made by `forecast.make`."""
    public = forecast.data.source in {"snapshot", "store"}
    file = None if public else UserFile(Path(forecast.data.source))
    names = () if public else (forecast.country.name, "")
    return place_of(forecast.country.alpha3, forecast.task, None, file, names)


def to_record(forecast: Forecast) -> dict[str, Any]:
    """Return every number of a forecast and its report, as in `report.json`.

    Examples
    --------
    >>> record = to_record(make_forecast("Germany", pool="own", horizon=1))
    >>> record["country"], record["horizon"]
    ('DEU', 1)
    """
    from econnet.report import record

    return dict(record.to_dict(forecast))


def run_backtest(
    names: Sequence[str],
    data: Data | None = None,
    as_of: Day = None,
    start: str | None = None,
    refit_every: int | None = None,
    baselines: Sequence[str] | None = None,
    progress: Callable[[float], None] = lambda _: None,
    **choices: Unpack[TaskChoices],
) -> "Backtest":
    """Score past forecasts by econnet and every baseline.

    Parameters
    ----------
    names
        The countries whose forecasts are scored.
    start
        The first origin that is scored: `1990Q1`.
    refit_every
        Periods from one refit to the next; a year by default.
    baselines
        By default all, including those of plugins.

    Examples
    --------
    >>> run_backtest(["Germany"], pool="own", baselines=["logit"], start="2018Q1")
    Backtest(DEU, ... ahead, origins 2018Q1 to ...: econnet's Brier score ...)
    """
    from econnet.forecast import backtest

    check_names(baselines or ())
    known = _data(data, as_of, *names, choices=choices)
    found = [find_country(name, known) for name in _at_least_one(names)]
    request = _request(as_of, known, choices)
    known = own_data.screened(known, request, found)
    task = workflow.choose_task(known, found[0], request)
    prepared = backtest.prepare_pools(known, found, task)
    first = None if start is None else origin_in(start, task.frequency)
    return backtest.run(prepared, found, refit_every, first, baselines, progress)


def rank_countries(
    names: Sequence[str],
    data: Data | None = None,
    as_of: Day = None,
    progress: Callable[[float], None] = lambda _: None,
    **choices: Unpack[TaskChoices],
) -> Ranking:
    """Forecast many countries, and return them in order of their probability.

    Countries that share a training pool are trained once, so that a hundred take little
    longer than one. Countries with too little data are left out and listed. The task
    has the highest frequency that all the others have. Models and the forecast log are
    those of `make_forecast`.

    Examples
    --------
    >>> ranking = rank_countries(["Germany", "Japan"], pool="own")
    >>> sorted(forecast.country.alpha3 for forecast in ranking.forecasts)
    ['DEU', 'JPN']
    """
    known = _data(data, as_of, *names, choices=choices)
    found = [find_country(name, known) for name in _at_least_one(names)]
    request = _request(as_of, known, choices)
    known = own_data.screened(known, request, found)
    task = workflow.common_task(known, found, request)
    return workflow.rank(
        known, found, task, Workspace.from_environment(), listener=_Progress(progress)
    )


def publish_site(
    names: Sequence[str],
    folder: str | Path = "site",
    progress: Callable[[float], None] = lambda _: None,
    **choices: Unpack[TaskChoices],
) -> "PublishedSite":
    """Publish forecasts as a site with a public record, as `econnet publish` does.

    The countries are compared on one question, at the highest frequency they share;
    if `choices` name none, each page answers the country's headline question. New
    forecasts and outcomes are appended to the record in the folder; publishing again
    appends nothing. [Automation](automation.md) describes the site.

    Examples
    --------
    >>> publish_site(["Germany", "Japan"], "site", pool="own", horizon=1)
    PublishedSite(site: 2 countries; appended to the record: ... forecasts, ...)
    >>> verify_site("site").verified
    True
    """
    # Importing the figures takes a second, which other functions need not wait for.
    from econnet.report.site import publication

    found = [countries.resolve(name) for name in _at_least_one(names)]
    return publication.publish(
        _data(None),
        found,
        TaskRequest(**choices),
        Workspace.from_environment(),
        Path(folder),
        train_headlines=True,
        listener=_Progress(progress),
    )


def verify_site(folder: str | Path, anchor: str | None = None) -> "SiteVerification":
    """Check record, scores and files of a published site; nothing is written.

    Parameters
    ----------
    anchor
        An earlier head of the record, which it must contain.

    Examples
    --------
    >>> site = publish_site(["Germany", "Japan"], "site", pool="own", horizon=1)
    >>> head = site.record.head
    >>> verify_site("site", anchor=head).verified
    True
    """
    from econnet.report.site import verification

    return verification.verify(Path(folder), anchor)


def judge_forecasts(data: Data | None = None) -> LogScores:
    """Return the outcomes of the forecasts in the forecast log.

    Examples
    --------
    >>> made = make_forecast("Germany", pool="own", horizon=1, as_of="2020-06-01")
    >>> scores = judge_forecasts()
    >>> scores.count("scored") >= 1
    True
    """
    lines = forecast_log.read(Workspace.from_environment().forecast_log)
    return outcomes.score_log(lines, _data(data))


def export_data(rows: pd.DataFrame, file: str | Path) -> Path:
    """Write a table as CSV, Parquet or Excel, by its extension, and return it.

    Examples
    --------
    >>> rows = read_data().observations.head()
    >>> export_data(rows, "observations.csv").name
    'observations.csv'
    """
    write_table(rows, Path(file))
    return Path(file)


def _own_table(
    file: str | Path | pd.DataFrame, reading: Reading
) -> tuple[user_panel.Table, Path]:
    """Return the content of the user's own data, and the name of their file."""
    if isinstance(file, pd.DataFrame):
        return user_panel.read_as(file, reading), NAME_OF_FRAME
    if isinstance(file, str | Path):
        return user_panel.read_as(Path(file), reading), Path(file)
    raise UsageError(
        f"give a path or a DataFrame, not {type(file).__name__}: pd.DataFrame(...) "
        "makes a DataFrame of most tables"
    )


def _own_data(table: user_panel.Table, file: UserFile) -> Dataset:
    notices = tuple(table.understood.warnings)
    return replace(table.known(file.path.name), file=file, notices=notices)


def _data(
    data: Data | None,
    as_of: Day = None,
    *countries: str,
    choices: TaskChoices | None = None,
) -> Dataset:
    """Return data that are read already, or read them.

    The columns that are chosen as target or label are never left out.
    """
    match data:
        case None:
            # The rest of the work leaves out what was not known, and can name it.
            return load.known(Settings.from_environment(), _timestamp(as_of))
        case Dataset():
            return data
        case pd.DataFrame() | str() | Path():
            only = countries[0] if len(countries) == 1 else None
            wanted = TaskRequest(**(choices or {}))
            asked = [wanted.target, wanted.rule.partition(":")[2]]
            reading = Reading(country=only, asked=asked)
            table, path = _own_table(data, reading)
            return _own_data(table, UserFile(path))
    raise UsageError(
        "give data as a path, a DataFrame or the result of read_data, not "
        f"{type(data).__name__}: pd.DataFrame(...) makes a DataFrame of most tables"
    )


def _at_least_one(names: Sequence[str]) -> Sequence[str]:
    """Return the names; raise `UsageError` if there is none."""
    if not names:
        raise UsageError('name at least one country: ["DEU"]')
    return [names] if isinstance(names, str) else names


def _timestamp(day: Day, data: Dataset | None = None) -> pd.Timestamp | None:
    """Return a date that is not after both today and the last one in a user's file."""
    if day is None:
        return None
    newest = None
    if data is not None and data.file is not None:
        newest = data.observations["known_at"].max().date()
    return pd.Timestamp(as_of_date(day, newest))


def _request(as_of: Day, data: Dataset, choices: TaskChoices) -> TaskRequest:
    day = _timestamp(as_of, data)
    return TaskRequest(**choices, as_of=None if day is None else f"{day:%Y-%m-%d}")


class _Progress(Listener):
    """Passes on the progress of training."""

    def __init__(self, progress: Callable[[float], None]) -> None:
        self._progress = progress

    def progress(self, name: str) -> AbstractContextManager[Callable[[float], None]]:  # noqa: ARG002
        """Return a context that gives the user's function."""
        return nullcontext(self._progress)
