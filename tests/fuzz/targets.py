"""What is fuzzed: every parser of outside input, with examples of what it should read.

A target is called with bytes that may be anything. It may raise the errors that it
promises, and no others.
"""

import io
import json
import tempfile
from collections.abc import Sequence
from contextlib import chdir, suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from econnet.cli import defaults
from econnet.core import catalog, countries, periods
from econnet.core.errors import DataError, EconnetError
from econnet.core.settings import Settings, without_password
from econnet.core.task import Task, TaskRequest
from econnet.data.files import user_panel
from econnet.data.sources import alfred, fred, worldbank
from econnet.data.sources.http import PoliteSession, RateLimiter
from econnet.data.sources.observations import Dataset
from econnet.forecast import log as forecast_log
from econnet.forecast import outcomes, saved_model
from econnet.forecast.explain import what_if
from econnet.forecast.saved_model import Model
from econnet.forecast.streamed import features as streamed_features
from econnet.forecast.streamed import parquet_panel
from econnet.forecast.streamed.feature_blocks import FeatureBlocks
from econnet.models import network_file
from econnet.models.classifier import NetworkClassifier
from econnet.models.combination import WITH_GROWTH
from econnet.models.scaling import Scaler
from econnet.network import Architecture, Network
from econnet.report import report_file, verification
from econnet.runtime import checksums
from tests.builders import series_of, world
from tests.data.sources.servers import (
    GERMANY,
    WORLD,
    bank_message,
    bank_page,
    fred_file,
    indicator_of,
    rows_of,
    template,
)
from tests.fuzz import files, kept, mutation, sources, tables
from tests.fuzz.canned import Canned
from tests.fuzz.target import Target, at, folder

SOURCE_URL = "https://source.invalid"


def session_of(bodies: Sequence[bytes], content_type: str) -> PoliteSession:
    """Return a session whose source gives these answers."""
    session = PoliteSession("Source", RateLimiter(1))
    session.mount(SOURCE_URL, Canned(bodies, content_type))
    return session


GDP = "NY.GDP.MKTP.KD"
SERIES = "GDPC1"


def read_worldbank(data: bytes) -> None:
    """Read pages of the World Bank, one per line."""
    indicator, series = indicator_of(GDP)
    with session_of(data.split(b"\n"), "application/json") as session:
        got = worldbank.Reader(session, SOURCE_URL, series, 1960).download()
    worldbank.read(got, indicator, series, 1960)


def worldbank_pages() -> list[bytes]:
    """Return one page, two pages, nothing, and a message."""
    rows = rows_of(GERMANY, {"2019": 3.5e12, "2020": None}) + rows_of(
        WORLD, {"2019": 8.7e13}
    )
    whole = bank_page(GDP, rows)
    halves = [bank_page(GDP, rows, page=page, per_page=2) for page in (1, 2)]
    documents = [[whole], halves, [bank_page(GDP, [])]]
    texts = ["\n".join(map(json.dumps, pages)) for pages in documents]
    return [text.encode() for text in (*texts, bank_message("120"))]


def read_fred(data: bytes) -> None:
    """Read a file of FRED as one of months, of quarters and of years."""
    indicator, _ = indicator_of("UNRATE", "fred")
    with session_of([data], "text/csv") as session:
        got = fred.Reader(session, SOURCE_URL, SERIES).download()
    for frequency in ("M", "Q", "A"):
        with suppress(EconnetError):
            series = template(SERIES, frequency)
            fred.read([got], countries.resolve("USA"), indicator, series, 1900)
            fred.read([got, got], countries.resolve("USA"), indicator, series, 1900)


def fred_files() -> list[bytes]:
    """Return files by the quarter, the month and the week."""
    days = {
        "quarter": ("2019-01-01", "2019-04-01", "2019-07-01"),
        "month": ("2019-01-01", "2019-02-01", "2019-03-01"),
        "week": ("2019-01-04", "2019-01-11", "2019-01-18", "2019-01-25", "2019-02-01"),
    }
    return [
        fred_file(SERIES, {day: f"{n}.25" for n, day in enumerate(each)}).encode()
        for each in days.values()
    ]


def read_alfred(data: bytes) -> None:
    """Read vintages: their dates in the first line, the values in the others."""
    indicator, _ = indicator_of("UNRATE", "fred")
    with session_of(data.split(b"\n"), "application/json") as session:
        service = alfred.Alfred(session, SOURCE_URL, "0" * 32)
        vintages = alfred.vintages(service, SERIES)
        assert vintages.digest
        series = template(SERIES)
        usa = countries.resolve("USA")
        alfred.read(service, vintages, usa, indicator, series, 1900)


def alfred_answers() -> list[bytes]:
    """Return two vintages of two months."""
    rows = [
        {
            "realtime_start": start,
            "realtime_end": "9999-12-31",
            "date": day,
            "value": value,
        }
        for start, day, value in (
            ("2020-02-07", "2020-01-01", "3.6"),
            ("2020-03-06", "2020-02-01", "3.5"),
            ("2020-03-06", "2020-01-01", "."),
        )
    ]
    dates = {"count": 2, "vintage_dates": ["2020-02-07", "2020-03-06"]}
    values = {"count": 3, "observations": rows}
    return [b"\n".join(json.dumps(it).encode() for it in (dates, values))]


CSV = (
    "country,period,output,jobless\nAlpha,2020Q1,100.5,4\nAlpha,2020Q2,99,4.5\n",
    "country,period,indicator,value,known_at\nA,2020,x,1,\nA,2021,x,2,2022-02-01\n",
    "Country\tPeriod\tTen-year rate\tTB3MS\nA\t2020-01-31\t1.5\t.5\n",
    '\ufeff"country";"period";"x"\n"Ä, B";"2020-01";"1,5"\n',
)


@cache
def workbooks() -> list[bytes]:
    """Return a wide and a long workbook, with cells of every type that is read."""
    day = pd.Timestamp("2022-02-01")
    wide = pd.DataFrame(
        {
            "country": ["Alpha", "Alpha", "Beta"],
            "period": ["2020Q1", "2020Q2", "2020Q1"],
            "output": [100.5, 99, 1e6],
            "slump": [True, False, None],
            "note": ["1", "", "=1+1"],
        }
    )
    long = pd.DataFrame(
        {"country": ["A"] * 2, "period": [pd.Timestamp("2020-01-31"), 2021]}
        | {"indicator": "x", "value": [1, 2.5], "known_at": [day, "2022-03-01"]}
    )
    found = []
    for table in (wide, long):
        file = io.BytesIO()
        table.to_excel(file, index=False)
        found.append(file.getvalue())
    return found


def read_parquet(data: bytes) -> None:
    """Read a Parquet file whole."""
    user_panel.read(at("own.parquet", data))


def read_streamed(data: bytes) -> None:
    """Compute the features of a Parquet file, in blocks."""
    path = at("streamed.parquet", data)
    parquet_panel.is_streamed(path)
    panel = parquet_panel.open_files(path)
    request = TaskRequest(target="output")
    spec = streamed_features.feature_spec(panel, request, lag=1, kinds={})
    with tempfile.TemporaryDirectory() as features:
        blocks = FeatureBlocks(panel, spec, Path(features))
        blocks.write()
        blocks.read(0)


@cache
def parquet_files() -> list[bytes]:
    """Return panels by the year, the quarter, the month and the day, and a long one."""
    texts = ("CAST(1990 + i AS VARCHAR)", "(1990 + i) || 'Q1'", "(1990 + i) || '-03'")
    queries = [
        f"SELECT 'Alpha' AS country, {text} AS period, 100.0 + i AS output, "  # noqa: S608
        "CASE WHEN i % 3 = 0 THEN NULL ELSE i END AS jobless FROM range(30) t(i)"
        for text in (*texts, "DATE '1990-01-31' + INTERVAL (i) YEAR")
    ]
    queries.append(
        "SELECT 'A' AS country, 2000 + i AS period, 'x' AS indicator, i AS value, "
        "DATE '2022-01-01' AS known_at FROM range(3) t(i)"
    )
    found = []
    for query in queries:
        path = folder() / "example.parquet"
        duckdb.execute(f"COPY ({query}) TO '{path.as_posix()}' (FORMAT parquet)")
        found.append(path.read_bytes())
    return found


def read_settings(data: bytes) -> None:
    """Read `econnet.toml`, and take from it what commands take."""
    at("econnet.toml", data)
    with chdir(folder()):
        settled = Settings.from_environment()
    for url in settled.urls.values():
        without_password(url)
    defaults.defaults(settled)
    settled.data_folder.is_dir()


TOML = (
    'data_folder = "figures"\nfred_url = "https://me:pw@mirror.example:80/fred?a=1"\n',
    '[task]\nlabel = "two-quarters"\nhorizon = 2\ncountry = ["DEU", "FRA"]\nset = []\n',
)


def read_model(data: bytes) -> None:
    """Read a model, and use all of it."""
    model = saved_model.load(at("model.npz", data))
    rows = np.zeros((3, len(model.scaler.mean)))
    model.network.predict(model.scaler.transform(rows))
    assert not model.track_record.to_csv().startswith("?")


@cache
def model_files() -> list[bytes]:
    """Return a model of two members with a track record of three rows."""
    rng = np.random.default_rng(0)
    record = pd.DataFrame(
        {
            "model": ["econnet", "econnet", "base_rate"],
            "country": ["DEU", "FRA", "DEU"],
            "origin": pd.PeriodIndex(["2019Q4", "2020Q1", "2019Q4"], freq="Q"),
            "horizon": 1,
            "probability": [0.2, 0.3, 0.25],
            "outcome": [1.0, np.nan, 1.0],
            "signal": [False, True, True],
        }
    )
    scaler = Scaler.fit(rng.normal(size=(30, 3)), np.array([0]), np.ones(3))
    network = Network(Architecture.dense(4, [3], skip=True), members=2, seed=1)
    path = folder() / "example.npz"
    saved_model.save(Model(network, WITH_GROWTH, scaler, record, "0123"), path)
    return [path.read_bytes()]


def read_network(data: bytes) -> None:
    """Read a network, and predict with it."""
    network = network_file.load(io.BytesIO(data))
    network.predict(np.zeros((2, network.architecture.input_dim)))


def network_files() -> list[bytes]:
    """Return a network with metadata and an array."""
    file = io.BytesIO()
    network = Network(Architecture.dense(3, [4]), members=2)
    network_file.save(
        network, file, metadata={"country": "DEU"}, arrays={"scale": np.ones(3)}
    )
    return [file.getvalue()]


def read_classifier(data: bytes) -> None:
    """Read a classifier, and classify with it."""
    found = NetworkClassifier.load(io.BytesIO(data))
    found.predict(np.zeros((2, found.network_.architecture.input_dim)))


@cache
def classifier_files() -> list[bytes]:
    """Return a classifier of texts."""
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = np.where(X[:, 0] > 0, "up", "down")
    file = io.BytesIO()
    NetworkClassifier(hidden=(3,), epochs=2, random_state=0).fit(X, y).save(file)
    return [file.getvalue()]


@cache
def known() -> Dataset:
    """Return the data in which outcomes are looked for."""
    rows = world(countries=1, quarters=40)
    return Dataset(rows, series_of(rows), "snapshot")


def read_journal(data: bytes) -> None:
    """Read the log of forecasts, compare it with outcomes, and add a line to it."""
    path = at("forecasts.csv", data)
    outcomes.score_log(
        forecast_log.read(path), known(), pd.Timestamp("2020-01-01").date()
    )


JOURNAL = (
    ",".join(forecast_log.COLUMNS)
    + "\n2010-01-02T03:04:05+00:00,DEU,Q,real_gdp,negative-growth,at,1,1995Q1,1995Q2,"
    "0.25,0.1.0,0.2,all,2010-01-01,snapshot,\n2010-01-02,DEU,Q,real_gdp,year-on-year,"
    "within,4,1996Q1,1997Q1,.5,0.1.0,,own,,snapshot,\n",
    "made_at,country,frequency,label,horizon,origin,probability\n2020-01-01,DEU,Q,x,1,"
    "1995Q3,0.3\n",
)


def read_report(data: bytes) -> None:
    """Read a report that is to be verified, up to the data of which it was made."""
    report = report_file.read(at("report.json", data))
    deu = countries.by_alpha3("DEU")
    [whole] = reports()
    changes: list[dict[str, tuple[str, str]]] = [{}, {"NumPy": ("1", "2")}]
    for tools in changes:
        found = verification.Verification(report.path, deu, tools)
        assert verification.compare_reports(found, report, json.loads(whole)).sentence()
    verification.verify(report, known(), deu)


def reports() -> list[bytes]:
    """Return a report as far as `report --verify` reads it, made of other data."""
    series = {
        "indicator": "real_gdp",
        "series_id": "made",
        "recent_periods": ["1999Q3", "1999Q4"],
        "recent": [1.5, None],
    }
    supposed = {"indicator": "real_gdp", "after": 1.5}
    document = {
        "country": "DEU",
        "name": "Germany",
        "made_at": "2026-10-01T12:00:00+00:00",
        "provenance": {
            "task": asdict(Task("Q", pool="own")),
            "versions": {"econnet": "0.1.0"},
            "blas": ["openblas 0.3.30 Haswell"],
            "processor": "Linux x86_64",
            "data": "0" * 64,
            "as_of": "2026-10-01T00:00:00",
            "retrieved_until": "2030-10-01T00:00:00",
        },
        "change": {
            "made_at": "2026-07-01T12:00:00+00:00",
            "origin": "1999Q3",
            "period": "1999Q4",
            "probability": 0.2,
        },
        "what_if": {"supposed": [supposed]},
        "baselines": {"base_rate": {}},
        "data": {"source": "snapshot", "series": [series]},
        "track_record": [],
        "importance": [],
    }
    return [json.dumps(document).encode()]


def read_sums(data: bytes) -> None:
    """Read the checksums of a report's files, and compare the files with them."""
    checksums.verify_checksums(at("SHA256SUMS", data).parent)


def read_texts(data: bytes) -> None:
    """Read each line as a country, a period, an indicator and an assumption."""
    for text in data.decode("utf-8", "replace").split("\n"):
        for read in (
            countries.resolve,
            periods.parse_period,
            catalog.recognise,
            catalog.search,
            what_if.parse_assumption,
        ):
            with suppress(EconnetError):
                read(text)


def texts() -> list[bytes]:
    """Return texts of each kind."""
    return [
        b"Germany\nKorea, Rep.\nCote d'Ivoire\nEMU\nNA\nDEI\n",
        b"2020\n2020Q1\n2020-Q2\n2020M03\n2020-12-31\n",
        b"unrate\nReal GDP\nterm spread\n",
        b"unemployment=+1.0\nreal_gdp==-2.5\n",
    ]


def read_architecture(data: bytes) -> None:
    """Read a list of layers from JSON."""
    document = json.loads(data)
    if isinstance(document, list):
        architecture = Architecture.parse(document)
        assert Architecture.parse(architecture.to_dicts()).layers == architecture.layers
        assert architecture.n_parameters > 0


LAYERS = json.dumps(
    [
        {"input_dim": 20, "output_dim": 16, "activation": "tanh"},
        {"input_dim": 16, "output_dim": 1, "activation": "sigmoid"},
    ]
).encode()


def read_file_name(data: bytes) -> None:
    """Take a text for the name of the user's data, in a folder with nothing in it."""
    text = data.decode("utf-8", "surrogateescape").lstrip("/")
    if ".." in text or ":" in text:
        return
    path = folder() / "nothing" / text
    with suppress(EconnetError):
        user_panel.read(path)
    if parquet_panel.is_streamed(path):
        parquet_panel.open_files(path)


TARGETS: dict[str, Target] = {
    "worldbank": Target(read_worldbank, worldbank_pages, mutation.of_json),
    "fred": Target(read_fred, fred_files, mutation.of_text),
    "alfred": Target(read_alfred, alfred_answers, mutation.of_json),
    "csv": Target(
        lambda data: user_panel.read(at("own.csv", data)),
        lambda: [text.encode() for text in CSV],
        tables.of_csv,
    ),
    "workbook": Target(
        lambda data: user_panel.read(at("own.xlsx", data)),
        workbooks,
        tables.of_workbook,
    ),
    "parquet": Target(read_parquet, parquet_files, tables.of_parquet),
    "streamed": Target(read_streamed, parquet_files, tables.of_parquet),
    "settings": Target(
        read_settings, lambda: [text.encode() for text in TOML], mutation.of_text
    ),
    "model": Target(
        read_model, model_files, mutation.of_archive, (ValueError, DataError)
    ),
    "network": Target(read_network, network_files, mutation.of_archive, (ValueError,)),
    "classifier": Target(
        read_classifier, classifier_files, mutation.of_archive, (ValueError,)
    ),
    "journal": Target(
        read_journal, lambda: [text.encode() for text in JOURNAL], mutation.of_text
    ),
    "report": Target(read_report, reports, mutation.of_json),
    **kept.TARGETS,
    **sources.TARGETS,
    **files.TARGETS,
    "sums": Target(
        read_sums,
        lambda: [b"".join(b"0" * 64 + b"  " + it for it in (b"a\n", b"b/c.png\n"))],
        mutation.of_text,
    ),
    "texts": Target(read_texts, texts, mutation.of_text),
    "architecture": Target(
        read_architecture,
        lambda: [LAYERS],
        mutation.of_json,
        (ValueError, RecursionError),  # the latter is JSON's
    ),
    "file-name": Target(
        read_file_name,
        lambda: [b"panel.csv", b"panel/*.parquet", b"*/**/[a-z]?.parquet"],
        mutation.of_text,
    ),
}
