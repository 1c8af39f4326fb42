"""The user's own data as observations like those of a source, and what was understood.

Any file with a table of values by period is read: its layout, notation, frequencies,
areas and kinds of columns are recognised, and reported in a few lines. Nothing is
guessed silently, and all problems of a file are reported at once.

Without `known_at` a value is known a period of its series' own frequency after its own.
Values of periods that have not ended are left out, unless their column is declared as a
professional forecast.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from econnet.core import catalog
from econnet.core.catalog import Indicator
from econnet.core.errors import DataError, UsageError, suggestion
from econnet.core.numbers import whole_number
from econnet.core.periods import MAX_LAG
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
from econnet.data.files.areas import Areas
from econnet.data.files.codes import codes_in
from econnet.data.files.column_kinds import (
    YEARS_BEFORE_FIRST_ORIGIN,
    dated_by_kind,
    exponentials,
    infer_kinds,
    known_at_first_origin,
)
from econnet.data.files.dated_rows import (
    KEYS,
    NAMES,
    days_known,
    declared_forecasts,
    differences_of,
    measured_rows,
    newest_values,
    professional_forecasts,
    sorted_by_keys,
    with_differences,
    without_projections,
    without_unpublished,
)
from econnet.data.files.descriptions import (
    column_reports,
    describe_indicator,
    describe_series,
    observations_of,
    ordinal_of,
    spans_of,
)
from econnet.data.files.kinds import (
    KIND_OF,
    KINDS,
    OVERRIDES,
    TRANSFORM,
    Inferred,
    Kind,
    Override,
    infer_kind,
    is_of_united_states,
)
from econnet.data.files.numeric_columns import Problems
from econnet.data.files.reading import Reading
from econnet.data.files.repeated_values import without_repeats
from econnet.data.files.sources import Source
from econnet.data.files.tidy import Tidy
from econnet.data.files.understood import Understood
from econnet.data.sources.observations import Dataset
from econnet.runtime.untrusted_files import MAX_TEXT_LENGTH

__all__ = ["KINDS", "OVERRIDES", "TRANSFORM", "Kind", "Override", "infer_kind", "read"]


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
        The observations of aggregates, which are not used for training.
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
        The data cannot be read correctly: all problems in one message.
    UsageError
        An option names a column or a sheet that does not exist, or the lag is absurd.
    """
    return read_as(data, Reading(kinds or {}, lag, sheet, country, asked))


def read_as(data: Path | pd.DataFrame, reading: Reading) -> Table:
    """Return the content of a file or DataFrame; errors are those of `read`."""
    whole_number(reading.lag, 0, MAX_LAG, option="--lag")
    if isinstance(data, pd.DataFrame):
        if reading.sheet is not None:
            raise UsageError("a DataFrame has no sheets: leave sheet out")
        return _table(FRAME, sources.open_frame(data), reading)
    return _table(data.name, sources.open_file(data, reading.sheet), reading)


def _table(file: str, source: Source, reading: Reading) -> Table:
    if exports.is_export(source.table):
        return _of_export(file, source, reading)
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
    rows = measured_rows(tidy, values.numbers, calendar, found)
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
    is_workbook = bool(source.table.sheet)
    return _of_rows(file, rows, tidy, found, reading, remarks, is_workbook=is_workbook)


def _of_rows(
    file: str,
    rows: pd.DataFrame,
    tidy: Tidy,
    found: Areas,
    reading: Reading,
    remarks: list[str],
    *,
    is_workbook: bool,
) -> Table:
    """Return the table of rows with numbers, periods and areas."""
    if rows.empty:
        raise DataError(f"{file} has no value: fill in at least one column")
    rows, repeating = without_repeats(rows, reading)
    rows["known_at"] = days_known(file, rows, reading)
    professional = professional_forecasts(file, rows, reading.kinds)
    if declared := declared_forecasts(reading.kinds):
        rows = rows[~rows["indicator"].isin(declared)]
    warnings = areas.unknown_names(found)
    rows = without_projections(rows, reading, warnings)
    rows = without_unpublished(file, rows, reading, warnings)
    rows = sorted_by_keys(file, rows)
    rows, aggregates = _without_aggregates(rows, found, warnings)
    if rows.empty:
        raise DataError(
            f"{file} has no value for a period that has ended: add past values, or "
            "correct the dates"
        )
    rows = with_differences(rows)
    left_out = dict(tidy.left_out)
    early = known_at_first_origin(rows, YEARS_BEFORE_FIRST_ORIGIN)
    inferred = infer_kinds(rows, early, tidy, reading, left_out)
    for name, kind in [*inferred.items()]:
        if kind.kind == "drop":
            left_out[name] = kind.reason
            del inferred[name]
    if len(inferred) < len(rows["indicator"].cat.categories):
        kept = rows["indicator"].isin([*inferred])
        rows, early = rows[kept], early[kept]
    remarks = [*remarks, *(repeating[name] for name in inferred if name in repeating)]
    rows = dated_by_kind(rows, early, inferred)
    if rows.empty:
        raise DataError(f"{file} has no series: {'; '.join(_reasons(left_out))}")
    rows, aggregates = (exponentials(part, inferred) for part in (rows, aggregates))
    return _finished(
        file,
        rows,
        aggregates,
        professional,
        inferred,
        _Context(tidy, found, remarks, warnings, left_out, is_workbook=is_workbook),
    )


@dataclass(frozen=True)
class _Context:
    tidy: Tidy
    found: Areas
    remarks: Sequence[str]
    warnings: Sequence[str]
    left_out: Mapping[str, str]
    is_workbook: bool


def _overrides(*, source_is_workbook: bool) -> list[str]:
    kinds = ", ".join(OVERRIDES)
    options = [
        f"--kind COLUMN=KIND sets a kind ({kinds})",
        "--target COLUMN the target",
        "--country COUNTRY the country",
        "--lag N the periods until a value is published",
        "--adjust METHOD the adjustment of seasonal series",
    ]
    return [*options, "--sheet NAME the sheet"] if source_is_workbook else options


def _finished(
    file: str,
    rows: pd.DataFrame,
    aggregates: pd.DataFrame,
    professional: pd.DataFrame,
    inferred: Mapping[str, Inferred],
    context: _Context,
) -> Table:
    observations, groups = (observations_of(part) for part in (rows, aggregates))
    spans = spans_of(rows)
    frequencies = {
        str(name): {*part.unique()}
        for name, part in spans.groupby("indicator", observed=True)["frequency"]
    }
    units = context.tidy.units
    indicators = {
        name: describe_indicator(
            name, kind.kind, frequencies[name], units.get(name, "")
        )
        for name, kind in sorted(inferred.items())
    }
    kinds = {name: kind.kind for name, kind in sorted(inferred.items())}
    order = [name for name in context.tidy.columns if name in kinds]
    newest = newest_values(rows)
    gaps = guards.single_gaps(newest, ordinal_of)
    levels = [name for name, kind in kinds.items() if kind in {"flow", "index"}]
    if len(levels) < len(kinds):
        newest = newest[newest["indicator"].isin(levels)]
    breaks = guards.unit_breaks(newest, context.found.names)
    target = targets.default_target(kinds, order)
    understood = Understood(
        file=file,
        areas=[context.found.names.get(key, key) for key in _distinct(rows["country"])],
        columns=column_reports(spans, inferred, indicators, order),
        target=_target_text(target, indicators),
        remarks=context.remarks,
        warnings=[*context.warnings, *breaks, *gaps],
        left_out=context.left_out,
        overrides=_overrides(source_is_workbook=context.is_workbook),
    )
    return Table(
        observations=observations,
        series=describe_series(file, rows, observations, indicators),
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


def _of_export(file: str, source: Source, reading: Reading) -> Table:
    """Return a file that econnet has exported; kinds are those of the catalog."""
    if reading.kinds:
        name = next(iter(reading.kinds))
        raise UsageError(
            f"{file} was exported by econnet, and {name} keeps the kind of its "
            "indicator: leave --kind out"
        )
    exported = exports.read(file, source.table)
    observations = professionals.measurements(exported)
    indicators = {
        key: catalog.load()[key] for key in _distinct(observations["indicator"])
    }
    names = {key: countries_name(key) for key in _distinct(observations["country"])}
    rows = observations.assign(frequency=exports.frequencies(observations["period"]))
    rows = rows.astype(dict.fromkeys(NAMES, "category"))
    spans = spans_of(rows.sort_values(KEYS))
    kinds = {
        key: KIND_OF.get(each.transform, "flow") for key, each in indicators.items()
    }
    reasons = {key: Inferred(kind, "the catalog") for key, kind in kinds.items()}
    understood = Understood(
        file,
        [*names.values()],
        column_reports(spans, reasons, indicators, [*indicators]),
        target=targets.OUTPUT if targets.OUTPUT in indicators else "",
        remarks=("exported by econnet, with its sources and dates",),
        overrides=("--target COLUMN changes the target",),
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
    """Raise `UsageError` for columns or kinds that do not exist."""
    for name, kind in kinds.items():
        if kind not in OVERRIDES:
            raise UsageError(
                f"{quoted(str(kind))}, given for {quoted(name)}, is not a kind: use "
                f"one of {', '.join(OVERRIDES)}"
            )
    known = [*tidy.columns, *tidy.left_out, *differences_of(tidy.columns)]
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
                place = np.flatnonzero(codes_in(column) == code)
                if len(place):
                    problems.add(f", line {tidy.line.iloc[place[0]]}: {what} {fault}")


def _name_problem(text: str) -> str:
    """Return why a text cannot be a name, or an empty text."""
    if not text:
        return "is missing: add it"
    if len(text) > MAX_TEXT_LENGTH:
        return f"has more than {MAX_TEXT_LENGTH:,} characters: shorten it"
    if not text.translate(WITHOUT_JOINERS).isprintable():
        return f"{quoted(text)} contains a control character: remove it"
    return ""


def _areas(file: str, tidy: Tidy, reading: Reading) -> tuple[Areas, list[str]]:
    """Return the areas of a file, and remarks on them."""
    texts = [str(text) for text in tidy.area.cat.categories]
    if texts == [""]:
        return _only_area(file, tidy, reading)
    found = areas.recognise(texts, tidy.area_names)
    other_names = {
        key: name
        for text, key in found.key_of.items()
        if key not in found.names
        and (name := tidy.area_names.get(text, ""))
        and len(name) > len(key)
        and not any(letter.isdigit() for letter in name)
    }
    found = replace(found, names={**found.names, **other_names})
    remarks = []
    if found.whole:
        name = areas.find(found.whole, [found.whole], {found.whole: ""}).name
        regions = [each for key, each in found.names.items() if key != found.whole]
        remarks.append(f"regions ({name}), such as {regions[0]}")
    return found, [*remarks, *_of_several_names(found)]


def _of_several_names(found: Areas) -> list[str]:
    """Return a remark on countries that the file calls by several names."""
    texts: dict[str, list[str]] = {}
    for text, key in found.key_of.items():
        texts.setdefault(key, []).append(text)
    same = [" and ".join(names) for names in texts.values() if len(names) > 1]
    if not same:
        return []
    shown = "; ".join(same[:3]) + ("; ..." if len(same) > 3 else "")
    return [f"taken for one country: {shown}"]


def _only_area(file: str, tidy: Tidy, reading: Reading) -> tuple[Areas, list[str]]:
    """Return the area of a file without a column of areas."""
    if reading.country:
        found = areas.recognise([reading.country])
        key = found.key_of[reading.country]
        return replace(found, key_of={"": key}, aggregates=frozenset()), []
    ids = [name for name in tidy.columns if is_of_united_states(name)]
    if ids:
        names = {"USA": "United States"}
        remark = f"country: United States, because {ids[0]} is a US series of FRED"
        return Areas({"": "USA"}, names), [remark]
    option = "--country DEU"
    if file == FRAME:
        option = 'read_data(data, country="DEU")'
    raise DataError(
        f"{file} has no country column: name its country with {option}, or add a "
        "column called country with the same text on every line"
    )


def _without_aggregates(
    rows: pd.DataFrame, found: Areas, warnings: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of countries and those of groups of countries."""
    if not found.aggregates:
        return rows, rows.iloc[:0]
    names = [str(key) for key in rows["country"].cat.categories]
    # Groups are sorted after countries.
    first = sum(name not in found.aggregates for name in names)
    codes = codes_in(rows["country"])
    n_rows = int(codes.searchsorted(codes.dtype.type(first)))
    rows, aggregates = rows.iloc[:n_rows], rows.iloc[n_rows:]
    if aggregates.empty:
        return rows, aggregates
    names = [found.names.get(key, key) for key in _distinct(aggregates["country"])]
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    what = "the sum of the regions" if found.whole else "aggregates, not countries"
    warnings.append(f"{shown}: {what}; not used for training")
    return rows, aggregates


FRAME = "the DataFrame"
# Persian and Indian words and emoji of several parts need these invisible characters.
WITHOUT_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))
