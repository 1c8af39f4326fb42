"""Measure how well dating rules find the NBER's turning points, and how soon.

    python benchmarks/dating.py [--json]

Dates US real GDP by quarters and US industrial production by months, from the bundled
snapshot, and compares the turning points with the chronology of the National Bureau of
Economic Research. Peers are the simpler rules of the same package, on the same series.
A turning point counts as found if the rule has one of its kind at most a year away. On
the same series, the rules that later data revise are compared by how many of their
labels are unchanged since they were first known. The last rows give the number of days
from the last day of a peak's quarter until the contraction was known, from today's real
GDP published with its usual lag, and from the committee, which began to announce its
dates in 1980.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from benchmarks import chronology
from benchmarks.rows import Row, as_json
from econnet.core.periods import Frequency
from econnet.data import panel
from econnet.data.cycle import chronologies, labels
from econnet.data.cycle.labels import Label
from econnet.data.sources import snapshot

RULE = "turning-points"
FIRST_ANNOUNCED = pd.Period("1980-01", "M")  # there was no committee before
STOOD = "share of labels unchanged since first known"


@dataclass(frozen=True)
class Work:
    """A series to date, and the rules that are compared on it.

    Parameters
    ----------
    since
        The first period of which turning points are compared: that of the chronology,
        or a year after the series begins.
    """

    name: str
    frequency: Frequency
    target: str
    series_id: str
    since: str
    peers: tuple[str, ...]


WORK = (
    Work(
        "US real GDP, quarterly",
        "Q",
        "real_gdp",
        "GDPC1",
        "1948Q2",
        ("two-quarters", "year-on-year", "negative-growth"),
    ),
    Work(
        "US industrial production, monthly",
        "M",
        "industrial_production",
        "INDPRO",
        "1960-01",
        ("year-on-year", "negative-growth"),
    ),
)


def labelled(work: Work, rule: str) -> Label:
    """Return the labels of the United States by a rule."""
    rows = snapshot.load().observations
    known = panel.build(rows[rows["series_id"] == work.series_id], work.frequency)
    return labels.apply(known, rule, work.target)


def compared(work: Work, rule: str) -> pd.DataFrame:
    """Return the turning points that a rule implies beside those of the NBER."""
    turns = chronology.implied_turning_points(labelled(work, rule).values.loc["USA"])
    turns = turns[turns["period"] >= pd.Period(work.since, work.frequency)]
    official = chronology.nber_turning_points(work.frequency)
    official = official[official["period"] >= pd.Period(work.since, work.frequency)]
    return chronology.compare(turns, official)


def scores(table: pd.DataFrame) -> Mapping[str, float]:
    """Return what share was found, what share of the found is true, and how far off."""
    counts = table["outcome"].value_counts().reindex(["matched", "missed", "extra"])
    matched, missed, extra = counts.fillna(0).tolist()
    return {
        "share of the NBER's turning points found": matched / (matched + missed),
        "share of turning points that are the NBER's": matched / (matched + extra),
        "mean distance of those found, periods": table["periods_late"].abs().mean(),
    }


def ratio(measure: str, mine: float, theirs: float) -> float:
    """Return by how much econnet is better: a share may be higher, a distance lower."""
    return mine / theirs if measure.startswith("share") else theirs / mine


def rows_of(work: Work) -> list[Row]:
    """Return one row a measure and peer."""
    mine = scores(compared(work, RULE))
    return [
        Row(
            work.name,
            measure,
            mine[measure],
            peer,
            theirs,
            ratio(measure, mine[measure], theirs),
            None,
        )
        for peer in work.peers
        for measure, theirs in scores(compared(work, peer)).items()
    ]


def share_that_stood(label: Label) -> float:
    """Return the share of labels that are unchanged since they were first known."""
    known = label.revisions.dropna(subset=["value"])
    first = known.drop_duplicates(["country", "period"]).set_index(
        ["country", "period"]
    )
    today = label.values.dropna()
    return float((first["value"].reindex(today.index) == today).mean())


def revisions_of(work: Work) -> list[Row]:
    """Return how often the rule's labels stood, beside the other revised rules'."""
    mine = share_that_stood(labelled(work, RULE))
    return [
        Row(work.name, STOOD, mine, peer, theirs, ratio(STOOD, mine, theirs), None)
        for peer, rule in labels.RULES.items()
        if rule.looks_ahead is None and peer != RULE
        for theirs in [share_that_stood(labelled(work, peer))]
    ]


def days_to_tell() -> list[Row]:
    """Return how soon each contraction since 1980 that the rule dates was known."""
    label = labelled(WORK[0], RULE)
    known = label.revisions[label.revisions["value"] == 1]
    first_known = known.groupby("period")["known_at"].min()
    rows = []
    recessions = chronologies.load()["nber"].recessions
    for quarters, recession in zip(chronology.NBER_QUARTERS, recessions, strict=True):
        peak, trough = (pd.Period(text, "Q") for text in quarters)
        during = first_known[(first_known.index > peak) & (first_known.index <= trough)]
        if recession.peak < FIRST_ANNOUNCED or during.empty:
            continue
        end = peak.end_time.normalize()
        mine = (during.min() - end).days
        theirs = (recession.peak_announced - end).days
        rows.append(
            Row(
                f"US contraction after {peak}",
                "days from the peak's quarter to its dating",
                mine,
                "NBER",
                theirs,
                theirs / mine,
                None,
            )
        )
    return rows


def dates_as_markdown(work: Work) -> str:
    """Return the turning points side by side, a line each."""
    unit = {"Q": "quarters", "M": "months"}[work.frequency]
    lines = [f"| {work.name} | NBER | {RULE} | {unit} late |", "|---|---|---|---|"]
    for turn in compared(work, RULE).astype(object).to_dict("records"):
        late = turn["periods_late"]
        lines.append(
            f"| {turn['kind']} | {turn['official'] or '-'} | {turn['found'] or '-'} "
            f"| {turn['outcome'] if pd.isna(late) else format(late, '+.0f')} |"
        )
    return "\n".join(lines)


def rows_as_markdown(rows: list[Row]) -> str:
    """Return the comparisons, a line each."""
    lines = [
        "| work | measure | econnet | peer | its value | ratio |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.work} | {row.measure} | {row.econnet:.3g} | {row.peer} "
        f"| {row.peer_value:.3g} | {row.ratio:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Date, compare, and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = [row for work in WORK for row in rows_of(work) + revisions_of(work)]
    rows += days_to_tell()
    if arguments.json:
        print(as_json(rows))
        return
    for work in WORK:
        print(dates_as_markdown(work), end="\n\n")
    print(rows_as_markdown(rows))


if __name__ == "__main__":
    main()
