"""The scoreboard: every published forecast with its outcome, scores and misses."""

from collections.abc import Iterator, Mapping

import pandas as pd

from econnet.core.periods import NOUN
from econnet.evaluation.comparison import Comparison, Verdict
from econnet.evaluation.intervals import Interval
from econnet.report.html import page
from econnet.report.html.charts import as_data
from econnet.report.site import documents, feed, links
from econnet.report.site.chain import RecordedForecast
from econnet.report.site.documents import ScoreboardDocument
from econnet.report.site.scoreboard import (
    MIN_EVENTS,
    MIN_PERIODS,
    Costs,
    GroupScores,
    QuestionScores,
    Row,
    Scoreboard,
)
from econnet.report.wording.formatting import (
    count,
    number,
    percent,
    percent_range,
    period_short,
)


def as_html(
    scores: Scoreboard, document: ScoreboardDocument, made: str, credit: str
) -> str:
    """Return the page of a scoreboard and its document."""
    return page.render(
        "scoreboard.html",
        title="Scoreboard of econnet's forecasts",
        description=_counts(scores),
        made=made,
        sections=SECTIONS,
        stem="econnet",
        charts={"scoreboard": as_data(table(document))},
        site=links.of(links.SCOREBOARD),
        summary=[_counts(scores), *_late(scores)],
        scores=list(_score_rows(scores)),
        score_columns=SCORE_COLUMNS,
        score_numbers=tuple(range(1, len(SCORE_COLUMNS))),
        scores_explained=SCORES_EXPLAINED,
        calibration=[
            (
                percent(part.probability),
                percent(part.frequency),
                percent_range(part.interval),
                f"{part.n:,}",
            )
            for part in scores.calibration
        ],
        row_columns=ROW_COLUMNS,
        row_numbers=ROW_NUMBERS,
        misses=list(map(_cells, scores.misses)),
        rows=[
            {"cells": _cells(row), "sort_keys": _keys(row)}
            for row in reversed(scores.rows)
        ],
        rows_explained=ROWS_EXPLAINED,
        head=document.record.head,
        credit=credit,
    )


def table(document: ScoreboardDocument) -> pd.DataFrame:
    """Return every forecast of the record with its outcome, one row each."""
    columns = list(documents.ScoreboardRow.__annotations__)
    return pd.DataFrame(document.forecasts, columns=columns)


def _counts(scores: Scoreboard) -> str:
    """Return how many forecasts were published, and how they scored."""
    public = scores.public
    published = sum(row.public_before for row in scores.rows) - len(_open(scores))
    text = f"{count(published, 'forecast')} published before the outcome was known."
    if public.econnet is None or public.base_rate is None:
        return f"{text} No outcome is known yet."
    text += f" The outcomes of {public.n:,} are known by now."
    return (
        f"{text} Brier score {number(public.econnet.brier, 3)} (historical average "
        f"{number(public.base_rate.brier, 3)}), log loss "
        f"{number(public.econnet.log_loss, 3)} "
        f"({number(public.base_rate.log_loss, 3)}); lower is better. "
        f"{_verdict(public.comparison)} Misses: {public.n_misses:,}."
    )


def _verdict(against: Comparison | None) -> str:
    """Return how econnet compares with the historical average, in a sentence."""
    if against is None:
        return (
            f"Whether econnet was more accurate cannot be judged before "
            f"{MIN_EVENTS} events and {MIN_PERIODS} periods are known."
        )
    return f"{VERDICTS[against.brier]} ({_difference(against)}, Brier score)."


def _difference(against: Comparison) -> str:
    low, high = against.brier_interval
    return (
        f"difference {number(against.brier_difference, 3, sign=True)}, 90% interval "
        f"{number(low, 3, sign=True)} to {number(high, 3, sign=True)}"
    )


def _late(scores: Scoreboard) -> Iterator[str]:
    """Yield how many forecasts may have been too late, if any, and how they count."""
    if stale := len(_open(scores)):
        yield (
            f"{count(stale, 'other forecast')} entered the record when the period was "
            "over, and the data did not contain the outcome. They will be scored only "
            "if it became known later than that."
        )
    if late := sum(not row.public_before for row in scores.rows):
        yield (
            f"{count(late, 'other forecast')} entered the record only after the "
            "outcome was known. The record does not prove that they were made before, "
            "so they are listed but not scored here."
        )


def _open(scores: Scoreboard) -> list[Row]:
    """Return the pending forecasts that were published after their period."""
    return [row for row in scores.rows if _is_open(row)]


def _is_open(row: Row) -> bool:
    return row.outcome is None and row.forecast.after_period


def _state(row: Row) -> str:
    """Return the state of a forecast, with any caveat in brackets."""
    if not row.public_before:
        return f"{row.state} (known before)"
    return f"{row.state} (period over)" if _is_open(row) else row.state


def _score_rows(scores: Scoreboard) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table of scores: all forecasts, then each question."""
    if not scores.public.n:
        return
    yield ("all forecasts", *_score_cells(scores.public))
    for question in scores.questions:
        if question.scores.n:
            name = f"{question.target}: {_event(question)}"
            yield (name, *_score_cells(question.scores))


def _score_cells(scores: GroupScores) -> tuple[str, ...]:
    others = scores.professionals
    return (
        f"{scores.n:,}",
        f"{scores.n_events:,}",
        f"{scores.n_periods:,}",
        f"{scores.n_misses:,}",
        *_cost_cells(scores.econnet),
        *_cost_cells(scores.base_rate),
        *_comparison_cells(scores.comparison),
        "" if others is None else f"{others.n:,}",
        *_cost_cells(None if others is None else others.professional),
        *_cost_cells(None if others is None else others.econnet),
        *_comparison_cells(None if others is None else others.comparison),
    )


def _comparison_cells(against: Comparison | None) -> tuple[str, str]:
    """Return the difference in Brier score and log loss, each with its interval."""
    if against is None:
        return "", ""
    return (
        _with_interval(against.brier_difference, against.brier_interval),
        _with_interval(against.log_loss_difference, against.log_loss_interval),
    )


def _with_interval(difference: float, interval: Interval) -> str:
    low, high = (number(bound, 3, sign=True) for bound in interval)
    return f"{number(difference, 3, sign=True)} ({low} to {high})"


def _cost_cells(costs: Costs | None) -> tuple[str, str]:
    if costs is None:
        return "", ""
    return number(costs.brier, 3), number(costs.log_loss, 3)


def _cells(row: Row) -> tuple[str, ...]:
    forecast, given = row.forecast, row.forecast.professional
    return (
        feed.country_name(forecast),
        period_short(forecast.period),
        _event(forecast),
        percent(forecast.probability),
        percent(forecast.base_rate),
        _state(row),
        "miss" if row.missed else "",
        "" if given is None else percent(given),
        forecast.recorded_at[:10],
    )


def _event(asked: QuestionScores | RecordedForecast) -> str:
    """Return an event in words: `negative-growth, 1 year ahead`."""
    span = count(asked.horizon, NOUN[asked.frequency])
    if asked.event == "within":
        return f"{asked.label} within {span}"
    return f"{asked.label}, {span} ahead"


def _keys(row: Row) -> tuple[str | float, ...]:
    """Return what the columns are sorted by."""
    forecast, given = row.forecast, row.forecast.professional
    name, _, event, _, _, state, missed, _, _ = _cells(row)
    return (
        *(name, forecast.period, event, forecast.probability, forecast.base_rate),
        *(state, missed, -1.0 if given is None else given, forecast.recorded_at),
    )


SECTIONS = (
    ("content", "Summary"),
    ("scores", "Scores"),
    ("misses", "Misses"),
    ("record", "Every forecast"),
    ("verify", "Verify"),
)
SCORE_COLUMNS = (
    *("forecasts of", "outcomes known", "events", "periods", "misses"),
    *("Brier", "log loss", "average: Brier", "log loss"),
    *("difference from average: Brier", "log loss"),
    *("professionals: forecasts", "Brier", "log loss"),
    *("econnet on these: Brier", "log loss"),
    *("difference from professionals: Brier", "log loss"),
)
SCORES_EXPLAINED = (
    "Only forecasts that were published before the outcome was known. Brier score: "
    "mean squared error. Log loss: average of \N{MINUS SIGN}ln(probability given to "
    "what happened). Lower is better. Average: the historical average, published with "
    "each forecast. Forecasts for the same period are not independent, so few periods "
    "are weak evidence. Differences: econnet's score minus the other's, with 90% "
    f"intervals once {MIN_EVENTS} events and {MIN_PERIODS} periods are known. Below "
    "zero econnet was better; an interval that includes zero shows no difference. "
    "Professionals: forecasts by others where the data contain any, and econnet's "
    "scores on the same events."
)
VERDICTS: Mapping[Verdict, str] = {
    "win": "econnet was more accurate than the historical average",
    "loss": "The historical average was more accurate than econnet",
    "even": "econnet and the historical average do not differ significantly",
}
ROW_COLUMNS = (
    *("country", "period", "event", "forecast", "average", "outcome", "missed"),
    *("professionals", "published"),
)
ROW_NUMBERS = (3, 4, 7)
ROWS_EXPLAINED = (
    "Newest first. Of several forecasts of one event from one origin, the first is "
    "scored; later ones, made with newer data, are in the record. A miss is a forecast "
    "that was further from the outcome than the historical average."
)
