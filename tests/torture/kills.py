"""Crashes: kill fetch, train and report at random moments, and look at what is left.

`python -m tests.torture.kills --kills 100` kills each command so many times, with
SIGKILL, after a random part of the time that it takes. Afterwards the store must open
and hold each series whole, the model and the journal must be whole, and the report
too, or told from a whole one by its `SHA256SUMS`. Every so often the same command is
given again, and must end well and leave nothing unfinished.
"""

import argparse
import logging
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from econnet import whole
from tests.torture.work import COMMANDS, Bench, Command, bench, broken, torn


@dataclass(frozen=True)
class Kill:
    """One kill: when it came, whether in time, and what was wrong afterwards.

    Parameters
    ----------
    told
        The report was half old and half new, and its sums say so.
    unfinished
        Files that were left unfinished.
    """

    command: Command
    after_seconds: float
    in_time: bool
    told: bool
    unfinished: int
    wrong: tuple[str, ...]


def kill(
    place: Bench, command: Command, usual_seconds: float, rng: np.random.Generator
) -> Kill:
    """Kill a command at a random moment, in a fresh folder."""
    after = max(0.001, float(rng.uniform(0, usual_seconds)))
    ended = place.run(command, kill_after=after)
    return Kill(
        command,
        after,
        in_time=ended.exit_code == -signal.SIGKILL,
        told=bool(torn(place.folder)),
        unfinished=len(whole.leftovers(place.folder)),
        wrong=tuple(broken(place.before, place.folder)),
    )


def ill_repeated(place: Bench, command: Command) -> Iterator[str]:
    """Yield what is wrong after the command was given again where it was killed."""
    ended = place.again(command)
    if ended.exit_code != 0:
        yield f"given again, it ends in {ended.exit_code}: {ended.stderr.strip()}"
    yield from (f"not cleared: {it}" for it in whole.leftovers(place.folder))
    yield from (f"{it.path.name} {it.reason}" for it in torn(place.folder))
    yield from broken(place.before, place.folder)


def kills(
    place: Bench, command: Command, number: int, rng: np.random.Generator, repeat: int
) -> Iterator[Kill]:
    """Kill a command so many times; every `repeat`-th time, give it again."""
    usual = place.run(command).seconds
    for count in range(1, number + 1):
        one = kill(place, command, usual, rng)
        if not one.in_time:  # it ended sooner than usual, and so may the next
            usual = min(usual, one.after_seconds)
        if count % repeat == 0:
            again = tuple(ill_repeated(place, command))
            one = Kill(**{**vars(one), "wrong": (*one.wrong, *again)})
        yield one


def row(command: Command, seen: Sequence[Kill]) -> str:
    """Return what came of the kills as a line of a Markdown table."""
    in_time = sum(it.in_time for it in seen)
    return (
        f"| {command} | {len(seen)} | {in_time} | {sum(it.told for it in seen)} "
        f"| {sum(it.unfinished > 0 for it in seen)} "
        f"| {sum(bool(it.wrong) for it in seen)} |"
    )


HEAD = (
    "| command | kills | before its end | report torn, and told so "
    "| something unfinished | not as promised |"
)


def main() -> None:
    """Kill as often as asked, and end with 1 where anything was not as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", action="append", choices=list(COMMANDS))
    parser.add_argument("--kills", type=int, default=100, help="of each command")
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    rng, began, wrong = np.random.default_rng(asked.seed), time.monotonic(), False
    print(HEAD, "|---|---|---|---|---|---|", sep="\n", flush=True)  # noqa: T201
    with tempfile.TemporaryDirectory() as scratch, bench(Path(scratch)) as place:
        for command in asked.command or COMMANDS:
            seen = []
            for one in kills(place, command, asked.kills, rng, asked.repeat):
                seen.append(one)
                if one.wrong:
                    wrong = True
                    print(one, file=sys.stderr, flush=True)  # noqa: T201
            print(row(command, seen), flush=True)  # noqa: T201
    print(f"\n{time.monotonic() - began:.0f} s, seed {asked.seed}")  # noqa: T201
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
