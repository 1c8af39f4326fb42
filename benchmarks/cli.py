"""How soon the command line answers: seconds from pressing return.

    python benchmarks/cli.py [--json] [--rounds 9]

Each command runs in a process of its own, in an empty folder, the rounds of all one
after another; medians are printed. `reach` is the bound that econnet sets itself. A
bare interpreter that imports nothing is timed beside them: what lies below it cannot be
saved.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.rows import Row, as_json

ECONNET = [sys.executable, "-m", "econnet"]
BARE = [sys.executable, "-c", "pass"]
COMPLETING = {
    "_ECONNET_COMPLETE": "complete_bash",
    "COMP_WORDS": "econnet train --country D",
    "COMP_CWORD": "3",
}


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Return how long a command takes in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - began


def measure(rounds: int) -> list[Row]:
    """Return one row per command, each the median of the rounds."""
    commands: dict[str, tuple[list[str], dict[str, str], float | None]] = {
        "econnet --help": ([*ECONNET, "--help"], {}, 0.3),
        "econnet report --help": ([*ECONNET, "report", "--help"], {}, None),
        "completion of a country": (ECONNET, COMPLETING, None),
        "econnet indicators": ([*ECONNET, "indicators"], {}, None),
        "econnet countries": ([*ECONNET, "countries"], {}, None),
    }
    bare = list[float]()
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        bare.append(seconds(BARE, {}))
        for name, (command, environment, _) in commands.items():
            taken[name].append(seconds(command, environment))
    floor = statistics.median(bare)
    return [
        Row(
            name,
            "seconds",
            ours := statistics.median(taken[name]),
            "python -c pass",
            floor,
            floor / ours,
            reach,
        )
        for name, (_, _, reach) in commands.items()
    ]


def main() -> None:
    """Print the rows, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    rows = measure(arguments.rounds)
    if arguments.json:
        print(as_json(rows))
        return
    print(f"{platform.platform()}, Python {platform.python_version()}.\n")
    print("| work | econnet, s | bare interpreter, s | reach, s |")
    print("|---|---|---|---|")
    for row in rows:
        reach = "" if row.reach is None else f"{row.reach:g}"
        print(f"| {row.work} | {row.econnet:.2f} | {row.peer_value:.2f} | {reach} |")


if __name__ == "__main__":
    main()
