"""What a notebook calls: the whole of econnet in a dozen functions.

`from econnet import make_forecast, write_report` and its like come from here. They take
names and dates as text, return tables and frozen dataclasses that can be opened, print
nothing, and raise an `EconnetError` where the user can do something about it. What is
left out is chosen as on the command line: the data of the store or of the bundled
snapshot, and the finest frequency that they allow.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

import pandas as pd

from econnet import (
    catalog,
    countries,
    forecast,
    hindsight,
    ingest,
    journal,
    labels,
    panel,
    places,
    preparation,
    store,
)
from econnet.answer import Forecast
from econnet.core.periods import PANDAS_ALIAS, Frequency
from econnet.core.task import Event, Task, Vintages
from econnet.countries import Country
from econnet.errors import UsageError, cure
from econnet.evaluation.baselines import BASELINES
from econnet.hindsight import Hindsight
from econnet.ingest import Source, Summary
from econnet.labels import Label
from econnet.panel import Panel
from econnet.report import Format, Paper
from econnet.settings import Settings
from econnet.sources import tabular
from econnet.sources.observations import Known
from econnet.sources.tabular import Kind

if TYPE_CHECKING:
    from econnet.backtest import Backtest
    from econnet.ranking import Ranking

Day = str | date | None


class TaskChoices(TypedDict, total=False):
    """What may be said of a task; the rest is as `Task` has it.

    `frequency` is what the data allow, unless it is said.
    """

    frequency: Frequency
    target: str
    label: str
    horizon: int
    event: Event
    pool: Literal["all", "own"]
    members: int
    seed: int
    rolling_years: int | None
    vintages: Vintages


def read_data(
    file: str | Path | None = None,
    *,
    as_of: Day = None,
    kinds: Mapping[str, Kind] | None = None,
    lag: int = 1,
) -> Known:
    """Return the data to go on with: econnet's own, or those of a file.

    Parameters
    ----------
    file
        The user's panel as CSV, Parquet or Excel, long or wide; by default the store,
        and the bundled snapshot for what it lacks.
    as_of
        Only what was known on this date; of a file, `make_forecast` and `run_backtest`
        see to it.
    kinds, lag
        What columns of the file are, and periods until a value of it is known.

    Raises
    ------
    DataError
        The file cannot be read, or another process holds the store.
    """
    if file is None:
        return ingest.known(Settings.from_environment(), _timestamp(as_of))
    path = Path(file)
    return tabular.read(path, kinds=kinds, lag=lag).known(path.name)


def fetch_data(
    names: Sequence[str],
    *,
    sources: Sequence[Source] = ingest.SOURCES,
    start_year: int = 1960,
    progress: Callable[[float], None] = lambda _: None,
) -> Summary:
    """Bring what World Bank and FRED have of these countries into the store.

    What failed stands in the summary, and `Summary.check` makes an error of it.
    """
    return ingest.fetch(
        Settings.from_environment(),
        [countries.resolve(name) for name in names],
        sources=sources,
        start_year=start_year,
        progress=lambda it: progress(it.done / it.total),
    )


def find_country(text: str, data: Known | None = None) -> Country:
    """Return the country that `text` names, by name or ISO code.

    In a user's file a country is any text, and named by that text alone.

    Raises
    ------
    UsageError
        There is no such country, with the nearest names.
    """
    if data is None or data.source in {"snapshot", "store"}:
        return countries.resolve(text)
    there = sorted(map(str, data.observations["country"].unique()))
    if text not in there:
        raise UsageError(
            f"{data.source} has no country {text!r}: it has "
            f"{', '.join(there[:8])}{', ...' if len(there) > 8 else ''}"
        )
    return Country(text, "", text)


def list_countries(data: Known | None = None) -> pd.DataFrame:
    """Return the countries whose output is known, one row each, by their code.

    Columns `country, name, frequency, first_period, last_period`: quarterly where it
    is known quarterly, else annual, and the span of the series that reaches furthest.
    """
    return ingest.countries_with(data or read_data(), Task.target)


def list_indicators(search: str = "") -> pd.DataFrame:
    """Return the indicators of the catalog that have all these words, one row each.

    Columns `indicator, title, unit, group, transform, sources`.
    """
    rows = [indicator.about() for indicator in catalog.search(search)]
    columns = ["indicator", "title", "unit", "group", "transform", "sources"]
    return pd.DataFrame(rows, columns=columns)


def build_panel(
    data: Known | None = None, frequency: Frequency = "Q", as_of: Day = None
) -> Panel:
    """Return every indicator of every country at one frequency, as known on a date."""
    known = data or read_data(as_of=as_of)
    return panel.build(
        known.observations, frequency, _timestamp(as_of), known.indicators
    )


def mark_contractions(
    whole: Panel, label: str = Task.label, target: str = Task.target
) -> Label:
    """Return the contractions of every country of a panel, by a named rule.

    Raises
    ------
    UsageError
        There is no such rule, or it is not defined at the panel's frequency.
    DataError
        The panel lacks the target.
    """
    return labels.apply(whole, label, target)


def choose_task(country: Country, data: Known, **choices: Unpack[TaskChoices]) -> Task:
    """Return a task for a country, its frequency what the data allow unless said.

    Raises
    ------
    UsageError
        The target or the label is unknown, or the label is not defined at the
        frequency.
    DataError
        The country lacks the target.
    """
    target = choices.get("target", Task.target)
    label = choices.get("label", Task.label)
    if target not in data.indicators:
        otherwise = "`econnet indicators --search` finds one by words"
        if data.source not in {"snapshot", "store"}:
            otherwise = f"{data.source} has {', '.join([*data.indicators][:8])}"
        raise UsageError(
            f"no indicator is called {target!r}: "
            f"{cure(target, data.indicators, otherwise)}"
        )
    frequency = choices.get("frequency") or preparation.choose_frequency(
        data, country, target, label
    )
    labels.check(label, frequency)
    choices["frequency"] = frequency
    return Task(**choices)


def make_forecast(
    country: str,
    data: Known | None = None,
    as_of: Day = None,
    progress: Callable[[float], None] = lambda _: None,
    **choices: Unpack[TaskChoices],
) -> Forecast:
    """Replay history, train, and return how likely the country is to contract.

    Parameters
    ----------
    country
        Name or ISO code; with a user's file, the text that stands there.
    data
        From `read_data`, which is called where they are not given.
    as_of
        Answer with what was known on this date.
    progress
        Is told the share of the work that is done, from 0 to 1.

    Raises
    ------
    UsageError, DataError
        The country, its data or the task are not to be had.

    Notes
    -----
    Nothing is written: `write_report` writes the report. On the command line, a model
    is kept and each forecast noted for `judge_forecasts`.
    """
    known = data or read_data(as_of=as_of)
    found = find_country(country, known)
    task = choose_task(found, known, **choices)
    prepared = preparation.prepare(known, found, task, _timestamp(as_of))
    return forecast.make(prepared, forecast.train(prepared, progress))


def write_report(
    made: Forecast,
    folder: str | Path | None = None,
    formats: Collection[str] = tuple(Format),
    paper: Paper = "a4",
) -> list[Path]:
    """Write the report of a forecast, and return its files.

    Parameters
    ----------
    folder
        By default the country's, below the folder of reports.
    formats
        Of `pdf`, `html`, `png` and `json`.

    Raises
    ------
    UsageError
        There is no such format.
    """
    # Drawing takes a second to import, which those who do not draw need not wait for.
    from econnet.report import document

    if unknown := set(formats) - set(Format):
        raise UsageError(
            f"no format is called {min(unknown)!r}: choose of {', '.join(Format)}"
        )
    name = places.as_name(made.country.alpha3)
    place = Settings.from_environment().reports_folder / name
    return document.write(
        made, Path(folder or place), [Format(name) for name in formats], paper
    )


def to_record(made: Forecast) -> dict[str, Any]:
    """Return every number of a forecast and its report, as JSON would hold them."""
    from econnet.report import record

    return dict(record.to_dict(made))


def run_backtest(
    names: Sequence[str],
    data: Known | None = None,
    as_of: Day = None,
    start: str | None = None,
    refit_every: int | None = None,
    baselines: Sequence[str] = tuple(BASELINES),
    progress: Callable[[float], None] = lambda _: None,
    **choices: Unpack[TaskChoices],
) -> "Backtest":
    """Replay history for some countries, and score econnet beside every baseline.

    Parameters
    ----------
    names
        The countries whose forecasts are scored.
    start
        The first origin that is scored: `1990Q1`.
    refit_every
        Periods from one refit to the next; a year unless told.

    Raises
    ------
    UsageError, DataError
        A country, its data or the task are not to be had.
    """
    from econnet import backtest

    known = data or read_data(as_of=as_of)
    found = [find_country(name, known) for name in names]
    task = choose_task(found[0], known, **choices)
    prepared = backtest.prepare(known, found, task, _timestamp(as_of))
    first = None if start is None else pd.Period(start, PANDAS_ALIAS[task.frequency])
    return backtest.run(prepared, found, refit_every, first, baselines, progress)


def rank_countries(
    names: Sequence[str],
    data: Known | None = None,
    as_of: Day = None,
    progress: Callable[[float], None] = lambda _: None,
    **choices: Unpack[TaskChoices],
) -> "Ranking":
    """Forecast many countries, and return them with the likeliest contraction first.

    Those that learn together are trained once, so that a hundred take little longer
    than one. A country whose data do not suffice is left out, and named.

    Raises
    ------
    UsageError, DataError
        A name or the task is wrong, or no country can be forecast.
    """
    from econnet import ranking

    known = data or read_data(as_of=as_of)
    found = [find_country(name, known) for name in names]
    task = choose_task(found[0], known, **choices)
    return ranking.make(known, found, task, _timestamp(as_of), progress=progress)


def judge_forecasts(data: Known | None = None) -> Hindsight:
    """Return what became of the forecasts that the command line made and noted."""
    settings = Settings.from_environment()
    lines = journal.read(settings.data_folder / "forecasts.csv")
    return hindsight.judge(lines, data or read_data())


def export_data(rows: pd.DataFrame, file: str | Path) -> Path:
    """Write a table as CSV, Parquet or Excel, as the file's name ends, and return it.

    Raises
    ------
    DataError
        The ending is another.
    """
    store.export(rows, Path(file))
    return Path(file)


def _timestamp(day: Day) -> pd.Timestamp | None:
    try:
        return None if day is None else pd.Timestamp(day)
    except ValueError as error:
        raise UsageError(f"{day!r} is no date: write 2008-10-01") from error
