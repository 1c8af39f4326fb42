"""What stands on each page, as text that is ready to be set.

Numbers become words here, so that the template decides where things stand and nothing
else. A cell that is a loss, where econnet did worse than something that could have been
had for nothing, is marked, and the template sets it in the colour of alarm.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeAlias

from econnet.evaluation.metrics import Scores
from econnet.forecast import Episode, Forecast, SeriesUsed
from econnet.report import words

Content: TypeAlias = dict[str, Any]

DASH = "\N{EN DASH}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"

# Episodes on the first page; the next has all of them.
EPISODES_SHOWN = 5


def content(forecast: Forecast) -> Content:
    """Return every text of the report."""
    noun = words.NOUN[forecast.task.frequency]
    own = forecast.metrics
    return {
        "name": forecast.country.name,
        "title": (
            f"{forecast.country.name}: probability of contraction in {forecast.period}"
        ),
        "running": (
            f"{forecast.country.name} · {forecast.period}: "
            f"{words.percent(forecast.probability)}"
        ),
        "made": (
            f"made {words.made_on(forecast)} · data to {forecast.data.last_period}"
        ),
        "foot": _foot(forecast),
        "stale": words.stale(forecast),
        "odds": words.odds(forecast.probability),
        "chance": _unbroken(words.chance(forecast)),
        "position": words.position(forecast),
        "verdict": asdict(words.verdict(forecast)),
        "counts": words.counts(own, noun),
        "scores": _score_table(own, forecast.baselines, SHORT_COLUMNS),
        "episodes": [_episode(episode) for episode in _worst(forecast)],
        "episodes_note": _episodes_note(forecast),
        "all_episodes": [_episode(episode) for episode in forecast.episodes],
        "all_episodes_heading": (
            "Every contraction, and what was said of it "
            f"{words.ahead(forecast.task)}: of its first {noun}, and at most"
        ),
        "record": words.track_record(forecast),
        "long_scores": _score_table(own, forecast.baselines, LONG_COLUMNS),
        "pool_heading": (
            f"All {forecast.data.n_countries} countries that the networks learned from"
        ),
        "pool_counts": _pool_counts(forecast),
        "pool_scores": (
            None
            if forecast.pool_metrics is None
            else _score_table(
                forecast.pool_metrics, forecast.pool_baselines, LONG_COLUMNS
            )
        ),
        "scores_explained": words.SCORES_EXPLAINED,
        "drivers": words.drivers(forecast),
        "responses": words.responses(forecast),
        "series": [_series(series) for series in forecast.data.series],
        "sources": _sources(forecast),
        "data": words.data(forecast),
        "method": words.method(forecast),
        "caveats": words.caveats(forecast),
        "command": words.command(forecast),
        "citation": words.citation(forecast),
        "versions": " · ".join(f"{name} {v}" for name, v in forecast.versions.items()),
    }


def _foot(forecast: Forecast) -> str:
    return (
        f"{words.attribution(forecast)}. Revised data. Contraction: {forecast.meaning}."
    )


def _score_table(
    own: Scores,
    baselines: dict[str, Scores],
    columns: tuple[str, ...],
) -> Content:
    """Return a table of scores, econnet first, then what could be had for nothing."""
    base = baselines.get("base_rate")
    rows = [
        {
            "name": "this forecast",
            "own": True,
            "cells": [_cell(own, key, base) for key in columns],
            "against": None,
        }
    ]
    for name, scores in baselines.items():
        rows.append(
            {
                "name": words.baseline_title(name),
                "own": False,
                "cells": [_cell(scores, key, None) for key in columns],
                "against": _against(own, scores),
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


def _against(own: Scores, other: Scores) -> Content:
    """Return whether econnet beat a baseline, on both scores, on one or on none."""
    better = [own.brier < other.brier, own.log_loss < other.log_loss]
    if all(better):
        return {"text": "better", "loss": False}
    if not any(better):
        return {"text": "worse", "loss": True}
    return {"text": f"worse by {'log loss' if better[0] else 'Brier'}", "loss": True}


def _worst(forecast: Forecast) -> list[Episode]:
    """Return the deepest contractions that were forecast, in the order of time."""
    called = [it for it in forecast.episodes if it.said_for_first is not None]
    deepest = sorted(
        called,
        key=lambda it: it.growth_percent if it.growth_percent is not None else 0.0,
    )[:EPISODES_SHOWN]
    return [episode for episode in called if episode in deepest]


def _episodes_note(forecast: Forecast) -> str:
    called = sum(it.said_for_first is not None for it in forecast.episodes)
    if called > EPISODES_SHOWN:
        return f"the deepest {EPISODES_SHOWN} of {called}"
    return "contraction"


def _episode(episode: Episode) -> list[str]:
    span = (
        episode.first
        if episode.first == episode.last
        else f"{episode.first}{DASH}{episode.last}"
    )
    growth = episode.growth_percent
    return [
        span,
        DASH if growth is None else f"{words.number(growth, 1, sign=True)}%",
        _said(episode.said_for_first),
        _said(episode.highest_said),
    ]


def _said(probability: float | None) -> str:
    return DASH if probability is None else words.percent(probability)


def _pool_counts(forecast: Forecast) -> str | None:
    pool = forecast.pool_metrics
    if pool is None:
        return None
    return words.counts(pool, "forecast")


def _series(series: SeriesUsed) -> list[str]:
    return [
        series.title,
        _short(f"{SOURCES.get(series.source, series.source)} {series.series_id}"),
        series.unit,
        f"{series.first_period}{DASH}{series.last_period}",
        _figures(series.last_value),
        _short(series.rights),
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
    "average_precision": "avg. precision ↑",
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
    "brier": lambda value: words.number(value, 3),
    "brier_skill": lambda value: f"{words.number(100 * value, 0, sign=True)}%",
    "log_loss": lambda value: words.number(value, 3),
    "log_loss_skill": lambda value: f"{words.number(100 * value, 0, sign=True)}%",
    "auroc": lambda value: words.number(value, 2),
    "average_precision": lambda value: words.number(value, 2),
}
