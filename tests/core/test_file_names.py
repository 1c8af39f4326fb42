"""Names of files for countries, columns and files of any name."""

from itertools import combinations
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core.countries import all_countries
from econnet.core.file_names import as_name
from econnet.core.task import Task
from econnet.core.workspace import (
    UserFile,
    name_of_country,
    name_of_file,
    streamed_place,
)

AWKWARD = (
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
TEXTS = st.sampled_from(AWKWARD) | st.text(max_size=300)


def is_one_name(name: str) -> bool:
    """Return whether a text names one thing in a folder, on Linux and on Windows."""
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
def test_every_text_has_a_name_within_its_folder(text: str) -> None:
    for name in (as_name(text), name_of_file(text), name_of_country(text)):
        assert is_one_name(name)
    name = Task("Q", label=f"given:{text}").file_stem
    assert is_one_name(name)
    place = streamed_place(text, Task("Q", members=1), UserFile(Path("panel")))
    assert is_one_name(str(place))


@given(st.lists(TEXTS, min_size=2, max_size=8, unique=True))
def test_two_texts_never_share_a_name(texts: list[str]) -> None:
    """This also applies where the file system ignores case."""
    assert len({as_name(text) for text in texts}) == len(texts)
    names = {name_of_country(text, texts).casefold() for text in texts}
    assert len(names) == len(texts)
    labels = {Task("Q", label=f"given:{text}").file_stem for text in texts}
    assert len(labels) == len(texts)


def test_awkward_names_all_differ() -> None:
    names = {text: name_of_country(text, AWKWARD).casefold() for text in AWKWARD}
    for one, other in combinations(AWKWARD, 2):
        assert names[one] != names[other], (one, other)


def test_file_named_like_a_country_does_not_share_its_folder() -> None:
    for country in all_countries():
        assert name_of_file(country.alpha3) != country.alpha3
        assert name_of_file(country.alpha3.lower()) != country.alpha3.lower()
    assert name_of_file("ranking") != "ranking"
    assert name_of_country("ranking") != "ranking"


@pytest.mark.parametrize("name", ["my regions", "North", "Île-de-France", "panel.v2"])
def test_plain_name_stays_as_it_is(name: str) -> None:
    assert name_of_file(name) == name_of_country(name) == name
