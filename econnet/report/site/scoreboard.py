"""The scores of the record: computed from the record alone, so anyone can verify.

The first forecast of an event from an origin is scored. Where the outcome was known
before the forecast was published, nobody can verify that it was a forecast: such rows
are listed, and scored only in the totals of all.

Whether econnet was more accurate than the historical average or the professionals is
judged by the 90% interval of the difference, once enough outcomes are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from econnet.core.periods import Frequency
from econnet.core.types import Floats
from econnet.evaluation import comparison, metrics
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.confidence import MIN_CONTRACTIONS
from econnet.evaluation.intervals import TERMS, Periods
from econnet.evaluation.metrics import ReliabilityBin
from econnet.report.site.chain import Record, RecordedForecast, RecordedOutcome

# A shorter record gives no interval worth stating.
MIN_PERIODS = 2 * TERMS
MIN_EVENTS = MIN_CONTRACTIONS


@dataclass(frozen=True)
class Row:
    """A forecast of the record with its outcome, which is `None` until it is known."""

    forecast: RecordedForecast
    outcome: RecordedOutcome | None

    @property
    def public_before(self) -> bool:
        """Whether the forecast was published before the outcome was known."""
        known = self.outcome
        return known is None or self.forecast.recorded_at[:10] < known.known_at

    @property
    def state(self) -> str:
        """`pending`, `occurred` or `did not occur`."""
        if self.outcome is None:
            return "pending"
        return "occurred" if self.outcome.outcome else "did not occur"

    @property
    def excess_brier(self) -> float | None:
        """The Brier score minus that of the historical average; `None` if pending."""
        if self.outcome is None:
            return None
        happened = self.outcome.outcome
        return (self.forecast.probability - happened) ** 2 - (
            self.forecast.base_rate - happened
        ) ** 2

    @property
    def missed(self) -> bool:
        """Whether the historical average was closer to the outcome."""
        return self.excess_brier is not None and self.excess_brier > 0


@dataclass(frozen=True)
class Costs:
    """Mean Brier score and log loss (in nats) of some forecasts."""

    brier: float
    log_loss: float


@dataclass(frozen=True)
class Professionals:
    """Scores on the forecasts for which a professional forecast was recorded.

    `comparison` is that of econnet with the professional forecasts.
    """

    n: int
    professional: Costs
    econnet: Costs
    comparison: Comparison | None = None


@dataclass(frozen=True)
class GroupScores:
    """Scores of a group of forecasts whose outcomes are known.

    `econnet` and `base_rate` are `None` if there are none. `n_periods` is the number of
    distinct periods: forecasts for one period are not independent. `comparison` is that
    of econnet with the historical average, with paired 90% intervals; `None` until
    `MIN_EVENTS` events in `MIN_PERIODS` periods are known.
    """

    n: int
    n_events: int
    n_periods: int
    n_misses: int
    econnet: Costs | None
    base_rate: Costs | None
    professionals: Professionals | None
    comparison: Comparison | None = None


@dataclass(frozen=True)
class QuestionScores:
    """The scores of one question: rule, frequency, horizon, event and target."""

    label: str
    frequency: Frequency
    horizon: int
    event: str
    target: str
    scores: GroupScores


@dataclass(frozen=True)
class Scoreboard:
    """The rows of a record and their scores.

    `public` are the scores of the forecasts that were published before their outcome
    was known; `questions` and `calibration` are of the same.
    """

    rows: tuple[Row, ...]
    public: GroupScores
    all: GroupScores
    questions: tuple[QuestionScores, ...]
    calibration: tuple[ReliabilityBin, ...]

    @property
    def misses(self) -> tuple[Row, ...]:
        """The forecasts that the historical average beat, the worst first."""
        missed = (row for row in self.rows if row.missed)
        return tuple(sorted(missed, key=lambda row: -(row.excess_brier or 0)))


def of(record: Record) -> Scoreboard:
    """Return the scores of a record."""
    by_line = {outcome.forecast: outcome for outcome in record.outcomes}
    first = {*record.first_lines().values()}
    rows = tuple(
        Row(forecast, by_line.get(forecast.line))
        for forecast in record.forecasts
        if forecast.line in first
    )
    public = [row for row in rows if row.public_before]
    return Scoreboard(
        rows, _scores(public), _scores(rows), _questions(public), _calibration(public)
    )


def _questions(rows: Sequence[Row]) -> tuple[QuestionScores, ...]:
    groups: dict[tuple[str, Frequency, int, str, str], list[Row]] = {}
    for row in rows:
        it = row.forecast
        name = (it.label, it.frequency, it.horizon, it.event, it.target)
        groups.setdefault(name, []).append(row)
    return tuple(
        QuestionScores(*name, _scores(group)) for name, group in sorted(groups.items())
    )


def _scores(rows: Sequence[Row]) -> GroupScores:
    known = [row for row in rows if row.outcome is not None]
    outcome = _outcomes(known)
    given = [row for row in known if row.forecast.professional is not None]
    return GroupScores(
        n=len(known),
        n_events=int(outcome.sum()),
        n_periods=len({row.forecast.period for row in known}),
        n_misses=sum(row.missed for row in known),
        econnet=_costs(_values(known, "probability"), outcome),
        base_rate=_costs(_values(known, "base_rate"), outcome),
        professionals=_professionals(given),
        comparison=_comparison(known, "base_rate"),
    )


def _professionals(rows: Sequence[Row]) -> Professionals | None:
    outcome = _outcomes(rows)
    professional = _costs(_values(rows, "professional"), outcome)
    econnet = _costs(_values(rows, "probability"), outcome)
    if professional is None or econnet is None:
        return None
    against = _comparison(rows, "professional")
    return Professionals(len(rows), professional, econnet, against)


def _comparison(rows: Sequence[Row], other: str) -> Comparison | None:
    """Return the comparison of econnet with another forecast of the same events.

    `None` if too few outcomes are known.
    """
    outcome = _outcomes(rows)
    table = pd.DataFrame(
        {
            "country": ["|".join(row.forecast.series) for row in rows],
            "period": [pd.Period(row.forecast.period).end_time for row in rows],
            "outcome": outcome,
        }
    )
    if table["period"].nunique() < MIN_PERIODS or outcome.sum() < MIN_EVENTS:
        return None
    return comparison.compare(
        _values(rows, "probability"),
        _values(rows, other),
        outcome,
        Periods.of(table),
    )


def _costs(probability: Floats, outcome: Floats) -> Costs | None:
    if not len(outcome):
        return None
    return Costs(
        float(metrics.brier_costs(probability, outcome).mean()),
        float(metrics.log_loss_costs(probability, outcome).mean()),
    )


def _calibration(rows: Sequence[Row]) -> tuple[ReliabilityBin, ...]:
    known = [row for row in rows if row.outcome is not None]
    if not known:
        return ()
    return tuple(
        metrics.reliability_curve(_values(known, "probability"), _outcomes(known))
    )


def _values(rows: Sequence[Row], name: str) -> Floats:
    return np.array([getattr(row.forecast, name) for row in rows], dtype=float)


def _outcomes(rows: Sequence[Row]) -> Floats:
    return np.array([row.outcome.outcome for row in rows if row.outcome], dtype=float)
