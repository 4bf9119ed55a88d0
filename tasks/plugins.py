"""Entry-point discovery shared by tasks, judges, models and reports.

A plugin that fails to import is reported and does not affect the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

from polyarena.tasks.errors import PolyarenaError
from polyarena.tasks.suggest import unknown


@dataclass(frozen=True)
class Plugins:
    """The plugins of one entry-point group; each is imported when first asked for.

    Attributes:
        group: The entry-point group, such as ``polyarena.tasks``.
        kind: The word for one of them in messages, such as ``task``.
        points: Entry points by name; the project's own come last, so that nobody shadows them by accident.
    """

    group: str
    kind: str
    points: Mapping[str, EntryPoint] = field(repr=False)

    @property
    def names(self) -> list[str]:
        """All names, sorted, whether or not they import."""
        return sorted(self.points)

    def load(self, name: str, *, where: str = "", listing: str = "") -> Any:
        """Import one plugin.

        Args:
            name: The plugin's name.
            where: The place of the name in the user's file, for the message.
            listing: The command that lists all names, for the message.

        Raises:
            UnknownNameError: No plugin has this name.
            PolyarenaError: The plugin exists and cannot be imported.
        """
        if name not in self.points:
            raise unknown(self.kind, name, self.points, where=where, listing=listing)
        point = self.points[name]
        try:
            return point.load()
        except Exception as error:
            raise PolyarenaError(
                f"the {self.kind} plugin {name!r} cannot be imported",
                where=where or point.value,
                why=f"{type(error).__name__}: {error}",
                fix="install what it needs, or uninstall the distribution that provides it",
            ) from error

    def broken(self) -> Mapping[str, str]:
        """Import every plugin and return the reason for each one that fails."""
        reasons: dict[str, str] = {}
        for name in self.names:
            try:
                self.load(name)
            except PolyarenaError as error:
                reasons[name] = error.why
        return MappingProxyType(reasons)


@cache
def plugins(group: str, kind: str) -> Plugins:
    """Collect the entry points of one group."""
    found = list(entry_points(group=group))
    own = [point for point in found if point.value.startswith("polyarena.")]
    others = [point for point in found if not point.value.startswith("polyarena.")]
    return Plugins(group, kind, MappingProxyType({point.name: point for point in [*others, *own]}))
