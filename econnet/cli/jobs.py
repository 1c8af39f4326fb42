"""From options to work: which countries, from which data, and where the files go.

Every name is resolved and every option checked before work begins for the first
country.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from econnet.cli import show
from econnet.cli.options import TaskOptions
from econnet.errors import DataError, UsageError, cure
from econnet.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from econnet.answer import Forecast, Task
    from econnet.countries import Country
    from econnet.models import Model
    from econnet.preparation import Prepared
    from econnet.ranking import Ranking
    from econnet.sources.observations import Known
    from econnet.sources.tabular import Kind
    from econnet.whatif import Assumption


@dataclass(frozen=True, eq=False)
class Job:
    """A country, its task, and where its files stand."""

    known: "Known"
    country: "Country"
    task: "Task"
    as_of: "pd.Timestamp | None"
    model_file: Path
    report_folder: Path
    journal_file: Path
    data_file: Path | None

    def forecast(
        self,
        retrain: bool = False,
        assumptions: "Sequence[Assumption]" = (),
        baselines: "Sequence[str] | None" = None,
        outlook: bool = True,
    ) -> "Forecast":
        """Return the forecast, training where no model fits.

        It is trained beside `baselines`, by default those that cost next to nothing.
        The other horizons of the outlook are trained only where they are asked for.
        """
        from econnet import forecast, journal, models, preparation, whatif

        with show.working("Reading the data"):
            prepared = preparation.prepare(
                self.known, self.country, self.task, self.as_of
            )
        whatif.check(assumptions, prepared.features, prepared.panel.indicators)
        show.data_used(prepared)
        model = None if retrain else _stored_model(prepared, self.model_file)
        if model is None or (outlook and model.outlook is None):
            if model is None and not retrain:
                show.note(
                    f"no model fits {self.country.name} and this task yet: training one"
                )
            with show.progress("Replaying history") as progress:
                model = forecast.train(
                    prepared, progress, baselines, outlook=outlook, found=model
                )
            models.save(model, self.model_file)
        _set_aside(self.journal_file)
        previous = journal.latest(prepared, self.journal_file, self.data_file)
        if not outlook:
            model = replace(model, outlook=None)
        with show.working("Putting the answer together"):
            made = forecast.make(prepared, model, previous, assumptions)
        journal.add(made, self.journal_file, self.data_file)
        return made


def _stored_model(prepared: "Prepared", file: Path) -> "Model | None":
    """Return the model in a file if it fits; say so where the file is damaged."""
    from econnet import forecast

    try:
        return forecast.stored_model(prepared, file)
    except ValueError as error:
        show.note(f"{file} cannot be used, a new model takes its place: {error}")
        return None


def _set_aside(journal_file: Path) -> None:
    """Make room for the journal where something else stands in its place."""
    from econnet import journal

    if aside := journal.set_aside(journal_file):
        show.note(
            f"{journal_file} is no journal of forecasts: it is kept as {aside.name}, "
            "and a new one is begun"
        )


def baseline_names(text: str | None) -> list[str] | None:
    """Return the baselines named in `--baselines`; `None` where none are."""
    from econnet.evaluation.baselines import BASELINES

    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in BASELINES:
            otherwise = f"choose from {', '.join(BASELINES)}"
            raise UsageError(
                f"no baseline is called {name!r}: {cure(name, BASELINES, otherwise)}"
            )
    return names


def jobs(
    asked: TaskOptions, found: "tuple[Known, list[Country]] | None" = None
) -> list[Job]:
    """Return what is to be done, a job a country; `found` is what was read already."""
    settings = Settings.from_environment()
    if asked.data is None and not asked.country:
        raise UsageError("say which country: --country DEU, or --data FILE")
    known, chosen = found or data_and_countries(asked)
    alone = len(chosen) == 1
    return [
        _job(settings, asked, known, one, task_for(asked, known, one), alone=alone)
        for one in chosen
    ]


def _job(
    settings: Settings,
    asked: TaskOptions,
    known: "Known",
    country: "Country",
    task: "Task",
    *,
    alone: bool,
) -> Job:
    return Job(
        known,
        country,
        task,
        date(asked.as_of),
        model_file=_model_file(settings, asked, known, country, task),
        report_folder=settings.reports_folder
        / _report_place(asked, known, country, task, alone=alone),
        journal_file=settings.data_folder / "forecasts.csv",
        data_file=asked.data,
    )


def rank(asked: TaskOptions, found: "tuple[Known, list[Country]]") -> "Ranking":
    """Return the forecasts of all countries, training where no model fits.

    Countries that learn together share a model, which is kept at each one's place. The
    forecasts go to the journal.
    """
    from econnet import journal, models, ranking

    settings = Settings.from_environment()
    known, chosen = found
    task = common_task(asked, known, chosen)

    def find(prepared: "Prepared") -> "Model | None":
        return _stored_model(prepared, file_of(prepared))

    def file_of(prepared: "Prepared") -> Path:
        return _model_file(settings, asked, known, prepared.country, prepared.task)

    def keep(members: "Sequence[Prepared]", model: "Model") -> None:
        models.save_shared(model, [file_of(member) for member in members])

    said = f"{task.label}, {task.horizon} ahead"
    with show.progress(said) as progress:
        made = ranking.make(
            known,
            chosen,
            task,
            date(asked.as_of),
            find=find,
            keep=keep,
            progress=progress,
        )
    _set_aside(settings.data_folder / "forecasts.csv")
    for one in made.forecasts:
        journal.add(one, settings.data_folder / "forecasts.csv", asked.data)
    return made


def ranked_jobs(asked: TaskOptions, made: "Ranking", known: "Known") -> list[Job]:
    """Return a job for each country that was ranked, of the task it was ranked by."""
    settings = Settings.from_environment()
    return [
        _job(settings, asked, known, one.country, one.task, alone=False)
        for one in made.forecasts
    ]


def ranking_folder(
    asked: TaskOptions, task: "Task", found: "tuple[Known, list[Country]]"
) -> Path:
    """Return where the ranking by a task stands: by the default task, in `ranking`.

    The default frequency is the finest that all the countries have.
    """
    from econnet import answer, forecast, places

    above = Settings.from_environment().reports_folder
    if asked.data is not None:
        above = above / places.of_file(asked.data.stem)
    folder = above / "ranking"
    unsaid = replace(asked, frequency=None, label=answer.Task.label)
    if forecast.is_usual(task, common_task(unsaid, *found).frequency):
        return folder
    return folder / forecast.task_name(task)


def data_and_countries(asked: TaskOptions) -> "tuple[Known, list[Country]]":
    """Return the data asked for and the countries named, or all if none is."""
    if asked.data is not None:
        known = _own_data(asked.data, asked.lag, asked.kind or [])
        date(asked.as_of, known.observations["known_at"].max())
        return known, _countries_of(known, asked.country)
    import pandas as pd

    from econnet.countries import by_alpha3

    today = pd.Timestamp.now()
    chosen = resolve_all(asked.country or [])
    known = known_data(Settings.from_environment(), date(asked.as_of, today))
    there = sorted(known.series["country"].unique())
    return known, chosen or [by_alpha3(alpha3) for alpha3 in there]


def task_for(asked: TaskOptions, known: "Known", country: "Country") -> "Task":
    """Return the task for a country, its frequency settled by the data."""
    from econnet import api

    choices: api.TaskChoices = {
        "target": asked.target,
        "label": asked.label,
        "horizon": asked.horizon,
        "event": asked.event,
        "pool": asked.pool,
        "seed": asked.seed,
        "rolling_years": asked.rolling_years,
        "vintages": asked.vintages,
    }
    if asked.frequency is not None:
        choices["frequency"] = asked.frequency
    if asked.members is not None:
        choices["members"] = asked.members
    return api.choose_task(country, known, **choices)


def common_task(
    asked: TaskOptions, known: "Known", countries: "list[Country]"
) -> "Task":
    """Return the task, at the finest frequency that all the countries have."""
    from econnet.catalog import FREQUENCIES

    tasks = []
    for country in countries:
        try:
            tasks.append(task_for(asked, known, country))
        except DataError:
            if asked.country or (country is countries[-1] and not tasks):
                raise
        if asked.frequency and tasks:
            break
    return min(tasks, key=lambda task: FREQUENCIES.index(task.frequency))


def known_data(settings: Settings, as_of: "pd.Timestamp | None" = None) -> "Known":
    """Return the data of the store, and of the snapshot where it lacks them."""
    from econnet import ingest

    with show.working("Reading the data"):
        found = ingest.known(settings, as_of)
    if found.source == "store":
        for notice in found.notices:
            show.note(notice)
    return found


def resolve_all(names: list[str]) -> "list[Country]":
    """Return every country named, before any work is done for the first."""
    from econnet import countries

    return [countries.resolve(name) for name in names]


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
    """Return what `--kind` says of each column that it names."""
    from econnet.sources import tabular

    said: dict[str, Kind] = {}
    for text in kinds:
        column, _, kind = text.rpartition("=")
        if not column or kind not in tabular.KINDS:
            raise UsageError(
                f"--kind {text!r} is not COLUMN=KIND: a kind is one of "
                f"{', '.join(tabular.KINDS)}"
            )
        said[column] = kind
    return said


def _model_file(
    settings: Settings,
    asked: TaskOptions,
    known: "Known",
    country: "Country",
    task: "Task",
) -> Path:
    """Return where a country's model stands, however many countries are asked for."""
    from econnet import answer, forecast, places, preparation

    if asked.data is None:
        where = forecast.place(known, country, task)
    else:
        where = Path(places.of_file(asked.data.stem))
        there = [str(name) for name in known.observations["country"].unique()]
        if len(there) > 1:
            where = where / places.of_country(country.name, there)
        usual = preparation.choose_frequency(
            known, country, task.target, answer.Task.label
        )
        if not forecast.is_usual(task, usual):
            where = where / forecast.task_name(task)
    return settings.data_folder / "models" / where.with_name(f"{where.name}.npz")


def _report_place(
    asked: TaskOptions, known: "Known", country: "Country", task: "Task", *, alone: bool
) -> Path:
    """Return where a country's report stands, below `reports`."""
    from econnet import forecast, places

    if asked.data is None:
        return forecast.place(known, country, task)
    above = Path(places.of_file(asked.data.stem))
    if alone:
        return above
    there = [str(name) for name in known.observations["country"].unique()]
    return above / places.of_country(country.name, there)


def _own_data(path: Path, lag: int, kinds: list[str]) -> "Known":
    """Return the user's file, and say what each of its columns was taken for."""
    from econnet.sources import tabular

    said = kinds_said(kinds)
    with show.working("Reading the data"):
        table = tabular.read(path, kinds=said, lag=lag)
    taken = ", ".join(f"{name} {kind}" for name, kind in table.kinds.items())
    show.note(f"{path.name}: taken as {taken}; --kind COLUMN=KIND says otherwise")
    if table.recognised:
        known = ", ".join(f"{name}: {it}" for name, it in table.recognised.items())
        show.note(f"{path.name}: recognised {known}")
    return table.known(path.name)


def _countries_of(known: "Known", names: list[str] | None) -> "list[Country]":
    """Return the countries of the user's file, or those of them that were named."""
    from econnet import api

    there = map(str, sorted(known.observations["country"].unique()))
    return [api.find_country(name, known) for name in names or there]
