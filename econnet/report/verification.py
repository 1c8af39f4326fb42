"""Verify a report: repeat its forecast and compare every value.

A report states what it was made with. The forecast is repeated with the same data, task
and seed, and every number and sentence is compared. With the same versions on the same
kind of processor they agree to the last bit, unless the report or econnet was changed.
Elsewhere sums are rounded differently, networks and trees amplify the difference, and
numbers agree within a tolerance only. Nothing is written.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from econnet.core.countries import Country
from econnet.core.errors import DataError
from econnet.data.sources.observations import Dataset
from econnet.forecast import country as country_forecast
from econnet.forecast import data_used, preparation, provenance, questions
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import Forecast, QuestionAnswer, SeriesUsed
from econnet.models.baselines import BASELINES
from econnet.report import record
from econnet.report.record import Json
from econnet.report.report_file import Report


@dataclass(frozen=True)
class Pair:
    """A value of the report, such as `track_record[3].probability`, and its repeat."""

    where: str
    reported: Json
    repeated: Json

    @property
    def distance(self) -> float:
        """The distance of two floats; 0 for other values."""
        if isinstance(self.reported, float) and isinstance(self.repeated, float):
            return abs(self.reported - self.repeated)
        return 0.0

    def sentence(self) -> str:
        """Return both values in words."""
        return (
            f"{self.where} is {_shown(self.reported)} there and "
            f"{_shown(self.repeated)} now"
        )

    def within(self, tolerance: float) -> bool:
        """Whether two numbers are close, relative to their size if that is large.

        Levels in national currency are read, not computed: they agree to nine digits.
        """
        if isinstance(self.reported, float) and isinstance(self.repeated, float):
            return self.distance <= tolerance * max(1.0, 1e-6 * abs(self.repeated))
        return self.reported == self.repeated


@dataclass(frozen=True)
class Verification:
    """The result of repeating a forecast.

    Parameters
    ----------
    tools
        Versions and the like that have changed: `(then, now)`, by name. If there are
        none, every bit must agree.
    data
        Changes of the data since; if there are any, nothing was repeated.
    missing_digest
        The digest of the data that the report names, if the data known now, with all
        their vintages, do not give it.
    compared
        Number of values that were compared.
    largest, largest_of_baselines
        The largest difference among econnet's own numbers, and the baselines'.
    differences
        The values that differ by more than the tolerance.
    """

    path: Path
    country: Country
    tools: Mapping[str, tuple[str, str]]
    data: tuple[str, ...] = ()
    missing_digest: str | None = None
    compared: int = 0
    largest: float = 0.0
    largest_of_baselines: float = 0.0
    differences: tuple[Pair, ...] = ()

    @property
    def bits(self) -> bool:
        """Whether every bit must agree: versions and processor are the same."""
        return not self.tools

    @property
    def verified(self) -> bool:
        """Whether the data, task and seed of the report give the same report."""
        return not self.data and not self.differences

    def sentence(self) -> str:
        """Return the result in a line or two."""
        if self.data:
            return (
                f"not verified: {self.path}: the data have changed since, and the "
                f"vintages with the digest {str(self.missing_digest)[:DIGEST_SHOWN]} "
                "that the report names are no longer stored: "
                f"{_first_few(self.data)}; `econnet report` makes a new one"
            )
        if self.differences:
            return f"not verified: {self.path}: {self._describe_differences()}"
        values = f"verified: {self.path}: all {self.compared:,} values"
        if self.bits:
            return f"{values}, bit for bit"
        return (
            f"{values} within the tolerance (at most {self.largest:.1g} "
            f"apart, baselines {self.largest_of_baselines:.1g}); not bit for bit, "
            f"because the environment differs: {self._describe_tools()}"
        )

    def _describe_differences(self) -> str:
        shown = _first_few([pair.sentence() for pair in self.differences])
        counted = f"{len(self.differences):,} of {self.compared:,} values differ"
        if self.bits:
            return (
                f"{counted}, though data, versions and processor are the same: "
                f"{shown}; was the file changed?"
            )
        return (
            f"{counted} by more than the tolerance: {shown}; the environment differs: "
            f"{self._describe_tools()}"
        )

    def _describe_tools(self) -> str:
        tools = self.tools.items()
        return _first_few([f"{name} {now}, then {then}" for name, (then, now) in tools])


def verify(
    report: Report,
    known: Dataset,
    country: Country,
    progress: Callable[[float], None] = lambda _: None,
) -> Verification:
    """Return the result of repeating a report's forecast from the known data.

    Data that were fetched since are ignored. `DataError` if the report is on another
    country, or the data no longer suffice.
    """
    if report.document.get("country") != country.alpha3:
        raise DataError(
            f"{report.path} is a report on {report.document.get('name')!r}, not on "
            f"{country.name}"
        )
    known = _as_retrieved(known, report)
    as_of = pd.Timestamp(report.provenance.as_of)
    prepared = preparation.prepare(known, country, report.task, as_of)
    replayed = _replayed(report, known)
    date = prepared.state.date
    here = provenance.of(prepared.panel, date, date, shared_replay=None)
    before, after = report.provenance.tools, here.tools
    tools = {
        name: (str(before.get(name, "none")), after.get(name, "none"))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }
    result = Verification(report.path, country, tools)
    if missing := _missing_digest(report, prepared, replayed):
        changes = tuple(_changes(report, prepared))
        return replace(result, data=changes, missing_digest=missing)
    repeated = record.to_dict(_repeat(report, prepared, replayed, progress))
    return compare_reports(result, report, repeated)


def compare_reports(
    result: Verification, report: Report, repeated: Mapping[str, Json]
) -> Verification:
    """Return a verification completed by comparing the repeated forecast."""
    # A document read from a file contains lists, not tuples.
    pairs = list(_pairs("", dict(report.document), json.loads(json.dumps(repeated))))
    if result.bits:
        wrong = tuple(pair for pair in pairs if pair.reported != pair.repeated)
        return replace(result, compared=len(pairs), differences=wrong)
    pairs = [pair for pair in pairs if not ON_AN_EDGE.search(pair.where)]
    baseline_rows = _rows_of_baselines(report)
    growth = [pair for pair in pairs if OF_GROWTH.match(pair.where)]
    ours: list[Pair] = []
    baselines: list[Pair] = []
    for pair in pairs:
        if OF_GROWTH.match(pair.where):
            continue
        of_baseline = pair.where in baseline_rows or OF_BASELINES.match(pair.where)
        (baselines if of_baseline else ours).append(pair)
    return replace(
        result,
        compared=len(pairs),
        largest=max((pair.distance for pair in ours), default=0.0),
        largest_of_baselines=max((pair.distance for pair in baselines), default=0.0),
        differences=(
            *(pair for pair in ours if not pair.within(TOLERANCE)),
            *(pair for pair in growth if not pair.within(GROWTH_TOLERANCE)),
            *(pair for pair in baselines if not pair.within(BASELINE_TOLERANCE)),
        ),
    )


def _as_retrieved(known: Dataset, report: Report) -> Dataset:
    """Return the data that had been retrieved when the report was made."""
    rows, until = known.observations, report.provenance.retrieved_until
    retrieved = rows["retrieved_at"] <= pd.Timestamp(until)
    if not retrieved.any() or report.task.target not in known.indicators:
        raise DataError(
            f"{report.path} was made from other data than {known.source}, which has "
            f"no data for this target retrieved by {until}"
        )
    return replace(known, observations=rows[retrieved].reset_index(drop=True))


def _replayed(report: Report, known: Dataset) -> PreparedTask | None:
    """Return the country whose replay the report shares; `None` if it has its own."""
    shared = report.provenance.shared_replay
    if shared is None:
        return None
    country = Country(shared.country, "", shared.country)
    as_of = pd.Timestamp(shared.as_of)
    return preparation.prepare(known, country, report.task, as_of)


def _missing_digest(
    report: Report, prepared: PreparedTask, replayed: PreparedTask | None
) -> str | None:
    """Return a digest of the report that today's data do not give, if there is one."""
    recorded = report.provenance
    if provenance.panel_digest(prepared.panel) != recorded.data:
        return recorded.data
    shared = recorded.shared_replay
    if shared is None or replayed is None:
        return None
    found = provenance.panel_digest(replayed.panel)
    return None if found == shared.data else shared.data


def _repeat(
    report: Report,
    prepared: PreparedTask,
    replayed: PreparedTask | None,
    progress: Callable[[float], None],
) -> Forecast:
    names = [name for name in report.baselines if name in BASELINES]
    model = country_forecast.train(prepared, progress, names, replayed=replayed)
    forecast = country_forecast.make(
        prepared, model, report.previous, report.assumptions
    )
    explanation = forecast.explanation
    # Where many countries were forecast at once, importance was not measured.
    if not report.document["importance"]:
        explanation = replace(explanation, importance=())
    return replace(
        forecast,
        made_at=report.document["made_at"],
        explanation=explanation,
        questions=tuple(_repeat_questions(report, prepared)),
    )


def _repeat_questions(
    report: Report, prepared: PreparedTask
) -> Iterator[QuestionAnswer]:
    """Yield the answers to the standard questions that the report lists."""
    asked = [
        preparation.prepare(prepared.known, prepared.country, task, date)
        for task, date in report.questions
    ]
    for answer in questions.answer(asked):
        if isinstance(answer, DataError):
            raise answer
        yield answer


def _changes(report: Report, prepared: PreparedTask) -> Iterator[str]:
    """Yield, in words, what has changed since the report was made."""
    used, reported = data_used.data_used(prepared), report.document["data"]
    if used.source != reported["source"]:
        yield f"they came from {reported['source']} and now come from {used.source}"
    before = {series["indicator"]: series for series in reported["series"]}
    now = {series.indicator: series for series in used.series}
    news = dict.fromkeys(before.keys() - now.keys(), "is no longer there")
    news |= dict.fromkeys(now.keys() - before.keys(), "is new")
    news |= {
        key: text
        for key in before.keys() & now.keys()
        if (text := _newest_change(before[key], now[key]))
    }
    yield from (f"{key} {news[key]}" for key in sorted(news))
    if not news:
        yield (
            "values of other countries, or older values"
            if used.n_countries > 1
            else "older values"
        )


def _newest_change(before: Mapping[str, Any], now: SeriesUsed) -> str:
    """Return the newest change of a series, or an empty text."""
    if before["series_id"] != now.series_id:
        return f"is {now.series_id} instead of {before['series_id']}"
    then = dict(zip(before["recent_periods"], before["recent"], strict=True))
    today = dict(zip(now.recent_periods, now.recent, strict=True))
    for period in sorted({*then, *today}, reverse=True):
        if then.get(period) != today.get(period):
            was, now_is = (_shown(values.get(period)) for values in (then, today))
            return f"of {period} was {was}, is {now_is}"
    return ""


def _pairs(where: str, reported: Json, repeated: Json) -> Iterator[Pair]:
    """Yield every value of the two documents with its path."""
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
    """Return the paths of the baselines' probabilities in the track record."""
    return frozenset(
        f"track_record[{number}].probability"
        for number, row in enumerate(report.document["track_record"])
        if row["model"] not in {"econnet", "network"}
    )


def _first_few(texts: Sequence[str]) -> str:
    """Return the first few of some texts in a line."""
    more = len(texts) - MAX_SHOWN
    return "; ".join(texts[:MAX_SHOWN]) + (f"; and {more:,} more" if more > 0 else "")


def _shown(value: Json) -> str:
    match value:
        case None:
            return "nothing"
        case float():
            return f"{value:.10g}"
        case str():
            return repr(value if len(value) <= MAX_WIDTH else f"{value[:MAX_WIDTH]}...")
        case list() | dict():
            return f"{len(value)} entries"
        case _:
            return str(value)


def to_dict(result: Verification) -> dict[str, Json]:
    """Return a verification as JSON."""
    return {
        "report": result.path.as_posix(),
        "country": result.country.alpha3,
        "verified": result.verified,
        "bit_for_bit": result.bits,
        "tools": {name: list(both) for name, both in result.tools.items()},
        "data_changed": list(result.data),
        "missing_digest": result.missing_digest,
        "n_compared": result.compared,
        "largest_difference": result.largest,
        "largest_difference_of_baselines": result.largest_of_baselines,
        "differences": [asdict(pair) for pair in result.differences],
        "sentence": result.sentence(),
    }


# By how much numbers may differ with other versions or processors, as measured in
# docs/reliability.md: econnet's own, its percentiles of growth (in percentage points),
# and those that depend on a baseline.
TOLERANCE = 1e-3
GROWTH_TOLERANCE = 5e-2
BASELINE_TOLERANCE = 1e-2

# What depends on the moment and not on the forecast. The skill by day comes from
# backtests that were run before the report. A series that was fetched again
# since has its current span and titles.
PASSED_OVER = re.compile(
    r"made_at|versions?|provenance|skill_by_day|data\.series\[\d+\]\."
    r"(title|unit|first_period|last_period|rights|attribution|retrieved_at)"
)

# Where the last bit can decide between two ranks, bins, classes or words.
ON_AN_EDGE = re.compile(
    r"^(sentences|questions\[\d+\]\.(confidence|question)$|roc|precision_recall|reliability|false_alarms|signals|confidence)\b"
    r"|auroc|average_precision|brier_parts|recall_at|precision_at|_test\b"
    r"|signal$|periods_early"
)

OF_GROWTH = re.compile(r"growth\.(percentile_|median)")
OF_BASELINES = re.compile(r"(pool_)?baselines\.|comparisons\.")

MISSING = "(missing)"
MAX_SHOWN = 3
DIGEST_SHOWN = 12
MAX_WIDTH = 40
