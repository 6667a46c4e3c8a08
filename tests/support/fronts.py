"""Random networks that read their input in any layout, through whatever exporters put before the first convolution."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx

from tests.support.graphs import model, node

SPACES = ("L", "HW", "DHW")
EXTENTS = {"L": (24, 40), "D": (7, 10), "H": (8, 14), "W": (8, 14)}


@dataclass
class Front:
    """A network as far as it is built: its nodes, and which letter of the layout each axis of its last tensor is."""

    rng: np.random.Generator
    layout: str
    sizes: dict[str, int]
    axes: list[str] = field(init=False)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    last: str = "x"
    done: list[str] = field(default_factory=list)
    kept: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Per axis of space, which of its pixels are read: the first, and the one after the last."""

    def __post_init__(self) -> None:
        self.axes = list(self.layout)
        self.now = dict(self.sizes)
        self.kept = {letter: (0, self.sizes[letter]) for letter in self.space}
        self.is_turned = dict.fromkeys(self.space, False)

    @property
    def space(self) -> str:
        return "".join(letter for letter in self.layout if letter in "LDHW")

    @property
    def shape(self) -> list[int | str]:
        return [self.sizes.get(letter, "n") if letter != "N" else "n" for letter in self.layout]

    def constant(self, value: object, dtype: type = np.int64) -> str:
        name = f"k{len(self.weights)}"
        self.weights[name] = np.asarray(value, dtype)
        return name

    def add(
        self, op_type: str, inputs: list[str] | None = None, *, outputs: int = 1, **attributes: object
    ) -> str:
        name = f"t{len(self.nodes)}"
        names = [name] if outputs == 1 else [f"{name}_{index}" for index in range(outputs)]
        self.nodes.append(
            onnx.helper.make_node(op_type, inputs or [self.last], names, name=name, **attributes)
        )
        self.last = names[0]
        return self.last

    def binary(self, op_type: str, value: float) -> None:
        self.add(op_type, [self.last, self.constant(value, np.float32)])

    # --- what exporters put in front

    def scale(self) -> None:
        self.binary("Mul", 0.5)

    def cast(self) -> None:
        self.add("Cast", to=onnx.TensorProto.DOUBLE)
        self.add("Cast", to=onnx.TensorProto.FLOAT)

    def quantize(self) -> None:
        scale, zero = self.constant(0.05, np.float32), self.constant(10, np.uint8)
        self.add("QuantizeLinear", [self.last, scale, zero])
        self.add("DequantizeLinear", [self.last, scale, zero])

    def turn(self) -> None:
        letter = str(self.rng.choice(list(self.space)))
        axis = self.axes.index(letter)
        parts = [self.constant([value]) for value in (-1, np.iinfo(np.int64).min + 1, axis, -1)]
        self.add("Slice", [self.last, *parts])
        self.is_turned[letter] = not self.is_turned[letter]

    def shuffle(self) -> None:
        perm = [int(axis) for axis in self.rng.permutation(len(self.axes))]
        self.add("Transpose", perm=perm)
        self.axes = [self.axes[axis] for axis in perm]

    def reverse_channels(self) -> None:
        if "C" not in self.axes:
            return
        order = self.constant(np.arange(self.sizes["C"])[::-1])
        self.add("Gather", [self.last, order], axis=self.axes.index("C"))

    def split_channels(self) -> None:
        if "C" not in self.axes or self.sizes["C"] < 2 or self.free_channels:
            return
        axis, source = self.axes.index("C"), self.last
        sizes = self.constant([1, self.sizes["C"] - 1])
        self.add("Split", [source, sizes], outputs=2, axis=axis)
        first = self.last
        self.add("Concat", [first.replace("_0", "_1"), first], axis=axis)

    def pad(self) -> None:
        letter = str(self.rng.choice(list(self.space)))
        axis, rank = self.axes.index(letter), len(self.axes)
        amounts = [0] * (2 * rank)
        amounts[axis], amounts[rank + axis] = 2, 1
        self.add("Pad", [self.last, self.constant(amounts)])
        self.now[letter] += 3

    def crop(self) -> None:
        letter = str(self.rng.choice(list(self.space)))
        if self.is_turned[letter] or self.now[letter] != self.sizes[letter]:
            return
        axis, end = self.axes.index(letter), self.sizes[letter] - 2
        self.add("Slice", [self.last, *(self.constant([value]) for value in (1, end, axis))])
        self.now[letter] = end - 1
        self.kept[letter] = (1, end)

    def fold_and_unfold(self) -> None:
        axis = int(self.rng.integers(len(self.axes) + 1))
        axes = self.constant([axis])
        self.add("Unsqueeze", [self.last, axes])
        self.add("Squeeze", [self.last, axes])

    free_channels = False
    free_space = False

    # --- the network behind

    is_gated = False
    """Whether every unit sees the whole image by way of a gate, as in squeeze-and-excitation."""

    def gate(self) -> list[onnx.NodeProto]:
        return [
            node("GlobalAveragePool", ["relu"], "squeezed"),
            node("Sigmoid", ["squeezed"], "gates"),
            node("Mul", ["relu", "gates"], "gated"),
        ]

    def finish(self, *, kernel: np.ndarray | None = None, stride: int = 1, classes: int = 3) -> bytes:
        """Bring the axes to N, C, space (as they are), and add a convolution, a rectifier, a maximum, a dense layer."""
        if "C" not in self.axes:
            self.add("Unsqueeze", [self.last, self.constant([len(self.axes)])])
            self.axes.append("C")
        if "N" not in self.axes:
            self.add("Unsqueeze", [self.last, self.constant([0])])
            self.axes.insert(0, "N")
        others = [axis for axis, letter in enumerate(self.axes) if letter not in "NC"]
        perm = [self.axes.index("N"), self.axes.index("C"), *others]
        if perm != sorted(perm):
            self.add("Transpose", perm=perm)
            self.axes = [self.axes[axis] for axis in perm]
        channels, rank = self.sizes.get("C", 1), len(others)
        if kernel is None:
            kernel = self.rng.standard_normal((4, channels, *(3,) * rank)).astype(np.float32)
        self.weights["w"] = kernel
        self.weights["v"] = self.rng.standard_normal((len(kernel), classes)).astype(np.float32)
        pads = [size // 2 for size in kernel.shape[2:]] * 2
        nodes = [
            *self.nodes,
            node("Conv", [self.last, "w"], "conv", pads=pads, strides=[stride] * rank),
            node("Relu", ["conv"], "relu"),
            *(self.gate() if self.is_gated else ()),
            node("GlobalMaxPool", ["gated" if self.is_gated else "relu"], "strongest"),
            node("Flatten", ["strongest"], "flat"),
            node("Gemm", ["flat", "v"], "scores"),
        ]
        is_free = {"C": self.free_channels, **dict.fromkeys(self.space, self.free_space)}
        shape = [
            f"free_{letter}" if is_free.get(letter) else size
            for letter, size in zip(self.layout, self.shape, strict=True)
        ]
        return model(nodes, shape=shape, weights=self.weights, opset=17).SerializeToString()


STEPS = (
    "scale",
    "cast",
    "quantize",
    "turn",
    "shuffle",
    "reverse_channels",
    "split_channels",
    "pad",
    "crop",
    "fold_and_unfold",
)


def random_front(seed: int, *, steps: int = 3) -> Front:
    """Return a front with some steps, in a random layout, of one to three axes of space and one to six channels."""
    rng = np.random.default_rng(seed)
    space = SPACES[seed % 3]
    layout = ("NC" + space, f"N{space}C", "N" + space, "C" + space)[seed // 3 % 4]
    sizes = {letter: int(rng.integers(*EXTENTS[letter])) for letter in space}
    if "C" in layout:
        sizes["C"] = int(rng.integers(1, 7))
    front = Front(rng=rng, layout=layout, sizes=sizes)
    front.free_channels = bool(rng.integers(2)) and "C" in layout and sizes["C"] > 1
    front.free_space, front.is_gated = seed % 4 == 3, seed % 5 == 2
    for name in rng.choice(STEPS, size=steps):
        getattr(front, str(name))()
        front.done.append(str(name))
    return front
