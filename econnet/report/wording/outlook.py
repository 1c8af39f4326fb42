"""What changed since the previous forecast, and which releases come next."""

from dataclasses import dataclass
from datetime import date
from math import log

from econnet.core.periods import NOUN
from econnet.forecast.explain.derived import DERIVED
from econnet.forecast.result import Forecast, ForecastChange, Movement, ResponseCurve
from econnet.report.wording.event import capitalised, span_to
from econnet.report.wording.formatting import (
    day_of,
    in_points,
    number,
    percent,
    period_name,
    period_short,
    period_text,
    points,
    short_day,
)

# Movements that the text names, and next releases that it lists.
MAX_MOVEMENTS = 2
MAX_RELEASES = 3
# Parts of a change that are shown one by one.
CHANGE_ROWS = 5
UP, DOWN = "↑", "↓"
# Response curves that change the forecast by less, in percentage points, are flat.
MIN_RESPONSE_POINTS = 1.0
RE_ESTIMATION = "Re-estimation and revisions"


def before(forecast: Forecast) -> str | None:
    """Return which forecast was before: `the forecast for 2026 Q2 (24%)`.

    `the forecast for the 4 quarters to 2027 Q2 (24%)` where one of them is enough.
    """
    changed = forecast.explanation.change
    if changed is None:
        return None
    made = "" if changed.made_at is None else f", made on {day_of(changed.made_at)}"
    return (
        f"the forecast for {span_to(forecast.task, period_name(changed.period))} "
        f"({percent(changed.probability)}{made})"
    )


def points_per_log_odds(before: float, after: float) -> float:
    """Return the percentage points per unit of log-odds between two probabilities.

    Contributions in log-odds times this number add up to the difference of the
    probabilities, in percentage points.
    """
    start, end = (
        min(max(probability, 1e-6), 1 - 1e-6) for probability in (before, after)
    )
    distance = log(end / (1 - end)) - log(start / (1 - start))
    if abs(distance) < 1e-6:
        return 100 * end * (1 - end)
    return 100 * (end - start) / distance


@dataclass(frozen=True)
class Part:
    """A part of a change of the probability, in percentage points."""

    title: str
    points: float


def change_parts(forecast: Forecast) -> list[Part]:
    """Return what moved the forecast since the last one, the largest first.

    The parts add up to the change. The last is re-estimation.
    """
    changed = forecast.explanation.change
    if changed is None:
        return []
    scale = points_per_log_odds(changed.probability, forecast.probability)
    parts = [
        Part(_with_arrow(movement), scale * movement.contribution)
        for movement in changed.movements
    ]
    total = 100 * (forecast.probability - changed.probability)
    rest = total - sum(part.points for part in parts)
    return [
        *sorted(parts, key=lambda part: -abs(part.points)),
        Part(RE_ESTIMATION, rest),
    ]


def change_rows(forecast: Forecast) -> list[Part]:
    """Return what moved the forecast in about five parts, and re-estimation at the end.

    These are the largest indicators and the sum of the others; if there are more than
    three times as many, groups of indicators.
    """
    parts = change_parts(forecast)
    changed = forecast.explanation.change
    if changed is None:
        return []
    *movements, re_estimation = parts
    if len(movements) > 3 * CHANGE_ROWS:
        movements = _by_group(forecast, changed)
    if len(movements) > CHANGE_ROWS + 1:
        others = sum(part.points for part in movements[CHANGE_ROWS:])
        others_title = f"{len(movements) - CHANGE_ROWS} others"
        movements = [*movements[:CHANGE_ROWS], Part(others_title, others)]
    return [*movements, re_estimation]


def change_reading(forecast: Forecast) -> str:
    """Return how to read the rows of a change; only rows of indicators have arrows."""
    titles = [part.title for part in change_rows(forecast)]
    arrows = any(title.endswith((UP, DOWN)) for title in titles)
    return (
        "Bars to the right raised the forecast; all bars add up to its change."
        f"{' Arrows: direction of the newest value.' if arrows else ''}"
    )


def _by_group(forecast: Forecast, changed: ForecastChange) -> list[Part]:
    """Return what each group of indicators did to the forecast, the largest first."""
    scale = points_per_log_odds(changed.probability, forecast.probability)
    totals: dict[str, float] = {}
    for movement in changed.movements:
        name = group_title(movement.group)
        totals[name] = totals.get(name, 0.0) + scale * movement.contribution
    parts = [Part(name, points_) for name, points_ in totals.items()]
    return sorted(parts, key=lambda part: -abs(part.points))


def group_title(group: str) -> str:
    """Return the title of a group of indicators."""
    return GROUPS.get(group, group.capitalize())


def change_note(forecast: Forecast) -> str:
    """Return the unit of the parts, and since when: `percentage points since 2026 Q2`.

    The time is the origin of the forecast before, or the day on which it was made.
    """
    changed = forecast.explanation.change
    if changed is None:
        return ""
    if changed.made_at is None:
        return f"percentage points since {period_short(changed.origin)}"
    since = short_day(date.fromisoformat(changed.made_at[:10]))
    return f"percentage points since {since}"


def change(forecast: Forecast) -> list[str]:
    """Return what changed since the previous forecast, in sentences."""
    changed = forecast.explanation.change
    if changed is None:
        return ["There is no earlier forecast to compare with."]
    earlier = f"the previous {NOUN[forecast.task.frequency]}"
    if changed.made_at is not None:
        earlier = day_of(changed.made_at)
    difference = points(forecast.probability, changed.probability)
    direction = "higher" if difference > 0 else "lower"
    comparison = f"{in_points(difference)} {direction}" if difference else "no change"
    ahead = span_to(forecast.task, period_text(forecast.period))
    behind = span_to(forecast.task, period_name(changed.period))
    sentences = [
        f"{percent(forecast.probability)} for {ahead}, after "
        f"{percent(changed.probability)} for {behind} "
        f"(forecast of {earlier}): {comparison}."
    ]
    *data, rest = (part.points for part in change_parts(forecast))
    sentences.append(
        f"New data: {in_decimals(sum(data))}; re-estimation and revisions: "
        f"{in_decimals(rest)} percentage points."
    )
    named = [
        described
        for movement in changed.movements
        if (described := _moved(movement)) is not None
    ][:MAX_MOVEMENTS]
    if named:
        sentences.append(f"{capitalised('; '.join(named))}.")
    return sentences


def in_decimals(points_: float) -> str:
    """Return percentage points with their sign and one decimal."""
    return number(points_, 1, sign=True)


def _with_arrow(movement: Movement) -> str:
    """Return an indicator with the direction of its newest value: `Exports ↓`."""
    before, after = movement.before, movement.after
    if before is None or after is None or number(before, 1) == number(after, 1):
        return movement.title
    return f"{movement.title} {UP if after > before else DOWN}"


def moved(movement: Movement) -> str:
    """Return an indicator with the direction of its newest value in words."""
    before, after = movement.before, movement.after
    if before is None or after is None or number(before, 1) == number(after, 1):
        return movement.title
    growth = "growth " if movement.unit == "change, percent" else ""
    change = "change " if movement.unit.startswith("change") and not growth else ""
    return f"{movement.title}: {growth}{change}{'up' if after > before else 'down'}"


def _moved(movement: Movement) -> str | None:
    """Return how one indicator moved: `Exports: growth down from 2.6% to 1.1%`.

    `None` if its newest value is the same or unknown.
    """
    if movement.before is None or movement.after is None:
        return None
    then, now = (
        with_unit(value, movement.unit) for value in (movement.before, movement.after)
    )
    if then == now:
        return None
    return f"{moved(movement)} from {then} to {now}"


def with_unit(value: float, unit: str) -> str:
    """Return a value with its unit: `2.6%`, `34.7% of GDP`, `1.2 percentage points`."""
    text, unit = number(value, 1), unit.removeprefix("change, ")
    first, *rest = unit.split(" ", 1)
    return " ".join([f"{text}%", *rest] if first == "percent" else [text, unit]).strip()


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


def shown_curves(forecast: Forecast) -> tuple[ResponseCurve, ...]:
    """Return the response curves that are not flat and have a value for today."""
    return tuple(
        curve
        for curve in forecast.explanation.response_curves
        if curve.current is not None
        if 100 * (max(curve.probabilities) - min(curve.probabilities))
        >= MIN_RESPONSE_POINTS
    )


def watch(forecast: Forecast) -> list[NextRelease]:
    """Return the next figures that could move the forecast most, by date."""
    due_of = {
        series.indicator: date.fromisoformat(series.next_due[:10])
        for series in forecast.data.series
    }
    curves = sorted(
        (curve for curve in shown_curves(forecast) if curve.indicator in due_of),
        key=lambda curve: min(curve.probabilities) - max(curve.probabilities),
    )[:MAX_RELEASES]
    made_on = date.fromisoformat(forecast.made_at[:10])
    return [
        NextRelease(
            curve.title,
            short_day(due_of[curve.indicator]),
            due_of[curve.indicator] < made_on,
            percent(min(curve.probabilities)),
            percent(max(curve.probabilities)),
        )
        for curve in sorted(curves, key=lambda curve: due_of[curve.indicator])
    ]


def watch_note(forecast: Forecast) -> str | None:
    """Return that no release would move the forecast; `None` if one would."""
    if watch(forecast):
        return None
    return "No single release would move the forecast by a percentage point or more."


GROUPS = {
    "credit": "Money and credit",
    "labour": "Labour market",
    "rates": "Interest rates",
    **{group: title for title, group in DERIVED.values()},
}
