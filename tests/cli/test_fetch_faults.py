"""Sources that fail, lie or attack, as the user of `econnet fetch` meets them.

Each ends in its exit code and one line that names source, series and what to do; what
was stored before is kept, and the other requested series are stored.
"""

import gzip
import json
import math
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import duckdb
import pytest
import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Response

from econnet.data.sources import fred, http
from econnet.data.sources.http import RetryPolicy
from tests.cli.test_train import panel
from tests.data.sources.servers import (
    BANK_AND_FRED,
    GERMANY,
    HTML,
    XML_ERROR,
    Sources,
    bank_message,
    bank_page,
    closed_port,
    fred_file,
    rows_of,
    socket_server,
    tls_server,
    trickling_server,
)
from tests.user import econnet, econnet_process

GDP, CPI = "NY.GDP.MKTP.KD", "FP.CPI.TOTL"
TEN_YEAR_RATE = "LTUIRLTLT01STM"
FRED_FILES = {
    "CLVMNACSCAB1GQLT": {"2020-01-01": "9000.1", "2020-04-01": "8500.2"},
    TEN_YEAR_RATE: {"2020-01-01": "6.5", "2020-02-01": "6.7"},
    "QLTR628BIS": {"2020-01-01": "120.25", "2020-04-01": "118.5"},
}
YEARS: dict[str, float | str | None] = {"2018": 1.5, "2019": 2.5, "2020": 2.25}
BANK_JSON = "application/json;charset=utf-8"


@dataclass(frozen=True)
class Hasty(RetryPolicy):
    """Waits like the user's policy, but for less time."""

    repeats: int = 2
    backoff_seconds: float = 0.001
    throttled_seconds: float = 0.001
    answer_seconds: float = 2.0


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "RetryPolicy", Hasty)
    monkeypatch.setattr(fred, "PER_SECOND", None)


@pytest.fixture
def environment(sources: Sources) -> dict[str, str]:
    sources.else_rows = rows_of(GERMANY, YEARS)
    sources.files = {key: fred_file(key, rows) for key, rows in FRED_FILES.items()}
    return {
        **sources.environment,
        "FRED_API_KEY": "",
    }


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of what both sources gave when they worked."""
    folder = tmp_path_factory.mktemp("stored")
    with HTTPServer(threaded=True) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(fred, "PER_SECOND", None)
        sources = Sources(server)
        sources.else_rows = rows_of(GERMANY, YEARS)
        sources.files = {key: fred_file(key, rows) for key, rows in FRED_FILES.items()}
        run = econnet(
            *("fetch", "--country", "LTU", *BANK_AND_FRED),
            folder=folder,
            **{**sources.environment, "FRED_API_KEY": ""},
        )
        assert run.returncode == 0, run.stderr
    return folder / "data" / "econnet.duckdb"


@pytest.fixture
def folder(stored: Path, tmp_path: Path) -> Path:
    """Return a folder in which both sources have been fetched before."""
    (tmp_path / "data").mkdir()
    shutil.copy(stored, tmp_path / "data")
    return tmp_path


def fetch(
    folder: Path, environment: Mapping[str, str], source: str, *before: str
) -> "CompletedProcess[str]":
    asked = ("fetch", "--country", "LTU", "--source", source)
    return econnet(*before, *asked, folder=folder, **environment)


def rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return what is stored of each series, every vintage."""
    found: dict[str, list[tuple[object, ...]]] = {}
    with duckdb.connect(str(folder / "data" / "econnet.duckdb")) as store:
        for series_id, *row in store.execute(
            "SELECT series_id, country, period, value, retrieved_at "
            "FROM observations ORDER BY ALL"
        ).fetchall():
            found.setdefault(series_id, []).append(tuple(row))
    return found


def assert_one_line(run: "CompletedProcess[str]", start: str) -> None:
    """Assert that the last line begins so, and that every line is econnet's own."""
    lines = run.stderr.splitlines()
    assert lines[-1].startswith(f"econnet: {start}"), run.stderr
    assert all(line.startswith("econnet: ") and line.isprintable() for line in lines)
    assert all(len(line) < 400 for line in lines)


def good(**counts: object) -> list[list[dict[str, object]]]:
    """Return a valid answer of the World Bank, with changes in its header."""
    header, entries = json.loads(json.dumps(bank_page(GDP, rows_of(GERMANY, YEARS))))
    return [header | counts, entries]


def changed(**cells: object) -> str:
    """Return the World Bank's answer with the first row's cells changed."""
    header, entries = good()
    return json.dumps([header, [entries[0] | cells, *entries[1:]]])


def redirect(location: str) -> Response:
    return Response("", 302, {"Location": location})


BOMB = gzip.compress(b"[" + bytes(40_000_000))
BANK_FAULTS: dict[str, tuple[Response, str]] = {
    "HTML": (Response(HTML, content_type="text/html"), "answered with 'text/html"),
    "HTML called JSON": (Response(HTML), "answered with a page or an error, not data"),
    "XML": (Response(XML_ERROR), "answered with a page or an error, not data: message"),
    "malformed": (Response('[{"page": 1, "pa'), "answered with something that is not"),
    "cut off": (Response(changed()[:-40]), "the answer is cut off or is not JSON"),
    "message 120": (Response(bank_message("120")), "message 120: The provided para"),
    "message 175": (Response(bank_message("175")), "message 175: The indicator was"),
    "another portal": (
        Response(json.dumps([good()[0], [{"id": "ABW"}] * 3])),
        "rows in another format",
    ),
    "endless paging": (
        Response(json.dumps(good(total=10**9, per_page=1))),
        "1,000,000,000 pages, more than 20",
    ),
    "charset": (
        Response(changed(country={"id": "CI", "value": "C\xf4te"}).encode("utf-16")),
        "answered with something that is not its format",
    ),
    "NaN": (Response(changed(value=math.nan)), "rows in another format"),
    "infinity": (Response(changed(value=math.inf)), "rows in another format"),
    "text": (Response(changed(value="many")), "rows in another format"),
    "contradiction": (Response(changed(date="2018")), "two values for DEU 2018: "),
    "far future": (Response(changed(date="2199")), "it has a value for 2199, which is"),
    "bomb": (
        Response(BOMB, headers={"Content-Encoding": "gzip"}),
        "the answer is larger than 33,554,432 bytes",
    ),
    "another host": (
        redirect("http://127.0.0.1:9/v2"),
        "redirected from localhost to another host, 127.0.0.1",
    ),
    "another scheme": (redirect("file:///etc/passwd"), "redirected from localhost to"),
    "403": (Response("", 403), "HTTP 403: it refused this client"),
    "429": (
        Response("", 429, {"Retry-After": "999999"}),
        "HTTP 429: too many requests; try again later",
    ),
    "control characters": (
        Response(json.dumps([{"message": [{"id": "1", "value": "\x1b[2J\n\nfine"}]}])),
        r"message 1: \x1b[2J\n\nfine",
    ),
}


@pytest.mark.parametrize("fault", BANK_FAULTS)
def test_bad_answer_of_the_world_bank_is_reported_and_the_store_kept(
    fault: str, sources: Sources, environment: dict[str, str], folder: Path
) -> None:
    answer, reason = BANK_FAULTS[fault]
    if answer.mimetype == "text/plain":  # the default of `Response`
        answer.content_type = BANK_JSON
    before = rows(folder)
    sources.instead = {GDP: [answer]}
    sources.bank[CPI] = rows_of(GERMANY, {**YEARS, "2021": 3.5})
    run = fetch(folder, environment, "worldbank")
    assert run.returncode == 4
    assert_one_line(run, f"World Bank, {GDP}: {reason}")
    assert "1 new values" in run.stdout
    after = rows(folder)
    assert len(after.pop(CPI)) == len(before.pop(CPI)) + 1
    assert after == before


def test_every_series_is_named_where_none_could_be_read(
    server: HTTPServer, environment: dict[str, str], tmp_path: Path
) -> None:
    pattern = re.compile("/down/.*")
    server.expect_request(pattern).respond_with_data(HTML, content_type="text/html")
    down = {**environment, "ECONNET_WORLDBANK_URL": server.url_for("/down")}
    run = fetch(tmp_path, down, "worldbank")
    assert run.returncode == 4
    assert_one_line(run, "World Bank, ")
    *others, last = run.stderr.splitlines()
    assert last.endswith(f"which is not its format (and {len(others)} more)")
    assert all("failed: World Bank, " in line for line in others)
    assert any("GEM/" in line for line in others)
    assert any(CPI in line for line in others)
    assert not run.stdout
    assert not (tmp_path / "data").exists()


def test_every_series_that_is_missing_is_named_where_there_is_no_other(
    server: HTTPServer, environment: dict[str, str], tmp_path: Path
) -> None:
    nothing = json.dumps([{"page": 0, "pages": 0, "per_page": 50, "total": 0}, None])
    pattern = re.compile("/empty/.*")
    server.expect_request(pattern).respond_with_data(nothing, content_type=BANK_JSON)
    empty = {**environment, "ECONNET_WORLDBANK_URL": server.url_for("/empty")}
    run = fetch(tmp_path, empty, "worldbank")
    assert run.returncode == 4
    assert f"not available: World Bank, {CPI}" in run.stderr


FRED_GOOD = fred_file(TEN_YEAR_RATE, FRED_FILES[TEN_YEAR_RATE])
FRED_FAULTS = {
    "HTML": (HTML, "answered with a web page instead of the file"),
    "another series": (
        fred_file("UNEMPLOY", FRED_FILES[TEN_YEAR_RATE]),
        "the file is a different one, with the header 'observation_date,UNEMPLOY'",
    ),
    "cut off": (FRED_GOOD[:-3], "the file is cut off or malformed in line 3"),
    "text": (
        FRED_GOOD.replace("6.5", "n/a"),
        "the file is cut off or malformed in line 2",
    ),
    "NaN": (
        FRED_GOOD.replace("6.5", "nan"),
        "the file is cut off or malformed in line 2",
    ),
    "infinity": (
        FRED_GOOD.replace("6.5", "1e999"),
        "the file is cut off or malformed in",
    ),
    "contradiction": (FRED_GOOD + "2020-01-01,9\n", "two values for 2020-01-01"),
    "far future": (FRED_GOOD.replace("2020", "2199"), "it has a value for 2199-01"),
}


@pytest.mark.parametrize("fault", FRED_FAULTS)
def test_bad_file_of_fred_is_reported_and_the_store_kept(
    fault: str, sources: Sources, environment: dict[str, str], folder: Path
) -> None:
    body, reason = FRED_FAULTS[fault]
    before = rows(folder)
    sources.files[TEN_YEAR_RATE] = body
    run = fetch(folder, environment, "fred")
    assert run.returncode == 4
    assert_one_line(run, f"FRED, {TEN_YEAR_RATE}: {reason}")
    assert "4 series requested, 2 unchanged" in run.stdout
    assert rows(folder) == before


def test_series_that_is_gone_is_noted_and_kept(
    sources: Sources, environment: dict[str, str], folder: Path
) -> None:
    before = rows(folder)
    del sources.files[TEN_YEAR_RATE]
    run = fetch(folder, environment, "fred")
    assert run.returncode == 0
    start = f"not available: FRED, {TEN_YEAR_RATE}: not found there (HTTP 404)"
    assert_one_line(run, start)
    assert rows(folder) == before


@pytest.mark.parametrize("status", [500, 503, 429])
def test_failing_source_is_reported_and_left_alone(
    status: int, sources: Sources, environment: dict[str, str], folder: Path
) -> None:
    before = rows(folder)
    sources.instead = {
        key: [Response("", status) for _ in range(9)] for key in FRED_FILES
    }
    run = fetch(folder, environment, "fred")
    assert run.returncode == 4
    assert_one_line(run, "FRED, CLVMNACSCAB1GQLT: HTTP")
    assert "Traceback" not in run.stderr
    assert rows(folder) == before


def test_circular_redirect_is_reported(
    sources: Sources, environment: dict[str, str], folder: Path
) -> None:
    loop = f"{sources.fred_url}?id={TEN_YEAR_RATE}"
    sources.instead = {TEN_YEAR_RATE: [redirect(loop) for _ in range(40)]}
    run = fetch(folder, environment, "fred")
    assert run.returncode == 4
    assert_one_line(run, f"FRED, {TEN_YEAR_RATE}: redirected more than 5 times")
    assert sources.asked.count(TEN_YEAR_RATE) == 6


NO_CONNECTION = {
    "nobody listens": ({"ECONNET_FRED_URL": closed_port()}, "no connection: check the"),
    "no such host": (
        {"ECONNET_FRED_URL": f"http://{'.'.join(['a' * 60] * 5)}/"},
        "no connection: check the network",
    ),
    "proxy down": (
        {"http_proxy": closed_port(), "no_proxy": ""},
        "no connection through the proxy: check HTTPS_PROXY and HTTP_PROXY",
    ),
}


@pytest.mark.parametrize("fault", NO_CONNECTION)
def test_missing_connection_is_reported_and_the_store_kept(
    fault: str, environment: dict[str, str], folder: Path
) -> None:
    broken, reason = NO_CONNECTION[fault]
    before = rows(folder)
    # Requests asks no proxy about this computer, so the source is elsewhere.
    elsewhere = {"ECONNET_FRED_URL": "http://source.example/graph/fredgraph.csv"}
    run = fetch(folder, {**environment, **elsewhere, **broken}, "fred")
    assert run.returncode == 4
    assert_one_line(run, "FRED, ")
    assert reason in run.stderr.splitlines()[-1]
    assert rows(folder) == before


def test_untrusted_certificate_is_reported(
    environment: dict[str, str], folder: Path
) -> None:
    before = rows(folder)
    with tls_server(trustme.CA()) as server:
        address = {"ECONNET_FRED_URL": server.url_for("/graph/fredgraph.csv")}
        run = fetch(folder, {**environment, **address}, "fred")
        assert not server.log
    assert run.returncode == 4
    assert_one_line(run, "FRED, ")
    assert "its certificate could not be verified" in run.stderr.splitlines()[-1]
    assert rows(folder) == before


@pytest.mark.campaign
def test_trickling_answer_is_reported(
    environment: dict[str, str], folder: Path
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n"
    before = rows(folder)
    with trickling_server(head) as url:
        run = fetch(folder, {**environment, "ECONNET_FRED_URL": url}, "fred")
    assert run.returncode == 4
    assert "the answer was not complete after 2 s" in run.stderr
    assert rows(folder) == before


def test_body_that_always_breaks_off_is_reported(
    environment: dict[str, str], folder: Path
) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 99\r\n\r\nob"
    before = rows(folder)
    with socket_server([half] * 9) as url:
        run = fetch(folder, {**environment, "ECONNET_FRED_URL": url}, "fred")
    assert run.returncode == 4
    assert "the connection was interrupted" in run.stderr
    assert rows(folder) == before


def test_invalid_address_is_a_usage_error(folder: Path) -> None:
    run = econnet("fetch", "--all", folder=folder, ECONNET_FRED_URL="ftp://mirror")
    assert run.returncode == 2
    assert_one_line(run, "ECONNET_FRED_URL: fred_url is not a service address")


# The key

CANARY = "0c0ffee0canary0c0ffee0"


@pytest.fixture
def with_key(sources: Sources, environment: dict[str, str]) -> dict[str, str]:
    """Return the environment of someone who has a key for ALFRED."""
    sources.vintages[TEN_YEAR_RATE] = {
        "2020-02-28": {"2020-01-01": "6.5"},
        "2020-03-31": {"2020-01-01": "6.6", "2020-02-01": "6.7"},
    }
    alfred = {"ECONNET_ALFRED_URL": sources.alfred_url, "FRED_API_KEY": CANARY}
    return {**environment, **alfred}


def written(folder: Path) -> bytes:
    """Return the names and contents of all files in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"\n".join([str(path).encode() + path.read_bytes() for path in files])


def raw_answers(folder: Path) -> bytes:
    """Return what the sources sent, as the store keeps it, unpacked."""
    if not (folder / "data").exists():
        return b""
    with duckdb.connect(str(folder / "data" / "econnet.duckdb")) as store:
        pieces = store.execute("SELECT compressed FROM raw_answers").fetchall()
    return b"\n".join(gzip.decompress(piece) for (piece,) in pieces)


def assert_kept_secret(run: "CompletedProcess[str]", folder: Path) -> None:
    assert CANARY not in run.stdout
    assert CANARY not in run.stderr
    assert CANARY.encode() not in written(folder)
    assert CANARY.encode() not in raw_answers(folder)


ECHO = json.dumps({"error_message": f"api_key {CANARY} is bad", "count": CANARY})
LEAKS: dict[str, Callable[[], Response]] = {
    "refused": lambda: Response(ECHO, 400, content_type="application/json"),
    "forbidden": lambda: Response(ECHO, 403, content_type=f"text/{CANARY}"),
    "echoed": lambda: Response(ECHO, content_type="application/json"),
    "echoed as type": lambda: Response(ECHO, content_type=f"text/{CANARY}"),
    "echoed as a date": lambda: Response(
        json.dumps({"vintage_dates": [CANARY], "count": 1}),
        content_type="application/json",
    ),
    "redirected": lambda: redirect(f"http://{CANARY}.example/?api_key={CANARY}"),
    "overloaded": lambda: Response(ECHO, 429, {"Retry-After": "99999"}),
}


@pytest.mark.parametrize("before", [(), ("--debug",)], ids=["", "debug"])
@pytest.mark.parametrize("leak", LEAKS)
def test_key_is_nowhere_when_the_source_fails(
    leak: str,
    before: tuple[str, ...],
    sources: Sources,
    with_key: dict[str, str],
    tmp_path: Path,
) -> None:
    sources.instead = {TEN_YEAR_RATE: [LEAKS[leak]()]}
    run = fetch(tmp_path, with_key, "fred", *before)
    assert any(CANARY in request.url for request in sources.requests)
    assert run.returncode == 4
    # A refused key concerns every series.
    assert (TEN_YEAR_RATE in run.stderr) != ("FRED_API_KEY" in run.stderr)
    assert_kept_secret(run, tmp_path)


@pytest.mark.parametrize("before", [(), ("--debug",)], ids=["", "debug"])
def test_key_is_nowhere_when_the_connection_fails(
    before: tuple[str, ...], with_key: dict[str, str], tmp_path: Path
) -> None:
    nowhere = {**with_key, "ECONNET_ALFRED_URL": closed_port()}
    run = fetch(tmp_path, nowhere, "fred", *before)
    assert "no connection" in run.stderr
    assert_kept_secret(run, tmp_path)


@pytest.mark.parametrize("before", [(), ("--debug",)], ids=["", "debug"])
@pytest.mark.parametrize("status", [200, 403])
def test_password_of_a_mirror_is_nowhere(
    status: int,
    before: tuple[str, ...],
    sources: Sources,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    mirror = sources.fred_url.replace("//", f"//me:{CANARY}@")
    good = Response(sources.files[TEN_YEAR_RATE], status, content_type="text/csv")
    sources.instead = {TEN_YEAR_RATE: [good]}
    withheld = {**environment, "ECONNET_FRED_URL": mirror}
    run = fetch(tmp_path, withheld, "fred", *before)
    assert ("Traceback" in run.stderr) == (status == 403 and bool(before))
    authorization = sources.requests[0].authorization
    assert authorization is not None
    assert authorization.password == CANARY
    assert_kept_secret(run, tmp_path)
    shown = econnet("status", folder=tmp_path, **withheld)
    assert_kept_secret(shown, tmp_path)


def command_lines() -> str:
    """Return the command line of every process that this computer shows."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(process.read_bytes().replace(b"\0", b" "))
        except OSError:  # it has ended meanwhile
            continue
    return b"\n".join(found).decode(errors="replace")


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc")
@pytest.mark.campaign
def test_key_is_in_no_output_file_or_process_list(
    sources: Sources, with_key: dict[str, str], tmp_path: Path
) -> None:
    seen: list[str] = []

    def no_vintages() -> Iterator[str]:
        seen.append(command_lines())  # while the command waits for this answer
        yield '{"count": 0, "vintage_dates": []}'

    echo = {"realtime_start": CANARY, "count": 1, "vintage_dates": ["2020-02-28"]}
    row = {"realtime_start": "2020-02-28", "date": "2020-01-01", "value": "6.5"}
    sources.instead = {
        "QLTR628BIS": [Response(no_vintages(), content_type="application/json")],
        TEN_YEAR_RATE: [
            Response(json.dumps(page), content_type="application/json")
            for page in (echo, {**echo, "observations": [row]})
        ],
    }
    asked = ("fetch", "--country", "LTU", "--source", "fred")
    run = econnet_process("--debug", *asked, folder=tmp_path, **with_key)
    assert run.returncode == 0, run.stderr
    assert any(CANARY in request.url for request in sources.requests)
    assert any("econnet --debug fetch" in lines for lines in seen)
    assert not any(CANARY in lines for lines in seen)
    assert_kept_secret(run, tmp_path)
    assert b"6.5" in raw_answers(tmp_path)
    panel(tmp_path / "firms.csv", quarters=60)
    train = "train --data firms.csv --target output --country Beta --members 1"
    for command in (
        ("status",),
        ("status", "--json"),
        ("export", "--country", "LTU", "--format", "csv", "--output", "out.csv"),
        train.split(),
    ):
        run = econnet(*command, folder=tmp_path, **with_key)
        assert run.returncode == 0, run.stderr
        assert_kept_secret(run, tmp_path)
    assert list((tmp_path / "reports").rglob("report.html"))
