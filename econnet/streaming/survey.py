"""One pass over a panel before any training: see that it is in order, and measure it.

Every range is looked at once, on all cores. Checked is that the rows are sorted by
country and period. Kept are the common growth of each period, which needs all
countries, and a sketch: a uniform sample of rows, from which the quantiles for
winsorising and the moments for scaling are taken. Each row is drawn with one
probability by the stream of its range, so the sketch is the same on any number of
cores. With 200,000 rows the 1st percentile taken for it lies between the true 0.96th
and 1.04th, 19 times in 20.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from econnet import compute
from econnet.core.periods import PERIODS_A_YEAR
from econnet.errors import DataError
from econnet.strangers import LARGEST
from econnet.streaming.files import (
    Files,
    Ordinals,
    RowRange,
    Rows,
    Singles,
    written,
)
from econnet.streaming.recipe import Abroad, Desk, Recipe, Scaling
from econnet.streaming.scaling import MomentScaler

SKETCH_ROWS = 200_000
HOLDOUT_SHARE = 0.2
FEWEST_OF_EACH = 10


@dataclass(frozen=True, eq=False)
class Survey:
    """What is known of a panel after one pass.

    Parameters
    ----------
    countries, first, last
        How many there are, and the first and last period of any.
    newest_learned
        The last period whose rows are learned from: their targets were known before the
        holdout began.
    first_held_out, last_held_out
        Origins of the holdout.
    scaler
        Fitted on the sketch's rows of the training periods.
    sketch_X, sketch_y : array (rows, inputs), (rows,)
        Those rows, scaled, and their targets.
    """

    countries: int
    first: int
    last: int
    newest_learned: int
    first_held_out: int
    last_held_out: int
    abroad: Abroad
    scaler: MomentScaler
    sketch_X: Singles  # noqa: N815 - as in the formulas
    sketch_y: Singles


@dataclass(frozen=True, eq=False)
class _Seen:
    """What one range showed. `inputs` are of the sampled rows, without those abroad."""

    first_country: str
    last_country: str
    last_period: int
    countries: int
    abroad: Abroad
    inputs: Singles
    period: Ordinals
    target: Singles


def survey(
    files: Files,
    recipe: Recipe,
    seed: int,
    progress: Callable[[float], None] = lambda _: None,
) -> Survey:
    """Look at every row once.

    Raises
    ------
    DataError
        The rows are not sorted by country and period, a cell cannot be read, or there
        is too little to learn from.
    """
    ranges = files.ranges
    share = min(1.0, SKETCH_ROWS / files.rows)
    done = 0
    own = threading.local()

    def look(number: int) -> _Seen:
        nonlocal done
        rng = np.random.default_rng([seed, number])
        if not hasattr(own, "desk"):
            own.desk = Desk.of(files.most_rows, recipe)
        seen = _look(files, recipe, ranges[number], rng, share, own.desk)
        done += 1
        progress(done / len(ranges))
        return seen

    seen = compute.each(look, range(len(ranges)))
    _check_joints(files, recipe, ranges, seen)
    abroad = Abroad.sum([it.abroad for it in seen])
    first, last = abroad.first, abroad.first + len(abroad.total) - 1
    held_out = max(
        PERIODS_A_YEAR[recipe.frequency], round(HOLDOUT_SHARE * (last - first + 1))
    )
    # An outcome of the last period belongs to the origin `horizon` before it.
    last_held_out = last - recipe.horizon - recipe.looks_ahead
    first_held_out = last_held_out - held_out + 1
    newest_learned = first_held_out - recipe.newest_needed
    inputs = np.concatenate([it.inputs for it in seen], axis=1)
    period = np.concatenate([it.period for it in seen])
    target = np.concatenate([it.target for it in seen])
    growth = inputs[recipe.inputs.index(recipe.target)]
    inputs[-2:] = abroad.others(period, growth)
    learned = (period <= newest_learned) & ~np.isnan(target)
    _check_enough(files, recipe, target[learned], newest_learned)
    newest = np.arange(len(recipe.columns))
    scaler = MomentScaler.fit(inputs[:, learned].T.astype(np.float64), newest)
    return Survey(
        countries=_countries(seen),
        first=first,
        last=last,
        newest_learned=newest_learned,
        first_held_out=first_held_out,
        last_held_out=last_held_out,
        abroad=abroad,
        scaler=scaler,
        sketch_X=Scaling.of(scaler).apply(inputs, np.flatnonzero(learned)).T,
        sketch_y=target[learned],
    )


def _look(
    files: Files,
    recipe: Recipe,
    chosen: RowRange,
    rng: np.random.Generator,
    share: float,
    desk: Desk,
) -> _Seen:
    """Check a range, and keep what the survey needs of it."""
    spells = files.spells(chosen)
    for spell in spells:
        if not spell.country:
            raise DataError(f"{files.place(chosen, spell.first)}: no country")
    for before, spell in zip([None, *spells], spells, strict=False):
        whole = spell.last - spell.first + 1 == spell.rows
        name = str(spell.country)
        if not whole or (before is not None and name <= str(before.country)):
            raise DataError(_unsorted(files.place(chosen, spell.first), name))
    rows = files.read(chosen, recipe.columns, desk.values)
    _check_values(files, recipe, chosen, rows)
    same = rows.entity[1:] == rows.entity[:-1]
    back = np.flatnonzero(same & (np.diff(rows.period) <= 0))
    if len(back):
        row = chosen.start + int(back[0]) + 1
        country = next(it.country for it in spells if it.first <= row <= it.last)
        raise DataError(_unsorted(files.place(chosen, row), str(country)))
    sampled = np.flatnonzero(rng.random(len(rows)) < share)
    # Above the first rows of a range stand others that are not seen here.
    sampled = sampled[sampled >= recipe.history]
    inputs = recipe.inputs_of(rows, Abroad.nothing(rows.period), desk.inputs)
    return _Seen(
        first_country=str(spells[0].country),
        last_country=str(spells[-1].country),
        last_period=int(rows.period[-1]),
        countries=len(spells),
        abroad=Abroad.of(rows.period, recipe.growth_of(rows)),
        inputs=np.take(inputs, sampled, axis=1),
        period=rows.period[sampled],
        target=recipe.targets_of(rows)[sampled],
    )


def _check_values(files: Files, recipe: Recipe, chosen: RowRange, rows: Rows) -> None:
    """Raise `DataError` for the first value that is too large to reckon with."""
    extremes = (
        least_or_most.reduce(rows.values, axis=None, initial=0.0)
        for least_or_most in (np.fmin, np.fmax)
    )
    if max(map(abs, extremes)) <= LARGEST:
        return
    column, row = np.argwhere(np.abs(rows.values) > LARGEST)[0]
    raise DataError(
        f"{files.place(chosen, chosen.start + int(row))}: {recipe.columns[column]} is "
        f"{rows.values[column, row]:g}, which is beyond what can be reckoned with, "
        f"{LARGEST:g}: choose another unit"
    )


def _check_joints(
    files: Files, recipe: Recipe, ranges: Sequence[RowRange], seen: Sequence[_Seen]
) -> None:
    """Check the order from each range to the next."""
    for number in range(1, len(seen)):
        before, here = seen[number - 1], seen[number]
        if here.first_country < before.last_country:
            place = files.place(ranges[number], ranges[number].start)
            raise DataError(_unsorted(place, here.first_country))
        if here.first_country == before.last_country:
            start = ranges[number].start
            head = RowRange(ranges[number].file, start, start + 1, 0)
            if files.read(head, recipe.columns[:1]).period[0] <= before.last_period:
                place = files.place(ranges[number], start)
                raise DataError(_unsorted(place, here.first_country))


def _check_enough(
    files: Files, recipe: Recipe, target: npt.NDArray[np.float32], newest: int
) -> None:
    contractions = int(target.sum())
    if min(contractions, len(target) - contractions) < FEWEST_OF_EACH:
        until = written(newest, recipe.frequency)
        raise DataError(
            f"{files.name} holds too little to learn from: in the rows up to {until}, "
            f"before the holdout, {contractions} contractions and "
            f"{len(target) - contractions} expansions were drawn, and "
            f"{FEWEST_OF_EACH} of each are needed: choose another --label or --target"
        )


def _countries(seen: Sequence[_Seen]) -> int:
    """Count those that go on from one range into the next once."""
    split = sum(
        before.last_country == here.first_country for before, here in pairwise(seen)
    )
    return sum(it.countries for it in seen) - split


def _unsorted(place: str, country: str) -> str:
    return (
        f"{place}: the rows are not sorted by country and period from {country!r} on, "
        "or a period stands there twice: sort them once and write them anew"
    )
