"""Where econnet reads and writes, and which services it asks.

Each setting comes from its environment variable, else from `econnet.toml` in the
working directory, else from its default. All are read when asked for and never at
import, so that a test or a notebook may set them first. Secrets come from the
environment alone: a file is copied, committed and sent around.
"""

import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from econnet.core.errors import DataError, UsageError, suggestion

CONFIG_FILE = "econnet.toml"
WORLDBANK_URL = "https://api.worldbank.org/v2"
FRED_URL = "https://fred.stlouisfed.org/graph/fredgraph.csv"
ALFRED_URL = "https://api.stlouisfed.org/fred"

# The variable of each setting that a file may hold too.
VARIABLES: Mapping[str, str] = {
    "data_folder": "ECONNET_DATA",
    "reports_folder": "ECONNET_REPORTS",
    "worldbank_url": "ECONNET_WORLDBANK_URL",
    "fred_url": "ECONNET_FRED_URL",
    "alfred_url": "ECONNET_ALFRED_URL",
}
KEY_VARIABLE = "FRED_API_KEY"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
TASK_TABLE = "task"
MAX_CONFIG_BYTES = 2**20


@dataclass(frozen=True)
class Settings:
    """The folders and services of one run.

    Parameters
    ----------
    data_folder, reports_folder
        Where the commands write: `ECONNET_DATA`, `ECONNET_REPORTS`.
    worldbank_url, fred_url
        Bases of the public services, or of a mirror: `ECONNET_WORLDBANK_URL`,
        `ECONNET_FRED_URL`.
    alfred_url
        Where FRED keeps its vintages, `ECONNET_ALFRED_URL`; `None`, and so never asked,
        where a mirror serves FRED and none is named for the vintages.
    fred_api_key
        `FRED_API_KEY`, which opens the vintages; never shown.
    task
        The options of a task in the table `[task]` of `econnet.toml`, as written.
    origins
        Where each setting comes from: `default`, `econnet.toml` or a variable's name.
    """

    data_folder: Path
    reports_folder: Path
    worldbank_url: str
    fred_url: str
    alfred_url: str | None = None
    fred_api_key: str | None = field(default=None, repr=False)
    task: Mapping[str, object] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_environment(cls, file: Path | None = Path(CONFIG_FILE)) -> "Settings":
        """Return the settings of this process and its working directory.

        Parameters
        ----------
        file
            What they are read from besides the environment; `None` for nothing.

        Raises
        ------
        UsageError
            `econnet.toml` is no TOML, or has a key that means nothing; or a service's
            address is none, or one to which a key would go unencrypted.
        DataError
            `econnet.toml` cannot be read.
        """
        written = {} if file is None else read_config(file)
        found = {
            "data_folder": ("data", "default"),
            "reports_folder": ("reports", "default"),
            "worldbank_url": (WORLDBANK_URL, "default"),
            "fred_url": (FRED_URL, "default"),
        }
        for name, variable in VARIABLES.items():
            if value := os.environ.get(variable):
                found[name] = (value, variable)
            elif name in written:
                found[name] = (str(written[name]), CONFIG_FILE)
        for name, (value, origin) in found.items():
            if name.endswith("_url") and not _is_url(value):
                raise UsageError(
                    f"{origin}: {name} is no address of a service: write https://..."
                )
        # A key given for the public service is not sent to it by someone who asked
        # for a mirror.
        if "alfred_url" not in found and found["fred_url"][0] == FRED_URL:
            found["alfred_url"] = (ALFRED_URL, "default")
        key = os.environ.get(KEY_VARIABLE) or None
        if key and "alfred_url" in found:
            _check_secrecy(*found["alfred_url"])
        return cls(
            data_folder=Path(found["data_folder"][0]),
            reports_folder=Path(found["reports_folder"][0]),
            worldbank_url=found["worldbank_url"][0],
            fred_url=found["fred_url"][0],
            alfred_url=found.get("alfred_url", (None,))[0],
            fred_api_key=key,
            task=written.get(TASK_TABLE, {}),
            origins={
                **{name: origin for name, (_, origin) in found.items()},
                "fred_api_key": KEY_VARIABLE if key else "default",
            },
        )


def read_config(path: Path) -> Mapping[str, Any]:
    """Return what a file of settings holds; nothing where there is none.

    Raises
    ------
    UsageError
        The file is no TOML, has a key that means nothing, or a value that is no text.
    DataError
        The disk, or a permission, does not let it be read.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_CONFIG_BYTES + 1)
        if len(text) > MAX_CONFIG_BYTES:
            raise UsageError(f"{path} is no file of settings: it is far too large")
        written = tomllib.loads(text.decode())
    except FileNotFoundError:
        return {}
    except RecursionError as error:
        raise UsageError(f"{path} cannot be read: it is nested too deeply") from error
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}): see to its permissions, or to "
            "the disk"
        ) from error
    except ValueError as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if "fred_api_key" in {key.lower() for key in written}:
        raise UsageError(
            f"{path} holds a key for FRED, which is a secret: take it out, and set "
            f"the environment variable {KEY_VARIABLE}"
        )
    check_keys(written, [*VARIABLES, TASK_TABLE], str(path))
    for name, value in written.items():
        if name == TASK_TABLE:
            if not isinstance(value, dict):
                raise UsageError(f"{path}: {name} is a table: write [{name}]")
        elif not isinstance(value, str) or not value or "\0" in value:
            raise UsageError(f'{path}: {name} is text: write {name} = "..."')
    return written


def check_keys(given: Collection[str], known: Collection[str], where: str) -> None:
    """Raise `UsageError` for the first key that means nothing, with its near names."""
    for key in given:
        if key not in known:
            what = suggestion(key, known, f"use {', '.join(known)}")
            raise UsageError(f"{where} has an unknown key {key!r}: {what}")


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host)


def _check_secrecy(url: str, origin: str) -> None:
    """Raise `UsageError` where a key would be sent so that others can read it."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise UsageError(
            f"{origin} gives ALFRED an address without encryption, to which "
            f"{KEY_VARIABLE} is not sent: write https://, or unset the key"
        )


def without_password(url: str) -> str:
    """Return a URL as it may be shown: without user, password and query.

    >>> without_password("https://me:secret@mirror.example/v2?key=1")
    'https://mirror.example/v2'
    """
    parts = urlsplit(url)
    return urlunsplit(
        (parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")
    )
