"""Preparation: panel, labels and features of a task, from the observations.

This module chooses the frequency that suits a country and a label, and its errors name
what a country lacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from econnet.core.countries import Country
from econnet.core.errors import DataError
from econnet.core.periods import FREQUENCIES, FREQUENCY_WORDS, Frequency
from econnet.core.task import Task
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.cycle.labels import Label
from econnet.data.features import design_matrix
from econnet.data.features.design_matrix import DesignMatrix
from econnet.data.panel import Panel
from econnet.data.sources.observations import Dataset


@dataclass(frozen=True, eq=False)
class PreparedTask:
    """Everything that a task needs of the data, for one country.

    Parameters
    ----------
    origin
        The country's last origin, in which the forecast is made.
    """

    country: Country
    task: Task
    known: Dataset
    panel: Panel
    label: Label
    features: DesignMatrix
    origin: pd.Period


def choose_frequency(
    known: Dataset, country: Country, target: str, label: str
) -> Frequency:
    """Return the frequency that suits the country's data and the label.

    Monthly for `nber`; else quarterly, if the target is known quarterly, or annual.

    Raises
    ------
    DataError
        The target is not known for the country at a frequency that the label takes.
    """
    if label == "nber":
        if country.alpha3 != "USA":
            raise DataError(
                "label nber is the chronology of the United States: choose --country "
                "USA, or another --label"
            )
        return "M"
    wanted = labels.RULES[label].frequencies if label in labels.RULES else FREQUENCIES
    spans = _spans(known, country, target)
    finest = max((FREQUENCIES.index(native) for native in spans), default=-1)
    for frequency in ("Q", "A", "M"):
        if frequency in wanted and FREQUENCIES.index(frequency) <= finest:
            return frequency
    raise DataError(_what_there_is(known, country, target, wanted))


def _spans(known: Dataset, country: Country, target: str) -> dict[Frequency, str]:
    """Return the span of the country's target at each frequency there is."""
    rows = known.series[
        (known.series["country"] == country.alpha3)
        & (known.series["indicator"] == target)
    ]
    by_frequency = {key: rows[rows["frequency"] == key] for key in FREQUENCIES}
    return {
        frequency: f"{found['first_period'].min()} to {found['last_period'].max()}"
        for frequency, found in by_frequency.items()
        if len(found)
    }


def _what_there_is(
    known: Dataset, country: Country, target: str, wanted: Sequence[Frequency]
) -> str:
    """Return that the country lacks the target, and what to choose instead."""
    spans = _spans(known, country, target)
    if not spans:
        have = sorted(
            set(
                known.series.loc[known.series["country"] == country.alpha3, "indicator"]
            )
        )
        there = f"there is {', '.join(have[:6])}" if have else "there is nothing"
        return (
            f"{country.name} has no {target} in the {known.source}; {there}: choose "
            "another --target, run `econnet fetch`, or bring a file with --data"
        )
    asked = " or ".join(FREQUENCY_WORDS[frequency] for frequency in wanted)
    return (
        f"{country.name} has no {asked} {target} in the {known.source}, only "
        f"{_in_words(spans)}: choose --frequency {' or '.join(spans)}, or another "
        "--label"
    )


def _in_words(spans: Mapping[Frequency, str]) -> str:
    return ", ".join(
        f"{FREQUENCY_WORDS[frequency]} ({span})" for frequency, span in spans.items()
    )


def prepare(
    known: Dataset, country: Country, task: Task, as_of: pd.Timestamp | None = None
) -> PreparedTask:
    """Return panel, labels and features for a task, as known on `as_of`.

    Raises
    ------
    DataError
        The country lacks what the task needs.
    """
    whole = panel.build(
        known.observations, task.frequency, as_of, known.indicators, task.vintages
    )
    if country.alpha3 not in whole.countries:
        raise DataError(_nothing_known(known, country, task, whole))
    if task.pool == "own" or task.label == "nber":
        whole = whole.only(country.alpha3)
    label = labels.apply(whole, task.label, task.target)
    if not label.values.loc[country.alpha3].notna().any():
        raise DataError(_nothing_known(known, country, task, whole))
    if whole.only(country.alpha3).values.get(label.target) is None:
        raise DataError(_what_there_is(known, country, label.target, [task.frequency]))
    design = design_matrix.build(whole, label, task.horizon, task.event)
    origin = design.origins[design.countries == country.alpha3].max()
    return PreparedTask(country, task, known, whole, label, design, origin)


def for_country(prepared: PreparedTask, country: Country) -> PreparedTask:
    """Return the same for another country that the networks learn from as well.

    Raises
    ------
    DataError
        It is not among them, or was never measured.
    """
    label, design = prepared.label, prepared.features
    origins = design.origins[design.countries == country.alpha3]
    measured = prepared.panel.values[label.target]
    if origins.empty or measured.loc[country.alpha3].isna().all():
        raise DataError(
            _nothing_known(prepared.known, country, prepared.task, prepared.panel)
        )
    return replace(prepared, country=country, origin=origins.max())


def _nothing_known(known: Dataset, country: Country, task: Task, looked: Panel) -> str:
    """Return why there is no label: never measured so often, or not known yet."""
    spans = _spans(known, country, task.target)
    finest = max((FREQUENCIES.index(native) for native in spans), default=-1)
    if FREQUENCIES.index(task.frequency) > finest:
        return _what_there_is(known, country, task.target, [task.frequency])
    return (
        f"no label {task.label} of {country.name} was known on {looked.as_of.date()}; "
        f"{task.target} is {_in_words(spans)}: choose a later --as-of, or another "
        "--label"
    )


def at_horizon(prepared: PreparedTask, horizon: int) -> PreparedTask:
    """Return the same for another horizon, which costs next to nothing."""
    task = replace(prepared.task, horizon=horizon)
    design = design_matrix.with_target(prepared.features, horizon, task.event)
    return replace(prepared, task=task, features=design)
