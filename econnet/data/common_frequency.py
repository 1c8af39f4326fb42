"""Values of any frequency at the frequency of a panel, with their vintages.

Periods of the panel are numbers, the ordinals of pandas. Series of a higher frequency
are averaged over complete periods; those of a lower one are left out.
"""

import numpy as np
import pandas as pd

from econnet.core.periods import FREQUENCIES, PANDAS_ALIAS, PERIODS_A_YEAR, Frequency
from econnet.data.known_dates import Days, repeated


def at_frequency(
    series: pd.DataFrame, rows: pd.DataFrame, frequency: Frequency
) -> pd.DataFrame:
    """Return `series, ordinal, value, known_at, in_real_time, history`.

    Periods are numbers. Series of a higher frequency are averaged over complete
    periods.
    """
    tidy, parts = _in_periods(series, rows, frequency)
    tidy = tidy.dropna(subset=["value"])
    needed = parts[tidy["series"]]
    groups = tidy[needed > 1].groupby(["series", "ordinal"], sort=False)
    averaged = groups.agg(
        value=("value", "mean"),
        known_at=("known_at", "max"),
        in_real_time=("in_real_time", "all"),
        history=("history", "any"),
        n=("value", "size"),
    ).reset_index()
    complete = averaged[averaged["n"] == parts[averaged["series"]]].drop(columns="n")
    both: pd.DataFrame = pd.concat(
        [tidy[needed == 1][complete.columns], complete], ignore_index=True
    )
    return both


def _in_periods(
    series: pd.DataFrame, rows: pd.DataFrame, frequency: Frequency
) -> tuple[pd.DataFrame, Days]:
    """Return the rows of sufficiently fine series, with the panel's periods as numbers.

    Also returns how many periods of each series make one of the panel; 0 if coarser.
    """
    parts_of = {
        native: PERIODS_A_YEAR[native] // PERIODS_A_YEAR[frequency]
        for native in FREQUENCIES[FREQUENCIES.index(frequency) :]
    }
    parts: Days = np.array(
        [parts_of.get(native, 0) for native in series["native_frequency"]]
    )
    rows = rows[parts[rows["series"]] > 0]
    ends, distinct = pd.factorize(rows["end"])
    ordinals = pd.DatetimeIndex(distinct).to_period(PANDAS_ALIAS[frequency])
    columns = ["series", "end", "cell", "has_vintages", "value"]
    columns += ["known_at", "in_real_time", "history"]
    tidy = rows[columns].reset_index(drop=True).assign(ordinal=ordinals.asi8[ends])
    return tidy, parts


def vintages_at_frequency(
    series: pd.DataFrame, rows: pd.DataFrame, frequency: Frequency
) -> pd.DataFrame:
    """Return `series, ordinal, known_at, value` of revised values, oldest first.

    The rows are all values of revised periods, with the days on which they changed.
    """
    tidy, parts = _in_periods(series, rows, frequency)
    cell = ["series", "ordinal"]
    revised = tidy["value"].isna() | repeated(tidy)
    if not revised.any():
        return tidy.iloc[:0][[*cell, "known_at", "value"]]
    revised_cells = pd.MultiIndex.from_frame(tidy.loc[revised, cell].drop_duplicates())
    of_revised = pd.MultiIndex.from_frame(tidy[cell]).isin(revised_cells)
    tidy = tidy[of_revised].sort_values([*cell, "known_at"], kind="stable")
    needed = parts[tidy["series"]]
    changes = pd.concat(
        [tidy[needed == 1], _means(tidy[needed > 1], parts)], ignore_index=True
    )
    # The last of several on one day is the newest; an equal value is not a change.
    changes = changes.drop_duplicates([*cell, "known_at"], keep="last")
    before = changes.groupby(cell)["value"].shift()
    same = (changes["value"] == before) | (changes["value"].isna() & before.isna())
    kept: pd.DataFrame = changes.loc[~same, [*cell, "known_at", "value"]]
    return kept.sort_values("known_at", kind="stable", ignore_index=True)


def _means(tidy: pd.DataFrame, parts: Days) -> pd.DataFrame:
    """Return the mean of a period's parts on each day on which one of them changed.

    `tidy` is sorted by series, period and date. The mean is missing while any part is
    missing.
    """
    cell = tidy.groupby(["series", "ordinal"])
    part = cell["end"].rank("dense").to_numpy(dtype=int) - 1
    row, values = np.arange(len(tidy)), tidy["value"].to_numpy(dtype=float)
    first_of_cell = row - cell.cumcount().to_numpy()
    total, present = np.zeros(len(tidy)), np.zeros(len(tidy), dtype=int)
    for number in range(max(parts, default=0)):
        newest = np.maximum.accumulate(np.where(part == number, row, -1))
        known = newest >= first_of_cell
        total += np.where(known, values[newest], 0.0)
        present += known
    needed = parts[tidy["series"]]
    return tidy.assign(value=np.where(present == needed, total / needed, np.nan))
