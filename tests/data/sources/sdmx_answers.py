"""SDMX-ML 2.1 as Eurostat, IMF, OECD, BIS and ECB write it, with values of our own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from xml.sax.saxutils import quoteattr

from werkzeug import Request, Response

SCHEMA = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
NAMESPACES = (
    f'xmlns:mes="{SCHEMA}/message" xmlns:ss="{SCHEMA}/data/structurespecific" '
    f'xmlns:gen="{SCHEMA}/data/generic" xmlns:com="{SCHEMA}/common" '
    f'xmlns:footer="{SCHEMA}/message/footer" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
STRUCTURE_SPECIFIC = "application/vnd.sdmx.structurespecificdata+xml;version=2.1"
GENERIC = "application/vnd.sdmx.genericdata+xml;version=2.1"


@dataclass(frozen=True)
class Observation:
    """A value as text, or none, and its attributes."""

    time: str
    value: str | None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """The dimensions of a series, its attributes and its values."""

    key: Mapping[str, str]
    values: Sequence[Observation]
    attributes: Mapping[str, str] = field(default_factory=dict)


def series(
    key: Mapping[str, str], values: Mapping[str, str | None], **attributes: str
) -> Series:
    """Return a series of values by period, without marks."""
    observations = [Observation(time, value) for time, value in values.items()]
    return Series(key, observations, attributes)


def structure_specific(
    flow: str,
    answer: Sequence[Series],
    data_set: Mapping[str, str] | None = None,
    groups: Sequence[Mapping[str, str]] = (),
) -> str:
    """Return a structure-specific message, the form of Eurostat, IMF, OECD and BIS."""
    parts = [
        f"<Series{_attributes({**one.key, **one.attributes})}>"
        + "".join(_observation(value) for value in one.values)
        + "</Series>"
        for one in answer
    ]
    grouped = "".join(
        f'<Group xsi:type="ns1:Sibling"{_attributes(group)}/>' for group in groups
    )
    agency, name = _names(flow)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<mes:StructureSpecificData '
        f'{NAMESPACES} xmlns:ns1="urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow='
        f'{agency}:{name}(1.0):ObsLevelDim:TIME_PERIOD">{_header(flow)}'
        '<mes:DataSet ss:dataScope="DataStructure" xsi:type="ns1:DataSetType" '
        f'ss:structureRef="STR1" action="Replace"{_attributes(data_set or {})}>'
        f"{grouped}{''.join(parts)}</mes:DataSet></mes:StructureSpecificData>\n"
    )


def generic(flow: str, answer: Sequence[Series]) -> str:
    """Return a generic message, the ECB's and the OECD's own form."""
    parts = []
    for one in answer:
        values = "".join(
            f"<gen:Obs>{_time(value)}"
            + (
                f"<gen:ObsValue value={quoteattr(value.value)}/>"
                if value.value is not None
                else ""
            )
            + _generic("Attributes", value.attributes)
            + "</gen:Obs>"
            for value in one.values
        )
        parts.append(
            f"<gen:Series>{_generic('SeriesKey', one.key)}"
            f"{_generic('Attributes', one.attributes)}{values}</gen:Series>"
        )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!--NSI Web Service v8.19.2.2-->'
        f"<mes:GenericData {NAMESPACES}>{_header(flow)}"
        f'<mes:DataSet action="Information" structureRef="STR1">{"".join(parts)}'
        "</mes:DataSet></mes:GenericData>"
    )


def footer(flow: str, text: str) -> str:
    """Return Eurostat's answer to a query that is too large to be answered at once."""
    empty = structure_specific(flow, [])
    notice = (
        '<footer:Footer><footer:Message code="413" severity="Information">'
        f"<com:Text>{text}</com:Text></footer:Message></footer:Footer>"
    )
    return empty.replace(
        "</mes:StructureSpecificData>", f"{notice}</mes:StructureSpecificData>"
    )


def error(text: str) -> str:
    """Return an error in the form of the standard."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><mes:Error {NAMESPACES}>'
        f'<mes:ErrorMessage code="100"><com:Text>{text}</com:Text></mes:ErrorMessage>'
        "</mes:Error>"
    )


def replay(
    dimensions: Sequence[str], key: str, areas: Sequence[str], values: Mapping[str, str]
) -> list[Series]:
    """Return a series of these values for each combination that a key asks for."""
    choices = [part.split("+") if part else list(areas) for part in (key.split("."))]
    return [
        series(dict(zip(dimensions, codes, strict=True)), values)
        for codes in product(*choices)
    ]


def respond(text: str, content_type: str = STRUCTURE_SPECIFIC) -> Response:
    """Return an answer of a service."""
    return Response(text.encode(), content_type=content_type)


def flow_and_key(request: Request) -> tuple[str, str]:
    """Return the data flow and the key that a request asks for."""
    _, flow, key = request.path.rsplit("/", 2)
    return flow, key


def _time(value: Observation) -> str:
    return f'<gen:ObsDimension id="TIME_PERIOD" value={quoteattr(value.time)}/>'


def _header(flow: str) -> str:
    agency, name = _names(flow)
    return (
        "<mes:Header><mes:ID>IREF000001</mes:ID><mes:Test>false</mes:Test>"
        "<mes:Prepared>2026-10-12T10:30:00Z</mes:Prepared>"
        '<mes:Sender id="SENDER"/>'
        '<mes:Structure structureID="STR1" dimensionAtObservation="TIME_PERIOD" '
        f'namespace="urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={agency}">'
        f'<com:StructureUsage><Ref agencyID="{agency}" id="{name}" version="1.0"/>'
        "</com:StructureUsage></mes:Structure></mes:Header>"
    )


def _names(flow: str) -> tuple[str, str]:
    agency, _, rest = flow.rpartition(",") if flow.count(",") == 1 else ("X", "", flow)
    name = rest.split(",")[1] if rest.count(",") else rest
    return agency or "X", name


def _observation(value: Observation) -> str:
    given = {"TIME_PERIOD": value.time}
    given |= {} if value.value is None else {"OBS_VALUE": value.value}
    return f"<Obs{_attributes({**given, **value.attributes})}/>"


def _attributes(given: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(text)}" for name, text in given.items())


def _generic(tag: str, given: Mapping[str, str]) -> str:
    values = "".join(
        f'<gen:Value id="{name}" value={quoteattr(text)}/>'
        for name, text in given.items()
    )
    return f"<gen:{tag}>{values}</gen:{tag}>" if given else ""
