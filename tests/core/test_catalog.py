import pytest

from econnet.core import catalog
from econnet.core.catalog import Indicator
from econnet.core.countries import all_countries, by_alpha3
from econnet.core.periods import FREQUENCIES, Frequency
from scripts import check_catalog


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
    # Ambiguous words and incomplete names are not recognised.
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


def ids_of_fred() -> dict[str, set[bool]]:
    """Return whether the catalog marks each id of FRED as ended, by plain id."""
    found = dict[str, set[bool]]()
    everywhere = [country.alpha3 for country in all_countries()]
    for _, template in catalog.fetched_from("fred"):
        for alpha3 in template.countries or everywhere:
            series_id = template.id_for(by_alpha3(alpha3))
            found.setdefault(series_id, set()).add(template.discontinued)
    return found


def test_series_of_fred_are_marked_as_they_were_found() -> None:
    """What FRED has, by its recorded answers, and what of it has ended."""
    catalogued = ids_of_fred()
    found = [row for row in check_catalog.read() if row.source == "fred"]
    assert sum(row.status == "exists" for row in found) > 180
    assert sum(row.status == "ended" for row in found) > 50
    for row in found:
        assert catalogued[row.series_id] == {row.status == "ended"}, row.series_id


def test_families_of_fred_that_ended_are_marked() -> None:
    families = ("CPIALLMINMEI", "RECM", "PROINDMISMEI", "BSCICP03", "CSCICP03")
    catalogued = ids_of_fred()
    for family in families:
        marks = [mark for key, mark in catalogued.items() if family in key]
        assert all(mark == {True} for mark in marks), family
    current = ("CP0000DEM086NEST", "BSCICP02DEM460S", "CSCICP02DEM460S")
    assert {mark for key in current for mark in catalogued[key]} == {False}
    growth = catalog.load()["industrial_growth"]
    assert growth.transform == "level"
    assert catalogued["DEUPRINTO01GYSAM"] == {True}  # ended in 2023
    assert catalogued["JPNPRINTO01GYSAM"] == {False}


def test_ids_that_fred_does_not_have_are_not_asked_for() -> None:
    catalogued = ids_of_fred().keys()
    assert catalogued >= {
        *("CLVMNACSCAB1GQCH", "LVAIR3TIB01STM", "MEXPRINTO02IXOBSAM"),
        *("INDIRLTLT01STM", "LTUIRLTLT01STM", "LVAIRLTLT01STM", "COLIRLTLT01STM"),
        "TWEXBGSMTH",
    }
    assert catalogued.isdisjoint(
        {
            *("NGDPRSAXDCCHQ", "IR3TIB01LVM156N", "MEXPROINDMISMEI", "NLDRECM"),
            *("CLVMNACSCAB1GQMT", "SVNPROINDMISMEI", "LRHUTTTTLTM156S"),
            *("LRHUTTTTLVM156S", "SPASTT01ISM661N", "SPASTT01LUM661N"),
            "SPASTT01SKM661N",
        }
    )


def test_figures_of_the_oecd_at_fred_are_not_expected_before_they_come() -> None:
    """Rates and shares were seen more than 40 days after their month."""
    for key in ("three_month_rate", "ten_year_rate", "share_prices"):
        lags = {
            template.publication_lag_days
            for template in catalog.load()[key].series
            if template.source == "fred" and template.rights.startswith("OECD")
        }
        assert min(lags) >= 60, key


def test_each_series_of_the_world_bank_has_a_unit_of_its_own() -> None:
    units = {
        template.id: template.unit for _, template in catalog.fetched_from("worldbank")
    }
    assert units["NY.GDP.MKTP.KD"] == "constant 2015 US dollars"
    assert units["DT.ODA.ODAT.KD"] == "constant 2023 US dollars"
    assert units["SL.UEM.TOTL.ZS"] == "percent of labour force"
    assert units["FP.CPI.TOTL"] == "index, 2010 = 100"
