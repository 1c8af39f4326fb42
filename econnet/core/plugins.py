"""Sources, labels and baselines from other packages, found by their entry points.

A plugin is loaded when it is first asked for, not when econnet is imported. One that
cannot be loaded, or fails when it is used, is left out: a `PluginWarning` names it and
the reason, and everything else goes on. A plugin never replaces an entry of econnet.
`docs/extending.md` has the contract.
"""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Literal, TypeVar

from econnet.core.text import one_line

Group = Literal["econnet.sources", "econnet.labels", "econnet.baselines"]
Value = TypeVar("Value")

NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
KINDS: Mapping[Group, str] = {
    "econnet.sources": "source",
    "econnet.labels": "label",
    "econnet.baselines": "baseline",
}


class PluginWarning(UserWarning):
    """A plugin was left out."""


@dataclass(frozen=True)
class Plugin:
    """An entry point of another package."""

    group: Group
    name: str
    package: str
    version: str

    def __str__(self) -> str:
        """Return it as messages name it: `label 'slow' of package econnet-slow 1.0`."""
        package = f"{self.package} {self.version}"
        return f"{KINDS[self.group]} {self.name!r} of package {package}"


# The plugins that were left out, with the reason for the first failure of each.
_failures: dict[Plugin, str] = {}


def leave_out(plugin: Plugin, reason: object) -> None:
    """Record that a plugin failed, and warn of it once."""
    if plugin in _failures:
        return
    text = one_line(str(reason), at_most=200) or type(reason).__name__
    if isinstance(reason, BaseException):
        text = f"{type(reason).__name__}: {text}"
    _failures[plugin] = text
    warnings.warn(f"{plugin} is left out: {text}", PluginWarning, stacklevel=3)


def failures() -> dict[Plugin, str]:
    """Return the plugins that were left out so far, each with the reason."""
    return dict(_failures)


def names(group: Group) -> list[str]:
    """Return the names of the installed plugins of a group, without loading them."""
    return [plugin.name for plugin, _ in _installed(group)]


def versions() -> dict[str, str]:
    """Return the version of each package with plugins, by its name."""
    return {
        plugin.package: plugin.version
        for group in KINDS
        for plugin, _ in _installed(group)
    }


@cache
def _installed(group: Group) -> tuple[tuple[Plugin, EntryPoint], ...]:
    """Return the plugins of a group, without loading them, sorted by name."""
    found = []
    for entry in entry_points(group=group):
        package = entry.dist
        name, version = (package.name, package.version) if package else ("?", "?")
        found.append((Plugin(group, entry.name, name, version), entry))
    return tuple(sorted(found, key=lambda pair: (pair[0].name, pair[0].package)))


class Registry(Mapping[str, Value]):
    """The entries of econnet, then those of the plugins of a group.

    Parameters
    ----------
    own
        The entries of econnet. It is read anew at each call.
    convert
        Returns the entry for what a plugin provides; whatever it raises is the reason
        why the plugin is left out.
    """

    def __init__(
        self,
        own: Mapping[str, Value],
        group: Group,
        convert: Callable[[Plugin, object], Value],
    ) -> None:
        self.own = own
        self.group: Group = group
        self._convert = convert
        self._loaded: dict[str, Value | None] = {}

    def __getitem__(self, name: str) -> Value:
        """Return an entry; a plugin is loaded only if econnet has none of the name."""
        if name in self.own:
            return self.own[name]
        value = self._from_plugin(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from self.plugins()

    def __len__(self) -> int:
        return len(self.own) + len(self.plugins())

    def plugins(self) -> dict[str, Value]:
        """Return the entries of plugins, all of them loaded."""
        values = {
            plugin.name: self._from_plugin(plugin.name)
            for plugin, _ in _installed(self.group)
        }
        return {name: value for name, value in values.items() if value is not None}

    def installed(self) -> list[Plugin]:
        """Return the plugins of this group, whether they work or not."""
        return [plugin for plugin, _ in _installed(self.group)]

    def _from_plugin(self, name: str) -> Value | None:
        """Return the entry of the plugin with this name; `None` if there is none."""
        if name not in self._loaded:
            # Set first: a plugin that asks for itself while it is loaded finds nothing.
            self._loaded[name] = None
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Value | None:
        value: Value | None = None
        for plugin, entry in _installed(self.group):
            if plugin.name != name:
                continue
            if not NAME.fullmatch(name):
                leave_out(plugin, "a name has lower-case letters, digits, - and _")
            elif name in self.own:
                leave_out(plugin, f"econnet has a {KINDS[self.group]} of this name")
            elif value is not None:
                leave_out(plugin, "another package has the same name")
            else:
                value = self._try(plugin, entry)
        return value

    def _try(self, plugin: Plugin, entry: EntryPoint) -> Value | None:
        try:
            return self._convert(plugin, entry.load())
        except Exception as error:  # noqa: BLE001 - others' code may raise anything
            leave_out(plugin, error)
            return None
