"""Node data of Model Explorer, read as its package reads it (node_data_builder.py)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inspector.errors import InvalidModelError
from inspector.findings.checked import Checked, CheckRun
from inspector.findings.format import format_named, format_of
from inspector.types.results.figure import Panel
from inspector.types.results.table import Row, Table
from tests.findings.runs import HOSTILE, every_kind, finding, report, run_of

NAMES = (
    "model-explorer",
    "model-explorer-cosine",
    "model-explorer-findings",
    "model-explorer-own-error",
)
KEYS = {"results", "name", "thresholds", "gradient"}
VALUE_KEYS = {"value", "bgColor", "textColor"}


def read(name: str, run: CheckRun) -> dict[str, Any]:
    """Return a document after its structure was looked at: of GraphNodeData, NodeDataResult and ThresholdItem."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON, and a browser reads none of it")

    document: dict[str, Any] = json.loads(format_named(name).write(run), parse_constant=refuse)
    assert document.keys() <= KEYS
    assert isinstance(document["name"], str)
    for one in document["results"].values():
        assert {"value"} <= one.keys() <= VALUE_KEYS
        assert isinstance(one["value"], float | int | str)
    values = [one["value"] for one in document.get("thresholds", [])]
    assert values == sorted(values)
    assert all(
        one.keys() <= VALUE_KEYS and one["bgColor"].startswith("#") for one in document.get("thresholds", [])
    )
    return document


def color(document: dict[str, Any], key: str) -> str:
    """Return what Model Explorer paints a node with: its own color, or that of the first threshold not below it."""
    one = document["results"][key]
    if "bgColor" in one:
        return str(one["bgColor"])
    return next(str(step["bgColor"]) for step in document["thresholds"] if one["value"] <= step["value"])


@pytest.mark.parametrize(("name", "good", "bad"), [(NAMES[0], 0.01, 0.8), (NAMES[1], 0.999, 0.5)])
def test_layers_have_their_drift_and_its_color(name: str, good: float, bad: float) -> None:
    document = read(name, run_of(Checked(model="m.onnx", report=report())))
    assert document["results"]["conv1"] == {"value": good}
    assert document["results"]["conv2"] == {"value": bad}
    assert document["results"]["conv3"]["value"] == "nan"
    assert color(document, "conv2") == color(document, "conv3") != color(document, "conv1")
    assert document["name"].endswith("of m.onnx")


def test_the_table_of_the_rules_of_drift_is_read() -> None:
    columns = ("layer", "operator", "baseline's layer", "relative error", "of which its own", "cosine")
    rows = (
        Row(cells=("a", "Conv", "b", 0.02, 0.005, 0.9999)),
        Row(cells=("c", "Relu", "d", None, None, None)),
    )
    panels = (
        Panel(title="others", result=Table(columns=("layer", "dead"), rows=(Row(cells=("a", 1)),))),
        Panel(title="drift by layer", result=Table(columns=columns, rows=rows)),
    )
    run = run_of(Checked(model="m.onnx", report=replace(report(), panels=panels)))
    found = {name: read(name, run)["results"] for name in NAMES if name != "model-explorer-findings"}
    assert found == {
        "model-explorer": {"a": {"value": 0.02}},
        "model-explorer-own-error": {"a": {"value": 0.005}},
        "model-explorer-cosine": {"a": {"value": 0.9999}},
    }


def test_a_model_without_drift_says_so() -> None:
    bare = Checked(model="m.onnx", report=replace(report(), panels=()))
    broken = Checked(model="n.onnx", error=InvalidModelError("no model"))
    for checked in ((bare,), (broken,), ()):
        document = read("model-explorer", run_of(*checked))
        assert document["results"] == {}
        assert "no drift was measured" in document["name"]


def test_models_that_have_no_room_are_named() -> None:
    models = [Checked(model=f"{name}.onnx", report=report()) for name in "abc"]
    document = read("model-explorer", run_of(*models))
    assert "of a.onnx" in document["name"]
    assert "left out: b.onnx, c.onnx" in document["name"]


def test_findings_are_at_their_nodes() -> None:
    found = (
        finding("r", "warning", subject="conv1", kind="layer", message="one"),
        finding("s", "error", subject="conv1", kind="layer", message="two"),
        finding("s", "error", subject="w", kind="tensor", message="three"),
        finding("s", "info", subject="m.onnx", kind="file", message="four"),
        finding("s", "error", subject="conv2", kind="node", message="five", silenced="known"),
    )
    document = read("model-explorer-findings", run_of(Checked(model="m.onnx", report=report(*found))))
    assert {key: one["value"] for key, one in document["results"].items()} == {
        "conv1": "error s: two; warning r: one",
        "[value] w": "error s: three",
    }


@pytest.mark.parametrize("name", NAMES)
def test_names_that_act_do_not(name: str) -> None:
    run = every_kind(HOSTILE, HOSTILE)
    read(name, run)
    text = format_named(name).write(run)
    assert text.isascii()
    assert not any(ord(one) < 32 and one != "\n" for one in text)


def test_files_are_known_by_their_suffixes() -> None:
    for name in NAMES:
        assert format_of(Path(f"drift.{name}.json")).name == name
    assert format_of(Path("drift.json")).name == "json"
