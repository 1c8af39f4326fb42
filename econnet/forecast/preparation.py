"""Preparation: the panel, labels and features of a task, from the observations.

Also chooses the frequency that suits a country and a label. Errors name what a country
lacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from econnet.core.countries import UNIONS, Country
from econnet.core.errors import DataError
from econnet.core.period_days import END, DayOfPeriod
from econnet.core.periods import FREQUENCIES, FREQUENCY_WORDS, Frequency
from econnet.core.task import Event, Task
from econnet.data import panel
from econnet.data.cycle import chronologies, labels
from econnet.data.cycle.labels import Label
from econnet.data.features import design_matrix
from econnet.data.features.design_matrix import DesignMatrix
from econnet.data.panel import Panel
from econnet.data.sources.observations import Dataset
from econnet.forecast import information_date
from econnet.forecast.information_date import InformationState
from econnet.forecast.pools import learns_alone


@dataclass(frozen=True, eq=False)
class PreparedTask:
    """The data that a task needs, for one country.

    Parameters
    ----------
    alone
        Whether the country is trained alone, or with the others in the panel.
    origin
        The country's last one, in which the forecast is made.
    state
        The date of the forecast, and the day up to which values are used.
    released
        The releases of the country's series, as `information_date.releases` returns
        them; empty where past forecasts are made.
    """

    country: Country
    task: Task
    alone: bool
    known: Dataset
    panel: Panel
    label: Label
    features: DesignMatrix
    origin: pd.Period
    state: InformationState
    released: pd.DataFrame


def choose_frequency(
    known: Dataset, country: Country, target: str, label: str
) -> Frequency:
    """Return the frequency that suits the country's data and the label.

    A chronology's own; else quarterly, if the target is known quarterly, or annual. A
    quarterly history of less than `MIN_QUARTERLY_YEARS` gives way to a longer annual
    one. `DataError` is raised if the target is not known at a frequency of the label.
    """
    if label in chronologies.load():
        if country.alpha3 != chronologies.load()[label].country:
            raise DataError(labels.wrong_economy(label))
        return chronologies.load()[label].frequency
    allowed = labels.RULES[label].frequencies if label in labels.RULES else FREQUENCIES
    spans = _spans(known, country, target)
    finest = _finest(spans)
    by_preference: list[Frequency] = ["Q", "A", "M"]
    if "A" in allowed and _is_short_by_quarters(spans):
        by_preference.remove("Q")
    for frequency in by_preference:
        if frequency in allowed and FREQUENCIES.index(frequency) <= finest:
            return frequency
    raise DataError(_missing_target(known, country, target, allowed))


def _is_short_by_quarters(spans: Mapping[Frequency, str]) -> bool:
    """Return whether the quarterly history is short and the annual one is longer."""
    years = {frequency: _years(span) for frequency, span in spans.items()}
    annual = years.pop("A", 0)
    return max(years.values(), default=0) < min(annual, MIN_QUARTERLY_YEARS)


def _years(span: str) -> int:
    """Return the years from the first period of a span to the last."""
    first, _, last = span.partition(" to ")
    return int(last[:4]) - int(first[:4])


def _finest(spans: Mapping[Frequency, str]) -> int:
    """Return the position of the finest frequency in `FREQUENCIES`, -1 for none."""
    return max((FREQUENCIES.index(frequency) for frequency in spans), default=-1)


def _spans(known: Dataset, country: Country, target: str) -> dict[Frequency, str]:
    """Return the span of the country's target at each frequency of its series."""
    rows = known.series[
        (known.series["country"] == country.alpha3)
        & (known.series["indicator"] == target)
    ]
    by_frequency = {key: rows[rows["frequency"] == key] for key in FREQUENCIES}
    return {
        frequency: f"{series['first_period'].min()} to {series['last_period'].max()}"
        for frequency, series in by_frequency.items()
        if len(series)
    }


def _missing_target(
    known: Dataset, country: Country, target: str, wanted: Sequence[Frequency]
) -> str:
    """Return the error of a missing target, with what to choose instead."""
    spans = _spans(known, country, target)
    if not spans:
        of_country = known.series["country"] == country.alpha3
        names = sorted(known.series.loc[of_country, "indicator"].unique())[:6]
        others = f"only {', '.join(names)}" if names else "and no other series"
        return (
            f"{country.name} has no {target} in the {known.source}, {others}: choose "
            "another --target, run `econnet fetch`, or use a file with --data"
        )
    asked = " or ".join(FREQUENCY_WORDS[frequency] for frequency in wanted)
    return (
        f"{country.name} has no {asked} {target} in the {known.source}, only "
        f"{_in_words(spans)}: choose --frequency {' or '.join(spans)}, or another "
        "--label"
    )


def _in_words(spans: Mapping[Frequency, str]) -> str:
    return " and ".join(
        f"{FREQUENCY_WORDS[frequency]} ({span})" for frequency, span in spans.items()
    )


def prepare(
    known: Dataset,
    country: Country,
    task: Task,
    as_of: pd.Timestamp | None = None,
    sharing: Sequence[PreparedTask] = (),
) -> PreparedTask:
    """Return the panel, labels and features for a forecast, on its information date.

    `as_of` is a moment of the task's date `as_of`. The data are those of the latest
    fixed day. Where one of `sharing` has the same data and the country, the panel is
    taken from it, and for the same task everything else as well. `DataError` is raised
    if the country lacks what the task needs.
    """
    as_of = _moment(task, as_of)
    alone = learns_alone(country, task, known, as_of)
    released = information_date.releases(known, country, task, as_of, alone=alone)
    state = information_date.information_state(released, task, as_of)
    if not (released["known_at"] <= state.until).any():
        raise DataError(_nothing_known(known, country, task, state.date))
    until = state.until if as_of is None else min(state.until, as_of)
    values: Panel | None = None
    for other in sharing:
        if not (
            _has_panel_of(other, task, until)
            and state.shares_data_with(other.state)
            and alone == other.alone
            and country.alpha3 in other.features.countries
        ):
            continue
        if replace(other.task, as_of=task.as_of) == task:
            return replace(for_country(other, country), state=state, released=released)
        values = other.panel
    if values is None:
        values = _panel(known, country, task, alone, state, until)
    return _prepared(known, country, task, alone, state, values, released)


def _has_panel_of(other: PreparedTask, task: Task, until: pd.Timestamp) -> bool:
    """Return whether the panel of another task is that of this one, at a moment."""
    return other.panel.as_of == until and (
        (other.task.frequency, other.task.vintages) == (task.frequency, task.vintages)
    )


def prepare_backtest(
    known: Dataset, country: Country, task: Task, day: DayOfPeriod | None = None
) -> PreparedTask:
    """Return the panel, labels and features for past forecasts, with all outcomes.

    `day` is the day of each period on which they are made, by default the last.
    """
    as_of = _moment(task, None)
    day = day or END[task.frequency]
    date = as_of or known.observations["retrieved_at"].max()
    state = InformationState(date.normalize(), day, date.normalize())
    alone = learns_alone(country, task, known, as_of)
    values = _panel(known, country, task, alone, state, as_of)
    return _prepared(known, country, task, alone, state, values, pd.DataFrame())


def _moment(task: Task, as_of: pd.Timestamp | None) -> pd.Timestamp | None:
    if as_of is None and task.as_of is not None:
        return pd.Timestamp(task.as_of)
    return as_of


def _panel(
    known: Dataset,
    country: Country,
    task: Task,
    alone: bool,
    state: InformationState,
    until: pd.Timestamp | None,
) -> Panel:
    """Return the values known at a moment, of all countries trained together."""
    observations = known.observations
    if until is None:
        until = observations["retrieved_at"].max()
    if alone:  # the panel of one country needs no series of others
        own = observations[observations["country"] == country.alpha3]
        if not own.empty:
            observations = own
    try:
        values = panel.build(
            observations, task.frequency, until, known.indicators, task.vintages
        )
    except DataError as error:
        if len(observations) == len(known.observations):
            raise
        raise DataError(_nothing_known(known, country, task, state.date)) from error
    if country.alpha3 not in values.countries:
        raise DataError(_nothing_known(known, country, task, state.date))
    return values.only(country.alpha3) if alone else values.without(UNIONS)


def _prepared(
    known: Dataset,
    country: Country,
    task: Task,
    alone: bool,
    state: InformationState,
    values: Panel,
    released: pd.DataFrame,
) -> PreparedTask:
    """Return labels and features from the values of a panel."""
    label = labels.apply(values, task.label, task.target)
    if not label.values.loc[country.alpha3].notna().any():
        raise DataError(_nothing_known(known, country, task, state.date))
    if values.only(country.alpha3).values.get(label.target) is None:
        raise DataError(_missing_target(known, country, label.target, [task.frequency]))
    forecasts = known.professional_forecasts
    design = design_matrix.build(
        values,
        label,
        task.horizon,
        task.event,
        state.day,
        forecasts[forecasts["known_at"] <= values.as_of],
    )
    origin = design.origins[design.countries == country.alpha3].max()
    return PreparedTask(
        country, task, alone, known, values, label, design, origin, state, released
    )


def for_country(prepared: PreparedTask, country: Country) -> PreparedTask:
    """Return the same for another country of the panel.

    `DataError` is raised if it has no features, or its target was never measured.
    """
    label, design = prepared.label, prepared.features
    origins = design.origins[design.countries == country.alpha3]
    measured = prepared.panel.values[label.target]
    if origins.empty or measured.loc[country.alpha3].isna().all():
        raise DataError(
            _nothing_known(prepared.known, country, prepared.task, prepared.state.date)
        )
    return replace(prepared, country=country, origin=origins.max())


def _nothing_known(
    known: Dataset, country: Country, task: Task, date: pd.Timestamp
) -> str:
    """Return why there is no label: too few values, too rare ones, or not known yet."""
    spans = _spans(known, country, task.target)
    if FREQUENCIES.index(task.frequency) > _finest(spans):
        return _missing_target(known, country, task.target, [task.frequency])
    if task.as_of is None:
        return (
            f"no label {task.label} of {country.name} can be computed: {task.target} "
            f"is {_in_words(spans)}, which has too few usable values; choose another "
            "--label or --target"
        )
    return (
        f"no label {task.label} of {country.name} was known on {date.date()}; "
        f"{task.target} is {_in_words(spans)}: choose a later --as-of, or another "
        "--label"
    )


def at_horizon(
    prepared: PreparedTask, horizon: int, event: Event | None = None
) -> PreparedTask:
    """Return the same for another horizon; only the targets are computed again.

    `event` is by default that of the task.
    """
    task = replace(prepared.task, horizon=horizon, event=event or prepared.task.event)
    design = design_matrix.with_target(prepared.features, horizon, task.event)
    return replace(prepared, task=task, features=design)


# A shorter quarterly record has too few contractions to learn from and to judge by.
MIN_QUARTERLY_YEARS = 10
