"""A bill of materials of a model (ML-BOM): CycloneDX 1.6 as JSON (ECMA-424)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from inspector.types.layers import Output, shape_text
from inspector.types.model_card import ModelCard
from inspector.types.visible import visible

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"

_TASKS: Mapping[str, str] = {
    "classes": "image classification",
    "labels": "multi-label image classification",
    "class_map": "semantic segmentation",
    "class_numbers": "semantic segmentation",
    "boxes": "object detection",
    "points": "keypoint detection",
    "embedding": "feature extraction",
    "picture": "image-to-image",
}
"""By what an output means; a meaning that is not here is told by none."""
_SPDX = (
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CC-BY-4.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unlicense",
)
"""Identifiers that are told apart from a license's name; any other license is told by its name."""


def bom(card: ModelCard, *, made: datetime, version: str) -> str:
    """Return the bill of a model made at a time by a version of this package; the same for the same arguments."""
    document = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": "onnx-inspector", "version": version}]},
            "component": _component(card),
        },
    }
    number = uuid5(NAMESPACE_URL, json.dumps(document, sort_keys=True))
    return json.dumps({**document, "serialNumber": f"urn:uuid:{number}"}, indent=2, ensure_ascii=False) + "\n"


def _component(card: ModelCard) -> dict[str, Any]:
    info = card.info
    found: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"sha256:{info.sha256}",
        "name": visible(info.name),
        "hashes": [{"alg": "SHA-256", "content": info.sha256}],
        "modelCard": _model_card(card),
        "properties": [{"name": f"inspector:{key}", "value": text} for key, text in _properties(card)],
    }
    if version := card.said("version"):
        found["version"] = visible(version)
    if description := card.said("description"):
        found["description"] = visible(description, lines=True)
    if card.author:
        found["authors"] = [{"name": visible(card.author)}]
    if card.license:
        identifier = next((one for one in _SPDX if one.lower() == card.license.strip().lower()), None)
        named = {"name": visible(card.license)} if identifier is None else {"id": identifier}
        found["licenses"] = [{"license": named}]
    return found


def _model_card(card: ModelCard) -> dict[str, Any]:
    outputs = card.info.outputs
    task = next((_TASKS[one.meaning] for one in outputs if one.meaning in _TASKS), None)
    parameters: dict[str, Any] = {} if task is None else {"task": task}
    parameters["inputs"] = [{"format": _tensor(card.info.input)}]
    parameters["outputs"] = [{"format": f"{_tensor(one)}, {one.meaning}"} for one in outputs]
    found: dict[str, Any] = {"modelParameters": parameters}
    if limitations := list(_limitations(card)):
        found["considerations"] = {"technicalLimitations": limitations}
    return found


def _tensor(one: Any) -> str:
    layout = "" if isinstance(one, Output) else f" {one.layout}"
    return visible(f"{one.name}: {one.dtype} {shape_text(one.shape)}{layout}")


def _limitations(card: ModelCard) -> Iterator[str]:
    """Yield what was found and nobody accepted, and what of the preprocessing is assumed."""
    if card.report is None:
        yield visible(f"The model was not looked over: {card.unchecked}")
    else:
        yield from (
            visible(f"{one.severity} {one.id}: {one.message}")
            for one in card.report.findings
            if not one.silenced
        )
    if assumed := card.info.preprocessing.assumed:
        yield visible(f"Nothing says this of the preprocessing, so it is assumed: {', '.join(assumed)}.")


def _properties(card: ModelCard) -> Iterator[tuple[str, str]]:
    info = card.info
    yield "format", "ONNX"
    yield "opset", str(info.opset)
    yield "file_bytes", str(info.size)
    yield "layers", str(info.layer_count)
    yield "preprocessing", json.dumps(info.preprocessing.to_json(), sort_keys=True)
    yield from (("operator", visible(f"{name}: {count}")) for name, count in card.operators.items())
    facts = {} if card.report is None else card.report.facts
    yield from ((name, f"{value:.15g}") for name, value in facts.items() if name != "file_bytes")
    counts = {} if card.report is None else card.report.counts
    yield from ((f"rules:{name}", str(count)) for name, count in counts.items())
    if producer := card.said("producer"):
        yield "producer", visible(producer)
