"""What a forecast is judged by: the country's past, its track record and its data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from econnet import (
    labels,
)
from econnet.answer import (
    DataUsed,
    Doubts,
    Episode,
    Previous,
    SeriesUsed,
    Task,
)
from econnet.errors import DataError
from econnet.evaluation import (
    bootstrap,
    comparison,
    metrics,
    signals,
)
from econnet.evaluation.baselines import BASELINES
from econnet.evaluation.bootstrap import DRAWS, Resample
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.metrics import ReliabilityBin, Scores
from econnet.evaluation.signals import EpisodeCall, FalseAlarm
from econnet.panel import PERIODS_A_YEAR
from econnet.preparation import Prepared
from econnet.replay import scores_by_model
from econnet.runtime.blas import one_blas_thread


@dataclass(frozen=True, eq=False)
class Judgement:
    """How econnet did for a country, out of sample; `Forecast` says what fields are."""

    metrics: Scores
    baselines: dict[str, Scores]
    doubts: Doubts
    comparisons: dict[str, Comparison]
    reliability: tuple[ReliabilityBin, ...]
    episodes: tuple[Episode, ...]
    false_alarms: tuple[FalseAlarm, ...]


def judgement(prepared: Prepared, record: pd.DataFrame) -> Judgement:
    """Return how econnet did for the country.

    Raises
    ------
    DataError
        The outcome of none of the country's forecasts is known.
    """
    country, task = prepared.country, prepared.task
    own = record[record["outcome"].notna() & (record["country"] == country.alpha3)]
    if own.empty:
        raise DataError(
            f"{country.name} has no past forecast whose outcome is known: its data are "
            "too short for a track record; choose another --label or --frequency"
        )
    scores = scores_by_model(own)
    mine = own[own["model"] == "econnet"]
    marks = prepared.label.values.loc[[country.alpha3]]
    card = signals.scorecard(mine, marks, task.event, PERIODS_A_YEAR[task.frequency])
    doubts, comparisons = _judged(own, task)
    return Judgement(
        metrics=scores.pop("econnet"),
        baselines=scores,
        doubts=doubts,
        comparisons=comparisons,
        reliability=tuple(
            metrics.reliability_curve(
                mine["probability"].to_numpy(), mine["outcome"].to_numpy()
            )
        ),
        episodes=_episodes(prepared, record, card.episodes),
        false_alarms=card.alarms_for_nothing,
    )


def _judged(own: pd.DataFrame, task: Task) -> tuple[Doubts, dict[str, Comparison]]:
    """Return how sure econnet's scores are, and how it did beside each baseline."""
    said = {
        str(name): rows["probability"].to_numpy(dtype=float)
        for name, rows in own.groupby("model", sort=False)
    }
    ours = own[own["model"] == "econnet"]
    outcome = ours["outcome"].to_numpy(dtype=float)
    block = max(task.horizon + 1, PERIODS_A_YEAR[task.frequency])
    rng = np.random.default_rng(task.seed)
    drawn = Resample.draw(ours["period"], block, DRAWS, rng)
    ours_said = said["econnet"]
    with one_blas_thread():
        areas = drawn.aurocs(ours_said, outcome)
        briers = drawn.means(metrics.brier_costs(ours_said, outcome))
        losses = drawn.means(metrics.log_loss_costs(ours_said, outcome))
        comparisons = {
            name: comparison.compare(ours_said, theirs, outcome, drawn, block)
            for name, theirs in said.items()
            if name in BASELINES
        }
    doubts = Doubts(
        None if np.isnan(areas).all() else bootstrap.interval(areas),
        bootstrap.interval(briers),
        bootstrap.interval(losses),
    )
    return doubts, comparisons


def _episodes(
    prepared: Prepared, record: pd.DataFrame, calls: Sequence[EpisodeCall]
) -> tuple[Episode, ...]:
    """Return every run of contractions, oldest first."""
    called = {call.first: call for call in calls}
    alpha3 = prepared.country.alpha3
    marks = prepared.label.values.loc[alpha3].dropna()
    levels = prepared.panel.values[prepared.label.target].loc[alpha3]
    own = record[(record["model"] == "econnet") & (record["country"] == alpha3)]
    said = own.set_index("period")["probability"]
    run = (marks != marks.shift()).cumsum()
    episodes = []
    for _, months in marks[marks == 1].groupby(run):
        first, last = months.index[0], months.index[-1]
        before, after = levels.get(first - 1), levels.get(last)
        change = None
        if before is not None and after is not None and pd.notna([before, after]).all():
            change = float(100 * (after / before - 1))
        forecasts = said.reindex(months.index)
        call = called.get(str(first))
        episodes.append(
            Episode(
                first=str(first),
                last=str(last),
                growth_percent=change,
                said_for_first=_or_none(forecasts.iloc[0]),
                highest_said=_or_none(forecasts.max()),
                first_signal=call.first_signal if call else None,
                periods_early=call.periods_early if call else None,
            )
        )
    return tuple(episodes)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def base_rate(prepared: Prepared) -> float:
    """Return how often what is forecast has been in the country's past."""
    alpha3, made = prepared.country.alpha3, prepared.features
    if prepared.task.event == "at":
        return float(prepared.label.values.loc[alpha3].mean())
    return float(np.nanmean(made.y[made.countries == alpha3]))


def replayed(prepared: Prepared, record: pd.DataFrame) -> Previous | None:
    """Return what econnet said out of sample one origin earlier, if anything."""
    origin = prepared.origin - 1
    rows = record[
        (record["model"] == "econnet")
        & (record["country"] == prepared.country.alpha3)
        & (record["origin"] == origin)
    ]
    if rows.empty:
        return None
    period = origin + prepared.task.horizon
    return Previous(None, origin, period, float(rows["probability"].iloc[0]))


def with_today(
    record: pd.DataFrame, prepared: Prepared, probability: float
) -> pd.DataFrame:
    """Return the country's track record, today's forecast in it being the final one."""
    own = record[record["country"] == prepared.country.alpha3].drop(columns="country")
    today = (own["model"] == "econnet") & (own["origin"] == prepared.origin)
    return own.assign(
        probability=own["probability"].mask(today, probability)
    ).reset_index(drop=True)


def history(prepared: Prepared) -> pd.DataFrame:
    """Return the growth of what is labelled, and its contractions, by period."""
    label, frequency = prepared.label, prepared.task.frequency
    rule = labels.RULES.get(label.name)
    year = rule is not None and rule.looks_back is None
    levels = prepared.panel.values[label.target].loc[[prepared.country.alpha3]]
    change = labels.growth(levels, PERIODS_A_YEAR[frequency] if year else 1)
    table = pd.DataFrame(
        {
            "growth": change.droplevel("country"),
            "contraction": label.values.loc[prepared.country.alpha3],
        }
    )
    there = table.dropna(how="all").index
    return table.loc[there.min() : there.max()]


def data_used(prepared: Prepared) -> DataUsed:
    """Return the series behind the forecast, and when the next figure is due."""
    alpha3, label = prepared.country.alpha3, prepared.label
    used = {column.indicator for column in prepared.features.columns} | {label.target}
    chosen = prepared.panel.series
    chosen = chosen[(chosen["country"] == alpha3) & chosen["indicator"].isin(used)]
    about = chosen.rename(columns={"native_frequency": "frequency"}).merge(
        prepared.known.series,
        on=["country", "indicator", "source", "series_id", "frequency"],
    )
    series = tuple(_series_used(prepared, row) for _, row in about.iterrows())
    newest = prepared.panel.known_at[label.target].loc[alpha3].dropna().index[-1]
    history = prepared.label.values.loc[alpha3].dropna()
    return DataUsed(
        source=prepared.known.source,
        as_of=str(prepared.panel.as_of.date()),
        first_period=str(history.index[0]),
        last_period=str(newest),
        next_due=_next_due(prepared, label.target),
        n_countries=len(set(prepared.features.countries)),
        share_in_real_time=prepared.panel.only(alpha3).share_in_real_time,
        series=series,
    )


def _next_due(prepared: Prepared, indicator: str) -> str:
    """Return the day on which an indicator's next figure is due, by the last one."""
    known_at = prepared.panel.known_at[indicator].loc[prepared.country.alpha3].dropna()
    newest = known_at.index[-1]
    lag = known_at.iloc[-1] - newest.end_time.normalize()
    return str(((newest + 1).end_time.normalize() + lag).date())


def _series_used(prepared: Prepared, about: "pd.Series[Any]") -> SeriesUsed:
    """Return a series as the report shows it, at the panel's frequency."""
    key = about["indicator"]
    values = prepared.panel.values[key].loc[prepared.country.alpha3].dropna()
    return SeriesUsed(
        indicator=key,
        title=prepared.panel.indicators[key].title,
        source=about["source"],
        series_id=about["series_id"],
        unit=about["unit"],
        frequency=about["frequency"],
        first_period=about["first_period"],
        last_period=about["last_period"],
        last_value=float(values.iloc[-1]),
        rights=about["rights"],
        attribution=about["attribution"],
        retrieved_at=str(about["retrieved_at"].date()),
        next_due=_next_due(prepared, key),
        recent_periods=tuple(str(period) for period in values.index[-RECENT:]),
        recent=tuple(values.iloc[-RECENT:].tolist()),
    )


# Newest values of a series that the report draws beside its name.
RECENT = 40
