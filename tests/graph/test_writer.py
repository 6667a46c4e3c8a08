"""The writer alone: an objective, and a step of an optimizer, against NumPy."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime as ort
import pytest

from inspector.graph.writer import OPSET, Writer

RNG = np.random.default_rng(3)


def run(model: ir.Model, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    proto = ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def masked_energy(mask: np.ndarray) -> ir.Model:
    """Return E(t) = Σ (t ⊙ mask)², one number per image, and ∂E/∂t."""
    w = Writer(prefix="objective/")
    t = w.input("t", [None, *mask.shape])
    masked = w.op("Mul", t, w.constant(mask))
    axes = w.ints(range(1, mask.ndim + 1))
    energy = w.op("ReduceSum", w.op("Mul", masked, masked), axes, keepdims=0)
    slope = w.op("Mul", w.op("Mul", masked, w.constant(mask)), w.constant(2.0))
    return w.finish({"energy": (energy, [None]), "slope": (slope, [None, *mask.shape])}, name="objective")


def test_an_objective() -> None:
    mask = RNG.integers(0, 2, (3, 5, 4)).astype(np.float32)
    t = RNG.standard_normal((2, 3, 5, 4)).astype(np.float32)

    found = run(masked_energy(mask), {"t": t})

    np.testing.assert_allclose(found["energy"], ((t * mask) ** 2).sum(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(found["slope"], 2 * t * mask**2, rtol=1e-6)


def adam(shape: tuple[int, ...], *, rate: float, first: float, second: float, tiny: float) -> ir.Model:
    """Return one step of Adam (Kingma & Ba 2015, algorithm 1): (x, g, m, v, t) -> (x', m', v', t')."""
    w = Writer(prefix="adam/")
    x, g, m, v = (w.input(name, shape) for name in "xgmv")
    t = w.op("Add", w.input("t", []), w.constant(1.0))

    def blend(old: ir.Value, new: ir.Value, keep: float) -> ir.Value:
        return w.sum([w.op("Mul", old, w.constant(keep)), w.op("Mul", new, w.constant(1 - keep))])

    def unbiased(value: ir.Value, keep: float) -> ir.Value:
        return w.op("Div", value, w.op("Sub", w.constant(1.0), w.op("Pow", w.constant(keep), t)))

    m, v = blend(m, g, first), blend(v, w.op("Mul", g, g), second)
    scale = w.op("Add", w.op("Sqrt", unbiased(v, second)), w.constant(tiny))
    step = w.op("Div", w.op("Mul", unbiased(m, first), w.constant(rate)), scale)
    ends = {"x'": (w.op("Sub", x, step), shape), "m'": (m, shape), "v'": (v, shape), "t'": (t, [])}
    return w.finish(ends, name="adam")


def test_steps_of_adam() -> None:
    rate, first, second, tiny = 0.05, 0.9, 0.999, 1e-8
    shape = (1, 3, 6, 5)
    model = adam(shape, rate=rate, first=first, second=second, tiny=tiny)
    x = RNG.standard_normal(shape)
    goal = RNG.standard_normal(shape)
    m, v = np.zeros(shape), np.zeros(shape)
    state = {"x": x, "m": m, "v": v, "t": np.zeros(())}
    state = {name: value.astype(np.float32) for name, value in state.items()}

    for t in range(1, 6):
        g = 2 * (state["x"] - goal.astype(np.float32))
        found = run(model, state | {"g": g})
        state = {name.removesuffix("'"): value for name, value in found.items()}
        g64 = 2 * (x - goal)
        m, v = first * m + (1 - first) * g64, second * v + (1 - second) * g64**2
        x = x - rate * (m / (1 - first**t)) / (np.sqrt(v / (1 - second**t)) + tiny)

    assert state["t"] == 5
    for name, expected in {"x": x, "m": m, "v": v}.items():
        np.testing.assert_allclose(state[name], expected, rtol=1e-4, atol=1e-5)


def test_equal_constants_are_written_once_and_unlike_ones_apart() -> None:
    w = Writer(prefix="p/")
    long = np.zeros(1000, np.float32)
    other = long.copy()
    other[-1] = 1  # alike where the writer looks first

    assert w.constant(long) is w.constant(long.copy())
    assert w.constant(long) is not w.constant(other)
    assert w.ints([1]) is not w.ints(1)
    assert w.ints(1) is not w.constant(1)


def test_what_no_output_needs_is_gone_and_inputs_stay() -> None:
    w = Writer(prefix="p/")
    x, unused = w.input("x", [2]), w.input("unused", [2])
    w.op("Exp", w.op("Mul", unused, w.constant(7.0)))

    model = w.finish({"y": (w.op("Neg", x), [2]), "z": (x, [2])}, name="graph")

    assert [value.name for value in model.graph.inputs] == ["x", "unused"]
    assert [node.op_type for node in model.graph] == ["Neg", "Identity", "Identity"]
    assert not model.graph.initializers
    assert model.opset_imports[""] == OPSET
    found = run(model, {"x": np.asarray([1, 2], np.float32), "unused": np.asarray([0, 0], np.float32)})
    np.testing.assert_array_equal(found["y"], [-1, -2])
    np.testing.assert_array_equal(found["z"], [1, 2])


@pytest.mark.parametrize("dtype", [ir.DataType.FLOAT, ir.DataType.DOUBLE, ir.DataType.FLOAT16])
def test_the_graphs_float_type_and_masks(dtype: ir.DataType) -> None:
    w = Writer(prefix="p/", dtype=dtype)
    x = w.input("x", [5])
    parts = w.split(w.positive(x), [2, 3], axis=0)
    values = np.asarray([-2, 0, 1e-3, 3, -0.0], dtype.numpy())

    model = w.finish({"left": (parts[0], [2]), "right": (parts[1], [3])}, name="graph")

    found = run(model, {"x": values})
    np.testing.assert_array_equal(np.concatenate(list(found.values())), [0, 0, 1, 1, 0])
    assert found["left"].dtype == dtype.numpy()
