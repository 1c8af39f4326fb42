"""What changed since the forecast before, and what to watch next."""

from dataclasses import dataclass
from datetime import date

from econnet.core.periods import NOUN
from econnet.forecast.result import Forecast, Movement
from econnet.report.wording.formatting import day, number, percent, points

# Movements that the text names, and figures to come that it lists.
MOVEMENTS_NAMED = 2
FIGURES_WATCHED = 3


def before(forecast: Forecast) -> str | None:
    """Return which forecast was before: `what was said a quarter earlier of 2026Q2`."""
    changed = forecast.explanation.change
    if changed is None:
        return None
    if changed.made_at is None:
        noun = NOUN[forecast.task.frequency]
        return f"what was said a {noun} earlier of {changed.period}"
    when = day(date.fromisoformat(changed.made_at[:10]))
    return f"what was said on {when} of {changed.period}"


def change(forecast: Forecast) -> list[str]:
    """Return what changed since the forecast before and why, in sentences."""
    changed = forecast.explanation.change
    if changed is None:
        return ["There is no earlier forecast to compare with."]
    sentences = [
        f"{percent(forecast.probability)} for {forecast.period} after "
        f"{percent(changed.probability)} for {changed.period}, "
        f"{_how_before(forecast)}: {_by_points(forecast)}."
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
        _moved(movement)
        for movement in changed.movements
        if movement.before is not None and movement.after is not None
    ][:MOVEMENTS_NAMED]
    if named:
        sentences.append(f"{'; '.join(named)}.")
    return sentences


def _how_before(forecast: Forecast) -> str:
    changed = forecast.explanation.change
    if changed is None or changed.made_at is None:
        return f"replayed a {NOUN[forecast.task.frequency]} earlier"
    return f"made on {day(date.fromisoformat(changed.made_at[:10]))}"


def _by_points(forecast: Forecast) -> str:
    changed = forecast.explanation.change
    apart = points(forecast.probability, changed.probability) if changed else 0
    if apart == 0:
        return "no change"
    unit = "point" if abs(apart) == 1 else "points"
    return f"{abs(apart)} {unit} {'higher' if apart > 0 else 'lower'}"


def _moved(movement: Movement) -> str:
    """Return how one indicator moved: `Exports went from 2.0 to 1.1`."""
    before, after = (
        number(value or 0.0, 1) for value in (movement.before, movement.after)
    )
    if before == after:
        return f"{movement.title} stayed at {after}"
    return f"{movement.title} went from {before} to {after} ({movement.unit})"


@dataclass(frozen=True)
class Figure:
    """A figure to come, and what it could do to the forecast.

    Parameters
    ----------
    due
        The day on which it is due, in words.
    low, high
        The lowest and highest forecast that any usual figure would make, in words.
    """

    title: str
    due: str
    late: bool
    low: str
    high: str


def watch(forecast: Forecast) -> list[Figure]:
    """Return the figures to come that could move the forecast most, by date."""
    due_of = {series.indicator: series.next_due for series in forecast.data.series}
    curves = sorted(
        (
            curve
            for curve in forecast.explanation.response_curves
            if curve.indicator in due_of
        ),
        key=lambda curve: min(curve.probabilities) - max(curve.probabilities),
    )[:FIGURES_WATCHED]
    made_on = date.fromisoformat(forecast.made_at[:10])
    return [
        Figure(
            curve.title,
            day(due),
            due < made_on,
            percent(min(curve.probabilities)),
            percent(max(curve.probabilities)),
        )
        for due, curve in sorted(
            (
                (date.fromisoformat(due_of[curve.indicator][:10]), curve)
                for curve in curves
            ),
            key=lambda dated: dated[0],
        )
    ]
