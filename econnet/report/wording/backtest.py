"""The results of a backtest, as a table of 80 columns and a few sentences."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from econnet.core.periods import NOUN
from econnet.data.cycle.labels import RULES
from econnet.evaluation.comparison import Comparison, Verdict
from econnet.models.titles import baseline_title
from econnet.report.wording.formatting import count, percent, signed_percent
from econnet.report.wording.method import figures
from econnet.report.wording.skill_by_day import information_day

if TYPE_CHECKING:
    from econnet.forecast.backtest import Backtest

HEAD = ("", "AUROC", "90%", "Brier", "skill", "log loss", "skill", "econnet")
MAX_COUNTRIES = 3
VERDICTS: dict[Verdict, str] = {"win": "better", "loss": "worse", "even": "even"}


def title(result: "Backtest") -> str:
    """Return the countries, the event that was forecast, and how far ahead."""
    task = result.task
    names = [country.name for country in result.countries]
    many = len(names) > MAX_COUNTRIES
    shown = count(len(names), "country") if many else ", ".join(names)
    event = task.label
    if task.label in RULES:
        event = f"{task.label} of {task.target}"
    if task.horizon == 0:
        return f"{shown}: {event}, now"
    ahead = f"{count(task.horizon, NOUN[task.frequency])} ahead"
    within = "within " if task.event == "within" else ""
    return f"{shown}: {event}, {within}{ahead}"


def _made_on(result: "Backtest") -> str:
    """Return the day of each period on which the forecasts were made."""
    frequency = result.task.frequency
    day = information_day(result.day.text(frequency), frequency)
    return f"each made {'on' if day.startswith('day') else 'at'} {day}"


def rows(result: "Backtest") -> list[tuple[object, ...]]:
    """Return one row per model, econnet's own first.

    The last column is econnet's result against it: on the Brier score and on log loss
    if these differ.
    """
    return [_row(result, name) for name in result.performances]


def _row(result: "Backtest", name: str) -> tuple[object, ...]:
    performance = result.performances[name]
    scores, interval = performance.scores, performance.intervals.auroc
    return (
        baseline_title(name),
        "-" if scores.auroc is None else f"{scores.auroc:.3f}",
        "-" if interval is None else f"{interval[0]:.2f}-{interval[1]:.2f}",
        f"{scores.brier:.3f}",
        _skill(scores.brier_skill),
        f"{scores.log_loss:.3f}",
        _skill(scores.log_loss_skill),
        _verdicts(result.comparisons.get(name)),
    )


def _skill(skill: float | None) -> str:
    return "-" if skill is None else signed_percent(skill)


def _verdicts(comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    brier, log_loss = VERDICTS[comparison.brier], VERDICTS[comparison.log_loss]
    return brier if brier == log_loss else f"{brier}/{log_loss}"


def sentences(result: "Backtest") -> list[str]:
    """Return what the table is based on, and its result."""
    scores = result.performances["econnet"].scores
    first, last = result.origins
    comparisons = result.comparisons.items()
    return [
        f"{count(scores.n, 'forecast')} from {count(scores.n_origins, 'origin')}, "
        f"{first} to {last}, {_made_on(result)}; the event occurred in "
        f"{scores.n_contractions:,}.",
        figures(result.share_in_real_time),
        _tally("Brier score", [(name, c.brier) for name, c in comparisons]),
        _tally("Log loss", [(name, c.log_loss) for name, c in comparisons]),
        "A model is better or worse if the 90% interval of the paired difference "
        "excludes zero.",
        _signals(result),
    ]


def _tally(measure: str, verdicts: Sequence[tuple[str, Verdict]]) -> str:
    """Return how many baselines were beaten, and the names of those that won."""
    won, even = (
        sum(verdict == kind for _, verdict in verdicts) for kind in ("win", "even")
    )
    lost = [baseline_title(name) for name, verdict in verdicts if verdict == "loss"]
    worse = f" ({', '.join(lost)})" if lost else ""
    return (
        f"{measure}: better than {won}, tied with {even}, worse than {len(lost)} of "
        f"{count(len(verdicts), 'baseline')}{worse}."
    )


def _signals(result: "Backtest") -> str:
    """Return how good econnet's signals were for a yes-or-no decision."""
    performance, noun = result.performances["econnet"], NOUN[result.task.frequency]
    card = performance.scorecard
    counts = card.counts
    text = (
        f"Signals at real-time thresholds: {count(counts.signals, noun)} signalled, "
        f"{counts.right:,} right, {counts.wrong:,} wrong"
    )
    if (share := counts.share_of_expansions) is not None:
        text += f"; {percent(share)} of expansions were signalled"
    if not card.episodes:
        return f"{text}. No contraction could have been signalled."
    when, early = "", card.median_periods_early
    if early == 0:
        when = " (median: in its first period)"
    elif early is not None:
        size = abs(early)
        direction = "before it began" if early > 0 else "late"
        plural = "" if size == 1 else "s"
        when = f" (median: {size:g} {noun}{plural} {direction})"
    return (
        f"{text}. {len(card.called)} of {count(len(card.episodes), 'contraction')} had "
        f"a signal{when}. F1 {performance.f1:.2f}."
    )
