"""Places that are left over in codes or floats of 16 bits."""

from __future__ import annotations

import onnx
import pytest
from onnx import TensorProto

from tests.checks.drift.pairs import behind, network
from tests.checks.drift.test_limits import with_codes, with_half
from tests.support.checked import findings
from tests.support.graphs import node
from tests.support.quantized_cnn import quantized_cnn


@pytest.mark.parametrize(
    ("made", "where", "what"),
    [(with_half("relu2"), "half", "float16"), (with_codes("relu2"), "codes", "codes")],
)
def test_a_place_that_is_coarser_than_the_rest_is_named(made: onnx.ModelProto, where: str, what: str) -> None:
    (one,) = findings(made.SerializeToString(), "mixed-precision")
    assert (one.severity, one.subject, one.kind) == ("info", where, "node")
    assert f"{where!r} ({what})" in one.message


def test_several_places_are_told_together() -> None:
    twice = behind(
        with_half("relu0"),
        "relu2",
        node("Cast", ["relu2"], "again", to=TensorProto.BFLOAT16),
        node("Cast", ["again"], "back", to=TensorProto.FLOAT),
    )
    (one,) = findings(twice.SerializeToString(), "mixed-precision")
    assert "2 places: Cast 'half' (float16), Cast 'again' (bfloat16)" in one.message


def test_models_of_one_precision_are_not_told() -> None:
    assert findings(network().SerializeToString(), "mixed-precision") == ()
    assert findings(quantized_cnn().SerializeToString(), "mixed-precision") == ()
    taken = network()
    taken.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    for one in taken.graph.node:
        one.input[:] = ["wide" if name == "x" else name for name in one.input]
    taken.graph.node.insert(0, node("Cast", ["x"], "wide", to=TensorProto.FLOAT))
    assert findings(taken.SerializeToString(), "mixed-precision") == ()


def test_an_output_may_be_of_another_type() -> None:
    gives = network()
    gives.graph.node.append(node("Cast", ["scores"], "short", to=TensorProto.FLOAT16))
    gives.graph.output[0].name = "short"
    gives.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    assert findings(gives.SerializeToString(), "mixed-precision") == ()
