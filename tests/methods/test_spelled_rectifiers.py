"""Networks whose rectifiers are spelled in parts give the maps of twins with operators; what found none says so."""

from __future__ import annotations

import numpy as np
import pytest

import inspector
from inspector import Class
from inspector.methods.notes import IDLE_POLICY, NO_RECTIFIER
from tests.support.graphs import model, node
from tests.support.rectified import TWINS, Pen, Spelled

pytestmark = pytest.mark.slow

SPELLINGS_OF_EACH = 12
ABOUT_POLICIES = {NO_RECTIFIER, IDLE_POLICY}
OPSETS = {"Swish": 24, "Gelu": 20, "Mish": 18}


def network(rectifier: Spelled, *, seed: int, opset: int) -> bytes:
    """Return conv, rectifier, conv, rectifier, dense."""
    rng, fixed = np.random.default_rng(seed), np.random.default_rng(9)
    nodes, below = [], "x"
    weights: dict[str, np.ndarray | np.generic] = {}
    for number, channels in ((1, 3), (2, 4)):
        weights[f"w{number}"] = (fixed.standard_normal((4, channels, 3, 3)) / 3).astype(np.float32)
        nodes.append(node("Conv", [below, f"w{number}"], f"c{number}"))
        pen = Pen(f"r{number}", rng)
        below = rectifier(pen, f"c{number}")
        nodes += pen.nodes
        weights |= pen.weights
    weights["dense"] = fixed.standard_normal((4, 3)).astype(np.float32)
    nodes += [
        node("GlobalAveragePool", [below], "g"),
        node("Flatten", ["g"], "f"),
        node("MatMul", ["f", "dense"], "y"),
    ]
    return model(nodes, shape=(1, 3, 9, 8), weights=weights, opset=opset, ir_version=10).SerializeToString()


@pytest.mark.parametrize("name", TWINS)
def test_spelled_in_parts_they_give_the_maps_of_the_operator(name: str) -> None:
    spelled, operator = TWINS[name]
    x = np.random.default_rng(4).standard_normal((1, 3, 9, 8)).astype(np.float32)
    methods = ("saliency", "guided", "deconvnet")
    with inspector.load(network(operator, seed=0, opset=max(OPSETS.get(name, 0), 14)), device="cpu") as twin:
        expected = {one: twin.attribute(x, method=one, target=Class(1)).maps for one in methods}
    assert np.abs(expected["guided"] - expected["saliency"]).max() > 1e-3

    wrong = []
    for seed in range(SPELLINGS_OF_EACH):
        data = network(spelled, seed=seed, opset=14)
        with inspector.load(data, device="cpu") as ours:
            for one in methods:
                found = ours.attribute(x, method=one, target=Class(1))
                off = np.abs(found.maps - expected[one]).max() / np.abs(expected[one]).max()
                if off > 1e-4 or ABOUT_POLICIES & {note.id for note in found.notes}:
                    wrong.append((seed, one, float(off), found.notes))
    assert not wrong


def linear() -> bytes:
    return network(lambda pen, x: pen.op("Tanh", x), seed=0, opset=14)


@pytest.mark.parametrize("method", ["guided", "deconvnet"])
def test_without_a_rectifier_the_map_is_said_to_be_the_plain_gradient(method: str) -> None:
    x = np.random.default_rng(4).standard_normal((1, 3, 9, 8)).astype(np.float32)
    with inspector.load(linear(), device="cpu") as ours:
        plain = ours.attribute(x, method="saliency", target=Class(1))
        found = ours.attribute(x, method=method, target=Class(1))
        np.testing.assert_allclose(found.maps, plain.maps, rtol=1e-5)
        assert ABOUT_POLICIES & {note.id for note in found.notes} == {NO_RECTIFIER}
        assert not ABOUT_POLICIES & {note.id for note in plain.notes}


def test_a_layers_policy_that_changes_nothing_is_named() -> None:
    x = np.random.default_rng(4).standard_normal((1, 3, 9, 8)).astype(np.float32)
    data = network(lambda pen, x: pen.op("Relu", x), seed=0, opset=14)
    with inspector.load(data, device="cpu") as ours:
        idle = ours.attribute(x, target=Class(1), policies={"c1": "guided"})
        acting = ours.attribute(x, target=Class(1), policies={"r1_0": "guided"})
        said = [str(note) for note in idle.notes if note.id in ABOUT_POLICIES]
        assert len(said) == 1
        assert "'c1'" in said[0]
        assert not ABOUT_POLICIES & {note.id for note in acting.notes}
        plain = ours.attribute(x, target=Class(1))
        np.testing.assert_array_equal(idle.maps, plain.maps)
        assert np.abs(acting.maps - plain.maps).max() > 0


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (1, 1, 1, 1)], ids=str)
@pytest.mark.parametrize("bounds", [(0.0, 6.0), (-0.4, 0.5), (0.0, None), (None, 0.3), (0.2, 0.6)], ids=str)
def test_bounds_of_a_clip_have_one_element_in_any_shape(
    shape: tuple[int, ...], bounds: tuple[float | None, float | None]
) -> None:
    x = np.random.default_rng(4).standard_normal((1, 3, 9, 8)).astype(np.float32)

    def clip_by(shape: tuple[int, ...]) -> Spelled:
        def clip(pen: Pen, below: str) -> str:
            names = ["" if bound is None else pen.weight(np.full(shape, bound)) for bound in bounds]
            return pen.op("Clip", below, *(names if names[1] else names[:1]))

        return clip

    maps = []
    for one in ((), shape):
        data = network(clip_by(one), seed=0, opset=13)
        with inspector.load(data, device="cpu") as ours:
            maps.append(
                [
                    ours.attribute(x, method=method, target=Class(1)).maps
                    for method in ("saliency", "guided", "lrp")
                ]
            )
            assert ours.activations(x, layers=["c1"])["c1"].shape == (1, 4, 7, 6)
    np.testing.assert_allclose(maps[0], maps[1], rtol=1e-4, atol=1e-7)
