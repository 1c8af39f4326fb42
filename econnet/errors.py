"""What can go wrong through no fault of econnet's, one class for each exit code.

A message has three parts in one or two plain lines: what is wrong, where, and what to
do next. Whatever is not an `EconnetError` is a bug, is left to fly, and exits 1.
"""

from typing import ClassVar


class EconnetError(Exception):
    """Any problem that the user can do something about."""

    exit_code: ClassVar[int]


class UsageError(EconnetError):
    """The command or call was wrong: an unknown country, label or option."""

    exit_code = 2


class DataError(EconnetError):
    """Data are missing, unreadable or not enough for what was asked."""

    exit_code = 3


class SourceError(EconnetError):
    """A source failed, or answered with something that is not its format."""

    exit_code = 4
