"""Forecasts by professionals as features: the newest one known at each origin.

A professional forecast has the period that it forecasts, a date of publication and a
value: the probability of a contraction, from 0 to 1, or growth in percent. A row uses
the newest forecast of its target's period that was published by its information day.
For an event within several periods it is that of the period in which a contraction is
most likely. Unlike other features, these depend on the horizon.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from econnet.core.log_odds import log_odds
from econnet.core.periods import PANDAS_ALIAS, Frequency, frequency_of
from econnet.core.task import Event
from econnet.core.types import Floats
from econnet.data.features.columns import Column
from econnet.data.features.information_set import Origins

PROFESSIONALS = "professional forecasts"
# `Column.measures` of the newest forecasts.
PROBABILITY, GROWTH = "probability-forecast", "growth-forecast"
# A forecast of the target itself outweighs what can be inferred from other series, and
# so does what is derived from it.
EMPHASIS, EMPHASIS_OF_DERIVED = 6.0, 3.0


@dataclass(frozen=True, eq=False)
class ProfessionalForecasts:
    """The forecasts by professionals for one panel, and the rows that use them.

    Parameters
    ----------
    kinds
        The kind of each column of the user's file.
    table
        `country, column, ordinal, day, value`, sorted by day; `ordinal` is the number
        of the period that is forecast, `day` that of publication since 1970-01-01.
    rows
        `country, ordinal, day` of each row of the design matrix: its origin and its
        information day.
    """

    kinds: Mapping[str, str]
    table: pd.DataFrame
    rows: pd.DataFrame

    def columns(self) -> list[Column]:
        """Return the description of each column of `values`."""
        return [
            Column(
                f"{name} {feature.name}",
                PROFESSIONALS,
                measures=feature.measures,
                emphasis=EMPHASIS if feature.measures else EMPHASIS_OF_DERIVED,
            )
            for name, kind in self.kinds.items()
            for feature in FEATURES[kind]
        ]

    def values(self, horizon: int, event: Event) -> Floats:
        """Return the features for a target, (rows, columns); missing ones are NaN."""
        return np.column_stack(
            [
                feature.of(self, name, horizon, event)
                for name, kind in self.kinds.items()
                for feature in FEATURES[kind]
            ]
        )

    def log_odds(self, name: str, horizon: int, event: Event) -> Floats:
        """Return the log-odds of the highest probability of a contraction."""
        return log_odds(-self._lowest(name, horizon, event, sign=-1), CLIP)

    def growth(self, name: str, horizon: int, event: Event) -> Floats:
        """Return the lowest growth that is forecast."""
        return self._lowest(name, horizon, event)

    def revision(self, name: str, horizon: int, _: Event) -> Floats:
        """Return the change from the previous forecast for the same period."""
        return self._newest(name, horizon) - self._newest(name, horizon, earlier=True)

    def before(self, name: str, horizon: int, _: Event) -> Floats:
        """Return the forecast or estimate of the period before the target's."""
        return self._newest(name, horizon - 1)

    def median(self, name: str, horizon: int, event: Event) -> Floats:
        """Return the median of all countries at the same origin."""
        growth = pd.Series(self.growth(name, horizon, event))
        origins = self.rows["ordinal"].to_numpy()
        median: Floats = growth.groupby(origins).transform("median").to_numpy()
        return median

    def _lowest(self, name: str, horizon: int, event: Event, sign: int = 1) -> Floats:
        first = 1 if event == "within" and horizon > 0 else horizon
        ahead = [
            sign * self._newest(name, number) for number in range(first, horizon + 1)
        ]
        lowest: Floats = np.fmin.reduce(ahead)
        return lowest

    def _newest(self, name: str, ahead: int, *, earlier: bool = False) -> Floats:
        """Return the newest forecast for `ahead` periods after each origin, (rows,).

        With `earlier`, the one published before it.
        """
        given = self.table[self.table["column"] == name]
        if earlier:
            of_period = given.groupby(["country", "ordinal"])["value"]
            given = given.assign(value=of_period.shift())
        wanted = self.rows.assign(ordinal=self.rows["ordinal"] + ahead)
        found = pd.merge_asof(
            wanted.reset_index().sort_values("day", kind="stable"),
            given[["country", "ordinal", "day", "value"]],
            on="day",
            by=["country", "ordinal"],
        )
        values: Floats = found.set_index("index")["value"].sort_index().to_numpy()
        return values


def professional_forecasts(
    forecasts: pd.DataFrame, frequency: Frequency, origins: Origins
) -> ProfessionalForecasts | None:
    """Return the forecasts for periods of a frequency; `None` if there are none.

    `forecasts` has the columns `PROFESSIONAL_COLUMNS` of a data set.
    """
    alike = np.array(
        [frequency_of(text) == frequency for text in forecasts["period"]], dtype=bool
    )
    inside = forecasts["country"].isin([*origins.countries]).to_numpy(dtype=bool)
    given = forecasts[alike & inside]
    if given.empty:
        return None
    alias = PANDAS_ALIAS[frequency]
    table = pd.DataFrame(
        {
            "country": given["country"].astype(str),
            "column": given["column"].astype(str),
            "ordinal": pd.PeriodIndex(given["period"], freq=alias).asi8,
            "day": given["known_at"].to_numpy("datetime64[D]").astype(np.int64),
            "value": given["value"].to_numpy(dtype=float),
        }
    ).sort_values("day", kind="stable", ignore_index=True)
    kinds = dict(sorted(zip(given["column"], given["kind"], strict=True)))
    rows = pd.DataFrame(
        {
            "country": origins.index.get_level_values("country").astype(str),
            "ordinal": pd.PeriodIndex(origins.index.get_level_values("origin")).asi8,
            "day": origins.days,
        }
    )
    return ProfessionalForecasts(kinds, table, rows)


@dataclass(frozen=True)
class Feature:
    """One of the columns that a professional forecast gives.

    `measures` is that of the column; only the forecast itself has one.
    """

    name: str
    of: Callable[[ProfessionalForecasts, str, int, Event], Floats]
    measures: str = ""


FEATURES: Mapping[str, tuple[Feature, ...]] = {
    PROBABILITY: (Feature("log-odds", ProfessionalForecasts.log_odds, PROBABILITY),),
    GROWTH: (
        Feature("growth", ProfessionalForecasts.growth, GROWTH),
        Feature("revision", ProfessionalForecasts.revision),
        Feature("before", ProfessionalForecasts.before),
        Feature("median", ProfessionalForecasts.median),
    ),
}
# Professionals rarely give a smaller probability; 0 has no log-odds.
CLIP = 0.005
