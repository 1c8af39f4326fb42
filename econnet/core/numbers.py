"""Numbers as users write them: the digits 0 to 9, a minus sign, a decimal point.

Python also reads `1_0` as 10, `1e3`, `+5`, ` 5`, `nan` and the digits of other scripts.
These are refused, because a typing error would become another number.
"""

import operator
import re

from econnet.core.errors import UsageError
from econnet.core.text import one_line

# Longer ones are beyond any limit; Python refuses whole numbers of over 4,300 digits.
WHOLE = re.compile(r"-?[0-9]{1,30}")
# Without a sign, for patterns that have their own.
DECIMAL_DIGITS = r"(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})"
DECIMAL = re.compile(f"-?{DECIMAL_DIGITS}")


def parse_whole(text: str) -> int | None:
    """Return the whole number of a text; `None` for any other text.

    >>> parse_whole("-12"), parse_whole("1_0")
    (-12, None)
    """
    return int(text) if WHOLE.fullmatch(text) else None


def parse_decimal(text: str) -> float | None:
    """Return the number of a text in decimal notation; `None` for any other text.

    >>> parse_decimal("2.5"), parse_decimal("1e3")
    (2.5, None)
    """
    return float(text) if DECIMAL.fullmatch(text) else None


def whole_number(
    value: object, first: int, last: int | None = None, *, option: str = ""
) -> int:
    """Return an integer of any type within limits, which are allowed themselves.

    Parameters
    ----------
    option
        The option that the error names.

    Raises
    ------
    UsageError
        It is not such a number: a text, a truth value, a fraction, or out of range.
    """
    number = _as_integer(value)
    if number is None or number < first or (last is not None and number > last):
        problem = _problem(value, "whole number", first, last)
        raise UsageError(f"{option} {problem}".lstrip())
    return number


def written_whole_number(value: object, first: int, last: int | None = None) -> int:
    """Return a whole number from a text, or from a value of a settings file.

    Raises
    ------
    UsageError
        It is not such a number.
    """
    number = parse_whole(value) if isinstance(value, str) else value
    try:
        return whole_number(number, first, last)
    except UsageError:  # which shows the number that is missing, not the text
        raise UsageError(_problem(value, "whole number", first, last)) from None


def written_decimal(value: object, first: float, last: float) -> float:
    """Return a number from a text in decimal notation, within limits.

    Raises
    ------
    UsageError
        It is not such a number.
    """
    number = parse_decimal(str(value))
    if number is None or not first <= number <= last:
        raise UsageError(_problem(value, "number", first, last))
    return number


def _as_integer(value: object) -> int | None:
    """Return an integer; `None` for other types, and for truth values."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]  # it raises TypeError
    except TypeError:
        return None


def _problem(value: object, noun: str, first: float, last: float | None) -> str:
    shown = one_line(repr(value), at_most=60)
    limits = f"{first} upwards" if last is None else f"{first} to {last}"
    return f"{shown} is not a {noun} from {limits}"
