import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from econnet.core.errors import DataError
from econnet.report.site import chain, documents, verification
from econnet.report.site.chain import Record
from econnet.report.site.verification import SiteVerification
from tests.report.site.conftest import forecast, outcome


@pytest.fixture
def copy(published: Path, tmp_path: Path) -> Path:
    """Return a copy of the site without checksums, which would name any change."""
    folder = tmp_path / "site"
    shutil.copytree(published, folder)
    (folder / "SHA256SUMS").unlink()
    return folder


def changed(folder: Path, change: Callable[[bytes], bytes]) -> SiteVerification:
    path = folder / chain.FILE
    path.write_bytes(change(path.read_bytes()))
    return verification.verify(folder)


def test_site_as_it_was_published_is_verified(published: Path, record: Record) -> None:
    found = verification.verify(published)
    assert found.verified
    assert (found.lines, found.forecasts, found.outcomes) == (6, 4, 2)
    assert record.head in found.sentence()


def test_changed_line_is_found_and_named(copy: Path) -> None:
    found = changed(copy, lambda text: text.replace(b"0.4,", b"0.1,", 1))
    assert not found.verified
    (fault,) = found.faults
    assert fault.startswith("record.jsonl, line 2, was changed")


def test_last_line_that_was_rewritten_or_removed_is_found(copy: Path) -> None:
    def rewritten(text: bytes) -> bytes:
        lines = text.splitlines(keepends=True)
        return b"".join([*lines[:-1], lines[-1].replace(b":0.3,", b":0.1,")])

    original = (copy / chain.FILE).read_bytes()
    found = changed(copy, rewritten)
    assert found.faults[0].startswith("record.jsonl, line 6, is not the last line")
    found = changed(copy, lambda _: b"".join(original.splitlines(True)[:-1]))
    assert found.faults[0].startswith("record.jsonl, line 5, is not the last line")


def test_record_of_an_interrupted_publication_is_continued(
    copy: Path, record: Record
) -> None:
    longer = record.extended([forecast(origin="2028", period="2029")])
    (copy / chain.FILE).write_bytes(longer.content)
    assert verification.read_record(copy) == longer
    assert not verification.verify(copy).verified


def test_record_whose_last_line_was_changed_is_not_continued(copy: Path) -> None:
    text = (copy / chain.FILE).read_bytes()
    for changed_text in (
        text.replace(b'"2028-03-01","source"', b'"2028-03-02","source"'),
        b"".join(text.splitlines(keepends=True)[:-1]),
        b"",
    ):
        assert changed_text != text
        (copy / chain.FILE).write_bytes(changed_text)
        with pytest.raises(DataError, match="is not the last line that was published"):
            verification.read_record(copy)


def test_record_that_was_rewritten_throughout_is_found_by_an_anchor(
    copy: Path, record: Record
) -> None:
    anchor = chain.digest(record.content.splitlines()[2])
    assert verification.verify(copy, anchor).verified
    entries = [*record.entries[:3], outcome(1, 1), *record.entries[4:]]
    forged = Record().extended(entries)
    (copy / chain.FILE).write_bytes(forged.content)
    scores = copy / documents.SCOREBOARD
    text = scores.read_text().replace(record.head, forged.head)
    scores.write_text(text)
    assert verification.verify(copy, anchor).faults  # the scores are others
    assert "no line" not in verification.verify(copy, anchor).sentence()
    late = chain.digest(record.content.splitlines()[3])
    assert f"has the digest {late}" in verification.verify(copy, late).sentence()


def test_changed_score_is_found_and_named(copy: Path) -> None:
    path = copy / documents.SCOREBOARD
    document = json.loads(path.read_bytes())
    document["public"]["econnet"]["brier"] -= 0.01
    document["forecasts"][1]["missed"] = False
    path.write_text(json.dumps(document))
    found = verification.verify(copy)
    assert [fault.partition(": ")[2] for fault in found.faults] == [
        "public.econnet.brier is not what the record gives",
        "forecasts[1].missed is not what the record gives",
    ]


def test_changed_page_is_found_by_its_checksum(published: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    shutil.copytree(published, folder)
    (folder / "index.html").write_text("0%")
    (fault,) = verification.verify(folder).faults
    assert "index.html is not the file that SHA256SUMS names" in fault


def test_folder_without_a_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"contains no record\.jsonl"):
        verification.verify(tmp_path)
