"""Outcomes of the forecasts in the log, and the scores of all of them.

A forecast is held against the outcome that the data show now, and beside the long-run
rate that was given with it. Who asks twice for one event has made one forecast: of the
lines that agree in all but the moment, the first counts, so that a lucky later line
cannot mend a record.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from econnet.core.errors import EconnetError
from econnet.core.periods import FREQUENCIES, PANDAS_ALIAS, Frequency
from econnet.core.task import Event
from econnet.core.types import Floats
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.cycle.labels import Label
from econnet.data.features import design_matrix
from econnet.data.files import user_panel
from econnet.data.sources.observations import Dataset
from econnet.evaluation.metrics import brier_costs, log_loss_costs
from econnet.forecast import log as forecast_log
from econnet.forecast.result import MAX_HORIZON

State = Literal["scored", "due", "pending", "lost"]

# What two lines agree in that forecast one and the same event from one origin.
SAME_FORECAST = [
    "country",
    "frequency",
    "target",
    "label",
    "event",
    "horizon",
    "origin",
    "pool",
    "file",
]
SAME_LABEL = ["file", "frequency", "target", "label"]

# What is found out of a forecast, and what stands there until it is.
FOUND: Mapping[str, object] = {
    "state": "lost",
    "outcome": math.nan,
    "known_at": pd.NaT,
    "ahead": False,
}


@dataclass(frozen=True, eq=False)
class LogScores:
    """What became of the forecasts that were made.

    Parameters
    ----------
    n_made
        Lines of the journal, repetitions among them.
    forecasts
        One row a forecast that counts, the oldest first: the journal's columns,
        `probability` and `base_rate` as numbers, and `state`, `outcome` (1 contraction,
        0 none, missing not known), `known_at` (the day on which the outcome became
        known) and `ahead` (whether the forecast was made before that day; a forecast
        that was made later, with `--as-of` or from old data, is a replay). A state is
        `scored`; `pending`, not to be known yet; `due`, published by now, but not in
        the data; or `lost`, where the data for it are gone.
    brier, log_loss
        Mean costs of the forecasts scored, and of the long-run rate beside them;
        missing where none is scored. `log_loss` is in nats.
    """

    n_made: int
    forecasts: pd.DataFrame
    brier: float
    log_loss: float
    base_rate_brier: float
    base_rate_log_loss: float

    def count(self, state: State) -> int:
        """Return how many forecasts are in this state."""
        return int((self.forecasts["state"] == state).sum())

    @property
    def scored(self) -> pd.DataFrame:
        """The forecasts whose outcome is known."""
        return self.forecasts[self.forecasts["state"] == "scored"]


def score_log(
    lines: Sequence[Mapping[str, str]], known: Dataset, today: date | None = None
) -> LogScores:
    """Return what became of the journal's lines, by the data known now.

    Parameters
    ----------
    lines
        As `journal.read` gives them; a line that cannot be read is passed over.
    known
        The data in which the outcomes of countries are looked for; those of a user's
        file are looked for in that file.
    today
        The day by which a figure is due or not; by default this one.
    """
    entries = [entry for entry in map(_entry, lines) if entry is not None]
    table = pd.DataFrame(entries, columns=[*forecast_log.COLUMNS, *FOUND])
    if entries:
        table = table.drop_duplicates(SAME_FORECAST, keep="first")
        groups = table.groupby(SAME_LABEL, sort=False, dropna=False)
        day = pd.Timestamp(today or date.today())
        parts = [_with_outcomes(group, known, day) for _, group in groups]
        table = pd.concat(parts).sort_index()
    scored = table[table["state"] == "scored"]
    outcome = scored["outcome"].to_numpy(dtype=float)
    probability, base_rate = (
        scored[name].to_numpy(dtype=float) for name in ("probability", "base_rate")
    )
    return LogScores(
        n_made=len(lines),
        forecasts=table.reset_index(drop=True),
        brier=_mean(brier_costs(probability, outcome)),
        log_loss=_mean(log_loss_costs(probability, outcome)),
        base_rate_brier=_mean(brier_costs(base_rate, outcome)),
        base_rate_log_loss=_mean(log_loss_costs(base_rate, outcome)),
    )


def _entry(line: Mapping[str, str]) -> dict[str, object] | None:
    """Return a line with numbers and dates as such; `None` where it makes no sense."""
    try:
        made_at = datetime.fromisoformat(line["made_at"])
        alias = PANDAS_ALIAS[FREQUENCIES[FREQUENCIES.index(line["frequency"])]]
        origin = pd.Period(line["origin"], alias)
        horizon, probability = int(line["horizon"]), float(line["probability"])
        base_rate = float(line.get("base_rate") or "nan")
    except (KeyError, ValueError):
        return None
    sound = (
        0 <= probability <= 1 and 0 <= horizon <= MAX_HORIZON and str(origin) != "NaT"
    )
    if not sound or line.get("event") not in get_args(Event):
        return None
    return {
        **{column: line.get(column, "") for column in forecast_log.COLUMNS},
        "made_at": made_at.replace(tzinfo=made_at.tzinfo or UTC).isoformat(),
        "horizon": horizon,
        "probability": probability,
        "base_rate": base_rate if 0 <= base_rate <= 1 else math.nan,
        "origin": str(origin),
        "period": str(origin + horizon),
        **FOUND,
    }


def _with_outcomes(
    group: pd.DataFrame, known: Dataset, today: pd.Timestamp
) -> pd.DataFrame:
    """Return forecasts of one label and source with what became of them."""
    file, frequency, target, name = group[SAME_LABEL].iloc[0]
    try:
        there = _in_file(Path(file)) if file else known
        whole = panel.build(there.observations, frequency, None, there.indicators)
        label = labels.apply(whole, name, target)
    except EconnetError:
        return group
    parts = group.groupby(["horizon", "event"], sort=False)
    found = pd.concat(_with_targets(rows, label, frequency) for _, rows in parts)
    made_on = pd.to_datetime(found["made_at"], utc=True).dt.tz_localize(None)
    return found.assign(
        ahead=found["known_at"].notna() & (made_on < found["known_at"]),
        base_rate=[
            _base_rate(label, country, origin) if np.isnan(written) else written
            for country, origin, written in _columns(
                found, "country", "origin", "base_rate"
            )
        ],
        state=[
            "scored"
            if not np.isnan(outcome)
            else _state_of_unknown(label, country, period, today)
            for country, period, outcome in _columns(
                found, "country", "period", "outcome"
            )
        ],
    )


def _in_file(path: Path) -> Dataset:
    return user_panel.read(path).known(path.name)


def _columns(table: pd.DataFrame, *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(table[name] for name in names), strict=True)


def _with_targets(
    rows: pd.DataFrame, label: Label, frequency: Frequency
) -> pd.DataFrame:
    """Return forecasts of one horizon with their outcomes and the days of these."""
    horizon, event = int(rows["horizon"].iloc[0]), rows["event"].iloc[0]
    origins = pd.PeriodIndex(rows["origin"], freq=PANDAS_ALIAS[frequency])
    index = pd.MultiIndex.from_arrays(
        [rows["country"], origins], names=["country", "origin"]
    )
    outcome, day = design_matrix.targets(label, index, horizon, event)
    days = np.where(np.isnan(outcome), np.datetime64("NaT"), day.astype("M8[D]"))
    return rows.assign(outcome=outcome, known_at=days.astype("M8[s]"))


def _base_rate(label: Label, country: str, origin: str) -> float:
    """Return the share of contractions up to an origin, where none was written down."""
    if country not in label.values.index.unique("country"):
        return float("nan")
    history = label.values.loc[country]
    past = history[history.index <= pd.Period(origin, history.index.freqstr)]
    return float(past.mean())


def _state_of_unknown(
    label: Label, country: str, period: str, today: pd.Timestamp
) -> State:
    """Return whether an outcome that is not known could be, by the usual delay."""
    if country not in label.known_at.index.unique("country"):
        return "lost"
    known_at = label.known_at.loc[country].dropna()
    if known_at.empty:
        return "lost"
    first, newest = known_at.index[0], known_at.index[-1]
    wanted = pd.Period(period, newest.freqstr)
    if wanted < first:
        return "lost"
    if wanted > pd.Period(today, newest.freqstr):
        return "pending"
    delay = known_at.iloc[-1] - newest.end_time.normalize()
    return "due" if wanted.end_time.normalize() + delay <= today else "pending"


def _mean(costs: Floats) -> float:
    return float(costs.mean()) if len(costs) else float("nan")
