"""Compare econnet with professional forecasters, on the same targets and dates.

    python benchmarks/professionals.py [--json] [--only us|world]

United States: does real output fall in a quarter? The peer is the Survey of
Professional Forecasters (SPF; Federal Reserve Bank of Philadelphia), which is taken in
the middle of a quarter. econnet forecasts on that date and at the quarter's end, from
GDP by vintage and from revised monthly series with their publication lags, alone and
with the survey as an input. Targets are 1970 to 2019.

World: does annual output fall? The peer is the World Economic Outlook (IMF) of autumn
and spring, whose growth forecasts become probabilities by a logit that is re-estimated
every year. econnet uses the bundled annual series, revised, and in a second run the
IMF's forecasts as an input. Targets are 2000 to 2019.

Outcomes are first figures. Refits are yearly. Intervals of differences are paired, 90%;
a difference below zero means that econnet's Brier score is lower. `ECONNET_REAL_DATA`
names the folder that contains `professionals/`.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks.rows import Row, as_json
from benchmarks.series import series_of
from econnet.core import countries
from econnet.core.catalog import Indicator, Transform, load
from econnet.core.period_days import END, MIDDLE, DayOfPeriod, days_in
from econnet.core.periods import Frequency
from econnet.core.task import Task
from econnet.data.sources import snapshot
from econnet.data.sources.observations import (
    OBSERVATION_COLUMNS,
    PROFESSIONAL_COLUMNS,
    Dataset,
)
from econnet.evaluation import comparison, metrics, walkforward
from econnet.evaluation.intervals import Periods
from econnet.forecast import backtest, preparation, track_record
from econnet.forecast.preparation import PreparedTask
from econnet.models.windows import Schedule, make_windows

USA = countries.by_alpha3("USA")
DATES: Mapping[str, Mapping[Frequency, DayOfPeriod]] = {"middle": MIDDLE, "end": END}
HORIZONS = range(5)
TARGETS = pd.period_range("1970Q1", "2019Q4", freq="Q")
# The highest Brier score at the quarter's end that is aimed at, by horizon.
AIMS: Mapping[int, float] = {0: 0.056, 1: 0.069, 2: 0.077}


@dataclass(frozen=True)
class Monthly:
    """A US series of the monthly file, and how it is used.

    `lag_days` are the days from the end of a month to the usual publication. Figures of
    the month before are published after the 45th day of a quarter unless they are of
    the labour market or of financial markets, as for the participants of the survey.
    """

    column: str
    key: str
    transform: Transform
    lag_days: int


@dataclass(frozen=True)
class ProfessionalRow(Row):
    """A comparison with professionals.

    Parameters
    ----------
    n, n_contractions
        Forecasts, and falls among them.
    auroc, log_loss
        Of econnet; `peer_auroc`, `peer_log_loss` of the professionals.
    difference, interval
        econnet's Brier score minus the professionals', and its 90% interval.
    """

    n: int
    n_contractions: int
    auroc: float | None
    peer_auroc: float | None
    log_loss: float
    peer_log_loss: float
    difference: float
    interval: tuple[float, float]


def folder() -> Path:
    """Return the folder of the data, or exit with a message if it is not set."""
    path = os.environ.get("ECONNET_REAL_DATA")
    if not path:
        sys.exit("set ECONNET_REAL_DATA to the folder that contains professionals/")
    return Path(path) / "professionals"


def us_data(source: Path) -> Dataset:
    """Return US output by vintage and revised monthly series."""
    rows = pd.concat([_us_output(source), _us_months(source)], ignore_index=True)
    rows = rows.assign(source="file", series_id=rows["indicator"])
    rows = rows.assign(retrieved_at=rows["known_at"].max())[OBSERVATION_COLUMNS]
    described = {
        series.key: _indicator(series.key, series.transform) for series in MONTHLY
    }
    described["real_gdp"] = _indicator("real_gdp", "log-difference")
    return Dataset(rows, series_of(rows), "real data", described)


def _us_output(source: Path) -> pd.DataFrame:
    """Return real output as each quarter's vintage has it, known in its middle."""
    table = pd.read_excel(source / "us_gdp_vintages.xlsx", engine="openpyxl")
    periods = table["DATE"].str.replace(":", "")
    parts = []
    for name in table.columns[1:]:
        year = int(name[7:9])
        vintage = pd.Period(f"{year + (1900 if year > 60 else 2000)}{name[9:]}", "Q")
        day = days_in(vintage.ordinal, "Q", MIDDLE["Q"])
        values = pd.to_numeric(table[name], errors="coerce")
        parts.append(
            pd.DataFrame(
                {
                    "period": periods,
                    "value": values,
                    "known_at": day.astype("datetime64[D]"),
                }
            ).dropna()
        )
    return pd.concat(parts).assign(country="USA", indicator="real_gdp")


def _us_months(source: Path) -> pd.DataFrame:
    """Return the monthly series, each value known after its publication lag."""
    table = pd.read_csv(source / "us_monthly_full.csv").iloc[1:]
    table = table[table["sasdate"].notna()]
    months = pd.PeriodIndex(pd.to_datetime(table["sasdate"]), freq="M")
    ends = months.end_time.normalize()
    parts = []
    for series in MONTHLY:
        values = _column(table, series.column).to_numpy()
        part = pd.DataFrame(
            {
                "period": months.astype(str),
                "value": values,
                "known_at": ends + pd.Timedelta(days=series.lag_days),
                "indicator": series.key,
            }
        )
        parts.append(part.dropna())
    return pd.concat(parts).assign(country="USA")


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a series, or the difference of two: `BAA-AAA`."""
    first, *rest = (pd.to_numeric(table[part]) for part in name.split("-"))
    return first - rest[0] if rest else first


def _indicator(key: str, transform: Transform) -> Indicator:
    known = load().get(key)
    return Indicator(
        key=key,
        title=key,
        unit="percent" if transform in ("level", "difference") else "index",
        group="output",
        transform=transform,
        denominator=None,
        measures=key if known else "",
        series=(),
    )


def survey(source: Path) -> pd.DataFrame:
    """Return the survey: `period, horizon, probability, outcome` (first figures)."""
    table = pd.read_csv(source / "spf_consensus.csv")
    return pd.DataFrame(
        {
            "period": pd.PeriodIndex(table["target_quarter"], freq="Q"),
            "horizon": table["horizon"],
            "probability": table["probability_of_fall"],
            "outcome": table["first_fall"].astype(float),
        }
    )


def survey_as_input(given: pd.DataFrame) -> pd.DataFrame:
    """Return the survey's probabilities as professional forecasts of a data set."""
    origins = pd.PeriodIndex(given["period"]).asi8 - given["horizon"].to_numpy()
    days = days_in(origins, "Q", MIDDLE["Q"])
    table = pd.DataFrame(
        {
            "country": "USA",
            "column": "spf",
            "kind": "probability-forecast",
            "period": given["period"].astype(str),
            "known_at": days.astype("datetime64[D]").astype("datetime64[us]"),
            "value": given["probability"],
        }
    )
    key = ["country", "column", "period", "known_at"]
    return table.sort_values(key, ignore_index=True)[PROFESSIONAL_COLUMNS]


def us_rows(source: Path) -> Iterator[ProfessionalRow]:
    """Yield the comparisons with the survey, at both dates and all horizons."""
    alone, given = us_data(source), survey(source)
    informed = replace(alone, professional_forecasts=survey_as_input(given))
    for date, days in DATES.items():
        for name, data in (("econnet", alone), ("econnet with SPF", informed)):
            task = Task("Q", pool="own")
            (prepared,) = backtest.prepare_pools(data, [USA], task, days["Q"])
            for horizon in HORIZONS:
                record = past_forecasts(
                    preparation.at_horizon(prepared, horizon), TARGETS[0] - horizon
                )
                peer = given[given["horizon"] == horizon]
                both = peer.rename(columns={"probability": "peer"}).merge(
                    record, on="period"
                )
                both = both[both["period"].isin(TARGETS)]
                yield compared(
                    f"US output falls, {horizon} ahead, {date} of the quarter: {name}",
                    "SPF",
                    both,
                    AIMS.get(horizon) if date == "end" else None,
                )


def world_rows(source: Path) -> Iterator[ProfessionalRow]:
    """Yield the comparisons with the World Economic Outlook, edition by edition."""
    known, editions = snapshot.load(), outlook(source)
    informed = replace(known, professional_forecasts=outlook_as_input(editions))
    outcome = first_outcomes(editions)
    germany = countries.by_alpha3("DEU")
    for edition, (date, horizon) in EDITIONS.items():
        by_name = {}
        for name, data in (("econnet", known), ("econnet with IMF", informed)):
            (prepared,) = backtest.prepare_pools(
                data, [germany], Task("A", horizon=horizon), DATES[date]["A"]
            )
            start = pd.Period("2000", "Y") - horizon
            by_name[name] = past_forecasts(prepared, start)
        peer = by_name["econnet with IMF"][["country", "period", "professional"]]
        peer = peer.rename(columns={"professional": "peer"}).merge(outcome)
        forecasts = editions[editions["edition"] == edition]
        peer = peer.merge(forecasts[["country", "period"]])
        for name, record in by_name.items():
            both = peer.merge(record, on=["country", "period"])
            both = both[both["period"] <= pd.Period("2019", "Y")]
            yield compared(f"World, GDP falls, {edition}: {name}", "IMF", both, None)


def past_forecasts(prepared: PreparedTask, start: pd.Period) -> pd.DataFrame:
    """Return econnet's past forecasts: `country, period, probability`.

    `professional` is the baseline of the professionals in the data, if there are any.
    """
    windows = make_windows(
        prepared.features,
        prepared.task.frequency,
        prepared.features.origins.max(),
        Schedule(start=start),
    )
    models = track_record.models_of(prepared, ["professional"])
    wanted = {name: models[name] for name in SCORED if name in models}
    record = walkforward.forecast_windows(windows, wanted)
    table = record.pivot(
        index=["country", "period"], columns="model", values="probability"
    )
    return table.rename(columns={"econnet": "probability"}).reset_index()


def compared(
    work: str, peer: str, both: pd.DataFrame, aim: float | None
) -> ProfessionalRow:
    """Return the comparison of paired forecasts.

    `both` has `country, period, probability, peer, outcome`; `aim` is the highest Brier
    score that is aimed at, by default that of the professionals.
    """
    both = both.dropna(subset=["probability", "peer", "outcome"])
    both = both.sort_values(["country", "period"], ignore_index=True)
    outcome = both["outcome"].to_numpy(dtype=float)
    ours, theirs = (
        np.clip(both[name].to_numpy(dtype=float), CLIP, 1 - CLIP)
        for name in ("probability", "peer")
    )
    result = comparison.compare(ours, theirs, outcome, Periods.of(both))
    our_brier, their_brier = (
        float(metrics.brier_costs(each, outcome).mean()) for each in (ours, theirs)
    )
    our_loss, their_loss = (
        float(metrics.log_loss_costs(each, outcome).mean()) for each in (ours, theirs)
    )
    return ProfessionalRow(
        work=work,
        measure="Brier",
        econnet=our_brier,
        peer=peer,
        peer_value=their_brier,
        ratio=their_brier / our_brier,
        reach=their_brier / aim if aim else 1.0,
        n=len(both),
        n_contractions=int(outcome.sum()),
        auroc=metrics.auroc(ours, outcome),
        peer_auroc=metrics.auroc(theirs, outcome),
        log_loss=our_loss,
        peer_log_loss=their_loss,
        difference=result.brier_difference,
        interval=result.brier_interval,
    )


def outlook(source: Path) -> pd.DataFrame:
    """Return the IMF's growth forecasts.

    Columns `country, period, known_at, growth, edition, first, outcome`: `edition`
    names those that are compared, and is empty for others; `first` is the first figure
    of growth, `outcome` 1 where it is below zero.
    """
    table = duckdb.read_parquet(str(source / "weo_vintages.parquet")).df()
    table = table[(table["target"] == "ngdp_rpch") & table["prediction"].notna()]
    table = table[table["ISOAlpha_3Code"].str.len() == 3]
    autumn = table["forecast_season"] == "F"
    ahead = table["target_year"] - table["forecast_year"]
    published = pd.to_datetime(
        {
            "year": table["forecast_year"],
            "month": np.where(autumn, AUTUMN[0], SPRING[0]),
            "day": np.where(autumn, AUTUMN[1], SPRING[1]),
        }
    )
    edition = np.select(
        [autumn & (ahead == 1), ~autumn & (ahead == 1), ~autumn & (ahead == 0)],
        [*EDITIONS],
        "",
    )
    first = table["tv_0.5"]
    return pd.DataFrame(
        {
            "country": table["ISOAlpha_3Code"],
            "period": pd.PeriodIndex(table["target_year"].astype(str), freq="Y"),
            "known_at": published.astype("datetime64[us]"),
            "growth": table["prediction"],
            "edition": edition,
            "first": first,
            "outcome": (first < 0).astype(float).where(first.notna()),
        }
    )


def outlook_as_input(editions: pd.DataFrame) -> pd.DataFrame:
    """Return the IMF's forecasts as professional forecasts of a data set.

    Its estimate of the year before is one of them: the first figure, of spring.
    """
    estimates = editions.dropna(subset=["first"]).drop_duplicates(["country", "period"])
    spring_after = [
        pd.Timestamp(year + 1, *SPRING) for year in estimates["period"].dt.year
    ]
    estimates = estimates.assign(growth=estimates["first"], known_at=spring_after)
    table = pd.concat([editions, estimates.astype({"known_at": "datetime64[us]"})])
    table = table.rename(columns={"growth": "value"}).assign(
        column="imf", kind="growth-forecast", period=table["period"].astype(str)
    )
    key = ["country", "column", "period", "known_at"]
    table = table.drop_duplicates(key).sort_values(key, ignore_index=True)
    return table[PROFESSIONAL_COLUMNS]


def first_outcomes(editions: pd.DataFrame) -> pd.DataFrame:
    """Return `country, period, outcome`."""
    known = editions.dropna(subset=["outcome"])
    return known.drop_duplicates(["country", "period"])[
        ["country", "period", "outcome"]
    ]


def line(row: ProfessionalRow) -> str:
    """Return a row for a terminal."""
    low, high = row.interval
    verdict = comparison.verdict(row.interval)
    return (
        f"{row.work:64} n {row.n:5} ({row.n_contractions:3} falls)  AUROC "
        f"{row.auroc:.3f} / {row.peer_auroc:.3f}  Brier {row.econnet:.4f} / "
        f"{row.peer_value:.4f}  log loss {row.log_loss:.3f} / {row.peer_log_loss:.3f}  "
        f"difference {row.difference:+.4f} ({low:+.4f} to {high:+.4f}) {verdict}"
    )


def main() -> None:
    """Print the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=["us", "world"])
    arguments = parser.parse_args()
    source, rows = folder(), []
    for name, comparisons in (("us", us_rows), ("world", world_rows)):
        if arguments.only in (None, name):
            for row in comparisons(source):
                rows.append(row)
                if not arguments.json:
                    print(line(row), flush=True)
    if arguments.json:
        print(as_json(rows))


# Models whose forecasts are kept.
SCORED = ("econnet", "professional")
# Extreme probabilities are clipped, for all alike.
CLIP = 1e-4
# The month and day by which an edition is out.
SPRING, AUTUMN = (4, 20), (10, 10)
# When each edition is used: the day of the year, and how many years ahead.
EDITIONS: Mapping[str, tuple[str, int]] = {
    "autumn before": ("end", 1),
    "spring before": ("middle", 1),
    "spring of the year": ("middle", 0),
}
LABOUR, SURVEYS, MARKETS, LATER, LATE = 7, 0, 0, 18, 45
MONTHLY: Sequence[Monthly] = (
    Monthly("PAYEMS", "employment", "log-difference", LABOUR),
    Monthly("MANEMP", "manufacturing_employment", "log-difference", LABOUR),
    Monthly("CE16OV", "civilian_employment", "log-difference", LABOUR),
    Monthly("UNRATE", "unemployment", "difference", LABOUR),
    Monthly("AWHMAN", "weekly_hours", "difference", LABOUR),
    Monthly("CLAIMSx", "initial_claims", "log-difference", MARKETS),
    Monthly("INDPRO", "industrial_production", "log-difference", LATER),
    Monthly("CUMFNS", "capacity_utilisation", "difference", LATER),
    Monthly("HOUST", "housing_starts", "log-difference", LATER),
    Monthly("PERMIT", "building_permits", "log-difference", LATER),
    Monthly("RETAILx", "retail_sales", "log-difference", LATER),
    Monthly("RPI", "real_income", "log-difference", 30),
    Monthly("AMDMNOx", "durable_orders", "log-difference", 30),
    Monthly("CMRMTSPLx", "real_sales", "log-difference", LATE),
    Monthly("CPIAUCSL", "consumer_prices", "log-difference", LATER),
    Monthly("UMCSENTx", "consumer_sentiment", "level", SURVEYS),
    Monthly("GS10-TB3MS", "term_spread", "level", MARKETS),
    Monthly("T10YFFM", "ten_years_less_funds", "level", MARKETS),
    Monthly("BAA-AAA", "credit_spread", "level", MARKETS),
    Monthly("BAAFFM", "baa_less_funds", "level", MARKETS),
    Monthly("FEDFUNDS", "policy_rate", "difference", MARKETS),
    Monthly("S&P 500", "share_prices", "log-difference", MARKETS),
    Monthly("OILPRICEx", "oil_price", "log-difference", MARKETS),
)


if __name__ == "__main__":
    main()
