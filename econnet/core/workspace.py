"""The locations of all files below the folders of data and reports.

A model and its report have one *place*, a relative path. For a country of the public
data it is `DEU`; for a user's file it is the name of the file and, if the file has
several countries, the country: `firms/Beta`. The headline question of a country, and
the default question of a file, are at that path. Any other has a folder there,
`DEU/negative-growth-Q-h3-at`, and if it differs in an option that this name does not
contain, a digest follows: `...-at-1a2b3c4d`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from types import MappingProxyType

from econnet.core.countries import all_countries
from econnet.core.file_names import as_name
from econnet.core.periods import Frequency
from econnet.core.settings import Settings
from econnet.core.task import Task

# Names that econnet uses in the folder of all reports, and in that of one report.
RESERVED_FOR_FILES = ("ranking", "duel")
RESERVED_FOR_COUNTRIES = ("ranking", "csv")


@dataclass(frozen=True)
class UserFile:
    """The user's own data, and what changes how they are read.

    Parameters
    ----------
    lag
        Periods until a value without a publication date is known.
    kinds
        The kinds of columns that the user set, by the column's name.
    sheet
        The sheet of a workbook that the user chose; empty for econnet's choice.
    adjust
        The method of seasonal adjustment; empty for none.
    """

    path: Path
    lag: int = 1
    kinds: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""
    adjust: str = ""

    def options(self) -> dict[str, object]:
        """Return the options of reading that are not at their default."""
        changed: dict[str, object] = {}
        if self.lag != UserFile.lag:
            changed["lag"] = self.lag
        if self.kinds:
            changed["kind"] = dict(self.kinds)
        if self.sheet:
            changed["sheet"] = self.sheet
        if self.adjust:
            changed["adjust"] = self.adjust
        return changed


@dataclass(frozen=True)
class Workspace:
    """The folders of data and reports, and where each file is in them."""

    data_folder: Path
    reports_folder: Path

    @classmethod
    def of(cls, settings: Settings) -> "Workspace":
        """Return the workspace that the settings name."""
        return cls(settings.data_folder, settings.reports_folder)

    @classmethod
    def from_environment(cls) -> "Workspace":
        """Return the workspace of this process and its working directory."""
        return cls.of(Settings.from_environment())

    @property
    def store(self) -> Path:
        """The database of observations."""
        return self.data_folder / "econnet.duckdb"

    @property
    def forecast_log(self) -> Path:
        """The log to which every forecast is appended."""
        return self.data_folder / "forecasts.csv"

    @property
    def models_folder(self) -> Path:
        """The folder of all models."""
        return self.data_folder / "models"

    @property
    def unfinished_folder(self) -> Path:
        """The finished parts of unfinished long runs."""
        return self.data_folder / "unfinished"

    @property
    def duel_folder(self) -> Path:
        """The results of `econnet duel`."""
        return self.reports_folder / "duel"

    def models(self) -> list[Path]:
        """Return the files of all models, sorted by path."""
        return sorted(self.models_folder.rglob("*.npz"))

    def model(self, place: PurePath) -> Path:
        """Return the file of the model at a place."""
        return self.models_folder / place.with_name(f"{place.name}.npz")

    def answers(self, place: PurePath) -> Path:
        """Return the file of the answers to the standard questions at a place."""
        return self.models_folder / place.with_name(f"{place.name}.questions.json")

    def skill_by_day(self, place: PurePath) -> Path:
        """Return the file of past forecasts on several days, of the question there."""
        return self.models_folder / place.with_name(f"{place.name}.days.json")

    def finished(self, country: str, digest: str) -> Path:
        """Return the file of a finished forecast, by the digest of its request."""
        return self.data_folder / "finished" / f"{as_name(country)}-{digest}.msgpack"

    def report(self, place: PurePath) -> Path:
        """Return the folder of the report at a place."""
        return self.reports_folder / place

    def streamed(self, place: PurePath) -> "StreamedFiles":
        """Return the files of a streamed panel whose place that is."""
        report = self.report(place)
        return StreamedFiles(
            self.model(place), report / "report.json", report / "forecasts.parquet"
        )


@dataclass(frozen=True)
class StreamedFiles:
    """The files of a streamed panel."""

    model: Path
    report: Path
    forecasts: Path

    def unfinished(self, work: str) -> Path:
        """Return the file of a part of the work that is not finished."""
        return self.model.with_name(f"{self.model.stem}.{work}.unfinished")


def place_of(
    country: str,
    task: Task,
    default_frequency: Frequency | None,
    file: UserFile | None = None,
    countries: Collection[str] = (),
) -> PurePath:
    """Return the place of a country's model and report.

    Parameters
    ----------
    country
        Its alpha-3 code, or its name in the user's file.
    default_frequency
        The frequency of the country's default question, if it has one.
    file, countries
        The user's file and all the countries in it.
    """
    owner = _folder_of_file(file) if file else PurePath(as_name(country))
    if file and len(countries) > 1:
        owner /= name_of_country(country, countries)
    return owner / _question_folder(task, default_frequency, file)


def headline_place(country: str, task: Task) -> PurePath:
    """Return the place of a country's headline question.

    A digest follows for the options of `task` besides those that make the question.
    """
    digest = task.digest({})
    place = PurePath(as_name(country))
    return place / f"headline-{digest}" if digest else place


def streamed_place(panel: str, task: Task, file: UserFile) -> PurePath:
    """Return the place of a streamed panel's model and report.

    Its ensemble has one member by default, and its periods have but one frequency.
    """
    options = {} if task.members == 1 else {"members": task.members}
    at_default = replace(task, members=Task.members)
    folder = _question_folder(at_default, task.frequency, file, options)
    return PurePath(name_of_file(panel)) / folder


def ranking_place(
    task: Task, default_frequency: Frequency | None, file: UserFile | None = None
) -> PurePath:
    """Return the place of a ranking; `default_frequency` as all its countries have."""
    owner = _folder_of_file(file) if file else PurePath()
    return owner / "ranking" / _question_folder(task, default_frequency, file)


def _folder_of_file(file: UserFile) -> PurePath:
    return PurePath(name_of_file(file.path.stem))


def _question_folder(
    task: Task,
    default_frequency: Frequency | None,
    file: UserFile | None,
    options: Mapping[str, object] = MappingProxyType({}),
) -> str:
    """Return the name of a question's folder; none for the default question."""
    digest = task.digest({**(file.options() if file else {}), **options})
    if not digest and task.is_default and task.frequency == default_frequency:
        return ""
    return f"{task.file_stem}-{digest}" if digest else task.file_stem


def name_of_file(stem: str) -> str:
    """Return the folder's name for a user's file, never one used for other reports."""
    codes = [country.alpha3 for country in all_countries()]
    return as_name(stem, [*codes, *RESERVED_FOR_FILES])


def name_of_country(name: str, among: Collection[str] = ()) -> str:
    """Return the folder's name for a country of a user's file with those `among`."""
    others = [other for other in among if other != name]
    return as_name(name, [*others, *RESERVED_FOR_COUNTRIES])
