"""Skill by information day: how much better forecasts are later in the period.

Forecasts of the same periods, made on several days of each, are scored against the base
rate of the same day. The gain of a day is its skill minus that of the first day; both
are measured on the periods that have a forecast on all days, so that its interval is
paired.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

import numpy as np
import pandas as pd

from econnet.core.countries import Country
from econnet.core.period_days import DayOfPeriod, days_in
from econnet.core.periods import Frequency
from econnet.core.types import Floats
from econnet.core.workspace import Workspace
from econnet.evaluation.intervals import Interval, Periods
from econnet.evaluation.metrics import auroc, log_loss_costs
from econnet.forecast import assessment, saved_days
from econnet.forecast.backtest import Backtest
from econnet.forecast.result import DaySkill
from econnet.forecast.saved_days import Basis, DayRecord, SavedDays
from econnet.runtime import atomic_files

MODELS = ("econnet", "base_rate")
ROW = ["country", "period", "outcome"]


def of_backtests(results: Sequence[Backtest]) -> tuple[DaySkill, ...]:
    """Return the skill on each day of backtests of one task, the earliest day first."""
    records = {result.day: result.track_record for result in results}
    return of_records(records, results[0].task.frequency)


def of_records(
    records: Mapping[DayOfPeriod, pd.DataFrame], frequency: Frequency
) -> tuple[DaySkill, ...]:
    """Return the skill on each day, the earliest first; empty if no period has all.

    `records` have a row per model, country and period: `model, country, origin, period,
    probability, outcome`.
    """
    days = sorted(records, key=lambda day: int(days_in(0, frequency, day)))
    scored = [_shared_rows(records, day) for day in days]
    if scored[0].empty:
        return ()
    periods = Periods.of(scored[0][scored[0]["model"] == "econnet"])
    earliest, _ = _improvement(scored[0])
    return tuple(
        _day_skill(day.text(frequency), rows, periods, earliest if number else None)
        for number, (day, rows) in enumerate(zip(days, scored, strict=True))
    )


def _shared_rows(
    records: Mapping[DayOfPeriod, pd.DataFrame], day: DayOfPeriod
) -> pd.DataFrame:
    """Return a day's forecasts of the rows that all days have, in one order."""
    rows = records[day][records[day]["model"].isin(MODELS)]
    for other in records.values():
        known = other.loc[other["model"] == "econnet", ROW]
        rows = rows.merge(known, on=ROW)
    return rows.sort_values(["model", "country", "period"], ignore_index=True)


def _improvement(rows: pd.DataFrame) -> tuple[Floats, float]:
    """Return how much lower each forecast's log loss is than the base rate's.

    Also returns the base rate's mean log loss.
    """
    own, base = (
        log_loss_costs(
            of["probability"].to_numpy(dtype=float), of["outcome"].to_numpy(dtype=float)
        )
        for of in (rows[rows["model"] == model] for model in MODELS)
    )
    return base - own, float(base.mean())


def _day_skill(
    day: str, rows: pd.DataFrame, periods: Periods, earliest: Floats | None
) -> DaySkill:
    """Return a day's skill; `earliest` is the improvement on an earlier first day."""
    own = rows[rows["model"] == "econnet"]
    probability, outcome = (
        own[name].to_numpy(dtype=float) for name in ("probability", "outcome")
    )
    skill = assessment.skill(rows)
    assert skill is not None  # noqa: S101 - there are rows
    improvement, base = _improvement(rows)
    gain, interval = None, None
    if earliest is not None and base > 0:
        gained = periods.mean(improvement - earliest)
        low, high = gained.interval(-np.inf, np.inf)
        gain, interval = gained.value / base, _finite((low / base, high / base))
    return DaySkill(
        day=day,
        log_loss=float(log_loss_costs(probability, outcome).mean()),
        auroc=auroc(probability, outcome),
        skill=skill,
        gain=gain,
        gain_interval=interval,
    )


def _finite(interval: Interval) -> Interval | None:
    return interval if np.isfinite(interval).all() else None


def keep(
    result: Backtest,
    country: Country,
    place: PurePath,
    basis: Basis,
    workspace: Workspace,
) -> None:
    """Keep a country's forecasts on the day of a finished backtest.

    Those of other days remain if they are based on the same data and schedule.
    """
    frequency = result.task.frequency
    start = result.schedule.start
    path = saved_days.file_of(place, workspace)
    with atomic_files.locked_folder(path.parent):
        saved = SavedDays(
            basis,
            None if start is None else str(start),
            result.schedule.refit_every,
            (),
            (),
        )
        earlier = saved_days.load_days(path)
        others: tuple[DayRecord, ...] = ()
        if earlier is not None and replace(earlier, records=(), skills=()) == saved:
            others = tuple(each for each in earlier.records if each.day != result.day)
        records = (*others, _day_record(result, country))
        skills = of_records({each.day: _table(each) for each in records}, frequency)
        saved_days.save(replace(saved, records=records, skills=skills), path)


def _day_record(result: Backtest, country: Country) -> DayRecord:
    record = result.track_record
    record = record[record["country"] == country.alpha3]
    own, base = (record[record["model"] == model] for model in MODELS)
    return DayRecord(
        result.day,
        tuple(map(str, own["period"])),
        tuple(map(float, own["outcome"])),
        tuple(map(float, own["probability"])),
        tuple(map(float, base["probability"])),
    )


def _table(record: DayRecord) -> pd.DataFrame:
    """Return the rows of `of_records` for one country."""
    parts = [
        pd.DataFrame(
            {
                "model": model,
                "country": "",
                "origin": record.periods,
                "period": record.periods,
                "probability": probability,
                "outcome": record.outcomes,
            }
        )
        for model, probability in zip(
            MODELS, (record.econnet, record.base_rate), strict=True
        )
    ]
    return pd.concat(parts, ignore_index=True)
