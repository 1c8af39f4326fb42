"""Backtests of invented data, and the command as a user runs it on a file."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pandas as pd
import pytest

from econnet.core import countries
from econnet.core.errors import DataError
from econnet.core.task import Event, Task
from econnet.data.sources.observations import Dataset
from econnet.evaluation import metrics
from econnet.forecast import backtest, preparation
from econnet.forecast.backtest import Backtest
from econnet.forecast.preparation import PreparedTask
from econnet.models import baselines
from econnet.models.windows import Window
from econnet.report.wording import backtest as backtest_wording
from tests.builders import published, world, world_and_andorra
from tests.user import econnet

FRANCE, GERMANY, ITALY = (countries.by_alpha3(it) for it in ("FRA", "DEU", "ITA"))
LIGHT = ("base_rate", "logit")

pytestmark = pytest.mark.usefixtures("light")

# The keys that scripts reading `backtest --json` rely on.
OF_A_MODEL = {
    *("auroc", "auroc_interval", "average_precision", "brier", "brier_skill"),
    *("log_loss", "n", "n_contractions", "n_origins"),
}
OF_A_TEST = {
    *("log_loss_difference", "log_loss_interval"),
    *("brier_difference", "brier_interval"),
}


@pytest.fixture(scope="module")
def known() -> Dataset:
    return world_and_andorra()


@pytest.fixture(scope="module")
def prepared(known: Dataset) -> list[PreparedTask]:
    return backtest.prepare_pools(known, [FRANCE, GERMANY], Task("Q"))


@pytest.fixture(scope="module")
def result(prepared: list[PreparedTask]) -> Backtest:
    return backtest.run(prepared, [FRANCE, GERMANY], baselines=LIGHT)


def test_countries_that_learn_together_are_prepared_once(
    prepared: list[PreparedTask],
) -> None:
    assert len(prepared) == 1
    assert set(prepared[0].features.countries) == {"DEU", "FRA", "ITA"}


def test_every_model_is_scored_on_the_same_forecasts(result: Backtest) -> None:
    record = result.track_record
    assert next(iter(result.performances)) == "econnet"
    assert {"base_rate", "logit"} <= set(result.performances)
    assert set(record["country"]) == {"DEU", "FRA"}
    ours = record.loc[record["model"] == "econnet", ["country", "origin", "outcome"]]
    for _, rows in record.groupby("model"):
        pd.testing.assert_frame_equal(
            rows[ours.columns].reset_index(drop=True), ours.reset_index(drop=True)
        )
    assert record["outcome"].notna().all()


def test_scores_and_differences_are_those_of_the_track_record(
    result: Backtest,
) -> None:
    by_model = dict(list(result.track_record.groupby("model")))
    cost = {
        name: float(
            metrics.brier_costs(
                rows["probability"].to_numpy(float), rows["outcome"].to_numpy(float)
            ).mean()
        )
        for name, rows in by_model.items()
    }
    for name, performance in result.performances.items():
        assert performance.scores.brier == pytest.approx(cost[name])
        low, high = performance.intervals.brier
        assert low < cost[name] < high
    for name, compared in result.comparisons.items():
        difference = cost["econnet"] - cost[name]
        assert compared.brier_difference == pytest.approx(difference)
        low, high = compared.brier_interval
        assert low < difference < high


def test_base_rate_is_compared_but_has_no_skill(result: Backtest) -> None:
    assert result.performances["base_rate"].scores.brier_skill == 0
    assert "base_rate" in result.comparisons
    own = {"econnet", "network", "growth_network", "professional_logit"}
    assert not own & set(result.comparisons)


def test_one_country_is_scored_on_the_same_forecasts_as_among_others(
    prepared: list[PreparedTask], result: Backtest
) -> None:
    alone = backtest.run(prepared, [FRANCE], baselines=LIGHT)
    expected = result.track_record[result.track_record["country"] == "FRA"]
    pd.testing.assert_frame_equal(
        alone.track_record.reset_index(drop=True), expected.reset_index(drop=True)
    )
    assert alone.performances["econnet"].scores.n == len(expected) // len(
        result.performances
    )


def test_same_run_twice_gives_the_same_document(
    prepared: list[PreparedTask], result: Backtest
) -> None:
    again = backtest.run(prepared, [FRANCE, GERMANY], baselines=LIGHT)
    assert backtest.to_dict(again) == backtest.to_dict(result)


def test_start_is_the_first_origin_that_is_scored(prepared: list[PreparedTask]) -> None:
    start = pd.Period("2010Q2", "Q")
    found = backtest.run(prepared, [FRANCE], None, start, LIGHT)
    first, last = found.origins
    assert first == start
    assert found.performances["econnet"].scores.n_origins == (last - start).n + 1


def test_another_horizon_is_what_preparing_for_it_gives(
    known: Dataset, prepared: list[PreparedTask]
) -> None:
    (further,) = backtest.prepare_pools(known, [FRANCE], Task("Q", horizon=3))
    derived = preparation.at_horizon(prepared[0], 3)
    assert derived.task == further.task
    np.testing.assert_array_equal(derived.features.X, further.features.X)
    np.testing.assert_array_equal(derived.features.y, further.features.y)


@pytest.mark.campaign
def test_countries_that_learn_alone_are_forecast_as_if_alone(known: Dataset) -> None:
    task = Task("Q", pool="own")
    both = backtest.prepare_pools(known, [FRANCE, GERMANY], task)
    assert [one.country for one in both] == [FRANCE, GERMANY]
    together = backtest.run(both, [FRANCE, GERMANY], baselines=["logit"])
    alone = backtest.run(both[1:], [GERMANY], baselines=["logit"])
    record = together.track_record
    pd.testing.assert_frame_equal(
        record[record["country"] == "DEU"].reset_index(drop=True),
        alone.track_record.reset_index(drop=True),
    )


def test_named_country_that_lacks_the_data_raises_an_error_that_names_it(
    known: Dataset,
) -> None:
    andorra = countries.by_alpha3("AND")
    with pytest.raises(DataError, match="Andorra has no quarterly real_gdp"):
        backtest.prepare_pools(known, [FRANCE, andorra], Task("Q"))
    (found,) = backtest.prepare_pools(
        known, [andorra, FRANCE], Task("Q"), skip_unfit=True
    )
    assert found.country == FRANCE


def test_country_without_a_known_outcome_is_not_among_the_scored(
    prepared: list[PreparedTask],
) -> None:
    made = prepared[0].features
    y = np.where(made.countries == "ITA", np.nan, made.y)
    unknown = replace(prepared[0], features=replace(made, y=y))
    found = backtest.run([unknown], [FRANCE, ITALY], baselines=["logit"])
    assert found.countries == (FRANCE,)
    with pytest.raises(DataError, match="no outcome"):
        backtest.run([unknown], [ITALY], baselines=["logit"])


def test_progress_rises_to_the_whole(prepared: list[PreparedTask]) -> None:
    shares: list[float] = []
    backtest.run(prepared, [FRANCE], None, None, LIGHT, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_within_asks_for_a_contraction_in_any_period_up_to_the_horizon(
    known: Dataset, prepared: list[PreparedTask]
) -> None:
    task = Task("Q", horizon=2, event="within")
    within = backtest.run(
        backtest.prepare_pools(known, [FRANCE], task), [FRANCE], baselines=["base_rate"]
    )
    record = within.track_record.query("model == 'econnet'").set_index("origin")
    marks = prepared[0].label.values.loc["FRA"]
    for origin, outcome in record["outcome"].items():
        assert isinstance(origin, pd.Period)
        assert outcome == marks.loc[[origin + 1, origin + 2]].max()


@pytest.mark.parametrize(
    ("horizon", "event", "said"),
    [
        (0, "at", "now"),
        (0, "within", "now"),
        (1, "at", "1 quarter ahead"),
        (4, "within", "within 4 quarters ahead"),
    ],
)
def test_title_gives_how_far_ahead(
    result: Backtest, horizon: int, event: Event, said: str
) -> None:
    task = replace(result.task, horizon=horizon, event=event)
    title = backtest_wording.title(replace(result, task=task))
    assert title == f"France, Germany: negative-growth of real_gdp, {said}"


def test_sentences_count_what_was_won_and_lost(result: Backtest) -> None:
    head, said = backtest_wording.HEAD, backtest_wording.sentences(result)
    assert all(len(row) == len(head) for row in backtest_wording.rows(result))
    # Quarters are counted, not the contractions that they belong to.
    n_periods = result.performances["econnet"].scores.n_contractions
    assert said[0].endswith(f"; the event occurred in {n_periods:,}.")
    tally = next(line for line in said if "Brier score" in line)
    won = sum(one.brier == "win" for one in result.comparisons.values())
    n = len(result.comparisons)
    lost = sum(one.brier == "loss" for one in result.comparisons.values())
    assert tally.startswith(
        f"Brier score: better than {won}, tied with {n - won - lost}, worse than "
        f"{lost} of {n} baselines"
    )
    counts = result.performances["econnet"].scorecard.counts
    signals = next(line for line in said if line.startswith("Signals"))
    assert f"{counts.right:,} right, {counts.wrong:,} wrong" in signals


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a user's file: three regions, their output, by quarter."""
    made = tmp_path_factory.mktemp("user")
    rows = world(countries=3, quarters=100)
    wide = rows.pivot(
        index=["country", "period"], columns="indicator", values="value"
    ).reset_index()
    wide.to_csv(made / "regions.csv", index=False)
    return made


TASK = (
    *("backtest", "--data", "regions.csv", "--target", "real_gdp"),
    *("--label", "negative-growth", "--frequency", "Q", "--baselines", "logit"),
)


@pytest.fixture(scope="module")
def told(folder: Path) -> "CompletedProcess[str]":
    return econnet(
        *TASK, *("--country", "DEU", "--horizon", "1", "--horizon", "2"), folder=folder
    )


def test_user_reads_a_table_of_80_columns_and_sentences(
    told: "CompletedProcess[str]",
) -> None:
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "Germany: negative-growth of real_gdp, 1 quarter ahead" in lines[0]
    assert "Germany: negative-growth of real_gdp, 2 quarters ahead" in told.stdout
    assert "logistic regression" in told.stdout
    for measure in ("Brier score", "Log loss"):
        assert told.stdout.count(f"{measure}: better than ") == 2


def test_json_is_one_document_that_keeps_its_contract(folder: Path) -> None:
    run = econnet(
        *(*TASK, "--event", "within", "--start", "2008Q3", "--json", "--refit", "8"),
        *("--horizon", "2", "--horizon", "1"),
        folder=folder,
    )
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    assert len(document["horizons"]) == 2
    assert [one["task"]["horizon"] for one in document["horizons"]] == [2, 1]
    task = document["task"]
    assert (task["horizon"], task["event"], task["refit_every"]) == (2, "within", 8)
    assert task["first_origin"] == "2008Q3"
    assert task["countries"] == ["DEU", "FRA", "ITA"]
    assert {"econnet", "base_rate", "logit"} <= set(document["models"])
    for scores in document["models"].values():
        assert set(scores) >= OF_A_MODEL
        low, high = scores["auroc_interval"]
        assert 0 <= low <= scores["auroc"] <= high <= 1
    for test in document["tests"].values():
        assert set(test) >= OF_A_TEST
    econnets, logits = document["models"]["econnet"], document["models"]["logit"]
    assert document["tests"]["logit"]["log_loss_difference"] == pytest.approx(
        econnets["log_loss"] - logits["log_loss"]
    )


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ("", 2, "name a country: --country DEU, --all, or --data FILE"),
        ("--country DEU --refit often", 2, "--refit 'often' is neither `yearly` nor"),
        ("--country DEU --baselines logti", 2, "no baseline is called 'logti'"),
        ("--country DEU --start soon", 2, "--start 'soon' is not a period"),
        ("--country DEU --start 2040", 3, "too little history"),
    ],
)
def test_usage_error_is_one_line(
    folder: Path, options: str, code: int, said: str
) -> None:
    run = econnet("backtest", *options.split(), folder=folder)
    assert run.returncode == code
    assert run.stdout == ""
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_user_sees_figures_of_the_time_beside_those_of_today(tmp_path: Path) -> None:
    rows = published(world(countries=1, quarters=112), first="2000Q1")
    columns = ["country", "period", "indicator", "value", "known_at"]
    rows[columns].to_csv(tmp_path / "accounts.csv", index=False)
    found = {}
    for vintages in ("real", "revised"):
        done = econnet(
            *("backtest", "--data", "accounts.csv", "--vintages", vintages),
            *("--start", "2004Q1", "--baselines", "base_rate", "--json"),
            folder=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        found[vintages] = json.loads(done.stdout)
    real, revised = (found[it]["task"] for it in ("real", "revised"))
    assert (real["share_in_real_time"], revised["share_in_real_time"]) == (1, 0)
    assert real["first_origin"] == revised["first_origin"] == "2004Q1"
    scores = [found[it]["models"]["econnet"] for it in ("real", "revised")]
    assert scores[0]["n"] == scores[1]["n"] > 50
    assert scores[0]["n_contractions"] == scores[1]["n_contractions"]
    assert scores[0]["brier"] != scores[1]["brier"]


def test_number_of_members_changes_the_replay(known: Dataset) -> None:
    def of_members(members: int) -> pd.DataFrame:
        task = Task("Q", members=members)
        pools = backtest.prepare_pools(known, [FRANCE], task)
        start = pd.Period("2015Q1")
        record = backtest.run(pools, [FRANCE], start=start, baselines=()).track_record
        return record.set_index(["model", "origin"])["probability"].unstack("model")

    one, two = of_members(1), of_members(2)
    for model in ("econnet", "network"):
        assert (one[model] != two[model]).all()
    assert (one["extra_trees"] == two["extra_trees"]).all()


def test_baseline_that_fails_is_left_out_and_named(
    prepared: list[PreparedTask], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(windows: Sequence[Window]) -> list[np.ndarray]:
        return [np.full(len(window.ahead), np.nan) for window in windows]

    monkeypatch.setitem(baselines.SINGLES, "logit", failing)
    start = pd.Period("2015Q1")
    result = backtest.run(prepared, [FRANCE], start=start, baselines=LIGHT)
    assert result.left_out == ("logit",)
    assert "logit" not in result.performances
    assert backtest.to_dict(result)["task"]["left_out"] == ["logit"]
