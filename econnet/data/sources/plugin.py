"""Sources of other packages, whose answers are checked before they are stored.

A failure of a plugin is a failure of its source: `fetch` lists it, stores nothing of
it, and goes on with the other sources.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from econnet.core import plugins
from econnet.core.errors import SourceError
from econnet.core.sources import SOURCES, SourcePlugin, url_variable
from econnet.core.text import one_line
from econnet.data.sources.observations import (
    OBSERVATION_COLUMNS,
    SERIES_COLUMNS,
    FetchedSeries,
    Unchanged,
)
from econnet.data.sources.query import Outcome, Plan, Query


def query(name: str, plan: Plan) -> Query | None:
    """Return the query to a plugin's source; `None` if the plugin fails.

    `plan.settings.urls` has the address of the source, or that of its mirror.
    """
    source = SOURCES[name]
    installed = next(each for each in SOURCES.installed() if each.name == name)
    if not isinstance(source, SourcePlugin):
        return None
    url = os.environ.get(url_variable(name)) or source.url or ""
    settings = replace(plan.settings, urls={**plan.settings.urls, name: url})
    try:
        asked = source.query(replace(plan, settings=settings))
        if not isinstance(asked, Query):
            raise TypeError(f"query returned a {type(asked).__name__}, not a Query")
        jobs = [
            replace(job, run=partial(_checked, installed, job.run))
            for job in asked.jobs
        ]
        return Query(name, asked.session, jobs)
    except Exception as error:  # noqa: BLE001 - others' code may raise anything
        plugins.leave_out(installed, error)
        return None


def _checked(plugin: plugins.Plugin, run: Callable[[], Outcome]) -> Outcome:
    """Return what a job of a plugin fetched; raise `SourceError` if it is unusable."""
    try:
        fetched = run()
        if fetched is not None and not isinstance(fetched, Unchanged):
            _check(plugin.name, fetched)
    except SourceError:
        raise
    except Exception as error:
        text = one_line(str(error), at_most=200)
        raise SourceError(f"{plugin}: {type(error).__name__}: {text}") from error
    return fetched


def _check(name: str, fetched: FetchedSeries) -> None:
    """Raise `TypeError` or `ValueError` unless these are series of the source."""
    if not isinstance(fetched, FetchedSeries):
        raise TypeError(f"it fetched a {type(fetched).__name__}, not a FetchedSeries")
    for table, columns in (
        (fetched.observations, OBSERVATION_COLUMNS),
        (fetched.series, SERIES_COLUMNS),
    ):
        if [*table.columns] != columns:
            raise ValueError(f"its columns are not {', '.join(columns)}")
        if not (table["source"] == name).all() or fetched.source != name:
            raise ValueError(f"it fetched series of another source than {name}")
