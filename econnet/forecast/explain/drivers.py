"""Explanation of a forecast: what drives it, what moved it, what would change it.

A `Saying` is one forecast with the models that gave it. It is decomposed in log-odds,
where the contributions of the indicators add up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from econnet.core.log_odds import log_odds
from econnet.core.types import Floats
from econnet.data.features.design_matrix import ABROAD, PHASE
from econnet.forecast.explain import attribution, what_if
from econnet.forecast.explain.importance import Importance
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

    Parameters
    ----------
    window
        Of the last origin, with the country's one row ahead.
    """

    prepared: PreparedTask
    window: Window
    forecaster: CombinedForecaster
    probability: float


def explanation(
    saying: ExplainedForecast,
    before: PreviousForecast | None,
    assumptions: Sequence[Assumption],
    importance: Sequence[Importance] = (),
) -> Explanation:
    """Return why the forecast is what it is, and what would change it.

    Parameters
    ----------
    before
        The forecast that it is compared with.
    assumptions
        Values that are assumed to be different.
    importance
        Of the model's inputs in past forecasts.
    """
    prepared, window = saying.prepared, saying.window
    with one_blas_thread():
        parts = _contributions(saying, window.raw_ahead[0])
        return Explanation(
            drivers=tuple(_driver(prepared, part) for part in parts),
            response_curves=_response_curves(saying, parts),
            change=_change(saying, parts, before) if before else None,
            what_if=(
                what_if.under_assumptions(
                    assumptions,
                    window,
                    saying.forecaster.probability,
                    prepared.panel.indicators,
                    _newest_levels(prepared),
                )
                if assumptions
                else None
            ),
            importance=tuple(
                ImportanceShown(
                    shuffled.indicator,
                    *named(prepared, shuffled.indicator),
                    shuffled.loss,
                    shuffled.interval,
                )
                for shuffled in importance
            ),
        )


def _contributions(
    saying: ExplainedForecast, figures: Floats
) -> list[attribution.Contribution]:
    """Return what each indicator adds through the networks, and the partners as a sum.

    They add up to the log-odds of a row of features less those of an average one.
    """
    window, forecaster = saying.window, saying.forecaster
    scaled = window.scaler.transform(figures[None, :]).astype(np.float32)
    weight = float(pooling.EXTREMIZE * forecaster.weights[0])
    found = [
        attribution.Contribution(part.indicator, weight * part.log_odds)
        for part in attribution.contributions(
            scaled[0].astype(np.float64), window, forecaster.network
        )
    ]
    average, now = forecaster.partner_log_odds(
        np.stack([window.scaler.median, figures]),
        np.concatenate([np.zeros_like(scaled), scaled]),
    )
    found.append(attribution.Contribution(PARTNERS, float(now - average)))
    return sorted(found, key=lambda part: -abs(part.log_odds))


def _driver(prepared: PreparedTask, part: attribution.Contribution) -> Driver:
    title, group = named(prepared, part.indicator)
    return Driver(part.indicator, title, group, part.log_odds)


def named(prepared: PreparedTask, indicator: str) -> tuple[str, str]:
    """Return the title and the group of an indicator, or of what is made of others."""
    if indicator in DERIVED:
        return DERIVED[indicator]
    measured = prepared.panel.indicators[indicator]
    return measured.title, measured.group


def _response_curves(
    saying: ExplainedForecast, parts: Sequence[attribution.Contribution]
) -> tuple[ResponseCurve, ...]:
    """Return the curves of the indicators that contribute most."""
    measured = [part for part in parts if part.indicator not in DERIVED]
    curves = []
    for part in measured[:RESPONSE_CURVES]:
        indicator = saying.prepared.panel.indicators[part.indicator]
        found = attribution.response(
            saying.window, saying.forecaster.probability, part.indicator
        )
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


def _change(
    saying: ExplainedForecast,
    now: Sequence[attribution.Contribution],
    before: PreviousForecast,
) -> ForecastChange:
    """Return what moved the forecast since `before`."""
    prepared, window = saying.prepared, saying.window
    features = prepared.features
    then = np.flatnonzero(
        (features.countries == prepared.country.alpha3)
        & (features.origins == before.origin)
    )
    movements: list[Movement] = []
    if len(then):
        rows = features.X[[then[0], window.ahead[0]]]
        added = _contributions(saying, rows[0])
        apart = {part.indicator: part.log_odds for part in now}
        for part in added:
            apart[part.indicator] = apart.get(part.indicator, 0.0) - part.log_odds
        movements = [
            _movement(prepared, rows, indicator, log_odds)
            for indicator, log_odds in apart.items()
            if log_odds != 0
        ]
    figures = sum(part.contribution for part in movements)
    total = float(
        log_odds(saying.probability, CHANGE_CLIP)
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
    """Return what an indicator did between two rows, the earlier first."""
    title, group = named(prepared, indicator)
    if indicator in DERIVED:
        return Movement(indicator, title, group, "", None, None, log_odds)
    before, after = (
        attribution.newest(row, prepared.features, indicator) for row in rows
    )
    unit = prepared.panel.indicators[indicator].unit_of_change
    return Movement(indicator, title, group, unit, before, after, log_odds)


def _newest_levels(prepared: PreparedTask) -> dict[str, float]:
    """Return the newest level of each indicator that the country has."""
    levels = prepared.panel.values.loc[prepared.country.alpha3]
    newest = levels.ffill().iloc[-1].dropna()
    return {str(key): float(value) for key, value in newest.items()}


RESPONSE_CURVES = 6
# Closer to 0 and 1 than where models are averaged, for a change to lose nothing.
CHANGE_CLIP = 1e-6

PARTNERS = "partners"

# Drivers that are made from labels and other countries, with title and group.
DERIVED: Mapping[str, tuple[str, str]] = {
    PHASE: ("Phase and past contractions", "cycle"),
    ABROAD: ("Growth abroad", "abroad"),
    attribution.MISSING: ("Figures that are missing", "data"),
    PARTNERS: ("Trees, probit and naive Bayes", "partners"),
}
