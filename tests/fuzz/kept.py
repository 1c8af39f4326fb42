"""Targets that are econnet's own files, which somebody else may have changed.

Unfinished work that is damaged counts as none; a store is read or reported as damaged.
"""

import io
import json
from dataclasses import asdict, replace
from functools import cache

import duckdb
import numpy as np
import pandas as pd

from econnet.core.errors import EconnetError
from econnet.core.task import Task
from econnet.data import panel
from econnet.data.sources.observations import now
from econnet.data.store import checks, schema
from econnet.data.store.store import Store
from econnet.evaluation.confidence import Skill
from econnet.evaluation.metrics import ReliabilityBin
from econnet.forecast import saved_answers
from econnet.forecast.headline import headline
from econnet.forecast.result import QuestionAnswer
from econnet.forecast.streamed.features import FeatureSpec
from econnet.forecast.streamed.forecast import Streamed
from econnet.forecast.streamed.scores import Difference, HoldoutScores
from econnet.models import network_file
from econnet.network import Architecture, Network
from econnet.report.site import chain, scoreboard
from econnet.report.site import verification as site
from econnet.report.site.chain import Record
from econnet.runtime.ledger import Ledger
from tests.data.store.test_store import answer
from tests.fuzz import mutation, tables
from tests.fuzz.target import Target, at, folder
from tests.report.site.conftest import forecast, outcome
from tests.stores import newest


def read_ledger(data: bytes) -> None:
    """Look for a finished task in a ledger, which is there or is not."""
    path = at("0123.npz", data)
    found = Ledger(path.parent).find("0123")
    assert found is None or all(isinstance(it, np.ndarray) for it in found)


@cache
def ledgers() -> list[bytes]:
    """Return what is kept of a finished task."""
    place = folder() / "ledger"
    arrays = [np.linspace(0, 1, 6).reshape(2, 3), np.arange(3), np.array([True])]
    Ledger(place).keep("0123", arrays)
    return [(place / "0123.npz").read_bytes()]


def read_streamed_model(data: bytes) -> None:
    """Read the model of a streamed panel, and the answer in it."""
    _, metadata, _ = network_file.load_with_metadata(at("streamed.npz", data))
    Streamed.of_record(metadata["answer"])


@cache
def streamed_models() -> list[bytes]:
    """Return the model of a streamed panel."""
    scores = HoldoutScores(0.8, 0.5, 0.1, (0.08, 0.12), 0.2, 0.3, (0.2, 0.4), 40, 8, 4)
    answered = Streamed(
        name="panel",
        spec=FeatureSpec(
            ("output",), ("flow",), Task("Q", target="output", members=1), 1
        ),
        rows=400,
        countries=2,
        first_period="1970Q1",
        last_period="2019Q4",
        learned_until="2014Q4",
        holdout=("2015Q1", "2019Q2"),
        base_rate=0.2,
        passes=2,
        models={"econnet": scores, "base_rate": scores},
        tests={"base_rate": Difference(-0.1, (-0.2, 0.0), -0.01, (-0.02, 0.0))},
        reliability=(ReliabilityBin(0.1, 0.12, (0.05, 0.25), 30),),
        forecasts=2,
        version="0.1.0",
        made_at="2026-10-01T12:00:00+00:00",
    )
    file = io.BytesIO()
    metadata = {"fingerprint": "0123", "answer": asdict(answered)}
    network_file.save(Network(Architecture.dense(3, [4])), file, metadata=metadata)
    return [file.getvalue()]


def read_store(data: bytes) -> None:
    """Make the edits in a store; check it, and read it if it was found to be sound."""
    edits = json.loads(data)
    path = at("econnet.duckdb", _store())
    with duckdb.connect(path) as database:
        for edit in edits if isinstance(edits, list) else []:
            _edit(database, edit)
    store = Store(path, timeout_seconds=1)
    found = checks.check_store(store, now)
    rows = newest(store)
    if found.broken or found.upgrade_from is not None:
        return
    store.status()
    for frequency in ("A", "Q", "M"):
        panel.build(rows, frequency)


def _edit(database: duckdb.DuckDBPyConnection, edit: object) -> None:
    """Put a value into a cell of a store, if its type allows it."""
    match edit:
        case [int(column), int(row), int(value)]:
            columns = sorted(schema.expected_columns())
            table, name, kind = columns[column % len(columns)]
            to = tables.STORED[value % len(tables.STORED)]
            try:
                database.execute(
                    f"UPDATE {table} SET {name} = ({to})::{kind} WHERE rowid = ?",  # noqa: S608 - our own
                    [row % 8],
                )
            except duckdb.Error:  # no value of that type
                return


@cache
def _store() -> bytes:
    """Return a store of two series, by the year and by the quarter."""
    path = folder() / "example.duckdb"
    values = {"DEU": {"2019": 1.5, "2020": 1.25}, "WLD": {"2020": 80.5}}
    Store(path).write(
        [
            answer(values, raw=(b"page 1", b"page 2")),
            answer({"DEU": {"2020": 3.5}}, series_id="OTHER", raw=(b"another",)),
        ]
    )
    return path.read_bytes()


def read_answers(data: bytes) -> None:
    """Read the answers to the standard questions, and choose the headline of them."""
    found = saved_answers.load(at("answers.json", data), "0123")
    if found is not None:
        headline(found, pd.Timestamp("2020-01-01"))


@cache
def answers() -> list[bytes]:
    """Return two answers, one without skill."""
    skill = Skill(0.2, (0.05, 0.35), 40, 8)
    answer = QuestionAnswer(
        task=Task("Q"),
        as_of="2019-12-31",
        origin=pd.Period("2019Q3"),
        period=pd.Period("2019Q4"),
        target_title="Real GDP",
        meaning="falls",
        probability=0.2,
        interval=(0.1, 0.3),
        base_rate=0.25,
        skill=skill,
    )
    path = folder() / "example.json"
    saved_answers.save([answer, replace(answer, skill=None)], "0123", None, path)
    return [path.read_bytes()]


def read_record(data: bytes) -> None:
    """Read a public record as it is, and with its lines chained again."""
    place = at("record.jsonl", data)
    site.verify(place.parent)
    place.write_bytes(_chained(data))
    site.verify(place.parent)
    scoreboard.of(site.read_record(place.parent))


def _chained(data: bytes) -> bytes:
    """Return lines with the numbers and digests that they should have."""
    lines: list[bytes] = []
    for line in data.split(b"\n"):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict):
            entry["line"] = len(lines) + 1
            entry["previous"] = chain.digest(lines[-1]) if lines else chain.GENESIS
            lines.append(json.dumps(entry, separators=(",", ":")).encode())
    return b"".join(line + b"\n" for line in lines)


def records() -> list[bytes]:
    """Return a record of forecasts with two outcomes."""
    entries = [
        forecast(origin=str(year), period=str(year + 1), professional=0.3)
        for year in range(2020, 2024)
    ]
    return [Record().extended([*entries, outcome(2, 1), outcome(3, 0)]).content]


TARGETS: dict[str, Target] = {
    "answers": Target(
        read_answers, answers, mutation.of_json, (ValueError, RecursionError)
    ),
    "record": Target(read_record, records, mutation.of_json),
    "ledger": Target(read_ledger, ledgers, mutation.of_archive, ()),
    "streamed-model": Target(
        read_streamed_model,
        streamed_models,
        mutation.of_archive,
        (EconnetError, KeyError, TypeError, ValueError),  # raised if it does not fit
    ),
    "store": Target(
        read_store,
        lambda: [b"[]", b"[[0, 0, 0]]", b"[[18, 0, 1], [40, 1, 3]]"],
        tables.of_edits,
        (EconnetError, ValueError, RecursionError),
    ),
}
