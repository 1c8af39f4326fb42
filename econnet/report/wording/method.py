"""Where the data come from, how the forecast was made, and what to keep in mind."""

import shlex
from collections import Counter
from collections.abc import Mapping

from econnet.core.periods import NOUN
from econnet.data.cycle.labels import RULES
from econnet.forecast.result import Forecast
from econnet.report.wording.event import (
    contraction_noun,
    event_title,
    in_sentence,
    is_chronology,
    is_cumulative,
    span,
)
from econnet.report.wording.formatting import count, day_of, period_name, period_text
from econnet.report.wording.gaps import missing_periods
from econnet.report.wording.verdict import made_on, record_counts

# Shares of real-time values from which all count as such, and below which none do.
MIN_MOSTLY_REAL_TIME = 0.95
MIN_PARTLY_REAL_TIME = 0.05


def data(forecast: Forecast) -> str:
    """Return where the data come from and what they cover, as a sentence."""
    source = {
        "snapshot": "The data that ship with econnet",
        "store": "Data downloaded by econnet",
    }.get(forecast.data.source, f"The file {forecast.data.source}")
    # A committee's dates begin before the series that is shown for orientation.
    series = "" if is_chronology(forecast.task) else f", {forecast.target_title}"
    return (
        f"{source}, as known on {day_of(forecast.data.used_until)}; "
        f"{forecast.country.name}{series}: "
        f"{period_name(_first_period(forecast))} to "
        f"{period_name(forecast.data.last_period)}. Last value: untransformed level, "
        "in the unit shown."
    )


def _first_period(forecast: Forecast) -> str:
    """Return the first period of the target's series, or of a committee's dates."""
    if is_chronology(forecast.task):
        return forecast.data.first_period
    firsts = {it.indicator: it.first_period for it in forecast.data.series}
    return firsts.get(forecast.task.target, forecast.data.first_period)


def _unused(forecast: Forecast) -> str:
    """Return how many later releases are not used, as part of a sentence."""
    newer = forecast.data.not_yet_used
    if not newer:
        return ""
    return (
        f"; {count(len(newer), 'later release')} will be used from "
        f"{day_of(forecast.data.next_day)}"
    )


def _known_from(forecast: Forecast) -> str:
    """Return when a value counts as known in the replay, as part of a sentence."""
    lag = "once its indicator's publication lag after the end of its period has passed"
    if forecast.data.share_in_real_time < MIN_PARTLY_REAL_TIME:
        return lag
    return f"from its date of publication or, where the data give none, {lag}"


def method(forecast: Forecast) -> list[tuple[str, str]]:
    """Return how the forecast was made, as headings and paragraphs."""
    task, noun = forecast.task, NOUN[forecast.task.frequency]
    learned = (
        f"the history of {count(forecast.data.n_countries, 'country')}"
        if forecast.data.n_countries > 1
        else "the history of this country alone"
    )
    model = forecast.versions["econnet"]
    return [
        (
            "Event",
            f"{event_title(forecast)}{_definition(forecast)}. Data up to "
            f"{period_name(forecast.data.last_period)}; forecast origin "
            f"{period_text(forecast.origin)}; computed on {made_on(forecast)}.",
        ),
        (
            "Information",
            f"Values known on {day_of(forecast.data.used_until)}"
            f"{_unused(forecast)}. In the replay of history, a value counts as known "
            f"{_known_from(forecast)}. Outcomes enter training only after publication.",
        ),
        (
            "Model",
            f"{count(task.members, 'small neural network')} with one hidden layer "
            "and a linear skip connection, started from different seeds (the first "
            f"is {task.seed}) and trained on {learned}. They are combined with other "
            "models trained on the same data: a weighted mean of log-odds, with "
            "weights from the track record.",
        ),
        (
            "Track record",
            "History is replayed from the first origin with enough training data. "
            "Once a year, unless there are few new data, the models are re-estimated "
            f"on the data of that time; they then forecast each {noun} until the next "
            "re-estimation. Scaling and gap filling use the same past data only. "
            "The baselines get the same data and the same dates.",
        ),
        (
            "Interval",
            "The 90% interval accounts for calibration error (from the track record), "
            "disagreement between the models that are combined, and the number of "
            "contractions that they were trained on. It covers the true probability in "
            f"about 90% of simulated cases (econnet {model}).",
        ),
    ]


def _definition(forecast: Forecast) -> str:
    """Return the rule behind the event, in brackets."""
    if is_chronology(forecast.task):
        return (
            f" (rule {forecast.task.label}: a committee dates recessions; "
            f"{in_sentence(forecast.target_title)} is shown for orientation only)"
        )
    return f" (rule {forecast.task.label}: {forecast.meaning})"


def figures(share_in_real_time: float) -> str:
    """Return whether past forecasts use real-time data."""
    if share_in_real_time >= MIN_MOSTLY_REAL_TIME:
        return (
            "Past forecasts use the data as published at the time; outcomes are those "
            "of the newest data."
        )
    if share_in_real_time < MIN_PARTLY_REAL_TIME:
        return "Past forecasts use revised data, not the data published at the time."
    return (
        f"Past forecasts use real-time data for {share_in_real_time:.0%} of the values "
        "and revised data for the others."
    )


def caveats(forecast: Forecast) -> list[str]:
    """Return what the reader should keep in mind, the most important first."""
    noun = NOUN[forecast.task.frequency]
    notes = [figures(forecast.data.share_in_real_time)]
    if forecast.data.share_in_real_time < MIN_MOSTLY_REAL_TIME:
        notes[0] += (
            " First releases are often revised, most of all around turning points, so "
            "forecasts at the time would have been less accurate than this track "
            "record."
        )
    notes.append(
        f"The country's scores rest on {record_counts(forecast)}. Neighbouring {noun}s "
        "are similar, so they contain less information than their number suggests, "
        "and small differences between models may be due to chance."
    )
    if forecast.data.n_countries > 1:
        notes.append(
            f"The model is pooled over {forecast.data.n_countries} countries; little "
            "in it is specific to this country."
        )
    if forecast.task.frequency == "A":
        notes.append(
            "A recession that begins and ends within one year may not show in annual "
            "data, and annual data arrive late."
        )
    notes += missing_periods(forecast)
    rule = RULES.get(forecast.task.label)
    if rule and rule.caveat:
        notes.append(rule.caveat.format(noun=noun))
    notes.append(
        "The model cannot foresee shocks that its data do not show: wars, epidemics, "
        "political decisions. No model foresaw 2020."
    )
    return notes


def command(forecast: Forecast) -> str:
    """Return the command that makes the same forecast again."""
    task = forecast.task
    options = {
        **_subject(forecast),
        "--rolling-years": task.rolling_years,
        "--vintages": task.vintages if task.vintages != "real" else None,
        "--pool": task.pool,
        "--members": task.members,
        "--seed": task.seed,
        "--as-of": forecast.data.as_of,
    }
    return _command("train", options)


def provenance(forecast: Forecast) -> str:
    """Return what the forecast was made with."""
    versions = " · ".join(map(" ".join, forecast.versions.items()))
    return f"{versions} · SHA-256 of the data {forecast.provenance.data[:16]}"


def verification(forecast: Forecast) -> str:
    """Return the command that repeats the forecast and compares the report with it."""
    subject = _subject(forecast)
    if forecast.questions:
        subject |= dict.fromkeys(("--frequency", "--label", "--horizon", "--event"))
    options = {**subject, **forecast.task.cli_options(), **subject}
    return _command("report --verify", options)


def _subject(forecast: Forecast) -> dict[str, object]:
    """Return the options that identify the report, `None` for those left out."""
    task, source = forecast.task, forecast.data.source
    own_file = source not in {"snapshot", "store"}
    return {
        "--data": source if own_file else None,
        "--country": forecast.country.name if own_file else forecast.country.alpha3,
        "--frequency": task.frequency,
        "--target": task.target if task.target != "real_gdp" else None,
        "--label": task.label,
        "--horizon": task.horizon,
        "--event": task.event if task.event != "at" else None,
    }


def _command(name: str, options: Mapping[str, object]) -> str:
    given = [
        f"{option} {shlex.quote(str(value))}"
        for option, value in options.items()
        if value is not None
    ]
    return f"econnet {name} {' '.join(given)}"


def attribution(*forecasts: Forecast) -> str:
    """Return the sources in one line, by name the two of the most forecasts.

    Sources of the other countries in a training pool come last.
    """
    counts: Counter[str] = Counter()
    for forecast in forecasts:
        attributions = (series.attribution for series in forecast.data.series)
        counts.update({text.removeprefix("Source: "): 1 for text in attributions})
    for forecast in forecasts:
        counts.update(dict.fromkeys(pool_sources(forecast), 0))
    named = "; ".join(source for source, _ in counts.most_common(2))
    return f"Source: {named}{' and others' if len(counts) > 2 else ''}"


def pool_sources(forecast: Forecast) -> list[str]:
    """Return the sources that only the other countries in the training pool have."""
    own = {series.attribution for series in forecast.data.series}
    return [
        text.removeprefix("Source: ")
        for text in forecast.data.pool_attributions
        if text not in own
    ]


def credit(forecast: Forecast) -> str:
    """Return the credit of a figure that is shown without the report."""
    return (
        f"{forecast.country.name} · econnet {forecast.versions['econnet']}, "
        f"{made_on(forecast)} · {attribution(forecast)}"
    )


def citation(forecast: Forecast) -> str:
    """Return how to cite the forecast."""
    noun = NOUN[forecast.task.frequency]
    extent = f" in at least one {noun}" if is_cumulative(forecast.task) else ""
    return (
        f"The econnet developers ({forecast.made_at[:4]}). econnet "
        f"{forecast.versions['econnet']}: probability of {contraction_noun(forecast)}"
        f"{extent}, {forecast.country.name}, {span(forecast)}, made on "
        f"{made_on(forecast)}."
    )
