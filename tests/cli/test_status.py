"""The output of `econnet status`."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.user import econnet


def panel(years: int) -> pd.DataFrame:
    """Return the sales of two regions, which fall every fifth year."""
    rows = []
    for country, phase in (("North", 1), ("South", 3)):
        change = np.where(np.arange(60) % 5 == phase, -0.04, 0.03)
        levels = 100 * np.cumprod(1 + change)[:years]
        periods = [str(1960 + year) for year in range(years)]
        rows.append(
            pd.DataFrame({"country": country, "period": periods, "sales": levels})
        )
    return pd.concat(rows)


def test_forecast_is_scored_once_its_outcome_is_known(tmp_path: Path) -> None:
    panel(years=50).to_csv(tmp_path / "sales.csv", index=False)
    made = econnet(
        *("forecast", "--data", "sales.csv", "--target", "sales", "--country", "North"),
        *("--members", "1", "--json"),
        folder=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    said = json.loads(made.stdout)
    assert said["period"] == "2011"

    def hindsight() -> dict[str, object]:
        run = econnet("status", "--json", folder=tmp_path)
        assert run.returncode == 0, run.stderr
        document = json.loads(run.stdout)
        assert document["forecasts"] == 1
        found: dict[str, object] = document["outcomes"]
        return found

    before = hindsight()
    assert (before["scored"], before["overdue"], before["brier"]) == (0, 1, None)
    panel(years=52).to_csv(tmp_path / "sales.csv", index=False)
    after = hindsight()
    assert (after["scored"], after["overdue"], after["contractions"]) == (1, 0, 1)
    assert after["brier"] == pytest.approx((1 - said["probability"]) ** 2, abs=1e-5)
    assert after["base_rate_brier"] is not None
    table = econnet("status", folder=tmp_path, COLUMNS="80")
    assert "Forecasts made: 1, for 1 event: 1 scored" in table.stdout
    assert "Scored: Brier " in table.stdout
    text, _, _ = table.stdout.partition("Addresses of sources")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("columns", ["48", "80", "120"])
def test_addresses_are_whole_at_any_width(columns: str, tmp_path: Path) -> None:
    urls = {"ECONNET_FRED_URL": f"https://mirror.example/{'fred/' * 20}graph.csv"}
    listed = econnet("status", "--json", folder=tmp_path, **urls)
    settings = json.loads(listed.stdout)["settings"]
    shown = econnet("status", folder=tmp_path, COLUMNS=columns, **urls).stdout
    words = shown.split()
    addresses = [
        setting["value"]
        for name, setting in settings.items()
        if name.endswith("_url") and setting["value"].startswith("https:")
    ]
    assert urls["ECONNET_FRED_URL"] in addresses
    assert set(addresses) <= set(words)
    assert "(from ECONNET_FRED_URL)" in shown


def test_first_steps_are_three_lines(tmp_path: Path) -> None:
    run = econnet(folder=tmp_path)
    assert run.returncode == 0
    first, *others = run.stdout.splitlines()
    assert "no model trained in this folder yet" in first
    assert [line.split()[:2] for line in others] == [
        ["econnet", "report"],
        ["econnet", "fetch"],
    ]
    status = econnet("status", folder=tmp_path)
    assert status.stdout.startswith(run.stdout)
    (tmp_path / "data").mkdir()
    assert "Commands" in econnet(folder=tmp_path).stdout
