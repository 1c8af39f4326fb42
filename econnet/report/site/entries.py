"""What a publication appends to the record: new forecasts and new outcomes.

Forecasts come from the forecast log, except replays, whose outcome was known when they
were made, and forecasts from a user's own file. A forecast is new if no forecast of the
event from the same origin, data and version is in the record, so that publishing again
appends nothing. Outcomes are looked up for every forecast in the record: the log may
have been lost since.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pandas as pd

from econnet.core import countries
from econnet.data.sources.observations import Dataset
from econnet.forecast import log as forecast_log
from econnet.forecast import outcomes
from econnet.report.site.chain import (
    GENESIS,
    Record,
    RecordedForecast,
    RecordedOutcome,
)

LogLine = Mapping[str, str]


def extended(
    record: Record,
    lines: Sequence[LogLine],
    known: Dataset,
    now: datetime,
) -> Record:
    """Return the record with what the log and the data add to it.

    Parameters
    ----------
    lines
        Of the forecast log, as `log.read` returns them.
    known
        The data that contain the outcomes.
    now
        The time of the publication.
    """
    recorded_at = _utc(now)
    published = [_log_line(forecast) for forecast in record.forecasts]
    candidates = [line for line in lines if not line["file"]]
    scored = outcomes.score_log([*published, *candidates], known, now.date())
    days = _known_days(scored.forecasts)
    longer = record.extended(_new_forecasts(record, candidates, days, recorded_at))
    return longer.extended(_new_outcomes(longer, scored.scored, recorded_at))


def _new_forecasts(
    record: Record,
    lines: Sequence[LogLine],
    days: Mapping[tuple[str, ...], date],
    recorded_at: str,
) -> Iterator[RecordedForecast]:
    """Yield the forecasts that are not in the record, oldest first."""
    codes = {country.alpha3 for country in countries.all_countries()}
    editions = {forecast.edition for forecast in record.forecasts}
    for line in lines:
        forecast = _forecast(line, recorded_at)
        if forecast is None or forecast.country not in codes:
            continue
        known_on = days.get(forecast.key)
        if known_on is not None and forecast.made_at[:10] >= known_on.isoformat():
            continue  # a replay
        if forecast.edition not in editions:
            editions.add(forecast.edition)
            yield forecast


def _forecast(line: LogLine, recorded_at: str) -> RecordedForecast | None:
    """Return a line of the log as an entry; `None` if it cannot be read."""
    try:
        parsed = forecast_log.parse(line)
        professional = line.get("professional", "")
        values = {
            **{name: line[name] for name in TEXTS},
            "kind": "forecast",
            "line": 1,
            "recorded_at": recorded_at,
            "made_at": _utc(parsed.made_at),
            "horizon": parsed.horizon,
            "origin": str(parsed.origin),
            "period": str(parsed.origin + parsed.horizon),
            "probability": parsed.probability,
            "base_rate": parsed.base_rate,
            "professional": float(professional) if professional else None,
            "data": line.get("data_digest") or None,
            "previous": GENESIS,
        }
        return msgspec.convert(values, RecordedForecast)
    except (ValueError, msgspec.ValidationError):
        return None


def _new_outcomes(
    record: Record, scored: pd.DataFrame, recorded_at: str
) -> Iterator[RecordedOutcome]:
    """Yield the outcomes of recorded forecasts that are known now."""
    published = {outcome.forecast for outcome in record.outcomes}
    rows = {_key(row): row for row in scored.to_dict("records")}
    for key, line in record.first_lines().items():
        row = rows.get(key)
        if row is None or line in published:
            continue
        yield RecordedOutcome(
            line=1,
            recorded_at=recorded_at,
            forecast=line,
            outcome=int(row["outcome"]),
            known_at=str(row["known_at"].date()),
            previous=GENESIS,
        )


def _known_days(forecasts: pd.DataFrame) -> dict[tuple[str, ...], date]:
    """Return the day on which each known outcome became known, by the event's key."""
    rows = forecasts[forecasts["known_at"].notna()].to_dict("records")
    return {_key(row): row["known_at"].date() for row in rows}


def _key(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """Return the key of a row of scores, as `RecordedForecast.key`."""
    return tuple(str(row[name]) for name in KEY)


def _log_line(forecast: RecordedForecast) -> LogLine:
    """Return a recorded forecast as a line of the log."""
    names = {*forecast.__struct_fields__} & {*forecast_log.COLUMNS}
    return {"file": "", **{name: str(getattr(forecast, name)) for name in names}}


def _utc(moment: datetime) -> str:
    """Return a moment in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


KEY = (
    *("country", "frequency", "target", "label", "event", "horizon", "pool", "origin"),
)
TEXTS = (
    *("country", "frequency", "target", "label", "event", "pool", "as_of"),
    *("source", "version"),
)
