"""The user's own data as observations like those of a source, and what was understood.

Any file with a table of values by period is read: its layout, notation, frequencies,
areas and kinds of columns are recognised, and reported in a few lines. Nothing is
guessed in silence, and all problems of a file are reported at once.

Without `known_at` a value is known a period of its series' own frequency after its own.
Values of periods that have not ended are left out, unless their column is declared as a
professional forecast.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.typing import NaTType

from econnet.core import catalog
from econnet.core.catalog import Indicator, SeriesTemplate
from econnet.core.errors import DataError, UsageError, suggestion
from econnet.core.periods import MAX_LAG, PANDAS_ALIAS, Frequency
from econnet.core.text import quoted
from econnet.data import professionals
from econnet.data.files import (
    areas,
    exports,
    guards,
    layouts,
    numeric_columns,
    series_calendar,
    sources,
    targets,
)
from econnet.data.files import codes as codes_of
from econnet.data.files.areas import Areas
from econnet.data.files.codes import categorical
from econnet.data.files.kinds import (
    FORECASTS,
    GROWING,
    KIND_OF,
    KINDS,
    OVERRIDES,
    TRANSFORM,
    UNIT,
    Inferred,
    Kind,
    Override,
    infer,
    infer_kind,
    is_of_united_states,
    is_stationary_panel,
    known_at_first_origin,
    traits,
)
from econnet.data.files.layouts import Tidy
from econnet.data.files.numeric_columns import Problems
from econnet.data.files.sources import Source
from econnet.data.files.understood import ColumnReport, Understood
from econnet.data.sources.observations import (
    OBSERVATION_COLUMNS,
    PROFESSIONAL_COLUMNS,
    SERIES_COLUMNS,
    Dataset,
    in_order,
    now,
)
from econnet.runtime.untrusted_files import MAX_TEXT_LENGTH

__all__ = ["KINDS", "OVERRIDES", "TRANSFORM", "Kind", "Override", "infer_kind", "read"]

Adjustment = Literal["stl", "x13"]


@dataclass(frozen=True)
class Reading:
    """How a file is to be read.

    Parameters
    ----------
    kinds
        The kinds of columns that the user gives; others are inferred.
    lag
        A value without `known_at` is known this many periods after the end of its own.
    sheet
        The sheet of a workbook; by default the one with a table.
    country
        The country of a file without a column of countries.
    asked
        The columns that the user names as target or label, which are never left out.
    today
        Periods that end on or after this day have not ended.
    """

    kinds: Mapping[str, Override] = field(default_factory=dict)
    lag: int = 1
    sheet: str | None = None
    country: str | None = None
    asked: Collection[str] = ()
    today: pd.Timestamp = field(default_factory=lambda: pd.Timestamp(now()))


@dataclass(frozen=True, eq=False)
class Table:
    """A user's file.

    Parameters
    ----------
    observations, series
        As from any source; `retrieved_at` is the day on which the last value was known,
        so that the same file gives the same results tomorrow.
    kinds, indicators
        The kind and the description of each column.
    understood
        What was recognised, to be reported.
    names
        The plain name of each area, by its key in `observations`.
    target
        The column that the default target means; empty for none.
    aggregates
        The observations of groups of countries, which no model learns from.
    professional_forecasts
        Declared forecasts: `PROFESSIONAL_COLUMNS`.
    """

    observations: pd.DataFrame
    series: pd.DataFrame
    kinds: Mapping[str, Kind]
    indicators: Mapping[str, Indicator]
    understood: Understood
    names: Mapping[str, str]
    target: str
    aggregates: pd.DataFrame
    professional_forecasts: pd.DataFrame

    @property
    def recognised(self) -> dict[str, str]:
        """The catalog's key of each column that has another name."""
        return {
            name: indicator.measures
            for name, indicator in self.indicators.items()
            if indicator.measures and indicator.measures != name.casefold()
        }

    def with_target(self, target: str) -> "Table":
        """Return the table with another target in what was understood."""
        text = _target_text(
            target if target in self.indicators else "", self.indicators
        )
        return replace(self, understood=replace(self.understood, target=text))

    def known(self, source: str) -> Dataset:
        """Return the file as the data to work with, under the name of its source."""
        return Dataset(
            self.observations,
            self.series,
            source,
            self.indicators,
            names=self.names,
            target=self.target,
            professional_forecasts=self.professional_forecasts,
            aggregates=self.aggregates,
        )


def read(
    data: Path | pd.DataFrame,
    *,
    kinds: Mapping[str, Override] | None = None,
    lag: int = 1,
    sheet: str | None = None,
    country: str | None = None,
    asked: Collection[str] = (),
) -> Table:
    """Return the content of a file or DataFrame; see `Reading` for the options.

    Raises
    ------
    DataError
        The data cannot be read, or only wrongly: all problems in one message.
    UsageError
        An option names a column or a sheet that does not exist, or the lag is absurd.
    """
    return read_as(data, Reading(kinds or {}, lag, sheet, country, asked))


def read_as(data: Path | pd.DataFrame, reading: Reading) -> Table:
    """Return the content of a file or DataFrame; errors are those of `read`."""
    if not 0 <= reading.lag <= MAX_LAG:
        raise UsageError(f"--lag {reading.lag} is not between 0 and {MAX_LAG} periods")
    if isinstance(data, pd.DataFrame):
        return _table("the DataFrame", sources.open_frame(data), reading)
    return _table(data.name, sources.open_file(data, reading.sheet), reading)


def _table(file: str, source: Source, reading: Reading) -> Table:
    if exports.is_export(source.table):
        return _of_export(file, source)
    problems = Problems(file)
    tidy = layouts.arrange(file, source.table, source.series_name)
    _check_kinds(file, reading.kinds, tidy)
    _check_names(tidy, problems)
    values = numeric_columns.read_values(tidy, source.table.delimiter, problems)
    filled = ~np.isnan(values.numbers)
    calendar = series_calendar.read_calendar(tidy, filled, problems)
    if problems.found:
        raise DataError(str(problems))
    found, area_remarks = _areas(file, tidy, reading)
    rows = _rows(tidy, values.numbers, calendar, found)
    remarks = [
        *source.table.remarks,
        *source.remarks,
        *tidy.remarks,
        *calendar.remarks,
        *values.remarks,
        *area_remarks,
    ]
    if source.table.notes:
        n = len(source.table.notes)
        remarks.append(f"{n} line{'s' * (n > 1)} of notes skipped")
    return _of_rows(file, rows, tidy, found, reading, remarks)


def _of_rows(
    file: str,
    rows: pd.DataFrame,
    tidy: Tidy,
    found: Areas,
    reading: Reading,
    remarks: list[str],
) -> Table:
    """Return the table of rows with numbers, periods and areas."""
    if rows.empty:
        raise DataError(f"{file} has no value: fill in at least one column")
    rows["known_at"] = _known_at(file, rows, reading)
    professional = _professional(file, rows, reading.kinds)
    if declared := _declared(reading.kinds):
        rows = rows[~rows["indicator"].isin(declared)]
    warnings: list[str] = []
    rows = _ended(rows, reading, warnings)
    rows = _published(file, rows, reading, warnings)
    rows = _in_order(file, rows)
    rows, aggregates = _without_aggregates(rows, found, warnings)
    if rows.empty:
        raise DataError(f"{file} has no value of a period that has ended")
    rows = _with_differences(rows)
    left_out = dict(tidy.left_out)
    early = known_at_first_origin(rows, YEARS_BEFORE_FIRST_ORIGIN)
    inferred = _kinds(rows, early, tidy, reading, left_out)
    for name, kind in [*inferred.items()]:
        if kind.kind == "drop":
            left_out[name] = kind.reason
            del inferred[name]
    if len(inferred) < len(rows["indicator"].cat.categories):
        kept = rows["indicator"].isin([*inferred])
        rows, early = rows[kept], early[kept]
    rows = _dated_by_kind(rows, early, inferred)
    if rows.empty:
        raise DataError(f"{file} has no series: {'; '.join(_reasons(left_out))}")
    rows, aggregates = (_exponentials(part, inferred) for part in (rows, aggregates))
    return _finished(
        file,
        rows,
        aggregates,
        professional,
        inferred,
        _Context(tidy, found, remarks, warnings, left_out),
    )


@dataclass(frozen=True)
class _Context:
    tidy: Tidy
    found: Areas
    remarks: Sequence[str]
    warnings: Sequence[str]
    left_out: Mapping[str, str]


def _finished(
    file: str,
    rows: pd.DataFrame,
    aggregates: pd.DataFrame,
    professional: pd.DataFrame,
    inferred: Mapping[str, Inferred],
    context: _Context,
) -> Table:
    observations, groups = (_observations(part) for part in (rows, aggregates))
    spans = _spans(rows)
    frequencies = {
        str(name): {*part.unique()}
        for name, part in spans.groupby("indicator", observed=True)["frequency"]
    }
    units = context.tidy.units
    indicators = {
        name: _indicator(name, kind.kind, frequencies[name], units.get(name, ""))
        for name, kind in sorted(inferred.items())
    }
    kinds = {name: kind.kind for name, kind in sorted(inferred.items())}
    order = [name for name in context.tidy.columns if name in kinds]
    gaps = guards.single_gaps(_newest(rows), _ordinal)
    target = targets.default_target(kinds, order)
    understood = Understood(
        file=file,
        areas=[context.found.names.get(key, key) for key in _distinct(rows["country"])],
        columns=_column_reports(spans, inferred, indicators, order),
        target=_target_text(target, indicators),
        remarks=context.remarks,
        warnings=[*context.warnings, *gaps],
        left_out=context.left_out,
    )
    return Table(
        observations=observations,
        series=_series(file, rows, observations, indicators),
        kinds=kinds,
        indicators=indicators,
        understood=understood,
        names=context.found.names,
        target=target,
        aggregates=groups,
        professional_forecasts=professional,
    )


def _target_text(target: str, indicators: Mapping[str, Indicator]) -> str:
    if not target:
        return ""
    measured = indicators[target].measures
    known = catalog.load()[measured].title if measured else ""
    return f"{target} ({known})" if known and measured != target else target


def _distinct(values: pd.Series) -> list[str]:
    return sorted(map(str, values.unique()))


def _reasons(left_out: Mapping[str, str]) -> list[str]:
    return [f"{name}: {reason}" for name, reason in [*left_out.items()][:4]]


def _of_export(file: str, source: Source) -> Table:
    """Return a file that econnet has exported."""
    exported = exports.read(file, source.table)
    observations = professionals.measurements(exported)
    indicators = {
        key: catalog.load()[key] for key in _distinct(observations["indicator"])
    }
    names = {key: countries_name(key) for key in _distinct(observations["country"])}
    rows = observations.assign(frequency=exports.frequencies(observations["period"]))
    rows = rows.astype(dict.fromkeys(NAMES, "category"))
    spans = _spans(rows.sort_values(KEYS))
    kinds = {
        key: KIND_OF.get(each.transform, "flow") for key, each in indicators.items()
    }
    reasons = {key: Inferred(kind, "the catalog") for key, kind in kinds.items()}
    understood = Understood(
        file,
        [*names.values()],
        _column_reports(spans, reasons, indicators, [*indicators]),
        target=targets.OUTPUT if targets.OUTPUT in indicators else "",
        remarks=("exported by econnet, with its sources and dates",),
    )
    return Table(
        observations,
        exports.series(observations, indicators),
        kinds,
        indicators,
        understood,
        names,
        targets.OUTPUT if targets.OUTPUT in indicators else "",
        observations.iloc[:0],
        professionals.forecasts(exported),
    )


def countries_name(key: str) -> str:
    """Return the plain name of an alpha-3 code, or the text itself."""
    return areas.find(key, [key], {key: key}).name


def _check_kinds(file: str, kinds: Mapping[str, Override], tidy: Tidy) -> None:
    """Raise `UsageError` for kinds of columns that do not exist."""
    known = [*tidy.columns, *tidy.left_out, *_differences(tidy.columns)]
    for name in kinds:
        if name not in known:
            listed = f"it has {', '.join(known[:10])}"
            raise UsageError(
                f"{file} has no column {name!r}: {suggestion(name, known, listed)}"
            )
        if name in tidy.left_out and kinds[name] != "drop":
            raise UsageError(
                f"{file}: column {name} cannot be {kinds[name]}: {tidy.left_out[name]}"
            )


def _check_names(tidy: Tidy, problems: Problems) -> None:
    """Add areas and series without a usable name to the problems."""
    for column, what in ((tidy.area, "country"), (tidy.column, "series")):
        for code, text in enumerate(column.cat.categories):
            fault = (
                _name_problem(str(text))
                if text or len(column.cat.categories) > 1
                else ""
            )
            if fault:
                place = np.flatnonzero(column.cat.codes.to_numpy() == code)
                if len(place):
                    problems.add(f", line {tidy.line.iloc[place[0]]}: {what} {fault}")


def _name_problem(text: str) -> str:
    """Return why a text cannot be a name, or an empty text."""
    if not text:
        return "is missing: write it there"
    if len(text) > MAX_TEXT_LENGTH:
        return f"has more than {MAX_TEXT_LENGTH:,} letters: shorten it"
    if not text.translate(WITHOUT_JOINERS).isprintable():
        return f"{quoted(text)} has a control character in it: take it out"
    return ""


def _areas(file: str, tidy: Tidy, reading: Reading) -> tuple[Areas, list[str]]:
    """Return the areas of a file, and what is remarkable about them."""
    texts = [str(text) for text in tidy.area.cat.categories]
    if texts == [""]:
        return _only_area(file, tidy, reading)
    found = areas.recognise(texts)
    other_names = {
        key: name
        for text, key in found.key_of.items()
        if key not in found.names and (name := tidy.area_names.get(text, ""))
    }
    found = replace(found, names={**found.names, **other_names})
    remarks = []
    if found.whole:
        name = areas.find(found.whole, [found.whole], {found.whole: ""}).name
        remarks.append(f"regions of {name}, such as {next(iter(found.names.values()))}")
    return found, remarks


def _only_area(file: str, tidy: Tidy, reading: Reading) -> tuple[Areas, list[str]]:
    """Return the area of a file without a column of areas."""
    if reading.country:
        found = areas.recognise([reading.country])
        key = found.key_of[reading.country]
        return replace(found, key_of={"": key}, aggregates=frozenset()), []
    ids = [name for name in tidy.columns if is_of_united_states(name)]
    if ids:
        names = {"USA": "United States"}
        remark = f"the United States, as {ids[0]} is a series of FRED's about them"
        return Areas({"": "USA"}, names), [remark]
    raise DataError(
        f"{file} has no column of countries: name its country with --country DEU, or "
        "add a column country with the same text on every line"
    )


def _rows(
    tidy: Tidy, numbers: np.ndarray, calendar: series_calendar.Calendar, found: Areas
) -> pd.DataFrame:
    """Return the rows with a value: country, indicator, period, frequency, value."""
    keys = [found.key_of[str(text)] for text in tidy.area.cat.categories]
    names = sorted({*keys})
    position = np.array([names.index(key) for key in keys], dtype=np.int32)
    area = position[tidy.area.cat.codes.to_numpy()]
    columns = {
        "country": pd.Series(categorical(area, names)),
        "indicator": tidy.column,
        "period": pd.Series(calendar.period),
        "known_text": tidy.known_at,
        "value": pd.Series(numbers),
        "frequency": pd.Series(categorical(calendar.frequency, ["A", "M", "Q"])),
        "line": tidy.line,
    }
    if tidy.last_measured is not None:
        columns["last_measured"] = tidy.last_measured
    keep = ~np.isnan(numbers) & (calendar.period.codes >= 0)
    kept = {
        name: column.array if keep.all() else column.array[keep]
        for name, column in columns.items()
    }
    for name in KEYS[:-1]:
        kept[name] = _sorted(kept[name])
    return _in_order_of_keys(pd.DataFrame(kept))


def _in_order_of_keys(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows in the order of country, indicator and period."""
    order = codes_of.order([rows[name].cat.codes.to_numpy() for name in KEYS[:-1]])
    return rows if order is None else rows.take(order).reset_index(drop=True)


def _sorted(names: pd.Categorical) -> pd.Categorical:
    """Return names as categories in the order of the alphabet."""
    before = [str(name) for name in names.categories]
    after = sorted(before)
    if before == after:
        return names.as_ordered()
    number_of = {name: number for number, name in enumerate(after)}
    position = np.array([number_of[name] for name in before] + [-1], dtype=np.int32)
    return categorical(position[names.codes], after).as_ordered()


def _declared(kinds: Mapping[str, Override]) -> list[str]:
    return [name for name, kind in kinds.items() if kind in FORECASTS]


def _professional(
    file: str, rows: pd.DataFrame, kinds: Mapping[str, Override]
) -> pd.DataFrame:
    """Return the forecasts of others, in columns that the user declares as such."""
    declared = _declared(kinds)
    if not declared:
        return pd.DataFrame(columns=PROFESSIONAL_COLUMNS)
    mine = rows[rows["indicator"].isin(declared)]
    undated = mine[mine["known_text"].astype(str) == ""]
    if len(undated):
        line, name = undated["line"].iloc[0], undated["indicator"].iloc[0]
        raise DataError(
            f"{file}, line {line}: {name} is a forecast without the day on which it "
            "was published: add a column known_at"
        )
    parts = []
    for name in declared:
        part = mine[mine["indicator"] == name]
        values = part["value"]
        if kinds[name] == "probability-forecast":
            if values.max() > 1:
                values = values / 100
            if values.min() < 0 or values.max() > 1:
                raise DataError(
                    f"{file}: {name} is no probability: it has "
                    f"{part['value'].max():g}; write 0 to 1, or percent"
                )
        parts.append(
            pd.DataFrame(
                {
                    "country": part["country"].astype(str),
                    "column": name,
                    "kind": kinds[name],
                    "period": part["period"].astype(str),
                    "known_at": part["known_at"],
                    "value": values,
                }
            )
        )
    forecasts = pd.concat(parts, ignore_index=True)
    order = ["country", "column", "period", "known_at"]
    return forecasts.sort_values(order, ignore_index=True)[PROFESSIONAL_COLUMNS]


def _of_periods(
    rows: pd.DataFrame, make: Callable[[pd.Period], pd.Timestamp]
) -> npt.NDArray[np.datetime64]:
    """Return a moment of each row's period, computed once per distinct period."""
    codes, texts = _codes(rows["period"])
    moments = []
    for text in texts:
        frequency: Frequency = "Q" if "Q" in text else "M" if "-" in text else "A"
        moments.append(make(pd.Period(text, PANDAS_ALIAS[frequency])).normalize())
    table = np.array(moments, dtype="datetime64[us]")
    return np.take(table, codes)


def _codes(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), [
            str(text) for text in column.cat.categories
        ]
    codes, distinct = pd.factorize(column)
    return codes, [str(text) for text in distinct]


def _known_at(file: str, rows: pd.DataFrame, reading: Reading) -> pd.Series:
    """Return the day on which each value was known, as given or by the lag."""
    published = _of_periods(rows, lambda period: (period + reading.lag).end_time)
    codes, texts = _codes(rows["known_text"])
    if not any(texts):
        return pd.Series(published, rows.index)
    moments = np.array(
        [
            np.datetime64("NaT") if (day := _moment(text)) is pd.NaT else day
            for text in texts
        ],
        dtype="datetime64[us]",
    )
    wrong = [n for n, text in enumerate(texts) if text and np.isnat(moments[n])]
    if len(bad := np.flatnonzero(np.isin(codes, wrong))):
        row = rows.iloc[bad[0]]
        raise DataError(
            f"{file}, line {row['line']}: known_at {quoted(str(row['known_text']))} is "
            "no date: write 2020-01-31"
        )
    given = moments[codes]
    begins = _of_periods(rows, lambda period: period.start_time)
    early = given < begins
    early &= ~rows["indicator"].isin(_declared(reading.kinds)).to_numpy()
    if early.any():
        row = rows[early].iloc[0]
        raise DataError(
            f"{file}, line {row['line']}: {row['indicator']} of {row['period']} is "
            f"known_at {row['known_text']}, before that period began: correct the date"
        )
    known = np.where(np.isnat(given), published, given)
    return pd.Series(known, rows.index).astype("datetime64[us]")


def _moment(text: str) -> pd.Timestamp | NaTType:
    """Return a date, with or without a time of day; missing for other text.

    Pandas would accept `today`, and guess which number is the month.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return pd.NaT
    return pd.Timestamp(moment.replace(tzinfo=None))


def _ended(rows: pd.DataFrame, reading: Reading, warnings: list[str]) -> pd.DataFrame:
    """Return the rows of periods that have ended and been measured."""
    ends = pd.Series(_of_periods(rows, lambda period: period.end_time), rows.index)
    later = ends >= reading.today.normalize()
    if "last_measured" in rows:
        later |= ends.dt.year > rows["last_measured"].fillna(np.inf)
    if not later.any():
        return rows.assign(end=ends)
    periods = rows.loc[later, "period"].astype(str)
    warnings.append(
        f"{later.sum():,} values of periods that had not ended ({periods.min()} to "
        f"{periods.max()}) are projections, not observations: left out"
    )
    return rows[~later].assign(end=ends[~later])


def _published(
    file: str, rows: pd.DataFrame, reading: Reading, warnings: list[str]
) -> pd.DataFrame:
    """Return the rows without values whose given `known_at` is after today."""
    after = rows["known_at"] >= reading.today.normalize() + pd.Timedelta(days=1)
    if not after.any():
        return rows
    later = after & (rows["known_text"].astype(str) != "")
    if later.all():
        raise DataError(
            f"{file} has no value that is known today: every known_at is after "
            f"{reading.today.date()}: correct the dates"
        )
    if n := int(later.sum()):
        warnings.append(
            f"{n:,} value{'s' * (n > 1)} with a known_at after "
            f"{reading.today.date()}: left out"
        )
    published: pd.DataFrame = rows[~later]
    return published


def _in_order(file: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows sorted by `KEYS`, each key once; two values of a key are an error."""
    keys = [rows[name].cat.codes.to_numpy() for name in KEYS[:-1]]
    days = rows["known_at"].to_numpy(dtype="datetime64[us]").astype(np.int64)
    order = codes_of.order([*keys, days])
    if order is not None:
        rows = rows.take(order).reset_index(drop=True)
        keys, days = [part[order] for part in keys], days[order]
    if len(codes_of.starts(*keys, days)) == len(rows):
        return rows
    return in_order(
        rows, KEYS, lambda reason: DataError(f"{file}: {reason}: keep one of them")
    )


def _newest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the last vintage of each value; `rows` are sorted by `KEYS`."""
    firsts = codes_of.starts(*(rows[name].cat.codes.to_numpy() for name in KEYS[:-1]))
    if len(firsts) == len(rows):
        return rows
    newest: pd.DataFrame = rows.iloc[np.append(firsts[1:], len(rows)) - 1]
    return newest


def _without_aggregates(
    rows: pd.DataFrame, found: Areas, warnings: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of countries and those of groups of countries."""
    if not found.aggregates:
        return rows, rows.iloc[:0]
    groups = rows["country"].isin(found.aggregates)
    if not groups.any():
        return rows, rows.iloc[:0]
    names = [
        found.names.get(key, key) for key in _distinct(rows.loc[groups, "country"])
    ]
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    what = "the sum of the regions" if found.whole else "aggregates, not countries"
    warnings.append(f"{shown}: {what}; no model learns from them")
    return rows[~groups], rows[groups]


def _differences(columns: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return the catalog's differences of which the file has only the parts.

    For example, ten-year and three-month rates give the spread between them.
    """
    found = {
        indicator.key: name
        for name in columns
        if (indicator := catalog.recognise(name))
    }
    return {
        indicator.key: (found[parts[0]], found[parts[1]])
        for indicator in catalog.load().values()
        if indicator.key not in found
        for parts in catalog.differences(indicator)
        if {*parts} <= {*found}
    }


def _with_differences(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the differences of which the file has only the parts."""
    names = [str(name) for name in rows["indicator"].unique()]
    differences = [
        _difference(rows, key, *parts) for key, parts in _differences(names).items()
    ]
    if not differences:
        return rows
    both = pd.concat(
        [rows.astype(dict.fromkeys(NAMES, str)), *differences],
        ignore_index=True,
    )
    for column in NAMES:
        both[column] = _sorted(pd.Categorical(both[column]))
    return both.sort_values(KEYS, ignore_index=True)


def _difference(
    rows: pd.DataFrame, name: str, minuend: str, subtrahend: str
) -> pd.DataFrame:
    """Return the rows of a difference: known when both were, revised with either."""
    of_both = rows[rows["indicator"].isin([minuend, subtrahend])]
    of_both = of_both.astype(dict.fromkeys(NAMES, str))
    place = ["country", "period", "known_at", "frequency", "end"]
    table = of_both.pivot(index=place, columns="indicator", values="value")
    known = table.groupby(level=["country", "period"]).ffill()
    if len(known.columns) < 2:
        return of_both.iloc[:0]
    known = known.dropna()
    # Rounded to hide binary noise; inputs have fewer decimals.
    values = (known[minuend] - known[subtrahend]).round(10)
    return values.rename("value").reset_index().assign(indicator=name, line=0)


def _kinds(
    rows: pd.DataFrame,
    early: pd.Series,
    tidy: Tidy,
    reading: Reading,
    left_out: dict[str, str],
) -> dict[str, Inferred]:
    """Return the kind of each column, from what was known at the first origin."""
    newest = _newest(rows)
    first = _by_indicator(_newest(rows[early]))
    n_known = {name: len(part) for name, part in first.items()}
    names = [str(name) for name in newest["indicator"].cat.categories]
    doubtful = guards.may_identify(newest)
    late = {name for name in names if n_known.get(name, 0) < MIN_KNOWN}
    whole = _by_indicator(
        newest[newest["indicator"].isin([*doubtful, *late])]
        if len({*doubtful, *late}) < len(names)
        else newest
    )
    seen = {}
    for name in names:
        if name in doubtful and (reason := _identifies(name, whole[name], reading)):
            left_out[name] = reason
        elif name not in late:
            seen[name] = first[name]
        elif name in whole:
            seen[name] = _first_values(whole[name])
    frequency = {name: part["frequency"].iloc[0] for name, part in seen.items()}
    numbers = {name: traits(part, frequency[name]) for name, part in seen.items()}
    stationary = is_stationary_panel([*numbers.values()])
    result: dict[str, Inferred] = {}
    for name, each in numbers.items():
        given = reading.kinds.get(name)
        if given is not None and given != "keep":
            result[name] = Inferred(given, "as given by --kind", certain=True)  # type: ignore[arg-type]  # forecasts are no series
            continue
        result[name] = infer(
            name,
            each,
            unit=tidy.units.get(name, ""),
            code=tidy.transforms.get(name, 0),
            stationary_panel=stationary,
        )
    return result


def _by_indicator(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of each column that has some."""
    return {str(name): part for name, part in rows.groupby("indicator", observed=True)}


def _dated_by_kind(
    rows: pd.DataFrame, early: pd.Series, inferred: Mapping[str, Inferred]
) -> pd.DataFrame:
    """Return rows in which a late column is known only once its kind could be.

    A column that begins after the first origin shows its kind by its first values. Used
    before the last of them was known, they would be used with knowledge of later ones.
    """
    codes = rows["indicator"].cat.codes.to_numpy()
    names = rows["indicator"].cat.categories
    n_early = np.bincount(codes[early.to_numpy()], minlength=len(names))
    late = [
        str(names[code])
        for code in np.unique(codes)
        if n_early[code] < MIN_KNOWN and not inferred[str(names[code])].certain
    ]
    if early.all() or not late:
        return rows
    known = rows["known_at"].copy()
    for name in late:
        mine = rows[rows["indicator"] == name]
        day = _first_values(mine)["known_at"].max()
        known[mine.index] = mine["known_at"].clip(lower=day)
    dated: pd.DataFrame = rows.assign(known_at=known)
    return dated.sort_values(KEYS, ignore_index=True)


def _identifies(name: str, part: pd.DataFrame, reading: Reading) -> str:
    """Return why a column is no series, unless the user asks for it."""
    if name in reading.asked or name in reading.kinds:
        return ""
    return guards.identifier(name, part.rename(columns={"country": "area"}))


def _first_values(part: pd.DataFrame) -> pd.DataFrame:
    """Return the first values of a column that begins after the first origin."""
    ends = part["end"].drop_duplicates().nsmallest(MIN_KNOWN)
    first: pd.DataFrame = part[part["end"] <= ends.max()]
    return first


def _exponentials(rows: pd.DataFrame, inferred: Mapping[str, Inferred]) -> pd.DataFrame:
    """Return rows in which logarithms have become levels."""
    logs = [name for name, kind in inferred.items() if kind.kind == "log"]
    if not logs or rows.empty:
        return rows
    values = rows["value"].copy()
    for name in logs:
        mine = rows["indicator"] == name
        # Some multiply logarithms by 100.
        scale = 100.0 if values[mine].max() > MAX_LOGARITHM else 1.0
        values[mine] = np.exp(values[mine] / scale)
    return rows.assign(value=values)


def _names(column: pd.Series) -> pd.Series:
    """Return names as texts, or as plain categories where they are millions."""
    if len(column) < MANY_ROWS:
        return column.astype(str)
    return column.cat.as_unordered()


def _observations(rows: pd.DataFrame) -> pd.DataFrame:
    texts = {name: _names(rows[name]) for name in ("country", "indicator", "period")}
    return rows.assign(
        **texts,
        source="file",
        series_id=texts["indicator"],
        retrieved_at=rows["known_at"].max(),
    )[OBSERVATION_COLUMNS].reset_index(drop=True)


def _indicator(
    name: str, kind: Kind, frequencies: Collection[Frequency], unit: str
) -> Indicator:
    known = _recognised(name, kind)
    over_a_year = targets.is_over_a_year(f"{name} {unit}")
    return Indicator(
        key=name,
        title=known.title if known else name,
        unit=known.unit if known else unit or UNIT[kind],
        group=known.group if known else "your data",
        transform="growth" if kind == "log" else TRANSFORM[kind],
        denominator=None,
        measures=known.measures if known else "",
        series=tuple(
            SeriesTemplate(
                source="file",
                frequency=frequency,
                id=name,
                publication_lag_days=0,  # every row has its own date
                countries=(),
                rights="your own",
                discontinued=False,
            )
            for frequency in sorted(frequencies)
        ),
        growth_over=("year" if over_a_year else "period") if kind == "growth" else "",
    )


def _recognised(name: str, kind: Kind) -> Indicator | None:
    """Return the catalog's indicator of that name, if the kind of the column fits.

    Rates may be used as levels and levels as changes, but growth is no level.
    """
    known = catalog.recognise(name)
    if known is None and targets.is_real_gdp(name):
        known = catalog.load()[targets.OUTPUT]
    if known is None or kind == "flag":
        return None
    as_known = KIND_OF.get(known.transform)
    if kind == "growth":
        return known if as_known == "balance" else None
    grows = kind in {*GROWING, "log"}
    return known if as_known and grows == (as_known in GROWING) else None


def _spans(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the span of each series at each of its frequencies.

    `rows` are sorted by `KEYS`. Columns `country, indicator, frequency, first, last,
    values, periods`, the last being the number of periods from first to last.
    """
    newest = _newest(rows)
    keys = ["country", "indicator", "frequency"]
    firsts = codes_of.starts(*(newest[name].cat.codes.to_numpy() for name in keys))
    lasts = np.append(firsts[1:], len(newest)) - 1
    start, stop = newest.iloc[firsts], newest.iloc[lasts]
    runs = start[keys].astype(str).reset_index(drop=True)
    runs["first"] = start["period"].astype(str).to_numpy()
    runs["last"] = stop["period"].astype(str).to_numpy()
    runs["values"] = lasts - firsts + 1
    # Years sort before their quarters and months, so that frequencies may alternate.
    spans = runs.groupby(keys, sort=False).agg(
        first=("first", "first"), last=("last", "last"), values=("values", "sum")
    )
    ordinals = {text: _ordinal(text) for text in {*spans["first"], *spans["last"]}}
    length = spans["last"].map(ordinals) - spans["first"].map(ordinals) + 1
    return spans.assign(periods=length).reset_index()


def _column_reports(
    spans: pd.DataFrame,
    inferred: Mapping[str, Inferred],
    indicators: Mapping[str, Indicator],
    order: Sequence[str],
) -> list[ColumnReport]:
    """Return what each series was recognised as, in the order of the file."""
    reports = []
    parts = {str(name): part for name, part in spans.groupby("indicator")}
    for name in dict.fromkeys([*order, *inferred]):
        part = parts[name]
        indicator = indicators[name]
        reports.append(
            ColumnReport(
                name=name,
                kind=inferred[name].kind,
                reason=inferred[name].reason,
                unit=indicator.unit,
                frequency="/".join(sorted({*part["frequency"]})),
                first_period=min(part["first"], key=_month),
                last_period=max(part["last"], key=_month),
                values=int(part["values"].sum()),
                missing=int((part["periods"] - part["values"]).sum()),
                areas=int(part["country"].nunique()),
                measures=indicator.measures,
            )
        )
    return reports


def _month(period: str) -> int:
    """Return the number of the month in which a period begins."""
    ordinal = _ordinal(period)
    return ordinal * (3 if "Q" in period else 1 if "-" in period else 12)


def _ordinal(text: str) -> int:
    years = int(text[:4]) - 1970
    if "Q" in text:
        return 4 * years + int(text[5]) - 1
    return 12 * years + int(text[5:7]) - 1 if "-" in text else years


def _series(
    file: str,
    rows: pd.DataFrame,
    observations: pd.DataFrame,
    indicators: Mapping[str, Indicator],
) -> pd.DataFrame:
    keys = [rows[name].cat.codes.to_numpy() for name in ("country", "indicator")]
    firsts = codes_of.starts(*keys)
    lasts = np.append(firsts[1:], len(rows)) - 1
    start, stop = rows.iloc[firsts], rows.iloc[lasts]
    # Rows are sorted, and standard texts of one frequency sort by time.
    series = pd.DataFrame(
        {
            "country": start["country"].astype(str).to_numpy(),
            "indicator": start["indicator"].astype(str).to_numpy(),
            "first_period": start["period"].astype(str).to_numpy(),
            "last_period": stop["period"].astype(str).to_numpy(),
            "frequency": start["frequency"].astype(str).to_numpy(),
        }
    ).assign(source="file", series_id=lambda table: table["indicator"])
    return series.assign(
        title=[indicators[name].title for name in series["indicator"]],
        unit=[indicators[name].unit for name in series["indicator"]],
        edition="",
        licence="your own",
        rights="your own",
        attribution=f"Source: {file}",
        discontinued=False,
        retrieved_at=observations["retrieved_at"].max(),
    )[[*SERIES_COLUMNS, "first_period", "last_period"]]


KEYS = ["country", "indicator", "period", "known_at"]
NAMES = ["country", "indicator", "period", "frequency"]
# A year less than any walk-forward run needs before its first origin.
YEARS_BEFORE_FIRST_ORIGIN: Mapping[Frequency, int] = {"A": 19, "Q": 11, "M": 14}
MIN_KNOWN = 12
# Persian and Indian words and emoji of several parts need these invisible characters.
WITHOUT_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))
MANY_ROWS = 1_000_000
MAX_LOGARITHM = 60
