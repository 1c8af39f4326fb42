"""Features and targets of a long panel, as one SQL query over rows in their order.

The features of a row are the newest change of each indicator, three earlier ones of the
target, and the growth of the other countries in the same period. A row is the period
whose values were known last: with a publication lag of `lag` periods its *origin*, in
which the forecast is made, is `lag` later, and its target `horizon` later still.

Lags are rows above, which is right because the rows are sorted; where the row above is
not the period before in the same country, the lag is missing. DuckDB computes `lag` and
`lead` over rows in their order without sorting or keeping them, as long as there is no
join: so the growth abroad, which needs all countries, is added when features are read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial

import numpy as np
import numpy.typing as npt

from econnet.core.catalog import Transform
from econnet.core.errors import DataError, UsageError
from econnet.core.periods import PERIODS_A_YEAR
from econnet.core.task import Task, TaskRequest
from econnet.core.types import Floats
from econnet.data.cycle import labels
from econnet.data.files.user_panel import TRANSFORM, Kind, infer_kind
from econnet.forecast.streamed.parquet_panel import ParquetPanel, row_error

Singles = npt.NDArray[np.float32]
Ordinals = npt.NDArray[np.int64]

Lags = Callable[[str, int], str]

TARGET_LAGS = (1, 2, 3)


@dataclass(frozen=True)
class FeatureSpec:
    """The task for a panel, and the columns that its features are computed from.

    Parameters
    ----------
    columns, kinds
        The panel's columns of numbers, and the kind of each.
    lag
        Publication lag in periods.
    """

    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    task: Task
    lag: int

    @property
    def target(self) -> str:
        """The column that the label is defined on; for `given` the column itself."""
        rule, _, column = self.task.label.partition(":")
        return column if rule == "given" else self.task.target

    @property
    def looks_ahead(self) -> int:
        """Later periods that the label of a period depends on."""
        rule = labels.RULES.get(self.task.label)
        return (rule.looks_ahead or 0) if rule else 0

    @property
    def lead(self) -> int:
        """Rows from a row to the last one that its target depends on."""
        return self.lag + self.task.horizon + self.looks_ahead

    @property
    def target_position(self) -> int:
        """Position of the target among the columns."""
        return self.columns.index(self.target)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the features, those of `query` and then those of `Abroad`."""
        return (
            *self.columns,
            *(f"{self.target} lag {lag}" for lag in TARGET_LAGS),
            "growth abroad",
            "share shrinking abroad",
        )

    def query(self, panel: ParquetPanel, start: int, stop: int) -> str:
        """Return SQL that computes features and targets of rows `start` to `stop`.

        Returns
        -------
        str
            A query that gives, in the order of the rows, `t` (the period),
            `last_country` (the country in its last row, else NULL), `f0`, `f1`, ...
            (the first features of `inputs`) and `y` (1 contraction, 0 expansion). All
            but the first two are float32, and NaN where they are missing. Rows that are
            not sorted by country and period, or lack a country, raise an error.
        """
        history = max(1 + max(TARGET_LAGS), PERIODS_A_YEAR[self.task.frequency])
        sources = panel.query(max(0, start - history), stop + self.lead + 1)
        # DuckDB keeps the order of one file; rows of several files must be sorted.
        window = "()" if len(sources) == 1 else "(ORDER BY n)"
        lags = partial(_lag, window)
        rows = f"SELECT *, hash(country) AS entity FROM ({' UNION ALL '.join(sources)})"  # noqa: S608 - names are quoted
        marked = "changed"
        if self.task.label == "two-quarters":
            mark = _two_quarters(lags)
            marked = f"(SELECT * REPLACE ({mark} AS mark) FROM changed)"  # noqa: S608 - our own
        k = len(self.columns)
        growth = f"f{self.target_position}"
        earlier = (
            f"{lags(growth, lag)} AS f{i}" for i, lag in enumerate(TARGET_LAGS, k)
        )
        numbers = (*(f"f{i}" for i in range(k + len(TARGET_LAGS))), "y")
        singles = ", ".join(
            f"coalesce(CAST({name} AS FLOAT), CAST('nan' AS FLOAT)) AS {name}"
            for name in numbers
        )
        return f"""
WITH rows AS NOT MATERIALIZED ({rows}),
lagged AS NOT MATERIALIZED (
    SELECT *, {_last_country(window)} AS last_country,
        {_is_same_country(window, 1)} AS follows,
        {", ".join(f"lag(x{i}) OVER {window} AS b{i}" for i in range(k))} FROM rows),
changed AS NOT MATERIALIZED (
    SELECT n, t, entity, last_country, {self._changes()}, {self._mark(lags)} AS mark
    FROM lagged),
targeted AS NOT MATERIALIZED (
    SELECT *, {", ".join(earlier)}, {self._target(lags)} AS y FROM {marked})
SELECT CAST(t AS INTEGER) AS t, last_country, {singles} FROM targeted
WHERE n >= {start} AND n < {stop}"""  # noqa: S608 - names are quoted

    def _changes(self) -> str:
        """Return SQL of the changes from values before, `b`, to values, `x`."""
        return ", ".join(
            f"CASE WHEN follows OR {TRANSFORM[kind] == 'level'} THEN "
            f"{CHANGES[TRANSFORM[kind]].format(x=f'x{i}', before=f'b{i}')} END AS f{i}"
            for i, kind in enumerate(self.kinds)
        )

    def _mark(self, lags: Lags) -> str:
        """Return SQL of the label, for `two-quarters` of falling output."""
        level = f"x{self.target_position}"
        if self.task.label.startswith("given:"):
            message = row_error(
                f"'a column given as label must have values 0 and 1, not ' || {level}"
            )
            return f"CASE WHEN {level} NOT IN (0, 1) THEN {message} ELSE {level} END"
        year = PERIODS_A_YEAR[self.task.frequency]
        before = lags(level, year if self.task.label == "year-on-year" else 1)
        return (
            f"CASE WHEN {before} > 0 AND {level} IS NOT NULL "
            f"THEN CAST({level} < {before} AS INTEGER) END"
        )

    def _target(self, lags: Lags) -> str:
        """Return SQL of the target, missing where a label that it needs is."""
        horizon = self.task.horizon
        nearest = 1 if self.task.event == "within" and horizon else horizon
        marks = [
            lags("mark", -self.lag - ahead) for ahead in range(nearest, horizon + 1)
        ]
        missing = " OR ".join(f"{mark} IS NULL" for mark in marks)
        return f"CASE WHEN NOT ({missing}) THEN greatest({', '.join(marks)}) END"


def _lag(window: str, value: str, periods: int) -> str:
    """Return SQL of the country's value `periods` earlier, or later if negative."""
    if not periods:
        return value
    same = _is_same_country(window, periods)
    return f"CASE WHEN {same} THEN {_row_above(window, value, periods)} END"


def _is_same_country(window: str, periods: int) -> str:
    """Return SQL of whether the row `periods` above is that period of the country."""
    entity, t = (_row_above(window, name, periods) for name in ("entity", "t"))
    return f"({entity} = entity AND {t} = t - ({periods}))"


def _row_above(window: str, value: str, rows: int) -> str:
    return f"{'lag' if rows > 0 else 'lead'}({value}, {abs(rows)}) OVER {window}"


def _last_country(window: str) -> str:
    """Return SQL of the country in its last row, which checks the order of the rows."""
    unsorted = row_error(
        "'the rows are not sorted by country and period from ''' || country || ''' on, "
        "or a period occurs twice: sort them and write the files again'"
    )
    country, t = (f"lag({name}) OVER {window}" for name in ("country", "t"))
    no_country = row_error("'no country'")
    return (
        f"CASE WHEN coalesce(country, '') = '' THEN {no_country} "
        f"WHEN {country} > country OR ({country} = country AND {t} >= t) "
        f"THEN {unsorted} "
        f"WHEN lead(entity) OVER {window} IS DISTINCT FROM entity THEN country END"
    )


def _two_quarters(lags: Lags) -> str:
    """Return SQL of `labels`' rule, where `mark` is 1 if output fell, 0 if not."""
    before, after = lags("mark", 1), lags("mark", -1)
    return (
        f"CASE WHEN mark IS NULL OR {after} IS NULL "
        f"OR (mark = 1 AND {before} IS NULL AND {after} = 0) THEN NULL "
        f"ELSE CAST(mark = 1 AND ({after} = 1 OR coalesce({before} = 1, false)) "
        "AS INTEGER) END"
    )


@dataclass(frozen=True, eq=False)
class Abroad:
    """The growth of all countries together, period by period.

    Parameters
    ----------
    first
        The first period's number.
    total, shrank, countries : array (periods,)
        Sum of their growth, each clipped to 10% in size, the number that shrank, and
        the number whose growth is known.
    """

    first: int
    total: Floats
    shrank: Floats
    countries: Floats

    def others(self, period: Ordinals, growth: Singles) -> tuple[Singles, Singles]:
        """Return the others' mean growth and the percentage of them that shrank."""
        number = period - self.first
        known = ~np.isnan(growth)
        bounded = np.where(known, np.clip(growth, -MAX_GROWTH, MAX_GROWTH), 0)
        n = (self.countries[number] - known).astype(np.float32)
        n[n <= 0] = np.nan
        total = (self.total[number] - bounded).astype(np.float32)
        shrank = (100 * (self.shrank[number] - (bounded < 0))).astype(np.float32)
        return total / n, shrank / n


def feature_spec(
    panel: ParquetPanel, request: TaskRequest, lag: int, kinds: Mapping[str, Kind]
) -> FeatureSpec:
    """Return the specification for a panel; kinds are inferred from its first rows.

    The ensemble has one member unless the request names a number. `UsageError` if a
    column that was named does not exist, or the label cannot be streamed.
    """
    label = request.rule
    given = label.startswith("given:")
    if not given and label not in STREAMED_LABELS:
        names = ", ".join((*STREAMED_LABELS, "given:COLUMN"))
        raise UsageError(
            f"label {label} needs a country's whole history, and a streamed panel is "
            f"read in parts: choose {names}"
        )
    labels.check_rule(label, panel.frequency)
    task = replace(request, members=request.members or 1).at_frequency(panel.frequency)
    spec = FeatureSpec(panel.columns, (), task, lag)
    for column in (spec.target, *kinds):
        if column not in panel.columns:
            near = get_close_matches(column, panel.columns, n=3) or panel.columns[:8]
            raise UsageError(
                f"{panel.name} has no column {column!r}: it has {', '.join(near)}"
            )
    kind_of = _inferred_kinds(panel) | dict(kinds)
    if given and kind_of[spec.target] != "flag":
        raise DataError(
            f"column {spec.target!r} must have values 0 and 1 for --label {label}, but "
            f"was taken for a {kind_of[spec.target]}: choose another column"
        )
    return replace(spec, kinds=tuple(kind_of[column] for column in panel.columns))


def _inferred_kinds(panel: ParquetPanel) -> dict[str, Kind]:
    """Return the kind of each column, from its first values."""
    head = panel.head()
    kinds: dict[str, Kind] = {}
    for i, column in enumerate(panel.columns):
        table = head[["country", "t", f"x{i}"]].dropna()
        table.columns = ["country", "period", "value"]
        kinds[column] = infer_kind(column, table) if len(table) else "rate"
    return kinds


# Limits the effect of a collapse in one small country, as in `data.features`.
MAX_GROWTH = 10.0

# The transforms of `data.features.information_set` in SQL. A growth that overflows is
# infinite, and counts as missing.
CHANGES: Mapping[Transform, str] = {
    "level": "{x}",
    "difference": "{x} - {before}",
    "growth": "CASE WHEN {before} > 0 THEN 100 * ({x} / {before} - 1) END",
    "log-difference": "CASE WHEN {before} > 0 AND {x} > 0 "
    "THEN 100 * (ln({x}) - ln({before})) END",
}

# The rules that look a fixed number of periods ahead.
STREAMED_LABELS: Sequence[str] = tuple(
    name for name, rule in labels.OWN_RULES.items() if rule.looks_ahead is not None
)
