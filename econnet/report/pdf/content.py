"""The texts and tables of the report, ready for the templates of the PDF and the page.

Numbers are formatted here, so that the templates decide on layout alone. A cell in
which econnet did worse than a forecast that needs no model, such as the long-run rate,
is marked as a loss; the templates show it in the colour of alarm.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, TypeAlias

from econnet.evaluation.comparison import Comparison
from econnet.evaluation.metrics import Scores
from econnet.evaluation.signals import FalseAlarm
from econnet.forecast.result import (
    Ahead,
    Episode,
    Forecast,
    ImportanceShown,
    SeriesUsed,
)
from econnet.report import wording

Content: TypeAlias = dict[str, Any]

DASH = "\N{EN DASH}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"

# Episodes and baselines on the first page, besides the long-run rate; a later page has
# all of them.
EPISODES_SHOWN = 5
BASELINES_SHOWN = 2


def content(forecast: Forecast) -> Content:
    """Return every text of the report."""
    return {
        **_headings(forecast),
        **_answer(forecast),
        **_past(forecast),
        **_reasons(forecast),
        **_data_and_method(forecast),
    }


def _headings(forecast: Forecast) -> Content:
    """Return what is above and below every page."""
    return {
        "name": forecast.country.name,
        "title": (
            f"{forecast.country.name}: probability of contraction in {forecast.period}"
        ),
        "running": (
            f"{forecast.country.name} · {forecast.period}: "
            f"{wording.percent(forecast.probability)}"
        ),
        "made": (
            f"made {wording.made_on(forecast)} · data to {forecast.data.last_period}"
        ),
        "foot": _foot(forecast),
    }


def _answer(forecast: Forecast) -> Content:
    """Return the texts of the first page."""
    noun = wording.NOUN[forecast.task.frequency]
    scores = forecast.assessment.metrics
    return {
        "stale": wording.stale(forecast),
        "odds": wording.odds(forecast.probability),
        "chance": _unbroken(wording.chance(forecast)),
        "position": wording.position(forecast),
        "verdict": asdict(wording.verdict(forecast)),
        "counts": wording.counts(scores, noun),
        "outlook_heading": f"The coming {noun}s",
        "outlook": [_ahead(ahead) for ahead in forecast.outlook],
        "change": wording.change(forecast),
        "watch": [_watched(figure) for figure in wording.watch(forecast)],
        "what_if": wording.what_if(forecast),
        "scores": _score_table(scores, _shown_first(forecast), SHORT_COLUMNS),
        "episodes": [_episode(episode) for episode in _worst(forecast)],
        "episodes_note": _episodes_note(forecast),
    }


def _past(forecast: Forecast) -> Content:
    """Return the texts of the track record."""
    noun = wording.NOUN[forecast.task.frequency]
    return {
        "all_episodes": [
            _whole_episode(episode, noun) for episode in forecast.assessment.episodes
        ],
        "all_episodes_heading": (
            f"Every contraction, and what was said of it {wording.ahead(forecast.task)}"
        ),
        "false_alarms": [
            _false_alarm(alarm) for alarm in forecast.assessment.false_alarms
        ],
        "signals_explained": wording.SIGNALS_EXPLAINED,
        "record": wording.track_record(forecast),
        "long_scores": _score_table(
            forecast.assessment.metrics,
            forecast.assessment.baselines,
            LONG_COLUMNS,
            forecast.assessment.comparisons,
        ),
        "doubts": wording.doubts(forecast),
        "pool_heading": (
            f"All {forecast.data.n_countries} countries that the networks learned from"
        ),
        "pool_counts": _pool_counts(forecast),
        "pool_scores": (
            None
            if forecast.assessment.pool_metrics is None
            else _score_table(
                forecast.assessment.pool_metrics,
                forecast.assessment.pool_baselines,
                LONG_COLUMNS,
            )
        ),
        "scores_explained": wording.SCORES_EXPLAINED,
    }


def _reasons(forecast: Forecast) -> Content:
    """Return the texts on what the forecast rests on, and what would change it."""
    return {
        "groups": [
            [name, wording.number(value, 2, sign=True)]
            for name, value in wording.by_group(forecast).items()
        ],
        "importance": wording.importance(forecast),
        "weighed": [_weighed(weight) for weight in forecast.explanation.importance],
        "supposed": _supposed(forecast),
        "drivers": wording.drivers(forecast),
        "responses": wording.responses(forecast),
    }


def _data_and_method(forecast: Forecast) -> Content:
    """Return the texts on the data, the method and how to repeat the forecast."""
    made_on = date.fromisoformat(forecast.made_at[:10])
    return {
        "series": [_series(series, made_on) for series in forecast.data.series],
        "sparks": [_spark(series) for series in forecast.data.series],
        "sources": _sources(forecast),
        "data": wording.data(forecast),
        "method": wording.method(forecast),
        "caveats": wording.caveats(forecast),
        "command": wording.command(forecast),
        "citation": wording.citation(forecast),
        "provenance": wording.provenance(forecast),
    }


def _foot(forecast: Forecast) -> str:
    revisions = wording.figures(forecast.data.share_in_real_time)
    return (
        f"{wording.attribution(forecast)}. {revisions} Contraction: {forecast.meaning}."
    )


def _score_table(
    own: Scores,
    baselines: Mapping[str, Scores],
    columns: tuple[str, ...],
    comparisons: Mapping[str, Comparison] | None = None,
) -> Content:
    """Return a table of scores, econnet first, then what could be had for nothing."""
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
        compared = (comparisons or {}).get(name)
        rows.append(
            {
                "name": wording.baseline_title(name),
                "own": False,
                "cells": [_cell(scores, key, None) for key in columns],
                "difference": _difference(compared),
                "against": _against(compared),
            }
        )
    return {"columns": [HEADINGS[key] for key in columns], "rows": rows}


def _cell(scores: Scores, key: str, base: Scores | None) -> Content:
    value = getattr(scores, key)
    if value is None:
        return {"text": DASH, "loss": False}
    lost = False
    if base is not None:
        other = getattr(base, key)
        lost = other is not None and BETTER[key] * value < BETTER[key] * other
    return {"text": FORMATS[key](value), "loss": lost}


def _difference(compared: Comparison | None) -> str:
    """Return the 90% interval of econnet's log loss less a baseline's."""
    if compared is None:
        return ""
    low, high = (
        wording.number(bound, 3, sign=True) for bound in compared.log_loss_interval
    )
    return f"{low} to {high}"


def _against(compared: Comparison | None) -> Content | None:
    """Return whether econnet beat a baseline by more than luck, or lost to it."""
    if compared is None:
        return None
    verdicts = {compared.log_loss, compared.brier}
    if "loss" in verdicts:
        return {"text": "worse", "loss": True}
    return {"text": "better" if "win" in verdicts else "even", "loss": False}


def _shown_first(forecast: Forecast) -> dict[str, Scores]:
    """Return the long-run rate and the baselines with the least log loss."""
    ranked = sorted(
        forecast.assessment.baselines,
        key=lambda name: forecast.assessment.baselines[name].log_loss,
    )
    best = [name for name in ranked if name != "base_rate"][:BASELINES_SHOWN]
    return {
        name: scores
        for name, scores in forecast.assessment.baselines.items()
        if name == "base_rate" or name in best
    }


def _weighed(weight: ImportanceShown) -> list[str]:
    low, high = (wording.number(1000 * bound, 1) for bound in weight.interval)
    loss = wording.number(1000 * weight.loss, 1, sign=True)
    return [weight.title, loss, f"{low} to {high}"]


def _ahead(ahead: Ahead) -> list[str]:
    low, high = (round(100 * bound) for bound in ahead.interval)
    skill = ahead.scores.brier_skill
    return [
        ahead.period,
        wording.percent(ahead.probability),
        f"{low}{DASH}{high}%",
        wording.percent(ahead.base_rate),
        DASH if skill is None else FORMATS["brier_skill"](skill),
    ]


def _watched(figure: wording.Figure) -> Content:
    return {
        "title": figure.title,
        "due": {"text": figure.due, "loss": figure.late},
        "range": f"{figure.low} to {figure.high}",
    }


def _supposed(forecast: Forecast) -> list[list[str]]:
    """Return a row for each figure that is supposed to be another."""
    if forecast.explanation.what_if is None:
        return []
    return [
        [
            change.title,
            change.unit,
            wording.number(change.before, 2),
            wording.number(change.after, 2) + ("*" if change.out_of_range else ""),
            wording.percent(change.probability),
        ]
        for change in forecast.explanation.what_if.supposed
    ]


def _false_alarm(alarm: FalseAlarm) -> list[str]:
    return [_span(alarm.first, alarm.last), wording.percent(alarm.highest_probability)]


def _worst(forecast: Forecast) -> list[Episode]:
    """Return the deepest contractions that were forecast, in the order of time."""
    called = [
        episode
        for episode in forecast.assessment.episodes
        if episode.said_for_first is not None
    ]
    deepest = sorted(
        called,
        key=lambda episode: (
            episode.growth_percent if episode.growth_percent is not None else 0.0
        ),
    )[:EPISODES_SHOWN]
    return [episode for episode in called if episode in deepest]


def _episodes_note(forecast: Forecast) -> str:
    called = sum(
        episode.said_for_first is not None for episode in forecast.assessment.episodes
    )
    if called > EPISODES_SHOWN:
        return f"the deepest {EPISODES_SHOWN} of {called}"
    return "contraction"


def _episode(episode: Episode) -> list[str]:
    growth = episode.growth_percent
    return [
        _span(episode.first, episode.last),
        DASH if growth is None else f"{wording.number(growth, 1, sign=True)}%",
        _said(episode.said_for_first),
        _said(episode.highest_said),
    ]


def _whole_episode(episode: Episode, noun: str) -> list[str]:
    return [*_episode(episode), wording.signalled(episode, noun)]


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first}{DASH}{last}"


def _said(probability: float | None) -> str:
    return DASH if probability is None else wording.percent(probability)


def _pool_counts(forecast: Forecast) -> str | None:
    pool = forecast.assessment.pool_metrics
    if pool is None:
        return None
    return wording.counts(pool, "forecast")


def _series(series: SeriesUsed, made_on: date) -> Content:
    due = date.fromisoformat(series.next_due[:10])
    return {
        "title": series.title,
        "id": _short(f"{SOURCES.get(series.source, series.source)} {series.series_id}"),
        "unit": series.unit,
        "periods": f"{series.first_period}{DASH}{series.last_period}",
        "last": _figures(series.last_value),
        "due": {"text": due.isoformat(), "loss": due < made_on},
        "rights": _short(series.rights),
    }


def _spark(series: SeriesUsed) -> list[float]:
    """Return the newest values between 0 and 1, for a line beside the name."""
    low, high = min(series.recent, default=0.0), max(series.recent, default=0.0)
    return [
        round((value - low) / (high - low), 3) if high > low else 0.5
        for value in series.recent
    ]


def _unbroken(chance: str) -> str:
    """Return the sentence with its interval kept on one line."""
    text, interval = chance.split(", 90%")
    return f"{text}, {f'90%{interval}'.replace(' ', NO_BREAK_SPACE)}"


def _short(text: str) -> str:
    """Return `text` short enough for a column of a table that does not break lines."""
    return text if len(text) <= 30 else f"{text[:29]}…"


def _figures(value: float) -> str:
    """Return a value of any size with about four figures, thousands set apart."""
    size = abs(value)
    decimals = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
    return f"{value:,.{decimals}f}".replace(",", "\N{NARROW NO-BREAK SPACE}").replace(
        "-", "\N{MINUS SIGN}"
    )


def _sources(forecast: Forecast) -> list[str]:
    """Return each source as it asks to be named, with its terms."""
    kinds = {
        (series.attribution, series.rights, series.retrieved_at)
        for series in forecast.data.series
    }
    return [
        f"{attribution.removeprefix('Source: ')}. {rights}; retrieved "
        f"{retrieved_at[:10]}."
        for attribution, rights, retrieved_at in sorted(kinds)
    ]


SOURCES = {"fred": "FRED", "oecd": "OECD", "pwt": "PWT", "worldbank": "World Bank"}

SHORT_COLUMNS = ("brier", "log_loss", "auroc")
LONG_COLUMNS = (
    "brier",
    "brier_skill",
    "log_loss",
    "log_loss_skill",
    "auroc",
    "average_precision",
)

HEADINGS = {
    "brier": "Brier ↓",
    "brier_skill": "skill ↑",
    "log_loss": "log loss ↓",
    "log_loss_skill": "skill ↑",
    "auroc": "AUROC ↑",
    "average_precision": "av. prec. ↑",
}

# 1 where more is better, -1 where less is.
BETTER = {
    "brier": -1,
    "brier_skill": 1,
    "log_loss": -1,
    "log_loss_skill": 1,
    "auroc": 1,
    "average_precision": 1,
}

FORMATS: dict[str, Callable[[float], str]] = {
    "brier": lambda value: wording.number(value, 3),
    "brier_skill": lambda value: f"{wording.number(100 * value, 0, sign=True)}%",
    "log_loss": lambda value: wording.number(value, 3),
    "log_loss_skill": lambda value: f"{wording.number(100 * value, 0, sign=True)}%",
    "auroc": lambda value: wording.number(value, 2),
    "average_precision": lambda value: wording.number(value, 2),
}
