"""No model may give a probability that is not a number, whatever the columns."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from econnet.core.types import Floats
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.evaluation import walkforward
from econnet.forecast import track_record
from econnet.models import baselines, combination, network_ensemble, pooling
from econnet.models.baselines import ScaledInputs, WindowedClassifier
from econnet.models.combination import CombinedForecaster
from econnet.models.growth import GrowthNetworks
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.windows import Model, Schedule, Window, make_windows
from tests.builders import costly, observations, world

pytestmark = pytest.mark.usefixtures("light")

QUICK = EnsembleOptions(hidden_units=4, min_updates=1)
QUARTERS = 100


def columns(kinds: Sequence[str], seed: int) -> pd.DataFrame:
    """Return series of three countries: late, constant, alike, or of few values."""
    rng = np.random.default_rng(seed)
    same = rng.normal(size=QUARTERS).cumsum()
    parts = []
    for number, kind in enumerate(kinds):
        for country in ("DEU", "FRA", "ITA"):
            values = {
                "late": np.where(np.arange(QUARTERS) < 70, np.nan, same),
                "very late": np.where(np.arange(QUARTERS) < 95, np.nan, same),
                "constant": np.full(QUARTERS, 5.0),
                "duplicate": same,
                "step": np.where(np.arange(QUARTERS) < 80, 1.0, 2.0),
                "huge": 1e12 * same,
            }[kind]
            series = observations(country, f"series{number}", "1990Q1", values.tolist())
            parts.append(series)
    return pd.concat(parts, ignore_index=True)


KINDS = ("late", "very late", "constant", "duplicate", "step", "huge")


def windows_of(rows: pd.DataFrame, start: str) -> list[Window]:
    known = panel.build(rows, "Q")
    label = labels.apply(known, "negative-growth")
    features = design_matrix.build(known, label, 1)
    schedule = Schedule(start=pd.Period(start))
    return make_windows(features, "Q", features.origins.max(), schedule)


OWN: dict[str, Model] = {
    combination.NETWORK: network_ensemble.model(1, 0, QUICK),
    combination.GROWTH: GrowthNetworks(1, QUICK),
}


# A light network of scikit-learn stops early, and warns of it.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@costly(2)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=8),
    seed=st.integers(0, 99),
)
@example(kinds=["late"] * 8, seed=0)
def test_every_model_gives_probabilities_for_awkward_columns(
    kinds: list[str], seed: int
) -> None:
    rows = [world(seed, countries=3, quarters=QUARTERS), columns(kinds, seed)]
    windows = windows_of(pd.concat(rows, ignore_index=True), "2014Q3")
    singles = baselines.SINGLES.items()
    models = {name: each for name, each in singles if name not in baselines.NEEDS}
    for name, model in {**models, **OWN}.items():
        for probability in model(windows):
            assert ((probability >= 0) & (probability <= 1)).all(), name


def test_naive_bayes_uses_a_feature_once_however_often_it_is_there() -> None:
    rows = [world(countries=3, quarters=QUARTERS), columns(["late"] * 8, 0)]
    window = windows_of(pd.concat(rows, ignore_index=True), "2013Q3")[-1]
    X = (
        baselines.LEARNERS["naive_bayes"]
        .inputs(window)
        .of(window.raw_train, window.X_train)
    )
    assert len({column.tobytes() for column in X.T}) == X.shape[1]


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    return windows_of(world(countries=3, quarters=QUARTERS), "2009Q1")


def constant(share: float) -> Model:
    def forecast(windows: Sequence[Window]) -> list[Floats]:
        return [np.full(len(window.ahead), share) for window in windows]

    return forecast


def failing_in(number: int) -> Model:
    """Return a model whose forecast in one window is not a number."""

    def forecast(windows: Sequence[Window]) -> list[Floats]:
        given = constant(0.9)(windows)
        given[number] = np.full(len(given[number]), np.nan)
        return given

    return forecast


def test_partner_that_fails_has_no_weight_from_that_window_on(
    windows: list[Window],
) -> None:
    prior = np.array([0.5, 0.25, 0.25])
    models = [constant(0.2), constant(0.3), failing_in(3)]
    combined = pooling.weighted(models, prior)(windows)
    without = pooling.weighted(models[:2], np.array([2, 1]) / 3)(windows)
    for number, (forecast, rest) in enumerate(zip(combined, without, strict=True)):
        assert np.isfinite(forecast).all()
        if number >= 3:
            np.testing.assert_array_equal(forecast, rest)
        else:
            assert (forecast > rest).all()


def test_model_that_cannot_be_fitted_is_left_out_and_named(
    windows: list[Window],
) -> None:
    class Refusing:
        def fit(self, X: np.ndarray, y: np.ndarray) -> None:  # noqa: ARG002
            raise ValueError("Input X contains NaN")

    refusing = WindowedClassifier(
        lambda _: Refusing(), lambda _: ScaledInputs(slice(None))
    )
    record = walkforward.forecast_windows(
        windows, {"refusing": refusing, "constant": constant(0.2)}
    )
    rest, failed = track_record.without_failed(record)
    assert failed == ("refusing",)
    assert set(rest["model"]) == {"constant"}


def test_forecaster_without_a_partner_that_fails_gives_its_weight_to_the_others(
    windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = windows[-1]
    network = network_ensemble.fit([window], 1, 0, QUICK).of_inputs()
    weights = {"network": 0.5, "extra_trees": 0.25, "naive_bayes": 0.25}

    class Refusing:
        def learn(self, window: Window) -> None:  # noqa: ARG002
            raise ValueError("Input X contains NaN")

    partner = combination.partner
    monkeypatch.setattr(
        combination,
        "partner",
        lambda name: Refusing() if name == "naive_bayes" else partner(name),
    )
    forecaster = CombinedForecaster.of(network, window, weights)
    assert forecaster.weights == pytest.approx({"network": 2 / 3, "extra_trees": 1 / 3})
    assert np.isfinite(forecaster.probability(window.raw_ahead)).all()
