import pytest

from econnet.core import catalog
from econnet.core.catalog import Indicator
from econnet.core.periods import FREQUENCIES, Frequency


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
        # A forecast has the date of its publication.
        assert template.publication_lag_days > 0 or indicator.forecast
        assert template.rights
        assert template.unit


def test_names_that_the_world_uses_are_recognised() -> None:
    for name in ("unemployment", "UNRATE", "unrate", "Unemployment rate"):
        found = catalog.recognise(name)
        assert found is not None
        assert found.key == "unemployment"
    # Words that mean other things to other people, and half a name, are nobody's.
    for name in ("gdp", "pop", "RPI", "rate", "LRHUTTTT{alpha2}M156S", ""):
        assert catalog.recognise(name) is None


@pytest.mark.parametrize("key", catalog.load())
def test_every_indicator_is_recognised_by_its_key_and_measures_itself(key: str) -> None:
    found = catalog.recognise(key)
    assert found is catalog.load()[key]
    assert found.measures == key


def lag(
    indicator: Indicator, source: str, series_id: str, frequency: Frequency, alpha3: str
) -> int:
    template = indicator.template_of(source, series_id, frequency, alpha3)
    assert template is not None
    return template.publication_lag_days


def test_finest_live_frequency_is_that_of_the_sources_that_are_fetched() -> None:
    finest = catalog.finest_live
    assert finest("real_gdp", "DEU") == "Q"
    assert finest("real_gdp", "AND") == "A"
    assert finest("unemployment", "GBR") == "M"
    # Ended, and only in the bundled data.
    assert finest("recession_flag", "DEU") is None
    assert finest("human_capital", "DEU") is None


def test_lag_is_that_of_source_frequency_and_country() -> None:
    real_gdp = catalog.load()["real_gdp"]
    assert lag(real_gdp, "oecd", "gdp_real", "Q", "DEU") == 60
    assert lag(real_gdp, "pwt", "rgdpna", "A", "DEU") == 1095
    assert lag(real_gdp, "fred", "GDPC1", "Q", "USA") == 30
    assert real_gdp.template_of("fred", "an id of the past", "Q", "AND") is None
    unemployment = catalog.load()["unemployment"]
    assert lag(unemployment, "fred", "UNRATE", "M", "USA") == 10
    assert lag(unemployment, "fred", "LRHUTTTTDEM156S", "M", "DEU") == 60
    assert lag(unemployment, "fred", "LRHUTTTTGBM156S", "M", "GBR") == 135
