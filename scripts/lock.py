"""Write the lock files: every package beneath econnet, with version and digests.

`requirements/lock.txt` lists what econnet itself needs, `requirements/lock-all.txt`
what its extras need too, on the same versions. Both fit every platform and Python that
econnet runs on, by markers, and name no package index. What is locked stays as it is
as long as pyproject.toml allows it; `--upgrade` takes the newest versions.

    python scripts/lock.py [--upgrade]
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "requirements"
LOCK = FOLDER / "lock.txt"
LOCK_ALL = FOLDER / "lock-all.txt"

HEAD = """\
# The released set: {what}, with the digests of each file.
# Written by `python scripts/lock.py`. To install it:
#   pip install --require-hashes --requirement requirements/{name}
"""


def main() -> None:
    """Write both lock files, the second on the versions of the first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--upgrade", action="store_true", help="take newest versions")
    upgrade = parser.parse_args().upgrade
    FOLDER.mkdir(exist_ok=True)
    _write(LOCK, "what econnet needs", [], upgrade=upgrade)
    extras = ["--extra", "all", "--constraint", str(LOCK)]
    _write(LOCK_ALL, "what econnet and its extras need", extras, upgrade=upgrade)


def _write(path: Path, what: str, more: list[str], *, upgrade: bool) -> None:
    """Resolve, and write one lock file in one step."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / path.name
        if path.exists():
            made.write_bytes(path.read_bytes())
        subprocess.run(
            [
                *(sys.executable, "-m", "uv", "pip", "compile", "--quiet"),
                *("--universal", "--python-version", "3.11", "--generate-hashes"),
                *("--no-header", "--no-annotate", "--no-emit-index-url"),
                *("--no-emit-find-links", "--output-file", str(made)),
                *(["--upgrade"] if upgrade else []),
                *more,
                "pyproject.toml",
            ],
            cwd=ROOT,
            check=True,
        )
        locked = made.read_text("utf-8")
    path.write_text(HEAD.format(what=what, name=path.name) + locked, "utf-8")
    print(f"{path.relative_to(ROOT)}: {locked.count('==')} packages")


if __name__ == "__main__":
    main()
