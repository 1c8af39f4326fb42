"""Label rules of other packages: each sees one day's levels, and is checked."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from econnet.core import plugins
from econnet.core.errors import DataError
from econnet.core.periods import Frequency
from econnet.core.types import Floats
from econnet.data.cycle import labels
from econnet.data.cycle.labels import LabelRule

GROUP = "econnet.labels"


def falls(known: Floats, frequency: Frequency) -> Floats:
    """Label the falls of one day's levels; more days at once would be look-ahead."""
    assert known.shape[0] == 1
    assert frequency == "Q"
    return np.append(np.nan, (np.diff(known[0]) < 0).astype(float))[None, :]


def too_short(known: Floats, _: Frequency) -> Floats:
    return known[:, 1:] * 0


def no_label(known: Floats, _: Frequency) -> Floats:
    return np.full_like(known, 2.0)


def broken(known: Floats, _: Frequency) -> Floats:
    raise RuntimeError(f"no {known.size} levels")


FALLS = LabelRule(falls, 0, "output falls")
TOO_SHORT = LabelRule(too_short, 0, "a label per level but the first")
NO_LABEL = LabelRule(no_label, 0, "a number that is not a label")
BROKEN = LabelRule(broken, 0, "a rule that fails")
WEEKLY = LabelRule(falls, 0, "output falls", frequencies=("W",))  # type: ignore[arg-type]  # on purpose
TEXT = "no rule"


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make this module a package that provides its constants as label rules."""
    entries = [
        EntryPoint(
            f"test-{name.lower().replace('_', '-')}", f"{__name__}:{name}", GROUP
        )
        for name in ("FALLS", "TOO_SHORT", "NO_LABEL", "BROKEN", "WEEKLY", "TEXT")
    ]
    monkeypatch.setattr(
        plugins, "entry_points", lambda group: entries if group == GROUP else []
    )
    monkeypatch.setattr(plugins, "_failures", {})  # which every command prints
    plugins._installed.cache_clear()  # noqa: SLF001 - as in a new process
    yield
    plugins._installed.cache_clear()  # noqa: SLF001


def test_rule_sees_only_the_levels_of_each_day() -> None:
    days = np.array([[4.0, 3.0, 5.0], [4.0, 6.0, 5.0]])
    labelled = labels.RULES["test-falls"].label_function(days, "Q")
    np.testing.assert_array_equal(labelled, [[np.nan, 1, 0], [np.nan, 0, 1]])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("test-too-short", "it returned the shape"),
        ("test-no-label", "a value other than 0, 1 and NaN"),
        ("test-broken", "no 3 levels"),
    ],
)
def test_rule_that_fails_is_named(name: str, reason: str) -> None:
    rule = labels.RULES[name]
    with pytest.raises(DataError, match=f"label '{name}' of .*{reason}"):
        rule.label_function(np.array([[4.0, 3.0, 5.0]]), "Q")


@pytest.mark.parametrize(
    ("name", "reason"), [("test-weekly", "frequencies among"), ("test-text", "it is a")]
)
def test_object_that_is_not_a_rule_is_left_out(name: str, reason: str) -> None:
    with pytest.warns(plugins.PluginWarning, match=reason):
        assert name not in labels.RULES
