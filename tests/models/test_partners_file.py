"""Partners in their form in arrays: the same probabilities, from a file of anyone."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from econnet.core.types import Floats
from econnet.models import partners_file
from econnet.models.baselines import FOLDS, FittedModel, ScaledInputs
from econnet.models.fitted_bayes import FittedBayes
from econnet.models.fitted_forest import FittedForest
from econnet.models.growth import LEVELS, FittedGrowth
from econnet.models.partners_file import Fitted, Partners
from econnet.models.probability_trees import ProbabilityExtraTrees, ProbabilityForest
from econnet.network import Architecture, Network

INPUTS = 6
RAW: Floats = np.empty((0, 0))


def rows(seed: int, n: int) -> np.ndarray:
    values: np.ndarray = np.random.default_rng(seed).standard_normal((n, INPUTS))
    return values.astype(np.float32)


def outcomes(X: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(1).standard_normal(len(X))
    is_contraction = X[:, 0] - X[:, 2] + noise > 1
    return np.where(is_contraction, np.float32(1), np.float32(0))


def fitted(kind: str, n: int = 150) -> FittedModel:
    """Return a partner as scikit-learn fits it."""
    X = rows(0, n)
    if kind == "naive_bayes":
        columns = np.array([4, 0, 2])
        classifier = CalibratedClassifierCV(GaussianNB(), cv=FOLDS)
        classifier.fit(np.ascontiguousarray(X[:, columns]), outcomes(X))
        return FittedModel(ScaledInputs(columns), classifier)
    make = ProbabilityExtraTrees if kind == "extra_trees" else ProbabilityForest
    forest = make(7, min_samples_leaf=2, random_state=3, n_jobs=1)
    return FittedModel(ScaledInputs(slice(None)), forest.fit(X, outcomes(X)))


def growth() -> FittedGrowth:
    network = Network(Architecture.dense(INPUTS, [3], len(LEVELS)), members=2, seed=1)
    return FittedGrowth(network, 1.7, 0.2, 150)


@pytest.mark.parametrize("kind", ["extra_trees", "random_forest", "naive_bayes"])
@pytest.mark.parametrize("n", [1, 40, 300])
def test_arrays_give_the_probabilities_of_scikit_learn_to_the_bit(
    kind: str, n: int
) -> None:
    partner = fitted(kind)
    in_arrays = partners_file.in_arrays(partner)
    assert isinstance(in_arrays, FittedForest | FittedBayes)
    X = rows(2, n)
    expected = partner.probability(RAW, X)
    np.testing.assert_array_equal(in_arrays.probability(RAW, X), expected)
    assert n == 1 or len(set(expected.tolist())) > 1


def test_partner_without_such_a_form_is_left_as_it_is() -> None:
    X = rows(0, 40)
    logit = FittedModel(
        ScaledInputs(slice(None)), LogisticRegression().fit(X, outcomes(X))
    )
    assert partners_file.in_arrays(logit) is logit
    description, arrays = partners_file.to_file({"professional_logit": logit}, INPUTS)
    assert (description.names, arrays) == ([], {})


@pytest.fixture(scope="module")
def partners() -> dict[str, Fitted]:
    kinds = ("extra_trees", "random_forest", "naive_bayes")
    others = {kind: partners_file.in_arrays(fitted(kind)) for kind in kinds}
    return {"growth_network": growth(), **others}


def test_partners_are_read_as_they_were(partners: dict[str, Fitted]) -> None:
    read = partners_file.from_file(*partners_file.to_file(partners, INPUTS), INPUTS)
    assert [*read] == [*partners]
    X = rows(2, 50)
    for name, partner in partners.items():
        np.testing.assert_array_equal(
            read[name].probability(RAW, X), partner.probability(RAW, X)
        )


def test_partner_with_numbers_that_no_file_may_have_is_not_saved(
    partners: dict[str, Fitted],
) -> None:
    forest = partners["extra_trees"]
    assert isinstance(forest, FittedForest)
    broken = replace(forest, share=np.full_like(forest.share, np.nan))
    description, _ = partners_file.to_file({**partners, "extra_trees": broken}, INPUTS)
    assert description.names == ["growth_network", "random_forest", "naive_bayes"]


def changed(name: str, place: int, value: float) -> Any:  # noqa: ANN401 - a test's change
    """Return what replaces one number of an array."""

    def change(arrays: dict[str, np.ndarray]) -> None:
        array = arrays[name].copy()
        array.reshape(-1)[place] = value
        arrays[name] = array

    return change


def replaced(name: str, array: np.ndarray) -> Any:  # noqa: ANN401 - a test's change
    def change(arrays: dict[str, np.ndarray]) -> None:
        arrays[name] = array

    return change


HOSTILE: dict[str, Any] = {
    "child before its parent": changed("extra_trees.left", 0, -1),
    "loop": changed("extra_trees.left", 1, 0),
    "node with two parents": changed("extra_trees.right", 0, 1),
    "child that does not exist": changed("extra_trees.right", 0, 10**6),
    "root in the middle": changed("extra_trees.roots", 1, 2),
    "roots out of order": changed("extra_trees.roots", 1, 0),
    "input that does not exist": changed("extra_trees.feature", 0, INPUTS),
    "share above 1": changed("random_forest.share", 0, 1.5),
    "share that is missing": changed("random_forest.share", 0, np.nan),
    "threshold that is infinite": changed("random_forest.threshold", 0, np.inf),
    "nodes of another kind": replaced("extra_trees.left", np.zeros(3)),
    "no trees": replaced("extra_trees.roots", np.zeros(0, np.int32)),
    "column that does not exist": changed("naive_bayes.columns", 0, INPUTS),
    "column before the first": changed("naive_bayes.columns", 0, -1),
    "no variance": changed("naive_bayes.variance", 0, 0),
    "share of nothing": changed("naive_bayes.prior", 0, 0),
    "slope that is missing": changed("naive_bayes.slope", 0, np.nan),
    "mean beyond all bounds": changed("naive_bayes.mean", 0, 1e30),
    "no folds": replaced("naive_bayes.slope", np.zeros(0)),
    "weights that are too large": changed("growth_network.parameters", 0, 1e9),
    "weights that are missing": changed("growth_network.parameters", 0, np.nan),
    "too few weights": replaced("growth_network.parameters", np.ones((2, 3))),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_partners_are_a_value_error(
    case: str, partners: dict[str, Fitted]
) -> None:
    description, arrays = partners_file.to_file(partners, INPUTS)
    HOSTILE[case](arrays)
    with pytest.raises(ValueError, match=r"."):
        partners_file.from_file(description, arrays, INPUTS)


def test_chain_of_nodes_is_refused_for_its_depth() -> None:
    nodes = 5001
    left, right = np.arange(nodes), np.arange(nodes)
    left[0:-2:2], right[0:-2:2] = np.arange(1, nodes - 1, 2), np.arange(2, nodes, 2)
    zeros = np.zeros(nodes)
    chain = FittedForest(
        np.zeros(1, np.int32),
        left.astype(np.int32),
        right.astype(np.int32),
        zeros.astype(np.int32),
        zeros,
        zeros,
    )
    with pytest.raises(ValueError, match="deeper than 1,000"):
        chain.check(INPUTS)


def test_description_must_fit_the_arrays(partners: dict[str, Fitted]) -> None:
    description, arrays = partners_file.to_file(partners, INPUTS)
    with pytest.raises(ValueError, match=f"do not take {INPUTS + 1} inputs"):
        partners_file.from_file(description, arrays, INPUTS + 1)
    for names in (["mlp"], ["extra_trees", "boosting"]):
        with pytest.raises(KeyError):
            partners_file.from_file(Partners(names), arrays, INPUTS)
    with pytest.raises(ValueError, match="growth are not described"):
        partners_file.from_file(Partners(description.names), arrays, INPUTS)
    assert {field.name for field in fields(FittedForest)} == {
        name.removeprefix("extra_trees.")
        for name in arrays
        if name.startswith("extra_trees.")
    }
