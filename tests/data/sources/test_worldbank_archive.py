import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from werkzeug import Response

from econnet.core.countries import resolve
from econnet.core.errors import SourceError
from econnet.data.sources import worldbank, worldbank_archive
from econnet.data.sources.http import MissingSeriesError
from econnet.data.sources.observations import FetchedSeries, Key, Unchanged
from econnet.data.sources.query import Plan
from tests.data.sources.servers import QUICK, XML_ERROR, Sources, archive_page

CODE = "NY.GDP.MKTP.KD"
SERIES = f"archive/{CODE}/DEU"
KEY: Key = ("worldbank", SERIES, "real_gdp")
JSON = "application/json;charset=utf-8"
EDITIONS: dict[str, dict[str, float | None]] = {
    "202401": {"2021": 0.1 + 0.2, "2022": 102.5, "2023": None},
    "202407": {"2021": 0.1 + 0.2, "2022": 103.0, "2023": 104.0},
}


def fetch(
    sources: Sources, folder: Path, digests: dict[Key, str] | None = None
) -> FetchedSeries | None:
    plan = Plan(sources.settings(folder), [resolve("DEU")], 1960, digests or {}, QUICK)
    with worldbank.session(QUICK) as session:
        [job] = worldbank_archive.jobs(plan, session)
        assert job.key == KEY
        assert job.countries == ("DEU",)
        outcome = job.run()
    assert not isinstance(outcome, Unchanged)
    return outcome


def rows(answer: FetchedSeries | None) -> list[tuple[str, str, float]]:
    assert answer is not None
    table = answer.observations
    days = table["known_at"].dt.strftime("%Y-%m-%d")
    return list(zip(table["period"], days, table["value"], strict=True))


def test_each_change_is_known_when_the_month_of_its_edition_has_ended(
    sources: Sources, tmp_path: Path
) -> None:
    sources.archive["DEU"] = EDITIONS
    answer = fetch(sources, tmp_path)
    assert rows(answer) == [
        ("2021", "2024-01-31", 0.1 + 0.2),
        ("2022", "2024-01-31", 102.5),
        ("2022", "2024-07-31", 103.0),
        ("2023", "2024-07-31", 104.0),
    ]
    assert answer is not None
    [series] = answer.series.to_dict("records")
    assert series["title"] == "GDP (constant 2015 US$)"
    assert series["edition"] == "202407"
    assert series["attribution"] == "Source: World Bank, WDI Database Archives"


def test_withdrawn_value_is_missing_and_an_empty_edition_withdraws_nothing(
    sources: Sources, tmp_path: Path
) -> None:
    sources.editions = ("202401", "202404", "202407")
    sources.archive["DEU"] = {
        "202401": {"2021": 1.0, "2022": 2.0},
        "202404": {"2021": None, "2022": None},
        "202407": {"2021": None, "2022": 2.0},
    }
    found = rows(fetch(sources, tmp_path))
    assert [row[:2] for row in found] == [
        ("2021", "2024-01-31"),
        ("2021", "2024-07-31"),
        ("2022", "2024-01-31"),
    ]
    assert pd.isna(found[1][2])


def test_edition_of_a_month_that_has_not_ended_is_left_out(
    sources: Sources, tmp_path: Path
) -> None:
    this_month = f"{pd.Timestamp.now('UTC'):%Y%m}"
    sources.editions = ("202401", this_month)
    sources.archive["DEU"] = {
        "202401": {"2021": 1.0},
        this_month: {"2021": 9.0},
    }
    assert rows(fetch(sources, tmp_path)) == [("2021", "2024-01-31", 1.0)]


def test_refetch_without_a_new_edition_reads_the_list_only(
    sources: Sources, tmp_path: Path
) -> None:
    sources.archive["DEU"] = EDITIONS
    first = fetch(sources, tmp_path)
    assert first is not None
    known = {KEY: first.retrieval.digest}
    sources.requests.clear()
    assert fetch(sources, tmp_path, known) is None
    assert [request.path for request in sources.requests] == ["/v2/sources/57/version"]
    sources.editions += ("202410",)
    assert fetch(sources, tmp_path, known) is not None


def test_every_page_is_read(sources: Sources, tmp_path: Path) -> None:
    sources.archive["DEU"] = EDITIONS
    whole = rows(fetch(sources, tmp_path))
    sources.per_page = 2
    assert rows(fetch(sources, tmp_path)) == whole


def test_country_that_the_archive_does_not_have_is_missing(
    sources: Sources, tmp_path: Path
) -> None:
    with pytest.raises(MissingSeriesError, match=SERIES):
        fetch(sources, tmp_path)


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    page: Any = archive_page("DEU", CODE, EDITIONS)
    change(page)
    return json.dumps(page)


def with_variable(number: int, name: str) -> str:
    return changed(
        lambda page: page["source"]["data"][0]["variable"][number].update(id=name)
    )


def with_value(value: object) -> str:
    return changed(lambda page: page["source"]["data"][0].update(value=value))


BAD = {
    "half a page": (changed(lambda _: None)[:200], "another format"),
    "a row less": (
        changed(lambda p: p["source"]["data"].pop()),
        "5 rows arrived out of 6",
    ),
    "a row twice": (
        changed(lambda p: p["source"]["data"].__setitem__(0, p["source"]["data"][1])),
        "5 rows arrived out of 6",
    ),
    "another country": (with_variable(0, "FRA"), "another format"),
    "another series": (with_variable(2, "SP.POP.TOTL"), "another format"),
    "no edition": (with_variable(1, "202413"), "another format"),
    "no year": (with_variable(3, "2021Q1"), "another format"),
    "text": (with_value("5"), "another format"),
    "infinite": (with_value(1e999), "another format"),
    "another page": (changed(lambda p: p.update(page=2)), "belongs to another answer"),
    "XML": (XML_ERROR, "message 105"),
    "list": ("[]", "another format"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_answer_is_one_line(sources: Sources, tmp_path: Path, case: str) -> None:
    body, reason = BAD[case]
    sources.instead[SERIES] = [Response(body, content_type=JSON)]
    with pytest.raises(SourceError, match=f"World Bank, {SERIES}: .*{reason}") as error:
        fetch(sources, tmp_path)
    assert str(error.value).isprintable()
