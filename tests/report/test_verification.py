import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info

from econnet import api
from econnet.core.countries import Country
from econnet.core.errors import DataError
from econnet.data.sources.observations import Dataset
from econnet.forecast import country as use_case
from econnet.forecast import preparation, provenance, ranking
from econnet.forecast.explain import what_if
from econnet.forecast.result import Forecast, PreviousForecast
from econnet.report import record, report_file, verification
from econnet.report.record import Json
from econnet.report.report_file import Report
from econnet.report.verification import Pair, Verification
from tests.user import econnet, light_econnet_process

ATLANTIS = Country("Atlantis", "", "Atlantis")

pytestmark = pytest.mark.usefixtures("light_outlook")


def panel_file(path: Path, last: float = 1.0) -> Path:
    """Write thirty years of Atlantis; the newest investment is `last` times as high."""
    rng = np.random.default_rng(5)
    growth = rng.normal(1, 2, 30)
    investment = 100 * np.exp((growth + rng.normal(0, 1, 30)).cumsum() / 100)
    investment[-1] *= last
    table = pd.DataFrame(
        {
            "country": "Atlantis",
            "period": range(1990, 2020),
            "real_gdp": 100 * np.exp(growth.cumsum() / 100),
            "investment": investment,
        }
    )
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verify")


@pytest.fixture(scope="module")
def known(folder: Path) -> Dataset:
    return api.read_data(panel_file(folder / "own.csv"))


@pytest.fixture(scope="module")
def made(known: Dataset) -> Forecast:
    """Return a forecast under an assumption, compared with an earlier one."""
    task = api.choose_task(ATLANTIS, known, members=2, seed=3)
    prepared = preparation.prepare(known, ATLANTIS, task)
    model = use_case.train(prepared, baselines=["logit", "persistence"])
    origin = prepared.origin - 2
    before = PreviousForecast("2020-01-01T00:00:00+00:00", origin, origin + 1, 0.25)
    supposed = [what_if.parse_assumption("investment=+1.0")]
    return use_case.make(prepared, model, before, supposed)


@pytest.fixture(scope="module")
def report(made: Forecast, folder: Path) -> Report:
    api.write_report(made, folder / "report", ["json"])
    return report_file.read(folder / "report" / "report.json")


def altered(path: Path, change: Callable[[dict[str, Any]], None]) -> Report:
    """Return the report of a file with something in it changed."""
    told = json.loads(path.read_text("utf-8"))
    change(told)
    other = path.with_name("altered.json")
    other.write_text(json.dumps(told), "utf-8")
    return report_file.read(other)


def files_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def held(report: Report, repeated: Forecast, *, bits: bool) -> Verification:
    """Return the comparison of the report with a forecast made here or elsewhere."""
    tools = {} if bits else {"numpy": ("2.1.0", "2.4.0")}
    found = Verification(report.path, ATLANTIS, tools)
    return verification.compare_reports(found, report, record.to_dict(repeated))


def test_forecast_made_again_is_the_same_to_the_last_bit(
    report: Report, known: Dataset
) -> None:
    found = verification.verify(report, known, ATLANTIS)
    assert found.verified
    assert found.bits
    assert found.compared > 500
    assert found.sentence().startswith(f"verified: {report.path}: all ")


def test_data_that_were_fetched_later_are_ignored(
    report: Report, known: Dataset
) -> None:
    rows = known.observations
    revised = rows[rows["period"] == "2019"].assign(
        value=1.0, retrieved_at=rows["retrieved_at"].max() + pd.Timedelta(days=9)
    )
    more = replace(known, observations=pd.concat([rows, revised], ignore_index=True))
    task = report.task
    then = preparation.prepare(more, ATLANTIS, task)
    assert provenance.panel_digest(then.panel) != report.provenance.data
    found = verification.verify(report, more, ATLANTIS)
    assert not found.data
    assert found.verified


def test_other_data_are_reported_with_the_figure_that_differs(
    report: Report, folder: Path
) -> None:
    other = api.read_data(panel_file(folder / "own.csv", last=1.01))
    panel_file(folder / "own.csv")
    found = verification.verify(report, other, ATLANTIS)
    assert not found.verified
    assert found.compared == 0
    (change,) = found.data
    assert change.startswith("investment of 2019 was ")
    assert "the data have changed since" in found.sentence()
    assert found.missing_digest == report.provenance.data
    assert (
        f"the vintages with the digest {report.provenance.data[:12]} that the report "
        "names are no longer stored"
    ) in found.sentence()


def test_other_source_of_the_same_data_is_reported(
    report: Report, known: Dataset
) -> None:
    without = known.observations["period"] != "1990"
    elsewhere = replace(
        known, source="other.csv", observations=known.observations[without]
    )
    found = verification.verify(report, elsewhere, ATLANTIS)
    source, *changes = found.data
    assert source == "they came from own.csv and now come from other.csv"
    assert [it.split(" was ")[0] for it in changes] == [
        "investment of 1990",
        "real_gdp of 1990",
    ]


def test_number_that_was_changed_in_the_file_is_named(
    report: Report, made: Forecast
) -> None:
    def change(told: dict[str, Any]) -> None:
        told["track_record"][3]["probability"] += 1e-15

    (wrong,) = held(altered(report.path, change), made, bits=True).differences
    assert wrong.where == "track_record[3].probability"
    found = held(altered(report.path, change), made, bits=True)
    assert found.sentence().endswith("was the file changed?")


def test_forecast_of_a_country_whose_data_end_early_is_the_same_again(
    tmp_path: Path,
) -> None:
    everything = api.read_data()
    codes = ["GRL", "USA", "DNK", "ISL"]
    known = replace(
        everything,
        observations=everything.observations.query(f"country in {codes}"),
        series=everything.series.query(f"country in {codes}"),
    )
    greenland, america = map(api.find_country, codes[:2])
    task = api.choose_task(greenland, known, members=2, horizon=1)
    of_greenland, of_america = sorted(
        ranking.rank(known, [greenland, america], task).forecasts,
        key=lambda forecast: forecast.country.alpha3,
    )
    assert of_greenland.origin < of_america.origin
    api.write_report(of_greenland, tmp_path / "report", ["json"])
    report = report_file.read(tmp_path / "report" / "report.json")

    assert report.provenance.shared_replay is not None
    assert report.provenance.shared_replay.country == "USA"
    found = verification.verify(report, known, greenland)
    assert found.verified, found.sentence()
    assert found.bits

    rows = known.observations
    newest = (rows["country"] == "USA") & (rows["period"] > "2022")
    rows = rows.assign(value=rows["value"].mask(newest, 1.01 * rows["value"]))
    found = verification.verify(report, replace(known, observations=rows), greenland)
    assert found.data == ("values of other countries, or older values",)
    assert found.missing_digest == report.provenance.shared_replay.data


@pytest.mark.parametrize(
    ("where", "by", "fits"),
    [
        ("probability", 0.5e-3, True),
        ("probability", 2e-3, False),
        ("baselines", 5e-3, True),
        ("baselines", 2e-2, False),
    ],
)
def test_elsewhere_numbers_must_agree_within_the_tolerance(
    report: Report, made: Forecast, where: str, by: float, fits: bool
) -> None:
    def change(told: dict[str, Any]) -> None:
        if where == "probability":
            told["probability"] += by
        else:
            told["baselines"]["logit"]["brier"] += by

    found = held(altered(report.path, change), made, bits=False)
    assert found.verified is fits
    told = "numpy 2.4.0, then 2.1.0"
    assert told in found.sentence()
    if where == "probability":
        assert found.largest == pytest.approx(by)


def test_elsewhere_values_that_the_last_bit_decides_may_differ(
    report: Report, made: Forecast
) -> None:
    def change(told: dict[str, Any]) -> None:
        told["sentences"]["odds"] = "1 in 3"
        told["metrics"]["auroc"] = 0.1
        told["track_record"][0]["signal"] = not told["track_record"][0]["signal"]

    other = altered(report.path, change)
    assert held(other, made, bits=False).verified
    assert len(held(other, made, bits=True).differences) == 3


def test_elsewhere_outcomes_and_periods_must_still_be_the_same(
    report: Report, made: Forecast
) -> None:
    def change(told: dict[str, Any]) -> None:
        told["history"][4]["contraction"] = 1 - told["history"][4]["contraction"]
        told["period"] = "1999"
        del told["outlook"][0]

    found = held(altered(report.path, change), made, bits=False)
    assert {it.where for it in found.differences} == {
        "history[4].contraction",
        "period",
        "outlook",
    }


@pytest.mark.parametrize(
    ("pair", "close"),
    [
        (Pair("x", 4e6, 4e6 + 1e-3), True),
        (Pair("x", 4e6, 4e6 + 1.0), False),
        (Pair("x", 1, 1), True),
        (Pair("x", 1, 2), False),
        (Pair("x", None, 0.0), False),
    ],
)
def test_large_levels_agree_to_nine_digits_and_counts_exactly(
    pair: Pair, close: bool
) -> None:
    assert pair.within(verification.TOLERANCE) is close


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "there is no report to verify at"),
        (b"", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b'{"probability": NaN}', "NaN is not a number"),
        (b"[" * 100_000, "cannot be read"),
        (b"[1]", "is not a report"),
        (b"{}", "does not record how it was made"),
        (b'{"provenance": 1}', "does not record how it was made"),
    ],
)
def test_file_that_is_not_a_report_is_reported(
    content: bytes | None, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=complaint):
        report_file.read(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frequency", "D"),
        ("label", "astrology"),
        ("members", 10**9),
        ("members", "16"),
        ("seed", -1),
        ("seed", 1.5),  # which was looked for among 2**64 numbers
        ("rolling_years", 0),
        ("pool", "none"),
        ("unheard", 1),
    ],
)
def test_impossible_task_is_refused(field: str, value: Json, report: Report) -> None:
    def change(told: dict[str, Any]) -> None:
        told["provenance"]["task"][field] = value

    with pytest.raises(DataError, match="does not record how it was made"):
        altered(report.path, change)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("provenance", "as_of"), "yesterday"),
        (("provenance", "retrieved_until"), "NaT"),
        (("provenance", "as_of"), "2026-10-01T00:00:00+14:00"),
        (("provenance", "versions"), ["0.1.0"]),
        (("provenance", "blas"), [1]),
        (("provenance", "processor"), None),
        (("provenance", "shared_replay"), "USA"),
        (
            ("provenance", "shared_replay"),
            {"country": "USA", "as_of": "yesterday", "data": "5f"},
        ),
        (("data", "source"), 1),
        (("data", "series"), [1]),
        (("data", "series", 0, "recent"), []),
        (("data", "series", 0, "indicator"), ["real_gdp"]),
        (("track_record",), [1]),
        (("importance",), None),
    ],
    ids=str,
)
def test_damaged_part_of_a_report_is_reported(
    place: tuple[str | int, ...], value: Json, report: Report
) -> None:
    def change(told: dict[str, Any]) -> None:
        part: Any = told
        for key in place[:-1]:
            part = part[key]
        part[place[-1]] = value

    with pytest.raises(DataError, match="does not record how it was made"):
        altered(report.path, change)


def test_report_on_another_country_is_refused(report: Report, known: Dataset) -> None:
    with pytest.raises(DataError, match="is a report on 'Atlantis', not on Lemuria"):
        verification.verify(report, known, Country("Lemuria", "", "Lemuria"))


@pytest.mark.campaign
def test_user_verifies_a_report_here_and_elsewhere(tmp_path: Path) -> None:
    """The other kernels and instructions are those of a processor of 2011."""
    panel_file(tmp_path / "own.csv")
    asked = ("report", "--data", "own.csv", "--members", "2")
    made = light_econnet_process(*asked, "--format", "json", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    before = files_in(tmp_path)
    older = {}
    if {it.get("architecture") for it in threadpool_info()} & {"Haswell", "SkylakeX"}:
        older = {
            "OPENBLAS_CORETYPE": "Sandybridge",
            "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        }
    run = light_econnet_process(*asked, "--verify", "--json", folder=tmp_path, **older)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["verified"]
    (found,) = told["reports"]
    assert found["report"].startswith("reports/own/negative-growth-A-h1-at-")
    assert found["bit_for_bit"] is not bool(older)
    assert found["largest_difference"] < verification.TOLERANCE
    assert files_in(tmp_path) == before


def test_changed_data_are_reported_to_the_user(report: Report, folder: Path) -> None:
    place = folder / "changed"
    (place / "reports" / "own").mkdir(parents=True)
    told = report.path.read_bytes()
    (place / "reports" / "own" / "report.json").write_bytes(told)
    panel_file(place / "own.csv", last=1.01)
    run = econnet("report", "--data", "own.csv", "--verify", "--json", folder=place)
    assert run.returncode == 3
    assert json.loads(run.stdout)["verified"] is False
    said = run.stderr.splitlines()[-1]
    assert said.startswith("econnet: not verified: ")
    assert "investment of 2019 was " in said


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--verify", "--format", "pdf"], "--format has no effect with --verify"),
        (["--verify", "--all"], "--all has no effect with --verify"),
        (["--country", "DEU", "--json"], "--json has no effect without --verify"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    options: list[str], complaint: str, tmp_path: Path
) -> None:
    run = econnet("report", *options, folder=tmp_path)
    assert run.returncode == 2
    assert complaint in run.stderr
