import json
from dataclasses import asdict, fields
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.cli.options import TaskOptions
from econnet.core.errors import UsageError
from econnet.core.periods import FREQUENCIES
from econnet.core.task import (
    Event,
    Pool,
    Task,
    TaskChoices,
    TaskRequest,
    Vintages,
    options,
)

TASKS = st.builds(
    Task,
    st.sampled_from(FREQUENCIES),
    target=st.sampled_from(["real_gdp", "exports"]),
    label=st.sampled_from(["negative-growth", "nber", "given:crisis"]),
    horizon=st.integers(0, 40),
    event=st.sampled_from(get_args(Event)),
    pool=st.sampled_from(get_args(Pool)),
    rolling_years=st.none() | st.integers(1, 500),
    vintages=st.sampled_from(get_args(Vintages)),
    members=st.integers(1, 1000),
    as_of=st.none() | st.just("2008-10-01"),
    seed=st.integers(0, 2**32 - 1),
)


def test_keyword_arguments_are_the_options_of_a_task_with_their_types() -> None:
    # The functions of the API that take them have an `as_of` that may also be a date.
    declared = get_type_hints(Task)
    del declared["as_of"]
    assert get_type_hints(TaskChoices) == declared


def test_every_option_of_a_task_is_one_of_the_command_line() -> None:
    names = [field.name for field in fields(TaskRequest)]
    assert names == list(options()) == [field.name for field in fields(Task)]
    assert {*names} < {field.name for field in fields(TaskOptions)}


@given(TASKS)
def test_task_read_back_from_json_is_the_same(task: Task) -> None:
    values: dict[str, Any] = json.loads(json.dumps(asdict(task)))
    assert Task(**values) == task
    assert task.at_frequency(task.frequency) == task


@given(TASKS, TASKS)
def test_two_tasks_never_share_a_name_and_a_digest(one: Task, other: Task) -> None:
    same = (one.file_stem, one.digest({})) == (other.file_stem, other.digest({}))
    assert same == (one == other)


@given(TASKS)
def test_default_task_needs_no_option_but_the_frequency(task: Task) -> None:
    assert task.is_default == ({*task.cli_options()} <= {"--frequency"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("frequency", None),
        ("frequency", "W"),
        ("frequency", ["Q"]),
        ("event", "soon"),
        ("pool", None),
        ("horizon", 41),
        ("horizon", -1),
        ("horizon", 1.0),
        ("members", "16"),
        ("members", None),
        ("members", 0),
        ("rolling_years", 0),
        ("seed", -1),
        ("target", ""),
        ("label", 3),
        ("as_of", "soon"),
    ],
)
def test_impossible_value_is_refused_with_its_option(name: str, value: Any) -> None:  # noqa: ANN401
    values: dict[str, Any] = {"frequency": "Q", name: value}
    with pytest.raises(UsageError, match=f"^--{name.replace('_', '-')} "):
        Task(**values)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(UsageError, match=r"--horizon 99 .*; --members 0 "):
        Task("Q", horizon=99, members=0)
