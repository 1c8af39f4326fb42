from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.data.cycle.labels import RULES
from econnet.evaluation.metrics import BrierParts, Scores
from econnet.forecast.result import Forecast
from econnet.report import figures, wording
from econnet.report.content import content
from econnet.report.wording.formatting import period_in_words
from tests.builders import changed

from .conftest import without_contractions

GOOD = Scores(
    auroc=0.82,
    average_precision=0.6,
    brier=0.15,
    brier_skill=0.25,
    log_loss=0.45,
    log_loss_skill=0.2,
    brier_parts=BrierParts(reliability=0.02, resolution=0.07, uncertainty=0.2),
    recall_at_imf_precision=0.5,
    precision_at_imf_recall=0.7,
    n=77,
    n_contractions=21,
    n_origins=77,
)


@given(st.floats(0.0, 1.0))
def test_spoken_odds_are_near_the_probability(probability: float) -> None:
    said = wording.odds(probability)
    hits, n = map(int, said.removeprefix("under ").removeprefix("over ").split(" in "))
    assert hits / n == pytest.approx(probability, abs=0.06)
    if said.startswith("under"):
        assert probability < hits / n
    if said.startswith("over"):
        assert probability > hits / n


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.0, "under 1 in 100"),
        (0.02, "1 in 50"),
        (0.21, "1 in 5"),
        (0.3, "3 in 10"),
        (0.34, "1 in 3"),
        (0.5, "1 in 2"),
        (0.76, "3 in 4"),
        (0.9, "9 in 10"),
        (1.0, "over 99 in 100"),
    ],
)
def test_odds_are_those_a_person_would_say(probability: float, said: str) -> None:
    assert wording.odds(probability) == said


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
    ("period", "said"),
    [
        (pd.Period("2026Q3", "Q"), "the third quarter of 2026"),
        (pd.Period("2026-05", "M"), "May 2026"),
        (pd.Period("2021", "Y"), "2021"),
    ],
)
def test_period_is_said_in_words(period: pd.Period, said: str) -> None:
    assert period_in_words(period) == said


@pytest.mark.parametrize(
    ("label", "target", "said"),
    [
        ("negative-growth", "real_gdp", "output contracts in 2021:"),
        ("negative-growth", "exports", "there is a fall in Exports in 2021:"),
        (
            "year-on-year",
            "real_gdp",
            "output is below its level of a year before in 2021:",
        ),
        ("nber", "real_gdp", "is in recession, as the NBER dates it, in 2021:"),
        ("given:crisis", "real_gdp", "crisis is 1 in 2021:"),
    ],
)
def test_chance_says_what_may_happen(
    label: str, target: str, said: str, brazil: Forecast
) -> None:
    task = replace(brazil.task, label=label, target=target)
    period = pd.Period("2021", "Y")
    forecast = replace(brazil, task=task, period=period, target_title="Exports")
    assert said in wording.chance(forecast)


def judged(forecast: Forecast, scores: dict[str, Any]) -> wording.Verdict:
    """Return the verdict on a forecast that has a good record but for `scores`."""
    own = replace(GOOD, **scores)
    worse = replace(GOOD, brier=0.3, log_loss=0.9)
    return wording.verdict(
        changed(forecast, metrics=own, baselines={"base_rate": worse})
    )


@pytest.mark.parametrize("label", RULES)
def test_every_rule_is_told_with_what_to_keep_in_mind(
    germany: Forecast, label: str
) -> None:
    told = replace(germany, task=replace(germany.task, label=label))
    assert wording.chance(told).startswith("chance that output ")
    caveats = " ".join(wording.caveats(told))
    assert RULES[label].caveat.format(noun="quarter") in caveats
    assert "{" not in caveats


def test_good_record_has_earned_some_trust(germany: Forecast) -> None:
    verdict = judged(germany, {})
    assert verdict.call == "It has earned some trust"
    assert not verdict.alarm
    assert "25% (Brier) and 20% (log loss)" in verdict.reason
    assert "well (AUROC 0.82)" in verdict.reason


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        (
            {"brier_skill": -0.01, "log_loss_skill": -0.1},
            "worse than the long-run rate",
        ),
        (
            {"brier_skill": 0.1, "log_loss_skill": -0.1},
            "no better than the long-run rate",
        ),
        ({"n_contractions": 4}, "too few to tell"),
        ({"n_contractions": 1}, "holds 1 contraction, too few"),
        ({"n_contractions": 0, "auroc": None}, "holds no contractions, too few"),
    ],
)
def test_bad_or_short_record_is_not_to_be_leaned_on(
    scores: dict[str, Any], why: str, germany: Forecast
) -> None:
    verdict = judged(germany, scores)
    assert verdict.call == "Do not lean on it"
    assert verdict.alarm
    assert why in verdict.reason


def test_slight_lead_is_leaned_on_lightly_unless_a_baseline_has_more(
    germany: Forecast,
) -> None:
    slight = replace(GOOD, brier_skill=0.02, log_loss_skill=0.03)
    alone = changed(germany, metrics=slight, baselines={})
    assert wording.verdict(alone).call == "Lean on it lightly"
    better = replace(GOOD, brier=0.1, log_loss=0.3)
    beaten = wording.verdict(changed(alone, baselines={"logit": better}))
    assert beaten.call == "Do not lean on it"
    assert "Logistic regression did better." in beaten.reason


@pytest.mark.parametrize(
    ("probability", "base_rate", "said"),
    [
        (0.3, 0.29, "Close to the long-run rate of 3 in 10 (29%)"),
        (0.4, 0.29, "Above the long-run rate of 3 in 10 (29%)"),
        (0.2, 0.29, "Below the long-run rate of 3 in 10 (29%)"),
        (0.6, 0.29, "At least twice the long-run rate of 3 in 10 (29%)"),
        (0.1, 0.29, "At most half the long-run rate of 3 in 10 (29%)"),
        (0.1, 0.0, "Nothing to compare with: no contraction is on record"),
    ],
)
def test_position_is_told_from_the_long_run_rate(
    probability: float, base_rate: float, said: str, germany: Forecast
) -> None:
    forecast = changed(
        germany, probability=probability, base_rate=base_rate, change=None
    )
    assert wording.position(forecast) == f"{said}."


@pytest.mark.parametrize(
    ("previous", "said"),
    [(0.15, "up 6 points"), (0.22, "down 1 point "), (0.212, "unchanged")],
)
def test_position_tells_the_change_since_the_period_before(
    previous: float, said: str, germany: Forecast
) -> None:
    assert germany.explanation.change is not None
    before = replace(germany.explanation.change, probability=previous)
    forecast = changed(germany, probability=0.21, change=before)
    assert said in wording.position(forecast)
    assert str(germany.period - 1) in wording.position(forecast)


def test_data_are_old_from_the_day_after_the_next_figure_is_due(
    germany: Forecast,
) -> None:
    due = replace(germany.data, next_due="2026-11-24")
    assert wording.stale(replace(germany, data=due)) is None
    overdue = replace(germany, data=replace(due, next_due="2026-11-23"))
    warning = wording.stale(overdue)
    assert warning is not None
    assert "1 day before" in warning
    assert "econnet fetch --country DEU" in warning


def test_old_file_of_the_users_own_is_not_to_be_fetched(germany: Forecast) -> None:
    own = replace(germany.data, source="firms.csv", next_due="2020-01-01")
    warning = wording.stale(replace(germany, data=own))
    assert warning is not None
    assert "fetch" not in warning
    assert "firms.csv" in warning


def test_command_quotes_what_a_shell_would_read_otherwise(germany: Forecast) -> None:
    forecast = replace(germany, data=replace(germany.data, source="my data; rm *.csv"))
    command = wording.command(forecast)
    assert command.startswith(
        "econnet train --data 'my data; rm *.csv' --country Germany"
    )
    assert "--target" not in command


def test_report_says_what_it_was_made_with_and_how_to_verify_it(
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
    assert f"econnet report --verify {subject} --rolling-years 30" in said
    assert "--vintages revised" in said
    assert wording.command(asked).startswith(
        f"econnet train {subject} --rolling-years 30 --vintages revised --pool all"
    )


def test_contributions_lead_from_the_average_to_the_forecast(germany: Forecast) -> None:
    one = replace(
        germany.explanation.drivers[0], title="Exports", contribution=1.0986122886681098
    )
    forecast = changed(germany, probability=0.5, drivers=(one,))
    said = " ".join(wording.drivers(forecast))
    assert "would say 25% of an average period" in said
    assert "+1.10 in log-odds, makes it 50%" in said
    assert "Towards contraction push Exports (+1.10)." in said
    assert "Away from it" not in said


def test_every_figure_is_described_without_repeating_its_heading(
    germany: Forecast, brazil: Forecast
) -> None:
    for forecast in (germany, brazil):
        texts = [figures.alt(forecast, name) for name in figures.DRAWINGS]
        assert all(len(text) > 40 for text in texts)
        assert not any("change on the" in text for text in texts)


def test_words_hold_for_a_country_that_never_contracted(germany: Forecast) -> None:
    forecast = without_contractions(germany)
    assert "no contraction is on record" in wording.position(forecast)
    assert "worst miss" not in wording.track_record(forecast)
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


def test_chance_within_a_horizon_names_all_its_periods(germany: Forecast) -> None:
    task = replace(germany.task, horizon=3, event="within")
    told = replace(germany, task=task, period=germany.origin + 3)
    first, last = (period_in_words(germany.origin + ahead) for ahead in (1, 3))
    said = f"in at least one quarter from {first} to {last}: "
    assert said in wording.chance(told)
    assert said not in wording.chance(germany)


@pytest.mark.parametrize(
    ("share", "revised"), [(0.0, True), (0.5, True), (0.96, False), (1.0, False)]
)
def test_foot_calls_the_data_revised_only_where_they_are(
    share: float, revised: bool, germany: Forecast
) -> None:
    data = replace(germany.data, share_in_real_time=share)
    foot = content(replace(germany, data=data))["foot"]
    assert ("revised data" in foot.lower()) == revised
    assert wording.figures(share) in foot
