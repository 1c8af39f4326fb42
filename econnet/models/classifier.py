"""The network as a scikit-learn classifier: an ensemble of networks.

`NetworkClassifier` works wherever scikit-learn's classifiers do, such as in pipelines,
parameter searches and cross-validation. It trains several members, which differ in
their initial weights and in the order of their batches, and forecasts the mean of their
probabilities, which varies less than those of single members. Inputs are not scaled:
put a scaler before it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import IO, Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_array, check_random_state, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from econnet.models import network_file
from econnet.network import (
    SGD,
    ActivationName,
    AdamW,
    Architecture,
    Array,
    Momentum,
    Network,
    Optimizer,
    OptimizerState,
    TrainingOptions,
    train,
)
from econnet.runtime.blas import one_blas_thread

OptimizerName: TypeAlias = Literal["adamw", "momentum", "nesterov", "sgd"]
ClassWeight: TypeAlias = Mapping[Any, float] | Literal["balanced"] | None


class NetworkClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # untyped
    """An ensemble of neural networks in plain NumPy.

    The output is one sigmoid unit for two classes, and a softmax for more. Numbers are
    float32 if `X` is, else float64. BLAS is limited to one thread, so that results
    repeat bit for bit on the same machine.

    Parameters
    ----------
    hidden : sequence of int
        Units of each hidden layer; without any, the model is a logistic regression.
    activation : {"relu", "tanh", "sigmoid", "softmax", "identity"}
        Activation of the hidden layers.
    skip : bool
        Whether the last layer also receives the inputs.
    members : int
        Number of networks whose probabilities are averaged.
    optimizer : {"adamw", "momentum", "nesterov", "sgd"}
        How parameters are updated.
    learning_rate : float
        Learning rate of the optimiser.
    epochs : int
        Maximum number of passes over the rows.
    batch_size : int or None
        Rows per batch; None, or a number above that of the rows, makes one batch.
    l2 : float
        Half of this, times the sum of the squared weights, is added to the mean cost.
    dropout : float
        Share of hidden units that are dropped at random in each update.
    validation_fraction : float
        Share of the rows, the last in time, that are used for validation instead of
        training; the weights of the best epoch are kept.
    patience : int or None
        A member stops after this number of epochs without a lower validation cost.
    class_weight : mapping, "balanced" or None
        Factor for the row weights of each class; "balanced" gives all classes the same
        total weight. Probabilities are those of a population with these weights.
    random_state : int, RandomState or None
        Random seed.

    Attributes
    ----------
    classes_ : array (n_classes,)
        The labels, sorted.
    network_ : Network
        The trained members.
    history_ : History
        Cost and accuracy by epoch; after `partial_fit`, those of the last call.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> X, y = make_moons(400, noise=0.2, random_state=0)
    >>> bool(NetworkClassifier().fit(X, y).score(X, y) > 0.95)
    True
    """

    classes_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

    def __init__(
        self,
        hidden: Sequence[int] = (32, 16),
        *,
        activation: ActivationName = "relu",
        skip: bool = False,
        members: int = 4,
        optimizer: OptimizerName = "adamw",
        learning_rate: float = 0.01,
        epochs: int = 100,
        batch_size: int | None = 64,
        l2: float = 0.001,
        dropout: float = 0.0,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        class_weight: ClassWeight = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.skip = skip
        self.members = members
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.l2 = l2
        self.dropout = dropout
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.class_weight = class_weight
        self.random_state = random_state

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train on these rows, from new initial weights.

        Parameters
        ----------
        X : array (n, features)
            Finite numbers, scaled to about unit size.
        y : array (n,)
            Labels of two or more classes.
        sample_weight : array (n,), optional
            Row weights, which count relative to their mean; a row of weight 0 is
            ignored.
        """
        rows, labels = validate_data(self, X, y, dtype=[np.float64, np.float32])
        sample = _Sample.of_positive_weight(rows, labels, sample_weight)
        options = self._options(
            epochs=self.epochs,
            validation_fraction=self.validation_fraction,
            patience=self.patience,
        )
        classes = np.unique(sample.labels)
        self._check_size(classes, sample)
        self._start(classes, sample.rows)
        self._train(sample, options)
        return self

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Continue training with one epoch of these rows.

        Parameters
        ----------
        X, y
            As for `fit`.
        classes : array (n_classes,)
            All labels that later calls may contain; required in the first call.
        sample_weight : array (n,), optional
            Row weights, which count relative to 1, because the mean of all rows is not
            known: a row of weight 2 has twice the gradient.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' needs the rows of all calls: for partial_fit, "
                "give class_weight a factor for each class, such as {0: 0.6, 1: 3.0}"
            )
        first = not hasattr(self, "network_")
        rows, labels = validate_data(
            self, X, y, dtype=[np.float64, np.float32], reset=first
        )
        sample = _Sample.of_positive_weight(rows, labels, sample_weight)
        options = self._options(epochs=1)
        if first and classes is None:
            raise ValueError(
                "partial_fit needs the list of all classes: give classes in the first "
                "call"
            )
        announced = self.classes_ if classes is None else np.unique(classes)
        if not first:
            _check_same_classes(announced, self.classes_)
        self._check_size(announced, sample)
        _check_announced(sample.labels, announced)
        if first:
            self._start(announced, sample.rows)
        self._train(sample, options, mean_weight=1.0)
        return self

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of each class, `(n, n_classes)`."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        with one_blas_thread():
            mean: Array = self.network_.predict(rows).mean(axis=0)
        return mean if len(self.classes_) > 2 else np.hstack([1 - mean, mean])

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most likely class of each row, `(n,)`."""
        probabilities = self.predict_proba(X)
        likeliest: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return likeliest

    def save(self, file: str | Path | IO[bytes]) -> None:
        """Write the fitted classifier as `.npz`; an existing file is replaced."""
        check_is_fitted(self)
        parameters = self.get_params()
        if isinstance(self.class_weight, Mapping):
            parameters["class_weight"] = [
                [np.asarray(label).item(), float(weight)]
                for label, weight in self.class_weight.items()
            ]
        if isinstance(self.random_state, np.random.RandomState):
            parameters["random_state"] = None
        metadata = {
            "parameters": {name: _plain(value) for name, value in parameters.items()},
            "classes": self.classes_.tolist(),
            "classes_dtype": self.classes_.dtype.str,
            "feature_names": list(getattr(self, "feature_names_in_", [])),
        }
        network_file.save(self.network_, file, metadata=metadata)

    @classmethod
    def load(cls, file: str | Path | IO[bytes]) -> "NetworkClassifier":
        """Return the classifier that `save` wrote.

        Raises
        ------
        ValueError
            The file is not a saved classifier, or not intact.
        """
        network, metadata, _ = network_file.load_with_metadata(file)
        try:
            parameters = metadata["parameters"]
            parameters["hidden"] = tuple(parameters["hidden"])
            if isinstance(parameters["class_weight"], list):
                parameters["class_weight"] = dict(parameters["class_weight"])
            loaded = cls(**parameters)
            loaded.classes_ = _classes(metadata["classes"], metadata["classes_dtype"])
            names = [str(name) for name in metadata["feature_names"]]
            optimizer = loaded._new_optimizer()
        except (KeyError, OverflowError, TypeError) as error:
            raise ValueError(
                f"the file has a network, but no classifier ({error}): give a file "
                "that NetworkClassifier.save wrote"
            ) from error
        inputs = network.architecture.input_dim
        outputs = max(network.architecture.output_dim, 2)
        if loaded.classes_.shape != (outputs,) or len(names) not in (0, inputs):
            raise ValueError(
                f"the file names {loaded.classes_.shape} classes and {len(names)} "
                f"features for a network of {inputs} inputs and {outputs} classes: "
                "it is damaged, save it again"
            )
        loaded.network_ = network
        loaded.n_features_in_ = inputs
        if names:
            loaded.feature_names_in_ = np.array(names, dtype=object)
        loaded._optimizer_state = OptimizerState.start(network, optimizer)
        return loaded

    def _start(self, classes: NDArray[Any], rows: Array) -> None:
        """Create new members for these classes."""
        if len(classes) < 2:
            raise ValueError(
                f"y has {len(classes)} class: give rows of two or more classes, with "
                "weights above 0"
            )
        outputs = len(classes) if len(classes) > 2 else 1
        architecture = Architecture.dense(
            rows.shape[1],
            self.hidden,
            outputs,
            activation=self.activation,
            output_activation="softmax" if outputs > 1 else "sigmoid",
            skip=self.skip,
        )
        _check_memory(
            f"the parameters of {self.members:,} members of "
            f"{architecture.n_parameters:,}",
            # A parameter, its gradient, two moments and two factors.
            6 * architecture.n_parameters * int(self.members) * rows.itemsize,
            "give fewer members, or fewer hidden units",
        )
        seed = self.random_state
        if seed is None or isinstance(seed, np.random.RandomState):
            seed = check_random_state(seed).randint(2**31)
        self.classes_ = classes
        self.network_ = Network(
            architecture,
            self.members,
            int(seed),
            dtype=rows.dtype,
            initialization="he" if self.activation == "relu" else "glorot",
        )
        self._optimizer_state = OptimizerState.start(
            self.network_, self._new_optimizer()
        )

    def _train(
        self,
        sample: "_Sample",
        options: TrainingOptions,
        mean_weight: float | None = None,
    ) -> None:
        indices = np.searchsorted(self.classes_, sample.labels)
        classes = len(self.classes_)
        targets = indices
        if classes > 2:
            targets = np.zeros((len(indices), classes), sample.rows.dtype)
            targets[np.arange(len(indices)), indices] = 1
        factors = self._class_factors(indices, sample.weights)
        with one_blas_thread():
            self.history_ = train(
                self.network_,
                sample.rows,
                targets,
                weights=sample.weights * factors[indices],
                mean_weight=mean_weight,
                options=options,
                state=self._optimizer_state,
            )

    def _check_size(self, classes: NDArray[Any], sample: "_Sample") -> None:
        """Raise `ValueError` for bad `members`, or targets too large for memory."""
        if not isinstance(self.members, Integral) or self.members < 1:
            raise ValueError(
                f"members is {self.members!r}: give a whole number of at least 1"
            )
        if len(classes) > 2:
            cells = len(sample.rows) * len(classes)
            _check_memory(
                f"the targets of {len(sample.rows):,} rows in {len(classes):,} classes",
                # One copy, and one shuffled copy per member.
                cells * (1 + int(self.members)) * sample.rows.itemsize,
                "give fewer classes, or fewer rows at a time to partial_fit",
            )

    def _class_factors(self, indices: NDArray[np.intp], weights: Array) -> Array:
        """Return the factor of the rows of each class, `(n_classes,)`."""
        if self.class_weight == "balanced":
            # Relative to the largest, so that the sum of any weights is finite.
            totals = np.bincount(indices, weights / weights.max(), len(self.classes_))
            balanced: Array = totals.sum() / (len(self.classes_) * totals)
            return balanced
        given = self.class_weight
        factors: Array = compute_class_weight(
            dict(given) if isinstance(given, Mapping) else given,
            classes=self.classes_,
            y=self.classes_[indices],
        )
        return factors

    def _options(self, **options: Any) -> TrainingOptions:  # noqa: ANN401 - those of TrainingOptions
        return TrainingOptions(
            self._new_optimizer(),
            batch_size=self.batch_size,
            l2=self.l2,
            dropout=self.dropout,
            **options,
        )

    def _new_optimizer(self) -> Optimizer:
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(
                f"optimizer {self.optimizer!r} is not known: "
                f"choose one of {', '.join(OPTIMIZERS)}"
            )
        return OPTIMIZERS[self.optimizer](self.learning_rate)


@dataclass(frozen=True, eq=False)
class _Sample:
    """Rows with weights above 0, with their labels."""

    rows: Array
    labels: NDArray[Any]
    weights: Array

    @classmethod
    def of_positive_weight(
        cls, rows: Array, labels: NDArray[Any], sample_weight: ArrayLike | None
    ) -> "_Sample":
        """Return the sample without its rows of weight 0."""
        weights = _check_weights(sample_weight, rows)
        used = weights > 0
        check_classification_targets(labels[used])
        return cls(rows[used], labels[used], weights[used])


def _check_weights(sample_weight: ArrayLike | None, rows: Array) -> Array:
    """Return one weight per row, by default 1."""
    if sample_weight is None:
        return np.ones(len(rows), rows.dtype)
    dtype = rows.dtype.type
    weights: Array = check_array(
        sample_weight, ensure_2d=False, dtype=dtype, input_name="sample_weight"
    )
    if weights.shape != (len(rows),):
        raise ValueError(
            f"sample_weight has the shape {weights.shape} for {len(rows)} rows: "
            "give one per row"
        )
    if (weights < 0).any():
        raise ValueError("sample_weight contains a number below 0: give 0 or more")
    if not weights.any():
        raise ValueError(
            "Sample weights are all zero: give at least one row a weight above 0"
        )
    return weights


def _check_announced(labels: NDArray[Any], classes: NDArray[Any]) -> None:
    """Raise `ValueError` for a label that is not among the classes."""
    unknown = np.setdiff1d(labels, classes)
    if len(unknown):
        raise ValueError(
            f"y has class {str(unknown[0])[:40]!r}, which is not among "
            f"{_shortened(classes)}: give all classes in the first call"
        )


def _check_same_classes(again: NDArray[Any], classes: NDArray[Any]) -> None:
    """Raise `ValueError` if a later call names other classes than the first."""
    if not np.array_equal(again, classes):
        raise ValueError(
            f"classes are {_shortened(again)}, but were {_shortened(classes)} in the "
            "first call: give the same or none, or train a new classifier"
        )


def _shortened(classes: NDArray[Any]) -> str:
    listed = ", ".join(str(name)[:40] for name in classes[:5])
    return f"{listed}, ..." if len(classes) > 5 else listed


def _check_memory(what: str, needed: int, remedy: str) -> None:
    """Raise `ValueError` before an allocation of more than `MAX_BYTES`."""
    if needed > MAX_BYTES:
        raise ValueError(
            f"{what} would take {needed / 1e9:,.1f} GB of memory, more than the limit "
            f"of {MAX_BYTES / 1e9:.1f} GB: {remedy}"
        )


def _classes(listed: list[Any], dtype: str) -> NDArray[Any]:
    """Return the classes of an untrusted file as an array of the named type."""
    if not isinstance(listed, list) or CLASS_TYPE.fullmatch(dtype) is None:
        raise TypeError(f"classes of {str(dtype)[:40]!r}")
    # A string takes as many bytes as its type has, however short it is.
    if len(listed) * np.dtype(dtype).itemsize > MAX_CLASSES_BYTES:
        raise TypeError(f"{len(listed):,} classes of {dtype}")
    return np.array(listed, dtype=dtype)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a parameter may be
    """Return NumPy scalars as Python numbers, which JSON can represent."""
    return value.item() if isinstance(value, np.generic) else value


CLASS_TYPE = re.compile(r"[<>|](b1|[iu][1248]|f[248]|U\d{1,9}|O)")
MAX_CLASSES_BYTES = 2**28
MAX_BYTES = 2**32
OPTIMIZERS: Mapping[OptimizerName, Callable[[float], Optimizer]] = {
    "adamw": AdamW,
    "momentum": Momentum,
    "nesterov": partial(Momentum, nesterov=True),
    "sgd": SGD,
}
