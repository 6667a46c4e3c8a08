"""Results as Python shows them: arrays by their type and shape, files by their size, and what is empty not at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

MOST_SHOWN = 8
"""Items of a tuple or a mapping that are shown one by one."""

_LAST = ("notes", "rendered")
"""What all results have is shown after what is a result's own."""


def brief(value: Any) -> str:
    """Return a value in one line, however much it holds."""
    match value:
        case np.ndarray():
            return f"<{value.dtype} {value.shape}>"
        case bytes():
            return f"<{len(value):,} bytes>"
        case tuple() | list() if type(value) in (tuple, list):
            comma = "," if len(value) == 1 else ""
            return f"({_joined([brief(one) for one in value[:MOST_SHOWN]], len(value))}{comma})"
        case Mapping():
            items = list(value.items())[:MOST_SHOWN]
            return f"{{{_joined([f'{key!r}: {brief(one)}' for key, one in items], len(value))}}}"
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return brief_fields(value)
    return repr(value)


def brief_fields(value: Any) -> str:
    """Return a dataclass in one line; fields that are None or empty are left out."""
    fields = sorted(dataclasses.fields(value), key=lambda field: field.name in _LAST)
    shown = [
        f"{field.name}={brief(one)}"
        for field in fields
        if field.repr and not _is_empty(one := getattr(value, field.name))
    ]
    return f"{type(value).__name__}({', '.join(shown)})"


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, tuple | list | Mapping | str | bytes) and not value)


def _joined(parts: list[str], count: int) -> str:
    more = [f"… {count - MOST_SHOWN:,} more"] if count > MOST_SHOWN else []
    return ", ".join([*parts, *more])
