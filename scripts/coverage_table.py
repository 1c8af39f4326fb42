"""Write the coverage table of docs/sources.md from the catalog and its status.

    python -m scripts.coverage_table

A cell names the first source that has an indicator of a country live, in the catalog's
order of preference, and the publication lag in days. A question mark says that no
recorded answer of that series was found and nobody has asked the source: not verified.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from econnet.core import catalog
from econnet.core.catalog import SeriesTemplate
from econnet.core.countries import Country, all_countries, by_alpha3
from econnet.core.periods import Frequency
from econnet.core.sources import LIVE_SOURCES, SOURCES
from scripts import check_catalog

PAGE = Path(__file__).parent.parent / "docs" / "sources.md"
BEGIN = "<!-- coverage: written by python -m scripts.coverage_table -->"
END = "<!-- end of coverage -->"

# G20, European Union, OECD, and the largest others.
# fmt: off
COUNTRIES = (
    "ARG", "AUS", "AUT", "BEL", "BGD", "BGR", "BRA", "CAN", "CHE", "CHL", "CHN",
    "COL", "CRI", "CYP", "CZE", "DEU", "DNK", "EGY", "ESP", "EST", "FIN", "FRA",
    "GBR", "GRC", "HRV", "HUN", "IDN", "IND", "IRL", "ISL", "ISR", "ITA", "JPN",
    "KOR", "LTU", "LUX", "LVA", "MEX", "MLT", "MYS", "NGA", "NLD", "NOR", "NZL",
    "PHL", "POL", "PRT", "ROU", "RUS", "SAU", "SGP", "SVK", "SVN", "SWE", "THA",
    "TUR", "TWN", "USA", "VNM", "ZAF",
)
# fmt: on
COLUMNS: Mapping[str, tuple[tuple[str, ...], tuple[Frequency, ...]]] = {
    "real GDP, Q": (("real_gdp",), ("Q",)),
    "industry, M": (("industrial_production",), ("M",)),
    "unemployment": (("unemployment",), ("M", "Q")),
    "prices": (("consumer_prices",), ("M", "Q")),
    "policy or 3-month rate": (("policy_rate", "three_month_rate"), ("M",)),
    "10-year rate": (("ten_year_rate",), ("M",)),
    "share prices": (("share_prices",), ("M",)),
    "confidence": (
        ("business_confidence", "consumer_confidence", "consumer_sentiment"),
        ("M",),
    ),
    "house prices": (("house_prices",), ("Q", "M")),
    "credit": (("credit_to_gdp", "credit_gap", "consumer_credit"), ("Q", "M")),
}
SHORT = {"worldbank": "GEM", "eurostat": "Eurostat", "fred": "FRED"}


@cache
def verified() -> frozenset[tuple[str, str, str]]:
    """Return source, series id and country of what was found, by all spellings."""
    return frozenset(
        (row.source, row.series_id, row.country)
        for row in check_catalog.read()
        if row.status == "exists"
    )


def live(
    keys: Sequence[str], frequencies: Sequence[Frequency], country: Country
) -> list[tuple[SeriesTemplate, bool]]:
    """Return the live series of a country in order, and whether each was found."""
    found = [
        template
        for key in keys
        for template in catalog.load()[key].series
        if template.source in LIVE_SOURCES
        and template.frequency in frequencies
        and not (template.bundled or template.discontinued)
        and template.covers(country.alpha3)
    ]
    return [(template, _is_verified(template, country)) for template in found]


def _is_verified(template: SeriesTemplate, country: Country) -> bool:
    return (
        template.source,
        template.id_for(country),
        country.alpha3,
    ) in verified()


def cell(
    keys: Sequence[str], frequencies: Sequence[Frequency], country: Country
) -> str:
    """Return the source, the lag in days, and a question mark if not verified."""
    options = live(keys, frequencies, country)
    if not options:
        return ""
    # A series that was found comes before one that is expected.
    template, found = next((option for option in options if option[1]), options[0])
    name = SHORT.get(template.source, SOURCES[template.source].title)
    return f"{name} {template.publication_lag_days}{'' if found else '?'}"


def counts(keys: Sequence[str], frequencies: Sequence[Frequency]) -> tuple[int, int]:
    """Return of how many countries the catalog has it, and of how many it was found."""
    options = [live(keys, frequencies, country) for country in all_countries()]
    return (
        sum(bool(each) for each in options),
        sum(any(found for _, found in each) for each in options),
    )


def table() -> str:
    """Return the section between the marks."""
    totals = {name: counts(*column) for name, column in COLUMNS.items()}
    lines = [
        "| country | " + " | ".join(COLUMNS) + " |",
        "|---" * (1 + len(COLUMNS)) + "|",
        "| **all countries: by the catalog, of these found** | "
        + " | ".join(f"{n}, {found}" for n, found in totals.values())
        + " |",
    ]
    countries = sorted(map(by_alpha3, COUNTRIES), key=lambda country: country.name)
    lines += [
        f"| {country.name} | "
        + " | ".join(cell(*column, country) for column in COLUMNS.values())
        + " |"
        for country in countries
    ]
    return "\n".join(lines)


def page(text: str) -> str:
    """Return the page with a current table."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.S)
    return pattern.sub(lambda _: f"{BEGIN}\n\n{table()}\n\n{END}", text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
