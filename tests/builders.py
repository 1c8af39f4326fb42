"""Small worlds to test in: levels, observations and panels made to order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import settings

from econnet.core.periods import Frequency
from econnet.data import panel
from econnet.data.panel import Panel
from econnet.data.sources.observations import Dataset
from econnet.forecast.result import Forecast
from econnet.forecast.saved_model import Model
from econnet.models.scaling import Scaler
from econnet.network import Architecture, Network

RETRIEVED = pd.Timestamp("2030-01-01")


def at_most(examples: int) -> settings:
    """Return settings of at most this many examples, fewer if the profile has fewer."""
    return settings(max_examples=min(examples, settings().max_examples))


def costly(examples: int) -> settings:
    """Return settings of a property whose examples take long.

    `examples` is their number in `make test`; `make samples` tries four times as many.
    """
    return settings(max_examples=max(1, examples * settings().max_examples // 25))


def output(country: str, first: str, levels: Sequence[float]) -> pd.Series:
    """Return levels of one country from the period `first` on, as rules take them."""
    frequency = "Q" if "Q" in first else "M" if "-" in first else "Y"
    periods = pd.period_range(first, periods=len(levels), freq=frequency)
    index = pd.MultiIndex.from_product(
        [[country], periods], names=["country", "period"]
    )
    return pd.Series(list(levels), index, dtype=float)


def observations(
    country: str,
    indicator: str,
    first: str,
    values: Sequence[float],
    source: str = "oecd",
    series_id: str = "made",
) -> pd.DataFrame:
    """Return observations of one series, missing values left out."""
    levels = output(country, first, values).dropna()
    return pd.DataFrame(
        {
            "country": country,
            "indicator": indicator,
            "period": [str(period) for _, period in levels.index],
            "value": levels.to_numpy(),
            "source": source,
            "series_id": series_id,
            "retrieved_at": RETRIEVED,
            "known_at": pd.Series(pd.NaT, range(len(levels)), dtype="datetime64[us]"),
        }
    )


def world(
    seed: int = 0, countries: int = 4, quarters: int = 120, first: str = "1990Q1"
) -> pd.DataFrame:
    """Return observations of countries whose cycles are persistent and shared.

    Real GDP and investment, quarterly. Growth has a common and a country-specific part,
    each an autoregression, so that contractions come in spells that can be foreseen.
    """
    rng = np.random.default_rng(seed)
    common = _autoregression(rng, quarters)
    parts = []
    for number in range(countries):
        country = ["DEU", "FRA", "ITA", "ESP", "USA", "JPN"][number]
        growth = 0.4 + 0.7 * common + 0.5 * _autoregression(rng, quarters)
        investment = 3 * growth + rng.normal(0, 1, quarters)
        for indicator, change in (("real_gdp", growth), ("investment", investment)):
            levels = 100 * np.cumprod(1 + change / 100)
            parts.append(observations(country, indicator, first, levels.tolist()))
    return pd.concat(parts, ignore_index=True)


def world_and_andorra() -> Dataset:
    """Return three countries of `world`, and one whose output is annual only."""
    rows = world(countries=3)
    andorra = observations("AND", "real_gdp", "1990", range(100, 130), "worldbank")
    rows = pd.concat([rows, andorra], ignore_index=True)
    return Dataset(rows, series_of(rows), "snapshot")


def published(
    rows: pd.DataFrame,
    seed: int = 0,
    first: str = "2000Q1",
    *,
    frequency: Frequency = "Q",
    days: int = 60,
) -> pd.DataFrame:
    """Return rows as if published every period from `first` on, and revised.

    Each vintage comes out `days` after its newest period and contains the whole
    history. The newest figures have noise, which shrinks with every vintage; every
    fifth year the base changes.
    """
    rng = np.random.default_rng(seed)
    periods = pd.PeriodIndex(rows["period"], freq=frequency)
    parts = []
    for newest in pd.period_range(first, periods.max(), freq=frequency):
        there = np.flatnonzero(periods <= newest)
        age = newest.ordinal - periods.asi8[there]
        error = rng.normal(0, 0.01, len(there)) / (1 + age)
        base = 1.5 ** (newest.year // 5 - 400)
        parts.append(
            rows.iloc[there].assign(
                value=rows["value"].to_numpy()[there] * (1 + error) * base,
                known_at=newest.end_time.normalize() + pd.Timedelta(days=days),
            )
        )
    return pd.concat(parts, ignore_index=True)


def _autoregression(rng: np.random.Generator, n: int) -> np.ndarray:
    shocks = rng.normal(0, 0.6, n)
    values = np.zeros(n)
    for t in range(1, n):
        values[t] = 0.8 * values[t - 1] + shocks[t]
    return values


def panel_of(levels: Mapping[str, pd.Series], frequency: Frequency = "Q") -> Panel:
    """Return the panel of some indicators, each a series of levels."""
    parts = [
        observations(
            str(block.index[0][0]), indicator, str(block.index[0][1]), block.tolist()
        )
        for indicator, series in levels.items()
        for _, block in series.groupby(level="country")
    ]
    return panel.build(pd.concat(parts, ignore_index=True), frequency)


def random_walk(seed: int, n: int) -> list[float]:
    """Return levels whose growth is persistent, with a trend or without."""
    rng = np.random.default_rng(seed)
    growth = rng.uniform(0, 0.6) + rng.uniform(0.2, 2) * _autoregression(rng, n)
    levels: list[float] = (100 * np.exp(growth.cumsum() / 100)).tolist()
    return levels


def series_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a source's description of the series of these observations."""
    groups = rows.groupby(["country", "indicator", "source", "series_id"])
    table = groups.agg(
        first_period=("period", "min"),
        last_period=("period", "max"),
        retrieved_at=("retrieved_at", "max"),
    ).reset_index()
    frequency = {4: "A", 6: "Q", 7: "M"}
    return table.assign(
        frequency=table["last_period"].str.len().map(frequency),
        title=table["indicator"],
        unit="index",
        rights="public domain",
        attribution="Source: nobody",
        discontinued=False,
    )


def small_model() -> Model:
    """Return a model of two members with a track record of three rows."""
    rng = np.random.default_rng(0)
    record = pd.DataFrame(
        {
            "model": ["econnet", "econnet", "base_rate"],
            "country": ["DEU", "FRA", "DEU"],
            "origin": pd.PeriodIndex(["2019Q4", "2020Q1", "2019Q4"], freq="Q"),
            "period": pd.PeriodIndex(["2020Q1", "2020Q2", "2020Q1"], freq="Q"),
            "horizon": 1,
            "probability": [0.2, 0.3, 0.25],
            "outcome": [1.0, np.nan, 1.0],
            "signal": [False, True, True],
        }
    )
    return Model(
        network=Network(Architecture.dense(4, [3], skip=True), members=2, seed=1),
        weights={"network": 0.6, "growth_network": 0.0, "extra_trees": 0.4},
        scaler=Scaler.fit(rng.normal(size=(30, 3)), np.array([0]), np.ones(3)),
        track_record=record,
        fingerprint="0123",
    )


def changed(forecast: Forecast, **fields: Any) -> Forecast:  # noqa: ANN401  # of many types
    """Return a forecast with other fields, of itself, its assessment or explanation."""
    assessment, explanation = (
        {key: fields.pop(key) for key in [*fields] if hasattr(of, key)}
        for of in (forecast.assessment, forecast.explanation)
    )
    return replace(
        forecast,
        assessment=replace(forecast.assessment, **assessment),
        explanation=replace(forecast.explanation, **explanation),
        **fields,
    )
