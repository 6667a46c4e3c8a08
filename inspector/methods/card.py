"""A card: what people should know of a method before they believe it; docs/methods.md is made of the cards."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Card:
    """What stands in docs/methods.md beside the name, the description and the options, in Markdown."""

    formula: str
    """What is computed, as an equation or a short procedure."""
    source: str
    """The paper and its section, with its arXiv number where it has one."""
    shows: str
    """What can be read off the result."""
    hides: str
    """What cannot, and how the result misleads."""
    cost: str
    """In forward passes of one image, such as "1 forward and 1 backward pass (about 3 forward passes)"."""
