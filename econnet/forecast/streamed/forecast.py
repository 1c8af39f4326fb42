"""The use case of `train --data 'panel/*.parquet'`: features, training, scores, files.

Work that was killed is continued: features and the state of training are kept beside
the model until that is finished, under a digest of the data, the task, the options and
the version. A model whose digest fits need not be trained again.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from econnet.core.errors import DataError, UsageError
from econnet.core.workspace import StreamedFiles
from econnet.evaluation.metrics import ReliabilityBin
from econnet.forecast.saved_model import newer
from econnet.forecast.streamed import holdout, scores, training
from econnet.forecast.streamed.feature_blocks import FeatureBlocks
from econnet.forecast.streamed.features import FeatureSpec
from econnet.forecast.streamed.parquet_panel import ParquetPanel
from econnet.forecast.streamed.scores import Difference, HoldoutScores, ScoreAccumulator
from econnet.forecast.streamed.survey import Survey, survey
from econnet.forecast.streamed.training import DEFAULT_OPTIONS, StreamedOptions
from econnet.models import network_file
from econnet.models.network_file import NewerFileError
from econnet.runtime import atomic_files, untrusted_files
from econnet.runtime.blas import one_blas_thread


@dataclass(frozen=True)
class Streamed:
    """The result of training on a panel.

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
    models: dict[str, HoldoutScores]
    tests: dict[str, Difference]
    reliability: tuple[ReliabilityBin, ...]
    forecasts: int
    version: str
    made_at: str

    def to_dict(self) -> dict[str, Any]:
        """Return the result as in JSON."""
        spec, rest = self.spec, asdict(self)
        del rest["spec"]
        shown = ("frequency", "label", "horizon", "event", "members", "seed")
        task = {name: getattr(spec.task, name) for name in shown}
        data = {"source": rest.pop("name")} | {
            name: rest.pop(name)
            for name in ("rows", "countries", "first_period", "last_period")
        }
        return {
            "task": {**task, "target": spec.target, "lag": spec.lag},
            "data": {**data, "kinds": dict(zip(spec.columns, spec.kinds, strict=True))},
            **rest,
        }

    @classmethod
    def of_record(cls, record: object) -> "Streamed":
        """Return the result from its `asdict` record; `ValueError` if it is none."""
        try:
            return msgspec.convert(record, cls)
        except (msgspec.ValidationError, OverflowError, UsageError) as error:
            raise ValueError(
                f"it has no result of a streamed panel: {error}"
            ) from error


def forecast_panel(
    panel: ParquetPanel,
    spec: FeatureSpec,
    files: StreamedFiles,
    options: StreamedOptions = DEFAULT_OPTIONS,
    progress: Callable[[str, float], None] = lambda *_: None,
) -> Streamed:
    """Train on the panel, score the holdout, and write the model and the forecasts.

    `progress` gets the name of the stage and the share of it that is done. `DataError`
    if the panel is not sorted, cannot be read, or has too little to learn from.
    """
    digest = streamed_digest(panel, spec, options)
    for path in (files.model, files.report):
        path.parent.mkdir(parents=True, exist_ok=True)
    features, checkpoint = files.unfinished("features"), files.unfinished("training")
    with one_blas_thread():
        blocks = FeatureBlocks(panel, spec, features / digest[:16])
        for other in {*features.glob("*")} - {blocks.folder}:
            shutil.rmtree(other, ignore_errors=True)
        blocks.write(lambda share: progress("Surveying", share))
        surveyed = survey(blocks, spec.task.seed)
        network = training.train_stream(
            blocks,
            surveyed,
            options,
            training.Checkpoint(checkpoint, digest),
            lambda share: progress("Training", share),
        )
        accumulators = holdout.score_holdout(
            blocks,
            surveyed,
            holdout.Models.fit(network, surveyed),
            files.forecasts,
            lambda share: progress("Judging", share),
        )
    result = _result(blocks, surveyed, accumulators, options)
    network_file.save(
        network,
        files.model,
        metadata={"fingerprint": digest, "answer": asdict(result)},
        arrays=_arrays(surveyed),
    )
    text = json.dumps(result.to_dict(), indent=2, allow_nan=False)
    atomic_files.write_together(
        files.report.parent, [(files.report.name, f"{text}\n".encode())]
    )
    checkpoint.unlink(missing_ok=True)
    shutil.rmtree(features, ignore_errors=True)
    return result


def stored(
    panel: ParquetPanel,
    spec: FeatureSpec,
    files: StreamedFiles,
    options: StreamedOptions = DEFAULT_OPTIONS,
) -> Streamed | None:
    """Return the result of the saved model, if it fits and is intact.

    `DataError` if a newer econnet wrote it.
    """
    try:
        _, metadata, _ = network_file.load_with_metadata(files.model)
        digest = streamed_digest(panel, spec, options)
        if metadata["fingerprint"] != digest or not files.forecasts.is_file():
            return None
        return Streamed.of_record(metadata["answer"])
    except NewerFileError as error:
        raise DataError(newer(files.model, str(error))) from error
    except (FileNotFoundError, KeyError, ValueError):
        return None


def forecasts_of(
    forecasts: Path, countries: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return origin, period and probability of countries, by the names given.

    `DataError` if the file has no forecast of one of them.
    """
    path = forecasts.resolve()
    with untrusted_files.reader([path]) as database:
        query = f"FROM {untrusted_files.parquet(path)} WHERE list_contains(?, country)"
        rows = database.execute(query, [list(countries)]).fetchall()
    if missing := set(countries) - {row[0] for row in rows}:
        raise DataError(
            f"{forecasts} has no country {min(missing)!r}: choose one that it lists"
        )
    return {
        country: {"origin": origin, "period": period, "probability": probability}
        for country, origin, period, probability in rows
    }


def streamed_digest(
    panel: ParquetPanel, spec: FeatureSpec, options: StreamedOptions
) -> str:
    """Return a digest of all that the model depends on."""
    parts = (version("econnet"), panel.digest, spec, options)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _arrays(surveyed: Survey) -> dict[str, np.ndarray]:
    """Return the scaler and the growth abroad as arrays."""
    return {
        f"{name}.{key}": np.asarray(array)
        for name in ("scaler", "abroad")
        for key, array in asdict(getattr(surveyed, name)).items()
    }


def _result(
    blocks: FeatureBlocks,
    surveyed: Survey,
    models: Mapping[str, ScoreAccumulator],
    options: StreamedOptions,
) -> Streamed:
    panel, spec = blocks.panel, blocks.spec
    ours = models["econnet"]
    return Streamed(
        name=panel.name,
        spec=spec,
        rows=panel.rows,
        countries=surveyed.countries,
        first_period=panel.period(surveyed.first),
        last_period=panel.period(surveyed.last),
        learned_until=panel.period(surveyed.newest_learned),
        holdout=(
            panel.period(surveyed.first_held_out),
            panel.period(surveyed.last_held_out),
        ),
        base_rate=surveyed.base_rate,
        passes=options.passes(panel.rows),
        models={
            name: scores.scores(model, models["base_rate"])
            for name, model in models.items()
        },
        tests={
            name: scores.difference(ours, model)
            for name, model in models.items()
            if name != "econnet"
        },
        reliability=tuple(ours.reliability()),
        forecasts=surveyed.countries,
        version=version("econnet"),
        made_at=pd.Timestamp.now("UTC").isoformat(timespec="seconds"),
    )
