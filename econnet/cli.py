"""The command line: parse, call, show.

Answers go to stdout, everything else to stderr; with `--json`, stdout is one document.
What a command calls could be called from a notebook, and would print nothing. Heavy
modules are imported inside the commands, so that `--help` answers at once.
"""

import json as json_format
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from econnet.catalog import Frequency
from econnet.errors import DataError, EconnetError, UsageError
from econnet.report import Format, Paper
from econnet.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from econnet.countries import Country
    from econnet.forecast import Forecast, Prepared, Task
    from econnet.sources.observations import Known
    from econnet.store import Status

app = typer.Typer(
    help="How likely is it that an economy contracts next, and how far can one trust "
    "that?\n\nExample: econnet train --country DEU",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


Pool = Literal["all", "own"]


class Source(StrEnum):
    """A live source."""

    WORLDBANK = "worldbank"
    FRED = "fred"


Countries = Annotated[
    list[str] | None,
    typer.Option("--country", help="Name or code: Germany, DE or DEU; repeatable."),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Your own panel in place of econnet's data."),
]
LagOption = Annotated[
    int, typer.Option(min=0, help="Periods until a value of --data is known.")
]
KindOption = Annotated[
    list[str] | None,
    typer.Option(
        "--kind", help="What a column of --data is: COLUMN=rate, index, flow or flag."
    ),
]
FrequencyOption = Annotated[
    Frequency | None, typer.Option(help="A, Q or M; by default what the data allow.")
]
TargetOption = Annotated[str, typer.Option(help="The indicator that is labelled.")]
LabelOption = Annotated[
    str,
    typer.Option(
        help="What a contraction is: negative-growth, year-on-year, two-quarters, "
        "nber or given:COLUMN."
    ),
]
HorizonOption = Annotated[int, typer.Option(min=0, max=40, help="Periods ahead.")]
PoolOption = Annotated[
    Pool, typer.Option(help="Learn from all countries, or from its own history alone.")
]
MembersOption = Annotated[
    int, typer.Option(min=1, max=1000, help="Networks in the ensemble.")
]
SeedOption = Annotated[int, typer.Option(min=0, help="Of all random numbers.")]
AsOfOption = Annotated[
    str | None, typer.Option(help="Use what was known on this date: 2008-10-01.")
]
OfflineOption = Annotated[
    bool, typer.Option("--offline", help="Open no connection; only fetch ever does.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
FormatOption = Annotated[
    list[Format] | None, typer.Option("--format", help="By default all of them.")
]
PaperOption = Annotated[Paper, typer.Option(help="Size of the PDF.")]


PLACES = {"snapshot": "the bundled snapshot", "store": "the store"}


@dataclass
class _Run:
    """What was asked for before the command."""

    quiet: bool = False
    debug: bool = False


_run = _Run()


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        _print(f"econnet {version('econnet')}")
        raise typer.Exit


@app.callback()
def before(
    quiet: Annotated[bool, typer.Option("--quiet", help="Print answers only.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool,
        typer.Option(
            "--version",
            help="Print the version and stop.",
            is_eager=True,
            callback=_print_version,
        ),
    ] = False,
) -> None:
    """Take what stands before the command."""
    _run.quiet, _run.debug = quiet, debug


@app.command()
def train(
    country: Countries = None,
    data: DataOption = None,
    frequency: FrequencyOption = None,
    target: TargetOption = "real_gdp",
    label: LabelOption = "negative-growth",
    horizon: HorizonOption = 1,
    pool: PoolOption = "all",
    members: MembersOption = 16,
    as_of: AsOfOption = None,
    seed: SeedOption = 0,
    lag: LagOption = 1,
    kind: KindOption = None,
    offline: OfflineOption = False,  # noqa: ARG001 - it never goes online
) -> None:
    """Replay history, train the networks, and write model and report.

    Example: econnet train --country DEU --country "United Kingdom"
    """
    from econnet.report import document

    asked = _Asked(frequency, target, label, horizon, pool, members, seed, as_of)
    for one in _jobs(country, data, lag, kind, asked):
        made = one.forecast(retrain=True)
        with _working("Writing the report"):
            written = document.write(made, one.report_folder)
        _show(made)
        _print(f"Report: {written[0]}")


@app.command()
def forecast(
    country: Countries = None,
    data: DataOption = None,
    frequency: FrequencyOption = None,
    target: TargetOption = "real_gdp",
    label: LabelOption = "negative-growth",
    horizon: HorizonOption = 1,
    pool: PoolOption = "all",
    members: MembersOption = 16,
    as_of: AsOfOption = None,
    seed: SeedOption = 0,
    lag: LagOption = 1,
    kind: KindOption = None,
    json: JsonOption = False,
    offline: OfflineOption = False,  # noqa: ARG001 - it never goes online
) -> None:
    """Say how likely a contraction is, and how good such calls have been.

    Trains first where no model fits, and says so.

    Example: econnet forecast --country DEU --horizon 2 --json
    """
    from econnet.report import record

    asked = _Asked(frequency, target, label, horizon, pool, members, seed, as_of)
    jobs = _jobs(country, data, lag, kind, asked)
    if len(jobs) > 1:
        names = ", ".join(job.country.name for job in jobs[:8])
        raise UsageError(
            f"forecast answers for one country, and these are {len(jobs)}: give "
            f"--country once ({names})"
        )
    made = jobs[0].forecast()
    if json:
        _print_json(record.to_dict(made))
    else:
        _show(made)


@app.command()
def report(
    country: Countries = None,
    data: DataOption = None,
    frequency: FrequencyOption = None,
    target: TargetOption = "real_gdp",
    label: LabelOption = "negative-growth",
    horizon: HorizonOption = 1,
    pool: PoolOption = "all",
    members: MembersOption = 16,
    as_of: AsOfOption = None,
    seed: SeedOption = 0,
    lag: LagOption = 1,
    kind: KindOption = None,
    formats: FormatOption = None,
    paper: PaperOption = "a4",
    offline: OfflineOption = False,  # noqa: ARG001 - it never goes online
) -> None:
    """Write the report: PDF, pictures and every number as JSON.

    Trains first where no model fits, and says so.

    Example: econnet report --country BRA --format pdf --paper letter
    """
    from econnet.report import document

    asked = _Asked(frequency, target, label, horizon, pool, members, seed, as_of)
    for one in _jobs(country, data, lag, kind, asked):
        made = one.forecast()
        with _working("Writing the report"):
            written = document.write(
                made, one.report_folder, formats or list(Format), paper
            )
        for path in written:
            _print(path)


@app.command()
def fetch(
    country: Countries = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every country there is.")
    ] = False,
    source: Annotated[
        list[Source] | None, typer.Option(help="By default all sources.")
    ] = None,
    start: Annotated[
        int, typer.Option(min=1900, max=2100, help="The first year wanted.")
    ] = 1960,
    offline: Annotated[
        bool, typer.Option("--offline", help="Only say what there is already.")
    ] = False,
) -> None:
    """Bring public series from World Bank and FRED into the store.

    Example: econnet fetch --country DEU --country FRA
    """
    from econnet import countries, ingest

    if everything == bool(country):
        raise UsageError("say what to fetch: --country DEU, or --all")
    chosen = countries.all_countries() if everything else _resolve_all(country or [])
    settings = Settings.from_environment()
    if offline:
        _print_what_there_is(settings, chosen)
        return
    with _progress("Fetching") as progress:
        summary = ingest.fetch(
            settings,
            chosen,
            sources=[it.value for it in source] if source else ingest.SOURCES,
            start_year=start,
            progress=lambda it: progress(it.done / it.total),
        )
    if len(summary.failed) and not summary.changes and not summary.unchanged:
        summary.check()
    for line in summary.missing:
        _note(f"not there: {line}")
    for line in summary.kept:
        _note(f"kept the series on its later base: {line}")
    for line in summary.failed[1:]:
        _note(f"failed: {line}")
    _print(
        f"{summary.requested} series asked for, {summary.unchanged} unchanged: "
        f"{summary.added:,} new values, {summary.revised:,} revised"
    )
    summary.check()


def _print_what_there_is(settings: Settings, chosen: "list[Country]") -> None:
    from econnet import ingest

    known = ingest.known(settings)
    for one in chosen:
        own = known.series[known.series["country"] == one.alpha3]
        if len(own):
            newest = own["retrieved_at"].max().date()
            _print(
                f"{one.name}: {len(own)} series in {PLACES[known.source]}, "
                f"retrieved up to {newest}"
            )
        else:
            _print(f"{one.name}: nothing in {PLACES[known.source]}")


@app.command()
def export(
    output: Annotated[
        Path, typer.Option("--output", help="File to write: .csv, .parquet or .xlsx.")
    ],
    country: Countries = None,
    indicator: Annotated[
        list[str] | None, typer.Option(help="By default all indicators.")
    ] = None,
    form: Annotated[
        Literal["csv", "parquet", "xlsx"] | None,
        typer.Option("--format", help="By default as the file's name ends."),
    ] = None,
    as_of: AsOfOption = None,
) -> None:
    """Write the data there are to a file, one row an observation.

    Example: econnet export --country DEU --indicator real_gdp --output gdp.csv
    """
    from econnet import ingest, store

    named = [one.alpha3 for one in _resolve_all(country)] if country else None
    path = output if form is None else output.with_suffix(f".{form}")
    rows = ingest.known(
        Settings.from_environment(), _date(as_of), countries=named
    ).observations
    if indicator:
        rows = rows[rows["indicator"].isin(indicator)]
    if rows.empty:
        raise DataError(
            "there are no such observations: `econnet status` says what there is"
        )
    store.export(rows, path)
    _print(f"{len(rows):,} observations in {path}")


@app.command()
def status(json: JsonOption = False) -> None:
    """Say what data, models and forecasts there are.

    Example: econnet status --json
    """
    from econnet import ingest

    settings = Settings.from_environment()
    known = ingest.known(settings)
    stored = ingest.store(settings)
    sources = [
        {
            "source": source,
            "series": len(rows),
            "countries": int(rows["country"].nunique()),
            "first_period": rows["first_period"].min(),
            "last_period": rows["last_period"].max(),
            "retrieved_at": str(rows["retrieved_at"].max().date()),
            "attribution": rows["attribution"].iloc[0],
        }
        for source, rows in known.series.groupby("source")
    ]
    held = stored.status() if stored.exists() else None
    models = sorted((settings.data_folder / "models").rglob("*.npz"))
    journal = settings.data_folder / "forecasts.csv"
    made = len(journal.read_text("utf-8").splitlines()) - 1 if journal.exists() else 0
    document = {
        "data": known.source,
        "sources": sources,
        "store": None
        if held is None
        else {
            "path": str(held.path),
            "bytes": held.size_bytes,
            "countries": held.n_countries,
            "series": held.n_series,
            "observations": held.n_observations,
            "revisions": held.n_revisions,
            "coverage": json_format.loads(
                held.coverage.to_json(orient="records", date_format="iso")
            ),
            "rebased": json_format.loads(
                held.rebased.to_json(orient="records", date_format="iso")
            ),
        },
        "models": [str(path) for path in models],
        "forecasts": made,
        "data_folder": str(settings.data_folder),
        "reports_folder": str(settings.reports_folder),
    }
    if json:
        _print_json(document)
        return
    for notice in known.notices:
        _note(notice)
    _print_table(
        "Data",
        ("source", "series", "countries", "first", "last", "retrieved"),
        [tuple(map(str, list(row.values())[:6])) for row in sources],
    )
    if held is not None:
        _print_store(held)
    _print(f"Models: {len(models)} in {settings.data_folder / 'models'}")
    _print(f"Forecasts made: {made}")


def _print_store(held: "Status") -> None:
    """Print what the store covers, and where a series came on another base."""
    _print_table(
        f"Store: {held.path}, {held.size_bytes / 1e6:.1f} MB, "
        f"{held.n_observations:,} observations, {held.n_revisions:,} revised",
        ("indicator", "source", "countries", "first", "last", "revised", "asked"),
        [
            (
                row["indicator"],
                f"{row['source']} {row['frequency']}"
                f"{' (ended)' if row['discontinued'] else ''}",
                row["countries"],
                row["first_period"],
                row["last_period"],
                row["revisions"],
                row["retrieved_at"].date(),
            )
            for row in held.coverage.to_dict("records")
        ],
    )
    for row in held.rebased.itertuples():
        _print(
            f"Rebased: {row.source} {row.series_id} of {row.country} came on base "
            f"{row.base_left} beside {row.base_kept}; the later is kept"
        )


@app.command()
def countries(json: JsonOption = False) -> None:
    """List the countries whose output econnet knows.

    Example: econnet countries --json
    """
    from econnet.countries import by_alpha3

    series = _known(Settings.from_environment()).series
    output = series[series["indicator"] == "real_gdp"]
    rows = []
    for alpha3, own in output.groupby("country"):
        finest = "Q" if (own["frequency"] == "Q").any() else "A"
        longest = own[own["frequency"] == finest].sort_values("last_period").iloc[-1]
        rows.append(
            {
                "country": alpha3,
                "name": by_alpha3(str(alpha3)).name,
                "frequency": finest,
                "first_period": longest["first_period"],
                "last_period": longest["last_period"],
            }
        )
    if json:
        _print_json(rows)
        return
    _print_table(
        f"{len(rows)} countries with real GDP",
        ("code", "name", "frequency", "first", "last"),
        [tuple(row.values()) for row in rows],
    )


@app.command()
def indicators(
    search: Annotated[
        str | None, typer.Option(help="Only those whose title or key has these words.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the indicators that econnet knows how to use.

    Example: econnet indicators --search "consumer prices"
    """
    from econnet import catalog

    words = (search or "").casefold().split()
    rows = [
        {
            "indicator": indicator.key,
            "title": indicator.title,
            "unit": indicator.unit,
            "group": indicator.group,
            "transform": indicator.transform,
            "sources": sorted({template.source for template in indicator.series}),
        }
        for indicator in catalog.load().values()
        if all(
            word in f"{indicator.key} {indicator.title} {indicator.group}".casefold()
            for word in words
        )
    ]
    if json:
        _print_json(rows)
        return
    if not rows:
        raise UsageError(
            f"no indicator has the words {search!r}: `econnet indicators` lists all"
        )
    _print_table(
        f"{len(rows)} indicators",
        ("indicator", "title", "unit", "sources"),
        [
            (row["indicator"], row["title"], row["unit"], ", ".join(row["sources"]))
            for row in rows
        ],
    )


@app.command()
def duel(
    updates: Annotated[
        int, typer.Option(min=1, help="Steps of gradient descent for everyone.")
    ] = 10_000,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Rows of a batch; by default all 900.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Race econnet's network against Keras, PyTorch and scikit-learn on two moons.

    Those that are installed take part; `pip install 'econnet[duel]'` brings them.

    Example: econnet duel --updates 1000
    """
    from econnet import duel

    folder = Settings.from_environment().reports_folder / "duel"
    with _working("Training one after another"):
        result = duel.run(
            duel.Work(updates, batch_size),
            progress=lambda name: _note(f"training {name}"),
        )
    folder.mkdir(parents=True, exist_ok=True)
    duel.draw(result, folder / "duel.png")
    table = result.table()
    if json:
        _print_json(table.to_dict("records"))
        return
    _print_table(
        f"Two moons, {updates:,} updates",
        tuple(map(str, table)),
        [
            tuple(f"{it:.3g}" if isinstance(it, float) else it for it in row)
            for row in table.itertuples(index=False)
        ],
    )
    _print(f"Picture: {folder / 'duel.png'}")


def main() -> None:
    """Run the command line, and turn every known problem into a line and a code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code)
    except EconnetError as error:
        _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        _fail(error.format_message(), UsageError.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", 130)
    except _ClosedPipeError:
        # Nobody reads any more; what Python would flush at exit has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


def _fail(message: str, exit_code: int) -> NoReturn:
    if _run.debug:
        raise
    typer.echo(f"econnet: {message}", err=True)
    sys.exit(exit_code)


@dataclass(frozen=True)
class _Asked:
    """The task as it was asked for, frequency and country still open."""

    frequency: Frequency | None
    target: str
    label: str
    horizon: int
    pool: Pool
    members: int
    seed: int
    as_of: str | None

    def task(self, known: "Known", country: "Country") -> "Task":
        """Return the task for a country, its frequency settled by the data."""
        from econnet import forecast, labels

        if self.target not in known.indicators:
            raise UsageError(_unknown_target(self.target, known))
        frequency = self.frequency or forecast.choose_frequency(
            known, country, self.target, self.label
        )
        labels.check(self.label, frequency)
        return forecast.Task(
            frequency=frequency,
            target=self.target,
            label=self.label,
            horizon=self.horizon,
            pool=self.pool,
            members=self.members,
            seed=self.seed,
        )


@dataclass(frozen=True, eq=False)
class _Job:
    """A country, its task, and where its files stand."""

    known: "Known"
    country: "Country"
    task: "Task"
    as_of: "pd.Timestamp | None"
    model_file: Path
    report_folder: Path
    journal_file: Path

    def forecast(self, retrain: bool = False) -> "Forecast":
        """Return the forecast, training where no model fits."""
        from econnet import forecast, journal, models

        with _working("Reading the data"):
            prepared = forecast.prepare(self.known, self.country, self.task, self.as_of)
        _note_data(prepared)
        model = None if retrain else forecast.stored_model(prepared, self.model_file)
        if model is None:
            if not retrain:
                _note(
                    f"no model fits {self.country.name} and this task yet: training one"
                )
            with _progress("Replaying history") as progress:
                model = forecast.train(prepared, progress)
            models.save(model, self.model_file)
        made = forecast.make(prepared, model)
        journal.add(made, self.journal_file)
        return made


def _jobs(
    names: list[str] | None,
    data: Path | None,
    lag: int,
    kinds: list[str] | None,
    asked: _Asked,
) -> list[_Job]:
    """Return what is to be done, each name resolved before any work begins."""
    from econnet import forecast

    settings, as_of = Settings.from_environment(), _date(asked.as_of)
    if data is None:
        if not names:
            raise UsageError("say which country: --country DEU, or --data FILE")
        chosen = _resolve_all(names)
        known = _known(settings, as_of)
        above = Path()
    else:
        known = _own_data(data, lag, kinds or [])
        chosen = _countries_of(known, names)
        above = Path(_safe(data.stem))
    jobs = []
    for one in chosen:
        task = asked.task(known, one)
        if data is None:
            where = forecast.place(known, one, task)
        else:
            where = above / _safe(one.name) if len(chosen) > 1 else above
        models = settings.data_folder / "models"
        jobs.append(
            _Job(
                known,
                one,
                task,
                as_of,
                model_file=models / where.with_name(f"{where.name}.npz"),
                report_folder=settings.reports_folder / where,
                journal_file=settings.data_folder / "forecasts.csv",
            )
        )
    return jobs


def _known(settings: Settings, as_of: "pd.Timestamp | None" = None) -> "Known":
    """Return the data of the store, and of the snapshot where it lacks them."""
    from econnet import ingest

    found = ingest.known(settings, as_of)
    if found.source == "store":
        for notice in found.notices:
            _note(notice)
    return found


def _own_data(path: Path, lag: int, kinds: list[str]) -> "Known":
    """Return the user's file, and say what each of its columns was taken for."""
    from econnet.sources import tabular
    from econnet.sources.observations import Known

    said = {}
    for text in kinds:
        column, _, kind = text.rpartition("=")
        if not column or kind not in tabular.KINDS:
            raise UsageError(
                f"--kind {text!r} is not COLUMN=KIND: a kind is one of "
                f"{', '.join(tabular.KINDS)}"
            )
        said[column] = kind
    table = tabular.read(path, kinds=said, lag=lag)
    taken = ", ".join(f"{name} {kind}" for name, kind in table.kinds.items())
    _note(f"{path.name}: taken as {taken}; --kind COLUMN=KIND says otherwise")
    return Known(table.observations, table.series, path.name, table.indicators)


def _countries_of(known: "Known", names: list[str] | None) -> "list[Country]":
    """Return the countries of the user's file, or those of them that were named."""
    from econnet.countries import Country

    there = sorted(known.observations["country"].unique())
    for name in names or []:
        if name not in there:
            raise UsageError(
                f"{known.source} has no country {name!r}: it has "
                f"{', '.join(there[:8])}{', ...' if len(there) > 8 else ''}"
            )
    return [Country(name, "", name) for name in names or there]


def _safe(name: str) -> str:
    """Return a name that stays within its folder, whatever a file is called."""
    kept = "".join(c if c.isalnum() or c in "-_ " else "-" for c in name).strip()
    return kept or "data"


def _unknown_target(target: str, known: "Known") -> str:
    from difflib import get_close_matches

    near = get_close_matches(target, known.indicators, n=3)
    cure = (
        f"nearest: {', '.join(near)}"
        if near
        else "`econnet indicators --search` finds one by words"
    )
    return f"no indicator is called {target!r}: {cure}"


def _resolve_all(names: list[str]) -> "list[Country]":
    """Return every country named, before any work is done for the first."""
    from econnet import countries

    return [countries.resolve(name) for name in names]


def _date(text: str | None) -> "pd.Timestamp | None":
    import pandas as pd

    if text is None:
        return None
    try:
        return pd.Timestamp(text)
    except ValueError as error:
        raise UsageError(f"--as-of {text!r} is no date: write 2008-10-01") from error


def _note_data(prepared: "Prepared") -> None:
    """Say what is used, and first of all whether it is old."""
    import pandas as pd

    from econnet import forecast

    used = forecast.data_used(prepared)
    name = prepared.country.name
    if pd.Timestamp(used.next_due) < pd.Timestamp.now():
        cure = f"`econnet fetch --country {prepared.country.alpha3}` gets them"
        if used.source not in {"snapshot", "store"}:
            cure = f"bring {used.source} up to date"
        _note(
            f"the data for {name} are old: they end in {used.last_period}, and newer "
            f"figures have been due since {used.next_due}; {cure}"
        )
    frequency = forecast.FREQUENCY_WORDS[prepared.task.frequency]
    origin = PLACES.get(used.source, used.source)
    _note(
        f"{name}: {frequency} data from {origin}, "
        f"{used.first_period} to {used.last_period}, as known on {used.as_of}; "
        f"learning from {used.n_countries} "
        f"{'country' if used.n_countries == 1 else 'countries'}"
    )


def _show(made: "Forecast") -> None:
    """Print the answer in a few lines."""
    from econnet.report import words

    verdict = words.verdict(made)
    _print(f"{made.country.name}: {words.odds(made.probability)}")
    _print(words.chance(made))
    _print(f"{words.position(made)} {verdict.call}: {verdict.reason}")


class _ClosedPipeError(Exception):
    """Whoever read the answer has stopped reading."""


def _print(answer: object) -> None:
    """Print to stdout; `typer` would call a closed pipe a failure."""
    try:
        typer.echo(answer)
    except BrokenPipeError as error:
        raise _ClosedPipeError from error


def _print_json(document: object) -> None:
    _print(json_format.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def _print_table(
    title: str, head: tuple[str, ...], rows: list[tuple[object, ...]]
) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in head:
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console = Console()
    with console.capture() as shown:
        console.print(table)
    _print(shown.get().rstrip())


def _note(message: str) -> None:
    if not _run.quiet:
        typer.echo(f"econnet: {message}", err=True)


@contextmanager
def _working(message: str) -> Iterator[None]:
    """Show that something is under way, if somebody looks."""
    console = Console(stderr=True)
    if _run.quiet or not console.is_terminal:
        yield
        return
    with console.status(message):
        yield


@contextmanager
def _progress(message: str) -> Iterator[Callable[[float], None]]:
    """Show how much of the work is done, if somebody looks."""
    console = Console(stderr=True)
    if _run.quiet or not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(message, total=1.0)
        yield lambda share: progress.update(bar, completed=share)
