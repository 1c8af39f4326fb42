"""The arguments of the tools for assistants, checked."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from econnet.core.errors import UsageError
from econnet.core.task import TaskRequest
from econnet.forecast.explain.what_if import Assumption

Event = Literal["at", "within"]
Frequency = Literal["A", "Q", "M"]


@dataclass(frozen=True)
class Change:
    """An assumed newest value of an indicator.

    `by` adds to the actual value, `to` replaces it; give one of them, in the unit in
    which the indicator is shown.
    """

    # For pydantic, which would ignore a misspelt `by`.
    __pydantic_config__: ClassVar = {"extra": "forbid"}

    indicator: str
    by: float | None = None
    to: float | None = None

    def to_assumption(self) -> Assumption:
        """Return it as `what_if` takes it."""
        value = self.to if self.by is None else self.by
        if value is None or (self.by is not None and self.to is not None):
            raise UsageError(f"give either `by` or `to` for {self.indicator}")
        if not math.isfinite(value):
            raise UsageError(f"the value for {self.indicator} is not a finite number")
        return Assumption(self.indicator, value, relative=self.by is not None)


def request_of(
    label: str | None = None,
    horizon: int | None = None,
    event: Event | None = None,
    frequency: Frequency | None = None,
) -> TaskRequest:
    """Return the question with these options; the others have their defaults."""
    given: dict[str, Any] = {
        "label": label,
        "horizon": horizon,
        "event": event,
        "frequency": frequency,
    }
    return TaskRequest(
        **{name: value for name, value in given.items() if value is not None}
    )
