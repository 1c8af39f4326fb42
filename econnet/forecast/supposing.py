"""Forecasts under assumptions, for a process that makes many of them.

They need the newest values, the fitted models and the calibration, but not the data. A
finished forecast and its model contain all of these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from econnet.core.types import Floats
from econnet.evaluation.calibration import CalibrationDraws
from econnet.forecast import saved_model, training
from econnet.forecast.country import Shared
from econnet.forecast.explain import drivers, what_if
from econnet.forecast.explain.newest_values import NewestValues
from econnet.forecast.explain.what_if import Assumption
from econnet.forecast.finished import Finished
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import WhatIf
from econnet.models import combination
from econnet.models.combination import CombinedForecaster
from econnet.runtime.blas import one_blas_thread


@dataclass(frozen=True)
class SupposedForecast:
    """The forecast under assumptions, and the 90% interval of its probability."""

    effect: WhatIf
    interval: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Supposing:
    """What forecasts under assumptions are made from.

    Parameters
    ----------
    values, runs
        As those of `Finished`.
    draws
        The calibration maps of the track record.
    """

    values: NewestValues
    forecaster: CombinedForecaster
    draws: CalibrationDraws
    runs: float

    @classmethod
    def of(cls, prepared: PreparedTask, shared: Shared) -> "Supposing":
        """Return it for a prepared task, with what was learned from it."""
        values, draws = drivers.newest_values(prepared), shared.pool.calibration
        return cls(values, shared.forecaster, draws, shared.runs)

    @classmethod
    def of_finished(cls, found: Finished, file: Path) -> "Supposing | None":
        """Return it for a finished forecast with the model in a file.

        `None` if the model cannot be read or lacks a part that is fitted to the data.
        """
        try:
            model = saved_model.load(file)
        except (OSError, ValueError):
            return None
        used = combination.used_partners(model.weights)
        if model.calibration is None or not used.keys() <= model.partners.keys():
            return None
        forecaster = CombinedForecaster.combined(
            model.network, model.partners, model.weights, model.scaler
        )
        return cls(found.values, forecaster, model.calibration, found.runs)

    def under(self, assumptions: Sequence[Assumption]) -> SupposedForecast:
        """Return the forecast if the newest values of some indicators changed."""
        forecaster = self.forecaster

        def end(position: int, rows: Floats) -> Floats:
            forecasts = training.with_intervals(rows, forecaster, self.draws, self.runs)
            return np.array([interval[position] for _, interval in forecasts])

        with one_blas_thread():
            effect, low, high = (
                what_if.under_assumptions(
                    assumptions, self.values, forecaster.scaler, function
                )
                for function in (
                    forecaster.probability,
                    lambda rows: end(0, rows),
                    lambda rows: end(1, rows),
                )
            )
        return SupposedForecast(effect, (low.probability, high.probability))
