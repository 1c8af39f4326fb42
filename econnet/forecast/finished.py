"""Finished forecasts on disk: read again while nothing that they depend on has changed.

A forecast follows from the data, the model, the forecasts that were logged before, the
software with the processor, and the day, on which more of the data may count. A file
has the forecast and the state of all of these. While they are the same, computing the
forecast again would give the same bits, and reading it takes a fraction of the time.
A file that does not fit, or is damaged, is ignored and replaced.

Only forecasts from econnet's own data as they are now are kept: no dataset that was
changed after reading, no user's file and no past `as_of`. With plugins installed none
is kept, since their code may change without their version.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path, PurePath
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from econnet.core.countries import Country
from econnet.core.errors import DataError
from econnet.core.periods import Frequency
from econnet.core.task import TaskRequest
from econnet.core.workspace import Workspace
from econnet.data import load
from econnet.data.sources.observations import Dataset
from econnet.forecast import log as forecast_log
from econnet.forecast import provenance, unchanged
from econnet.forecast.explain.newest_values import NewestValues
from econnet.forecast.headline import headline
from econnet.forecast.listener import SILENT, Listener
from econnet.forecast.result import DataUsed, Forecast, PreviousForecast, now
from econnet.forecast.unchanged import State
from econnet.runtime import atomic_files


@dataclass(frozen=True, eq=False)
class Finished:
    """A forecast with what is shown while it is made.

    Parameters
    ----------
    read
        The data that were read, at each frequency.
    has_outlook
        Whether the other horizons of the outlook were forecast.
    unchanged_until
        The first day on which other values of the same data may be used, `None` if that
        day never comes.
    values, runs
        What a forecast under assumptions needs besides the model: the newest values,
        and the `independent_runs` that the model learned from.
    notices
        Lines about the data.
    """

    forecast: Forecast
    read: tuple[tuple[Frequency, DataUsed], ...]
    has_outlook: bool
    unchanged_until: date | None
    values: NewestValues
    runs: float
    notices: tuple[str, ...] = ()

    def without_outlook(self) -> "Finished":
        """Return it with the forecast for the task's own horizon only."""
        own = self.forecast.task.horizon
        ahead = tuple(each for each in self.forecast.outlook if each.horizon == own)
        return replace(self, forecast=replace(self.forecast, outlook=ahead))


@dataclass(frozen=True, eq=False)
class _Kept:
    """The content of a file: a finished forecast, and what it depends on.

    Parameters
    ----------
    model
        SHA-256 of the model's file.
    logged
        The earlier forecast in the log that it is compared with, if there is one.
    """

    state: State
    model: str
    logged: PreviousForecast | None
    finished: Finished


def find(
    country: Country, request: TaskRequest, workspace: Workspace
) -> Finished | None:
    """Return the finished forecast of a request; `None` if no stored one fits.

    It is dated now.
    """
    path = _path(country, request, workspace)
    if path is None:
        return None
    kept = _read(path)
    if kept is None or not kept.state.fits(request, workspace):
        return None
    if not _fits(kept, workspace):
        return None
    forecast = replace(kept.finished.forecast, made_at=now())
    return replace(kept.finished, forecast=forecast)


def keep(
    finished: Finished,
    known: Dataset,
    request: TaskRequest,
    workspace: Workspace,
    logged: PreviousForecast | None,
) -> None:
    """Write a finished forecast, unless its data differ from those of the workspace.

    `logged` is the earlier forecast in the log that it was compared with.
    """
    forecast = finished.forecast
    path = _path(forecast.country, request, workspace)
    state = State.of(request, known, finished.unchanged_until)
    if path is None or state is None or load.digest(workspace) != known.digest:
        return
    kept = _Kept(
        state,
        _model_digest(forecast, workspace),
        logged,
        replace(finished, notices=known.notices if known.source == "store" else ()),
    )
    content = _ENCODER.encode(kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_files.locked_folder(path.parent):
        atomic_files.write(path, hashlib.sha256(content).digest() + content)


def again(
    country: Country,
    request: TaskRequest,
    workspace: Workspace,
    *,
    outlook: bool = True,
    listener: Listener = SILENT,
) -> Forecast | None:
    """Return the forecast that was made before for a request, if it is still valid.

    It is what `workflow.forecast` would return, from the data of store and snapshot,
    and is logged like it; `None` if it must be computed.
    """
    found = find(country, request, workspace)
    if found is None or (outlook and not found.has_outlook):
        return None
    for notice in found.notices:
        listener.note(notice)
    for frequency, used in found.read:
        listener.data_read(country, frequency, used)
    answer = found.forecast if outlook else found.without_outlook().forecast
    forecast_log.make_room(workspace.forecast_log, listener)
    forecast_log.add(answer, workspace.forecast_log)
    return answer


def _read(path: Path) -> _Kept | None:
    """Return the content of a file; `None` if there is none, or it is damaged."""
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    digest, content = whole[:SHA256_BYTES], whole[SHA256_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        return None
    try:
        return _DECODER.decode(content)
    except (msgspec.MsgspecError, ValueError):  # of an earlier version
        return None


def _path(country: Country, request: TaskRequest, workspace: Workspace) -> Path | None:
    """Return the file of a request; `None` if its forecasts are not kept."""
    if not unchanged.is_kept(request):
        return None
    text = msgspec.json.encode(asdict(unchanged.plain(request)))
    digest = hashlib.sha256(text).hexdigest()[:12]
    return workspace.finished(country.alpha3, digest)


def _fits(kept: _Kept, workspace: Workspace) -> bool:
    """Return whether the model, the log and the headline are the same."""
    forecast = kept.finished.forecast
    if answers := forecast.questions:
        best = headline(answers, pd.Timestamp.now().normalize())
        if best.task != forecast.task:
            return False
    return (
        {*provenance.blas()} <= {*forecast.provenance.blas}
        and kept.model == _model_digest(forecast, workspace)
        and kept.logged == _logged(forecast, workspace)
    )


def _model_digest(forecast: Forecast, workspace: Workspace) -> str:
    """Return the digest of the file of the forecast's model; empty without one."""
    if forecast.place is None:
        return ""
    try:
        content = workspace.model(forecast.place).read_bytes()
    except OSError:
        return ""
    return hashlib.sha256(content).hexdigest()


def _logged(forecast: Forecast, workspace: Workspace) -> PreviousForecast | None:
    try:
        return forecast_log.latest(forecast, workspace.forecast_log)
    except DataError:  # a file that is not a log is set aside before the next line
        return None


class _Column(msgspec.Struct, frozen=True):
    """The values of a column or an index.

    `kind` is the content's NumPy dtype, `P` and the frequency for ordinals of periods,
    or `T` for text, whose content is positions in `texts`.
    """

    name: str | None
    kind: str
    content: bytes
    texts: list[str] = []

    @classmethod
    def of(cls, values: pd.Series) -> "_Column":
        name = None if values.name is None else str(values.name)
        if isinstance(values.dtype, pd.PeriodDtype):
            periods = pd.PeriodIndex(values)
            return cls(name, f"P{periods.freqstr}", periods.asi8.tobytes())
        if isinstance(values.dtype, pd.StringDtype):
            codes, texts = pd.factorize(values)
            return cls(name, "T", codes.tobytes(), [*map(str, texts)])
        numbers = values.to_numpy()
        if numbers.dtype.kind not in "fib":
            raise TypeError(f"{name} is of the kind {values.dtype}")
        return cls(name, numbers.dtype.str, numbers.tobytes())

    def values(self) -> pd.Series:
        """Return the values."""
        if self.kind.startswith("P"):
            ordinals = np.frombuffer(self.content, np.int64)
            periods = pd.PeriodIndex.from_ordinals(ordinals, freq=self.kind[1:])  # type: ignore[attr-defined]  # its stubs lack it
            return pd.Series(periods, name=self.name)
        if self.kind == "T":
            codes = np.frombuffer(self.content, np.int64)
            texts = pd.Series(self.texts, dtype="str").take(codes)
            return texts.reset_index(drop=True).rename(self.name)
        values = np.frombuffer(self.content, np.dtype(self.kind)).copy()
        return pd.Series(values, name=self.name)


class _Table(msgspec.Struct, frozen=True):
    """A table; `index` is missing if rows are numbered."""

    columns: list[_Column]
    index: _Column | None

    @classmethod
    def of(cls, table: pd.DataFrame) -> "_Table":
        numbered = isinstance(table.index, pd.RangeIndex)
        index = None if numbered else _Column.of(table.index.to_series())
        return cls([_Column.of(table[name]) for name in table.columns], index)

    def table(self) -> pd.DataFrame:
        """Return the table."""
        columns = {column.name: column.values() for column in self.columns}
        table = pd.DataFrame(columns)
        if self.index is None:
            return table
        return table.set_axis(pd.Index(self.index.values()), axis="index")


def _encoded(value: object) -> object:
    """Return what msgspec cannot encode in types that it can."""
    if isinstance(value, pd.DataFrame):
        return _Table.of(value)
    if isinstance(value, pd.Period | PurePath):
        return str(value)
    raise NotImplementedError(type(value))


def _decoded(kind: type, value: Any) -> object:  # noqa: ANN401 - of any type of a file
    """Return a value of a type that msgspec cannot decode."""
    if kind is pd.DataFrame:
        return msgspec.convert(value, _Table).table()
    if kind is pd.Period:
        return pd.Period(value)
    if kind is PurePath:
        return PurePath(value)
    raise NotImplementedError(kind)


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_encoded)
_DECODER = msgspec.msgpack.Decoder(_Kept, dec_hook=_decoded)
SHA256_BYTES = 32
