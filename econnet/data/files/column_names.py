"""The names that people and databases give to columns with a role.

Names are compared in lower case and without spaces and punctuation: `Obs. Value`,
`OBS_VALUE` and `obsvalue` are one name.
"""

import re


def folded(name: str) -> str:
    """Return a name in lower case, with letters and digits only."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def is_role(name: str) -> bool:
    """Return whether a name alone says that a column has a role."""
    return folded(name) in ALL_ROLES


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text, for tables of them."""
    return tuple(text.split())


def _names(text: str) -> frozenset[str]:
    return frozenset(words(text))


QUARTERS = _names("quarter qtr q quartal trimestre trim")
MONTHS = _names("month monat mes m\u00eas mois mon mese")
# The first names are the surest.
PERIODS = words(
    "period timeperiod time date observationdate sasdate obsdate obstime datetime "
    "timestamp day yearmonth yearquarter yearqtr month quarter qtr year yyyymm obs "
    "periodstartdate referenceperiod refperiod refdate referencedate dateperiod "
    "fiscalyear financialyear jahr datum zeit quartal monat annee date trimestre "
    "periode fecha "
    "ano año periodo mes anno data anomes index"
)
COUNTRIES = _names(
    "country countryname countrycode countryiso countryiso3 countryiso3code iso iso3 "
    "iso3c iso2 iso2c isocode iso3code iso2code isoalpha3 entity code location "
    "locationcode refarea referencearea geo geography geopoliticalentity area areacode "
    "region regionname economy economycode economyname nation state statename province "
    "territory land pays pais pa\u00eds countryorarea reportingcountry reporter "
    "\u56fd\u5bb6 \u570b\u5bb6 \uad6d\uac00 \u56fd "
    "\u0441\u0442\u0440\u0430\u043d\u0430 kraj \u00fclke "
    "countrycodeiso ccode cntry borrowerscty geotimeperiod statecode fips member firm "
    "company sector"
)
KNOWN_AT = _names(
    "knownat realtimestart realtimestartdate vintagedate vintage releasedate "
    "published publicationdate releaseddate released"
)
VALUES = _names(
    "value obsvalue values observationvalue val obs wert valeur valor osservazione"
)
INDICATORS = _names(
    "indicator indicatorcode indicatorname indicatorid series seriescode seriesname "
    "seriesid variable variablename variablecode subject subjectcode concept measure "
    "item title naitem weosubjectcode subjectdescriptor estimates transaction sto "
    "dataitem category valuevariablelabel "
    "\uacc4\uc815\ud56d\ubaa9"
)
# Attributes of observations, which do not distinguish series.
ATTRIBUTES = _names(
    "flag flags flagcodes obsstatus obsflag status observationstatus decimals decimal "
    "unitmult unitmultiplier powercode powercodecode confstatus conf lastupdate "
    "lastupdated dataflow dataflowid structure structureid structurename action "
    "footnote footnotes note notes comment comments obscomment source sourcename "
    "subjectnotes countryseriesspecificnotes referenceperiodcode scale scalename "
    "specialnotes sourcenote sourceorganization collection timeformat obsconf "
    "embargotime prebreak obsprebreak uomid scalarfactor scalarid dguid vector "
    "coordinate symbol terminated"
)
FREQUENCIES = _names("freq frequency frequencycode frequencyname")
UNITS = _names(
    "unit units unitofmeasure unitmeasure unitcode uom valueunit \ub2e8\uc704"
)
TRANSFORMATIONS = _names("transformation typeoftransformation")
PROJECTIONS = _names("estimatesstartafter")
ALL_ROLES = (
    frozenset(PERIODS)
    | (COUNTRIES - {"land", "member", "sector", "state"})
    | KNOWN_AT
    | frozenset(
        {"value", "obsvalue", "indicatorcode", "indicatorname", "weosubjectcode"}
    )
)
CALENDAR = re.compile(
    r"(year|month|quarter|qtr|day|week|yr|mth|time|t|trend|timetrend|obs|n|index|"
    r"jahr|monat|quartal|a\u00f1o|ano|mes|trimestre)(s|number|no|num|of(the)?year)?"
)
