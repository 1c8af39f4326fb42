from typing import Any

import numpy as np
import pytest

from econnet.network import Architecture, Layer

TUTORIAL = [
    {"input_dim": 2, "output_dim": 25, "activation": "relu"},
    {"input_dim": 25, "output_dim": 50, "activation": "relu"},
    {"input_dim": 50, "output_dim": 50, "activation": "relu"},
    {"input_dim": 50, "output_dim": 25, "activation": "relu"},
    {"input_dim": 25, "output_dim": 1, "activation": "sigmoid"},
]


def test_dictionaries_and_sizes_make_the_same_architecture() -> None:
    parsed = Architecture.parse(TUTORIAL)
    assert parsed == Architecture.dense(2, [25, 50, 50, 25])
    assert parsed.to_dicts() == TUTORIAL
    assert parsed.layers[1] == Layer(25, 50, "relu")


def test_tutorial_network_has_5226_parameters() -> None:
    # 2*25+25 + 25*50+50 + 50*50+50 + 50*25+25 + 25*1+1
    assert Architecture.parse(TUTORIAL).n_parameters == 5226


def test_skip_adds_a_weight_from_each_input_to_each_output() -> None:
    plain, skipping = (
        Architecture.dense(7, [4], 3, output_activation="softmax", skip=skip)
        for skip in (False, True)
    )
    assert skipping.n_parameters == plain.n_parameters + 7 * 3


def test_blocks_are_views_that_cover_every_parameter_once() -> None:
    architecture = Architecture.dense(3, [4, 2], skip=True)
    flat = np.zeros((2, architecture.n_parameters))
    for block in architecture.blocks(flat):
        block += 1
    assert (flat == 1).all()


def test_weight_mask_is_zero_at_biases_only() -> None:
    architecture = Architecture.dense(3, [4, 2], skip=True)
    mask = architecture.weight_mask()
    assert (1 - mask).sum() == 4 + 2 + 1
    assert all((block[:, -1] == 0).all() for block in architecture.blocks(mask[None]))


def layer(**changes: object) -> dict[str, Any]:
    return {"input_dim": 3, "output_dim": 1, "activation": "sigmoid"} | changes


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "no layers"),
        ([layer(), 7], "layer 2 is not a mapping: give one with input_dim"),
        (
            [layer(output_dim=25), layer(), layer(input_dim=50)],
            "layer 2 takes 3 inputs but layer 1 gives 25: set its input_dim to 25",
        ),
        ([layer(), layer(activation="relo")], "layer 2 has activation 'relo'.*relu"),
        ([layer(activation=["relu"])], "layer 1 has activation"),
        ([layer(output_dim=0)], "layer 1 has output_dim 0"),
        ([layer(input_dim=2.5)], "layer 1 has input_dim 2.5"),
        ([layer(input_dim=True)], "layer 1 has input_dim True"),
        ([layer(units=3)], "layer 1 has the keys .*units: give input_dim"),
        ([{"input_dim": 3}], "layer 1 has the keys input_dim: give"),
        ([layer(activation="softmax")], "layer 1 is a softmax over 1 unit"),
    ],
)
def test_error_names_the_wrong_layer(
    layers: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Architecture.parse(layers)


def test_activation_is_compared_by_value_not_by_identity() -> None:
    # A name read from a file is a different object from that in the source code.
    name = "".join(["re", "lu"])
    architecture = Architecture.parse([layer(activation=name)])
    assert architecture == Architecture.parse([layer(activation="relu")])


def test_skip_needs_a_hidden_layer() -> None:
    with pytest.raises(ValueError, match="leave skip out"):
        Architecture.dense(3, skip=True)


def test_parse_accepts_layers() -> None:
    architecture = Architecture.dense(3, [5, 4])
    assert Architecture.parse(architecture.layers) == architecture
    with pytest.raises(ValueError, match="layer 2 is not a mapping"):
        Architecture.parse([architecture.layers[0], "relu"])  # type: ignore[list-item]  # wrong
