"""The ten exercises have answers, each of which runs on its own and checks itself."""

import re

import pytest
from threadpoolctl import threadpool_limits

from tests.docs import pages

PAGE = "network-exercises.md"
OPENING, *EXERCISES = re.split(
    r"^## Exercise ", pages.text_of(PAGE), flags=re.MULTILINE
)


def test_there_are_ten() -> None:
    assert [text.split(":")[0] for text in EXERCISES] == [str(n) for n in range(1, 11)]


@pytest.mark.parametrize("text", EXERCISES, ids=[it.split("\n")[0] for it in EXERCISES])
def test_answer_runs_after_the_opening_alone_and_is_right(text: str) -> None:
    question, answer = text.split('<details markdown="1">\n<summary>Answer</summary>')
    assert not pages.python_blocks(question)
    (code,) = pages.python_blocks(answer)
    assert "assert " in code
    with threadpool_limits(1):
        exec("\n".join([*pages.python_blocks(OPENING), code]), {})  # noqa: S102 - our own page
