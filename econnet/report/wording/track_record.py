"""Sentences on the track record and the drivers of the forecast."""

from collections.abc import Iterable
from math import exp

import pandas as pd

from econnet.core.periods import NOUN, PERIODS_A_YEAR
from econnet.core.task import Task
from econnet.evaluation.signals import FalseAlarm
from econnet.forecast.result import Driver, Episode, Forecast
from econnet.report.wording.event import (
    contraction_noun,
    event_periods,
    is_cumulative,
)
from econnet.report.wording.formatting import (
    count,
    in_a_row,
    number,
    percent,
    period_name,
    period_text,
)
from econnet.report.wording.outlook import (
    group_title,
    in_decimals,
    points_per_log_odds,
    shown_curves,
)
from econnet.report.wording.verdict import ahead, n_spells

MAX_NAMED = 5


def track_record(forecast: Forecast) -> str:
    """Return what the track record is, and its largest errors."""
    task = forecast.task
    noun = NOUN[task.frequency]
    own = own_record(forecast).dropna(subset=["outcome"])
    first = own["origin"].min() + 1 if is_cumulative(task) else own["period"].min()
    text = (
        f"History is replayed: each dot is a forecast {ahead(task)}, by "
        f"models trained on earlier {noun}s only; {count(len(own), 'forecast')}, "
        f"for {period_text(first)} to {period_text(own['period'].max())}."
    )
    contractions, expansions = (own[own["outcome"] == outcome] for outcome in (1, 0))
    if contractions.empty or expansions.empty:
        return text
    event, no_event = _outcomes(forecast)
    missed = contractions.iloc[int(contractions["probability"].to_numpy().argmin())]
    text += (
        f" Average forecast: {percent(contractions['probability'].mean())} for "
        f"{event_periods(forecast)[0]}, {percent(expansions['probability'].mean())} "
        f"for {event_periods(forecast)[1]}. Largest miss: {_periods_of(missed, task)} "
        f"({percent(missed['probability'])}, {event})."
    )
    alarm = largest_false_alarm(forecast)
    if alarm is None:
        return f"{text} No signal was wrong."
    highest = percent(alarm.highest_probability)
    up_to = "" if highest.startswith("over") else "up to "
    return (
        f"{text} Largest false alarm: {alarm_span(alarm)} ({up_to}{highest}, "
        f"{no_event})."
    )


def _outcomes(forecast: Forecast) -> tuple[str, str]:
    """Return the two outcomes of a forecast: `a contraction`, `no contraction`."""
    if is_cumulative(forecast.task):
        return "the event occurred", "it did not occur"
    event = contraction_noun(forecast)
    return f"a {event}", f"no {event}"


def _periods_of(forecast_made: pd.Series, task: Task) -> str:
    """Return what a past forecast was about: a period, or the first and last."""
    last = period_text(forecast_made["period"])
    if not is_cumulative(task):
        return last
    return f"{period_text(forecast_made['origin'] + 1)} to {last}"


def largest_false_alarm(forecast: Forecast) -> FalseAlarm | None:
    """Return the false alarm with the highest probability, if there was any."""
    return max(
        forecast.assessment.false_alarms,
        key=lambda alarm: alarm.highest_probability,
        default=None,
    )


def alarm_span(alarm: FalseAlarm) -> str:
    """Return the periods of a false alarm: `2009 Q4` or `2009 Q4 to 2010 Q1`."""
    first, last = period_name(alarm.first), period_name(alarm.last)
    return first if first == last else f"{first} to {last}"


def signal_counts(forecast: Forecast) -> str:
    """Return the plain counts of signals, and how many contractions were called."""
    counts, noun = forecast.assessment.signals, NOUN[forecast.task.frequency]
    event = contraction_noun(forecast)
    text = (
        f"{count(counts.signals, noun)} signalled: {counts.right:,} right, "
        f"{counts.wrong:,} wrong."
    )
    found, share = counts.share_of_contractions, counts.share_of_expansions
    if found is not None and share is not None:
        occurred, others = event_periods(forecast)
        text += (
            f" {percent(found)} of {occurred} and {percent(share)} of {others} were "
            "signalled."
        )
    tested = [
        episode
        for episode in forecast.assessment.episodes
        if episode.first_probability is not None
    ]
    if tested:
        called = sum(episode.first_signal is not None for episode in tested)
        partly = len(tested) < n_spells(forecast)
        began = " that began during the test" if partly else ""
        text += f" {called} of {count(len(tested), event)}{began} had a signal."
    return text


def own_record(forecast: Forecast) -> pd.DataFrame:
    """Return econnet's out-of-sample forecasts for the country."""
    record = forecast.track_record
    return record[record["model"] == "econnet"]


def average_forecast(forecast: Forecast) -> float:
    """Return the forecast with all inputs at their average."""
    total = sum(driver.contribution for driver in forecast.explanation.drivers)
    return 1 / (1 + exp(total) * (1 / forecast.probability - 1))


def contribution_points(forecast: Forecast) -> float:
    """Return the percentage points per unit of log-odds of the drivers."""
    return points_per_log_odds(average_forecast(forecast), forecast.probability)


def drivers(forecast: Forecast) -> list[str]:
    """Return what moves the forecast, in sentences."""
    start = percent(average_forecast(forecast))
    ranked = by_size(forecast.explanation.drivers)
    up = [driver for driver in ranked if driver.contribution > 0][:3]
    down = [driver for driver in ranked if driver.contribution < 0][:3]
    now = percent(forecast.probability)
    change = "today's data leave that unchanged"
    if start != now:
        raised = forecast.probability > average_forecast(forecast)
        change = f"today's data {'raise' if raised else 'lower'} that to {now}"
    sentences = [
        f"With all inputs at their average, the model gives {start}; {change}."
    ]
    if up:
        sentences.append(f"Raising the forecast: {listed(up, forecast)}.")
    if down:
        sentences.append(f"Lowering it: {listed(down, forecast)}.")
    sentences.append(
        "Figures are percentage points and add up to the difference. They show how "
        "the model uses an indicator together with all others, not what causes what."
    )
    return sentences


def by_size(drivers_: Iterable[Driver]) -> list[Driver]:
    """Return drivers, the one with the largest contribution of either sign first."""
    return sorted(drivers_, key=lambda driver: -abs(driver.contribution))


def by_group(forecast: Forecast) -> dict[str, float]:
    """Return what each group of indicators adds, in log-odds, largest first."""
    totals: dict[str, float] = {}
    for driver in forecast.explanation.drivers:
        name = group_title(driver.group)
        totals[name] = totals.get(name, 0.0) + driver.contribution
    return dict(sorted(totals.items(), key=lambda item: -abs(item[1])))


def listed(drivers_: list[Driver], forecast: Forecast) -> str:
    """Return drivers by name, each with what it adds in percentage points."""
    scale = contribution_points(forecast)
    named = [
        f"{driver.title} ({in_decimals(scale * driver.contribution)})"
        for driver in drivers_
    ]
    return in_a_row(named)


def responses(forecast: Forecast) -> str:
    """Return what the response curves mean, and which of them matters most."""
    text = (
        "The forecast as a function of the latest value of one indicator, all else "
        "unchanged."
    )
    curves = shown_curves(forecast)
    if not curves:
        return text
    widest = max(curves, key=lambda c: max(c.probabilities) - min(c.probabilities))
    low, high = min(widest.probabilities), max(widest.probabilities)
    return (
        f"{text} Largest range: {widest.title}, {percent(low)} to "
        f"{percent(high)} for values from {number(widest.values[0], 1)} to "
        f"{number(widest.values[-1], 1)} ({widest.unit})."
    )


def importance(forecast: Forecast) -> str:
    """Return which indicators improved past forecasts, and how that is measured."""
    weights = forecast.explanation.importance
    if not weights:
        return ""
    needed = [weight.title for weight in weights if weight.interval[0] > 0]
    how = "permutation importance, out of sample"
    if needed:
        more = len(needed) - MAX_NAMED
        named = [*needed[:MAX_NAMED], *([f"{more} more"] if more > 0 else [])]
        text = (
            f"Indicators that clearly improved past forecasts: {in_a_row(named)} "
            f"({how})."
        )
    else:
        text = f"No single indicator clearly improved past forecasts ({how})."
    return (
        f"{text} Indicators that move together can replace each other, and each then "
        "has little importance."
    )


def what_if(forecast: Forecast) -> str | None:
    """Return what the forecast would be under the assumptions that were made."""
    if (effect := forecast.explanation.what_if) is None:
        return None
    parts = [
        f"{change.title} at {number(change.after, 1)} ({change.unit}), "
        f"not {number(change.before, 1)}"
        for change in effect.supposed
    ]
    changed, now = percent(effect.probability), percent(forecast.probability)
    text = f"With {'; '.join(parts)}: {changed}"
    text += ", unchanged." if changed == now else f" instead of {now}."
    if any(change.out_of_range for change in effect.supposed):
        text += (
            " A value outside the range of the training data counts as the nearest "
            "value within it."
        )
    return text


def doubts(forecast: Forecast) -> str:
    """Return how certain the scores are, and what the comparisons mean."""
    intervals = forecast.assessment.intervals
    text = (
        f"90% intervals of this forecast's scores: Brier {_range(intervals.brier)}, "
        f"log loss {_range(intervals.log_loss)}"
    )
    if intervals.auroc is not None:
        text += f", AUROC {_range(intervals.auroc, 2)}"
    return (
        f"{text}. Right-hand columns: this forecast's log loss minus that of the other "
        "model, 90% interval; negative favours this forecast, and even means that the "
        "interval includes zero."
    )


def _range(interval: tuple[float, float], decimals: int = 3) -> str:
    low, high = (number(bound, decimals) for bound in interval)
    return f"{low} to {high}"


def signals_explained(forecast: Forecast) -> str:
    """Return what counts as a signal, a contraction that was called and an alarm."""
    return (
        "A forecast is a signal if it is at or above the threshold that worked best on "
        "the forecasts whose outcome was known then. A "
        f"{contraction_noun(forecast)} is called by signals for its own periods, or by "
        "an unbroken run of signals that leads into it. A false alarm is an unbroken "
        "run of wrong signals."
    )


def signalled(episode: Episode, task: Task) -> str:
    """Return when a contraction was first signalled: `2 quarters before`.

    Where the run of signals that led into it is longer than a year, the beginning of
    the run is named: `in a run since 2010`. As a lead, it would look like foresight.
    """
    noun = NOUN[task.frequency]
    if episode.first_probability is None:
        return "not tested"
    early = episode.periods_early
    if early is None:
        return "no signal"
    if early == 0:
        return f"in its first {noun}"
    longest = task.horizon + PERIODS_A_YEAR[task.frequency]
    if episode.first_signal is not None and early > longest:
        return f"in a run since {period_name(episode.first_signal)}"
    return f"{count(abs(early), noun)} {'before' if early > 0 else 'late'}"


OTHER_HORIZONS = (
    "The other horizons are replayed together, at shared dates: a report on one of "
    "them may give slightly different figures."
)

SCORES_EXPLAINED = (
    "Brier score: mean squared error of the probabilities. Log loss: average of "
    "\N{MINUS SIGN}ln(probability given to what happened). Skill: improvement on the "
    "historical average; negative is worse. AUROC: chance that an event got a "
    "higher forecast than a non-event; 0.5 is a coin toss. Average precision: average "
    "share of signals that were right; a coin toss reaches the share of events."
)
