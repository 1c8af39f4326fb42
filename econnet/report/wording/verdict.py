"""The answer and how far to trust it.

The same facts always give the same words, and each judgement names the figures that it
rests on. A verdict depends on the track record first: a forecast that has not beaten
the long-run rate deserves no trust, whatever its probability.
"""

from dataclasses import dataclass
from datetime import date

from econnet.core.periods import NOUN
from econnet.core.task import Task
from econnet.data.cycle import labels
from econnet.evaluation.metrics import Scores
from econnet.forecast.result import Forecast
from econnet.models.baselines import TITLES
from econnet.report.wording.formatting import (
    count,
    day,
    day_of,
    in_a_row,
    in_points,
    odds,
    percent,
    period_in_words,
    points,
)
from econnet.report.wording.outlook import before

# A track record with fewer contractions is no evidence on the next one.
MIN_CONTRACTIONS = 5
# A smaller saving on the long-run rate's cost may be luck.
MIN_SKILL = 0.05
COIN_TOSS_AUROC = 0.5


def growth_heading(forecast: Forecast) -> str:
    """Return the heading of the chart of growth, with its unit."""
    yearly = forecast.task.label == "year-on-year" or forecast.task.frequency == "A"
    since = "a year" if yearly else f"the {NOUN[forecast.task.frequency]}"
    return f"{forecast.target_title}, change on {since} before, %"


def ahead(task: Task) -> str:
    """Return how far ahead the forecast looks: `one quarter earlier`."""
    noun = NOUN[task.frequency]
    if task.horizon == 0:
        return f"in the same {noun}"
    if task.horizon == 1:
        return f"one {noun} earlier"
    return f"{task.horizon} {noun}s earlier"


def chance(forecast: Forecast) -> str:
    """Return the figure under the answer, with its interval."""
    low, high = (round(100 * bound) for bound in forecast.interval)
    task = forecast.task
    event = labels.clause(task.label, task.target, forecast.target_title)
    return (
        f"chance that {event} in {when(forecast)}: "
        f"{percent(forecast.probability)}, 90% interval {low} to {high}%"
    )


def when(forecast: Forecast) -> str:
    """Return the period that is forecast, or the periods of which one is enough."""
    task, last = forecast.task, period_in_words(forecast.period)
    if task.event == "at" or task.horizon <= 1:
        return last
    first = period_in_words(forecast.origin + 1)
    return f"at least one {NOUN[task.frequency]} from {first} to {last}"


@dataclass(frozen=True)
class Verdict:
    """How far to trust the forecast: advice, and its reason in the track record.

    `alarm` is whether the advice is not to trust it.
    """

    call: str
    reason: str
    alarm: bool


def position(forecast: Forecast) -> str:
    """Return how the forecast compares with the long-run rate and the one before."""
    above = points(forecast.probability, forecast.base_rate)
    rate = (
        f"the long-run rate of {odds(forecast.base_rate)} "
        f"({percent(forecast.base_rate)})"
    )
    if forecast.base_rate == 0:
        text = "Nothing to compare with: no contraction is on record"
    elif abs(above) <= 2:
        text = f"Close to {rate}"
    elif forecast.probability >= 2 * forecast.base_rate:
        text = f"At least twice {rate}"
    elif forecast.probability <= forecast.base_rate / 2:
        text = f"At most half {rate}"
    else:
        text = f"{'Above' if above > 0 else 'Below'} {rate}"
    earlier = before(forecast)
    if earlier is None or forecast.explanation.change is None:
        return f"{text}."
    change = points(forecast.probability, forecast.explanation.change.probability)
    if change == 0:
        return f"{text}; unchanged from {earlier}."
    direction = "up" if change > 0 else "down"
    return f"{text}; {direction} {in_points(change)} from {earlier}."


def verdict(forecast: Forecast) -> Verdict:
    """Return how far to trust the forecast, judged by its track record."""
    scores, noun = forecast.assessment.metrics, NOUN[forecast.task.frequency]
    contractions = count(scores.n_contractions, "contraction", none="no")
    if scores.n_contractions < MIN_CONTRACTIONS:
        scored = scores.brier_skill is not None and scores.log_loss_skill is not None
        so_far = f" So far, {compared(scores)}." if scored else ""
        few = (
            f"the track record of {count(scores.n, noun)} holds "
            f"{contractions}, too few to tell a good forecast from a lucky one."
            f"{so_far}"
        )
        return Verdict("Do not lean on it", few, alarm=True)
    # The smaller saving on the long-run rate's cost; at 0 or below it was not beaten.
    skill = min(scores.brier_skill or 0.0, scores.log_loss_skill or 0.0)
    lost, slight = skill <= 0, skill < MIN_SKILL
    better = _better_baselines(forecast)
    reason = (
        f"over {count(scores.n, noun)} with {contractions}, {compared(scores)}, "
        f"{_ranking(scores, noun, lost)}."
    )
    reason += f"{better}{_calls(forecast)}"
    blind = scores.auroc is not None and scores.auroc <= COIN_TOSS_AUROC
    if lost or blind or (slight and better):
        return Verdict("Do not lean on it", reason, alarm=True)
    call = "Lean on it lightly" if slight else "It has earned some trust"
    return Verdict(call, reason, alarm=False)


def counts(scores: Scores, noun: str) -> str:
    """Return what scores rest on: `84 quarters, 21 contractions`."""
    contractions = count(scores.n_contractions, "contraction", none="no")
    return f"{count(scores.n, noun)}, {contractions}"


def compared(scores: Scores) -> str:
    """Return how the scores compare with those of the long-run rate."""
    brier, loss = scores.brier_skill or 0.0, scores.log_loss_skill or 0.0
    if brier <= 0 and loss <= 0:
        return "such forecasts were worse than the long-run rate alone"
    if brier <= 0 or loss <= 0:
        return "such forecasts were no better than the long-run rate alone"
    return (
        f"such forecasts erred less than the long-run rate, by {percent(brier)} "
        f"(Brier) and {percent(loss)} (log loss)"
    )


def _ranking(scores: Scores, noun: str, lost: bool) -> str:
    """Return how well contractions were distinguished from expansions."""
    if scores.auroc is None:
        return f"and whether they rank {noun}s well cannot be told"
    quality = next(text for bound, text in RANKINGS if scores.auroc < bound)
    link = "and" if lost == (scores.auroc < 0.6) else "though"
    return f"{link} they ranked {noun}s {quality} (AUROC {scores.auroc:.2f})"


def _better_baselines(forecast: Forecast) -> str:
    """Return a sentence that names the baselines with the better scores."""
    better = [
        baseline_title(name)
        for name, scores in forecast.assessment.baselines.items()
        if name != "base_rate"
        and scores.brier < forecast.assessment.metrics.brier
        and scores.log_loss < forecast.assessment.metrics.log_loss
    ]
    if not better:
        return ""
    names = in_a_row(better)
    return f" {names[0].upper()}{names[1:]} did better."


def _calls(forecast: Forecast) -> str:
    """Return a sentence on the forecasts for past contractions."""
    probabilities = [
        episode.first_probability
        for episode in forecast.assessment.episodes
        if episode.first_probability is not None
    ]
    n = len(probabilities)
    if not n:
        return ""
    raised = sum(probability > forecast.base_rate for probability in probabilities)
    if n == 1:
        which = "above" if raised else "not above"
        return f" The one contraction was put {which} the long-run rate when it began."
    share = "none" if raised == 0 else "all" if raised == n else str(raised)
    return (
        f" Of {n} spells of contraction it put {share} above the long-run rate "
        f"in {'its' if share == '1' else 'their'} first "
        f"{NOUN[forecast.task.frequency]}."
    )


def baseline_title(name: str) -> str:
    """Return a baseline's name in words."""
    return TITLES.get(name, name.replace("_", " "))


def stale(forecast: Forecast) -> str | None:
    """Return the warning that newer data are due, or `None` where they are not."""
    due, made_at = (
        date.fromisoformat(moment[:10])
        for moment in (forecast.data.next_due, forecast.made_at)
    )
    if due >= made_at:
        return None
    if forecast.data.source in {"snapshot", "store"}:
        cure = f"econnet fetch --country {forecast.country.alpha3} gets newer ones"
    else:
        cure = f"bring {forecast.data.source} up to date"
    return (
        f"These data are old: they end in {forecast.data.last_period}, and newer "
        f"figures have been due since {day(due)}, {_age((made_at - due).days)} before "
        f"this report: {cure}."
    )


def _age(days: int) -> str:
    if days < 60:
        return count(days, "day")
    if days < 730:
        return count(round(days / 30.44), "month")
    return count(round(days / 365.25), "year")


def made_on(forecast: Forecast) -> str:
    """Return the day on which the forecast was made: `24 November 2026`."""
    return day_of(forecast.made_at)


# AUROC below the bound, and what to call it. A coin toss has 0.5.
RANKINGS: tuple[tuple[float, str], ...] = (
    (0.5, "worse than chance"),
    (0.6, "little better than chance"),
    (0.7, "somewhat better than chance"),
    (0.8, "fairly well"),
    (0.9, "well"),
    (2.0, "very well"),
)
