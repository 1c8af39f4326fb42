"""The use case of `train --data 'panel/*.parquet'`: survey, train, judge, write.

Work that was killed is taken up again: the survey and the state of training stand
beside the model until that is finished, under a fingerprint of the data, the task, the
options and the version. A model whose fingerprint fits need not be trained again.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from econnet import network_file, strangers, whole
from econnet.core.periods import PERIODS_A_YEAR
from econnet.core.workspace import StreamedFiles
from econnet.errors import DataError
from econnet.models import newer
from econnet.network_file import NewerFileError
from econnet.runtime.blas import one_blas_thread
from econnet.runtime.npz import read_arrays, write_arrays
from econnet.streaming import judging, preparing, scores, training
from econnet.streaming.files import Files, written
from econnet.streaming.judging import Judged, Linear
from econnet.streaming.recipe import Abroad, Recipe
from econnet.streaming.scaling import MomentScaler
from econnet.streaming.scores import Calibrated, Difference, HoldoutScores
from econnet.streaming.survey import Survey, survey
from econnet.streaming.training import Options


@dataclass(frozen=True)
class Streamed:
    """What came of a panel.

    Parameters
    ----------
    first_period, last_period
        Of the data, as text.
    learned_until
        The last period whose rows were learned from.
    holdout
        Its first and last origin, as text.
    passes
        How often the panel was gone through in training.
    models
        Scores on the holdout: `econnet`, the network; `logit`, a logistic regression on
        the same inputs; `base_rate`, the share of contractions in the training periods.
    tests
        By how much the network's forecasts cost less than the others'.
    forecasts
        How many countries have a forecast in `forecasts.parquet`.
    """

    name: str
    recipe: Recipe
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
    reliability: tuple[Calibrated, ...]
    forecasts: int
    version: str
    made_at: str

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON has it."""
        recipe = self.recipe
        task = {
            "frequency": recipe.frequency,
            "target": recipe.target,
            "label": recipe.label,
            "horizon": recipe.horizon,
            "event": recipe.event,
            "lag": recipe.lag,
            "members": self.members,
            "seed": self.seed,
        }
        data = {
            "source": self.name,
            "rows": self.rows,
            "countries": self.countries,
            "first_period": self.first_period,
            "last_period": self.last_period,
            "kinds": dict(zip(recipe.columns, recipe.kinds, strict=True)),
        }
        rest = asdict(self)
        for name in ("name", "recipe", "rows", "countries", "members", "seed"):
            del rest[name]
        for name in ("first_period", "last_period"):
            del rest[name]
        return {"task": task, "data": data, **rest}

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> "Streamed":
        """Return the answer of which `asdict` made the record, read back from JSON."""
        recipe = record["recipe"]
        models = {name: _tupled(it) for name, it in dict(record["models"]).items()}
        tests = {name: _tupled(it) for name, it in dict(record["tests"]).items()}
        return cls(
            **_tupled(record)
            | {
                "recipe": Recipe(**_tupled(recipe)),
                "models": {name: HoldoutScores(**it) for name, it in models.items()},
                "tests": {name: Difference(**it) for name, it in tests.items()},
                "reliability": tuple(Calibrated(**it) for it in record["reliability"]),
            }
        )


def _tupled(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record with tuples for the lists that JSON made of them."""
    return {
        name: tuple(it) if isinstance(it, list) else it
        for name, it in dict(record).items()
    }


def make(
    files: Files,
    recipe: Recipe,
    places: StreamedFiles,
    *,
    members: int = 1,
    seed: int = 0,
    options: Options | None = None,
    progress: Callable[[str, float], None] = lambda *_: None,
) -> Streamed:
    """Survey the panel, train, judge on the holdout, and write model and forecasts.

    `progress` is told what is under way, and which share of it is done.

    Raises
    ------
    DataError
        The panel is not sorted, cannot be read, or holds too little to learn from.
    """
    settled = options or Options()
    fits = fingerprint(files, recipe, members, seed, settled)
    for path in (places.model, places.report):
        path.parent.mkdir(parents=True, exist_ok=True)
    to_learn = settled.passes(files.rows) * files.rows
    # The reader gets ready during the survey.
    with one_blas_thread(), preparing.reader(to_learn) as reader:
        seen = _survey(files, recipe, seed, places.unfinished("survey"), fits, progress)
        network = training.train(
            files,
            recipe,
            seen,
            members=members,
            seed=seed,
            options=settled,
            unfinished=places.unfinished("training"),
            fingerprint=fits,
            reader=reader,
            progress=lambda share: progress("Training", share),
        )
        base_rate = float(seen.sketch_y.mean())
        judged = judging.judge(
            files,
            recipe,
            seen,
            network,
            _logit(seen),
            base_rate,
            places.forecasts,
            lambda share: progress("Judging", share),
        )
    answer = _answer(files, recipe, seen, judged, members, seed, settled)
    network_file.save(
        network,
        places.model,
        metadata={"fingerprint": fits, "answer": asdict(answer)},
        arrays={f"scaler.{key}": it for key, it in asdict(seen.scaler).items()}
        | {f"abroad.{key}": np.asarray(it) for key, it in asdict(seen.abroad).items()},
    )
    text = json.dumps(answer.to_dict(), indent=2, allow_nan=False)
    whole.write_together(
        places.report.parent, [(places.report.name, f"{text}\n".encode())]
    )
    for what in ("survey", "training"):
        places.unfinished(what).unlink(missing_ok=True)
    return answer


def stored(
    files: Files,
    recipe: Recipe,
    places: StreamedFiles,
    *,
    members: int = 1,
    seed: int = 0,
    options: Options | None = None,
) -> Streamed | None:
    """Return the answer of the model that stands there, if it fits and is whole.

    Raises
    ------
    DataError
        It is a newer econnet's.
    """
    try:
        _, metadata, _ = network_file.load_with_metadata(places.model)
        fits = fingerprint(files, recipe, members, seed, options or Options())
        if metadata["fingerprint"] != fits or not places.forecasts.is_file():
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
    with strangers.reader([path]) as database:
        query = f"FROM {strangers.parquet(path)} WHERE list_contains($names, country)"
        rows = database.execute(query, {"names": list(countries)}).fetchall()
    return {
        country: {"origin": origin, "period": period, "probability": probability}
        for country, origin, period, probability in rows
    }


def fingerprint(
    files: Files, recipe: Recipe, members: int, seed: int, options: Options
) -> str:
    """Return a digest of all that the model depends on."""
    told = (version("econnet"), files.digest, recipe, members, seed, options)
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _survey(
    files: Files,
    recipe: Recipe,
    seed: int,
    unfinished: Path,
    fits: str,
    progress: Callable[[str, float], None],
) -> Survey:
    """Return the survey, from the file if one was finished before.

    A file that is damaged, or of other work, is as good as none.
    """
    with suppress(FileNotFoundError, KeyError, TypeError, ValueError):
        header, arrays = read_arrays(unfinished)
        if header.get("fingerprint") == fits:
            return _survey_of(header["numbers"], arrays)
    made = survey(files, recipe, seed, lambda share: progress("Surveying", share))
    numbers = {
        field.name: getattr(made, field.name)
        for field in fields(made)
        if isinstance(getattr(made, field.name), int)
    }
    arrays = {
        f"{part}.{key}": np.asarray(it)
        for part in ("scaler", "abroad")
        for key, it in asdict(getattr(made, part)).items()
    }
    arrays |= {"sketch_X": made.sketch_X, "sketch_y": made.sketch_y}
    write_arrays(unfinished, {"fingerprint": fits, "numbers": numbers}, arrays)
    return made


def _survey_of(numbers: dict[str, int], arrays: dict[str, np.ndarray]) -> Survey:
    def part(name: str) -> dict[str, Any]:
        return {
            key.removeprefix(f"{name}."): it
            for key, it in arrays.items()
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
    files: Files,
    recipe: Recipe,
    seen: Survey,
    judged: Judged,
    members: int,
    seed: int,
    options: Options,
) -> Streamed:
    tallies = judged.tallies
    block = max(recipe.horizon + 1, PERIODS_A_YEAR[recipe.frequency])
    base, ours = tallies["base_rate"], tallies["econnet"]

    def text(ordinal: int) -> str:
        return written(ordinal, recipe.frequency)

    return Streamed(
        name=files.name,
        recipe=recipe,
        rows=files.rows,
        countries=seen.countries,
        first_period=text(seen.first),
        last_period=text(seen.last),
        learned_until=text(seen.newest_learned),
        holdout=(text(seen.first_held_out), text(seen.last_held_out)),
        base_rate=float(seen.sketch_y.mean()),
        passes=options.passes(files.rows),
        members=members,
        seed=seed,
        models={
            name: scores.scores(tally, base, block, seed)
            for name, tally in tallies.items()
        },
        tests={
            name: scores.difference(ours, tally, block, seed)
            for name, tally in tallies.items()
            if name != "econnet"
        },
        reliability=tuple(ours.reliability()),
        forecasts=judged.forecasts,
        version=version("econnet"),
        made_at=pd.Timestamp.now("UTC").isoformat(timespec="seconds"),
    )
