"""Shell completion of countries, indicators and labels.

Each function returns pairs of a value and its description, and imports nothing heavy.
"""

from collections.abc import Iterable

from econnet.core.task import LABEL_RULES

Offers = list[tuple[str, str]]


def country(incomplete: str) -> Offers:
    """Return the codes that start like this, in the case in which they are typed.

    Names are not offered: they have spaces, at which a shell splits them.
    """
    from econnet.core.countries import all_countries

    case = str.lower if incomplete.islower() else str.upper
    return _starting(incomplete, ((case(it.alpha3), it.name) for it in all_countries()))


def indicator(incomplete: str) -> Offers:
    """Return the indicators that start like this."""
    from econnet.core.catalog import load

    return _starting(incomplete, ((it.key, it.title) for it in load().values()))


def label(incomplete: str) -> Offers:
    """Return the label rules that start like this."""
    return _starting(incomplete, ((name, "") for name in LABEL_RULES))


def _starting(incomplete: str, offers: Iterable[tuple[str, str]]) -> Offers:
    return [offer for offer in offers if offer[0].startswith(incomplete)]
