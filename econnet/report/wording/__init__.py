# mypy: implicit-reexport
# ruff: noqa: F401
"""The sentences of the report, from a forecast alone; no figures or documents here."""

from econnet.core.periods import NOUN
from econnet.core.text import printable
from econnet.models.titles import baseline_title
from econnet.report.wording.event import (
    capitalised,
    contraction_noun,
    event_periods,
    event_title,
    general_event,
    has_passed,
    in_sentence,
    is_chronology,
    is_cumulative,
    outlook_heading,
    question,
    span,
    title,
    when,
)
from econnet.report.wording.formatting import (
    change_percent,
    day_of,
    in_digits,
    large_number,
    number,
    percent,
    percent_range,
    period_name,
    period_short,
    period_text,
    short_day,
    signed_number,
    signed_percent,
    signed_percent_range,
)
from econnet.report.wording.method import (
    attribution,
    caveats,
    citation,
    command,
    credit,
    data,
    figures,
    method,
    pool_sources,
    provenance,
    verification,
)
from econnet.report.wording.outlook import (
    Part,
    change,
    change_note,
    change_parts,
    change_reading,
    change_rows,
    in_decimals,
    shown_curves,
    watch,
    watch_note,
)
from econnet.report.wording.questions import (
    QUESTIONS_HEAD,
    headline_reason,
    question_rows,
)
from econnet.report.wording.ranking import (
    distance,
    dots_alt,
    map_alt,
    name_and_age,
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
from econnet.report.wording.reading import READINGS
from econnet.report.wording.skill_by_day import (
    DAY_HEAD,
    day_note,
    day_rows,
    information_day,
)
from econnet.report.wording.track_record import (
    OTHER_HORIZONS,
    SCORES_EXPLAINED,
    alarm_span,
    by_group,
    by_size,
    contribution_points,
    doubts,
    drivers,
    importance,
    responses,
    signal_counts,
    signalled,
    signals_explained,
    track_record,
    what_if,
)
from econnet.report.wording.verdict import (
    SHORT_PROBABILITY_NOTE,
    OutOfDate,
    Verdict,
    accuracy,
    ahead,
    chance,
    counts,
    dated,
    decision,
    deep_fall,
    growth_heading,
    growth_note,
    illustration,
    last_forecasts,
    outcomes_note,
    position,
    probability_heading,
    probability_note,
    record_counts,
    stale,
    typical_fall,
    verdict,
    without_2020,
)
