"""Measure how good the forecasts are, out of sample and beside every baseline.

    python benchmarks/accuracy.py [--json]

Walks forward through the bundled snapshot, with yearly refits, expanding windows and
one setting for all tasks. Where `ECONNET_REAL_DATA` names the folder with their data,
two more panels are added: the IMF's World Economic Outlook of April 2024
(https://www.imf.org/en/Publications/WEO; `imf/weo_2024_04.parquet`), years up to 2023,
and the vintages of `benchmarks/realtime_panel.py`, from which Switzerland is forecast
with real-time and with revised data. All other data are revised, which flatters every
model.

Intervals are 90%, with the rows of a period as one value
(`econnet.evaluation.intervals`); those of differences are paired. A difference below
zero means that econnet's cost is lower.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pandas as pd

from benchmarks import realtime_panel
from econnet.core import countries
from econnet.core.countries import Country
from econnet.core.task import Task
from econnet.data.files import user_panel
from econnet.data.sources import snapshot
from econnet.data.sources.observations import Dataset
from econnet.evaluation import comparison
from econnet.forecast import backtest
from econnet.forecast.backtest import Backtest
from econnet.forecast.preparation import PreparedTask

Row: TypeAlias = dict[str, Any]
MEASURES = ("log_loss", "brier")
TITLES = {"log_loss": "log loss", "brier": "Brier"}


@dataclass(frozen=True)
class Work:
    """One task of the benchmark.

    Parameters
    ----------
    data
        Loads the data; called once.
    named
        The countries that are scored; if empty, all that have enough data.
    start
        The first origin that is scored.
    """

    name: str
    data: Callable[[], Dataset]
    task: Task
    named: tuple[str, ...] = ()
    start: str | None = None


def bundled() -> Dataset:
    """Return the bundled snapshot."""
    bundle = snapshot.load()
    return Dataset(bundle.observations, bundle.series, "snapshot")


def outlook_of_the_imf() -> Dataset:
    """Return the World Economic Outlook, years up to 2023."""
    path = realtime_panel.folder() / "imf" / "weo_2024_04.parquet"
    cells = duckdb.execute(
        'SELECT ISO AS country, Year AS period, "WEO Subject Code" AS indicator, '
        "try_cast(replace(Value, ',', '') AS DOUBLE) AS value FROM read_parquet(?) "
        'WHERE Year <= 2023 AND "WEO Subject Code" IS NOT NULL',
        [str(path)],
    ).df()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "weo.csv"
        cells.dropna().to_csv(file, index=False)
        table = user_panel.read(file)
    return Dataset(table.observations, table.series, file.name, table.indicators)


def swiss_vintages() -> Dataset:
    """Return Switzerland's quarterly figures as they were published."""
    path = realtime_panel.folder() / "vintages" / "realtime_quarterly.parquet"
    return realtime_panel.known(path)


SIX = ("DEU", "ESP", "ITA", "JPN", "MEX", "USA")
NBER = Task("M", label="nber")
SWISS = Task("Q", label="year-on-year")

WORK = (
    *(
        Work(
            f"US, monthly, NBER, horizon {horizon}",
            bundled,
            replace(NBER, horizon=horizon),
            ("USA",),
            "1985-01",
        )
        for horizon in (0, 3, 6, 12)
    ),
    Work(
        "6 countries, quarterly, year on year",
        bundled,
        Task("Q", label="year-on-year"),
        SIX,
        "2008Q1",
    ),
    Work("6 countries, quarterly, negative growth", bundled, Task("Q"), SIX, "2008Q1"),
    Work("world, annual, negative growth", bundled, Task("A"), start="1990"),
)

WORK_ON_MORE = (
    Work(
        "world of the IMF, annual, negative growth",
        outlook_of_the_imf,
        Task("A", target="NGDP_R"),
        start="2000",
    ),
    Work("Switzerland, year on year, figures of the time", swiss_vintages, SWISS),
    Work(
        "Switzerland, year on year, figures of today",
        swiss_vintages,
        replace(SWISS, vintages="revised"),
    ),
)


def prepared(
    work: Work, known: Dataset
) -> tuple[list[PreparedTask], list[Country], pd.Period | None]:
    """Return the prepared pools, the scored countries, and the first origin."""
    if known.source == "snapshot":
        names = work.named or sorted(set(known.series["country"]))
        chosen = [countries.by_alpha3(alpha3) for alpha3 in names]
    else:
        names = work.named or sorted(set(known.observations["country"]))
        chosen = [Country(name, "", name) for name in names]
    frequency = {"A": "Y"}.get(work.task.frequency, work.task.frequency)
    start = None if work.start is None else pd.Period(work.start, frequency)
    pools = backtest.prepare_pools(known, chosen, work.task, skip_unfit=True)
    return pools, chosen, start


def replayed(work: Work, known: Dataset) -> Backtest:
    """Return the backtest of a task."""
    pools, chosen, start = prepared(work, known)
    return backtest.run(pools, chosen, start=start)


def rows_of(work: Work, result: Backtest) -> list[Row]:
    """Return one row per measure and peer, with paired intervals."""
    econnet = result.performances["econnet"]
    rows: list[Row] = []
    for measure, (peer, theirs) in product(MEASURES, result.performances.items()):
        ours = getattr(econnet.scores, measure)
        value = getattr(theirs.scores, measure)
        compared = result.comparisons.get(peer)
        rows.append(
            {
                "work": work.name,
                "measure": TITLES[measure],
                "econnet": ours,
                "peer": peer,
                "peer_value": value,
                "ratio": value / ours,
                "reach": None,
                "skill": getattr(theirs.scores, f"{measure}_skill"),
                "difference_interval": (
                    None
                    if compared is None
                    else list(getattr(compared, f"{measure}_interval"))
                ),
                "auroc": econnet.scores.auroc,
                "auroc_interval": econnet.intervals.auroc,
                "n": econnet.scores.n,
                "n_origins": econnet.scores.n_origins,
                "n_contractions": econnet.scores.n_contractions,
            }
        )
    return rows


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the tables that docs/accuracy.md quotes."""
    return "\n\n".join([_by_task(rows), _by_model(rows)])


def _by_task(rows: Sequence[Row]) -> str:
    """Return one line per task and measure: econnet, networks, best baseline, pool."""
    lines = [
        "| task | forecasts (contractions, origins) | AUROC | measure | econnet "
        "| networks alone | best single baseline | mean of the baselines |",
        "|---" * 8 + "|",
    ]
    for work, measure in dict.fromkeys((row["work"], row["measure"]) for row in rows):
        peers = {
            row["peer"]: row
            for row in rows
            if (row["work"], row["measure"]) == (work, measure)
        }
        ours = peers["econnet"]
        singles = [
            row
            for name, row in peers.items()
            if name not in NOT_SINGLE and row["difference_interval"] is not None
        ]
        best = min(singles, key=lambda row: float(row["peer_value"]))
        low, high = ours["auroc_interval"]
        lines.append(
            f"| {work} | {ours['n']} ({ours['n_contractions']}, {ours['n_origins']}) "
            f"| {ours['auroc']:.2f} ({low:.2f} to {high:.2f}) | {measure} "
            f"| {ours['econnet']:.3f} | {peers['network']['peer_value']:.3f} "
            f"| {best['peer']} {_against(best)} | {_against(peers['pool'])} |"
        )
    return "\n".join(lines)


def _against(row: Row) -> str:
    """Return a peer's cost, with the interval of the difference and its verdict."""
    low, high = row["difference_interval"]
    verdict = comparison.verdict((low, high))
    return f"{row['peer_value']:.3f} ({low:+.3f} to {high:+.3f}, {verdict})"


def _by_model(rows: Sequence[Row]) -> str:
    """Return one line per model: mean skills, and econnet's wins and losses.

    If some tasks lack the data for a model, both means are over the other tasks.
    """
    lines = [
        "| model | tasks | skill, log loss | econnet's | skill, Brier | econnet's "
        "| econnet wins, even, loses |",
        "|---" * 7 + "|",
    ]
    for peer in dict.fromkeys(row["peer"] for row in rows):
        of_peer = [row for row in rows if row["peer"] == peer]
        works = {row["work"] for row in of_peer}
        cells = []
        for measure in TITLES.values():
            for name in (peer, "econnet"):
                skills = [
                    row["skill"]
                    for row in rows
                    if (row["peer"], row["measure"]) == (name, measure)
                    and row["work"] in works
                ]
                cells.append(f"{sum(skills) / len(skills):.3f}")
        wins = _wins_even_losses(of_peer)
        lines.append(f"| {peer} | {len(works)} | {' | '.join(cells)} | {wins} |")
    return "\n".join(lines)


def _wins_even_losses(rows: Sequence[Row]) -> str:
    intervals = [row["difference_interval"] for row in rows]
    verdicts = [comparison.verdict(interval) for interval in intervals if interval]
    if not verdicts:
        return ""
    return ", ".join(str(verdicts.count(kind)) for kind in ("win", "even", "loss"))


NOT_SINGLE = ("econnet", "network", "pool")


def main() -> None:
    """Run every task and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    more = WORK_ON_MORE if os.environ.get("ECONNET_REAL_DATA") else ()
    data: dict[Callable[[], Dataset], Dataset] = {}
    rows: list[Row] = []
    for work in (*WORK, *more):
        print(work.name, file=sys.stderr)
        if work.data not in data:
            data[work.data] = work.data()
        known = data[work.data]
        rows += rows_of(work, replayed(work, known))
    print(json.dumps(rows, indent=2) if as_json else as_markdown(rows))


if __name__ == "__main__":
    main()
