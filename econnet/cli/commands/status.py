"""`econnet status`: data, models, forecasts and settings."""

import json as json_format
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from econnet.cli import defaults, output
from econnet.cli.options import Json
from econnet.core.settings import Settings, without_password

if TYPE_CHECKING:
    import pandas as pd

    from econnet.data.sources.observations import Dataset
    from econnet.data.store.store import Status
    from econnet.forecast.outcomes import LogScores, State


@dataclass(frozen=True, eq=False)
class _Found:
    """What the folders contain; `store` is `None` before the first fetch."""

    known: "Dataset"
    store: "Status | None"
    late: "pd.DataFrame | None"
    models_folder: Path
    models: Sequence[Path]
    scores: "LogScores"


def status(json: Json = False) -> None:
    """Show data, models and forecasts.

    Example: econnet status --json
    """
    settings = Settings.from_environment()
    in_effect = _settings(settings)
    with output.working("Reading the data"):
        found = _read(settings)
    if json:
        output.print_json(_document(found, settings, in_effect))
    else:
        _show(found)
        _show_settings(in_effect)


def _read(settings: Settings) -> _Found:
    """Return the data, models and forecasts in the folders."""
    from econnet.core.workspace import Workspace
    from econnet.data import lateness, load
    from econnet.forecast import log as forecast_log
    from econnet.forecast import outcomes

    known, stored = load.known(settings), load.store(settings)
    files, exists = Workspace.of(settings), stored.exists()
    return _Found(
        known,
        store=stored.status() if exists else None,
        late=lateness.late_series(stored.series()) if exists else None,
        models_folder=files.models_folder,
        models=files.models(),
        scores=outcomes.score_log(forecast_log.read(files.forecast_log), known),
    )


def _document(
    found: _Found, settings: Settings, in_effect: Mapping[str, Mapping[str, str]]
) -> dict[str, object]:
    """Return all that is shown, for JSON."""
    return {
        "data": found.known.source,
        "sources": _sources(found.known),
        "store": None if found.store is None else _store(found.store),
        "late": [] if found.late is None else _records(found.late),
        "models": [str(path) for path in found.models],
        "plugins": _plugins(),
        "forecasts": found.scores.n_made,
        "outcomes": _outcomes(found.scores),
        "data_folder": str(settings.data_folder),
        "reports_folder": str(settings.reports_folder),
        "settings": in_effect,
    }


def _show(found: _Found) -> None:
    """Print the data, the plugins, the models and the outcomes of forecasts."""
    if found.known.source == "snapshot" and not found.models:
        output.first_steps()
    for notice in found.known.notices:
        output.note(notice)
    output.table(
        "Data",
        ("source", "series", "countries", "first", "last", "retrieved"),
        [tuple(map(str, list(row.values())[:6])) for row in _sources(found.known)],
    )
    if found.store is not None:
        _show_store(found.store)
    if found.late is not None and len(found.late):
        _show_late(found.late)
    if plugins := _plugins():
        output.table(
            "Plugins",
            ("kind", "name", "package", "version", "state"),
            [tuple(plugin.values()) for plugin in plugins],
        )
    output.print_answer(f"Models: {len(found.models)} in {found.models_folder}")
    _show_outcomes(found.scores)


def _settings(settings: Settings) -> dict[str, dict[str, str]]:
    """Return each setting and each default of a task that is set, with its origin.

    Secrets are not shown: neither the key nor a password in the URL of a mirror.
    """
    values = {
        "data_folder": str(settings.data_folder),
        "reports_folder": str(settings.reports_folder),
        **{f"{name}_url": without_password(url) for name, url in settings.urls.items()},
        "alfred_url": without_password(settings.alfred_url or "not used"),
        "fred_api_key": "set, not shown" if settings.fred_api_key else "not set",
    }
    in_effect = {
        name: {"value": value, "from": settings.origins.get(name, "default")}
        for name, value in values.items()
    }
    for name, default in defaults.defaults(settings).items():
        value = default.value
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        in_effect[name.replace("_", "-")] = {"value": shown, "from": default.origin}
    return in_effect


def _show_settings(settings: Mapping[str, Mapping[str, str]]) -> None:
    """Print the settings, then each address on its own line, unbroken."""
    addresses = {name for name in settings if name.endswith("_url")}
    output.table(
        "Settings",
        ("setting", "value", "from"),
        [
            (name, setting["value"], setting["from"])
            for name, setting in settings.items()
            if name not in addresses
        ],
    )
    output.print_answer("Addresses of sources")
    for name, setting in settings.items():
        if name in addresses:
            origin = (
                "" if setting["from"] == "default" else f" (from {setting['from']})"
            )
            output.print_answer(f"{name:13}  {setting['value']}{origin}")


def _outcomes(scores: "LogScores") -> dict[str, object]:
    """Return the outcomes of past forecasts and their scores, for JSON."""
    forecasts = scores.forecasts.drop(columns="file").astype({"ahead": bool})
    return {
        **{state: scores.count(state) for state in STATES},
        "made_ahead": int(scores.scored["ahead"].sum()),
        "contractions": int(scores.scored["outcome"].sum()),
        **{
            name: None if math.isnan(value := getattr(scores, name)) else value
            for name in ("brier", "log_loss", "base_rate_brier", "base_rate_log_loss")
        },
        "forecasts": _records(forecasts),
    }


def _records(table: "pd.DataFrame") -> object:
    """Return the rows of a table, for JSON."""
    return json_format.loads(table.to_json(orient="records", date_format="iso"))


def _show_outcomes(scores: "LogScores") -> None:
    """Print the number of forecasts, their states, scores and newest outcomes."""
    counts = ", ".join(
        f"{scores.count(state)} {words}"
        for state, words in STATES.items()
        if scores.count(state)
    )
    n_events = len(scores.forecasts)
    events = f"{n_events} event{'' if n_events == 1 else 's'}"
    output.prose(
        f"Forecasts made: {scores.n_made}"
        + (f", for {events}: {counts}" if counts else "")
    )
    scored = scores.scored
    if scored.empty:
        return
    n, ahead = len(scored), int(scored["ahead"].sum())
    output.prose(
        f"Scored: Brier {scores.brier:.3f} "
        f"(historical average {scores.base_rate_brier:.3f}), "
        f"log loss {scores.log_loss:.3f} ({scores.base_rate_log_loss:.3f}); "
        f"{ahead} of {n} made before the outcome was published"
    )
    newest = scored.sort_values("known_at").tail(NEWEST)
    output.table(
        "Forecasts and outcomes" + (f", the newest {NEWEST}" if n > NEWEST else ""),
        ("country", "period", "label", "made", "forecast", "average", "outcome"),
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


def _plugins() -> list[dict[str, str]]:
    """Return the plugins, each with why it is left out, if it is."""
    from econnet.core import catalog, plugins
    from econnet.core.sources import SOURCES
    from econnet.data.cycle.labels import RULES
    from econnet.models.baselines import BASELINES

    registries = (SOURCES, RULES, BASELINES)
    if not any(registry.installed() for registry in registries):
        return []
    catalog.load()
    for registry in registries:
        registry.plugins()
    failures = plugins.failures()
    return [
        {
            "kind": plugins.KINDS[plugin.group],
            "name": plugin.name,
            "package": plugin.package,
            "version": plugin.version,
            "state": failures.get(plugin, "in use"),
        }
        for registry in registries
        for plugin in registry.installed()
    ]


def _sources(known: "Dataset") -> list[dict[str, object]]:
    """Return the extent of the data from each source."""
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


def _store(store: "Status") -> dict[str, object]:
    """Return the contents of the store, for JSON."""
    return {
        "path": str(store.path),
        "bytes": store.size_bytes,
        "countries": store.n_countries,
        "series": store.n_series,
        "observations": store.n_observations,
        "revisions": store.n_revisions,
        "coverage": _records(store.coverage),
        "rebased": _records(store.rebased),
    }


def _show_store(store: "Status") -> None:
    """Print the coverage of the store, and which series were rebased."""
    output.table(
        f"Store: {store.path}, {store.size_bytes / 1e6:.1f} MB, "
        f"{store.n_observations:,} observations, {store.n_revisions:,} revised",
        ("indicator", "source", "countries", "first", "last", "revised", "fetched"),
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
            for row in store.coverage.to_dict("records")
        ],
    )
    for row in store.rebased.itertuples():
        output.prose(
            f"Rebased: {row.source} {row.series_id} of {row.country} has base years "
            f"{row.base_left} and {row.base_kept}; the later one is kept"
        )


def _show_late(late: "pd.DataFrame") -> None:
    """Print the series that came later than the catalog says, the latest first."""
    shown = late.head(NEWEST)
    more = f", the latest {NEWEST} of {len(late)}" if len(late) > NEWEST else ""
    output.table(
        f"Later than their publication lag{more}",
        ("indicator", "series", "lag", "countries late", "newest", "days late"),
        [
            (
                row["indicator"],
                f"{row['source']} {row['series_id']}",
                row["lag_days"],
                f"{row['late']} of {row['countries']}",
                row["last_period"],
                row["days_late"],
            )
            for row in shown.to_dict("records")
        ],
    )


STATES: "Mapping[State, str]" = {
    "scored": "scored",
    "overdue": "overdue (run econnet fetch for the outcome)",
    "pending": "pending",
    "unavailable": "without data",
}
NEWEST = 10
