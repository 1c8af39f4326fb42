"""International Monetary Fund: quarterly accounts of all countries in one request.

No key is needed. Values are complete numbers: the attribute `SCALE` only says how the
IMF displays them.
"""

from functools import partial

from econnet.data.sources import sdmx, weo

QUARTERLY_ACCOUNTS = "IMF.STA,QNEA"

SERVICE = sdmx.Service(
    source="imf",
    dimensions={
        QUARTERLY_ACCOUNTS: (
            *("COUNTRY", "INDICATOR", "PRICE_TYPE", "S_ADJUSTMENT"),
            *("TYPE_OF_TRANSFORMATION", "FREQUENCY"),
        ),
    },
    areas=weo.AREAS,
)
query = partial(sdmx.query, SERVICE)
