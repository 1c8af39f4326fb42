import pytest

from econnet import catalog
from econnet.catalog import FREQUENCIES, Indicator


@pytest.mark.parametrize("indicator", catalog.load().values(), ids=lambda it: it.key)
def test_entry_is_complete_and_makes_sense(indicator: Indicator) -> None:
    assert indicator.key.isidentifier()
    assert indicator.title
    assert indicator.unit
    assert indicator.series
    assert (indicator.transform == "ratio") == (indicator.denominator is not None)
    if indicator.denominator is not None:
        assert indicator.denominator in catalog.load()
    for template in indicator.series:
        assert template.frequency in FREQUENCIES
        assert template.publication_lag_days > 0
        assert template.rights


def test_lag_is_that_of_source_frequency_and_country() -> None:
    real_gdp = catalog.load()["real_gdp"]
    assert real_gdp.publication_lag_days("oecd", "Q", "DEU") == 60
    assert real_gdp.publication_lag_days("pwt", "A", "DEU") == 1095
    assert real_gdp.publication_lag_days("fred", "Q", "AND") is None
    unemployment = catalog.load()["unemployment"]
    assert unemployment.publication_lag_days("fred", "M", "USA") == 10
    assert unemployment.publication_lag_days("fred", "M", "DEU") == 45
