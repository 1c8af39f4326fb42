"""The series that measures an indicator of a country, where there are several."""

import pandas as pd

from econnet.core import catalog
from econnet.core.catalog import SeriesTemplate
from econnet.data.known_dates import SERIES


def choose_series(series: pd.DataFrame, tidy: pd.DataFrame) -> pd.DataFrame:
    """Return, for each country and indicator, the longest series that is current.

    A series is current if it ends at most `MAX_STALE` periods before the one that ends
    last. A measured one comes before a modelled one; ties go to the first in the
    catalog. An archive counts as being as long as the series whose editions it keeps.
    """
    spans = tidy.groupby("series")["ordinal"].agg(["max", "count"])
    spans = series.join(spans, how="inner")
    cell = ["country", "indicator"]
    newest = spans.groupby(cell)["max"].transform("max")
    spans["current"] = spans["max"] >= newest - MAX_STALE
    spans["last"] = spans["max"].where(~spans["current"], newest)
    entries = [
        _entry(key, template)
        for key, template in zip(spans["indicator"], spans["template"], strict=True)
    ]
    spans["rank"], spans["modelled"] = zip(*entries, strict=True)
    family = [*cell, "source", spans["series_id"].map(catalog.archived)]
    spans["count"] = spans.groupby([*family, "current"])["count"].transform("max")
    best = spans.sort_values(
        ["last", "modelled", "count", "rank"],
        ascending=[False, True, False, True],
        kind="stable",
    ).drop_duplicates(cell)
    return best[[*SERIES, "first_vintage"]].sort_values(cell)


def _entry(key: str, template: SeriesTemplate | None) -> tuple[int, bool]:
    """Return a series' position in the catalog, and whether it is modelled."""
    indicator = catalog.load().get(key)
    if indicator is None:
        return 0, False
    if template is None:
        return len(indicator.series), False
    return indicator.series.index(template), template.modelled


# In periods of the panel.
MAX_STALE = 2
