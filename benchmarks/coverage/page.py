"""How docs/coverage.md is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STEPS = ("load", "layers", "predict", "saliency", "differences", "gradcam", "occlude")

_HEAD = """# Coverage: files that nobody here has made

<!-- Written by `make coverage`. -->

ONNX files as wheels on PyPI carry them, each tried as a user would: on a photograph where the model takes pictures, on
noise of its input's shape where not. *differences* is how far the gradient of the output's largest element is from a
central difference of ONNX Runtime alone, along the gradient; the best of seven steps: large ones cross kinks, small
ones drown in float32: 1e-3 is as good as the peer's arithmetic. Where something does not work, the reason stands below
the table.

With {versions}. {loaded} of {models} load, {saliency} of them give a saliency.

| package | model | input | layers | predict | saliency | differences | Grad-CAM | occlusion |
| --- | --- | --- | ---: | --- | --- | ---: | --- | --- |
"""

_LONGEST = 60
"""Characters of a cell."""


def page(results: Mapping[str, Any]) -> str:
    """Return the page for what was tried."""
    models = list(results["models"].values())
    head = _HEAD.format(
        versions=", ".join(f"{name} {version}" for name, version in results["versions"].items()),
        models=len(models),
        loaded=sum("load" in model["worked"] for model in models),
        saliency=sum("saliency" in model["worked"] for model in models),
    )
    return head + "\n".join(map(_row, models)) + "\n" + _reasons(models) + _notes(models)


def _row(model: Mapping[str, Any]) -> str:
    cells = [model["package"].partition("==")[0], model["name"].rpartition("/")[2].removesuffix(".onnx")]
    for step in STEPS:
        if step in model["worked"]:
            cells.append(_cell(model["worked"][step]))
        else:
            cells.append("**no**" if step in model["failed"] else "")
    return "| " + " | ".join(cells) + " |"


def _cell(text: str) -> str:
    text = text.replace("|", "\\|")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _reasons(models: list[Mapping[str, Any]]) -> str:
    lines = ["\n## What does not work, and why\n"]
    for model in models:
        by_reason: dict[str, list[str]] = {}
        for step, reason in model["failed"].items():
            by_reason.setdefault(reason, []).append(step)
        lines += [
            f"- **{model['name'].rpartition('/')[2]}** ({', '.join(steps)}): {reason}"
            for reason, steps in by_reason.items()
        ]
    return "\n".join(lines) + "\n"


def _notes(models: list[Mapping[str, Any]]) -> str:
    counts: dict[str, int] = {}
    for model in models:
        for note in model["notes"]:
            counts[note] = counts.get(note, 0) + 1
    if not counts:
        return ""
    told = ", ".join(f"`{note}` {count}" for note, count in sorted(counts.items()))
    return (
        f"\n## What the answers say of themselves\n\nNotes, by how many models they stand beside: {told}.\n"
    )
