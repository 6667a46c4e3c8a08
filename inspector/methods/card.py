"""What people should know of a method or a verb before they believe it; docs/methods.md is made of the cards."""

from __future__ import annotations

from inspector.types.options import Card

__all__ = ["Card"]
