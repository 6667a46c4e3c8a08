"""Requests: what a caller asks arrives as it was asked, by the call of the verb and by Run alike."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message

from inspector.errors import InspectorError, InvalidInputError, NotFoundError
from inspector.types.control import FREE, Control
from inspector.types.requests.activations import ActivationsRequest
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.requests.base import ImagesRequest, Request, request_fields
from inspector.types.requests.check import CheckRequest
from inspector.types.requests.describe import DescribeRequest
from inspector.types.requests.features import FeaturesRequest
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.requests.predict import PredictRequest
from inspector.types.targets import Class, Region, Unit
from inspector.v1 import inspection_service_pb2 as pb
from inspector.v1.inspection_service_pb2 import RunRequest
from inspector.v1.target_pb2 import Target
from inspector.v1.tensor_pb2 import Tensor
from inspector.v1.value_pb2 import Numbers, Texts, Value
from inspector.wire import requests as wire_requests
from inspector.wire.calls import RUN, rpc_named, rpc_of
from inspector.wire.hooks import value_to_message
from inspector.wire.requests import request_of_message, request_to_bytes, request_to_message
from tests.wire.random_data import same

PNG = b"a picture"
FLOATS = np.ones((3, 4, 4), np.float32)

STRIDE: Any = 2
"""A number, which is taken for all axes."""

TARGETS: Any = [1, None, Unit("a", 2, (3,)), Region("b", np.s_[1:, 2], "max", np.eye(2) > 0)]

REQUESTS = {
    "attribute with options": AttributeRequest(
        images=PNG, method="lrp", targets=TARGETS, options={"rule": "zplus", "steps": 3, "baseline": FLOATS}
    ),
    "describe": DescribeRequest(),
    "predict": PredictRequest(images=PNG, top=3),
    "predict as it is": PredictRequest(images=PNG),
    "several images": PredictRequest(images=[PNG, FLOATS], rendering="png"),
    "an input": PredictRequest(images=PNG, inputs={"size": np.ones((1, 2), np.int64)}),
    "activations": ActivationsRequest(images=PNG, layers=("a", "b")),
    "features": FeaturesRequest(images=PNG, layer="a", pooling="none"),
    "check": CheckRequest(
        images=PNG,
        select=("a",),
        ignore=("b", "c"),
        severities=("a=error",),
        baseline="other",
        boxes=np.array([[1.0, 2.0, 3.0, 4.0]]),
        options={"a.most": 0.5, "a.names": ("b", "c"), "expected.scores": FLOATS},
    ),
    "attribute": AttributeRequest(
        images=PNG,
        method="lrp",
        targets=TARGETS,
        options={"rule": "zplus", "steps": 3, "colors": (0.5, 1.0), "flag": True, "baseline": FLOATS},
        policies={"a": "guided"},
    ),
    "attribute as it is": AttributeRequest(images=PNG),
    "occlude": OccludeRequest(
        images=PNG, target=Class(3), layer="a", size=(5, 4), stride=STRIDE, fill=(0.5, -1), batch=7
    ),
    "occlude as it is": OccludeRequest(images=PNG),
}


@pytest.mark.parametrize("given", REQUESTS.values(), ids=REQUESTS)
def test_a_request_arrives_as_it_was_asked(given: Any) -> None:
    message: Any = request_to_message(given, Control(), model="models/toy")
    assert message.model == "models/toy"
    found = request_of_message(type(message).FromString(message.SerializeToString()), rpc_of(type(given)))
    assert_equal(given, found)


BY_NAME = [name for name in REQUESTS if not getattr(REQUESTS[name], "policies", None)]


@pytest.mark.parametrize("name", BY_NAME)
def test_run_asks_the_same_as_the_call_of_the_verb(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = REQUESTS[name]
    run = rpc_named(RUN)
    monkeypatch.setattr(wire_requests, "rpc_of", lambda _: run)
    message = request_to_message(given, Control(), model="models/toy")
    assert isinstance(message, pb.RunRequest)
    assert message.verb == given.verb
    found = request_of_message(pb.RunRequest.FromString(message.SerializeToString()), run)
    assert_equal(given, found)


OPTIONS = {"method": "integrated_gradients", "steps": 5}


def test_run_takes_a_methods_own_options_beside_the_verbs() -> None:
    options = {name: value_to_message(value) for name, value in OPTIONS.items()}
    message = pb.RunRequest(verb="attribute", images=[IMAGE], options=options | {"policies": Value()})
    found = request_of_message(message, rpc_named(RUN))
    assert isinstance(found, AttributeRequest)
    assert (found.method, found.options, found.policies) == ("integrated_gradients", {"steps": 5}, {})


def test_an_own_option_that_run_could_not_tell_from_the_verbs_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire_requests, "rpc_of", lambda _: rpc_named(RUN))
    for name in ("method", "targets"):
        with pytest.raises(InvalidInputError, match="cannot be told apart") as caught:
            request_to_message(AttributeRequest(images=PNG, options={name: 3}), Control(), model="m")
        assert caught.value.field == f"options[{name}]"


def test_partial_results_are_asked_for_where_they_are_wanted() -> None:
    for wanted in (True, False):
        message: Any = request_to_message(
            OccludeRequest(images=PNG), Control(wants_partial=wanted), model="m"
        )
        assert message.wants_partial is wanted


def assert_equal(given: Request[Any], found: Request[Any]) -> None:
    assert type(given) is type(found)
    for field in request_fields(type(given)):
        assert same(getattr(given, field.name), getattr(found, field.name)), field.name
    if isinstance(given, ImagesRequest) and isinstance(found, ImagesRequest):
        assert same(tuple(np.atleast_1d(1)), (np.int64(1),))
        ours, theirs = (one if isinstance(one, list) else [one] for one in (given.images, found.images))
        assert same(tuple(ours), tuple(theirs))
        assert same(given.inputs, found.inputs)
        assert given.rendering == found.rendering


SHORT = Tensor(datatype="FP32", shape=[2], raw=b"0")
IMAGE = {"encoded": PNG}


def predict(**given: Any) -> tuple[str, Message]:
    return "Predict", pb.PredictRequest(**({"images": [IMAGE]} | given))


def run(verb: str, **given: Any) -> tuple[str, Message]:
    return RUN, pb.RunRequest(**({"verb": verb, "images": [IMAGE]} | given))


def attribute(**given: Any) -> tuple[str, Message]:
    return "Attribute", pb.AttributeRequest(**({"images": [IMAGE]} | given))


HOSTILE = {
    "no image": (predict(images=[]), "MISSING", "images"),
    "an image of nothing": (predict(images=[IMAGE, {}]), "MISSING", "images[1]"),
    "a tensor of nothing": (
        predict(images=[{"tensor": {}}]),
        "UNKNOWN_DATATYPE",
        "images[0].tensor.datatype",
    ),
    "too few bytes": (predict(images=[IMAGE, {"tensor": SHORT}]), "SIZE_MISMATCH", "images[1].tensor.raw"),
    "text for an image": (
        predict(images=[{"tensor": {"datatype": "BYTES", "shape": [1], "raw": b"0"}}]),
        "UNKNOWN_DATATYPE",
        "images[0].tensor.datatype",
    ),
    "an input of too few bytes": (predict(inputs={"size": SHORT}), "SIZE_MISMATCH", "inputs[size].raw"),
    "an unknown rendering": (predict(rendering=7), "UNKNOWN_ENUM", "rendering"),
    "a negative rendering": (predict(rendering=-1), "UNKNOWN_ENUM", "rendering"),
    "an unknown pooling": (
        ("Features", pb.FeaturesRequest(images=[IMAGE], pooling=9)),  # type: ignore[arg-type]
        "UNKNOWN_ENUM",
        "pooling",
    ),
    "an option of too few bytes": (
        attribute(options={"baseline": Value(tensor=SHORT)}),
        "SIZE_MISMATCH",
        "options[baseline].tensor.raw",
    ),
    "an option that is not finite": (
        attribute(
            options={
                "baseline": Value(
                    tensor=Tensor(datatype="FP32", shape=[1, 1], raw=np.float32(np.nan).tobytes())
                )
            }
        ),
        "NOT_FINITE",
        "options[baseline].tensor.raw",
    ),
    "very many texts": (
        attribute(options={"a": Value(texts=Texts(values=[""] * 10_001))}),
        "LIMIT_EXCEEDED",
        "options[a]",
    ),
    "no verb": (run(""), "VERB_NOT_FOUND", "verb"),
    "a verb that is a method of Python": (run("ask"), "VERB_NOT_FOUND", "verb"),
    "a very long verb": (run("x" * 10**6), "LIMIT_EXCEEDED", "verb"),
    "an unknown option by name": (
        run("predict", options={"tops": Value(integer=1)}),
        "UNKNOWN_OPTION",
        "options[tops]",
    ),
    "the images for an option": (
        run("predict", options={"images": Value(text="/etc/passwd")}),
        "UNKNOWN_OPTION",
        "options[images]",
    ),
    "a very long option": (
        run("predict", options={"x" * 10**6: Value(integer=1)}),
        "LIMIT_EXCEEDED",
        "options",
    ),
    "a flag for texts": (
        run("activations", options={"layers": Value(flag=True)}),
        "INVALID_OPTION",
        "layers",
    ),
    "numbers for texts": (
        run("activations", options={"layers": Value(numbers=Numbers(values=[1]))}),
        "INVALID_OPTION",
        "layers",
    ),
    "nothing for a number": (run("predict", options={"top": Value()}), "INVALID_OPTION", "top"),
    "a word that is no choice": (
        run("features", options={"pooling": Value(text="median")}),
        "INVALID_OPTION",
        "pooling",
    ),
    "a text for options": (
        run("attribute", options={"options": Value(text="a")}),
        "INVALID_OPTION",
        "options",
    ),
    "an endless size": (
        run("occlude", options={"size": Value(number=float("inf"))}),
        "INVALID_INPUT",
        "size",
    ),
    "a size that is no number": (
        run("occlude", options={"size": Value(number=float("nan"))}),
        "INVALID_INPUT",
        "size",
    ),
    "a size of four axes": (
        run("occlude", options={"size": Value(numbers=Numbers(values=[1] * 4))}),
        "INVALID_INPUT",
        "size",
    ),
    "a text for a fill": (run("occlude", options={"fill": Value(text="gray")}), "INVALID_INPUT", "fill"),
    "an empty target": (run("occlude", targets=[Target()]), "MISSING", "targets[0]"),
    "two targets for one": (
        run("occlude", targets=[Target(output_class={})] * 2),
        "INVALID_INPUT",
        "targets",
    ),
    "a target for none": (run("predict", targets=[Target(output_class={})]), "INVALID_INPUT", "targets"),
    "an image for a verb about the model": (run("describe"), "INVALID_INPUT", "images"),
    "an input for a verb about the model": (
        run("architecture", images=[], inputs={"size": Tensor(datatype="FP32", raw=b"0000")}),
        "INVALID_INPUT",
        "inputs",
    ),
    "a rendering for a verb about the model": (
        run("architecture", images=[], rendering=2),
        "INVALID_INPUT",
        "rendering",
    ),
    "another empty target": (
        run("attribute", targets=[Target(output_class={}), Target()]),
        "MISSING",
        "targets[1]",
    ),
}


@pytest.mark.parametrize(("asked", "reason", "field"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_request_is_refused_by_the_true_path(
    asked: tuple[str, AttributeRequest | FeaturesRequest | PredictRequest | RunRequest],
    reason: str,
    field: str,
) -> None:
    name, message = asked
    with pytest.raises(InspectorError) as caught:
        request_of_message(message, rpc_named(name))
    assert (caught.value.reason, caught.value.field) == (reason, field)
    assert len(caught.value.message) < 1000


@pytest.mark.parametrize("seed", range(300))
def test_random_bytes_are_a_request_or_an_error_of_ours(seed: int) -> None:
    """Whatever a message holds, nothing but our own errors comes of it."""
    rng = np.random.default_rng(seed)
    call = rpc_named(str(rng.choice(["Predict", "Activations", "Features", "Attribute", "Occlude", RUN])))
    message = call.request()
    for _ in range(rng.integers(1, 6)):
        fill(message, rng)
    try:
        found = request_of_message(message, call)
    except InspectorError as error:
        assert isinstance(error, (InvalidInputError, NotFoundError)), error  # noqa: PT017
        assert error.field is not None  # noqa: PT017
    else:
        assert isinstance(found, Request)


WORDS = (
    "",
    "toy",
    "predict",
    "occlude",
    "attribute",
    "features",
    "activations",
    "check",
    "size",
    "top",
    "options",
)
WHOLE = (0, 1, -1, 3, 2**31 - 1, -(2**31))


def fill(message: Any, rng: np.random.Generator, *, depth: int = 0) -> None:
    """Set a random field to a random value."""
    field = message.DESCRIPTOR.fields[int(rng.integers(len(message.DESCRIPTOR.fields)))]
    place = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key = str(rng.choice(WORDS))
        if field.message_type.fields_by_name["value"].message_type is None:
            place[key] = str(rng.choice(WORDS))
        else:
            fill(place[key], rng, depth=depth + 1)
    elif field.message_type is not None:
        below = place.add() if field.is_repeated else place
        if not field.is_repeated:
            below.SetInParent()
        for _ in range(rng.integers(1, 4)):
            if depth < 5:
                fill(below, rng, depth=depth + 1)
    else:
        value = scalar(field, rng)
        place.append(value) if field.is_repeated else setattr(message, field.name, value)


def scalar(field: Any, rng: np.random.Generator) -> Any:
    """Return a random value of a field."""
    kinds = field.CPPTYPE_STRING, field.CPPTYPE_BOOL, field.CPPTYPE_DOUBLE
    if field.cpp_type == kinds[0]:
        words = (b"", b"0000", PNG) if field.type == field.TYPE_BYTES else (*WORDS, "FP32", "BOOL", "UINT8")
        return words[int(rng.integers(len(words)))]
    if field.cpp_type == kinds[1]:
        return bool(rng.integers(2))
    if field.cpp_type == kinds[2]:
        return float(rng.choice([0.0, -1.5, np.nan, np.inf, 1e300]))
    return int(rng.choice(WHOLE))


def test_an_array_is_copied_once_into_the_bytes_that_are_sent() -> None:
    request = PredictRequest(images=np.zeros((1, 3, 224, 224), np.float32))
    size = len(request_to_bytes(request, FREE, model="models/toy"))
    tracemalloc.start()
    try:
        request_to_bytes(request, FREE, model="models/toy")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * size
