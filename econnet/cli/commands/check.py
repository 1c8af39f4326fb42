"""`econnet check`: what is broken in the folders, and how to fix it."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from econnet.cli import defaults, output
from econnet.cli.options import Json
from econnet.core.errors import DataError, UsageError
from econnet.core.settings import CONFIG_FILE, Settings

if TYPE_CHECKING:
    from econnet.forecast.check import Checked, Remark


def check(json: Json = False) -> None:
    """Check that data, models and reports are intact.

    Prints each problem and its remedy on one line, and changes nothing. Exit code 3 if
    anything is broken.

    Example: econnet check --json
    """
    from econnet.forecast import check as use_case

    settings, broken = _settings()
    with output.working("Checking every file"):
        result = use_case.check(settings)
    result = replace(result, broken=(*broken, *result.broken))
    if json:
        output.print_json(result.to_dict())
    else:
        _show(result, settings)
    if not result.ok:
        n = len(result.broken)
        subject = "1 problem was" if n == 1 else f"{n:,} problems were"
        listed = "see `broken`" if json else "see above"
        raise DataError(f"{subject} found: {listed} for the remedies")


def _settings() -> "tuple[Settings, tuple[Remark, ...]]":
    """Return the settings, without `econnet.toml` if it cannot be read."""
    try:
        settings = Settings.from_environment()
    except UsageError as error:
        return Settings.from_environment(file=None), (_remark(error),)
    try:
        defaults.defaults(settings)
    except UsageError as error:
        return settings, (_remark(error),)
    return settings, ()


def _remark(error: UsageError) -> "Remark":
    from econnet.forecast.check import Remark

    problem = str(error).removeprefix(CONFIG_FILE).lstrip(":, ")
    return Remark("settings", Path(CONFIG_FILE), problem, "fix or delete that line")


def _show(result: "Checked", settings: Settings) -> None:
    """Print the problems, then what was checked."""
    for remark in result.broken:
        output.print_answer(f"broken: {remark.sentence}")
    for remark in result.remarks:
        output.print_answer(f"remark: {remark.sentence}")
    counts = ", ".join(
        f"{count:,} {name.replace('_', ' ')}" for name, count in result.counts.items()
    )
    output.prose(
        f"Checked {counts}, in {settings.data_folder} and {settings.reports_folder}: "
        + ("all intact" if result.ok else f"{len(result.broken):,} broken")
    )
