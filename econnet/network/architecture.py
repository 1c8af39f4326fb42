"""The layers of a network, and the position of each layer's parameters.

An architecture is a list of layers, each with its number of inputs, its number of
outputs and its activation. It has no weights: those of all layers are in a single flat
array, of which `Architecture.blocks` returns views. A layer's block is a matrix with
one row per input and, below them, one row for the bias, the weight of an input that is
always 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias, get_args

import numpy as np

from econnet.network.activations import ActivationName, Array

LayerLike: TypeAlias = "Layer | Mapping[str, Any]"


@dataclass(frozen=True)
class Layer:
    """One layer: `output_dim` units, each connected to all `input_dim` inputs."""

    input_dim: int
    output_dim: int
    activation: ActivationName


@dataclass(frozen=True)
class Architecture:
    """The layers of a network, from input to output.

    Attributes
    ----------
    layers : tuple of Layer
        The output of each is the input of the next. The activation of the last turns
        logits into probabilities, in prediction only.
    skip : bool
        Whether the last layer also takes the network's inputs. The network is then a
        linear model plus a nonlinear correction by the hidden units.

    Examples
    --------
    >>> architecture = Architecture.parse(
    ...     [
    ...         {"input_dim": 20, "output_dim": 16, "activation": "tanh"},
    ...         {"input_dim": 16, "output_dim": 1, "activation": "sigmoid"},
    ...     ]
    ... )
    >>> architecture == Architecture.dense(20, [16], activation="tanh")
    True
    >>> architecture.n_parameters
    353
    """

    layers: tuple[Layer, ...]
    skip: bool = False

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("the architecture has no layers: give at least one")
        for number, layer in enumerate(self.layers, start=1):
            _check_layer(number, layer)
        pairs = zip(self.layers, self.layers[1:], strict=False)
        for number, (before, layer) in enumerate(pairs, start=2):
            if layer.input_dim != before.output_dim:
                raise ValueError(
                    f"layer {number} takes {layer.input_dim} inputs but layer "
                    f"{number - 1} gives {before.output_dim}: "
                    f"set its input_dim to {before.output_dim}"
                )
        last = self.layers[-1]
        if last.activation == "softmax" and last.output_dim == 1:
            raise ValueError(
                f"layer {len(self.layers)} is a softmax over 1 unit, which is always 1:"
                " use sigmoid, or one unit per class"
            )
        if self.skip and len(self.layers) == 1:
            raise ValueError(
                "skip connects the inputs to the last layer, but the only layer takes "
                "them already: leave skip out, or add a hidden layer"
            )

    @classmethod
    def parse(
        cls, layers: Sequence[LayerLike], *, skip: bool = False
    ) -> "Architecture":
        """Return the architecture that a list of dictionaries describes.

        Raises
        ------
        ValueError
            Keys, sizes or activations are invalid, or layers do not fit together.
        """
        parsed = (_parse_layer(number, layer) for number, layer in enumerate(layers, 1))
        return cls(tuple(parsed), skip)

    @classmethod
    def dense(
        cls,
        input_dim: int,
        hidden: Sequence[int] = (),
        output_dim: int = 1,
        *,
        activation: ActivationName = "relu",
        output_activation: ActivationName = "sigmoid",
        skip: bool = False,
    ) -> "Architecture":
        """Return an architecture of these sizes; hidden layers share an activation.

        >>> Architecture.dense(2, [25, 50]).block_shapes()
        [(3, 25), (26, 50), (51, 1)]
        """
        sizes = (input_dim, *hidden, output_dim)
        names = (*[activation] * len(hidden), output_activation)
        layers = map(Layer, sizes[:-1], sizes[1:], names)
        return cls(tuple(layers), skip)

    @property
    def input_dim(self) -> int:
        """The number of inputs of the network."""
        return self.layers[0].input_dim

    @property
    def output_dim(self) -> int:
        """The number of logits."""
        return self.layers[-1].output_dim

    @property
    def n_parameters(self) -> int:
        """The number of weights and biases of one member."""
        return sum(rows * columns for rows, columns in self.block_shapes())

    def to_dicts(self) -> list[dict[str, int | str]]:
        """Return the layers as a list of dictionaries, the argument of `parse`."""
        return [dict(vars(layer)) for layer in self.layers]

    def block_shapes(self) -> list[tuple[int, int]]:
        """Return rows and columns of each layer's block: inputs and bias, outputs."""
        shapes = [(layer.input_dim + 1, layer.output_dim) for layer in self.layers]
        if self.skip:
            rows, columns = shapes[-1]
            shapes[-1] = (rows + self.input_dim, columns)
        return shapes

    def blocks(self, flat: Array) -> list[Array]:
        """Return views of `flat`, one per layer: `(members, inputs + 1, outputs)`.

        `flat` has the shape `(members, n_parameters)`; writing to a view writes to it.
        """
        views, start = [], 0
        for rows, columns in self.block_shapes():
            view = flat[:, start : start + rows * columns]
            views.append(view.reshape(len(flat), rows, columns, copy=False))
            start += rows * columns
        return views

    def weight_mask(self) -> Array:
        """Return 1 for each weight and 0 for each bias, `(n_parameters,)`.

        Regularisation shrinks weights towards 0. It leaves out the biases, which set
        the average level of the forecasts.
        """
        mask = np.ones(self.n_parameters, np.float32)
        for block in self.blocks(mask[np.newaxis]):
            block[:, -1] = 0
        return mask


def _check_layer(number: int, layer: Layer) -> None:
    """Raise `ValueError` unless sizes and activation are valid."""
    for name in ("input_dim", "output_dim"):
        size = getattr(layer, name)
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise ValueError(
                f"layer {number} has {name} {size!r}: give a whole number above 0"
            )
    known = get_args(ActivationName)
    if layer.activation not in known:
        raise ValueError(
            f"layer {number} has activation {layer.activation!r}, which is not known: "
            f"choose one of {', '.join(known)}"
        )


def _parse_layer(number: int, layer: LayerLike) -> Layer:
    if isinstance(layer, Layer):
        return layer
    keys = ", ".join(names := [item.name for item in fields(Layer)])
    if not isinstance(layer, Mapping):
        raise ValueError(f"layer {number} is not a mapping: give one with {keys}")
    if set(layer) != set(names):
        given = ", ".join(map(str, layer)) or "none"
        raise ValueError(f"layer {number} has the keys {given}: give {keys}")
    return Layer(**layer)
