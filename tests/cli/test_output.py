import pytest

from econnet.cli import output


@pytest.mark.parametrize(
    ("done", "total", "seconds", "said"),
    [
        (0, 1, 0.0, ""),
        (0, 211, 0.0, " (1 of 211)"),
        (10, 211, 30.0, " (11 of 211, 0:10:03 left)"),
        (1999, 2000, 3998.0, " (2,000 of 2,000, 0:00:02 left)"),
    ],
)
def test_progress_shows_the_item_and_the_remaining_time(
    done: int, total: int, seconds: float, said: str
) -> None:
    assert output.how_far(done, total, seconds) == said
