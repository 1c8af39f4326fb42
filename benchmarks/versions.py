"""The accuracy of one version of econnet against another's, on the same data.

    PYTHONPATH=CHECKOUT python benchmarks/versions.py record FOLDER
    python benchmarks/versions.py compare OLD_FOLDER NEW_FOLDER

`record` replays the tasks of `benchmarks/accuracy.py` with the version in CHECKOUT, and
writes one CSV file of forecasts per task to FOLDER. `compare` scores the forecasts that
both folders have. For the same data in both versions, copy the bundled data of one
(`econnet/data/snapshot/`) over those of the other.

Intervals are paired, 90%, with the rows of a period as one value. A difference below
zero means that the new version's cost is lower.
"""

import argparse
import os
import sys
from pathlib import Path

import pandas as pd

from benchmarks import accuracy
from econnet.evaluation.comparison import compare
from econnet.evaluation.intervals import Periods
from econnet.evaluation.metrics import brier_costs, log_loss_costs

ROW = ["country", "origin", "period", "outcome"]


def record(folder: Path) -> None:
    """Write the forecasts of econnet and of the base rate, one file per task."""
    folder.mkdir(parents=True, exist_ok=True)
    more = accuracy.WORK_ON_MORE if os.environ.get("ECONNET_REAL_DATA") else ()
    for number, work in enumerate((*accuracy.WORK, *more)):
        print(work.name, file=sys.stderr)
        forecasts = accuracy.replayed(work, work.data()).track_record
        kept = forecasts[forecasts["model"].isin(["econnet", "base_rate"])]
        wide = kept.pivot_table(index=ROW, columns="model", values="probability")
        wide.assign(task=work.name).to_csv(folder / f"{number:02d}.csv")


def table(old: Path, new: Path) -> str:
    """Return one line per task and measure, and the mean skills."""
    lines = [
        "| task | forecasts (contractions) | measure | skill before | skill now "
        "| difference (90% interval) |",
        "|---" * 6 + "|",
    ]
    skills = []
    for file in sorted(new.glob("*.csv")):
        both = pd.read_csv(file).merge(pd.read_csv(old / file.name), on=[*ROW, "task"])
        outcome = both["outcome"].to_numpy(dtype=float)
        ours, theirs, base = (
            both[name].to_numpy(dtype=float)
            for name in ("econnet_x", "econnet_y", "base_rate_x")
        )
        compared = compare(ours, theirs, outcome, Periods.of(both))
        for measure, costs in (("log loss", log_loss_costs), ("Brier", brier_costs)):
            before, now, known = (
                costs(forecast, outcome).mean() for forecast in (theirs, ours, base)
            )
            skills.append((measure, 1 - before / known, 1 - now / known))
            low, high = (
                compared.log_loss_interval
                if measure == "log loss"
                else compared.brier_interval
            )
            lines.append(
                f"| {both['task'].iloc[0]} | {len(both)} ({outcome.sum():.0f}) "
                f"| {measure} | {skills[-1][1]:.3f} | {skills[-1][2]:.3f} "
                f"| {now - before:+.4f} ({low:+.4f} to {high:+.4f}) |"
            )
    means = pd.DataFrame(skills, columns=["measure", "before", "now"])
    by_measure = means.groupby("measure", sort=False)
    for name, rows in by_measure:
        before, now = rows["before"].mean(), rows["now"].mean()
        lines.append(f"| mean of all tasks | | {name} | {before:.3f} | {now:.3f} | |")
    return "\n".join(lines)


def main() -> None:
    """Record or compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record").add_argument("folder", type=Path)
    comparing = commands.add_parser("compare")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "record":
        record(arguments.folder)
    else:
        print(table(arguments.old, arguments.new))


if __name__ == "__main__":
    main()
