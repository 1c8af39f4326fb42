"""Publishing: forecast, extend the record, and write the site, in this order.

All countries answer one question, so that they can be compared. If the request names
none, the page of a country answers its headline question where that is known.

A record that was changed since the last publication stops it before anything is trained
or written. The numbers of each forecast are also written to the reports folder, from
where they can be verified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from econnet.core.countries import Country
from econnet.core.errors import DataError
from econnet.core.task import TaskRequest
from econnet.core.workspace import Workspace
from econnet.data.sources.observations import Dataset
from econnet.forecast import log as forecast_log
from econnet.forecast import workflow
from econnet.forecast.listener import SILENT, Listener
from econnet.forecast.ranking import Ranking
from econnet.forecast.result import Forecast, now
from econnet.forecast.saved_days import with_skill_by_day
from econnet.forecast.stored_answers import StoredAnswers
from econnet.report import Format
from econnet.report import country as country_report
from econnet.report.site import build, entries, verification
from econnet.report.site.chain import Record


@dataclass(frozen=True, eq=False)
class PublishedSite:
    """What was published.

    Parameters
    ----------
    ranking
        The forecasts, and the countries that were left out.
    earlier, record
        The record before and after.
    """

    folder: Path
    ranking: Ranking
    earlier: Record
    record: Record

    def __repr__(self) -> str:
        """Return the number of forecasts, and what was appended to the record."""
        return (
            f"PublishedSite({self.folder}: {len(self.ranking.forecasts)} countries; "
            f"appended to the record: {self.n_new_forecasts} forecasts, "
            f"{self.n_new_outcomes} outcomes)"
        )

    @property
    def n_new_forecasts(self) -> int:
        """The number of forecasts that were appended to the record."""
        return len(self.record.forecasts) - len(self.earlier.forecasts)

    @property
    def n_new_outcomes(self) -> int:
        """The number of outcomes that were appended to the record."""
        return len(self.record.outcomes) - len(self.earlier.outcomes)


def publish(
    known: Dataset,
    countries: Sequence[Country],
    request: TaskRequest,
    workspace: Workspace,
    folder: Path,
    *,
    all_needed: bool = False,
    train_headlines: bool = False,
    listener: Listener = SILENT,
) -> PublishedSite:
    """Publish the forecasts of these countries in a folder, created if needed.

    All answer one question, at the highest frequency that they share; a country that
    lacks its data is left out, or raises `DataError` if `all_needed`. If the request
    names no question, the pages of countries answer their headline questions: those
    that stored models answer or, with `train_headlines`, all. `UsageError` is raised if
    the folder has files but no site.
    """
    build.check_folder(folder)
    earlier = verification.read_record(folder)
    task = workflow.common_task(known, countries, request, all_needed=all_needed)
    ranking = workflow.rank(known, countries, task, workspace, listener=listener)
    headlines: Mapping[str, Forecast] = {}
    if request.asks_for_headline:
        ranked = [forecast.country for forecast in ranking.forecasts]
        headlines = (
            _headlines(known, ranked, request, workspace, listener)
            if train_headlines
            else _stored_headlines(known, ranked, request, workspace)
        )
    record = entries.extended(
        earlier,
        forecast_log.read(workspace.forecast_log),
        known,
        datetime.now(UTC),
    )
    if not record.forecasts:
        raise DataError("the forecast log contains no forecast that can be published")
    for forecast in (*ranking.forecasts, *headlines.values()):
        if forecast.place is not None:
            place = workspace.report(forecast.place)
            country_report.write(forecast, place, [Format.JSON])
    forecasts = (with_skill_by_day(each, workspace) for each in ranking.forecasts)
    pages = {
        code: with_skill_by_day(page, workspace) for code, page in headlines.items()
    }
    site = build.Site(replace(ranking, forecasts=tuple(forecasts)), record, pages)
    with listener.progress("Writing the site") as progress:
        build.write(site, folder, progress)
    return PublishedSite(folder, ranking, earlier, record)


def _headlines(
    known: Dataset,
    countries: Sequence[Country],
    request: TaskRequest,
    workspace: Workspace,
    listener: Listener,
) -> dict[str, Forecast]:
    """Return the headline forecast of each country, training if no model fits."""
    return {
        country.alpha3: workflow.forecast(
            workflow.question(known, country, request), workspace, listener=listener
        )
        for country in countries
    }


def _stored_headlines(
    known: Dataset,
    countries: Sequence[Country],
    request: TaskRequest,
    workspace: Workspace,
) -> dict[str, Forecast]:
    """Return the headline forecasts that stored models give; they are logged."""
    stored, headlines = StoredAnswers(workspace, known), {}
    for country in countries:
        try:
            answer = stored.ask(country, request).forecast
        except DataError:  # no model of it is stored that fits the data
            continue
        headlines[country.alpha3] = replace(answer, made_at=now())
        forecast_log.add(headlines[country.alpha3], workspace.forecast_log)
    return headlines
