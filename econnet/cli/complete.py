"""What the shell offers when a name is half typed: countries, indicators, labels.

Each returns `(value, what it is)`, and looks at nothing that takes long to import.
"""

from collections.abc import Iterable

from econnet.core.task import LABEL_RULES

Offers = list[tuple[str, str]]


def country(incomplete: str) -> Offers:
    """Return the codes that begin so, in the case in which they are typed.

    Names are not offered: they have spaces, at which a shell takes them apart.
    """
    from econnet.countries import all_countries

    case = str.lower if incomplete.islower() else str.upper
    return _beginning(
        incomplete, ((case(it.alpha3), it.name) for it in all_countries())
    )


def indicator(incomplete: str) -> Offers:
    """Return the indicators that begin so."""
    from econnet.catalog import load

    return _beginning(incomplete, ((it.key, it.title) for it in load().values()))


def label(incomplete: str) -> Offers:
    """Return the label rules that begin so."""
    return _beginning(incomplete, ((name, "") for name in LABEL_RULES))


def _beginning(incomplete: str, offers: Iterable[tuple[str, str]]) -> Offers:
    return [offer for offer in offers if offer[0].startswith(incomplete)]
