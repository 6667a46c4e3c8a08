"""Uploads of the classes 1 to 24 of bad models: the number of the class, what it is, and what must be answered."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from benchmarks.attacks.models import (
    FLOAT,
    chain,
    endless,
    graph,
    model,
    node,
    small,
    written,
)
from benchmarks.attacks.pictures import png_that_says

REFUSED = ("INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "UNIMPLEMENTED")
INVALID = ("INVALID_ARGUMENT",)
EITHER = ("OK", *REFUSED)
"""What the runtime takes, it may take; what it does then must be bounded all the same."""


@dataclass(frozen=True)
class Upload:
    """One bad model."""

    number: int
    what: str
    build: Callable[[], bytes | ModelProto]
    codes: tuple[str, ...] = INVALID
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.number} {self.what}"


def changed(change: Callable[[ModelProto], Any]) -> Callable[[], ModelProto]:
    """Return what builds a good model, changed."""

    def build() -> ModelProto:
        made = small()
        change(made)
        return made

    return build


# 4: graphs within graphs. Python's protobuf reads no message nested more than 100 deep: deeper ones are bytes by hand.


def nested(depth: int) -> ModelProto:
    """Return a model with If in If, so deep."""
    inner = graph([node("Identity", ["x"], "i")], outputs=[("i", FLOAT, None)])
    for level in range(depth):
        other = graph([node("Identity", ["x"], f"e{level}")], outputs=[(f"e{level}", FLOAT, None)])
        branch = node("If", ["c"], f"o{level}", then_branch=inner, else_branch=other)
        inner = graph([branch], outputs=[(f"o{level}", FLOAT, None)])
    made = small()
    made.graph.node.extend(inner.node)
    made.graph.initializer.append(numpy_helper.from_array(np.array(1, bool), "c"))
    made.graph.output[0].name = f"o{depth - 1}"
    return made


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def nested_bytes(depth: int) -> bytes:
    """Return the bytes of such a model, of any depth."""
    inner = other = graph([node("Identity", ["x"], "i")], outputs=[("i", FLOAT, None)]).SerializeToString()
    is_graph = b"\xa0\x01\x05"
    for _ in range(depth):
        then = _field(5, _field(1, b"then_branch") + _field(6, inner) + is_graph)
        orelse = _field(5, _field(1, b"else_branch") + _field(6, other) + is_graph)
        branch = _field(1, b"c") + _field(2, b"i") + _field(4, b"If") + then + orelse
        inner = _field(1, branch) + _field(12, _field(1, b"i"))
    return written(small()) + _field(7, inner)


# 7 to 10: numbers that are none.


def opset(version: int) -> Callable[[], ModelProto]:
    return changed(lambda made: setattr(made.opset_import[0], "version", version))


def dims(values: list[int], raw: bytes = bytes(16)) -> Callable[[], ModelProto]:
    def change(made: ModelProto) -> None:
        made.graph.initializer[0].dims[:] = values
        made.graph.initializer[0].raw_data = raw

    return changed(change)


# 11 to 16: data that lies elsewhere.


def elsewhere(location: str, **more: object) -> ModelProto:
    """Return a model whose first weights lie in another file."""
    made = small()
    make_external(made.graph.initializer[0], location, **more)
    return made


def make_external(tensor: TensorProto, location: str, **more: object) -> None:
    """Let a tensor's data lie in another file."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        tensor.external_data.add(key=key, value=str(value))


def external_tensor(*shape: int, name: str = "k") -> TensorProto:
    tensor = TensorProto(data_type=FLOAT, dims=shape, name=name)
    make_external(tensor, "secret.bin")
    return tensor


def constant_elsewhere(attribute: str = "value") -> ModelProto:
    made = small()
    constant = node("Constant", [], "k", **{attribute: external_tensor(1)})
    made.graph.node.extend([constant, node("Add", ["y", "k"], "z")])
    made.graph.output[0].name = "z"
    return made


def sparse_elsewhere() -> ModelProto:
    made = small()
    sparse = made.graph.sparse_initializer.add()
    sparse.dims[:] = [4]
    sparse.values.CopyFrom(external_tensor(1, name="s"))
    sparse.indices.CopyFrom(numpy_helper.from_array(np.array([0])))
    return made


def subgraph_elsewhere() -> ModelProto:
    made = nested(1)
    made.graph.node[-1].attribute[0].g.initializer.append(external_tensor(4))
    return made


def function_elsewhere() -> ModelProto:
    made = small()
    body = [helper.make_node("Constant", [], ["kk"], value=external_tensor(1)), node("Add", ["a", "kk"], "b")]
    opsets = [helper.make_opsetid("", 17)]
    made.functions.append(helper.make_function("own", "fn", ["a"], ["b"], body, opsets))
    made.opset_import.add(domain="own", version=1)
    made.graph.node.append(helper.make_node("fn", ["y"], ["z"], domain="own"))
    made.graph.output[0].name = "z"
    return made


# 17 to 20: what a kernel makes of it.


def filled(count: int) -> ModelProto:
    """Return a model that fills so many values."""
    made = small()
    made.graph.initializer.append(numpy_helper.from_array(np.array([count]), "n"))
    fill = node("ConstantOfShape", ["n"], "h")
    made.graph.node.extend([fill, node("ReduceMax", ["h"], "m", keepdims=0), node("Add", ["y", "m"], "z")])
    made.graph.output[0].name = "z"
    return made


def convolution(shape: tuple[int, ...] = (4, 3, 3, 3), **attributes: Any) -> Callable[[], ModelProto]:
    weights = {"w": np.ones(shape, np.float32)}
    return lambda: model([node("Conv", ["x", "w"], "y", **attributes)], weights=weights)


def pooling(op: str, **attributes: Any) -> Callable[[], ModelProto]:
    return lambda: model([node(op, ["x"], "y", **attributes)])


def unpooled(index: int) -> Callable[[], ModelProto]:
    nodes = [
        node("MaxPool", ["x"], "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("MaxUnpool", ["p", "ix"], "y", kernel_shape=[2, 2], strides=[2, 2]),
    ]
    return lambda: model(nodes, weights={"ix": np.full((1, 3, 4, 4), index)})


# 21 to 24: very many, very long, very odd.


def outputs(count: int) -> ModelProto:
    made = small()
    for number in range(count):
        made.graph.node.append(node("Relu", ["f"], f"o{number}"))
        made.graph.output.add().name = f"o{number}"
    return made


NAMES = {
    "NUL": "a\0b",
    "a newline": "a\nb",
    "../": "../../x",
    "HTML": "<script>alert(1)</script>",
    "a megabyte": "n" * 1_000_000,
    "an escape": "a\x1b[31mb",
    "a line separator": "a\u2028\u202eb",
}


def node_named(name: str) -> Callable[[], ModelProto]:
    return changed(lambda made: setattr(made.graph.node[0], "name", name))


def tensor_named(name: str) -> Callable[[], ModelProto]:
    def change(made: ModelProto) -> None:
        made.graph.node[0].output[0] = made.graph.node[1].input[0] = name

    return changed(change)


def props(values: dict[str, str]) -> Callable[[], ModelProto]:
    return lambda: model([node("Relu", ["x"], "y")], metadata=values)


def two_inputs() -> ModelProto:
    made = small()
    made.graph.input.append(helper.make_tensor_value_info("z", FLOAT, [1, 5]))
    made.graph.node.append(node("Add", ["y", "z"], "yz"))
    made.graph.output[0].name = "yz"
    return made


def sequence() -> ModelProto:
    made = small()
    made.graph.node.append(node("SequenceConstruct", ["y"], "sq"))
    del made.graph.output[:]
    made.graph.output.append(helper.make_tensor_sequence_value_info("sq", FLOAT, None))
    return made


def text() -> ModelProto:
    whole = graph(
        [node("StringNormalizer", ["x"], "y")],
        inputs=[("x", TensorProto.STRING, (1,))],
        outputs=[("y", TensorProto.STRING, None)],
    )
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def no_input() -> ModelProto:
    made = model([node("Relu", ["k"], "y")], weights={"k": np.ones(4, np.float32)})
    made.graph.ClearField("input")
    return made


def cyclic(made: ModelProto) -> None:
    made.graph.node[0].input[0] = "r"


def twice(made: ModelProto) -> None:
    made.graph.node[1].output[0] = "c"


def unknown(made: ModelProto) -> None:
    made.graph.node[1].op_type = "MyOp"


def foreign(made: ModelProto) -> None:
    made.graph.node[1].domain = "my.domain"


def negative_input(made: ModelProto) -> None:
    made.graph.input[0].type.tensor_type.shape.dim[2].dim_value = -5


def whole() -> bytes:
    return written(small())


EXTERNAL = ("EXTERNAL_DATA_REFUSED", "INVALID_MODEL")
MODEL = ("INVALID_MODEL", "MODEL_REFUSED", "MODEL_CRASHES", "LIMIT_EXCEEDED", "UNSUPPORTED_OPERATOR")

UPLOADS = (
    Upload(1, "nothing", lambda: b""),
    Upload(1, "one byte", lambda: b"\0"),
    Upload(2, "half of it", lambda: whole()[: len(whole()) // 2], reasons=MODEL),
    Upload(2, "all but a byte", lambda: whole()[:-1], reasons=MODEL),
    Upload(3, "random bytes", lambda: random.Random(1).randbytes(10_000), reasons=MODEL),  # noqa: S311
    Upload(3, "zeros", lambda: bytes(1000), reasons=MODEL),
    Upload(3, "a picture", lambda: png_that_says(8, 8), reasons=MODEL),
    *(Upload(4, f"If nested {depth}", partial(nested, depth), REFUSED) for depth in (20,)),
    *(
        Upload(4, f"If nested {depth}, as bytes", partial(nested_bytes, depth), REFUSED)
        for depth in (100, 3000)
    ),
    Upload(5, "a cycle", changed(cyclic), reasons=MODEL),
    Upload(6, "two outputs of one name", changed(twice), reasons=MODEL),
    *(Upload(7, f"opset {version}", opset(version)) for version in (999, 2**31, 0, -1)),
    Upload(8, "an operator that is none", changed(unknown), REFUSED),
    Upload(8, "an operator of nobody's domain", changed(foreign), REFUSED),
    Upload(9, "a dimension of -4", dims([-4, 3, 3, 3])),
    Upload(9, "an input's dimension of -5", changed(negative_input)),
    Upload(10, "2^40 with 16 bytes", dims([2**40]), REFUSED),
    Upload(10, "a product that overflows", dims([2**32, 2**32]), REFUSED),
    Upload(10, "0 times 2^62", dims([0, 2**62], b""), REFUSED),
    *(
        Upload(11, f"data at {place}", partial(elsewhere, place), reasons=EXTERNAL)
        for place in ("../outside/secret.bin", "/etc/passwd", "..\\outside\\secret.bin", "file:///etc/passwd")
    ),
    Upload(13, "data by a plain name", lambda: elsewhere("secret.bin", length=432), reasons=EXTERNAL),
    Upload(
        14,
        "the runtime's own marker",
        lambda: elsewhere("*/_ORT_MEM_ADDR_/*", offset=140_000_000_000_000, length=432),
        reasons=EXTERNAL,
    ),
    *(
        Upload(15, f"keys {str(more)[:40]}", partial(elsewhere, "secret.bin", **more), reasons=EXTERNAL)
        for more in (
            {"__class__": "x"},
            {"offset": -1},
            {"offset": "x"},
            {"length": 2**50},
            {"offset": 2**63, "length": 2**63},
            {"checksum": "a" * 100_000},
        )
    ),
    Upload(16, "data of a Constant", constant_elsewhere, reasons=EXTERNAL),
    Upload(16, "data of sparse weights", sparse_elsewhere, (*REFUSED,)),
    Upload(16, "data of a subgraph", subgraph_elsewhere, reasons=EXTERNAL),
    Upload(16, "data of a function", function_elsewhere, reasons=EXTERNAL),
    Upload(17, "32 GB of a constant", lambda: filled(8 * 2**30), REFUSED),
    Upload(18, "a loop without end", endless, ("RESOURCE_EXHAUSTED",), ("MODEL_TOO_SLOW",)),
    *(
        Upload(19, f"a filter of shape {shape}", convolution(shape))
        for shape in ((4, 3, 3), (4, 3, 3, 3, 3), (4,), (), (4, 0, 3, 3))
    ),
    *(
        Upload(19, f"a convolution with {given}", convolution(**given), REFUSED)
        for given in (
            {"dilations": [1, 1, 1]},
            {"dilations": [0, 0]},
            {"dilations": [-1, -1]},
            {"dilations": [2**31, 2**31]},
            {"strides": [0, 0]},
            {"strides": [-1, 1]},
            {"pads": [1, 1]},
            {"pads": [2**40] * 4},
            {"group": 0},
            {"group": 5},
            {"group": -3},
            {"kernel_shape": [3]},
            {"kernel_shape": [5, 5]},
        )
    ),
    Upload(19, "a pool of 0", pooling("MaxPool", kernel_shape=[0, 0])),
    Upload(19, "a pool of rank 3", pooling("MaxPool", kernel_shape=[2, 2, 2])),
    Upload(19, "a pool with one dilation", pooling("MaxPool", kernel_shape=[2, 2], dilations=[2])),
    Upload(19, "a pool with strides of 0", pooling("AveragePool", kernel_shape=[2, 2], strides=[0, 0])),
    *(Upload(20, f"an index of {index}", unpooled(index), REFUSED) for index in (10**9, -5, 2**62)),
    Upload(21, "a million nodes", lambda: chain(1_000_000), REFUSED),
    Upload(21, "ten thousand outputs", lambda: outputs(10_000), REFUSED),
    *(Upload(22, f"a node named with {what}", node_named(name), EITHER) for what, name in NAMES.items()),
    *(Upload(22, f"a tensor named with {what}", tensor_named(name), EITHER) for what, name in NAMES.items()),
    Upload(23, "metadata of 20 MB", props({"k": "v" * 20_000_000}), REFUSED),
    Upload(23, "100,000 keys", props({f"k{number}": "v" for number in range(100_000)}), EITHER),
    Upload(
        23,
        "500,000 names",
        props({"names": str({number: f"n{number}" for number in range(500_000)})}),
        EITHER,
    ),
    Upload(23, "names nested 100,000 deep", props({"names": "[" * 100_000 + "]" * 100_000}), EITHER),
    Upload(
        23, "30 MB of remarks", changed(lambda made: setattr(made, "doc_string", "d" * 30_000_000)), EITHER
    ),
    Upload(24, "no input", no_input),
    Upload(24, "two inputs", two_inputs, EITHER),
    Upload(24, "a sequence for its only output", sequence, EITHER),
    Upload(24, "a text for its input", text),
    Upload(24, "an image of any size", lambda: small(side="any"), ("OK",)),
    Upload(
        24, "an input of rank 5", lambda: model([node("Relu", ["x"], "y")], shape=(1, 3, 4, 4, 4)), EITHER
    ),
)
