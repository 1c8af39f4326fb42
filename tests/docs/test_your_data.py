"""What `docs/your-data.md` shows of six common files is what econnet prints."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import text_of
from tests.user import econnet

CASES = Path(__file__).parent.parent / "data" / "files" / "cases"
SHOWN = re.findall(
    r"^```text\n\$ econnet inspect (\S+\.\w+)\n(.*?)^```",
    text_of("your-data.md"),
    flags=re.DOTALL | re.MULTILINE,
)
FOLDERS = {
    "current.csv": "05",
    "API_NY.GDP.MKTP.KD_DS2_en_csv_v2.csv": "02",
    "namq_10_gdp.tsv": "10",
    "WEOApr2024all.xls": "04",
    "bip.csv": "13",
    "gvar.xlsx": "18",
}


def test_page_shows_six_common_files() -> None:
    assert {file for file, _ in SHOWN} == {*FOLDERS}


@pytest.mark.parametrize(("file", "shown"), SHOWN)
def test_page_shows_what_inspect_prints(file: str, shown: str) -> None:
    """Lines of three points on the page leave out lines of the output."""
    (folder,) = CASES.glob(f"{FOLDERS[file]}-*")
    run = econnet("inspect", file, folder=folder, COLUMNS="88")
    printed = [line.rstrip() for line in (run.stderr + run.stdout).splitlines()]
    parts = [part.strip("\n") for part in re.split(r"^\.\.\.$", shown, flags=re.M)]
    whole = "\n".join(printed)
    place = 0
    for part in filter(None, parts):
        found = whole.find(part, place)
        assert found >= 0, f"{part}\n\nis not in\n\n{whole[place:]}"
        place = found + len(part)
