"""Sentences on many countries at once."""

from collections.abc import Sequence
from statistics import median

from econnet.core.periods import NOUN
from econnet.core.task import Task
from econnet.forecast.ranking import Ranking
from econnet.forecast.result import Forecast
from econnet.report.wording.formatting import count, odds, percent
from econnet.report.wording.method import attribution
from econnet.report.wording.verdict import ahead, compared, counts, made_on, stale


def periods(ranking: Ranking) -> str:
    """Return which periods the forecasts are for: `forecasts for 2026`."""
    parts = list(ranking.periods.items())
    if len(parts) == 1:
        return f"forecasts for {parts[0][0]}"
    commonest = sorted(parts, key=lambda part: -part[1])[:3]
    named = ", ".join(f"{period} ({n})" for period, n in commonest)
    return f"forecasts for {named}{' and others' if len(parts) > 3 else ''}"


def strip_heading(task: Task) -> str:
    """Return the heading of the strips."""
    return f"Probability forecast {ahead(task)}, out of sample, %"


def ranking_title(ranking: Ranking) -> str:
    """Return the title of a report on many countries."""
    return f"Contractions in {count(len(ranking.forecasts), 'country')}"


def summary(ranking: Ranking) -> list[str]:
    """Return the result of the ranking, in sentences."""
    forecasts = ranking.forecasts
    first = forecasts[0]
    middle = median(forecast.probability for forecast in forecasts)
    doubled = sum(
        forecast.probability >= 2 * forecast.base_rate and forecast.base_rate > 0
        for forecast in forecasts
    )
    sentences = [
        f"Likeliest to contract is {first.country.name}, {first.period}: "
        f"{odds(first.probability)} ({percent(first.probability)}). In the middle of "
        f"{count(len(forecasts), 'country')} stands {percent(middle)}; {doubled} "
        f"{'is' if doubled == 1 else 'are'} put at twice the country's own long-run "
        "rate or more."
    ]
    if len(ranking.periods) > 1:
        sentences.append(
            "Not all forecasts are for the same period, for each is for the one after "
            f"the country's own data end: {periods(ranking)}. Compare those of one "
            "period."
        )
    if old := sum(stale(forecast) is not None for forecast in forecasts):
        sentences.append(
            f"{count(old, 'forecast')} {'rests' if old == 1 else 'rest'} on old data, "
            "for which newer figures have been due: econnet fetch gets them."
        )
    if ranking.left_out:
        sentences.append(
            f"{count(len(ranking.left_out), 'country')} could not be forecast and "
            f"{'is' if len(ranking.left_out) == 1 else 'are'} listed below."
        )
    return sentences


def trust(ranking: Ranking) -> list[str]:
    """Return how far to trust the ranking, in sentences."""
    sentences = []
    pools = [forecast.assessment.pool_metrics for forecast in ranking.forecasts]
    scored = [scores for scores in pools if scores is not None]
    if scored:
        pool = max(scored, key=lambda scores: scores.n)
        noun = NOUN[ranking.task.frequency]
        auroc = "" if pool.auroc is None else f" (AUROC {pool.auroc:.2f})"
        sentences.append(
            f"Over {counts(pool, 'forecast')} of all countries together, each made "
            f"before its {noun} was known, {compared(pool)}{auroc}."
        )
    sentences.append(
        "A place in the order is less certain than it looks: intervals overlap, and "
        "the track record of many a country says not to lean on it. Small economies "
        "contract more often, and their figures are revised more."
    )
    return sentences


def ranking_credit(ranking: Ranking) -> str:
    """Return the credit of a figure of many countries."""
    first = newest(ranking.forecasts)
    return (
        f"econnet {first.versions['econnet']}, {made_on(first)} · {attribution(first)}"
    )


def ranking_made(ranking: Ranking) -> str:
    """Return when the ranking was made, and what a contraction is in it."""
    first = newest(ranking.forecasts)
    return f"made {made_on(first)} · {first.meaning}"


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
        f"Map of the world, {count(len(forecasts), 'country')} shaded by the "
        f"probability of a contraction. Darkest: {', '.join(named)}."
    )


def strip_alt(forecasts: Sequence[Forecast]) -> str:
    """Return what a strip shows."""
    return (
        f"Rows of shades over time, one each for {forecasts[0].country.name} to "
        f"{forecasts[-1].country.name}: what was said of each period, and a dot where "
        "it contracted."
    )
