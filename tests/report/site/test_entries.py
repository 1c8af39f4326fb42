"""What enters the record, from German output: it fell from 2008Q2 to 2009Q1."""

from datetime import UTC, datetime

import pytest

from econnet.data.sources.observations import Dataset
from econnet.report.site import entries
from econnet.report.site.chain import Record
from tests.forecast.test_outcomes import LEVELS, germany
from tests.forecast.test_outcomes import line as line_of_log

IN_MAY = datetime(2008, 5, 21, tzinfo=UTC)
IN_2010 = datetime(2010, 1, 1, tzinfo=UTC)


def known_until(last: str) -> Dataset:
    """Return the data up to a quarter."""
    return germany({period: LEVELS[period] for period in LEVELS if period <= last})


def line(**other: str) -> dict[str, str]:
    """Return a line of the log: 70% for 2008Q2, made in May 2008."""
    return line_of_log(**{"data_digest": "5f" * 32, "professional": "", **other})


def in_may(*lines: dict[str, str]) -> Record:
    return entries.extended(Record(), lines, known_until("2008Q1"), IN_MAY)


def test_forecast_is_recorded_with_its_data_and_its_date() -> None:
    (recorded,) = in_may(line(professional="0.4")).forecasts
    assert recorded.recorded_at == "2008-05-21T00:00:00Z"
    assert recorded.made_at == "2008-05-20T12:00:00Z"
    assert (recorded.probability, recorded.base_rate) == (0.7, 0.25)
    assert (recorded.professional, recorded.data) == (0.4, "5f" * 32)


def test_publishing_again_appends_nothing() -> None:
    record = in_may(line())
    later = line(made_at="2008-05-25T12:00:00+00:00")
    for lines in ([line()], [line(), later], []):
        again = entries.extended(record, lines, known_until("2008Q1"), IN_2010)
        assert again.content == record.content


def test_forecast_from_newer_data_or_of_another_version_is_a_new_entry() -> None:
    record = in_may(line(), line(as_of="2008-05-21"), line(version="0.2.0"))
    assert len(record.forecasts) == 3
    assert [*record.first_lines().values()] == [1]


def test_outcome_is_appended_when_known_and_stays_as_it_was_first_published() -> None:
    record = in_may(line())
    later = entries.extended(record, [line()], known_until("2008Q2"), IN_2010)
    (known,) = later.outcomes
    assert (known.forecast, known.outcome) == (1, 1)
    assert later.content.startswith(record.content)
    revised = known_until("2008Q2")
    rows = revised.observations
    rows.loc[rows["period"] == "2008Q2", "value"] = 110.0
    assert entries.extended(later, [], revised, IN_2010).content == later.content


def test_outcome_is_found_although_the_log_was_lost() -> None:
    record = in_may(line())
    later = entries.extended(record, [], known_until("2009Q2"), IN_2010)
    assert [entry.outcome for entry in later.outcomes] == [1]


@pytest.mark.parametrize(
    "other",
    [
        {"made_at": "2009-12-01T00:00:00+00:00"},  # a replay: the outcome was known
        {"file": "/home/user/panel.csv"},
        {"country": "Atlantis"},
        {"probability": "1.5"},
        {"probability": "nan"},
        {"horizon": "many"},
        {"as_of": "\ud800"},
        {"made_at": "yesterday"},
    ],
)
def test_replays_own_data_and_damaged_lines_are_not_recorded(
    other: dict[str, str],
) -> None:
    record = entries.extended(Record(), [line(**other)], known_until("2009Q2"), IN_2010)
    assert record.entries == ()
