"""The kind of a column: what it measures, and so how it becomes a feature.

Numbers come first, because a negative number has no logarithm, whatever the name: does
the column cross zero, does it trend, does it return to its mean? Within what the
numbers allow, known ids decide, then whole words of the name and the unit. Parts of
words mean nothing: `registrations` is not a ratio.

A kind is inferred once, from the values known at the first origin (see
`known_at_first_origin`), never from the whole file: otherwise the future would change
the features of the past.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, get_args

import pandas as pd

from econnet.core import catalog
from econnet.core.catalog import Transform
from econnet.data.files import vocabulary
from econnet.data.files.traits import MIN_STEPS, SHARE_OF_RISES, Traits, traits
from econnet.data.files.vocabulary import words_of

Kind = Literal[
    "rate", "index", "flow", "balance", "flag", "growth", "log", "price", "drop"
]
Override = Literal[
    "rate",
    "index",
    "flow",
    "balance",
    "flag",
    "growth",
    "log",
    "price",
    "drop",
    "keep",
    "probability-forecast",
    "growth-forecast",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
OVERRIDES: tuple[Override, ...] = get_args(Override)
FORECASTS = frozenset({"probability-forecast", "growth-forecast"})


@dataclass(frozen=True)
class Inferred:
    """A column's kind, and why; `certain` if it was not inferred from the numbers."""

    kind: Kind
    reason: str
    certain: bool = False


def is_of_united_states(name: str) -> bool:
    """Return whether a name is an id that FRED gives to a series of the United States.

    >>> is_of_united_states("GDPC1"), is_of_united_states("gdp")
    (True, False)
    """
    known = catalog.recognise(name)
    if known is not None and name.strip().casefold() != known.key:
        templates = [each for each in known.series if each.id == name.strip().upper()]
        return any(each.countries == ("USA",) for each in templates)
    return (
        name.strip().casefold() in _ids_of_fred() and name.strip().casefold() != "rpi"
    )


def is_known_id(name: str) -> bool:
    """Return whether a name is the id of a series in a database that econnet knows.

    >>> is_known_id("GDPC1"), is_known_id("Real GDP")
    (True, False)
    """
    bare = name.strip()
    known = catalog.recognise(bare)
    ids = {each.id for each in known.series} if known else set()
    return bare in ids or (bare.isupper() and bare.casefold() in _known_ids())


@cache
def _ids_of_fred() -> frozenset[str]:
    tables = _tables()
    texts = [ids for key in ("fred", "fred_md") for ids in tables[key].values()]
    return frozenset(" ".join(texts).casefold().split())


def infer_kind(name: str, values: pd.DataFrame) -> Kind:
    """Return the likely kind of a column; `values` has `country, period, value`."""
    return infer(name, traits(values)).kind


def infer(
    name: str,
    numbers: Traits,
    *,
    unit: str = "",
    code: int = 0,
    stationary_panel: bool = False,
) -> Inferred:
    """Return the likely kind of a column.

    Parameters
    ----------
    unit
        As the file states it.
    code
        FRED-MD's code of the transform, if the file states it.
    stationary_panel
        Whether most columns of the file are growth rates and differences already.
    """
    if numbers.binary:
        return Inferred("flag", "all values are 0 or 1")
    if code:
        return Inferred(OF_CODE[code], f"the file's transform {code}", certain=True)
    words = words_of(f"{name} {unit}")
    is_money = _is_money(numbers, words)
    if stationary_panel and not numbers.trending and not is_money:
        return Inferred("balance", "stationary, like most of the file")
    if known := _by_id(name, numbers):
        return known
    if vocabulary.is_relative_to_last_year(f"{name} {unit}"):
        return Inferred(
            "drop",
            "it is an index with the previous period or year as 100: subtract 100 and "
            "call it growth",
        )
    if not numbers.positive:
        return _with_negatives(numbers, words)
    if by_words := _by_words(name, numbers, words):
        return by_words
    if numbers.log_like:
        return Inferred("log", "it rises as the logarithm of a growing level does")
    if numbers.trending:
        passes_100 = numbers.low - 0.5 <= 100 <= numbers.high + 0.5
        return Inferred(
            "index" if passes_100 and numbers.high < 1000 else "flow", "it grows"
        )
    if numbers.high <= 100 and numbers.scale_ratio < MAX_SCALE_RATIO:
        return Inferred("rate", "it neither grows nor exceeds 100")
    return Inferred("flow", "its values are above 100")


def is_stationary_panel(columns: Sequence[Traits]) -> bool:
    """Return whether most columns are growth rates and differences already."""
    judged = [each for each in columns if not each.binary and each.n >= MIN_STEPS]
    transformed = sum(
        each.centred and each.stationary and not _is_money(each, frozenset())
        for each in judged
    )
    return len(judged) >= 4 and transformed >= 0.7 * len(judged)


def _is_transformed(numbers: Traits) -> bool:
    """Return whether a rate has been differenced already."""
    return numbers.centred and numbers.persistence < 0.8


def _by_id(name: str, numbers: Traits) -> Inferred | None:
    """Return the kind of a known id, where the numbers allow it."""
    known = catalog.recognise(name)
    kind = _known_ids().get(name.strip().casefold())
    if kind is None and known is not None:
        kind = KIND_OF.get(known.transform)
    kind = kind or _by_pattern(name)
    if kind is None:
        return None
    if kind in GROWING:
        if numbers.share_not_positive > MAX_SHARE_NOT_POSITIVE:
            return None
        if kind == "flow" and numbers.log_like and known is None:
            return None
    if kind == "rate" and _is_transformed(numbers) and numbers.persistence < 0.5:
        return None
    return Inferred(kind, "a known id")


def _by_pattern(name: str) -> Kind | None:
    for pattern, kind in PATTERNS:
        if pattern.fullmatch(name.strip()):
            return kind
    return None


@cache
def _known_ids() -> Mapping[str, Kind]:
    """Return the kind of each id of `known_ids.toml`, in lower case."""
    return {
        name: kind
        for by_kind in _tables().values()
        for kind, ids in by_kind.items()
        for name in ids.casefold().split()
    }


@cache
def _tables() -> Mapping[str, Mapping[Kind, str]]:
    file = resources.files("econnet.data.files").joinpath("known_ids.toml")
    tables: Mapping[str, Mapping[Kind, str]] = tomllib.loads(file.read_text("utf-8"))
    return tables


def _with_negatives(numbers: Traits, words: frozenset[str]) -> Inferred:
    """Return the kind of a column with values at or below zero."""
    if words & vocabulary.GROWTH:
        return Inferred("growth", "its name or unit suggests a growth rate")
    if numbers.share_not_positive <= MAX_SHARE_NOT_POSITIVE and numbers.high > 1000:
        return Inferred("flow", "levels, few of them below zero")
    if _is_money(numbers, words):
        return Inferred(
            "drop",
            "amounts in several currencies that cross zero: give them "
            "as a percentage of GDP",
        )
    one_sided = numbers.low > -10 and not numbers.centred
    if words & vocabulary.RATE and (one_sided or not numbers.stationary):
        return Inferred("rate", "its name suggests a rate")
    return Inferred("balance", "it crosses zero")


def _is_money(numbers: Traits, words: frozenset[str]) -> bool:
    """Return whether values below and above zero are amounts of several countries."""
    amounts = bool(words & vocabulary.MONEY) and not words & vocabulary.RATE
    large = numbers.high > 1000 or amounts
    return not numbers.positive and numbers.scale_ratio > MAX_SCALE_RATIO and large


def _by_words(name: str, numbers: Traits, words: frozenset[str]) -> Inferred | None:
    """Return the kind that whole words of a positive column's name and unit give."""
    small = numbers.high <= 1000
    if words & vocabulary.LOG and numbers.high < 100:
        return Inferred("log", "its name suggests a logarithm")
    if words & vocabulary.INDEX and not words & (vocabulary.GROWTH | vocabulary.GAUGE):
        return Inferred("index", "its name suggests an index")
    if _is_price(name) and not words & vocabulary.GROWTH:
        return Inferred("price", "its name suggests a price or an exchange rate")
    if words & vocabulary.GAUGE and small:
        return Inferred("balance", "its name suggests a diffusion or volatility index")
    if words & vocabulary.GROWTH and small and not _grows_far(numbers):
        return Inferred("growth", "its name or unit suggests a growth rate")
    if words & vocabulary.BALANCE and small and not _grows_far(numbers):
        return Inferred("balance", "its name suggests a balance or gap")
    if words & vocabulary.RATE and small and not _grows_far(numbers):
        return Inferred("rate", "its name suggests a rate or share")
    return None


def _is_price(name: str) -> bool:
    """Return whether a name is that of a price or exchange rate, and of no amount."""
    words = words_of(name)
    if vocabulary.is_exchange_rate(name):
        return True
    return bool(words & vocabulary.PRICE) and not vocabulary.is_output(name)


def _grows_far(numbers: Traits) -> bool:
    """Return whether values multiply along a trend, as no rate does."""
    return (
        numbers.trending
        and numbers.rises >= SHARE_OF_RISES
        and (numbers.high > 100 and numbers.high > 1.5 * numbers.low)
    )


GROWING = frozenset({"flow", "index", "price"})
TRANSFORM: Mapping[Kind, Transform] = {
    "rate": "difference",
    "index": "log-difference",
    "flow": "growth",
    "balance": "level",
    "flag": "level",
    "growth": "level",
    "log": "difference",
    "price": "log-difference",
    "drop": "level",
}
UNIT: Mapping[Kind, str] = {
    "rate": "points",
    "index": "index",
    "flow": "units of the file",
    "balance": "points",
    "flag": "1 or 0",
    "growth": "percent",
    "log": "level, from logarithms",
    "price": "price",
    "drop": "",
}
# Ratios are left out, because a file need not have the denominator.
KIND_OF: Mapping[Transform, Kind] = {
    "difference": "rate",
    "log-difference": "index",
    "growth": "flow",
    "level": "balance",
}
OF_CODE: Mapping[int, Kind] = {
    1: "balance",
    2: "rate",
    3: "rate",
    4: "index",
    5: "index",
    6: "index",
    7: "index",
}
MAX_SHARE_NOT_POSITIVE = 0.05
MAX_SCALE_RATIO = 20.0


KIND_BY_PATTERN: tuple[tuple[str, Kind], ...] = (
    # World Bank: the end of an id is its unit.
    (r"[A-Z]{2}\.[A-Z0-9.]+\.(KD|CD|CN|KN|PP\.KD|PP\.CD)\.(87\.)?ZG", "growth"),
    (r"FP\.CPI\.TOTL\.ZG|NY\.GDP\.DEFL\.KD\.ZG|[A-Z]{2}\.[A-Z0-9.]+\.ZG", "growth"),
    (
        r"B[NX]\.[A-Z0-9.]+\.ZS|NE\.RSB\.GNFS\.ZS|GC\.(BAL|NLD)[A-Z0-9.]*\.ZS",
        "balance",
    ),
    (r"[A-Z]{2}\.[A-Z0-9.]+\.ZS|FR\.INR\.[A-Z]+", "rate"),
    (r"[A-Z]{2}\.[A-Z0-9.]+\.XD(\.WD)?", "index"),
    (r"PA\.NUS\.[A-Z0-9.]+", "price"),
    (
        r"(NY|NE|NV|SP|SL)\.[A-Z0-9.]+\.(KD|CD|CN|KN|PCAP\.[A-Z.]+|TOTL|TOTL\.IN)",
        "flow",
    ),
    # IMF World Economic Outlook: PCH is a change, NGDP percent of GDP.
    (r"[A-Z0-9_]+PCH[AE]?|T[XM]\w*_RPCH", "growth"),
    (r"(BCA|GGXCNL|GGXONLB|GGSB|NGAP)_N?P?GDPD?", "balance"),
    (r"[A-Z]+_NP?GDPD?", "rate"),
    # OECD: the code of a transformation after that of a series.
    (r".+ G[1Y]", "growth"),
    # FRED: spreads between maturities, ratings and the federal funds rate.
    (r"(T|TB|AAA|BAA|COMPA?PF?|CP)\d*[MY]?(S|Y)?\d*[A-Z]*FFM?x?", "balance"),
    (
        r"T\d+Y\d+[YM]M?|T10YIE|(AAA|BAA|DAAA|DBAA|A)\d*10YM?|BAMLH0A0HYM2",
        "balance",
    ),
    (r"D?GS\d+(MO)?|D?TB\d+(MS)?|FEDFUNDS|DFF|MORTGAGE\d+US?", "rate"),
    (r"A\d{3}R[LOP]\w*", "growth"),
    (r"EX[A-Z]{2}US[x]?|EXUS[A-Z]{2}x?|TWEX\w*|DEX\w*", "price"),
    (r"USREC\w*|[A-Z]{3}REC(M|D|DM|P)?", "flag"),
    (r"VIX(CLS)?x?|VXO(CLS)?x?", "balance"),
    (r"S&P[: ]*(500|indust|PE ratio)", "index"),
)
PATTERNS = tuple((re.compile(pattern, re.I), kind) for pattern, kind in KIND_BY_PATTERN)
