"""How results look at a prompt and in a notebook."""

from html.parser import HTMLParser
from typing import Any

import pytest

from econnet import (
    build_panel,
    judge_forecasts,
    make_forecast,
    mark_contractions,
    rank_countries,
    run_backtest,
)
from tests.agents.small import small_data

pytestmark = pytest.mark.usefixtures("light")


class _Tags(HTMLParser):
    """Counts the rows of a table, and the tags that were not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.open = 0, list[str]()

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.rows += tag == "tr"
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_results_are_one_line_at_a_prompt_and_a_table_in_a_notebook(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECONNET_DATA", str(tmp_path_factory.mktemp("notebook")))
    data = small_data()
    forecast = make_forecast("Germany", data, pool="own", members=1, horizon=1)
    ranking = rank_countries(["Germany", "France"], data, pool="own", members=1)
    backtest = run_backtest(
        ["Germany"], data, pool="own", members=1, baselines=["logit"], start="2009Q1"
    )
    panel = build_panel(data)
    shown: list[Any] = [forecast, ranking, backtest, judge_forecasts(data)]
    for result in [*shown, data, panel, mark_contractions(panel)]:
        assert "\n" not in repr(result)
        assert len(repr(result)) < 250
    low, high = (f"{end:.0%}" for end in forecast.interval)
    assert f"{forecast.probability:.0%}, 90% interval {low} to {high}" in repr(forecast)
    assert repr(ranking).startswith("Ranking(2 countries: ")
    rows = {"Forecast": 9, "Ranking": 3, "LogScores": 3}
    for result in shown:
        html = result._repr_html_()
        tags = _Tags()
        tags.feed(html)
        assert tags.open == []
        assert tags.rows == rows.get(
            type(result).__name__, 1 + len(backtest.performances)
        )
    assert "<td>France</td>" in ranking._repr_html_()
