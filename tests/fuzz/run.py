"""Fuzz the parsers of outside input, each for some seconds of processor time.

    python -m tests.fuzz.run --seconds 60              all targets
    python -m tests.fuzz.run --seconds 60 csv model    some of them

Each target runs in a process of its own under atheris (libFuzzer), guided by the edges
of the code that an input reaches. It starts from the examples and the earlier findings,
and uses a mutation that follows the format of the input besides libFuzzer's own. An
input may take 20 seconds of processor time, 300 seconds by the clock, and 2 GB. Inputs
that fail are written to `findings/TARGET/`, one for each place in the code, and the
suite reads them from then on. The same seed begins with the same inputs; how far it
gets in its time differs from machine to machine.

With `--corpus FOLDER` the inputs that reached something new are kept there, the next
run begins with them, and `python -m tests.fuzz.reach FOLDER` shows which lines of the
parsers they reach.
"""

import argparse
import hashlib
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.target import Target

FINDINGS = Path(__file__).parent / "findings"
SECONDS_AN_INPUT, MEGABYTES = 20, 2048
# Wall-clock time, which includes that of other programs.
SECONDS_OF_WAITING = 300
LONGEST_INPUT = 100_000


def main() -> None:
    """Fuzz, and print a row for each target."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=60, help="of processor time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="keep what reached something new")
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        fuzz(asked.targets[0], asked.seconds, asked.seed, asked.corpus)
        return
    if not asked.json:
        print("| target | executions | edges reached | findings |")
        print("|---|---|---|---|")
    rows = []
    with tempfile.TemporaryDirectory(prefix="econnet-fuzz-") as passing:
        kept = asked.corpus or Path(passing)
        for name in asked.targets or names_of_targets():
            rows.append(row(name, asked.seconds, asked.seed, kept / name))
            if not asked.json:
                print(f"| {' | '.join(map(str, rows[-1].values()))} |", flush=True)
    if asked.json:
        print(json.dumps(rows, indent=2))
    if any(it["findings"] for it in rows):
        sys.exit(1)


def names_of_targets() -> list[str]:
    """Return the names of all targets."""
    from tests.fuzz.targets import TARGETS

    return list(TARGETS)


def row(name: str, seconds: int, seed: int, corpus: Path) -> dict[str, object]:
    """Fuzz a target in a process of its own, and return what came of it."""
    corpus.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="econnet-fuzz-") as passing:
        run = _run(name, seconds, seed, corpus, passing)
    told = run.stdout + run.stderr  # findings are in the former
    executions = re.findall(r"^EXECUTED (\d+)", told, re.M)
    coverage = re.findall(r"cov: (\d+)", told)
    written = re.findall(r"(?:Test unit|FINDING) written to (\S+)", told)
    if run.returncode and not written:
        sys.exit(f"{name} ended with {run.returncode}:\n{told[-3000:]}")
    if written:
        sys.stderr.write(f"{name}: {', '.join(written)}\n{run.stdout}\n")
    return {
        "target": name,
        "executions": int(executions[-1]) if executions else 0,
        "edges reached": int(coverage[-1]) if coverage else 0,
        "findings": len(written),
    }


def _run(
    name: str, seconds: int, seed: int, corpus: Path, passing: str
) -> "subprocess.CompletedProcess[str]":
    """Fuzz in a process that leaves its files in `passing`, for it ends at once."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz.run", "--inside", name),
            *("--seconds", str(seconds), "--seed", str(seed)),
            *("--corpus", str(corpus)),
        ],
        env=os.environ | {"TMPDIR": passing},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def fuzz(name: str, seconds: int, seed: int, corpus: Path) -> None:
    """Fuzz a target until the time is over, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.target import readers_kept
        from tests.fuzz.targets import TARGETS
    warnings.simplefilter("ignore")
    target = TARGETS[name]

    def mutate(data: bytes, most: int, number: int) -> bytes:
        rng = random.Random(number)
        if rng.random() < 0.3:
            return bytes(atheris.Mutate(data, most))
        from tests.fuzz.mutation import chain

        return chain(target.mutate, data, rng)[:most]

    folder = FINDINGS / name
    folder.mkdir(parents=True, exist_ok=True)
    seen: set[tuple[str, int]] = set()
    executions = itertools.count()
    end = time.process_time() + seconds

    def try_(data: bytes) -> None:
        """Keep what went wrong, once for each place in the code, and go on."""
        executed = next(executions)
        if time.process_time() >= end:
            print(f"EXECUTED {executed}", flush=True)
            os._exit(0)
        try:
            _try_within_limit(target, data)
        except Exception as error:  # noqa: BLE001 - whatever comes out is a finding
            place = _place(error)
            if place in seen:
                return
            seen.add(place)
            path = folder / hashlib.sha256(data).hexdigest()[:16]
            path.write_bytes(data)
            trace = "".join(traceback.format_exception(error)[-8:])
            print(f"{trace}FINDING written to {path}", flush=True)

    earlier = [path.read_bytes() for path in sorted(folder.iterdir())]
    for number, example in enumerate([*target.examples(), *earlier]):
        (corpus / f"{number:03d}").write_bytes(example)
    with readers_kept():
        atheris.Setup(
            [
                sys.argv[0],
                str(corpus),
                f"-seed={seed}",
                f"-max_len={LONGEST_INPUT}",
                f"-timeout={SECONDS_OF_WAITING}",
                f"-report_slow_units={SECONDS_OF_WAITING}",
                f"-rss_limit_mb={MEGABYTES}",
                f"-artifact_prefix={folder}/",
            ],
            try_,
            custom_mutator=mutate,
        )
        atheris.Fuzz()


class TooSlowError(Exception):
    """An input took more processor time than it may."""


def _try_within_limit(target: "Target", data: bytes) -> None:
    began = time.process_time()
    target.try_(data)
    seconds = time.process_time() - began
    if seconds > SECONDS_AN_INPUT:
        raise TooSlowError(f"{seconds:.0f} s")


def _place(error: Exception) -> tuple[str, int]:
    """Return the last line of econnet's that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [it for it in frames if "econnet" in Path(it.filename).parts] or frames
    return own[-1].filename, own[-1].lineno or 0


INSTRUMENTED = ["econnet", "tomllib", "zipfile", "csv", "openpyxl"]

if __name__ == "__main__":
    main()
