"""The assessment of a track record: scores, intervals, comparisons, signals.

All models are scored on the same forecasts, and the intervals of their differences are
paired. Reports, rankings and backtests all use it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.periods import PERIODS_A_YEAR
from econnet.core.task import Task
from econnet.core.types import Floats
from econnet.data.cycle.labels import BELOW_ZERO, RULES
from econnet.evaluation import calibration, comparison, metrics, signals
from econnet.evaluation.bootstrap import block_length
from econnet.evaluation.calibration import CalibrationDraws
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.confidence import Skill
from econnet.evaluation.intervals import Periods
from econnet.evaluation.metrics import MAX_LOG_LOSS, Scores
from econnet.evaluation.signals import EpisodeCall
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import Assessment, Episode, ScoreIntervals
from econnet.models.baselines import BASELINES


@dataclass(frozen=True, eq=False)
class PairedForecasts:
    """Forecasts of the same rows by several models.

    Parameters
    ----------
    probabilities
        By model, `econnet` included; each (rows,).
    outcome : array (rows,)
        1 contraction, 0 expansion.
    periods
        Of the rows.
    """

    probabilities: Mapping[str, Floats]
    outcome: Floats
    periods: Periods

    @classmethod
    def of(cls, scored: pd.DataFrame) -> "PairedForecasts":
        """Return the forecasts of a track record whose outcomes are all known."""
        rows = scored[scored["model"] == "econnet"]
        return cls(
            {
                str(name): forecasts["probability"].to_numpy(dtype=float)
                for name, forecasts in scored.groupby("model", sort=False)
            },
            rows["outcome"].to_numpy(dtype=float),
            Periods.of(rows),
        )

    def intervals(self, model: str) -> ScoreIntervals:
        """Return the 90% intervals of a model's scores."""
        probability, outcome, periods = (
            self.probabilities[model],
            self.outcome,
            self.periods,
        )
        area = None
        if metrics.auroc(probability, outcome) is not None:
            area = periods.auroc(probability, outcome).interval(0.0, 1.0)
        brier = periods.mean(metrics.brier_costs(probability, outcome))
        log_loss = periods.mean(metrics.log_loss_costs(probability, outcome))
        return ScoreIntervals(
            area, brier.interval(0.0, 1.0), log_loss.interval(0.0, MAX_LOG_LOSS)
        )

    def comparisons(self) -> dict[str, Comparison]:
        """Return the comparison of econnet with each baseline."""
        ours = self.probabilities["econnet"]
        return {
            name: comparison.compare(ours, theirs, self.outcome, self.periods)
            for name, theirs in self.probabilities.items()
            if name in BASELINES
        }


def scores_by_model(scored: pd.DataFrame) -> dict[str, Scores]:
    """Return the scores of each model; skill is relative to the base rate."""
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
    scored
        The forecasts of all countries whose outcomes are known.
    calibration
        Of econnet's probabilities; their intervals account for its error.
    """

    scored: pd.DataFrame
    calibration: CalibrationDraws

    @cached_property
    def scores(self) -> Mapping[str, Scores]:
        """The scores of econnet and of each baseline; empty for a single country.

        They take seconds for a large pool, and a probability does not need them.
        """
        if len(self.scored["country"].unique()) == 1:
            return {}
        return scores_by_model(self.scored)

    @property
    def metrics(self) -> Scores | None:
        """The scores of econnet; `None` for a single country."""
        return self.scores.get("econnet")

    @property
    def baselines(self) -> dict[str, Scores]:
        """The scores of each baseline; empty for a single country."""
        return {
            name: scores for name, scores in self.scores.items() if name != "econnet"
        }


def assess_pool(
    task: Task, record: pd.DataFrame, draws: CalibrationDraws | None = None
) -> PoolAssessment:
    """Return the assessment of all countries of a track record together.

    `draws` are those of `calibration_draws`, which are computed if they are not given.
    """
    scored = record[record["outcome"].notna()]
    if scored.empty:
        raise DataError(
            "the track record has no forecast whose outcome is known: the data are "
            "too short; choose another --label or --frequency"
        )
    return PoolAssessment(scored, draws or _draws(task, scored))


def calibration_draws(task: Task, record: pd.DataFrame) -> CalibrationDraws | None:
    """Return the calibration maps of a track record; `None` without a known outcome."""
    scored = record[record["outcome"].notna()]
    return None if scored.empty else _draws(task, scored)


def _draws(task: Task, scored: pd.DataFrame) -> CalibrationDraws:
    return calibration.fit_calibration_draws(
        scored[scored["model"] == "econnet"],
        block_length(task.horizon, task.frequency),
        task.seed,
    )


def assess(
    prepared: PreparedTask, record: pd.DataFrame, pool: PoolAssessment
) -> Assessment:
    """Return the assessment of the country's part of a track record."""
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
    card = signals.scorecard(rows, contractions, task.event)
    paired = PairedForecasts.of(scored)
    skill_without_2020 = skill(without_year(scored, task, 2020))
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
        false_alarms=card.false_alarms,
        signals=card.counts,
        skill=skill(scored),
        skill_without_2020=skill_without_2020,
    )


def skill(scored: pd.DataFrame) -> Skill | None:
    """Return econnet's skill in a track record whose outcomes are all known.

    `None` if it is empty.
    """
    if scored.empty:
        return None
    scored = scored[scored["model"].isin(["econnet", "base_rate"])]
    scores, paired = scores_by_model(scored), PairedForecasts.of(scored)
    against_base = paired.comparisons()["base_rate"]
    return Skill.of(scores["econnet"], scores["base_rate"], against_base)


def without_year(scored: pd.DataFrame, task: Task, year: int) -> pd.DataFrame:
    """Return the forecasts that do not concern any period of the year."""
    last = pd.PeriodIndex(scored["period"])
    first = last
    if task.event == "within":
        first = pd.PeriodIndex(np.minimum(pd.PeriodIndex(scored["origin"]) + 1, last))
    return scored[(last.year < year) | (first.year > year)]


def _episodes(
    prepared: PreparedTask, record: pd.DataFrame, calls: Sequence[EpisodeCall]
) -> tuple[Episode, ...]:
    """Return every run of contractions, oldest first."""
    call_by_first = {call.first: call for call in calls}
    alpha3 = prepared.country.alpha3
    contractions = prepared.label.values.loc[alpha3].dropna()
    levels = prepared.panel.values[prepared.label.target].loc[alpha3]
    rule = RULES.get(prepared.label.name)
    by_year = rule is not None and rule.looks_back is None
    year = PERIODS_A_YEAR[prepared.task.frequency]
    rows = record[(record["model"] == "econnet") & (record["country"] == alpha3)]
    probability = rows.set_index("period")["probability"]
    run = (contractions != contractions.shift()).cumsum()
    episodes = []
    for _, periods in contractions[contractions == 1].groupby(run):
        first, last = periods.index[0], periods.index[-1]
        if prepared.label.meaning.endswith(BELOW_ZERO):
            change = None  # the target is growth itself and has no level
        elif by_year:
            change = change_on_year(levels, periods.index, year)
        else:
            change = change_over_span(levels, first, last)
        forecasts = probability.reindex(periods.index)
        call = call_by_first.get(str(first))
        episodes.append(
            Episode(
                first=str(first),
                last=str(last),
                growth_percent=change,
                first_probability=_or_none(forecasts.iloc[0]),
                highest_probability=_or_none(forecasts.max()),
                first_signal=call.first_signal if call else None,
                periods_early=call.periods_early if call else None,
            )
        )
    return tuple(episodes)


def change_over_span(
    levels: pd.Series, first: pd.Period, last: pd.Period
) -> float | None:
    """Return the change from the period before `first` to `last`, in percent."""
    return _percent_change(levels.get(first - 1, np.nan), levels.get(last, np.nan))


def change_on_year(
    levels: pd.Series, periods: pd.Index, periods_a_year: int
) -> float | None:
    """Return the change on the same periods a year before, in percent."""
    before = levels.reindex(periods - periods_a_year).mean(skipna=False)
    return _percent_change(before, levels.reindex(periods).mean(skipna=False))


def _percent_change(before: float, after: float) -> float | None:
    return None if before == 0 else _or_none(float(100 * (after / before - 1)))


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
