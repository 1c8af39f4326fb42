"""The commands that are tortured, where they run, and what must stay intact."""

import csv
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from pytest_httpserver import HTTPServer

from econnet.core import catalog
from econnet.core.errors import EconnetError
from econnet.core.task import Task
from econnet.core.workspace import UserFile, place_of
from econnet.data.store.store import Store
from econnet.forecast import saved_model
from econnet.runtime import atomic_files, checksums
from tests.data.sources.servers import GERMANY, TOGO, Row, Sources, rows_of
from tests.torture.runner import Ended, Fault, Kind, Runner, runner

Command = Literal["fetch", "train", "report"]
TASK = ("--data", "panel.csv", "--members", "1", "--frequency", "A")
COMMANDS: Mapping[Command, Sequence[str]] = {
    "fetch": ("fetch", "--country", "DEU", "--source", "worldbank"),
    "train": ("train", *TASK, "--baselines", "base_rate"),
    "report": ("report", *TASK, *("--format", "json"), *("--format", "html")),
}
PLACE = place_of("", Task("A", members=1), "A", UserFile(Path("panel.csv")))
REPORT = Path("reports") / PLACE
# By then everything in a report is computed.
WRITING = "econnet.runtime.atomic_files:_write_into"
# Where a command is about to touch files again, after it has computed for long.
STOPS: Mapping[Command, Sequence[str]] = {
    "fetch": (),
    "train": ("econnet.forecast.saved_model:save", "econnet.forecast.log:add", WRITING),
    "report": ("econnet.forecast.log:add", WRITING),
}
# Of every series a year is revised and one added; every second one is new.
EARLIER: dict[str, float | str | None] = {"2018": 1.5, "2019": 2.5, "2020": 2.25}
LATER: dict[str, float | str | None] = {**EARLIER, "2019": 3.5, "2021": 4.0}
Values: TypeAlias = list[tuple[str, float | str | None]]
STATES: Mapping[str, Values] = {
    "none": [],
    "earlier": sorted(EARLIER.items()),
    "both": sorted([*EARLIER.items(), ("2019", 3.5), ("2021", 4.0)]),
    "later": sorted(LATER.items()),
}
SERIES = sorted(
    {
        template.id
        for indicator in catalog.load().values()
        for template in indicator.series
        if template.source == "worldbank"
        and template.frequency == "A"
        and not template.id.startswith("archive/")
    }
)


@dataclass(frozen=True)
class Bench:
    """Where commands are tortured.

    Parameters
    ----------
    before
        A folder as a user may have it: data that were fetched, a model, a report.
    begun
        What a run begins with, which is copied into `folder`.
    folder
        Where commands run.
    since
        The stop at which runs begin; none if at the beginning.
    """

    runner: Runner
    before: Path
    begun: Path
    folder: Path
    since: str = ""

    def run(
        self,
        command: Command,
        fault: Fault = Fault("calls"),  # noqa: B008 - frozen
        kill_after: float | None = None,
    ) -> Ended:
        """Run a command in a fresh copy of the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.begun, self.folder)
        return self.again(command, fault, kill_after)

    def again(
        self,
        command: Command,
        fault: Fault = Fault("calls"),  # noqa: B008 - frozen
        kill_after: float | None = None,
    ) -> Ended:
        """Run a command in the folder as the last one left it."""
        return self.runner.run(COMMANDS[command], self.folder, fault, kill_after)

    @contextmanager
    def paused(self, command: Command, before: str) -> Iterator["Bench"]:
        """Give a bench whose runs begin where a command enters the function `before`.

        What the command computed until then need not be computed again for each fault.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.begun, self.folder)
        with self.runner.paused(COMMANDS[command], self.folder, before):
            begun = self.folder.with_name("begun")
            shutil.rmtree(begun, ignore_errors=True)
            shutil.copytree(self.folder, begun)
            yield replace(self, begun=begun, since=before)

    def count(self, command: Command, kind: Kind) -> int:
        """Return how many calls of a command could meet this kind of fault."""
        fault = replace(kind.fault, at=0)
        ended = self.run(command, fault)
        assert ended.exit_code == 0, ended.stderr
        return ended.count

    def torture(self, command: Command, kind: Kind, at: int) -> "Verdict":
        """Let the n-th call of a command meet a fault, and judge how that ended."""
        ended = self.run(command, replace(kind.fault, at=at))
        killed = kind.name == "kill"
        wrong = [*_ill_ended(ended, kind), *broken(self.before, self.folder)]
        if not killed:
            wrong += [
                f"left behind: {it}" for it in atomic_files.temporary_files(self.folder)
            ]
            wrong += [f"{it.path.name} {it.reason}" for it in torn(self.folder)]
            set_aside = self.folder.glob("data/*.unreadable-*")
            wrong += [f"{it.name}: a log that can be read" for it in set_aside]
        if ended.exit_code == 0:
            wrong += undone(command, self.before, self.folder)
        return Verdict(command, kind.name, at, ended, tuple(wrong), self.since)


@dataclass(frozen=True)
class Verdict:
    """How a command withstood a fault.

    Parameters
    ----------
    at
        The number of the call that met it.
    wrong
        What the command should not have done.
    since
        The stop from which calls were counted; none if from the beginning.
    """

    command: Command
    kind: str
    at: int
    ended: Ended
    wrong: tuple[str, ...]
    since: str = ""

    def __str__(self) -> str:
        """Return what is needed to look into it."""
        return (
            f"{self.command}, {self.kind} at {self.at}"
            f"{f' since {self.since}' if self.since else ''} ({self.ended.where}): "
            f"{'; '.join(self.wrong) or 'sound'}\n{self.ended.stderr.strip()}"
        )


def _ill_ended(ended: Ended, kind: Kind) -> Iterator[str]:
    """Yield what was not as promised in the way a command ended."""
    if ended.hung:
        yield "it hangs"
    if ended.exit_code not in {0, *kind.exit_codes}:
        yield f"exit code {ended.exit_code}"
    lines = ended.stderr.strip().splitlines()
    if any(not line.startswith("econnet: ") for line in lines):
        yield "it says what is not a line of econnet's"
    if ended.exit_code > 0 and not lines:
        yield "it says nothing"


def broken(before: Path, folder: Path) -> Iterator[str]:
    """Yield what is broken in a folder that was once like `before`."""
    for model in (before / "data/models").rglob("*.npz"):
        try:
            saved_model.load(folder / model.relative_to(before))
        except (OSError, ValueError) as error:
            yield f"model: {error}"
    if checksums.read_sums(folder / REPORT) is None:
        yield "report: no sums"
    yield from _broken_journal(before, folder)
    yield from _broken_store(folder)


def undone(command: Command, before: Path, folder: Path) -> Iterator[str]:
    """Yield what a command did not do, though it ended well."""
    if command == "fetch":
        for number, (series, values) in enumerate(_stored(folder).items()):
            if values != STATES["both" if number % 2 else "later"]:
                yield f"store: {series} was not fetched"
        return
    report = REPORT / "report.json"
    if (folder / report).read_bytes() == (before / report).read_bytes():
        yield "report: is the earlier one"
    journal = "data/forecasts.csv"
    if (folder / journal).stat().st_size == (before / journal).stat().st_size:
        yield "journal: has no new line"


def torn(folder: Path) -> list[checksums.Fault]:
    """Return the faults that distinguish the report from an intact one."""
    return checksums.verify_checksums(folder / REPORT)


def _broken_journal(before: Path, folder: Path) -> Iterator[str]:
    earlier = (before / "data/forecasts.csv").read_text("utf-8")
    text = (folder / "data/forecasts.csv").read_text("utf-8")
    if not text.startswith(earlier):
        yield "journal: earlier lines are not what they were"
    lengths = {len(row) for row in csv.reader(text.splitlines())}
    if not text.endswith("\n") or len(lengths) != 1:
        yield "journal: a line is cut short"


def _broken_store(folder: Path) -> Iterator[str]:
    """Yield the series that are neither as they were nor as they were to become."""
    try:
        stored = _stored(folder)
    except EconnetError as error:
        yield f"store: {error}"
        return
    for number, (series, values) in enumerate(stored.items()):
        allowed = ("earlier", "both") if number % 2 else ("later", "none")
        if values not in [STATES[name] for name in allowed]:
            yield f"store: {series} holds {values}"


def _stored(folder: Path) -> dict[str, Values]:
    """Return the values of each of the series in the store."""
    rows = Store(folder / "data/econnet.duckdb").vintages()
    rows = rows[(rows["country"] == "DEU") & rows["series_id"].isin(SERIES)]
    stored: dict[str, Values] = {series: [] for series in SERIES}
    for series, own in rows.groupby("series_id", observed=True):
        stored[str(series)] = sorted(zip(own["period"], own["value"], strict=True))
    return stored


@contextmanager
def bench(scratch: Path) -> Iterator[Bench]:
    """Make ready what torture needs: a server, a folder with everything in it."""
    before = scratch / "before"
    before.mkdir(parents=True)
    _write_panel(before / "panel.csv")
    with HTTPServer(threaded=True) as server:
        sources = Sources(server)
        environment = sources.environment
        said = scratch / "said"
        said.mkdir()
        with runner(said, environment) as running:
            for series in SERIES[1::2]:
                sources.bank[series] = _rows(EARLIER)
            for command in ("fetch", "train"):
                ended = running.run(COMMANDS[command], before)
                assert ended.exit_code in {0}, ended.stderr
            sources.bank.clear()
            sources.else_rows = _rows(LATER)
            yield Bench(running, before, before, scratch / "folder")


def _rows(values: Mapping[str, float | str | None]) -> list[Row]:
    return [row for area in (GERMANY, TOGO) for row in rows_of(area, values)]


def _write_panel(path: Path) -> None:
    """Write a panel of one country, as small as can be learned from."""
    rng = np.random.default_rng(0)
    growth = np.where(np.arange(34) % 3 == 2, -1.0, 2.0) + rng.normal(0, 0.5, 34)
    levels = 100 * np.cumprod(1 + growth / 100)
    lines = [f"Utopia,{1975 + n},{level:.3f}" for n, level in enumerate(levels)]
    path.write_text("\n".join(["country,period,real_gdp", *lines, ""]), "utf-8")
