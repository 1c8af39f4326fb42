"""Numbers at the command line: one notation for every option that takes one."""

import inspect
from pathlib import Path
from typing import get_args

import pytest
import typer

from econnet.cli.app import app
from econnet.cli.commands.backtest import periods
from econnet.core.errors import UsageError
from econnet.core.numbers import parse_decimal, parse_whole
from econnet.core.period_days import parse_day
from econnet.forecast.explain.what_if import parse_assumption
from tests.user import econnet

# What Python would read as a number, or as half of one.
NO_NUMBERS = (
    *("1_0", " 5", "5 ", "+5", "0x10", "1e3", "1,5", "\u0661", "\uff15", "\u00b2"),
    *("nan", "inf", "-inf", "true", "", "-", "--", "1_0.5", "1.5.2", "9" * 5000),
)
NO_WHOLE_NUMBERS = ("1.0", "0.5", ".5")


def numeric_options() -> list[tuple[str, str, type[int] | type[float]]]:
    """Return each option that takes a number: command, option and type."""
    found: list[tuple[str, str, type[int] | type[float]]] = []
    for command in app.registered_commands:
        assert command.callback is not None
        signature = inspect.signature(command.callback, eval_str=True)
        for parameter in signature.parameters.values():
            declared, *_ = get_args(parameter.annotation) or (parameter.annotation,)
            for kind in (int, float):
                if kind.__name__ in repr(declared).replace("Literal", ""):
                    option = f"--{parameter.name.replace('_', '-')}"
                    found.append((command.callback.__name__, option, kind))
    return found


OPTIONS = numeric_options()
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_options_with_numbers_are_found() -> None:
    assert {option for _, option, _ in OPTIONS} == {
        *("--horizon", "--rolling-years", "--members", "--seed", "--lag"),
        *("--cost-ratio", "--start", "--updates", "--batch-size"),
    }
    assert len(OPTIONS) > 20


@pytest.mark.parametrize(("name", "option", "kind"), OPTIONS)
def test_other_notations_are_refused(name: str, option: str, kind: type) -> None:
    command = COMMANDS[name]
    texts = NO_NUMBERS if kind is float else (*NO_NUMBERS, *NO_WHOLE_NUMBERS)
    for text in texts:
        with pytest.raises(typer.BadParameter) as refused:
            command.make_context(name, [f"{option}={text}"])
        message = refused.value.format_message()
        assert f"Invalid value for '{option}'" in message
        assert "is not a" in message
        assert len(message) < 200


def test_numbers_within_other_options_follow_the_same_rule() -> None:
    for text in (*NO_NUMBERS, *NO_WHOLE_NUMBERS, "-3"):
        with pytest.raises(UsageError, match="not a day of a quarter"):
            parse_day(text, "Q")
    for text in (*NO_NUMBERS, *NO_WHOLE_NUMBERS, "-3", "0"):
        with pytest.raises(UsageError, match=r"write yearly, 1, 2, \.\.\."):
            periods(text)
    # A sign makes a change of a figure, and spaces may surround it.
    for text in {*NO_NUMBERS} - {"+5", " 5", "5 "}:
        with pytest.raises(UsageError, match="is not INDICATOR=FIGURE"):
            parse_assumption(f"real_gdp={text}")


@pytest.mark.parametrize(
    ("line", "environment"),
    [
        ("horizon = true", {}),
        ("seed = 1.0", {}),
        ('lag = "1_0"', {}),
        ("horizon = nan", {}),
        ("", {"ECONNET_MEMBERS": "1_0"}),
        ("", {"ECONNET_SEED": " 5"}),
    ],
)
def test_numbers_of_settings_follow_the_same_rule(
    line: str, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "econnet.toml").write_text(f"[task]\n{line}\n")
    run = econnet("train", "--country", "AND", folder=tmp_path, **environment)
    assert run.returncode == 2
    assert "is not a whole number from" in run.stderr
    assert f"set by {next(iter(environment), 'econnet.toml')}" in run.stderr


@pytest.mark.parametrize(
    ("text", "whole", "decimal"),
    [("12", 12, 12.0), ("-3", -3, -3.0), ("007", 7, 7.0), ("2.50", None, 2.5)],
)
def test_plain_numbers_are_read(
    text: str, whole: int | None, decimal: float | None
) -> None:
    assert parse_whole(text) == whole
    assert parse_decimal(text) == decimal
