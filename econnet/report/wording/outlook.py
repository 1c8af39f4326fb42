"""What changed since the forecast before, and what to watch next."""

from dataclasses import dataclass
from datetime import date

from econnet.core.periods import NOUN
from econnet.forecast.result import Forecast
from econnet.report.wording.formatting import (
    day,
    day_of,
    in_points,
    number,
    percent,
    points,
)

# Movements that the text names, and next releases that it lists.
MAX_MOVEMENTS = 2
MAX_RELEASES = 3


def before(forecast: Forecast) -> str | None:
    """Return which forecast was before: `what was said a quarter earlier of 2026Q2`."""
    changed = forecast.explanation.change
    if changed is None:
        return None
    when = f"a {NOUN[forecast.task.frequency]} earlier"
    if changed.made_at is not None:
        when = f"on {day_of(changed.made_at)}"
    return f"what was said {when} of {changed.period}"


def change(forecast: Forecast) -> list[str]:
    """Return what changed since the forecast before and why, in sentences."""
    changed = forecast.explanation.change
    if changed is None:
        return ["There is no earlier forecast to compare with."]
    origin = f"replayed a {NOUN[forecast.task.frequency]} earlier"
    if changed.made_at is not None:
        origin = f"made on {day_of(changed.made_at)}"
    difference = points(forecast.probability, changed.probability)
    direction = "higher" if difference > 0 else "lower"
    comparison = f"{in_points(difference)} {direction}" if difference else "no change"
    sentences = [
        f"{percent(forecast.probability)} for {forecast.period} after "
        f"{percent(changed.probability)} for {changed.period}, {origin}: {comparison}."
    ]
    parts = (("new figures", changed.figures), ("learning anew", changed.learning))
    effects = [
        f"{what} {'raised' if size > 0 else 'lowered'} it by {number(abs(size), 2)}"
        for what, size in parts
        if round(abs(size), 2) > 0
    ]
    if effects:
        sentences.append(f"In log-odds, {' and '.join(effects)}.")
    named = [
        _moved(movement.title, movement.before, movement.after, movement.unit)
        for movement in changed.movements
        if movement.before is not None and movement.after is not None
    ][:MAX_MOVEMENTS]
    if named:
        sentences.append(f"{'; '.join(named)}.")
    return sentences


def _moved(title: str, before: float, after: float, unit: str) -> str:
    """Return how one indicator moved: `Exports went from 2.0 to 1.1 (percent)`."""
    then, now = number(before, 1), number(after, 1)
    if then == now:
        return f"{title} stayed at {now}"
    return f"{title} went from {then} to {now} ({unit})"


@dataclass(frozen=True)
class NextRelease:
    """An indicator's next figure, and what it could do to the forecast, in words.

    `low` and `high` are the lowest and highest forecast that a usual figure would give.
    """

    title: str
    due: str
    late: bool
    low: str
    high: str


def watch(forecast: Forecast) -> list[NextRelease]:
    """Return the next figures that could move the forecast most, by date."""
    due_of = {
        series.indicator: date.fromisoformat(series.next_due[:10])
        for series in forecast.data.series
    }
    curves = sorted(
        (
            curve
            for curve in forecast.explanation.response_curves
            if curve.indicator in due_of
        ),
        key=lambda curve: min(curve.probabilities) - max(curve.probabilities),
    )[:MAX_RELEASES]
    made_on = date.fromisoformat(forecast.made_at[:10])
    return [
        NextRelease(
            curve.title,
            day(due_of[curve.indicator]),
            due_of[curve.indicator] < made_on,
            percent(min(curve.probabilities)),
            percent(max(curve.probabilities)),
        )
        for curve in sorted(curves, key=lambda curve: due_of[curve.indicator])
    ]
