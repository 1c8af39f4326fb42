import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core import countries
from econnet.core.errors import UsageError

NAMES = countries.load_names()


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
        ("NAM", "NAM"),
        ("Guinea", "GIN"),
        ("Guinea-Bissau", "GNB"),
        ("Zaire", "COD"),
        ("Congo, Rep.", "COG"),
        ("\uff24\uff25\uff35", "DEU"),  # as wide as Chinese letters
        ("St. Vincent & Grenadines", "VCT"),
        ("Euro area", "EA"),
        ("eurozone", "EA"),
        ("EA20", "EA"),
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


@pytest.mark.parametrize("name", ["World", "Europe", "EU", "OECD members", "SSF"])
def test_aggregate_is_refused_as_one(name: str) -> None:
    with pytest.raises(UsageError, match="is an aggregate, not a country"):
        countries.resolve(name)


@pytest.mark.parametrize("name", NAMES.ambiguous)
def test_name_of_two_countries_is_refused_with_both(name: str) -> None:
    with pytest.raises(UsageError, match="specify which") as caught:
        countries.resolve(name)
    for alpha3 in NAMES.ambiguous[name]:
        assert f"{countries.by_alpha3(alpha3).name} ({alpha3})" in str(caught.value)


@pytest.mark.parametrize("former", ["", "Former "])
@pytest.mark.parametrize("dissolved", NAMES.dissolved, ids=lambda it: it["names"][0])
def test_former_country_is_refused_with_its_successors(
    dissolved: countries.DissolvedCountry, former: str
) -> None:
    for name in dissolved["names"]:
        with pytest.raises(UsageError, match=f"since {dissolved['year']}: ") as caught:
            countries.resolve(former + name)
        for alpha3 in dissolved["successors"]:
            assert countries.by_alpha3(alpha3).name in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["x" * 100_000, "\ufdfa" * 10_000, "\x1b[2JGermny\n", "\u202eGermny", "\udcff"],
)
def test_refusal_is_one_short_printable_line(text: str) -> None:
    with pytest.raises(UsageError, match="no country is called") as caught:
        countries.resolve(text)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@given(st.text(max_size=30))
def test_any_text_is_a_country_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        assert countries.resolve(text) in countries.all_countries()
