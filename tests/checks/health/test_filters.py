"""Rules about the filters of convolutions: zero, duplicate, dominant and aliasing ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest

import inspector
from inspector.types.results.report import Report
from tests.support import checked
from tests.support.checked import findings
from tests.support.graphs import model, node
from tests.support.zoo import find_zoo, zoo_models

RULES = ("zero-filters", "duplicate-filters", "dominant-filters", "aliased-first-layer")


def filters(count: int = 16, channels: int = 3, side: int = 3, *, seed: int = 5) -> np.ndarray:
    """Return filters (count, channels, side, side), float32, which are smooth as trained ones are."""
    drawn = np.random.default_rng(seed).standard_normal((count, channels, side, side))
    for axis in (2, 3):
        drawn = drawn + np.roll(drawn, 1, axis)
    return drawn.astype(np.float32)


def of_filters(
    weights: np.ndarray,
    *,
    stride: int = 2,
    groups: int = 1,
    scale: np.ndarray | None = None,
    **attributes: Any,
) -> onnx.ModelProto:
    """Return conv - (normalization) - relu - pool - dense, whose convolution has these filters."""
    count = len(weights)
    nodes = [node("Conv", ["x", "w"], "conv", strides=[stride, stride], group=groups, **attributes)]
    values: dict[str, np.ndarray | np.generic] = {"w": weights, "d": np.ones((count, 4), np.float32)}
    if scale is not None:
        values |= {"scale": scale.astype(np.float32), "zeros": np.zeros(count, np.float32)}
        values["ones"] = np.ones(count, np.float32)
        nodes.append(node("BatchNormalization", ["conv", "scale", "zeros", "zeros", "ones"], "normal"))
    nodes += [
        node("Relu", [nodes[-1].output[0]], "relu"),
        node("GlobalAveragePool", ["relu"], "pool"),
        node("Flatten", ["pool"], "flat"),
        node("Gemm", ["flat", "d"], "scores"),
    ]
    shape = ("batch", weights.shape[1] * groups, 32, 32)
    return model(nodes, shape=shape, weights=values)


def report(proto: onnx.ModelProto, *rules: str, **options: Any) -> Report:
    """Return what rules say of a model."""
    return checked.report(proto, *(rules or RULES), **options)


def test_smooth_filters_of_one_size_give_no_finding() -> None:
    assert report(of_filters(filters())).findings == ()


def test_a_layer_a_quarter_of_whose_filters_is_zero_is_found() -> None:
    weights = filters()
    weights[[2, 5, 7, 11]] = 0
    (finding,) = findings(of_filters(weights), "zero-filters")
    assert (finding.subject, finding.kind, finding.operator) == ("conv", "layer", "Conv")
    assert "4 of the 16 filters of 'conv' are zero in all weights: 2, 5, 7, 11." in finding.message
    assert (finding.measured, finding.allowed) == ("4 of 16 (25%)", "less than 25%")


def test_a_few_filters_of_zeros_are_no_finding_unless_it_is_asked_for() -> None:
    weights = filters()
    weights[3] = 0
    assert findings(of_filters(weights), "zero-filters") == ()
    assert len(findings(of_filters(weights), "zero-filters", **{"zero-filters.share": 0.0})) == 1


def test_no_filter_of_zeros_is_no_finding_at_any_share() -> None:
    assert findings(of_filters(filters()), "zero-filters", **{"zero-filters.share": 0.0}) == ()


def test_a_layer_a_quarter_of_whose_filters_repeats_is_found_with_its_pairs() -> None:
    weights = filters()
    weights[9] = 2 * weights[1]
    weights[12] = weights[4] + 0.5
    (finding,) = findings(of_filters(weights), "duplicate-filters")
    assert finding.subject == "conv"
    assert "1 like 9, 4 like 12, 9 like 1, 12 like 4" in finding.message
    assert finding.measured == "4 of 16 (25%)"


def test_a_pair_of_duplicates_is_no_finding() -> None:
    weights = filters()
    weights[9] = weights[1]
    assert findings(of_filters(weights), "duplicate-filters") == ()


def test_filters_of_opposite_signs_are_no_duplicates() -> None:
    weights = filters()
    weights[8:] = -weights[:8]
    assert findings(of_filters(weights), "duplicate-filters") == ()


def test_alike_filters_of_different_groups_are_no_duplicates() -> None:
    one = filters(1, 1)
    weights = np.repeat(one, 8, axis=0)
    assert findings(of_filters(weights, groups=8), "duplicate-filters") == ()


def test_a_filter_far_larger_than_the_others_is_found() -> None:
    weights = filters()
    weights[6] *= 300
    (finding,) = findings(of_filters(weights), "dominant-filters")
    assert "1 of the 16 filters of 'conv' dominate the others: 6." in finding.message
    assert finding.allowed == "at most 50 times"


def test_a_filter_that_its_normalization_brings_back_to_size_is_no_finding() -> None:
    weights, scale = filters(), np.ones(16)
    weights[6] *= 300
    scale[6] = 1 / 300
    assert findings(of_filters(weights, scale=scale), "dominant-filters") == ()


def test_a_channel_that_its_normalization_makes_large_is_found() -> None:
    scale = np.ones(16)
    scale[6] = 300
    (finding,) = findings(of_filters(filters(), scale=scale), "dominant-filters")
    assert finding.subject == "conv"


def test_filters_of_zeros_do_not_make_the_others_dominant() -> None:
    weights = filters()
    weights[:10] = 0
    assert findings(of_filters(weights), "dominant-filters") == ()


def test_filters_of_depthwise_convolutions_may_differ_in_size() -> None:
    weights = filters(8, 1)
    weights[2] *= 1000
    assert findings(of_filters(weights, groups=8), "dominant-filters") == ()


def test_a_first_layer_of_checkerboards_aliases() -> None:
    sign = np.where(np.indices((3, 3)).sum(0) % 2, -1, 1).astype(np.float32)
    weights = np.random.default_rng(5).uniform(0.5, 1, (16, 3, 1, 1)).astype(np.float32) * sign
    (finding,) = findings(of_filters(weights), "aliased-first-layer")
    assert (finding.subject, finding.operator) == ("conv", "Conv")
    assert finding.allowed == "at least 0.8 times a single pixel's"


def test_checkerboards_do_not_alias_without_a_stride() -> None:
    sign = np.where(np.indices((3, 3)).sum(0) % 2, -1, 1).astype(np.float32)
    weights = np.random.default_rng(5).uniform(0.5, 1, (16, 3, 1, 1)).astype(np.float32) * sign
    assert findings(of_filters(weights, stride=1), "aliased-first-layer") == ()


def test_filters_smaller_than_their_stride_skip_pixels() -> None:
    (finding,) = findings(of_filters(filters(side=2), stride=3), "aliased-first-layer")
    assert "never reads some of the pixels" in finding.message
    assert findings(of_filters(filters(side=2), stride=2), "aliased-first-layer") == ()
    assert findings(of_filters(filters(side=2), stride=3, dilations=[2, 2]), "aliased-first-layer") == ()


@pytest.mark.parametrize("rule", RULES)
def test_a_model_without_convolutions_is_not_judged(rule: str) -> None:
    proto = model(
        [node("Flatten", ["x"], "flat"), node("Gemm", ["flat", "w"], "scores")],
        shape=("batch", 3, 8, 8),
        weights={"w": np.ones((192, 4), np.float32)},
    )
    (verdict,) = report(proto, rule).verdicts
    assert (verdict.outcome, verdict.reason) == (
        "skipped",
        "the model has no convolution with constant filters.",
    )


@pytest.mark.parametrize("name", zoo_models())
def test_trained_models_give_no_finding(name: str) -> None:
    zoo = find_zoo()
    assert zoo is not None
    with inspector.load(zoo.model(name), device="cpu") as loaded:
        assert loaded.check(select=list(RULES)).findings == ()


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("zero-filters", lambda weights: weights * (np.arange(len(weights)) % 2).reshape(-1, 1, 1, 1)),
        ("duplicate-filters", lambda weights: np.repeat(weights[::2], 2, axis=0)[: len(weights)]),
        ("dominant-filters", lambda weights: np.concatenate([1000 * weights[:1], weights[1:]])),
    ],
)
def test_faults_in_a_trained_model_are_found_where_they_are(
    rule: str, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    zoo = find_zoo()
    if zoo is None:
        pytest.skip("there is no zoo")
    proto = onnx.load(zoo.model("derived_squeezenet1.0_fp32"))
    conv = [one for one in proto.graph.node if one.op_type == "Conv"][3]
    weight = next(one for one in proto.graph.initializer if one.name == conv.input[1])
    array = onnx.numpy_helper.to_array(weight)
    weight.CopyFrom(onnx.numpy_helper.from_array(change(array).astype(np.float32), weight.name))
    (finding,) = report(proto).findings
    assert finding.id == rule
    assert finding.subject == (conv.name or conv.output[0])
