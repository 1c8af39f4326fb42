"""The NBER's chronology of US recessions, and when each part of it was announced."""

import pandas as pd


def nber_contractions(periods: pd.PeriodIndex) -> pd.DataFrame:
    """Return `contraction` and `known_at` of months or quarters since 1948-11.

    A month contracts from the one after a peak to the trough; a quarter contracts where
    a month of it does. A contraction is known when its peak is announced or, for the
    months after that, when its trough is. An expansion is never announced: it counts as
    known once the longest delay of any announced peak has passed, and not before the
    trough was announced from which it began.

    Notes
    -----
    National Bureau of Economic Research, *US Business Cycle Expansions and
    Contractions* and *Business Cycle Dating Committee Announcements*. Before 1980 there
    was no committee; a delay of a year is assumed.
    """
    frequency = periods.freqstr[0]
    months = pd.period_range("1948-12", periods.max().asfreq("M", "end"), freq="M")
    ends = months.to_timestamp(how="end").normalize().to_series(months)
    year = pd.DateOffset(years=1)
    contraction = pd.Series(0.0, months)
    known_at = ends + year
    for peak, trough, peak_announced, trough_announced in CHRONOLOGY:
        first, last = pd.Period(peak, "M") + 1, pd.Period(trough, "M")
        peak_known = pd.Timestamp(peak_announced or first.start_time + year)
        trough_known = pd.Timestamp(
            trough_announced or last.end_time.normalize() + year
        )
        during = (months >= first) & (months <= last)
        contraction[during] = 1.0
        known_at = known_at.mask(during, peak_known)
        known_at = known_at.mask(during & (ends > peak_known), trough_known)
        known_at = known_at.mask(
            (months > last) & (known_at < trough_known), trough_known
        )
    labels = pd.DataFrame({"contraction": contraction, "known_at": known_at})
    if frequency == "Q":
        quarters = labels.groupby(months.asfreq("Q"))
        labels = quarters.max().where(quarters.size() == 3, axis="index")
    return labels.reindex(periods)


# Peak and trough months, and the days on which the committee announced them.
CHRONOLOGY: tuple[tuple[str, str, str | None, str | None], ...] = (
    ("1948-11", "1949-10", None, None),
    ("1953-07", "1954-05", None, None),
    ("1957-08", "1958-04", None, None),
    ("1960-04", "1961-02", None, None),
    ("1969-12", "1970-11", None, None),
    ("1973-11", "1975-03", None, None),
    ("1980-01", "1980-07", "1980-06-03", "1981-07-08"),
    ("1981-07", "1982-11", "1982-01-06", "1983-07-08"),
    ("1990-07", "1991-03", "1991-04-25", "1992-12-22"),
    ("2001-03", "2001-11", "2001-11-26", "2003-07-17"),
    ("2007-12", "2009-06", "2008-12-01", "2010-09-20"),
    ("2020-02", "2020-04", "2020-06-08", "2021-07-19"),
)
