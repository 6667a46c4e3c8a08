"""What a model's file says of itself: who made it, its license, and whatever else stands in its metadata."""

from __future__ import annotations

from collections.abc import Iterator

import onnx_ir as ir

MOST_ENTRIES = 64
"""More are left out: a file may hold any number."""
LONGEST = 2000
"""Characters of a value; what is longer, such as the names of a thousand classes, is cut, and says so."""


def metadata_of(model: ir.Model) -> dict[str, str]:
    """Return the entries of a model's metadata by their keys, and after them what ONNX has fields for.

    Those are `producer`, `domain`, `version`, `description` and `graph`, where they say something. An entry of the
    metadata goes before a field of the same name.
    """
    found: dict[str, str] = {}
    for name, value in (*model.metadata_props.items(), *_fields(model)):
        if len(found) < MOST_ENTRIES and value:
            found.setdefault(_text(name), _text(value))
    return found


def _fields(model: ir.Model) -> Iterator[tuple[str, str]]:
    yield "producer", " ".join(filter(None, (model.producer_name, model.producer_version)))
    yield "domain", model.domain or ""
    yield "version", str(model.model_version) if model.model_version else ""
    yield "description", model.doc_string or ""
    yield "graph", model.graph.name or ""


def _text(given: str) -> str:
    """Return a text that can be sent, and is no longer than it may be."""
    text = given.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"
