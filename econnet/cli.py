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
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from econnet.catalog import Frequency
from econnet.errors import EconnetError, UsageError
from econnet.report import Format, Paper
from econnet.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from econnet.countries import Country
    from econnet.forecast import Forecast, Known, Prepared, Task

app = typer.Typer(
    help="How likely is it that an economy contracts next, and how far can one trust "
    "that?\n\nExample: econnet train --country DEU",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


Countries = Annotated[
    list[str], typer.Option("--country", help="Name or code: Germany, DE or DEU.")
]
OneCountry = Annotated[str, typer.Option(help="Name or code: Germany, DE or DEU.")]
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
Pool = Literal["all", "own"]
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
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
FormatOption = Annotated[
    list[Format] | None, typer.Option("--format", help="By default all of them.")
]
PaperOption = Annotated[Paper, typer.Option(help="Size of the PDF.")]


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
    country: Countries,
    frequency: FrequencyOption = None,
    target: TargetOption = "real_gdp",
    label: LabelOption = "negative-growth",
    horizon: HorizonOption = 1,
    pool: PoolOption = "all",
    members: MembersOption = 16,
    as_of: AsOfOption = None,
    seed: SeedOption = 0,
) -> None:
    """Replay history, train the networks, and write model and report.

    Example: econnet train --country DEU --country "United Kingdom"
    """
    from econnet.report import document

    chosen = _resolve_all(country)
    settings, known = Settings.from_environment(), _known()
    for one in chosen:
        task = _task(known, one, frequency, target, label, horizon, pool, members, seed)
        forecast, where = _make(settings, known, one, task, as_of, retrain=True)
        with _working("Writing the report"):
            written = document.write(forecast, settings.reports_folder / where)
        _show(forecast)
        _print(f"Report: {written[0]}")


@app.command()
def forecast(
    country: OneCountry,
    frequency: FrequencyOption = None,
    target: TargetOption = "real_gdp",
    label: LabelOption = "negative-growth",
    horizon: HorizonOption = 1,
    pool: PoolOption = "all",
    members: MembersOption = 16,
    as_of: AsOfOption = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Say how likely a contraction is, and how good such calls have been.

    Trains first where no model fits, and says so.

    Example: econnet forecast --country DEU --horizon 2 --json
    """
    from econnet import countries
    from econnet.report import record

    one = countries.resolve(country)
    settings, known = Settings.from_environment(), _known()
    task = _task(known, one, frequency, target, label, horizon, pool, members, seed)
    made, _ = _make(settings, known, one, task, as_of)
    if json:
        _print_json(record.to_dict(made))
    else:
        _show(made)


@app.command()
def report(
    country: Countries,
    frequency: FrequencyOption = None,
    target: TargetOption = "real_gdp",
    label: LabelOption = "negative-growth",
    horizon: HorizonOption = 1,
    pool: PoolOption = "all",
    members: MembersOption = 16,
    as_of: AsOfOption = None,
    seed: SeedOption = 0,
    formats: FormatOption = None,
    paper: PaperOption = "a4",
) -> None:
    """Write the report: PDF, pictures and every number as JSON.

    Trains first where no model fits, and says so.

    Example: econnet report --country BRA --format pdf --paper letter
    """
    from econnet.report import document

    chosen = _resolve_all(country)
    settings, known = Settings.from_environment(), _known()
    for one in chosen:
        task = _task(known, one, frequency, target, label, horizon, pool, members, seed)
        made, where = _make(settings, known, one, task, as_of)
        with _working("Writing the report"):
            written = document.write(
                made, settings.reports_folder / where, formats or list(Format), paper
            )
        for path in written:
            _print(path)


@app.command()
def fetch(country: Countries) -> None:
    """Say what econnet has about a country.

    Example: econnet fetch --country DEU
    """
    chosen = _resolve_all(country)
    known = _known()
    for one in chosen:
        own = known.series[known.series["country"] == one.alpha3]
        _note(
            f"{one.name}: {len(own)} series in the bundled snapshot of "
            f"{known.series['retrieved_at'].max().date()}"
        )
    _note(
        "live sources (World Bank, FRED) come with a later version; until then every "
        "command reads the bundled snapshot"
    )


@app.command()
def status(json: JsonOption = False) -> None:
    """Say what data, models and forecasts there are.

    Example: econnet status --json
    """
    settings, known = Settings.from_environment(), _known()
    by_source = known.series.groupby("source")
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
        for source, rows in by_source
    ]
    models = sorted((settings.data_folder / "models").rglob("*.npz"))
    journal = settings.data_folder / "forecasts.csv"
    made = len(journal.read_text("utf-8").splitlines()) - 1 if journal.exists() else 0
    if json:
        _print_json(
            {
                "data": known.source,
                "sources": sources,
                "models": [str(path) for path in models],
                "forecasts": made,
                "data_folder": str(settings.data_folder),
                "reports_folder": str(settings.reports_folder),
            }
        )
        return
    _print_table(
        f"Data: {known.source}",
        ("source", "series", "countries", "first", "last", "retrieved"),
        [tuple(map(str, list(row.values())[:6])) for row in sources],
    )
    _print(f"Models: {len(models)} in {settings.data_folder / 'models'}")
    _print(f"Forecasts made: {made}")


@app.command()
def countries(json: JsonOption = False) -> None:
    """List the countries whose output econnet knows.

    Example: econnet countries --json
    """
    from econnet.countries import by_alpha3

    series = _known().series
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


def _known() -> "Known":
    """Return the data there are."""
    from econnet.forecast import Known
    from econnet.sources import snapshot

    bundled = snapshot.load()
    return Known(bundled.observations, bundled.series, "snapshot")


def _resolve_all(names: list[str]) -> "list[Country]":
    """Return every country named, before any work is done for the first."""
    from econnet import countries

    return [countries.resolve(name) for name in names]


def _task(
    known: "Known",
    country: "Country",
    frequency: Frequency | None,
    target: str,
    label: str,
    horizon: int,
    pool: Pool,
    members: int,
    seed: int,
) -> "Task":
    from econnet import catalog, forecast, labels

    if target not in catalog.load():
        raise UsageError(
            f"no indicator is called {target!r}: `econnet indicators --search` finds "
            "one by words"
        )
    settled = frequency or forecast.choose_frequency(known, country, target, label)
    labels.check(label, settled)
    return forecast.Task(
        frequency=settled,
        target=target,
        label=label,
        horizon=horizon,
        pool=pool,
        members=members,
        seed=seed,
    )


def _make(
    settings: Settings,
    known: "Known",
    country: "Country",
    task: "Task",
    as_of: str | None,
    retrain: bool = False,
) -> "tuple[Forecast, Path]":
    """Return the forecast and the place of its files, training where none fits."""
    from econnet import forecast, journal, models

    with _working("Reading the data"):
        prepared = forecast.prepare(known, country, task, _date(as_of))
    _note_data(prepared)
    where = forecast.place(known, country, task)
    path = settings.data_folder / "models" / where.with_name(f"{where.name}.npz")
    model = None if retrain else forecast.stored_model(prepared, path)
    if model is None:
        if not retrain:
            _note(f"no model fits {country.name} and this task yet: training one")
        with _progress("Replaying history") as progress:
            model = forecast.train(prepared, progress)
        models.save(model, path)
    made = forecast.make(prepared, model)
    journal.add(made, settings.data_folder / "forecasts.csv")
    return made, where


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
        _note(
            f"the data for {name} are old: they end in {used.last_period}, and newer "
            f"figures have been due since {used.next_due}; "
            f"`econnet fetch --country {prepared.country.alpha3}` gets them"
        )
    frequency = forecast.FREQUENCY_WORDS[prepared.task.frequency]
    origin = {"snapshot": "the bundled snapshot"}.get(used.source, used.source)
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
