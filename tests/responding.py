"""Networks of a small world, and their forecasts for other values of two indicators."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from econnet.core import catalog
from econnet.core.log_odds import probability
from econnet.core.types import Floats
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.forecast.explain.attribution import shift_newest
from econnet.forecast.explain.responsive import responsive
from econnet.forecast.result import Responsive
from econnet.models import network_ensemble
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.windows import Window, window_at
from econnet.network import Network
from tests.builders import world

CATALOG = catalog.load()
CHOSEN = [CATALOG[key] for key in ("real_gdp", "investment")]


def trained(hidden_units: int = 6) -> tuple[Window, Network]:
    """Return the last window of a country, and networks trained on it."""
    known = panel.build(world(countries=3), "Q")
    made = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    origin = made.origins.max()
    window = window_at(
        made, origin, (made.origins == origin) & (made.countries == "FRA")
    )
    options = EnsembleOptions(hidden_units=hidden_units, prior_precision=1.0)
    return window, network_ensemble.fit([window], 3, 0, options).of_inputs()


def forecast(window: Window, network: Network, rows: Floats) -> Floats:
    """Return the networks' probabilities for rows of features."""
    scaled = window.scaler.transform(rows).astype(np.float32)
    return probability(network.logits(scaled)[:, :, 0].astype(float).mean(axis=0))


def exported(window: Window, network: Network) -> Responsive:
    """Return what a page needs to respond to other values of `CHOSEN`."""
    found = responsive(window, network, partial(forecast, window, network), CHOSEN)
    assert found is not None
    return found


def shifted(window: Window, shifts: Sequence[float]) -> Floats:
    """Return the row ahead with the newest values of `CHOSEN` shifted, (1, columns)."""
    rows = window.features.X[window.ahead[:1]]
    for indicator, shift in zip(CHOSEN, shifts, strict=True):
        rows = shift_newest(
            rows, window.features.columns, window.scaler, indicator.key, [shift]
        )
    return rows
