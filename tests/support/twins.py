"""The dequantized twin of a quantized model around one image: an affine function of plain float operators.

Rounding is left out, weights are multiplied out, and whatever is piecewise (saturation, rectifiers, max-pooling) keeps
the piece that the deployed model is on: it becomes a product with a constant mask. The twin's slope is therefore the
straight-through gradient, and since the twin is affine, a difference of any size gives it exactly. It is written with
ONNX and NumPy alone, from the tensors that ONNX Runtime computes: none of the rules is its own judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tests.support.graphs import Exposed
from tests.support.sessions import NEWEST_OPSET

Tensors = Mapping[str, np.ndarray]

_TO_OUTPUT = ("DequantizeLinear", "Reshape", "Softmax", "Identity")


def affine_twin(proto: onnx.ModelProto, x: np.ndarray) -> onnx.ModelProto:
    """Return the twin of a model around the image x."""
    return _Twin(proto, all_tensors(proto, x)).model()


def all_tensors(proto: onnx.ModelProto, x: np.ndarray) -> dict[str, np.ndarray]:
    """Return every tensor that a model computes from the image x, and x."""
    names = [name for node in proto.graph.node for name in node.output if name]
    of_four_bits = any(t.data_type in (TensorProto.INT4, TensorProto.UINT4) for t in proto.graph.initializer)
    if of_four_bits or _opset(proto) > NEWEST_OPSET:  # neither of which ONNX Runtime hands out
        found = ReferenceEvaluator(proto).run(None, {_image(proto): x}, intermediate=True)
        return {name: found[name] for name in [*names, _image(proto)]}
    return Exposed(proto, names).run(x) | {_image(proto): x}


def _opset(proto: onnx.ModelProto) -> int:
    return next(o.version for o in proto.opset_import if o.domain in ("", "ai.onnx"))


def _image(proto: onnx.ModelProto) -> str:
    weights = {t.name for t in proto.graph.initializer}
    return next(value.name for value in proto.graph.input if value.name not in weights)


class _Twin:
    def __init__(self, proto: onnx.ModelProto, values: Tensors) -> None:
        self._proto = proto
        self._values = values
        self._known = {t.name: numpy_helper.to_array(t) for t in proto.graph.initializer}
        self._nodes: list[onnx.NodeProto] = []
        self._floats: dict[str, np.ndarray] = {}

    def model(self) -> onnx.ModelProto:
        for node in self._proto.graph.node:
            self._add(node)
        graph = self._proto.graph
        opset = min(_opset(self._proto), NEWEST_OPSET)
        image = next(value for value in graph.input if value.name == _image(self._proto))
        shape = [dim.dim_value or dim.dim_param for dim in image.type.tensor_type.shape.dim]
        used = {name for node in self._nodes for name in node.input}
        arrays = {name: array for name, array in self._known.items() if name in used} | self._floats
        made = helper.make_graph(
            self._nodes,
            "twin",
            [helper.make_tensor_value_info(image.name, TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(o.name, TensorProto.FLOAT, None) for o in graph.output],
            [numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()],
        )
        return helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)

    def _add(self, node: onnx.NodeProto) -> None:
        if all(name in self._known for name in node.input if name):
            self._fold(node)
            return
        write: Callable[[onnx.NodeProto], None] | None = getattr(self, f"_at_{node.op_type.lower()}", None)
        if write is not None:
            write(node)
        elif node.op_type.startswith("QLinear"):
            self._on_codes(node)
        else:
            self._nodes.append(node)

    def _fold(self, node: onnx.NodeProto) -> None:
        if node.op_type == "Mul":  # of scales: a dynamic one is 1 here, whatever the model computes
            self._known[node.output[0]] = self._known[node.input[0]] * self._known[node.input[1]]
        else:
            self._known[node.output[0]] = self._values[node.output[0]]

    # --- where codes begin and end

    def _at_quantizelinear(self, node: onnx.NodeProto) -> None:
        """The mask is that of the codes before they are cut off, their ends included."""
        x = node.input[0]
        ends, scale, zero = self._codes(node, (1, 2), **_axis_and_block(node))
        free = np.rint(self._values[x] / np.asarray(scale, np.float32)) + zero
        self._quantize(x, node, scale, zero, (free >= ends.min) & (free <= ends.max))

    def _at_dequantizelinear(self, node: onnx.NodeProto) -> None:
        self._write("Identity", [self._real(node, (0, 1, 2), **_axis_and_block(node))], node.output[0])

    def _at_dynamicquantizelinear(self, node: onnx.NodeProto) -> None:
        self._write("Identity", [node.input[0]], node.output[0])
        self._known[node.output[1]] = np.asarray(1, np.float32)
        self._known[node.output[2]] = np.asarray(0, np.uint8)

    def _at_cast(self, node: onnx.NodeProto) -> None:
        self._write("Identity", [node.input[0]], node.output[0])

    # --- operators on codes

    def _at_convinteger(self, node: onnx.NodeProto) -> None:
        operands = [self._real(node, (0, None, 2)), self._real(node, (1, None, 3), axis=0)]
        self._write("Conv", operands, node.output[0], **_attributes(node))

    def _at_matmulinteger(self, node: onnx.NodeProto) -> None:
        self._write(
            "MatMul", [self._real(node, (0, None, 2)), self._real(node, (1, None, 3))], node.output[0]
        )

    def _at_matmulintegertofloat(self, node: onnx.NodeProto) -> None:
        self._write("MatMul", [self._real(node, (0, 2, 4)), self._real(node, (1, 3, 5))], node.output[0])

    def _at_dynamicquantizematmul(self, node: onnx.NodeProto) -> None:
        self._write("MatMul", [node.input[0], self._real(node, (1, 2, 3))], node.output[0])

    def _at_qlinearconv(self, node: onnx.NodeProto) -> None:
        operands = [self._real(node, (0, 1, 2)), self._real(node, (3, 4, 5), axis=0)]
        self._requantize(
            self._write("Conv", operands, node.output[0] + "/y", **_attributes(node)), node, (6, 7)
        )

    def _at_qgemm(self, node: onnx.NodeProto) -> None:
        attributes = _attributes(node)
        operands = [
            self._real(node, (0, 1, 2)),
            self._real(node, (3, 4, 5), axis=0 if attributes.get("transB") else 1),
        ]
        is_float = len(node.input) < 8
        y = self._write("Gemm", operands, node.output[0] + ("" if is_float else "/y"), **attributes)
        if not is_float:
            self._requantize(y, node, (7, 8))

    def _at_qlinearconcat(self, node: onnx.NodeProto) -> None:
        operands = [self._real(node, (i, i + 1, i + 2)) for i in range(2, len(node.input), 3)]
        self._requantize(
            self._write("Concat", operands, node.output[0] + "/y", **_attributes(node)), node, (0, 1)
        )

    def _at_qlinearwhere(self, node: onnx.NodeProto) -> None:
        x, y = (self._real(node, (i, i + 1, i + 2)) for i in (1, 4))
        output, chosen = node.output[0], self._known[node.input[0]]
        ones = [self._write("Mul", [x, self._constant(output + "/chosen", chosen)], output + "/x"),
                self._write("Mul", [y, self._constant(output + "/other", ~chosen)], output + "/other_y")]  # fmt: skip
        self._requantize(self._write("Add", ones, output + "/y"), node, (7, 8))

    def _on_codes(self, node: onnx.NodeProto) -> None:
        """QLinearAdd is Add, and so on: codes, scale and zero point per operand, then those of the result."""
        attributes: dict[str, Any] = {
            name: value for name, value in _attributes(node).items() if name != "channels_last"
        }
        operands = [self._real(node, (i, i + 1, i + 2)) for i in range(0, len(node.input) // 3 * 3, 3)]
        y = self._write(node.op_type.removeprefix("QLinear"), operands, node.output[0] + "/y", **attributes)
        self._requantize(y, node, (3 * len(operands), 3 * len(operands) + 1))

    # --- what is piecewise

    def _at_relu(self, node: onnx.NodeProto) -> None:
        self._mask(node.input[0], self._values[node.output[0]] > 0, node.output[0])

    def _at_clip(self, node: onnx.NodeProto) -> None:
        y = self._values[node.output[0]]
        self._mask(
            node.input[0],
            (y > y.dtype.type(self._known[node.input[1]])) & (y < self._known[node.input[2]]),
            node.output[0],
        )

    def _at_maxpool(self, node: onnx.NodeProto) -> None:
        """Of windows that do not overlap: the mean of what the first maximum leaves, times the window's size."""
        x = self._values[node.input[0]]
        rows, columns = _attributes(node)["kernel_shape"]
        assert _attributes(node)["strides"] == [rows, columns]
        n, c, height, width = x.shape
        used = x[:, :, : height // rows * rows, : width // columns * columns]
        tiles = used.reshape(n, c, height // rows, rows, width // columns, columns).swapaxes(3, 4)
        flat = tiles.reshape(*tiles.shape[:4], rows * columns)
        first = np.arange(rows * columns) == flat.argmax(axis=-1)[..., None]
        mask = np.zeros_like(x)
        mask[:, :, : used.shape[2], : used.shape[3]] = (
            first.reshape(tiles.shape).swapaxes(3, 4).reshape(used.shape)
        )
        masked = self._mask(node.input[0], mask, node.output[0] + "/masked")
        window: dict[str, Any] = {"kernel_shape": [rows, columns], "strides": [rows, columns]}
        means = self._write("AveragePool", [masked], node.output[0] + "/means", **window)
        self._write(
            "Mul",
            [means, self._constant(node.output[0] + "/size", np.asarray(rows * columns))],
            node.output[0],
        )

    # --- writing

    def _real(
        self, node: onnx.NodeProto, indices: Sequence[int | None], *, axis: int = -1, block: int = 0
    ) -> str:
        """Write (q − z)·s; a constant is multiplied out."""
        codes, scale, zero = (node.input[i] if i is not None and i < len(node.input) else "" for i in indices)
        name = f"{node.output[0]}/{indices[0]}"
        z, s = self._slices(zero, codes, axis, block, 0), self._slices(scale, codes, axis, block, 1)
        if codes in self._known:
            return self._constant(name, (self._known[codes].astype(np.float64) - z) * s)
        centered = self._write("Sub", [codes, self._constant(name + "/z", z)], name + "/centered")
        return self._write("Mul", [centered, self._constant(name + "/s", s)], name)

    def _requantize(self, y: str, node: onnx.NodeProto, indices: tuple[int, int]) -> None:
        """The mask is that of the codes strictly between their ends."""
        ends, scale, zero = self._codes(node, indices)
        codes = self._values[node.output[0]].astype(np.float64)
        self._quantize(y, node, scale, zero, (codes > ends.min) & (codes < ends.max))

    def _quantize(
        self, x: str, node: onnx.NodeProto, scale: np.ndarray, zero: np.ndarray, mask: np.ndarray
    ) -> None:
        """Write x/s·mask + z; an output of the model is not cut off."""
        codes = node.output[0]
        ratio = self._write("Div", [x, self._constant(codes + "/scale", scale)], codes + "/ratio")
        if not self._is_output(codes):
            ratio = self._mask(ratio, mask, codes + "/masked")
        self._write("Add", [ratio, self._constant(codes + "/zero", zero)], codes)

    def _mask(self, x: str, mask: np.ndarray, output: str) -> str:
        return self._write("Mul", [x, self._constant(output + "/mask", mask)], output)

    def _is_output(self, codes: str) -> bool:
        users = [node for node in self._proto.graph.node if codes in node.input]
        if codes in {o.name for o in self._proto.graph.output}:
            return True
        return bool(users) and all(self._leads_out(user, codes) for user in users)

    def _leads_out(self, user: onnx.NodeProto, codes: str) -> bool:
        others = [name for name in user.input if name and name != codes]
        is_bias = user.op_type in ("Add", "QLinearAdd") and all(name in self._known for name in others)
        return (is_bias or user.op_type in _TO_OUTPUT) and self._is_output(user.output[0])

    def _codes(
        self, node: onnx.NodeProto, indices: tuple[int, int], *, axis: int = -1, block: int = 0
    ) -> tuple[ml_dtypes.iinfo, np.ndarray, np.ndarray]:
        scale, zero = (node.input[i] if i < len(node.input) else "" for i in indices)
        kind = ml_dtypes.iinfo(self._values[node.output[0]].dtype)
        scales, zeros = (
            self._slices(n, node.output[0], axis, block, default) for n, default in ((scale, 1), (zero, 0))
        )
        return kind, scales, zeros

    def _slices(self, name: str, like: str, axis: int, block: int, default: int) -> np.ndarray:
        array = np.asarray(self._known[name] if name else default).astype(np.float64)
        if array.size == 1:
            return array.reshape(())
        shape = (self._known[like] if like in self._known else self._values[like]).shape
        if block:
            return np.take(np.repeat(array, block, axis=axis), range(shape[axis]), axis=axis)
        return (
            array.reshape([-1 if i == axis % len(shape) else 1 for i in range(len(shape))])
            if array.ndim == 1
            else array
        )

    def _constant(self, name: str, array: np.ndarray) -> str:
        self._floats[name] = np.asarray(array, np.float32)
        return name

    def _write(self, op_type: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(op_type, list(inputs), [output], name=output, **attributes))
        return output


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _axis_and_block(node: onnx.NodeProto) -> dict[str, int]:
    attributes = _attributes(node)
    return {"axis": attributes.get("axis", 1), "block": attributes.get("block_size", 0)}
