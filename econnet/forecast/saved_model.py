"""A trained model on disk: networks, scaler and track record in one `.npz`.

The file is a cache that can be opened years later: it holds all that a forecast and its
report need besides the data, and a fingerprint of the data it was trained on. A model
that was trained on other data, for another task or by another version does not fit, and
is trained again.

It carries the number of its schema, and is never rewritten for being old: a model of an
earlier schema is trained again, one of a later schema is left alone. The file may come
from anyone, so everything in it is checked before it is used.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.types import Floats
from econnet.data.features.design_matrix import DesignMatrix
from econnet.forecast.explain.importance import Importance
from econnet.forecast.result import Ahead, Horizon, Share
from econnet.models import network_file
from econnet.models.combination import PRIOR
from econnet.models.network_file import NewerFileError
from econnet.models.scaling import SHARES, Scaler
from econnet.network import Architecture, Network
from econnet.runtime import atomic_files


@dataclass(frozen=True, eq=False)
class Model:
    """What training gives.

    Parameters
    ----------
    fingerprint
        Of the features and the task it was trained for.
    track_record
        Out-of-sample forecasts of every model and country, as `walkforward.run` gives
        them; `signal` is whether a forecast was one of contraction, at a threshold that
        was chosen in time.
    weights : array (models,)
        Of the networks and their partners in the forecast, as in `forecaster.PRIOR`.
        Partners are not kept: the data give the same ones again.
    outlook
        Forecasts at other horizons; `None` until they are trained.
    importance
        What econnet's forecasts lose without each indicator; empty if not measured.
    """

    network: Network
    weights: Floats
    scaler: Scaler
    track_record: pd.DataFrame
    fingerprint: str
    outlook: tuple[Ahead, ...] | None = None
    importance: tuple[Importance, ...] = ()


def model_digest(features: DesignMatrix, task: object, version: str) -> str:
    """Return a digest of all that a model depends on."""
    digest = hashlib.sha256(f"{version} {task}".encode())
    digest.update(repr([column.name for column in features.columns]).encode())
    digest.update(" ".join(map(str, features.index)).encode())
    for array in (features.X, features.y, features.target_known_at):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save(model: Model, path: Path) -> None:
    """Write the model in place of what `path` held, in one step."""
    record = model.track_record
    codes: dict[str, np.ndarray] = {}
    names: dict[str, list[str]] = {}
    for column in ("model", "country"):
        numbers, values = pd.factorize(record[column])
        codes[column], names[column] = (
            numbers.astype(np.int32),
            [str(v) for v in values],
        )
    origins = pd.PeriodIndex(record["origin"])
    arrays = {
        "record.model": codes["model"],
        "record.country": codes["country"],
        "record.origin": origins.asi8,
        "record.probability": record["probability"].to_numpy(dtype=float),
        "record.outcome": record["outcome"].to_numpy(dtype=float),
        "record.signal": record["signal"].to_numpy(dtype=bool),
        **{f"scaler.{key}": value for key, value in asdict(model.scaler).items()},
    }
    metadata = {
        "schema": SCHEMA,
        "fingerprint": model.fingerprint,
        "weights": dict(zip(PRIOR, model.weights.tolist(), strict=True)),
        "models": names["model"],
        "countries": names["country"],
        "frequency": origins.freqstr,
        "horizon": int(record["horizon"].iloc[0]),
        "outlook": (
            None
            if model.outlook is None
            else [asdict(ahead) for ahead in model.outlook]
        ),
        "importance": [asdict(measured) for measured in model.importance],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_files.locked_folder(path.parent):
        network_file.save(model.network, path, metadata=metadata, arrays=arrays)


def save_shared(model: Model, paths: Sequence[Path]) -> None:
    """Write a model that several countries share to each one's place.

    The places are links to one file where the file system has links, for a track record
    of many countries is large. A link is replaced like a file, without its fellows.
    """
    first, *others = paths
    save(model, first)
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_files.locked_folder(path.parent):
            atomic_files.copy(first, path)


def load(path: Path) -> Model:
    """Return the model that `save` wrote.

    The file may come from anyone: every value must be of its type, fit the rest, and
    lie where such a number can.

    Raises
    ------
    ValueError
        The file is not a model, is damaged, or is of an earlier schema.
    DataError
        The file is of a later schema.
    """
    try:
        network, metadata, arrays = network_file.load_with_metadata(path)
    except NewerFileError as error:
        raise DataError(newer(path, str(error))) from error
    _check_schema(path, metadata)
    try:
        header = _header(metadata)
        scaler = Scaler(**{f.name: arrays[f"scaler.{f.name}"] for f in fields(Scaler)})
        _check_scaler(scaler, network.architecture)
        return Model(
            network,
            _weights(header),
            scaler,
            _record(header, arrays),
            header.fingerprint,
            header.outlook,
            header.importance,
        )
    except KeyError as error:
        raise ValueError(f"{path} is a network, but not a model: no {error}") from error
    except (msgspec.MsgspecError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is a network, but not a model: {error}") from error


class TooOldError(ValueError):
    """The file is an intact model of an earlier schema, which is trained again."""


def newer(path: Path, reason: str) -> str:
    """Return the error message for a model of a newer econnet."""
    return (
        f"{path} cannot be used: {reason}: upgrade econnet, or put a model of this one "
        "in its place with `econnet train`"
    )


def _check_schema(path: Path, metadata: Mapping[str, Any]) -> None:
    """Raise `DataError` for a later schema, `TooOldError` for an earlier one."""
    schema = metadata.get("schema")
    if type(schema) is not int or not 1 <= schema <= MAX_SCHEMA:
        raise ValueError(
            f"{path} is a network, but not a model: it has no schema that exists, but "
            f"{str(schema)[:40]}"
        )
    if schema > SCHEMA:
        reason = (
            f"the file is of schema {schema}, made by a newer econnet, and this one "
            f"knows schemas up to {SCHEMA}"
        )
        raise DataError(newer(path, reason))
    if schema < SCHEMA:
        raise TooOldError(f"{path} is of schema {schema}, before schema {SCHEMA}")


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model's file holds beside its arrays."""

    schema: int
    fingerprint: str
    weights: dict[str, Share]
    models: list[str]
    countries: list[str]
    frequency: Literal["Y-DEC", "Q-DEC", "M"]
    horizon: Horizon
    outlook: tuple[Ahead, ...] | None
    importance: tuple[Importance, ...]


def _header(metadata: Mapping[str, Any]) -> _Header:
    """Return the metadata of a file in their types.

    Raises
    ------
    msgspec.ValidationError, OverflowError, ValueError
        A field is missing, is not of its type, is no field of a model, or is not a
        finite number of 64 bits.
    """
    header = msgspec.convert(metadata, _Header)
    # What was not read, or is not finite, is not written again either.
    if msgspec.json.decode(msgspec.json.encode(header)) != metadata:
        raise ValueError("its header has fields or numbers that no model has")
    return header


def _weights(header: _Header) -> Floats:
    """Return the weights, if they are those of the networks and their partners."""
    if set(header.weights) != set(PRIOR):
        names = ", ".join(header.weights)
        raise ValueError(f"its forecast is a mean of {names[:80]}")
    weights = np.array([header.weights[name] for name in PRIOR])
    if abs(weights.sum() - 1) > 1e-6:
        raise ValueError(f"its weights sum to {weights.sum()}, not to 1")
    return weights


def _check_scaler(scaler: Scaler, architecture: Architecture) -> None:
    """Raise `ValueError` unless the scaler gives what the network takes."""
    columns, flags = scaler.mean.size, scaler.flagged.size
    shapes = dict.fromkeys(("mean", "scale", "emphasis"), (columns,))
    shapes |= dict.fromkeys(("flaggable", "flagged"), (flags,))
    for name, shape in {**shapes, "knots": (columns, len(SHARES))}.items():
        array = getattr(scaler, name)
        of_kind = array.dtype.kind in ("iu" if name == "flaggable" else "f")
        if not of_kind or array.shape != shape or not np.isfinite(array).all():
            raise ValueError(
                f"its scaler's {name} {array.shape} are not {shape} finite numbers"
            )
    if not _are_places(scaler.flaggable, columns):
        raise ValueError("its scaler flags columns that there are not")
    given, taken = (
        (columns + flags, 1),
        (architecture.input_dim, architecture.output_dim),
    )
    if given != taken:
        raise ValueError(
            f"its network takes {taken[0]} inputs and gives {taken[1]} outputs: of "
            f"this scaler it must take {given[0]} and give 1"
        )


def _are_places(array: np.ndarray, of: int) -> bool:
    """Return whether all are whole numbers from 0 to below `of`."""
    return array.dtype.kind in "iu" and bool(((array >= 0) & (array < of)).all())


def _record(header: _Header, arrays: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return the track record, if its columns fit each other."""
    names = ("model", "country", "origin", "probability", "outcome", "signal")
    columns = {name: arrays[f"record.{name}"] for name in names}
    origin, probability = columns["origin"], columns["probability"]
    outcome = columns["outcome"]
    sound = {
        "columns of one length": {column.shape for column in columns.values()}
        == {(origin.size,)},
        "a row": origin.size > 0,
        "origins of this age": _are_places(origin + LATEST_ORIGIN, 2 * LATEST_ORIGIN),
        "probabilities": probability.dtype == float
        and bool(((probability >= 0) & (probability <= 1)).all()),
        "outcomes of 0 or 1": outcome.dtype == float
        and bool((np.isnan(outcome) | (outcome == 0) | (outcome == 1)).all()),
        "signals": columns["signal"].dtype == bool,
    }
    for what, is_so in sound.items():
        if not is_so:
            raise ValueError(f"its track record has not {what}")
    origins = pd.PeriodIndex.from_ordinals(origin, freq=header.frequency)  # type: ignore[attr-defined]  # its stubs lack it
    return pd.DataFrame(
        {
            "model": _named(columns["model"], header.models),
            "country": _named(columns["country"], header.countries),
            "origin": origins,
            "period": origins + header.horizon,
            "horizon": header.horizon,
            "probability": probability,
            "outcome": outcome,
            "signal": columns["signal"],
        }
    )


def _named(codes: np.ndarray, names: list[str]) -> "pd.Series[str]":
    """Return the name of each code."""
    if not _are_places(codes, len(names)):
        raise ValueError("its track record has codes that are not named")
    # Not an array of NumPy's, where every name takes the room of the longest.
    return pd.Series(list(names), dtype="str").take(codes).reset_index(drop=True)


SCHEMA = 1
MAX_SCHEMA = 9_999
# As pandas counts periods: months until the year 3970.
LATEST_ORIGIN = 24_000
