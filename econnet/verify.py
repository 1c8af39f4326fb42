"""The use case of `report --verify`: make a forecast again, and hold it to its report.

A report says what it was made with. From the same data, with the same task and seed,
the forecast is made again, and every number and sentence of the one is compared with
the other. With the same versions on the same kind of processor they are the same to the
last bit, or else the report or econnet is not what it was. Elsewhere sums are rounded
differently, networks and trees learn on from there, and numbers agree within
`TOLERANCES` alone. Nothing is written.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, get_args

import pandas as pd

from econnet import evidence, forecast, labels, preparation, provenance
from econnet.answer import Forecast, Previous, SeriesUsed, Task
from econnet.catalog import FREQUENCIES, PANDAS_ALIAS
from econnet.countries import Country
from econnet.errors import DataError, UsageError
from econnet.evaluation.baselines import BASELINES
from econnet.features import Event
from econnet.panel import Vintages
from econnet.preparation import Prepared
from econnet.provenance import Provenance
from econnet.report import record
from econnet.report.record import Json
from econnet.sources.observations import Known
from econnet.whatif import Assumption


@dataclass(frozen=True, eq=False)
class Report:
    """A `report.json`, and what it says that it was made with."""

    path: Path
    document: Mapping[str, Any]
    task: Task
    provenance: Provenance
    previous: Previous | None
    assumptions: tuple[Assumption, ...]
    baselines: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """A value of the report, `track_record[3].probability`, and what it is now."""

    where: str
    reported: Json
    repeated: Json

    @property
    def apart(self) -> float | None:
        """How far two numbers are from each other; `None` of what is no number."""
        if isinstance(self.reported, float) and isinstance(self.repeated, float):
            return abs(self.reported - self.repeated)
        return None

    def within(self, tolerance: float) -> bool:
        """Whether two numbers are close, by their size where that is large, or equal.

        Levels in national currency are read and not reckoned: they agree to nine
        digits.
        """
        if self.apart is None or not isinstance(self.repeated, float):
            return self.reported == self.repeated
        return self.apart <= tolerance * max(1.0, 1e-6 * abs(self.repeated))


@dataclass(frozen=True)
class Verification:
    """What came of making a forecast again.

    Parameters
    ----------
    bits
        Whether every bit had to be the same: versions and processor are.
    tools
        Versions and the like that are others now: `(then, now)`, by name.
    data
        What of the data has changed since; where something has, nothing was repeated.
    compared
        How many values were compared.
    largest, largest_beside
        The largest difference of any number of econnet's own, and of the baselines'.
    differences
        The values that are not what they should be.
    """

    path: Path
    country: Country
    bits: bool
    tools: Mapping[str, tuple[str, str]]
    data: tuple[str, ...] = ()
    compared: int = 0
    largest: float = 0.0
    largest_beside: float = 0.0
    differences: tuple[Pair, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether the report is what its data, task and seed give."""
        return not self.data and not self.differences

    def sentence(self) -> str:
        """Return what came of it, in a line or two."""
        if self.data:
            return (
                f"not verified: {self.path}: the data have changed since: "
                f"{_some(self.data)}; `econnet report` makes a new one"
            )
        if self.differences:
            return f"not verified: {self.path}: {self._told_differences()}"
        if self.bits:
            return f"verified: {self.path}: all {self.compared:,} values, bit for bit"
        return (
            f"verified: {self.path}: all {self.compared:,} values within the tolerance "
            f"(at most {self.largest:.1g} apart, baselines {self.largest_beside:.1g}); "
            f"not bit for bit, for there is {self._told_tools()}"
        )

    def _told_differences(self) -> str:
        shown = [
            f"{it.where} is {_shown(it.reported)} there and {_shown(it.repeated)} now"
            for it in self.differences
        ]
        counted = f"{len(self.differences):,} of {self.compared:,} values differ"
        if self.bits:
            return (
                f"{counted}, though data, versions and processor are the same: "
                f"{_some(shown)}; was the file changed?"
            )
        return (
            f"{counted} by more than the tolerance: {_some(shown)}; there is "
            f"{self._told_tools()}"
        )

    def _told_tools(self) -> str:
        return _some(
            [f"{name} {now}, then {then}" for name, (then, now) in self.tools.items()]
        )


def read(path: Path) -> Report:
    """Return the report that stands in a `report.json`.

    Raises
    ------
    DataError
        It is not there, is no report, or is of a version that did not say what it was
        made with.
    """
    document = _document(path)
    try:
        made = document["provenance"]
        task = _task(made["task"])
        datetime.fromisoformat(document["made_at"])
        _check(document)
        origins = {field.name: made[field.name] for field in fields(Provenance)}
        return Report(
            path,
            document,
            task,
            Provenance(**{**origins, "blas": tuple(made["blas"])}),
            _previous(document["change"], task),
            tuple(_assumptions(document["what_if"])),
            tuple(document["baselines"]),
        )
    except (
        *(AttributeError, KeyError, OverflowError, TypeError, ValueError),
        UsageError,
    ) as error:
        raise DataError(
            f"{path} does not say what it was made with ({error!r}): it is of an older "
            "version, or damaged; `econnet report` writes it anew"
        ) from error


def _document(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_REPORT:
            raise DataError(f"{path} is too large for a report: write it anew")
        document = json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except FileNotFoundError as error:
        raise DataError(
            f"there is no report to verify at {path}: `econnet report` writes one"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            f"{path} cannot be read ({error}): `econnet report` writes it anew"
        ) from error
    if not isinstance(document, dict):
        raise DataError(f"{path} is no report: `econnet report` writes one")
    return document


def _check(document: Mapping[str, Any]) -> None:
    """Raise what `read` tells of, unless the rest can be looked at as a report's."""
    made, used = document["provenance"], document["data"]
    texts = [made[name] for name in ("processor", "data", "as_of", "retrieved_until")]
    texts += [*made["blas"], *made["versions"].values(), used["source"]]
    for name in ("as_of", "retrieved_until"):
        moment = pd.Timestamp(made[name])
        if pd.isna(moment) or moment.tz is not None:
            raise ValueError(f"{name} {made[name]!r}")
    for it in used["series"]:
        texts += [it["indicator"], it["series_id"], *it["recent_periods"]]
        if len(it["recent_periods"]) != len(it["recent"]):
            raise ValueError(f"series {it['indicator']!r}")
    if not all(isinstance(text, str) and text for text in texts):
        raise TypeError("a number for a text")
    if not all("model" in dict(row) for row in document["track_record"]):
        raise TypeError("a track record of no models")
    if not isinstance(document["importance"], list):
        raise TypeError("importance that is no list")


def _task(told: Mapping[str, Any]) -> Task:
    """Return the task that a report tells, if it is one that can be asked for."""
    task = Task(**told)
    labels.check(task.label, task.frequency)
    asked = (task.frequency, task.event, task.pool, task.vintages)
    choices = (FREQUENCIES, get_args(Event), ("all", "own"), get_args(Vintages))
    numbers = {"horizon": 41, "members": 1001, "seed": 2**64}
    given = {name: getattr(task, name) for name in numbers}
    # `1.5 in range(2**64)` would compare it with every one of them.
    within = all(
        isinstance(it, int) and it in range(numbers[name]) for name, it in given.items()
    )
    years = task.rolling_years is None or task.rolling_years in range(1, 501)
    known = all(it in there for it, there in zip(asked, choices, strict=True))
    if not (within and years and known):
        raise ValueError(f"no such task: {task}")
    return task


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _previous(change: Mapping[str, Any] | None, task: Task) -> Previous | None:
    """Return the forecast that was compared with, where it was not the replay's."""
    if change is None or change["made_at"] is None:
        return None
    alias = PANDAS_ALIAS[task.frequency]
    origin, period = (pd.Period(change[name], alias) for name in ("origin", "period"))
    return Previous(change["made_at"], origin, period, float(change["probability"]))


def _assumptions(what_if: Mapping[str, Any] | None) -> Iterator[Assumption]:
    for it in what_if["supposed"] if what_if else ():
        yield Assumption(it["indicator"], float(it["after"]), relative=False)


def verify(
    report: Report,
    known: Known,
    country: Country,
    progress: Callable[[float], None] = lambda _: None,
) -> Verification:
    """Return what comes of making a report's forecast again from what is known.

    Of what was fetched since nothing is looked at, for it was not there.

    Raises
    ------
    DataError
        The report is on another country, or what is known no longer suffices.
    """
    if report.document.get("country") != country.alpha3:
        raise DataError(
            f"{report.path} is a report on {report.document.get('name')!r}, not on "
            f"{country.name}"
        )
    prepared = _prepare(report, known, country)
    now = provenance.of(prepared.panel, prepared.panel.as_of)
    before, after = report.provenance.tools, now.tools
    tools = {
        name: (str(before.get(name, "none")), after.get(name, "none"))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }
    found = Verification(report.path, country, bits=not tools, tools=tools)
    if now.data != report.provenance.data:
        return replace(found, data=tuple(_changes(report, prepared)))
    return compare(found, report, record.to_dict(_repeat(report, prepared, progress)))


def compare(
    found: Verification, report: Report, repeated: Mapping[str, Json]
) -> Verification:
    """Return a verification with what comes of the record of a forecast made again."""
    # What was read from a file knows lists alone, and no tuples.
    pairs = _pairs("", dict(report.document), json.loads(json.dumps(repeated)))
    if found.bits:
        values = list(pairs)
        wrong = tuple(it for it in values if it.reported != it.repeated)
        return replace(found, compared=len(values), differences=wrong)
    values = [it for it in pairs if not ON_AN_EDGE.search(it.where)]
    of_baselines = _rows_of_baselines(report)
    ours = [it for it in values if _is_ours(it.where, of_baselines)]
    beside = [it for it in values if not _is_ours(it.where, of_baselines)]
    return replace(
        found,
        compared=len(values),
        largest=max((it.apart or 0.0 for it in ours), default=0.0),
        largest_beside=max((it.apart or 0.0 for it in beside), default=0.0),
        differences=(
            *(it for it in ours if not it.within(OURS)),
            *(it for it in beside if not it.within(THEIRS)),
        ),
    )


def _prepare(report: Report, known: Known, country: Country) -> Prepared:
    """Return the data as they stood when the report was made."""
    task, made = report.task, report.provenance
    labels.check(task.label, task.frequency)
    rows = known.observations
    there = rows["retrieved_at"] <= pd.Timestamp(made.retrieved_until)
    if not there.any() or task.target not in known.indicators:
        raise DataError(
            f"{report.path} was made from other data than {known.source}, which holds "
            f"nothing of what was there at {made.retrieved_until}"
        )
    then = replace(known, observations=rows[there].reset_index(drop=True))
    return preparation.prepare(then, country, task, pd.Timestamp(made.as_of))


def _repeat(
    report: Report, prepared: Prepared, progress: Callable[[float], None]
) -> Forecast:
    """Return the forecast of the report, made again."""
    names = [name for name in report.baselines if name in BASELINES]
    model = forecast.train(prepared, progress, names)
    made = forecast.make(prepared, model, report.previous, report.assumptions)
    made = replace(made, made_at=report.document["made_at"])
    # Where many countries were forecast at once, it was not measured.
    return made if report.document["importance"] else _without_importance(made)


def _without_importance(made: Forecast) -> Forecast:
    """Return the forecast as if the importance of its inputs was never measured."""
    return replace(made, explanation=replace(made.explanation, importance=()))


def _changes(report: Report, prepared: Prepared) -> Iterator[str]:
    """Yield what has changed since the report was made, in words."""
    used, told = evidence.data_used(prepared), report.document["data"]
    if used.source != told["source"]:
        yield f"they came from {told['source']} and now come from {used.source}"
    before = {it["indicator"]: it for it in told["series"]}
    now = {it.indicator: it for it in used.series}
    changed = False
    for key in sorted({*before, *now}):
        if key not in now:
            changed = True
            yield f"{key} is no longer there"
        elif key not in before:
            changed = True
            yield f"{key} is new"
        elif news := _news(before[key], now[key]):
            changed = True
            yield f"{key} {news}"
    if not changed:
        yield (
            "figures of other countries, or older ones"
            if used.n_countries > 1
            else "older figures"
        )


def _news(before: Mapping[str, Any], now: SeriesUsed) -> str:
    """Return the newest figure of a series that is another; empty where none is."""
    if before["series_id"] != now.series_id:
        return f"is {now.series_id} in place of {before['series_id']}"
    then = dict(zip(before["recent_periods"], before["recent"], strict=True))
    today = dict(zip(now.recent_periods, now.recent, strict=True))
    for period in sorted({*then, *today}, reverse=True):
        if then.get(period) != today.get(period):
            was, now_is = (_shown(it.get(period)) for it in (then, today))
            return f"of {period} was {was}, is {now_is}"
    return ""


def _pairs(where: str, reported: Json, repeated: Json) -> Iterator[Pair]:
    """Yield every value of the two documents, and where it stands."""
    if isinstance(reported, dict) and isinstance(repeated, dict):
        for key in {**reported, **repeated}:
            place = f"{where}.{key}" if where else key
            if not PASSED_OVER.fullmatch(place):
                both = (reported.get(key, MISSING), repeated.get(key, MISSING))
                yield from _pairs(place, *both)
    elif (
        isinstance(reported, list)
        and isinstance(repeated, list)
        and len(reported) == len(repeated)
    ):
        for number, both in enumerate(zip(reported, repeated, strict=True)):
            yield from _pairs(f"{where}[{number}]", *both)
    else:
        yield Pair(where, reported, repeated)


def _rows_of_baselines(report: Report) -> frozenset[str]:
    """Return where in the track record the forecasts of baselines stand."""
    return frozenset(
        f"track_record[{number}].probability"
        for number, row in enumerate(report.document["track_record"])
        if row["model"] not in {"econnet", "network"}
    )


def _is_ours(where: str, rows_of_baselines: frozenset[str]) -> bool:
    """Whether a number is econnet's alone, and not a baseline's or set against one."""
    return where not in rows_of_baselines and not BESIDE.match(where)


def _some(texts: Sequence[str]) -> str:
    """Return the first few of some texts in a line."""
    more = len(texts) - SHOWN
    return "; ".join(texts[:SHOWN]) + (f"; and {more:,} more" if more > 0 else "")


def _shown(value: Json) -> str:
    match value:
        case None:
            return "nothing"
        case float():
            return f"{value:.10g}"
        case str():
            return repr(value if len(value) <= WIDEST else f"{value[:WIDEST]}...")
        case list() | dict():
            return f"{len(value)} entries"
        case _:
            return str(value)


def to_dict(found: Verification) -> dict[str, Json]:
    """Return what came of a verification, as JSON has it."""
    return {
        "report": found.path.as_posix(),
        "country": found.country.alpha3,
        "verified": found.verified,
        "bit_for_bit": found.bits,
        "tools": {name: list(both) for name, both in found.tools.items()},
        "data_changed": list(found.data),
        "n_compared": found.compared,
        "largest_difference": found.largest,
        "largest_difference_of_baselines": found.largest_beside,
        "differences": [asdict(it) for it in found.differences],
        "sentence": found.sentence(),
    }


# A report of eight hundred months takes a megabyte.
LARGEST_REPORT = 64 * 2**20

# How far numbers may be apart where versions or processors differ, measured in
# docs/reliability.md: econnet's own, and what rests on a baseline.
OURS = 1e-3
THEIRS = 1e-2

# What a report says of the moment and not of the forecast. A series that was fetched
# again since begins, ends and is worded as it is now.
PASSED_OVER = re.compile(
    r"made_at|versions?|provenance|data\.series\[\d+\]\."
    r"(title|unit|first_period|last_period|rights|attribution|retrieved_at)"
)

# Where the last bit can decide between two ranks, bins, sides of a threshold or words.
ON_AN_EDGE = re.compile(
    r"^(sentences|roc|precision_recall|reliability|false_alarms)\b"
    r"|auroc|average_precision|brier_parts|recall_at|precision_at|_test\b"
    r"|signal$|periods_early"
)

BESIDE = re.compile(r"(pool_)?baselines\.|comparisons\.")

MISSING = "(missing)"
SHOWN = 3
WIDEST = 40
