"""The information date: the day on which a forecast is made, and what was known then.

It is the date of `--as-of`, or else the day on which the newest value of the country's
series became known, moved on to the next fixed day if that has passed, so that the
newest value counts. The *origin* is the period that contains it. The forecast uses the
values known on the latest fixed day of the origin that has passed; later releases wait
for the next fixed day. So a forecast rests on the same state of information as the past
forecasts by which it is judged.
"""

import datetime
from dataclasses import dataclass

import pandas as pd

from econnet.core.countries import Country
from econnet.core.period_days import (
    END,
    DayOfPeriod,
    days_in,
    latest_fixed_day,
    next_fixed_date,
    period_of,
)
from econnet.core.periods import FREQUENCIES, PANDAS_ALIAS, Frequency, frequency_of
from econnet.core.task import Task
from econnet.data import known_dates
from econnet.data.cycle.labels import RULES
from econnet.data.features.information_set import MAX_AGE_DAYS
from econnet.data.sources.observations import Dataset
from econnet.forecast import pools


@dataclass(frozen=True)
class InformationState:
    """A state of information: a date, and the fixed day up to which values are used.

    Parameters
    ----------
    date
        The information date, without a time.
    day
        The latest fixed day of the date's period that has passed.
    used_until
        The date of that day.
    """

    date: pd.Timestamp
    day: DayOfPeriod
    used_until: pd.Timestamp

    @classmethod
    def on(cls, day: datetime.date, frequency: Frequency) -> "InformationState":
        """Return the state of information on a date."""
        fixed = latest_fixed_day(day, frequency)
        used_until = days_in(period_of(day, frequency), frequency, fixed)
        return cls(pd.Timestamp(day), fixed, pd.Timestamp(int(used_until), unit="D"))

    @property
    def until(self) -> pd.Timestamp:
        """The last moment at which a value that is used became known."""
        return self.used_until + pd.Timedelta(days=1) - pd.Timedelta(seconds=1)

    def shares_data_with(self, other: "InformationState") -> bool:
        """Whether the same values are used, from the same day of the period."""
        return (self.day, self.used_until) == (other.day, other.used_until)


def releases(
    known: Dataset,
    country: Country,
    task: Task,
    as_of: pd.Timestamp | None,
    *,
    alone: bool,
) -> pd.DataFrame:
    """Return the releases of the country's series that the task can use.

    `alone` is whether the country is trained alone. Columns as in
    `known_dates.releases`; empty if there are none.
    """
    usable = FREQUENCIES[FREQUENCIES.index(task.frequency) :]
    rows = known.observations
    rows = rows[rows["country"] == country.alpha3]
    used = pools.used_indicators(known, country, task, alone=alone)
    rows = rows[rows["indicator"].isin(used)]
    if rows.empty:
        return pd.DataFrame(columns=RELEASE_COLUMNS).astype(
            {"known_at": "M8[s]", "first_vintage": "M8[s]"}
        )
    found = known_dates.releases(rows, as_of)
    found = found[found["native_frequency"].isin(usable)]
    forecasts = _forecast_releases(known, country, task, as_of)
    if len(forecasts):
        found = pd.concat([found, forecasts]).sort_values("known_at", kind="stable")
    return found.reset_index(drop=True)


def _forecast_releases(
    known: Dataset, country: Country, task: Task, as_of: pd.Timestamp | None
) -> pd.DataFrame:
    """Return the professional forecasts for the country as releases."""
    rows = known.professional_forecasts
    rows = rows[rows["country"] == country.alpha3]
    if as_of is not None:
        rows = rows[rows["known_at"] <= as_of]
    frequency = rows["period"].map(frequency_of)
    rows = rows[frequency == task.frequency]
    periods = pd.PeriodIndex(rows["period"], freq=PANDAS_ALIAS[task.frequency])
    return pd.DataFrame(
        {
            "indicator": rows["column"].to_numpy(),
            "source": "file",
            "series_id": rows["column"].to_numpy(),
            "native_frequency": task.frequency,
            "period": rows["period"].to_numpy(),
            "end": periods.end_time.normalize().as_unit("s"),
            "known_at": rows["known_at"].to_numpy("datetime64[s]"),
        }
    )


def information_state(
    released: pd.DataFrame,
    task: Task,
    as_of: pd.Timestamp | None,
    today: pd.Timestamp | None = None,
) -> InformationState:
    """Return the state of information in which a country's forecast is made.

    If the target was last published more than a year before, the date is the end of the
    period in which that happened: other series cannot bring an old target up to date.
    A user's file has a calendar of its own and may contain dates after `today`.
    """
    now = today or pd.Timestamp.now()
    newest = now if released.empty else released["known_at"].max()
    latest = as_of or max(now, newest)
    day = (as_of or newest).date()
    published = _target_published(released, task)
    if published is not None and (day - published).days > MAX_AGE_DAYS:
        end = days_in(
            period_of(published, task.frequency), task.frequency, END[task.frequency]
        )
        day = min(pd.Timestamp(int(end), unit="D").date(), latest.date())
    elif (following := next_fixed_date(day, task.frequency)) <= latest.date():
        day = following
    state = InformationState.on(day, task.frequency)
    first = released.loc[released["indicator"] == task.target, "first_vintage"].max()
    if first > state.until:
        # A target first published after the last fixed day does not wait for a later
        # one.
        after = next_fixed_date(first.date(), task.frequency)
        state = InformationState.on(after, task.frequency)
    return state


def unchanged_until(
    released: pd.DataFrame, task: Task, as_of: pd.Timestamp | None
) -> datetime.date | None:
    """Return a day before which the state of information remains that of today.

    `None` if it remains so forever: only newer data can change it.
    """
    if as_of is not None:
        return None
    now = pd.Timestamp.now()
    state = information_state(released, task, None, now)
    if information_state(released, task, None, FAR_FUTURE) == state:
        return None
    tomorrow = now.date() + datetime.timedelta(days=1)
    fixed = next_fixed_date(tomorrow, task.frequency)
    last = pd.Timestamp(fixed) - pd.Timedelta(days=1)
    until_then = information_state(released, task, None, max(now, last))
    return fixed if until_then == state else tomorrow


def _target_published(released: pd.DataFrame, task: Task) -> datetime.date | None:
    """Return when the target was last published; for given labels, half the series."""
    days = released.groupby("indicator", observed=True)["known_at"].max().sort_values()
    if days.empty:
        return None
    if task.label in RULES and task.target in days.index:
        target: datetime.date = days[task.target].date()
        return target
    middle: datetime.date = days.iloc[(len(days) - 1) // 2].date()
    return middle


def not_yet_used(released: pd.DataFrame, state: InformationState) -> pd.DataFrame:
    """Return the newest release of each indicator that waits for the next fixed day."""
    known = released["known_at"] < state.date + pd.Timedelta(days=1)
    newer = released[known & (released["known_at"] > state.until)]
    newest = newer.sort_values(["known_at", "end"], kind="stable")
    return newest.drop_duplicates("indicator", keep="last").reset_index(drop=True)


FAR_FUTURE = pd.Timestamp("2200-01-01")
RELEASE_COLUMNS = (
    *("indicator", "source", "series_id", "native_frequency", "period", "end"),
    *("known_at", "first_vintage"),
)
