"""International Monetary Fund: quarterly accounts of all countries in one request.

No key is needed. Values are complete numbers: the attribute `SCALE` only says how the
IMF displays them. The series of some countries change their base or unit in the middle,
which the IMF does not mark: what precedes such a break is left out.
"""

from functools import partial

import pandas as pd

from econnet.data.sources import sdmx, weo

QUARTERLY_ACCOUNTS = "IMF.STA,QNEA"

# No quarter of seasonally adjusted output is a break if it is within these factors of
# the quarter before: Macao's output halved in 2020, Peru's rose by a third after that.
LARGEST_RISE, LARGEST_FALL = 1.5, 1 / 3
MIN_QUARTERS_AFTER_BREAK = 12


def without_breaks(table: pd.DataFrame) -> pd.DataFrame:
    """Return the values of each country after the last break of its series.

    A country with a break in its last three years is left out: which side is wrong
    cannot be seen from so few quarters.
    """
    change = table["value"] / table.groupby("country")["value"].shift()
    breaks = ((change > LARGEST_RISE) | (change < LARGEST_FALL)).astype(int)
    later = breaks[::-1].groupby(table["country"]).cumsum()[::-1] - breaks
    kept = table[later == 0]
    n_quarters = kept.groupby("country")["period"].transform("size")
    broken = kept["country"].isin(table["country"][breaks == 1])
    enough = ~broken | (n_quarters >= MIN_QUARTERS_AFTER_BREAK)
    return kept[enough].reset_index(drop=True)


SERVICE = sdmx.Service(
    source="imf",
    dimensions={
        QUARTERLY_ACCOUNTS: (
            *("COUNTRY", "INDICATOR", "PRICE_TYPE", "S_ADJUSTMENT"),
            *("TYPE_OF_TRANSFORMATION", "FREQUENCY"),
        ),
    },
    areas=weo.AREAS,
    screen=without_breaks,
)
query = partial(sdmx.query, SERVICE)
