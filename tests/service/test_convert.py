"""Nothing is lost on the wire: every field of every dataclass is carried, there and at the client."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from inspector.client import methods as client_methods
from inspector.client import models as client_models
from inspector.client import results as client_results
from inspector.client import targets as client_targets
from inspector.client.images import preprocessing_to_wire
from inspector.errors import InvalidInputError
from inspector.model.spec import ImageInput
from inspector.service.convert.images import preprocessing_from_wire
from inspector.service.convert.methods import TYPES as WIRE_TYPES
from inspector.service.convert.methods import method_to_wire, options_from_wire, rectifier_to_wire
from inspector.service.convert.models import details_to_wire, layer_to_wire
from inspector.service.convert.results import attribution_to_wire, occlusion_to_wire, prediction_to_wire
from inspector.service.convert.targets import resolved_to_wire
from inspector.service.convert.tensors import tensor_to_wire
from inspector.types import results, targets
from inspector.types.layers import FoundRectifier, Layer, Output
from inspector.types.options import TYPES, MethodInfo, OptionInfo
from inspector.types.preprocessing import Preprocessing
from inspector.types.receptive_field import AxisField, ReceptiveField
from inspector.v1 import method_pb2, model_pb2
from inspector.v1.inspection_service_pb2 import Activation, ActivationsResponse


def array(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return (np.arange(np.prod(shape)).reshape(shape) + 1).astype(dtype)


RESOLVED = targets.ResolvedTarget(
    kind="unit",
    tensor="t",
    layer="l",
    channel=2,
    position=(3, 4),
    value=1.1,
    label="cat",
    image=5,
    output="y",
    spans=(targets.Span(2, 3), targets.Span(0, 4)),
    elements=4,
    reduce="sum",
)
BLANK = targets.ResolvedTarget(
    kind="class", tensor="t", layer=None, channel=0, position=(), value=0.0, label=None, image=0
)
PREDICTION = results.Prediction(
    notes=("a note", "another"),
    classes=(
        results.ClassScore(index=1, label="cat", probability=0.1, score=-2.5),
        results.ClassScore(index=0, label=None, probability=0.0, score=0.0),
    ),
)
ATTRIBUTION = results.Attribution(
    method="guided",
    maps=array(2, 3, 4, 4),
    targets=(RESOLVED, BLANK),
    inputs=array(1, 3, 4, 4),
    layout="NCHW",
    completeness_gap=(0.1, -2.5),
    notes=("a note", "another"),
)
OCCLUSION = results.Occlusion(
    target=RESOLVED,
    probability=array(2, 3),
    label=array(2, 3, dtype=np.int64),
    activation=array(2, 3) * 2,
    done=np.array([[True, False, True], [True, True, False]]),
    layer="conv",
    channel=7,
    baseline_probability=0.25,
    baseline_label=3,
    baseline_activation=11.5,
    tops=array(2, dtype=np.int64),
    lefts=array(3, dtype=np.int64),
    size=(5, 6),
    stride=(2, 3),
    fill=(0.5, 0.25, 0.125),
    notes=("a note", "another"),
)
AXIS = AxisField(size=3, stride=Fraction(1, 2), offset=Fraction(-3, 2), extent=4, windows=((0, 1), (1, 3)))
FREE = AxisField(size=0, stride=Fraction(0), offset=Fraction(0), extent=None, windows=None)
LAYER = Layer(
    name="l",
    op_type="Conv",
    output="o",
    dtype="float32",
    shape=(1, 2, "height", None),
    channel_axis=1,
    channels=2,
    receptive_field=ReceptiveField(rows=AXIS, columns=FREE),
)
BARE_LAYER = Layer(
    name="l",
    op_type="Mul",
    output="o",
    dtype="float16",
    shape=(),
    channel_axis=None,
    channels=None,
    receptive_field=None,
)
PREPROCESSING = Preprocessing(
    layout="NHWC",
    color="BGR",
    height=10,
    width=12,
    resize="short_side",
    resize_size=14,
    interpolation="bicubic",
    letterbox_fill=9,
    letterbox_align="top_left",
    scale=0.5,
    mean=(1.0, 2.0, 3.0),
    std=(4.0, 5.0, 6.0),
    dtype="float16",
    source="a test",
    assumed=("color", "std"),
)
IMAGE_INPUT = ImageInput(
    name="x",
    dtype=np.dtype(np.float16),
    shape=("batch", 3, 10, None),
    layout="NCHW",
    batch=4,
    channels=3,
    height=10,
    width=12,
)


RECTIFIER = FoundRectifier(name="Swish", layer="l2", layers=("l1", "l2"))
METHOD = MethodInfo(
    name="m",
    title="A method (1999)",
    description="What it does.",
    options=(
        OptionInfo(name="o", types=TYPES, default="a", choices=("a", "b")),
        *(
            OptionInfo(name=type(default).__name__, types=("integer",), default=default)
            for default in (None, True, 2**53 + 1, 0.1, (0.1, -2.0), "a")
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """A value of the engine, and what the client makes of it."""

    given: Any
    found: Any
    added: frozenset[str] = frozenset()
    """Fields that only the client's has."""


CROSSINGS = {
    "ResolvedTarget": Crossing(
        given=RESOLVED, found=client_targets.resolved_from_wire(resolved_to_wire(RESOLVED))
    ),
    "blank": Crossing(given=BLANK, found=client_targets.resolved_from_wire(resolved_to_wire(BLANK))),
    "Prediction": Crossing(
        given=PREDICTION, found=client_results.prediction_from_wire(prediction_to_wire(PREDICTION))
    ),
    "Attribution": Crossing(
        given=ATTRIBUTION,
        found=client_results.attribution_from_wire(attribution_to_wire(ATTRIBUTION, pictures=[b"1", b"2"])),
        added=frozenset({"pictures"}),
    ),
    "Occlusion": Crossing(
        given=OCCLUSION,
        found=client_results.occlusion_from_wire(occlusion_to_wire(OCCLUSION, picture=b"1")),
        added=frozenset({"picture"}),
    ),
    "FoundRectifier": Crossing(
        given=RECTIFIER, found=client_methods.rectifier_from_wire(rectifier_to_wire(RECTIFIER))
    ),
    "MethodInfo": Crossing(given=METHOD, found=client_methods.method_from_wire(method_to_wire(METHOD))),
    "Layer": Crossing(given=LAYER, found=client_models.layer_from_wire(layer_to_wire(LAYER))),
    "bare layer": Crossing(given=BARE_LAYER, found=client_models.layer_from_wire(layer_to_wire(BARE_LAYER))),
}


@pytest.mark.parametrize("crossing", CROSSINGS.values(), ids=CROSSINGS)
def test_a_value_arrives_whole(crossing):
    assert_same(crossing.given, crossing.found, added=crossing.added)


def test_a_models_details_arrive_whole():
    output = Output(name="y", dtype="float32", shape=(1, 5))
    model = SimpleNamespace(
        sha256="abc",
        size=5,
        opset=17,
        input=IMAGE_INPUT,
        outputs=(output,),
        preprocessing=PREPROCESSING,
        labels=("a", "b"),
        layers=(LAYER, LAYER),
    )
    details = details_to_wire(SimpleNamespace(model=model, device="cuda:1"))
    found = client_models.model_from_wire(
        model_pb2.Model(name="models/toy", state=model_pb2.MODEL_STATE_READY, details=details)
    )
    assert (found.name, found.state, found.details.layer_count, found.details.device) == (
        "toy",
        "ready",
        2,
        "cuda:1",
    )
    assert (found.details.sha256, found.details.size, found.details.opset) == ("abc", 5, 17)
    assert found.details.labels == ("a", "b")
    assert_same(PREPROCESSING, found.details.preprocessing)
    assert_same(output, found.details.outputs[0])
    assert found.details.input.dtype == "FP16"
    for field in fields(IMAGE_INPUT):
        if field.name != "dtype":
            assert getattr(found.details.input, field.name) == getattr(IMAGE_INPUT, field.name)


def test_every_field_of_the_values_above_is_set():
    """Else a field that is not carried could arrive right by chance."""
    for value in (
        RESOLVED,
        PREDICTION,
        PREDICTION.classes[0],
        RECTIFIER,
        METHOD,
        METHOD.options[0],
        ATTRIBUTION,
        OCCLUSION,
        LAYER,
        PREPROCESSING,
        IMAGE_INPUT,
        AXIS,
    ):
        for field in fields(value):
            assert np.any(np.asarray(getattr(value, field.name), dtype=object)), field.name


def test_activations_arrive_with_their_notes():
    message = ActivationsResponse(
        activations=[Activation(layer="l", values=tensor_to_wire(array(2, 3)))], notes=["a note"]
    )
    found = client_results.activations_from_wire(message)
    assert_equal(array(2, 3), found["l"])
    assert (list(found), found.notes) == (["l"], ("a note",))


VALUES = {
    "none": None,
    "flag": False,
    "integer": 2**53 + 1,
    "numbers": (0.5, -2.0),
    "number": 0.1,
    "text": "gray",
    "tensor": array(2, 3),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_the_value_of_an_option_arrives_whole(value):
    method = MethodInfo(
        name="m", title="", description="", options=(OptionInfo(name="o", types=TYPES[:-1], default=None),)
    )
    sent = client_methods.options_to_wire({"o": value})
    (found,) = options_from_wire(sent, method=method).values()
    assert_equal(value, found)


@pytest.mark.parametrize("value", [2**63, {1}, b"bytes", ["a"], {"a": "b"}, np.array(["a", "b"])], ids=str)
def test_an_option_that_no_message_holds_is_refused_before_it_is_sent(value):
    with pytest.raises(InvalidInputError, match="o is .*cannot be sent") as error:
        client_methods.options_to_wire({"o": value})
    assert error.value.field == "options.o"


def test_every_type_of_option_has_a_number():
    numbers = {kind.number for kind in method_pb2.OptionType.DESCRIPTOR.values}
    assert set(WIRE_TYPES.values()) == numbers - {method_pb2.OPTION_TYPE_UNSPECIFIED}
    assert set(WIRE_TYPES) == set(TYPES)


def test_a_type_of_a_newer_protocol_is_passed_over():
    message = method_pb2.Method(options=[method_pb2.MethodOption(name="o", types=[99, 1])])
    assert client_methods.method_from_wire(message).option("o").types == ("integer",)


@pytest.mark.parametrize("state", model_pb2.ModelState.DESCRIPTOR.values[1:], ids=lambda state: state.name)
def test_every_state_has_a_name(state):
    found = client_models.model_from_wire(model_pb2.Model(name="models/x", state=state.number))
    assert found.state == state.name.removeprefix("MODEL_STATE_").lower()


OVERRIDES = [
    {},
    {"scale": 0.25},
    {"mean": [1.0, 2.0, 3.0]},
    {"resize": {"mode": "letterbox", "fill": 0}},
    {"crop": {"height": 8}},
    {"layout": "NHWC", "color": "BGR", "std": [2.0]},
    {"resize": {"size": 7, "interpolation": "nearest", "align": "center"}},
]


@pytest.mark.parametrize("mapping", OVERRIDES, ids=str)
def test_only_the_keys_that_are_given_override(mapping):
    assert preprocessing_from_wire(preprocessing_to_wire(mapping)) == mapping


def test_every_field_of_a_preprocessing_can_be_overridden_or_is_output_only():
    everything = PREPROCESSING.to_json()
    for name in ("dtype", "source", "assumed"):
        del everything[name]
    assert preprocessing_from_wire(preprocessing_to_wire(everything)) == everything


@pytest.mark.parametrize(
    "mapping", [{"size": 3}, {"dtype": "uint8"}, {"resize": {"sise": 3}}, {"scale": "half"}]
)
def test_an_unknown_key_is_refused_before_it_is_sent(mapping):
    with pytest.raises(InvalidInputError):
        preprocessing_to_wire(mapping)


def assert_same(given: Any, found: Any, *, added: frozenset[str] = frozenset()) -> None:
    """Compare two dataclasses of different modules, field by field."""
    assert {field.name for field in fields(found)} - added == {field.name for field in fields(given)}
    for field in fields(given):
        assert_equal(getattr(given, field.name), getattr(found, field.name))


def assert_equal(given: Any, found: Any) -> None:
    if is_dataclass(given):
        assert_same(given, found)
    elif isinstance(given, np.ndarray):
        assert given.dtype == found.dtype
        assert np.array_equal(given, found)
    elif isinstance(given, tuple):
        assert len(given) == len(found)
        for one, other in zip(given, found, strict=True):
            assert_equal(one, other)
    else:
        assert given == found
        assert type(given) is type(found)
