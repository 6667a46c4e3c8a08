"""A small vision transformer, written as exporters write one: patches by a convolution, tokens, attention, a class."""

from __future__ import annotations

import numpy as np
import onnx

from tests.support.graphs import model, node

PATCH, WIDTH = 4, 6
HEIGHT_OF_IMAGE, WIDTH_OF_IMAGE = 24, 16
ROWS, COLUMNS = HEIGHT_OF_IMAGE // PATCH, WIDTH_OF_IMAGE // PATCH
CLASSES = 3


def small_vit(
    *,
    class_token: bool = True,
    registers: int = 0,
    blocks: int = 2,
    batch: int | str = "n",
    shown: bool = False,
) -> bytes:
    """Return two blocks over 6 × 4 patches; the class is read from the class token, or from the mean of all tokens.

    With `shown` the weights are such that class 0 is how red the patches are, and class 2 how blue.
    """
    others = class_token + registers
    nodes = [
        node("Conv", ["x", "patch_w", "patch_b"], "patches", strides=[PATCH, PATCH]),
        node("Shape", ["patches"], "patches_shape"),
        node("Slice", ["patches_shape", "zero", "two"], "outer"),
        node("Concat", ["outer", "rest"], "flat_shape", axis=0),
        node("Reshape", ["patches", "flat_shape"], "flat"),
        node("Transpose", ["flat"], "patch_tokens", perm=[0, 2, 1]),
    ]
    tokens = "patch_tokens"
    if others:
        nodes += [
            node("Slice", ["patches_shape", "zero", "one"], "count"),
            node("Concat", ["count", "cls_rest"], "cls_shape", axis=0),
            node("Expand", ["cls", "cls_shape"], "cls_tokens"),
            node("Concat", ["cls_tokens", tokens], "tokens", axis=1),
        ]
        tokens = "tokens"
    nodes.append(node("Add", [tokens, "places"], "embedded"))
    last = "embedded"
    for block in range(blocks):
        nodes += _block(last, block)
        last = f"block{block}"
    nodes.append(node("LayerNormalization", [last, "norm_w", "norm_b"], "normed", axis=-1))
    if class_token:
        nodes.append(node("Gather", ["normed", "first"], "read", axis=1))
    else:
        nodes.append(node("ReduceMean", ["normed"], "read", axes=[1], keepdims=0))
    nodes.append(node("Gemm", ["read", "head_w", "head_b"], "scores"))
    shape = [batch, 3, HEIGHT_OF_IMAGE, WIDTH_OF_IMAGE]
    weights = _weights(others, blocks, shown=shown)
    return model(nodes, shape=shape, weights=weights).SerializeToString()


def _block(before: str, block: int) -> list[onnx.NodeProto]:
    b = f"b{block}_"
    return [
        node("LayerNormalization", [before, "norm_w", "norm_b"], b + "norm1", axis=-1),
        *(node("MatMul", [b + "norm1", b + f"{name}_w"], b + name) for name in ("q", "k", "v")),
        node("Transpose", [b + "k"], b + "kt", perm=[0, 2, 1]),
        node("MatMul", [b + "q", b + "kt"], b + "alike"),
        node("Mul", [b + "alike", "scale"], b + "scaled"),
        node("Softmax", [b + "scaled"], b + "attention", axis=-1),
        node("MatMul", [b + "attention", b + "v"], b + "mixed"),
        node("Add", [before, b + "mixed"], b + "attended"),
        node("LayerNormalization", [b + "attended", "norm_w", "norm_b"], b + "norm2", axis=-1),
        node("MatMul", [b + "norm2", b + "up_w"], b + "up"),
        node("Relu", [b + "up"], b + "fired"),
        node("MatMul", [b + "fired", b + "down_w"], b + "down"),
        node("Add", [b + "attended", b + "down"], f"block{block}"),
    ]


def _weights(others: int, blocks: int, *, shown: bool) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)

    def drawn(*shape: int, scale: float = 0.5) -> np.ndarray:
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    found = {
        "patch_w": drawn(WIDTH, 3, PATCH, PATCH, scale=0.2), "patch_b": drawn(WIDTH),
        "cls": drawn(1, others, WIDTH), "places": drawn(1, ROWS * COLUMNS + others, WIDTH, scale=0.2),
        "norm_w": np.ones(WIDTH, np.float32), "norm_b": np.zeros(WIDTH, np.float32),
        "head_w": drawn(WIDTH, CLASSES), "head_b": drawn(CLASSES),
        "scale": np.asarray(WIDTH**-0.5, np.float32),
        "zero": np.asarray([0]), "one": np.asarray([1]), "two": np.asarray([2]), "first": np.asarray(0),
        "rest": np.asarray([-1]), "cls_rest": np.asarray([others, WIDTH]),
    }  # fmt: skip
    for block in range(blocks):
        b = f"b{block}_"
        found |= {b + f"{name}_w": drawn(WIDTH, WIDTH) for name in ("q", "k", "v")}
        found |= {b + "up_w": drawn(WIDTH, 2 * WIDTH), b + "down_w": drawn(2 * WIDTH, WIDTH)}
    if shown:
        # A patch is its mean color and the opposite of it, so that no norm takes anything away; attention is even.
        colors = np.zeros((WIDTH, 3, PATCH, PATCH), np.float32)
        for channel in range(3):
            colors[channel, channel], colors[channel + 3, channel] = 1 / PATCH**2, -1 / PATCH**2
        found |= {
            "patch_w": colors, "patch_b": np.zeros(WIDTH, np.float32),
            "cls": np.full((1, others, WIDTH), 0.01, np.float32) * np.asarray([1, 1, 1, -1, -1, -1], np.float32),
            "places": np.zeros_like(found["places"]),
            "head_w": np.eye(WIDTH, CLASSES, dtype=np.float32), "head_b": np.zeros(CLASSES, np.float32),
        }  # fmt: skip
        for block in range(blocks):
            b = f"b{block}_"
            found |= {b + f"{name}_w": np.zeros((WIDTH, WIDTH), np.float32) for name in ("q", "k")}
            found |= {b + "v_w": np.eye(WIDTH, dtype=np.float32)}
            found |= {b + "down_w": np.zeros((2 * WIDTH, WIDTH), np.float32)}
    return found
