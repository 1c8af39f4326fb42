"""Measure how the skill of past forecasts grows within the quarter.

    python benchmarks/within_quarter.py [--json] [--country USA] [--start 1985Q1]

Each quarter's forecast is made four times, on the fixed days 15, 45, 75 and the last,
from what was published by then. The question is whether output falls in the quarter
itself (horizon 0) and in the next one. The data are the bundled ones, which are
revised. Refits are yearly.

`peer` is the base rate, and `skill` econnet's improvement on it; `interval` is its 90%
interval. `gain` is the skill on this day minus that on the first, with its paired 90%
interval.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from benchmarks.rows import Row, as_json
from econnet.core import countries
from econnet.core.period_days import FIXED_DAYS
from econnet.core.task import Task
from econnet.data.sources import snapshot
from econnet.evaluation.intervals import Interval
from econnet.forecast import backtest, preparation, skill_by_day
from econnet.forecast.backtest import Backtest

HORIZONS = (0, 1)


@dataclass(frozen=True)
class DayRow(Row):
    """The forecasts that are made on one day of each quarter.

    Parameters
    ----------
    n, n_contractions
        Forecasts, and contractions among them.
    gain, gain_interval
        `None` on the first day.
    """

    day: str
    horizon: int
    n: int
    n_contractions: int
    auroc: float | None
    skill: float
    interval: Interval
    gain: float | None
    gain_interval: Interval | None


def backtests(alpha3: str, start: str) -> dict[int, list[Backtest]]:
    """Return the backtests on each fixed day, by horizon."""
    country, known = countries.resolve(alpha3), snapshot.load()
    results: dict[int, list[Backtest]] = {horizon: [] for horizon in HORIZONS}
    for day in FIXED_DAYS["Q"]:
        pools = backtest.prepare_pools(known, [country], Task("Q"), day)
        for horizon in HORIZONS:
            at_horizon = [preparation.at_horizon(pool, horizon) for pool in pools]
            first = pd.Period(start, "Q")
            results[horizon].append(
                backtest.run(
                    at_horizon, [country], start=first, baselines=["base_rate"]
                )
            )
    return results


def rows_of(alpha3: str, start: str) -> Iterator[DayRow]:
    """Yield one row per horizon and day, on the quarters that all days have."""
    for horizon, results in backtests(alpha3, start).items():
        for found in skill_by_day.of_backtests(results):
            skill = found.skill
            if skill.value is None or skill.interval is None:
                continue  # the base rate was never wrong
            base = found.log_loss / (1 - skill.value)
            yield DayRow(
                work=f"{alpha3}, output falls, {horizon} ahead, day {found.day}",
                measure="log loss",
                econnet=found.log_loss,
                peer="base rate",
                peer_value=base,
                ratio=base / found.log_loss,
                reach=None,
                day=found.day,
                horizon=horizon,
                n=skill.n,
                n_contractions=skill.n_contractions,
                auroc=found.auroc,
                skill=skill.value,
                interval=skill.interval,
                gain=found.gain,
                gain_interval=found.gain_interval,
            )


def as_markdown(rows: Sequence[DayRow]) -> str:
    """Return the table that docs/methodology.md quotes."""
    lines = [
        "| quarters ahead | day | AUROC | log loss | skill (90% interval) "
        "| gain since day 15 (90% interval) |",
        "|---" * 6 + "|",
    ]
    for row in rows:
        low, high = row.interval
        gained = _gain(row)
        area = "-" if row.auroc is None else f"{row.auroc:.2f}"
        lines.append(
            f"| {row.horizon} | {row.day} | {area} | {row.econnet:.3f} "
            f"| {row.skill:.2f} ({low:.2f} to {high:.2f}) | {gained} |"
        )
    return "\n".join(lines)


def _gain(row: DayRow) -> str:
    if row.gain is None or row.gain_interval is None:
        return ""
    low, high = row.gain_interval
    return f"{row.gain:+.2f} ({low:+.2f} to {high:+.2f})"


def main() -> None:
    """Print the skill on each day."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--country", default="USA")
    parser.add_argument("--start", default="1985Q1")
    arguments = parser.parse_args()
    rows = list(rows_of(arguments.country, arguments.start))
    print(as_json(rows) if arguments.json else as_markdown(rows))


if __name__ == "__main__":
    main()
