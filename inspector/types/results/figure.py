"""A figure: results that belong together, each under a title of its own."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.types.results.base import Result, kind


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """One part of a figure."""

    title: str
    result: Result
    """Of any kind but a figure."""
    caption: str = ""
    """What it shows, in a sentence."""


@kind("figure")
@dataclass(frozen=True, kw_only=True, eq=False)
class Figure(Result):
    """Several results that are looked at together, such as the parts of a figure of a paper."""

    panels: tuple[Panel, ...]
    title: str = ""
    columns: int = 0
    """How many parts stand side by side in the picture, tables aside; 0 for as many as fit, with the tables."""

    def __getitem__(self, title: str) -> Result:
        """Return the result under a title; KeyError where there is none."""
        for one in self.panels:
            if one.title == title:
                return one.result
        raise KeyError(title)

    @property
    def failed(self) -> bool:
        """Whether a part says that something is wrong."""
        return any(one.result.failed for one in self.panels)

    def summary(self) -> list[str]:
        """Return the title, and what the parts say."""
        lines = [self.title] if self.title else []
        for one in self.panels:
            said = one.result.summary()
            lines += [": ".join(filter(None, (one.title, line))) for line in said or [one.caption]]
        return lines
