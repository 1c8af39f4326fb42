"""Replaying history: what would have been said at each origin, had one been there.

A *window* is one refit. It learns from the rows whose target was known on the last day
of its origin, with a scaler fitted on those rows alone, and forecasts the origins from
there up to the next refit. Every model gets the same windows. The out-of-sample
forecasts of all windows are the *track record*.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.catalog import Frequency
from econnet.errors import DataError
from econnet.features import Features, Floats, Scaler
from econnet.panel import PERIODS_A_YEAR, Days

Rows: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Window:
    """What one refit learns from, and what it forecasts.

    Parameters
    ----------
    features
        All rows; the window uses those below.
    train, ahead : integer arrays
        Positions of the training rows, oldest origin first, and of those to forecast.
    X_train, X_ahead : float32 arrays (rows, inputs)
        Their features, scaled as the training rows demand.
    y_train : float32 array (rows,)
        1 contraction, 0 expansion.
    """

    features: Features
    origin: pd.Period
    train: Rows
    ahead: Rows
    scaler: Scaler
    X_train: npt.NDArray[np.float32]
    y_train: npt.NDArray[np.float32]
    X_ahead: npt.NDArray[np.float32]


# A model forecasts windows: it returns the probabilities of the rows ahead of each.
Model: TypeAlias = Callable[[Sequence[Window]], list[Floats]]


def windows(features: Features, frequency: Frequency, last: pd.Period) -> list[Window]:
    """Return one window a year, up to the origin `last`.

    The first is at the earliest origin that has `FIRST_AFTER_YEARS` of history and
    `FEWEST_OF_EACH` contractions and expansions to learn from.

    Raises
    ------
    DataError
        No origin has as much.
    """
    origins = features.origins
    everything = pd.PeriodIndex(origins[origins <= last].unique()).sort_values()
    labelled = origins[~np.isnan(features.y)]
    earliest = labelled.min() + FIRST_AFTER_YEARS[frequency] * PERIODS_A_YEAR[frequency]
    eligible = [
        origin
        for origin in everything[everything >= earliest]
        if _enough(features, _known_rows(features, origin))
    ]
    if not eligible:
        raise DataError(
            f"the data hold too little history to learn from: needed are "
            f"{FIRST_AFTER_YEARS[frequency]} years with {FEWEST_OF_EACH} contractions "
            f"and as many expansions, there are {int(np.nansum(features.y))} "
            f"contractions from {labelled.min()} to {labelled.max()}: choose another "
            "--label or --frequency"
        )
    refits = [*eligible[:: PERIODS_A_YEAR[frequency]], last + 1]
    return [
        window_at(features, start, (origins >= start) & (origins < stop))
        for start, stop in pairwise(refits)
    ]


def window_at(
    features: Features, origin: pd.Period, ahead: npt.NDArray[np.bool_]
) -> Window:
    """Return the window that learns what was known at `origin`."""
    train = _known_rows(features, origin)
    train = train[np.argsort(features.known_at[train], kind="stable")]
    rows_ahead = np.flatnonzero(ahead)
    scaler = Scaler.fit(features.X[train], features.newest)
    return Window(
        features=features,
        origin=origin,
        train=train,
        ahead=rows_ahead,
        scaler=scaler,
        X_train=scaler.transform(features.X[train]).astype(np.float32),
        y_train=features.y[train].astype(np.float32),
        X_ahead=scaler.transform(features.X[rows_ahead]).astype(np.float32),
    )


def run(windows: Sequence[Window], models: Mapping[str, Model]) -> pd.DataFrame:
    """Return the track record of each model over the windows.

    Returns
    -------
    DataFrame
        One row a model, country and origin: `model, country, origin, period, horizon,
        probability, outcome`; the outcome is missing where it is not known yet.
    """
    features = windows[0].features
    ahead = np.concatenate([window.ahead for window in windows])
    origins = features.origins[ahead]
    rows = pd.DataFrame(
        {
            "country": features.index.get_level_values("country")[ahead],
            "origin": origins,
            "period": origins + features.horizon,
            "horizon": features.horizon,
            "outcome": features.y[ahead],
        }
    )
    records = [
        rows.assign(model=name, probability=np.concatenate(model(windows)))
        for name, model in models.items()
    ]
    return pd.concat(records, ignore_index=True)[
        ["model", "country", "origin", "period", "horizon", "probability", "outcome"]
    ]


def _known_rows(features: Features, origin: pd.Period) -> Rows:
    """Return the rows whose target was known on the last day of `origin`."""
    last_day = origin.end_time.to_datetime64().astype("datetime64[D]").astype(np.int64)
    known: Days = features.target_known_at
    return np.flatnonzero((known <= last_day) & ~np.isnan(features.y))


def _enough(features: Features, rows: Rows) -> bool:
    contractions = int(features.y[rows].sum())
    return min(contractions, len(rows) - contractions) >= FEWEST_OF_EACH


FIRST_AFTER_YEARS: Mapping[Frequency, int] = {"A": 20, "Q": 12, "M": 15}
FEWEST_OF_EACH = 10
