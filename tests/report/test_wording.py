import re
from dataclasses import replace
from io import BytesIO
from typing import Any

import pandas as pd
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.cli import output
from econnet.data.cycle.labels import BELOW_ZERO, RULES
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.confidence import Skill
from econnet.evaluation.signals import FalseAlarm, SignalCounts
from econnet.forecast import country as country_forecast
from econnet.forecast.explain.derived import DERIVED
from econnet.forecast.result import (
    DaySkill,
    Forecast,
    GrowthForecast,
    ImportanceShown,
    QuestionAnswer,
)
from econnet.report import country as country_report
from econnet.report import figures, html, wording
from econnet.report.content import content
from econnet.report.wording.formatting import (
    change_percent,
    large_number,
    period_name,
    period_text,
)
from econnet.report.wording.outlook import with_unit
from tests.builders import changed

from .conftest import without_contractions

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "0%"),
        (0.001, "under 1%"),
        (0.214, "21%"),
        (0.999, "over 99%"),
        (1.0, "100%"),
    ],
)
def test_percent_never_rounds_a_doubt_away(share: float, said: str) -> None:
    assert wording.percent(share) == said


def test_numbers_have_a_true_minus_sign_and_no_negative_zero() -> None:
    assert wording.number(-1.25, 1) == "\N{MINUS SIGN}1.2"
    assert wording.number(0.25, 2, sign=True) == "+0.25"
    assert wording.number(-0.001, 2, sign=True) == "0.00"


@pytest.mark.parametrize(
    ("period", "text"),
    [
        (pd.Period("2026Q3", "Q"), "2026 Q3"),
        (pd.Period("2026-05", "M"), "May 2026"),
        (pd.Period("2021", "Y"), "2021"),
    ],
)
def test_period_in_words(period: pd.Period, text: str) -> None:
    assert period_text(period) == text
    assert period_name(str(period)) == text


@pytest.mark.parametrize(
    ("change", "text"),
    [(-0.041, "0.04%"), (-0.6, "0.6%"), (0.0, "0.0%"), (-7.04, "7.0%")],
)
def test_small_change_is_never_rounded_to_zero(change: float, text: str) -> None:
    assert change_percent(change).lstrip("+\N{MINUS SIGN}") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (477_161_826_008.0, "477.2 billion"),
        (922_691.0, "922,691"),
        (123.94, "123.9"),
        (-0.01234, "\N{MINUS SIGN}0.0123"),
    ],
)
def test_large_numbers_are_readable(value: float, text: str) -> None:
    assert large_number(value) == text


def asked(forecast: Forecast, **task: Any) -> Forecast:  # noqa: ANN401
    """Return the forecast for another task."""
    return replace(forecast, task=replace(forecast.task, **task))


@pytest.mark.parametrize(
    ("label", "title", "question"),
    [
        ("negative-growth", "Real GDP", "Will real GDP fall in 2021?"),
        ("negative-growth", "Exports", "Will exports fall in 2021?"),
        ("negative-growth", "GDP deflator", "Will GDP deflator fall in 2021?"),
        (
            "year-on-year",
            "Real GDP",
            "Will real GDP be below its level of a year earlier in 2021?",
        ),
        (
            "nber",
            "Industrial production",
            "Will the US economy be in recession as dated by the NBER in 2021?",
        ),
        ("given:crisis", "Real GDP", "Will crisis be 1 in 2021?"),
    ],
)
def test_question_names_the_event_and_the_period(
    label: str, title: str, question: str, brazil: Forecast
) -> None:
    forecast = replace(
        asked(brazil, label=label), period=pd.Period("2021", "Y"), target_title=title
    )
    assert wording.question(forecast) == question


def test_target_that_is_growth_itself_is_shown_as_it_is(germany: Forecast) -> None:
    forecast = replace(
        germany, target_title="GDP growth", meaning=f"gdp_growth{BELOW_ZERO}"
    )
    assert wording.growth_heading(forecast) == "GDP growth, %"
    assert "GDP growth is below zero in" in wording.event_title(forecast)


@pytest.mark.parametrize("label", RULES)
def test_every_rule_has_words_for_its_event_and_its_caveat(
    germany: Forecast, label: str
) -> None:
    forecast = asked(germany, label=label)
    assert wording.event_title(forecast).startswith("Real GDP ")
    assert wording.event_title(forecast).endswith(" in 2026 Q3")
    caveats = " ".join(wording.caveats(forecast))
    assert RULES[label].caveat.format(noun="quarter") in caveats
    assert "{" not in caveats


def test_event_within_a_horizon_is_named_wherever_its_probability_is_given(
    germany: Forecast,
) -> None:
    """`2027Q3 73%` under `The coming quarters` was a cumulative probability."""
    within = replace(
        asked(germany, horizon=4, event="within"), period=germany.origin + 4
    )
    event = "in at least one of the next 4 quarters"
    assert wording.event_title(within) == f"Real GDP falls {event}"
    texts = content(within)
    assert event in texts["title"]
    assert event in texts["running"]
    assert event in texts["position"]
    assert event in wording.chance(within)
    assert texts["outlook_heading"] == "Real GDP falls in at least one quarter up to …"
    assert event in wording.probability_heading(within)
    # Neither is a past forecast one of a single quarter, four quarters ahead.
    heading = "All contractions and the forecast for the next 4 quarters"
    assert texts["all_episodes_heading"] == heading
    assert texts["skill_rows"][0][0] == "for the next 4 quarters, all forecasts"
    assert texts["skill_head"][-1] == "event occurred"
    assert "each dot: 4 quarters, shown at the last" in wording.outcomes_note(within)
    assert "quarters before the event" in texts["record"]
    assert re.search(
        r"Largest miss: \d{4} Q\d to \d{4} Q\d \(\d+%, the event occurred\)",
        texts["record"],
    )
    # The record counts the forecasts, those that the event followed, and the spells.
    counts = wording.record_counts(within)
    assert re.search(r"\(the event followed \d+ of them; there were \d+ ", counts)
    (caveat,) = [it for it in wording.caveats(within) if "scores rest on" in it]
    assert counts in caveat
    assert "contraction in at least one quarter, Germany, " in wording.citation(within)
    assert f", {wording.span(within)}, made on" in wording.citation(within)
    assert within.explanation.change is not None
    earlier = within.explanation.change.period.replace("Q", " Q")
    assert f"the forecast for the 4 quarters to {earlier}" in texts["position"]
    last, *_ = wording.change(within)
    assert last.count("for the 4 quarters to ") == 2
    assert content(germany)["outlook_heading"] == "Real GDP falls in …"


def test_record_counts_contractions_and_their_spells(germany: Forecast) -> None:
    first = germany.assessment.episodes[-1]
    record = germany.track_record
    scored = record[(record["model"] == "econnet") & record["outcome"].notna()]
    outcome = scored.sort_values("period")["outcome"]
    spells = int(((outcome == 1) & (outcome.shift(fill_value=0) == 0)).sum())
    assert first.last <= str(scored["period"].max())
    text = wording.record_counts(germany)
    assert text.startswith(f"{len(scored)} past quarters (")
    assert f"({int(outcome.sum())} of them in {spells} contractions)" in text
    (caveat,) = [it for it in wording.caveats(germany) if "scores rest on" in it]
    assert text in caveat


def nber(usa: Forecast) -> Forecast:
    """Return a forecast of recessions as dated by a committee."""
    return replace(
        asked(usa, label="nber"),
        target_title="Industrial production",
        meaning="recession by the chronology of the NBER",
    )


def test_report_on_nber_recessions_names_who_dates_them(germany: Forecast) -> None:
    forecast = nber(germany)
    (_, event), *_ = wording.method(forecast)
    assert "a committee dates recessions" in event
    assert "industrial production is shown for orientation only" in event
    assert "rule nber applied to" not in event
    assert "for orientation" in wording.growth_note(forecast)
    assert "recessions as dated by the committee" in wording.growth_note(forecast)
    assert "recession" in wording.record_counts(forecast)
    assert content(forecast)["episodes_heading"] == "Past recessions"
    assert wording.growth_note(germany) == "shaded: contractions"
    assert "A recession is called by" in content(forecast)["signals_explained"]
    # Changes of production are named where only the recessions have a heading.
    note = content(forecast)["all_episodes_note"]
    assert note == "change: industrial production, shown for orientation"
    assert content(germany)["all_episodes_note"] is None


def test_head_of_every_page_names_the_event(germany: Forecast) -> None:
    """`United States · in November 2026: 2%` named no event."""
    for forecast, event in (
        (germany, "Real GDP falls in 2026 Q3"),
        (nber(germany), "recession in 2026 Q3"),
    ):
        running = content(forecast)["running"]
        assert running.startswith(f"Germany · {event}: ")
        assert len(running) <= 75


def test_track_record_names_the_outcome_of_a_period_not_of_what_followed(
    germany: Forecast,
) -> None:
    text = wording.track_record(germany)
    assert re.search(r"Largest miss: \d{4} Q\d \(\d+%, a contraction\)", text)
    assert re.search(
        r"Largest false alarm: .+ \((up to \d+|over 99)%, no contraction\)", text
    )
    assert "for quarters of contraction" in text
    assert "for quarters of growth" in text


def test_contractions_too_few_to_judge_by_are_counted_as_spells(
    germany: Forecast,
) -> None:
    """Four years of one contraction were `4 contractions`."""
    skill = skilled(0.4, 0.1, 0.6, n_contractions=4)
    assert wording.record_counts(germany) in judged(germany, skill).reason
    metrics = replace(germany.assessment.metrics, n_contractions=0)
    none = wording.record_counts(changed(germany, metrics=metrics))
    assert none.endswith("(none of them in a contraction)")


def test_one_spell_is_in_the_singular(germany: Forecast) -> None:
    """A record had `there were 1 contraction in all`."""
    within = asked(germany, horizon=4, event="within")
    last = germany.assessment.episodes[-1]
    text = wording.record_counts(changed(within, episodes=(last,)))
    assert "there was 1 contraction in all" in text


def test_long_run_of_signals_is_not_shown_as_a_lead(germany: Forecast) -> None:
    """A run of wrong signals that ended in a contraction was `9 years before`."""
    yearly = replace(germany.task, frequency="A", horizon=1)
    episode = replace(
        germany.assessment.episodes[-1],
        first="2019",
        last="2020",
        first_probability=0.2,
        first_signal="2010",
        periods_early=9,
    )
    assert wording.signalled(episode, yearly) == "in a run since 2010"
    near = replace(episode, first_signal="2017", periods_early=2)
    assert wording.signalled(near, yearly) == "2 years before"
    # Eight of the nine years are those of the horizon.
    far = replace(episode, first_signal="2010", periods_early=9)
    assert wording.signalled(far, replace(yearly, horizon=8)) == "9 years before"


def test_quarters_above_the_trend_are_not_called_growth(germany: Forecast) -> None:
    trend = asked(germany, label="growth-cycle")
    assert content(trend)["skill_head"][-1] == "in contraction"
    assert "quarters of growth" not in wording.track_record(trend)


def skilled(value: float, low: float, high: float, **fields: Any) -> Skill:  # noqa: ANN401
    return Skill(value, (low, high), **{"n": 77, "n_contractions": 21, **fields})


def judged(forecast: Forecast, skill: Skill) -> wording.Verdict:
    return wording.verdict(changed(forecast, skill=skill, skill_without_2020=skill))


@pytest.mark.parametrize(
    ("skill", "call"),
    [
        (skilled(0.32, 0.25, 0.39), "High confidence."),
        (skilled(0.09, 0.05, 0.13), "Moderate confidence."),
        (skilled(0.14, -0.03, 0.32), "Low confidence."),
        (skilled(-0.1, -0.2, -0.01), "Low confidence."),
        (skilled(0.4, 0.1, 0.6, n_contractions=4), "Low confidence."),
    ],
)
def test_verdict_depends_on_the_interval_of_the_skill(
    skill: Skill, call: str, germany: Forecast
) -> None:
    """Andorra and Nigeria had earned `some trust` with intervals that include zero."""
    verdict = judged(germany, skill)
    assert verdict.call == call
    assert verdict.alarm == (call == "Low confidence.")


def test_verdict_names_its_figures(germany: Forecast) -> None:
    text = judged(germany, skilled(0.32, 0.25, 0.39)).text
    assert "32% more accurate than always quoting the historical average" in text
    assert "(90% interval +25% to +39%)" in text
    counts = germany.assessment.signals
    assert f"{counts.right} right and {counts.wrong} wrong" in text
    few = judged(germany, skilled(0.4, 0.1, 0.6, n_contractions=4)).reason
    assert "too few contractions to judge the forecasts by" in few


def test_skill_whose_interval_includes_zero_is_not_called_a_gain(
    germany: Forecast,
) -> None:
    said = {-0.17: "no more", 0.0: "no more", 0.28: "not significantly more"}
    for value, words in said.items():
        uncertain = skilled(value, value - 0.3, value + 0.3)
        text = judged(germany, uncertain).reason
        assert f"were {words} accurate than always quoting" in text
        assert "% more accurate" not in text
        assert "% less accurate" not in text
        assert "better guide" not in text
    worse = judged(germany, skilled(-0.1, -0.2, -0.01)).reason
    assert "10% less accurate than always quoting the historical average" in worse
    assert "The historical average (29%) is the better guide." in worse


def test_no_usable_forecast_exists_where_no_coming_question_has_skill(
    germany: Forecast,
) -> None:
    """Two questions about periods that were over had proven skill."""
    good, poor = skilled(0.4, 0.2, 0.6), skilled(0.1, -0.1, 0.3)
    over = question_on(germany, "2026Q1", good)
    coming = [question_on(germany, period, poor) for period in ("2026Q4", "2027Q3")]
    forecast = replace(changed(germany, skill=poor), questions=(over, *coming))
    reason = wording.verdict(forecast).reason
    assert reason.startswith(
        "No usable forecast exists: none of the 2 questions about future periods has "
        "proven skill."
    )
    assert wording.headline_reason(forecast) is None
    rows = wording.question_rows(forecast)
    assert [row[0].endswith("(period over)") for row in rows] == [True, False, False]
    alone = replace(forecast, questions=tuple(coming))
    assert "none of the 2 questions compared" in wording.verdict(alone).reason
    proven = replace(changed(germany, skill=good), questions=tuple(coming))
    assert wording.headline_reason(proven) == (
        "Of the 2 questions compared, this one has the best proven skill."
    )
    assert "No usable" not in wording.verdict(proven).text


def test_terminal_has_each_figure_of_a_question_under_its_heading(
    germany: Forecast, capsys: pytest.CaptureFixture[str]
) -> None:
    coming = question_on(germany, "2026Q4", skilled(0.1, -0.1, 0.3))
    output.print_verdict(replace(germany, questions=(coming,)))
    printed = capsys.readouterr().out
    head, row = printed[printed.index("question  ") :].splitlines()[:2]
    for title, figure in (("skill", "+10%"), ("90% interval", f"{MINUS}10% to +30%")):
        assert row[head.index(title) :].startswith(figure)
    assert "confidence" not in head


def question_on(forecast: Forecast, period: str, skill: Skill) -> QuestionAnswer:
    """Return the answer to the question of a forecast about another period."""
    return QuestionAnswer(
        task=forecast.task,
        as_of="2026-11-24",
        origin=forecast.origin,
        period=pd.Period(period, "Q"),
        target_title=forecast.target_title,
        meaning=forecast.meaning,
        probability=0.2,
        interval=(0.1, 0.3),
        base_rate=0.29,
        skill=skill,
    )


def test_skill_is_given_for_every_horizon_with_its_interval(
    germany: Forecast,
) -> None:
    whole, without = skilled(0.32, 0.25, 0.39), skilled(0.11, 0.02, 0.2, n=73)
    forecast = changed(germany, skill=whole, skill_without_2020=without)
    rows = {row[0]: row[1:4] for row in content(forecast)["skill_rows"]}
    assert rows == {
        "one quarter ahead, all forecasts": ["+32%", "+25% to +39%", "high"],
        "one quarter ahead, without 2020": ["+11%", "+2% to +20%", "moderate"],
        "2 quarters ahead": ["+10%", "+2% to +30%", "moderate"],
        "3 quarters ahead": ["0%", f"{MINUS}8% to +30%", "low"],
        "4 quarters ahead": [f"{MINUS}10%", f"{MINUS}18% to +30%", "low"],
    }
    # An end of the interval is on its side of zero, as in the text.
    near = changed(germany, skill=skilled(0.1, 0.004, 0.2))
    assert content(near)["skill_rows"][0][2] == "+0.4% to +20%"
    same = changed(germany, skill=whole, skill_without_2020=whole)
    assert len(content(same)["skill_rows"]) == 4  # without 2020 nothing is left out


def test_skill_by_day_is_the_same_in_terminal_page_and_pdf(
    germany: Forecast, capsys: pytest.CaptureFixture[str]
) -> None:
    days = (
        DaySkill("45", 0.2271, 0.83, skilled(0.33, 0.14, 0.52), None, None),
        DaySkill("end", 0.2008, None, skilled(0.41, 0.2, 0.61), 0.08, (0.02, 0.14)),
    )
    forecast = changed(germany, skill_by_day=days)
    rows = [
        ["day 45", "0.83", "0.227", "+33%", "+14% to +52%", DASH, DASH],
        ["end", DASH, "0.201", "+41%", "+20% to +61%", "+8%", "+2% to +14%"],
    ]
    assert content(forecast)["day_rows"] == rows
    output.print_verdict(forecast)
    terminal = " ".join(capsys.readouterr().out.split())
    page = " ".join(re.sub("<[^>]*>", " ", html.as_html(forecast)).split())
    pdf = country_report.as_pdf(forecast, figures.draw(forecast), "a4")
    pages = pypdf.PdfReader(BytesIO(pdf)).pages
    printed = " ".join(" ".join(page.extract_text() for page in pages).split())
    for text in (terminal, page, printed):
        assert "Skill by information day" in text
        for row in rows:
            assert " ".join(row) in text
    assert "Skill by information day" not in html.as_html(germany)


def test_verdict_gives_the_skill_without_2020_where_it_differs(
    germany: Forecast,
) -> None:
    whole = skilled(0.32, 0.25, 0.39)
    without = skilled(0.11, 0.02, 0.2, n=73)
    text = wording.verdict(
        changed(germany, skill=whole, skill_without_2020=without)
    ).reason
    assert "Without 2020: 11% more accurate (+2% to +20%)." in text
    assert "2020" not in judged(germany, whole).reason


EVEN = Comparison(0.0, (-0.1, 0.1), None, 0.0, (-0.1, 0.1), None, None, None)
BETTER = replace(EVEN, log_loss_interval=(-0.2, -0.1))
WORSE = replace(EVEN, log_loss_interval=(0.1, 0.2))


@pytest.mark.parametrize(
    ("comparisons", "sentence"),
    [
        ({"logit": EVEN, "naive_bayes": EVEN}, "Simpler models did about as well."),
        ({"logit": BETTER, "naive_bayes": EVEN}, "better than 1 of 2 simpler models"),
        ({"logit": WORSE, "naive_bayes": EVEN}, "Logistic regression did better."),
        ({"logit": BETTER, "naive_bayes": BETTER}, "better than all 2 simpler models"),
    ],
)
def test_simpler_models_are_compared_by_intervals_everywhere(
    comparisons: dict[str, Comparison], sentence: str, germany: Forecast
) -> None:
    """Page 1 named models that `did better`, page 3 called them even."""
    scores = germany.assessment.baselines["logit"]
    forecast = changed(
        germany,
        skill=skilled(0.1, -0.1, 0.3),
        comparisons={"base_rate": EVEN, **comparisons},
        baselines=dict.fromkeys(("base_rate", *comparisons), scores),
    )
    assert sentence in wording.verdict(forecast).comparison
    rows = {row["name"]: row for row in content(forecast)["long_scores"]["rows"]}
    assert ("did better" in sentence) == any(
        row["against"] and row["against"]["loss"] for row in rows.values()
    )


def test_average_that_did_better_is_not_left_out_among_simpler_models(
    germany: Forecast,
) -> None:
    """Page 2 said that simpler models did about as well, page 1 named a better one."""
    verdict = wording.verdict(
        changed(
            germany,
            skill=skilled(-0.17, -0.34, -0.01),
            comparisons={"base_rate": WORSE, "logit": EVEN},
        )
    )
    assert verdict.comparison == (
        "The historical average did better, other simple models about as well."
    )


@pytest.mark.parametrize(
    ("probability", "base_rate", "said"),
    [
        (0.3, 0.29, "about the same as the historical average (29%)"),
        (0.4, 0.29, "above the historical average (29%)"),
        (0.2, 0.29, "below the historical average (29%)"),
        (0.6, 0.29, "more than twice the historical average (29%)"),
        (0.1, 0.29, "less than half the historical average (29%)"),
        (0.1, 0.0, "no contraction is on record"),
    ],
)
def test_position_compares_with_the_historical_average(
    probability: float, base_rate: float, said: str, germany: Forecast
) -> None:
    forecast = changed(
        germany, probability=probability, base_rate=base_rate, change=None
    )
    assert said in wording.position(forecast)


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.02, "very unlikely"),
        (0.1, "unlikely"),
        (0.5, "about as likely as not"),
        (0.8, "likely"),
        (1.0, "very likely"),
    ],
)
def test_probability_in_words(
    probability: float, words: str, germany: Forecast
) -> None:
    forecast = changed(germany, probability=probability)
    assert f"Real GDP is {words} to fall in" in wording.position(forecast)


@given(probability=st.floats(0.0, 1.0))
def test_page_gives_probabilities_as_percentages_only(
    probability: float, germany: Forecast
) -> None:
    """`1 in 50` was printed above `3%`: both came from one probability."""
    forecast = changed(germany, probability=probability)
    texts = [wording.position(forecast), wording.chance(forecast)]
    assert all(wording.percent(probability) in text for text in texts)
    assert not any(re.search(r"\b1 in \d", text) for text in texts)


@pytest.mark.parametrize(
    ("previous", "said"),
    [
        (0.15, "6 percentage points above the forecast for"),
        (0.22, "1 percentage point below the forecast for"),
        (0.212, "about the same as the forecast for"),
    ],
)
def test_position_gives_the_change_since_the_period_before(
    previous: float, said: str, germany: Forecast
) -> None:
    assert germany.explanation.change is not None
    before = replace(germany.explanation.change, probability=previous)
    forecast = changed(germany, probability=0.21, change=before)
    assert said in wording.position(forecast)
    assert period_text(germany.period - 1) in wording.position(forecast)


def test_size_of_past_falls_is_given_where_the_event_is_a_fall(
    germany: Forecast,
) -> None:
    periods = pd.period_range("2000Q1", periods=4, freq="Q")
    history = pd.DataFrame(
        {"growth": [-0.2, 0.5, -0.6, -4.0], "contraction": [1.0, 0.0, 1.0, 1.0]},
        periods,
    )
    forecast = replace(germany, history=history)
    text = "median fall in past quarters of contraction 0.6%"
    assert wording.typical_fall(forecast) == text
    assert text in content(forecast)["facts"]
    assert wording.typical_fall(nber(forecast)) is None


def test_probability_of_a_deep_fall_is_given_where_growth_is_forecast(
    germany: Forecast,
) -> None:
    assert wording.deep_fall(germany) is None
    growth = GrowthForecast(-1.2, 0.4, 1.5, 0.08)
    forecast = replace(germany, growth=growth)
    assert wording.deep_fall(forecast) == "probability of a fall over 1%: 8%"
    assert wording.deep_fall(nber(forecast)) is None


def test_newest_forecasts_end_with_todays(germany: Forecast) -> None:
    forecasts = wording.last_forecasts(germany)
    assert len(forecasts) == 3
    assert forecasts[-1] == (
        period_text(germany.period),
        wording.percent(germany.probability),
    )


def test_data_are_old_from_the_day_after_the_next_figure_is_due(
    germany: Forecast,
) -> None:
    due = replace(germany.data, next_due="2026-11-24")
    assert wording.stale(replace(germany, data=due)) is None
    overdue = replace(germany.data, next_due="2026-11-23")
    warning = wording.stale(
        replace(germany, data=overdue, period=pd.Period("2026Q4", "Q"))
    )
    assert warning is not None
    assert not warning.passed
    assert "due on 23 November 2026 (1 day ago)" in warning.text
    assert "run `econnet fetch --country DEU`" in warning.text


def test_forecast_for_a_past_period_has_no_headline(brazil: Forecast) -> None:
    """Its data end in 2019, and the report is of 2026."""
    texts = content(brazil)
    assert texts["passed"]
    assert texts["headline"] == "Out of date"
    ends = str(brazil.data.last_period)
    assert texts["stale"] == f"Data end in {ends}. Run econnet fetch --country BRA."
    assert texts["running"].endswith("out of date")
    assert texts["position"].startswith("For illustration only: the forecast for")
    assert not any(
        wording.percent(brazil.probability) in texts[key]
        for key in ("headline", "question", "title")
    )


def test_head_of_the_page_gives_the_day_whose_data_were_used(
    germany: Forecast,
) -> None:
    earlier = asked(germany, as_of="2008-03-31")
    made = changed(germany, made_at="2026-11-24T10:00:00+00:00")
    assert content(made)["made"].startswith("Forecast of 24 November 2026 · data to ")
    assert content(earlier)["made"].startswith("Forecast as of 31 March 2008 · ")


def test_forecast_as_of_an_earlier_day_is_not_called_past(
    germany: Forecast,
) -> None:
    asked_then = replace(
        asked(germany, as_of="2008-03-31"),
        period=pd.Period("2008Q2", "Q"),
        data=replace(germany.data, next_due="2008-05-15"),
    )
    assert wording.stale(asked_then) is None
    assert content(asked_then)["headline"] == wording.percent(germany.probability)


def test_old_file_of_the_users_own_is_not_to_be_fetched(germany: Forecast) -> None:
    own = replace(germany.data, source="firms.csv", next_due="2020-01-01")
    warning = wording.stale(replace(germany, data=own))
    assert warning is not None
    assert "fetch" not in warning.text
    assert "firms.csv" in warning.text


def test_command_quotes_what_a_shell_would_read_otherwise(germany: Forecast) -> None:
    forecast = replace(germany, data=replace(germany.data, source="my data; rm *.csv"))
    command = wording.command(forecast)
    assert command.startswith(
        "econnet train --data 'my data; rm *.csv' --country Germany"
    )
    assert "--target" not in command


def test_report_names_what_it_was_made_with_and_how_to_verify_it(
    germany: Forecast,
) -> None:
    within = replace(germany.task, event="within", vintages="revised", rolling_years=30)
    asked = replace(germany, task=within)
    said = wording.provenance(asked)
    for name, version in germany.versions.items():
        assert f"{name} {version}" in said
    assert germany.provenance.data[:16] in said
    subject = (
        "--country DEU --frequency Q --label negative-growth --horizon 1 --event within"
    )
    verify = wording.verification(asked)
    assert verify.startswith(f"econnet report --verify {subject} --rolling-years 30")
    assert "--vintages revised" in verify
    assert wording.command(asked).startswith(
        f"econnet train {subject} --rolling-years 30 --vintages revised --pool auto"
    )


def test_contributions_lead_from_the_average_to_the_forecast(germany: Forecast) -> None:
    one = replace(
        germany.explanation.drivers[0], title="Exports", contribution=1.0986122886681098
    )
    forecast = changed(germany, probability=0.5, drivers=(one,))
    text = " ".join(wording.drivers(forecast))
    assert "the model gives 25%; today's data raise that to 50%" in text
    assert "Raising the forecast: Exports (+25.0)." in text
    assert "Lowering it" not in text


@given(before=st.floats(0.01, 0.99), now=st.floats(0.01, 0.99))
def test_parts_of_the_change_add_up_to_it(
    before: float, now: float, germany: Forecast
) -> None:
    change = germany.explanation.change
    assert change is not None
    forecast = changed(
        germany, probability=now, change=replace(change, probability=before)
    )
    parts = wording.change_parts(forecast)
    assert sum(part.points for part in parts) == pytest.approx(100 * (now - before))
    assert len(parts) == len(change.movements) + 1


def test_largest_false_alarm_of_the_text_is_in_the_list(germany: Forecast) -> None:
    """The text named 2009Q4, which the list of false alarms lacked."""
    alarm = max(germany.assessment.false_alarms, key=lambda it: it.highest_probability)
    text = wording.track_record(germany)
    assert f"Largest false alarm: {period_name(alarm.first)}" in text
    listed = [row[0] for row in content(germany)["false_alarms"]]
    assert any(row.startswith(period_name(alarm.first)) for row in listed)
    none = changed(germany, false_alarms=())
    assert "No signal was wrong." in wording.track_record(none)


def test_users_own_costs_give_a_decision_and_the_cost_of_past_ones(
    germany: Forecast,
) -> None:
    assert wording.decision(germany) is None
    decided = country_forecast.with_decision(germany, 5.0)
    made = decided.decision
    assert made is not None
    text = wording.decision(decided)
    assert text is not None
    assert text.startswith(
        "If a missed contraction costs 5 times as much as a false alarm: "
    )
    assert f"{made.right} right and {made.wrong} wrong signals" in text
    assert made.n == germany.assessment.metrics.n
    assert made.right + made.missed == germany.assessment.metrics.n_contractions
    assert content(decided)["decision"] == text


@pytest.mark.parametrize(
    ("ratio", "wrong", "told"),
    [
        (5.0, 70, " Always signalling would have cost less than this rule."),
        (1.0, 20, " Never signalling would have cost less than this rule."),
        (3.0, 10, ""),
    ],
)
def test_constant_answer_that_would_have_cost_less_is_named(
    germany: Forecast, ratio: float, wrong: int, told: str
) -> None:
    """Five of 20 contractions in 100 periods are missed, so a rule costs 5 ratios."""
    made = country_forecast.with_decision(germany, ratio).decision
    assert made is not None
    made = replace(made, right=15, wrong=wrong, missed=5, n_contractions=20, n=100)
    text = wording.decision(replace(germany, decision=made))
    assert text is not None
    assert text.endswith(f"always signalling: 80).{told}")


def test_unit_is_that_of_the_series(germany: Forecast) -> None:
    """Dollars of the World Bank were called national currency."""
    first, second, *_ = germany.data.series
    data = replace(
        germany.data,
        series=(
            replace(first, unit="constant 2015 US dollars", last_value=477_161_826_008),
            replace(second, unit="millions of euros", last_value=922_691.0),
        ),
    )
    rows = content(replace(germany, data=data))["series"]
    assert [(row["last"], row["unit"]) for row in rows] == [
        ("477.2 billion", "constant 2015 US dollars"),
        ("922,691", "millions of euros"),
    ]


def test_contraction_by_year_on_year_change_is_headed_by_its_measure(
    germany: Forecast,
) -> None:
    yearly = asked(germany, label="year-on-year")
    assert content(yearly)["change_heading"] == "on a year earlier"
    assert content(germany)["change_heading"] == "change"


def test_signals_are_counted_in_plain_numbers(germany: Forecast) -> None:
    counts = SignalCounts(right=10, wrong=29, contractions=21, expansions=56)
    text = wording.signal_counts(changed(germany, signals=counts))
    assert "39 quarters signalled: 10 right, 29 wrong." in text
    shares = "48% of quarters of contraction and 52% of quarters of growth"
    assert f"{shares} were signalled." in text


def test_drivers_and_groups_share_their_names(germany: Forecast) -> None:
    """Four drivers that are not indicators had one name as driver, one as group."""
    drivers = tuple(
        replace(germany.explanation.drivers[0], title=title, group=group)
        for title, group in DERIVED.values()
    )
    groups = wording.by_group(changed(germany, drivers=drivers))
    assert set(groups) == {title for title, _ in DERIVED.values()}


def test_many_small_movements_are_shown_by_group(germany: Forecast) -> None:
    """The second longest bar was that of 106 others."""
    change = germany.explanation.change
    assert change is not None
    movement = change.movements[0]
    small = tuple(
        replace(movement, indicator=f"x{n}", title=f"X{n}", group=group)
        for n, group in enumerate(["labour", "prices"] * 20)
    )
    forecast = changed(germany, change=replace(change, movements=small))
    *groups, rest = wording.change_rows(forecast)
    assert {part.title for part in groups} == {"Labour market", "Prices"}
    assert "Arrows" not in content(forecast)["readings"]["change"]
    points = sum(part.points for part in (*groups, rest))
    assert points == pytest.approx(100 * (germany.probability - change.probability))
    few = changed(germany, change=replace(change, movements=small[:15]))
    assert "Arrows" in content(few)["readings"]["change"]
    titles = [part.title for part in wording.change_rows(few)]
    assert titles[5:] == ["10 others", rest.title]


def test_own_data_were_not_retrieved(germany: Forecast) -> None:
    series = replace(
        germany.data.series[0],
        source="file",
        attribution="firms.csv",
        retrieved_at="2026-09-13",
    )
    pool = (series.attribution,)
    data = replace(germany.data, series=(series,), pool_attributions=pool)
    (line,) = content(replace(germany, data=data))["sources"]
    assert line == "firms.csv. Your own data; newest value known on 13 September 2026."


def test_sources_of_the_whole_training_pool_are_credited(germany: Forecast) -> None:
    """Only the country's own sources were named, although others trained the model."""
    own = germany.data.series[0].attribution
    pool = (own, "Source: IBGE", "Statistics Canada")
    pooled = replace(germany, data=replace(germany.data, pool_attributions=pool))
    *_, last = content(pooled)["sources"]
    assert last == "Other countries in the training pool: IBGE; Statistics Canada."
    named = own.removeprefix("Source: ")
    assert wording.attribution(pooled) == f"Source: {named}; IBGE and others"
    assert "IBGE" in wording.credit(pooled)
    alone = replace(germany, data=replace(germany.data, pool_attributions=(own,)))
    assert wording.attribution(alone) == f"Source: {named}"
    assert not any("pool" in line for line in content(alone)["sources"])


def test_brief_notes_where_no_release_matters(germany: Forecast) -> None:
    assert wording.watch(germany)
    assert wording.watch_note(germany) is None
    flat = tuple(
        replace(curve, probabilities=(0.2,) * len(curve.values))
        for curve in germany.explanation.response_curves
    )
    still = changed(germany, response_curves=flat)
    assert wording.watch(still) == []
    assert content(still)["watch_note"].startswith("No single release would move")


def test_highest_false_alarms_are_listed_in_chronological_order(
    germany: Forecast,
) -> None:
    alarms = tuple(
        FalseAlarm("DEU", f"{year}Q1", f"{year}Q2", 2, (year % 10) / 10)
        for year in range(1990, 2010)
    )
    texts = content(changed(germany, false_alarms=alarms))
    years = [row[0][:4] for row in texts["false_alarms"]]
    assert years == [str(year) for year in range(1990, 2010) if year % 10 >= 3]
    assert texts["false_alarms_count"] == "The 14 highest of 20"


def test_flat_curves_and_curves_without_todays_value_are_left_out(
    germany: Forecast,
) -> None:
    curves = germany.explanation.response_curves
    flat = replace(curves[0], probabilities=(0.2,) * len(curves[0].values))
    unknown = replace(curves[1], current=None)
    forecast = changed(germany, response_curves=(flat, unknown, curves[0]))
    assert wording.shown_curves(forecast) == (curves[0],)


def test_every_figure_is_described_without_repeating_its_heading(
    germany: Forecast, brazil: Forecast
) -> None:
    for forecast in (germany, brazil):
        texts = [figures.alt(forecast, name) for name in figures.DRAWINGS]
        assert all(len(text) > 40 for text in texts)
        assert not any("change from the" in text for text in texts)


def test_texts_suit_a_country_that_never_contracted(germany: Forecast) -> None:
    forecast = without_contractions(germany)
    assert "no contraction is on record" in wording.position(forecast)
    assert "Largest miss" not in wording.track_record(forecast)
    assert "0 quarters shaded" in figures.alt(forecast, "history")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\x00b", "a\ufffdb"),
        ("a\r\nb", "a b"),
        ("\ud800", "\ufffd"),
        ("Curaçao", "Curaçao"),
    ],
)
def test_printable_keeps_letters_and_nothing_else(text: str, said: str) -> None:
    assert wording.printable(text) == said


@pytest.mark.parametrize(
    ("share", "revised"), [(0.0, True), (0.5, True), (0.96, False), (1.0, False)]
)
def test_foot_calls_the_data_revised_only_where_they_are(
    share: float, revised: bool, germany: Forecast
) -> None:
    data = replace(germany.data, share_in_real_time=share)
    foot = " ".join(content(replace(germany, data=data))["foot"])
    assert ("revised data" in foot.lower()) == revised
    assert wording.figures(share) in foot


def test_report_on_real_vintages_names_the_dates_of_publication(
    germany: Forecast,
) -> None:
    lag = "once its indicator's publication lag after the end of its period has passed"
    for share, words in (
        (0.0, f"counts as known {lag}."),
        (1.0, "counts as known from its date of publication"),
    ):
        data = replace(germany.data, share_in_real_time=share)
        information = dict(wording.method(replace(germany, data=data)))["Information"]
        assert words in information


def test_names_of_the_users_columns_begin_sentences_in_upper_case(
    germany: Forecast,
) -> None:
    named = replace(germany, target_title="value")
    assert wording.growth_heading(named).startswith("Value, change from")


def test_value_has_its_unit() -> None:
    assert with_unit(2.61, "change, percent") == "2.6%"
    assert with_unit(34.7, "percent of GDP") == "34.7% of GDP"
    assert with_unit(1.2, "change, percentage points") == "1.2 percentage points"
    assert with_unit(98.04, "") == "98.0"


def test_caveat_counts_what_the_scores_rest_on_as_the_brief_does(
    germany: Forecast,
) -> None:
    """It gave 86 contractions where the event followed 86 of 122 forecasts."""
    within = replace(
        asked(germany, horizon=4, event="within"), period=germany.origin + 4
    )
    for forecast in (germany, within, nber(germany)):
        caveats = " ".join(wording.caveats(forecast))
        assert f"scores rest on {wording.record_counts(forecast)}." in caveats


def test_earlier_forecast_of_several_periods_is_named_by_all_of_them(
    germany: Forecast,
) -> None:
    change = germany.explanation.change
    assert change is not None
    last = germany.origin + 4
    within = replace(asked(germany, horizon=4, event="within"), period=last)
    forecast = changed(within, change=replace(change, period=str(last - 1)))
    earlier = f"the 4 quarters to {period_text(last - 1)}"
    assert f"the forecast for {earlier} (" in wording.position(forecast)
    now = f"the 4 quarters to {period_text(last)}"
    assert f" for {now}, after " in wording.change(forecast)[0]
    assert f" for {earlier} (" in wording.change(forecast)[0]


def test_replay_counts_forecasts_from_their_first_period(germany: Forecast) -> None:
    """Forecasts of four quarters were counted as quarters, from the last of four."""
    own = germany.track_record.query("model == 'econnet'").dropna(subset=["outcome"])
    start = period_text(own["period"].min())
    assert f"; {len(own)} forecasts, for {start} to " in wording.track_record(germany)
    within = asked(germany, horizon=4, event="within")
    start = period_text(own["origin"].min() + 1)
    assert f"; {len(own)} forecasts, for {start} to " in wording.track_record(within)


def test_fall_of_more_than_1_percent_is_that_of_one_of_several_periods(
    germany: Forecast,
) -> None:
    growth = GrowthForecast(-1.2, 0.4, 1.5, 0.08)
    within = replace(asked(germany, horizon=4, event="within"), growth=growth)
    fall = wording.deep_fall(within)
    assert fall == "probability of a fall over 1% in at least one quarter: 8%"


def test_contraction_before_the_test_is_not_among_those_signalled(
    germany: Forecast,
) -> None:
    """Of `8 spells` on one page, `2 of 7 contractions had a signal` on another."""
    first, *others = (
        each
        for each in germany.assessment.episodes
        if each.first_probability is not None
    )
    assert "that began during the test" not in wording.signal_counts(germany)
    partly = replace(first, first_probability=None, first_signal=None)
    forecast = changed(germany, episodes=(partly, *others))
    text = wording.signal_counts(forecast)
    assert f"of {len(others)} contractions that began during the test had" in text


def test_span_of_the_data_is_that_of_the_table(germany: Forecast) -> None:
    """`1995 Q2 to 2026 Q2` was above a table with `1995 Q1` to `2026 Q2`."""
    texts = content(germany)
    (target,) = (
        series
        for series in germany.data.series
        if series.indicator == germany.task.target
    )
    assert f"Real GDP: {period_name(target.first_period)} to " in texts["data"]
    assert texts["series"][0]["periods"].startswith(period_name(target.first_period))


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("percent per year", 0.42, "0.42"),
        ("percentage points", -0.1, f"{MINUS}0.10"),
        ("points", 0.4, "0.40"),
        ("index, 2017 = 100", 103.0, "103.0"),
    ],
)
def test_rates_have_two_decimals(
    unit: str, value: float, text: str, germany: Forecast
) -> None:
    series = replace(germany.data.series[0], unit=unit, last_value=value)
    data = replace(germany.data, series=(series,))
    (row,) = content(replace(germany, data=data))["series"]
    assert row["last"] == text


def test_series_of_the_users_file_is_named_by_its_column(germany: Forecast) -> None:
    series = replace(germany.data.series[0], source="file", series_id="orders")
    data = replace(germany.data, series=(series,))
    (row,) = content(replace(germany, data=data))["series"]
    assert row["id"] == "column orders"


def test_indicators_with_commas_in_their_names_are_separated_by_semicolons(
    germany: Forecast,
) -> None:
    """`Building permits, South, Exports` could be three indicators or two."""
    names = ["Building permits, South", "Exports", "Imports", "Wages", "Jobs", "Rates"]
    shown = tuple(
        ImportanceShown(name, name, "demand", 0.002, (0.001, 0.003)) for name in names
    )
    text = wording.importance(changed(germany, importance=shown))
    assert "Building permits, South; Exports; Imports; Wages; Jobs; and 1 more" in text


def test_month_without_a_value_is_among_the_caveats(germany: Forecast) -> None:
    """The United States published no consumer prices for October 2025."""
    months = [str(month) for month in pd.period_range("2024-01", "2026-06", freq="M")]
    some = tuple(month for month in months if month != "2025-10")
    prices, rate = (
        replace(each, title=title, frequency="M", recent_periods=some)
        for each, title in zip(
            germany.data.series, ("Consumer prices", "Unemployment rate"), strict=False
        )
    )
    whole = replace(prices, recent_periods=tuple(months))
    old = replace(prices, recent_periods=("2016-01", "2016-03", *months))
    for series, said in (((prices, rate), True), ((whole, old), False)):
        data = replace(germany.data, series=series)
        caveats = " ".join(wording.caveats(replace(germany, data=data)))
        assert said == (
            "There is no value for October 2025 of Consumer prices and Unemployment "
            "rate; the next change is computed from the month before it." in caveats
        )
        assert said == ("There is no value" in caveats)


def test_interval_that_ends_near_zero_is_on_its_side_of_it(germany: Forecast) -> None:
    """`-0.127 to 0.000` did not show why the verdict was `even`."""
    name, comparison = next(iter(germany.assessment.comparisons.items()))
    near = replace(comparison, log_loss_interval=(-0.127, 0.0003))
    forecast = changed(germany, comparisons={name: near})
    rows = content(forecast)["long_scores"]["rows"]
    shown = [row["difference"] for row in rows if row["difference"]]
    assert shown == [f"{MINUS}0.127 to +0.0003"]


def test_table_of_skill_explains_why_another_report_may_differ(
    germany: Forecast,
) -> None:
    """One quarter ahead, skill was -2% in one report on Germany and -3% in another."""
    assert "replayed together, at shared dates" in content(germany)["skill_note"]
    alone = replace(germany, outlook=germany.outlook[:1])
    assert content(alone)["skill_note"] is None
