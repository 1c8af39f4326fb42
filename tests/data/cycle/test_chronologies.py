from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from econnet.core import countries
from econnet.core.errors import UsageError
from econnet.core.periods import FREQUENCIES
from econnet.core.task import LABEL_RULES
from econnet.data.cycle import chronologies
from econnet.data.cycle.chronologies import Chronology, Recession
from econnet.data.cycle.labels import check_rule

ALL = chronologies.load()


@pytest.mark.parametrize("chronology", ALL.values(), ids=list(ALL))
def test_chronology_is_in_chronological_order(chronology: Chronology) -> None:
    turning_points = []
    for recession in chronology.recessions:
        assert recession.trough is not None
        assert recession.trough_announced is not None
        turning_points += [recession.peak, recession.trough]
        assert recession.peak.end_time < recession.peak_announced
        assert recession.trough.end_time < recession.trough_announced
        assert recession.peak_announced <= recession.trough_announced
    assert all(one < next_one for one, next_one in pairwise(turning_points))
    assert countries.by_alpha3(chronology.country)
    assert chronology.source


def test_every_chronology_is_a_label_that_the_command_line_offers() -> None:
    assert set(ALL) <= set(LABEL_RULES)
    for name, chronology in ALL.items():
        for frequency in FREQUENCIES:
            with (
                nullcontext()
                if frequency in chronology.frequencies
                else pytest.raises(UsageError, match="is not defined at frequency")
            ):
                check_rule(name, frequency)


@pytest.mark.parametrize(
    ("name", "first", "last", "n"),
    [
        # EABCN, Chronology of Euro Area Business Cycles: the recession of six quarters
        # that began after the peak of 2011Q3.
        ("cepr", "2011Q4", "2013Q1", 6),
        # CODACE, announcement of 30 October 2017: a recession of eleven quarters, from
        # 2014Q2 to 2016Q4, as long as that from 1989Q3 to 1992Q1.
        ("codace", "2014Q2", "2016Q4", 11),
        ("codace", "1989Q3", "1992Q1", 11),
    ],
)
def test_recession_has_the_length_that_its_committee_gives(
    name: str, first: str, last: str, n: int
) -> None:
    frequency = ALL[name].frequency
    periods = pd.period_range(
        pd.Period(first, frequency) - 1, pd.Period(last, frequency) + 1, freq=frequency
    )
    labels = chronologies.contractions(ALL[name], periods)["contraction"]
    assert labels.tolist() == [0, *[1] * n, 0]


def test_quarter_is_known_from_the_announcements_of_its_committee() -> None:
    """EABCN announced 2008Q1 on 31 March 2009, 2009Q2 on 4 October 2010."""
    quarters = pd.period_range("2007Q4", "2010Q1", freq="Q")
    known_at = chronologies.contractions(ALL["cepr"], quarters)["known_at"]
    assert known_at["2008Q2"] == known_at["2009Q1"] == pd.Timestamp("2009-03-31")
    assert known_at["2009Q2"] == known_at["2009Q3"] == pd.Timestamp("2010-10-04")


def test_nothing_is_known_before_a_committee_published_its_first_chronology() -> None:
    quarters = pd.period_range("1974Q1", "2002Q4", freq="Q")
    labels = chronologies.contractions(ALL["cepr"], quarters)
    assert labels["contraction"].first_valid_index() == pd.Period("1974Q4", "Q")
    assert labels["known_at"].min() == pd.Timestamp("2003-09-22")


def test_recession_without_a_trough_is_known_up_to_its_announcement() -> None:
    open_ended = Recession(
        pd.Period("2030Q1", "Q"), None, pd.Timestamp("2031-01-15"), None
    )
    chronology = replace(ALL["cepr"], recessions=(*ALL["cepr"].recessions, open_ended))
    quarters = pd.period_range("2030Q1", "2031Q2", freq="Q")
    labels = chronologies.contractions(chronology, quarters)
    np.testing.assert_equal(
        labels["contraction"].tolist(), [0, 1, 1, 1, np.nan, np.nan]
    )
    assert labels["known_at"]["2030Q4"] == pd.Timestamp("2031-01-15")
