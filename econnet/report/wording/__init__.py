# mypy: implicit-reexport
# ruff: noqa: F401
"""The sentences of the report, from a forecast alone; no figures or documents here."""

from econnet.core.periods import NOUN
from econnet.core.text import printable
from econnet.report.wording.formatting import number, odds, percent, signed_percent
from econnet.report.wording.method import (
    attribution,
    caveats,
    citation,
    command,
    credit,
    data,
    figures,
    method,
    provenance,
)
from econnet.report.wording.outlook import change, watch
from econnet.report.wording.ranking import (
    map_alt,
    newest,
    periods,
    ranking_credit,
    ranking_made,
    ranking_title,
    strip_alt,
    strip_heading,
    summary,
    trust,
)
from econnet.report.wording.track_record import (
    SCORES_EXPLAINED,
    SIGNALS_EXPLAINED,
    by_group,
    by_size,
    doubts,
    drivers,
    importance,
    responses,
    signalled,
    track_record,
    what_if,
)
from econnet.report.wording.verdict import (
    Verdict,
    ahead,
    baseline_title,
    chance,
    counts,
    growth_heading,
    made_on,
    position,
    stale,
    verdict,
)
