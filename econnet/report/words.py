"""Every sentence of the report, in the words of a careful colleague.

The same facts always give the same words, and each judgement names the figures that it
rests on. A verdict looks at the track record before it looks at the forecast: a
forecast that has not beaten the long-run rate is not to be leaned on, whatever it says.
"""

import shlex
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from math import exp, log

import pandas as pd

from econnet.catalog import Frequency
from econnet.evaluation.baselines import TITLES
from econnet.evaluation.metrics import Scores
from econnet.forecast import Driver, Forecast, Task

NOUN: dict[Frequency, str] = {"A": "year", "Q": "quarter", "M": "month"}
ORDINALS = ("first", "second", "third", "fourth")

# Fewer contractions than this in a track record show nothing about the next one.
FEWEST_CONTRACTIONS = 5
# A smaller saving on the long-run rate's cost is within the reach of luck.
SLIGHT_SKILL = 0.05


def printable(text: str) -> str:
    """Return `text` on one line, with U+FFFD for what cannot be set in type."""
    one_line = " ".join(text.splitlines())
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(c) in {"Cc", "Cs", "Cn"}
        else c
        for c in one_line
    )


def number(value: float, decimals: int, sign: bool = False) -> str:
    """Return `value` rounded, with a true minus sign; `sign` shows a plus too."""
    text = f"{value:{'+' if sign else ''}.{decimals}f}"
    if not text.strip("+-0."):
        text = text.lstrip("+-")
    return text.replace("-", "\N{MINUS SIGN}")


def percent(share: float) -> str:
    """Return a share of 1 in percent; a small one is never rounded to none."""
    if share in {0, 1}:
        return f"{share:.0%}"
    if share < 0.005:
        return "under 1%"
    if share >= 0.995:
        return "over 99%"
    return f"{round(100 * share)}%"


def odds(probability: float) -> str:
    """Return a probability as a person would say it: `1 in 5`.

    Examples
    --------
    >>> odds(0.21)
    '1 in 5'
    """
    if probability < 0.01:
        return "under 1 in 100"
    if probability > 0.99:
        return "over 99 in 100"

    def distance(fraction: tuple[int, int]) -> float:
        share = fraction[0] / fraction[1]
        return abs(log(share / (1 - share)) - log(probability / (1 - probability)))

    return "{} in {}".format(*min(SPOKEN_FRACTIONS, key=distance))


def period_in_words(period: pd.Period) -> str:
    """Return `the third quarter of 2026`, `May 2026` or `2026`."""
    if period.freqstr.startswith("Q"):
        return f"the {ORDINALS[period.quarter - 1]} quarter of {period.year}"
    if period.freqstr.startswith("M"):
        return f"{period.strftime('%B')} {period.year}"
    return str(period.year)


def contraction_clause(forecast: Forecast) -> str:
    """Return what it is that may happen: `output contracts`."""
    label, title = forecast.task.label, forecast.target_title
    if label.startswith("given:"):
        return f"{label.removeprefix('given:')} is 1"
    if label == "nber":
        return "the economy is in recession, as the NBER dates it,"
    if forecast.task.target == "real_gdp":
        return {
            "negative-growth": "output contracts",
            "year-on-year": "output is below its level of a year before",
            "two-quarters": "output falls, in a run of two quarters or more,",
        }[label]
    return {
        "negative-growth": f"there is a fall in {title}",
        "year-on-year": f"there is a fall in {title} over a year",
        "two-quarters": f"there is a fall in {title}, one of two or more in a row,",
    }[label]


def growth_heading(forecast: Forecast) -> str:
    """Return the heading of the chart of growth, with its unit."""
    yearly = forecast.task.label == "year-on-year" or forecast.task.frequency == "A"
    before = "year" if yearly else NOUN[forecast.task.frequency]
    since = "a year before" if yearly else f"the {before} before"
    return f"{forecast.target_title}, change on {since}, %"


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
    return (
        f"chance that {contraction_clause(forecast)} in "
        f"{period_in_words(forecast.period)}: {percent(forecast.probability)}, "
        f"90% interval {low} to {high}%"
    )


@dataclass(frozen=True)
class Verdict:
    """How far to trust the forecast.

    Parameters
    ----------
    call
        The advice in a few words: `Do not lean on it`.
    reason
        The sentences that follow from the track record.
    alarm
        Whether the advice is not to trust it.
    """

    call: str
    reason: str
    alarm: bool


def position(forecast: Forecast) -> str:
    """Return where the forecast stands to the long-run rate and to the one before."""
    points = _points(forecast.probability, forecast.base_rate)
    rate = f"the long-run rate of {percent(forecast.base_rate)}"
    if forecast.base_rate == 0:
        text = "Nothing to compare with: no contraction is on record"
    elif abs(points) <= 2:
        text = f"Close to {rate}"
    elif forecast.probability >= 2 * forecast.base_rate:
        text = f"At least twice {rate}"
    elif forecast.probability <= forecast.base_rate / 2:
        text = f"At most half {rate}"
    else:
        text = f"{'Above' if points > 0 else 'Below'} {rate}"
    if forecast.previous_probability is None:
        return f"{text}."
    before = f"what was said a {NOUN[forecast.task.frequency]} earlier of "
    before += str(forecast.period - 1)
    change = _points(forecast.probability, forecast.previous_probability)
    if change == 0:
        return f"{text}; unchanged from {before}."
    unit = "point" if abs(change) == 1 else "points"
    direction = "up" if change > 0 else "down"
    return f"{text}; {direction} {abs(change)} {unit} from {before}."


def verdict(forecast: Forecast) -> Verdict:
    """Return how far to trust the forecast, judged by its track record."""
    scores, noun = forecast.metrics, NOUN[forecast.task.frequency]
    contractions = _count(scores.n_contractions, "contraction", none="no")
    if scores.n_contractions < FEWEST_CONTRACTIONS:
        few = (
            f"the track record of {_count(scores.n, noun)} holds "
            f"{contractions}, too few to tell a good forecast from a lucky one."
            f"{_so_far(scores)}"
        )
        return Verdict("Do not lean on it", few, alarm=True)
    lost, better = _lost(scores), _better_baselines(forecast)
    reason = (
        f"over {_count(scores.n, noun)} with {contractions}, {_compared(scores)}, "
        f"{_ranking(scores, noun, lost)}."
    )
    reason += f"{better}{_calls(forecast)}"
    slight = min(scores.brier_skill or 0.0, scores.log_loss_skill or 0.0) < SLIGHT_SKILL
    if lost or (slight and better):
        return Verdict("Do not lean on it", reason, alarm=True)
    call = "Lean on it lightly" if slight else "It has earned some trust"
    return Verdict(call, reason, alarm=False)


def counts(scores: Scores, noun: str) -> str:
    """Return what scores rest on: `84 quarters, 21 contractions`."""
    contractions = _count(scores.n_contractions, "contraction", none="no")
    return f"{_count(scores.n, noun)}, {contractions}"


def _lost(scores: Scores) -> bool:
    """Return whether either score is no better than the long-run rate's."""
    return (scores.brier_skill or 0.0) <= 0 or (scores.log_loss_skill or 0.0) <= 0


def _so_far(scores: Scores) -> str:
    if scores.brier_skill is None or scores.log_loss_skill is None:
        return ""
    return f" So far, {_compared(scores)}."


def _compared(scores: Scores) -> str:
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
    """Return how well contractions were told from expansions."""
    if scores.auroc is None:
        return f"and whether they rank {noun}s well cannot be told"
    quality = next(text for bound, text in RANKINGS if scores.auroc < bound)
    link = "and" if lost == (scores.auroc < 0.6) else "though"
    return f"{link} they ranked {noun}s {quality} (AUROC {scores.auroc:.2f})"


def _better_baselines(forecast: Forecast) -> str:
    """Return a sentence that names the baselines with the better scores."""
    better = [
        baseline_title(name)
        for name, scores in forecast.baselines.items()
        if name != "base_rate"
        and scores.brier < forecast.metrics.brier
        and scores.log_loss < forecast.metrics.log_loss
    ]
    if not better:
        return ""
    names = " and ".join(better)
    return f" {names[0].upper()}{names[1:]} did better."


def _calls(forecast: Forecast) -> str:
    """Return a sentence on what was said before past contractions."""
    said = [
        episode.said_for_first
        for episode in forecast.episodes
        if episode.said_for_first is not None
    ]
    if not said:
        return ""
    raised = sum(probability > forecast.base_rate for probability in said)
    noun = NOUN[forecast.task.frequency]
    if len(said) == 1:
        which = "above" if raised else "not above"
        return f" The one contraction was put {which} the long-run rate when it began."
    share = "none" if raised == 0 else "all" if raised == len(said) else str(raised)
    return (
        f" Of {len(said)} spells of contraction it put {share} above the long-run rate "
        f"in {'its' if share == '1' else 'their'} first {noun}."
    )


def baseline_title(name: str) -> str:
    """Return a baseline's name in words."""
    return TITLES.get(name, name.replace("_", " "))


def stale(forecast: Forecast) -> str | None:
    """Return the warning that newer data are due, or `None` where they are not."""
    due, made = date.fromisoformat(forecast.data.next_due[:10]), _made_on(forecast)
    if due >= made:
        return None
    if forecast.data.source in {"snapshot", "store"}:
        cure = f"econnet fetch --country {forecast.country.alpha3} gets newer ones"
    else:
        cure = f"bring {forecast.data.source} up to date"
    return (
        f"These data are old: they end in {forecast.data.last_period}, and newer "
        f"figures have been due since {day(due)}, {_age((made - due).days)} before "
        f"this report: {cure}."
    )


def _age(days: int) -> str:
    if days < 60:
        return _count(days, "day")
    if days < 730:
        return _count(round(days / 30.44), "month")
    return _count(round(days / 365.25), "year")


def day(date_: date) -> str:
    """Return a date in words: `24 November 2026`."""
    return f"{date_.day} {date_.strftime('%B %Y')}"


def _made_on(forecast: Forecast) -> date:
    return date.fromisoformat(forecast.made_at[:10])


def _points(probability: float, other: float) -> int:
    """Return the difference in points between two probabilities as they are printed."""
    return round(100 * probability) - round(100 * other)


def _count(n: int, noun: str, none: str = "0") -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun != "day" else f"{noun}s"
    return f"{n or none} {noun if n == 1 else plural}"


def track_record(forecast: Forecast) -> str:
    """Return what the track record is, and its best and worst calls."""
    noun = NOUN[forecast.task.frequency]
    own = _own_record(forecast).dropna(subset=["outcome"])
    text = (
        f"What econnet would have said {ahead(forecast.task)}, with what could have "
        f"been known at the time, for {_count(len(own), noun)} from "
        f"{own['period'].min()} to {own['period'].max()}."
    )
    came, stayed_away = own[own["outcome"] == 1], own[own["outcome"] == 0]
    if came.empty or stayed_away.empty:
        return text
    missed = came.iloc[int(came["probability"].to_numpy().argmin())]
    false_alarm = stayed_away.iloc[int(stayed_away["probability"].to_numpy().argmax())]
    return (
        f"{text} On average it said {percent(came['probability'].mean())} of {noun}s "
        f"that contracted and {percent(stayed_away['probability'].mean())} of those "
        f"that did not. Its worst miss was {missed['period']}, a contraction that it "
        f"put at {percent(missed['probability'])}; its worst false alarm "
        f"{false_alarm['period']}, put at {percent(false_alarm['probability'])}."
    )


def data(forecast: Forecast) -> str:
    """Return where the data come from and what they cover, as a sentence."""
    source = {
        "snapshot": "The data that ship with econnet",
        "store": "The data that econnet fetched",
    }.get(forecast.data.source, f"The file {forecast.data.source}")
    return (
        f"{source}, as known on {day(date.fromisoformat(forecast.data.as_of))}; "
        f"{forecast.country.name}, {forecast.target_title}: "
        f"{forecast.data.first_period} to {forecast.data.last_period}. Last value is "
        "that of the series, before any transform."
    )


def drivers(forecast: Forecast) -> list[str]:
    """Return what moves the forecast, in sentences."""
    total = sum(driver.contribution for driver in forecast.drivers)
    start = 1 / (1 + exp(total) * (1 / forecast.probability - 1))
    said = percent(forecast.probability)
    sentences = [
        f"The networks would say {percent(start)} of an average period of an average "
        f"country in what they learned from. What the indicators add to that, "
        f"{number(total, 2, sign=True)} in log-odds, makes it {said}."
    ]
    ranked = sorted(forecast.drivers, key=lambda driver: -abs(driver.contribution))
    up = [driver for driver in ranked if driver.contribution > 0][:3]
    down = [driver for driver in ranked if driver.contribution < 0][:3]
    if up:
        sentences.append(f"Towards contraction push {_listed(up)}.")
    if down:
        sentences.append(f"Away from it push {_listed(down)}.")
    sentences.append(
        "Log-odds add up where probabilities do not: +0.69 doubles the odds, "
        f"{number(-0.69, 2)} halves them. A contribution says what the networks make "
        "of an indicator beside all others, not what causes what."
    )
    return sentences


def _listed(drivers_: list[Driver]) -> str:
    named = [
        f"{driver.title} ({number(driver.contribution, 2, sign=True)})"
        for driver in drivers_
    ]
    if len(named) == 1:
        return named[0]
    return f"{', '.join(named[:-1])} and {named[-1]}"


def responses(forecast: Forecast) -> str:
    """Return what the response curves mean, and which of them matters most."""
    text = (
        "Each curve shows what the forecast would be if the newest value of one "
        "indicator were another and all else stayed as it is; the dot is where it "
        "stands now. A flat curve means that the networks hardly listen to it."
    )
    curves = forecast.response_curves
    if not curves:
        return text
    widest = max(curves, key=lambda c: max(c.probabilities) - min(c.probabilities))
    low, high = min(widest.probabilities), max(widest.probabilities)
    return (
        f"{text} The widest is that of {widest.title}, from {percent(low)} to "
        f"{percent(high)} over values from {number(widest.values[0], 1)} to "
        f"{number(widest.values[-1], 1)} ({widest.unit})."
    )


def method(forecast: Forecast) -> list[tuple[str, str]]:
    """Return how the forecast was made, as headings and paragraphs."""
    task, noun = forecast.task, NOUN[forecast.task.frequency]
    learned = (
        f"the history of {_count(forecast.data.n_countries, 'country')}"
        if forecast.data.n_countries > 1
        else f"the history of {forecast.country.name} alone"
    )
    model = forecast.versions["econnet"]
    return [
        (
            "What is forecast",
            f"Whether {forecast.period} will be a contraction: {forecast.meaning}. The "
            f"forecast is made in {forecast.origin}, {_horizon(task)}, by the rule "
            f"{task.label} applied to {forecast.target_title}.",
        ),
        (
            "What was known",
            f"Values known on {day(date.fromisoformat(forecast.data.as_of))}. In the "
            "replay of history, a value counts as known once the publication lag of "
            "its indicator has passed after the end of its period, and no sooner; an "
            "outcome is learned from only once it could have been written down.",
        ),
        (
            "The networks",
            f"{_count(task.members, 'small neural network')} with one hidden layer "
            "and a straight path beside it, started from different seeds (the first "
            f"is {task.seed}) and trained on {learned}. The forecast is the mean of "
            "their log-odds.",
        ),
        (
            "The track record",
            "History is replayed from the first origin with enough to learn from: "
            "once a year the networks are trained anew on what was known then, and "
            f"forecast each {noun} until the next training. Scaling and the filling "
            "of gaps are learned from the same past alone. The baselines get the same "
            "data and the same dates.",
        ),
        (
            "The interval",
            "90%. It holds two doubts: how well the track record tells what such a "
            "probability has meant, found by drawing blocks of it again and again, "
            f"and how far the networks disagree. Doubts about econnet {model} itself "
            "are not in it.",
        ),
    ]


def _horizon(task: Task) -> str:
    noun = NOUN[task.frequency]
    return (
        "for the same period"
        if task.horizon == 0
        else f"{_count(task.horizon, noun)} ahead"
    )


def caveats(forecast: Forecast) -> list[str]:
    """Return what the reader should keep in mind, the gravest first."""
    scores, noun = forecast.metrics, NOUN[forecast.task.frequency]
    notes = [
        "The data are revised data, not those that were published at the time. First "
        "figures are often revised, most of all around turning points, so a "
        "forecaster at the time would have done worse than this track record."
    ]
    notes.append(
        f"The country's scores rest on {_count(scores.n, 'forecast')} and "
        f"{_count(scores.n_contractions, 'contraction')}. Neighbouring {noun}s are "
        "alike, so they hold less evidence than their number suggests, and small "
        "differences between models may be luck."
    )
    if forecast.data.n_countries > 1:
        notes.append(
            f"The networks learned from {forecast.data.n_countries} countries "
            "together and know this one mostly as one like the others."
        )
    if forecast.task.frequency == "A":
        notes.append(
            "A year is long: a recession that begins and ends within one may leave no "
            "mark, and annual figures arrive late."
        )
    if forecast.task.label == "negative-growth":
        notes.append(
            f"A single {noun} of falling output is not yet a recession, and where "
            "growth is slow a small error of measurement turns one into the other."
        )
    notes.append(
        "It cannot know what is in none of its series: wars, epidemics, decisions of "
        "governments. Nobody's model foresaw 2020."
    )
    return notes


def command(forecast: Forecast) -> str:
    """Return the command that makes the same forecast again."""
    task, data = forecast.task, forecast.data
    own_file = data.source not in {"snapshot", "store"}
    options = {
        "--data": data.source if own_file else None,
        "--country": forecast.country.name if own_file else forecast.country.alpha3,
        "--frequency": task.frequency,
        "--target": task.target if task.target != "real_gdp" else None,
        "--label": task.label,
        "--horizon": str(task.horizon),
        "--pool": task.pool,
        "--members": str(task.members),
        "--seed": str(task.seed),
        "--as-of": data.as_of,
    }
    given = [f"{name} {shlex.quote(value)}" for name, value in options.items() if value]
    return f"econnet train {' '.join(given)}"


def attribution(forecast: Forecast) -> str:
    """Return the sources in one line, the first two by name."""
    sources = list(
        dict.fromkeys(
            series.attribution.removeprefix("Source: ")
            for series in forecast.data.series
        )
    )
    more = " and others" if len(sources) > 2 else ""
    return f"Source: {'; '.join(sources[:2])}{more}"


def credit(forecast: Forecast) -> str:
    """Return what stands under a figure that is shown without the report."""
    return (
        f"{forecast.country.name} · econnet {forecast.versions['econnet']}, "
        f"{made_on(forecast)} · {attribution(forecast)}"
    )


def citation(forecast: Forecast) -> str:
    """Return how to cite the forecast."""
    made = _made_on(forecast)
    return (
        f"The econnet developers ({made.year}). econnet "
        f"{forecast.versions['econnet']}: probability of contraction, "
        f"{forecast.country.name}, {forecast.period}, made on {day(made)}."
    )


def made_on(forecast: Forecast) -> str:
    """Return the day on which the forecast was made: `24 November 2026`."""
    return day(_made_on(forecast))


def alt(forecast: Forecast, figure: str) -> str:
    """Return what a figure shows, for a reader who cannot see it."""
    return ALT_TEXTS[figure](forecast)


def _alt_history(forecast: Forecast) -> str:
    contractions = int((forecast.history["contraction"] == 1).sum())
    growth = forecast.history["growth"].dropna()
    text = (
        f"Two charts on one axis of time, {forecast.history.index[0]} to "
        f"{forecast.period}. {_count(contractions, NOUN[forecast.task.frequency])} "
        "shaded as contractions. "
    )
    if len(growth):
        text += (
            f"Growth was lowest in {growth.idxmin()}, {number(growth.min(), 1)}%, and "
            f"highest in {growth.idxmax()}, {number(growth.max(), 1)}%. "
        )
    own = _own_record(forecast)
    highest = own.iloc[int(own["probability"].to_numpy().argmax())]
    return text + (
        f"The forecast probability was highest for {highest['period']}, "
        f"{percent(highest['probability'])}, and is {percent(forecast.probability)} "
        "now."
    )


def _alt_timeline(forecast: Forecast) -> str:
    own = _own_record(forecast).dropna(subset=["outcome"])
    means = own.groupby("outcome")["probability"].mean()
    parts = [
        f"{percent(means[outcome])} on average before {name}"
        for outcome, name in ((1.0, "contractions"), (0.0, "expansions"))
        if outcome in means
    ]
    return f"{len(own)} forecasts as dots over time: {' and '.join(parts)}."


def _alt_drivers(forecast: Forecast) -> str:
    ranked = sorted(forecast.drivers, key=lambda driver: -abs(driver.contribution))
    return f"Bars by indicator, the longest being {_listed(ranked[:3])}."


def _alt_reliability(forecast: Forecast) -> str:
    parts = [
        f"said {percent(bin_.probability)}, came {percent(bin_.frequency)} ({bin_.n})"
        for bin_ in forecast.reliability
    ]
    return f"Dots against a diagonal: {'; '.join(parts)}."


def _alt_roc(forecast: Forecast) -> str:
    areas = [
        f"{baseline_title(name)} {scores.auroc:.2f}"
        for name, scores in forecast.baselines.items()
        if scores.auroc is not None and name != "base_rate"
    ]
    return (
        f"ROC curves from lower left to upper right. Area under econnet's: "
        f"{forecast.metrics.auroc:.2f}; {'; '.join(areas)}."
    )


def _alt_responses(forecast: Forecast) -> str:
    parts = [
        f"{curve.title}: {percent(curve.probabilities[0])} at "
        f"{number(curve.values[0], 1)}, {percent(curve.probabilities[-1])} at "
        f"{number(curve.values[-1], 1)}"
        for curve in forecast.response_curves
    ]
    return f"Small curves of the probability by indicator. {'; '.join(parts)}."


def _own_record(forecast: Forecast) -> pd.DataFrame:
    record = forecast.track_record
    return record[record["model"] == "econnet"]


ALT_TEXTS: dict[str, Callable[[Forecast], str]] = {
    "history": _alt_history,
    "drivers": _alt_drivers,
    "reliability": _alt_reliability,
    "track-record": _alt_timeline,
    "roc": _alt_roc,
    "reliability-large": _alt_reliability,
    "contributions": _alt_drivers,
    "responses": _alt_responses,
}

SPOKEN_FRACTIONS: tuple[tuple[int, int], ...] = (
    *((1, n) for n in (100, 50, 30, 20, 15, 12, 10, 9, 8, 7, 6, 5, 4, 3, 2)),
    *((3, 10), (2, 5), (3, 5), (2, 3), (3, 4), (4, 5), (5, 6), (7, 8), (9, 10)),
    *((19, 20), (49, 50), (99, 100)),
)

SCORES_EXPLAINED = (
    "Brier score: the mean squared error of the probabilities. Log loss: the mean "
    "surprise at what happened, in nats. Skill: the share of the long-run rate's cost "
    "that was saved; below zero it was worse. AUROC: how often a contraction was put "
    "above an expansion; a coin reaches 0.50. Average precision: the mean share of "
    "alarms that were right; a coin reaches the share of contractions."
)

# AUROC below the bound, and what to call it. A coin toss has 0.5.
RANKINGS: tuple[tuple[float, str], ...] = (
    (0.5, "worse than chance"),
    (0.6, "little better than chance"),
    (0.7, "somewhat better than chance"),
    (0.8, "fairly well"),
    (0.9, "well"),
    (2.0, "very well"),
)
