"""Write the table of digits into docs/reliability.md.

    python -m scripts.evidence

Runs every check of `tests/conformance`, prints the digits found beside those that are
promised, and writes the promises between the markers of the page.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.checks import CHECKS
from tests.conformance.evidence import Check, digits_of_agreement, table

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
BEGIN, END = "<!-- digits: written by scripts/evidence.py -->", "<!-- end of digits -->"


def rewritten(checks: Sequence[Check]) -> str:
    """Return the page with the table as it should be."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(checks)}\n\n{END}{after}"


def main() -> None:
    """Measure, print, and write."""
    for check in CHECKS:
        found = "not installed"
        if not check.needs or importlib.util.find_spec(check.needs):
            ours, theirs = check.pair()
            agreed = digits_of_agreement(ours, theirs, of_largest=check.of_largest)
            found = f"{agreed:.1f}"
        print(f"{found:>6} >= {check.digits:2}  {check.what} | {check.against}")
    PAGE.write_text(rewritten(CHECKS), "utf-8")


if __name__ == "__main__":
    main()
