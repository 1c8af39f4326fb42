import numpy as np
import pandas as pd
import pytest

from econnet.core import catalog
from econnet.core.catalog import Indicator
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.data.panel import Panel
from tests.builders import observations

DOLLARS, MILLIONS, INDEX = (
    ("worldbank", "NY.GDP.MKTP.KD"),
    ("pwt", "rgdpna"),
    ("ibge", "t1621/v584/c11255=90707"),
)
AID = 5e6 * 1.02 ** np.arange(30)


def with_output(
    country: str, source: tuple[str, str], levels: np.ndarray
) -> list[pd.DataFrame]:
    frequency = "Q1" if source == INDEX else ""
    return [
        observations(
            country, "real_gdp", f"1990{frequency}", list(map(float, levels)), *source
        ),
        observations(
            country, "aid", "1990", AID.tolist(), "worldbank", "DT.ODA.ODAT.KD"
        ),
    ]


def newest_aid(known: Panel) -> pd.Series:
    """Return the feature of each country's last origin."""
    made = design_matrix.build(known, labels.apply(known, "negative-growth"), horizon=1)
    return pd.Series(made.named("aid"), made.countries).groupby(level=0).last()


@pytest.mark.parametrize("revised", [False, True])
def test_ratio_is_of_amounts_not_of_the_numbers_that_state_them(
    revised: bool,
) -> None:
    """A dollar divided by a million dollars is a millionth."""
    output = 1e8 * 1.03 ** np.arange(30)
    rows = pd.concat(
        with_output("TUV", MILLIONS, output / 1e6) + with_output("KIR", DOLLARS, output)
    )
    if revised:
        ends = pd.PeriodIndex(rows["period"], freq="Y").end_time.normalize()
        vintages = [
            rows.assign(value=rows["value"] * part, known_at=ends + pd.Timedelta(days))
            for part, days in ((0.5, "300D"), (1.0, "330D"))
        ]
        rows = pd.concat(vintages)
    newest = newest_aid(panel.build(rows.reset_index(drop=True), "A"))
    assert newest["TUV"] == pytest.approx(100 * AID[29] / output[29], rel=0.02)
    assert newest["KIR"] == pytest.approx(newest["TUV"], rel=0.02)


def test_ratio_of_dollars_to_an_index_is_missing() -> None:
    rows = with_output("TUV", MILLIONS, 100 * 1.03 ** np.arange(30))
    rows += with_output("BRA", INDEX, 100 * 1.01 ** np.arange(120))
    newest = newest_aid(panel.build(pd.concat(rows, ignore_index=True), "A"))
    assert newest["TUV"] > 0
    assert np.isnan(newest["BRA"])


@pytest.mark.parametrize(
    "indicator",
    [each for each in catalog.load().values() if each.transform == "ratio"],
    ids=lambda each: each.key,
)
def test_every_ratio_of_the_catalog_can_be_formed(indicator: Indicator) -> None:
    """Some series of its denominator is in the currency of each of its series."""
    denominator = catalog.load()[indicator.denominator or ""]
    for series in indicator.series:
        currency = "US dollars" if "US dollars" in series.unit else "national currency"
        assert currency in series.unit
        assert any(currency in other.unit for other in denominator.series)
