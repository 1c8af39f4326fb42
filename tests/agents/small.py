"""Two countries of invented data, for which models are trained in a second."""

from econnet.data.sources.observations import Dataset
from tests.builders import series_of, world


def small_data() -> Dataset:
    rows = world(countries=2, quarters=90)
    return Dataset(rows, series_of(rows), "snapshot")
