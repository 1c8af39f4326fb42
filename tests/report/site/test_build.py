"""The files of a site: complete, linked, valid, and the same when written again."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pandas as pd
import pytest
from lxml import etree

from econnet.core.errors import UsageError
from econnet.core.task import Task
from econnet.core.workspace import Workspace, place_of
from econnet.evaluation.confidence import Skill
from econnet.forecast import saved_days
from econnet.forecast.ranking import Ranking
from econnet.forecast.result import DaySkill, QuestionAnswer
from econnet.forecast.saved_days import SavedDays
from econnet.report.site import (
    build,
    chain,
    documents,
    feed,
    front_page,
    scoreboard_page,
)
from econnet.report.site.build import CountryPage, Site
from econnet.report.site.chain import Record
from econnet.runtime import atomic_files
from econnet.runtime.checksums import SUMS, read_sums, verify_checksums
from tests.builders import changed
from tests.report.conftest import MakeForecast
from tests.report.site.conftest import forecast

SCHEMA = Path(__file__).with_name("atom.rng")


class _Page(HTMLParser):
    """What a page loads and links to, and its ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.ids += [given["id"]] if "id" in given else []
        if tag == "a":
            self.links.append(given["href"])
        elif "src" in given or tag == "link":
            self.loaded.append(given.get("src") or given["href"])


def pages(folder: Path) -> dict[Path, _Page]:
    return {path: _Page(path.read_text("utf-8")) for path in folder.rglob("*.html")}


def test_no_link_is_broken(published: Path) -> None:
    found = pages(published)
    assert len(found) == 8
    for path, page in found.items():
        for link in [*page.links, *page.loaded]:
            address = urlsplit(link)
            if address.scheme == "data":
                continue
            assert (address.scheme, address.netloc) == ("", ""), link
            target = (path.parent / address.path).resolve() if address.path else path
            assert target.is_file(), (path, link)
            if address.fragment:
                ids = found[published / target.relative_to(published.resolve())].ids
                assert address.fragment in ids, (path, link)


def test_pages_load_nothing_from_another_host_and_allow_only_the_site(
    published: Path,
) -> None:
    for path, page in pages(published).items():
        text = path.read_text("utf-8")
        policy = re.findall(
            r'http-equiv="Content-Security-Policy" content="([^"]*)', text
        )
        assert len(policy) == 1
        assert "default-src &#39;none&#39;" in policy[0]
        assert "unsafe" not in policy[0]
        assert "http" not in policy[0]
        assert not [link for link in page.loaded if "//" in link]
        assert "style=" not in text


def test_front_page_has_a_map_where_most_of_the_world_is_shown(
    ranking: Ranking, world_ranking: Ranking
) -> None:
    few, many = (
        front_page.as_html(each, each.forecasts, ())
        for each in (ranking, world_ranking)
    )
    assert 'id="map"' not in few
    assert 'id="map"' in many
    assert many.count("<title>Brazil, ") == 1


def test_front_page_lists_forecasts_that_are_out_of_date_last(
    ranking: Ranking,
) -> None:
    first, *others = ranking.forecasts
    old = replace(first, made_at=(first.period + 2).start_time.isoformat())
    current = [replace(it, made_at=it.period.start_time.isoformat()) for it in others]
    mixed = replace(ranking, forecasts=(old, *current))
    page = front_page.as_html(mixed, mixed.forecasts, ())
    order = [it.country.alpha3 for it in (*others, first)]
    assert re.findall(r'href="countries/(\w+)\.html"', page) == order


def test_every_country_has_a_page_a_document_and_a_badge(
    published: Path, site: Site
) -> None:
    listed = json.loads((published / documents.FORECASTS).read_bytes())["forecasts"]
    assert len(listed) == len(site.ranking.forecasts)
    distances = [it["probability"] - it["base_rate"] for it in listed]
    assert distances == sorted(distances, reverse=True)
    front = (published / "index.html").read_text("utf-8")
    for entry in listed:
        for name in ("page", "document", "badge"):
            assert (published / entry[name]).is_file()
        assert f'href="{entry["page"]}"' in front
        document = json.loads((published / entry["document"]).read_bytes())
        assert document["forecast"] == entry


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("forecasts", documents.FORECASTS),
        ("country", f"{documents.FOLDER}/countries/*.json"),
        ("scoreboard", documents.SCOREBOARD),
    ],
)
def test_documents_are_valid_by_the_schemas_beside_them(
    published: Path, schema: str, pattern: str
) -> None:
    path = published / documents.FOLDER / "schemas" / f"{schema}.schema.json"
    validator = jsonschema.Draft202012Validator(json.loads(path.read_bytes()))
    validator.check_schema(validator.schema)
    found = [*published.glob(pattern)]
    assert found
    for file in found:
        document: Any = json.loads(file.read_bytes())
        validator.validate(document)
        del document["made_at"]
        assert not validator.is_valid(document)


SKILL = Skill(0.2, (0.1, 0.3), 100, 20)


def standard_answer(task: Task) -> QuestionAnswer:
    return QuestionAnswer(
        task=task,
        as_of="2026-11-24T00:00:00",
        origin=pd.Period("2026"),
        period=pd.Period("2026") + task.horizon,
        target_title="Real GDP",
        meaning="real GDP falls",
        probability=0.2,
        interval=(0.1, 0.3),
        base_rate=0.15,
        skill=SKILL,
    )


def test_page_of_a_country_answers_its_headline_question(
    site: Site, make_forecast: MakeForecast
) -> None:
    asked = Task("A", label="turning-points", horizon=2, event="within")
    answers = tuple(standard_answer(task) for task in (asked, Task("A")))
    headline = changed(make_forecast("BRA", "A"), task=asked, questions=answers)
    files = dict(build.files(replace(site, headlines={"BRA": headline})))
    page = files[documents.country_page("BRA")].decode()
    assert "All countries are compared on another question. Brazil: " in page
    assert "Skill by information day" not in page
    document = json.loads(files[documents.country_file("BRA")])
    assert document["question"]["label"] == "turning-points"
    compared = json.loads(files[documents.FORECASTS])["forecasts"]
    assert document["compared"] in compared
    assert [each["headline"] for each in document["questions"]] == [True, False]
    schema = json.loads(files[f"{documents.FOLDER}/schemas/country.schema.json"])
    jsonschema.Draft202012Validator(schema).validate(document)
    other = files[documents.country_page("MLT")].decode()
    assert "econnet report --country MLT" in other
    assert "The pages of 1 of 5 countries answer" in files["index.html"].decode()


def test_page_shows_the_skill_by_information_day_where_it_is_kept(
    ranking: Ranking, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path / "data", tmp_path / "reports")
    brazil = next(it for it in ranking.forecasts if it.country.alpha3 == "BRA")
    place = place_of("BRA", brazil.task, None)
    basis = saved_days.basis(workspace, brazil.task)
    assert basis is not None
    skills = tuple(
        DaySkill(day, 0.4, 0.7, SKILL, None, None) for day in ("middle", "end")
    )
    file = saved_days.file_of(place, workspace)
    saved_days.save(SavedDays(basis, None, None, (), skills), file)
    shown = saved_days.with_skill_by_day(replace(brazil, place=place), workspace)
    page = build.country_files(CountryPage(shown, shown))["countries/BRA.html"]
    assert "Skill by information day" in page.decode()


def test_feed_is_valid_atom_with_an_entry_for_each_kind_of_news(
    published: Path,
) -> None:
    schema = etree.RelaxNG(etree.parse(SCHEMA))
    document = etree.parse(published / feed.FILE)
    schema.assertValid(document)
    names = {"a": feed.ATOM}
    titles = document.xpath("a:entry/a:title/text()", namespaces=names)
    assert titles == [
        "2 outcomes: the event occurred in 0",
        "Germany, 2028: 30%, down 15 percentage points from the forecast for 2027 of "
        "5 January 2027",
        "1 new forecast, 1 March 2028",
        "Germany, 2027: 45%, up 25 percentage points from the forecast for 2027 of "
        "24 November 2026",
        "1 new forecast, 5 January 2027",
        "2 new forecasts, 24 November 2026",
    ]
    ids = document.xpath("//a:id/text()", namespaces=names)
    assert len({*ids}) == len(ids) == 7


def test_feed_that_is_not_atom_is_refused_by_the_schema(published: Path) -> None:
    schema = etree.RelaxNG(etree.parse(SCHEMA))
    text = (published / feed.FILE).read_text("utf-8")
    for old, new in (("<updated>2", "<updated>x2"), ("<title>", "<b/><title>")):
        changed = etree.fromstring(text.replace(old, new, 1).encode())
        assert not schema.validate(changed)


def test_badge_can_be_shown_at_any_size(published: Path) -> None:
    for path in (published / "badges").glob("*.svg"):
        root = etree.parse(path).getroot()
        width, height = root.get("width"), root.get("height")
        assert root.get("viewBox") == f"0 0 {width} {height}"


def test_badge_gives_the_interval_and_confidence_in_words(published: Path) -> None:
    for path in (published / "badges").glob("*.svg"):
        root = etree.parse(path).getroot()
        assert root.get("role") == "img"
        assert root.get("aria-label") == root.findtext("{*}title")
        words = r"out of date|\d+% \(90% interval .*\), (high|moderate|low) confidence"
        assert re.search(words, root.get("aria-label"))


def test_scoreboard_shows_every_forecast_and_every_miss(
    published: Path, record: Record
) -> None:
    text = (published / "scoreboard.html").read_text("utf-8")
    _, misses, rows = re.split(r'id="misses"|id="record"', text)[:3]
    assert misses.count("Brazil") == 1
    assert misses.count("Germany") == 0
    assert rows.count("<tr>") - 1 == len(record.first_lines())
    assert record.head in rows


def test_forecast_published_after_its_period_does_not_pass_for_an_early_one(
    site: Site, tmp_path: Path
) -> None:
    stale = forecast(country="BRA", origin="2020", period="2021", base_rate=0.0)
    nowcast = forecast(origin="2026", period="2026", horizon=0)
    record = Record().extended([stale, nowcast, forecast()])
    folder = tmp_path / "site"
    build.write(replace(site, record=record), folder)
    text = (folder / "scoreboard.html").read_text("utf-8")
    assert "2 forecasts published before the outcome was known." in text
    assert "1 other forecast entered the record when the period was over" in text
    assert text.count("pending (period over)") == 2, "in the cell, and what sorts it"
    (summary,) = etree.parse(folder / feed.FILE).findall("{*}entry/{*}summary")
    assert summary.text.endswith(
        "Brazil, 2021 (period over): 20% (historical average 0%)."
    )
    assert summary.text.count("period over") == 1


def test_files_are_those_of_the_checksums(published: Path) -> None:
    files = {path.relative_to(published).as_posix() for path in published.rglob("*.*")}
    assert files - {SUMS} == set(read_sums(published) or {})
    assert verify_checksums(published) == []


def test_publishing_again_changes_nothing_but_dates(
    of_one_country: Callable[[str], Site],
) -> None:
    first = dict(build.files(of_one_country("2026-11-24T02:30:00+00:00")))
    second = dict(build.files(of_one_country("2026-11-25T09:15:59+00:00")))
    assert first.keys() == second.keys()
    for name, content in first.items():
        then, now = content.decode(), second[name].decode()
        for old, new in (
            ("2026-11-24T02:30:00+00:00", "2026-11-25T09:15:59+00:00"),
            ("24 November 2026", "25 November 2026"),
        ):
            then = then.replace(old, new)
        assert _without_age(then) == _without_age(now), name
    assert first[chain.FILE] == second[chain.FILE]


def _without_age(text: str) -> str:
    """Return a page without the dates of its data's age and the entries' own."""
    return text.replace("24 November 2026", "25 November 2026")


def test_failure_leaves_the_last_site_as_it_was(
    of_one_country: Callable[[str], Site],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build.write(of_one_country("2026-11-24T02:30:00+00:00"), tmp_path)
    before = contents(tmp_path)

    def fail(path: Path) -> None:
        if "badges" in path.parts:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_files, "_flush", fail)
    with pytest.raises(OSError, match="No space"):
        build.write(of_one_country("2027-11-24T02:30:00+00:00"), tmp_path)
    assert contents(tmp_path) == before


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_pages_of_countries_left_out_go_and_other_peoples_files_stay(
    site: Site, of_one_country: Callable[[str], Site], tmp_path: Path
) -> None:
    build.write(site, tmp_path)
    (tmp_path / "CNAME").write_text("example.org\n")
    build.write(of_one_country("2026-11-24T02:30:00+00:00"), tmp_path)
    assert len([*(tmp_path / "countries").iterdir()]) == 1
    assert (tmp_path / "CNAME").read_text() == "example.org\n"


def test_folder_of_other_files_is_refused(tmp_path: Path, published: Path) -> None:
    build.check_folder(tmp_path)
    build.check_folder(tmp_path / "new")
    build.check_folder(published)
    (tmp_path / ".git").mkdir()
    build.check_folder(tmp_path)
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match="is not a site written by econnet"):
        build.check_folder(tmp_path)


def test_tables_have_a_row_for_every_forecast(published: Path, record: Record) -> None:
    document = json.loads((published / documents.SCOREBOARD).read_bytes())
    assert len(document["forecasts"]) == len(record.first_lines())
    lines = (published / "data/scoreboard.csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + len(document["forecasts"])
    assert "forecast" in scoreboard_page.ROW_COLUMNS
