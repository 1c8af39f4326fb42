"""Simulated long panels: firms in regions in countries, as Parquet files in order.

    python benchmarks/panels.py FOLDER [--rows 1e6] [--seed 0]

Each country is in growth or in recession, quarter by quarter, and the countries'
chances of a recession rise together. A firm grows with its country, its region and on
its own. Of the 20 indicators one is the firm's output, two lead the regime by two
quarters, three move with it, ten with the firm's growth, and four with nothing.
"""

import argparse
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float32]

PERIODS, REGIONS, COUNTRIES = 80, 10, 50
INDICATORS = 20
FIRMS_A_FILE = 50_000


def simulate(folder: Path, rows: int, seed: int = 0) -> None:
    """Write a panel of about so many rows, four million a file."""
    rng = np.random.default_rng(seed)
    recession = _regimes(rng)
    firms = max(1, rows // PERIODS)
    place = np.sort(rng.integers(0, COUNTRIES * REGIONS, firms))
    regional = rng.normal(0, 0.6, (COUNTRIES * REGIONS, PERIODS + 2)).astype("f4")
    with duckdb.connect() as database:
        database.execute("SET threads = 1")
        for start in range(0, firms, FIRMS_A_FILE):
            own = place[start : start + FIRMS_A_FILE]
            drawn = _firms(rng, recession, regional, own, start)  # noqa: F841 - read by DuckDB
            file = folder / f"part-{start // FIRMS_A_FILE:04d}.parquet"
            database.execute(
                f"COPY (FROM drawn) TO '{file.as_posix()}' (FORMAT parquet)"
            )


def _regimes(rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Draw who is in recession when, (countries, periods + 2)."""
    world = 0.0
    state = np.zeros((COUNTRIES, PERIODS + 2), bool)
    for t in range(1, PERIODS + 2):
        world = 0.8 * world + rng.normal(0, 0.6)
        enters = 0.05 * np.exp(world)
        stays = np.where(state[:, t - 1], 0.8, enters)
        state[:, t] = rng.random(COUNTRIES) < stays
    return state


def _firms(
    rng: np.random.Generator,
    recession: npt.NDArray[np.bool_],
    regional: Floats,
    place: npt.NDArray[np.int64],
    first: int,
) -> pd.DataFrame:
    """Draw all columns of some firms."""
    n = len(place)
    country = place // REGIONS
    bad = recession[country].astype("f4")

    def noise() -> Floats:
        return rng.standard_normal((n, PERIODS), "f4")

    growth = 1.2 - 3.0 * bad[:, :-2] + regional[place, :-2] + 1.5 * noise()
    columns: dict[str, Floats] = {
        "output": 100 * np.exp(np.cumsum(growth, axis=1) / 100)
    }
    for number in range(2):
        columns[f"orders_{number}"] = np.cumsum(-0.8 * bad[:, 2:] + noise(), axis=1)
    for number in range(3):
        columns[f"survey_{number}"] = np.cumsum(-0.8 * bad[:, :-2] + noise(), axis=1)
    for number in range(10):
        change = 0.5 * growth + noise()
        columns[f"sales_{number}"] = 50 * np.exp(np.cumsum(change, axis=1) / 100)
    for number in range(4):
        columns[f"rate_{number}"] = np.cumsum(noise(), axis=1)
    names = [
        f"C{where // REGIONS:02d}-R{where % REGIONS:02d}-F{first + number:08d}"
        for number, where in enumerate(place)
    ]
    quarters = [f"{2004 + t // 4}Q{t % 4 + 1}" for t in range(PERIODS)]
    keys = {
        "country": pd.Categorical.from_codes(
            np.repeat(np.arange(n), PERIODS), categories=pd.Index(names)
        ),
        "period": pd.Categorical.from_codes(
            np.tile(np.arange(PERIODS), n), categories=pd.Index(quarters)
        ),
    }
    return pd.DataFrame(keys | {name: it.reshape(-1) for name, it in columns.items()})


def main() -> None:
    """Write a panel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=float, default=1e6)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    simulate(arguments.folder, int(arguments.rows), arguments.seed)


if __name__ == "__main__":
    main()
