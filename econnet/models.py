"""A trained model on disk: networks, scaler and track record in one `.npz`.

The file is a cache that can be opened years later: it holds all that a forecast and its
report need besides the data, and a fingerprint of the data it was trained on. A model
that was trained on other data, for another task or by another version does not fit, and
is trained again.

It carries the version of its schema, and is never rewritten for being old. Schema 1 is
from before inputs were ranks, so its networks cannot be carried over, and are trained
again; 2, which did not say so yet, is read as it is; 3 carries the number. Both have
the networks' share in a mean with extra trees; 4 has the weights of all models.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd

from econnet import network_file, whole
from econnet.errors import DataError
from econnet.evaluation.metrics import BrierParts, Scores
from econnet.features import SHARES, Features, Floats, Scaler
from econnet.forecaster import PRIOR
from econnet.importance import Importance
from econnet.network import Architecture, Network
from econnet.network_file import NewerFileError

T = TypeVar("T")

RECORD = (
    *("model", "country", "origin", "period", "horizon", "probability", "outcome"),
    "signal",
)


@dataclass(frozen=True)
class Ahead:
    """A forecast in short, for one of several horizons.

    Parameters
    ----------
    period
        The period that is forecast, as text.
    probability, interval
        Probability of contraction, and its 90% interval (low, high).
    base_rate
        How often what is forecast has been in the country's past.
    scores
        Of econnet's forecasts of the country at this horizon, out of sample.
    """

    country: str
    horizon: int
    period: str
    probability: float
    interval: tuple[float, float]
    base_rate: float
    scores: Scores


@dataclass(frozen=True, eq=False)
class Model:
    """What training gives.

    Parameters
    ----------
    fingerprint
        Of the features and the task it was trained for.
    track_record
        Out-of-sample forecasts, columns `RECORD`, of every model and country. `signal`
        says whether a forecast was one of contraction, at the threshold of its time.
    weights : array (models,)
        Of the networks and their partners in the forecast, as in `forecaster.PRIOR`.
        Partners are not kept: the data give the same ones again.
    outlook
        The country's forecasts at other horizons.
    importance
        What econnet's forecasts lose without each indicator; empty if not measured.
    """

    network: Network
    weights: Floats
    scaler: Scaler
    track_record: pd.DataFrame
    fingerprint: str
    outlook: tuple[Ahead, ...] = ()
    importance: tuple[Importance, ...] = ()


def fingerprint(features: Features, task: object, version: str) -> str:
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
        "outlook": [asdict(ahead) for ahead in model.outlook],
        "importance": [asdict(it) for it in model.importance],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole.alone(path.parent), whole.naming(path):
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
        with whole.alone(path.parent):
            whole.copy(first, path)


def load(path: Path) -> Model:
    """Return the model that `save` wrote.

    The file may be a stranger's: whatever is said in it must be of its type, fit the
    rest, and lie where such a number can.

    Raises
    ------
    ValueError
        The file is not a model, is damaged, or is so old that it must be trained again.
    DataError
        The file is a newer econnet's.
    """
    try:
        network, metadata, arrays = network_file.load_with_metadata(path)
    except NewerFileError as error:
        raise DataError(newer(path, str(error))) from error
    _check_version(path, metadata, arrays)
    try:
        scaler = Scaler(**{f.name: arrays[f"scaler.{f.name}"] for f in fields(Scaler)})
        _check_scaler(scaler, network.architecture)
        return Model(
            network,
            _weights(metadata),
            scaler,
            _record(metadata, arrays),
            _text(metadata["fingerprint"]),
            tuple(_ahead(entry) for entry in metadata["outlook"]),
            tuple(_importance(entry) for entry in metadata["importance"]),
        )
    except KeyError as error:
        raise ValueError(f"{path} is a network, but not a model: no {error}") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is a network, but not a model: {error}") from error


class TooOldError(ValueError):
    """The file is a whole model, but of a schema that cannot be carried over."""


def newer(path: Path, reason: str) -> str:
    """Return what to tell about a model of a newer econnet."""
    return (
        f"{path} cannot be used: {reason}: upgrade econnet, or put a model of this one "
        "in its place with `econnet train`"
    )


def _check_version(
    path: Path, metadata: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Raise `DataError` for a newer schema, `ValueError` for one too old to be read."""
    schema = metadata.get("schema", 1 if "scaler.median" in arrays else 2)
    if type(schema) is not int or not 1 <= schema <= NO_SCHEMA_BEYOND:
        raise ValueError(f"{path} is of no schema that there was: {str(schema)[:40]}")
    if schema > SCHEMA:
        reason = (
            f"the file is of schema {schema}, made by a newer econnet, and this one "
            f"knows schemas up to {SCHEMA}"
        )
        raise DataError(newer(path, reason))
    if schema == 1:
        raise TooOldError(
            f"{path} is of schema 1, whose networks take other inputs than those of "
            f"schema {SCHEMA}"
        )


def _weights(metadata: Mapping[str, Any]) -> Floats:
    """Return the weights, if they are those of the networks and their partners."""
    if "share" in metadata:
        share = _within(metadata["share"], 0, 1, "share of the networks")
        said = dict.fromkeys(PRIOR, 0.0) | {"network": share, "extra_trees": 1 - share}
    else:
        said = metadata["weights"]
    if set(said) != set(PRIOR):
        raise ValueError(f"its forecast is a mean of {', '.join(said)[:80]}")
    weights = np.array([_within(said[name], 0, 1, "weight") for name in PRIOR])
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


def _importance(entry: dict[str, Any]) -> Importance:
    low, high = entry["interval"]
    return _filled(Importance, {**entry, "interval": (low, high)})


def _ahead(entry: dict[str, Any]) -> Ahead:
    parts = _filled(BrierParts, entry["scores"]["brier_parts"])
    scores = _filled(Scores, {**entry["scores"], "brier_parts": parts})
    low, high = entry["interval"]
    ahead = _filled(Ahead, {**entry, "interval": (low, high), "scores": scores})
    _within(ahead.horizon, 0, LONGEST_HORIZON, "horizon")
    for number in (ahead.probability, ahead.base_rate, *ahead.interval):
        _within(number, 0, 1, "probability")
    if PERIOD.fullmatch(ahead.period) is None:
        raise ValueError(f"{ahead.period[:40]!r} is no period")
    return ahead


def _filled(kind: type[T], entry: Mapping[str, Any]) -> T:
    """Return a dataclass made of an entry, if all its fields are of their types."""
    hints = get_type_hints(kind)
    for name, hint in hints.items():
        if not _is_of(entry[name], hint):
            raise TypeError(f"{name} is {str(entry[name])[:40]!r}")
    return kind(**entry)


def _is_of(value: object, hint: object) -> bool:
    """Return whether a value is of an annotated type; a number must be finite."""
    if isinstance(hint, UnionType):
        return any(_is_of(value, one) for one in get_args(hint))
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        return type(value) is tuple and all(map(_is_of, value, parts))
    if hint is float and type(value) is int:
        return abs(value) <= LARGEST_NUMBER
    if type(value) is not hint:
        return False
    return not isinstance(value, int | float) or abs(value) <= LARGEST_NUMBER


def _within(number: object, low: float, high: float, what: str) -> float:
    if not isinstance(number, int | float) or not low <= number <= high:
        raise ValueError(f"its {what} is {str(number)[:40]}, not {low} to {high}")
    return float(number)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:40]!r} is no text")
    return value


def _are_places(array: np.ndarray, of: int) -> bool:
    """Return whether all are whole numbers from 0 to below `of`."""
    return array.dtype.kind in "iu" and bool(((array >= 0) & (array < of)).all())


def _record(metadata: dict[str, Any], arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    names = ("model", "country", "origin", "probability", "outcome", "signal")
    model, country, origin, said, came, signal = (
        arrays[f"record.{name}"] for name in names
    )
    frequency, horizon = metadata["frequency"], metadata["horizon"]
    sound = {
        "columns of one length": {
            it.shape for it in (model, country, origin, said, came, signal)
        }
        == {(origin.size,)},
        "a row": origin.size > 0,
        "origins of this age": _are_places(origin + LATEST_ORIGIN, 2 * LATEST_ORIGIN),
        "probabilities": said.dtype == float
        and bool(((said >= 0) & (said <= 1)).all()),
        "outcomes of 0 or 1": came.dtype == float
        and bool((np.isnan(came) | (came == 0) | (came == 1)).all()),
        "signals": signal.dtype == bool,
        "a frequency": frequency in FREQUENCIES,
        "a horizon": type(horizon) is int and 0 <= horizon <= LONGEST_HORIZON,
    }
    for what, is_so in sound.items():
        if not is_so:
            raise ValueError(f"its track record has not {what}")
    origins = pd.PeriodIndex.from_ordinals(origin, freq=frequency)  # type: ignore[attr-defined]  # its stubs lack it
    return pd.DataFrame(
        {
            "model": _named(model, metadata["models"]),
            "country": _named(country, metadata["countries"]),
            "origin": origins,
            "period": origins + horizon,
            "horizon": horizon,
            "probability": said,
            "outcome": came,
            "signal": signal,
        }
    )


def _named(codes: np.ndarray, names: list[str]) -> "pd.Series[str]":
    """Return the name of each code."""
    if not all(type(name) is str for name in names) or not _are_places(
        codes, len(names)
    ):
        raise ValueError("its track record has codes that are not named")
    # Not an array of NumPy's, where every name takes the room of the longest.
    return pd.Series(list(names), dtype="str").take(codes).reset_index(drop=True)


SCHEMA = 4
NO_SCHEMA_BEYOND = 9_999
LONGEST_HORIZON = 1_000
# As pandas counts periods: months until the year 3970.
LATEST_ORIGIN = 24_000
LARGEST_NUMBER = 1e300
FREQUENCIES = frozenset({"Y-DEC", "Q-DEC", "M"})
PERIOD = re.compile(r"[0-9]{4}(Q[1-4]|-(0[1-9]|1[0-2]))?")
