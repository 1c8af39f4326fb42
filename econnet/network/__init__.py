"""A neural network in plain NumPy, written to be read. It knows nothing of economics.

Read in this order: `architecture`, `activations`, `losses`, `propagation`, `network`,
`optimizers`, `batches`, `training`, `streaming`. `storage` is the file.
"""

from econnet.network.activations import ActivationName, Array
from econnet.network.architecture import Architecture, Layer
from econnet.network.network import Initialization, Network
from econnet.network.optimizers import (
    SGD,
    AdamW,
    CosineDecay,
    ExponentialDecay,
    Momentum,
    Optimizer,
)
from econnet.network.streaming import BlockTrainer
from econnet.network.training import (
    History,
    OptimizerState,
    Progress,
    TrainingOptions,
    train,
)

__all__ = [
    "SGD",
    "ActivationName",
    "AdamW",
    "Architecture",
    "Array",
    "BlockTrainer",
    "CosineDecay",
    "ExponentialDecay",
    "History",
    "Initialization",
    "Layer",
    "Momentum",
    "Network",
    "Optimizer",
    "OptimizerState",
    "Progress",
    "TrainingOptions",
    "train",
]
