"""Where the data come from, how the forecast was made, and what to keep in mind."""

import shlex
from collections.abc import Mapping

from econnet.core.periods import NOUN
from econnet.data.cycle.labels import RULES
from econnet.forecast.result import Forecast
from econnet.report.wording.formatting import count, day_of
from econnet.report.wording.verdict import made_on, when

# Shares of real-time figures from which all count as such, and below which none do.
MIN_MOSTLY_REAL_TIME = 0.95
MIN_PARTLY_REAL_TIME = 0.05


def data(forecast: Forecast) -> str:
    """Return where the data come from and what they cover, as a sentence."""
    source = {
        "snapshot": "The data that ship with econnet",
        "store": "The data that econnet fetched",
    }.get(forecast.data.source, f"The file {forecast.data.source}")
    return (
        f"{source}, as known on {day_of(forecast.data.used_until)}; "
        f"{forecast.country.name}, {forecast.target_title}: "
        f"{forecast.data.first_period} to {forecast.data.last_period}. Last value is "
        "that of the series, before any transform."
    )


def _waiting(forecast: Forecast) -> str:
    """Return how many later releases are not used, as part of a sentence."""
    newer = forecast.data.not_yet_used
    if not newer:
        return ""
    return (
        f"; {count(len(newer), 'later release')} will be used from "
        f"{day_of(forecast.data.next_day)}"
    )


def method(forecast: Forecast) -> list[tuple[str, str]]:
    """Return how the forecast was made, as headings and paragraphs."""
    task, noun = forecast.task, NOUN[forecast.task.frequency]
    learned = (
        f"the history of {count(forecast.data.n_countries, 'country')}"
        if forecast.data.n_countries > 1
        else f"the history of {forecast.country.name} alone"
    )
    horizon = f"{count(task.horizon, noun)} ahead"
    if task.horizon == 0:
        horizon = "for the same period"
    model = forecast.versions["econnet"]
    return [
        (
            "What is forecast",
            f"Whether there will be a contraction in {when(forecast)}: "
            f"{forecast.meaning}. The "
            f"forecast is made in {forecast.origin}, {horizon}, by the rule "
            f"{task.label} applied to {forecast.target_title}.",
        ),
        (
            "What was known",
            f"Values known on {day_of(forecast.data.used_until)}"
            f"{_waiting(forecast)}. In the "
            "replay of history, a value counts as known once the publication lag of "
            "its indicator has passed after the end of its period, and no sooner; an "
            "outcome is learned from only once it could have been written down.",
        ),
        (
            "The forecast",
            f"{count(task.members, 'small neural network')} with one hidden layer "
            "and a straight path beside it, started from different seeds (the first "
            f"is {task.seed}) and trained on {learned}. Beside them stand "
            "extremely randomised trees, a random forest, a dynamic probit and naive "
            "Bayes that learned the same; the forecast is a mean of the log-odds of "
            "all five, with weights by their track record, stretched by a tenth.",
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


def figures(share_in_real_time: float) -> str:
    """Return whether past forecasts rest on real-time figures."""
    if share_in_real_time >= MIN_MOSTLY_REAL_TIME:
        return (
            "Past forecasts were made from the figures that stood there at the time; "
            "outcomes are by the newest."
        )
    if share_in_real_time < MIN_PARTLY_REAL_TIME:
        return "The data are revised data, not those that were published at the time."
    return (
        f"The data are partly revised data: only of {share_in_real_time:.0%} of the "
        "figures is it known what they were at the time."
    )


def caveats(forecast: Forecast) -> list[str]:
    """Return what the reader should keep in mind, the gravest first."""
    scores, noun = forecast.assessment.metrics, NOUN[forecast.task.frequency]
    notes = [figures(forecast.data.share_in_real_time)]
    if forecast.data.share_in_real_time < MIN_MOSTLY_REAL_TIME:
        notes[0] += (
            " First figures are often revised, most of all around turning points, so a "
            "forecaster at the time would have done worse than this track record."
        )
    notes.append(
        f"The country's scores rest on {count(scores.n, 'forecast')} and "
        f"{count(scores.n_contractions, 'contraction')}. Neighbouring {noun}s are "
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
    rule = RULES.get(forecast.task.label)
    if rule and rule.caveat:
        notes.append(rule.caveat.format(noun=noun))
    notes.append(
        "It cannot know what is in none of its series: wars, epidemics, decisions of "
        "governments. Nobody's model foresaw 2020."
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
    """Return what the forecast was made with, and the command that verifies it."""
    versions = " · ".join(map(" ".join, forecast.versions.items()))
    subject = _subject(forecast)
    verify = _command(
        "report --verify", {**subject, **forecast.task.cli_options(), **subject}
    )
    return (
        f"{versions} · SHA-256 of the data {forecast.provenance.data[:16]}. Made again "
        f"and compared by: {verify}"
    )


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


def attribution(forecast: Forecast) -> str:
    """Return the sources in one line, the first two by name."""
    attributions = (series.attribution for series in forecast.data.series)
    sources = list(
        dict.fromkeys(text.removeprefix("Source: ") for text in attributions)
    )
    more = " and others" if len(sources) > 2 else ""
    return f"Source: {'; '.join(sources[:2])}{more}"


def credit(forecast: Forecast) -> str:
    """Return the credit of a figure that is shown without the report."""
    return (
        f"{forecast.country.name} · econnet {forecast.versions['econnet']}, "
        f"{made_on(forecast)} · {attribution(forecast)}"
    )


def citation(forecast: Forecast) -> str:
    """Return how to cite the forecast."""
    return (
        f"The econnet developers ({forecast.made_at[:4]}). econnet "
        f"{forecast.versions['econnet']}: probability of contraction, "
        f"{forecast.country.name}, {forecast.period}, made on {made_on(forecast)}."
    )
