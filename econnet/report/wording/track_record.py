"""Sentences on the track record and the drivers of the forecast."""

from collections.abc import Iterable
from math import exp

import pandas as pd

from econnet.core.periods import NOUN
from econnet.forecast.result import Driver, Episode, Forecast
from econnet.report.wording.formatting import count, in_a_row, number, percent
from econnet.report.wording.verdict import ahead


def track_record(forecast: Forecast) -> str:
    """Return what the track record is, and its best and worst calls."""
    noun = NOUN[forecast.task.frequency]
    own = own_record(forecast).dropna(subset=["outcome"])
    text = (
        f"What econnet would have said {ahead(forecast.task)}, with what could have "
        f"been known at the time, for {count(len(own), noun)} from "
        f"{own['period'].min()} to {own['period'].max()}."
    )
    contractions, expansions = (own[own["outcome"] == outcome] for outcome in (1, 0))
    if contractions.empty or expansions.empty:
        return text
    missed = contractions.iloc[int(contractions["probability"].to_numpy().argmin())]
    false_alarm = expansions.iloc[int(expansions["probability"].to_numpy().argmax())]
    return (
        f"{text} On average it said {percent(contractions['probability'].mean())} of "
        f"{noun}s that contracted and {percent(expansions['probability'].mean())} of "
        f"those that did not. Its worst miss was {missed['period']}, a contraction "
        f"that it put at {percent(missed['probability'])}; its worst false alarm "
        f"{false_alarm['period']}, put at {percent(false_alarm['probability'])}."
    )


def own_record(forecast: Forecast) -> pd.DataFrame:
    """Return econnet's out-of-sample forecasts for the country."""
    record = forecast.track_record
    return record[record["model"] == "econnet"]


def drivers(forecast: Forecast) -> list[str]:
    """Return what moves the forecast, in sentences."""
    total = sum(driver.contribution for driver in forecast.explanation.drivers)
    start = 1 / (1 + exp(total) * (1 / forecast.probability - 1))
    sentences = [
        f"econnet would say {percent(start)} of an average period of an average "
        f"country in what they learned from. What the indicators add to that, "
        f"{number(total, 2, sign=True)} in log-odds, makes it "
        f"{percent(forecast.probability)}."
    ]
    ranked = by_size(forecast.explanation.drivers)
    up = [driver for driver in ranked if driver.contribution > 0][:3]
    down = [driver for driver in ranked if driver.contribution < 0][:3]
    if up:
        sentences.append(f"Towards contraction push {listed(up)}.")
    if down:
        sentences.append(f"Away from it push {listed(down)}.")
    sentences.append(
        "Log-odds add up where probabilities do not: +0.69 doubles the odds, "
        f"{number(-0.69, 2)} halves them. A contribution says what the networks make "
        "of an indicator beside all others, not what causes what; what the other "
        "models of the mean make of them all stands in one sum."
    )
    return sentences


def by_size(drivers_: Iterable[Driver]) -> list[Driver]:
    """Return drivers, the one with the largest contribution of either sign first."""
    return sorted(drivers_, key=lambda driver: -abs(driver.contribution))


def by_group(forecast: Forecast) -> dict[str, float]:
    """Return what each group of indicators adds, in log-odds, largest first."""
    totals: dict[str, float] = {}
    for driver in forecast.explanation.drivers:
        name = GROUPS.get(driver.group, driver.group.capitalize())
        totals[name] = totals.get(name, 0.0) + driver.contribution
    return dict(sorted(totals.items(), key=lambda item: -abs(item[1])))


def listed(drivers_: list[Driver]) -> str:
    """Return drivers by name, each with what it adds to the log-odds."""
    named = [
        f"{driver.title} ({number(driver.contribution, 2, sign=True)})"
        for driver in drivers_
    ]
    return in_a_row(named)


def responses(forecast: Forecast) -> str:
    """Return what the response curves mean, and which of them matters most."""
    text = (
        "Each curve shows what the forecast would be if the newest value of one "
        "indicator were another and all else stayed as it is; the dot is where it "
        "stands now. A flat curve means that the networks hardly listen to it."
    )
    curves = forecast.explanation.response_curves
    if not curves:
        return text
    widest = max(curves, key=lambda c: max(c.probabilities) - min(c.probabilities))
    low, high = min(widest.probabilities), max(widest.probabilities)
    return (
        f"{text} The widest is that of {widest.title}, from {percent(low)} to "
        f"{percent(high)} over values from {number(widest.values[0], 1)} to "
        f"{number(widest.values[-1], 1)} ({widest.unit})."
    )


def importance(forecast: Forecast) -> str:
    """Return which indicators past forecasts were better for, and how that is known."""
    weights = forecast.explanation.importance
    if not weights:
        return ""
    needed = [weight.title for weight in weights if weight.interval[0] > 0]
    indicators = ", ".join(needed[:5]) or "no single indicator"
    indicators += f" and {len(needed) - 5} more" if len(needed) > 5 else ""
    return (
        f"Past forecasts were clearly better for {indicators}: what counts is "
        "by how much their log loss rises when the indicator is shuffled among "
        "forecasts, out of sample. Indicators that move together can "
        "stand in for each other, and each then seems to matter little."
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
    text += ", as without." if changed == now else f" instead of {now}."
    if any(change.out_of_range for change in effect.supposed):
        text += (
            " A figure beyond nearly all that was learned from counts as the most "
            "extreme that was."
        )
    return text


def doubts(forecast: Forecast) -> str:
    """Return how sure the scores are, and what the comparisons mean."""
    doubt = forecast.assessment.intervals
    text = (
        f"90% intervals of this forecast's scores: Brier {_range(doubt.brier)}, log "
        f"loss {_range(doubt.log_loss)}"
    )
    if doubt.auroc is not None:
        text += f", AUROC {_range(doubt.auroc, 2)}"
    return (
        f"{text}, from blocks of periods drawn again. On the right, the same "
        "for this forecast's log loss less the other's, over the same periods: below "
        "zero is good, and where the interval holds zero the two are even."
    )


def _range(interval: tuple[float, float], decimals: int = 3) -> str:
    low, high = (number(bound, decimals) for bound in interval)
    return f"{low} to {high}"


def signalled(episode: Episode, noun: str) -> str:
    """Return when a contraction was first signalled: `2 quarters before`."""
    if episode.first_probability is None:
        return "not forecast"
    early = episode.periods_early
    if early is None:
        return "missed"
    if early == 0:
        return f"in its first {noun}"
    return f"{count(abs(early), noun)} {'before' if early > 0 else 'late'}"


SIGNALS_EXPLAINED = (
    "A forecast is a signal where it is above the threshold that had served best, by "
    "the forecasts whose outcome was known at the time. A signal within a year before "
    "a contraction counts as its own; a false alarm is a run of signals that no "
    "contraction followed."
)

GROUPS = {
    "abroad": "Other countries",
    "credit": "Money and credit",
    "cycle": "State of the cycle",
    "data": "Missing figures",
    "labour": "Labour market",
    "partners": "Other models",
    "rates": "Interest rates",
}

SCORES_EXPLAINED = (
    "Brier score: the mean squared error of the probabilities. Log loss: the mean "
    "surprise at what happened, in nats. Skill: the share of the long-run rate's cost "
    "that was saved; below zero it was worse. AUROC: how often a contraction was put "
    "above an expansion; a coin reaches 0.50. Average precision: the mean share of "
    "alarms that were right; a coin reaches the share of contractions."
)
