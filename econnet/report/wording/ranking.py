"""Sentences on many countries at once."""

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from econnet.core import countries
from econnet.core.task import Task
from econnet.forecast.result import Forecast
from econnet.report.wording.event import event_words, general_event, has_passed, when
from econnet.report.wording.formatting import (
    count,
    in_a_row,
    in_points,
    number,
    percent,
    period_text,
    points,
)
from econnet.report.wording.method import attribution
from econnet.report.wording.verdict import ahead, dated, made_on, stale, verdict

if TYPE_CHECKING:
    from econnet.forecast.ranking import Ranking

# Countries of a pool that are listed by name.
MAX_POOLED = 12
ALL_OVER = (
    "Out of date: the period of every forecast is over. Run econnet fetch; the old "
    "forecasts are an illustration."
)


def periods(ranking: "Ranking") -> str:
    """Return which periods the forecasts are for: `forecasts for 2026`."""
    parts = list(ranking.periods.items())
    if len(parts) == 1:
        return f"forecasts for {period_text(parts[0][0])}"
    commonest = sorted(parts, key=lambda part: -part[1])[:3]
    named = ", ".join(f"{period_text(period)} ({n})" for period, n in commonest)
    return f"forecasts for {named}{' and others' if len(parts) > 3 else ''}"


def strip_heading(task: Task) -> str:
    """Return the heading of the strips."""
    return f"Forecast probability, {ahead(task)}, out of sample, %"


def ranking_title(ranking: "Ranking") -> str:
    """Return the title of a report on many countries."""
    first = newest(ranking.forecasts)
    event = (
        f"Probability that {event_words(first).subject} {event_words(first).present}"
    )
    if len(ranking.periods) == 1:
        event += f" {when(first)}"
    return f"{event}: {count(len(ranking.forecasts), 'country')}"


def distance(forecast: Forecast) -> int:
    """Return the percentage points by which the probability exceeds the average."""
    return points(forecast.probability, forecast.base_rate)


def compared_with_average(forecast: Forecast) -> str:
    """Return the distance from the country's own average in words."""
    above, average = distance(forecast), percent(forecast.base_rate)
    if above == 0:
        return f"the same as its average ({average})"
    side = "above" if above > 0 else "below"
    return f"{in_points(above)} {side} its average of {average}"


def name_and_age(forecast: Forecast) -> str:
    """Return a country's name, marked where its forecast is out of date."""
    return f"{forecast.country.name}{' (out of date)' if has_passed(forecast) else ''}"


def summary(ranking: "Ranking") -> list[str]:
    """Return the result of the ranking, in sentences."""
    forecasts = ranking.forecasts
    current = [it for it in forecasts if not has_passed(it)] or list(forecasts)
    first, furthest = current[0], max(current, key=distance)
    middle = median(forecast.probability for forecast in current)
    among, none = "", "No country"
    if len(current) < len(forecasts):
        among = f" among the {count(len(current), 'forecast')} whose period is not over"
        none = "None of them"
    text = (
        f"Highest probability{among}: {first.country.name}, "
        f"{percent(first.probability)}, {compared_with_average(first)}."
    )
    if furthest is not first and distance(furthest) > 0:
        text += (
            f" Furthest above its own average: {furthest.country.name}, "
            f"{percent(furthest.probability)}, {compared_with_average(furthest)}."
        )
    elif distance(furthest) <= 0:
        text += f" {none} is above its own average."
    text += f" Median: {percent(middle)}."
    sentences = [text]
    if all(map(has_passed, forecasts)):
        sentences = [f"{ALL_OVER} {text}"]
    if distance(furthest) > 0:
        sentences.append(_twice_the_average(current, none))
    if len(ranking.periods) > 1:
        sentences.append(
            "The forecasts are for different periods, because each country's own data "
            f"end at a different time: {periods(ranking)}. Only forecasts for the "
            "same period can be compared."
        )
    if old := sum(stale(forecast) is not None for forecast in forecasts):
        sentences.append(
            f"{count(old, 'forecast')} {'uses' if old == 1 else 'use'} data for which "
            "newer values are due; econnet fetch downloads them."
        )
    if ranking.left_out:
        sentences.append(
            f"{count(len(ranking.left_out), 'country')} could not be forecast and "
            f"{'is' if len(ranking.left_out) == 1 else 'are'} listed below."
        )
    return sentences


def _twice_the_average(forecasts: Sequence[Forecast], none: str) -> str:
    """Return how many are far above average; `none` is the subject if none is."""
    doubled = sum(
        forecast.probability >= 2 * forecast.base_rate and forecast.base_rate > 0
        for forecast in forecasts
    )
    if not doubled:
        return f"{none} is at twice its own average or more."
    return (
        f"{count(doubled, 'country')} {'is' if doubled == 1 else 'are'} at twice "
        f"{'its' if doubled == 1 else 'their'} own average or more."
    )


def trust(ranking: "Ranking") -> list[str]:
    """Return how much confidence the ranking deserves, in sentences."""
    sentences = []
    pools = [
        forecast
        for forecast in ranking.forecasts
        if forecast.assessment.pool_metrics is not None
    ]
    if pools:
        sentences.append(_pool_record(max(pools, key=_pool_size)))
    levels = [verdict(forecast).confidence for forecast in ranking.forecasts]
    n = {level: levels.count(level) for level in ("high", "moderate", "low")}
    confidence = (
        f"high for {n['high']}, moderate for {n['moderate']} and low for {n['low']} of "
        f"{count(len(levels), 'country')}"
    )
    if n["low"] == len(levels) > 1:
        confidence = f"low for all {len(levels)} countries"
    sentences.append(
        "Ranks are uncertain, because the intervals overlap. Confidence is "
        f"{confidence}."
    )
    return sentences


def _pool_size(forecast: Forecast) -> int:
    scores = forecast.assessment.pool_metrics
    return 0 if scores is None else scores.n


def _pool_record(forecast: Forecast) -> str:
    """Return the past accuracy over all countries that were trained on."""
    scores = forecast.assessment.pool_metrics
    if scores is None:
        return ""
    text = (
        f"In {scores.n:,} past forecasts for the {pooled(forecast)} "
        f"(the event occurred in {scores.n_contractions:,})"
    )
    if scores.log_loss_skill is not None:
        size = percent(abs(scores.log_loss_skill))
        direction = "more" if scores.log_loss_skill > 0 else "less"
        text += (
            f", the model was {size} {direction} accurate than always quoting each "
            "country's historical average"
        )
    if scores.auroc is not None:
        text += f" (AUROC {number(scores.auroc, 2)}; 0.5 is a coin toss)"
    return f"{text}."


def pooled(forecast: Forecast) -> str:
    """Return which countries a model was trained on."""
    codes = forecast.data.countries
    text = f"{count(forecast.data.n_countries, 'country')} in the training pool"
    if not 1 < len(codes) <= MAX_POOLED:
        return text
    return f"{text}, {in_a_row(sorted(map(_name_of, codes)))}"


def _name_of(code: str) -> str:
    """Return the name of a country, or the code of a user's own region."""
    try:
        return countries.by_alpha3(code).name
    except KeyError:
        return code


def ranking_credit(ranking: "Ranking") -> str:
    """Return the credit of a figure of many countries."""
    first = newest(ranking.forecasts)
    sources = attribution(*ranking.forecasts)
    return f"econnet {first.versions['econnet']}, {made_on(first)} · {sources}"


def ranking_made(ranking: "Ranking") -> str:
    """Return when the ranking was made, and what event it is about."""
    first = newest(ranking.forecasts)
    return f"Forecasts {dated(first)} · {general_event(first)}"


def newest(forecasts: Sequence[Forecast]) -> Forecast:
    """Return the forecast that was made last."""
    return max(forecasts, key=lambda forecast: forecast.made_at)


def map_alt(forecasts: Sequence[Forecast]) -> str:
    """Return what the map of these forecasts shows, for a reader who cannot see it."""
    named = [
        f"{forecast.country.name} {percent(forecast.probability)}"
        for forecast in forecasts[:5]
    ]
    return (
        f"Map of the world, {count(len(forecasts), 'country')} shaded by the forecast "
        f"probability. Darkest: {', '.join(named)}."
    )


def dots_alt(forecasts: Sequence[Forecast]) -> str:
    """Return what the chart of probabilities and averages shows."""
    named = [
        f"{forecast.country.name} {percent(forecast.probability)}, "
        f"{compared_with_average(forecast)}"
        for forecast in forecasts[:5]
    ]
    return (
        "Dots with intervals, one row per country, and ticks for the averages, sorted "
        f"by the distance from the average. From the top: {'; '.join(named)}."
    )


def strip_alt(forecasts: Sequence[Forecast]) -> str:
    """Return what a strip shows."""
    return (
        f"Heat map with one row each for {forecasts[0].country.name} to "
        f"{forecasts[-1].country.name}: the past forecast for each period, and a dot "
        "where the event occurred."
    )
