"""Real vintages from ALFRED: every value of a series with the day it was published.

Asked only where there is a `FRED_API_KEY`. The service answers for at most 2,000
vintages at once, so their dates are asked for first and the values in spans. A value
that held across the border of two spans stands in both, the second time as if it were
published at the border; that repetition is taken out. What stood in the oldest vintage
was published before ALFRED began to keep it, on a day that nobody tells.
"""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd

from econnet.catalog import Indicator, SeriesTemplate
from econnet.core.periods import PERIOD_NAME
from econnet.countries import Country
from econnet.errors import SourceError
from econnet.sources import observations
from econnet.sources.http import NOT_ITS_FORMAT, MissingSeriesError, PoliteSession
from econnet.sources.observations import Answer, Piece, Provenance

VINTAGES_A_CALL = 2_000
ROWS_A_CALL = 100_000
MOST_PAGES = 50  # five million revisions
CONTENT_TYPES = frozenset({"application/json", "text/json", "text/plain"})


class NoVintagesError(SourceError):
    """The series is weekly or daily: months cannot be formed of single revisions."""


@dataclass(frozen=True)
class Alfred:
    """The service for one key, over the session that FRED is asked with."""

    session: PoliteSession
    url: str
    key: str = field(repr=False)

    def rows(
        self, path: str, name: str, series_id: str, **query: str
    ) -> tuple[list[Any], list[Piece]]:
        """Return the list `name` of an answer, and the pages it was put together of.

        The key does not stand in the pages, even where the service repeats it.
        """
        rows, pages = list[Any](), list[Piece]()
        for _ in range(MOST_PAGES):
            response = self.session.answer(
                series_id,
                f"{self.url.rstrip('/')}/{path}",
                {
                    "series_id": series_id,
                    "api_key": self.key,
                    "file_type": "json",
                    "offset": len(rows),
                    **query,
                },
                CONTENT_TYPES,
            )
            try:
                page = response.json()
                rows += page[name]
                count = int(page["count"])
            except NOT_ITS_FORMAT:
                reason = "answered with something that is not ALFRED's format"
                # `from None`: the cause quotes the answer, and that may hold the key.
                raise SourceError(self.session.complaint(series_id, reason)) from None
            hidden = response.content.replace(self.key.encode(), b"***")
            pages.append(Piece.of(hidden))
            if len(rows) >= count:
                return rows, pages
            if not page[name]:
                break
        reason = f"{len(rows):,} rows came of {count:,} that were announced"
        raise SourceError(self.session.complaint(series_id, reason))


@dataclass(frozen=True)
class Vintages:
    """The days on which a series was published or revised."""

    series_id: str
    dates: tuple[str, ...]
    retrieved_at: datetime

    @property
    def digest(self) -> str:
        """What changes when, and only when, there is a new vintage."""
        return hashlib.sha256(" ".join(self.dates).encode()).hexdigest()


def vintages(alfred: Alfred, series_id: str) -> Vintages:
    """Return the dates of a series' vintages.

    Raises
    ------
    MissingSeriesError
        There are none.
    SourceError
        What came are no dates.
    """
    dates, _ = alfred.rows("series/vintagedates", "vintage_dates", series_id)
    if not dates:
        raise MissingSeriesError(alfred.session.complaint(series_id, "no vintages"))
    try:
        in_order = tuple(sorted(_date(text) for text in dates))
    except NOT_ITS_FORMAT:
        reason = "answered with vintages that are no dates"
        raise SourceError(alfred.session.complaint(series_id, reason)) from None
    return Vintages(series_id, in_order, observations.now())


def read(
    alfred: Alfred,
    vintages: Vintages,
    country: Country,
    indicator: Indicator,
    template: SeriesTemplate,
    start_year: int,
) -> Answer:
    """Return every value that ever held, `known_at` being the day of its publication.

    Raises
    ------
    NoVintagesError
        The series is weekly or daily.
    """
    spans = [
        vintages.dates[first : first + VINTAGES_A_CALL]
        for first in range(0, len(vintages.dates), VINTAGES_A_CALL)
    ]
    answers = [
        alfred.rows(
            "series/observations",
            "observations",
            vintages.series_id,
            realtime_start=span[0],
            realtime_end=span[-1],
            output_type="1",
            limit=str(ROWS_A_CALL),
        )
        for span in spans
    ]
    rows = [row for those, _ in answers for row in those]
    table = _table(rows, template, alfred.session.complaint(vintages.series_id, ""))
    if table.empty:
        raise MissingSeriesError(
            alfred.session.complaint(vintages.series_id, "not one value")
        )
    first_vintage = pd.Timestamp(vintages.dates[0])
    table["known_at"] = table["known_at"].mask(table["known_at"] <= first_vintage)
    provenance = Provenance(
        series_id=vintages.series_id,
        title=indicator.title,
        unit=indicator.unit,
        digest=vintages.digest,
        first_period=str(start_year),
        retrieved_at=vintages.retrieved_at,
        raw=tuple(page for _, pages in answers for page in pages),
    )
    rows_of_country = table.assign(country=country.alpha3)
    return observations.answer(rows_of_country, indicator, template, provenance)


def _table(
    rows: list[Mapping[str, str]], template: SeriesTemplate, complaint: str
) -> pd.DataFrame:
    """Return `period, value, known_at`, one row for each change of a value."""
    try:
        table = pd.DataFrame(
            {
                "day": pd.to_datetime([_date(row["date"]) for row in rows]),
                "known_at": pd.to_datetime(
                    [_date(row["realtime_start"]) for row in rows]
                ),
                "value": [_value(row["value"]) for row in rows],
            }
        )
    except NOT_ITS_FORMAT:
        raise SourceError(f"{complaint}rows that are no observations") from None
    if (table["day"].dt.day != 1).any():
        raise NoVintagesError(f"{complaint}weekly or daily, read without vintages")
    table = table.sort_values(["day", "known_at"], ignore_index=True)
    before = table.groupby("day")["value"].shift()
    # `before` is missing too where a value stands first: what is missing from the
    # start was never published.
    changed = (table["value"] != before) & ~(table["value"].isna() & before.isna())
    table = table[changed].reset_index(drop=True)
    name = PERIOD_NAME[template.frequency]
    return pd.DataFrame(
        {
            "period": [name(day) for day in table["day"]],
            "value": table["value"].astype(float),
            "known_at": table["known_at"].astype("datetime64[us]"),
        }
    )


def _date(text: str) -> str:
    """Return a date as ALFRED writes it; raise `ValueError` for any other text."""
    if DATE.fullmatch(text) is None:
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


def _value(text: str) -> float | None:
    """Return a finite number, or `None` for what is missing."""
    if text == ".":
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


DATE = re.compile(r"(1[5-9]|[2-8]\d)\d\d-\d\d-\d\d", re.ASCII)
