"""What a backtest found, as a table of 80 columns and a few sentences."""

from collections.abc import Callable

from econnet.core.periods import NOUN
from econnet.data.cycle.labels import RULES
from econnet.evaluation.bootstrap import DRAWS
from econnet.evaluation.comparison import Comparison, Verdict
from econnet.forecast.backtest import OWN, Backtest
from econnet.report.wording.formatting import count
from econnet.report.wording.method import figures
from econnet.report.wording.verdict import baseline_title

HEAD = ("", "AUROC", "90%", "Brier", "skill", "log loss", "skill", "econnet")
SHOWN_COUNTRIES = 3
VERDICTS: dict[Verdict, str] = {"win": "won", "loss": "lost", "even": "even"}


def title(result: Backtest) -> str:
    """Return whose contractions were forecast, and how far ahead."""
    task = result.task
    names = [country.name for country in result.countries]
    many = len(names) > SHOWN_COUNTRIES
    shown = count(len(names), "country") if many else ", ".join(names)
    event = task.label
    if task.label in RULES:
        event = f"{task.label} of {task.target}"
    if task.horizon == 0:
        return f"{shown}: {event}, now"
    ahead = f"{count(task.horizon, NOUN[task.frequency])} ahead"
    within = "within " if task.event == "within" else ""
    return f"{shown}: {event}, {within}{ahead}"


def rows(result: Backtest) -> list[tuple[object, ...]]:
    """Return a row a model, econnet's own first.

    The last column says what econnet did against it: on the Brier score and on log loss
    where these differ.
    """
    return [_row(result, name) for name in result.performances]


def _row(result: Backtest, name: str) -> tuple[object, ...]:
    one = result.performances[name]
    scores, interval = one.scores, one.intervals.auroc
    area = "-" if scores.auroc is None else f"{scores.auroc:.3f}"
    spread = "-" if interval is None else f"{interval[0]:.2f}-{interval[1]:.2f}"
    return (
        name if name in OWN else baseline_title(name),
        area,
        spread,
        f"{scores.brier:.3f}",
        _skill(scores.brier_skill),
        f"{scores.log_loss:.3f}",
        _skill(scores.log_loss_skill),
        _verdicts(result.comparisons.get(name)),
    )


def _skill(skill: float | None) -> str:
    return "-" if skill is None else f"{skill:+.2f}"


def _verdicts(found: Comparison | None) -> str:
    if found is None:
        return ""
    brier, log_loss = VERDICTS[found.brier], VERDICTS[found.log_loss]
    return brier if brier == log_loss else f"{brier}/{log_loss}"


def sentences(result: Backtest) -> list[str]:
    """Return what the table rests on, and what it comes to."""
    scores = result.performances["econnet"].scores
    noun = NOUN[result.task.frequency]
    first, last = result.origins
    return [
        f"{count(scores.n, 'forecast')} from {count(scores.n_origins, 'origin')}, "
        f"{first} to {last}; "
        f"{count(scores.n_contractions, 'contraction', none='no')}.",
        figures(result.share_in_real_time),
        _tally(result, "Brier score", lambda comparison: comparison.brier),
        _tally(result, "log loss", lambda comparison: comparison.log_loss),
        f"Won and lost is by paired 90% intervals, from {DRAWS:,} draws of blocks of "
        f"{count(result.block, noun)}.",
        _signals(result),
    ]


def _tally(
    result: Backtest, measure: str, verdict: Callable[[Comparison], Verdict]
) -> str:
    """Return how many baselines were beaten, and by name those that were not."""
    by_verdict: dict[Verdict, list[str]] = {"win": [], "even": [], "loss": []}
    for name, found in result.comparisons.items():
        by_verdict[verdict(found)].append(baseline_title(name))
    lost = by_verdict["loss"]
    worse = f"{len(lost)}: {', '.join(lost)}" if lost else "none"
    return (
        f"On {measure}, econnet is better than {len(by_verdict['win'])} of "
        f"{count(len(result.comparisons), 'baseline')}, even with "
        f"{len(by_verdict['even'])}, worse than {worse}."
    )


def _signals(result: Backtest) -> str:
    """Return what its signals were worth to somebody who wants a yes or a no."""
    one = result.performances["econnet"]
    card = one.scorecard
    alarms = count(card.n_false_alarms, "false alarm", none="no")
    if not card.episodes:
        return f"There was no contraction that it could have signalled; {alarms}."
    when = ""
    early = card.median_periods_early
    if early is not None:
        noun = NOUN[result.task.frequency]
        size = abs(early)
        periods = f"{size:g} {noun}{'' if size == 1 else 's'}"
        when = (
            f", at the median {periods} {'before it began' if early > 0 else 'late'}"
            if early
            else ", at the median as it began"
        )
    return (
        f"At thresholds of their time, econnet signalled {len(card.called)} of "
        f"{count(len(card.episodes), 'contraction')}{when}, with {alarms}; "
        f"F1 {one.f1:.2f}."
    )
