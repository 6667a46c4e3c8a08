"""Which layers are taken for one another."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from inspector.checks.examination import SkippedError
from inspector.checks.measures.drift.matched import Matched, matched_layers
from tests.checks.drift.pairs import change, examination, network, pictures
from tests.support.graphs import model, node
from tests.support.quantized_cnn import quantized_cnn


def pairs_of(found: Matched) -> dict[str, tuple[str, str]]:
    return {pair.own: (pair.other, pair.by) for pair in found.pairs}


def test_names_and_values_agree() -> None:
    found = examination(network(), network()).measured(matched_layers)
    assert all(own == other and by == "name" for own, (other, by) in pairs_of(found).items())
    assert (found.alone, found.missing) == ((), ())


def test_without_names_it_is_values_and_order() -> None:
    found = examination(network(), network(prefix="other_")).measured(matched_layers)
    assert {own: other for own, (other, _) in pairs_of(found).items() if own != "x"} == {
        name: f"other_{name}" for name in found.own.tensors
    }
    assert {by for own, (_, by) in pairs_of(found).items() if own != "x"} == {"values"}


def test_a_folded_normalization_corresponds_to_what_it_was_folded_into() -> None:
    found = examination(network(), network(normalized=True)).measured(matched_layers)
    pairs = pairs_of(found)
    for index in range(4):
        assert pairs[f"conv{index}"][0] == f"norm{index}"
        assert pairs[f"relu{index}"][0] == f"relu{index}"
    assert found.missing == tuple(f"conv{index}" for index in range(4))


def test_a_layer_that_computes_nonsense_is_matched_by_its_name_or_order() -> None:
    spoilt = change(network(), "w2", lambda w: np.random.default_rng(1).standard_normal(w.shape))
    for prefix in ("", "other_"):
        found = examination(spoilt, network(prefix=prefix)).measured(matched_layers)
        assert {own: other for own, (other, _) in pairs_of(found).items() if own != "x"} == {
            name: f"{prefix}{name}" for name in found.own.tensors
        }


def branches(order: tuple[int, int], *, prefix: str = "") -> onnx.ModelProto:
    rng = np.random.default_rng(4)
    weights = {f"w{index}": rng.standard_normal((5, 3, 3, 3)).astype(np.float32) for index in range(2)}
    nodes = [node("Conv", ["x", f"w{index}"], f"{prefix}branch{index}") for index in order]
    nodes.append(node("Concat", [f"{prefix}branch0", f"{prefix}branch1"], f"{prefix}both", axis=1))
    nodes.append(node("GlobalAveragePool", [f"{prefix}both"], f"{prefix}scores"))
    return model(nodes, shape=("n", 3, 12, 12), weights=weights)


def test_branches_are_matched_in_whatever_order_an_exporter_wrote_them() -> None:
    found = examination(branches((0, 1)), branches((1, 0), prefix="other_")).measured(matched_layers)
    assert pairs_of(found)["branch0"] == ("other_branch0", "values")
    assert pairs_of(found)["branch1"] == ("other_branch1", "values")
    assert found.alone == ()


def test_a_folded_shortcut_that_is_written_earlier_is_matched_by_its_values() -> None:
    def shortcut(*, folded: bool) -> onnx.ModelProto:
        rng = np.random.default_rng(6)
        weights: dict[str, np.ndarray] = {
            name: rng.standard_normal((5, 3, 3, 3)).astype(np.float32) for name in ("w", "v")
        }
        scale = {
            name: rng.uniform(0.5, 2, 5).astype(np.float32) * sign for name, sign in (("a", 1), ("b", -1))
        }
        parts = []
        for conv, by in (("v", "b"), ("w", "a")) if folded else (("w", "a"), ("v", "b")):
            if folded:
                weights[conv] = weights[conv] * scale[by].reshape(-1, 1, 1, 1)
                parts.append(node("Conv", ["x", conv], f"{conv}.normed"))
                continue
            weights |= {by: scale[by], "zero": np.zeros(5, np.float32), "one": np.ones(5, np.float32)}
            parts.append(node("Conv", ["x", conv], f"{conv}.raw"))
            parts.append(
                node(
                    "BatchNormalization",
                    [f"{conv}.raw", by, "zero", "zero", "one"],
                    f"{conv}.out",
                    epsilon=0.0,
                )
            )
        last = "normed" if folded else "out"
        parts.append(node("Add", [f"w.{last}", f"v.{last}"], "sum"))
        parts.append(node("GlobalAveragePool", ["sum"], "scores"))
        return model(parts, shape=("n", 3, 12, 12), weights=weights)

    found = examination(shortcut(folded=True), shortcut(folded=False)).measured(matched_layers)
    pairs = pairs_of(found)
    assert (pairs["w.normed"][0], pairs["v.normed"][0]) == ("w.out", "v.out")


def poolings(order: tuple[int, ...], *, prefix: str = "") -> onnx.ModelProto:
    nodes = [
        node("MaxPool", ["x"], f"{prefix}pool{size}", kernel_shape=[size, size], pads=[size // 2] * 4)
        for size in order
    ]
    nodes.append(node("Concat", [f"{prefix}pool{size}" for size in sorted(order)], f"{prefix}all", axis=1))
    nodes.append(node("GlobalAveragePool", [f"{prefix}all"], f"{prefix}scores"))
    return model(nodes, shape=("n", 3, 12, 12))


def test_branches_that_are_alike_are_matched_by_what_fits_best() -> None:
    found = examination(poolings((3, 5, 7)), poolings((7, 5, 3), prefix="other_")).measured(matched_layers)
    assert {own: pair[0] for own, pair in pairs_of(found).items() if own.startswith("pool")} == {
        f"pool{size}": f"other_pool{size}" for size in (3, 5, 7)
    }


def test_images_of_several_sizes_are_matched_size_by_size() -> None:
    free = [branches((0, 1), prefix=prefix) for prefix in ("", "other_")]
    for one in free:
        for axis in one.graph.input[0].type.tensor_type.shape.dim[2:]:
            axis.ClearField("dim_value")
            axis.dim_param = "side"
    rng = np.random.default_rng(7)
    images = [rng.integers(0, 256, (side, side + 2, 3), dtype=np.uint8) for side in (12, 15, 20)]
    found = examination(*free, images=images).measured(matched_layers)
    assert pairs_of(found)["branch0"] == ("other_branch0", "values")
    assert (found.alone, found.missing) == ((), ())


def test_what_a_quantizer_states_again_has_the_partner_of_its_source() -> None:
    quantized = quantized_cnn()
    floats = onnx.ModelProto()
    floats.CopyFrom(quantized)
    for one in [one for one in floats.graph.node if one.op_type == "QuantizeLinear"]:
        given = next(node for node in floats.graph.node if node.input[0] == one.output[0])
        for reader in floats.graph.node:
            for place, name in enumerate(reader.input):
                if name == given.output[0] and reader is not given:
                    reader.input[place] = one.input[0]
        for output in floats.graph.output:
            if output.name == given.output[0]:
                output.name = one.input[0]
        floats.graph.node.remove(given)
        floats.graph.node.remove(one)
    images = [np.pad(image, ((0, 0), (0, 12), (0, 12))) for image in pictures(3)]
    found = examination(quantized, floats, images=images).measured(matched_layers)
    pairs = pairs_of(found)
    assert pairs["x_d"] == ("x", "restated")
    assert pairs["relu0"][0] == pairs["relu0_d"][0] == "relu0"
    assert pairs["conv1"][0] == "conv1"
    assert pairs["scores_d"][0] == "scores"
    assert (found.alone, found.missing) == ((), ())


def test_models_that_have_nothing_in_common_are_not_judged() -> None:
    other = model(
        [node("GlobalAveragePool", ["x"], "mean"), node("Flatten", ["mean"], "answer")],
        shape=("n", 3, 12, 12),
    )
    alone = model(
        [node("Conv", ["x", "w"], "only")], shape=("n", 3, 12, 12), weights={"w": np.ones((2, 3, 2, 2), "f")}
    )
    with pytest.raises(SkippedError, match="corresponds to one of the baseline"):
        examination(alone, other).measured(matched_layers)
