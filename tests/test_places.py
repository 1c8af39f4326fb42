"""Where files stand, whatever a country, a column or a file is called."""

from itertools import combinations
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet import places
from econnet.core.task import Task
from econnet.countries import all_countries
from econnet.forecast import task_name
from econnet.streaming.answer import Places

NASTY = (
    *("", ".", "..", "../x", "..\\x", "/etc/passwd", "C:\\x", "C:x", "\\\\host\\x"),
    *(
        "a/b",
        "a-b",
        "a b",
        "a:b",
        "a.",
        "a ",
        " a",
        "-a",
        "~",
        "~root",
        "$HOME",
        "%TEMP%",
    ),
    *("CON", "con", "con.txt", "NUL", "nul ", "Aux", "COM1", "lpt9.csv", "\0", "a\0b"),
    *("x" * 1000, "é" * 400, "😀" * 400, "e\u0301", "\u00e9", "\u202egpj", "\ud800"),
    *("DEU", "deu", "ranking", "Ranking", "duel", "csv", "North", "north", "NORTH"),
    *("*", "?", "[a]", "'", '"', "<script>", "a\nb", "-rf", "a-0123456789ab"),
)
TEXTS = st.sampled_from(NASTY) | st.text(max_size=300)


def is_one_name(name: str) -> bool:
    """Say whether a text names one thing in a folder, on Linux and on Windows."""
    return (
        PurePosixPath(name).name == name
        and PureWindowsPath(name).name == name
        and name not in {"", ".", ".."}
        and not name.endswith((".", " "))
        and name.isprintable()
        and not {*name} & {*'<>:"/\\|?*'}
        and len(name.encode()) <= 200
        and name.partition(".")[0].lower() not in {"con", "nul", "aux", "com1", "lpt9"}
    )


@given(TEXTS)
def test_every_text_has_a_place_within_its_folder(text: str) -> None:
    for name in (places.as_name(text), places.of_file(text), places.of_country(text)):
        assert is_one_name(name)
    name = task_name(Task("Q", label=f"given:{text}"))
    assert is_one_name(name)
    where = Places.of(text, Path("data"), Path("reports"))
    assert where.model.parent == Path("data/models")
    assert where.report.parent.parent == Path("reports")


@given(st.lists(TEXTS, min_size=2, max_size=8, unique=True))
def test_two_texts_never_have_one_place(texts: list[str]) -> None:
    """Nor where the file system takes upper and lower case for one."""
    assert len({places.as_name(text) for text in texts}) == len(texts)
    names = {places.of_country(text, texts).casefold() for text in texts}
    assert len(names) == len(texts)
    labels = {task_name(Task("Q", label=f"given:{text}")) for text in texts}
    assert len(labels) == len(texts)


def test_all_the_nasty_ones_are_told_apart() -> None:
    names = {text: places.of_country(text, NASTY).casefold() for text in NASTY}
    for one, other in combinations(NASTY, 2):
        assert names[one] != names[other], (one, other)


def test_file_called_like_a_country_is_not_taken_for_it() -> None:
    for country in all_countries():
        assert places.of_file(country.alpha3) != country.alpha3
        assert places.of_file(country.alpha3.lower()) != country.alpha3.lower()
    assert places.of_file("ranking") != "ranking"
    assert places.of_country("ranking") != "ranking"


@pytest.mark.parametrize("name", ["my regions", "North", "Île-de-France", "panel.v2"])
def test_plain_name_stays_as_it_is(name: str) -> None:
    assert places.of_file(name) == places.of_country(name) == name
