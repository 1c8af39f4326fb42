"""The help of the command line, and its completion and suggestions."""

import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from econnet.cli.agents.tools import Tools
from econnet.cli.app import COMMANDS, app
from econnet.cli.exit_codes import CLOSED_PIPE
from econnet.core.task import LABEL_RULES
from econnet.data.cycle import labels
from tests.user import econnet, econnet_process

NAMES = [command.__name__ for command in COMMANDS]
GROUP = typer.main.get_group(app)


@pytest.mark.parametrize("columns", ["60", "80"])
@pytest.mark.parametrize("name", ["", *NAMES])
def test_help_fits_and_leaves_nothing_out(
    name: str, columns: str, tmp_path: Path
) -> None:
    run = econnet(*name.split(), "--help", folder=tmp_path, COLUMNS=columns)
    assert run.returncode == 0
    assert run.stderr == ""
    assert max(map(len, run.stdout.splitlines())) <= int(columns)
    assert "..." not in run.stdout.replace("[ARGS]...", "")
    assert re.search(r"Example: econnet \w+", run.stdout)


WITHOUT_DOCSTRINGS = """
from econnet.cli.agents.tools import Tools
from econnet.cli.app import COMMANDS
from econnet.cli.docstrings import docstring

assert docstring.__doc__ is None
for function in [*COMMANDS, *Tools(None).all()]:
    print(repr(docstring(function)))
"""


def test_help_and_tools_keep_their_texts_without_docstrings(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-OO", "-c", WITHOUT_DOCSTRINGS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    functions = [*COMMANDS, *Tools(None).all()]  # type: ignore[arg-type]  # not asked
    texts = [repr(inspect.getdoc(function)) for function in functions]
    assert run.stdout.splitlines() == texts


def test_help_without_docstrings_is_the_same(tmp_path: Path) -> None:
    for arguments in (["--help"], ["report", "--help"]):
        usual = econnet(*arguments, folder=tmp_path, COLUMNS="80")
        run = econnet_process(
            *arguments, folder=tmp_path, COLUMNS="80", PYTHONOPTIMIZE="2"
        )
        assert run.stdout == usual.stdout


@pytest.mark.parametrize("columns", ["60", "80", "120"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda it: str(it.__name__))
def test_help_breaks_no_word_at_a_hyphen(
    command: Callable[..., None], columns: str, tmp_path: Path
) -> None:
    run = econnet(command.__name__, "--help", folder=tmp_path, COLUMNS=columns)
    lines = [line.rstrip() for line in run.stdout.splitlines()]
    assert [line for line in lines if re.search(r"\w-$", line)] == []
    assert run.stdout.isascii()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda it: str(it.__name__))
def test_help_states_the_limits_of_numbers_in_words(
    command: Callable[..., None], tmp_path: Path
) -> None:
    run = econnet(command.__name__, "--help", folder=tmp_path)
    assert "<=" not in run.stdout
    assert ">=" not in run.stdout


@pytest.mark.parametrize(
    ("command", "option", "limits"),
    [
        ("forecast", "--horizon", "[from 0 to 40]"),
        ("forecast", "--seed", "[default: 0; from 0 to 4294967295]"),
        ("forecast", "--cost-ratio", "[from 0.001 to 1000]"),
        ("duel", "--updates", "[default: 10000; at least 1]"),
    ],
)
def test_help_shows_the_limits_of_a_number(
    command: str, option: str, limits: str, tmp_path: Path
) -> None:
    text = " ".join(econnet(command, "--help", folder=tmp_path).stdout.split())
    _, _, described = text.partition(f"{option} N ")
    assert described.partition(" --")[0].endswith(limits)


def test_forecast_takes_one_country_and_does_not_call_the_option_repeatable(
    tmp_path: Path,
) -> None:
    text = econnet("forecast", "--help", folder=tmp_path).stdout
    line = next(
        line for line in text.splitlines() if "--country" in line and "COUNTRY" in line
    )
    assert "Name or code: Germany, DE or DEU." in line
    assert "repeatable" not in line
    two = ("--country", "DEU", "--country", "USA")
    run = econnet("forecast", *two, folder=tmp_path)
    assert run.returncode == 2
    assert "forecast takes one country, not 2" in run.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda it: str(it.__name__))
def test_examples_of_help_are_understood(command: Callable[..., None]) -> None:
    examples = re.findall(r"Example: econnet (.+)", command.__doc__ or "")
    assert examples
    for example in examples:
        name, *arguments = shlex.split(example)
        assert name == command.__name__
        context = GROUP.make_context("econnet", [name])
        parsed = GROUP.commands[name].make_context(name, arguments, parent=context)
        assert parsed.args == []


def test_labels_that_are_offered_are_the_label_rules() -> None:
    assert LABEL_RULES == labels.NAMES


@pytest.mark.parametrize(
    ("typed", "offered", "withheld"),
    [
        ("train --country D", {"DEU", "DNK"}, {"FRA"}),
        ("train --country de", {"deu"}, {"dnk"}),
        ("report --label ne", {"negative-growth"}, {"year-on-year"}),
        ("export --indicator real_", {"real_gdp"}, {"exports"}),
        ("forecast --target unemp", {"unemployment"}, {"exports"}),
        ("re", {"report"}, {"train"}),
        ("train --pool o", {"own"}, {"all"}),
    ],
)
def test_shell_completes_what_begins_as_typed(
    typed: str, offered: set[str], withheld: set[str], tmp_path: Path
) -> None:
    run = econnet(
        folder=tmp_path,
        _ECONNET_COMPLETE="complete_bash",
        COMP_WORDS=f"econnet {typed}",
        COMP_CWORD=str(len(typed.split())),
    )
    found = set(run.stdout.split())
    assert offered <= found
    assert not withheld & found


def test_tables_fit_a_narrow_terminal(tmp_path: Path) -> None:
    for command in ("status", "countries", "indicators"):
        run = econnet(command, folder=tmp_path, COLUMNS="48")
        assert run.returncode == 0
        text, _, _ = run.stdout.partition("Addresses of sources")
        assert max(map(len, text.splitlines())) <= 48, command


def test_quiet_leaves_the_answer_alone(tmp_path: Path) -> None:
    run = econnet("--quiet", "status", folder=tmp_path)
    assert run.returncode == 0
    assert run.stderr == ""
    assert run.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("forcast --country DEU", "Did you mean 'forecast'"),
        ("forecast --contry DEU", "--country"),
        ("forecast --country Grmany", "nearest: Germany"),
        ("forecast --country DEI", "nearest: DEU (Germany)"),
        ("forecast --country DEU --target real_gpd", "nearest: real_gdp"),
        ("forecast --country DEU --event wthin", "'within'"),
        ("report --country DEU --format pfd", "'pdf'"),
        ("fetch --country DEU --source fread", "nearest: fred"),
        ("export --indicator gdp_real --output a.csv", "nearest: "),
        ("backtest --country DEU --baselines logti", "logit"),
    ],
)
def test_mistyped_name_gets_a_suggestion(
    arguments: str, words: str, tmp_path: Path
) -> None:
    run = econnet(*arguments.split(), folder=tmp_path)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert words in line


def test_pipe_receives_no_colours(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "econnet", "status"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert b"\x1b" not in run.stdout + run.stderr


def test_help_ends_quietly_when_its_reader_has_gone(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "econnet", "--help"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (CLOSED_PIPE, b"")
