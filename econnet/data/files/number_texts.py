"""Numbers as people write them, read from a whole column.

Whether `1.007` is about one or about a thousand cannot be seen from the text. A column
is read in the notation that all its texts allow and that some text proves; where none
does, other columns of the file do. Columns that stay ambiguous are refused.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from econnet.core.types import Floats
from econnet.runtime.untrusted_files import MAX_TEXT_LENGTH

Mark = Literal[".", ","]


@dataclass(frozen=True)
class Notation:
    """The decimal mark of a column; `groups` if the other mark separates thousands."""

    decimal: Mark = "."

    @property
    def thousands(self) -> Mark:
        """The mark that separates thousands."""
        return "," if self.decimal == "." else "."


@dataclass(frozen=True)
class Numbers:
    """The numbers of a column's distinct texts.

    Parameters
    ----------
    values
        NaN for a missing value, infinity for a text that is not a number.
    flags
        The letters that followed numbers.
    grouped
        Whether whole numbers were read as thousands although no text proves it.
    letters
        The single letters that stand for missing values: `c`, `x`.
    """

    values: Mapping[str, float]
    notation: Notation
    flags: frozenset[str] = frozenset()
    grouped: bool = False
    letters: frozenset[str] = frozenset()


def evidence(texts: Collection[str]) -> Collection[Mark]:
    """Return the decimal marks that some text of a column proves."""
    marks: set[Mark] = set()
    if not any("," in text for text in texts):
        texts = [text for text in texts if "." in text]
        # Without a comma in the column, one proof is enough.
        if any(map(PROVES_POINT.fullmatch, texts)):
            return {"."}
    for text in texts:
        bare = _bare(text)[0]
        if PROVES_POINT.fullmatch(bare):
            marks.add(".")
        elif PROVES_COMMA.fullmatch(bare):
            marks.add(",")
    return marks


def read_numbers(
    texts: Sequence[str],
    *,
    of_file: Collection[Mark] = (),
    delimiter: str = ",",
    in_order: Sequence[str] | None = None,
) -> Numbers | None:
    """Return the numbers of a column's distinct texts; `None` if it is ambiguous.

    Parameters
    ----------
    of_file
        The decimal marks that other columns prove.
    delimiter
        What separates cells; commas in numbers are usual where it is a semicolon.
    in_order
        Some of the texts in order of time, to compare readings by their steps.

    >>> read_numbers(["980", "1.007"], delimiter=";").values["1.007"]
    1007.0
    """
    if truths := _truths(texts):
        return Numbers(truths, Notation())
    own = evidence(texts)
    marks = own or of_file
    notation = Notation("," if marks and "." not in marks else ".")
    grouped = False
    if not own and _is_open(texts):
        decided = _decide(texts, of_file, delimiter, in_order or texts)
        if decided is None:
            return None
        notation, grouped = decided
    values, flags, letters = {}, set(), set()
    for text in texts:
        if LETTER.fullmatch(text.strip()):
            values[text] = math.nan
            letters.add(text.strip())
            continue
        if notation.decimal == "." and len(text) < 30 and PLAIN.fullmatch(text):
            values[text] = float(text)
            continue
        values[text], flag = _number(text, notation)
        if flag:
            flags.add(flag)
    if letters and not any(math.isfinite(value) for value in values.values()):
        # A column of letters has no numbers.
        values |= dict.fromkeys(texts, math.inf)
    return Numbers(values, notation, frozenset(flags), grouped, frozenset(letters))


def _truths(texts: Collection[str]) -> Mapping[str, float]:
    """Return 1 and 0 for a column of `yes` and `no`; empty for any other column."""
    bare = {text: text.strip().casefold() for text in texts}
    found = {text for text in bare.values() if text not in MISSING}
    for no, yes in TRUTHS:
        if found and found <= {no, yes}:
            value = {no: 0.0, yes: 1.0}
            return {text: value.get(word, math.nan) for text, word in bare.items()}
    return {}


def are_truths(texts: Collection[str]) -> bool:
    """Return whether texts say yes and no, or true and false."""
    return bool(_truths(texts))


def is_missing(text: str) -> bool:
    """Return whether a cell's text means that there is no value."""
    return text.strip().casefold() in MISSING


def is_number(text: str) -> bool:
    """Return whether a text is a number in some notation."""
    return any(math.isfinite(_number(text, Notation(mark))[0]) for mark in MARKS)


def missing_codes(values: Floats) -> list[float]:
    """Return the numbers that stand for missing values: -9999, -999, 99999.

    They lie far outside all other values.
    """
    finite = values[np.isfinite(values)]
    codes = []
    for code in CODES:
        is_code = finite == code
        if not is_code.any() or is_code.all():
            continue
        rest = finite[~np.isin(finite, CODES)]
        if not len(rest):
            continue
        low, high = rest.min(), rest.max()
        margin = 3 * (high - low) + abs(code) / 2
        # A series that is otherwise above zero has no value of -99.
        odd = code < 0 and (low > 0 or (low == 0 and is_code.sum() > 1))
        below = odd or code < low - margin
        if below or (code > high + margin and is_code.sum() > 1):
            codes.append(code)
    return codes


def leading_zeros(values: Floats) -> npt.NDArray[np.intp]:
    """Return the places of many zeros at the beginning of a series above zero."""
    none = np.zeros(0, dtype=np.intp)
    places = np.flatnonzero(np.isfinite(values))
    present = values[places]
    nonzero = np.flatnonzero(present)
    if not len(nonzero) or nonzero[0] < MIN_LEADING_ZEROS:
        return none
    rest = present[nonzero[0] :]
    # Zeros and ones, and small counts, may well begin with zeros.
    if rest.min() <= 0 or set(np.unique(rest)) <= {0.0, 1.0}:
        return none
    is_level = rest[0] > 0.05 * np.median(rest)
    return places[: nonzero[0]] if is_level else none


def stray_zeros(values: Floats) -> npt.NDArray[np.intp]:
    """Return the places of zeros that stand for missing values in a series of levels.

    The values before and after them are far from zero, measured by the series' own
    size and steps: an interest rate reaches zero, output does not.
    """
    present = np.flatnonzero(np.isfinite(values))
    is_zero = values[present] == 0
    rest = values[present][~is_zero]
    if not is_zero.any() or is_zero.mean() > MAX_STRAY_ZEROS or len(rest) < MIN_LEVELS:
        return np.zeros(0, dtype=np.intp)
    if rest.min() <= 0 or len(np.unique(rest)) < MIN_LEVELS:
        return np.zeros(0, dtype=np.intp)
    far = max(0.3 * float(np.median(rest)), 15 * float(np.abs(np.diff(rest)).mean()))
    # The first and the last value have only one neighbour.
    place = np.clip(np.cumsum(~is_zero)[is_zero], 0, len(rest))
    before, after = np.maximum(place - 1, 0), np.minimum(place, len(rest) - 1)
    stray = (rest[before] > far) & (rest[after] > far)
    found: npt.NDArray[np.intp] = present[is_zero][stray]
    return found


def _is_open(texts: Collection[str]) -> bool:
    """Return whether some text may be thousands or have three decimals."""
    return any(
        OPEN.fullmatch(_bare(text)[0]) for text in texts if "." in text or "," in text
    )


def _decide(
    texts: Collection[str],
    of_file: Collection[Mark],
    delimiter: str,
    in_order: Sequence[str],
) -> tuple[Notation, bool] | None:
    """Return the notation of a column in which no text proves one, if it is clear."""
    bare = [_bare(text)[0] for text in texts if not is_missing(text)]
    marks = {mark for mark in MARKS if any(mark in text for text in bare)}
    if len(marks) > 1:
        return None
    mark = next(iter(marks))
    other: Mark = "," if mark == "." else "."
    decimals, thousands = Notation(mark), Notation(other)
    whole = sum(mark not in text for text in bare)
    if whole and (steps := _steps(in_order, decimals, thousands)):
        as_decimals, as_thousands = steps
        if as_thousands < 1 < as_decimals:
            return thousands, True
        if as_decimals < 1 < as_thousands:
            return decimals, False
    if of_file and len({*of_file}) == 1:
        known = next(iter(of_file))
        return Notation(known), known != mark
    if whole:
        return None
    # Every number has a mark and three digits after it.
    if mark == ".":
        return (thousands, True) if delimiter == ";" else (decimals, False)
    return (decimals, False) if delimiter == ";" else (thousands, True)


def _steps(
    texts: Sequence[str], decimals: Notation, thousands: Notation
) -> tuple[float, float] | None:
    """Return the largest step in logarithms when read in either notation."""
    largest = []
    for notation in (decimals, thousands):
        values = np.array([_number(text, notation)[0] for text in texts])
        values = values[np.isfinite(values) & (values != 0)]
        if len(values) < 2:
            return None
        largest.append(float(np.abs(np.diff(np.log(np.abs(values)))).max()))
    return largest[0], largest[1]


def _bare(text: str) -> tuple[str, str]:
    """Return a number without spaces, currency and percent signs, and its flag."""
    bare = text.strip().replace("\u2212", "-").replace("\u2013", "-")
    if match := BEHIND.fullmatch(bare):
        bare, flag = match["number"].strip(), match["flag"].strip(" ()[]")
    else:
        flag = ""
    bare = SPACES.sub("", bare).strip("$\u20ac\u00a3\u00a5%")
    if match := IN_BRACKETS.fullmatch(bare):
        bare = f"-{match[1]}"
    return bare, flag


def _number(text: str, notation: Notation) -> tuple[float, str]:
    """Return a text's number and flag; NaN for a missing value, infinity for others."""
    if is_missing(text):
        return math.nan, ""
    if match := MISSING_WITH_FLAG.fullmatch(text.strip()):
        return math.nan, match["flag"]
    if len(text) > MAX_TEXT_LENGTH:
        return math.inf, ""
    bare, flag = _bare(text)
    if is_missing(bare):
        return math.nan, flag
    bare = bare.removeprefix("+")
    whole, mark, fraction = bare.partition(notation.decimal)
    if notation.thousands in fraction or (
        mark
        and not NO_GROUPS.fullmatch(whole)
        and not GROUPS[notation.thousands].fullmatch(whole)
    ):
        return math.inf, flag
    if notation.thousands in whole:
        if not GROUPS[notation.thousands].fullmatch(whole):
            return math.inf, flag
        whole = re.sub(r"[.,]", "", whole)
    plain = f"{whole}.{fraction}" if mark else whole
    if not PLAIN.fullmatch(plain):
        return math.inf, flag
    return float(plain), flag


MARKS: tuple[Mark, Mark] = (".", ",")
WORDS_FOR_MISSING = (
    "|.|..|...|-|--|---|_|:|na|n/a|n.a.|n.a|n/d|nd|n.d.|nan|<na>|null|none|nil|"
    "n/e|s/d|n/s|n.s.|(x)|not available|no data|no value available|"
    "#n/a|#na|#n/a n/a|#value!|#ref!|#div/0!|#num!|missing|(na)|(d)|*|nat|"
    "\u2014|\u2013|\u2010|\u2026|confidential"
)
TRUTHS = (("false", "true"), ("no", "yes"), ("falsch", "wahr"), ("faux", "vrai"))
MISSING = frozenset(WORDS_FOR_MISSING.split("|"))
CODES = np.array(
    [
        *(-9999.0, -999.0, -99999.0, -999999.0, -9999.99, -999.99, -999.9, -99.0),
        *(-8888.0, -888.0, 9999.0, 99999.0, 999999.0, 9999999.0, 999.0),
    ]
)
MIN_LEADING_ZEROS = 4
MIN_LEVELS = 12
MAX_STRAY_ZEROS = 0.2
# Python alone would also read digits of other scripts and `1_000`.
PLAIN = re.compile(r"-?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.I | re.ASCII)
NO_GROUPS = re.compile(r"-?\d*", re.ASCII)
# India writes 12,34,567.
GROUPS = {
    ".": re.compile(r"-?\d{1,3}(\.\d{3})+", re.ASCII),
    ",": re.compile(r"-?(\d{1,3}(,\d{3})+|\d{1,2}(,\d{2})+,\d{3})", re.ASCII),
}
LETTER = re.compile(r"[a-z]", re.I | re.ASCII)
MISSING_WITH_FLAG = re.compile(
    r"(:|\.{2,3}|-|n/a) ?(?P<flag>[a-z]{1,2}|\*)", re.I | re.ASCII
)
# `0.5`, `12.34`, `1234.567`, `1,234.5`, `1,234,567` show that the point is decimal.
PROVES_POINT = re.compile(
    r"-?(0?\.\d+|\d+\.(\d{1,2}|\d{4,})|\d{4,}\.\d+|\d{1,3}(,\d{3})+\.\d*"
    r"|\d{1,3}(,\d{3}){2,}|\d*\.\d+e[+-]?\d+|\d{1,2}(,\d{2})+,\d{3}(\.\d*)?)",
    re.I | re.ASCII,
)
PROVES_COMMA = re.compile(
    r"-?(0?,\d+|\d+,(\d{1,2}|\d{4,})|\d{4,},\d+|\d{1,3}(\.\d{3})+,\d*"
    r"|\d{1,3}(\.\d{3}){2,}|\d*,\d+e[+-]?\d+)",
    re.I | re.ASCII,
)
OPEN = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
# Spaces between thousands, breaking or not, and the apostrophe of Switzerland.
SPACES = re.compile(
    r"(?<=\d)[ \u00a0\u2009\u202f'\u2019](?=\d{3}(\D|$))"
    r"|(?<=[$\u20ac\u00a3])\s+|\s+(?=%)"
)
IN_BRACKETS = re.compile(r"\((\d[\d.,]*)\)", re.ASCII)
BEHIND = re.compile(
    r"(?P<number>.*\d\.?)"
    r"(?P<flag> ?[a-z]{1,3}| ?[*\u2020\u2021r]+[a-z]?| ?[(\[][a-z0-9]{1,2}[)\]]"
    r"| ?[a-z](, ?[a-z]){1,2}| ?[\u00b9\u00b2\u00b3\u2070-\u2079]+| \d\))",
    re.I | re.ASCII,
)
