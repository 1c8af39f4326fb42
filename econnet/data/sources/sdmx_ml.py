"""SDMX-ML, the XML of statistical offices, read by `sdmx1` into one row per value.

Each row has the dimensions of its series, a period and a value. A value is the number
of the source times ten to the power of `UNIT_MULT`, rounded once. The client is
imported only where there is an answer to read: nothing else of econnet needs it.

An answer is an untrusted file. It must be UTF-8 and declare no document type, so that
there are no entities to expand, and whatever `sdmx1` raises about it becomes one line.
"""

import io
import logging
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import pandas as pd

from econnet.core.periods import Frequency, parse_period
from econnet.core.text import one_line
from econnet.data.sources.http import NOT_ITS_FORMAT
from econnet.data.sources.observations import ErrorFactory

CONTENT_TYPES = frozenset(
    {"application/xml", "text/xml"}
    | {
        f"application/vnd.sdmx.{kind}+xml"
        for kind in (
            *("genericdata", "generictimeseriesdata"),
            *("structurespecificdata", "structurespecifictimeseriesdata"),
        )
    }
)
STATUS_ATTRIBUTES = ("OBS_STATUS", "OBS_FLAG")
FORECAST = "F"  # the code of SDMX for a value that is not observed yet
MULTIPLIER = "UNIT_MULT"
# The largest answer of the catalog, three monthly series of 50 countries since 1960,
# has 120,000; `sdmx1` takes two kilobytes for each.
MAX_VALUES = 400_000


@dataclass(frozen=True, eq=False)
class Answer:
    """The values of a message.

    Parameters
    ----------
    rows
        One row per value: the dimensions asked for, `period` and `value`. Missing
        values are left out.
    attributes
        Those of the data set, such as the day of its publication.
    """

    rows: pd.DataFrame
    attributes: Mapping[str, str]


@dataclass(eq=False)
class _Notes:
    """What is noted while the XML is read, because `sdmx1` does not keep it."""

    attributes: dict[str, str] = field(default_factory=dict)
    group_multipliers: set[str] = field(default_factory=set)


def read(
    content: bytes,
    dimensions: Sequence[str],
    frequency: Frequency,
    problem: ErrorFactory,
    *,
    forecasts: bool = False,
) -> Answer:
    """Return the values of an answer in SDMX-ML 2.1, generic or structure-specific.

    Parameters
    ----------
    dimensions
        The dimensions of the data flow in capitals, without time: each series must
        have them all.
    frequency
        That of every period.
    problem
        Makes the error from its reason.
    forecasts
        Whether to keep values that the source marks as forecasts.

    Raises
    ------
    SourceError
        Made by `problem`: the answer breaks off, is an error or of another format.
    """
    notes = _Notes()
    try:
        datasets = _datasets(content, notes)
        rows = [
            row
            for dataset in datasets
            for row in _rows(dataset, notes, dimensions, frequency, forecasts)
        ]
    except _unreadable() as error:
        raise problem(message_of(content) or _reason(content, error)) from error
    if not rows and (message := message_of(content)):
        raise problem(message)
    table = pd.DataFrame(rows, columns=[*dimensions, "period", "value"])
    return Answer(table, notes.attributes)


def message_of(content: bytes) -> str:
    """Return the text of a source's error or notice; empty for data."""
    match = MESSAGE.search(content.decode("utf-8", errors="replace"))
    text = one_line(match[1].strip(), at_most=200) if match else ""
    return f"answered with a message, not data: {text}" if text else ""


def _datasets(content: bytes, notes: _Notes) -> list[Any]:
    """Return the data sets of a message, as `sdmx1` reads them."""
    from sdmx.reader.xml import v21

    # Otherwise it would warn on every answer that it was given no structure.
    logging.getLogger("sdmx").setLevel(logging.ERROR)
    if "<!DOCTYPE" in content.decode("utf-8-sig"):
        raise ValueError("it declares a document type")
    reader = v21.Reader()
    reader._dump = _refuse  # noqa: SLF001 - it would print the answer to stdout
    message = reader.convert(None, _events=_events(content, notes))
    return list(getattr(message, "data", []))


def _events(content: bytes, notes: _Notes) -> Iterator[tuple[str, Any]]:
    """Yield the events of the XML, and note what `sdmx1` leaves out."""
    from lxml import etree

    events = etree.iterparse(
        io.BytesIO(content.removeprefix(b"\xef\xbb\xbf")),
        events=("start", "end"),
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    n_values = 0
    for event, element in events:
        match event, etree.QName(element).localname:
            case "start", "Obs":
                n_values += 1
                if n_values > MAX_VALUES:
                    raise ValueError(f"it has more than {MAX_VALUES:,} values")
            case "start", "DataSet":
                notes.attributes |= {
                    name: text
                    for name, text in element.attrib.items()
                    if not name.startswith("{")  # of the format, not of the data
                }
            case "start", "Group" if MULTIPLIER in element.attrib:
                notes.group_multipliers.add(element.attrib[MULTIPLIER])
        yield event, element


def _refuse() -> NoReturn:
    """End the reading of a message that `sdmx1` cannot read."""
    raise ValueError("it is not an SDMX-ML 2.1 message")


def _rows(
    dataset: Any,  # noqa: ANN401 - a class of sdmx1, which is imported late
    notes: _Notes,
    dimensions: Sequence[str],
    frequency: Frequency,
    forecasts: bool,
) -> Iterator[tuple[str | float, ...]]:
    """Yield the rows of a data set."""
    if dataset.obs and not dataset.series:
        raise ValueError("its values are not in series")
    for key, values in dataset.series.items():
        about = {
            name.upper(): str(part.value)
            for parts in (key.values, key.attrib)
            for name, part in parts.items()
        }
        place = tuple(about[name] for name in dimensions)
        multiplier = _multiplier(about, notes)
        for value in values:
            [time] = value.dimension.values.values()
            if not forecasts and _is_forecast(value.attached_attribute):
                continue
            number = _number(value.value, multiplier)
            if not math.isnan(number):
                yield (*place, _period(str(time.value), frequency), number)


def _multiplier(series: Mapping[str, str], notes: _Notes) -> int:
    """Return the power of ten by which the values of a series are multiplied."""
    if notes.group_multipliers - {"0"}:
        raise ValueError("it gives multipliers by groups of series")
    power = series.get(MULTIPLIER, notes.attributes.get(MULTIPLIER, "0"))
    if POWER.fullmatch(power) is None:
        raise ValueError(f"its multiplier is {power!r}")
    return int(power)


def _is_forecast(attributes: Mapping[str, Any]) -> bool:
    """Return whether a value is marked as a forecast, alone or among other marks."""
    return any(
        FORECAST in str(attributes[name].value).upper()
        for name in STATUS_ATTRIBUTES
        if name in attributes
    )


def _number(text: str | None, power: int) -> float:
    """Return a finite number, or NaN for a missing value."""
    if text is None or text.strip() in MISSING:
        return math.nan
    match = NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"a value is {text[:40]!r}")
    # Written with the exponent, it is rounded once, to the nearest number.
    number = float(f"{match[1]}e{int(match[2] or 0) + power}")
    if not math.isfinite(number):
        raise ValueError(f"a value is {text[:40]!r}")
    return number


def _period(text: str, frequency: Frequency) -> str:
    """Return the standard text of a period of this frequency."""
    # The IMF writes months as `2025-M01`.
    period = parse_period(text.replace("-M", "M"))
    if period is None or period.frequency != frequency:
        raise ValueError(f"a period is {text!r}, which is not of frequency {frequency}")
    return period.text


def _reason(content: bytes, error: BaseException) -> str:
    """Return in plain words why an answer cannot be read."""
    start = content[:100].decode("utf-8", errors="replace").lstrip("\ufeff \r\n\t")
    if not start:
        return "the answer is empty"
    if not start.startswith("<") or NO_SDMX.match(start):
        return f"answered with something that is not SDMX: {one_line(start, 60)}"
    # `_refuse` replaces the error that it follows.
    cause = error.__context__ or error
    if type(cause) is ValueError and cause.args:
        return f"the answer's format has changed ({cause})"
    if isinstance(cause, SyntaxError):
        return "the answer is cut off or is not XML"
    if isinstance(cause, KeyError):
        return f"the answer's format has changed: there is no {cause.args[0]}"
    detail = f" ({error})" if type(error) is ValueError else ""
    return f"the answer's format has changed{detail}"


def _unreadable() -> tuple[type[Exception], ...]:
    """Return the exceptions that `sdmx1` is known to raise for other formats."""
    from sdmx.exceptions import XMLParseError

    return (
        *(*NOT_ITS_FORMAT, XMLParseError),
        *(AssertionError, NameError, RuntimeError, SyntaxError),
    )


# Eurostat and the ECB write `NaN`.
MISSING = frozenset({"", "NaN"})
NUMBER = re.compile(
    r"([-+]?(?:\d{1,320}\.?\d{0,1100}|\.\d{1,1100}))(?:[eE]([-+]?\d{1,3}))?", re.ASCII
)
# In errors and footers of the standard, and in Eurostat's faults.
MESSAGE = re.compile(r"<(?:\w+:)?(?:Text|faultstring)\b[^>]*>([^<]+)<")
NO_SDMX = re.compile("<(!doctype )?html", re.IGNORECASE)
POWER = re.compile(r"-?\d{1,2}")
