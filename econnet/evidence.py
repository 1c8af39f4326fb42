"""The assessment of a track record: scores, intervals, comparisons, signals.

All models are scored on the same forecasts, and every interval rests on the same draws
of blocks of periods, so that models can be compared draw by draw. Reports, rankings and
backtests all assess their track records here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from econnet import labels
from econnet.answer import (
    Assessment,
    DataUsed,
    Episode,
    Previous,
    ScoreIntervals,
    SeriesUsed,
)
from econnet.core.periods import PERIODS_A_YEAR
from econnet.core.task import Task
from econnet.core.types import Floats
from econnet.data.cycle.growth import growth
from econnet.errors import DataError
from econnet.evaluation import bootstrap, calibration, comparison, metrics, signals
from econnet.evaluation.baselines import BASELINES
from econnet.evaluation.bootstrap import DRAWS, Resample, block_length
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.metrics import Scores
from econnet.evaluation.signals import EpisodeCall
from econnet.preparation import Prepared
from econnet.runtime.blas import one_blas_thread


@dataclass(frozen=True, eq=False)
class PairedForecasts:
    """Forecasts of the same rows by several models, with one set of bootstrap draws.

    Parameters
    ----------
    probabilities
        By model, each (rows,); `econnet` is among them.
    outcome : array (rows,)
        1 contraction, 0 expansion.
    drawn
        Draws of blocks of neighbouring periods of the rows.
    block
        Periods in a block.
    """

    probabilities: Mapping[str, Floats]
    outcome: Floats
    drawn: Resample
    block: int

    @classmethod
    def of(cls, scored: pd.DataFrame, task: Task) -> "PairedForecasts":
        """Return the forecasts of a track record whose outcomes are all known."""
        block = block_length(task.horizon, task.frequency)
        rows = scored[scored["model"] == "econnet"]
        rng = np.random.default_rng(task.seed)
        return cls(
            {
                str(name): of_model["probability"].to_numpy(dtype=float)
                for name, of_model in scored.groupby("model", sort=False)
            },
            rows["outcome"].to_numpy(dtype=float),
            Resample.draw(rows["period"], block, DRAWS, rng),
            block,
        )

    def intervals(self, model: str) -> ScoreIntervals:
        """Return the 90% intervals of a model's scores."""
        probability, outcome = self.probabilities[model], self.outcome
        with one_blas_thread():
            areas = self.drawn.aurocs(probability, outcome)
            briers = self.drawn.means(metrics.brier_costs(probability, outcome))
            losses = self.drawn.means(metrics.log_loss_costs(probability, outcome))
        return ScoreIntervals(
            None if np.isnan(areas).all() else bootstrap.interval(areas),
            bootstrap.interval(briers),
            bootstrap.interval(losses),
        )

    def comparisons(self) -> dict[str, Comparison]:
        """Return the comparison of econnet with each baseline, by its name."""
        ours = self.probabilities["econnet"]
        with one_blas_thread():
            return {
                name: comparison.compare(
                    ours, theirs, self.outcome, self.drawn, self.block
                )
                for name, theirs in self.probabilities.items()
                if name in BASELINES
            }


def scores_by_model(scored: pd.DataFrame) -> dict[str, Scores]:
    """Return the scores of each model; the base rate of the same rows has skill 0."""
    base_rate = scored.loc[scored["model"] == "base_rate", "probability"].to_numpy()
    return {
        str(name): metrics.score(rows, base_rate)
        for name, rows in scored.groupby("model", sort=False)
    }


@dataclass(frozen=True, eq=False)
class PoolAssessment:
    """The assessment of all countries of a track record together.

    Parameters
    ----------
    metrics, baselines
        Scores of econnet and of each baseline; `None` and none for a single country.
    maps
        Calibration of econnet's probabilities, from which intervals are drawn.
    """

    metrics: Scores | None
    baselines: dict[str, Scores]
    maps: calibration.Maps


def assess_pool(task: Task, record: pd.DataFrame) -> PoolAssessment:
    """Return the assessment of all countries of a track record together.

    Raises
    ------
    DataError
        No outcome is known of any forecast in it.
    """
    scored = record[record["outcome"].notna()]
    if scored.empty:
        raise DataError(
            "the track record holds no forecast whose outcome is known: the data are "
            "too short; choose another --label or --frequency"
        )
    alone = len(set(scored["country"])) == 1
    scores = {} if alone else scores_by_model(scored)
    maps = calibration.maps(
        scored[scored["model"] == "econnet"],
        block_length(task.horizon, task.frequency),
        task.seed,
    )
    return PoolAssessment(scores.pop("econnet", None), scores, maps)


def assess(
    prepared: Prepared, record: pd.DataFrame, pool: PoolAssessment
) -> Assessment:
    """Return the assessment of the country's part of a track record.

    Raises
    ------
    DataError
        No outcome is known of any of the country's forecasts.
    """
    country, task = prepared.country, prepared.task
    scored = record[record["outcome"].notna() & (record["country"] == country.alpha3)]
    if scored.empty:
        raise DataError(
            f"{country.name} has no past forecast whose outcome is known: its data are "
            "too short for a track record; choose another --label or --frequency"
        )
    scores = scores_by_model(scored)
    rows = scored[scored["model"] == "econnet"]
    contractions = prepared.label.values.loc[[country.alpha3]]
    year = PERIODS_A_YEAR[task.frequency]
    card = signals.scorecard(rows, contractions, task.event, year)
    paired = PairedForecasts.of(scored, task)
    return Assessment(
        metrics=scores.pop("econnet"),
        intervals=paired.intervals("econnet"),
        baselines=scores,
        comparisons=paired.comparisons(),
        pool_metrics=pool.metrics,
        pool_baselines=pool.baselines,
        reliability=tuple(
            metrics.reliability_curve(
                rows["probability"].to_numpy(), rows["outcome"].to_numpy()
            )
        ),
        episodes=_episodes(prepared, record, card.episodes),
        false_alarms=card.alarms_for_nothing,
    )


def _episodes(
    prepared: Prepared, record: pd.DataFrame, calls: Sequence[EpisodeCall]
) -> tuple[Episode, ...]:
    """Return every run of contractions, oldest first."""
    called = {call.first: call for call in calls}
    alpha3 = prepared.country.alpha3
    contractions = prepared.label.values.loc[alpha3].dropna()
    levels = prepared.panel.values[prepared.label.target].loc[alpha3]
    rows = record[(record["model"] == "econnet") & (record["country"] == alpha3)]
    probability = rows.set_index("period")["probability"]
    run = (contractions != contractions.shift()).cumsum()
    episodes = []
    for _, periods in contractions[contractions == 1].groupby(run):
        first, last = periods.index[0], periods.index[-1]
        before, after = levels.get(first - 1), levels.get(last)
        change = None
        if before is not None and after is not None and pd.notna([before, after]).all():
            change = float(100 * (after / before - 1))
        forecasts = probability.reindex(periods.index)
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
    """Return the share of the country's past in which the event happened."""
    alpha3, features = prepared.country.alpha3, prepared.features
    if prepared.task.event == "at":
        return float(prepared.label.values.loc[alpha3].mean())
    return float(np.nanmean(features.y[features.countries == alpha3]))


def replayed(prepared: Prepared, record: pd.DataFrame) -> Previous | None:
    """Return the out-of-sample forecast one origin earlier; `None` if there is none."""
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
    """Return the country's track record, with today's forecast as its last."""
    rows = record[record["country"] == prepared.country.alpha3].drop(columns="country")
    today = (rows["model"] == "econnet") & (rows["origin"] == prepared.origin)
    return rows.assign(
        probability=rows["probability"].mask(today, probability)
    ).reset_index(drop=True)


def history(prepared: Prepared) -> pd.DataFrame:
    """Return the growth of what is labelled, and its contractions, by period."""
    label, frequency = prepared.label, prepared.task.frequency
    rule = labels.RULES.get(label.name)
    year = rule is not None and rule.looks_back is None
    levels = prepared.panel.values[label.target].loc[[prepared.country.alpha3]]
    change = growth(levels, PERIODS_A_YEAR[frequency] if year else 1)
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
