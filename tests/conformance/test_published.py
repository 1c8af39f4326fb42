"""econnet reproduces published results on real economies."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import chronology
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from tests.builders import observations
from tests.conformance.evidence import of_snapshot


def test_turning_points_of_spain_are_those_of_its_committee() -> None:
    """Spanish Business Cycle Dating Committee, of Spain from 1995 to 2015.

    Peaks of 2008Q2 and 2010Q4, troughs of 2009Q4 and 2013Q2. The committee also uses
    employment, which continued to fall when output did not: output alone turned three
    quarters earlier in 2009, and one later in 2013.
    """
    turning_points = chronology.turning_points(
        of_snapshot("gdp_real", "Q", "ESP").loc[:"2016Q1"]
    )
    turns = [("2008Q2", "peak"), ("2009Q4", "trough")]
    turns += [("2010Q4", "peak"), ("2013Q2", "trough")]
    official = pd.DataFrame(
        [(pd.Period(quarter, "Q"), kind) for quarter, kind in turns],
        columns=["period", "kind"],
    )
    table = chronology.compare(turning_points, official)
    assert table["outcome"].tolist() == ["matched"] * 4
    assert table["periods_late"].tolist() == [0, -3, 0, 1]


def test_sahm_gap_was_053_in_july_and_057_in_august_2024() -> None:
    """FRED, SAHMREALTIME, from the rates as published then (UNRATE)."""
    rates = [
        *(3.4, 3.6, 3.5, 3.4, 3.7, 3.6, 3.5, 3.8, 3.8, 3.8, 3.7, 3.7),
        *(3.7, 3.9, 3.8, 3.9, 4.0, 4.1, 4.3, 4.2),
    ]
    growing = np.linspace(100, 110, len(rates)).tolist()
    rows = [
        observations("USA", "unemployment", "2023-01", rates, "fred"),
        observations("USA", "industrial_production", "2023-01", growing, "fred"),
    ]
    known = panel.build(pd.concat(rows, ignore_index=True), "M")
    label = labels.apply(known, "negative-growth", "industrial_production")
    features = design_matrix.build(known, label, 1)
    gap = pd.Series(features.named("sahm gap"), features.origins.astype(str))
    # A month's rate is published in the next, which is the origin.
    assert gap["2024-08"] == pytest.approx(0.53, abs=0.005)
    assert gap["2024-09"] == pytest.approx(0.57, abs=0.005)
