"""Same data, seed and version: the same bytes, whatever else differs.

Other tests of identical bits: a country alone and among others in
`tests/forecast/test_ranking.py`; networks alone and stacked in
`tests/network/test_training.py` and `tests/models/test_network_ensemble.py`; a cluster
in `tests/runtime/test_cluster.py`.
"""

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from econnet import api
from econnet.core.countries import Country
from econnet.data.sources.observations import Dataset
from econnet.forecast import ranking
from econnet.forecast.ranking import Ranking
from econnet.report.ranking_rows import to_dict

NAMES = ("Atlantis", "Lemuria")

pytestmark = pytest.mark.usefixtures("light_outlook")

# Makes a forecast of a file's first country, and writes its report and its model.
MAKE = """
import os, sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from econnet import api
from econnet.forecast import country as country_forecast
from econnet.forecast import preparation, saved_model
from tests.light import light_forecaster
from tests.test_determinism import NAMES

def make(folder):
    known = api.read_data(sys.argv[2])
    country = api.find_country(NAMES[0], known)
    task = api.choose_task(country, known, members=3, seed=7)
    prepared = preparation.prepare(known, country, task)
    baselines = ["logit", "naive_bayes", "boosting"]
    model = country_forecast.train(prepared, baselines=baselines)
    folder.mkdir()
    saved_model.save(model, folder / "model.npz")
    made = country_forecast.make(prepared, model)
    made = replace(made, made_at="2026-11-24T02:30:00+00:00")
    api.write_report(made, folder / "report")

if __name__ == "__main__":
    with nullcontext() if sys.argv[4:] else light_forecaster(outlook=True):
        make(Path(sys.argv[3]))
"""

QUIET = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "LOKY_MAX_CPU_COUNT": "1",  # by which joblib counts the cores
    "PYTHONHASHSEED": "0",
    "LC_ALL": "C",
    "TZ": "UTC",
}
OTHER = {
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "2",
    "LOKY_MAX_CPU_COUNT": "3",
    "PYTHONHASHSEED": "1",
    "LC_ALL": "tr_TR.UTF-8",
    "TZ": "Pacific/Kiritimati",
    "COLUMNS": "40",
}


def panel() -> pd.DataFrame:
    """Return thirty years of two countries."""
    rng = np.random.default_rng(11)
    parts = []
    for name in NAMES:
        growth = rng.normal(1, 2, 30)
        investment = growth + rng.normal(0, 1, 30)
        parts.append(
            pd.DataFrame(
                {
                    "country": name,
                    "period": range(1990, 2020),
                    "real_gdp": 100 * np.exp(growth.cumsum() / 100),
                    "investment": 100 * np.exp(investment.cumsum() / 100),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def written(
    folder: Path, rows: pd.DataFrame, environment: dict[str, str], *more: str
) -> Path:
    """Return the folder of report and model that a process of its own makes."""
    folder.mkdir()
    rows.to_csv(folder / "panel.csv", index=False)
    root = str(Path(__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-c", MAKE, root, "panel.csv", "made", *more],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return folder / "made"


@pytest.mark.campaign
def test_threads_hash_seed_locale_zone_and_order_of_rows_change_no_byte(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Of the model, and of the report in every format."""
    rows = panel()
    more = ["full size"] if request.config.getoption("--full-size") else []
    shuffled = rows.sample(frac=1, random_state=2)
    first = written(tmp_path / "first", rows, QUIET, *more)
    other = written(tmp_path / "other", shuffled, OTHER, *more)
    names = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
    assert {name.suffix for name in names} >= {
        *(".npz", ".pdf", ".html", ".json", ".png", ".csv")
    }
    different = [
        name
        for name in names
        if (first / name).read_bytes() != (other / name).read_bytes()
    ]
    assert not different


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("determinism") / "panel.csv"
    panel().to_csv(path, index=False)
    return api.read_data(path)


def ranked(known: Dataset, *names: str) -> Ranking:
    chosen = [Country(name, "", name) for name in names]
    task = api.choose_task(chosen[0], known, members=2)
    return ranking.rank(known, chosen, task)


def test_order_in_which_countries_are_named_changes_nothing(known: Dataset) -> None:
    one, other = ranked(known, *NAMES), ranked(known, *reversed(NAMES))
    documents = [to_dict(it) for it in (one, other)]
    for document in documents:
        del document["made_at"]
    assert documents[0] == documents[1]
    for mine, theirs in zip(one.forecasts, other.forecasts, strict=True):
        assert asdict(mine.provenance) == asdict(theirs.provenance)
        pd.testing.assert_frame_equal(
            mine.track_record, theirs.track_record, check_exact=True
        )
        assert mine.outlook == theirs.outlook
        assert mine.explanation.drivers == theirs.explanation.drivers
