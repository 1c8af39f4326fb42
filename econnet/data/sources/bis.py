"""Bank for International Settlements: one request per data set, without a key."""

from functools import partial

from econnet.data.sources import sdmx

SERVICE = sdmx.Service(
    source="bis",
    dimensions={
        "WS_CBPOL": ("FREQ", "REF_AREA"),
        "WS_CREDIT_GAP": (
            *("FREQ", "BORROWERS_CTY", "TC_BORROWERS", "TC_LENDERS", "CG_DTYPE"),
        ),
        "WS_DSR": ("FREQ", "BORROWERS_CTY", "DSR_BORROWERS"),
        "WS_SPP": ("FREQ", "REF_AREA", "VALUE", "UNIT_MEASURE"),
        "WS_TC": (
            *("FREQ", "BORROWERS_CTY", "TC_BORROWERS", "TC_LENDERS"),
            *("VALUATION", "UNIT_TYPE", "TC_ADJUST"),
        ),
    },
)
query = partial(sdmx.query, SERVICE)
