"""A headless browser for tests of HTML: Chromium, and axe-core to check what it shows.

Both are installed on the machine, not with the package. If one is missing, the tests
that need it are skipped with a message; `.ci/run` installs them.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

# No other switch is needed to keep it from calling home, and a test checks that it does
# not.
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, PHONE = 1280, 360
AXE = Path(__file__).parent.parent / ".venv/node_modules/axe-core/axe.min.js"


@dataclass
class Watched:
    """A page with its requests and its errors."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def beyond_the_file(self) -> list[str]:
        """Every requested address except the file itself and what is in it."""
        return [it for it in self.requests if not it.startswith(("data:", "blob:"))][1:]

    def follow(self, request: Any) -> None:  # noqa: ANN401 - has no types here
        """Keep an address that the page requests."""
        self.requests.append(request.url)

    def hear(self, message: Any) -> None:  # noqa: ANN401 - has no types here
        """Keep errors and warnings that the page writes to its console."""
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def fail(self, error: Exception) -> None:
        """Keep an error that nothing in the page caught."""
        self.complaints.append(str(error))


class Browser:
    """Chromium, in which each page is watched before it loads its first byte."""

    def __init__(self, chromium: Any) -> None:  # noqa: ANN401 - has no types here
        self._chromium = chromium

    @contextmanager
    def open(
        self,
        file: Path,
        *,
        width: int = DESKTOP,
        scheme: Literal["light", "dark"] = "light",
        scripts: bool = True,
        touch: bool = False,
    ) -> Iterator[Watched]:
        """Open a file from the disk and wait until it is complete."""
        context = self._chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
            has_touch=touch,
        )
        watched = Watched(context.new_page())
        watched.page.on("request", watched.follow)
        watched.page.on("console", watched.hear)
        watched.page.on("pageerror", watched.fail)
        watched.page.goto(file.absolute().as_uri())
        watched.page.wait_for_load_state("load")
        yield watched
        context.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, or skip the test where there is none."""
    driver = pytest.importorskip(
        "playwright.sync_api", reason="the browser's driver is missing: playwright"
    )
    path = os.environ.get("ECONNET_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("there is no chromium here: apt-get install chromium")
    with driver.sync_playwright() as started:
        running = started.chromium.launch(executable_path=path, args=SWITCHES)
        yield Browser(running)
        running.close()


def violations(page: Any) -> list[str]:  # noqa: ANN401 - has no types here
    """Return what axe-core finds wrong with a page, or skip where it is missing."""
    path = Path(os.environ.get("ECONNET_AXE", AXE))
    if not path.exists():
        pytest.skip(
            f"axe-core is missing: npm install --prefix .venv axe-core ({path})"
        )
    page.evaluate(path.read_text("utf-8"))
    found = page.evaluate("axe.run().then((it) => it.violations)")
    return [
        f"{it['id']}: {node['html'][:200]} {node['failureSummary']}"
        for it in found
        for node in it["nodes"]
    ]
