"""What mkdocs does not do by itself when it builds the site (`hooks` of mkdocs.yml)."""

import html as markup
import itertools
import json
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from PIL import Image

FONTS = Path(__file__).parent.parent / "econnet" / "report" / "fonts"
# Pixels beyond which a figure's labels are too small where it is as wide as a phone.
WIDE_FIGURE = 1000


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the fonts of the reports."""
    for path in sorted(FONTS.glob("*.woff2")):
        files.append(
            File.generated(config, f"fonts/{path.name}", abs_src_path=str(path))
        )
    return files


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, **_: Any) -> str:  # noqa: ANN401 - arguments of mkdocs
    """Let every table and wide figure scroll by itself, with the keyboard as well."""
    numbers = itertools.count(1)
    folder = (Path(config.docs_dir) / page.file.src_uri).parent

    def table(found: re.Match[str]) -> str:
        return _scrollable(found[0], "wide", f"Table {next(numbers)}")

    def figure(found: re.Match[str]) -> str:
        if _width(folder / found["src"]) <= WIDE_FIGURE:
            return found[0]
        return _scrollable(found["img"], "wide figure", markup.unescape(found["alt"]))

    html = re.sub(r"<table>.*?</table>", table, html, flags=re.DOTALL)
    image = r'<p>(?P<img><img alt="(?P<alt>[^"]*)" src="(?P<src>[^"]*\.png)" ?/?>)</p>'
    return re.sub(image, figure, html)


def _scrollable(content: str, classes: str, label: str) -> str:
    return (
        f'<div class="{classes}" role="region" aria-label="{markup.escape(label)}" '
        f'tabindex="0">{content}</div>'
    )


def _width(png: Path) -> int:
    """Return a picture's width in pixels."""
    with Image.open(png) as picture:
        return picture.width


def on_post_build(config: MkDocsConfig) -> None:
    """Write the search index as a script too: a page on the disk may not fetch JSON."""
    folder = Path(config.site_dir) / "search"
    index = json.loads((folder / "search_index.json").read_text("utf-8"))
    pages = json.dumps(index["docs"], ensure_ascii=False).replace("<", "\\u003c")
    (folder / "pages.js").write_text(f"const SEARCH_PAGES = {pages};\n", "utf-8")
