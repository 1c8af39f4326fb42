"""The frequency of each series, from the periods in which it has a value.

Neither a date nor the table shows the frequency of a series: in a monthly table, a
column with a value every third month is quarterly.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from econnet.core.periods import Frequency
from econnet.core.text import quoted
from econnet.data.files import codes as codes_of
from econnet.data.files import period_texts
from econnet.data.files.codes import Codes, codes_in
from econnet.data.files.numeric_columns import Problems
from econnet.data.files.tidy import Tidy

HOW_TO_WRITE = (
    "write 2020, 2020Q1, 2020-01 or 2020-01-31, or delete lines of totals and notes"
)


@dataclass(frozen=True, eq=False)
class Calendar:
    """The period of each row.

    Parameters
    ----------
    period : categorical
        Standard text by row; missing where the file has no period.
    frequency : array (rows,)
        The place of each row's frequency in `FREQUENCIES`; -1 for none.
    remarks
        How the periods were written, where that is not obvious.
    """

    period: pd.Categorical
    frequency: Codes
    remarks: tuple[str, ...]


def read_calendar(tidy: Tidy, filled: np.ndarray, problems: Problems) -> Calendar:
    """Return the periods of tidy rows; rows with a value decide the frequencies."""
    categories = [str(text) for text in tidy.period.cat.categories]
    codes = codes_in(tidy.period)
    used = np.zeros(len(categories) + 1, dtype=bool)
    used[codes if filled.all() else codes[filled]] = True
    texts = [text for text, is_used in zip(categories, used, strict=False) if is_used]
    early = _early_years(texts)
    texts = [text for text in texts if text not in early]
    read = period_texts.read_periods(texts)
    if read.refusal:
        problems.add(f": {read.refusal}")
    _check_texts(tidy, texts, read.periods, problems, bool(read.refusal))
    standard = np.array(
        [read.periods.get(text, "") for text in categories], dtype=object
    )
    months = np.array([_month_number(text) for text in standard], dtype=np.int32)
    style = np.array([STYLES.index(_style(text)) for text in standard], dtype=np.int8)
    row_style = codes_of.looked_up(style, codes)
    row_style[~filled] = NO_STYLE
    frequency, sums = _without_sums(
        tidy, _frequencies(tidy, months, row_style, problems)
    )
    _check_mixtures(tidy, frequency, problems)
    remarks = [*read.styles, *sums]
    if early:
        remarks.append(f"years before {FIRST_YEAR} left out")
    return _calendar(standard, codes, frequency, tuple(remarks))


def _early_years(texts: Sequence[str]) -> frozenset[str]:
    """Return the years that are too early for dates, in a column of later ones."""
    early = {text for text in texts if EARLY_YEAR.fullmatch(text)}
    # A single 20 or 202 is a typing error.
    is_sure = any(len(text) == 4 for text in early)
    return frozenset(early) if is_sure and len(early) < len(texts) else frozenset()


def _check_texts(
    tidy: Tidy,
    texts: list[str],
    periods: Mapping[str, str],
    problems: Problems,
    refused: bool,
) -> None:
    """Add texts that are not periods to the problems."""
    for text in texts:
        if text in periods or refused:
            continue
        rows = (tidy.period == text).to_numpy()
        line = tidy.line.to_numpy()[rows][0]
        if not text:
            problems.add(f", line {line}: the period is missing: add it")
        elif period_texts.looks_half_yearly(text):
            problems.add(
                f", line {line}: {quoted(text)} is a half-year, but econnet uses "
                "years, quarters and months: add half-years up to years first",
                like="half-year",
            )
        elif ESTIMATE.fullmatch(text.strip()):
            problems.add(
                f", line {line}: {quoted(text)} has a letter after the year, as "
                "estimates and forecasts have: leave these lines out, or write only "
                "the years if the values were measured",
                like="estimate",
            )
        elif period_texts.looks_like_a_fiscal_quarter(text):
            problems.add(
                f", line {line}: {quoted(text)} is a quarter of a fiscal year, which "
                "begins in different months in different countries: write calendar "
                "quarters, such as 2020Q1",
                like="fiscal quarter",
            )
        elif WEEK.fullmatch(text.strip()):
            problems.add(
                f", line {line}: {quoted(text)} is a week: average weeks to "
                "months first",
                like="week",
            )
        else:
            problems.add(
                f", line {line}: {quoted(text)} is not a period: {HOW_TO_WRITE}",
                like="not a period",
            )


def _month_number(text: str) -> int:
    """Return the month since year 0 in which a period begins; -1 for none."""
    if not text:
        return -1
    year = 12 * int(text[:4])
    if "Q" in text:
        return year + 3 * int(text[5]) - 3
    return year + (int(text[5:7]) - 1 if "-" in text else 0)


def _style(text: str) -> str:
    """Return A, Q, M, or D for a date."""
    if len(text) == 10:
        return "D"
    return "Q" if "Q" in text else "M" if "-" in text else "A" if text else ""


def _frequencies(tidy: Tidy, months: Codes, style: Codes, problems: Problems) -> Codes:
    """Return the frequency of the series that each row belongs to.

    `months` is by distinct text of a period, `style` by row.
    """
    frequency: Codes = np.where(style < len(FREQUENCIES), style, -1).astype(np.int8)
    unclear = (style == STYLES.index("D")) | (style == STYLES.index("M"))
    if unclear.any():
        frequency = _of_months(tidy, months, style, unclear, problems)
    return frequency


def _of_months(
    tidy: Tidy, months: Codes, style: Codes, unclear: np.ndarray, problems: Problems
) -> Codes:
    """Return frequencies in which dates and months have their series' frequency."""
    column, area, text = (
        codes_in(part) for part in (tidy.column, tidy.area, tidy.period)
    )
    parts = [part[unclear] for part in (column, area, text)]
    is_date = style == STYLES.index("D")
    parts.append(is_date[unclear].astype(np.int8))
    found = codes_of.distinct(*parts)
    names = ["column", "area", "text", "date"]
    rows = pd.DataFrame(dict(zip(names, found, strict=True)))
    rows["month"] = months[rows["text"].to_numpy()]
    rows["date"] = rows["date"].astype(bool)
    of_column = _frequency_of_groups(rows, ["column"])
    of_series = _frequency_of_groups(rows, ["column", "area"])
    few = of_series["n"] < MIN_VALUES
    whole = of_column["frequency"].reindex(of_series.index.get_level_values("column"))
    chosen = of_series["frequency"].where(~few, whole.to_numpy())
    keys = pd.MultiIndex.from_frame(rows[["column", "area"]])
    rows["frequency"] = chosen.reindex(keys).to_numpy()
    _check_dates(tidy, rows, is_date & unclear, problems)
    n_areas = len(tidy.area.cat.categories)
    of_pair = np.full(len(tidy.column.cat.categories) * n_areas, -1, dtype=np.int8)
    pairs = chosen.index
    place = pairs.get_level_values(0).to_numpy() * n_areas
    place = place + pairs.get_level_values(1).to_numpy()
    # Half-years have no place: they are among the problems already.
    of_pair[place] = [*map("AMQ".find, chosen)]
    frequency = np.where(style < len(FREQUENCIES), style, -1).astype(np.int8)
    whole_place = column[unclear].astype(np.int64) * n_areas + area[unclear]
    frequency[unclear] = of_pair[whole_place]
    return frequency


def _frequency_of_groups(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return `n, frequency` of each group: the finest that its months allow."""
    months = rows.drop_duplicates([*keys, "month"])
    months = months.assign(
        quarter=months["month"] // 3,
        year=months["month"] // 12,
        in_quarter=months["month"] % 3,
        in_year=months["month"] % 12,
    )
    found = months.groupby(keys).agg(
        n=("month", "size"),
        first=("month", "min"),
        last=("month", "max"),
        quarters=("quarter", "nunique"),
        years=("year", "nunique"),
        in_quarter=("in_quarter", "nunique"),
        in_year=("in_year", "nunique"),
        date=("date", "all"),
    )
    gap = (found["last"] - found["first"]) / (found["n"] - 1).clip(lower=1)
    several = found["n"] >= np.where(found["date"], 1, MIN_VALUES)
    same_month = several & (found["in_year"] == 1) & (found["n"] == found["years"])
    third = several & (found["in_quarter"] == 1) & (found["in_year"] <= 4)
    # A single odd date does not make a quarterly series monthly.
    spaced = found["date"] & (found["quarters"] == found["n"]) & gap.between(2.5, 5)
    halves = found["date"] & (found["n"] >= MIN_VALUES) & gap.between(5.5, 6.5)
    frequency = np.select(
        [same_month, halves & third, third | spaced], ["A", "H", "Q"], default="M"
    )
    return found.assign(frequency=frequency)


def _check_dates(
    tidy: Tidy, rows: pd.DataFrame, is_date: np.ndarray, problems: Problems
) -> None:
    """Add series with several dates in a month, or two per year, to the problems.

    `rows` has the distinct periods of each series.
    """
    columns = tidy.column.cat.categories
    for code in rows.loc[rows["frequency"] == "H", "column"].unique():
        problems.add(
            f": {columns[code]} has two values per year, but econnet uses years, "
            "quarters and months: add half-years up to years first"
        )
    if not is_date.any():
        return
    parts = (tidy.column, tidy.area, tidy.known_at, tidy.period)
    found = codes_of.distinct(*(codes_in(part)[is_date] for part in parts))
    names = ["column", "area", "known", "text"]
    dates = pd.DataFrame(dict(zip(names, found, strict=True)))
    dates = dates.merge(rows[rows["date"]], on=["column", "area", "text"])
    size = dates["frequency"].map({"M": 1, "Q": 3, "A": 12, "H": 6})
    place = dates["month"] // size
    keys = dates.assign(place=place)[["column", "area", "known", "place", "text"]]
    distinct = keys.drop_duplicates()
    twice = distinct[distinct.duplicated(["column", "area", "known", "place"])]
    for code in twice["column"].unique()[:3]:
        same = rows.loc[rows["column"] == code, "frequency"].iloc[0]
        if same == "M":
            problems.add(
                f": {columns[code]} has several dates in a month: average them by "
                "month first"
            )
            continue
        text = tidy.period.cat.categories[
            twice.loc[twice["column"] == code, "text"].iloc[0]
        ]
        line = tidy.line[(tidy.period == text).to_numpy()].iloc[0]
        problems.add(
            f", line {line}: {columns[code]} has a second value for the period of "
            f"{text}: correct the date"
        )


def _without_sums(tidy: Tidy, frequency: Codes) -> tuple[Codes, list[str]]:
    """Return frequencies, with none for sums listed beside their parts, and a remark.

    Statistical offices write years above the quarters of the same series.
    """
    found = frequency >= 0
    if not found.any() or (frequency[found] == frequency[found][0]).all():
        return frequency, []
    n_areas = len(tidy.area.cat.categories)
    series = codes_in(tidy.column).astype(np.int64) * n_areas
    series += codes_in(tidy.area)
    counts = np.zeros((int(series.max()) + 1, len(FREQUENCIES)), dtype=np.int64)
    np.add.at(counts, (series[found], frequency[found]), 1)
    finest_first = [FREQUENCIES.index(each) for each in ("M", "Q", "A")]
    ordered = counts[:, finest_first] >= MIN_VALUES
    finest = np.argmax(ordered, axis=1)
    rank = np.argsort(finest_first)[frequency]
    enough = counts[series, frequency] >= MIN_VALUES
    sums = found & enough & (rank > finest[series])
    if not sums.any():
        return frequency, []
    codes = np.unique(codes_in(tidy.column)[sums])
    names = [str(tidy.column.cat.categories[code]) for code in codes[:3]]
    shown = ", ".join(names) + (", ..." if len(codes) > len(names) else "")
    remark = f"{shown}: {sums.sum():,} values over longer periods left out"
    return np.where(sums, -1, frequency).astype(frequency.dtype), [remark]


def _check_mixtures(tidy: Tidy, frequency: Codes, problems: Problems) -> None:
    """Add series with periods of several frequencies to the problems."""
    found = frequency >= 0
    if not found.any() or (frequency[found] == frequency[found][0]).all():
        return
    rows = pd.DataFrame(
        {
            "column": codes_in(tidy.column)[found],
            "area": codes_in(tidy.area)[found],
            "frequency": frequency[found],
            "place": np.flatnonzero(found),
        }
    )
    kinds = rows.drop_duplicates(["column", "area", "frequency"])
    mixed = kinds[kinds.duplicated(["column", "area"])]
    shown = mixed.head(3)[["column", "area", "place"]].to_numpy(dtype=int).tolist()
    for column, of_area, place in shown:
        same = (kinds["column"] == column) & (kinds["area"] == of_area)
        before = int(kinds.loc[same, "place"].to_numpy()[0])
        area = tidy.area.iloc[place]
        problems.add(
            f", line {tidy.line.iloc[place]}: {tidy.column.iloc[place]}"
            f"{f' of {area}' if area else ''} has {tidy.period.iloc[place]}, but "
            f"{tidy.period.iloc[before]} in line {tidy.line.iloc[before]}: give each "
            "frequency a column of its own"
        )


def _calendar(
    standard: np.ndarray,
    codes: Codes,
    frequency: Codes,
    remarks: tuple[str, ...],
) -> Calendar:
    """Return the standard text of each row's period at the frequency of its series."""
    names: list[str] = []
    position: dict[str, int] = {}
    table = np.full((len(standard), len(FREQUENCIES)), -1)
    for code, text in enumerate(standard):
        for column, wanted in enumerate(FREQUENCIES):
            if name := _at(text, wanted):
                place = position.setdefault(name, len(names))
                if place == len(names):
                    names.append(name)
                table[code, column] = place
    # The last row and column are those of no period and no frequency.
    whole = np.full((len(standard) + 1, len(STYLES)), -1)
    whole[:-1, : len(FREQUENCIES)] = table
    result = np.empty(len(codes), dtype=codes_of.type_of_numbers(len(names)))
    for part in codes_of.blocks(len(codes)):
        result[part] = whole[codes[part], frequency[part]]
    return Calendar(codes_of.categorical(result, names), frequency, remarks)


def _at(text: str, frequency: Frequency) -> str:
    """Return a period or date as one of a frequency; empty if it is none."""
    style = _style(text)
    if not text or (style in {"A", "Q"} and style != frequency):
        return ""
    year, month = text[:4], int(text[5:7]) if style in {"D", "M"} else 0
    match frequency:
        case "A":
            return year
        case "Q":
            return text if style == "Q" else f"{year}Q{(month + 2) // 3}"
        case "M":
            return f"{year}-{month:02d}"


FREQUENCIES: tuple[Frequency, ...] = ("A", "M", "Q")
# How a period is written: a frequency, a date, or nothing.
STYLES = (*FREQUENCIES, "D", "")
NO_STYLE = np.int8(len(STYLES) - 1)
MIN_VALUES = 4
# Dates begin in 1677, as pandas counts nanoseconds.
FIRST_YEAR = 1700
EARLY_YEAR = re.compile(r"\d{1,3}|0\d{3}|1[0-6]\d{2}", re.ASCII)
# 2024e, 2024F, 2025 p
ESTIMATE = re.compile(r"[12]\d{3} ?\(?[efp]\)?", re.I | re.ASCII)
WEEK = re.compile(r"[12]\d{3}[-: ]?W\d{1,2}", re.I)
