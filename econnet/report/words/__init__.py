"""Every sentence of the report, in the words of a careful colleague."""

from econnet.report.words.answer import (
    Verdict,
    ahead,
    baseline_title,
    chance,
    contraction_clause,
    counts,
    growth_heading,
    made_on,
    position,
    stale,
    verdict,
)
from econnet.report.words.evidence import (
    SCORES_EXPLAINED,
    drivers,
    responses,
    track_record,
)
from econnet.report.words.method import (
    attribution,
    caveats,
    citation,
    command,
    credit,
    data,
    method,
)
from econnet.report.words.pictures import ALT_TEXTS, alt
from econnet.report.words.plain import (
    NOUN,
    day,
    number,
    odds,
    percent,
    period_in_words,
    printable,
)

__all__ = [
    "ALT_TEXTS",
    "NOUN",
    "SCORES_EXPLAINED",
    "Verdict",
    "ahead",
    "alt",
    "attribution",
    "baseline_title",
    "caveats",
    "chance",
    "citation",
    "command",
    "contraction_clause",
    "counts",
    "credit",
    "data",
    "day",
    "drivers",
    "growth_heading",
    "made_on",
    "method",
    "number",
    "odds",
    "percent",
    "period_in_words",
    "position",
    "printable",
    "responses",
    "stale",
    "track_record",
    "verdict",
]
