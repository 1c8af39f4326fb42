"""Walk-forward evaluation: the forecasts of each past origin, as of that origin.

A *window* is one refit. It learns from the rows whose target was known on the last day
of its origin, with a scaler fitted on those rows alone, and forecasts the origins from
there up to the next refit. Every model gets the same windows. The out-of-sample
forecasts of all windows are the *track record*.

Windows expand, each learning from all that the ones before it did, unless a `Schedule`
lets them roll.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from econnet.models.windows import Model, Window


def forecast_windows(
    windows: Sequence[Window], models: Mapping[str, Model]
) -> pd.DataFrame:
    """Return the track record of each model over the windows.

    Returns
    -------
    DataFrame
        One row a model, country and origin: `model, country, origin, period, horizon,
        probability, outcome`; the outcome is missing where it is not known yet.
    """
    features = windows[0].features
    ahead = np.concatenate([window.ahead for window in windows])
    origins = features.origins[ahead]
    rows = pd.DataFrame(
        {
            "country": features.index.get_level_values("country")[ahead],
            "origin": origins,
            "period": origins + features.horizon,
            "horizon": features.horizon,
            "outcome": np.concatenate([window.outcome for window in windows]),
        }
    )
    records = [
        rows.assign(model=name, probability=np.concatenate(model(windows)))
        for name, model in models.items()
    ]
    return pd.concat(records, ignore_index=True)[
        ["model", "country", "origin", "period", "horizon", "probability", "outcome"]
    ]
