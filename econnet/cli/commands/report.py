"""`econnet report`: the report in the requested formats."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated

import typer

from econnet.cli import jobs, output
from econnet.cli.options import All, Assumptions, CostRatio, TaskOptions, flat
from econnet.core.errors import DataError, UsageError
from econnet.report import Format, Paper, paper_of

if TYPE_CHECKING:
    from econnet.data.sources.observations import Dataset
    from econnet.forecast.explain.what_if import Assumption
    from econnet.forecast.ranking import Ranking
    from econnet.forecast.result import Forecast
    from econnet.forecast.workflow import Question


@flat
def report(
    task: TaskOptions,
    everything: All = False,
    formats: Annotated[
        list[Format] | None,
        typer.Option(
            "--format",
            metavar="<pdf|png|html|json|csv>",
            help="Default: all; repeatable.",
        ),
    ] = None,
    paper: Annotated[
        Paper | None, typer.Option(help="Size of the PDF (default: a4).")
    ] = None,
    assumptions: Assumptions = None,
    cost_ratio: CostRatio = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Repeat the forecast of an existing report and compare; write "
            "nothing.",
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="With --verify: print JSON only.")
    ] = False,
) -> None:
    """Write the report: PDF, HTML, figures and data.

    For several countries, a ranking is added, with a world map if they are most of the
    world. Trains a model first if no saved model fits. Give --verify the same options
    as the original report.

    Example: econnet report --country BRA --format pdf --paper letter

    Example: econnet report --all --format html

    Example: econnet report --country DEU --verify
    """
    if everything and task.country:
        raise UsageError("--all means all countries: leave out --country")
    if verify:
        _verify(task, as_json=json)
        return
    assumed = jobs.assumptions_of(assumptions)
    chosen = formats or list(Format)
    size = paper_of(chosen, paper)
    _check_formats(chosen, assumed, cost_ratio)
    finish = partial(_complete, cost_ratio=cost_ratio)
    if not (everything or assumed):
        finished = jobs.finished_forecast(task, outlook=True)
        if finished is not None and finished.place is not None:
            _write([(finish(finished), finished.place)], chosen, size)
            return
    data = jobs.data_and_countries(task) if everything or _names(task) else None
    if data is not None and len(data[1]) > 1:
        ranked = jobs.rank(task, data)
        questions = (
            jobs.ranked_questions(ranked, data[0])
            if everything
            else jobs.questions(task, data)
        )
    else:
        ranked, questions = None, jobs.questions(task, data)
    # All countries give thousands of figures: they are drawn only if requested.
    figures = formats is not None or not everything
    country_formats = [form for form in chosen if figures or form != Format.PNG]
    # All questions have the same data.
    finish = partial(finish, known=questions[0].known if questions else None)
    pages = _write_reports(questions, ranked, country_formats, size, assumed, finish)
    if data is not None and ranked is not None:
        folder = jobs.ranking_folder(task, ranked.task, data)
        _write_ranking(folder, ranked, chosen, size, pages)


def _check_formats(
    formats: Sequence[Format],
    assumed: "Sequence[Assumption]",
    cost_ratio: float | None,
) -> None:
    """Raise `UsageError` if no format has the answer to a question of the user's."""
    documents = {Format.PDF, Format.HTML, Format.JSON}
    if cost_ratio is not None and not documents & {*formats}:
        raise UsageError(
            "--cost-ratio changes PDF, HTML and JSON: add --format html, or leave it "
            "out"
        )
    if assumed and {*formats} == {Format.PNG}:
        raise UsageError(
            "--set changes all but PNG: add --format html, or leave it out"
        )


def _complete(
    forecast: "Forecast", *, cost_ratio: float | None, known: "Dataset | None" = None
) -> "Forecast":
    """Return the forecast with the decision, and the skill by day of the period."""
    return jobs.with_decision(jobs.with_skill_by_day(forecast, known), cost_ratio)


def _verify(task: TaskOptions, *, as_json: bool) -> None:
    """Repeat the forecasts of reports, and print whether they agree."""
    from econnet.report import report_file, verification

    # Each report contains its information date; the data must not end before it.
    data = jobs.data_and_countries(replace(task, as_of=None)) if _names(task) else None
    results = []
    for question in jobs.questions(task, data):
        folder, country = jobs.workspace().report(question.place), question.country
        report = report_file.read(folder / "report.json")
        with output.progress(f"Replaying history: {country.name}") as progress:
            results.append(
                verification.verify(report, question.known, country, progress)
            )
    wrong = [result for result in results if not result.verified]
    if as_json:
        reports = [verification.to_dict(result) for result in results]
        output.print_json({"verified": not wrong, "reports": reports})
    else:
        for result in results:
            if result.verified:
                output.print_answer(result.sentence())
    if wrong:
        raise DataError("\n".join(result.sentence() for result in wrong))


def _names(task: TaskOptions) -> bool:
    """Return whether the options name a country or a file."""
    return bool(task.country) or task.data is not None


def _write_reports(
    questions: "Sequence[Question]",
    ranked: "Ranking | None",
    formats: Sequence[Format],
    paper: Paper,
    assumed: "Sequence[Assumption]",
    finish: "Callable[[Forecast], Forecast]",
) -> dict[str, Path]:
    """Write each country's report, and return the HTML pages by country."""
    forecasts: dict[PurePath | None, Forecast] = {}
    if ranked is not None and not assumed:
        forecasts = {forecast.place: forecast for forecast in ranked.forecasts}
    start, n = time.monotonic(), len(questions)

    def position(number: int) -> str:
        return output.how_far(number, n, time.monotonic() - start)

    if all(question.place in forecasts for question in questions):
        made = [(finish(forecasts[each.place]), each.place) for each in questions]
        return _write(made, formats, paper, map(position, range(n)))
    pages: dict[str, Path] = {}
    for number, question in enumerate(questions):
        forecast = forecasts.get(question.place)
        if forecast is None:
            forecast = jobs.forecast_question(question, assumptions=assumed)
        made = [(finish(forecast), question.place)]
        pages |= _write(made, formats, paper, [position(number)])
    return pages


def _write(
    reports: "Sequence[tuple[Forecast, PurePath]]",
    formats: Sequence[Format],
    paper: Paper,
    positions: Iterable[str] = ("",),
) -> dict[str, Path]:
    """Write reports at their places, print their files, and return the HTML pages.

    `positions` are shown while each is written.
    """
    from econnet.report import country as country_report

    workspace = jobs.workspace()
    folders = [(forecast, workspace.report(place)) for forecast, place in reports]
    written = country_report.write_many(folders, formats, paper)
    pages = {}
    for (forecast, _), position in zip(reports, positions, strict=True):
        with output.working(f"Writing the report on {forecast.country.name}{position}"):
            files = next(written)
        _note_missing_letters(forecast, formats)
        for path in files:
            output.print_answer(path)
            if path.name == "report.html":
                pages[forecast.country.alpha3] = path
    return pages


def _note_missing_letters(forecast: "Forecast", formats: Sequence[Format]) -> None:
    """Note that the fonts of PDF and figures lack letters of some names."""
    from econnet.report import figures

    if not {Format.PDF, Format.PNG} & {*formats}:
        return
    titles = [series.title for series in forecast.data.series]
    missing = figures.not_drawable([forecast.country.name, *titles])
    if missing:
        more = ", ..." if len(missing) > 3 else ""
        output.note(
            "the fonts of PDF and PNG lack characters of "
            f"{', '.join(missing[:3])}{more}, shown as "
            "\N{REPLACEMENT CHARACTER}: report.html shows them, or write these names "
            "in Latin, Greek, Cyrillic, Arabic or Hebrew letters"
        )


def _write_ranking(
    folder: Path,
    ranked: "Ranking",
    formats: Sequence[Format],
    paper: Paper,
    pages: dict[str, Path],
) -> None:
    """Write the ranking; its page links to those of the countries."""
    from econnet.report import ranking

    links = {
        alpha3: Path(os.path.relpath(path, folder)).as_posix()
        for alpha3, path in pages.items()
    }
    with output.working("Writing the ranking"):
        files = ranking.write(ranked, folder, formats, paper, links)
    for path in files:
        output.print_answer(path)
    for omission in ranked.left_out:
        output.note(f"left out: {omission.reason}")
