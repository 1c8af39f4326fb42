"""A sample of the torture and of the kills; `run.py` and `kills.py` do them all."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.torture import kills
from tests.torture.run import numbers
from tests.torture.runner import KINDS, can_run
from tests.torture.work import COMMANDS, WRITING, Bench, Command, bench

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif(not can_run(), reason="torture needs Linux and a C compiler"),
]
WITHIN_CALLS = ["no space", "I/O error", "interrupt", "terminate"]


OF_STORE = ("DuckDB: no space", "DuckDB: no memory")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("torture")) as place:
        yield place


@pytest.mark.parametrize("kind", [*WITHIN_CALLS, *OF_STORE, "reset"])
def test_fetch_withstands_a_fault_at_any_call(kind: str, place: Bench) -> None:
    # A connection is tried again after half a second or more.
    stand(place, "fetch", kind, 1 if kind == "reset" else 2)


@pytest.mark.parametrize("kind", [*WITHIN_CALLS, "no memory"])
def test_report_withstands_a_fault_at_any_call(kind: str, place: Bench) -> None:
    stand(place, "report", kind, 2)


def test_train_withstands_a_fault_at_any_call_that_writes(place: Bench) -> None:
    with place.paused("train", WRITING) as writing:
        for kind in [*WITHIN_CALLS, "no memory", "kill"]:
            stand(writing, "train", kind, 4)


def stand(place: Bench, command: Command, kind: str, at_most: int) -> None:
    calls = place.count(command, KINDS[kind])
    assert calls >= at_most
    for at in numbers(calls, at_most, seed=len(kind)):
        verdict = place.torture(command, KINDS[kind], at)
        assert not verdict.wrong, verdict


@pytest.mark.parametrize("command", ["fetch", "report"])
def test_kill_at_any_moment_leaves_everything_intact(
    command: Command, place: Bench
) -> None:
    rng = np.random.default_rng(9)
    for one in kills.kills(place, command, 3, rng, repeat=3):
        assert not one.wrong, one


@pytest.mark.parametrize("first", [False, True])
def test_kill_at_any_move_of_a_report_is_reported_or_leaves_it_intact(
    place: Bench, first: bool
) -> None:
    begun = kills.without_report(place) if first else place
    seen = list(kills.moves(begun, "report"))
    assert not [one for one in seen if one.wrong]
    assert all(one.in_time for one in seen)
    assert any(one.told for one in seen), "no kill fell into the moves"


def test_every_command_and_kind_can_be_asked_for() -> None:
    assert {*COMMANDS} == {"fetch", "train", "report"}
    assert len(KINDS) >= 10
