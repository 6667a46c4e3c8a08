"""Grad-CAM on tokens of vision transformers: each patch at its place, against a network that begins at the layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

import inspector
from inspector.methods.notes import PATCHES_TAKEN, STILL_LAYER
from tests.support.graphs import model, node, run_exposed
from tests.support.small_vit import (
    CLASSES,
    COLUMNS,
    HEIGHT_OF_IMAGE,
    ROWS,
    WIDTH,
    WIDTH_OF_IMAGE,
    small_vit,
)

X = np.random.default_rng(8).standard_normal((2, 3, HEIGHT_OF_IMAGE, WIDTH_OF_IMAGE)).astype(np.float32)


def replica(exported: bytes, *, layer: str, others: int, target: int) -> np.ndarray:
    """Return Σ_c α_c·A_c at the image's size, with gradients by central differences of what follows the layer."""
    whole = onnx.ModelProto.FromString(exported)
    tokens = run_exposed(whole, X, [layer])[layer]
    upper = onnx.ModelProto.FromString(exported)
    names = [one.output[0] for one in whole.graph.node]
    del upper.graph.node[: names.index(layer) + 1]
    upper.graph.input[0].CopyFrom(
        onnx.helper.make_tensor_value_info(layer, onnx.TensorProto.FLOAT, ("n", *tokens.shape[1:]))
    )
    step, planes = 1e-2, []
    for own in tokens:
        moves = np.eye(own.size, dtype=np.float32).reshape(-1, *own.shape) * step
        up, down = (run_exposed(upper, own + sign * moves, ["scores"])["scores"] for sign in (1, -1))
        gradient = ((up - down)[:, target] / (2 * step)).reshape(own.shape)[others:]
        plane = (gradient.mean(axis=0) * own[others:]).sum(axis=1).reshape(ROWS, COLUMNS)
        picture = Image.fromarray(plane.astype(np.float32))
        planes.append(picture.resize((WIDTH_OF_IMAGE, HEIGHT_OF_IMAGE), Image.Resampling.BILINEAR))
    return np.stack([np.asarray(one) for one in planes])


@pytest.mark.parametrize(
    ("given", "layer", "others"),
    [
        ({}, "block0", 1),  # the class token alone is read after the last block
        ({"registers": 2}, "block0", 3),
        ({"class_token": False}, "normed", 0),
        ({"class_token": False, "batch": 1}, "normed", 0),
        ({"blocks": 3}, "block1", 1),
    ],
)
def test_it_is_read_where_patches_are_last_seen(given: dict[str, Any], layer: str, others: int) -> None:
    exported = small_vit(**given)
    with inspector.load(exported, device="cpu") as ours:
        found = ours.attribute(X, method="gradcam", target=1, relu=False)
    free = small_vit(**{**given, "batch": "n"})
    expected = replica(free, layer=layer, others=others, target=1)

    assert found.layers == (layer, layer)
    assert [note.id for note in found.notes if note.id == PATCHES_TAKEN] == [PATCHES_TAKEN]
    np.testing.assert_allclose(found.maps[:, 0], expected, atol=2e-2 * np.abs(expected).max())


def test_a_color_is_found_where_it_is() -> None:
    image = np.full((1, 3, HEIGHT_OF_IMAGE, WIDTH_OF_IMAGE), 0.1, np.float32)
    image[0, 0, :8], image[0, 2, 16:, 8:] = 1, 1
    with inspector.load(small_vit(shown=True), device="cpu") as ours:
        red, blue = ours.attribute(image, method="gradcam", target=[0, 2]).maps[:, 0]

    assert red[:6].min() > 5 * red[10:].max()
    assert blue[18:, 10:].min() > 5 * np.concatenate([blue[:13].ravel(), blue[:, :5].ravel()]).max()


def test_patches_that_nothing_reads_are_told_of() -> None:
    with inspector.load(small_vit(), device="cpu") as ours:
        found = ours.attribute(X, method="gradcam", target=1, layer="normed")

    assert not found.maps.any()
    assert STILL_LAYER in {note.id for note in found.notes}


def test_a_grid_of_no_known_source_is_guessed_and_told_so() -> None:
    """Patches by arithmetic on the batch's own shape, which is no movement that can be followed."""
    rng = np.random.default_rng(2)
    weights = {
        "w": rng.standard_normal((3 * 16, WIDTH)).astype(np.float32),
        "head": rng.standard_normal((WIDTH, CLASSES)).astype(np.float32),
        "cut": np.asarray([1, 3, ROWS, 4, COLUMNS, 4]), "rows": np.asarray([1, ROWS * COLUMNS, 48]),
    }  # fmt: skip
    nodes = [
        node("Reshape", ["x", "cut"], "blocks"),
        node("Transpose", ["blocks"], "turned", perm=[0, 2, 4, 1, 3, 5]),
        node("Reshape", ["turned", "rows"], "pieces"),
        node("MatMul", ["pieces", "w"], "tokens"),
        node("Relu", ["tokens"], "fired"),
        node("ReduceMean", ["fired"], "mean", axes=[1], keepdims=0),
        node("MatMul", ["mean", "head"], "scores"),
    ]
    proto = model(nodes, shape=(1, 3, HEIGHT_OF_IMAGE, WIDTH_OF_IMAGE), weights=weights)
    fired = run_exposed(proto, X[:1], ["fired"])["fired"][0]
    plane = (fired @ weights["head"][:, 2] / len(fired)).reshape(ROWS, COLUMNS)
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        found = ours.attribute(X[:1], method="gradcam", target=2, relu=False)

    assert found.layers == ("fired",)
    assert any("guessed" in note for note in found.notes if note.id == PATCHES_TAKEN)
    np.testing.assert_allclose(found.maps[0, 0, 1::4, 1::4][0, 0], plane[0, 0], rtol=0.6)
    middles = found.maps[0, 0].reshape(ROWS, 4, COLUMNS, 4).mean(axis=(1, 3))
    assert np.corrcoef(middles.ravel(), plane.ravel())[0, 1] > 0.9
