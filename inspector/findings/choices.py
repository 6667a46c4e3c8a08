"""What may be said of checks, for all models and for some of them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

Settings = Mapping[str, Mapping[str, Any]]
"""By rule: setting → value."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What may be said for all models, and for some of them again; None where nothing is said."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    severities: tuple[str, ...] = ()
    """Pairs such as "fixed-batch=error"; what comes later counts."""
    settings: Settings = field(default_factory=lambda: MappingProxyType({}))
    data: tuple[str, ...] | None = None
    """Paths of images and folders."""
    baseline: str | None = None
    """A path, or a model's id on a service."""
    golden: str | None = None
    boxes: str | None = None

    def over(self, below: Choices) -> Choices:
        """Return these choices, where they say nothing those `below`; severities and settings are added to theirs."""
        merged: dict[str, Mapping[str, Any]] = dict(below.settings)
        for rule, settings in self.settings.items():
            merged[rule] = {**merged.get(rule, {}), **settings}
        plain = {
            one.name: getattr(self, one.name)
            if getattr(self, one.name) is not None
            else getattr(below, one.name)
            for one in fields(Choices)
            if one.name not in ("severities", "settings")
        }
        return Choices(**plain, severities=(*below.severities, *self.severities), settings=merged)
