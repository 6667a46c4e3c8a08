"""Write docs/methods.md: of every method and every verb about images what it computes, shows, hides and costs.

python -m tools.generate_methods [--check | --print]

It is made of the cards that stand beside the code, and of what is registered.
"""

from __future__ import annotations

import sys
from dataclasses import fields

from inspector.face.catalog import attribution_methods, verbs
from inspector.types.options import POLICIES, MethodInfo, OptionInfo, VerbInfo
from inspector.types.requests.base import REQUESTS, request_fields
from tools.pages import ROOT, run, table

PAGE = ROOT / "docs" / "methods.md"

_NO_CARD = "Not written yet."
_TYPED = {"check": "inspector check model.onnx --data photo.jpg"}
"""Of verbs whose command is not made of their requests."""


def page() -> str:
    """Return the page."""
    about_images = [one for one in verbs() if one.takes_images]
    methods = attribution_methods()
    parts = [
        "# What each method computes, shows and hides",
        "Written by `make methods` from the cards beside the code; CI compares it with them. In a shell, `inspector "
        "methods NAME` prints one. [How to choose one](choosing.md); all options are in [the catalog](catalog.md).",
        "## At a glance",
        table(
            ("verb", "what it does", "cost"),
            [(_link(one), one.description, _cost(one)) for one in about_images],
        ),
        table(
            ("method of `attribute`", "what it computes", "cost"),
            [(_link(one), one.description, _cost(one)) for one in methods],
        ),
        "## Verbs about images",
        *(_entry(one) for one in about_images),
        "## Methods of `attribute`",
        *(_entry(one) for one in methods),
    ]
    return "\n\n".join(parts) + "\n"


def _entry(one: MethodInfo | VerbInfo) -> str:
    lines = [f"### {one.name}"]
    if isinstance(one, MethodInfo):
        lines.append(f"{one.title}. {one.description}")
    else:
        lines.append(one.description)
    facts = [("Card", _NO_CARD)]
    if one.card is not None:
        facts = [(part.name.capitalize(), getattr(one.card, part.name)) for part in fields(one.card)]
    if isinstance(one, MethodInfo):
        facts.append(("Drawn as", one.picture))
        if one.caution:
            facts.append(("Caution", one.caution))
    facts.append(("Options", "; ".join(map(_option, one.options)) or "none"))
    facts.append(("In a shell", f"`{_command(one)}`"))
    lines.append("\n".join(f"- **{name}.** {' '.join(text.split())}" for name, text in facts))
    return "\n\n".join(lines)


def _command(one: MethodInfo | VerbInfo) -> str:
    if isinstance(one, MethodInfo):
        return f"inspector attribute model.onnx photo.jpg --method {one.name} -o map.png"
    if one.name in _TYPED:
        return _TYPED[one.name]
    options = request_fields(request) if (request := REQUESTS.get(one.name)) else ()
    before = [one.name.upper() for one in options if one.is_argument]
    needed = [
        f"--{one.name.replace('_', '-')} …" for one in options if one.is_required and not one.is_argument
    ]
    return " ".join(["inspector", one.name, *before, "model.onnx photo.jpg", *needed])


def _option(option: OptionInfo) -> str:
    if POLICIES in option.types:
        return f"`{option.name}` (by layer)"
    default = "" if option.default in (None, (), {}, "") else f" = {option.default}"
    return f"`{option.name}{default}`"


def _link(one: MethodInfo | VerbInfo) -> str:
    return f"[`{one.name}`](#{one.name.replace(' ', '-')})"


def _cost(one: MethodInfo | VerbInfo) -> str:
    return _NO_CARD if one.card is None else " ".join(one.card.cost.split())


if __name__ == "__main__":
    sys.exit(run(page, to=PAGE, make="methods", doc=__doc__))
