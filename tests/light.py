"""A forecaster that trains in a second, for tests that are not about its accuracy.

`light_forecaster` sets every number that costs time to a small one, in this process:
one network of few units per window, five trees per forest, only the next period in the
outlook. Nothing else changes: the same code runs, on the same data, in the same order.
Models are sent to worker processes with their settings, so they are light there too.

`main` is the command line with these settings, for tests that need a process.
"""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any, cast

import pytest

from econnet.forecast import replay, track_record
from econnet.models import baselines
from econnet.models.baselines import WindowedClassifier
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.windows import Window

# Parameters of scikit-learn's models that decide how long they take.
LIGHT_PARAMETERS: dict[str, dict[str, int]] = {
    "extra_trees": {"n_estimators": 5},
    "random_forest": {"n_estimators": 5},
    "boosting": {"max_iter": 5},
    "mlp": {"n_estimators": 1, "estimator__max_iter": 5},
}
LIGHT_NETWORKS = {"hidden_units": 4, "min_updates": 1}
NEXT_PERIOD_ONLY = {"A": (1,), "Q": (1,), "M": (1,)}


@contextmanager
def light_forecaster(*, outlook: bool = False) -> Iterator[None]:
    """Train lightly in this process; with `outlook`, for every horizon of it."""
    with pytest.MonkeyPatch.context() as patch:
        # The defaults themselves, for instances are made in several modules.
        defaults = tuple(
            LIGHT_NETWORKS.get(field.name, field.default)
            for field in fields(EnsembleOptions)
        )
        patch.setattr(EnsembleOptions.__init__, "__defaults__", defaults)
        patch.setattr(track_record, "WALK_FORWARD_MEMBERS", 1)
        patch.setattr(replay, "MEMBERS", 1)
        patch.setattr(replay, "NETWORKS", replace(replay.NETWORKS, **LIGHT_NETWORKS))
        if not outlook:
            patch.setattr(replay, "OUTLOOK", NEXT_PERIOD_ONLY)
        for table in (baselines.LEARNERS, baselines.SINGLES):
            for name, parameters in LIGHT_PARAMETERS.items():
                light = _lighter(baselines.LEARNERS[name], parameters)
                patch.setitem(cast("MutableMapping[str, Any]", table), name, light)
        yield


def _lighter(
    learner: WindowedClassifier, parameters: dict[str, int]
) -> WindowedClassifier:
    def make(window: Window) -> Any:  # noqa: ANN401 - scikit-learn has no types
        return learner.make(window).set_params(**parameters)

    return replace(learner, make=make)


def main() -> None:
    """Run the command line with a light forecaster."""
    from econnet.cli import main

    with light_forecaster():
        main()
