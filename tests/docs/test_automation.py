"""The monthly workflow of docs/automation.md, as far as it runs without a network."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from econnet.cli.app import app
from tests.user import ROOT


@pytest.fixture(scope="module")
def steps() -> list[dict[str, Any]]:
    page = (ROOT / "docs/automation.md").read_text("utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    workflow = yaml.safe_load(text)
    found: list[dict[str, Any]] = workflow["jobs"]["publish"]["steps"]
    return found


def test_site_is_committed_only_after_every_command_has_succeeded(
    steps: list[dict[str, Any]],
) -> None:
    runs = [step["run"] for step in steps if "run" in step]
    commands = [run.split()[1] for run in runs if run.startswith("econnet ")]
    assert commands == ["fetch", "train", "publish", "publish", "check"]
    assert runs[-1].startswith("cd site")
    assert not any("continue-on-error" in step for step in steps)


def test_every_command_of_the_workflow_exists_with_its_options(
    steps: list[dict[str, Any]],
) -> None:
    group: Any = typer.main.get_command(app)
    for step in steps:
        if step.get("run", "").startswith("econnet "):
            _, name, *arguments = shlex.split(step["run"])
            group.commands[name].make_context(name, arguments)


def git(folder: Path, *arguments: str) -> str:
    run = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return run.stdout


def test_last_step_commits_a_changed_site_and_nothing_else(
    steps: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "tester")
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    git(tmp_path, "clone", "--quiet", "remote", "site")
    (tmp_path / "site/index.html").write_text("14%")
    for _ in range(2):
        subprocess.run(["bash", "-e", "-c", steps[-1]["run"]], cwd=tmp_path, check=True)
    assert len(git(tmp_path / "remote", "log", "--format=%s").splitlines()) == 1
    assert git(tmp_path / "remote", "show", "HEAD:index.html") == "14%"
