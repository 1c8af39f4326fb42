"""The answer, and the confidence that it deserves.

The same facts always give the same words, and each judgement names the figures that it
rests on. Confidence rests on the 90% interval of the skill of past forecasts, whatever
the probability.
"""

from dataclasses import dataclass
from datetime import date

from econnet.core.periods import NOUN
from econnet.core.task import Task
from econnet.data.cycle import chronologies
from econnet.data.cycle.labels import BELOW_ZERO
from econnet.evaluation.confidence import MIN_CONTRACTIONS, Confidence, Skill
from econnet.evaluation.intervals import Interval
from econnet.evaluation.metrics import Scores
from econnet.forecast.result import Forecast
from econnet.models.titles import baseline_title
from econnet.report.wording.event import (
    capitalised,
    contraction_noun,
    event_title,
    event_words,
    has_passed,
    is_chronology,
    is_cumulative,
    span,
    when,
)
from econnet.report.wording.formatting import (
    change_percent,
    count,
    day,
    day_of,
    in_a_row,
    in_points,
    percent,
    percent_range,
    period_name,
    period_text,
    points,
    signed_percent,
    signed_percent_range,
)
from econnet.report.wording.outlook import before
from econnet.report.wording.questions import no_usable_forecast

# Probabilities that differ from the average by less are about the same.
SAME_POINTS = 2
# Past forecasts that the first page lists, the newest being today's.
LAST_FORECASTS = 3


def growth_heading(forecast: Forecast) -> str:
    """Return the heading of the chart of growth, with its unit."""
    if forecast.meaning.endswith(BELOW_ZERO):  # the target is growth itself
        return f"{capitalised(forecast.target_title)}, %"
    yearly = forecast.task.label == "year-on-year" or forecast.task.frequency == "A"
    since = "a year earlier"
    if not yearly:
        since = f"the previous {NOUN[forecast.task.frequency]}"
    return f"{capitalised(forecast.target_title)}, change from {since}, %"


def growth_note(forecast: Forecast) -> str:
    """Return the note beside the chart of growth."""
    noun = contraction_noun(forecast)
    if forecast.task.label.startswith("given:"):
        return f"shown for orientation; shaded: {forecast.task.label[6:]} is 1"
    if is_chronology(forecast.task):
        return f"shown for orientation; shaded: {noun}s as dated by the committee"
    return f"shaded: {noun}s"


def probability_heading(forecast: Forecast) -> str:
    """Return the heading of the chart of probabilities over time."""
    words, task = event_words(forecast), forecast.task
    event = f"Probability: {words.subject} {words.present}"
    if is_chronology(task):
        committee = chronologies.load()[task.label].committee
        event = f"Probability of recession as dated by {committee}"
    if is_cumulative(task):
        return f"{event} {when(forecast)}, %"
    return f"{event}, {ahead(task)}, %"


def probability_note(forecast: Forecast) -> str:
    """Return the note beside the chart of probabilities over time."""
    shown_at = ""
    if is_cumulative(forecast.task):
        shown_at = f", at the last {NOUN[forecast.task.frequency]}"
    return f"out of sample{shown_at}; dot: this forecast, 90% interval"


def outcomes_note(forecast: Forecast) -> str:
    """Return the note beside the chart of forecasts and outcomes."""
    task = forecast.task
    noun = NOUN[task.frequency]
    dot = f"each dot a {noun}"
    if is_cumulative(task):
        dot = f"each dot: {task.horizon} {noun}s, shown at the last"
    return f"{dot}; orange: the event occurred"


def ahead(task: Task) -> str:
    """Return how far ahead the forecast looks: `one quarter ahead`.

    Where one of several periods is enough: `for the next 4 quarters`.
    """
    noun = NOUN[task.frequency]
    if is_cumulative(task):
        return f"for the next {task.horizon} {noun}s"
    if task.horizon == 0:
        return f"in the same {noun}"
    if task.horizon == 1:
        return f"one {noun} ahead"
    return f"{task.horizon} {noun}s ahead"


def chance(forecast: Forecast) -> str:
    """Return the answer in one line, with its interval."""
    return (
        f"{event_title(forecast)}: {percent(forecast.probability)} "
        f"(90% interval {percent_range(forecast.interval)})"
    )


def last_forecasts(forecast: Forecast) -> list[tuple[str, str]]:
    """Return period and probability of the newest forecasts, today's last."""
    record = forecast.track_record
    own = record[(record["model"] == "econnet") & (record["period"] < forecast.period)]
    earlier = own.sort_values("period").tail(LAST_FORECASTS - 1)
    rows = [
        (period_text(period), percent(probability))
        for period, probability in zip(
            earlier["period"], earlier["probability"], strict=True
        )
    ]
    return [*rows, (period_text(forecast.period), percent(forecast.probability))]


def typical_fall(forecast: Forecast) -> str | None:
    """Return the size of past falls: `median fall in contractions 0.4%`.

    `None` where the event is not a fall in the series that is shown.
    """
    if forecast.task.label not in MEASURED_BY_GROWTH:
        return None
    history = forecast.history
    falls = history.loc[history["contraction"] == 1, "growth"].dropna()
    if falls.empty:
        return None
    noun = NOUN[forecast.task.frequency]
    size = change_percent(float(falls.median())).lstrip("+\N{MINUS SIGN}")
    return f"median fall in past {noun}s of contraction {size}"


def deep_fall(forecast: Forecast) -> str | None:
    """Return the probability of a fall by more than 1%, where growth is forecast."""
    growth = forecast.growth
    if growth is None or forecast.task.label not in MEASURED_BY_GROWTH:
        return None
    probability = percent(growth.probability_below_minus_1)
    noun = NOUN[forecast.task.frequency]
    once = f" in at least one {noun}" if is_cumulative(forecast.task) else ""
    return f"probability of a fall over 1%{once}: {probability}"


@dataclass(frozen=True)
class Verdict:
    """The confidence in a forecast, and its reason in the track record.

    `comparison` is with simpler models, and `signals` counts the signals; `alarm` is
    whether the confidence is low.
    """

    confidence: Confidence
    call: str
    reason: str
    comparison: str = ""
    signals: str = ""

    @property
    def alarm(self) -> bool:
        """Whether confidence is low."""
        return self.confidence == "low"

    @property
    def text(self) -> str:
        """All of it in one piece."""
        parts = [self.call, self.reason, self.comparison, self.signals]
        return " ".join(filter(None, parts))


def likelihood(probability: float) -> str:
    """Return a probability in words."""
    shown = round(100 * probability)
    return next(words for bound, words in LIKELIHOODS if shown < bound)


def position(forecast: Forecast) -> str:
    """Return the answer in a sentence, compared with the average and the last one."""
    words = event_words(forecast)
    sentence = capitalised(
        f"{words.subject} is {likelihood(forecast.probability)} to "
        f"{words.infinitive} {when(forecast)}"
    )
    if is_cumulative(forecast.task):
        sentence += f" ({span(forecast)})"
    parts = [against_average(forecast.probability, forecast.base_rate)]
    if (earlier := _against_earlier(forecast)) is not None:
        parts.append(earlier)
    return (
        f"{sentence}. The probability is {percent(forecast.probability)}, "
        f"{' and '.join(parts)}."
    )


def against_average(probability: float, base_rate: float) -> str:
    """Return how a probability compares with the historical average."""
    if base_rate == 0:
        return "and no contraction is on record"
    above, average = (
        points(probability, base_rate),
        (f"the historical average ({percent(base_rate)})"),
    )
    if abs(above) <= SAME_POINTS:
        return f"about the same as {average}"
    if probability > 2 * base_rate:
        return f"more than twice {average}"
    if probability < base_rate / 2:
        return f"less than half {average}"
    return f"{'above' if above > 0 else 'below'} {average}"


def _against_earlier(forecast: Forecast) -> str | None:
    """Return how the probability compares with the forecast before."""
    earlier = before(forecast)
    if earlier is None or forecast.explanation.change is None:
        return None
    change = points(forecast.probability, forecast.explanation.change.probability)
    if change == 0:
        return f"about the same as {earlier}"
    return f"{in_points(change)} {'above' if change > 0 else 'below'} {earlier}"


def verdict(forecast: Forecast) -> Verdict:
    """Return the confidence in the forecast, by its track record."""
    skill, none_usable = forecast.assessment.skill, no_usable_forecast(forecast)
    if skill is None or skill.n_contractions < MIN_CONTRACTIONS:
        reasons = [none_usable, _too_few(forecast)]
        return Verdict("low", CALLS["low"], " ".join(filter(None, reasons)))
    level = skill.confidence
    reasons = [
        none_usable,
        f"Tested on {record_counts(forecast)}, {accuracy(skill)}.",
        without_2020(forecast),
    ]
    if _is_worse_than_average(forecast):
        average = percent(forecast.base_rate)
        reasons.append(f"The historical average ({average}) is the better guide.")
    return Verdict(
        level,
        CALLS[level],
        " ".join(filter(None, reasons)),
        _against_baselines(forecast),
        wrong_signals(forecast),
    )


def _too_few(forecast: Forecast) -> str:
    """Return that there are too few contractions, and how accurate forecasts were."""
    skill, noun = forecast.assessment.skill, contraction_noun(forecast)
    text = (
        f"The test on {record_counts(forecast)} has too few {noun}s to judge the "
        "forecasts by."
    )
    if skill is None or skill.value is None:
        return text
    return f"{text} On these, {accuracy(skill)}."


def accuracy(skill: Skill) -> str:
    """Return how much more accurate forecasts were than the average, with interval."""
    if skill.value is None or skill.interval is None:
        return "the forecasts cannot be compared with the historical average"
    average = "than always quoting the historical average"
    interval = f"90% interval {signed_percent_range(skill.interval)}"
    if _includes_zero(skill.interval):
        return (
            f"the forecasts were {_no_gain(skill.value)} {average} (skill "
            f"{signed_percent(skill.value)}, {interval})"
        )
    return f"the forecasts were {_gain(skill.value)} {average} ({interval})"


def without_2020(forecast: Forecast) -> str | None:
    """Return the skill without 2020 in a sentence; `None` if nothing was left out."""
    skill, whole = forecast.assessment.skill_without_2020, forecast.assessment.skill
    if skill is None or whole is None or skill.n == whole.n:
        return None
    if skill.value is None or skill.interval is None:
        return None
    gain = _gain(skill.value)
    if _includes_zero(skill.interval):
        gain = _no_gain(skill.value)
    return f"Without 2020: {gain} ({signed_percent_range(skill.interval)})."


def _gain(skill: float) -> str:
    """Return a skill in words: `9% more accurate`."""
    return f"{percent(abs(skill))} {'more' if skill > 0 else 'less'} accurate"


def _no_gain(skill: float) -> str:
    """Return in words a skill whose interval includes zero."""
    return "not significantly more accurate" if skill > 0 else "no more accurate"


def _includes_zero(interval: Interval) -> bool:
    return interval[0] <= 0 <= interval[1]


def wrong_signals(forecast: Forecast) -> str:
    """Return how many signals were right, and how many were wrong."""
    counts, noun = forecast.assessment.signals, NOUN[forecast.task.frequency]
    if not counts.signals:
        return f"No {noun} was signalled."
    return (
        f"{count(counts.signals, noun)} {'was' if counts.signals == 1 else 'were'} "
        f"signalled, {counts.right:,} right and {counts.wrong:,} wrong."
    )


def record_counts(forecast: Forecast) -> str:
    """Return what a country's scores are based on: forecasts, contractions and spells.

    `77 past quarters (21 of them in 12 contractions)`.
    """
    scores, task = forecast.assessment.metrics, forecast.task
    noun, spells = NOUN[task.frequency], n_spells(forecast)
    what = contraction_noun(forecast)
    if not scores.n_contractions:
        return f"{count(scores.n, f'past {noun}')} (none of them in a {what})"
    if is_cumulative(task):
        return (
            f"{count(scores.n, 'past forecast')} (the event followed "
            f"{scores.n_contractions:,} of them; there "
            f"{'was' if spells == 1 else 'were'} "
            f"{count(spells, what)} in all)"
        )
    return (
        f"{count(scores.n, f'past {noun}')} ({scores.n_contractions:,} of them in "
        f"{count(spells, what)})"
    )


def n_spells(forecast: Forecast) -> int:
    """Return the number of unbroken runs of contractions that forecasts were about."""
    record = forecast.track_record
    scored = record[(record["model"] == "econnet") & record["outcome"].notna()]
    if scored.empty:
        return 0
    first, last = scored["period"].min(), scored["period"].max()
    if is_cumulative(forecast.task):
        first = scored["origin"].min() + 1
    return sum(
        str(first) <= episode.last and episode.first <= str(last)
        for episode in forecast.assessment.episodes
    )


def counts(scores: Scores, noun: str) -> str:
    """Return what scores are based on: `84 forecasts, event in 21`."""
    return f"{count(scores.n, noun)}, event in {scores.n_contractions:,}"


def _is_worse_than_average(forecast: Forecast) -> bool:
    """Return whether the 90% interval of the skill is below zero."""
    skill = forecast.assessment.skill
    return skill is not None and skill.interval is not None and skill.interval[1] < 0


def _against_baselines(forecast: Forecast) -> str:
    """Return a sentence that compares the forecasts with simpler models, if any."""
    verdicts = {
        name: {comparison.log_loss, comparison.brier}
        for name, comparison in forecast.assessment.comparisons.items()
        if name not in {"base_rate", "network"}
    }
    if not verdicts:
        return ""
    better = [baseline_title(name) for name, of in verdicts.items() if "loss" in of]
    beaten = [name for name, of in verdicts.items() if "win" in of and "loss" not in of]
    if better:
        return f"{capitalised(in_a_row(better))} did better."
    if not beaten and _is_worse_than_average(forecast):
        return "The historical average did better, other simple models about as well."
    if not beaten:
        return "Simpler models did about as well."
    if len(beaten) == len(verdicts):
        return f"The forecasts were better than {_all_of(len(beaten))} tested."
    models = count(len(verdicts), "simpler model")
    return (
        f"The forecasts were better than {len(beaten)} of {models} and tied with "
        f"{len(verdicts) - len(beaten)}."
    )


def _all_of(n: int) -> str:
    return "the one simpler model" if n == 1 else f"all {n} simpler models"


@dataclass(frozen=True)
class OutOfDate:
    """A warning that newer data are due.

    `passed` is whether even the forecast period is over, so that the forecast is no
    answer; `headline` and `text` are the warning.
    """

    passed: bool
    headline: str
    text: str

    @property
    def sentence(self) -> str:
        """The warning in one piece."""
        return f"{self.headline} {self.text}"


def stale(forecast: Forecast) -> OutOfDate | None:
    """Return the warning that newer data are due, or `None` where they are not."""
    today = forecast.task.as_of or forecast.made_at
    due, made_at = (
        date.fromisoformat(moment[:10]) for moment in (forecast.data.next_due, today)
    )
    if due >= made_at:
        return None
    ends = f"Data end in {period_name(forecast.data.last_period)}."
    if forecast.data.source in {"snapshot", "store"}:
        remedy = f"run `econnet fetch --country {forecast.country.alpha3}`"
    else:
        remedy = f"add newer values to {forecast.data.source}"
    if has_passed(forecast):
        return OutOfDate(True, "Out of date.", f"{ends} {capitalised(remedy)}.")
    age = _age((made_at - due).days)
    text = f"{ends} The next values were due on {day(due)} ({age} ago): {remedy}."
    return OutOfDate(False, "Newer data are due.", text)


def _age(days: int) -> str:
    if days < 60:
        return count(days, "day")
    if days < 730:
        return count(round(days / 30.44), "month")
    return count(round(days / 365.25), "year")


def decision(forecast: Forecast) -> str | None:
    """Return the decision at the user's own costs, and the costs of past ones."""
    made = forecast.decision
    if made is None:
        return None
    probability, threshold = percent(forecast.probability), percent(made.threshold)
    answer = "a signal" if made.signal else "no signal"
    side = "reaches" if made.signal else "is below"
    noun = NOUN[forecast.task.frequency]
    cheaper = ""
    if made.cost_of_always < min(made.cost, made.cost_without_signals):
        cheaper = " Always signalling would have cost less than this rule."
    elif made.cost_without_signals < made.cost:
        cheaper = " Never signalling would have cost less than this rule."
    return (
        f"If a missed {contraction_noun(forecast)} costs {made.cost_ratio:g} times as "
        f"much as a false alarm: {answer}, because {probability} {side} the threshold "
        f"of {threshold}. Past decisions by this rule: {made.right:,} right and "
        f"{made.wrong:,} wrong signals, {count(made.missed, noun)} missed; together "
        f"they cost as much as {made.cost:,.0f} false alarms "
        f"(never signalling: {made.cost_without_signals:,.0f}, always signalling: "
        f"{made.cost_of_always:,.0f}).{cheaper}"
    )


def illustration(forecast: Forecast) -> str:
    """Return what a forecast for a past period is called."""
    return (
        f"For illustration only: the forecast for {span(forecast)}, which is over, "
        f"was {percent(forecast.probability)} (90% interval "
        f"{percent_range(forecast.interval)}; historical average "
        f"{percent(forecast.base_rate)})."
    )


def made_on(forecast: Forecast) -> str:
    """Return the day on which the forecast was made: `24 November 2026`."""
    return day_of(forecast.made_at)


def dated(forecast: Forecast) -> str:
    """Return the date of a forecast after its noun: `of 24 November 2026`."""
    if forecast.task.as_of is not None:
        return f"as of {day_of(forecast.task.as_of)}"
    return f"of {made_on(forecast)}"


SHORT_PROBABILITY_NOTE = "dot: forecast, 90% interval"

# Rules by which a contraction is a fall of the growth that is shown.
MEASURED_BY_GROWTH = {"negative-growth", "year-on-year", "two-quarters"}

CALLS: dict[Confidence, str] = {
    "high": "High confidence.",
    "moderate": "Moderate confidence.",
    "low": "Low confidence.",
}

# Whole percent below the bound, and what to call it.
LIKELIHOODS: tuple[tuple[int, str], ...] = (
    (10, "very unlikely"),
    (33, "unlikely"),
    (45, "less likely than not"),
    (56, "about as likely as not"),
    (67, "more likely than not"),
    (91, "likely"),
    (101, "very likely"),
)
