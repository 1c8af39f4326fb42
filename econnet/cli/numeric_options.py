"""Options that take a number: one notation for all, by `core.numbers`."""

from collections.abc import Callable
from typing import Any

import typer

from econnet.core import numbers
from econnet.core.errors import UsageError


def whole_number_option(
    text: str, first: int, last: int | None = None, metavar: str = "N"
) -> Any:  # noqa: ANN401 - as typer.Option itself
    """Return an option that takes a whole number within limits."""

    def parse(value: object) -> int:
        return numbers.written_whole_number(value, first, last)

    return _option(parse, text, first, last, metavar)


def decimal_option(text: str, first: float, last: float) -> Any:  # noqa: ANN401 - as typer.Option itself
    """Return an option that takes a number in decimal notation, within limits."""

    def parse(value: object) -> float:
        return numbers.written_decimal(value, first, last)

    return _option(parse, text, first, last, "N")


def _option(
    parse: Callable[[object], float],
    text: str,
    first: float,
    last: float | None,
    metavar: str,
) -> Any:  # noqa: ANN401 - as typer.Option itself
    def parse_for_typer(value: object) -> float:
        try:
            return parse(value)
        except UsageError as error:  # Typer adds the name of the option
            raise typer.BadParameter(str(error)) from error

    # The help page shows the limits.
    return typer.Option(
        parser=parse_for_typer, min=first, max=last, metavar=metavar, help=text
    )
