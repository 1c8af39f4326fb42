"""Periods as people write them, read from a whole column.

One text is often ambiguous: `2011-12` is a month or a fiscal year, `1/2/1970` is in
January or in February, `2020.1` is a quarter or October. The column decides, because
all its texts are written alike. The result of a text is a standard period (`2020Q1`)
or an ISO date; `styles` names what was recognised.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from econnet.core.periods import parse_period

Parts = tuple[int, int, int]


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


@dataclass
class _Column:
    """The texts of a column, and what has been found in it."""

    texts: Sequence[str]
    styles: list[str] = field(default_factory=list)
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
    column = _Column(sorted({*clean.values()}))
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
    """Return whether a period is in the years 1000 to 2999, as standard texts are."""
    return period[0] in "12" and period[:4].isdecimal()


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
    if match := re.fullmatch(r"M ?(\d{1,2})", bare, re.I):
        return f"-{int(match[1]):02d}" if 1 <= int(match[1]) <= 12 else ""
    if quarter := _quarter_of_months(bare):
        return f"Q{quarter}"
    month = None if bare.isdigit() else _month(bare)
    return f"-{month:02d}" if month else ""


def _quarter_of_months(text: str) -> int | None:
    """Return the quarter of `Apr-Jun` or `4- 6.`; `None` for any other text."""
    match = MONTH_RANGE.fullmatch(text)
    if match is None:
        return None
    first, last = _month(match["first"]), _month(match["last"])
    if first is None or last is None or last != first + 2 or last % 3:
        return None
    return last // 3


def _clean(text: str) -> str:
    """Return a text without quotation marks, time of day, and letters before years.

    The World Bank writes `YR1990`, and R `X1990`.
    """
    bare = " ".join(text.split()).strip("'\"")
    bare = re.sub(r"\s*\[YR\d{4}\]$", "", bare)
    bare = re.sub(r"^(YR(?=\d{4}$)|X(?=[12]\d{3}))", "", bare, flags=re.I)
    return TIME_OF_DAY.sub("", bare)


def _fiscal_years(column: _Column, texts: Sequence[str]) -> dict[str, str]:
    """Read `2011-12`, `2011/2012` and `FY2012` as the year in which they end."""
    years = {}
    for text in texts:
        if match := re.fullmatch(r"(\d{4}) ?[-/\u2013] ?(\d{2}|\d{4})", text):
            first, second = int(match[1]), int(match[2])
            if second == (first + 1 if second > 99 else (first + 1) % 100):
                years[text] = str(first + 1)
        elif match := re.fullmatch(r"FY ?'?(\d{4}|\d{2})", text, re.I):
            years[text] = str(_full_year(int(match[1])))
    alike = [text for text in texts if re.fullmatch(r"\d{4} ?[-/\u2013] ?\d{2}", text)]
    # In a column of months, one in twelve looks like a fiscal year.
    if not years or any(text not in years for text in alike):
        return {}
    if len(alike) == 1 and alike[0][-2:] <= "12":
        return {}
    column.styles.append(FISCAL_STYLE)
    return years


def _standard(_: _Column, texts: Sequence[str]) -> dict[str, str]:
    """Read what `parse_period` reads: 2020, 2020Q1, 2020M1, 2020-01, 2020-01-31."""
    found = {}
    for text in texts:
        if period := parse_period(text):
            found[text] = period.text
    return found


def _quarters(_: _Column, texts: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        for pattern in QUARTERS:
            if match := pattern.fullmatch(text):
                year = _full_year(int(match["year"]))
                quarter = ROMAN.get(match["quarter"].upper(), match["quarter"])
                found[text] = f"{year}Q{quarter}"
                break
    return found


def _months(_: _Column, texts: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        for pattern in MONTHS:
            match = pattern.fullmatch(text)
            if match and (month := _month(match["month"])):
                found[text] = f"{_full_year(int(match['year']))}-{month:02d}"
                break
    return found


def _ranges_of_months(_: _Column, texts: Sequence[str]) -> dict[str, str]:
    """Read `Apr-Jun 1990` and `1990/ 4- 6.` as quarters."""
    found = {}
    for text in texts:
        for pattern in YEAR_AND_RANGE:
            match = pattern.fullmatch(text)
            if match and (quarter := _quarter_of_months(match["range"])):
                found[text] = f"{match['year']}Q{quarter}"
                break
    return found


def _month(text: str) -> int | None:
    if text.isdigit():
        return int(text) if 1 <= int(text) <= 12 else None
    return MONTH_NAMES.get(text.casefold().rstrip("."))


def _named_dates(_: _Column, texts: Sequence[str]) -> dict[str, str]:
    """Read `31-Dec-2020`, `31 December 2020` and `December 31, 2020`."""
    found = {}
    for text in texts:
        for pattern in NAMED_DATES:
            match = pattern.fullmatch(text)
            if match and (month := _month(match["month"])):
                year = _full_year(int(match["year"]))
                if day := _iso(year, month, int(match["day"])):
                    found[text] = day
                break
    return found


def _east_asian(column: _Column, texts: Sequence[str]) -> dict[str, str]:
    """Read years, quarters and months in Chinese, Japanese and Korean."""
    found = {}
    for text in texts:
        bare = text.replace(" ", "")
        for pattern, makes in EAST_ASIAN:
            if match := pattern.fullmatch(bare):
                found[text] = makes(match)
                break
        else:
            if match := re.fullmatch(r"(\d{4})\u5e74\u5ea6", bare):
                # A Japanese fiscal year is named after the year in which it begins.
                found[text] = str(int(match[1]) + 1)
                if FISCAL_STYLE not in column.styles:
                    column.styles.append(FISCAL_STYLE)
    return found


def _numbered_parts(column: _Column, texts: Sequence[str]) -> dict[str, str]:
    """Read `2020:1` as quarters if no number exceeds 4, else as months."""
    parts = {
        text: match
        for text in texts
        if (match := re.fullmatch(r"(\d{4})[:/. ](\d{1,2})", text))
    }
    if not parts:
        return {}
    if decimal := _decimal_years(parts):
        return decimal
    numbers = [match[2] for match in parts.values()]
    two_digits = any(len(number) == 2 for number in numbers)
    points = any("." in text for text in parts)
    quarterly = not two_digits and all(1 <= int(number) <= 4 for number in numbers)
    found = {}
    for text, match in parts.items():
        number = int(match[2])
        if quarterly:
            found[text] = f"{match[1]}Q{number}"
            continue
        # A spreadsheet writes October, 2020.10, as 2020.1.
        if points and two_digits and match[2] == "1" and "." in text:
            number = 10
        if 1 <= number <= 12:
            found[text] = f"{match[1]}-{number:02d}"
    column.styles.append("numbered quarters" if quarterly else "numbered months")
    return found


def _decimal_years(parts: Mapping[str, re.Match[str]]) -> dict[str, str]:
    """Read 2020.0, 2020.25, 2020.5 and 2020.75 as quarters; empty for other texts."""
    fractions = {match[2] for text, match in parts.items() if "." in text}
    if not fractions or not fractions & {"25", "75"} or not fractions <= {*QUARTER_OF}:
        return {}
    return {text: f"{match[1]}Q{QUARTER_OF[match[2]]}" for text, match in parts.items()}


def _decimal_months(_: _Column, texts: Sequence[str]) -> dict[str, str]:
    """Read 2020.0833 as the month, or quarter, that begins at this part of the year."""
    years = {
        text: float(text) for text in texts if re.fullmatch(r"\d{4}(\.\d+)?", text)
    }
    if not any("." in text for text in years):
        return {}
    months = {text: 12 * (year % 1) for text, year in years.items()}
    if any(abs(month - round(month)) > 0.15 for month in months.values()):
        return {}
    by_quarter = all(round(month) % 3 == 0 for month in months.values())
    found = {}
    for text, month in months.items():
        year, number = divmod(12 * int(years[text]) + round(month), 12)
        part = f"Q{number // 3 + 1}" if by_quarter else f"-{number + 1:02d}"
        found[text] = f"{year}{part}"
    return found


def _compact(_: _Column, texts: Sequence[str]) -> dict[str, str]:
    """Read `202001` and `20200131`."""
    found = {}
    for text in texts:
        if match := re.fullmatch(r"([12]\d{3})(0[1-9]|1[0-2])", text):
            found[text] = f"{match[1]}-{match[2]}"
        elif (match := re.fullmatch(r"([12]\d{3})(\d{2})(\d{2})", text)) and (
            day := _iso(*map(int, match.groups()))
        ):
            found[text] = day
    return found


def _numeric_dates(column: _Column, texts: Sequence[str]) -> dict[str, str]:
    """Read `31.12.2020` and `1/1/1959`, where the column shows the order."""
    parts: dict[str, Parts] = {}
    for text in texts:
        if match := re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})", text):
            parts[text] = int(match[1]), int(match[3]), _full_year(int(match[4]))
        elif match := re.fullmatch(r"(\d{4})([./])(\d{1,2})\2(\d{1,2})", text):
            parts[text] = int(match[4]), int(match[3]), int(match[1])
    if not parts:
        return {}
    turned = [text for text in parts if not re.match(r"\d{4}", text)]
    order = _order([parts[text] for text in turned], "." in "".join(turned))
    if order is None:
        column.refusal = (
            f"dates such as {turned[0]} do not show which number is the month: write "
            "them as 2020-01-31"
        )
        return {}
    if turned:
        column.styles.append(f"dates with the {order} first")
    found = {}
    for text, (first, second, year) in parts.items():
        month_first = text in turned and order == "month"
        day, month = (second, first) if month_first else (first, second)
        if iso := _iso(year, month, day):
            found[text] = iso
    return found


def _order(parts: Sequence[Parts], points: bool) -> str | None:
    """Return whether the day or the month comes first; `None` if it is unclear."""
    firsts = {first for first, _, _ in parts}
    seconds = {second for _, second, _ in parts}
    day_first, month_first = max(firsts, default=1) > 12, max(seconds, default=1) > 12
    if day_first and month_first:
        return None
    if day_first or month_first:
        return "day" if day_first else "month"
    if points or firsts == seconds:
        return "day"
    # Every day is the same, usually the first; the other number varies.
    if len(firsts) > 1 and len(seconds) == 1:
        return "month"
    if len(seconds) > 1 and len(firsts) == 1:
        return "day"
    return None


def _serial_dates(column: _Column, texts: Sequence[str]) -> dict[str, str]:
    """Read spreadsheet serial dates, if they are months apart."""
    days = {text: int(text) for text in texts if re.fullmatch(r"[1-6]\d{4}", text)}
    if len(days) < 4 or len(days) < len(texts):
        return {}
    numbers = sorted(days.values())
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    if not steps <= {*range(28, 32), *range(90, 93), 365, 366}:
        return {}
    column.styles.append("spreadsheet serial dates")
    return {
        text: (date(1899, 12, 30) + timedelta(days=number)).isoformat()
        for text, number in days.items()
    }


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _full_year(year: int) -> int:
    """Return a two-digit year as one from 1940 to 2039."""
    if year > 99:
        return year
    return year + (2000 if year < 40 else 1900)


# In the order in which they are tried.
READERS: tuple[Callable[[_Column, Sequence[str]], dict[str, str]], ...] = (
    *(_fiscal_years, _serial_dates, _standard, _quarters, _east_asian, _numbered_parts),
    *(_compact, _named_dates, _months, _ranges_of_months, _numeric_dates),
    _decimal_months,
)
QUARTER_OF = {"0": "1", "00": "1", "25": "2", "5": "3", "50": "3", "75": "4"}
ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}
YEAR = r"(?P<year>[12]\d{3})"
ANY_YEAR = r"(?P<year>[12]\d{3}|\d{2})"
QUARTERS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"{YEAR}[-:./ ]*[QT] ?(?P<quarter>[1-4])",
        rf"[QT] ?(?P<quarter>[1-4])[-:./' ]*{ANY_YEAR}",
        rf"(?P<quarter>[1-4]) ?[QT][-:./' ]*{ANY_YEAR}",
        rf"(?P<quarter>[1-4]|I|II|III|IV)(st|nd|rd|th|\.|\u00ba|\u00b0|er|e)? ?"
        rf"(quarter|qtr|quartal|vierteljahr|trimestre|trim\.?|\u043a\u0432\.?)"
        rf"( of| de)?[-:./, ]*{YEAR}",
        rf"{YEAR}[-:./, ]*(?P<quarter>[1-4])(st|nd|rd|th|\.)? ?(quarter|qtr|quartal)",
        rf"{YEAR}[-:./ ](?P<quarter>I|II|III|IV)",
        rf"(?P<quarter>I|II|III|IV)[-:./ ]{YEAR}",
    )
)
LETTERS = r"(?P<month>[^\W\d_]{3,10}\.?)"
MONTHS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"{LETTERS}[-/', ]*{ANY_YEAR}",
        rf"{YEAR}[-:/., ]*{LETTERS}",
        rf"{YEAR}[-:./ ]*M ?(?P<month>\d{{1,2}})",
        rf"M ?(?P<month>\d{{1,2}})[-:./ ]*{YEAR}",
        rf"(?P<month>\d{{1,2}}) ?M[-:./ ]*{YEAR}",
        rf"(?P<month>\d{{1,2}})[-:./ ]{YEAR}",
        rf"{YEAR}[-:/ ](?P<month>\d{{1,2}})",
    )
)
MONTH_RANGE = re.compile(
    r"(?P<first>\d{1,2}|[^\W\d_]{3,10}\.?) ?[-~\u2013\u301c\uff5e] ?"
    r"(?P<last>\d{1,2}|[^\W\d_]{3,10})\.?(\u6708\u671f?)?"
)
YEAR_AND_RANGE = (
    re.compile(rf"{YEAR}[/:., ]+(?P<range>.+)"),
    re.compile(rf"(?P<range>.+?)[/:., ]+{YEAR}"),
)
NAMED_DATES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"(?P<day>\d{{1,2}})[-/. ]+{LETTERS}[-/., ]+{ANY_YEAR}",
        rf"{LETTERS} (?P<day>\d{{1,2}}),? {YEAR}",
        rf"{YEAR}[-/ ]{LETTERS}[-/ ](?P<day>\d{{1,2}})",
    )
)
TIME_OF_DAY = re.compile(
    r"(?<=\d)[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?$"
)
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
FISCAL_STYLE = "fiscal years, each counted as the year in which it ends"
NUMERALS = {"\u4e00": 1, "\u4e8c": 2, "\u4e09": 3, "\u56db": 4}
# 2020年, 2020年1月, 2020年1~3月期, 2020年第一季度, 2020년 1분기, 2020.1/4
EAST_ASIAN: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"(\d{4})[\u5e74\ub144]"), lambda found: found[1]),
    (
        re.compile(r"(\d{4})[\u5e74\ub144](\d{1,2})[\u6708\uc6d4]"),
        lambda found: f"{found[1]}-{int(found[2]):02d}",
    ),
    (
        re.compile(
            r"(\d{4})\u5e74(\d{1,2})[~\u301c\uff5e\-\uff0d](\d{1,2})\u6708\u671f?"
        ),
        lambda found: f"{found[1]}Q{int(found[3]) // 3}",
    ),
    (
        re.compile(
            r"(\d{4})\u5e74\u7b2c?([1-4\u4e00\u4e8c\u4e09\u56db])"
            r"(\u5b63\u5ea6|\u56db\u534a\u671f)"
        ),
        lambda found: f"{found[1]}Q{NUMERALS.get(found[2], found[2])}",
    ),
    (
        re.compile(r"(\d{4})\ub144([1-4])\ubd84\uae30|(\d{4})\.([1-4])/4"),
        lambda found: f"{found[1] or found[3]}Q{found[2] or found[4]}",
    ),
)
PART_QUARTER = re.compile(
    r"([QTK]|Qtr|Quarter|Quartal|Trim) ?(?P<number>[1-4])|(?P<number_first>[1-4])"
    r"(st|nd|rd|th|\.|\u00ba|\u00b0|er|e|re)? ?"
    r"(Q|T|quarter|qtr|quartal|vierteljahr|trimestre)"
    r"|(?P<roman>I|II|III|IV)",
    re.I,
)
# English, German, French, Spanish, Portuguese, Italian, Dutch and the Nordic languages,
# whole or abbreviated.
MONTH_NAMES = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero ene janeiro gennaio gen januari janv",
            "feb february februar février fevrier févr fevr fév fev febrero "
            "fevereiro febbraio februari febr",
            "mar march märz maerz mars marzo março maart mrt mär mrz marts",
            "apr april avril avr abril abr aprile",
            "may mai mayo maio maggio mag mei maj",
            "jun june juni juin junio junho giugno giu",
            "jul july juli juillet juil julio julho luglio lug",
            "aug august août aout aoû aou agosto ago augustus augusti",
            "sep sept september septembre septiembre setembro set settembre sett",
            "oct october oktober okt octobre octubre outubro out ottobre ott",
            "nov november novembre noviembre novembro",
            "dec december dezember dez décembre decembre déc diciembre dic dezembro "
            "dicembre",
        ),
        start=1,
    )
    for name in names.split()
}
