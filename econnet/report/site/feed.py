"""The Atom feed: new forecasts, large changes and outcomes, by publication.

The feed follows RFC 4287. Its ids are derived from the first line of the record, so
that they stay the same wherever the site is served; its links are relative.
"""

from collections.abc import Iterator, Sequence
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.etree import ElementTree

from econnet.core import countries
from econnet.core.text import printable
from econnet.report import wording
from econnet.report.site import documents
from econnet.report.site.chain import Record, RecordedForecast, digest
from econnet.report.site.changes import Change, Publication
from econnet.report.site.scoreboard import Row
from econnet.report.wording.formatting import count, day_of, in_points

FILE = "feed.xml"
ATOM = "http://www.w3.org/2005/Atom"
TITLE = "econnet: recession forecasts"
MAX_ENTRIES = 100
MAX_LISTED = 20


def as_atom(record: Record, news: Sequence[Publication], version: str) -> bytes:
    """Return the feed of a record with at least one entry.

    `version` is that of econnet; `news` are the publications, oldest first.
    """
    first = record.content.splitlines()[0]
    identity = uuid5(NAMESPACE_URL, f"urn:sha256:{digest(first)}")
    feed = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": "en"})
    _add(feed, "id", identity.urn)
    _add(feed, "title", TITLE)
    _add(feed, "updated", news[-1].recorded_at)
    _add(_add(feed, "author"), "name", "econnet")
    _add(feed, "generator", "econnet", version=version)
    _link(feed, FILE, "self", "application/atom+xml")
    _link(feed, "index.html", "alternate", "text/html")
    entries = [entry for one in reversed(news) for entry in _entries(one, identity)]
    feed.extend(entries[:MAX_ENTRIES])
    ElementTree.indent(feed)
    text: bytes = ElementTree.tostring(feed, "utf-8", xml_declaration=True)
    return text + b"\n"


def _entries(one: Publication, identity: UUID) -> Iterator[ElementTree.Element]:
    """Yield the entries of a publication, the most important first."""
    if one.outcomes:
        occurred = sum(row.state == "occurred" for row in one.outcomes)
        yield _entry(
            identity,
            f"outcomes {one.recorded_at}",
            f"{count(len(one.outcomes), 'outcome')}: the event occurred in {occurred}",
            one.recorded_at,
            "scoreboard.html",
            [*map(outcome_sentence, one.outcomes)],
        )
    for change in one.large:
        yield _entry(
            identity,
            f"line {change.forecast.line}",
            change_sentence(change),
            one.recorded_at,
            documents.country_page(change.forecast.country),
            [question(change.forecast)],
        )
    if one.forecasts:
        yield _entry(
            identity,
            f"forecasts {one.recorded_at}",
            f"{count(len(one.forecasts), 'new forecast')}, {day_of(one.recorded_at)}",
            one.recorded_at,
            "index.html",
            [forecast_sentence(it) for it in above_average(one.forecasts)],
        )


def _entry(
    identity: UUID,
    name: str,
    title: str,
    moment: str,
    link: str,
    sentences: Sequence[str],
) -> ElementTree.Element:
    entry = ElementTree.Element("entry")
    _add(entry, "id", uuid5(identity, name).urn)
    _add(entry, "title", title)
    _add(entry, "updated", moment)
    _add(entry, "published", moment)
    _link(entry, link, "alternate", "text/html")
    listed = list(sentences[:MAX_LISTED])
    if more := len(sentences) - len(listed):
        listed.append(f"And {more:,} more.")
    _add(entry, "summary", " ".join(listed), type="text")
    return entry


def _add(
    parent: ElementTree.Element, tag: str, text: str = "", **attributes: str
) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag, attributes)
    child.text = printable(text) or None
    return child


def _link(parent: ElementTree.Element, href: str, rel: str, kind: str) -> None:
    _add(parent, "link", href=href, rel=rel, type=kind)


def above_average(forecasts: Sequence[RecordedForecast]) -> list[RecordedForecast]:
    """Return forecasts, the one furthest above its country's average first.

    Those whose period is over come last.
    """
    return sorted(
        forecasts, key=lambda it: (it.after_period, it.base_rate - it.probability)
    )


def forecast_sentence(forecast: RecordedForecast) -> str:
    """Return a forecast in a sentence."""
    over = " (period over)" if forecast.after_period else ""
    return (
        f"{country_name(forecast)}, {wording.period_name(forecast.period)}{over}: "
        f"{wording.percent(forecast.probability)} (historical average "
        f"{wording.percent(forecast.base_rate)})."
    )


def change_sentence(change: Change) -> str:
    """Return a change in a phrase: `Germany, 2027: 34%, up 12 percentage points`."""
    direction = "up" if change.points > 0 else "down"
    before = change.before
    return (
        f"{country_name(change.forecast)}, "
        f"{wording.period_name(change.forecast.period)}: "
        f"{wording.percent(change.forecast.probability)}, {direction} "
        f"{in_points(change.points)} from the forecast for "
        f"{wording.period_name(before.period)} of {day_of(before.recorded_at)}"
    )


def outcome_sentence(row: Row) -> str:
    """Return an outcome in a sentence, with the forecast before it."""
    closer = "closer than" if not row.missed else "not closer than"
    forecast = row.forecast
    return (
        f"{country_name(forecast)}, {wording.period_name(forecast.period)}: the event "
        f"{row.state}; forecast {wording.percent(forecast.probability)}, {closer} the "
        f"historical average ({wording.percent(forecast.base_rate)})."
    )


def question(forecast: RecordedForecast) -> str:
    """Return the question that a recorded forecast answers, by its options."""
    return (
        f"{forecast.label}, {forecast.target}, frequency {forecast.frequency}, horizon "
        f"{forecast.horizon}, event {forecast.event}"
    )


def country_name(forecast: RecordedForecast) -> str:
    """Return the name of the country that a forecast is about."""
    return countries.by_alpha3(forecast.country).name
