"""Torture: let the n-th call of fetch, train and report fail, for every n.

`python -m tests.torture.run --command report` makes each call to a file, a connection
and DuckDB fail in every way there is, and some of the many calls of functions, evenly
spaced. It prints whatever was not as promised, and a table at the end.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.torture.runner import KINDS, Kind
from tests.torture.work import COMMANDS, STOPS, Bench, Command, Verdict, bench


@dataclass(frozen=True)
class Asked:
    """How many calls are to fail at most after each stop; the rest is drawn evenly."""

    calls: int = 100_000
    functions: int = 100
    seed: int = 0

    def numbers(self, kind: Kind, calls: int) -> Sequence[int]:
        """Return which of the calls fail."""
        many = kind.fault.layer == "functions"
        return numbers(calls, self.functions if many else self.calls, self.seed)


@dataclass(frozen=True)
class Result:
    """How a command withstood one kind of fault."""

    command: Command
    kind: str
    calls: int
    verdicts: tuple[Verdict, ...]

    def row(self) -> str:
        """Return this as a line of a Markdown table."""
        codes = Counter(it.ended.exit_code for it in self.verdicts)
        ended = ", ".join(f"{code}: {n}" for code, n in sorted(codes.items()))
        wrong = sum(bool(it.wrong) for it in self.verdicts)
        return (
            f"| {self.command} | {self.kind} | {self.calls:,} | {len(self.verdicts):,} "
            f"| {ended} | {wrong} |"
        )


HEAD = "| command | fault | calls | failed | exit codes | not as promised |"


def numbers(calls: int, at_most: int, seed: int) -> Sequence[int]:
    """Return which calls fail: all of them, or `at_most` spread evenly over them."""
    if calls <= at_most:
        return range(1, calls + 1)
    step = calls / at_most
    offset = np.random.default_rng(seed).uniform(0, step)
    return [1 + int(offset + step * number) for number in range(at_most)]


def torture(
    place: Bench, command: Command, kinds: Sequence[Kind], asked: Asked
) -> Iterator[Verdict | Result]:
    """Let the calls of a command fail, one after another, each in a fresh folder.

    The calls are told apart by the stops that the command has passed, from the last one
    backwards: a run begins at the stop, so that nothing is computed but what comes
    after it. For each kind a result comes when all are through.
    """
    later = dict.fromkeys(kinds, 0)
    seen: dict[Kind, list[Verdict]] = {kind: [] for kind in kinds}
    for stop in [*reversed(STOPS[command]), ""]:
        paused = place.paused(command, stop) if stop else nullcontext(place)
        with paused as begun:
            for kind in kinds:
                calls = begun.count(command, kind)
                for at in asked.numbers(kind, calls - later[kind]):
                    verdict = begun.torture(command, kind, at)
                    seen[kind].append(verdict)
                    yield verdict
                later[kind] = calls
    for kind in kinds:
        yield Result(command, kind.name, later[kind], tuple(seen[kind]))


def main() -> None:
    """Run what was asked for, and end with 1 where anything was not as promised."""
    told = _arguments()
    asked = Asked(told.calls, told.functions, told.seed)
    kinds = [KINDS[name] for name in told.kind or KINDS]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    began = time.monotonic()
    print(HEAD, "|---|---|---|---|---|---|", sep="\n", flush=True)  # noqa: T201
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch, bench(Path(scratch)) as place:
        for command in told.command or COMMANDS:
            for one in torture(place, command, kinds, asked):
                if isinstance(one, Result):
                    print(one.row(), flush=True)  # noqa: T201
                elif one.wrong:
                    wrong += 1
                    print(one, file=sys.stderr, flush=True)  # noqa: T201
    print(f"\n{time.monotonic() - began:.0f} s, seed {asked.seed}")  # noqa: T201
    sys.exit(1 if wrong else 0)


def _arguments() -> argparse.Namespace:
    usual = Asked()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", action="append", choices=list(COMMANDS))
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    parser.add_argument(
        "--calls", type=int, default=usual.calls, help="at most so many after each stop"
    )
    parser.add_argument("--functions", type=int, default=usual.functions, help="same")
    parser.add_argument("--seed", type=int, default=usual.seed)
    return parser.parse_args()


if __name__ == "__main__":
    main()
