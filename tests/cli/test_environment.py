"""Environment variables that libraries read do not change answers."""

import json
from pathlib import Path

import pytest

from tests.cli.test_train import panel
from tests.user import light_econnet_process

VARIABLES = {
    "python": {
        "PYTHONDEVMODE": "1",
        "PYTHONHASHSEED": "7",
        "PYTHONIOENCODING": "ascii:backslashreplace",
        "PYTHONOPTIMIZE": "2",
        "PYTHONSTARTUP": "/nowhere",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "0",
        "PYTHONWARNINGS": "error",
    },
    "places": {
        "DASK_CONFIG": "/nowhere",
        "HOME": "/nowhere",
        "JOBLIB_TEMP_FOLDER": "/nowhere",
        "MPLCONFIGDIR": "/nowhere",
        "TMPDIR": "/nowhere",
        "XDG_CACHE_HOME": "/nowhere",
        "XDG_CONFIG_HOME": "/nowhere",
    },
    "numbers": {
        "LOKY_MAX_CPU_COUNT": "0",
        "NPY_DISABLE_CPU_FEATURES": "AVX2",
        "NUMEXPR_MAX_THREADS": "many",
        "OMP_NUM_THREADS": "3",
        "OPENBLAS_NUM_THREADS": "64",
        "SKLEARN_ASSUME_FINITE": "1",
        "SOURCE_DATE_EPOCH": "0",
    },
    "terminal": {
        "FORCE_COLOR": "1",
        "LANG": "xx",
        "LC_ALL": "C",
        "MPLBACKEND": "TkAgg",
        "PAGER": "false",
        "TERM": "dumb",
        "TZ": "Pacific/Kiritimati",
    },
}
QUESTION = ("--data", "firms.csv", "--target", "output", "--country", "Alpha")
FORMATS = ("--format", "json", "--format", "png")


@pytest.mark.campaign
@pytest.mark.parametrize("kind", VARIABLES)
def test_answer_does_not_depend_on_the_environment(kind: str, tmp_path: Path) -> None:
    answers = []
    for number, variables in enumerate(({}, VARIABLES[kind])):
        folder = tmp_path / str(number)
        folder.mkdir()
        panel(folder / "firms.csv", quarters=66)
        run = light_econnet_process(
            "report", *QUESTION, *FORMATS, folder=folder, **variables
        )
        assert run.returncode == 0, run.stderr
        files = {
            path.name: path.read_bytes() for path in folder.rglob("reports/**/*.*")
        }
        report = json.loads(files.pop("report.json"))
        del report["made_at"]
        answers.append((run.stdout, run.stderr, report, files))
    assert answers[0] == answers[1]
    assert len(answers[0][-1]) > 5
