"""European Central Bank: one request per data set, without a key."""

from functools import partial

from econnet.data.sources import sdmx

SERVICE = sdmx.Service(
    source="ecb",
    dimensions={
        "IRS": (
            *("FREQ", "REF_AREA", "IR_TYPE", "TR_TYPE", "MATURITY_CAT"),
            *("BS_COUNT_SECTOR", "CURRENCY_TRANS", "IR_BUS_COV", "IR_FV_TYPE"),
        ),
    },
    accept="application/vnd.sdmx.structurespecificdata+xml;version=2.1",
)
query = partial(sdmx.query, SERVICE)
