"""Calibrated naive Bayes as arrays, which a model file can keep.

The probabilities are those of scikit-learn's classifier to the bit: the arithmetic and
its order are the same.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logsumexp
from sklearn.calibration import CalibratedClassifierCV
from sklearn.naive_bayes import GaussianNB

from econnet.core.types import Floats

CLASSES = 2
# Beyond these bounds a probability might not be a number. Scaled inputs, whose variance
# is about 1, are far from them.
MAX_NUMBER = 1e6
MIN_VARIANCE = 1e-20


@dataclass(frozen=True, eq=False)
class FittedBayes:
    """Normal densities of some inputs in each class, and a sigmoid, fitted to folds.

    Parameters
    ----------
    columns : array (columns,)
        Positions of the inputs.
    prior : array (folds, 2)
        The share of each class, expansions first.
    mean, variance : arrays (folds, 2, columns)
        Of each input in each class.
    slope, offset : arrays (folds,)
        Of the sigmoid that calibrates each fold.
    """

    columns: npt.NDArray[np.int64]
    prior: Floats
    mean: Floats
    variance: Floats
    slope: Floats
    offset: Floats

    @classmethod
    def of(
        cls, classifier: CalibratedClassifierCV, columns: npt.NDArray[np.int64]
    ) -> "FittedBayes | None":
        """Return a fitted classifier of inputs; `None` if it has another form."""
        folds = classifier.calibrated_classifiers_
        bayes = [fold.estimator for fold in folds]
        if classifier.method != "sigmoid" or not all(
            isinstance(each, GaussianNB) and [*each.classes_] == [0, 1]
            for each in bayes
        ):
            return None
        sigmoids = [fold.calibrators[0] for fold in folds]
        return cls(
            np.asarray(columns, dtype=np.int64),
            np.array([each.class_prior_ for each in bayes]),
            np.array([each.theta_ for each in bayes]),
            np.array([each.var_ for each in bayes]),
            np.array([each.a_ for each in sigmoids], dtype=np.float64),
            np.array([each.b_ for each in sigmoids], dtype=np.float64),
        )

    def check(self, inputs: int) -> None:
        """Raise `ValueError` unless these are densities of this many inputs."""
        folds, columns = self.slope.size, self.columns.size
        shapes = {
            "columns": (columns,),
            "prior": (folds, CLASSES),
            "mean": (folds, CLASSES, columns),
            "variance": (folds, CLASSES, columns),
            "slope": (folds,),
            "offset": (folds,),
        }
        for field in fields(self):
            array = getattr(self, field.name)
            kind = "i" if field.name == "columns" else "f"
            if array.dtype.kind != kind or array.shape != shapes[field.name]:
                raise ValueError(
                    f"naive Bayes has {field.name} {array.shape} of {array.dtype}"
                )
            if not (np.abs(array) <= MAX_NUMBER).all():
                raise ValueError(
                    f"naive Bayes has {field.name} above {MAX_NUMBER:,.0f}"
                )
        valid = {
            "a fold and a column": folds > 0 and columns > 0,
            "inputs that exist": bool(
                ((self.columns >= 0) & (self.columns < inputs)).all()
            ),
            "positive shares and variances": bool(
                (self.prior > 0).all() and (self.variance >= MIN_VARIANCE).all()
            ),
        }
        for property_, is_valid in valid.items():
            if not is_valid:
                raise ValueError(f"naive Bayes lacks {property_}")

    def probability(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> Floats:  # noqa: ARG002
        """Return the probability of contraction for rows of features, (rows,)."""
        X = np.ascontiguousarray(scaled[:, self.columns])
        total = np.zeros(len(X))
        for fold in range(len(self.slope)):
            likelihood = np.stack([self._likelihood(X, fold, k) for k in (0, 1)]).T
            norm = logsumexp(likelihood, axis=1)
            posterior = np.exp(likelihood - norm[:, None])[:, 1]
            calibrated = expit(-(self.slope[fold] * posterior + self.offset[fold]))
            total += calibrated
        probability: Floats = total / len(self.slope)
        return probability

    def _likelihood(self, X: npt.NDArray[np.float32], fold: int, kind: int) -> Floats:
        """Return the log-likelihood of each row together with its class, (rows,)."""
        mean, variance = self.mean[fold, kind], self.variance[fold, kind]
        constant = -0.5 * np.sum(np.log(2.0 * np.pi * variance))
        distance = 0.5 * np.sum(((X - mean) ** 2) / variance, axis=1)
        likelihood: Floats = np.log(self.prior[fold, kind]) + (constant - distance)
        return likelihood
