"""Torture: let the n-th call of fetch, train and report fail, for every n.

`python -m tests.torture.run --command report` fails each call to a file, a connection
and DuckDB in every way there is, and of the many functions some, evenly spaced. It
prints whatever was not as promised, and a table at the end.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.torture.runner import KINDS, Kind
from tests.torture.work import COMMANDS, Bench, Command, Verdict, bench


@dataclass(frozen=True)
class Result:
    """How a command stood one kind of fault."""

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
    """Return which calls fail: all of them, or so many spread evenly over them."""
    if calls <= at_most:
        return range(1, calls + 1)
    step = calls / at_most
    offset = np.random.default_rng(seed).uniform(0, step)
    return [1 + int(offset + step * number) for number in range(at_most)]


def torture(
    place: Bench, command: Command, kind: Kind, at_most: int, seed: int
) -> Result:
    """Let the calls of a command fail, one after another, each in a fresh folder."""
    calls = place.count(command, kind)
    verdicts = [
        place.torture(command, kind, at) for at in numbers(calls, at_most, seed)
    ]
    return Result(command, kind.name, calls, tuple(verdicts))


def main() -> None:
    """Run what was asked for, and end with 1 where anything was not as promised."""
    asked = _arguments()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    began = time.monotonic()
    print(HEAD, "|---|---|---|---|---|---|", sep="\n", flush=True)  # noqa: T201
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch, bench(Path(scratch)) as place:
        for result in _results(place, asked):
            print(result.row(), flush=True)  # noqa: T201
            for verdict in result.verdicts:
                if verdict.wrong:
                    wrong += 1
                    print(verdict, file=sys.stderr, flush=True)  # noqa: T201
    print(f"\n{time.monotonic() - began:.0f} s, seed {asked.seed}")  # noqa: T201
    sys.exit(1 if wrong else 0)


def _results(place: Bench, asked: argparse.Namespace) -> Iterator[Result]:
    for command in asked.command or COMMANDS:
        for name in asked.kind or KINDS:
            kind = KINDS[name]
            many = kind.fault.layer == "functions"
            at_most = asked.functions if many else asked.calls
            yield torture(place, command, kind, at_most, asked.seed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", action="append", choices=list(COMMANDS))
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    parser.add_argument("--calls", type=int, default=100_000, help="at most so many")
    parser.add_argument("--functions", type=int, default=200, help="at most so many")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
