"""`econnet check`: what is broken in the folders, and how to fix it."""

from pathlib import Path
from typing import TYPE_CHECKING

from econnet.cli import defaults, output
from econnet.cli.options import Json
from econnet.core.errors import DataError, UsageError
from econnet.core.settings import CONFIG_FILE, Settings

if TYPE_CHECKING:
    from econnet.forecast.check import Checked, Remark


def check(json: Json = False) -> None:
    """Look whether data, models and reports are whole.

    Says what is broken and how to mend it, a line each, and changes nothing; exit code
    3 if anything is broken.

    Example: econnet check --json
    """
    from econnet.forecast import check as use_case

    settings, broken = _settings()
    with output.working("Looking at every file"):
        seen = use_case.check(settings)
    seen = use_case.Checked(seen.counts, (*broken, *seen.broken), seen.remarks)
    if json:
        output.print_json(seen.to_dict())
    else:
        _show(seen, settings)
    if not seen.ok:
        n = len(seen.broken)
        subject = "1 thing is" if n == 1 else f"{n:,} things are"
        listed = "`broken` lists them" if json else "each is listed above"
        raise DataError(f"{subject} broken: {listed}, with what mends it")


def _settings() -> "tuple[Settings, tuple[Remark, ...]]":
    """Return the settings, without `econnet.toml` where that cannot be read."""
    try:
        settings = Settings.from_environment()
    except UsageError as error:
        return Settings.from_environment(file=None), (_about_settings(error),)
    try:
        defaults.defaults(settings)
    except UsageError as error:
        return settings, (_about_settings(error),)
    return settings, ()


def _about_settings(error: UsageError) -> "Remark":
    from econnet.forecast.check import Remark

    what = str(error).removeprefix(CONFIG_FILE).lstrip(":, ")
    return Remark("settings", Path(CONFIG_FILE), what, "mend that line, or delete it")


def _show(seen: "Checked", settings: Settings) -> None:
    """Print what was looked at, then what was found."""
    for remark in seen.broken:
        output.print_answer(f"broken: {remark.sentence}")
    for remark in seen.remarks:
        output.print_answer(f"remark: {remark.sentence}")
    counts = ", ".join(
        f"{count:,} {name.replace('_', ' ')}" for name, count in seen.counts.items()
    )
    output.prose(
        f"Looked at {counts}, in {settings.data_folder} and "
        f"{settings.reports_folder}: "
        + ("all sound" if seen.ok else f"{len(seen.broken):,} broken")
    )
