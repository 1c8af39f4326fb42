"""The World Bank, FRED and ALFRED on loopback, in their formats, and with faults."""

import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from econnet.core.catalog import Indicator, SeriesTemplate, load
from econnet.core.settings import Settings
from econnet.core.sources import LIVE_SOURCES
from econnet.data.sources.http import RetryPolicy
from econnet.data.sources.observations import now

QUICK = RetryPolicy(
    repeats=2, backoff_seconds=0.001, throttled_seconds=0.001, timeout_seconds=5.0
)

Row = tuple[
    str, str, str, str, float | str | None
]  # alpha-3, alpha-2, name, date, value

GERMANY, WORLD = ("DEU", "DE", "Germany"), ("WLD", "1W", "World")
LITHUANIA, TOGO = ("LTU", "LT", "Lithuania"), ("TGO", "TG", "Togo")


def rows_of(
    area: tuple[str, str, str], values: Mapping[str, float | str | None]
) -> list[Row]:
    """Return an area's rows as the World Bank orders them, newest first."""
    return [(*area, date, values[date]) for date in sorted(values, reverse=True)]


def bank_page(
    series_id: str,
    rows: Sequence[Row],
    *,
    page: int = 1,
    per_page: int = 32_500,
    title: str = "GDP (constant 2015 US$)",
    updated: str = "2026-10-07",
) -> list[object]:
    """Return one page of the World Bank's JSON."""
    pages = -(-len(rows) // per_page)
    header = {
        "page": page,
        "pages": pages,
        "per_page": per_page,
        "total": len(rows),
        "sourceid": "2",
        "lastupdated": updated,
    }
    if not rows:
        return [header | {"page": 0 if pages == 0 else page}, None]
    return [
        header,
        [
            {
                "indicator": {"id": series_id, "value": title},
                "country": {"id": alpha2, "value": name},
                "countryiso3code": alpha3,
                "date": date,
                "value": value,
                "unit": "",
                "obs_status": "",
                "decimal": 0,
            }
            for alpha3, alpha2, name, date, value in rows[(page - 1) * per_page :][
                :per_page
            ]
        ],
    ]


def bank_message(number: str) -> str:
    """Return what the World Bank answers, with status 200, to a wrong question."""
    key, value = {
        "120": ("Invalid value", "The provided parameter value is not valid"),
        "175": (
            "Invalid format",
            "The indicator was not found. It may have been deleted or archived.",
        ),
    }[number]
    return json.dumps([{"message": [{"id": number, "key": key, "value": value}]}])


def archive_editions(editions: Sequence[str]) -> dict[str, object]:
    """Return the World Bank's list of archived editions."""
    months = [
        "Jan",
        "Feb",
        "Mar",
        "Apr",
        "May",
        "Jun",
        "Jul",
        "Aug",
        "Sep",
        "Oct",
        "Nov",
        "Dec",
    ]
    variables = [
        {"id": name, "value": f"{name[:4]} {months[int(name[4:]) - 1]}"}
        for name in editions
    ]
    concept = {"id": "version", "name": "version", "variable": variables}
    source = {"id": "57", "name": "WDI Database Archives", "concept": [concept]}
    counts = {"page": 1, "pages": 1, "per_page": 20000, "total": len(editions)}
    return counts | {"source": [source]}


def archive_page(
    country: str,
    code: str,
    editions: Mapping[str, Mapping[str, float | None]],
    *,
    page: int = 1,
    per_page: int = 20_000,
) -> dict[str, object]:
    """Return a page of a country's values in every edition."""
    rows: list[dict[str, object]] = [
        {
            "variable": [
                {"concept": "Country", "id": country, "value": country.title()},
                {"concept": "Version", "id": edition, "value": edition},
                {
                    "concept": "Series",
                    "id": code,
                    "value": "GDP (constant 2015 US$)",
                },
                {"concept": "Time", "id": f"YR{year}", "value": year},
            ],
            "value": value,
        }
        for edition, values in editions.items()
        for year, value in values.items()
    ]
    return {
        "page": page,
        "pages": -(-len(rows) // per_page),
        "per_page": per_page,
        "total": len(rows),
        "lastupdated": "2026-10-07",
        "source": {
            "id": "57",
            "name": "WDI Database Archives",
            "data": rows[(page - 1) * per_page :][:per_page],
        },
    }


def json_answer(content: object) -> Response:
    return Response(json.dumps(content), content_type="application/json;charset=utf-8")


def alfred_error(message: str) -> Response:
    """Return how FRED's service refuses a request."""
    return Response(
        json.dumps({"error_code": 400, "error_message": message}),
        status=400,
        content_type="application/json; charset=UTF-8",
    )


def fred_file(series_id: str, values: Mapping[str, str], date: str = "") -> str:
    """Return FRED's CSV of dated values."""
    lines = [f"{date or 'observation_date'},{series_id}"]
    lines += [f"{day},{value}" for day, value in values.items()]
    return "\n".join(lines) + "\n"


HTML = (
    "<!DOCTYPE html>\n<html><head><title>Sorry</title></head><body>Busy</body></html>"
)
NO_SUCH_DATA = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<wb:error xmlns:wb="http://www.worldbank.org"><wb:message id="160" '
    'key="Data not found.">The provided parameter value is not valid or data not '
    "found.</wb:message></wb:error>"
)
XML_ERROR = (
    '\ufeff<?xml version="1.0" encoding="utf-8"?>'
    '<wb:error xmlns:wb="http://www.worldbank.org">'
    '<wb:message id="105" key="Service currently unavailable">'
    "Unable to retrieve data</wb:message></wb:error>"
)


@dataclass
class Sources:
    """World Bank and FRED on one loopback server.

    Parameters
    ----------
    bank
        Rows of each World Bank indicator; any other has `else_rows`.
    files
        FRED's files by series id; any other is unknown there.
    vintages
        For ALFRED: by series id, for each vintage date its values by date.
    archive
        For the World Bank's archive: by country, for each edition its values by year.
    key
        The only API key that ALFRED accepts; any, if it is empty.
    updated
        The day of the World Bank's last update; today, if it is empty.
    instead
        Answers to give first, by series id.
    """

    server: HTTPServer
    bank: dict[str, list[Row]] = field(default_factory=dict)
    else_rows: list[Row] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    vintages: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    archive: dict[str, dict[str, dict[str, float | None]]] = field(default_factory=dict)
    editions: tuple[str, ...] = ("202401", "202407")
    key: str = ""
    updated: str = ""
    instead: dict[str, list[Response]] = field(default_factory=dict)
    per_page: int = 32_500
    asked: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        handlers: dict[str | re.Pattern[str], Callable[[Request], Response]] = {
            re.compile("/v2/country/all/indicator/.*"): self._bank,
            re.compile("/v2/sources/57/.*"): self._archive,
            "/graph/fredgraph.csv": self._fred,
            re.compile("/fred/series/.*"): self._alfred,
        }
        for path, handler in handlers.items():
            self.server.expect_request(path).respond_with_handler(handler)

    @property
    def bank_url(self) -> str:
        return self.server.url_for("/v2")

    @property
    def fred_url(self) -> str:
        return self.server.url_for("/graph/fredgraph.csv")

    @property
    def alfred_url(self) -> str:
        return self.server.url_for("/fred")

    @property
    def urls(self) -> dict[str, str]:
        """The address of each live source; those without a handler answer 500."""
        others: dict[str, str] = {
            name: self.server.url_for(f"/{name}") for name in LIVE_SOURCES
        }
        return others | {"worldbank": self.bank_url, "fred": self.fred_url}

    @property
    def environment(self) -> dict[str, str]:
        """The variables that send every request of `econnet fetch` to this server."""
        return {f"ECONNET_{name.upper()}_URL": url for name, url in self.urls.items()}

    def settings(self, folder: Path, key: str | None = None) -> Settings:
        return Settings(
            data_folder=folder / "data",
            reports_folder=folder / "reports",
            urls=self.urls,
            alfred_url=self.alfred_url,
            fred_api_key=key,
        )

    def _first(self, series_id: str, request: Request) -> Response | None:
        self.asked.append(series_id)
        self.requests.append(request)
        waiting = self.instead.get(series_id)
        return waiting.pop(0) if waiting else None

    def _bank(self, request: Request) -> Response:
        code = request.path.rpartition("/")[2]
        monitor = request.args.get("source") == "15"
        series_id = f"GEM/{code}" if monitor else code
        page = int(request.args["page"])
        if instead := self._first(series_id, request):
            return instead
        answer = bank_page(
            code,
            self.bank.get(series_id, self._else_rows(request.args["date"])),
            page=page,
            per_page=min(self.per_page, int(request.args["per_page"])),
            title=self.titles.get(series_id, "GDP (constant 2015 US$)"),
            updated=self.updated or f"{now():%Y-%m-%d}",
        )
        return Response(
            json.dumps(answer), content_type="application/json;charset=utf-8"
        )

    def _else_rows(self, dates: str) -> list[Row]:
        """Return the usual rows, at the frequency of a range of dates."""
        suffix = "Q1" if "Q" in dates else "M01" if "M" in dates else ""
        return [(*area, f"{date}{suffix}", v) for *area, date, v in self.else_rows]  # type: ignore[misc]  # a row

    def _archive(self, request: Request) -> Response:
        self.requests.append(request)
        parts = request.path.split("/")
        if parts[-1] == "version":
            return json_answer(archive_editions(self.editions))
        country, code = parts[5], parts[7]
        if instead := self._first(f"archive/{code}/{country}", request):
            return instead
        if country not in self.archive:
            return Response(NO_SUCH_DATA, content_type="text/xml")
        page, per_page = int(request.args["page"]), int(request.args["per_page"])
        return json_answer(
            archive_page(
                *(country, code, self.archive[country]),
                page=page,
                per_page=min(per_page, self.per_page),
            )
        )

    def _fred(self, request: Request) -> Response:
        series_id = request.args["id"]
        if instead := self._first(series_id, request):
            return instead
        if series_id not in self.files:
            return Response(HTML, status=404, content_type="text/html")
        return Response(self.files[series_id], content_type="application/csv")

    def _alfred(self, request: Request) -> Response:
        series_id = request.args["series_id"]
        if instead := self._first(series_id, request):
            return instead
        if self.key and request.args["api_key"] != self.key:
            return alfred_error(
                "Bad Request.  The value for variable api_key is not registered."
            )
        vintages = self.vintages.get(series_id, {})
        if request.path.endswith("vintagedates"):
            found: list[object] = list(vintages)
            return _alfred_page("vintage_dates", found, request, 10_000)
        start, end = request.args["realtime_start"], request.args["realtime_end"]
        asked = [date for date in vintages if start <= date <= end]
        rows: list[object] = []
        for number, vintage in enumerate(asked):
            for day, value in vintages[vintage].items():
                if number and vintages[asked[number - 1]].get(day) == value:
                    continue
                rows.append(
                    {
                        "realtime_start": vintage,
                        "realtime_end": "9999-12-31",
                        "date": day,
                        "value": value,
                    }
                )
        return _alfred_page("observations", rows, request, 100_000)


def _alfred_page(
    name: str, rows: list[object], request: Request, limit: int
) -> Response:
    offset = int(request.args.get("offset", 0))
    answer = {
        "count": len(rows),
        "offset": offset,
        "limit": limit,
        name: rows[offset : offset + limit],
    }
    return Response(json.dumps(answer), content_type="application/json; charset=UTF-8")


def indicator_of(
    series_id: str, source: str = "worldbank"
) -> tuple[Indicator, SeriesTemplate]:
    """Return the catalog's indicator and series with this id."""
    return next(
        (indicator, template)
        for indicator in load().values()
        for template in indicator.series
        if (template.source, template.id) == (source, series_id)
    )


def template(
    series_id: str, frequency: str = "M", source: str = "fred"
) -> SeriesTemplate:
    """Return a series that the catalog does not have."""
    return SeriesTemplate(
        source=source,
        frequency=frequency,  # type: ignore[arg-type]  # given by the test
        id=series_id,
        publication_lag_days=30,
        unit="index",
        countries=("USA",),
        rights="public domain",
        discontinued=False,
    )


BANK_AND_FRED = ("--source", "worldbank", "--source", "fred")
RESET = b""


@contextmanager
def socket_server(replies: Sequence[bytes]) -> Iterator[str]:
    """Serve raw replies, one per connection; `RESET` breaks it. Yield the address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for reply in replies:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                if reply == RESET:
                    # Closing with nothing to linger for sends a reset.
                    connection.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
                    )
                else:
                    connection.sendall(reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(5)
    finally:
        listener.close()


@contextmanager
def trickling_server(head: bytes) -> Iterator[str]:
    """Serve `head`, then byte after byte, until the client closes the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(head)
            # Long enough to distinguish a client without a limit from one with a limit.
            for _ in range(1_000):
                connection.sendall(b" ")
                if over.wait(0.02):
                    break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        over.set()
        thread.join(5)
        listener.close()


@contextmanager
def tls_server(authority: trustme.CA, name: str = "localhost") -> Iterator[HTTPServer]:
    """Serve over TLS with a certificate for `name` that `authority` has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    with HTTPServer(ssl_context=context) as server:
        yield server


def closed_port() -> str:
    """Return the address of a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"
