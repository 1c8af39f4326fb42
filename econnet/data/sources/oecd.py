"""OECD: one request per data flow, for all countries, without a key.

The OECD allows 60 downloads per hour and client; a fetch takes one per flow. Its own
format is the generic one, five times the size of the structure-specific one that is
asked for here.
"""

from functools import partial

from econnet.data.sources import sdmx

QUARTERLY_ACCOUNTS = "OECD.SDD.NAD,DSD_NAMAIN1@DF_QNA,1.1"
LEADING_INDICATORS = "OECD.SDD.STES,DSD_STES@DF_CLI,4.1"
FINANCIAL_MARKET = "OECD.SDD.STES,DSD_STES@DF_FINMARK,4.0"

SHORT_TERM_STATISTICS = (
    *("REF_AREA", "FREQ", "MEASURE", "UNIT_MEASURE", "ACTIVITY"),
    *("ADJUSTMENT", "TRANSFORMATION", "TIME_HORIZ", "METHODOLOGY"),
)
SERVICE = sdmx.Service(
    source="oecd",
    dimensions={
        QUARTERLY_ACCOUNTS: (
            *("FREQ", "ADJUSTMENT", "REF_AREA", "SECTOR", "COUNTERPART_SECTOR"),
            *("TRANSACTION", "INSTR_ASSET", "ACTIVITY", "EXPENDITURE"),
            *("UNIT_MEASURE", "PRICE_BASE", "TRANSFORMATION", "TABLE_IDENTIFIER"),
        ),
        LEADING_INDICATORS: SHORT_TERM_STATISTICS,
        FINANCIAL_MARKET: SHORT_TERM_STATISTICS,
    },
    accept="application/vnd.sdmx.structurespecificdata+xml; charset=utf-8; version=2.1",
)
query = partial(sdmx.query, SERVICE)
