"""What mkdocs does not do by itself when it builds the site (`hooks` of mkdocs.yml)."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

FONTS = Path(__file__).parent.parent / "econnet" / "report" / "fonts"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the fonts of the reports."""
    for path in sorted(FONTS.glob("*.woff2")):
        files.append(
            File.generated(config, f"fonts/{path.name}", abs_src_path=str(path))
        )
    return files


def on_page_content(html: str, **_: Any) -> str:  # noqa: ANN401 - arguments of mkdocs
    """Let every table scroll by itself, with the keyboard as well."""
    numbers = itertools.count(1)

    def scrollable(table: re.Match[str]) -> str:
        opening = (
            f'<div class="wide" role="region" aria-label="Table {next(numbers)}" '
            'tabindex="0">'
        )
        return f"{opening}{table[0]}</div>"

    return re.sub(r"<table>.*?</table>", scrollable, html, flags=re.DOTALL)


def on_post_build(config: MkDocsConfig) -> None:
    """Write the search index as a script too: a page on the disk may not fetch JSON."""
    folder = Path(config.site_dir) / "search"
    index = json.loads((folder / "search_index.json").read_text("utf-8"))
    pages = json.dumps(index["docs"], ensure_ascii=False).replace("<", "\\u003c")
    (folder / "pages.js").write_text(f"const SEARCH_PAGES = {pages};\n", "utf-8")
