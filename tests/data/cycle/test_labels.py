from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import chronology
from econnet.core.errors import DataError, UsageError
from econnet.core.periods import FREQUENCY_OF_ALIAS, Frequency
from econnet.data import panel
from econnet.data.cycle import chronologies, labels
from econnet.data.cycle.growth import growth
from econnet.data.cycle.labels import RULES
from econnet.data.panel import Panel
from econnet.data.sources import snapshot
from tests.builders import (
    costly,
    observations,
    output,
    panel_of,
    published,
    random_walk,
    world,
)

SETTLED_RULES = [name for name, rule in RULES.items() if rule.looks_ahead is not None]
DEFINED = [(name, frequency) for name in RULES for frequency in RULES[name].frequencies]
FIRST_OF: dict[Frequency, str] = {"A": "1960", "Q": "2000Q1", "M": "2000-01"}
# Long enough for a trend, which takes ten years.
LENGTH_OF: dict[Frequency, int] = {"A": 40, "Q": 60, "M": 150}
SEEDS = st.integers(0, 2**32 - 1)
few_examples = costly(5)


def labelled(name: str, levels: pd.Series) -> pd.Series:
    """Return 1, 0 or missing for levels by (country, period), all of them known."""
    periods = pd.PeriodIndex(levels.index.get_level_values("period"))
    frequency = FREQUENCY_OF_ALIAS[periods.freqstr[0]]

    def of_country(country: pd.Series) -> pd.Series:
        row = country.to_numpy(dtype=float)[None, :]
        return pd.Series(RULES[name].label_function(row, frequency)[0], country.index)

    return levels.groupby(level="country", group_keys=False).apply(of_country)


def marks(name: str, levels: pd.Series) -> list[float]:
    return labelled(name, levels).tolist()


@pytest.mark.parametrize("name", SETTLED_RULES)
@given(levels=st.lists(st.floats(50, 150), min_size=12, max_size=40), data=st.data())
def test_label_is_settled_when_its_rule_promises(
    name: str, levels: list[float], data: st.DataObject
) -> None:
    rule = RULES[name]
    assert rule.looks_ahead is not None
    now = data.draw(st.integers(0, len(levels) - 1), label="newest published quarter")
    known = labelled(name, output("DEU", "2000Q1", levels[: now + 1]))
    later = labelled(name, output("DEU", "2000Q1", levels))
    settled = slice(0, max(0, now + 1 - rule.looks_ahead))
    np.testing.assert_array_equal(known.iloc[settled], later.iloc[settled])


@pytest.mark.parametrize(("name", "frequency"), DEFINED)
@few_examples
@given(seed=SEEDS)
def test_other_country_beside_it_changes_no_label(
    name: str, frequency: Frequency, seed: int
) -> None:
    levels = random_walk(seed, LENGTH_OF[frequency])
    one = output("DEU", FIRST_OF[frequency], levels)
    two = output("FRA", FIRST_OF[frequency], levels[::-1])
    together = labelled(name, pd.concat([one, two]))
    np.testing.assert_array_equal(together.loc[["DEU"]], labelled(name, one))


@pytest.mark.parametrize(("name", "frequency"), DEFINED)
@few_examples
@given(seed=SEEDS, other_seed=SEEDS, data=st.data())
def test_future_levels_do_not_change_earlier_labels(
    name: str, frequency: Frequency, seed: int, other_seed: int, data: st.DataObject
) -> None:
    levels, length = random_walk(seed, LENGTH_OF[frequency]), LENGTH_OF[frequency]
    now = data.draw(st.integers(1, length - 1), label="newest published period")
    end = data.draw(st.integers(now + 1, length), label="end of the other future")
    other = levels[: now + 1] + random_walk(other_seed, length)[now + 1 : end]
    first = FIRST_OF[frequency]
    one_world = panel_of({"real_gdp": output("DEU", first, levels)}, frequency)
    other_world = panel_of({"real_gdp": output("DEU", first, other)}, frequency)
    day = one_world.known_at["real_gdp"].iloc[now]
    said = labels.apply(one_world, name).on(day)
    said_there = labels.apply(other_world, name).on(day)
    pd.testing.assert_series_equal(
        said.iloc[:end], said_there.iloc[:end], check_exact=True
    )
    assert said.iloc[now + 1 :].isna().all()


@pytest.mark.parametrize(("name", "frequency"), DEFINED)
@few_examples
@given(seed=SEEDS, data=st.data())
def test_label_on_a_day_follows_from_the_levels_known_by_then(
    name: str, frequency: Frequency, seed: int, data: st.DataObject
) -> None:
    length = LENGTH_OF[frequency]
    series = output("DEU", FIRST_OF[frequency], random_walk(seed, length))
    built = panel_of({"real_gdp": series}, frequency)
    label = labels.apply(built, name)
    n = data.draw(st.integers(2, length), label="levels known on the day")
    day = built.known_at["real_gdp"].iloc[n - 1]
    on_the_day, before = label.on(day), label.on(day - pd.Timedelta(days=1))
    np.testing.assert_array_equal(on_the_day.iloc[:n], labelled(name, series.iloc[:n]))
    np.testing.assert_array_equal(
        before.iloc[: n - 1], labelled(name, series.iloc[: n - 1])
    )
    pd.testing.assert_series_equal(label.on(built.as_of), label.values)


@cache
def revised_output(day: str | None = None) -> Panel:
    """Return output of two countries as known on a day; vintages come out each quarter.

    They do 60 days after it: that of 2009Q1 on 30 May.
    """
    rows = world(countries=2, quarters=84)
    rows = published(rows[rows["indicator"] == "real_gdp"], first="2000Q1")
    return panel.build(rows, "Q", as_of=pd.Timestamp(day) if day else None)


@pytest.mark.parametrize("name", RULES)
def test_label_on_a_day_uses_the_vintage_of_that_day(name: str) -> None:
    label = labels.apply(revised_output(), name)
    for day in ("2004-12-31", "2009-05-29", "2009-05-30"):
        of_that_day = revised_output(day).values["real_gdp"]
        then = label.on(pd.Timestamp(day))
        expected = labelled(name, of_that_day)
        pd.testing.assert_series_equal(
            then.dropna(), expected.dropna(), check_names=False, check_exact=True
        )
    assert label.revisions.duplicated(["country", "period"]).any()


@pytest.mark.parametrize("name", SETTLED_RULES)
@few_examples
@given(seed=SEEDS)
def test_labels_of_a_settled_rule_never_change(name: str, seed: int) -> None:
    series = output("DEU", "2000Q1", random_walk(seed, LENGTH_OF["Q"]))
    label = labels.apply(panel_of({"real_gdp": series}), name)
    assert not label.revisions.duplicated(["country", "period"]).any()
    assert label.revisions["value"].notna().all()
    told = label.revisions.set_index(["country", "period"])["known_at"]
    assert told.to_dict() == label.known_at.dropna().to_dict()


def test_revised_label_is_known_from_the_day_of_its_newest_value() -> None:
    """A fall looks like a contraction until a higher peak follows within a cycle."""
    levels = [100, 101, 102, 103, 104, 105, 106, 107, 106, 105, 108, 110, 107, 106]
    built = panel_of({"real_gdp": output("DEU", "2000Q1", levels)})
    label = labels.apply(built, "turning-points")
    days = built.known_at["real_gdp"].iloc[8:]
    np.testing.assert_equal(
        [label.on(day).iloc[8] for day in days], [np.nan, 1, 1, 1, 1, 0]
    )
    assert label.values.iloc[8] == 0
    assert label.known_at.iloc[8] == days.iloc[-1]


def test_growth_is_missing_where_the_earlier_level_is_not_above_zero() -> None:
    levels = output("DEU", "2000Q1", [0, 2, -1, 3, 6, np.nan, 3])
    change = growth(levels)
    np.testing.assert_equal(
        change.tolist(), [np.nan, np.nan, -150, np.nan, 100, np.nan, np.nan]
    )
    two = growth(pd.concat([levels, output("FRA", "2000Q1", [1, 2, 4])]), 2)
    np.testing.assert_equal(two.loc["FRA"].tolist(), [np.nan, np.nan, 300])
    assert two.loc["DEU"].iloc[-1] == -50


def test_label_names_its_rule_and_its_target() -> None:
    levels = output("DEU", "2000Q1", [100, 101, 100, 99])
    built = panel_of({"real_gdp": levels, "exports": levels})
    label = labels.apply(built, "two-quarters", "exports")
    assert (label.name, label.target) == ("two-quarters", "exports")
    assert label.meaning == RULES["two-quarters"].meaning
    given_label = labels.apply(
        panel_of({"real_gdp": levels, "exports": levels * 0}), "given:exports"
    )
    assert (given_label.name, given_label.target) == ("given:exports", "real_gdp")
    assert given_label.meaning == "the column exports being 1"


@pytest.mark.parametrize(
    ("levels", "settled"),
    [
        ([100, 101, 102, 103, 104, 105, 106, 107, 106, 105, 108, 110, 107, 106], False),
        ([100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113], True),
    ],
)
def test_label_is_settled_if_it_was_never_revised(
    levels: list[float], settled: bool
) -> None:
    built = panel_of({"real_gdp": output("DEU", "2000Q1", levels)})
    assert labels.apply(built, "turning-points").settled is settled


@pytest.mark.parametrize("name", RULES)
def test_single_level_gives_no_label(name: str) -> None:
    levels = [output("DEU", "2000Q1", [100]), output("FRA", "2000Q1", [100, 99, 98])]
    label = labels.apply(panel_of({"real_gdp": pd.concat(levels)}), name)
    assert label.values.loc["DEU"].isna().all()
    assert label.known_at.loc["DEU"].isna().all()


def test_negative_growth_is_a_level_below_the_one_before() -> None:
    levels = output("DEU", "2000Q1", [100, 99, 99, 101])
    np.testing.assert_equal(marks("negative-growth", levels), [np.nan, 1, 0, 0])


def test_year_on_year_looks_four_quarters_or_one_year_back() -> None:
    quarters = output("DEU", "2000Q1", [100, 100, 100, 100, 99, 101])
    np.testing.assert_equal(marks("year-on-year", quarters), [np.nan] * 4 + [1, 0])
    years = output("DEU", "2000", [100, 99, 98, 103])
    np.testing.assert_equal(marks("year-on-year", years), [np.nan, 1, 1, 0])


def test_two_quarters_needs_another_beside_it_and_waits_for_it() -> None:
    levels = output("DEU", "2000Q1", [100, 101, 100, 99, 100, 99, 100, 99])
    expected = [np.nan, 0, 1, 1, 0, 0, 0, np.nan]
    np.testing.assert_equal(marks("two-quarters", levels), expected)


def test_two_quarters_does_not_guess_what_was_before_the_first() -> None:
    levels = output("DEU", "2000Q1", [100, 99, 100, 101])
    np.testing.assert_equal(marks("two-quarters", levels), [np.nan, np.nan, 0, np.nan])


def test_missing_level_makes_both_changes_unknown() -> None:
    levels = output("DEU", "2000Q1", [100, np.nan, 99, 98])
    np.testing.assert_equal(
        marks("negative-growth", levels), [np.nan, np.nan, np.nan, 1]
    )


def test_german_output_fell_from_2008q2_to_2009q1() -> None:
    """OECD, Quarterly National Accounts."""
    rows = snapshot.load().observations
    known = panel.build(rows[rows["country"] == "DEU"], "Q")
    label = labels.apply(known, "two-quarters")
    german = label.values.loc["DEU"].loc["2008Q1":"2009Q2"]
    assert german.tolist() == [0, 1, 1, 1, 1, 0]


def test_label_becomes_known_with_the_last_level_it_needs() -> None:
    built = panel_of({"real_gdp": output("DEU", "2020Q1", [100, 99, 98, 97])})
    published = built.known_at["real_gdp"].tolist()
    told_at_once = labels.apply(built, "negative-growth").known_at.tolist()
    assert told_at_once[1:] == published[1:]
    told_later = labels.apply(built, "two-quarters").known_at.tolist()
    assert told_later[1:3] == published[2:]
    assert pd.isna(told_later[3])


def contractions_of_nber(periods: pd.PeriodIndex) -> pd.DataFrame:
    return chronologies.contractions(chronologies.load()["nber"], periods)


def test_nber_marks_the_months_after_a_peak_to_the_trough() -> None:
    """NBER: peak December 2007, trough June 2009."""
    months = pd.period_range("2007-11", "2009-08", freq="M")
    contraction = contractions_of_nber(months)["contraction"]
    assert contraction[contraction == 1].index.astype(str).tolist() == [
        str(month) for month in pd.period_range("2008-01", "2009-06", freq="M")
    ]


def test_nber_has_as_many_recession_months_as_its_chronology() -> None:
    """NBER: the twelve contractions since 1948 last 11, 10, 8, ... and 2 months."""
    months = pd.period_range("1948-12", "2022-12", freq="M")
    contraction = contractions_of_nber(months)["contraction"]
    starts = (contraction.diff() == 1) | (
        (contraction == 1) & (contraction.index == months[0])
    )
    lengths = contraction[contraction == 1].groupby(starts.cumsum()).size()
    assert lengths.tolist() == [11, 10, 8, 10, 11, 16, 6, 16, 8, 8, 18, 2]


def test_nber_contraction_is_not_known_before_its_announcement() -> None:
    """NBER announced the peak of December 2007 on 1 December 2008."""
    known_at = contractions_of_nber(pd.period_range("2007-01", "2012-12", freq="M"))[
        "known_at"
    ]
    assert known_at["2008-01"] == pd.Timestamp("2008-12-01")
    # The months after that day were known with the trough, on 20 September 2010.
    assert known_at["2009-03"] == pd.Timestamp("2010-09-20")
    assert known_at["2009-07"] == pd.Timestamp("2010-09-20")
    # An expansion counts as known when a peak would have been announced.
    assert known_at["2011-06"] == pd.Timestamp("2012-06-30")


def test_nber_quarter_contracts_where_one_of_its_months_does() -> None:
    quarters = pd.period_range("2019Q4", "2020Q3", freq="Q")
    assert contractions_of_nber(quarters)["contraction"].tolist() == [0, 1, 1, 0]


def test_nber_quarter_is_known_with_the_last_of_its_months() -> None:
    quarters = pd.period_range("2007Q4", "2011Q2", freq="Q")
    known_at = contractions_of_nber(quarters)["known_at"]
    assert known_at["2008Q1"] == pd.Timestamp("2008-12-01")
    assert known_at["2008Q4"] == pd.Timestamp("2010-09-20")
    assert known_at["2010Q4"] == pd.Timestamp("2011-12-31")


def test_nber_contraction_before_there_was_a_committee_is_known_after_a_year() -> None:
    """The peak of November 1973 was followed by its first month on 1 December."""
    months = pd.period_range("1973-11", "1976-12", freq="M")
    known_at = contractions_of_nber(months)["known_at"]
    assert known_at["1973-12"] == pd.Timestamp("1974-12-01")
    # The trough of March 1975 a year after its last day, and with it all since 1974-12.
    assert known_at["1974-12"] == known_at["1975-03"] == pd.Timestamp("1976-03-31")
    assert known_at["1975-04"] == pd.Timestamp("1976-04-30")


def test_nber_contraction_over_before_its_announcement_is_known_with_its_peak() -> None:
    """NBER announced the peak of July 1990 on 25 April 1991, after the March trough."""
    months = pd.period_range("1990-07", "1991-04", freq="M")
    known_at = contractions_of_nber(months)["known_at"]
    assert known_at["1990-08"] == known_at["1991-03"] == pd.Timestamp("1991-04-25")
    # The expansion that began then is known with the trough, on 22 December 1992.
    assert known_at["1991-04"] == pd.Timestamp("1992-12-22")


def test_nber_labels_nothing_before_its_first_peak_and_no_unfinished_quarter() -> None:
    months = pd.period_range("1948-10", "1949-01", freq="M")
    contraction = contractions_of_nber(months)["contraction"]
    np.testing.assert_equal(contraction.tolist(), [np.nan, np.nan, 1, 1])
    first = contractions_of_nber(pd.period_range("1948Q4", "1949Q1", freq="Q"))
    np.testing.assert_equal(first["contraction"].tolist(), [np.nan, 1])


def test_nber_has_turning_points_by_months_and_by_quarters_of_its_own() -> None:
    """NBER: the peak of February 2020 is one of the last quarter of 2019."""
    months, quarters = (chronology.nber_turning_points(it) for it in ("M", "Q"))
    assert len(months) == len(quarters) == 24
    assert months["kind"].tolist() == quarters["kind"].tolist()
    assert months["kind"].tolist() == ["peak", "trough"] * 12
    assert [str(it) for it in months["period"].iloc[[0, 1, -2, -1]]] == [
        *("1948-11", "1949-10", "2020-02", "2020-04")
    ]
    assert [str(it) for it in quarters["period"].iloc[[0, 1, -2, -1]]] == [
        *("1948Q4", "1949Q4", "2019Q4", "2020Q2")
    ]


def test_nber_shows_industrial_production_where_output_is_not_measured() -> None:
    growing = output("USA", "2007-01", np.linspace(100, 110, 40).tolist())
    built = panel_of({"industrial_production": growing}, "M")
    label = labels.apply(built, "nber")
    assert label.target == "industrial_production"
    assert (label.name, label.meaning) == (
        "nber",
        "recession by the chronology of the NBER",
    )
    assert labels.apply(built, "nber", "industrial_production").target == label.target
    quarterly = panel_of({"real_gdp": output("USA", "2007Q1", [100, 101, 102])})
    assert labels.apply(quarterly, "nber").target == "real_gdp"


def test_nber_labels_ignore_announcements_after_the_data_end() -> None:
    """The peak of December 2007 was announced on 1 December 2008."""
    growing = output("USA", "2007-01", np.linspace(100, 110, 20).tolist())
    rows = observations("USA", "industrial_production", "2007-01", growing.tolist())
    day = pd.Timestamp("2008-11-30")
    label = labels.apply(panel.build(rows, "M", as_of=day), "nber")
    assert label.values.loc["USA"].loc["2008-01":].isna().all()
    later = labels.apply(
        panel.build(rows, "M", as_of=day + pd.Timedelta(days=1)), "nber"
    )
    assert later.values.loc["USA"].loc["2008-01":"2008-06"].tolist() == [1] * 6


def test_nber_labels_only_the_united_states() -> None:
    rows = [
        observations(country, "real_gdp", "2000Q1", range(100, 140))
        for country in ("DEU", "USA")
    ]
    built = panel.build(pd.concat(rows, ignore_index=True), "Q")
    label = labels.apply(built, "nber")
    assert label.values.loc["DEU"].isna().all()
    contracting = label.values.loc["USA"].loc[lambda it: it == 1].index
    assert contracting.astype(str).tolist() == [
        *("2001Q2", "2001Q3", "2001Q4"),
        *("2008Q1", "2008Q2", "2008Q3", "2008Q4", "2009Q1", "2009Q2"),
    ]
    with pytest.raises(DataError, match="chronology of the United States"):
        labels.apply(built.only("DEU"), "nber")


def test_given_column_is_used_unchanged() -> None:
    column = output("DEU", "2020Q1", [0, 1, 1, 0])
    built = panel_of({"real_gdp": column + 100, "exports": column})
    label = labels.apply(built, "given:exports")
    assert label.values.tolist() == [0, 1, 1, 0]
    assert label.known_at.tolist() == built.known_at["exports"].tolist()


RULE_NAMES = (
    "negative-growth, year-on-year, two-quarters, turning-points, growth-cycle, "
    "growth-cycle-hp, nber, cepr, codace, given:COLUMN"
)


@pytest.mark.parametrize(
    ("name", "frequency", "words"),
    [
        ("slump", "Q", f"no label rule is called 'slump': choose one of {RULE_NAMES}"),
        (
            "given:",
            "Q",
            f"no label rule is called 'given:': choose one of {RULE_NAMES}",
        ),
        (
            "two-quarters",
            "A",
            "label two-quarters is not defined at frequency A: "
            "choose --frequency Q, or another --label",
        ),
        (
            "nber",
            "A",
            "label nber is not defined at frequency A: "
            "choose --frequency M or Q, or another --label",
        ),
    ],
)
def test_wrong_rule_is_a_usage_error(
    name: str, frequency: Frequency, words: str
) -> None:
    with pytest.raises(UsageError) as refused:
        labels.check_rule(name, frequency)
    assert str(refused.value) == words


def test_missing_data_raise_a_data_error_that_names_the_available_data() -> None:
    names = ["exports", "imports", "investment", "unemployment", "policy_rate"]
    names += ["consumer_prices", "housing_starts", "payrolls", "term_spread"]
    built = panel_of({it: output("DEU", "2020Q1", [1, 2]) for it in names})
    with pytest.raises(DataError) as refused:
        labels.apply(built, "negative-growth")
    assert str(refused.value) == (
        "the data have no real_gdp at frequency Q: choose another --target "
        f"({', '.join(built.columns[:5])}, ...) or --frequency"
    )
    with pytest.raises(DataError) as refused:
        labels.apply(built, "given:slump")
    assert str(refused.value) == (
        "the data have no column 'slump' for --label given:slump: "
        f"they have {', '.join(built.columns[:8])}"
    )
    with pytest.raises(DataError) as refused:
        labels.apply(built, "given:exports")
    assert str(refused.value) == (
        "column 'exports' must contain only 0 and 1 for --label given:exports, "
        "but has 2 in 2020Q2"
    )
    with pytest.raises(DataError) as refused:
        labels.apply(built, "nber")
    assert str(refused.value) == (
        "label nber is the chronology of the United States: choose --country USA, or "
        "another --label"
    )


@given(levels=st.lists(st.floats(50, 150), min_size=2, max_size=20))
def test_levels_are_recovered_from_their_growth(levels: list[float]) -> None:
    series = output("DEU", "2000Q1", levels)
    rebuilt = series.shift() * (1 + growth(series) / 100)
    np.testing.assert_allclose(rebuilt[1:], series[1:], rtol=1e-12)
