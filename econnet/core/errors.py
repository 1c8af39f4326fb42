"""Errors that are not bugs of econnet, one class per exit code.

A message has three parts in one or two plain lines: what is wrong, where, and what to
do. Any other exception is a bug, propagates, and exits 1.
"""

from collections.abc import Collection
from difflib import get_close_matches
from typing import ClassVar


class EconnetError(Exception):
    """Any problem that the user can do something about."""

    exit_code: ClassVar[int]


class UsageError(EconnetError):
    """The command or call was wrong: an unknown country, label or option."""

    exit_code = 2


class DataError(EconnetError):
    """Data are missing, unreadable or insufficient for the request."""

    exit_code = 3


class SourceError(EconnetError):
    """A source failed, or its response is not in its format."""

    exit_code = 4


class ClusterError(EconnetError):
    """A cluster does not respond, or was lost; finished work is kept."""

    exit_code = 5


def suggestion(name: str, known: Collection[str], otherwise: str) -> str:
    """Return the names near to an unknown one, else what else to do.

    >>> suggestion("real_gpd", ["real_gdp", "exports"], "see `econnet indicators`")
    'nearest: real_gdp'
    """
    near = get_close_matches(name, known, n=3)
    return f"nearest: {', '.join(near)}" if near else otherwise
