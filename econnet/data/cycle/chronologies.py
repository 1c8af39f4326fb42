"""Official chronologies of recessions, and when each part of them was announced.

`chronologies.toml` beside this module has the peaks and troughs that committees date,
one table per label rule. A chronology applies to one economy. Its turning points count
as known from their announcement.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import pandas as pd

from econnet.core.periods import PANDAS_ALIAS, Frequency


@dataclass(frozen=True)
class Recession:
    """A recession, as dated by a committee.

    Parameters
    ----------
    peak, trough
        The last period of expansion and the last of the recession; `trough` is `None`
        until it is announced.
    peak_announced, trough_announced
        The days of the announcements.
    """

    peak: pd.Period
    trough: pd.Period | None
    peak_announced: pd.Timestamp
    trough_announced: pd.Timestamp | None


@dataclass(frozen=True)
class Chronology:
    """The recessions of an economy.

    Parameters
    ----------
    committee, economy, place
        Who dates what, as worded in a sentence: `the NBER`, `the US economy`, `the
        United States`.
    country
        The code of the economy.
    frequency
        The frequency of the peaks and troughs: `M` or `Q`.
    source
        The publication.
    expansion_delay_months
        A period counts as expansion if no peak is announced for this many months after
        it: about the longest delay of a peak so far.
    recessions
        Oldest first.
    """

    committee: str
    economy: str
    place: str
    country: str
    frequency: Frequency
    source: str
    expansion_delay_months: int
    recessions: tuple[Recession, ...]

    @property
    def frequencies(self) -> tuple[Frequency, ...]:
        """The frequencies at which it can be used as a label, its own first."""
        return ("M", "Q") if self.frequency == "M" else ("Q",)


@cache
def load() -> Mapping[str, Chronology]:
    """Return every chronology by the name of its label rule."""
    file = resources.files("econnet.data.cycle").joinpath("chronologies.toml")
    tables = tomllib.loads(file.read_text("utf-8"))
    return MappingProxyType({name: _chronology(tables[name]) for name in tables})


def contractions(chronology: Chronology, periods: pd.PeriodIndex) -> pd.DataFrame:
    """Return `contraction` and `known_at` of periods since the first peak.

    A period contracts from the one after a peak to the trough. In a monthly chronology,
    a quarter contracts if any of its months does. A contraction is known
    when its peak is announced or, for the periods that end after that, when its trough
    is. An expansion is never announced: it counts as known after
    `expansion_delay_months`, and not before the trough at which it began was announced.
    """
    frequency = periods.freqstr[0]
    alias = PANDAS_ALIAS[chronology.frequency]
    own = pd.period_range(
        chronology.recessions[0].peak + 1,
        periods.max().asfreq(alias, "end"),
        freq=alias,
    )
    ends = own.to_timestamp(how="end").normalize().to_series(own)
    contraction = pd.Series(0.0, own)
    known_at = ends + pd.DateOffset(months=chronology.expansion_delay_months)
    for recession in chronology.recessions:
        during = own > recession.peak
        announced = ends <= recession.peak_announced
        if recession.trough is None or recession.trough_announced is None:
            contraction[during] = 1.0
            contraction[during & ~announced] = float("nan")
            known_at = known_at.mask(during, recession.peak_announced)
            continue
        after, during = own > recession.trough, during & (own <= recession.trough)
        contraction[during] = 1.0
        known_at = known_at.mask(during, recession.trough_announced)
        known_at = known_at.mask(during & announced, recession.peak_announced)
        known_at = known_at.mask(
            after & (known_at < recession.trough_announced), recession.trough_announced
        )
    labels = pd.DataFrame({"contraction": contraction, "known_at": known_at})
    if frequency != alias:
        quarters = labels.groupby(own.asfreq(frequency))
        labels = quarters.max().where(quarters.size() == 3, axis="index")
    return labels.reindex(periods)


def _chronology(table: Mapping[str, Any]) -> Chronology:
    delay = pd.DateOffset(months=table.get("assumed_delay_months", 0))
    recessions = tuple(
        _recession(entry, table["frequency"], delay) for entry in table["recessions"]
    )
    fields = {key: table[key] for key in table if key != "assumed_delay_months"}
    return Chronology(**{**fields, "recessions": recessions})


def _recession(
    entry: Mapping[str, Any], frequency: Frequency, delay: pd.DateOffset
) -> Recession:
    """Return a recession; an announcement that is missing is assumed after `delay`."""
    alias = PANDAS_ALIAS[frequency]
    peak = pd.Period(entry["peak"], alias)
    peak_announced = _day(entry, "peak_announced") or (peak + 1).start_time + delay
    if "trough" not in entry:
        return Recession(peak, None, peak_announced, None)
    trough = pd.Period(entry["trough"], alias)
    trough_announced = _day(entry, "trough_announced") or (
        trough.end_time.normalize() + delay
    )
    return Recession(peak, trough, peak_announced, trough_announced)


def _day(entry: Mapping[str, Any], key: str) -> pd.Timestamp | None:
    day: date | None = entry.get(key)
    return None if day is None else pd.Timestamp(day)
