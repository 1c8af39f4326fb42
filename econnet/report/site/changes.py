"""What changed between publications: new forecasts, large changes and outcomes.

All of it is read from the record, so that the same record gives the same news.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from econnet.report.site.chain import Record, RecordedForecast
from econnet.report.site.scoreboard import Row, Scoreboard
from econnet.report.wording.formatting import points

# Percentage points from which a change is news of its own.
LARGE_CHANGE = 10
DAYS_OF_A_MONTH = 31


@dataclass(frozen=True)
class Change:
    """A forecast and the one that was published before it on the same question."""

    forecast: RecordedForecast
    before: RecordedForecast

    @property
    def points(self) -> int:
        """The change in percentage points, as the two numbers are printed."""
        return points(self.forecast.probability, self.before.probability)


@dataclass(frozen=True)
class Publication:
    """What one publication added to the record.

    `changes` are those of all its forecasts that had a predecessor, the largest first.
    """

    recorded_at: str
    forecasts: tuple[RecordedForecast, ...]
    changes: tuple[Change, ...]
    outcomes: tuple[Row, ...]

    @property
    def large(self) -> tuple[Change, ...]:
        """The large changes, the largest first."""
        return tuple(it for it in self.changes if abs(it.points) >= LARGE_CHANGE)


def publications(record: Record, scores: Scoreboard) -> list[Publication]:
    """Return what each publication added, oldest first."""
    before: dict[tuple[str, ...], RecordedForecast] = {}
    changes: list[Change] = []
    for forecast in record.forecasts:
        if forecast.series in before:
            changes.append(Change(forecast, before[forecast.series]))
        before[forecast.series] = forecast
    known = [row for row in scores.rows if row.outcome is not None]
    return [
        Publication(
            moment,
            tuple(it for it in record.forecasts if it.recorded_at == moment),
            tuple(
                sorted(
                    (it for it in changes if it.forecast.recorded_at == moment),
                    key=lambda it: -abs(it.points),
                )
            ),
            tuple(
                row
                for row in known
                if row.outcome and row.outcome.recorded_at == moment
            ),
        )
        for moment in dict.fromkeys(entry.recorded_at for entry in record.entries)
    ]


def of_last_month(all_: Sequence[Publication], now: str) -> list[Publication]:
    """Return the publications of the last 31 days."""
    start = datetime.fromisoformat(now) - timedelta(days=DAYS_OF_A_MONTH)
    return [it for it in all_ if datetime.fromisoformat(it.recorded_at) >= start]
