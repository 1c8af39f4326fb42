"""The findings of fuzzing, and a little more of it: the same inputs at every run.

`python -m tests.fuzz.run` fuzzes for longer, guided by the code that an input reaches;
so does this module, unguided, with `ECONNET_FUZZ_EXAMPLES=2000` examples per target.
"""

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import sources
from tests.fuzz.mutation import chain
from tests.fuzz.targets import TARGETS

EXAMPLES = int(os.environ.get("ECONNET_FUZZ_EXAMPLES", "25"))
FINDINGS = sorted(
    path for path in (Path(__file__).parent / "findings").glob("*/*") if path.is_file()
)


@pytest.mark.parametrize("name", TARGETS)
def test_every_example_is_read(name: str) -> None:
    for example in TARGETS[name].examples():
        TARGETS[name].try_(example)


@pytest.mark.parametrize("name", sources.TARGETS)
def test_answer_of_a_source_gives_series(name: str) -> None:
    target = sources.TARGETS[name]
    series = [target.read(example) for example in target.examples()]
    refusals = 2 if name == "sdmx" else 0
    assert series.count(0) == refusals


@pytest.mark.parametrize("path", FINDINGS, ids=lambda it: f"{it.parent.name}-{it.name}")
def test_inputs_that_revealed_a_bug_are_handled(path: Path) -> None:
    TARGETS[path.parent.name].try_(path.read_bytes())


@pytest.mark.campaign
@pytest.mark.parametrize("name", TARGETS)
@settings(
    max_examples=EXAMPLES, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(seed=st.integers(0, 2**32 - 1), raw=st.binary(max_size=40))
def test_spoilt_input_is_read_or_refused(name: str, seed: int, raw: bytes) -> None:
    target, rng = TARGETS[name], random.Random(seed)
    example = rng.choice(target.examples())
    target.try_(chain(target.mutate, example, rng))
    target.try_(raw)
