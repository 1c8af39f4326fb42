"""Write the notebooks of the documentation with their outputs.

python -m scripts.notebooks

`docs/notebooks/*.py` are the sources. Each is converted to a Jupyter notebook and run
in an empty folder, with the bundled data.
"""

import tempfile
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "docs" / "notebooks"
# Only to end a notebook that hangs.
HANG_SECONDS = 3600


def sources() -> list[Path]:
    """Return the sources of the notebooks."""
    return sorted(FOLDER.glob("*.py"))


def executed(source: Path) -> Any:  # noqa: ANN401 - has no types
    """Return the notebook of a source, with the outputs of its cells."""
    notebook = converted(source)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook,
            timeout=HANG_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
        ).execute()
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata.pop("execution", None)  # the time at which it ran
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return notebook


def converted(source: Path) -> Any:  # noqa: ANN401 - has no types
    """Return the notebook of a source, without outputs."""
    return jupytext.reads(source.read_text("utf-8"), fmt="py:percent")


def main() -> None:
    """Write all notebooks."""
    for source in sources():
        nbformat.write(executed(source), source.with_suffix(".ipynb"))
        print(source.with_suffix(".ipynb"))


KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}

if __name__ == "__main__":
    main()
