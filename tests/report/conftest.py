"""Forecasts on real output, with probabilities made up by a simple rule."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest

from econnet.core import countries
from econnet.core.periods import PANDAS_ALIAS, Frequency
from econnet.core.task import Task
from econnet.data.cycle.labels import RULES
from econnet.data.sources import snapshot
from econnet.evaluation import metrics
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.confidence import Skill
from econnet.evaluation.signals import FalseAlarm, SignalCounts
from econnet.forecast.provenance import Provenance
from econnet.forecast.ranking import LeftOut, Ranking
from econnet.forecast.result import (
    Ahead,
    Assessment,
    DataUsed,
    Driver,
    Episode,
    Explanation,
    Forecast,
    ForecastChange,
    ImportanceShown,
    Movement,
    ResponseCurve,
    ScoreIntervals,
    SeriesUsed,
)
from econnet.report import world_map
from tests.builders import changed

MakeForecast: TypeAlias = Callable[..., Forecast]


@pytest.fixture(scope="session")
def levels() -> Callable[[str, Frequency], pd.Series]:
    """Return the function that gives a country's output by period."""
    observations = snapshot.load().observations
    output = observations[observations["indicator"] == "real_gdp"]

    def of(alpha3: str, frequency: Frequency) -> pd.Series:
        rows = output[output["country"] == alpha3]
        source = {"A": ["worldbank", "pwt"], "Q": ["oecd", "fred"]}[frequency]
        for name in source:
            if (rows["source"] == name).any():
                rows = rows[rows["source"] == name]
                break
        periods = pd.PeriodIndex(rows["period"], freq=PANDAS_ALIAS[frequency])
        return pd.Series(rows["value"].to_numpy(dtype=float), periods).sort_index()

    return of


@pytest.fixture(scope="session")
def make_forecast(
    levels: Callable[[str, Frequency], pd.Series],
) -> MakeForecast:
    """Return the function that makes a country's forecast: `(alpha3, frequency)`."""

    def make(alpha3: str = "DEU", frequency: Frequency = "Q") -> Forecast:
        return forecast_of(
            countries.by_alpha3(alpha3), levels(alpha3, frequency), frequency
        )

    return make


@pytest.fixture(scope="session")
def germany(make_forecast: MakeForecast) -> Forecast:
    return make_forecast("DEU", "Q")


@pytest.fixture(scope="session")
def brazil(make_forecast: MakeForecast) -> Forecast:
    return make_forecast("BRA", "A")


@pytest.fixture(scope="session")
def ranking(make_forecast: MakeForecast) -> Ranking:
    """Return a few countries, two of which are too small for a shape on the map."""
    made = [make_forecast(it, "A") for it in ("BRA", "XKX", "MLT", "SGP", "IND")]
    made.sort(key=lambda it: -it.probability)
    left_out = LeftOut(countries.by_alpha3("PRK"), "North Korea has no real_gdp")
    return Ranking(Task("A"), tuple(made), (left_out,))


@pytest.fixture(scope="session")
def world_ranking(ranking: Ranking) -> Ranking:
    """Return a ranking of every country on the map, with short records."""
    map_ = world_map.load()
    known = {country.alpha3: country for country in countries.all_countries()}
    first = ranking.forecasts[0]
    record = first.track_record[first.track_record["model"] == "econnet"].tail(3)
    return replace(
        ranking,
        forecasts=tuple(
            replace(first, country=known[code], track_record=record)
            for code in sorted(known.keys() & {*map_.shapes, *map_.dots})
        ),
    )


def without_contractions(forecast: Forecast) -> Forecast:
    """Return the forecast of a country that never contracted."""
    history = forecast.history.assign(
        contraction=0.0, growth=forecast.history["growth"].abs()
    )
    record = forecast.track_record.assign(
        outcome=forecast.track_record["outcome"].where(lambda known: known.isna(), 0.0)
    )
    return changed(
        forecast,
        **_scored(record),
        history=history,
        track_record=record,
        base_rate=0.0,
        episodes=(),
        false_alarms=(),
        signals=SignalCounts(0, 0, 0, len(record)),
    )


def forecast_of(
    country: countries.Country, output: pd.Series, frequency: Frequency
) -> Forecast:
    """Return a forecast for the period after the last of `output`."""
    growth = 100 * output.pct_change()
    contraction = (growth < 0).astype(float).where(growth.notna())
    history = pd.DataFrame({"growth": growth, "contraction": contraction})
    record = _track_record(growth, contraction)
    own = record[record["model"] == "econnet"]
    said = own.set_index("period")["probability"]
    origin = output.index[-1] + 1
    probability = float(said.iloc[-1])
    return Forecast(
        country=country,
        task=Task(frequency=frequency),
        origin=origin,
        period=origin,
        probability=probability,
        interval=(0.8 * probability, min(1.0, 1.3 * probability)),
        base_rate=float(contraction.mean()),
        outlook=_outlook(origin, probability, _scored(record)["metrics"]),
        target_title="Real GDP",
        target_unit="national currency, constant prices",
        meaning=RULES["negative-growth"].meaning,
        history=history,
        track_record=record,
        assessment=Assessment(
            **_scored(record),
            episodes=_episodes(output, contraction, said),
            false_alarms=_false_alarms(own),
            signals=_signal_counts(own),
        ),
        explanation=Explanation(
            drivers=_drivers(12),
            response_curves=_response_curves(),
            change=_change(origin, float(said.iloc[-2])),
            importance=tuple(
                ImportanceShown(
                    it.indicator, it.title, it.group, size, (size - 0.003, size + 0.004)
                )
                for number, it in enumerate(_drivers(9))
                for size in (0.009 - 0.0015 * number,)
            ),
        ),
        data=_data(country.alpha3, frequency, output),
        provenance=Provenance(
            versions={"econnet": "0.1.0", "numpy": "2.4.0", "python": "3.11.9"},
            blas=("openblas 0.3.30 Haswell",),
            processor="Linux x86_64 X86_V2 X86_V3",
            data="5f" * 32,
            as_of="2026-11-24T00:00:00",
            retrieved_until="2026-11-24T00:00:00",
            shared_replay=None,
        ),
        made_at="2026-11-24T02:30:00+00:00",
    )


def _track_record(growth: pd.Series, contraction: pd.Series) -> pd.DataFrame:
    """Return forecasts from the growth before, from the second third of history on."""
    index = pd.PeriodIndex(growth.index)
    ahead = index.append(pd.PeriodIndex([index[-1] + 1]))
    before = growth.reindex(ahead).shift(1)
    share = contraction.reindex(ahead).expanding().mean().shift(1)
    scale = float(growth.std())
    odds = np.log(share.clip(0.02, 0.98) / (1 - share.clip(0.02, 0.98)))
    models = {
        "econnet": 1 / (1 + np.exp(-(odds - (before - growth.mean()) / scale))),
        "base_rate": share,
        "persistence": share + 0.1 * (before < 0),
        "logit": 1 / (1 + np.exp(-(odds - 0.5 * (before - growth.mean()) / scale))),
    }
    start = len(ahead) // 3
    rows = [
        pd.DataFrame(
            {
                "model": name,
                "origin": ahead[start:],
                "period": ahead[start:],
                "probability": probability.iloc[start:].to_numpy(dtype=float),
                "outcome": contraction.reindex(ahead[start:]).to_numpy(dtype=float),
                "signal": (probability > share).iloc[start:].to_numpy(),
            }
        )
        for name, probability in models.items()
    ]
    return pd.concat(rows, ignore_index=True)


def _scored(record: pd.DataFrame) -> dict[str, Any]:
    known = record.dropna(subset=["outcome", "probability"])
    base = known.loc[known["model"] == "base_rate", "probability"].to_numpy(dtype=float)
    scores = {
        str(name): metrics.score(rows, base) for name, rows in known.groupby("model")
    }
    own = known[known["model"] == "econnet"]
    econnet = scores.pop("econnet")
    return {
        "metrics": econnet,
        "intervals": ScoreIntervals(
            None if econnet.auroc is None else (econnet.auroc - 0.1, econnet.auroc),
            (econnet.brier - 0.03, econnet.brier + 0.03),
            (econnet.log_loss - 0.05, econnet.log_loss + 0.06),
        ),
        "baselines": scores,
        "comparisons": {
            name: _comparison(econnet, score) for name, score in scores.items()
        },
        "skill": _skill(econnet, scores["base_rate"]),
        "skill_without_2020": replace(
            _skill(econnet, scores["base_rate"]), n=econnet.n - 4
        ),
        "pool_metrics": replace(econnet, n=6 * econnet.n, auroc=0.71),
        "pool_baselines": {
            name: replace(score, n=6 * score.n) for name, score in scores.items()
        },
        "reliability": tuple(
            metrics.reliability_curve(
                own["probability"].to_numpy(dtype=float),
                own["outcome"].to_numpy(dtype=float),
            )
        ),
    }


def _skill(own: metrics.Scores, base: metrics.Scores) -> Skill:
    return Skill.of(own, base, _comparison(own, base))


def _comparison(ours: metrics.Scores, theirs: metrics.Scores) -> Comparison:
    log_loss, brier = ours.log_loss - theirs.log_loss, ours.brier - theirs.brier
    return Comparison(
        log_loss_difference=log_loss,
        log_loss_interval=(log_loss - 0.02, log_loss + 0.02),
        log_loss_p_value=None,
        brier_difference=brier,
        brier_interval=(brier - 0.01, brier + 0.01),
        brier_p_value=None,
        auroc_difference=None,
        auroc_interval=None,
    )


def _signal_counts(own: pd.DataFrame) -> SignalCounts:
    """Return counts that match the four false alarms: every contraction was found."""
    contractions = int((own["outcome"] == 1).sum())
    expansions = int((own["outcome"] == 0).sum())
    return SignalCounts(contractions, 4, contractions, expansions)


def _false_alarms(own: pd.DataFrame) -> tuple[FalseAlarm, ...]:
    """Return the expansions that were given the highest probabilities."""
    worst = own[own["outcome"] == 0].nlargest(4, "probability").sort_values("period")
    return tuple(
        FalseAlarm("DEU", str(period), str(period), 1, float(probability))
        for period, probability in zip(
            worst["period"], worst["probability"], strict=True
        )
    )


def _episodes(
    output: pd.Series, contraction: pd.Series, said: pd.Series
) -> tuple[Episode, ...]:
    runs = (contraction != contraction.shift()).cumsum()[contraction == 1]
    episodes = []
    for _, run in runs.groupby(runs):
        first, last = run.index[0], run.index[-1]
        said_of = said.reindex(run.index).dropna()
        first_said = said.get(first)
        episodes.append(
            Episode(
                str(first),
                str(last),
                100 * float(output[last] / output[first - 1] - 1),
                None if first_said is None else float(first_said),
                float(said_of.max()) if len(said_of) else None,
                str(first - 1) if len(said_of) % 2 else None,
                1 if len(said_of) % 2 else None,
            )
        )
    return tuple(episodes)


def _change(origin: pd.Period, before: float) -> ForecastChange:
    movements = (
        Movement("investment", "Fixed investment", "demand", "percent", -1.2, 0.4, 0.3),
        Movement("exports", "Exports", "trade", "percent", 2.0, 1.1, -0.12),
        Movement("abroad", "Growth abroad", "abroad", "", None, None, 0.05),
    )
    return ForecastChange(
        made_at=None,
        origin=str(origin - 1),
        period=str(origin - 1),
        probability=before,
        figures=sum(it.contribution for it in movements),
        learning=-0.04,
        movements=movements,
    )


def _outlook(
    period: pd.Period, probability: float, scores: metrics.Scores
) -> tuple[Ahead, ...]:
    return tuple(
        Ahead(
            country="DEU",
            horizon=horizon,
            period=str(period + horizon - 1),
            probability=said,
            interval=(0.7 * said, min(1.0, 1.4 * said)),
            base_rate=0.29,
            scores=replace(scores, brier_skill=0.08 / horizon - 0.02),
            skill=Skill(0.3 - 0.1 * horizon, (0.22 - 0.1 * horizon, 0.3), 90, 24),
        )
        for horizon, said in (
            (1, probability),
            (2, 0.8 * probability + 0.05),
            (3, 0.6 * probability + 0.1),
            (4, 0.4 * probability + 0.15),
        )
    )


TITLES = (
    ("investment", "Fixed investment", "demand"),
    ("government_consumption", "Government consumption", "demand"),
    ("exports", "Exports", "trade"),
    ("imports", "Imports", "trade"),
    ("real_gdp", "Real GDP", "output"),
    ("gdp_deflator", "GDP deflator", "prices"),
    ("abroad", "Growth abroad", "abroad"),
    ("household_consumption", "Household consumption", "demand"),
    ("phase", "Phase of the cycle and how long it has lasted", "output"),
)


def _drivers(n: int) -> tuple[Driver, ...]:
    drivers = []
    for number in range(n):
        key, title, group = TITLES[number % len(TITLES)]
        again = f" ({number // len(TITLES) + 1})" if number >= len(TITLES) else ""
        size = 0.6 * 0.75**number * (-1) ** number
        drivers.append(Driver(f"{key}{again}", f"{title}{again}", group, size))
    return tuple(drivers)


def _response_curves() -> tuple[ResponseCurve, ...]:
    values = np.linspace(-3, 4, 21)
    return tuple(
        ResponseCurve(
            key,
            title,
            "percent",
            tuple(values.tolist()),
            tuple((1 / (1 + np.exp(1.2 + slope * values))).tolist()),
            current,
        )
        for (key, title, _), slope, current in zip(
            TITLES[:5],
            (0.8, 0.5, 0.3, -0.2, 0.1),
            (0.4, -1.2, None, 3.9, 0.0),
            strict=True,
        )
    )


def _data(alpha3: str, frequency: Frequency, output: pd.Series) -> DataUsed:
    described = snapshot.load().series
    rows = described[
        (described["country"] == alpha3) & (described["frequency"] == frequency)
    ].head(14)
    first, last = str(output.index[0]), str(output.index[-1])
    return DataUsed(
        source="snapshot",
        as_of="2026-11-24",
        used_until="2026-11-14",
        next_day="2026-12-15",
        not_yet_used=(),
        first_period=first,
        last_period=last,
        next_due="2026-11-29" if frequency == "Q" else "2021-07-19",
        n_countries=6,
        countries=("CAN", "DEU", "FRA", "GBR", "JPN", "USA"),
        pool_attributions=tuple(dict.fromkeys(rows["attribution"])),
        share_in_real_time=0.0,
        series=tuple(
            SeriesUsed(
                indicator=row["indicator"],
                title=row["title"],
                source=row["source"],
                series_id=row["series_id"],
                unit=row["unit"],
                frequency=frequency,
                first_period=row["first_period"],
                last_period=row["last_period"],
                last_value=float(output.iloc[-1]),
                rights=row["rights"],
                attribution=row["attribution"],
                retrieved_at="2026-11-24",
                next_due=f"2026-12-{1 + number:02}",
                recent_periods=tuple(str(period) for period in output.index[-40:]),
                recent=tuple(output.iloc[-40:].tolist()),
            )
            for number, row in enumerate(rows.to_dict("records"))
        ),
    )
