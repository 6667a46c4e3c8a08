"""Receptive fields against what changing pixels does to the units, in ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from inspector.errors import InvalidInputError
from inspector.graph.opset import standard_opset
from inspector.model.read import read_model
from inspector.model.receptive.field import COLUMN, ROW
from inspector.model.receptive.trace import trace_fields
from inspector.model.spec import OnnxModel
from inspector.types.layers import Layer
from tests.support.graphs import model, node
from tests.support.reach import changed, hull, reach
from tests.support.zoo import Zoo

RANDOM = np.random.default_rng(0)


def weights(*shape: int) -> np.ndarray:
    return RANDOM.uniform(0.5, 1.0, shape).astype(np.float32)


def conv(
    source: str, target: str, *, kernel: tuple[int, int] = (3, 3), op: str = "Conv", **attributes: Any
) -> onnx.NodeProto:
    return node(op, [source, f"w{kernel[0]}{kernel[1]}"], target, **attributes)


FILTERS = {f"w{h}{w}": weights(3, 3, h, w) for h, w in ((1, 1), (2, 2), (3, 3), (5, 3), (4, 4))}
INTS = {
    "axes": np.array([2, 3]),
    "starts": np.array([1, 2]),
    "ends": np.array([18, 100]),
    "steps": np.array([2, 3]),
    "twelve": weights(12, 3, 2, 2),
    "from_twelve": weights(3, 12, 3, 3),
    "pads": np.array([0, 0, 2, 1, 0, 0, 3, 0]),
    "crop": np.array([0, 0, -2, -1, 0, 0, -3, 0]),
    "scales": np.array([1, 1, 2, 3], np.float32),
    "half": np.array([1, 1, 0.5, 0.5], np.float32),
    "rows": np.array([3, 1, 7, 0]),
    "shuffled": np.array([1, 3, 1, 20, 17]),
    "joined": np.array([1, 3, 20, 17]),
    "repeats": np.array([1, 1, 2, 1]),
    "two": np.array(2),
    "three": np.array(3),
    "low": np.array(-100),
    "smaller": np.array([13, 12]),
    "larger": np.array([25, 20]),
    "condition": np.array([False, True, True, False, True]),
    "matrix": weights(3, 3),
    "column": weights(18, 1),
}

GRAPHS = {
    "stack": [
        conv("x", "a", pads=[1] * 4),
        node("Relu", ["a"], "b"),
        conv("b", "c", kernel=(5, 3), strides=[2, 2]),
    ],
    "padded stride then padded": [
        conv("x", "a", strides=[2, 2]),
        conv("a", "b", pads=[1] * 4),
        conv("b", "c", pads=[1] * 4),
    ],
    "dilation": [conv("x", "a", dilations=[2, 3], pads=[2, 0, 1, 3]), conv("a", "b", dilations=[2, 1])],
    "asymmetric pads": [conv("x", "a", pads=[0, 2, 1, 0], strides=[2, 1]), conv("a", "b", pads=[2, 0, 0, 1])],
    "negative pads": [
        conv("x", "a", pads=[1, 1, 1, 1]),
        node("Pad", ["a", "crop"], "b"),
        conv("b", "c", pads=[1] * 4),
    ],
    "ceil_mode": [
        node("MaxPool", ["x"], "a", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        node("AveragePool", ["a"], "b", kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 0, 0], ceil_mode=1),
        conv("b", "c", pads=[1] * 4),
    ],
    "dilated pool": [node("MaxPool", ["x"], "a", kernel_shape=[2, 3], dilations=[3, 2], strides=[2, 1])],
    "same upper": [
        conv("x", "a", auto_pad="SAME_UPPER", strides=[2, 2]),
        conv("a", "b", kernel=(4, 4), auto_pad="SAME_UPPER"),
    ],
    "same lower": [
        conv("x", "a", auto_pad="SAME_LOWER", strides=[3, 2]),
        conv("a", "b", kernel=(2, 2), auto_pad="SAME_LOWER"),
    ],
    "valid": [conv("x", "a", auto_pad="VALID", strides=[2, 2], kernel=(4, 4))],
    "branches": [
        conv("x", "a", kernel=(1, 1), strides=[2, 2]),
        conv("x", "b", kernel=(5, 3), strides=[2, 2], pads=[2, 1, 2, 1]),
        node("Add", ["a", "b"], "c"),
        conv("c", "d", pads=[1] * 4),
        node("MaxPool", ["c"], "e", kernel_shape=[3, 3], pads=[0, 0, 2, 2]),
        node("Concat", ["d", "e"], "f", axis=1),
    ],
    "transposed convolution": [
        conv("x", "a", strides=[2, 2]),
        conv("a", "b", op="ConvTranspose", strides=[2, 3], pads=[1, 0, 0, 1], output_padding=[1, 0]),
        conv("b", "c", op="ConvTranspose", kernel=(2, 2), strides=[3, 2], dilations=[1, 2]),
    ],
    "transposed same": [conv("x", "a", op="ConvTranspose", strides=[2, 2], auto_pad="SAME_UPPER")],
    "transposed sized": [conv("x", "a", op="ConvTranspose", strides=[2, 2], output_shape=[40, 34])],
    "slice": [node("Slice", ["x", "starts", "ends", "axes", "steps"], "a"), conv("a", "b", pads=[1] * 4)],
    "pad": [node("Pad", ["x", "pads"], "a"), conv("a", "b")],
    "pad edge": [node("Pad", ["x", "pads"], "a", mode="edge"), conv("a", "b", kernel=(2, 2))],
    "pad reflect": [node("Pad", ["x", "pads"], "a", mode="reflect"), conv("a", "b", strides=[2, 2])],
    "resize nearest": [node("Resize", ["x", "", "scales"], "a", mode="nearest"), conv("a", "b")],
    "resize nearest floor": [
        node(
            "Resize",
            ["x", "", "scales"],
            "a",
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        ),
        conv("a", "b", pads=[1] * 4),
    ],
    "resize linear": [
        node("Resize", ["x", "", "scales"], "a", mode="linear"),
        conv("a", "b", strides=[2, 2]),
    ],
    "resize linear down": [node("Resize", ["x", "", "half"], "a", mode="linear")],
    "resize corners": [
        node(
            "Resize", ["x", "", "scales"], "a", mode="linear", coordinate_transformation_mode="align_corners"
        )
    ],
    "depth to space": [
        node("Conv", ["x", "twelve"], "a"),
        node("DepthToSpace", ["a"], "b", blocksize=2),
        conv("b", "c", pads=[1] * 4),
    ],
    "space to depth": [
        conv("x", "a", kernel=(2, 2), pads=[0, 1, 0, 0]),
        node("SpaceToDepth", ["a"], "b", blocksize=2),
        node("Conv", ["b", "from_twelve"], "c", pads=[1] * 4),
    ],
    "gather rows": [node("Gather", ["x", "rows"], "a", axis=2), conv("a", "b", kernel=(2, 2))],
    "split rows": [node("Split", ["x"], ["a", "a2"], axis=2), conv("a2", "b", kernel=(2, 2))],
    "concat rows": [node("Concat", ["x", "x"], "a", axis=2), conv("a", "b", pads=[1] * 4)],
    "tile": [node("Tile", ["x", "repeats"], "a"), conv("a", "b")],
    "shuffle": [
        node("Reshape", ["x", "shuffled"], "a"),
        node("Transpose", ["a"], "b", perm=[0, 2, 1, 3, 4]),
        node("Reshape", ["b", "joined"], "c"),
        conv("c", "d", pads=[1] * 4),
    ],
    "global": [
        conv("x", "a", strides=[2, 2]),
        node("GlobalAveragePool", ["a"], "b"),
        node("Flatten", ["b"], "c"),
    ],
    "squeeze and excite": [
        conv("x", "a", pads=[1] * 4, strides=[2, 2]),
        node("GlobalAveragePool", ["a"], "b"),
        conv("b", "c", kernel=(1, 1)),
        node("Add", ["a", "c"], "d"),
        conv("d", "e"),
    ],
    "reduce rows": [
        conv("x", "a", strides=[2, 2]),
        node("ReduceMean", ["a"], "b", axes=[2], keepdims=1),
        node("Add", ["a", "b"], "c"),
    ],
    "running sum": [conv("x", "a", strides=[2, 2]), node("CumSum", ["a", "two"], "b")],
    "running sum backward": [
        conv("x", "a", strides=[2, 2]),
        node("CumSum", ["a", "three"], "b", reverse=1, exclusive=1),
        conv("b", "c"),
    ],
    "center crop": [node("CenterCropPad", ["x", "smaller"], "a", axes=[2, 3]), conv("a", "b")],
    "center pad": [node("CenterCropPad", ["x", "larger"], "a", axes=[-2, -1]), conv("a", "b")],
    "compressed": [node("Compress", ["x", "condition"], "a", axis=2), conv("a", "b")],
    "einsum over channels": [
        conv("x", "a"),
        node("Einsum", ["a", "matrix"], "b", equation="nchw,co->nohw"),
        conv("b", "c", pads=[1] * 4),
    ],
    "einsum over rows": [conv("x", "a"), node("Einsum", ["a", "column"], "b", equation="...hw,hk->...kw")],
    "cast like": [
        conv("x", "a", pads=[1] * 4),
        conv("x", "b", kernel=(5, 3), pads=[2, 1, 2, 1]),
        node("CastLike", ["a", "b"], "c"),
    ],
    "upper triangle": [conv("x", "a"), node("Trilu", ["a", "low"], "b")],
    "normalized": [
        conv("x", "a"),
        node("LpNormalization", ["a"], "b", axis=1, p=1),
        node("LRN", ["b"], "c", size=3),
    ],
}


def check_windows(
    proto: onnx.ModelProto, shape: tuple[int, ...], *, rows_axis: int = 2, skip: tuple[str, ...] = ()
) -> int:
    """Compare every layer's windows with what ONNX Runtime says; return how many layers were compared."""
    parsed = read_model(proto.SerializeToString())
    written = {name for each in proto.graph.node for name in each.output}
    layers = [layer for layer in parsed.layers if layer.output in written - set(skip)]
    assert layers
    height, width = shape[rows_axis], shape[rows_axis + 1]
    names = [layer.output for layer in layers]
    by_rows = reach(proto, names, shape, image_axis=rows_axis)
    by_columns = reach(proto, names, shape, image_axis=rows_axis + 1)
    for layer in layers:
        field = layer.receptive_field
        assert field is not None, layer.name
        seen_rows, seen_columns = by_rows[layer.output], by_columns[layer.output]
        rows, columns = spatial_axes(layer, parsed)
        for index in range(seen_rows.shape[1 + rows] if rows is not None else 1):
            top, _, bottom, _ = field.window(index, 0, height=height, width=width)
            assert_equal_windows(
                hull(units(seen_rows, rows, index)), (top, bottom), f"{layer.name} row {index}"
            )
        for index in range(seen_columns.shape[1 + columns] if columns is not None else 1):
            _, left, _, right = field.window(0, index, height=height, width=width)
            assert_equal_windows(
                hull(units(seen_columns, columns, index)), (left, right), f"{layer.name} column {index}"
            )
    return len(layers)


def check_bounds(proto: onnx.ModelProto, shape: tuple[int, ...]) -> None:
    """Compare every tensor's windows with what changes its units in a random image: nothing outside of them may."""
    parsed = read_model(proto.SerializeToString())
    rows_axis = 1 if parsed.input.layout == "NHWC" else 2
    fields = trace_fields(
        parsed.ir.graph, parsed.input, parsed.shapes, opset=standard_opset(parsed.ir), limits=parsed.limits
    )
    written = [name for each in proto.graph.node for name in each.output if name in fields]
    seen = {
        role: changed(proto, written, shape, image_axis=rows_axis + place, rng=RANDOM)
        for place, role in enumerate((ROW, COLUMN))
    }
    for name in written:
        for role in (ROW, COLUMN):
            windows = fields[name].track(role).windows
            axis = fields[name].roles.index(role) if role in fields[name].roles else None
            assert windows is not None
            for index, (low, high) in enumerate(windows):
                first, end = hull(units(seen[role][name], axis, index))
                assert first == end or low <= first < end <= high + 1, f"{name} {role} {index}"


def spatial_axes(layer: Layer, parsed: OnnxModel) -> tuple[int | None, int | None]:
    if len(layer.shape) != 4:
        return None, None
    return (1, 2) if layer.channel_axis == 3 else (2, 3)


def units(seen: np.ndarray, axis: int | None, index: int) -> np.ndarray:
    """Return per pixel whether any unit at `index` of a tensor's axis saw it."""
    if axis is not None:
        seen = np.take(seen, index, axis=1 + axis)
    return np.asarray(seen.reshape(len(seen), -1).any(axis=1))


def assert_equal_windows(seen: tuple[int, int], computed: tuple[int, int], where: str) -> None:
    if seen == (0, 0):
        assert computed[1] <= computed[0], where
    else:
        assert seen == computed, where


@pytest.mark.parametrize("name", GRAPHS)
def test_windows_are_the_pixels_that_change_a_unit(name: str) -> None:
    shape = (1, 3, 19, 18) if name == "space to depth" else (1, 3, 20, 17)
    nodes, skip = GRAPHS[name], ("a", "b") if name == "shuffle" else ()
    used = {item for each in nodes for item in each.input}
    proto = model(
        nodes,
        shape=shape,
        weights={key: value for key, value in (FILTERS | INTS).items() if key in used},
        opset=18 if "center" in name else 17,
    )
    assert check_windows(proto, shape, skip=skip)


def test_nhwc_is_followed_through_transposes() -> None:
    nodes = [
        node("Transpose", ["x"], "t", perm=[0, 3, 1, 2]),
        conv("t", "a", strides=[2, 2]),
        node("Transpose", ["a"], "b", perm=[0, 2, 3, 1]),
        node("MatMul", ["b", "dense"], "c"),
        node("Transpose", ["c"], "d", perm=[0, 3, 1, 2]),
        conv("d", "e", pads=[1] * 4),
    ]
    shape = (1, 20, 17, 3)
    proto = model(nodes, shape=shape, weights={"w33": FILTERS["w33"], "dense": weights(3, 3)})
    parsed = read_model(proto.SerializeToString())
    assert parsed.input.layout == "NHWC"
    assert [layer.channel_axis for layer in parsed.layers] == [1, 1, 3, 3, 1, 1]
    assert check_windows(proto, shape, rows_axis=1) == 6


def test_sizes_agree_with_the_published_ones_of_vgg16() -> None:
    """Araujo et al., Distill 2019, table of vgg_16/pool5: size 212, stride 32, padding 90."""
    nodes, source = [], "x"
    for stage, convolutions in enumerate((2, 2, 3, 3, 3)):
        for place in range(convolutions):
            nodes.append(conv(source, f"c{stage}{place}", pads=[1] * 4))
            source = f"c{stage}{place}"
        nodes.append(node("MaxPool", [source], f"p{stage}", kernel_shape=[2, 2], strides=[2, 2]))
        source = f"p{stage}"
    for size in (224, "free"):
        proto = model(nodes, shape=("batch", 3, size, size), weights={"w33": FILTERS["w33"]})
        field = read_model(proto.SerializeToString()).layer("p4").receptive_field
        assert field is not None
        assert (field.size, field.stride, field.offset) == ((212, 212), (32, 32), (-90, -90))
        assert field.window(3, 3, height=224, width=224) == (6, 6, 218, 218)
        assert field.window(0, 6, height=224, width=224) == (0, 102, 122, 224)
        assert not field.covers_all


def test_a_unit_that_does_not_exist_has_no_window() -> None:
    proto = model([conv("x", "a", strides=[2, 2])], weights={"w33": FILTERS["w33"]})
    field = read_model(proto.SerializeToString()).layer("a").receptive_field
    assert field is not None
    with pytest.raises(InvalidInputError, match="units 0 to 8"):
        field.window(9, 0, height=20, width=17)


def test_dense_layers_see_the_whole_image() -> None:
    nodes = [conv("x", "a"), node("Flatten", ["a"], "b"), node("Gemm", ["b", "dense"], "c")]
    proto = model(nodes, weights={"w33": FILTERS["w33"], "dense": weights(3 * 18 * 15, 4)})
    layer = read_model(proto.SerializeToString()).layer("c")
    assert layer.receptive_field is not None
    assert layer.receptive_field.covers_all
    assert layer.receptive_field.size == (20, 17)
    assert layer.receptive_field.window(0, 0, height=20, width=17) == (0, 0, 20, 17)
    assert (layer.channel_axis, layer.channels) == (1, 4)


def positive(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Replace filters by positive ones and clear biases, so that nothing can cancel."""
    for tensor in proto.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32 and array.ndim in (2, 4):
            tensor.CopyFrom(
                numpy_helper.from_array(np.full_like(array, array.shape[0] / array.size * 3), tensor.name)
            )
        elif array.dtype == np.float32 and array.ndim == 1 and array.size > 4:
            tensor.CopyFrom(numpy_helper.from_array(np.zeros_like(array), tensor.name))
    return proto


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size"),
    [("derived_squeezenet1.0_fp32", 160), ("derived_mobilenetv2_fp32_op15", 96), ("yolox_nano", 128)],
)
def test_windows_of_trained_architectures(zoo: Zoo, name: str, size: int) -> None:
    proto = positive(onnx.load(zoo.model(name)))
    for info in proto.graph.input:
        if len(info.type.tensor_type.shape.dim) == 4 and info.name in ("data_0", "input", "inputs"):
            for axis in (2, 3):
                info.type.tensor_type.shape.dim[axis].dim_value = size
    del proto.graph.value_info[:]
    parsed = read_model(proto.SerializeToString())
    spatial = [
        layer
        for layer in parsed.layers
        if len(layer.shape) == 4 and layer.op_type in ("Conv", "MaxPool", "Concat")
    ]
    skip = tuple(layer.output for layer in parsed.layers if layer not in spatial)
    assert check_windows(proto, (1, 3, size, size), skip=skip) > 20


def test_what_reads_a_tensor_of_unknown_rank_sees_all() -> None:
    """Which axes a Squeeze without axes takes away depends on the image's size, which is free here."""
    nodes = [
        conv("x", "c", kernel=(5, 3), strides=[5, 1]),
        node("Squeeze", ["c"], "squeezed"),
        node("Transpose", ["squeezed"], "turned", perm=[2, 0, 1]),
        node("Softmax", ["turned"], "last", axis=2),
    ]
    proto = model(nodes, shape=("N", 3, "H", "W"), weights={"w53": FILTERS["w53"]}, opset=12)
    layers = {layer.name: layer for layer in read_model(proto.SerializeToString()).layers}
    assert layers["c"].channel_axis == 1
    for name in ("squeezed", "turned", "last"):
        assert layers[name].channel_axis is None
        field = layers[name].receptive_field
        assert field is not None
        assert field.covers_all
