"""How rows of a long panel become inputs and targets, a range at a time.

The inputs of a row are the newest transformed value of each indicator, three earlier
ones of what is labelled, and what the other countries' did in the same period. Lags and
targets are other rows of the same range: where the row above is not the period before
in the same country, the lag is missing. A row stands for the period whose values were
newest known; with a publication lag of `lag` periods its *origin*, in which the
forecast is made, is `lag` later, and its target `horizon` later still. All of it is
float32, `(columns, rows)`, so that a column is contiguous.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.periods import PERIODS_A_YEAR, Frequency
from econnet.core.task import Event
from econnet.core.types import Floats
from econnet.errors import DataError, UsageError
from econnet.sources.tabular import Kind, infer_kind
from econnet.streaming.files import Files, Ordinals, Rows, Singles, table_in
from econnet.streaming.scaling import MomentScaler

EARLIER = (1, 2, 3)


@dataclass(frozen=True)
class Recipe:
    """What is forecast of a panel, and from which of its columns.

    Parameters
    ----------
    columns, kinds
        The panel's columns of numbers, and what each was taken for.
    label
        A rule of `MARKS`, or `given:COLUMN`.
    target
        The column that the rule looks at; for `given` the column itself.
    event
        `at`: a contraction in the period `horizon` ahead; `within`: in any up to it.
    lag
        Periods until a value is known.
    """

    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    frequency: Frequency
    label: str
    target: str
    horizon: int
    event: Event
    lag: int

    @property
    def looks_ahead(self) -> int:
        """How many later periods the label of a period waits for."""
        return LOOKS_AHEAD.get(self.label, 0)

    @property
    def lead(self) -> int:
        """Rows from a row to the last one that its target depends on."""
        return self.lag + self.horizon + self.looks_ahead

    @property
    def history(self) -> int:
        """Rows above that a row's inputs and its target depend on."""
        return max(1 + max(EARLIER), PERIODS_A_YEAR[self.frequency])

    @property
    def newest_needed(self) -> int:
        """Periods from a row's until its target is known to a later origin's row."""
        return self.lag + self.horizon + self.looks_ahead + self.lag

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the columns that `inputs_of` returns."""
        return (
            *self.columns,
            *(f"{self.target} lag {lag}" for lag in EARLIER),
            "growth abroad",
            "share shrinking abroad",
        )

    def inputs_of(
        self, rows: Rows, abroad: "Abroad", out: Singles | None = None
    ) -> Singles:
        """Return the inputs of each row in their own units, (inputs, rows).

        They stand in `out`, if it is given: a flat array that is long enough.
        """
        k = len(self.columns)
        made = table_in(out, len(self.inputs), len(rows))
        changes = made[:k]
        self._transform(rows, out=changes)
        own = changes[self.columns.index(self.target)]
        for row, lag in enumerate(EARLIER, k):
            shifted(own, lag, rows, out=made[row])
        made[k + len(EARLIER) :] = abroad.others(rows.period, own)
        return made

    def growth_of(self, rows: Rows) -> Singles:
        """Return the transformed target alone, (rows,)."""
        column = self.columns.index(self.target)
        made = np.empty((1, len(rows)), np.float32)
        TRANSFORMS[self.kinds[column]](rows.values[column : column + 1], rows, made)
        growth: Singles = made[0]
        return growth

    def targets_of(self, rows: Rows) -> Singles:
        """Return each row's target: 1 contraction, 0 expansion, NaN not to be told."""
        level = rows.values[self.columns.index(self.target)]
        name = "given" if self.label.startswith("given:") else self.label
        marks = MARKS[name](level, rows, PERIODS_A_YEAR[self.frequency])
        nearest = 1 if self.event == "within" and self.horizon else self.horizon
        target = shifted(marks, -self.lag - self.horizon, rows)
        for ahead in range(nearest, self.horizon):
            target = np.maximum(target, shifted(marks, -self.lag - ahead, rows))
        return target

    def _transform(self, rows: Rows, out: Singles) -> None:
        """Write what is made of each indicator, neighbours of a kind together."""
        start = 0
        for stop in range(1, len(self.kinds) + 1):
            if stop == len(self.kinds) or self.kinds[stop] != self.kinds[start]:
                transform = TRANSFORMS[self.kinds[start]]
                transform(rows.values[start:stop], rows, out[start:stop])
                start = stop


@dataclass(frozen=True, eq=False)
class Abroad:
    """The growth of all countries together, period by period.

    Parameters
    ----------
    first
        The first period's number.
    total, shrank, countries : array (periods,)
        Sum of their growth, each held within ten, how many shrank, and of how many it
        is known.
    """

    first: int
    total: Floats
    shrank: Floats
    countries: Floats

    @classmethod
    def of(cls, period: Ordinals, growth: Singles) -> "Abroad":
        """Return the sums over some rows."""
        first = int(period.min())
        known = ~np.isnan(growth)
        where = period[known] - first
        bounded = np.clip(growth[known], -BOUND, BOUND).astype(np.float64)
        n = int(period.max()) - first + 1
        total, shrank, countries = (
            np.bincount(where, weights, n).astype(np.float64)
            for weights in (bounded, bounded < 0, np.ones_like(bounded))
        )
        return cls(first, total, shrank, countries)

    @classmethod
    def sum(cls, parts: Sequence["Abroad"]) -> "Abroad":
        """Return the sums over all parts, added in their order."""
        first = min(part.first for part in parts)
        last = max(part.first + len(part.total) for part in parts)
        total, shrank, countries = np.zeros((3, last - first))
        for part in parts:
            own = slice(part.first - first, part.first - first + len(part.total))
            total[own] += part.total
            shrank[own] += part.shrank
            countries[own] += part.countries
        return cls(first, total, shrank, countries)

    @classmethod
    def nothing(cls, period: Ordinals) -> "Abroad":
        """Return what is known of the others before anybody has looked."""
        n = int(np.ptp(period)) + 1
        return cls(int(period.min()), *np.zeros((3, n)))

    def others(self, period: Ordinals, growth: Singles) -> Singles:
        """Return the others' mean growth and the share that shrank, (2, rows)."""
        where = period - self.first
        known = ~np.isnan(growth)
        bounded = np.where(known, np.clip(growth, -BOUND, BOUND), 0)
        n = (self.countries[where] - known).astype(np.float32)
        n[n <= 0] = np.nan
        made = np.empty((2, len(period)), np.float32)
        np.divide(self.total[where] - bounded, n, out=made[0], casting="same_kind")
        shrank = 100 * (self.shrank[where] - (bounded < 0))
        np.divide(shrank, n, out=made[1], casting="same_kind")
        return made


@dataclass(frozen=True, eq=False)
class Scaling:
    """A `MomentScaler` in float32, in the fewest passes over a range.

    Parameters
    ----------
    scale, shift, low, high, missing : array (inputs,)
        `x * scale + shift`, held within `low` and `high`; or `missing`.
    flagged : array of int
        Inputs of which a further column says whether they are missing.
    """

    scale: Singles
    shift: Singles
    low: Singles
    high: Singles
    missing: Singles
    flagged: npt.NDArray[np.int64]

    @classmethod
    def of(cls, scaler: MomentScaler) -> "Scaling":
        """Return the same scaling as the scaler's."""
        bounds = [
            np.clip((it - scaler.mean) * scaler.scale, -3, 3)
            for it in (scaler.low, scaler.high, scaler.median)
        ]
        scale, shift, low, high, missing = (
            it.astype(np.float32)
            for it in (scaler.scale, -scaler.mean * scaler.scale, *bounds)
        )
        flagged = scaler.flaggable[scaler.flagged > 0]
        return cls(scale, shift, low, high, missing, flagged)

    @property
    def width(self) -> int:
        """How many columns `apply` returns."""
        return len(self.scale) + len(self.flagged)

    def apply(
        self, inputs: Singles, chosen: Ordinals, out: Singles | None = None
    ) -> Singles:
        """Return the inputs of the chosen rows scaled, and flags below, (width, rows).

        They stand in `out`, if it is given: a flat array that is long enough.
        """
        made = table_in(out, self.width, len(chosen))
        of_flag = dict(zip(self.flagged.tolist(), made[len(inputs) :], strict=True))
        # An input at a time, for one fits into the cache and all do not.
        for number, row in enumerate(made[: len(inputs)]):
            # Into memory that is there by this mode alone, and no place is out of
            # bounds.
            np.take(inputs[number], chosen, out=row, mode="clip")
            absent = ~np.isfinite(row)
            np.multiply(row, self.scale[number], out=row)
            np.add(row, self.shift[number], out=row)
            np.clip(row, self.low[number], self.high[number], out=row)
            np.copyto(row, self.missing[number], where=absent)
            if number in of_flag:
                of_flag[number][...] = absent
        return made


@dataclass(frozen=True, eq=False)
class Desk:
    """Memory that a range is worked on in, enough for so many rows.

    Parameters
    ----------
    values, inputs, X
        Flat: for what is read, what is made of it, and what results from scaling.
    """

    values: Singles
    inputs: Singles
    X: Singles

    @classmethod
    def of(cls, rows: int, recipe: Recipe) -> "Desk":
        """Return memory for so many rows.

        No more of it is taken from the system than is written to.
        """
        k, inputs = len(recipe.columns), len(recipe.inputs)
        widths = k, inputs, inputs + k  # with a flag for each indicator at most
        return cls(*(np.empty(it * rows, np.float32) for it in widths))


def recipe_of(
    files: Files,
    *,
    label: str,
    target: str,
    horizon: int,
    event: Event,
    lag: int,
    kinds: Mapping[str, Kind],
) -> Recipe:
    """Return the recipe of a panel; what a column is, is told from its first rows.

    Raises
    ------
    UsageError
        A column that was named is not there, or the label cannot be streamed.
    """
    name = "given" if label.startswith("given:") else label
    if name not in MARKS:
        raise UsageError(
            f"label {label} needs a country's whole history, and a panel that is "
            f"streamed is seen in parts: choose {', '.join(NAMES)}"
        )
    if label == "two-quarters" and files.frequency != "Q":
        raise UsageError("label two-quarters is not defined at this frequency: it is Q")
    looked_at = label.removeprefix("given:") if name == "given" else target
    for column in (looked_at, *kinds):
        if column not in files.columns:
            near = get_close_matches(column, files.columns, n=3) or files.columns[:8]
            raise UsageError(
                f"{files.name} has no column {column!r}: it has {', '.join(near)}"
            )
    first = files.ranges[0]
    shown = files.read(replace(first, stop=min(first.stop, KIND_ROWS)))
    taken = {
        column: kinds.get(column) or _kind(column, shown, values)
        for column, values in zip(files.columns, shown.values, strict=True)
    }
    if name == "given" and taken[looked_at] != "flag":
        raise DataError(
            f"column {looked_at!r} must hold 0 and 1 for --label {label}: it was taken "
            f"for a {taken[looked_at]}"
        )
    # Neighbours of a kind are transformed together.
    columns = sorted(files.columns, key=lambda column: KINDS.index(taken[column]))
    return Recipe(
        columns=tuple(columns),
        kinds=tuple(taken[column] for column in columns),
        frequency=files.frequency,
        label=label,
        target=looked_at,
        horizon=horizon,
        event=event,
        lag=lag,
    )


def shifted(
    values: Singles, by: int, rows: Rows, out: Singles | None = None
) -> Singles:
    """Return each row's value `by` periods earlier, or later where it is negative.

    NaN where that row is not there.
    """
    made = np.empty_like(values) if out is None else out
    made.fill(np.nan)
    n, step = len(rows), abs(by)
    if step >= n:
        return made
    earlier, later = slice(0, n - step), slice(step, n)
    there = (rows.entity[earlier] == rows.entity[later]) & (
        rows.period[later] - rows.period[earlier] == step
    )
    to, source = (later, earlier) if by > 0 else (earlier, later)
    np.copyto(made[to], values[source], where=there)
    return made


def _kind(column: str, rows: Rows, values: Singles) -> Kind:
    table = pd.DataFrame(
        {"country": rows.entity, "period": rows.period, "value": values}
    ).dropna()
    return infer_kind(column, table) if len(table) else "rate"


def _level(values: Singles, rows: Rows, out: Singles) -> None:  # noqa: ARG001
    out[...] = values


def _difference(values: Singles, rows: Rows, out: Singles) -> None:
    np.subtract(values[:, 1:], values[:, :-1], out=out[:, 1:])
    _blank_starts(rows, out)


def _growth(values: Singles, rows: Rows, out: Singles) -> None:
    change = out[:, 1:]
    # What overflows is infinite, and counts as missing.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        np.divide(values[:, 1:], values[:, :-1], out=change)
        np.subtract(change, 1, out=change)
        np.multiply(change, 100, out=change)
    np.copyto(change, np.nan, where=values[:, :-1] <= 0)
    _blank_starts(rows, out)


def _log_difference(values: Singles, rows: Rows, out: Singles) -> None:
    logs = np.full_like(values, np.nan)
    np.log(values, out=logs, where=values > 0)
    np.multiply(logs, 100, out=logs)
    np.subtract(logs[:, 1:], logs[:, :-1], out=out[:, 1:])
    _blank_starts(rows, out)


def _blank_starts(rows: Rows, out: Singles) -> None:
    """Make missing what has no row of the period before above it."""
    follows = (rows.entity[1:] == rows.entity[:-1]) & (np.diff(rows.period) == 1)
    out[:, 0] = np.nan
    out[:, 1 + np.flatnonzero(~follows)] = np.nan


def _given(level: Singles, rows: Rows, year: int) -> Singles:  # noqa: ARG001
    strange = level[(level != 0) & (level != 1) & ~np.isnan(level)]
    if len(strange):
        raise DataError(
            f"a column that is given as label must hold 0 and 1, and holds "
            f"{strange[0]:g}"
        )
    return level


def _negative_growth(level: Singles, rows: Rows, year: int) -> Singles:  # noqa: ARG001
    return _below(level, shifted(level, 1, rows))


def _year_on_year(level: Singles, rows: Rows, year: int) -> Singles:
    return _below(level, shifted(level, year, rows))


def _two_quarters(level: Singles, rows: Rows, year: int) -> Singles:  # noqa: ARG001
    falling = _below(level, shifted(level, 1, rows))
    before, after = shifted(falling, 1, rows), shifted(falling, -1, rows)
    contraction = (falling == 1) & ((before == 1) | (after == 1))
    unsure = (falling == 1) & np.isnan(before) & (after == 0)
    told = ~np.isnan(falling) & ~np.isnan(after) & ~unsure
    return np.where(told, contraction, np.nan).astype(np.float32)


def _below(level: Singles, earlier: Singles) -> Singles:
    told = (earlier > 0) & ~np.isnan(level)
    return np.where(told, level < earlier, np.nan).astype(np.float32)


# What a collapse in one small country may count for abroad, as in `features`.
BOUND = 10.0
KIND_ROWS = 20_000

TRANSFORMS: Mapping[Kind, Callable[[Singles, Rows, Singles], None]] = {
    "flag": _level,
    "balance": _level,
    "rate": _difference,
    "flow": _growth,
    "index": _log_difference,
}
KINDS = tuple(TRANSFORMS)

# The rules of `labels` that look at few neighbouring periods.
MARKS: Mapping[str, Callable[[Singles, Rows, int], Singles]] = {
    "negative-growth": _negative_growth,
    "year-on-year": _year_on_year,
    "two-quarters": _two_quarters,
    "given": _given,
}
LOOKS_AHEAD: Mapping[str, int] = {"two-quarters": 1}
NAMES = (*list(MARKS)[:-1], "given:COLUMN")
