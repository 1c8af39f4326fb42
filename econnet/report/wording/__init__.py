"""The sentences of the report; they read a forecast and the layers below it."""

from econnet.core.periods import NOUN as NOUN
from econnet.core.text import printable as printable
from econnet.report.wording.formatting import (
    number as number,
)
from econnet.report.wording.formatting import (
    odds as odds,
)
from econnet.report.wording.formatting import (
    percent as percent,
)
from econnet.report.wording.formatting import (
    signed_percent as signed_percent,
)
from econnet.report.wording.method import (
    attribution as attribution,
)
from econnet.report.wording.method import (
    caveats as caveats,
)
from econnet.report.wording.method import (
    citation as citation,
)
from econnet.report.wording.method import (
    command as command,
)
from econnet.report.wording.method import (
    credit as credit,
)
from econnet.report.wording.method import (
    data as data,
)
from econnet.report.wording.method import (
    figures as figures,
)
from econnet.report.wording.method import (
    method as method,
)
from econnet.report.wording.method import (
    provenance as provenance,
)
from econnet.report.wording.outlook import (
    change as change,
)
from econnet.report.wording.outlook import (
    watch as watch,
)
from econnet.report.wording.ranking import (
    map_alt as map_alt,
)
from econnet.report.wording.ranking import (
    newest as newest,
)
from econnet.report.wording.ranking import (
    periods as periods,
)
from econnet.report.wording.ranking import (
    ranking_credit as ranking_credit,
)
from econnet.report.wording.ranking import (
    ranking_made as ranking_made,
)
from econnet.report.wording.ranking import (
    ranking_title as ranking_title,
)
from econnet.report.wording.ranking import (
    strip_alt as strip_alt,
)
from econnet.report.wording.ranking import (
    strip_heading as strip_heading,
)
from econnet.report.wording.ranking import (
    summary as summary,
)
from econnet.report.wording.ranking import (
    trust as trust,
)
from econnet.report.wording.track_record import (
    SCORES_EXPLAINED as SCORES_EXPLAINED,
)
from econnet.report.wording.track_record import (
    SIGNALS_EXPLAINED as SIGNALS_EXPLAINED,
)
from econnet.report.wording.track_record import (
    by_group as by_group,
)
from econnet.report.wording.track_record import (
    by_size as by_size,
)
from econnet.report.wording.track_record import (
    doubts as doubts,
)
from econnet.report.wording.track_record import (
    drivers as drivers,
)
from econnet.report.wording.track_record import (
    importance as importance,
)
from econnet.report.wording.track_record import (
    responses as responses,
)
from econnet.report.wording.track_record import (
    signalled as signalled,
)
from econnet.report.wording.track_record import (
    track_record as track_record,
)
from econnet.report.wording.track_record import (
    what_if as what_if,
)
from econnet.report.wording.verdict import (
    Verdict as Verdict,
)
from econnet.report.wording.verdict import (
    ahead as ahead,
)
from econnet.report.wording.verdict import (
    baseline_title as baseline_title,
)
from econnet.report.wording.verdict import (
    chance as chance,
)
from econnet.report.wording.verdict import (
    counts as counts,
)
from econnet.report.wording.verdict import (
    growth_heading as growth_heading,
)
from econnet.report.wording.verdict import (
    made_on as made_on,
)
from econnet.report.wording.verdict import (
    position as position,
)
from econnet.report.wording.verdict import (
    stale as stale,
)
from econnet.report.wording.verdict import (
    verdict as verdict,
)
