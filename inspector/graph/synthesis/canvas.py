"""The canvas: how many pictures are made at once, of which channels and size."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """Pictures (N, C, *size) with values from 0 to 1: RGB, gray, or channels that are no colors."""

    pictures: int
    channels: int
    size: tuple[int, ...]
    """(height, width), or (length,) of a signal."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, C, *size)."""
        return self.pictures, self.channels, *self.size

    @property
    def extent(self) -> tuple[int, int]:
        """(height, width); a signal is a picture of one row."""
        return (1, self.size[0]) if len(self.size) == 1 else (self.size[0], self.size[1])
