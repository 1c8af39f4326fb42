"""The thresholds "at the IMF's precision" and "recall" are those of the IMF's record.

The record was measured from the forecasts of the World Economic Outlook of 1991 to 2016
against first published figures; the page on the method has it for four editions.
"""

import re
from pathlib import Path

import pytest

from econnet.evaluation.metrics import IMF_PRECISION, IMF_RECALL

DOCS = Path(__file__).parents[2] / "docs"

# Recall and precision, in percent, of a growth forecast below zero as a signal.
RECORD = {
    "autumn of the year before": (13, 64),
    "spring of the year before": (7, 49),
    "spring of the same year": (42, 75),
    "autumn of the same year": (62, 83),
}


def test_scores_use_the_imfs_record_of_the_autumn_before() -> None:
    recall, precision = RECORD["autumn of the year before"]
    assert pytest.approx(recall / 100) == IMF_RECALL
    assert pytest.approx(precision / 100) == IMF_PRECISION


@pytest.mark.parametrize("edition", RECORD)
def test_method_gives_the_imfs_record_of_each_edition(edition: str) -> None:
    text = (DOCS / "methodology.md").read_text("utf-8")
    row = re.search(rf"^\| {edition} \| (\d+)% \| (\d+)% \|$", text, flags=re.MULTILINE)
    assert row is not None
    assert (int(row[1]), int(row[2])) == RECORD[edition]


def test_no_page_repeats_the_second_hand_record() -> None:
    """A recall of 24% at a precision of 57% is often quoted and not reproducible."""
    pages = [*DOCS.glob("*.md"), DOCS.parent / "README.md"]
    for page in pages:
        for paragraph in page.read_text("utf-8").split("\n\n"):
            quoted = "24%" in paragraph and "57%" in paragraph
            assert not ("IMF" in paragraph and quoted), page.name
