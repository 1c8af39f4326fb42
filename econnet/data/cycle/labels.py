"""Labels of expansion and contraction, by named rule, and when each became known.

A rule labels every period of a level series 1 (contraction), 0 (expansion) or missing
(undecided). It is applied on every day on which a level became known, to what was known
by then, and a `Label` contains every result with its day. So no label is used before it
could have been computed, nor with a value that it took only later. Chronologies and
`given` do not use levels: their labels come from elsewhere, with dates of their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core import plugins
from econnet.core.errors import DataError, UsageError
from econnet.core.periods import FREQUENCIES, PANDAS_ALIAS, PERIODS_A_YEAR, Frequency
from econnet.core.text import one_line
from econnet.core.types import Floats
from econnet.data.cycle import chronologies
from econnet.data.cycle.growth import check_periods, levels_of, percent_change
from econnet.data.cycle.trends import below_hamilton_trend, below_hp_trend
from econnet.data.cycle.turning_points import contractions
from econnet.data.panel import Panel

LabelFunction: TypeAlias = Callable[[Floats, Frequency], Floats]


@dataclass(frozen=True)
class LabelRule:
    """How contractions are defined from a series of levels.

    Parameters
    ----------
    label_function
        Takes levels without gaps in the periods, (days, periods), each row with what
        was known on a day, and their frequency; returns 1, 0 or missing for each.
    looks_ahead
        Periods that must pass before a label is final; `None` where later levels may
        always revise it.
    meaning
        What a contraction is: `output below its level in the previous period`.
    caveat
        What to keep in mind about the rule; the name of a period replaces `{noun}`.
    looks_back
        Periods back to the level that growth is measured from; `None` for a year.
    frequencies
        The frequencies for which the rule is defined.
    """

    label_function: LabelFunction
    looks_ahead: int | None
    meaning: str
    caveat: str = ""
    looks_back: int | None = 1
    frequencies: tuple[Frequency, ...] = FREQUENCIES


@dataclass(frozen=True, eq=False)
class DatedValues:
    """Values by country and period, and when each became known.

    Parameters
    ----------
    values : Series (country, period)
        The newest value, missing where unknown.
    known_at : Series (country, period)
        The date from which each of `values` has been known.
    revisions : DataFrame
        `country, period, known_at, value`: every value there has been and the date from
        which it was known, oldest first; missing where a value was withdrawn.
    """

    values: pd.Series
    known_at: pd.Series
    revisions: pd.DataFrame

    def on(self, day: pd.Timestamp) -> pd.Series:
        """Return the values by (country, period) as known at the end of a day."""
        known = self.days <= np.datetime64(day, "D")
        values = np.full(len(self.values), np.nan)
        # If a value was revised several times, the last assignment wins: the newest.
        values[self.places[known]] = self.revisions["value"].to_numpy()[known]
        return pd.Series(values, self.values.index)

    @cached_property
    def settled(self) -> bool:
        """Whether no value was ever revised."""
        return len(np.unique(self.places)) == len(self.places)

    @cached_property
    def places(self) -> npt.NDArray[np.intp]:
        """The position in `values` of each revision."""
        keys = pd.MultiIndex.from_frame(self.revisions[["country", "period"]])
        return self.values.index.get_indexer(keys)

    @cached_property
    def days(self) -> npt.NDArray[np.datetime64]:
        """The day of each revision."""
        return self.revisions["known_at"].to_numpy(dtype="datetime64[D]")


@dataclass(frozen=True, eq=False)
class Label(DatedValues):
    """Contractions by one rule: 1 contraction, 0 expansion, missing unknown.

    Parameters
    ----------
    name
        As on the command line: `two-quarters`, `given:recession`.
    target
        The indicator that was labelled; for a chronology and `given` the one shown.
    meaning
        What a contraction is, in words.
    """

    name: str
    target: str
    meaning: str

    def __repr__(self) -> str:
        """Return the rule, and how many periods it labelled, in one line."""
        known = self.values.dropna()
        return (
            f"Label({self.name} of {self.target}: {int(known.sum())} contractions in "
            f"{len(known)} periods of {known.index.unique('country').size} countries)"
        )


def apply(panel: Panel, name: str, target: str = "real_gdp") -> Label:
    """Return the labels of every country of the panel by the rule of that name."""
    check_rule(name, panel.frequency)
    check_periods(panel.values.index)
    if name.startswith("given:"):
        return _given(panel, name, target)
    if name in chronologies.load():
        return _dated_by_committee(panel, name, target)
    if target not in panel.values:
        raise DataError(
            f"the data have no {target} at frequency {panel.frequency}: choose another "
            f"--target ({', '.join(panel.columns[:5])}, ...) or --frequency"
        )
    rule = rule_of(panel, name, target)
    dated = computed_from_levels(panel, target, rule.label_function)
    return _label(name, target, rule.meaning, dated)


def rule_of(panel: Panel, name: str, target: str) -> LabelRule:
    """Return the rule of that name, as it applies to the figures of the target."""
    rule = RULES[name]
    growth = panel.indicators[target].growth_over
    if growth == "year" and panel.frequency != "A":
        return _rule_of_growth_over_a_year(name, target)
    if growth:
        return replace(
            rule, label_function=_of_growth(rule), meaning=_meaning(name, target, rule)
        )
    return rule


def computed_from_levels(
    panel: Panel, target: str, function: LabelFunction
) -> DatedValues:
    """Return what a function gives for the levels that were known on each day.

    `function` takes levels without gaps, (days, periods), and their frequency, and
    returns a value for each, missing where there is none.
    """
    levels = panel.revisions(target)
    ordinals = pd.PeriodIndex(levels["period"]).asi8
    known_at = levels["known_at"].to_numpy()
    given = levels["value"].to_numpy(dtype=float)
    changes = {
        country: _changes(
            lambda known: function(known, panel.frequency),
            ordinals[rows],
            known_at[rows],
            given[rows],
        )
        for country, rows in levels.groupby("country").indices.items()
    }
    periods, days, values = map(np.concatenate, zip(*changes.values(), strict=True))
    revisions = pd.DataFrame(
        {
            "country": np.repeat([*changes], [len(of[0]) for of in changes.values()]),
            "period": pd.PeriodIndex.from_ordinals(  # type: ignore[attr-defined]  # not in stubs
                periods, freq=PANDAS_ALIAS[panel.frequency]
            ),
            "known_at": days,
            "value": values,
        }
    )
    return _dated(panel, revisions)


def check_rule(name: str, frequency: Frequency) -> None:
    """Raise `UsageError` unless `name` is a rule that is defined at `frequency`."""
    if name.startswith("given:") and name != "given:":
        return
    dated = chronologies.load()
    if name not in RULES and name not in dated:
        names = (*NAMES, *RULES.plugins())
        raise UsageError(
            f"no label rule is called {name!r}: choose one of {', '.join(names)}"
        )
    frequencies = (dated[name] if name in dated else RULES[name]).frequencies
    if frequency not in frequencies:
        raise UsageError(
            f"label {name} is not defined at frequency {frequency}: "
            f"choose --frequency {' or '.join(frequencies)}, or another --label"
        )


def _changes(
    function: Callable[[Floats], Floats],
    periods: npt.NDArray[np.int64],
    known_at: npt.NDArray[np.datetime64],
    levels: Floats,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.datetime64], Floats]:
    """Return period, date and value of each change of what a function gives.

    `levels` are all that a country's levels ever were, with the number of their period
    and the date from which they were known. The function is applied on each such date.
    """
    days, day = np.unique(known_at, return_inverse=True)
    first = periods.min()
    values = function(_vintages(day, periods - first, levels))
    before = np.vstack([np.full(values.shape[1], np.nan), values[:-1]])
    same = (values == before) | (np.isnan(values) & np.isnan(before))
    changed, place = np.nonzero(~same)
    return place + first, days[changed], values[changed, place]


def _of_growth(rule: LabelRule) -> LabelFunction:
    """Return the label function of a rule for rates of growth in place of levels."""

    def label(growth: Floats, frequency: Frequency) -> Floats:
        labels = rule.label_function(levels_of(growth), frequency)[..., 1:]
        known = ~np.isnan(growth)
        span = PERIODS_A_YEAR[frequency] if rule.looks_back is None else 1
        for periods in range(1, span):
            known &= ~np.isnan(_shifted(growth, periods))
        return np.where(known, labels, np.nan)

    return label


def _rule_of_growth_over_a_year(name: str, target: str) -> LabelRule:
    """Return the rule for a rate of growth over a year, which has no level."""
    if name not in {"negative-growth", "year-on-year"}:
        raise UsageError(
            f"{target} is year-on-year growth, from which label {name} cannot be "
            "computed: choose --label year-on-year, or another --target"
        )
    return replace(
        RULES[name],
        label_function=lambda growth, _: np.where(np.isnan(growth), np.nan, growth < 0),
        meaning=f"{target}{BELOW_ZERO}",
    )


def _meaning(name: str, target: str, rule: LabelRule) -> str:
    """Return what a contraction is where the target is a rate of growth."""
    if name == "negative-growth":
        return f"{target}{BELOW_ZERO}"
    return f"{rule.meaning}, by the sum of {target}"


def _vintages(
    day: npt.NDArray[np.intp], place: npt.NDArray[np.int64], values: Floats
) -> Floats:
    """Return what was known on each day, (days, periods).

    A value that was set on a day is valid on the days that follow, until the next.
    """
    shape = (int(day.max()) + 1, int(place.max()) + 1)
    known = np.full(shape, np.nan)
    known[day, place] = values
    set_on = np.zeros(shape, dtype=np.intp)
    set_on[day, place] = day
    newest: Floats = np.take_along_axis(
        known, np.maximum.accumulate(set_on, axis=0), axis=0
    )
    return newest


def _dated(panel: Panel, revisions: pd.DataFrame) -> DatedValues:
    """Return the value of every period of the panel, the newest of its revisions."""
    revisions = revisions.sort_values("known_at", kind="stable", ignore_index=True)
    newest = (
        revisions.drop_duplicates(["country", "period"], keep="last")
        .set_index(["country", "period"])
        .reindex(panel.values.index)
    )
    values = newest["value"].rename(None)
    known_at = newest["known_at"].rename(None).where(values.notna())
    revisions = revisions[["country", "period", "known_at", "value"]]
    return DatedValues(values, known_at, revisions)


def _label(name: str, target: str, meaning: str, dated: DatedValues) -> Label:
    return Label(dated.values, dated.known_at, dated.revisions, name, target, meaning)


def _label_two_quarters(levels: Floats, _: Frequency) -> Floats:
    """Label quarters of falling output that are next to another one."""
    falling = _falling(levels, 1)
    before, after = _shifted(falling, 1), _shifted(falling, -1)
    # Both classes wait for the next quarter; otherwise the newest training rows would
    # be expansions only.
    known = ~np.isnan(falling) & ~np.isnan(after)
    # The very first quarter has no growth before it, but may begin a run.
    contraction = (falling == 1) & ((before == 1) | (after == 1))
    unsure = (falling == 1) & np.isnan(before) & (after == 0)
    return np.where(known & ~unsure, contraction, np.nan)


def _on_each_day(date: Callable[[Floats, Frequency], Floats]) -> LabelFunction:
    """Return the label function of a rule for one series of levels, (periods,)."""

    def label(levels: Floats, frequency: Frequency) -> Floats:
        return np.stack([date(known, frequency) for known in levels])

    return label


def _rule_of_plugin(plugin: plugins.Plugin, rule: object) -> LabelRule:
    """Return the rule of a plugin, which sees the levels of one day at a time."""
    if not isinstance(rule, LabelRule):
        raise TypeError(f"it is a {type(rule).__name__}, not a LabelRule")
    if not rule.meaning or not {*rule.frequencies} <= {*FREQUENCIES}:
        raise ValueError("it needs a meaning, and frequencies among A, Q and M")

    def label(known: Floats, frequency: Frequency) -> Floats:
        try:
            given = rule.label_function(known[None, :], frequency)
            values: Floats = np.asarray(given, dtype=float)
            if values.shape != (1, len(known)):
                raise ValueError(f"it returned the shape {values.shape}")
            if not np.isin(values[~np.isnan(values)], (0, 1)).all():
                raise ValueError("it returned a value other than 0, 1 and NaN")
        except Exception as error:
            raise DataError(
                f"{plugin} failed ({one_line(str(error), at_most=200)}): choose "
                "another --label, or report it to its authors"
            ) from error
        return values.ravel()

    return replace(rule, label_function=_on_each_day(label))


def _falling(levels: Floats, periods: int) -> Floats:
    """Return 1 where growth over `periods` is negative, 0 where not, NaN if unknown."""
    change = percent_change(levels, _shifted(levels, periods))
    return np.where(np.isnan(change), np.nan, change < 0)


def _shifted(values: Floats, periods: int) -> Floats:
    """Return the value `periods` before each, along the last axis."""
    shifted = np.full_like(values, np.nan)
    if periods > 0:
        shifted[..., periods:] = values[..., :-periods]
    else:
        shifted[..., :periods] = values[..., -periods:]
    return shifted


def _given(panel: Panel, name: str, target: str) -> Label:
    column = name.removeprefix("given:")
    if column not in panel.values:
        raise DataError(
            f"the data have no column {column!r} for --label {name}: "
            f"they have {', '.join(panel.columns[:8])}"
        )
    values = panel.values[column]
    invalid = values[~values.isin([0.0, 1.0]) & values.notna()]
    if len(invalid):
        raise DataError(
            f"column {column!r} must contain only 0 and 1 for --label {name}, "
            f"but has {invalid.iloc[0]:g} in {invalid.index[0][1]}"
        )
    meaning = f"the column {column} being 1"
    return _label(name, target, meaning, _dated(panel, panel.revisions(column)))


def _dated_by_committee(panel: Panel, name: str, target: str) -> Label:
    """Label the economy of a chronology, and no other.

    Where output is not measured monthly, industrial production is shown in its place.
    """
    chronology = chronologies.load()[name]
    country = chronology.country
    if country not in panel.values.index.unique("country"):
        raise DataError(wrong_economy(name))
    periods = pd.PeriodIndex(panel.values.loc[country].index, name="period")
    labels = chronologies.contractions(chronology, periods).dropna().reset_index()
    labels = labels.rename(columns={"contraction": "value"}).assign(country=country)
    revisions = labels[labels["known_at"] <= panel.as_of]
    shown = target if target in panel.values else "industrial_production"
    meaning = f"recession by the chronology of {chronology.committee}"
    return _label(name, shown, meaning, _dated(panel, revisions))


def wrong_economy(name: str) -> str:
    """Return the error of a chronology that is asked for without its economy."""
    chronology = chronologies.load()[name]
    return (
        f"label {name} is the chronology of {chronology.place}: choose --country "
        f"{chronology.country}, or another --label"
    )


BELOW_ZERO = " below zero"
GROWTH_CYCLE_CAVEAT = (
    "Output below its trend is not necessarily falling: it usually grows, but slowly. "
    "The trend is revised as new data arrive, so the networks are trained on the "
    "labels known at the time and scored on today's."
)

OWN_RULES: Mapping[str, LabelRule] = {
    "negative-growth": LabelRule(
        lambda levels, _: _falling(levels, 1),
        looks_ahead=0,
        meaning="output below its level in the previous period",
        caveat="A single {noun} of falling output is not a recession, and where growth "
        "is slow, a small measurement error can turn a rise into a fall.",
    ),
    "year-on-year": LabelRule(
        lambda levels, frequency: _falling(levels, PERIODS_A_YEAR[frequency]),
        looks_ahead=0,
        looks_back=None,
        meaning="output below its level a year earlier",
    ),
    "two-quarters": LabelRule(
        _label_two_quarters,
        looks_ahead=1,
        frequencies=("Q",),
        meaning="output falling for two quarters or more in a row",
    ),
    "turning-points": LabelRule(
        _on_each_day(contractions),
        looks_ahead=None,
        meaning="output between a peak and a trough",
        caveat="Turning points may be revised as new data arrive, so the networks are "
        "trained on the labels known at the time and scored on today's.",
    ),
    "growth-cycle": LabelRule(
        _on_each_day(below_hamilton_trend),
        looks_ahead=None,
        meaning="output below its trend (Hamilton filter)",
        caveat=GROWTH_CYCLE_CAVEAT,
    ),
    "growth-cycle-hp": LabelRule(
        _on_each_day(below_hp_trend),
        looks_ahead=None,
        meaning="output below its trend (Hodrick-Prescott filter)",
        caveat=GROWTH_CYCLE_CAVEAT,
    ),
}

# With the rules of plugins.
RULES = plugins.Registry(OWN_RULES, "econnet.labels", _rule_of_plugin)
NAMES: tuple[str, ...] = (*OWN_RULES, *chronologies.load(), "given:COLUMN")
