"""Network files: an architecture and its weights, with metadata and further arrays.

A file is an `.npz` with a JSON header (`econnet.runtime.npz`). It may be untrusted:
reading it executes nothing, and a file that is not a network, or is not intact, raises
a `ValueError`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from econnet.network import Architecture, Network
from econnet.network.network import Seed
from econnet.runtime.npz import read_arrays, write_arrays


class NewerFileError(ValueError):
    """The file is intact, but was written by a later version of econnet."""


def save(
    network: Network,
    file: str | Path | IO[bytes],
    *,
    metadata: Mapping[str, Any] | None = None,
    arrays: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write the network as `.npz`; an existing file is replaced.

    A path is replaced atomically: a reader finds the old file or the new one.
    `metadata` is further information that JSON can represent, and `arrays` are those
    that belong to the network, such as the scaler of its inputs.
    """
    header = {
        "format": FORMAT,
        "network": describe(network),
        "metadata": dict(metadata or {}),
    }
    named = {f"arrays/{name}": array for name, array in (arrays or {}).items()}
    write_arrays(file, header, {"parameters": network.parameters, **named})


def load(file: str | Path | IO[bytes], seed: Seed = 0) -> Network:
    """Return the network that `save` wrote.

    `seed` is for the random numbers of further training, as in `Network`.

    Raises
    ------
    ValueError
        The file is not a network, or not intact.
    NewerFileError
        It was written by a later version of econnet.
    """
    return load_with_metadata(file, seed)[0]


def load_with_metadata(
    file: str | Path | IO[bytes], seed: Seed = 0
) -> tuple[Network, dict[str, Any], dict[str, np.ndarray]]:
    """Return the network with its metadata and arrays; otherwise as `load`."""
    header, arrays = read_arrays(file)
    _check_format(header.get("format"))
    try:
        metadata = dict(header["metadata"])
        network = described(header["network"], arrays.pop("parameters"), seed)
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(
            f"the header does not describe a network ({error}): "
            "give the file of a saved network"
        ) from error
    extra = {name.removeprefix("arrays/"): array for name, array in arrays.items()}
    return network, metadata, extra


def describe(network: Network) -> dict[str, Any]:
    """Return the description of a network for JSON, without its parameters."""
    _check_block_count(network.members, network.architecture)
    return {
        "layers": network.architecture.to_dicts(),
        "skip": network.architecture.skip,
        "members": network.members,
        "dtype": str(network.parameters.dtype),
    }


def described(
    description: Mapping[str, Any], parameters: np.ndarray, seed: Seed = 0
) -> Network:
    """Return the network of a description, with these parameters.

    `KeyError`, `TypeError`, `OverflowError` or `ValueError` is raised if they are not
    those of a network.
    """
    architecture = Architecture.parse(
        description["layers"], skip=bool(description["skip"])
    )
    shape = (int(description["members"]), architecture.n_parameters)
    dtype = DTYPES[description["dtype"]]
    if parameters.shape != shape or parameters.dtype != dtype:
        raise ValueError(
            f"the file has parameters {parameters.shape} of {parameters.dtype}, "
            f"but its header says {shape} of {dtype}: it is damaged, save it again"
        )
    if not np.isfinite(parameters).all():
        raise ValueError("the file has parameters that are not finite numbers")
    _check_block_count(len(parameters), architecture)
    network = Network(architecture, len(parameters), seed, dtype=parameters.dtype)
    network.parameters[...] = parameters
    return network


def _check_format(label: object) -> None:
    """Raise `ValueError` unless the header names this format."""
    if label == FORMAT:
        return
    if isinstance(label, str) and NEWER_FORMAT.fullmatch(label):
        raise NewerFileError(
            f"the file is of format {label!r}, made by a newer econnet, and this one "
            f"reads {FORMAT!r}"
        )
    raise ValueError(
        f"the file is of format {label!r}, not {FORMAT!r}: "
        "give the file of a saved network"
    )


def _check_block_count(members: int, architecture: Architecture) -> None:
    """Raise `ValueError` if a small file would take long to read.

    Creating one layer of one member takes 0.15 ms, however few its parameters.
    """
    if (blocks := members * len(architecture.layers)) > MAX_BLOCKS:
        raise ValueError(
            f"{members:,} members of {len(architecture.layers):,} layers have "
            f"{blocks:,} blocks of weights, more than the {MAX_BLOCKS:,} of a file: "
            "use several files"
        )


FORMAT = "econnet network 1"
NEWER_FORMAT = re.compile(r"econnet network ([2-9]|[1-9][0-9]{1,3})")
MAX_BLOCKS = 20_000
DTYPES: Mapping[str, np.dtype[Any]] = {
    name: np.dtype(name) for name in ("float32", "float64")
}
