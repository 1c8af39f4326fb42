import numpy as np
import pandas as pd
import pytest

from econnet import panel
from econnet.errors import DataError
from tests.builders import RETRIEVED, observations


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
    assert known_at.loc["DEU"].loc["2020-01"] == pd.Timestamp("2020-03-16")


def test_value_retrieved_before_its_lag_has_passed_was_known_then() -> None:
    rows = observations("DEU", "real_gdp", "2020Q1", [100])
    rows = rows.assign(retrieved_at=pd.Timestamp("2020-04-30"))
    built = panel.build(rows, "Q")
    assert at(built.known_at, "2020Q1", "real_gdp") == pd.Timestamp("2020-04-30")


def test_publication_date_of_the_source_goes_before_the_lag() -> None:
    rows = observations("DEU", "real_gdp", "2020Q1", [100])
    rows = rows.assign(known_at=pd.Timestamp("2020-07-30"))
    built = panel.build(rows, "Q")
    assert at(built.known_at, "2020Q1", "real_gdp") == pd.Timestamp("2020-07-30")


def test_panel_as_of_a_date_holds_what_was_known_then() -> None:
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


def test_series_that_reaches_furthest_is_taken_and_none_is_spliced() -> None:
    longer = observations("USA", "real_gdp", "2019Q1", [1, 2, 3, 4, 5], "fred", "GDPC1")
    fresher = observations("USA", "real_gdp", "2020Q1", [70, 80], "oecd", "gdp_real")
    built = panel.build(pd.concat([longer, fresher], ignore_index=True), "Q")
    assert built.values["real_gdp"].tolist() == [70, 80]
    assert built.series["series_id"].tolist() == ["gdp_real"]


def test_of_two_that_reach_equally_far_the_longer_is_taken() -> None:
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


def test_nothing_known_is_a_data_error_that_says_when() -> None:
    rows = observations("DEU", "real_gdp", "2020Q1", [1.0])
    with pytest.raises(DataError, match="1990-01-01"):
        panel.build(rows, "Q", pd.Timestamp("1990-01-01"))
    with pytest.raises(DataError, match="frequency M"):
        panel.build(rows, "M")


def test_panel_looks_from_the_newest_retrieval_unless_told() -> None:
    rows = observations("DEU", "real_gdp", "2020Q1", [1.0])
    assert panel.build(rows, "Q").as_of == RETRIEVED
