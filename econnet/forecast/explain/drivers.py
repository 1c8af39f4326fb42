"""The explanation of a forecast: drivers, response curves, change and assumptions.

The forecast is decomposed in log-odds, where the indicators' contributions add up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from econnet.core.catalog import Indicator
from econnet.core.log_odds import log_odds
from econnet.core.types import Floats
from econnet.forecast.explain import attribution, responsive, what_if
from econnet.forecast.explain.derived import DERIVED
from econnet.forecast.explain.importance import Importance
from econnet.forecast.explain.newest_values import NewestValues
from econnet.forecast.explain.what_if import Assumption
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import (
    Driver,
    Explanation,
    ForecastChange,
    ImportanceShown,
    Movement,
    PreviousForecast,
    ResponseCurve,
)
from econnet.models import pooling
from econnet.models.combination import CombinedForecaster
from econnet.models.windows import Window
from econnet.runtime.blas import one_blas_thread


@dataclass(frozen=True, eq=False)
class ExplainedForecast:
    """Today's forecast for a country, and the models that gave it.

    `window` is that of the last origin, with the country's one row ahead.
    """

    prepared: PreparedTask
    window: Window
    forecaster: CombinedForecaster
    probability: float


def explanation(
    explained: ExplainedForecast,
    before: PreviousForecast | None,
    assumptions: Sequence[Assumption],
    importance: Sequence[Importance] = (),
) -> Explanation:
    """Return why the forecast is what it is, and what would change it.

    `before` is the forecast that it is compared with.
    """
    prepared, window = explained.prepared, explained.window
    with one_blas_thread():
        parts = _contributions(explained, window.raw_ahead[0])
        return Explanation(
            drivers=tuple(
                Driver(indicator, *title_and_group(prepared, indicator), part)
                for indicator, part in parts.items()
            ),
            response_curves=_response_curves(explained, parts),
            responsive=responsive.responsive(
                window,
                explained.forecaster.network,
                explained.forecaster.probability,
                _measured(explained, parts),
            ),
            change=_change(explained, parts, before) if before else None,
            what_if=(
                what_if.under_assumptions(
                    assumptions,
                    newest_values(prepared),
                    window.scaler,
                    explained.forecaster.probability,
                )
                if assumptions
                else None
            ),
            importance=tuple(
                ImportanceShown(
                    shuffled.indicator,
                    *title_and_group(prepared, shuffled.indicator),
                    shuffled.loss,
                    shuffled.interval,
                )
                for shuffled in importance
            ),
        )


def _contributions(explained: ExplainedForecast, figures: Floats) -> dict[str, float]:
    """Return what each indicator adds through the networks and their partners.

    They add up to the log-odds of a row of features less those of an average one.
    """
    window, forecaster = explained.window, explained.forecaster
    scaled = window.scaler.transform(figures[None, :]).astype(np.float32)
    weight = float(pooling.EXTREMIZE * forecaster.weights["network"])
    parts = attribution.contributions(
        scaled[0].astype(np.float64), window, forecaster.network
    )
    parts = {indicator: weight * part for indicator, part in parts.items()}
    of_partners = _contributions_of_partners(explained, figures, scaled[0])
    for indicator, part in of_partners.items():
        parts[indicator] = parts.get(indicator, 0.0) + part
    return attribution.largest_first(parts)


def _contributions_of_partners(
    explained: ExplainedForecast, figures: Floats, scaled: npt.NDArray[np.float32]
) -> dict[str, float]:
    """Return what each indicator adds through the partners.

    They take both raw and scaled features, which change together.
    """
    window, n_raw = explained.window, len(figures)

    def log_odds_of(rows: Floats) -> Floats:
        raw, inputs = rows[:, :n_raw], rows[:, n_raw:].astype(np.float32)
        return explained.forecaster.partner_log_odds(raw, inputs)

    groups = {
        name: [
            *(place for place in inputs if place < n_raw),
            *(n_raw + place for place in inputs),
        ]
        for name, inputs in attribution.groups_of_inputs(window).items()
    }
    average = np.concatenate([window.scaler.median, np.zeros(len(scaled))])
    today = np.concatenate([figures, scaled])
    return attribution.shapley_values(log_odds_of, average, today, groups)


def title_and_group(prepared: PreparedTask, indicator: str) -> tuple[str, str]:
    """Return the title and the group of an indicator or of a derived driver."""
    if indicator in DERIVED:
        return DERIVED[indicator]
    measured = prepared.panel.indicators[indicator]
    return measured.title, measured.group


def _response_curves(
    explained: ExplainedForecast, parts: Mapping[str, float]
) -> tuple[ResponseCurve, ...]:
    """Return the curves of the indicators that contribute most."""
    return tuple(
        attribution.response_curve(
            explained.window, explained.forecaster.probability, indicator
        )
        for indicator in _measured(explained, parts)[:RESPONSE_CURVES]
    )


def _measured(
    explained: ExplainedForecast, parts: Mapping[str, float]
) -> list[Indicator]:
    """Return the indicators that contribute, the largest part first."""
    indicators = explained.prepared.panel.indicators
    return [indicators[indicator] for indicator in parts if indicator not in DERIVED]


def _change(
    explained: ExplainedForecast,
    now: Mapping[str, float],
    before: PreviousForecast,
) -> ForecastChange:
    """Return what moved the forecast since `before`."""
    prepared, window = explained.prepared, explained.window
    features = prepared.features
    then = np.flatnonzero(
        (features.countries == prepared.country.alpha3)
        & (features.origins == before.origin)
    )
    movements: list[Movement] = []
    if len(then):
        rows = features.X[[then[0], window.ahead[0]]]
        differences = {**now}
        for indicator, part in _contributions(explained, rows[0]).items():
            differences[indicator] = differences.get(indicator, 0.0) - part
        movements = [
            _movement(prepared, rows, indicator, difference)
            for indicator, difference in differences.items()
            if difference != 0
        ]
    figures = sum(part.contribution for part in movements)
    total = float(
        log_odds(explained.probability, CHANGE_CLIP)
        - log_odds(before.probability, CHANGE_CLIP)
    )
    return ForecastChange(
        made_at=before.made_at,
        origin=str(before.origin),
        period=str(before.period),
        probability=before.probability,
        figures=figures,
        learning=total - figures,
        movements=tuple(sorted(movements, key=lambda part: -abs(part.contribution))),
    )


def _movement(
    prepared: PreparedTask, rows: Floats, indicator: str, log_odds: float
) -> Movement:
    """Return how an indicator changed between two rows, the earlier first."""
    title, group = title_and_group(prepared, indicator)
    if indicator in DERIVED:
        return Movement(indicator, title, group, "", None, None, log_odds)
    before, after = (
        attribution.newest(row, prepared.features.columns, indicator) for row in rows
    )
    unit = prepared.panel.indicators[indicator].unit_of_change
    return Movement(indicator, title, group, unit, before, after, log_odds)


def newest_values(prepared: PreparedTask) -> NewestValues:
    """Return what a forecast under assumptions changes."""
    features = prepared.features
    (row,) = np.flatnonzero(
        (features.countries == prepared.country.alpha3)
        & (features.origins == prepared.origin)
    )
    levels = _newest_levels(prepared)
    return NewestValues.of(
        features.X[row], features.columns, prepared.panel.indicators, levels
    )


def _newest_levels(prepared: PreparedTask) -> dict[str, float]:
    """Return the newest level of each indicator that the country has."""
    panel, alpha3 = prepared.panel, prepared.country.alpha3
    newest = {}
    for key in panel.columns:
        # Only the target's newest value is that of a whole period.
        native = panel if key == prepared.label.target else panel.native(alpha3, key)
        levels = native.values[key].loc[alpha3].dropna()
        if len(levels):
            newest[key] = float(levels.iloc[-1])
    return newest


RESPONSE_CURVES = 6
# Nearer 0 and 1 than the clip for averaging models, so that no change is lost.
CHANGE_CLIP = 1e-6
