"""A trained model on disk: networks, scaler and track record in one `.npz`.

The file is a cache that can be opened years later: it holds all that a forecast and its
report need besides the data, and a fingerprint of the data it was trained on. A model
that was trained on other data, for another task or by another version does not fit, and
is trained again.
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from econnet import whole
from econnet.evaluation.metrics import BrierParts, Scores
from econnet.features import Features, Scaler
from econnet.importance import Importance
from econnet.network import Network

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
    share
        Of the networks in the forecast, the trees having the rest. Trees are not kept:
        the data give the same ones again.
    outlook
        The country's forecasts at other horizons.
    importance
        What econnet's forecasts lose without each indicator; empty if not measured.
    """

    network: Network
    share: float
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
        "fingerprint": model.fingerprint,
        "share": model.share,
        "models": names["model"],
        "countries": names["country"],
        "frequency": origins.freqstr,
        "horizon": int(record["horizon"].iloc[0]),
        "outlook": [asdict(ahead) for ahead in model.outlook],
        "importance": [asdict(it) for it in model.importance],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    model.network.save(path, metadata=metadata, arrays=arrays)


def save_shared(model: Model, paths: Sequence[Path]) -> None:
    """Write a model that several countries share to each one's place.

    The places are links to one file where the file system has links, for a track record
    of many countries is large. A link is replaced like a file, without its fellows.
    """
    first, *others = paths
    save(model, first)
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole.replacing(path) as part:
            try:
                part.hardlink_to(first)
            except OSError:
                shutil.copyfile(first, part)


def load(path: Path) -> Model:
    """Return the model that `save` wrote.

    Raises
    ------
    ValueError
        The file is not a model, or is damaged.
    """
    network, metadata, arrays = Network.load_with(path)
    try:
        return Model(
            network,
            float(metadata["share"]),
            Scaler(**{f.name: arrays[f"scaler.{f.name}"] for f in fields(Scaler)}),
            _record(metadata, arrays),
            metadata["fingerprint"],
            tuple(_ahead(entry) for entry in metadata["outlook"]),
            tuple(_importance(entry) for entry in metadata["importance"]),
        )
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"{path} is a network, but not a model: {error}") from error


def _importance(entry: dict[str, Any]) -> Importance:
    low, high = entry["interval"]
    return Importance(**{**entry, "interval": (low, high)})


def _ahead(entry: dict[str, Any]) -> Ahead:
    parts = BrierParts(**entry["scores"]["brier_parts"])
    scores = Scores(**{**entry["scores"], "brier_parts": parts})
    low, high = entry["interval"]
    return Ahead(**{**entry, "interval": (low, high), "scores": scores})


def _record(metadata: dict[str, Any], arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    origins = pd.PeriodIndex(
        [
            pd.Period(ordinal=int(number), freq=metadata["frequency"])
            for number in arrays["record.origin"]
        ]
    )
    return pd.DataFrame(
        {
            "model": np.array(metadata["models"])[arrays["record.model"]],
            "country": np.array(metadata["countries"])[arrays["record.country"]],
            "origin": origins,
            "period": origins + metadata["horizon"],
            "horizon": metadata["horizon"],
            "probability": arrays["record.probability"],
            "outcome": arrays["record.outcome"],
            "signal": arrays["record.signal"],
        }
    )
