"""`econnet status`: what data, models and forecasts there are."""

import json as json_format
from typing import TYPE_CHECKING

from econnet.cli import config, show
from econnet.cli.options import Json
from econnet.settings import Settings, without_password

if TYPE_CHECKING:
    from econnet.sources.observations import Known
    from econnet.store import Status


def status(json: Json = False) -> None:
    """Say what data, models and forecasts there are.

    Example: econnet status --json
    """
    from econnet import ingest

    settings = Settings.from_environment()
    settled = _settings(settings)
    known = ingest.known(settings)
    stored = ingest.store(settings)
    sources = _sources(known)
    held = stored.status() if stored.exists() else None
    models = sorted((settings.data_folder / "models").rglob("*.npz"))
    journal = settings.data_folder / "forecasts.csv"
    made = len(journal.read_text("utf-8").splitlines()) - 1 if journal.exists() else 0
    if json:
        show.as_json(
            {
                "data": known.source,
                "sources": sources,
                "store": None if held is None else _store(held),
                "models": [str(path) for path in models],
                "forecasts": made,
                "data_folder": str(settings.data_folder),
                "reports_folder": str(settings.reports_folder),
                "settings": settled,
            }
        )
        return
    for notice in known.notices:
        show.note(notice)
    show.table(
        "Data",
        ("source", "series", "countries", "first", "last", "retrieved"),
        [tuple(map(str, list(row.values())[:6])) for row in sources],
    )
    if held is not None:
        _show_store(held)
    show.answer(f"Models: {len(models)} in {settings.data_folder / 'models'}")
    show.answer(f"Forecasts made: {made}")
    show.table(
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
    for name, default in config.defaults(settings).items():
        value = default.value
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        settled[name.replace("_", "-")] = {"value": shown, "from": default.origin}
    return settled


def _sources(known: "Known") -> list[dict[str, object]]:
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
    show.table(
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
        show.answer(
            f"Rebased: {row.source} {row.series_id} of {row.country} came on base "
            f"{row.base_left} beside {row.base_kept}; the later is kept"
        )
