"""The texts and tables of the report, ready for the templates of the PDF and the page.

Numbers are formatted here, so that the templates decide on layout alone. A cell in
which econnet did worse than the historical average is marked as a loss, and the
templates show it in the warning colour.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from typing import Any, TypeAlias

from econnet.core.sources import SOURCES
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.metrics import Scores
from econnet.forecast.result import Episode, Forecast, SeriesUsed
from econnet.report import wording

Content: TypeAlias = dict[str, Any]

DASH = "\N{EN DASH}"

# Episodes on the first page; a later page has all of them.
MAX_EPISODES = 5
# False alarms that are listed.
MAX_FALSE_ALARMS = 14
# Letters of the head of a page, beside the date.
MAX_RUNNING = 75
# Series in the table of the PDF.
MAX_SERIES = 24


def content(forecast: Forecast) -> Content:
    """Return every text of the report."""
    return {
        **_headings(forecast),
        **_answer(forecast),
        **_past(forecast),
        **_reasons(forecast),
        **_data_and_method(forecast),
        "readings": {**wording.READINGS, "change": wording.change_reading(forecast)},
    }


def _headings(forecast: Forecast) -> Content:
    data_end = wording.period_name(forecast.data.last_period)
    return {
        "name": forecast.country.name,
        "title": wording.title(forecast),
        "question": wording.question(forecast),
        "running": _running(forecast),
        "made": f"Forecast {wording.dated(forecast)} · data to {data_end}",
        "foot": [
            f"{wording.attribution(forecast)}.",
            wording.figures(forecast.data.share_in_real_time),
        ],
    }


def _running(forecast: Forecast) -> str:
    """Return the head of every page but the first."""
    name, stale = forecast.country.name, wording.stale(forecast)
    if stale is not None and stale.passed:
        return f"{name} · out of date"
    event, probability = wording.event_title(forecast), wording.percent
    text = f"{name} · {event}: {probability(forecast.probability)}"
    if len(text) <= MAX_RUNNING:
        return text
    short = f"{wording.contraction_noun(forecast)} {wording.when(forecast)}"
    return f"{name} · {short}: {probability(forecast.probability)}"


def _answer(forecast: Forecast) -> Content:
    """Return the texts of the first page."""
    stale, verdict = wording.stale(forecast), wording.verdict(forecast)
    passed = stale is not None and stale.passed
    return {
        "stale": _warning(stale),
        "passed": passed,
        "headline": "Out of date" if passed else wording.percent(forecast.probability),
        "facts": _facts(forecast),
        "chance": wording.chance(forecast),
        "position": (
            wording.illustration(forecast) if passed else wording.position(forecast)
        ),
        "headline_reason": wording.headline_reason(forecast),
        "questions_head": wording.QUESTIONS_HEAD,
        "questions": wording.question_rows(forecast),
        "verdict": {
            **asdict(verdict),
            "call": "Past accuracy." if passed and not verdict.alarm else verdict.call,
            "alarm": verdict.alarm,
        },
        "counts": wording.counts(forecast.assessment.metrics, "forecast"),
        "outlook_heading": wording.outlook_heading(forecast),
        "change": wording.change(forecast),
        "change_note": wording.change_note(forecast),
        "change_parts": [
            [part.title, wording.in_decimals(part.points)]
            for part in wording.change_parts(forecast)
        ],
        "watch": [
            {
                "title": release.title,
                "due": {"text": release.due, "loss": release.late},
                "range": f"{release.low} to {release.high}",
            }
            for release in wording.watch(forecast)
        ],
        "watch_note": wording.watch_note(forecast),
        "what_if": wording.what_if(forecast),
        "decision": wording.decision(forecast),
        **_past_contractions(forecast),
    }


def _warning(stale: wording.OutOfDate | None) -> str | None:
    """Return the warning that newer data are due, without its headline."""
    if stale is None:
        return None
    text = stale.text if stale.passed else stale.sentence
    return text.replace("`", "")


def _facts(forecast: Forecast) -> list[str]:
    """Return the figures under the answer."""
    facts = [
        f"90% interval {wording.percent_range(forecast.interval)}",
        f"historical average {wording.percent(forecast.base_rate)}",
    ]
    last = [probability for _, probability in wording.last_forecasts(forecast)]
    if len(last) > 1:
        facts.append(f"last {len(last)} forecasts: {', '.join(last)}")
    facts += filter(None, [wording.typical_fall(forecast), wording.deep_fall(forecast)])
    return facts


def _past_contractions(forecast: Forecast) -> Content:
    """Return the table of past contractions on the first page."""
    predicted = [
        episode
        for episode in forecast.assessment.episodes
        if episode.first_probability is not None
    ]
    deepest = sorted(predicted, key=lambda episode: episode.growth_percent or 0.0)
    shown = deepest[:MAX_EPISODES]
    spell = wording.contraction_noun(forecast)
    return {
        "spell": spell,
        "episodes_heading": f"Past {spell}s",
        "episodes": [
            [cells[0], *cells[2:], wording.signalled(episode, forecast.task)]
            for episode in predicted
            if episode in shown
            for cells in [_episode(episode)]
        ],
        "episodes_note": (
            f"the deepest {MAX_EPISODES} of {len(predicted)}"
            if len(predicted) > MAX_EPISODES
            else spell
        ),
        "signal_counts": wording.signal_counts(forecast),
    }


def _past(forecast: Forecast) -> Content:
    """Return the texts of the track record."""
    assessment = forecast.assessment
    pool = assessment.pool_metrics
    spell = wording.contraction_noun(forecast)
    return {
        "all_episodes": [
            [*_episode(episode), wording.signalled(episode, forecast.task)]
            for episode in assessment.episodes
        ],
        "all_episodes_heading": (
            f"All {spell}s and the forecast {wording.ahead(forecast.task)}"
        ),
        "all_episodes_note": _change_note(forecast),
        "change_heading": change_heading(forecast),
        **_false_alarms(forecast),
        "signals_explained": wording.signals_explained(forecast),
        "record": f"{wording.track_record(forecast)} "
        f"{wording.verdict(forecast).comparison}".strip(),
        "skill_head": _skill_head(forecast),
        "skill_rows": _skill_rows(forecast),
        "skill_note": wording.OTHER_HORIZONS if len(forecast.outlook) > 1 else None,
        "day_head": wording.DAY_HEAD,
        "day_rows": wording.day_rows(forecast.skill_by_day),
        "day_note": wording.day_note(forecast.skill_by_day, forecast.task.frequency),
        "long_scores": _score_table(
            assessment.metrics,
            assessment.baselines,
            tuple(SCORE_COLUMNS),
            assessment.comparisons,
        ),
        "doubts": wording.doubts(forecast),
        "pool_heading": f"all {forecast.data.n_countries} countries in the pool",
        "pool_counts": pool and wording.counts(pool, "forecast"),
        "pool_scores": pool
        and _score_table(pool, assessment.pool_baselines, tuple(SCORE_COLUMNS)),
        "scores_explained": wording.SCORES_EXPLAINED,
    }


def _false_alarms(forecast: Forecast) -> Content:
    """Return the false alarms with the highest probabilities, oldest first."""
    alarms = forecast.assessment.false_alarms
    highest = sorted(alarms, key=lambda alarm: -alarm.highest_probability)
    shown = [alarm for alarm in alarms if alarm in highest[:MAX_FALSE_ALARMS]]
    count = f"The {len(shown)} highest of {len(alarms)}"
    noun = wording.NOUN[forecast.task.frequency]
    return {
        "false_alarms": [
            [
                f"{_span(alarm.first, alarm.last)} ({alarm.periods})",
                wording.percent(alarm.highest_probability),
            ]
            for alarm in shown
        ],
        "false_alarms_heading": f"false alarms ({noun}s)",
        "false_alarms_count": count if len(shown) < len(alarms) else None,
    }


def change_heading(forecast: Forecast) -> str:
    """Return the heading of the changes over past contractions."""
    if forecast.task.label == "year-on-year":
        return "on a year earlier"
    return "change"


def _change_note(forecast: Forecast) -> str | None:
    """Return which series the changes are of, where it does not date the event."""
    if not wording.is_chronology(forecast.task):
        return None
    shown = wording.in_sentence(forecast.target_title)
    return f"change: {shown}, shown for orientation"


def _skill_head(forecast: Forecast) -> list[str]:
    """Return the headings of the table of skill; the first ones fit on a phone."""
    event = "event occurred"
    if not wording.is_cumulative(forecast.task):
        event = f"in {wording.contraction_noun(forecast)}"
    return ["scored on", "skill", "90% interval", "confidence", "forecasts", event]


def _skill_rows(forecast: Forecast) -> list[list[str]]:
    """Return the skill with and without 2020 and at other horizons, one row each."""
    task, assessment = forecast.task, forecast.assessment
    without = assessment.skill_without_2020
    named = [
        (f"{wording.ahead(task)}, all forecasts", assessment.skill),
        (
            f"{wording.ahead(task)}, without 2020",
            None if without == assessment.skill else without,
        ),
        *(
            (wording.ahead(replace(task, horizon=ahead.horizon)), ahead.skill)
            for ahead in forecast.outlook
            if ahead.horizon != task.horizon
        ),
    ]
    return [
        [
            name,
            wording.signed_percent(skill.value),
            wording.signed_percent_range(skill.interval),
            skill.confidence,
            f"{skill.n:,}",
            f"{skill.n_contractions:,}",
        ]
        for name, skill in named
        if skill is not None and skill.value is not None and skill.interval is not None
    ]


def _reasons(forecast: Forecast) -> Content:
    """Return the texts on the drivers of the forecast, and on other assumptions."""
    explanation = forecast.explanation
    scale = wording.contribution_points(forecast)
    return {
        "groups": [
            [name, wording.in_decimals(scale * value)]
            for name, value in wording.by_group(forecast).items()
        ],
        "importance": wording.importance(forecast),
        "weighed": [
            [
                weight.title,
                wording.number(1000 * weight.loss, 1, sign=True),
                " to ".join(wording.number(1000 * end, 1) for end in weight.interval),
            ]
            for weight in explanation.importance
        ],
        "supposed": [
            [
                change.title,
                change.unit,
                wording.number(change.before, 2),
                wording.number(change.after, 2) + ("*" if change.out_of_range else ""),
                wording.percent(change.probability),
            ]
            for change in (explanation.what_if.supposed if explanation.what_if else ())
        ],
        "drivers": wording.drivers(forecast),
        "responses": wording.responses(forecast),
    }


def _data_and_method(forecast: Forecast) -> Content:
    """Return the texts on the data, the method and how to repeat the forecast."""
    made_on = date.fromisoformat(forecast.made_at[:10])
    contributions = {
        driver.indicator: abs(driver.contribution)
        for driver in forecast.explanation.drivers
    }
    series_used = sorted(
        forecast.data.series,
        key=lambda series: (
            series.indicator != forecast.task.target,
            -contributions.get(series.indicator, 0.0),
        ),
    )
    return {
        "series": [_series(series, made_on) for series in series_used],
        "sparks": [_spark(series) for series in series_used],
        "max_series": MAX_SERIES,
        "sources": _sources(forecast),
        "data": wording.data(forecast),
        "method": wording.method(forecast),
        "caveats": wording.caveats(forecast),
        "command": wording.command(forecast),
        "citation": wording.citation(forecast),
        "verify": wording.verification(forecast),
        "provenance": wording.provenance(forecast),
    }


def _score_table(
    own: Scores,
    baselines: Mapping[str, Scores],
    columns: tuple[str, ...],
    comparisons: Mapping[str, Comparison] | None = None,
) -> Content:
    """Return a table of scores, econnet first, then the baselines."""
    base = baselines.get("base_rate")
    rows = [
        {
            "name": "this forecast",
            "own": True,
            "cells": [_cell(own, key, base) for key in columns],
            "difference": "",
            "against": None,
        }
    ]
    for name, scores in baselines.items():
        comparison = (comparisons or {}).get(name)
        rows.append(
            {
                "name": wording.baseline_title(name),
                "own": False,
                "cells": [_cell(scores, key, None) for key in columns],
                "difference": "" if comparison is None else _difference(comparison),
                "against": None if comparison is None else _against(comparison),
            }
        )
    return {"columns": [SCORE_COLUMNS[key].heading for key in columns], "rows": rows}


def _cell(scores: Scores, key: str, base: Scores | None) -> Content:
    value, column = getattr(scores, key), SCORE_COLUMNS[key]
    if value is None:
        return {"text": DASH, "loss": False}
    other = getattr(base, key, None)
    loss = other is not None and (
        value > other if column.lower_is_better else value < other
    )
    return {"text": column.format(value), "loss": loss}


def _difference(comparison: Comparison) -> str:
    """Return the 90% interval of econnet's log loss minus a baseline's."""
    return " to ".join(
        wording.signed_number(end, 3) for end in comparison.log_loss_interval
    )


def _against(comparison: Comparison) -> Content:
    """Return whether econnet is significantly better than a baseline, or worse."""
    verdicts = {comparison.log_loss, comparison.brier}
    if "loss" in verdicts:
        return {"text": "worse", "loss": True}
    return {"text": "better" if "win" in verdicts else "even", "loss": False}


def _episode(episode: Episode) -> list[str]:
    growth = episode.growth_percent
    return [
        _span(episode.first, episode.last),
        DASH if growth is None else wording.change_percent(growth),
        *(
            DASH if probability is None else wording.percent(probability)
            for probability in (episode.first_probability, episode.highest_probability)
        ),
    ]


def _span(first: str, last: str) -> str:
    first, last = wording.period_short(first), wording.period_short(last)
    return first if first == last else f"{first}{DASH}{last}"


def _series(series: SeriesUsed, made_on: date) -> Content:
    due = date.fromisoformat(series.next_due[:10])
    return {
        "title": series.title,
        "id": _short(_series_id(series)),
        "unit": series.unit,
        "periods": f"{wording.period_short(series.first_period)}{DASH}"
        f"{wording.period_short(series.last_period)}",
        "last": _last_value(series),
        "due": {"text": wording.short_day(due), "loss": due < made_on},
        "rights": _short(series.rights),
    }


def _last_value(series: SeriesUsed) -> str:
    """Return the last value, in digits if its unit is in thousands or millions."""
    if series.unit.startswith(("percent", "points")):
        return wording.number(series.last_value, 2)
    if series.unit.startswith(("thousand", "million", "billion")):
        return wording.in_digits(series.last_value)
    return wording.large_number(series.last_value)


def _series_id(series: SeriesUsed) -> str:
    """Return the source of a series and its id there: `OECD gdp_real`."""
    if series.source == "file":
        return f"column {series.series_id}"
    facts = SOURCES.get(series.source)
    source = series.source if facts is None else facts.title
    return f"{source} {series.series_id}"


def _spark(series: SeriesUsed) -> list[float]:
    """Return the newest values between 0 and 1, for a line beside the name."""
    low, high = min(series.recent, default=0.0), max(series.recent, default=0.0)
    return [
        round((value - low) / (high - low), 3) if high > low else 0.5
        for value in series.recent
    ]


def _short(text: str) -> str:
    """Return `text` short enough for a column of a table that does not break lines."""
    return text if len(text) <= 30 else f"{text[:29]}…"


def _sources(forecast: Forecast) -> list[str]:
    """Return each source as it asks to be cited, with its terms."""
    kinds = {
        (
            series.attribution.removeprefix("Source: "),
            "Your own data; newest value known on"
            if series.source == "file"
            else f"{wording.capitalised(series.rights)}; retrieved",
            series.retrieved_at[:10],
        )
        for series in forecast.data.series
    }
    sources = [
        f"{source}. {terms} {wording.day_of(day)}."
        for source, terms, day in sorted(kinds)
    ]
    if others := wording.pool_sources(forecast):
        sources.append(f"Other countries in the training pool: {'; '.join(others)}.")
    return sources


@dataclass(frozen=True)
class ScoreColumn:
    """How a table shows one of the scores."""

    heading: str
    format: Callable[[float], str]
    lower_is_better: bool = False


_two_decimals = partial(wording.number, decimals=2)
_three_decimals = partial(wording.number, decimals=3)

SCORE_COLUMNS: Mapping[str, ScoreColumn] = {
    "brier": ScoreColumn("Brier ↓", _three_decimals, lower_is_better=True),
    "brier_skill": ScoreColumn("skill ↑", wording.signed_percent),
    "log_loss": ScoreColumn("log loss ↓", _three_decimals, lower_is_better=True),
    "log_loss_skill": ScoreColumn("skill ↑", wording.signed_percent),
    "auroc": ScoreColumn("AUROC ↑", _two_decimals),
    "average_precision": ScoreColumn("av. prec. ↑", _two_decimals),
}
