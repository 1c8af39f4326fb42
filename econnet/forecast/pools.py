"""Which countries learn together."""

from econnet.core.countries import UNIONS, Country
from econnet.core.task import Task
from econnet.data.cycle import chronologies


def learns_alone(country: Country, task: Task) -> bool:
    """Return whether a country's data are not pooled with those of others.

    A chronology has one economy. A union of countries is not pooled because it would
    count its members twice.
    """
    own = task.pool == "own" or task.label in chronologies.load()
    return own or country.alpha3 in UNIONS
