"""Where econnet reads and writes, and which services it uses.

Each setting comes from its environment variable, else from `econnet.toml` in the
working directory, else from its default. None is read at import, so that a test or a
notebook can set them first. Secrets come from the environment only, because a file may
be copied, committed and sent around.
"""

import os
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from econnet.core.errors import DataError, UsageError, suggestion
from econnet.core.sources import LIVE_SOURCES, SOURCES

CONFIG_FILE = "econnet.toml"
ALFRED_URL = "https://api.stlouisfed.org/fred"
DEFAULTS: Mapping[str, str] = {
    "data_folder": "data",
    "reports_folder": "reports",
    **{f"{name}_url": SOURCES[name].url or "" for name in LIVE_SOURCES},
}

# The variable of each setting that may also be in `econnet.toml`.
VARIABLES: Mapping[str, str] = {
    "data_folder": "ECONNET_DATA",
    "reports_folder": "ECONNET_REPORTS",
    **{f"{name}_url": f"ECONNET_{name.upper()}_URL" for name in LIVE_SOURCES},
    "alfred_url": "ECONNET_ALFRED_URL",
}
KEY_VARIABLE = "FRED_API_KEY"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
TASK_TABLE = "task"
# Parsing takes memory by the square of a key's depth.
MAX_CONFIG_BYTES = 2**14
MAX_KEY_DEPTH = 8
# A name, or an address of IPv6.
HOST = re.compile(r"\w[\w.-]*|[0-9a-f.]*:[0-9a-f:.]*", re.ASCII)
DEEP_KEY = re.compile(
    rb"(?:^|[\[{,])\s*(?:[\w\"'-]+\s*\.\s*){%d}" % MAX_KEY_DEPTH, re.MULTILINE
)


@dataclass(frozen=True)
class Settings:
    """The folders and services of one run.

    Parameters
    ----------
    urls
        The base address of each live source, or of its mirror, by the source's name.
    alfred_url
        The service with FRED's vintages; `None` if FRED has a mirror and the vintages
        have none.
    fred_api_key
        Required for the vintages; never shown.
    task
        The table `[task]` of `econnet.toml`, as written.
    origins
        The origin of each setting: `default`, `econnet.toml` or a variable's name.
    """

    data_folder: Path
    reports_folder: Path
    urls: Mapping[str, str]
    alfred_url: str | None = None
    fred_api_key: str | None = field(default=None, repr=False)
    task: Mapping[str, object] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_environment(cls, file: Path | None = Path(CONFIG_FILE)) -> "Settings":
        """Return the settings of this process; `None` reads no file.

        Raises
        ------
        UsageError
            `econnet.toml` is not TOML or has an unknown key, or an address is not one
            of a service, or is one to which a key would be sent unencrypted.
        DataError
            `econnet.toml` cannot be read.
        """
        written = {} if file is None else read_config(file)
        values, origins = dict(DEFAULTS), dict.fromkeys(DEFAULTS, "default")
        for name, variable in VARIABLES.items():
            if value := os.environ.get(variable):
                values[name], origins[name] = value, variable
            elif name in written:
                values[name], origins[name] = str(written[name]), CONFIG_FILE
        # A key for the public service is not sent to it where FRED has a mirror.
        if "alfred_url" not in values and values["fred_url"] == DEFAULTS["fred_url"]:
            values["alfred_url"], origins["alfred_url"] = ALFRED_URL, "default"
        for name, value in values.items():
            if name.endswith("_url") and not _is_url(value):
                raise UsageError(
                    f"{origins[name]}: {name} is not a service address: "
                    "write https://..."
                )
        key = os.environ.get(KEY_VARIABLE) or None
        if key and "alfred_url" in values:
            _check_encryption(values["alfred_url"], origins["alfred_url"])
        return cls(
            data_folder=_folder(values["data_folder"], origins["data_folder"]),
            reports_folder=_folder(values["reports_folder"], origins["reports_folder"]),
            urls={name: values[f"{name}_url"] for name in LIVE_SOURCES},
            alfred_url=values.get("alfred_url"),
            fred_api_key=key,
            task=written.get(TASK_TABLE, {}),
            origins={**origins, "fred_api_key": KEY_VARIABLE if key else "default"},
        )


def _folder(text: str, origin: str) -> Path:
    """Return a folder; `~` is the user's home."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise UsageError(
            f"{origin}: the home folder in {text} is unknown: write the full path"
        ) from error


def read_config(path: Path) -> Mapping[str, Any]:
    """Return the content of a file of settings; nothing if there is no such file."""
    if path.is_fifo():
        raise UsageError(f"{path} is a named pipe, not a settings file: delete it")
    try:
        with path.open("rb") as file:
            text = file.read(MAX_CONFIG_BYTES + 1)
        if len(text) > MAX_CONFIG_BYTES:
            raise UsageError(f"{path} is not a settings file: it is far too large")
        if DEEP_KEY.search(text):
            raise UsageError(f"{path} cannot be read: it is nested too deeply")
        written = tomllib.loads(text.decode())
    except FileNotFoundError:
        return {}
    except RecursionError as error:
        raise UsageError(f"{path} cannot be read: it is nested too deeply") from error
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}): check its permissions, or the "
            "disk"
        ) from error
    except ValueError as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if "fred_api_key" in {key.lower() for key in written}:
        raise UsageError(
            f"{path} contains the FRED key, which is a secret: remove it and set "
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
    """Raise `UsageError` for the first unknown key, with the names near to it."""
    for key in given:
        if key not in known:
            remedy = suggestion(key, known, f"use {', '.join(known)}")
            raise UsageError(f"{where} has an unknown key {key!r}: {remedy}")


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
        ascii_host = host.encode("idna").decode()  # refuses empty and long labels
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(HOST.fullmatch(ascii_host))


def _check_encryption(url: str, origin: str) -> None:
    """Raise `UsageError` where a key would be sent unencrypted."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise UsageError(
            f"{origin} gives an unencrypted address for ALFRED, and {KEY_VARIABLE} is "
            "only sent encrypted: write https://, or unset the key"
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
