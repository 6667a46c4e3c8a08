"""Whose eyes look at the collections, where callers are told apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Somebody, as far as collections are concerned."""

    owner: str = ""
    """Whose the collections are that this one makes; empty for everybody's."""
    sees_all: bool = False
    """Whether others' collections may be seen and changed, too."""
    most: int | None = None
    """How many collections of its own this one may have."""

    def may_see(self, owner: str) -> bool:
        """Return whether a collection of that owner is there for this one."""
        return self.sees_all or owner in ("", self.owner)

    def may_change(self, owner: str) -> bool:
        """Return whether items may be added to it, and whether it may be deleted."""
        return self.sees_all or (owner == self.owner and owner != "")


EVERYBODY = Viewer(sees_all=True)
"""Who sees all there is: where callers are not told apart."""
