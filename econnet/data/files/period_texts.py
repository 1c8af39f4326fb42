"""Periods as people write them, read from a whole column.

One text is often ambiguous: `2011-12` is a month or a fiscal year, `1/2/1970` is in
January or in February, `2020.1` is a quarter or October. The column decides, because
all its texts are written alike. The result of a text is a standard period (`2020Q1`)
or an ISO date; `styles` names what was recognised.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from econnet.data.files.period_notations import (
    READERS,
    ROMAN,
    Column,
    month_of_year,
    quarter_of_months,
)


@dataclass(frozen=True)
class PeriodTexts:
    """The periods of a column.

    Parameters
    ----------
    periods
        The standard period or ISO date of each text that is one.
    styles
        What was decided for the whole column, in words.
    refusal
        Why the column cannot be read although its texts are periods; often empty.
    """

    periods: Mapping[str, str]
    styles: tuple[str, ...] = ()
    refusal: str = ""


def read_periods(texts: Sequence[str]) -> PeriodTexts:
    """Return the periods of a column's distinct texts.

    >>> read_periods(["2020:01", "2020:12"]).periods["2020:12"]
    '2020-12'
    >>> read_periods(["2010-11", "2011-12", "2012-13"]).periods["2011-12"]
    '2012'
    """
    clean = {text: _clean(text) for text in texts}
    if all(bare.endswith(".0") for bare in clean.values() if "." in bare):
        clean = {text: bare.removesuffix(".0") for text, bare in clean.items()}
    column = Column(sorted({*clean.values()}))
    found: dict[str, str] = {}
    rest = column.texts
    for read in READERS:
        new = read(column, [text for text in rest if text not in found])
        found.update(
            {text: period for text, period in new.items() if _has_year(period)}
        )
    periods = {text: found[bare] for text, bare in clean.items() if bare in found}
    return PeriodTexts(periods, tuple(column.styles), column.refusal)


def _has_year(period: str) -> bool:
    """Return whether a period is a standard text of the years 1000 to 2999."""
    return period.isascii() and period[0] in "12" and period[:4].isdecimal()


def is_period(text: str) -> bool:
    """Return whether a single text looks like a period, as in a header by years."""
    bare = _clean(text)
    if re.fullmatch(r"\d{4}", bare):
        return 1700 <= int(bare) <= 2200
    if re.fullmatch(r"\d{4}[.:]\d+|\d+", bare):
        return False
    return bool(read_periods([bare]).periods)


def without_flag(text: str) -> tuple[str, str]:
    """Return a flagged period without its flag, and the flag; empty for other texts.

    >>> without_flag("2022Q4*"), without_flag("2024 (f)"), without_flag("2024")
    (('2022Q4', '*'), ('2024', 'f'), ('', ''))
    """
    match = FLAGGED.fullmatch(text.strip())
    if match is None or not is_period(match["period"]):
        return "", ""
    return match["period"].strip(), match["flag"].casefold()


def looks_half_yearly(text: str) -> bool:
    """Return whether a text is a half-year such as `2020H1` or `2020-S2`."""
    return bool(HALF_YEAR.fullmatch(_clean(text)))


def looks_like_a_fiscal_quarter(text: str) -> bool:
    """Return whether a text is a quarter of a fiscal year, such as `2011-12:Q1`."""
    return bool(FISCAL_QUARTER.search(text))


def part_of_year(text: str) -> str:
    """Return what follows the year in the period of a quarter or month; else nothing.

    >>> part_of_year("Q3"), part_of_year("Sept."), part_of_year("rate")
    ('Q3', '-09', '')
    """
    bare = " ".join(text.split())
    if match := PART_QUARTER.fullmatch(bare):
        quarter = match["number"] or match["number_first"] or match["roman"]
        return f"Q{ROMAN.get(quarter.upper(), quarter)}"
    if match := re.fullmatch(r"(?:M|Monat) ?(\d{1,2})", bare, re.I):
        return f"-{int(match[1]):02d}" if 1 <= int(match[1]) <= 12 else ""
    if quarter := quarter_of_months(bare):
        return f"Q{quarter}"
    month = None if bare.isdigit() else month_of_year(bare)
    return f"-{month:02d}" if month else ""


def _clean(text: str) -> str:
    """Return a text without what programs and offices put around a period.

    The World Bank writes `YR1990`, R `X1990`, and Statistics Netherlands `1990JJ00`;
    an asterisk marks provisional values.
    """
    bare = " ".join(text.split()).strip("'\"")
    bare = re.sub(r"\s*\[YR\d{4}\]$", "", bare)
    bare = re.sub(r"^(YR(?=\d{4}$)|X(?=[12]\d{3}))", "", bare, flags=re.I)
    bare = re.sub(r"(?<=^[12]\d{3})JJ00$", "", bare)
    return TIME_OF_DAY.sub("", MARKED.sub("", bare))


TIME_OF_DAY = re.compile(
    r"(?<=\d)[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?$"
)
# After a year alone, it may mark a forecast.
MARKED = re.compile(r"(?<=\w)(?<!^[12]\d{3}) ?[*\u2020\u2021]+$", re.ASCII)
HALF_YEAR = re.compile(
    r"[12]\d{3}[-:./ ]*[HS] ?[12]|[HS] ?[12][-:./ ]*[12]\d{3}"
    r"|[12] ?[HS][-:./ ]*[12]\d{3}",
    re.I,
)
FISCAL_QUARTER = re.compile(
    r"\bfy ?\d{2,4}.*q[1-4]|q[1-4].*\bfy ?\d{2,4}"
    r"|[12]\d{3}[-/](\d{2}|\d{4})[:,. ]+q ?[1-4]"
    r"|q ?[1-4][:,. ]+[12]\d{3}[-/](\d{2}|\d{4})",
    re.I | re.ASCII,
)
# Provisional, revised, break, estimate, forecast.
FLAGGED = re.compile(
    r"(?P<period>.*\d) ?\(?(?P<flag>[prbef]|[*\u2020\u2021]+)\)?", re.I | re.ASCII
)
PART_QUARTER = re.compile(
    r"([QTK]|Qtr|Quarter|Quartal|Quart|Trim) ?(?P<number>[1-4])|(?P<number_first>[1-4])"
    r"(st|nd|rd|th|\.|\u00ba|\u00b0|er|e|re)? ?"
    r"(Q|T|quarter|qtr|quartal|vierteljahr|trimestre)"
    r"|(?P<roman>I|II|III|IV)",
    re.I,
)
# 2020, 202001, 2020.25
PERIOD_NUMBER = re.compile(r"[12]\d{3}(\d{2}|\.(0|25|50?|75|\d{4}))?", re.ASCII)
