import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from econnet.report.site import changes, scoreboard
from econnet.report.site.chain import Record
from tests.report.site.conftest import forecast, outcome


def test_scores_are_those_of_scikit_learn_over_first_forecasts(record: Record) -> None:
    scores = scoreboard.of(record)
    outcomes, ours, averages = [0, 0], [0.2, 0.4], [0.25, 0.25]
    public = scores.public
    assert (public.n, public.n_events, public.n_periods) == (2, 0, 1)
    assert public.econnet is not None
    assert public.base_rate is not None
    assert public.econnet.brier == pytest.approx(brier_score_loss(outcomes, ours))
    assert public.econnet.log_loss == pytest.approx(
        log_loss(outcomes, ours, labels=[0, 1])
    )
    assert public.base_rate.brier == pytest.approx(brier_score_loss(outcomes, averages))


def test_difference_from_the_average_has_its_interval_once_outcomes_suffice() -> None:
    rng = np.random.default_rng(0)
    happened = np.tile([0, 0, 1], 8)
    ours = np.clip(0.25 + 0.4 * happened + rng.uniform(-0.2, 0.2, 24), 0, 1)
    record, outcomes = Record(), []
    for number, (event, probability) in enumerate(zip(happened, ours, strict=True), 1):
        year = 2026 + number
        entry = forecast(
            origin=str(year - 1),
            period=str(year),
            probability=float(probability),
            recorded_at=f"{year - 1}-11-24T03:00:00Z",
        )
        record = record.extended([entry])
        day = f"{year + 1}-02-15"
        outcomes.append(outcome(number, int(event), known_at=day))
    scores = scoreboard.of(record.extended(outcomes)).public
    assert scores.comparison is not None
    differences = (ours - happened) ** 2 - (0.25 - happened) ** 2
    assert scores.comparison.brier_difference == pytest.approx(differences.mean())
    low, high = scores.comparison.brier_interval
    assert low < differences.mean() < high < 0
    assert scores.comparison.brier == "win"
    few = scoreboard.of(record.extended(outcomes[: scoreboard.MIN_PERIODS - 1])).public
    assert few.n == scoreboard.MIN_PERIODS - 1
    assert few.comparison is None


def test_professionals_are_compared_on_the_same_events(record: Record) -> None:
    given = scoreboard.of(record).public.professionals
    assert given is not None
    assert given.n == 1
    assert given.professional.brier == pytest.approx(0.3**2)
    assert given.econnet.brier == pytest.approx(0.4**2)


def test_forecast_further_from_the_outcome_than_the_average_is_a_miss(
    record: Record,
) -> None:
    assert [row.forecast.country for row in scoreboard.of(record).misses] == ["BRA"]


def test_later_forecast_from_the_same_origin_is_not_scored() -> None:
    record = Record().extended(
        [
            forecast(),
            forecast(as_of="2027-06-01", probability=1.0),
            outcome(1, 1),
        ]
    )
    (row,) = scoreboard.of(record).rows
    assert row.forecast.probability == 0.2
    assert row.missed


def test_forecast_published_after_its_outcome_was_known_is_not_scored() -> None:
    late = forecast(recorded_at="2028-02-15T00:00:00Z")
    scores = scoreboard.of(Record().extended([late, outcome(1, 0)]))
    assert (scores.public.n, scores.all.n) == (0, 1)
    assert not scores.rows[0].public_before
    assert scores.calibration == ()


def test_news_of_a_publication_are_forecasts_changes_and_outcomes(
    record: Record,
) -> None:
    first, second, third = changes.publications(record, scoreboard.of(record))
    assert (len(first.forecasts), first.changes, first.outcomes) == (2, (), ())
    (change,) = second.large
    assert (change.before.line, change.forecast.line, change.points) == (1, 3, 25)
    assert [row.forecast.country for row in third.outcomes] == ["DEU", "BRA"]
    assert [change.points for change in third.changes] == [-15]


def test_month_ends_after_31_days(record: Record) -> None:
    news = changes.publications(record, scoreboard.of(record))
    assert changes.of_last_month(news, "2027-02-05T03:00:00+00:00") == news[1:]
    assert changes.of_last_month(news, "2027-02-05T03:00:01+00:00") == news[2:]
