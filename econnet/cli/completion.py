"""Shell completion of countries, indicators and labels.

Each function returns pairs of a value and its description, without heavy imports.
"""

from collections.abc import Iterable

from econnet.core import plugins
from econnet.core.task import LABEL_RULES

Offers = list[tuple[str, str]]


def country(incomplete: str) -> Offers:
    """Return the country codes that start with this text, in its case.

    Names are not offered, because a shell splits them at spaces.
    """
    from econnet.core.countries import all_countries

    case = str.lower if incomplete.islower() else str.upper
    offers = ((case(each.alpha3), each.name) for each in all_countries())
    return _starting(incomplete, offers)


def indicator(incomplete: str) -> Offers:
    """Return the indicators that start with this text."""
    from econnet.core.catalog import load

    offers = ((each.key, each.title) for each in load().values())
    return _starting(incomplete, offers)


def label(incomplete: str) -> Offers:
    """Return the label rules that start with this text."""
    names = (*LABEL_RULES, *plugins.names("econnet.labels"))
    return _starting(incomplete, ((name, "") for name in names))


def _starting(incomplete: str, offers: Iterable[tuple[str, str]]) -> Offers:
    return [offer for offer in offers if offer[0].startswith(incomplete)]
