"""Explanation of a forecast: what drives it, what moved it, what would change it.

A `Saying` is one forecast with the models that gave it. It is decomposed in log-odds,
where the contributions of the indicators add up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from econnet import explain, whatif
from econnet.answer import (
    Change,
    Driver,
    Explanation,
    Movement,
    Previous,
    ResponseCurve,
    Weight,
)
from econnet.core.log_odds import log_odds
from econnet.core.types import Floats
from econnet.evaluation import pooling, walkforward
from econnet.features import ABROAD, PHASE
from econnet.forecaster import Forecaster
from econnet.importance import Importance
from econnet.preparation import Prepared
from econnet.runtime.blas import one_blas_thread
from econnet.whatif import Assumption


@dataclass(frozen=True, eq=False)
class Saying:
    """Today's forecast for a country, and the models that gave it.

    Parameters
    ----------
    window
        Of the last origin, with the country's one row ahead.
    """

    prepared: Prepared
    window: walkforward.Window
    forecaster: Forecaster
    probability: float


def explanation(
    saying: Saying,
    before: Previous | None,
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
        parts = _contributions(saying, window.figures_ahead[0])
        return Explanation(
            drivers=tuple(_driver(prepared, part) for part in parts),
            response_curves=_response_curves(saying, parts),
            change=_change(saying, parts, before) if before else None,
            what_if=(
                whatif.answer(
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
                Weight(
                    shuffled.indicator,
                    *named(prepared, shuffled.indicator),
                    shuffled.loss,
                    shuffled.interval,
                )
                for shuffled in importance
            ),
        )


def _contributions(saying: Saying, figures: Floats) -> list[explain.Contribution]:
    """Return what each indicator adds through the networks, and the partners as a sum.

    They add up to the log-odds of a row of features less those of an average one.
    """
    window, forecaster = saying.window, saying.forecaster
    scaled = window.scaler.transform(figures[None, :]).astype(np.float32)
    weight = float(pooling.STRETCH * forecaster.weights[0])
    found = [
        explain.Contribution(part.indicator, weight * part.log_odds)
        for part in explain.contributions(
            scaled[0].astype(np.float64), window, forecaster.network
        )
    ]
    average, now = forecaster.of_partners(
        np.stack([window.scaler.median, figures]),
        np.concatenate([np.zeros_like(scaled), scaled]),
    )
    found.append(explain.Contribution(PARTNERS, float(now - average)))
    return sorted(found, key=lambda part: -abs(part.log_odds))


def _driver(prepared: Prepared, part: explain.Contribution) -> Driver:
    title, group = named(prepared, part.indicator)
    return Driver(part.indicator, title, group, part.log_odds)


def named(prepared: Prepared, indicator: str) -> tuple[str, str]:
    """Return the title and the group of an indicator, or of what is made of others."""
    if indicator in DERIVED:
        return DERIVED[indicator]
    measured = prepared.panel.indicators[indicator]
    return measured.title, measured.group


def _response_curves(
    saying: Saying, parts: Sequence[explain.Contribution]
) -> tuple[ResponseCurve, ...]:
    """Return the curves of the indicators that contribute most."""
    measured = [part for part in parts if part.indicator not in DERIVED]
    curves = []
    for part in measured[:RESPONSE_CURVES]:
        indicator = saying.prepared.panel.indicators[part.indicator]
        found = explain.response(
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
    saying: Saying, now: Sequence[explain.Contribution], before: Previous
) -> Change:
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
    return Change(
        made_at=before.made_at,
        origin=str(before.origin),
        period=str(before.period),
        probability=before.probability,
        figures=figures,
        learning=total - figures,
        movements=tuple(sorted(movements, key=lambda part: -abs(part.contribution))),
    )


def _movement(
    prepared: Prepared, rows: Floats, indicator: str, log_odds: float
) -> Movement:
    """Return what an indicator did between two rows, the earlier first."""
    title, group = named(prepared, indicator)
    if indicator in DERIVED:
        return Movement(indicator, title, group, "", None, None, log_odds)
    before, after = (explain.newest(row, prepared.features, indicator) for row in rows)
    unit = prepared.panel.indicators[indicator].unit_of_change
    return Movement(indicator, title, group, unit, before, after, log_odds)


def _newest_levels(prepared: Prepared) -> dict[str, float]:
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
    explain.MISSING: ("Figures that are missing", "data"),
    PARTNERS: ("Trees, probit and naive Bayes", "partners"),
}
