"""What a user's file contains, described as the data of a source are.

Indicators, series, and the report on what each column was recognised as.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core import catalog
from econnet.core.catalog import Indicator, SeriesTemplate
from econnet.core.periods import Frequency
from econnet.data.files import codes as codes_of
from econnet.data.files import targets, vocabulary
from econnet.data.files.codes import codes_in
from econnet.data.files.dated_rows import newest_values
from econnet.data.files.kinds import GROWING, KIND_OF, TRANSFORM, UNIT, Inferred, Kind
from econnet.data.files.understood import ColumnReport
from econnet.data.sources.observations import OBSERVATION_COLUMNS, SERIES_COLUMNS


def _names(column: pd.Series) -> pd.Series:
    """Return names as texts, or as plain categories if there are millions."""
    if len(column) < MANY_ROWS:
        return column.astype(str)
    return codes_of.column_of(codes_in(column), column.cat.categories, column.index)


def _constant(text: str, index: pd.Index) -> pd.Series:
    return codes_of.column_of(np.zeros(len(index), dtype=np.int8), [text], index)


def observations_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows as observations: `OBSERVATION_COLUMNS`."""
    texts = {name: _names(rows[name]) for name in ("country", "indicator", "period")}
    return rows.assign(
        **texts,
        source=_names(_constant("file", rows.index)),
        series_id=texts["indicator"],
        retrieved_at=rows["known_at"].max(),
    )[OBSERVATION_COLUMNS].reset_index(drop=True)


def describe_indicator(
    name: str, kind: Kind, frequencies: Collection[Frequency], unit: str
) -> Indicator:
    """Return the description of a column, with that of the catalog where it fits."""
    known = _recognised(name, kind)
    over_a_year = vocabulary.is_over_a_year(f"{name} {unit}")
    return Indicator(
        key=name,
        title=known.title if known else name,
        unit=_unit(known, kind, unit),
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


def _unit(known: Indicator | None, kind: Kind, named: str) -> str:
    """Return the unit of a column: as the file names it, or by its kind.

    A level may have any scale, currency and base, whatever those of the catalog are.
    """
    if named or known is None:
        return named or UNIT[kind]
    if kind not in GROWING:
        return known.unit
    return UNIT["index" if known.unit.startswith("index") else "flow"]


def _recognised(name: str, kind: Kind) -> Indicator | None:
    """Return the catalog's indicator of that name, if the kind of the column fits.

    Rates may be used as levels and levels as changes, but growth is not a level.
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


def spans_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the span of each series at each of its frequencies.

    `rows` are sorted by `KEYS`. Columns `country, indicator, frequency, first, last,
    values, periods`, the last being the number of periods from first to last.
    """
    newest = newest_values(rows)
    keys = ["country", "indicator", "frequency"]
    codes = {name: codes_in(newest[name]) for name in keys}
    firsts = codes_of.starts(*codes.values())
    lasts = np.append(firsts[1:], len(newest)) - 1
    period = codes_in(newest["period"])
    runs = pd.DataFrame({name: part[firsts] for name, part in codes.items()})
    runs = runs.assign(
        first=period[firsts], last=period[lasts], values=lasts - firsts + 1
    )
    # Years sort before their quarters and months, so that frequencies may alternate.
    found = runs.groupby(keys, sort=False).agg(
        first=("first", "first"), last=("last", "last"), values=("values", "sum")
    )
    found = found.reset_index()
    ordinals = np.array([*map(ordinal_of, newest["period"].cat.categories)], dtype=int)
    length = ordinals[found["last"]] - ordinals[found["first"]] + 1
    spans = {
        name: codes_of.categorical(found[name].to_numpy(), newest[name].cat.categories)
        for name in keys
    }
    periods = newest["period"].cat.categories
    for name in ("first", "last"):
        spans[name] = codes_of.categorical(found[name].to_numpy(), periods)
    return pd.DataFrame(spans).assign(values=found["values"], periods=length)


def column_reports(
    spans: pd.DataFrame,
    inferred: Mapping[str, Inferred],
    indicators: Mapping[str, Indicator],
    order: Sequence[str],
) -> list[ColumnReport]:
    """Return what each series was recognised as, in the order of the file."""
    reports = []
    months = np.array([*map(_month, spans["first"].cat.categories)], dtype=int)
    parts = {
        str(name): part
        for name, part in spans.assign(
            begins=months[spans["first"].cat.codes],
            ends=months[spans["last"].cat.codes],
        ).groupby("indicator", observed=True)
    }
    for name in dict.fromkeys([*order, *inferred]):
        part = parts[name]
        indicator = indicators[name]
        reports.append(
            ColumnReport(
                name=name,
                kind=inferred[name].kind,
                reason=inferred[name].reason,
                unit=indicator.unit,
                frequency="/".join(sorted(part["frequency"].unique())),
                first_period=part["first"].iloc[int(part["begins"].argmin())],
                last_period=part["last"].iloc[int(part["ends"].argmax())],
                values=int(part["values"].sum()),
                missing=int((part["periods"] - part["values"]).sum()),
                areas=int(part["country"].nunique()),
                measures=indicator.measures,
            )
        )
    return reports


def _month(period: str) -> int:
    """Return the number of the month in which a period begins."""
    ordinal = ordinal_of(period)
    return ordinal * (3 if "Q" in period else 1 if "-" in period else 12)


def ordinal_of(text: str) -> int:
    """Return the number of a period, counted from 1970 at its own frequency."""
    years = int(text[:4]) - 1970
    if "Q" in text:
        return 4 * years + int(text[5]) - 1
    return 12 * years + int(text[5:7]) - 1 if "-" in text else years


def _texts(rows: pd.DataFrame, name: str, place: npt.NDArray[np.intp]) -> pd.Series:
    """Return the texts that a column of categories has in some rows."""
    column = rows[name].cat
    texts = column.categories.to_numpy(dtype=object)[column.codes.to_numpy()[place]]
    return pd.Series(texts, dtype=str)


def describe_series(
    file: str,
    rows: pd.DataFrame,
    observations: pd.DataFrame,
    indicators: Mapping[str, Indicator],
) -> pd.DataFrame:
    """Return one row per series: `SERIES_COLUMNS`, and its first and last period."""
    keys = [codes_in(rows[name]) for name in ("country", "indicator")]
    firsts = codes_of.starts(*keys)
    lasts = np.append(firsts[1:], len(rows)) - 1
    # Rows are sorted, and standard texts of one frequency sort by time.
    series = pd.DataFrame(
        {
            "country": _texts(rows, "country", firsts),
            "indicator": _texts(rows, "indicator", firsts),
            "first_period": _texts(rows, "period", firsts),
            "last_period": _texts(rows, "period", lasts),
            "frequency": _texts(rows, "frequency", firsts),
        }
    )
    titles = {name: each.title for name, each in indicators.items()}
    units = {name: each.unit for name, each in indicators.items()}
    return series.assign(
        source="file",
        series_id=series["indicator"],
        title=series["indicator"].map(titles),
        unit=series["indicator"].map(units),
        edition="",
        licence="your own",
        rights="your own",
        attribution=f"Source: {file}",
        discontinued=False,
        retrieved_at=observations["retrieved_at"].max(),
    )[[*SERIES_COLUMNS, "first_period", "last_period"]]


MANY_ROWS = 1_000_000
