import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet import countries
from econnet.errors import UsageError


@pytest.mark.parametrize(
    ("text", "alpha3"),
    [
        ("Germany", "DEU"),
        ("de", "DEU"),
        (" deu ", "DEU"),
        ("UNITED KINGDOM", "GBR"),
        ("Korea, Rep.", "KOR"),
        ("Egypt, Arab Rep.", "EGY"),
        ("Turkey", "TUR"),
        ("Ivory Coast", "CIV"),
        ("cote d'ivoire", "CIV"),
        ("Swaziland", "SWZ"),
        ("Kosovo", "XKX"),
        ("NA", "NAM"),
        ("St. Vincent & Grenadines", "VCT"),
    ],
)
def test_name_or_code_finds_its_country(text: str, alpha3: str) -> None:
    assert countries.resolve(text).alpha3 == alpha3


@pytest.mark.parametrize("country", countries.all_countries())
def test_every_country_is_found_by_each_of_its_own_names(
    country: countries.Country,
) -> None:
    for text in (country.name, country.alpha2, country.alpha3):
        assert countries.resolve(text) == country


def test_unknown_name_is_refused_with_the_nearest_ones() -> None:
    with pytest.raises(UsageError, match="nearest: Germany"):
        countries.resolve("Germny")


@pytest.mark.parametrize(
    ("code", "near"), [("DEI", "DEU (Germany)"), ("UAS", "USA (United States)")]
)
def test_unknown_code_is_refused_with_the_nearest_ones(code: str, near: str) -> None:
    with pytest.raises(UsageError, match=rf"nearest: .*{re.escape(near)}"):
        countries.resolve(code)


@pytest.mark.parametrize("name", ["World", "euro area", "EU", "OECD members"])
def test_aggregate_is_refused_as_one(name: str) -> None:
    with pytest.raises(UsageError, match="is an aggregate, not a country"):
        countries.resolve(name)


@given(st.text(max_size=30))
def test_any_text_is_a_country_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        assert countries.is_country(countries.resolve(text).alpha3)
