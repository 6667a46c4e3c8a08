"""Families of rules: known without the engine, as they are named in configurations and requests."""

from __future__ import annotations

from typing import Literal, get_args

Family = Literal[
    "validity",
    "preprocessing",
    "numbers",
    "golden",
    "drift",
    "health",
    "attention",
    "inspectability",
    "budget",
]
FAMILIES: tuple[Family, ...] = get_args(Family)
"""In the order in which a model is looked over: what comes first explains what comes later."""

GOLDEN: Family = "golden"
"""That of the rules that look at recorded answers."""
