"""The use case of `train --data 'panel/*.parquet'`: features, training, scores, files.

Work that was killed is continued: features, survey and the state of training are kept
beside the model until that is finished, under a digest of the data, the task, the
options and the version. A model whose digest fits need not be trained again.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from econnet.core.errors import DataError
from econnet.core.periods import PERIODS_A_YEAR
from econnet.core.workspace import StreamedFiles
from econnet.forecast.saved_model import newer
from econnet.forecast.streamed import holdout as streamed_holdout
from econnet.forecast.streamed import scores, training
from econnet.forecast.streamed.feature_blocks import FeatureBlocks
from econnet.forecast.streamed.features import Abroad, FeatureSpec
from econnet.forecast.streamed.holdout import Holdout, Linear
from econnet.forecast.streamed.parquet_panel import Files, written
from econnet.forecast.streamed.scaling import MomentScaler
from econnet.forecast.streamed.scores import Difference, HoldoutScores, StreamedBin
from econnet.forecast.streamed.survey import Survey, survey
from econnet.forecast.streamed.training import StreamedOptions
from econnet.models import network_file
from econnet.models.network_file import NewerFileError
from econnet.runtime import atomic_files, untrusted_files
from econnet.runtime.blas import one_blas_thread
from econnet.runtime.npz import read_arrays, write_arrays


@dataclass(frozen=True)
class Streamed:
    """The result of training on a panel: scores, periods and files.

    Parameters
    ----------
    first_period, last_period
        Of the data, as text.
    learned_until
        The last period whose rows were trained on.
    holdout
        Its first and last origin, as text.
    passes
        Passes over the panel in training.
    models
        Scores on the holdout: `econnet`, the network; `logit`, a logistic regression on
        the same inputs; `base_rate`, the share of contractions in the training periods.
    tests
        Mean loss of the network minus that of each other model.
    forecasts
        Number of countries with a forecast in `forecasts.parquet`.
    """

    name: str
    spec: FeatureSpec
    rows: int
    countries: int
    first_period: str
    last_period: str
    learned_until: str
    holdout: tuple[str, str]
    base_rate: float
    passes: int
    members: int
    seed: int
    models: dict[str, HoldoutScores]
    tests: dict[str, Difference]
    reliability: tuple[StreamedBin, ...]
    forecasts: int
    version: str
    made_at: str

    def to_dict(self) -> dict[str, Any]:
        """Return the result as in JSON."""
        spec = self.spec
        task = {
            "frequency": spec.frequency,
            "target": spec.target,
            "label": spec.label,
            "horizon": spec.horizon,
            "event": spec.event,
            "lag": spec.lag,
            "members": self.members,
            "seed": self.seed,
        }
        data = {
            "source": self.name,
            "rows": self.rows,
            "countries": self.countries,
            "first_period": self.first_period,
            "last_period": self.last_period,
            "kinds": dict(zip(spec.columns, spec.kinds, strict=True)),
        }
        rest = asdict(self)
        for name in ("name", "spec", "rows", "countries", "members", "seed"):
            del rest[name]
        for name in ("first_period", "last_period"):
            del rest[name]
        return {"task": task, "data": data, **rest}

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> "Streamed":
        """Return the result of which `asdict` made the record, read back from JSON."""
        models = dict(record["models"]).items()
        tests = dict(record["tests"]).items()
        return cls(
            **_tupled(record)
            | {
                "spec": FeatureSpec(**_tupled(record["spec"])),
                "models": {name: HoldoutScores(**_tupled(one)) for name, one in models},
                "tests": {name: Difference(**_tupled(one)) for name, one in tests},
                "reliability": tuple(
                    StreamedBin(**one) for one in record["reliability"]
                ),
            }
        )


def _tupled(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record with tuples for the lists that JSON made of them."""
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in dict(record).items()
    }


def forecast_panel(
    files: Files,
    spec: FeatureSpec,
    places: StreamedFiles,
    options: StreamedOptions | None = None,
    progress: Callable[[str, float], None] = lambda *_: None,
) -> Streamed:
    """Train on the panel, score the holdout, and write the model and the forecasts.

    `progress` gets the name of the stage and the share of it that is done.

    Raises
    ------
    DataError
        The panel is not sorted, cannot be read, or holds too little to learn from.
    """
    options = options or StreamedOptions()
    digest = streamed_digest(files, spec, options)
    for path in (places.model, places.report):
        path.parent.mkdir(parents=True, exist_ok=True)
    with one_blas_thread():
        blocks = _blocks(files, spec, places, progress)
        seen = _survey(blocks, options.seed, places.unfinished("survey"), digest)
        network = training.train_stream(
            blocks,
            seen,
            options,
            training.Checkpoint(places.unfinished("training"), digest),
            lambda share: progress("Training", share),
        )
        holdout = streamed_holdout.score_holdout(
            blocks,
            seen,
            streamed_holdout.Models(network, _logit(seen), seen.base_rate),
            places.forecasts,
            lambda share: progress("Judging", share),
        )
    answer = _answer(blocks, seen, holdout, options)
    network_file.save(
        network,
        places.model,
        metadata={"fingerprint": digest, "answer": asdict(answer)},
        arrays=_arrays(seen),
    )
    text = json.dumps(answer.to_dict(), indent=2, allow_nan=False)
    atomic_files.write_together(
        places.report.parent, [(places.report.name, f"{text}\n".encode())]
    )
    for what in ("survey", "training"):
        places.unfinished(what).unlink(missing_ok=True)
    shutil.rmtree(places.unfinished("features"), ignore_errors=True)
    return answer


def stored(
    files: Files,
    spec: FeatureSpec,
    places: StreamedFiles,
    options: StreamedOptions | None = None,
) -> Streamed | None:
    """Return the result of the saved model, if it fits and is intact.

    Raises
    ------
    DataError
        A newer econnet wrote it.
    """
    try:
        _, metadata, _ = network_file.load_with_metadata(places.model)
        digest = streamed_digest(files, spec, options or StreamedOptions())
        if metadata["fingerprint"] != digest or not places.forecasts.is_file():
            return None
        return Streamed.of_record(metadata["answer"])
    except NewerFileError as error:
        raise DataError(newer(places.model, str(error))) from error
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None


def forecasts_of(
    forecasts: Path, countries: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return origin, period and probability of some countries, by their names."""
    path = forecasts.resolve()
    with untrusted_files.reader([path]) as database:
        query = (
            f"FROM {untrusted_files.parquet(path)} WHERE list_contains($names, country)"
        )
        rows = database.execute(query, {"names": list(countries)}).fetchall()
    return {
        country: {"origin": origin, "period": period, "probability": probability}
        for country, origin, period, probability in rows
    }


def streamed_digest(files: Files, spec: FeatureSpec, options: StreamedOptions) -> str:
    """Return a digest of all that the model depends on."""
    parts = (version("econnet"), files.digest, spec, options)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _blocks(
    files: Files,
    spec: FeatureSpec,
    places: StreamedFiles,
    progress: Callable[[str, float], None],
) -> FeatureBlocks:
    """Return the features of the panel, computing those that are missing."""
    digest = hashlib.sha256(
        repr((version("econnet"), files.digest, spec)).encode()
    ).hexdigest()
    folder = places.unfinished("features")
    blocks = FeatureBlocks(files, spec, folder / digest[:16])
    if folder.is_dir():
        for other in folder.iterdir():
            if other.name != blocks.folder.name:
                shutil.rmtree(other, ignore_errors=True)
    blocks.write(lambda share: progress("Surveying", share))
    return blocks


def _survey(blocks: FeatureBlocks, seed: int, unfinished: Path, digest: str) -> Survey:
    """Return the survey, from the file if one was finished before.

    A file that is damaged, or of other work, is ignored.
    """
    with suppress(FileNotFoundError, KeyError, TypeError, ValueError):
        header, arrays = read_arrays(unfinished)
        if header.get("fingerprint") == digest:
            return _survey_of(header["numbers"], arrays)
    seen = survey(blocks, seed)
    numbers = {
        field.name: getattr(seen, field.name)
        for field in fields(seen)
        if isinstance(getattr(seen, field.name), int)
    }
    arrays = _arrays(seen) | {"sketch_X": seen.sketch_X, "sketch_y": seen.sketch_y}
    write_arrays(unfinished, {"fingerprint": digest, "numbers": numbers}, arrays)
    return seen


def _arrays(seen: Survey) -> dict[str, np.ndarray]:
    """Return the scaler and the growth abroad as arrays."""
    return {
        f"{part}.{key}": np.asarray(array)
        for part, value in (("scaler", seen.scaler), ("abroad", seen.abroad))
        for key, array in asdict(value).items()
    }


def _survey_of(numbers: dict[str, int], arrays: dict[str, np.ndarray]) -> Survey:
    def part(name: str) -> dict[str, Any]:
        return {
            key.removeprefix(f"{name}."): array
            for key, array in arrays.items()
            if key.startswith(f"{name}.")
        }

    abroad = part("abroad")
    return Survey(
        **numbers,
        abroad=Abroad(**abroad | {"first": int(abroad["first"])}),
        scaler=MomentScaler(**part("scaler")),
        sketch_X=arrays["sketch_X"],
        sketch_y=arrays["sketch_y"],
    )


def _logit(seen: Survey) -> Linear:
    """Return a logistic regression on the sketch, enough for so few weights."""
    model = LogisticRegression(max_iter=1000).fit(seen.sketch_X, seen.sketch_y)
    return Linear(model.coef_[0].astype(np.float32), float(model.intercept_[0]))


def _answer(
    blocks: FeatureBlocks, seen: Survey, holdout: Holdout, options: StreamedOptions
) -> Streamed:
    files, spec, models = blocks.files, blocks.spec, holdout.scores
    length = max(spec.horizon + 1, PERIODS_A_YEAR[spec.frequency])

    def text(ordinal: int) -> str:
        return written(ordinal, spec.frequency)

    return Streamed(
        name=files.name,
        spec=spec,
        rows=files.rows,
        countries=seen.countries,
        first_period=text(seen.first),
        last_period=text(seen.last),
        learned_until=text(seen.newest_learned),
        holdout=(text(seen.first_held_out), text(seen.last_held_out)),
        base_rate=seen.base_rate,
        passes=options.passes(files.rows),
        members=options.members,
        seed=options.seed,
        models={
            name: scores.scores(model, models["base_rate"], length, options.seed)
            for name, model in models.items()
        },
        tests={
            name: scores.difference(models["econnet"], model, length, options.seed)
            for name, model in models.items()
            if name != "econnet"
        },
        reliability=tuple(models["econnet"].reliability()),
        forecasts=holdout.forecasts,
        version=version("econnet"),
        made_at=pd.Timestamp.now("UTC").isoformat(timespec="seconds"),
    )
