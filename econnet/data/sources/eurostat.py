"""Eurostat: one request per data set, for all countries of Europe, without a key.

Eurostat calls Greece `EL` and the United Kingdom `UK`. A query for a large part of a
data set is answered later, at another address, which is refused here; the keys of the
catalog are far below that size.
"""

from functools import partial

from econnet.data.sources import sdmx

SERVICE = sdmx.Service(
    source="eurostat",
    dimensions={
        "namq_10_gdp": ("FREQ", "UNIT", "S_ADJ", "NA_ITEM", "GEO"),
        "sts_inpr_m": ("FREQ", "INDIC_BT", "NACE_R2", "S_ADJ", "UNIT", "GEO"),
        "ei_bssi_m_r2": ("FREQ", "INDIC", "S_ADJ", "GEO"),
        "une_rt_m": ("FREQ", "S_ADJ", "AGE", "UNIT", "SEX", "GEO"),
        "prc_hicp_minr": ("FREQ", "UNIT", "COICOP18", "GEO"),
    },
    areas={"EL": "GRC", "UK": "GBR"},
    parameters={"format": "SDMX_2.1_STRUCTURED"},
)
query = partial(sdmx.query, SERVICE)
