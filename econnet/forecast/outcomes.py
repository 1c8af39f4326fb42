"""Outcomes of the forecasts in the log, and the scores of all of them.

A forecast is compared with the outcome in today's data, and with the historical average
that was logged with it. Lines that differ only in when they were made are one forecast,
and the first counts, so that a lucky later line cannot improve the record.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from econnet.core.errors import EconnetError
from econnet.core.notebook import html_table
from econnet.core.periods import PANDAS_ALIAS, Frequency
from econnet.core.types import Floats
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.cycle.labels import Label
from econnet.data.features import design_matrix
from econnet.data.files import user_panel
from econnet.data.sources.observations import Dataset
from econnet.evaluation.metrics import brier_costs, log_loss_costs
from econnet.forecast import log as forecast_log

State = Literal["scored", "overdue", "pending", "unavailable"]

SAME_LABEL = ["file", "frequency", "target", "label"]
# Lines that agree in these forecast the same event from the same origin.
SAME_FORECAST = [*SAME_LABEL, "country", "event", "horizon", "origin", "pool"]

# Columns that are added to the log's, with their values where data are unavailable.
OUTCOME_COLUMNS: Mapping[str, object] = {
    "state": "unavailable",
    "outcome": math.nan,
    "known_at": pd.NaT,
    "ahead": False,
}


@dataclass(frozen=True, eq=False)
class LogScores:
    """The outcomes of the logged forecasts, and the scores of those that are known.

    Parameters
    ----------
    n_made
        Lines of the log, repetitions included.
    forecasts
        One row per forecast that counts, oldest first: the log's columns,
        `probability` and `base_rate` as numbers, and `state`, `outcome` (1 contraction,
        0 none, missing if unknown), `known_at` (the day on which the outcome became
        known) and `ahead` (whether the forecast was made before that day; one made
        later, with `--as-of` or from old data, is a replay). A state is `scored`;
        `pending`, not published yet; `overdue`, published by now but not in the data;
        or `unavailable`, where the data no longer contain the series.
    brier, log_loss
        Mean scores of the scored forecasts, and of the historical average on the same
        ones; `NaN` if none is scored. `log_loss` is in nats.
    """

    n_made: int
    forecasts: pd.DataFrame
    brier: float
    log_loss: float
    base_rate_brier: float
    base_rate_log_loss: float

    def __repr__(self) -> str:
        """Return how many forecasts there are, and the score of those with outcome."""
        text = f"{len(self.forecasts)} forecasts, {len(self.scored)} scored"
        if len(self.scored):
            text += (
                f": Brier score {self.brier:.3f}, historical average "
                f"{self.base_rate_brier:.3f}"
            )
        return f"LogScores({text})"

    def _repr_html_(self) -> str:
        """Return the forecasts and their outcomes as a table."""
        columns = ["country", "period", "label", "probability", "state", "outcome"]
        rows = self.forecasts[columns].itertuples(index=False)
        return html_table(repr(self), columns, rows)

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
    """Return the outcomes and scores of the log's lines, by the data known now.

    Parameters
    ----------
    lines
        As `log.read` returns them; a line that cannot be parsed is skipped.
    known
        The data that contain the outcomes, except those of a user's file.
    today
        The day that separates `pending` from `overdue`; by default the current one.
    """
    entries = [entry for entry in map(_entry, lines) if entry is not None]
    table = pd.DataFrame(entries, columns=[*forecast_log.COLUMNS, *OUTCOME_COLUMNS])
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
    """Return a line with its values parsed; `None` if it cannot be."""
    try:
        parsed = forecast_log.parse(line)
    except ValueError:
        return None
    return {
        **{column: line.get(column, "") for column in forecast_log.COLUMNS},
        "made_at": parsed.made_at.isoformat(),
        "horizon": parsed.horizon,
        "probability": parsed.probability,
        "base_rate": parsed.base_rate,
        "origin": str(parsed.origin),
        "period": str(parsed.origin + parsed.horizon),
        **OUTCOME_COLUMNS,
    }


def _with_outcomes(
    group: pd.DataFrame, known: Dataset, today: pd.Timestamp
) -> pd.DataFrame:
    """Return forecasts of one label and source with their outcomes and states."""
    file, frequency, target, name = group[SAME_LABEL].iloc[0]
    try:
        data = _data_of(file, str(group["country"].iloc[0])) if file else known
        values = panel.build(data.observations, frequency, None, data.indicators)
        label = labels.apply(values, name, target)
    except EconnetError:
        return group
    parts = group.groupby(["horizon", "event"], sort=False)
    table = pd.concat(_with_targets(rows, label, frequency) for _, rows in parts)
    made_on = pd.to_datetime(table["made_at"], utc=True).dt.tz_localize(None)
    return table.assign(
        ahead=table["known_at"].notna() & (made_on < table["known_at"]),
        state=[
            "scored"
            if not np.isnan(outcome)
            else _state_of_unknown(label, country, period, today)
            for country, period, outcome in _columns(
                table, "country", "period", "outcome"
            )
        ],
    )


def _data_of(file: str, country: str) -> Dataset:
    """Return the user's file again; its only country may be named only in the log."""
    path = Path(file)
    return user_panel.read(path, country=country).known(path.name)


def _columns(table: pd.DataFrame, *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(table[name] for name in names), strict=True)


def _with_targets(
    rows: pd.DataFrame, label: Label, frequency: Frequency
) -> pd.DataFrame:
    """Return forecasts of one horizon and event with `outcome` and `known_at`."""
    horizon, event = int(rows["horizon"].iloc[0]), rows["event"].iloc[0]
    origins = pd.PeriodIndex(rows["origin"], freq=PANDAS_ALIAS[frequency])
    index = pd.MultiIndex.from_arrays(
        [rows["country"], origins], names=["country", "origin"]
    )
    outcome, day = design_matrix.targets(label, index, horizon, event)
    days = np.where(np.isnan(outcome), np.datetime64("NaT"), day.astype("M8[D]"))
    return rows.assign(outcome=outcome, known_at=days.astype("M8[s]"))


def _state_of_unknown(
    label: Label, country: str, period: str, today: pd.Timestamp
) -> State:
    """Return why an outcome is unknown, given the usual publication lag."""
    known_at = label.known_at[label.known_at.index.get_level_values(0) == country]
    known_at = known_at.droplevel("country").dropna()
    if known_at.empty:
        return "unavailable"
    first, newest = known_at.index[0], known_at.index[-1]
    wanted = pd.Period(period, newest.freqstr)
    if wanted < first:
        return "unavailable"
    if wanted > pd.Period(today, newest.freqstr):
        return "pending"
    lag = known_at.iloc[-1] - newest.end_time.normalize()
    return "overdue" if wanted.end_time.normalize() + lag <= today else "pending"


def _mean(costs: Floats) -> float:
    return float(costs.mean()) if len(costs) else float("nan")
