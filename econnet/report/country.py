"""The report as files: PDF, HTML, PNGs of each figure, every number as JSON and CSV.

A report is written completely or not at all: its files take their places when all are
written, and `SHA256SUMS` beside them last. The same forecast gives the same bytes.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import matplotlib as mpl
import typst
from matplotlib.figure import Figure

from econnet.forecast.result import Forecast
from econnet.report import Format, Paper, figures, html, record, tables, wording
from econnet.report.content import Content, content
from econnet.runtime import atomic_files


def write(
    forecast: Forecast,
    folder: Path,
    formats: Collection[Format] = tuple(Format),
    paper: Paper = "a4",
) -> list[Path]:
    """Write the report into `folder`, created if needed, and return its files."""
    return atomic_files.write_together(folder, _files(forecast, formats, paper))


def write_many(
    reports: Sequence[tuple[Forecast, Path]],
    formats: Collection[Format],
    paper: Paper = "a4",
) -> Iterator[list[Path]]:
    """Write each forecast's report into its folder; yield their files, in order.

    Many are written on all cores.
    """
    task = partial(_write_into, formats=formats, paper=paper)
    if len(reports) < MIN_FOR_PROCESSES:
        yield from map(task, reports)
        return
    from econnet.runtime import workers

    written: dict[int, list[Path]] = {}
    following = 0
    with closing(workers.CORES.run(task, reports)) as computed:
        for number, files in computed:
            written[number] = files
            while following in written:
                yield written.pop(following)
                following += 1


def _write_into(
    report: tuple[Forecast, Path], formats: Collection[Format], paper: Paper
) -> list[Path]:
    return write(*report, formats, paper)


def _files(
    forecast: Forecast, formats: Collection[Format], paper: Paper
) -> Iterator[tuple[str, bytes]]:
    drawn = figures.draw(forecast) if set(formats) & WITH_FIGURES else {}
    if "pdf" in formats:
        yield "report.pdf", as_pdf(forecast, drawn, paper)
    if "png" in formats:
        title = wording.title(forecast)
        yield from pictures(drawn, title, wording.credit(forecast))
    if "html" in formats:
        yield "report.html", html.as_html(forecast, drawn).encode()
    if "json" in formats:
        document = json.dumps(record.to_dict(forecast), indent=2, allow_nan=False)
        yield "report.json", f"{document}\n".encode()
    if "csv" in formats:
        yield "forecasts.csv", tables.as_csv(tables.forecasts(forecast))
        for name, table in tables.tables(forecast).items():
            yield f"csv/{name}.csv", tables.as_csv(table)


def pictures(
    drawn: Mapping[str, Figure], title: str, credit: str
) -> Iterator[tuple[str, bytes]]:
    """Yield each figure as PNG, under a title and above a credit."""
    for name, figure in drawn.items():
        yield f"{name}.png", figures.as_png(figure, title, credit)


def as_pdf(forecast: Forecast, drawn: Mapping[str, Figure], paper: Paper) -> bytes:
    """Return the typeset report as tagged PDF/UA-1."""
    alts = {name: figures.alt(forecast, name) for name in drawn}
    texts = {
        **content(forecast),
        "record_figures": figures.of_chapter("record"),
        "driver_figures": figures.of_chapter("drivers"),
    }
    document = document_of(texts, drawn, alts)
    return typeset("pdf/country.typ", document, paper, forecast.made_at)


def document_of(
    texts: Content, drawn: Mapping[str, Figure], alts: Mapping[str, str]
) -> Content:
    """Return texts and figures as a template reads them."""
    document: Content = _drawable(texts)
    document["figures"] = {
        name: {"svg": figures.as_svg(figure), "alt": figures.drawable(alts[name])}
        for name, figure in drawn.items()
    }
    return document


def typeset(template: str, document: Content, paper: Paper, made_at: str) -> bytes:
    """Return a document typeset with a template, as tagged PDF/UA-1."""
    return typst.compile(
        _source(template),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs=_inputs(document, paper),
        pdf_standards="ua-1",
        timestamp=datetime.fromisoformat(made_at),
    )


def room_at(template: str, document: Content, paper: Paper, place: str) -> float:
    """Return the room left on the page at a place that a template marks, in mm."""
    found = typst.query(
        _source(template),
        place,
        field="value",
        one=True,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs=_inputs(document, paper),
    )
    return float(found)


def _source(template: str) -> bytes:
    return (resources.files("econnet.report") / template).read_bytes()


def _inputs(document: Content, paper: Paper) -> dict[str, str]:
    """Return what a template reads: the document, and the name of the paper."""
    name = {"a4": "a4", "letter": "us-letter"}[paper]
    return {"content": json.dumps(document), "paper": name}


def _fonts() -> typst.Fonts:
    """Return the report's fonts, with matplotlib's for letters that they lack."""
    fallback = Path(mpl.get_data_path()) / "fonts" / "ttf"
    with resources.as_file(figures.FONTS) as folder:
        return typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(folder), str(fallback)],
        )


def _drawable(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {key: _drawable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_drawable(part) for part in value]
    return figures.drawable(value) if isinstance(value, str) else value


WITH_FIGURES = {Format.PDF, Format.PNG, Format.HTML}
# A process takes as long to start as two reports to write.
MIN_FOR_PROCESSES = 4
