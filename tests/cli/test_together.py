"""Commands that work in one folder at once."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from econnet.forecast import log as forecast_log
from econnet.runtime import checksums
from tests.cli.test_train import panel
from tests.data.sources.servers import (
    BANK_AND_FRED,
    GERMANY,
    TOGO,
    Sources,
    fred_file,
    rows_of,
)
from tests.user import HANG_SECONDS, LIGHT_ECONNET, econnet

GDP = "NY.GDP.MKTP.KD"
YEARS = {str(year): 100.0 + year % 7 for year in range(2000, 2021)}
FIRMS = ("Alpha", "Beta")


def begin(
    folder: Path, environment: Mapping[str, str], *arguments: str
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*LIGHT_ECONNET, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.campaign
@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks no folder")
def test_commands_of_all_kinds_work_in_one_folder_at_once(
    sources: Sources, tmp_path: Path
) -> None:
    sources.else_rows = rows_of(TOGO, YEARS) + rows_of(GERMANY, YEARS)
    quarters = {"2020-01-01": "120.25", "2020-04-01": "118.5"}
    sources.files = {"QLTR628BIS": fred_file("QLTR628BIS", quarters)}
    environment = {
        **sources.environment,
        "FRED_API_KEY": "",
    }
    fetch = ("fetch", "--country", "LTU", *BANK_AND_FRED)
    first = econnet(*fetch, folder=tmp_path, **environment)
    assert first.returncode == 0, first.stderr
    revised = YEARS | {"2020": 2.0}
    sources.bank[GDP] = rows_of(TOGO, revised) + rows_of(GERMANY, revised)
    data = ("--data", str(panel(tmp_path / "firms.csv", quarters=66)))
    task = (*data, "--target", "output", "--members", "2")
    commands = [
        fetch,
        *(("train", "--country", firm, *task) for firm in FIRMS),
        ("forecast", "--country", "Alpha", *task),
        ("export", "--country", "DEU", "--output", "germany.csv"),
        ("status", "--json"),
        ("check",),
    ]
    begun = [begin(tmp_path, environment, *command) for command in commands]
    for command, process in zip(commands, begun, strict=True):
        answer, said = process.communicate(timeout=HANG_SECONDS)
        assert process.returncode == 0, (command, answer, said)
    afterwards = econnet("check", folder=tmp_path)
    assert afterwards.returncode == 0, afterwards.stderr
    status = econnet("status", "--json", folder=tmp_path)
    assert json.loads(status.stdout)["store"]["revisions"] == 2
    told = [
        it["country"] for it in forecast_log.read(tmp_path / "data" / "forecasts.csv")
    ]
    assert sorted(told) == ["Alpha", "Alpha", "Beta"]
    for firm in FIRMS:
        (report,) = (tmp_path / "reports/firms" / firm).iterdir()
        assert checksums.verify_checksums(report) == []
