import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core.errors import DataError
from econnet.data import panel
from tests.builders import RETRIEVED, observations, published, world


def at(
    table: pd.DataFrame, period: str, indicator: str, country: str = "DEU"
) -> object:
    return table[indicator].loc[country].loc[period]


def test_value_is_known_when_its_publication_lag_has_passed() -> None:
    rows = observations("DEU", "real_gdp", "2020Q1", [100, 101])
    built = panel.build(rows, "Q")
    # The lag of OECD's quarterly accounts is 60 days.
    assert at(built.known_at, "2020Q1", "real_gdp") == pd.Timestamp("2020-05-30")


def test_country_waits_for_its_own_agency() -> None:
    """The US rate is known ten days after its month, other countries' later."""
    rows = pd.concat(
        [
            observations(country, "unemployment", "2020-01", [3, 4], "fred")
            for country in ("DEU", "USA")
        ],
        ignore_index=True,
    )
    built = panel.build(rows, "M")
    known_at = built.known_at["unemployment"]
    assert known_at.loc["USA"].loc["2020-01"] == pd.Timestamp("2020-02-10")
    assert known_at.loc["DEU"].loc["2020-01"] == pd.Timestamp("2020-03-31")


def test_averages_of_a_country_are_the_same_bits_whatever_others_have() -> None:
    rng = np.random.default_rng(0)
    rates = observations(
        "USA", "unemployment", "1990-01", rng.uniform(3, 9, 120).tolist()
    )
    rates = rates[::-1].reset_index(drop=True)  # rows need not be in order
    revised = published(observations("DEU", "real_gdp", "2000Q1", [100, 101, 102]))
    alone = panel.build(rates, "Q", RETRIEVED)
    together = panel.build(pd.concat([rates, revised]), "Q", RETRIEVED).only("USA")
    assert alone.values.equals(together.values)


def test_value_retrieved_before_its_lag_has_passed_was_known_then() -> None:
    rows = observations("DEU", "real_gdp", "2020Q1", [100])
    rows = rows.assign(retrieved_at=pd.Timestamp("2020-04-30"))
    built = panel.build(rows, "Q")
    assert at(built.known_at, "2020Q1", "real_gdp") == pd.Timestamp("2020-04-30")


def test_publication_date_of_the_source_takes_precedence_over_the_lag() -> None:
    rows = observations("DEU", "real_gdp", "2020Q1", [100])
    rows = rows.assign(known_at=pd.Timestamp("2020-07-30"))
    built = panel.build(rows, "Q")
    assert at(built.known_at, "2020Q1", "real_gdp") == pd.Timestamp("2020-07-30")


def test_panel_as_of_a_date_contains_what_was_known_then() -> None:
    rows = observations("DEU", "real_gdp", "2020Q1", [100, 101, 102, 103])
    built = panel.build(rows, "Q", pd.Timestamp("2020-11-28"))
    assert built.values["real_gdp"].tolist() == [100, 101]
    built = panel.build(rows, "Q", pd.Timestamp("2020-11-29"))
    assert built.values["real_gdp"].tolist() == [100, 101, 102]


def test_revision_is_known_when_it_was_retrieved() -> None:
    first = observations("DEU", "real_gdp", "2020Q1", [100, 101]).assign(
        retrieved_at=pd.Timestamp("2021-01-01")
    )
    revised = observations("DEU", "real_gdp", "2020Q1", [100, 99]).assign(
        retrieved_at=pd.Timestamp("2022-01-01")
    )
    both = pd.concat([revised, first], ignore_index=True)
    then = panel.build(both, "Q", pd.Timestamp("2021-06-30"))
    now = panel.build(both, "Q", pd.Timestamp("2022-06-30"))
    assert then.values["real_gdp"].tolist() == [100, 101]
    assert now.values["real_gdp"].tolist() == [100, 99]


def test_months_are_averaged_to_whole_quarters_only() -> None:
    rows = observations("USA", "unemployment", "2020-01", [3, 4, 5, 6, 7], "fred")
    built = panel.build(rows, "Q")
    assert built.values["unemployment"].tolist() == [4.0]
    # Known with its last month: the end of March and ten days.
    assert at(built.known_at, "2020Q1", "unemployment", "USA") == pd.Timestamp(
        "2020-04-10"
    )


@pytest.mark.parametrize(("behind", "taken"), [(2, "GDPC1"), (3, "gdp_real")])
def test_longer_series_is_taken_unless_it_is_stale(behind: int, taken: str) -> None:
    """More history is worth two periods, and two series are never spliced."""
    longer = observations("USA", "real_gdp", "2019Q1", [1, 2, 3, 4, 5], "fred", "GDPC1")
    fresh = [70.0] * (1 + behind)
    fresher = observations("USA", "real_gdp", "2020Q1", fresh, "oecd", "gdp_real")
    built = panel.build(pd.concat([longer, fresher], ignore_index=True), "Q")
    assert built.series["series_id"].tolist() == [taken]
    values = built.values["real_gdp"].tolist()
    assert values == ([1, 2, 3, 4, 5] if taken == "GDPC1" else fresh)


def test_measured_unemployment_comes_before_modelled() -> None:
    key, bank = ("IND", "unemployment"), "worldbank"
    modelled = observations(*key, "2015", [5, 5, 5, 5], bank, "SL.UEM.TOTL.ZS")
    measured = observations(*key, "2018", [8], bank, "SL.UEM.TOTL.NE.ZS")
    built = panel.build(pd.concat([modelled, measured], ignore_index=True), "A")
    assert built.values["unemployment"].tolist() == [8.0]


def test_archive_takes_the_place_of_its_series_unless_it_is_stale() -> None:
    live_id = "NY.GDP.MKTP.KD"
    live = observations("IND", "real_gdp", "2000", range(1, 21), "worldbank", live_id)

    def chosen(years: int) -> list[str]:
        kept = observations(
            *("IND", "real_gdp", "2000", range(1, years + 1), "worldbank"),
            f"archive/{live_id}/IND",
        )
        built = panel.build(pd.concat([live, kept], ignore_index=True), "A")
        return built.series["series_id"].tolist()

    assert chosen(19) == [f"archive/{live_id}/IND"]
    assert chosen(17) == [live_id]


def test_longer_of_two_equally_current_series_is_taken() -> None:
    longer = observations("USA", "real_gdp", "2019Q1", [1, 2, 3, 4, 5], "fred", "GDPC1")
    shorter = observations("USA", "real_gdp", "2020Q1", [70], "oecd", "gdp_real")
    built = panel.build(pd.concat([shorter, longer], ignore_index=True), "Q")
    assert built.values["real_gdp"].tolist() == [1, 2, 3, 4, 5]


def test_gap_in_a_series_becomes_a_missing_row() -> None:
    rows = observations("DEU", "real_gdp", "2020Q1", [100, np.nan, 102])
    built = panel.build(rows, "Q")
    assert len(built.values) == 3
    assert built.values["real_gdp"].isna().tolist() == [False, True, False]


def test_rows_of_countries_cut_the_table_where_countries_change() -> None:
    rows = pd.concat(
        [
            observations("DEU", "real_gdp", "2020Q1", [1, 2]),
            observations("AND", "real_gdp", "2020Q1", [3, 4, 5]),
        ],
        ignore_index=True,
    )
    built = panel.build(rows, "Q")
    assert built.rows_of_countries() == {"AND": slice(0, 3), "DEU": slice(3, 5)}


def test_panel_of_one_country_keeps_only_what_it_has() -> None:
    rows = pd.concat(
        [
            observations("DEU", "real_gdp", "2020Q1", [1, 2]),
            observations("USA", "exports", "2020Q1", [3, 4]),
        ],
        ignore_index=True,
    )
    alone = panel.build(rows, "Q").only("DEU")
    assert alone.countries == ["DEU"]
    assert alone.columns == ["real_gdp"]
    assert alone.series["country"].tolist() == ["DEU"]


def test_panel_without_known_values_is_a_data_error_that_names_the_date() -> None:
    rows = observations("DEU", "real_gdp", "2020Q1", [1.0])
    with pytest.raises(DataError, match="1990-01-01"):
        panel.build(rows, "Q", pd.Timestamp("1990-01-01"))
    with pytest.raises(DataError, match="frequency M"):
        panel.build(rows, "M")


def test_panel_is_as_of_the_newest_retrieval_by_default() -> None:
    rows = observations("DEU", "real_gdp", "2020Q1", [1.0])
    assert panel.build(rows, "Q").as_of == RETRIEVED


VINTAGES = published(world(countries=2, quarters=60), first="2000Q1")
REAL = panel.build(VINTAGES, "Q")


def standing(rows: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """Return the newest vintage known on a day per country, indicator and period."""
    known = rows[rows["known_at"] <= day].sort_values("known_at")
    keys = ["country", "indicator", "period"]
    return known.drop_duplicates(keys, keep="last").set_index(keys)["value"]


@given(st.integers(0, 2100))
def test_panel_on_a_day_contains_the_vintages_of_that_day(days: int) -> None:
    day = pd.Timestamp("2000-06-01") + pd.Timedelta(days=days)
    expected = standing(VINTAGES, day).unstack("indicator")
    found = REAL.on(day).values.dropna(how="all")
    assert [str(period) for _, period in found.index] == [
        period for _, period in expected.index
    ]
    np.testing.assert_array_equal(found.to_numpy(), expected.to_numpy())


def test_panel_as_of_a_day_equals_the_later_panel_on_that_day() -> None:
    day = pd.Timestamp("2003-12-31")
    then = panel.build(VINTAGES, "Q", day)
    later = REAL.on(day)
    pd.testing.assert_frame_equal(
        then.values, later.values.loc[then.values.index], check_freq=False
    )


def test_revised_data_are_the_newest_vintage_and_nothing_else() -> None:
    revised = panel.build(VINTAGES, "Q", vintages="revised")
    pd.testing.assert_frame_equal(revised.values, REAL.values)
    pd.testing.assert_frame_equal(revised.known_at, REAL.known_at)
    assert revised.vintages.empty
    assert revised.share_in_real_time == 0
    assert len(revised.revisions("real_gdp")) == len(revised.values)


def test_history_counts_as_known_in_its_time_but_not_as_seen_before_its_vintage() -> (
    None
):
    # The first vintage came out 60 days after 2000Q1, and every later figure likewise.
    assert at(REAL.known_at, "1995Q1", "real_gdp") == pd.Timestamp("1995-05-30")
    assert set(REAL.series["first_vintage"]) == {pd.Timestamp("2000-05-30")}
    # Of 60 quarters from 1990 on, the first 41 came with it, but for the newest.
    assert set(REAL.series["n_history"]) == {40}
    assert REAL.share_in_real_time == 1


def test_file_that_dates_every_figure_once_has_no_first_vintage() -> None:
    rows = observations("DEU", "real_gdp", "2020Q1", [100, 101, 102])
    ends = pd.PeriodIndex(rows["period"], freq="Q").end_time.normalize()
    built = panel.build(rows.assign(known_at=ends + pd.Timedelta(days=45)), "Q")
    assert built.series["first_vintage"].isna().all()
    assert built.share_in_real_time == 1
    assert built.vintages.empty


def test_file_without_revisions_is_taken_for_revised_data() -> None:
    """Its dates may be derived, and its values may be those of today."""
    rows = observations("DEU", "real_gdp", "2020Q1", [100, 101, 102], source="file")
    ends = pd.PeriodIndex(rows["period"], freq="Q").end_time.normalize()
    dated = rows.assign(known_at=ends + pd.Timedelta(days=45))
    assert panel.build(dated, "Q").share_in_real_time == 0
    revised = dated.iloc[[1]].assign(value=99.0, known_at=pd.Timestamp("2021-01-01"))
    both = pd.concat([dated, revised], ignore_index=True)
    assert panel.build(both, "Q").share_in_real_time == 1


def test_revisions_of_an_indicator_are_all_its_values_with_their_dates() -> None:
    first = observations("DEU", "real_gdp", "2020Q1", [100, 101])
    second = first.assign(value=[100.0, 99.0])
    rows = pd.concat(
        [
            first.assign(known_at=pd.Timestamp("2020-08-01")),
            second.assign(known_at=pd.Timestamp("2020-11-01")),
        ],
        ignore_index=True,
    )
    told = panel.build(rows, "Q").revisions("real_gdp")
    assert told["period"].astype(str).tolist() == ["2020Q1", "2020Q2", "2020Q2"]
    assert told["value"].tolist() == [100, 101, 99]
    # The lag of quarterly accounts, 60 days, dates the values of the first vintage.
    days = told["known_at"].dt.strftime("%Y-%m-%d").tolist()
    assert days == ["2020-05-30", "2020-08-01", "2020-11-01"]


def test_mean_of_a_quarter_changes_when_one_of_its_months_is_revised() -> None:
    months = observations("USA", "unemployment", "2020-01", [3, 4, 5], "fred")
    known_at = pd.to_datetime(["2020-02-07", "2020-03-06", "2020-04-03"])
    revised = months.iloc[[1]].assign(value=7.0, known_at=pd.Timestamp("2020-06-05"))
    rows = pd.concat([months.assign(known_at=known_at), revised], ignore_index=True)
    built = panel.build(rows, "Q")
    assert built.values["unemployment"].tolist() == [5.0]
    assert built.on(pd.Timestamp("2020-06-04")).values["unemployment"].tolist() == [4.0]
    told = built.revisions("unemployment")
    assert told["value"].tolist() == [4.0, 5.0]


def test_withdrawn_value_is_known_until_its_withdrawal() -> None:
    first = observations("DEU", "real_gdp", "2020Q1", [100, 101, 102])
    first = first.assign(retrieved_at=pd.Timestamp("2021-01-01"))
    withdrawn = first.iloc[[1]].assign(
        value=np.nan, retrieved_at=pd.Timestamp("2021-06-01")
    )
    built = panel.build(pd.concat([first, withdrawn], ignore_index=True), "Q")
    assert np.isnan(built.values["real_gdp"].iloc[1])
    before = built.on(pd.Timestamp("2021-05-31"))
    assert before.values["real_gdp"].tolist() == [100, 101, 102]


def test_panel_of_one_country_keeps_its_vintages() -> None:
    told = REAL.revisions("investment")
    for country in REAL.countries:
        alone = REAL.only(country)
        own = told[told["country"] == country].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone.revisions("investment"), own)
