"""The words in names and units of series, and what they mean.

Whole words count, never parts of them: `registrations` is not a ratio. Column names
with a role, such as country and period, are in `column_names`; ids of databases are in
`known_ids.toml`.
"""

import re
from functools import cache
from itertools import pairwise

import pycountry


def words_of(name: str) -> frozenset[str]:
    """Return the whole words of a name, in lower case.

    Pairs of neighbours are words too.

    >>> sorted(words_of("NewCar_pct"))
    ['car', 'car pct', 'new', 'new car', 'pct']
    """
    bare = ID_OF_DBNOMICS.sub("", name)
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare)
    found = re.findall(r"[^\W\d_]+|%", parts.casefold())
    pairs = {f"{one} {two}" for one, two in pairwise(found)}
    ignored = {word for phrase in PHRASES if phrase in pairs for word in phrase.split()}
    return frozenset({*found, *pairs} - ignored)


def is_output(name: str) -> bool:
    """Return whether a name is that of gross domestic product or output.

    >>> is_output("BIP (Mio. EUR)"), is_output("B1GQ"), is_output("output gap")
    (True, True, True)
    """
    found = words_of(name) | {*re.findall(r"[a-z0-9]+", name.casefold())}
    return bool(found & OUTPUT) or any(word in name for word in OUTPUT_EAST_ASIAN)


def is_over_a_year(text: str) -> bool:
    """Return whether a rate of growth is over a year, by its name or unit."""
    found = words_of(text)
    joined = " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
    return bool(found & OVER_A_YEAR) or any(phrase in joined for phrase in YEAR_PHRASES)


def is_relative_to_last_year(text: str) -> bool:
    """Return whether an index sets the period or year before to 100.

    >>> is_relative_to_last_year("Index, previous year = 100")
    True
    >>> is_relative_to_last_year("Index, 2015 = 100")
    False
    """
    return bool(MOVING_BASE.search(text))


def is_exchange_rate(name: str) -> bool:
    """Return whether a name consists of the codes of currencies.

    >>> is_exchange_rate("EURUSD"), is_exchange_rate("usd_jpy"), is_exchange_rate("all")
    (True, True, False)
    """
    parts = [part for part in re.findall(r"[a-z]+", name.casefold()) if part != "fx"]
    codes = [code for part in parts for code in _currencies_in(part)]
    if not parts or "" in codes:
        return False
    return len(codes) > 1 or codes[0] in MAIN_CURRENCIES


def _currencies_in(part: str) -> list[str]:
    """Return the codes of currencies that make a word; an empty text if none do."""
    codes = [part[start : start + 3] for start in range(0, len(part), 3)]
    return codes if {*codes} <= _currencies() else [""]


@cache
def _currencies() -> frozenset[str]:
    return frozenset(each.alpha_3.casefold() for each in pycountry.currencies)


def _words(text: str) -> frozenset[str]:
    return frozenset(part.replace("-", " ") for part in text.split())


GROWTH = _words(
    "growth gy change changes inflation pch pct-change percent-change yoy qoq mom chg "
    "yo-y qo-q mo-m y-y q-q m-m chgpp chgpy wachstum croissance crecimiento "
    "crescimento percentage-change gr"
)
RATE = _words(
    "rate rates yield yields percent percentage pct share shares ratio ratios % "
    "unemployment urate unrate utilization utilisation arbeitslosenquote quote chomage "
    "ch\u00f4mage desempleo desemprego taux tasa taxa zins zinssatz interest"
)
# Words for quantities that are compared with output and are not its growth.
COMPARED = _words("debt account credit gap of-gdp investment saving savings")
BALANCE = _words(
    "spread spreads balance balances surplus deficit gap gaps net saldo solde"
)
MONEY = _words(
    "dollar dollars usd euro euros eur currency lcu million millions billion billions "
    "mio mrd"
)
INDEX = _words("index indices cpi ppi deflator hicp ipc vpi")
PRICE = _words(
    "price prices exchange fx xr forex currency reer neer stock-price share-price "
    "share-prices oil gold exchange-rate fx-rate wechselkurs preise tipo-de "
    "tipo-cambio taxa-de-c\u00e2mbio"
)
GAUGE = _words(
    "vix fear volatility uncertainty sentiment confidence stress anfci nfci pmi"
)
LOG = _words("log ln logs logarithm lgdp lngdp loggdp")
# Phrases whose words do not mean what they would mean alone.
PHRASES = (
    *("balance sheet", "balance sheets", "inflation adjusted", "interest bearing"),
    *("share price", "share prices", "constant price", "constant prices"),
    *("current price", "current prices", "fixed prices", "market price"),
    *("market prices", "basic prices", "year prices", "chained prices"),
    *("comparable prices", "reference prices", "price adjusted"),
)
OUTPUT = _words(
    "gdp bip pib bbp bnp rgdp output pil b1gq bruttoinlandsprodukt domestic-product "
    "produit-int\u00e9rieur produit-interieur producto-interno producto-interior "
    "produto-interno prodotto-interno \u0432\u0432\u043f"
)
OUTPUT_EAST_ASIAN = (
    "\u56fd\u5185\u7dcf\u751f\u7523",
    "\u56fd\u5185\u751f\u4ea7\u603b\u503c",
    "\uad6d\ub0b4\ucd1d\uc0dd\uc0b0",
)
REAL = _words(
    "real constant volume volumes chained reales realer preisbereinigt constantes "
    "constantantes r\u00e9el reel"
)
NOMINAL = _words("nominal current deflator debt share ratio percent credit per-capita")
REAL_GDP = _words(
    "rgdpna rgdpo rgdpe rgdpmad rgdp realgdp gdp_real ngdp_r ny.gdp.mktp.kn "
    "ngdprsaxdcusq routput naexkp01 gdprc ngdp_r_sa_xdc ngdp_r_nsa_xdc ngdp_r_xdc"
)
# Names in the Penn World Table, at prices that are comparable across countries.
COMPARABLE_GDP = _words("rgdpe rgdpo")
GDP_GROWTH = _words("a191rl1q225sbea a191ro1q156nbea ngdp_rpch ny.gdp.mktp.kd.zg")
OVER_A_YEAR = _words("yoy yo-y y-y gy chgpy pcpy yty yoyg ytypct gpsa")
YEAR_PHRASES = (
    "year on year",
    "12 month",
    "twelve month",
    "4 quarter",
    "four quarter",
    "over the year",
    "a year earlier",
    "same period of previous year",
    "year over year",
    "previous year",
    "year ago",
    "vorjahr",
)
MOVING_BASE = re.compile(
    r"(previous|preceding|corresponding|same|last|prior) [^=]{0,60}= ?100"
    r"|\u4e0a(\u5e74|\u6708)(\u540c\u671f|\u540c\u6708)?\)? ?= ?100"
    r"|vor(jahr|monat|periode)[^=]{0,40}= ?100"
    r"|\b[ymq]-1 ?= ?100",
    re.I,
)
# `(Eurostat/une_rt_q/Q.SA.TOTAL.PC_ACT.T.FR)`: provider, dataset and series.
ID_OF_DBNOMICS = re.compile(r"\([^()/ ]+/[^()/ ]+/[^()/ ]+\)")
MAIN_CURRENCIES = frozenset({"usd", "eur", "gbp", "jpy", "chf", "cny"})
