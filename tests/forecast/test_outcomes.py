from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from econnet.data.sources.observations import Dataset
from econnet.forecast import log as forecast_log
from econnet.forecast import outcomes
from econnet.forecast.outcomes import LogScores
from tests.builders import series_of

# German output fell in 2008Q2 to 2009Q1 and rose in the quarters around (OECD,
# Quarterly National Accounts); these levels do the same.
LEVELS = {
    "2007Q4": 100.0,
    "2008Q1": 101.0,
    "2008Q2": 100.5,
    "2008Q3": 100.0,
    "2008Q4": 98.0,
    "2009Q1": 93.0,
    "2009Q2": 93.2,
    "2009Q3": 94.0,
}


def germany(levels: dict[str, float] = LEVELS) -> Dataset:
    rows = pd.DataFrame(
        {
            "country": "DEU",
            "indicator": "real_gdp",
            "period": list(levels),
            "value": list(levels.values()),
            "source": "oecd",
            "series_id": "GDP",
            "retrieved_at": pd.Timestamp("2026-11-01"),
            "known_at": pd.NaT,
        }
    )
    return Dataset(rows, series_of(rows), "snapshot")


def line(**other: str) -> dict[str, str]:
    """Return a line of the log: 70% for the quarter after 2008Q1."""
    usual = {
        "made_at": "2008-05-20T12:00:00+00:00",
        "country": "DEU",
        "frequency": "Q",
        "target": "real_gdp",
        "label": "negative-growth",
        "event": "at",
        "horizon": "1",
        "origin": "2008Q1",
        "period": "2008Q2",
        "probability": "0.7",
        "version": "0.1.0",
        "base_rate": "0.25",
        "pool": "all",
        "as_of": "2008-05-20",
        "source": "snapshot",
        "file": "",
    }
    return usual | other


def judge(*lines: dict[str, str], known: Dataset | None = None) -> LogScores:
    return outcomes.score_log(lines, known or germany(), date(2009, 12, 31))


def test_forecast_is_scored_by_its_outcome() -> None:
    judged = judge(line(), line(origin="2009Q1", period="2009Q2", probability="0.4"))
    assert judged.forecasts["state"].tolist() == ["scored", "scored"]
    assert judged.forecasts["outcome"].tolist() == [1.0, 0.0]
    said, usual, outcome = [0.7, 0.4], [0.25, 0.25], [1, 0]
    assert judged.brier == pytest.approx(brier_score_loss(outcome, said))
    assert judged.base_rate_brier == pytest.approx(brier_score_loss(outcome, usual))
    assert judged.log_loss == pytest.approx(log_loss(outcome, said))
    assert judged.base_rate_log_loss == pytest.approx(log_loss(outcome, usual))


def test_within_is_true_where_any_of_its_periods_contracts() -> None:
    judged = judge(
        line(event="within", horizon="2", origin="2007Q4", period="2008Q2"),
        line(event="at", horizon="2", origin="2009Q1", period="2009Q3"),
        line(event="within", horizon="2", origin="2009Q1", period="2009Q3"),
    )
    assert judged.forecasts["outcome"].tolist() == [1.0, 0.0, 0.0]


def test_outcome_is_overdue_once_its_figure_is_published_and_pending_before() -> None:
    judged = judge(
        line(origin="2009Q3", period="2009Q4"),
        line(origin="2999Q4", period="2999Q4", horizon="0"),
        line(origin="2009Q2", period="2009Q3"),
        known=germany({key: LEVELS[key] for key in LEVELS if key != "2009Q3"}),
    )
    assert judged.forecasts["state"].tolist() == ["pending", "pending", "overdue"]
    assert np.isnan(judged.brier)


def test_forecast_made_after_its_outcome_is_a_replay() -> None:
    later = "2026-11-24T10:00:00+00:00"
    judged = judge(line(), line(made_at=later, origin="2008Q2", period="2008Q3"))
    assert judged.scored["ahead"].tolist() == [True, False]


def test_first_of_several_lines_for_one_event_counts() -> None:
    judged = judge(line(), line(probability="1.0", made_at="2008-05-21T00:00:00Z"))
    assert judged.n_made == 2
    assert judged.forecasts["probability"].tolist() == [0.7]


def test_forecast_whose_data_are_gone_is_unavailable(tmp_path: Path) -> None:
    judged = judge(
        line(country="FRA"),
        line(target="sales"),
        line(label="boom"),
        line(origin="1010Q1"),
        line(file=str(tmp_path / "none.csv")),
    )
    assert judged.forecasts["state"].tolist() == ["unavailable"] * 5


def test_outcome_of_a_users_file_is_looked_for_in_that_file(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    rows = [f"North,{2000 + n},{100 - n}" for n in range(8)]
    path.write_text("\n".join(["country,period,sales", *rows]))
    judged = judge(
        line(
            country="North",
            target="sales",
            frequency="A",
            origin="2004",
            period="2005",
            file=str(path),
        )
    )
    assert judged.forecasts["outcome"].tolist() == [1.0]


def test_empty_log_has_no_scores() -> None:
    judged = judge()
    assert judged.n_made == 0
    assert judged.forecasts.empty
    assert np.isnan(judged.brier)


@pytest.mark.parametrize("year", ["0000", "0001", "9999", "99999"])
def test_line_of_an_impossible_year_is_skipped(year: str) -> None:
    judged = judge(line(origin=f"{year}Q4"), line(period=f"{year}Q4"), line())
    assert (judged.n_made, len(judged.scored)) == (3, 1)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(forecast_log.COLUMNS), st.text()), max_size=4
    )
)
def test_any_line_is_scored_or_skipped(
    lines: list[dict[str, str]],
) -> None:
    judged = judge(*(dict.fromkeys(forecast_log.COLUMNS, "") | one for one in lines))
    assert judged.n_made == len(lines)
    assert judged.scored.empty
