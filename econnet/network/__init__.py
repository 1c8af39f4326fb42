"""A neural network in plain NumPy; imports NumPy and the standard library only.

Read `tutorial` first, then `architecture`, `activations`, `losses`, `propagation`,
`network`, `optimizers`, `batches`, `training` and `incremental`.
"""

from econnet.network.activations import ActivationName, Array
from econnet.network.architecture import Architecture, Layer
from econnet.network.incremental import BlockTrainer
from econnet.network.network import Initialization, Network
from econnet.network.optimizers import (
    SGD,
    AdamW,
    CosineDecay,
    Momentum,
    Optimizer,
    OptimizerState,
)
from econnet.network.training import History, TrainingOptions, TrainingProgress, train

__all__ = [
    "SGD",
    "ActivationName",
    "AdamW",
    "Architecture",
    "Array",
    "BlockTrainer",
    "CosineDecay",
    "History",
    "Initialization",
    "Layer",
    "Momentum",
    "Network",
    "Optimizer",
    "OptimizerState",
    "TrainingOptions",
    "TrainingProgress",
    "train",
]
