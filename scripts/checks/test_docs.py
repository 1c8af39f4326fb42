"""The documentation is complete, and its links lead somewhere."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import econnet
from econnet import api
from scripts import cli_reference, coverage_table

ROOT = Path(__file__).parents[2]


def test_reference_of_commands_is_what_help_says() -> None:
    written = cli_reference.PAGE.read_text("utf-8")
    cure = "write it again: python scripts/cli_reference.py"
    assert written == cli_reference.page(), cure


def test_coverage_table_is_that_of_the_catalog() -> None:
    written = coverage_table.PAGE.read_text("utf-8")
    cure = "write it again: python -m scripts.coverage_table"
    assert written == coverage_table.page(written), cure
    assert coverage_table.BEGIN in written


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the built site; strictly, so that a broken link or anchor fails."""
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed: pip install 'econnet[docs]'")
    folder = tmp_path_factory.mktemp("site")
    run = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return folder


def test_every_page_is_built_and_linked(site: Path) -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    built = {path.stem for path in site.glob("*.html")}
    assert pages == built - {"404"}
    start = (site / "index.html").read_text("utf-8")
    for name in pages - {"index"}:
        assert f'href="{name}.html"' in start


def test_site_asks_no_other_host_for_anything(site: Path) -> None:
    for path in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|link|iframe)\b[^>]*?(?:src|href)="([^"]+)"',
            path.read_text("utf-8"),
        )
        assert loaded
        assert not [url for url in loaded if "//" in url], path.name
    for path in site.rglob("*.css"):
        assert "url(http" not in path.read_text("utf-8").replace('"', "")


def test_reference_of_python_holds_every_function(site: Path) -> None:
    page = (site / "api.html").read_text("utf-8")
    for name in econnet.__all__:
        home = "econnet.api" if hasattr(api, name) else None
        shown = f'id="{home}.{name}"' if home else f">{name}<"
        assert shown in page or f'.{name}"' in page, name
