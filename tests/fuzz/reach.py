"""Show which lines of the parsers are reached by the inputs that fuzzing kept.

    python -m tests.fuzz.run --seconds 120 --corpus FOLDER
    python -m tests.fuzz.reach FOLDER

Every input of the corpus is read once more, with lines traced; what the import of a
module reaches does not count. A row is a part of the code: by how many inputs of which
targets it was reached, and which of its lines were not.
"""

import argparse
import ast
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from coverage import Coverage

from tests.fuzz.target import readers_kept
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
ROOMS: Mapping[str, Sequence[str]] = {
    "econnet/data/sources/worldbank.py": ("worldbank",),
    "econnet/data/sources/fred.py": ("fred",),
    "econnet/data/sources/alfred.py": ("alfred",),
    "econnet/data/files/sources.py": ("csv", "parquet", "workbook", "file-name"),
    "econnet/data/files/tables.py": ("csv", "workbook", "file-name"),
    "econnet/data/files/text_files.py": ("csv", "file-name"),
    "econnet/data/files/large_texts.py": ("csv",),
    "econnet/data/files/encodings.py": ("csv",),
    "econnet/data/files/period_notations.py": ("csv", "parquet", "workbook", "texts"),
    "econnet/data/files/column_roles.py": ("csv", "parquet", "workbook", "texts"),
    "econnet/data/files/wide_layouts.py": ("csv", "parquet", "workbook", "texts"),
    "econnet/data/files/dated_rows.py": ("csv", "parquet", "workbook", "texts"),
    "econnet/data/files/user_panel.py": ("csv", "parquet", "workbook", "texts"),
    "econnet/forecast/streamed/parquet_panel.py": ("streamed", "texts", "file-name"),
    "econnet/core/settings.py": ("settings",),
    "econnet/cli/defaults.py": ("settings",),
    "econnet/core/countries.py": ("texts",),
    "econnet/runtime/npz.py": ("model", "network", "classifier", "ledger"),
    "econnet/forecast/saved_model.py": ("model",),
    "econnet/forecast/log.py": ("journal",),
    "econnet/forecast/outcomes.py": ("journal",),
    "econnet/report/report_file.py": ("report",),
    "econnet/report/verification.py": ("report",),
    "econnet/data/store/checks.py": ("store",),
}


def main() -> None:
    """Read every input of a corpus, and print a row for each room."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    folder = parser.parse_args().corpus
    warnings.simplefilter("ignore")
    traced = Coverage(data_file=None, include=[str(ROOT / room) for room in ROOMS])
    inputs = dict.fromkeys(TARGETS, 0)
    with readers_kept():
        for name, target in TARGETS.items():
            target.examples()  # what makes them is no reading
            with traced.collect():
                for path in sorted((folder / name).glob("*")):
                    with suppress(Exception):  # fuzzing has reported these already
                        target.try_(path.read_bytes())
                    inputs[name] += 1
    print("| room | inputs | lines reached | not reached |")
    print("|---|---|---|---|")
    for room, names in ROOMS.items():
        reached, lines, left = _lines(traced, room)
        count = sum(inputs[name] for name in names)
        print(f"| `{room}` | {count:,} | {reached} of {lines} | {left} |")


def _lines(traced: Coverage, room: str) -> tuple[int, int, str]:
    """Return how many lines within functions were reached, of how many; the others."""
    path = ROOT / room
    _, statements, _, missing, _ = traced.analysis2(str(path))
    within = {
        line
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
        for part in node.body
        for line in range(part.lineno, (part.end_lineno or part.lineno) + 1)
    }
    own, left = within & set(statements), sorted(within & set(missing))
    return len(own) - len(left), len(own), ", ".join(map(str, left)) or "none"


if __name__ == "__main__":
    main()
