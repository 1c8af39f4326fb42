"""Formulas are typeset by the vendored KaTeX alone, without a connection."""

import hashlib
import re
from pathlib import Path

import pytest

from tests.browsers import DESKTOP, PHONE, Browser
from tests.docs.pages import DOCS

VENDORED = DOCS / "vendor" / "katex"
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
PAGES = sorted(
    path.name
    for path in DOCS.glob("*.md")
    if re.search(r"\$\S[^$]*\$", CODE.sub("", path.read_text("utf-8")))
)


def test_vendored_files_are_those_that_were_published() -> None:
    lines = (VENDORED / "SHA256SUMS").read_text("utf-8").splitlines()
    pinned = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = {
        str(path.relative_to(VENDORED))
        for path in VENDORED.rglob("*")
        if path.is_file() and path.suffix in {".js", ".css", ".woff2"}
    }
    assert set(pinned) == files
    for name, digest in pinned.items():
        found = hashlib.sha256((VENDORED / name).read_bytes()).hexdigest()
        assert found == digest, name
    assert "MIT License" in (VENDORED / "LICENSE-katex.txt").read_text("utf-8")


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("name", PAGES)
def test_every_formula_is_typeset_from_files_that_are_there(
    browser: Browser, site: Path, name: str, width: int
) -> None:
    with browser.open(site / name.replace(".md", ".html"), width=width) as watched:
        page = watched.page
        page.wait_for_function(
            "[...document.querySelectorAll('.arithmatex')]"
            ".every((it) => it.querySelector('.katex-html'))"
        )
        page.evaluate("document.fonts.ready.then(() => true)")
        assert page.locator(".arithmatex").count() > 0
        assert page.locator(".katex-error").count() == 0
        failed = "[...document.fonts].filter((it) => it.status === 'error').map(String)"
        assert page.evaluate(failed) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for url in watched.requests:
            assert url.startswith(site.as_uri()), url
        assert not [it for it in watched.complaints if "ERR_FILE_NOT_FOUND" in it]
        assert not [it for it in watched.complaints if "katex" in it.lower()]


def test_page_without_formulas_does_not_load_katex(
    browser: Browser, site: Path
) -> None:
    with browser.open(site / "sources.html") as watched:
        assert not [url for url in watched.requests if "katex" in url]


def test_punctuation_after_a_formula_stays_on_its_line(
    browser: Browser, site: Path
) -> None:
    """A comma or full stop started a line where its formula ended the one before."""
    with browser.open(site / "network-by-hand.html", width=PHONE) as watched:
        page = watched.page
        page.wait_for_selector(".katex-html")
        loose = page.evaluate(
            "[...document.querySelectorAll('span.arithmatex')]"
            ".map((it) => it.nextSibling?.data ?? '')"
            ".filter((after) => /^[.,:;)]/.test(after))"
        )
        assert loose == []
        for part in (".katex-html", ".katex-mathml"):
            texts = page.locator(f"span.arithmatex {part}").all_text_contents()
            assert any(text.endswith("0.5657.") for text in texts)
