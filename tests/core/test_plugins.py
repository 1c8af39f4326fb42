"""Packages that add a source, a label and a baseline, installed as pip does it.

The package is the template of `docs/extending.md`, so that the page is tested too.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.user import HANG_SECONDS, ROOT

TEMPLATE = ROOT / "docs" / "extending.md"
BROKEN = {
    "econnet.labels": {
        "unloadable": "econnet_broken:MISSING",
        "no-rule": "econnet_broken:NOTHING",
        "two-quarters": "econnet_broken:RULE",
        "Bad Name": "econnet_broken:RULE",
        "raises": "econnet_broken:RULE",
        "peeks": "econnet_broken:PEEKS",
    },
    "econnet.baselines": {
        "logit": "econnet_broken:WORKING",
        "fails-late": "econnet_broken:FAILS_LATE",
        "no-classifier": "econnet_broken:NO_CLASSIFIER",
    },
    "econnet.sources": {
        "impostor": "econnet_broken:IMPOSTOR",
        "silent": "econnet_broken:SILENT",
    },
}
BROKEN_CODE = '''
import numpy as np
from sklearn.dummy import DummyClassifier
from econnet.core.sources import SourcePlugin
from econnet.data.cycle.labels import LabelRule
from econnet.models.plugin_baselines import Baseline

NOTHING = object()

def raises(levels, frequency):
    raise ZeroDivisionError("on purpose")

def peeks(levels, frequency):
    """Label every day by the levels of the last day, if it is given them."""
    return np.where(np.isnan(levels), np.nan, levels < levels[-1].mean())

class FailsLate(DummyClassifier):
    def fit(self, X, y):
        if len(X) > 60:
            raise RuntimeError(f"too many rows: {len(X)}")
        return super().fit(X, y)

RULE = LabelRule(raises, looks_ahead=0, meaning="nothing")
PEEKS = LabelRule(peeks, looks_ahead=0, meaning="output below its later mean")
WORKING = Baseline("another logit", DummyClassifier)
FAILS_LATE = Baseline("fails late", FailsLate)
NO_CLASSIFIER = Baseline("no classifier", dict)
FACTS = dict(title="T", attribution="A", terms="t", rights="r", url="https://a.example")
IMPOSTOR = SourcePlugin(**FACTS, query=print, catalog="""
[real_gdp]
[[real_gdp.series]]
source = "fred"
frequency = "Q"
id = "GDP"
publication_lag_days = 1
""")
SILENT = SourcePlugin(**FACTS, query=lambda plan: 1 / 0, catalog="")
'''
# Two countries of invented data, and a light forecaster.
BACKTEST = """
import json, sys, warnings
sys.path.insert(0, {root!r})
from econnet import run_backtest
from tests.agents.small import small_data
from tests.light import light_forecaster
with light_forecaster(), warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    result = run_backtest(["DEU"], small_data(), **json.loads(sys.argv[1]))
record = result.track_record
print(json.dumps({{
    "models": sorted(result.performances),
    "left_out": list(result.left_out),
    "outcomes": record.drop_duplicates("period")["outcome"].dropna().tolist(),
    "pool": record.loc[record["model"] == "pool", "probability"].tolist(),
    "warnings": [str(each.message) for each in caught],
}}))
"""


def template_files() -> dict[str, str]:
    """Return the files of the template by name."""
    text = TEMPLATE.read_text("utf-8").partition("### Template")[2]
    found = re.findall(r"`([\w./]+)`\n\n```(?:toml|python)\n(.*?)```", text, re.DOTALL)
    return dict(found)


def install(
    folder: Path,
    name: str,
    files: Mapping[str, str],
    entry_points: Mapping[str, Mapping[str, str]],
) -> None:
    """Write a package and its metadata into a folder of packages, as pip does."""
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8"
    )
    lines = [
        line
        for group, entries in entry_points.items()
        for line in [f"[{group}]", *(f"{key} = {at}" for key, at in entries.items())]
    ]
    (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the template's package."""
    folder = tmp_path_factory.mktemp("example")
    files = template_files()
    project = tomllib.loads(files.pop("pyproject.toml"))["project"]
    install(folder, project["name"], files, project["entry-points"])
    return folder


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a package in which everything fails."""
    folder = tmp_path_factory.mktemp("broken")
    install(folder, "econnet-broken", {"econnet_broken.py": BROKEN_CODE}, BROKEN)
    return folder


def run(
    *arguments: str, packages: Path | None, folder: Path, **environment: str
) -> "CompletedProcess[str]":
    """Run Python where these packages are installed."""
    places = [str(ROOT), *([str(packages)] if packages else [])]
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(places),
            **environment,
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=HANG_SECONDS,
        check=False,
    )


def backtest(
    packages: Path | None, folder: Path, **options: object
) -> dict[str, list[Any]]:
    script = BACKTEST.format(root=str(ROOT))
    options = {"members": 1, "start": "2005Q1", **options}
    done = run("-c", script, json.dumps(options), packages=packages, folder=folder)
    assert done.returncode == 0, done.stderr
    result: dict[str, list[Any]] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_label_and_baseline_of_a_package_are_used_in_a_backtest(
    example: Path, tmp_path: Path
) -> None:
    names = ["neighbours", "logit", "pool"]
    result = backtest(example, tmp_path, baselines=names, label="deep-fall")
    assert {"econnet", "neighbours", "logit", "pool"} <= {*result["models"]}
    assert result["warnings"] == []
    without = backtest(None, tmp_path, baselines=["logit", "pool"])
    assert "neighbours" not in without["models"]
    assert sum(result["outcomes"]) < sum(without["outcomes"]), "deep falls are rarer"


def test_plugin_that_fails_is_named_and_left_out(broken: Path, tmp_path: Path) -> None:
    names = ["fails-late", "logit", "pool"]
    result = backtest(broken, tmp_path, baselines=names)
    assert result["left_out"] == ["fails-late"]
    (warning,) = (line for line in result["warnings"] if "fails-late" in line)
    assert "package econnet-broken 1.0 is left out" in warning
    assert "too many rows" in warning
    without = backtest(None, tmp_path, baselines=["logit", "pool"])
    assert result["models"] == without["models"]
    assert result["pool"] == without["pool"]


def test_status_lists_plugins_and_why_they_are_left_out(
    broken: Path, tmp_path: Path
) -> None:
    done = run("-m", "econnet", "status", "--json", packages=broken, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    states = {row["name"]: row["state"] for row in json.loads(done.stdout)["plugins"]}
    assert states["unloadable"].startswith("AttributeError")
    assert states["no-rule"] == "TypeError: it is a object, not a LabelRule"
    assert states["two-quarters"] == "econnet has a label of this name"
    assert states["Bad Name"].startswith("a name has lower-case letters")
    assert states["logit"] == "econnet has a baseline of this name"
    assert states["no-classifier"] == "TypeError: a dict has no fit"
    assert "has a series of fred" in states["impostor"]
    assert states["raises"] == states["fails-late"] == "in use"
    assert "label 'unloadable' of package econnet-broken 1.0" in done.stderr


def test_question_that_needs_a_failing_plugin_ends_with_one_line(
    broken: Path, tmp_path: Path
) -> None:
    ask = ("-m", "econnet", "forecast", "--country", "USA", "--label")
    done = run(*ask, "raises", packages=broken, folder=tmp_path)
    assert done.returncode == 3
    line = done.stderr.splitlines()[-1]
    assert "label 'raises' of package econnet-broken 1.0 failed (on purpose)" in line
    done = run(*ask, "unloadable", packages=broken, folder=tmp_path)
    assert done.returncode == 2
    assert "is left out: AttributeError" in done.stderr
    assert "no label rule is called 'unloadable'" in done.stderr


def test_label_of_a_package_cannot_look_ahead(broken: Path, tmp_path: Path) -> None:
    code = """
import json, sys
import numpy as np
from econnet.data.cycle.labels import RULES
levels = np.array([[1.0, 3.0, np.nan], [1.0, 3.0, 2.0]])
print(json.dumps([str(row) for row in RULES["peeks"].label_function(levels, "Q")]))
"""
    done = run("-c", code, packages=broken, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    # On the first day the mean is not known yet, whatever the second day brings.
    assert json.loads(done.stdout) == ["[ 0.  0. nan]", "[1. 0. 0.]"]


def test_source_of_a_package_is_fetched_checked_and_kept(
    example: Path, tmp_path: Path, server: HTTPServer
) -> None:
    quarters = [f"{year}Q{q}" for year in range(1990, 2020) for q in (1, 2, 3, 4)]
    gdp = "".join(f"{period},{100 + n % 7}\n" for n, period in enumerate(quarters))
    server.expect_request("/gdp-NOR.csv").respond_with_data(
        f"period,value\n{gdp}", content_type="text/csv"
    )
    server.expect_request("/mood-NOR.csv").respond_with_data(
        "<html></html>", content_type="text/csv"
    )
    where = {"ECONNET_EXAMPLE_URL": server.url_for("")}
    fetch = ("-m", "econnet", "fetch", "--country", "NOR", "--source", "example")
    dry = run(*fetch, "--dry-run", packages=example, folder=tmp_path, **where)
    assert "example gdp-NOR: real_gdp, NOR" in dry.stdout, dry.stderr
    done = run(*fetch, packages=example, folder=tmp_path, **where)
    assert done.returncode == 4
    assert "Example agency, mood-NOR: the answer is not a table" in done.stderr
    again = run(*fetch, packages=example, folder=tmp_path, **where)
    assert "1 unchanged: 0 new values" in again.stdout
    # Without the package, its data are still there and nothing fails.
    export = ("-m", "econnet", "export", "--country", "NOR", "--indicator", "real_gdp")
    kept = run(
        *export, "--output", "norway.csv", packages=None, folder=tmp_path, **where
    )
    assert kept.returncode == 0, kept.stderr
    assert "Source: Example agency" in (tmp_path / "norway.csv").read_text("utf-8")
    status = run("-m", "econnet", "status", packages=None, folder=tmp_path)
    assert status.returncode == 0, status.stderr


def test_source_that_fails_does_not_stop_a_fetch(broken: Path, tmp_path: Path) -> None:
    fetch = ("-m", "econnet", "fetch", "--country", "NOR", "--source")
    done = run(*fetch, "silent", packages=broken, folder=tmp_path)
    assert "source 'silent' of package econnet-broken 1.0 is left out" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
