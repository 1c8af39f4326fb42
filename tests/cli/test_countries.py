"""How commands interpret the countries that a user names."""

from pathlib import Path

import pytest

from tests.user import econnet, econnet_process

REFUSED = {
    "unknown": ("Atlantis", "no country is called 'Atlantis': "),
    "misspelt": ("Germny", "no country is called 'Germny': nearest: Germany"),
    "wrong code": ("DEI", "no country is called 'DEI': nearest: DEU (Germany)"),
    "of two countries": ("Korea", "'Korea' may be South Korea (KOR) or North Korea"),
    "of two Congos": ("Congo", "'Congo' may be DR Congo (COD) or Republic of the Con"),
    "aggregate": ("Europe", "'Europe' is an aggregate, not a country: name one of its"),
    "world": ("WLD", "'WLD' is an aggregate, not a country: name one of its"),
    "USSR": (
        "USSR",
        "'USSR' has not been a country since 1991: name one of its successors",
    ),
    "Yugoslavia": (
        "Yugoslavia",
        "'Yugoslavia' has not been a country since 1992: name one of its "
        "successors, Bosnia",
    ),
    "Czechoslovakia": (
        "Czechoslovakia",
        "'Czechoslovakia' has not been a country since 1992: name one of its "
        "successors, Czechia, Slovakia",
    ),
    "empty": ("", "no country is called '': give a name or an ISO code"),
    "blank": (" \t", "no country is called '': give a name or an ISO code"),
    "control characters": ("\x1b[2J\x07", r"no country is called '\x1b[2J\x07': "),
    "two lines": ("Germ\nny", r"no country is called 'Germ\nny': nearest: Germany"),
    "right to left": ("\u202eynamreG", r"no country is called '\u202eynamreG': "),
    "no character": ("\udcff", r"no country is called '\udcff': "),
    "very long": ("x" * 100_000, f"no country is called '{'x' * 60}...': "),
    "path": ("../../etc", "no country is called '../../etc': "),
    "absolute path": ("/etc/passwd", "no country is called '/etc/passwd': "),
    "device": ("CON", "no country is called 'CON': "),
    "SQL": ("DEU'; DROP TABLE x", "no country is called 'DEU'; DROP TABLE x': "),
    "markup": ("<script>", "no country is called '<script>': "),
}


@pytest.mark.parametrize("command", ["train", "report", "fetch"])
@pytest.mark.parametrize("case", REFUSED)
def test_unknown_country_is_a_usage_error_and_leaves_no_files(
    case: str, command: str, tmp_path: Path
) -> None:
    name, line = REFUSED[case]
    # A valid country does not help: names are checked before any work.
    asked = (command, "--country", "DEU", "--country", name)
    run = econnet(*asked, folder=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith(f"econnet: {line}")
    assert run.stderr.removesuffix("\n").isprintable()
    assert len(run.stderr) < 400
    assert run.stdout == ""
    assert not list(tmp_path.iterdir())
    assert not list(tmp_path.parent.glob("etc*"))


ACCEPTED = {
    "NA": "Namibia",
    "NAM": "Namibia",
    "Kosovo": "Kosovo",
    "XK": "Kosovo",
    "guinea": "Guinea",
    "Cote d'Ivoire": "Côte d'Ivoire",
    " D.E.U. ": "Germany",
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_country_is_found(name: str, tmp_path: Path) -> None:
    run = econnet("fetch", "--offline", "--country", name, folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"{ACCEPTED[name]}: ")


@pytest.mark.campaign
def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    run = econnet_process("train", "--country", "\udcff\udcfe", folder=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith(r"econnet: no country is called '\udcff\udcfe': ")
    assert not list(tmp_path.iterdir())
