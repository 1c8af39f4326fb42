"""The data sources: names, addresses, terms and attributions, each in one place.

A source with a `url` is live: `econnet fetch` queries it, and `ECONNET_<NAME>_URL` sets
a mirror. The others are only in the bundled snapshot.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from econnet.core import plugins
from econnet.core.errors import UsageError, suggestion

LiveSource = Literal[
    "worldbank", "fred", "eurostat", "imf", "oecd", "bis", "ecb", "weo", "spf"
]
LIVE_SOURCES: tuple[LiveSource, ...] = get_args(LiveSource)


@dataclass(frozen=True)
class SourceFacts:
    """What applies to all series of a source.

    Parameters
    ----------
    title
        The name in messages and tables: `World Bank`.
    attribution
        The citation that the source asks for.
    terms
        The address of the terms of use.
    rights
        The rights of its series where the catalog does not name others.
    url
        The public service; `None` if nothing is fetched from it.
    """

    title: str
    attribution: str
    terms: str
    rights: str
    url: str | None = None


@dataclass(frozen=True)
class SourcePlugin(SourceFacts):
    """A live source that a plugin provides.

    Parameters
    ----------
    query
        As in `econnet.data.sources.query`: takes a `Plan` and returns a `Query`.
    catalog
        Its series, as TOML in the format of `catalog.toml`: further series of
        indicators of econnet, and further indicators.
    """

    query: Callable[..., Any] = field(kw_only=True)
    catalog: str = field(kw_only=True)


def live_sources() -> tuple[str, ...]:
    """Return the names of all live sources, those of plugins included."""
    return (*LIVE_SOURCES, *SOURCES.plugins())


def live_source(name: str) -> str:
    """Return the name of a live source; raise `UsageError` if there is none."""
    if name in LIVE_SOURCES or isinstance(SOURCES.get(name), SourcePlugin):
        return name
    names = live_sources()
    remedy = suggestion(name, names, f"use {', '.join(names)}")
    raise UsageError(f"no source is called {name!r}: {remedy}")


def url_variable(name: str) -> str:
    """Return the environment variable that sets a mirror of a source.

    >>> url_variable("statistics-norway")
    'ECONNET_STATISTICS_NORWAY_URL'
    """
    return f"ECONNET_{name.upper().replace('-', '_')}_URL"


def _source_of_plugin(_: plugins.Plugin, source: object) -> SourceFacts:
    if not isinstance(source, SourcePlugin):
        raise TypeError(f"it is a {type(source).__name__}, not a SourcePlugin")
    if not source.url or not callable(source.query):
        raise ValueError("it needs a url and a function `query`")
    return source


SOURCES: plugins.Registry[SourceFacts] = plugins.Registry(
    {
        "worldbank": SourceFacts(
            title="World Bank",
            attribution="Source: World Bank, World Development Indicators",
            terms="https://datacatalog.worldbank.org/public-licenses",
            rights="CC BY 4.0",
            url="https://api.worldbank.org/v2",
        ),
        "fred": SourceFacts(
            title="FRED",
            attribution="Source: FRED, Federal Reserve Bank of St. Louis",
            terms="FRED terms of use, https://fred.stlouisfed.org/legal/",
            rights="public domain",
            url="https://fred.stlouisfed.org/graph/fredgraph.csv",
        ),
        "fred-md": SourceFacts(
            title="FRED-MD",
            attribution="Source: FRED-MD (McCracken and Ng 2016), "
            "Federal Reserve Bank of St. Louis",
            terms="https://www.stlouisfed.org/research/economists/mccracken/"
            "fred-databases",
            rights="public domain",
        ),
        "ibge": SourceFacts(
            title="IBGE",
            attribution="Source: IBGE",
            terms="https://sidra.ibge.gov.br",
            rights="free reuse with attribution",
        ),
        "oecd": SourceFacts(
            title="OECD",
            attribution="Source: OECD",
            terms="https://www.oecd.org/en/about/terms-conditions.html",
            rights="CC BY 4.0",
            url="https://sdmx.oecd.org/public/rest",
        ),
        "eurostat": SourceFacts(
            title="Eurostat",
            attribution="Source: Eurostat",
            terms="https://ec.europa.eu/eurostat/help/copyright-notice",
            rights="CC BY 4.0",
            url="https://ec.europa.eu/eurostat/api/dissemination/sdmx/2.1",
        ),
        "imf": SourceFacts(
            title="IMF",
            attribution="Source: International Monetary Fund",
            terms="https://www.imf.org/external/terms.htm",
            rights="IMF, citation required; see its terms for commercial use",
            url="https://api.imf.org/external/sdmx/2.1",
        ),
        "bis": SourceFacts(
            title="BIS",
            attribution="Source: Bank for International Settlements",
            terms="https://www.bis.org/terms_statistics.htm",
            rights="BIS, citation required",
            url="https://stats.bis.org/api/v1",
        ),
        "ecb": SourceFacts(
            title="ECB",
            attribution="Source: European Central Bank, ECB Data Portal",
            terms="https://www.ecb.europa.eu/services/using-our-site/disclaimer",
            rights="ECB, free reuse if the source is cited",
            url="https://data-api.ecb.europa.eu/service",
        ),
        "weo": SourceFacts(
            title="IMF World Economic Outlook",
            attribution="Source: International Monetary Fund, World Economic Outlook",
            terms="https://www.imf.org/external/terms.htm",
            rights="IMF, citation required; see its terms for commercial use",
            url="https://www.imf.org/external/pubs/ft/weo/data",
        ),
        "spf": SourceFacts(
            title="Survey of Professional Forecasters",
            attribution="Source: Federal Reserve Bank of Philadelphia, "
            "Survey of Professional Forecasters",
            terms="https://www.philadelphiafed.org/surveys-and-data",
            rights="Federal Reserve Bank of Philadelphia, citation required",
            url="https://www.philadelphiafed.org/-/media/FRBP/Assets/"
            "Surveys-And-Data/survey-of-professional-forecasters",
        ),
        "pwt": SourceFacts(
            title="PWT",
            attribution="Source: Penn World Table",
            terms="https://www.rug.nl/ggdc/productivity/pwt/",
            rights="CC BY 4.0",
        ),
    },
    "econnet.sources",
    _source_of_plugin,
)
