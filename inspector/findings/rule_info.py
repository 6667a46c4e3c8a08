"""What is known of a rule, as plain data: for help, for documentation, and for formats that carry it."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.types.options import OptionInfo


@dataclass(frozen=True, kw_only=True)
class RuleInfo:
    """One rule of `check`."""

    id: str
    family: str = ""
    severity: str = "warning"
    """Its own; a configuration may give another."""
    title: str = ""
    """What it finds, in a sentence."""
    description: str = ""
    """What else is to be said of how it looks."""
    rationale: str = ""
    mend: str = ""
    needs: tuple[str, ...] = ()
    """What it cannot do without: images, baseline, expected, boxes, runs."""
    settings: tuple[OptionInfo, ...] = ()


NEEDS = {
    "images": "images (`--data`)",
    "baseline": "another model to compare with (`--baseline`)",
    "expected": "recorded answers (`--golden`)",
    "boxes": "where the objects are (`--boxes`)",
    "runs": "a model that runs on images alone",
}
"""What rules need, in words."""


def default_of(setting: OptionInfo) -> str:
    """Return a setting's default as it is written in a configuration; "none" where it has none."""
    match setting.default:
        case None:
            return "none"
        case bool(value):
            return str(value).lower()
        case tuple(values) | list(values):
            return "[" + ", ".join(_written(one) for one in values) + "]"
        case value:
            return _written(value)


def _written(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else f"{value}"
