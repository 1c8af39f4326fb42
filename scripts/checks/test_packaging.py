"""What describes the package elsewhere agrees with `pyproject.toml`."""

import json
import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RECIPE = (ROOT / "packaging" / "conda" / "recipe.yaml").read_text("utf-8")
CITATION = (ROOT / "CITATION.cff").read_text("utf-8")
PAPER = (ROOT / "paper.md").read_text("utf-8")
CODEMETA = json.loads((ROOT / "codemeta.json").read_text("utf-8"))

# The names that conda-forge gives to these packages.
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "matplotlib": "matplotlib-base",
    "typst": "typst-py",
}


def test_version_is_the_same_everywhere() -> None:
    version = PROJECT["version"]
    assert CODEMETA["version"] == version
    assert re.search(rf"^version: {re.escape(version)}$", CITATION, re.MULTILINE)
    assert f'version: "{version}"' in RECIPE


def test_author_and_licence_are_those_of_the_package() -> None:
    (author,) = PROJECT["authors"]
    assert [each["name"] for each in CODEMETA["author"]] == [author["name"]]
    for text in (CITATION, PAPER):
        assert f"authors:\n  - name: {author['name']}\n" in text
    assert CODEMETA["license"].endswith(f"/{PROJECT['license']}")
    for text in (CITATION, RECIPE):
        assert f"license: {PROJECT['license']}\n" in text


def test_recipe_needs_what_the_package_needs() -> None:
    section = re.search(r"  run:\n((?:    - .+\n)+)", RECIPE)
    assert section is not None
    listed = {line.strip("- ") for line in section[1].splitlines()}
    assert "python >=${{ python_min }}" in listed
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert f'python_min: "{lowest}"' in RECIPE
    wanted = set()
    for text in PROJECT["dependencies"]:
        requirement = Requirement(text)
        name = CONDA_NAMES.get(requirement.name, requirement.name)
        wanted.add(f"{name} {text.removeprefix(requirement.name)}")
    assert listed - {"python >=${{ python_min }}"} == wanted
    ((name, target),) = PROJECT["scripts"].items()
    assert f"- {name} = {target}" in RECIPE


def test_image_runs_locked_versions_without_privileges() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    final = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER \d{4,}$", final, re.MULTILINE)
    assert "pip install" not in final
    installs = re.findall(r"pip install (?:[^&\n]|\\\n)+", text)
    for command in installs:
        pinned = "--require-hashes" in command or "==" in command
        assert pinned or "--no-deps" in command, command
    # A part of a chain that may fail would hide the failure of those before it.
    assert "|| true \\" not in text
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for source in re.findall(
        r"^COPY ((?!--from)[^/]\S*(?: \S+)*) /", text, re.MULTILINE
    ):
        for name in source.split():
            assert f"!{name.rstrip('/')}" in ignored


def test_paper_cites_what_its_bibliography_has() -> None:
    entries = re.findall(
        r"^@\w+\{(\w+),", (ROOT / "paper.bib").read_text("utf-8"), re.M
    )
    cited = set(re.findall(r"\[@(\w+)\]", PAPER))
    assert sorted(cited) == sorted(entries)
    for heading in ("Summary", "Statement of need", "State of the field", "References"):
        assert f"\n# {heading}\n" in PAPER
    body = PAPER.split("---", 2)[2]
    assert 250 <= len(body.split()) <= 1750


def test_fields_that_are_left_out_are_left_out() -> None:
    """None is invented: what a file lacks, `docs/releasing.md` lists."""
    releasing = (ROOT / "docs" / "releasing.md").read_text("utf-8")
    section = releasing.partition("## Fields that are left out")[2].partition("\n## ")[
        0
    ]
    for name, text in {
        "CITATION.cff": CITATION,
        "codemeta.json": str(CODEMETA),
    }.items():
        (row,) = (
            line for line in section.splitlines() if line.startswith(f"| `{name}`")
        )
        missing = re.findall(r"`([\w-]+)`", row.split("|")[2])
        assert missing
        for field in missing:
            assert not re.search(rf"\b{field}\b['\"]?:", text), field
