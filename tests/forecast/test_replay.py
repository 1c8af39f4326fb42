from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from econnet.core import countries
from econnet.core.task import Task
from econnet.forecast import preparation, replay
from econnet.forecast.preparation import PreparedTask
from tests.builders import world_and_andorra

pytestmark = pytest.mark.usefixtures("light_outlook")

HORIZONS = (1, 2, 3)


@pytest.fixture(scope="module")
def prepared() -> PreparedTask:
    france = countries.by_alpha3("FRA")
    return preparation.prepare(world_and_andorra(), france, Task("Q", members=2))


def outlook(prepared: PreparedTask) -> dict[int, pd.DataFrame]:
    return replay.run_outlook(prepared, HORIZONS, lambda _: None)


def test_horizons_of_the_outlook_have_the_same_models_and_origins(
    prepared: PreparedTask,
) -> None:
    records = outlook(prepared)
    assert list(records) == [*HORIZONS]
    for horizon, record in records.items():
        assert (record["period"] == record["origin"] + horizon).all()
        assert {"econnet", "network", "extra_trees", "base_rate"} <= set(
            record["model"]
        )
        assert record["probability"].between(0, 1).all()
    first, *others = (set(record["origin"]) for record in records.values())
    assert all(origins == first for origins in others)


def test_outlook_does_not_depend_on_the_future(prepared: PreparedTask) -> None:
    features = prepared.features
    origin = prepared.origin - 20
    day = features.day_of(origin)
    rng = np.random.default_rng(0)
    X = features.X.copy()
    later = features.known_at > day
    X[later] = rng.normal(size=X[later].shape)
    label = features.label
    unknown = label.known_at > pd.Timestamp(day, unit="D")
    flipped = label.values.where(~unknown, 1 - label.values)
    assert label.settled
    assert unknown.any()
    altered = replace(
        prepared,
        features=replace(features, X=X, label=replace(label, values=flipped)),
    )
    before, after = outlook(prepared), outlook(altered)
    for horizon in HORIZONS:
        known, changed = (
            record[record["origin"] <= origin]["probability"].to_numpy()
            for record in (before[horizon], after[horizon])
        )
        assert len(known)
        np.testing.assert_array_equal(changed, known)
        newest = [
            record[record["origin"] > origin]["probability"].to_numpy()
            for record in (before[horizon], after[horizon])
        ]
        assert (newest[0] != newest[1]).any()
