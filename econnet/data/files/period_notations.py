"""The notations in which people write periods, each read by a function.

A function gets the texts of a column that no earlier function has read, and returns the
standard period (`2020Q1`) or ISO date of those that it can read. The column is known
to it because a single text is often ambiguous.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from econnet.core.periods import parse_period

Parts = tuple[int, int, int]


@dataclass
class Column:
    """The texts of a column, and what has been found in it."""

    texts: Sequence[str]
    styles: list[str] = field(default_factory=list)
    refusal: str = ""


def _fiscal_years(column: Column, texts: Sequence[str]) -> dict[str, str]:
    """Read `2011-12`, `2011/2012` and `FY2012` as the year in which they end."""
    years = {}
    for text in texts:
        if match := re.fullmatch(r"(\d{4}) ?[-/\u2013] ?(\d{2}|\d{4})", text):
            first, second = int(match[1]), int(match[2])
            if second == (first + 1 if second > 99 else (first + 1) % 100):
                years[text] = str(first + 1)
        elif match := re.fullmatch(
            r"FY ?'?(\d{4}|\d{2}(?=[-/ ]\d{2}$)) ?[-/] ?(\d{2}|\d{4})", text, re.I
        ):
            first, second = _full_year(int(match[1])), int(match[2])
            if second % 100 == (first + 1) % 100:
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


def _quarters_by_number(column: Column, texts: Sequence[str]) -> dict[str, str]:
    """Read `2020-1` and `1/2020` as quarters, in a column without a fifth month."""
    parts = {}
    for text in texts:
        if match := re.fullmatch(r"([12]\d{3})[-/. ](\d)", text):
            parts[text] = match[1], match[2]
        elif match := re.fullmatch(r"(\d)[-/. ]([12]\d{3})", text):
            parts[text] = match[2], match[1]
    numbers = {number for _, number in parts.values()}
    years = {year for year, _ in parts.values()}
    if len(parts) < len(column.texts) or numbers != {*"1234"}:
        return {}
    if len(parts) < MIN_NUMBERED or len(parts) <= 3 * len(years) - 6:
        return {}
    column.styles.append("numbered quarters")
    return {text: f"{year}Q{number}" for text, (year, number) in parts.items()}


def _standard(_: Column, texts: Sequence[str]) -> dict[str, str]:
    """Read what `parse_period` reads: 2020, 2020Q1, 2020M1, 2020-01, 2020-01-31."""
    found = {}
    for text in texts:
        if period := parse_period(text):
            found[text] = period.text
    return found


def _quarters(_: Column, texts: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        for pattern in QUARTERS:
            if match := pattern.fullmatch(text):
                year = _full_year(int(match["year"]))
                quarter = match["quarter"].upper()
                found[text] = f"{year}Q{(ROMAN | NUMBER_WORDS).get(quarter, quarter)}"
                break
    return found


def _months(_: Column, texts: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        for pattern in MONTHS:
            match = pattern.fullmatch(text)
            if match and (month := month_of_year(match["month"])):
                found[text] = f"{_full_year(int(match['year']))}-{month:02d}"
                break
    return found


def _ranges_of_months(_: Column, texts: Sequence[str]) -> dict[str, str]:
    """Read `Apr-Jun 1990` and `1990/ 4- 6.` as quarters."""
    found = {}
    for text in texts:
        for pattern in YEAR_AND_RANGE:
            match = pattern.fullmatch(text)
            if match and (quarter := quarter_of_months(match["range"])):
                found[text] = f"{match['year']}Q{quarter}"
                break
    return found


def quarter_of_months(text: str) -> int | None:
    """Return the quarter of `Apr-Jun` or `4- 6.`; `None` for any other text."""
    match = MONTH_RANGE.fullmatch(text)
    if match is None:
        return None
    first, last = month_of_year(match["first"]), month_of_year(match["last"])
    if first is None or last is None or last != first + 2 or last % 3:
        return None
    return last // 3


def month_of_year(text: str) -> int | None:
    """Return the number of a month given by its name or number; `None` for others."""
    if text.isdigit():
        return int(text) if 1 <= int(text) <= 12 else None
    return MONTH_NAMES.get(text.casefold().rstrip("."))


def _named_dates(_: Column, texts: Sequence[str]) -> dict[str, str]:
    """Read `31-Dec-2020`, `31 December 2020` and `December 31, 2020`."""
    found = {}
    for text in texts:
        for pattern in NAMED_DATES:
            match = pattern.fullmatch(text)
            if match and (month := month_of_year(match["month"])):
                year = _full_year(int(match["year"]))
                if day := _iso(year, month, int(match["day"])):
                    found[text] = day
                break
    return found


def _east_asian(column: Column, texts: Sequence[str]) -> dict[str, str]:
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


def _numbered_parts(column: Column, texts: Sequence[str]) -> dict[str, str]:
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
    return {
        text: f"{match[1]}Q{QUARTER_OF[match[2]]}"
        for text, match in parts.items()
        if "." in text
    }


def _decimal_months(_: Column, texts: Sequence[str]) -> dict[str, str]:
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


def _compact(_: Column, texts: Sequence[str]) -> dict[str, str]:
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


def _numeric_dates(column: Column, texts: Sequence[str]) -> dict[str, str]:
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


def _serial_dates(column: Column, texts: Sequence[str]) -> dict[str, str]:
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


def _epochs(column: Column, texts: Sequence[str]) -> dict[str, str]:
    """Read days as seconds or milliseconds since 1970, as pandas writes JSON."""
    numbers = {text: int(text) for text in texts if re.fullmatch(r"-?\d{1,13}", text)}
    if len(numbers) < max(len(column.texts), MIN_NUMBERED):
        return {}
    largest = max(map(abs, numbers.values()))
    per_day = 86_400_000 if largest > SECONDS_OF_3000 else 86_400
    if largest < 86_400 * 10_000 or any(n % per_day for n in numbers.values()):
        return {}
    column.styles.append("dates counted from 1970")
    return {
        text: (date(1970, 1, 1) + timedelta(days=number // per_day)).isoformat()
        for text, number in numbers.items()
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
READERS: tuple[Callable[[Column, Sequence[str]], dict[str, str]], ...] = (
    *(_fiscal_years, _serial_dates, _epochs, _quarters_by_number, _standard),
    *(_quarters, _east_asian, _numbered_parts),
    *(_compact, _named_dates, _months, _ranges_of_months, _numeric_dates),
    _decimal_months,
)
MIN_NUMBERED = 5
SECONDS_OF_3000 = 32_503_680_000
QUARTER_OF = {"0": "1", "00": "1", "25": "2", "5": "3", "50": "3", "75": "4"}
ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}
NUMBER_WORDS = {"FIRST": "1", "SECOND": "2", "THIRD": "3", "FOURTH": "4"}
YEAR = r"(?P<year>[12]\d{3})"
ANY_YEAR = r"(?P<year>[12]\d{3}|\d{2})"
ORDINAL = (
    r"(?P<quarter>[1-4]|I|II|III|IV|first|second|third|fourth)"
    r"(st|nd|rd|th|\.|\u00ba|\u00b0|er|e)?"
)
# English, German, Romance, Slavic, Nordic, Dutch and Turkish.
QUARTER_WORD = (
    r"(quarter|qtr|quartal|vierteljahr|vj|trimestre|trim|kvartal|kv|kwartaal|kwarta\u0142"
    r"|kw|\u00e7eyrek|\u043a\u0432\u0430\u0440\u0442\u0430\u043b|\u043a\u0432)\.?"
)
QUARTERS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"{YEAR}[-:./ ]*([QTK] ?|KW0)(?P<quarter>[1-4])",
        rf"[QT] ?(?P<quarter>[1-4])[-:./' ]*{ANY_YEAR}",
        rf"(?P<quarter>[1-4]) ?[QT][-:./' ]*{ANY_YEAR}",
        rf"{ORDINAL} ?{QUARTER_WORD}( of| de)?[-:./, ]*{YEAR}( \u0433\.?)?",
        rf"{YEAR}[-:./, ]*{ORDINAL} ?{QUARTER_WORD}",
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
        rf"{YEAR}[-:./ ]*MM? ?(?P<month>\d{{1,2}})",
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
