"""Options without effect are refused, at the command line and in Python."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import typer

import econnet as package
from econnet.cli.app import app
from econnet.cli.dependent_options import ALONE, NEEDS
from econnet.core.errors import UsageError
from tests.user import econnet

# Valid values of the options that rules refuse.
VALUES = {
    "--adjust": "stl",
    "--anchor": "a" * 64,
    "--as-of": "2008-10-01",
    "--baselines": "logit",
    "--cost-ratio": "5",
    "--event": "at",
    "--format": "pdf",
    "--frequency": "A",
    "--horizon": "1",
    "--kind": "sales=rate",
    "--lag": "1",
    "--members": "2",
    "--paper": "a4",
    "--pool": "own",
    "--rolling-years": "9",
    "--seed": "0",
    "--set": "real_gdp=1",
    "--sheet": "first",
    "--source": "fred",
    "--start": "1960",
    "--vintages": "real",
}


COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def parameters(command: str) -> dict[str, tuple[str, bool]]:
    """Return the flag of each option, and whether it takes no value."""
    found = COMMANDS[command].params
    return {it.name: (it.opts[-1], getattr(it, "is_flag", False)) for it in found}


def words(flag: str, *, alone: bool) -> list[str]:
    return [flag] if alone else [flag, VALUES.get(flag, "AND")]


def useless() -> Iterator[tuple[list[str], str]]:
    """Yield a command line for each option without effect, and its flag."""
    for needs in NEEDS:
        for command in needs.commands:
            known = parameters(command)
            for name in needs.options:
                flag, alone = known[name]
                asked = [command, "--country", "AND", *words(flag, alone=alone)]
                yield asked, flag
    for rule in ALONE:
        known = parameters(rule.command)
        option = words(known[rule.option][0], alone=known[rule.option][1])
        for name, (flag, alone) in known.items():
            if name not in {*rule.allowed, rule.option, "help"}:
                yield [rule.command, *option, *words(flag, alone=alone)], flag


@pytest.mark.parametrize(
    ("arguments", "flag"), [*useless()], ids=lambda it: "".join(it)[:60]
)
def test_option_without_effect_is_refused(
    arguments: list[str],
    flag: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    name, *options = arguments
    command = COMMANDS[name]
    with (
        pytest.raises(UsageError, match=r"has no effect with.*leave it out$") as error,
        command.make_context(name, options) as context,
    ):
        command.invoke(context)
    assert flag in str(error.value)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "train --country AND --kind a=rate --lag 2",
            "--lag and --kind have no effect without --data: name your own file with "
            "--data FILE, or leave them out",
        ),
        ("report --country AND --format html --paper a4", "without a PDF"),
        ("report --country AND --format csv --cost-ratio 5", "PDF, HTML and JSON"),
        ("report --country AND --format png --set real_gdp=1", "all but PNG"),
        ("train --data panels --vintages revised", "--vintages revised does not apply"),
        ("train --data panels --adjust stl", "--adjust stl does not apply"),
        ("train --data panels --sheet first", "--sheet first does not apply"),
        ("train --data panels --baselines logit", "do not apply to streamed panels"),
        ("train --data panels --cluster tcp://a:1", "do not apply to streamed panels"),
        ("forecast --data panels --cost-ratio 5", "do not apply to streamed panels"),
        ("inspect sales.csv --sheet first", "has no sheets"),
        ("backtest --data sales.csv --all --country A", "leave out --country"),
        ("train --all --country AND", "leave out --country"),
    ],
)
def test_other_options_without_effect_are_refused(
    arguments: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "panels").mkdir()
    (tmp_path / "sales.csv").write_text("period,sales\n2019,1\n2020,2\n2021,3\n")
    run = econnet(*arguments.split(), folder=tmp_path)
    assert run.returncode == 2, run.stderr
    (line,) = run.stderr.splitlines()
    assert message in line
    assert not (tmp_path / "reports").exists()


def test_defaults_apply_where_they_can(tmp_path: Path) -> None:
    (tmp_path / "econnet.toml").write_text('[task]\nlag = 2\nkind = "sales=rate"\n')
    run = econnet("countries", folder=tmp_path)
    assert run.returncode == 0
    run = econnet("train", "--country", "PRK", folder=tmp_path)
    assert run.returncode == 3
    assert "North Korea has no real_gdp" in run.stderr


FRAME = pd.DataFrame({"period": ["2019", "2020", "2021"], "sales": [1.0, 2.0, 3.0]})


@pytest.mark.parametrize(
    ("file", "options", "message"),
    [
        (None, {"kinds": {"sales": "rate"}}, "kinds"),
        (None, {"lag": 2}, "lag"),
        (None, {"sheet": "first", "adjust": "stl"}, "sheet, adjust"),
        (None, {"country": "AND"}, "country"),
        (FRAME, {"sheet": "first", "country": "AND"}, "a DataFrame has no sheets"),
    ],
)
def test_read_data_refuses_what_has_no_effect(
    file: pd.DataFrame | None, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        package.read_data(file, **options)  # type: ignore[arg-type]  # several types
