"""Crashes: kill fetch, train and report at random moments, and look at what is left.

`python -m tests.torture.kills --kills 100` kills each command that often, with SIGKILL,
after a random part of the time that it takes. Afterwards the store must open and
contain each series completely, and the model and the log must be intact; so must the
report, unless its `SHA256SUMS` shows that it is not. Every so often the same command is
run again, and must succeed and leave nothing unfinished.

`--moves` leaves nothing to chance: it kills train and report at every call by which the
files of a report are written and moved into place, over an earlier report and where
there was none. Then the folder contains the earlier report, or the new one, or
`econnet check` reports it as neither.
"""

import argparse
import logging
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from econnet.core.settings import Settings
from econnet.forecast.check import check
from econnet.runtime import atomic_files
from tests.torture.runner import KINDS
from tests.torture.work import COMMANDS, WRITING, Bench, Command, bench, broken, torn


@dataclass(frozen=True)
class Kill:
    """One kill: when it came, whether in time, and what was wrong afterwards.

    Parameters
    ----------
    moment
        So many seconds after the beginning, or the call at which it came.
    told
        The report was half old and half new, and its sums say so.
    unfinished
        Files that were left unfinished.
    """

    command: Command
    moment: str
    in_time: bool
    told: bool
    unfinished: int
    wrong: tuple[str, ...]


def kill(place: Bench, command: Command, after: float) -> Kill:
    """Kill a command after some seconds, in a fresh folder."""
    ended = place.run(command, kill_after=after)
    return Kill(
        command,
        f"{after:.3f} s",
        in_time=ended.exit_code == -signal.SIGKILL,
        told=bool(torn(place.folder)),
        unfinished=len(atomic_files.temporary_files(place.folder)),
        wrong=tuple(broken(place.before, place.folder)),
    )


def ill_repeated(place: Bench, command: Command) -> Iterator[str]:
    """Yield what is wrong after the command was run again where it was killed."""
    ended = place.again(command)
    if ended.exit_code != 0:
        yield f"given again, it ends in {ended.exit_code}: {ended.stderr.strip()}"
    yield from (
        f"not cleared: {it}" for it in atomic_files.temporary_files(place.folder)
    )
    yield from (f"{it.path.name} {it.reason}" for it in torn(place.folder))
    yield from broken(place.before, place.folder)


def kills(
    place: Bench, command: Command, number: int, rng: np.random.Generator, repeat: int
) -> Iterator[Kill]:
    """Kill a command several times; every `repeat`-th time, run it again."""
    usual = place.run(command).seconds
    for count in range(1, number + 1):
        after = max(0.001, float(rng.uniform(0, usual)))
        one = kill(place, command, after)
        if not one.in_time:  # it ended sooner than usual, and so may the next
            usual = min(usual, after)
        if count % repeat == 0:
            again = tuple(ill_repeated(place, command))
            one = replace(one, wrong=(*one.wrong, *again))
        yield one


def moves(place: Bench, command: Command) -> Iterator[Kill]:
    """Kill a command at each call that writes or moves its report, one after another.

    It is run again each time, from where it begins to write.
    """
    at_call = KINDS["kill"].fault
    with place.paused(command, WRITING) as writing:
        earlier = report_in(writing.begun)
        calls = writing.count(command, KINDS["kill"])
        later = report_in(place.folder)
        for at in range(1, calls + 1):
            ended = writing.run(command, replace(at_call, at=at))
            seen, told = report_in(place.folder), is_told(place.folder)
            wrong = []
            if told != (seen not in (earlier, later)):
                wrong.append("told as torn" if told else "torn, and not told")
            unfinished = len(atomic_files.temporary_files(place.folder))
            if writing.again(command).exit_code != 0 or is_told(place.folder):
                wrong.append("given again, it does not end well")
            if report_in(place.folder) != later or atomic_files.temporary_files(
                place.folder
            ):
                wrong.append("given again, its report is not what it should be")
            yield Kill(
                command,
                ended.where,
                in_time=ended.exit_code == -signal.SIGKILL,
                told=told,
                unfinished=unfinished,
                wrong=tuple(wrong),
            )


def report_in(folder: Path) -> Mapping[str, bytes]:
    """Return every file of the report, but for those that are unfinished."""
    reports = folder / "reports"
    return {
        str(path.relative_to(reports)): path.read_bytes()
        for path in reports.rglob("*")
        if path.is_file() and not path.name.endswith(".part")
    }


def is_told(folder: Path) -> bool:
    """Return whether `econnet check` says that a report is broken."""
    seen = check(Settings(folder / "data", folder / "reports", {}))
    return any(it.part == "reports" for it in seen.broken)


def without_report(place: Bench) -> Bench:
    """Return the bench as it was before there was a report."""
    begun = place.before.with_name("without-report")
    shutil.copytree(place.before, begun)
    shutil.rmtree(begun / "reports")
    return replace(place, begun=begun)


def row(name: str, seen: Sequence[Kill]) -> str:
    """Return what came of the kills as a line of a Markdown table."""
    in_time = sum(it.in_time for it in seen)
    return (
        f"| {name} | {len(seen)} | {in_time} | {sum(it.told for it in seen)} "
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
    parser.add_argument("--moves", action="store_true", help="at each call of a report")
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    began, wrong = time.monotonic(), False
    print(HEAD, "|---|---|---|---|---|---|", sep="\n", flush=True)  # noqa: T201
    with tempfile.TemporaryDirectory() as scratch, bench(Path(scratch)) as place:
        for name, coming in _asked_for(place, asked):
            seen = []
            for one in coming:
                seen.append(one)
                if one.wrong:
                    wrong = True
                    print(one, file=sys.stderr, flush=True)  # noqa: T201
            print(row(name, seen), flush=True)  # noqa: T201
    print(f"\n{time.monotonic() - began:.0f} s, seed {asked.seed}")  # noqa: T201
    sys.exit(1 if wrong else 0)


def _asked_for(
    place: Bench, asked: argparse.Namespace
) -> Iterator[tuple[str, Iterator[Kill]]]:
    """Yield what is killed, and the kills."""
    rng = np.random.default_rng(asked.seed)
    if not asked.moves:
        for command in asked.command or COMMANDS:
            yield command, kills(place, command, asked.kills, rng, asked.repeat)
        return
    fresh = without_report(place)
    chosen: Sequence[Command] = asked.command or ("train", "report")
    for command in chosen:
        yield f"{command}, over an earlier report", moves(place, command)
        yield f"{command}, the first report", moves(fresh, command)


if __name__ == "__main__":
    main()
