"""A trained model on disk: networks, partners, scaler and track record in one `.npz`.

The file contains everything that a forecast and its report need besides the data, and
a fingerprint of the data and the task. What follows from these but takes time is saved
too: the partners of the networks, and the calibration. A model that does not fit, or is
of an earlier schema, is trained again; one of a later schema is left alone. The file
may come from anyone, so everything in it is checked before use.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import pandas as pd

from econnet.core.errors import DataError
from econnet.data.features.design_matrix import DesignMatrix
from econnet.evaluation.calibration import DRAWS, CalibrationDraws
from econnet.forecast.explain.importance import Importance, indicators
from econnet.forecast.provenance import SharedReplay
from econnet.forecast.result import Ahead, Horizon, Share
from econnet.models import network_file, partners_file
from econnet.models.combination import MODELS, NETWORK
from econnet.models.network_file import NewerFileError
from econnet.models.partners_file import MAX_WEIGHT, Fitted, Partners
from econnet.models.scaling import SCORES, Scaler
from econnet.models.titles import TITLES
from econnet.network import Architecture, Network
from econnet.runtime import atomic_files


@dataclass(frozen=True, eq=False)
class Model:
    """The result of training.

    Parameters
    ----------
    weights
        Of the networks and their partners in the forecast, by name.
    track_record
        Out-of-sample forecasts of every model and country; `signal` is whether a
        forecast exceeded a threshold chosen in real time.
    fingerprint
        Of the features and the task it was trained for.
    outlook
        Forecasts at other horizons; `None` until they are trained.
    importance
        Of each indicator; empty if not measured.
    partners
        Those that are fitted, by name. Others are fitted again to the same data.
    calibration
        The calibration maps of the track record; `None` if they are not fitted.
    shared_replay
        The replay of a country with newer data, if the track record comes from it.
    """

    network: Network
    weights: Mapping[str, float]
    scaler: Scaler
    track_record: pd.DataFrame
    fingerprint: str
    outlook: tuple[Ahead, ...] | None = None
    importance: tuple[Importance, ...] = ()
    partners: Mapping[str, Fitted] = field(default_factory=dict)
    calibration: CalibrationDraws | None = None
    shared_replay: SharedReplay | None = None


def model_digest(features: DesignMatrix, task: object, version: str) -> str:
    """Return a digest of everything that a model depends on."""
    digest = hashlib.sha256(f"{version} {task}".encode())
    digest.update(repr([column.name for column in features.columns]).encode())
    digest.update(" ".join(map(str, features.index)).encode())
    for array in (
        features.X,
        features.y,
        features.growth,
        features.target_known_at,
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save(model: Model, path: Path) -> None:
    """Write the model to `path`, atomically replacing an existing file."""
    record = model.track_record
    models, model_names = pd.factorize(record["model"])
    countries, country_names = pd.factorize(record["country"])
    origins = pd.PeriodIndex(record["origin"])
    partners, of_partners = partners_file.to_file(
        model.partners, model.network.architecture.input_dim
    )
    arrays = {
        "record.model": models.astype(np.int32),
        "record.country": countries.astype(np.int32),
        "record.origin": origins.asi8,
        "record.probability": record["probability"].to_numpy(dtype=float),
        "record.outcome": record["outcome"].to_numpy(dtype=float),
        "record.signal": record["signal"].to_numpy(dtype=bool),
        **{f"scaler.{key}": value for key, value in asdict(model.scaler).items()},
        **{f"partner.{name}": array for name, array in of_partners.items()},
    }
    if model.calibration is not None:
        of_maps = asdict(model.calibration)
        arrays |= {f"calibration.{name}": maps for name, maps in of_maps.items()}
    metadata = {
        "schema": SCHEMA,
        "fingerprint": model.fingerprint,
        "weights": dict(model.weights),
        "models": [*map(str, model_names)],
        "countries": [*map(str, country_names)],
        "frequency": origins.freqstr,
        "horizon": int(record["horizon"].iloc[0]),
        "outlook": msgspec.to_builtins(model.outlook),
        "importance": msgspec.to_builtins(model.importance),
        "partners": msgspec.to_builtins(partners),
        "shared_replay": msgspec.to_builtins(model.shared_replay),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_files.locked_folder(path.parent):
        network_file.save(model.network, path, metadata=metadata, arrays=arrays)


def save_shared(model: Model, paths: Sequence[Path]) -> None:
    """Write a model that several countries share to each country's path.

    The paths are links to one file where the file system supports them, since a track
    record of many countries is large. Replacing one does not affect the others.
    """
    first, *others = paths
    save(model, first)
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_files.locked_folder(path.parent):
            atomic_files.copy(first, path)


def load(path: Path) -> Model:
    """Return the model that `save` wrote.

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
        _check_magnitude(network, scaler)
        return Model(
            network,
            _weights(header),
            scaler,
            _record(header, arrays),
            header.fingerprint,
            header.outlook,
            header.importance,
            partners_file.from_file(
                header.partners,
                _with_prefix("partner.", arrays),
                network.architecture.input_dim,
            ),
            _calibration(_with_prefix("calibration.", arrays)),
            header.shared_replay,
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
        f"{path} cannot be used: {reason}: upgrade econnet, or replace the model with "
        "`econnet train`"
    )


def _check_schema(path: Path, metadata: Mapping[str, Any]) -> None:
    """Raise `DataError` for a later schema, `TooOldError` for an earlier one."""
    schema = metadata.get("schema")
    if type(schema) is not int or not 1 <= schema <= MAX_SCHEMA:
        raise ValueError(
            f"{path} is a network, but not a model: there is no schema "
            f"{str(schema)[:40]}"
        )
    if schema > SCHEMA:
        reason = (
            f"its schema {schema} is of a newer econnet, and this one reads schemas up "
            f"to {SCHEMA}"
        )
        raise DataError(newer(path, reason))
    if schema < SCHEMA:
        raise TooOldError(f"{path} is of schema {schema}, before schema {SCHEMA}")


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header of a model's file."""

    schema: int
    fingerprint: str
    weights: dict[str, Share]
    models: list[str]
    countries: list[str]
    frequency: Literal["Y-DEC", "Q-DEC", "M"]
    horizon: Horizon
    outlook: tuple[Ahead, ...] | None
    importance: tuple[Importance, ...]
    partners: Partners
    shared_replay: SharedReplay | None


def _header(metadata: Mapping[str, Any]) -> _Header:
    header = msgspec.convert(metadata, _Header)
    # Unknown fields of dataclasses and numbers that are not finite are not written.
    if msgspec.json.decode(msgspec.json.encode(header)) != metadata:
        raise ValueError("its header has unknown fields or infinite numbers")
    return header


def _with_prefix(
    prefix: str, arrays: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the arrays whose name has a prefix, by the rest of the name."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _calibration(arrays: Mapping[str, np.ndarray]) -> CalibrationDraws | None:
    """Return calibration maps after checking them; `None` if there are none."""
    if not arrays:
        return None
    draws = CalibrationDraws(arrays["intercepts"], arrays["slopes"])
    for maps in (draws.intercepts, draws.slopes):
        if maps.dtype != float or maps.shape != (DRAWS,):
            raise ValueError(f"its calibration has maps {maps.shape} of {maps.dtype}")
        if not (np.abs(maps) <= MAX_WEIGHT).all():
            raise ValueError(f"its calibration has maps above {MAX_WEIGHT:,.0f}")
    return draws


def _weights(header: _Header) -> dict[str, float]:
    """Return the weights of models in the order of `MODELS`, the networks' above 0."""
    weights = {name: header.weights[name] for name in MODELS if name in header.weights}
    if len(weights) < len(header.weights) or not weights.get(NETWORK):
        names = ", ".join(header.weights)
        raise ValueError(f"its weights are of {names[:80]}, not of {', '.join(MODELS)}")
    total = sum(weights.values())
    if abs(total - 1) > 1e-6:
        raise ValueError(f"its weights sum to {total}, not to 1")
    return weights


def _check_scaler(scaler: Scaler, architecture: Architecture) -> None:
    """Raise `ValueError` unless the scaler is valid and fits the network."""
    columns, flags = scaler.mean.size, scaler.flagged.size
    shapes = dict.fromkeys(("mean", "scale", "emphasis"), (columns,))
    shapes |= dict.fromkeys(("flaggable", "flagged"), (flags,))
    for name, shape in {**shapes, "knots": (columns, len(SCORES))}.items():
        array = getattr(scaler, name)
        of_kind = array.dtype.kind in ("iu" if name == "flaggable" else "f")
        if not of_kind or array.shape != shape or not np.isfinite(array).all():
            raise ValueError(
                f"its scaler's {name} {array.shape} are not {shape} finite numbers"
            )
    if not _are_positions(scaler.flaggable, columns):
        raise ValueError("its scaler flags columns that do not exist")
    inputs, outputs = architecture.input_dim, architecture.output_dim
    if (inputs, outputs) != (columns + flags, 1):
        raise ValueError(
            f"its network takes {inputs} inputs and gives {outputs} outputs, but its "
            f"scaler gives {columns + flags} inputs and a model has 1 output"
        )


def _check_magnitude(network: Network, scaler: Scaler) -> None:
    """Raise `ValueError` for numbers with which a forecast would not be finite."""
    arrays = {"network": network.parameters, "scaler": scaler.emphasis}
    for name, array in arrays.items():
        if (np.abs(array) > MAX_WEIGHT).any():
            raise ValueError(f"its {name} has weights above {MAX_WEIGHT:,.0f}")


def check_content(model: Model, features: DesignMatrix) -> None:
    """Raise `ValueError` if a model names what the data or econnet do not have.

    Its fingerprint fits the data, but whoever has the same data can forge that.
    """
    models = {*model.track_record["model"].unique()}
    known = {"econnet", *TITLES}
    measured = {importance.indicator for importance in model.importance}
    content = {
        "forecasts of econnet and the historical average": {"econnet", "base_rate"}
        <= models,
        "models of econnet only": models <= known,
        "countries of the data only": {*model.track_record["country"].unique()}
        <= {*features.countries},
        "indicators of the data only": measured <= {*indicators(features)},
    }
    for property_, is_valid in content.items():
        if not is_valid:
            raise ValueError(f"its track record lacks {property_}")


def _are_positions(array: np.ndarray, length: int) -> bool:
    """Return whether all are integers from 0 to `length - 1`."""
    return array.dtype.kind in "iu" and bool(((array >= 0) & (array < length)).all())


def _record(header: _Header, arrays: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return the track record after checking its columns."""
    names = ("model", "country", "origin", "probability", "outcome", "signal")
    columns = {name: arrays[f"record.{name}"] for name in names}
    origin, probability = columns["origin"], columns["probability"]
    outcome = columns["outcome"]
    valid = {
        "columns of one length": {column.shape for column in columns.values()}
        == {(origin.size,)},
        "a row": origin.size > 0,
        "plausible origins": _are_positions(origin + MAX_ORIGIN, 2 * MAX_ORIGIN),
        "probabilities": probability.dtype == float
        and bool(((probability >= 0) & (probability <= 1)).all()),
        "outcomes of 0 or 1": outcome.dtype == float
        and bool((np.isnan(outcome) | (outcome == 0) | (outcome == 1)).all()),
        "signals": columns["signal"].dtype == bool,
    }
    for property_, is_valid in valid.items():
        if not is_valid:
            raise ValueError(f"its track record lacks {property_}")
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
    if not _are_positions(codes, len(names)):
        raise ValueError("its track record has codes without names")
    # In a NumPy array every name would take the space of the longest.
    return pd.Series(names, dtype="str").take(codes).reset_index(drop=True)


SCHEMA = 6
MAX_SCHEMA = 9_999
# As pandas counts periods: months until the year 3970.
MAX_ORIGIN = 24_000
