"""The windows of a walk-forward run: the rows on which each refit may be trained.

A *window* is one refit. It learns from the rows whose target was known on the
information day of its origin, with a scaler fitted to those rows alone, and forecasts
the origins from there up to the next refit. Every model gets the same windows. They
expand unless the `Schedule` has `rolling_years`.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.errors import DataError, UsageError
from econnet.core.numbers import whole_number
from econnet.core.periods import PANDAS_ALIAS, PERIODS_A_YEAR, Frequency, parse_period
from econnet.core.text import quoted
from econnet.core.types import Floats
from econnet.data.features.design_matrix import DesignMatrix
from econnet.models.scaling import Scaler, has_information
from econnet.runtime import workers

Rows: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class VariedCopies:
    """Copies of some rows in which one group of columns after another differs.

    Parameters
    ----------
    copied
        Positions of the rows that are copied for each group.
    groups
        The positions of a group's columns, and their values: (copies, columns).
    """

    copied: Rows
    groups: Sequence[tuple[Rows, np.ndarray]]

    def appended_to(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows, followed by the copies of each group."""
        everything = np.concatenate([rows, *([rows[self.copied]] * len(self.groups))])
        copies = everything[len(rows) :].reshape(len(self.groups), len(self.copied), -1)
        for of_group, (columns, values) in zip(copies, self.groups, strict=True):
            of_group[:, columns] = values
        return everything


@dataclass(frozen=True, eq=False)
class TrainingTask:
    """What a model needs of a window; small enough to be sent to another process.

    Parameters
    ----------
    X_train, X_ahead : arrays (rows, inputs)
        Scaled features of the training rows, oldest origin first, and of those ahead.
    y_train : array (rows,)
        1 contraction, 0 expansion.
    growth_train : array (rows,)
        Growth in percent, below zero in contractions; NaN if the label has no growth.
    design_effect
        The number of training rows that are worth one independent row.
    copies_ahead
        Copies of the rows ahead that are forecast after them, if any.
    """

    origin: pd.Period
    X_train: npt.NDArray[np.float32]
    y_train: npt.NDArray[np.float32]
    growth_train: Floats
    X_ahead: npt.NDArray[np.float32]
    design_effect: float
    copies_ahead: VariedCopies | None = field(default=None, kw_only=True)

    @property
    def inputs_to_forecast(self) -> npt.NDArray[np.float32]:
        """Scaled features of the rows ahead, and of their copies."""
        copies = self.copies_ahead
        return self.X_ahead if copies is None else copies.appended_to(self.X_ahead)


@dataclass(frozen=True, eq=False)
class Window(TrainingTask):
    """One refit: what it learns from and what it forecasts.

    Parameters
    ----------
    features
        All rows, as known on the origin's information day; unknown targets are NaN.
    train, ahead : integer arrays
        Positions of the training rows, oldest origin first, and of those to forecast.
    raw_ahead : array (rows, columns)
        Raw features of the rows ahead; missing values are NaN.
    outcome : array (rows,)
        Today's outcome of the rows ahead; NaN if unknown. No model may use it.
    raw_copies_ahead
        Raw features of the copies, if there are any.
    """

    features: DesignMatrix
    train: Rows
    ahead: Rows
    scaler: Scaler
    raw_ahead: Floats
    outcome: Floats
    raw_copies_ahead: VariedCopies | None = field(default=None, kw_only=True)

    @property
    def raw_to_forecast(self) -> Floats:
        """Raw features of the rows ahead, and of their copies."""
        copies = self.raw_copies_ahead
        return self.raw_ahead if copies is None else copies.appended_to(self.raw_ahead)

    @property
    def raw_train(self) -> Floats:
        """Raw features of the training rows, (rows, columns)."""
        return self.features.X[self.train]

    @property
    def training_task(self) -> TrainingTask:
        """The part of the window that a model needs."""
        return TrainingTask(
            self.origin,
            self.X_train,
            self.y_train,
            self.growth_train,
            self.X_ahead,
            self.design_effect,
            copies_ahead=self.copies_ahead,
        )


# A model returns the probabilities of the rows ahead of each window, and of copies.
Model: TypeAlias = Callable[[Sequence[Window]], list[Floats]]


@dataclass(frozen=True)
class Schedule:
    """When the models are refitted, and from how much history.

    `refit_every` is in periods. By default, models are refitted every year from all
    earlier origins, and `start`, the first origin to forecast, is the first after
    `MIN_YEARS` of history. A refit is left out if less than `min_new_share` of the
    training rows, and of the contractions among them, are new since the last one. With
    `origins`, models are refitted at these only.
    """

    refit_every: int | None = None
    rolling_years: int | None = None
    start: pd.Period | None = None
    min_new_share: float = 0.0
    origins: tuple[pd.Period, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("refit_every", "rolling_years"):
            number = getattr(self, name)
            if number is not None:
                whole_number(number, 1, option=name)


def origin_in(text: str, frequency: Frequency) -> pd.Period:
    """Return the first origin of this frequency in a written period.

    Raises
    ------
    UsageError
        The text is not a period.

    Examples
    --------
    >>> origin_in("1985", "Q")
    Period('1985Q1', 'Q-DEC')
    """
    written = parse_period(text)
    if written is None or written.is_date:
        raise UsageError(
            f"--start {quoted(text)} is not a period: write 1985, 1985Q1 or 1985-01"
        )
    return pd.Period(pd.Period(written.text).start_time, PANDAS_ALIAS[frequency])


def make_windows(
    features: DesignMatrix,
    frequency: Frequency,
    last: pd.Period,
    schedule: Schedule | None = None,
) -> list[Window]:
    """Return the windows up to the origin `last`, one per refit.

    The first is at the earliest origin that the schedule allows and that has
    `MIN_PER_CLASS` contractions and expansions to learn from, and a feature. Where a
    later window has fewer, as a rolling one may in calm years, the one before it stays
    in use. No origin of a country before its first vintage is forecast.

    Raises
    ------
    DataError
        No origin has enough, or the windows would not fit into memory.
    """
    schedule = schedule or Schedule()
    origins = features.origins
    first = _first_allowed(features, frequency, schedule)
    candidates = origins[(origins >= first) & (origins <= last)].unique().sort_values()
    every = schedule.refit_every or PERIODS_A_YEAR[frequency]
    if schedule.origins is not None:
        candidates, every = candidates[candidates.isin(schedule.origins)], 1
    trains: dict[pd.Period, Rows] = {}
    for origin in candidates:
        if trains and (origin - next(iter(trains))).n % every:
            continue
        known = features.as_known_on(features.day_of(origin))
        rows = _training_rows(known, origin, schedule.rolling_years)
        contractions = known.y[rows].sum()
        if min(contractions, len(rows) - contractions) < MIN_PER_CLASS:
            continue
        before = trains[next(reversed(trains))] if trains else rows[:0]
        new = rows[~np.isin(rows, before)]
        share = max(len(new) / len(rows), known.y[new].sum() / contractions)
        if share >= schedule.min_new_share:
            trains[origin] = rows
    _check_memory(features, trains)
    trains = {
        origin: rows
        for origin, rows in trains.items()
        if has_information(features.as_known_on(features.day_of(origin)).X[rows])
    }
    if not trains:
        raise DataError(_too_short(features, frequency, first))
    seen = features.label_seen_from <= features.known_at

    def between(bounds: tuple[pd.Period, pd.Period]) -> Window:
        start, stop = bounds
        ahead = seen & (origins >= start) & (origins < stop)
        return window_at(features, start, ahead, schedule.rolling_years)

    # Scaling takes about a tenth of the time of training the networks.
    return workers.map_threads(between, list(pairwise([*trains, last + 1])))


def _first_allowed(
    features: DesignMatrix, frequency: Frequency, schedule: Schedule
) -> pd.Period:
    """Return the first origin to forecast if it has enough to learn from."""
    if schedule.start is not None:
        return schedule.start
    labelled = features.origins[~np.isnan(features.y)]
    if not len(labelled):
        return features.origins.max() + 1
    return labelled.min() + MIN_YEARS[frequency] * PERIODS_A_YEAR[frequency]


def _too_short(features: DesignMatrix, frequency: Frequency, first: pd.Period) -> str:
    """Return the message that says how much history there is, and is needed."""
    labelled = features.origins[~np.isnan(features.y)]
    available = "there are none"
    if len(labelled):
        n = int(np.nansum(features.y))
        available = (
            f"there {'is 1 contraction' if n == 1 else f'are {n} contractions'} from "
            f"{labelled.min()} to {labelled.max()}"
        )
    return (
        f"the data have too little history for training: {MIN_YEARS[frequency]} years "
        f"with {MIN_PER_CLASS} contractions and as many expansions are needed, known "
        f"in {first} or later; {available}: choose another --label or --frequency"
    )


def _check_memory(features: DesignMatrix, trains: Mapping[pd.Period, Rows]) -> None:
    """Raise before millions of rows are copied for each window."""
    inputs = features.X.shape[1] + len(features.newest)
    size = sum(map(len, trains.values())) * inputs * np.dtype(np.float32).itemsize
    if size > MAX_BYTES:
        raise DataError(
            f"{len(trains)} windows over {len(features.X):,} rows would take "
            f"{size / 2**30:.0f} GB of memory: refit less often, let the windows roll, "
            "or choose fewer countries"
        )


def window_at(
    features: DesignMatrix,
    origin: pd.Period,
    ahead: npt.NDArray[np.bool_],
    rolling_years: int | None = None,
) -> Window:
    """Return the window that learns from what was known at `origin`."""
    known = features.as_known_on(features.day_of(origin))
    train = _training_rows(known, origin, rolling_years)
    train = train[np.argsort(known.known_at[train], kind="stable")]
    rows_ahead = np.flatnonzero(ahead)
    scaler, scaled = Scaler.fit_transform(
        known.X[train],
        known.X[rows_ahead],
        known.newest,
        known.emphasis,
        known.professional,
    )
    inputs = scaled.astype(np.float32)
    return Window(
        origin=origin,
        X_train=inputs[: len(train)],
        y_train=known.y[train].astype(np.float32),
        growth_train=known.growth[train],
        X_ahead=inputs[len(train) :],
        design_effect=_design_effect(known, train),
        features=known,
        train=train,
        ahead=rows_ahead,
        scaler=scaler,
        raw_ahead=known.X[rows_ahead],
        outcome=features.y[rows_ahead],
    )


def with_row_ahead(window: Window, features: DesignMatrix, row: int) -> Window:
    """Return a window that forecasts this row of the features instead.

    The window was made at the row's origin, from the same features.
    """
    rows = np.array([row])
    raw_ahead = window.features.X[rows]
    return replace(
        window,
        ahead=rows,
        raw_ahead=raw_ahead,
        X_ahead=window.scaler.transform(raw_ahead).astype(np.float32),
        outcome=features.y[rows],
    )


def _design_effect(features: DesignMatrix, train: Rows) -> float:
    """Return the number of training rows that are worth one independent row.

    Countries contract together, so rows of one period repeat each other.

    Notes
    -----
    L. Kish, *Survey Sampling* (1965), 8.2, with periods as clusters.
    """
    periods = len(np.unique(features.known_at[train]))
    return 1 + CORRELATION_WITHIN_PERIOD * (len(train) / periods - 1)


def window_digest(name: str, windows: Sequence[Window]) -> str:
    """Return a digest of all that a model's forecasts of these windows depend on.

    `name` names the model and all its settings.
    """
    versions = [version(package) for package in ("econnet", "numpy", "scikit-learn")]
    digest = hashlib.sha256(f"{name} {versions}".encode())
    for window in windows:
        columns = [column.name for column in window.features.columns]
        digest.update(f"{window.origin} {window.features.horizon} {columns}".encode())
        for array in (
            window.raw_train,
            window.raw_to_forecast,
            window.X_train,
            window.y_train,
            window.growth_train,
            window.inputs_to_forecast,
            window.train,
            window.ahead,
        ):
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _training_rows(
    known: DesignMatrix, origin: pd.Period, rolling_years: int | None
) -> Rows:
    """Return the rows whose target is known, of the last years if windows roll.

    They start when professional forecasts do, if that leaves enough.
    """
    rows = ~np.isnan(known.y)
    if rolling_years is not None:
        day = pd.Timestamp(known.day_of(origin), unit="D")
        since = day - pd.DateOffset(years=rolling_years)
        rows &= known.known_at > np.datetime64(since, "D").astype(np.int64)
    return _since_professional_forecasts(known, np.flatnonzero(rows))


def _since_professional_forecasts(known: DesignMatrix, rows: Rows) -> Rows:
    """Return the rows from the first origin at which most had professional forecasts.

    All are returned if there are no forecasts, or if the later rows have too few years
    or contractions to learn from alone.
    """
    if not len(known.professional):
        return rows
    informed = ~np.isnan(known.X[np.ix_(rows, known.professional)]).all(axis=1)
    days, numbers = np.unique(known.known_at[rows], return_inverse=True)
    most = 2 * np.bincount(numbers, informed) >= np.bincount(numbers)
    if not most.any():
        return rows
    later = rows[known.known_at[rows] >= days[most.argmax()]]
    years = len(np.unique(known.origins[later].year))
    contractions = known.y[later].sum()
    fewest = min(contractions, len(later) - contractions)
    enough = years >= MIN_INFORMED_YEARS and fewest >= MIN_INFORMED_PER_CLASS
    return later if enough else rows


MIN_YEARS: Mapping[Frequency, int] = {"A": 20, "Q": 12, "M": 15}
MIN_PER_CLASS = 10
# What rows with professional forecasts need so that no others are learned from.
MIN_INFORMED_YEARS = 5
MIN_INFORMED_PER_CLASS = 100
# The most memory that the training rows of all windows may take.
MAX_BYTES = 8 * 2**30
# The approximate correlation of two countries' contractions in one period.
CORRELATION_WITHIN_PERIOD = 0.05
