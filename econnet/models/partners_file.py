"""The networks' partners in a model file, as arrays and a description for JSON.

Networks of growth, forests and naive Bayes have a form in arrays; any other partner is
not saved and is fitted again to the same data. The content may come from anyone, so
everything in it is checked before use.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Protocol, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
from sklearn.calibration import CalibratedClassifierCV

from econnet.core.types import Floats
from econnet.models import network_file
from econnet.models.baselines import FittedModel, ScaledInputs
from econnet.models.fitted_bayes import FittedBayes
from econnet.models.fitted_forest import FittedForest
from econnet.models.growth import LEVELS, FittedGrowth
from econnet.models.probability_trees import ProbabilityExtraTrees, ProbabilityForest

Saved: TypeAlias = FittedGrowth | FittedForest | FittedBayes
# The name of the networks of growth, and the form of each other partner.
GROWTH = "growth_network"
FORMS: Mapping[str, type[FittedForest | FittedBayes]] = {
    "extra_trees": FittedForest,
    "random_forest": FittedForest,
    "naive_bayes": FittedBayes,
}


class Fitted(Protocol):
    """A partner that was fitted to the training rows of a window."""

    def probability(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> Floats:
        """Return the probability of contraction for rows of features, (rows,)."""


class Growth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The description of networks of growth; their parameters are an array."""

    network: dict[str, Any]
    spread: float
    rate: float
    rows: int


class Partners(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The description of the partners in a file."""

    names: list[str] = []
    growth: Growth | None = None


def in_arrays(fitted: Fitted) -> Fitted:
    """Return a fitted partner as arrays, or unchanged if it has no such form.

    It gives the same probabilities.
    """
    if not isinstance(fitted, FittedModel):
        return fitted
    inputs, classifier = fitted.inputs, fitted.classifier
    if not isinstance(inputs, ScaledInputs):
        return fitted
    columns = inputs.columns
    if isinstance(columns, slice):
        is_forest = isinstance(classifier, ProbabilityExtraTrees | ProbabilityForest)
        return FittedForest.of(classifier) if is_forest else fitted
    if isinstance(classifier, CalibratedClassifierCV):
        return FittedBayes.of(classifier, columns) or fitted
    return fitted


def to_file(
    partners: Mapping[str, Fitted], inputs: int
) -> tuple[Partners, dict[str, np.ndarray]]:
    """Return the description and the arrays of those partners that can be saved."""
    arrays: dict[str, np.ndarray] = {}
    names, growth = list[str](), None
    for name, fitted in partners.items():
        if not isinstance(fitted, Saved) or not _is_sound(fitted, inputs):
            continue
        names.append(name)
        if isinstance(fitted, FittedGrowth):
            growth = Growth(
                network_file.describe(fitted.network),
                fitted.spread,
                fitted.rate,
                fitted.rows,
            )
            arrays[f"{name}.parameters"] = fitted.network.parameters
        else:
            for field in fields(fitted):
                arrays[f"{name}.{field.name}"] = getattr(fitted, field.name)
    return Partners(names, growth), arrays


def from_file(
    description: Partners, arrays: Mapping[str, np.ndarray], inputs: int
) -> dict[str, Saved]:
    """Return the partners of a file, which take this many inputs.

    `KeyError`, `TypeError`, `OverflowError` or `ValueError` is raised if they are not
    those that `to_file` gives.
    """
    partners: dict[str, Saved] = {}
    for name in description.names:
        if name == GROWTH:
            fitted: Saved = _growth(description.growth, arrays[f"{name}.parameters"])
        else:
            form = FORMS[name]
            parts = {f.name: arrays[f"{name}.{f.name}"] for f in fields(form)}
            fitted = form(**parts)
        _check(fitted, inputs)
        partners[name] = fitted
    return partners


def _growth(description: Growth | None, parameters: np.ndarray) -> FittedGrowth:
    if description is None:
        raise ValueError("its networks of growth are not described")
    network = network_file.described(description.network, parameters)
    return FittedGrowth(network, description.spread, description.rate, description.rows)


def _is_sound(fitted: Saved, inputs: int) -> bool:
    """Return whether a file may contain a partner; unusual data may lead to others."""
    try:
        _check(fitted, inputs)
    except ValueError:
        return False
    return True


def _check(fitted: Saved, inputs: int) -> None:
    """Raise `ValueError` unless a partner takes this many inputs and gives numbers."""
    if not isinstance(fitted, FittedGrowth):
        fitted.check(inputs)
        return
    architecture, parameters = fitted.network.architecture, fitted.network.parameters
    if (architecture.input_dim, architecture.output_dim) != (inputs, len(LEVELS)):
        raise ValueError(f"its networks of growth do not take {inputs} inputs")
    if not (np.abs(parameters) <= MAX_WEIGHT).all():
        raise ValueError(f"its networks of growth have weights above {MAX_WEIGHT:,.0f}")
    is_sound = 0 < fitted.spread <= MAX_SPREAD and 0 <= fitted.rate <= 1
    if not (is_sound and fitted.rows > 0):
        raise ValueError("its networks of growth have no spread, share or rows")


# Weights of trained networks are below 100. A product of several that are larger than
# this would overflow.
MAX_WEIGHT = 1e6
# In percent.
MAX_SPREAD = 1e9
