"""Shapes and windows over random settings of what changes the size of a map: they are ONNX Runtime's."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.graph.opset import standard_opset
from inspector.model.read import read_model
from inspector.model.receptive.field import COLUMN, ROW
from inspector.model.receptive.trace import trace_fields
from tests.model.test_receptive_field import units
from tests.support.geometries import Geometry, drawn
from tests.support.graphs import run_exposed
from tests.support.reach import changed, hull

pytestmark = pytest.mark.slow

SHAPES, WINDOWS = 900, 900


@pytest.mark.parametrize("seed", [0, 1])
def test_shapes_are_those_of_the_runtime(seed: int) -> None:
    wrong = {}
    for geometry in drawn(seed, SHAPES // 2):
        image = np.ones(geometry.shape, np.float32)
        true = run_exposed(geometry.proto, image, ["y", "square"])
        known = read_model(geometry.proto.SerializeToString()).shapes
        if any(known.get(name) != tensor.shape for name, tensor in true.items()):
            wrong[geometry.name] = known.get("y"), true["y"].shape
    assert not wrong


def test_windows_hold_all_that_changes_a_unit_and_no_more_than_their_ends() -> None:
    wrong = [
        f"{geometry.name}: {problem}"
        for geometry in drawn(2, WINDOWS)
        if (problem := _problem(geometry)) is not None
    ]
    assert not wrong


def _problem(geometry: Geometry) -> str | None:
    """Say where a window misses what changes its unit, or is wider though every tap has weight; None where all fit."""
    parsed = read_model(geometry.proto.SerializeToString())
    fields = trace_fields(
        parsed.ir.graph, parsed.input, parsed.shapes, opset=standard_opset(parsed.ir), limits=parsed.limits
    )
    rng = np.random.default_rng(0)
    for place, role in enumerate((ROW, COLUMN)):
        seen = changed(geometry.proto, ["y"], geometry.shape, image_axis=2 + place, rng=rng)["y"]
        windows = fields["y"].track(role).windows
        if windows is None or role not in fields["y"].roles:
            continue
        for index, (low, high) in enumerate(windows):
            first, end = hull(units(seen, fields["y"].roles.index(role), index))
            if first == end:
                continue
            if not low <= first < end <= high + 1:
                return f"{role} {index} sees {first} to {end - 1}, the window says {low} to {high}"
            if geometry.is_exact and (low, high + 1) != (first, end):
                return f"{role} {index} sees only {first} to {end - 1} of {low} to {high}"
    return None
