"""What the commands print: results to stdout, everything else to stderr.

Progress is shown on a terminal only, and `--quiet` leaves the result alone. Names come
from untrusted files: they cannot move the cursor and are never read as markup, and a
character that the terminal lacks is shown by its code.
"""

import io
import json as json_format
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from econnet.core.periods import FREQUENCY_WORDS
from econnet.core.text import in_lines, printable

if TYPE_CHECKING:
    from econnet.core.countries import Country
    from econnet.core.periods import Frequency
    from econnet.core.task import Task
    from econnet.forecast.listener import Listener
    from econnet.forecast.result import DataUsed, DaySkill, Forecast

PLACES = {"snapshot": "the bundled snapshot", "store": "the store"}


@dataclass
class Manner:
    """The options before the command that concern output."""

    quiet: bool = False


manner = Manner()


class ClosedPipeError(Exception):
    """The reader of stdout has gone."""


@contextmanager
def _writing() -> Iterator[None]:
    """Name stdout in its errors; `typer` would report a closed pipe as a failure."""
    try:
        yield
    except BrokenPipeError as error:
        raise ClosedPipeError from error
    except OSError as error:
        raise OSError(error.errno, error.strerror, "stdout") from error


def print_answer(text: object) -> None:
    """Print to stdout, without control characters."""
    _print("\n".join(map(printable, str(text).split("\n"))))


def _print(text: str) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with _writing():
        typer.echo(text)


def finish() -> None:
    """Flush stdout, so that an error in writing it is reported."""
    if sys.stdout is not None:  # `None` if the shell closed it: `>&-`
        with _writing():
            sys.stdout.flush()


def prose(text: str) -> None:
    """Print a paragraph to stdout, in lines that fit the terminal."""
    print_answer(in_lines(text, _width()))


def _width() -> int:
    """Return the width of the terminal, or the minimum if it reports less."""
    return max(Console().width, MIN_WIDTH)


def print_json(document: object) -> None:
    """Print one JSON document to stdout."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    text = json_format.dumps(
        document,
        indent=2,
        ensure_ascii=not encoding.lower().startswith("utf"),
        allow_nan=False,
    )
    _print(CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def table(title: str, head: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Print a table that fits the terminal."""
    drawn = Table(
        title=Text(printable(title)), title_justify="left", box=None, pad_edge=False
    )
    for column, width in zip(head, _widths(head, rows), strict=True):
        drawn.add_column(column, overflow="fold", width=width)
    for row in rows:
        drawn.add_row(*(Text(printable(str(cell))) for cell in row))
    console = Console(width=_width())
    with _writing(), console.capture() as shown:
        console.print(drawn)
    _print("\n".join(line.rstrip() for line in shown.get().splitlines()))


def _widths(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> list[int | None]:
    """Return the widths of columns that together fit the terminal and break no word.

    `None` for all columns where the cells fit as they are, or where the longest words
    do not fit beside each other.
    """
    columns = [[*map(str, column)] for column in zip(head, *rows, strict=True)]
    whole = [max(map(cell_len, column)) for column in columns]
    words = [
        max((cell_len(word) for cell in column for word in cell.split()), default=0)
        for column in columns
    ]
    room = _width() - COLUMN_GAP * (len(head) - 1)
    if sum(whole) <= room or sum(words) > room:
        return [None] * len(head)
    return [*_narrowed(whole, words, room)]


def _narrowed(whole: list[int], least: list[int], room: int) -> list[int]:
    """Return widths that sum to `room`, the widest columns narrowed first."""
    widest = max(whole)
    widths = whole
    while sum(widths) > room:
        widest -= 1
        widths = [
            max(low, min(high, widest)) for high, low in zip(whole, least, strict=True)
        ]
    spare = room - sum(widths)
    lacking = [high - width for high, width in zip(whole, widths, strict=True)]
    # What is left completes the columns that lack least.
    for place in sorted(range(len(whole)), key=lacking.__getitem__):
        more = min(spare, lacking[place])
        widths[place] += more
        spare -= more
    return widths


def note(message: str) -> None:
    """Print a line to stderr, unless `--quiet` was given.

    On a terminal it is broken between words.
    """
    if manner.quiet:
        return
    text = f"econnet: {printable(message)}"
    if (console := _terminal()) is not None:
        text = in_lines(text, max(console.width, MIN_WIDTH))
    # A full disk or a closed pipe behind stderr loses the note, never the answer.
    with suppress(OSError):
        typer.echo(text, err=True)


def first_steps() -> None:
    """Print what to do first in a new folder."""
    for line in FIRST_STEPS:
        prose(line)


@contextmanager
def working(name: str) -> Iterator[None]:
    """Show on a terminal that work is under way."""
    console = _terminal()
    with console.status(Text(printable(name))) if console else nullcontext():
        yield


def _terminal() -> Console | None:
    """Return the terminal that shows progress, if there is one.

    `FORCE_COLOR`, which continuous integration sets, does not make a pipe a terminal.
    """
    console = _stderr()
    is_terminal = console.is_terminal and sys.stderr.isatty()
    return console if is_terminal and not manner.quiet else None


@cache
def _stderr() -> Console:
    """Return the one console of stderr: two would draw over each other's lines."""
    return Console(stderr=True)


def how_far(done: int, total: int, seconds: float) -> str:
    """Return which of many items is under way, and how long the rest will take.

    `seconds` is the time that the finished items took.
    """
    if total == 1:
        return ""
    position = f"{done + 1:,} of {total:,}"
    if not done:
        return f" ({position})"
    left = timedelta(seconds=round(seconds / done * (total - done)))
    return f" ({position}, {left} left)"


@contextmanager
def stages() -> Iterator[Callable[[str, float], None]]:
    """Show on a terminal which stages are under way, and the share done of each."""
    console = _terminal()
    if console is None:
        yield lambda *_: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        bars: dict[str, TaskID] = {}

        def update(stage: str, share: float) -> None:
            if stage not in bars:
                bars[stage] = shown.add_task(printable(stage), total=1.0)
            shown.update(bars[stage], completed=share)

        yield update


@contextmanager
def progress(name: str) -> Iterator[Callable[[float], None]]:
    """Show on a terminal what share of the work is done."""
    with stages() as update:
        update(name, 0.0)
        yield lambda share: update(name, share)


def print_verdict(forecast: "Forecast") -> None:
    """Print a forecast in a few lines."""
    from econnet.report import wording

    verdict, stale = wording.verdict(forecast), wording.stale(forecast)
    prose(f"{forecast.country.name}: {wording.question(forecast)}")
    if stale is not None and stale.passed:
        prose(stale.sentence)
        prose(wording.illustration(forecast))
    else:
        prose(
            f"{wording.percent(forecast.probability)} "
            f"(90% interval {wording.percent_range(forecast.interval)}; historical "
            f"average {wording.percent(forecast.base_rate)})"
        )
        prose(wording.position(forecast))
    prose(verdict.text)
    for sentence in (wording.what_if(forecast), wording.decision(forecast)):
        if sentence:
            prose(sentence)
    if reason := wording.headline_reason(forecast):
        prose(reason)
    skill_by_day("Skill by information day", forecast.skill_by_day, forecast.task)
    if forecast.questions:
        table(
            "Questions, best-proven skill first",
            _fitting(wording.QUESTIONS_HEAD),
            [*map(_fitting, wording.question_rows(forecast))],
        )


def _fitting(row: "Sequence[str]") -> tuple[str, ...]:
    """Return a row of the questions without the confidence, for 80 columns."""
    from econnet.report import wording

    left_out = wording.QUESTIONS_HEAD.index("confidence")
    return tuple(cell for place, cell in enumerate(row) if place != left_out)


def skill_by_day(title: str, days: "Sequence[DaySkill]", task: "Task") -> None:
    """Print the skill on each day, if there are any, and what it compares."""
    from econnet.report import wording

    if days:
        table(title, wording.DAY_HEAD, [(*row,) for row in wording.day_rows(days)])
        prose(wording.day_note(days, task.frequency))


def listener() -> "Listener":
    """Return what shows the steps to a forecast in the terminal."""
    from econnet.forecast.listener import Listener

    class Terminal(Listener):
        note = staticmethod(note)
        data_read = staticmethod(print_data_used)
        step = staticmethod(working)
        progress = staticmethod(progress)

    return Terminal()


def print_data_used(
    country: "Country", frequency: "Frequency", used: "DataUsed"
) -> None:
    """Print which data are used; first of all, whether they are out of date."""
    import pandas as pd

    name = country.name
    if pd.Timestamp(used.next_due) < pd.Timestamp.now():
        remedy = f"run `econnet fetch --country {country.alpha3}`"
        if used.source not in PLACES:
            remedy = f"add newer values to {used.source}"
        note(
            f"{name}: the data are out of date (they end in {used.last_period}, and "
            f"newer values have been due since {used.next_due}): {remedy}"
        )
    origin = PLACES.get(used.source, used.source)
    note(
        f"{name}: {FREQUENCY_WORDS[frequency]} data from {origin}, "
        f"{used.first_period} to {used.last_period}, as known on {used.used_until}; "
        f"trained on {used.n_countries} "
        f"{'country' if used.n_countries == 1 else 'countries'}"
    )
    if used.not_yet_used:
        newer = [f"{each.title} {each.period}" for each in used.not_yet_used]
        more = f" and {len(newer) - 4} more" if len(newer) > 4 else ""
        note(
            f"published since, and used from {used.next_day}: "
            f"{', '.join(newer[:4])}{more}"
        )


MIN_WIDTH = 40
COLUMN_GAP = 2
# JSON may contain these unescaped, but a terminal obeys them.
CONTROLS = re.compile(
    r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]",
)
FIRST_STEPS = (
    "No data downloaded and no model trained in this folder yet.",
    "  econnet report --country DEU  forecasts from the bundled data: reports/DEU/",
    "  econnet fetch --country DEU   downloads newer data; econnet --help lists all",
)
