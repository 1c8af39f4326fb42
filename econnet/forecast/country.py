"""The forecast for one country: from prepared data to a `Forecast`.

`train` runs the walk-forward and trains the final ensemble; `make` combines the
forecast with its assessment and its explanation.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from econnet.evaluation import decisions
from econnet.forecast import assessment as forecast_assessment
from econnet.forecast import data_used, provenance, saved_model, track_record, training
from econnet.forecast.assessment import PoolAssessment
from econnet.forecast.explain import drivers
from econnet.forecast.explain.drivers import ExplainedForecast
from econnet.forecast.explain.what_if import Assumption
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import Forecast, GrowthForecast, PreviousForecast, now
from econnet.forecast.saved_model import Model
from econnet.forecast.training import Training, final_window, task_digest
from econnet.models.baselines import LIGHT
from econnet.models.combination import CombinedForecaster
from econnet.models.windows import Window


def train(
    prepared: PreparedTask,
    progress: Callable[[float], None] = lambda _: None,
    baselines: Collection[str] | None = None,
    *,
    outlook: bool = True,
    stored: Model | None = None,
    replayed: PreparedTask | None = None,
) -> Model:
    """Return the model after a walk-forward run and the training of the ensemble.

    `baselines` are by default the light ones; the base rate is always included, as
    skill is relative to it. `outlook`: whether its other horizons are trained too, as
    reports need. `stored` is a model that fits but may lack the outlook. `replayed` is
    a country with newer data whose replay is shared.
    """
    chosen = LIGHT if baselines is None else {*baselines, "base_rate"}
    trained = training.train_group(
        [prepared],
        Training(chosen, importance=True, outlook=outlook),
        find=lambda _: stored,
        progress=progress,
        replayed=replayed,
    )
    return trained[prepared.origin]


def stored_model(prepared: PreparedTask, path: Path) -> Model | None:
    """Return the model in `path` if it fits: same data, task and version.

    Errors are those of `saved_model.load`, except that a missing file gives `None`; a
    file that names unknown models, countries or indicators counts as damaged.
    """
    try:
        model = saved_model.load(path)
    except FileNotFoundError:
        return None
    if model.fingerprint != task_digest(prepared):
        return None
    try:
        saved_model.check_content(model, prepared.features)
    except ValueError as error:
        raise ValueError(f"{path} is a network, but not a model: {error}") from error
    return model


@dataclass(frozen=True, eq=False)
class Shared:
    """What the forecasts of all countries with the same model share.

    `window` is the final window of one of them.
    """

    pool: PoolAssessment
    forecaster: CombinedForecaster
    window: Window

    @cached_property
    def runs(self) -> float:
        """The number of independent runs of contractions that were learned from."""
        return training.independent_runs(self.window)

    @classmethod
    def of(cls, prepared: PreparedTask, model: Model) -> "Shared":
        """Return it for a model; what the model lacks is fitted to the same data."""
        window = final_window(prepared)
        return cls(
            forecast_assessment.assess_pool(
                prepared.task, model.track_record, model.calibration
            ),
            CombinedForecaster.of(model.network, window, model.weights, model.partners),
            window,
        )


def with_decision(forecast: Forecast, cost_ratio: float) -> Forecast:
    """Return the forecast with a decision; a miss costs `cost_ratio` false alarms."""
    record = forecast.track_record
    own = record[record["model"] == "econnet"]
    return replace(forecast, decision=decisions.decide(own, cost_ratio))


def make(
    prepared: PreparedTask,
    model: Model,
    previous: PreviousForecast | None = None,
    assumptions: Sequence[Assumption] = (),
    shared: Shared | None = None,
) -> Forecast:
    """Return the forecast for the country, with its assessment and explanation.

    `previous` is the forecast to compare with, by default the track record's one origin
    earlier; `shared` comes from another country with this model.
    """
    country, task, record = prepared.country, prepared.task, model.track_record
    shared = shared or Shared.of(prepared, model)
    assessment = forecast_assessment.assess(prepared, record, shared.pool)
    window = training.window_of_country(shared.window, prepared)
    forecaster = shared.forecaster
    ((probability, interval),) = training.with_intervals(
        window.raw_ahead, forecaster, shared.pool.calibration, shared.runs
    )
    explanation = drivers.explanation(
        ExplainedForecast(prepared, window, forecaster, probability),
        previous or track_record.replayed(prepared, record),
        assumptions,
        model.importance,
    )
    outlook = training.in_short(prepared, probability, interval, record)
    outlook += [
        ahead for ahead in model.outlook or () if ahead.country == country.alpha3
    ]
    target = prepared.panel.indicators[prepared.label.target]
    return Forecast(
        country=country,
        task=task,
        origin=prepared.origin,
        period=prepared.origin + task.horizon,
        probability=probability,
        interval=interval,
        base_rate=track_record.historical_average(prepared),
        outlook=tuple(sorted(outlook, key=lambda ahead: ahead.horizon)),
        target_title=target.title,
        target_unit=target.unit,
        meaning=prepared.label.meaning,
        history=data_used.history(prepared),
        track_record=track_record.with_today(record, prepared, probability),
        assessment=assessment,
        explanation=explanation,
        data=data_used.data_used(prepared),
        provenance=provenance.of(
            prepared.panel,
            prepared.state.date,
            prepared.known.observations["retrieved_at"].max(),
            model.shared_replay,
        ),
        made_at=now(),
        growth=_growth(window, forecaster),
    )


def _growth(window: Window, forecaster: CombinedForecaster) -> GrowthForecast | None:
    """Return the distribution of growth of the window's one row ahead."""
    growth = forecaster.growth(window.raw_ahead)
    if growth is None:
        return None
    low, median, high = (
        float(growth.quantile(level)[0]) for level in (0.05, 0.5, 0.95)
    )
    return GrowthForecast(low, median, high, float(growth.below(-1.0)[0]))
