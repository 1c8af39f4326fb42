"""Conditional requests: an answer that has not changed is not sent again.

A source may name the version of an answer by `ETag` or `Last-Modified`. The next fetch
names the version that is stored, and the source replies with HTTP 304 if none is newer
(RFC 9110, sections 8.8 and 13). Unlike a request for recent periods only, this misses
no revision. A validator is the header with a hash of the request and of econnet's
version, so that another request, and another econnet, read the whole answer again.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import requests

from econnet.data.sources.http import USER_AGENT, Query, UnchangedError

Download = TypeVar("Download")

# The header of an answer, and the request's header that repeats its value.
CONDITIONS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
MAX_LENGTH = 200


def validator(response: requests.Response) -> str:
    """Return the text that identifies an answer's version; empty if there is none."""
    first = response.history[0] if response.history else response
    for header in CONDITIONS:
        value = response.headers.get(header, "").strip()
        if (
            value
            and len(value) <= MAX_LENGTH
            and value.isascii()
            and value.isprintable()
        ):
            return f"{_digest(str(first.request.url))} {header} {value}"
    return ""


def conditions(url: str, query: Query, stored: str) -> Mapping[str, str]:
    """Return the headers of a request for any version but the stored one.

    There are none if `stored`, a validator, is empty or belongs to another request.
    """
    whose, _, version = stored.partition(" ")
    asked = requests.Request("GET", url, params=dict(query)).prepare().url
    header, _, value = version.partition(" ")
    if whose != _digest(str(asked)) or header not in CONDITIONS:
        return {}
    return {CONDITIONS[header]: value}


def changed_files(
    downloads: Sequence[Callable[[str], Download]], stored: Sequence[str]
) -> list[Download] | None:
    """Return the files that a series is made from, or `None` if none has changed.

    Each of `downloads` returns a file, or raises `UnchangedError` if it is the version
    that its argument names. If one file has changed, all are downloaded.
    """
    if len(stored) != len(downloads) or not all(stored):
        return [download("") for download in downloads]
    found = [_changed(*each) for each in zip(downloads, stored, strict=True)]
    if all(file is None for file in found):
        return None
    return [
        download("") if file is None else file
        for download, file in zip(downloads, found, strict=True)
    ]


def _changed(download: Callable[[str], Download], stored: str) -> Download | None:
    """Return a file, or `None` if it is the stored version."""
    try:
        return download(stored)
    except UnchangedError:
        return None


def _digest(url: str) -> str:
    return hashlib.sha256(f"{USER_AGENT} {url}".encode()).hexdigest()[:32]
