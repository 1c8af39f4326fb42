import numpy as np
import pandas as pd
import pytest

from econnet.core.periods import Frequency
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.data.features.design_matrix import DesignMatrix
from tests.builders import observations

# Months are known 31 days after their end, quarters 60: no source publishes these.
JOBS, RATE, SPREAD = "payrolls", "three_month_rate", "term_spread"


def gdp(country: str = "DEU", quarters: int = 16) -> pd.DataFrame:
    levels = np.linspace(100, 130, quarters).tolist()
    return observations(country, "real_gdp", "2017Q1", levels)


def monthly(
    indicator: str, values: list[float], country: str = "DEU", first: str = "2017-01"
) -> pd.DataFrame:
    return observations(country, indicator, first, values, source="nobody")


def dated(rows: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return monthly rows, each known this many days after its month."""
    ends = pd.PeriodIndex(rows["period"], freq="M").end_time.normalize()
    return rows.assign(known_at=ends + pd.Timedelta(days=days))


def built(*parts: pd.DataFrame, frequency: Frequency = "Q") -> DesignMatrix:
    known = panel.build(pd.concat(parts, ignore_index=True), frequency)
    return design_matrix.build(known, labels.apply(known, "negative-growth"), 1)


def at(made: DesignMatrix, origin: str, country: str = "DEU") -> dict[str, float]:
    freq = "Q" if "Q" in origin else "Y"
    place = made.index.get_loc((country, pd.Period(origin, freq)))
    return {c.name: float(v) for c, v in zip(made.columns, made.X[place], strict=True)}


MONTHS = np.exp(np.random.default_rng(0).normal(0, 0.1, 48).cumsum()).tolist()


def test_changes_end_in_the_newest_published_month() -> None:
    made = built(gdp(), monthly(JOBS, MONTHS))
    # On 31 December 2018 the newest published month is November, the 23rd.
    logs = 100 * np.log(MONTHS)
    row = at(made, "2018Q4")
    assert row[JOBS] == pytest.approx(logs[22] - logs[19])
    assert row[f"{JOBS} change 2"] == pytest.approx(logs[22] - logs[16])


def test_months_so_far_are_compared_with_the_quarter_before() -> None:
    made = built(gdp(), monthly(JOBS, MONTHS))
    so_far, before = np.mean(MONTHS[21:23]), np.mean(MONTHS[18:21])
    expected = 100 * np.log(so_far / before)
    assert at(made, "2018Q4")[f"{JOBS} so far"] == pytest.approx(expected)


def test_quarter_whose_months_are_all_known_is_compared_as_a_whole() -> None:
    # September is known on 29 December, October not before the end of January.
    made = built(gdp(), dated(monthly(JOBS, MONTHS), days=90))
    expected = 100 * np.log(np.mean(MONTHS[18:21]) / np.mean(MONTHS[15:18]))
    assert at(made, "2018Q4")[f"{JOBS} so far"] == pytest.approx(expected)
    assert at(made, "2018Q4")[JOBS] == pytest.approx(
        100 * np.log(MONTHS[20] / MONTHS[17])
    )


def test_rate_changes_by_differences_and_a_spread_is_used_as_it_is() -> None:
    made = built(gdp(), monthly(RATE, MONTHS), monthly(SPREAD, MONTHS))
    row = at(made, "2018Q4")
    assert row[RATE] == pytest.approx(MONTHS[22] - MONTHS[19])
    assert row[SPREAD] == MONTHS[22]
    assert row[f"{SPREAD} change 1"] == pytest.approx(MONTHS[22] - MONTHS[19])
    assert made.measured("term_spread") == SPREAD


def test_each_release_moves_the_features_of_its_origin() -> None:
    """This includes a month whose quarter is not complete."""
    whole = built(gdp(), monthly(JOBS, MONTHS))
    for month in range(24, 36):
        changed = [*MONTHS]
        changed[month] *= 1.1
        other = built(gdp(), monthly(JOBS, changed))
        differs = [
            not np.array_equal(one, two, equal_nan=True)
            for one, two in zip(whole.X, other.X, strict=True)
        ]
        first = whole.origins[np.flatnonzero(differs)[0]]
        end = (pd.Period("2017-01", "M") + month).end_time
        assert first == pd.Period(end + pd.Timedelta(days=31), "Q")


def test_series_that_ended_a_year_ago_gives_nothing() -> None:
    made = built(gdp(), monthly(JOBS, MONTHS[:12]))
    assert not np.isnan(at(made, "2018Q4")[JOBS])
    assert np.isnan(at(made, "2019Q2")[JOBS])
    assert np.isnan(at(made, "2019Q2")[f"{JOBS} so far"])


def test_quarterly_figures_count_as_equal_months_beside_monthly_ones() -> None:
    quarters = [100, 102, 101, 105, 104, 110, 108, 112]
    made = built(
        gdp(),
        gdp("FRA"),
        monthly(JOBS, MONTHS),
        observations("FRA", JOBS, "2017Q1", quarters),
    )
    row = at(made, "2018Q4", "FRA")
    # A quarter is known 92 days after its end: 2018Q3 on 31 December.
    growth = 100 * np.log(quarters[6] / quarters[5])
    assert row[JOBS] == pytest.approx(growth)
    assert row[f"{JOBS} so far"] == pytest.approx(growth)
    assert row[f"{JOBS} change 2"] == pytest.approx(
        100 * np.log(quarters[6] / quarters[4])
    )
    alone = built(gdp(), monthly(JOBS, MONTHS))
    assert at(made, "2018Q4")[JOBS] == at(alone, "2018Q4")[JOBS]


def test_months_of_a_few_countries_are_averaged_like_the_others_figures() -> None:
    quarters = [100, 102, 101, 105, 104, 110, 108, 112]
    others = [
        part
        for country in ("FRA", "ITA")
        for part in (gdp(country), observations(country, JOBS, "2017Q1", quarters))
    ]
    made = built(gdp(), monthly(JOBS, MONTHS), *others)
    names = [column.name for column in made.columns]
    assert f"{JOBS} mean 4" in names
    assert f"{JOBS} so far" not in names
    growth = 100 * np.log(np.mean(MONTHS[18:21]) / np.mean(MONTHS[15:18]))
    assert at(made, "2018Q4")[JOBS] == pytest.approx(growth)


def test_year_uses_its_quarters_and_months() -> None:
    annual = observations("DEU", "population", "2010", range(100, 111), "worldbank")
    quarters = np.exp(np.random.default_rng(1).normal(0, 0.1, 44).cumsum()).tolist()
    months = np.repeat(MONTHS, 3)[:132].tolist()
    made = built(
        annual,
        observations("DEU", "real_gdp", "2010Q1", quarters),
        monthly(JOBS, months, first="2010-01"),
        frequency="A",
    )
    row = at(made, "2018")
    # On 31 December 2018 output is known to 2018Q3, jobs to November.
    assert row["real_gdp"] == pytest.approx(
        100 * (np.mean(quarters[28:32]) / np.mean(quarters[24:28]) - 1)
    )
    assert row["real_gdp change 1"] == pytest.approx(
        100 * (quarters[34] / quarters[30] - 1)
    )
    assert row["real_gdp so far"] == pytest.approx(
        100 * (np.mean(quarters[32:35]) / np.mean(quarters[28:32]) - 1)
    )
    assert row[JOBS] == pytest.approx(100 * np.log(months[106] / months[94]))


def test_growth_is_between_months_of_one_vintage() -> None:
    """Rebased figures, of which only the newest vintage is used on a day."""
    first = dated(monthly(JOBS, MONTHS), days=31)
    day = pd.Timestamp("2018-12-15")
    rebased = first[first["known_at"] <= day]
    rebased = rebased.assign(known_at=day, value=rebased["value"] * 7)
    rows = pd.concat([first[first["known_at"] <= day], rebased], ignore_index=True)
    made = built(gdp(), rows)
    assert at(made, "2018Q4")[JOBS] == pytest.approx(
        100 * np.log(MONTHS[21] / MONTHS[18])
    )
    assert at(made, "2018Q3")[JOBS] == pytest.approx(
        100 * np.log(MONTHS[18] / MONTHS[15])
    )


def test_columns_move_with_the_newest_value_by_their_weights() -> None:
    higher = [*MONTHS]
    higher[22] += 1
    made, other = (
        built(gdp(), dated(monthly(RATE, months), days=20))
        for months in (MONTHS, higher)
    )
    now, then = at(made, "2018Q4"), at(other, "2018Q4")
    weights = {
        column.name: column.newest_weight
        for column in made.columns
        if column.indicator == RATE
    }
    assert weights[RATE] == 1
    for name in weights:
        # At the end of every quarter but the last, two of its months are known.
        assert then[name] - now[name] == pytest.approx(weights[name], abs=0.05)


def test_sahm_gap_of_quarters_is_of_months_where_there_are_any() -> None:
    rates = [5.0] * 24
    rates[21], rates[22] = 5.6, 5.9
    made = built(gdp(), monthly("unemployment", rates))
    assert at(made, "2018Q4")["sahm gap"] == pytest.approx((0.6 + 0.9) / 3)
