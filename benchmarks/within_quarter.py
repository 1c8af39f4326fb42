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

import numpy as np
import pandas as pd

from benchmarks.rows import Row, as_json
from econnet.core import countries
from econnet.core.period_days import FIXED_DAYS
from econnet.core.task import Task
from econnet.data.sources import snapshot
from econnet.evaluation.intervals import Periods
from econnet.evaluation.metrics import auroc, log_loss_costs
from econnet.forecast import backtest, preparation

HORIZONS = (0, 1)
Interval = tuple[float, float]


@dataclass(frozen=True)
class DayRow(Row):
    """The forecasts that are made on one day of each quarter.

    Parameters
    ----------
    n, n_contractions
        Forecasts, and contractions among them.
    """

    day: str
    horizon: int
    n: int
    n_contractions: int
    auroc: float | None
    skill: float
    interval: Interval
    gain: float
    gain_interval: Interval


def record_of(alpha3: str, start: str) -> pd.DataFrame:
    """Return the forecasts of econnet and the base rate, and the outcomes.

    One row per horizon and quarter, and columns `(model, day)`. Days on which not all
    quarters have a forecast are compared on those that all days have.
    """
    country, known = countries.resolve(alpha3), snapshot.load()
    parts = []
    for day in FIXED_DAYS["Q"]:
        pools = backtest.prepare_pools(known, [country], Task("Q"), day)
        for horizon in HORIZONS:
            result = backtest.run(
                [preparation.at_horizon(pool, horizon) for pool in pools],
                [country],
                start=pd.Period(start, "Q"),
                baselines=["base_rate"],
            )
            parts.append(result.track_record.assign(day=day.text("Q")))
    record = pd.concat(parts)
    record = record[record["model"].isin(["econnet", "base_rate"])]
    return record.pivot(
        index=["horizon", "country", "period", "outcome"],
        columns=["model", "day"],
        values="probability",
    ).dropna()


def rows_of(alpha3: str, start: str) -> Iterator[DayRow]:
    """Yield one row per horizon and day."""
    record = record_of(alpha3, start)
    days = [day.text("Q") for day in FIXED_DAYS["Q"]]
    for horizon in HORIZONS:
        table = record.loc[[horizon]]
        index = table.index.to_frame(index=False)
        outcome, periods = index["outcome"].to_numpy(dtype=float), Periods.of(index)

        def costs(
            model: str,
            day: str,
            table: pd.DataFrame = table,
            outcome: np.ndarray = outcome,
        ) -> np.ndarray:
            return log_loss_costs(table[model, day].to_numpy(dtype=float), outcome)

        first = costs("base_rate", days[0]) - costs("econnet", days[0])
        for day in days:
            base, ours = costs("base_rate", day), costs("econnet", day)
            improvement = periods.mean(base - ours)
            gain = periods.mean(base - ours - first)
            yield DayRow(
                work=f"{alpha3}, output falls, {horizon} ahead, day {day}",
                measure="log loss",
                econnet=float(ours.mean()),
                peer="base rate",
                peer_value=float(base.mean()),
                ratio=float(base.mean() / ours.mean()),
                reach=None,
                day=day,
                horizon=horizon,
                n=len(outcome),
                n_contractions=int(outcome.sum()),
                auroc=auroc(table["econnet", day].to_numpy(dtype=float), outcome),
                skill=improvement.value / base.mean(),
                interval=_scaled(improvement.interval(-np.inf, np.inf), base.mean()),
                gain=gain.value / base.mean(),
                gain_interval=_scaled(gain.interval(-np.inf, np.inf), base.mean()),
            )


def _scaled(interval: Interval, cost: float) -> Interval:
    low, high = interval
    return low / cost, high / cost


def as_markdown(rows: Sequence[DayRow]) -> str:
    """Return the table that docs/methodology.md quotes."""
    lines = [
        "| quarters ahead | day | AUROC | log loss | skill (90% interval) "
        "| gain since day 15 (90% interval) |",
        "|---" * 6 + "|",
    ]
    for row in rows:
        low, high = row.interval
        gained = "" if row.day == rows[0].day else _gain(row)
        area = "-" if row.auroc is None else f"{row.auroc:.2f}"
        lines.append(
            f"| {row.horizon} | {row.day} | {area} | {row.econnet:.3f} "
            f"| {row.skill:.2f} ({low:.2f} to {high:.2f}) | {gained} |"
        )
    return "\n".join(lines)


def _gain(row: DayRow) -> str:
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
