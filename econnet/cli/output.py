"""How the commands speak: answers to stdout, everything else to stderr.

Progress is shown to a terminal only, and nothing but the answer with `--quiet`. Names
come from strangers: none moves the cursor or is taken for markup, and a letter that the
terminal lacks is shown by its code.
"""

import io
import json as json_format
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from econnet.core.periods import FREQUENCY_WORDS
from econnet.core.text import printable

if TYPE_CHECKING:
    from econnet.forecast.preparation import PreparedTask
    from econnet.forecast.result import Forecast
    from econnet.forecast.workflow import Listener

PLACES = {"snapshot": "the bundled snapshot", "store": "the store"}


@dataclass
class Manner:
    """How this run was asked to speak, before the command."""

    quiet: bool = False


manner = Manner()


class ClosedPipeError(Exception):
    """Whoever read the answer has stopped reading."""


@contextmanager
def _speaking() -> Iterator[None]:
    """Say what was at fault where stdout does not take what is said.

    `typer` would call a closed pipe a failure.
    """
    try:
        yield
    except BrokenPipeError as error:
        raise ClosedPipeError from error
    except OSError as error:
        raise OSError(error.errno, error.strerror, "stdout") from error


def print_answer(text: object) -> None:
    """Print to stdout, lines without control characters."""
    _print("\n".join(map(printable, str(text).split("\n"))))


def _print(text: str) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with _speaking():
        typer.echo(text)


def finish() -> None:
    """See that everything that was said has been taken."""
    if sys.stdout is not None:  # it is `None` where the shell closed it: `>&-`
        with _speaking():
            sys.stdout.flush()


def prose(text: str) -> None:
    """Print a sentence to stdout, in lines that fit the terminal."""
    print_answer("\n".join(textwrap.wrap(text, _width(), break_long_words=False)))


def _width() -> int:
    """Return how wide to write; a terminal that says it has no room has some."""
    return max(Console().width, NARROWEST)


def print_json(document: object) -> None:
    """Print one JSON document to stdout."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    text = json_format.dumps(
        document,
        indent=2,
        ensure_ascii=not encoding.lower().startswith("utf"),
        allow_nan=False,
    )
    _print(CONTROLS.sub(lambda it: f"\\u{ord(it[0]):04x}", text))


def table(title: str, head: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Print a table that fits the terminal."""
    drawn = Table(
        title=Text(printable(title)), title_justify="left", box=None, pad_edge=False
    )
    for column in head:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(printable(str(cell))) for cell in row))
    console = Console(width=_width())
    with _speaking(), console.capture() as shown:
        console.print(drawn)
    _print("\n".join(line.rstrip() for line in shown.get().splitlines()))


def print_sentences(said: Iterable[str]) -> None:
    """Print sentences to stdout, a paragraph each, as wide as the terminal."""
    for sentence in said:
        print_answer(textwrap.fill(sentence, width=_width()))


def note(message: str) -> None:
    """Say something to stderr that is not the answer, to whoever listens."""
    if not manner.quiet:
        with suppress(BrokenPipeError):
            typer.echo(f"econnet: {printable(message)}", err=True)


def first_steps() -> None:
    """Say what to do where nothing was done yet."""
    for line in FIRST_STEPS:
        prose(line)


@contextmanager
def working(message: str) -> Iterator[None]:
    """Show that something is under way, if somebody looks."""
    console = Console(stderr=True)
    if manner.quiet or not console.is_terminal:
        yield
        return
    with console.status(Text(printable(message))):
        yield


def how_far(done: int, total: int, seconds: float) -> str:
    """Return which of many pieces is under way, and how long the rest will take.

    `seconds` is what those that are done have taken.
    """
    if total == 1:
        return ""
    said = f"{done + 1:,} of {total:,}"
    if not done:
        return f" ({said})"
    left = timedelta(seconds=round(seconds / done * (total - done)))
    return f" ({said}, {left} left)"


def _bar() -> tuple[ProgressColumn, ...]:
    said = TextColumn("{task.description}", markup=False)
    return said, BarColumn(), TimeRemainingColumn()


@contextmanager
def stages() -> Iterator[Callable[[str, float], None]]:
    """Show what is under way and how much of it is done, if somebody looks."""
    console = Console(stderr=True)
    if manner.quiet or not console.is_terminal:
        yield lambda *_: None
        return
    with Progress(*_bar(), console=console, transient=True) as shown:
        bars: dict[str, TaskID] = {}

        def update(stage: str, share: float) -> None:
            if stage not in bars:
                bars[stage] = shown.add_task(printable(stage), total=1.0)
            shown.update(bars[stage], completed=share)

        yield update


@contextmanager
def progress(message: str) -> Iterator[Callable[[float], None]]:
    """Show how much of the work is done, if somebody looks."""
    console = Console(stderr=True)
    if manner.quiet or not console.is_terminal:
        yield lambda _: None
        return
    with Progress(*_bar(), console=console, transient=True) as shown:
        bar = shown.add_task(printable(message), total=1.0)
        yield lambda share: shown.update(bar, completed=share)


def print_verdict(made: "Forecast") -> None:
    """Print a forecast in a few lines."""
    from econnet.report import wording

    said = wording.verdict(made)
    prose(f"{made.country.name}: {wording.odds(made.probability)}")
    prose(wording.chance(made))
    prose(f"{wording.position(made)} {said.call}: {said.reason}")
    if supposed := wording.what_if(made):
        prose(supposed)


def listener() -> "Listener":
    """Return what shows the work of `econnet.forecast.workflow` in the terminal."""
    from econnet.forecast import workflow

    class Terminal(workflow.Listener):
        def note(self, message: str) -> None:
            note(message)

        def data_read(self, prepared: "PreparedTask") -> None:
            print_data_used(prepared)

        def step(self, name: str) -> AbstractContextManager[None]:
            return working(name)

        def progress(
            self, name: str
        ) -> AbstractContextManager[Callable[[float], None]]:
            return progress(name)

    return Terminal()


def print_data_used(prepared: "PreparedTask") -> None:
    """Say what is used, and first of all whether it is old."""
    import pandas as pd

    from econnet.forecast.data_used import data_used

    used = data_used(prepared)
    name = prepared.country.name
    if pd.Timestamp(used.next_due) < pd.Timestamp.now():
        cure = f"`econnet fetch --country {prepared.country.alpha3}` gets them"
        if used.source not in {"snapshot", "store"}:
            cure = f"bring {used.source} up to date"
        note(
            f"the data for {name} are old: they end in {used.last_period}, and newer "
            f"figures have been due since {used.next_due}; {cure}"
        )
    frequency = FREQUENCY_WORDS[prepared.task.frequency]
    origin = PLACES.get(used.source, used.source)
    note(
        f"{name}: {frequency} data from {origin}, "
        f"{used.first_period} to {used.last_period}, as known on {used.as_of}; "
        f"learning from {used.n_countries} "
        f"{'country' if used.n_countries == 1 else 'countries'}"
    )


NARROWEST = 40
# Those that JSON may hold as they are, but a terminal obeys.
CONTROLS = re.compile(r"[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
FIRST_STEPS = (
    "Nothing was fetched or trained here yet; a snapshot of real data is at hand.",
    "  econnet train --country DEU   forecasts from it and writes reports/DEU/",
    "  econnet fetch --country DEU   brings newer figures; econnet --help lists all",
)
