"""The use case of train, forecast and report: from observations to a `Forecast`.

`prepare` chooses the frequency and builds panel, labels and features; `train` walks
forward through history and trains the final ensemble; `make` puts the answer together.
Only this module knows the whole story.
"""

import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_info, threadpool_limits

from econnet import (
    ensemble,
    explain,
    features,
    importance,
    labels,
    models,
    panel,
    whatif,
)
from econnet.answer import (
    Change,
    DataUsed,
    Doubts,
    Driver,
    Episode,
    Forecast,
    Movement,
    Previous,
    ResponseCurve,
    SeriesUsed,
    Task,
    Weight,
)
from econnet.catalog import FREQUENCIES, Frequency
from econnet.countries import Country
from econnet.errors import DataError
from econnet.evaluation import (
    bootstrap,
    calibration,
    comparison,
    metrics,
    pooling,
    signals,
    walkforward,
)
from econnet.evaluation.baselines import BASELINES, LIGHT, available
from econnet.evaluation.baselines import models as baseline_models
from econnet.evaluation.bootstrap import DRAWS, Resample
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.metrics import Scores
from econnet.evaluation.pooling import Once
from econnet.evaluation.signals import EpisodeCall, Scorecard
from econnet.evaluation.walkforward import Schedule
from econnet.features import ABROAD, PHASE, Features, Floats
from econnet.forecaster import PARTNER, Forecaster, grow
from econnet.importance import Importance
from econnet.labels import Label
from econnet.models import Ahead, Model
from econnet.panel import PERIODS_A_YEAR, Panel
from econnet.sources.observations import Known
from econnet.whatif import Assumption


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything that a task needs of the data, for one country.

    Parameters
    ----------
    origin
        The country's last origin, in which the forecast is made.
    """

    country: Country
    task: Task
    known: Known
    panel: Panel
    label: Label
    features: Features
    origin: pd.Period


def choose_frequency(
    known: Known, country: Country, target: str, label: str
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


def _spans(known: Known, country: Country, target: str) -> dict[Frequency, str]:
    """Return the span of the country's target at each frequency there is."""
    rows = known.series[
        (known.series["country"] == country.alpha3)
        & (known.series["indicator"] == target)
    ]
    return {
        frequency: f"{own['first_period'].min()} to {own['last_period'].max()}"
        for frequency in FREQUENCIES
        if len(own := rows[rows["frequency"] == frequency])
    }


def _what_there_is(
    known: Known, country: Country, target: str, wanted: Sequence[Frequency]
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
    return ", ".join(f"{FREQUENCY_WORDS[it]} ({span})" for it, span in spans.items())


def prepare(
    known: Known, country: Country, task: Task, as_of: pd.Timestamp | None = None
) -> Prepared:
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
    made = features.build(whole, label, task.horizon, task.event)
    origin = made.origins[made.countries == country.alpha3].max()
    return Prepared(country, task, known, whole, label, made, origin)


def for_country(prepared: Prepared, country: Country) -> Prepared:
    """Return the same for another country that the networks learn from as well.

    Raises
    ------
    DataError
        It is not among them, or was never measured.
    """
    label, made = prepared.label, prepared.features
    origins = made.origins[made.countries == country.alpha3]
    measured = prepared.panel.values[label.target]
    if origins.empty or measured.loc[country.alpha3].isna().all():
        raise DataError(
            _nothing_known(prepared.known, country, prepared.task, prepared.panel)
        )
    return replace(prepared, country=country, origin=origins.max())


def _nothing_known(known: Known, country: Country, task: Task, looked: Panel) -> str:
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


def train(
    prepared: Prepared,
    progress: Callable[[float], None] = lambda _: None,
    baselines: Collection[str] | None = None,
) -> Model:
    """Walk forward through history, then train the ensemble that forecasts today.

    Parameters
    ----------
    progress
        Is told the share of the work that is done, from 0 to 1.
    baselines
        Names of `BASELINES` to compare with, by default the light ones. The long-run
        rate is always among them, for skill is measured from it.
    """
    chosen = LIGHT if baselines is None else {*baselines, "base_rate"}
    others = other_horizons(prepared.task)
    done = 0

    def advance(share: float) -> None:
        progress((done + share) / (len(others) + 1))

    record, weighed = replay_and_weigh(prepared, chosen, advance)
    window = final_window(prepared)
    forecaster = learn(prepared, window, record)
    outlook = []
    for horizon in others:
        done += 1
        outlook += _ahead(at_horizon(prepared, horizon), advance)
    progress(1.0)
    return Model(
        forecaster.network,
        forecaster.share,
        window.scaler,
        record,
        fingerprint(prepared),
        tuple(outlook),
        weighed,
    )


def other_horizons(task: Task) -> list[int]:
    """Return the horizons of the outlook beside the task's own."""
    return [it for it in OUTLOOK[task.frequency] if it != task.horizon]


def at_horizon(prepared: Prepared, horizon: int) -> Prepared:
    """Return the same for another horizon, which costs next to nothing."""
    task = replace(prepared.task, horizon=horizon)
    made = features.with_target(prepared.features, horizon, task.event)
    return replace(prepared, task=task, features=made)


def replay(
    prepared: Prepared,
    baselines: Sequence[str],
    progress: Callable[[float], None],
) -> pd.DataFrame:
    """Return the track record of econnet and of baselines; all countries are in it.

    That of an earlier origin is its rows up to there.
    """
    windows = _windows(prepared)
    models_ = models_of(prepared, baselines, _counted(len(windows), progress))
    return _run(windows, models_)


def replay_and_weigh(
    prepared: Prepared,
    baselines: Collection[str],
    progress: Callable[[float], None],
) -> tuple[pd.DataFrame, tuple[Importance, ...]]:
    """Return the track record, and what econnet would lose without each indicator."""
    task = prepared.task
    windows = _windows(prepared)
    models_ = models_of(prepared, baselines, _counted(len(windows), progress))
    probes = importance.probes(windows, prepared.country.alpha3, task.seed)
    said = _said_to(probes, models_)
    own = {
        name: [of[: probe.own] for of, probe in zip(parts, probes, strict=True)]
        for name, parts in said.items()
    }
    told = {name: partial(_recall, parts) for name, parts in own.items()}
    shares = pooling.shares(windows, *_both_log_odds(own))
    mixed = [
        pooling.probability(pooling.mixed(ours, theirs, share))
        for share, ours, theirs in zip(shares, *_both_log_odds(said), strict=True)
    ]
    told["econnet"] = partial(
        _recall, [of[: probe.own] for of, probe in zip(mixed, probes, strict=True)]
    )
    record = _run(windows, {**models_, **told})
    block = max(task.horizon + 1, PERIODS_A_YEAR[task.frequency])
    return record, importance.measured(probes, mixed, block, task.seed)


def _said_to(
    probes: Sequence[importance.Probe], models_: Mapping[str, walkforward.Model]
) -> dict[str, list[Floats]]:
    """Return what the networks and their partner say of every row of the probes."""
    windows = [probe.window for probe in probes]
    return {name: models_[name](windows) for name in ("network", PARTNER)}


def _both_log_odds(
    said: Mapping[str, Sequence[Floats]],
) -> tuple[list[Floats], list[Floats]]:
    ours, theirs = ([*map(pooling.log_odds, said[it])] for it in ("network", PARTNER))
    return ours, theirs


def _recall(forecasts: list[Floats], _: Sequence[walkforward.Window]) -> list[Floats]:
    return forecasts


def _windows(prepared: Prepared) -> list[walkforward.Window]:
    task = prepared.task
    schedule = Schedule(rolling_years=task.rolling_years)
    return walkforward.windows(
        prepared.features, task.frequency, prepared.origin, schedule
    )


def _counted(windows: int, progress: Callable[[float], None]) -> Callable[[int], None]:
    """Return what is told of finished windows, and tells of their share."""
    finished = 0

    def count(more: int) -> None:
        nonlocal finished
        finished += more
        progress(finished / windows)

    return count


def _run(
    windows: Sequence[walkforward.Window], models_: Mapping[str, walkforward.Model]
) -> pd.DataFrame:
    """Return the track record of each model, and which forecasts were signals."""
    record = walkforward.run(windows, models_)
    return record.assign(signal=_signals(windows, record))


def _signals(
    windows: Sequence[walkforward.Window], record: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    """Return which forecasts of a walk-forward run were signals, model by model."""
    ends = np.cumsum([len(window.ahead) for window in windows])[:-1]
    given = [
        signals.given(windows, np.split(said.to_numpy(dtype=float), ends), "f1")
        for _, said in record.groupby("model", sort=False)["probability"]
    ]
    return np.concatenate(given)


def learn(
    prepared: Prepared, window: walkforward.Window, record: pd.DataFrame
) -> Forecaster:
    """Return what forecasts today, trained on all that is known."""
    task = prepared.task
    return Forecaster.learn(window, record, task.members, task.seed)


def _ahead(prepared: Prepared, progress: Callable[[float], None]) -> list[Ahead]:
    """Return the forecast at another horizon; none from too short a history."""
    try:
        record = replay(prepared, ["base_rate"], progress)
        pool = pool_record(prepared.task, record)
    except DataError:
        return []
    forecaster = learn(prepared, final_window(prepared), record)
    return ahead(prepared, forecaster, record, pool)


def ahead(
    prepared: Prepared,
    forecaster: Forecaster,
    record: pd.DataFrame,
    pool: "PoolRecord",
) -> list[Ahead]:
    """Return a forecast in short; none where no past one of the country is scored."""
    said = _said_today(final_window(prepared), forecaster, pool)
    return _summary(prepared, *said, record)


def _summary(
    prepared: Prepared,
    probability: float,
    interval: tuple[float, float],
    record: pd.DataFrame,
) -> list[Ahead]:
    """Return a forecast in short; none where no past one of the country is scored."""
    task, alpha3 = prepared.task, prepared.country.alpha3
    scored = record[record["outcome"].notna() & (record["country"] == alpha3)]
    if scored.empty:
        return []
    period = str(prepared.origin + task.horizon)
    scores = _scores_by_model(scored)["econnet"]
    rate = _base_rate(prepared)
    return [Ahead(alpha3, task.horizon, period, probability, interval, rate, scores)]


def _base_rate(prepared: Prepared) -> float:
    """Return how often what is forecast has been in the country's past."""
    alpha3, made = prepared.country.alpha3, prepared.features
    if prepared.task.event == "at":
        return float(prepared.label.values.loc[alpha3].mean())
    return float(np.nanmean(made.y[made.countries == alpha3]))


def _said_today(
    window: walkforward.Window, forecaster: Forecaster, pool: "PoolRecord"
) -> tuple[float, tuple[float, float]]:
    """Return the probability of the window's one row, and its 90% interval."""
    said = forecaster.members(window.X_ahead)
    return float(ensemble.pooled(said)[0]), pool.maps.interval(said[:, 0])


def models_of(
    prepared: Prepared,
    baselines: Collection[str],
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, walkforward.Model]:
    """Return the models that a walk-forward run can forecast with: `econnet` first.

    Then the networks alone, their partner among the baselines, whether asked for or
    not, and those of the baselines that the data allow. `progress` is told how many
    windows the networks have finished.
    """
    networks = Once(
        ensemble.model(WALK_FORWARD_MEMBERS, prepared.task.seed, progress=progress)
    )
    names = [
        name
        for name in available(prepared.features)
        if name in baselines or name == PARTNER
    ]
    others = baseline_models(names)
    return {
        "econnet": pooling.weighted(networks, others[PARTNER]),
        "network": networks,
        **others,
    }


def fingerprint(prepared: Prepared) -> str:
    """Return what a model must have been trained for, to fit.

    Countries that learn together and have the same origin can share one.
    """
    shared = prepared.task.pool == "all" and prepared.task.label != "nber"
    whose = str(prepared.origin) if shared else prepared.country.alpha3
    subject = (whose, prepared.task)
    return models.fingerprint(prepared.features, subject, version("econnet"))


def stored_model(prepared: Prepared, path: Path) -> Model | None:
    """Return the model in `path` if it fits: same data, task and version.

    Raises
    ------
    ValueError
        The file is not a model, or is damaged.
    """
    try:
        model = models.load(path)
    except FileNotFoundError:
        return None
    return model if model.fingerprint == fingerprint(prepared) else None


def place(known: Known, country: Country, task: Task) -> Path:
    """Return where a task's files stand, below `models` and `reports`: `DEU`, ...

    The country's default task has the plain place, any other a folder of its own.
    """
    if is_usual(task, choose_frequency(known, country, Task.target, Task.label)):
        return Path(country.alpha3)
    return Path(country.alpha3) / task_name(task)


def is_usual(task: Task, frequency: Frequency) -> bool:
    """Say whether a task is the default one where that has this frequency."""
    usual = Task(frequency)
    asked = (task.label, task.frequency, task.horizon, task.event)
    return asked == (usual.label, usual.frequency, usual.horizon, usual.event)


def task_name(task: Task) -> str:
    """Return the name of the folder in which a task's files stand."""
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in task.label)
    return f"{safe}-{task.frequency}-h{task.horizon}-{task.event}"


def final_window(prepared: Prepared) -> walkforward.Window:
    """Return the window of the last origin, with the country's one row ahead."""
    made = prepared.features
    ahead = (made.countries == prepared.country.alpha3) & (
        made.origins == prepared.origin
    )
    return walkforward.window_at(
        made, prepared.origin, ahead, prepared.task.rolling_years
    )


@dataclass(frozen=True, eq=False)
class PoolRecord:
    """What a track record says of all the countries in it together.

    Parameters
    ----------
    metrics, baselines
        Scores of econnet and of each baseline; `None` and none of one country alone.
    maps
        What econnet's probabilities have meant, from which intervals come.
    """

    metrics: Scores | None
    baselines: dict[str, Scores]
    maps: calibration.Maps


def pool_record(task: Task, record: pd.DataFrame) -> PoolRecord:
    """Return what the track record says of all its countries together.

    Raises
    ------
    DataError
        No outcome is known of any forecast in it.
    """
    scored = record[record["outcome"].notna()]
    if scored.empty:
        raise DataError(
            "the track record holds no forecast whose outcome is known: the data are "
            "too short; choose another --label or --frequency"
        )
    alone = len(set(scored["country"])) == 1
    scores = {} if alone else _scores_by_model(scored)
    maps = calibration.maps(
        scored[scored["model"] == "econnet"],
        max(task.horizon + 1, PERIODS_A_YEAR[task.frequency]),
        task.seed,
    )
    return PoolRecord(scores.pop("econnet", None), scores, maps)


def make(
    prepared: Prepared,
    model: Model,
    previous: Previous | None = None,
    assumptions: Sequence[Assumption] = (),
    pool: PoolRecord | None = None,
    forecaster: Forecaster | None = None,
) -> Forecast:
    """Return the answer for the country, and all that is needed to judge it.

    Parameters
    ----------
    previous
        The forecast to compare with; by default that of the replay, one origin before.
    assumptions
        Figures that are supposed to be others, for `what_if`.
    pool
        The `pool_record` of the model, where many countries share it.
    forecaster
        Of the model, likewise.
    """
    country, task, record = prepared.country, prepared.task, model.track_record
    window = final_window(prepared)
    scored = record[record["outcome"].notna()]
    own = scored[scored["country"] == country.alpha3]
    if own.empty:
        raise DataError(
            f"{country.name} has no past forecast whose outcome is known: its data are "
            "too short for a track record; choose another --label or --frequency"
        )
    pool = pool or pool_record(task, record)
    forecaster = forecaster or Forecaster(model.network, grow(window), model.share)
    probability, interval = _said_today(window, forecaster, pool)
    before = previous or _replayed(prepared, record)

    def say(rows: Floats) -> Floats:
        return forecaster.probability(window.scaler.transform(rows))

    with threadpool_limits(1):
        contributions = _contributions(window.X_ahead[0], window, forecaster)
        curves = _response_curves(prepared, window, say, contributions)
        change = (
            _change(prepared, window, forecaster, contributions, before, probability)
            if before
            else None
        )
        supposed = (
            whatif.answer(
                assumptions,
                window,
                say,
                prepared.panel.indicators,
                _newest_levels(prepared),
            )
            if assumptions
            else None
        )
    doubts, comparisons = _judged(own, task)
    card = _scorecard(prepared, record)
    this = _summary(prepared, probability, interval, record)
    others = [it for it in model.outlook if it.country == country.alpha3]
    metrics_of = _scores_by_model(own)
    mine = own[own["model"] == "econnet"]
    return Forecast(
        country=country,
        task=task,
        origin=prepared.origin,
        period=prepared.origin + task.horizon,
        probability=probability,
        interval=interval,
        base_rate=_base_rate(prepared),
        previous_probability=before.probability if before else None,
        change=change,
        outlook=tuple(sorted([*this, *others], key=lambda it: it.horizon)),
        target_title=prepared.panel.indicators[prepared.label.target].title,
        target_unit=prepared.panel.indicators[prepared.label.target].unit,
        meaning=prepared.label.meaning,
        history=_history(prepared),
        track_record=_with_today(record, prepared, probability),
        metrics=metrics_of.pop("econnet"),
        doubts=doubts,
        comparisons=comparisons,
        baselines=metrics_of,
        pool_metrics=pool.metrics,
        pool_baselines=dict(pool.baselines),
        reliability=tuple(
            metrics.reliability_curve(
                mine["probability"].to_numpy(), mine["outcome"].to_numpy()
            )
        ),
        drivers=tuple(_driver(prepared, part) for part in contributions),
        response_curves=curves,
        episodes=_episodes(prepared, record, card.episodes),
        false_alarms=card.alarms_for_nothing,
        data=data_used(prepared),
        versions=_versions(),
        made_at=pd.Timestamp.now("UTC").isoformat(timespec="seconds"),
        what_if=supposed,
        importance=tuple(
            Weight(it.indicator, *_named(prepared, it.indicator), it.loss, it.interval)
            for it in model.importance
        ),
    )


def _scores_by_model(scored: pd.DataFrame) -> dict[str, Scores]:
    """Return the scores of each model, the base rate of the same rows being skill 0."""
    base_rate = scored.loc[scored["model"] == "base_rate", "probability"].to_numpy()
    return {
        str(name): metrics.score(rows, base_rate)
        for name, rows in scored.groupby("model", sort=False)
    }


def _judged(own: pd.DataFrame, task: Task) -> tuple[Doubts, dict[str, Comparison]]:
    """Return how sure econnet's scores are, and how it did beside each baseline."""
    said = {
        str(name): rows["probability"].to_numpy(dtype=float)
        for name, rows in own.groupby("model", sort=False)
    }
    ours = own[own["model"] == "econnet"]
    outcome = ours["outcome"].to_numpy(dtype=float)
    block = max(task.horizon + 1, PERIODS_A_YEAR[task.frequency])
    rng = np.random.default_rng(task.seed)
    drawn = Resample.draw(ours["period"], block, DRAWS, rng)
    ours_said = said["econnet"]
    with threadpool_limits(1):
        areas = drawn.aurocs(ours_said, outcome)
        briers = drawn.means(metrics.brier_costs(ours_said, outcome))
        losses = drawn.means(metrics.log_loss_costs(ours_said, outcome))
        comparisons = {
            name: comparison.compare(ours_said, theirs, outcome, drawn, block)
            for name, theirs in said.items()
            if name in BASELINES
        }
    doubts = Doubts(
        None if np.isnan(areas).all() else bootstrap.interval(areas),
        bootstrap.interval(briers),
        bootstrap.interval(losses),
    )
    return doubts, comparisons


def _scorecard(prepared: Prepared, record: pd.DataFrame) -> Scorecard:
    """Return how econnet's signals met the country's contractions."""
    alpha3, task = prepared.country.alpha3, prepared.task
    own = record[
        (record["model"] == "econnet")
        & (record["country"] == alpha3)
        & record["outcome"].notna()
    ]
    marks = prepared.label.values.loc[[alpha3]]
    return signals.scorecard(own, marks, task.event, PERIODS_A_YEAR[task.frequency])


def _replayed(prepared: Prepared, record: pd.DataFrame) -> Previous | None:
    """Return what econnet said out of sample one origin earlier, if anything."""
    origin = prepared.origin - 1
    rows = record[
        (record["model"] == "econnet")
        & (record["country"] == prepared.country.alpha3)
        & (record["origin"] == origin)
    ]
    if rows.empty:
        return None
    period = origin + prepared.task.horizon
    return Previous(None, origin, period, float(rows["probability"].iloc[0]))


def _contributions(
    x: npt.NDArray[np.float32], window: walkforward.Window, forecaster: Forecaster
) -> list[explain.Contribution]:
    """Return what each indicator adds through the networks, and the trees in one sum.

    They add up to the log-odds of the row less those of an average one.
    """
    weight = pooling.STRETCH * forecaster.share
    found = [
        explain.Contribution(it.indicator, weight * it.log_odds)
        for it in explain.contributions(
            x.astype(np.float64), window, forecaster.network
        )
    ]
    average, now = forecaster.of_trees(np.stack([np.zeros_like(x), x]))
    trees = pooling.STRETCH * (1 - forecaster.share) * float(now - average)
    found.append(explain.Contribution(TREES, trees))
    return sorted(found, key=lambda it: -abs(it.log_odds))


def _change(
    prepared: Prepared,
    window: walkforward.Window,
    forecaster: Forecaster,
    now: Sequence[explain.Contribution],
    before: Previous,
    probability: float,
) -> Change:
    """Return what moved the forecast from `before` to `probability`."""
    made = prepared.features
    then = np.flatnonzero(
        (made.countries == prepared.country.alpha3) & (made.origins == before.origin)
    )
    movements: list[Movement] = []
    if len(then):
        rows = made.X[[then[0], window.ahead[0]]]
        scaled = window.scaler.transform(rows[:1])[0].astype(np.float32)
        added = _contributions(scaled, window, forecaster)
        apart = {it.indicator: it.log_odds for it in now}
        for it in added:
            apart[it.indicator] = apart.get(it.indicator, 0.0) - it.log_odds
        movements = [
            _movement(prepared, rows, indicator, log_odds)
            for indicator, log_odds in apart.items()
            if log_odds != 0
        ]
    figures = sum(it.contribution for it in movements)
    whole = _log_odds(probability) - _log_odds(before.probability)
    return Change(
        made_at=before.made_at,
        origin=str(before.origin),
        period=str(before.period),
        probability=before.probability,
        figures=figures,
        learning=whole - figures,
        movements=tuple(sorted(movements, key=lambda it: -abs(it.contribution))),
    )


def _movement(
    prepared: Prepared, rows: Floats, indicator: str, log_odds: float
) -> Movement:
    """Return what an indicator did between two rows, the earlier first."""
    title, group = _named(prepared, indicator)
    if indicator in DERIVED:
        return Movement(indicator, title, group, "", None, None, log_odds)
    before, after = (explain.newest(row, prepared.features, indicator) for row in rows)
    unit = prepared.panel.indicators[indicator].unit_of_change
    return Movement(indicator, title, group, unit, before, after, log_odds)


def _log_odds(probability: float) -> float:
    held = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(held / (1 - held)))


def _newest_levels(prepared: Prepared) -> dict[str, float]:
    """Return the newest level of each indicator that the country has."""
    levels = prepared.panel.values.loc[prepared.country.alpha3]
    newest = levels.ffill().iloc[-1].dropna()
    return {str(key): float(value) for key, value in newest.items()}


def _with_today(
    record: pd.DataFrame, prepared: Prepared, probability: float
) -> pd.DataFrame:
    """Return the country's track record, today's forecast in it being the final one."""
    own = record[record["country"] == prepared.country.alpha3].drop(columns="country")
    today = (own["model"] == "econnet") & (own["origin"] == prepared.origin)
    return own.assign(
        probability=own["probability"].mask(today, probability)
    ).reset_index(drop=True)


def _history(prepared: Prepared) -> pd.DataFrame:
    """Return the growth of what is labelled, and its contractions, by period."""
    label, frequency = prepared.label, prepared.task.frequency
    rule = labels.RULES.get(label.name)
    year = rule is not None and rule.looks_back is None
    levels = prepared.panel.values[label.target].loc[[prepared.country.alpha3]]
    change = labels.growth(levels, PERIODS_A_YEAR[frequency] if year else 1)
    table = pd.DataFrame(
        {
            "growth": change.droplevel("country"),
            "contraction": label.values.loc[prepared.country.alpha3],
        }
    )
    there = table.dropna(how="all").index
    return table.loc[there.min() : there.max()]


def _episodes(
    prepared: Prepared, record: pd.DataFrame, calls: Sequence[EpisodeCall]
) -> tuple[Episode, ...]:
    """Return every run of contractions, oldest first."""
    called = {call.first: call for call in calls}
    alpha3 = prepared.country.alpha3
    marks = prepared.label.values.loc[alpha3].dropna()
    levels = prepared.panel.values[prepared.label.target].loc[alpha3]
    own = record[(record["model"] == "econnet") & (record["country"] == alpha3)]
    said = own.set_index("period")["probability"]
    run = (marks != marks.shift()).cumsum()
    episodes = []
    for _, months in marks[marks == 1].groupby(run):
        first, last = months.index[0], months.index[-1]
        before, after = levels.get(first - 1), levels.get(last)
        change = None
        if before is not None and after is not None and pd.notna([before, after]).all():
            change = float(100 * (after / before - 1))
        forecasts = said.reindex(months.index)
        call = called.get(str(first))
        episodes.append(
            Episode(
                first=str(first),
                last=str(last),
                growth_percent=change,
                said_for_first=_or_none(forecasts.iloc[0]),
                highest_said=_or_none(forecasts.max()),
                first_signal=call.first_signal if call else None,
                periods_early=call.periods_early if call else None,
            )
        )
    return tuple(episodes)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _driver(prepared: Prepared, part: explain.Contribution) -> Driver:
    title, group = _named(prepared, part.indicator)
    return Driver(part.indicator, title, group, part.log_odds)


def _named(prepared: Prepared, indicator: str) -> tuple[str, str]:
    """Return the title and the group of an indicator, or of what is made of others."""
    if indicator in DERIVED:
        return DERIVED[indicator]
    measured = prepared.panel.indicators[indicator]
    return measured.title, measured.group


def _response_curves(
    prepared: Prepared,
    window: walkforward.Window,
    say: explain.Say,
    contributions: Sequence[explain.Contribution],
) -> tuple[ResponseCurve, ...]:
    """Return the curves of the indicators that contribute most."""
    measured = [part for part in contributions if part.indicator not in DERIVED]
    curves = []
    for part in measured[:RESPONSE_CURVES]:
        indicator = prepared.panel.indicators[part.indicator]
        found = explain.response(window, say, part.indicator)
        curves.append(
            ResponseCurve(
                indicator=indicator.key,
                title=indicator.title,
                unit=indicator.unit_of_change,
                values=tuple(found.values.tolist()),
                probabilities=tuple(found.probabilities.tolist()),
                current=found.current,
            )
        )
    return tuple(curves)


def data_used(prepared: Prepared) -> DataUsed:
    """Return the series behind the forecast, and when the next figure is due."""
    alpha3, label = prepared.country.alpha3, prepared.label
    used = {column.indicator for column in prepared.features.columns} | {label.target}
    chosen = prepared.panel.series
    chosen = chosen[(chosen["country"] == alpha3) & chosen["indicator"].isin(used)]
    about = chosen.rename(columns={"native_frequency": "frequency"}).merge(
        prepared.known.series,
        on=["country", "indicator", "source", "series_id", "frequency"],
    )
    series = tuple(_series_used(prepared, row) for _, row in about.iterrows())
    newest = prepared.panel.known_at[label.target].loc[alpha3].dropna().index[-1]
    history = prepared.label.values.loc[alpha3].dropna()
    return DataUsed(
        source=prepared.known.source,
        as_of=str(prepared.panel.as_of.date()),
        first_period=str(history.index[0]),
        last_period=str(newest),
        next_due=_next_due(prepared, label.target),
        n_countries=len(set(prepared.features.countries)),
        share_in_real_time=prepared.panel.only(alpha3).share_in_real_time,
        series=series,
    )


def _next_due(prepared: Prepared, indicator: str) -> str:
    """Return the day on which an indicator's next figure is due, by the last one."""
    known_at = prepared.panel.known_at[indicator].loc[prepared.country.alpha3].dropna()
    newest = known_at.index[-1]
    lag = known_at.iloc[-1] - newest.end_time.normalize()
    return str(((newest + 1).end_time.normalize() + lag).date())


def _series_used(prepared: Prepared, about: "pd.Series[Any]") -> SeriesUsed:
    """Return a series as the report shows it, at the panel's frequency."""
    key = about["indicator"]
    values = prepared.panel.values[key].loc[prepared.country.alpha3].dropna()
    return SeriesUsed(
        indicator=key,
        title=prepared.panel.indicators[key].title,
        source=about["source"],
        series_id=about["series_id"],
        unit=about["unit"],
        frequency=about["frequency"],
        first_period=about["first_period"],
        last_period=about["last_period"],
        last_value=float(values.iloc[-1]),
        rights=about["rights"],
        attribution=about["attribution"],
        retrieved_at=str(about["retrieved_at"].date()),
        next_due=_next_due(prepared, key),
        recent_periods=tuple(str(period) for period in values.index[-RECENT:]),
        recent=tuple(values.iloc[-RECENT:].tolist()),
    )


def _versions() -> dict[str, str]:
    """Return the versions, and the BLAS kernel, on which the last bits depend."""
    found = {
        name: version(name) for name in ("econnet", "numpy", "pandas", "scikit-learn")
    }
    blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    kernels = sorted(
        {f"{pool['internal_api']} {pool['architecture']}" for pool in blas}
    )
    return {"python": platform.python_version(), **found, "blas": ", ".join(kernels)}


FREQUENCY_WORDS: Mapping[Frequency, str] = {
    "A": "annual",
    "Q": "quarterly",
    "M": "monthly",
}

WALK_FORWARD_MEMBERS = 4
RESPONSE_CURVES = 6
# Newest values of a series that the report draws beside its name.
RECENT = 40
# Horizons that are forecast beside the one that is asked for.
OUTLOOK: Mapping[Frequency, tuple[int, ...]] = {
    "A": (1, 2),
    "Q": (1, 2, 3, 4),
    "M": (1, 3, 6, 12),
}

TREES = "trees"

# Drivers that are made from labels and other countries, with title and group.
DERIVED: Mapping[str, tuple[str, str]] = {
    PHASE: ("Phase and past contractions", "cycle"),
    ABROAD: ("Growth abroad", "abroad"),
    explain.MISSING: ("Figures that are missing", "data"),
    TREES: ("Extra trees, all figures", "trees"),
}
