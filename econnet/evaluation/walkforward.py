"""Walk-forward evaluation: the out-of-sample forecasts of all windows in one table.

That table is the *track record*. Each of its forecasts was made by a model that was
fitted to what was known at the window's origin (`econnet.models.windows`).
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
        One row per model, country and origin: `model, country, origin, period, horizon,
        probability, outcome`; unknown outcomes are NaN.
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
