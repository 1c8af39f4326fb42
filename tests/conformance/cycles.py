"""Trends and probits, compared with published values and with statsmodels."""

from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.tsa.filters.hamilton_filter import hamilton_filter

from econnet.core.periods import Frequency
from econnet.data.cycle import chronologies, trends
from econnet.models.probit import Probit
from tests.conformance.evidence import Check, Floats, Pair, of_snapshot

# US real GDP, 1959Q1 to 2009Q3, as published by the Bureau of Economic Analysis in
# 2009: the data set `macrodata` of statsmodels. statsmodels tests its Hodrick-Prescott
# cycle with these values from Stata, by number of quarters since the first.
STATA_HP_CYCLE = {
    0: 39.51191484487844718,
    1: 80.08853245681075350,
    2: 48.87545512195401898,
    3: 30.59193256079834100,
    4: 64.88266733421960453,
    5: 23.04024204546703913,
    6: -1.355312369487364776,
    7: -67.46236512580753697,
    198: 102.0184547767112235,
    199: -107.2694716663390864,
    200: -349.0477058718843182,
    201: -397.5570728533530200,
    202: -333.1152428080622485,
}

# J. D. Hamilton, "Why you should never use the Hodrick-Prescott filter" (2018), table
# 2: standard deviations of the cycle, 1947Q1 to 2016Q1.
HAMILTON_TABLE_2 = {
    "GDPC1": 3.38,
    "PCECC96": 2.85,
    "GPDIC1": 13.19,
    "EXPGSC1": 10.77,
    "IMPGSC1": 9.79,
    "GCEC1": 7.13,
}

# Federal Reserve Bank of New York, *The Yield Curve as a Leading Indicator*: constant
# and slope of the probit behind its monthly probability of recession.
NEW_YORK_FED = [-0.5333, -0.6330]

SMOOTHING: dict[Frequency, float] = {"A": 6.25, "Q": 1600.0, "M": 129600.0}
LAGS: dict[Frequency, int] = {"A": 1, "Q": 4, "M": 12}


def _hp_by_stata() -> Pair:
    output = sm.datasets.macrodata.load_pandas().data["realgdp"].to_numpy(dtype=float)
    # econnet takes 100 times the logarithm, Stata was given the dollars.
    cycle = trends.hp_cycle(np.exp(output / 100), "Q")
    return cycle[list(STATA_HP_CYCLE)], list(STATA_HP_CYCLE.values())


def _levels(frequency: Frequency) -> Floats:
    """Return US real GDP by quarters or years, or industrial production by months."""
    if frequency == "M":
        return of_snapshot("INDPRO", "M").to_numpy(dtype=float)
    quarters = of_snapshot("GDPC1", "Q").loc[:"2025Q4"]
    if frequency == "Q":
        return quarters.to_numpy(dtype=float)
    years = pd.PeriodIndex(quarters.index).year
    return quarters.groupby(years).sum().to_numpy(dtype=float)


def _hp_by_statsmodels(frequency: Frequency) -> Pair:
    levels = _levels(frequency)
    theirs = sm.tsa.filters.hpfilter(100 * np.log(levels), SMOOTHING[frequency])
    return trends.hp_cycle(levels, frequency), theirs.cycle


def _hamilton_by_statsmodels(frequency: Frequency) -> Pair:
    levels, lags = _levels(frequency), LAGS[frequency]
    theirs = hamilton_filter(100 * np.log(levels), 2 * lags, lags).cycle
    defined = slice(3 * lags - 1, None)
    return trends.hamilton_cycle(levels, frequency)[defined], theirs[defined]


def _us_accounts(series_id: str) -> pd.Series:
    """Return a quarterly series of the US accounts, from 1947.

    `us_accounts.csv` has those that the snapshot lacks: FRED, 2022, in chained
    dollars of 2012.
    """
    table = pd.read_csv(Path(__file__).with_name("us_accounts.csv"), index_col="period")
    if series_id in table:
        return table[series_id]
    levels = of_snapshot(series_id, "Q")
    return levels.set_axis(levels.index.astype(str))


def _hamilton_by_hamilton() -> Pair:
    ours = []
    for series_id in HAMILTON_TABLE_2:
        levels = _us_accounts(series_id).loc["1947Q1":"2016Q1"]
        cycle = trends.hamilton_cycle(levels.to_numpy(dtype=float), "Q")
        ours.append(np.nanstd(cycle, ddof=1))
    return ours, list(HAMILTON_TABLE_2.values())


def _spread_and_recession() -> tuple[Floats, Floats]:
    """Return the spread, 1959 to 2008, and whether recession came twelve months later.

    As the bank does, the bill rate, a discount rate on 360 days, is converted to a bond
    equivalent, and the spread is rounded to hundredths.
    """
    bond, bill = of_snapshot("GS10", "M"), of_snapshot("TB3MS", "M")
    as_bond = 100 * (365 * bill / 100) / (360 - 91 * bill / 100)
    months = pd.period_range("1959-01", "2008-12", freq="M")
    spread = (bond - as_bond).round(2).loc[months].to_numpy(dtype=float)
    dated = chronologies.contractions(chronologies.load()["nber"], months + 12)
    recession = dated["contraction"].to_numpy(dtype=float)
    return spread, recession


def _probit(spread: Floats, recession: Floats) -> Floats:
    """Return constant and slope, without a prior."""
    slope, constant = Probit(1e-12).fit(spread[:, None], recession).weights_
    return np.array([constant, slope])


def _probit_of_new_york() -> Pair:
    return _probit(*_spread_and_recession()), NEW_YORK_FED


def _probit_of_statsmodels() -> Pair:
    spread, recession = _spread_and_recession()
    theirs = sm.Probit(recession, sm.add_constant(spread)).fit(disp=False, tol=1e-12)
    return _probit(spread, recession), theirs.params


# Frequency, what the series is, and digits to agree to.
Series: TypeAlias = tuple[Frequency, str, int]
HP_SERIES: tuple[Series, ...] = (
    ("A", "US real GDP by years", 11),
    ("Q", "US real GDP by quarters", 10),
    ("M", "US industrial production by months", 8),
)
HAMILTON_SERIES: tuple[Series, ...] = (
    ("A", "US real GDP by years", 11),
    ("Q", "US real GDP by quarters", 10),
    ("M", "US industrial production by months", 11),
)

CHECKS = [
    Check(
        "Hodrick-Prescott cycle of US real GDP as of 2009, in dollars",
        "Stata, as quoted in the tests of statsmodels",
        9,
        _hp_by_stata,
    ),
    *(
        Check(
            f"Hodrick-Prescott cycle, {words}",
            "statsmodels, `hpfilter`",
            digits,
            partial(_hp_by_statsmodels, frequency),
            of_largest=True,
        )
        for frequency, words, digits in HP_SERIES
    ),
    *(
        Check(
            f"Hamilton's cycle, {words}",
            "statsmodels, `hamilton_filter`",
            digits,
            partial(_hamilton_by_statsmodels, frequency),
            of_largest=True,
        )
        for frequency, words, digits in HAMILTON_SERIES
    ),
    Check(
        "standard deviation of Hamilton's cycle: output, consumption, investment, "
        "exports, imports, government, 1947Q1 to 2016Q1 in today's figures",
        "Hamilton (2018), table 2, in the figures of 2016: within 1.1%",
        1,
        _hamilton_by_hamilton,
    ),
    Check(
        "constant and slope of the yield-curve probit, twelve months ahead, 1959 to "
        "2009",
        "Federal Reserve Bank of New York: -0.5333 and -0.6330",
        4,
        _probit_of_new_york,
    ),
    Check(
        "the same constant and slope",
        "statsmodels, `Probit`",
        6,
        _probit_of_statsmodels,
    ),
]
