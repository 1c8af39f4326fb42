"""How many digits econnet's numbers share with what others published or compute.

A `Check` has a number of econnet's, the same number from elsewhere, and the digits to
which they must agree. `test_digits.py` runs every check, and `scripts/evidence.py`
writes them as the table of `docs/reliability.md`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.data.sources import snapshot

Floats: TypeAlias = npt.NDArray[np.float64]
Pair: TypeAlias = tuple[npt.ArrayLike, npt.ArrayLike]

# Two float64 may differ in the sixteenth digit and be the nearest there are.
MAX_DIGITS = 15.0


@dataclass(frozen=True)
class Check:
    """Numbers of econnet that must agree with published or independent ones.

    Parameters
    ----------
    what
        What econnet computes.
    against
        Where the same numbers come from.
    digits
        Decimal digits to which each must agree.
    pair
        Computes econnet's numbers and the others.
    of_largest
        Whether digits are counted from the largest of the numbers, as for a series that
        crosses zero, and not from each.
    needs
        The module without which the check is skipped; what all checks need is part of
        the development install.
    """

    what: str
    against: str
    digits: int
    pair: Callable[[], Pair]
    of_largest: bool = False
    needs: str | None = None


def digits_of_agreement(
    found: npt.ArrayLike, certified: npt.ArrayLike, *, of_largest: bool = False
) -> float:
    """Return the decimal digits to which the worst of the numbers agrees, at most 15.

    Notes
    -----
    The log relative error by which the National Institute of Standards and Technology
    has software judged by its Statistical Reference Datasets: B. D. McCullough,
    "Assessing the reliability of statistical software: Part I", *The American
    Statistician* 52 (1998), equations 1 and 2. Where the certified value is 0, the
    error itself counts.
    """
    ours, theirs = np.asarray(found, dtype=float), np.asarray(certified, dtype=float)
    if ours.shape != theirs.shape:
        raise ValueError(f"{ours.shape} values cannot be compared with {theirs.shape}")
    size = np.abs(theirs)
    if of_largest:
        size = np.full_like(size, size.max())
    error = np.abs(ours - theirs) / np.where(size == 0, 1.0, size)
    worst = float(error.max())
    if not worst <= 1:  # or NaN
        return 0.0
    return MAX_DIGITS if worst == 0 else min(MAX_DIGITS, float(-np.log10(worst)))


@cache
def _rows() -> pd.DataFrame:
    return snapshot.load().observations


def of_snapshot(series_id: str, frequency: str, country: str = "USA") -> pd.Series:
    """Return a series of the bundled snapshot by period."""
    rows = _rows()
    rows = rows[(rows["series_id"] == series_id) & (rows["country"] == country)]
    periods = pd.PeriodIndex(rows["period"], freq=frequency)
    return pd.Series(rows["value"].to_numpy(dtype=float), periods).sort_index()


def table(checks: Sequence[Check]) -> str:
    """Return the checks as a Markdown table, one line each."""
    lines = ["| what | against | digits |", "|---|---|---|"]
    lines += [
        f"| {check.what} | {check.against} "
        f"| {check.digits}{' of the largest' * check.of_largest} |"
        for check in checks
    ]
    return "\n".join(lines)
