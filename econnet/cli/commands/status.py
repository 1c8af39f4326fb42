"""`econnet status`: what data, models and forecasts there are."""

import json as json_format
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from econnet.cli import defaults, output
from econnet.cli.options import Json
from econnet.core.settings import Settings, without_password

if TYPE_CHECKING:
    from econnet.data.sources.observations import Dataset
    from econnet.data.store.store import Status
    from econnet.forecast.outcomes import LogScores, State


def status(json: Json = False) -> None:
    """Say what data, models and forecasts there are.

    Example: econnet status --json
    """
    from econnet.core.workspace import Workspace
    from econnet.data import load
    from econnet.forecast import log as forecast_log
    from econnet.forecast import outcomes

    settings = Settings.from_environment()
    settled = _settings(settings)
    with output.working("Reading the data"):
        known = load.known(settings)
        files = Workspace.of(settings)
        stored = load.store(settings)
        sources = _sources(known)
        held = stored.status() if stored.exists() else None
        models = files.models()
        lines = forecast_log.read(files.forecast_log)
        judged = outcomes.score_log(lines, known)
    if json:
        output.print_json(
            {
                "data": known.source,
                "sources": sources,
                "store": None if held is None else _store(held),
                "models": [str(path) for path in models],
                "forecasts": judged.n_made,
                "hindsight": _hindsight(judged),
                "data_folder": str(settings.data_folder),
                "reports_folder": str(settings.reports_folder),
                "settings": settled,
            }
        )
        return
    if known.source == "snapshot" and not models:
        output.first_steps()
    for notice in known.notices:
        output.note(notice)
    output.table(
        "Data",
        ("source", "series", "countries", "first", "last", "retrieved"),
        [tuple(map(str, list(row.values())[:6])) for row in sources],
    )
    if held is not None:
        _show_store(held)
    output.print_answer(f"Models: {len(models)} in {files.models_folder}")
    _show_hindsight(judged)
    output.table(
        "Settings",
        ("setting", "value", "from"),
        [
            (name, setting["value"], setting["from"])
            for name, setting in settled.items()
        ],
    )


def _settings(settings: Settings) -> dict[str, dict[str, str]]:
    """Return each setting, and the defaults of a task that are set, with their origin.

    A secret is never shown, be it a key or a password in the URL of a mirror.
    """
    values = {
        "data_folder": str(settings.data_folder),
        "reports_folder": str(settings.reports_folder),
        "worldbank_url": without_password(settings.worldbank_url),
        "fred_url": without_password(settings.fred_url),
        "alfred_url": without_password(settings.alfred_url or "not asked"),
        "fred_api_key": "set, not shown" if settings.fred_api_key else "not set",
    }
    settled = {
        name: {"value": value, "from": settings.origins.get(name, "default")}
        for name, value in values.items()
    }
    for name, default in defaults.defaults(settings).items():
        value = default.value
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        settled[name.replace("_", "-")] = {"value": shown, "from": default.origin}
    return settled


def _hindsight(judged: "LogScores") -> dict[str, object]:
    """Return what became of the forecasts, as JSON has it."""
    forecasts = judged.forecasts.drop(columns="file").astype({"ahead": bool})
    return {
        **{state: judged.count(state) for state in STATES},
        "made_ahead": int(judged.scored["ahead"].sum()),
        "contractions": int(judged.scored["outcome"].sum()),
        **{
            name: None if math.isnan(value) else value
            for name, value in {
                "brier": judged.brier,
                "log_loss": judged.log_loss,
                "base_rate_brier": judged.base_rate_brier,
                "base_rate_log_loss": judged.base_rate_log_loss,
            }.items()
        },
        "forecasts": json_format.loads(
            forecasts.to_json(orient="records", date_format="iso")
        ),
    }


def _show_hindsight(judged: "LogScores") -> None:
    """Print how many forecasts were made, what became of them and what they cost."""
    counts = ", ".join(
        f"{judged.count(state)} {words}"
        for state, words in STATES.items()
        if judged.count(state)
    )
    output.prose(
        f"Forecasts made: {judged.n_made}"
        + (f", of {len(judged.forecasts)} events: {counts}" if counts else "")
    )
    scored = judged.scored
    if scored.empty:
        return
    n, ahead = len(scored), int(scored["ahead"].sum())
    output.prose(
        f"Scored: Brier {judged.brier:.3f} "
        f"(the long-run rate {judged.base_rate_brier:.3f}), "
        f"log loss {judged.log_loss:.3f} ({judged.base_rate_log_loss:.3f}); "
        f"{ahead} of {n} made before the outcome was published"
    )
    newest = scored.sort_values("known_at").tail(NEWEST)
    output.table(
        "Forecasts and outcomes" + (f", the newest {NEWEST}" if n > NEWEST else ""),
        ("country", "period", "label", "made", "said", "long-run", "came"),
        [
            (
                row["country"],
                f"{row['event']} {row['period']}",
                row["label"],
                row["made_at"][:10],
                f"{row['probability']:.0%}",
                f"{row['base_rate']:.0%}",
                "contraction" if row["outcome"] == 1 else "none",
            )
            for row in newest.to_dict("records")
        ],
    )


def _sources(known: "Dataset") -> list[dict[str, object]]:
    """Return what the data hold of each source."""
    return [
        {
            "source": source,
            "series": len(rows),
            "countries": int(rows["country"].nunique()),
            "first_period": rows["first_period"].min(),
            "last_period": rows["last_period"].max(),
            "retrieved_at": str(rows["retrieved_at"].max().date()),
            "attribution": rows["attribution"].iloc[0],
        }
        for source, rows in known.series.groupby("source")
    ]


def _store(held: "Status") -> dict[str, object]:
    """Return what the store holds, as JSON has it."""
    return {
        "path": str(held.path),
        "bytes": held.size_bytes,
        "countries": held.n_countries,
        "series": held.n_series,
        "observations": held.n_observations,
        "revisions": held.n_revisions,
        "coverage": json_format.loads(
            held.coverage.to_json(orient="records", date_format="iso")
        ),
        "rebased": json_format.loads(
            held.rebased.to_json(orient="records", date_format="iso")
        ),
    }


def _show_store(held: "Status") -> None:
    """Print what the store covers, and where a series came on another base."""
    output.table(
        f"Store: {held.path}, {held.size_bytes / 1e6:.1f} MB, "
        f"{held.n_observations:,} observations, {held.n_revisions:,} revised",
        ("indicator", "source", "countries", "first", "last", "revised", "asked"),
        [
            (
                row["indicator"],
                f"{row['source']} {row['frequency']}"
                f"{' (ended)' if row['discontinued'] else ''}",
                row["countries"],
                row["first_period"],
                row["last_period"],
                row["revisions"],
                row["retrieved_at"].date(),
            )
            for row in held.coverage.to_dict("records")
        ],
    )
    for row in held.rebased.itertuples():
        output.prose(
            f"Rebased: {row.source} {row.series_id} of {row.country} came on base "
            f"{row.base_left} beside {row.base_kept}; the later is kept"
        )


STATES: "Mapping[State, str]" = {
    "scored": "scored",
    "overdue": "due (econnet fetch brings its outcome)",
    "pending": "not to be known yet",
    "unavailable": "whose data are gone",
}
NEWEST = 10
