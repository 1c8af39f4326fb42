"""Publishing small data: which question the pages answer, and what is recorded."""

import json
from pathlib import Path

import pytest

from econnet.core import countries
from econnet.core.task import TaskRequest
from econnet.core.workspace import Workspace
from econnet.forecast import workflow
from econnet.report.site import documents, publication
from tests.agents.small import small_data

GERMANY, FRANCE = (countries.by_alpha3(code) for code in ("DEU", "FRA"))
REQUEST = TaskRequest(pool="own", members=1)

pytestmark = pytest.mark.usefixtures("light")


def test_pages_answer_the_headlines_that_are_stored(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "data", tmp_path / "reports")
    known, folder = small_data(), tmp_path / "site"
    headline = workflow.forecast(workflow.question(known, GERMANY, REQUEST), workspace)
    both = [GERMANY, FRANCE]
    site = publication.publish(known, both, REQUEST, workspace, folder)
    german, french = (
        json.loads((folder / documents.country_file(code)).read_bytes())
        for code in ("DEU", "FRA")
    )
    assert german["forecast"]["probability"] == headline.probability
    assert len(german["questions"]) == len(headline.questions)
    assert french["questions"] == []
    assert french["forecast"] == french["compared"]
    recorded = {(it.country, it.label, it.horizon) for it in site.record.forecasts}
    common = {(code, "negative-growth", 1) for code in ("DEU", "FRA")}
    task = headline.task
    assert recorded == {*common, ("DEU", task.label, task.horizon)}
    again = publication.publish(known, both, REQUEST, workspace, folder)
    assert again.record.content == site.record.content
    asked = TaskRequest(pool="own", members=1, horizon=1)
    publication.publish(known, both, asked, workspace, folder)
    german = json.loads((folder / documents.country_file("DEU")).read_bytes())
    assert german["questions"] == [], "the question was named"
