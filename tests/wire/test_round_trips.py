"""Nothing is lost on the wire: every kind of data arrives as it was, whatever it holds."""

from __future__ import annotations

import dataclasses
from typing import Any, get_type_hints

import numpy as np
import pytest
from google.protobuf import message_factory

from inspector.errors import EngineError, InvalidInputError
from inspector.types.control import Progress
from inspector.types.options import TYPES, MethodInfo, OptionInfo
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.requests.describe import DescribeRequest
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.results.base import Result, name_of_kind
from inspector.types.results.predictions import Predictions
from inspector.types.served_model import ServedModel
from inspector.v1 import method_pb2, model_pb2, result_pb2, value_pb2
from inspector.wire.calls import rpc_named
from inspector.wire.codec import of_message, to_message
from inspector.wire.hooks import value_of_message, value_to_message
from inspector.wire.models import (
    model_of_message,
    model_to_message,
    override_of_message,
    override_to_message,
)
from inspector.wire.results import progress_of_response, response_of, result_of_response
from tests.wire.random_data import Maker, same
from tests.wire.test_structure import kinds

SEEDS = range(25)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("kind", "descriptor"), kinds(), ids=lambda one: getattr(one, "__name__", ""))
def test_a_result_of_any_kind_arrives_whole(kind: Any, descriptor: Any, seed: int) -> None:
    given = Maker(seed).made(kind)
    sent = to_message(given, message_factory.GetMessageClass(descriptor)).SerializeToString()
    found = of_message(message_factory.GetMessageClass(descriptor).FromString(sent), kind)
    assert same(given, found), (given, found)


@pytest.mark.parametrize("kind", [kind for kind, _ in kinds()], ids=lambda kind: kind.__name__)
def test_a_result_of_any_kind_travels_in_the_answer_of_run(kind: Any) -> None:
    call = rpc_named("Run")
    given = Maker(3).made(kind)
    response: Any = call.response.FromString(response_of(call, result=given).SerializeToString())
    assert response.result.WhichOneof("kind") == name_of_kind(kind)
    assert same(given, result_of_response(response, DescribeRequest(), call))


def test_every_field_is_filled_by_some_seed() -> None:
    """Else a field that is not carried could arrive right by chance."""
    for kind, _ in kinds():
        made = [Maker(seed).made(kind) for seed in SEEDS]
        for field in dataclasses.fields(kind):
            values = [getattr(one, field.name) for one in made]
            assert len({repr(value) for value in values}) > 1, (kind, field.name)


def test_the_comparison_finds_what_is_planted() -> None:
    made = Maker(0).made(Predictions)
    other = dataclasses.replace(made, notes=(*made.notes, "more"))
    assert not same(made, other)
    assert not same(np.zeros(3, np.float32), np.zeros(3))
    assert not same((1,), (1.0,))
    assert not same((0.0,), (-0.0,))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_told_of_a_served_model_arrives_whole(seed: int) -> None:
    maker = Maker(seed)
    hints = get_type_hints(ServedModel)
    given = ServedModel(
        name="toy",
        state=maker.choice(("unloaded", "loading", "ready", "unloading", "failed")),
        failure=maker.made(hints["failure"]),
        info=maker.made(hints["info"]),
    )
    sent = model_to_message(given)
    assert sent.name == "models/toy"
    assert same(given, model_of_message(model_pb2.Model.FromString(sent.SerializeToString())))


@pytest.mark.parametrize("state", model_pb2.ModelState.DESCRIPTOR.values[1:], ids=lambda state: state.name)
def test_every_state_has_a_name(state: Any) -> None:
    found = model_of_message(model_pb2.Model(name="models/x", state=state.number))
    assert found.state == state.name.removeprefix("MODEL_STATE_").lower()


METHOD = MethodInfo(
    name="m",
    title="A method (1999)",
    description="What it does.",
    options=(
        OptionInfo(name="o", types=TYPES, default="a", choices=("a", "b")),
        *(
            OptionInfo(name=type(default).__name__, types=("integer",), default=default)
            for default in (None, True, 2**53 + 1, 0.1, (0.1, -2.0), ("a", "b"), "a", "")
        ),
    ),
    picture="heat",
    caution="Not faithful.",
)


def test_a_method_arrives_whole() -> None:
    message = to_message(METHOD, method_pb2.Method)
    assert of_message(method_pb2.Method.FromString(message.SerializeToString()), MethodInfo) == METHOD


def test_every_type_of_option_has_a_number() -> None:
    numbers = {
        one.name.removeprefix("OPTION_TYPE_").lower() for one in method_pb2.OptionType.DESCRIPTOR.values
    }
    assert set(TYPES) == numbers - {"unspecified"}


VALUES = {
    "none": None,
    "flag": False,
    "integer": 2**53 + 1,
    "least integer": -(2**63),
    "numbers": (0.5, -2.0),
    "no numbers": (),
    "number": 0.1,
    "endless": float("inf"),
    "text": "gray",
    "no text": "",
    "texts": ("a", ""),
    "tensor": (np.arange(6, dtype=np.float32) + 1).reshape(2, 3),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_value_arrives_whole(value: Any) -> None:
    message = value_pb2.Value.FromString(value_to_message(value).SerializeToString())
    assert same(value, value_of_message(message))


UNSENDABLE = [
    2**63,
    {1},
    b"bytes",
    {"a": "b"},
    np.array([1j, 2j]),
    [1, "a"],
    ["a", 1],
    object(),
    1j,
    "\ud800",
]


@pytest.mark.parametrize("value", UNSENDABLE, ids=lambda value: type(value).__name__)
def test_an_option_that_no_message_holds_is_refused_before_it_is_sent(value: Any) -> None:
    request = AttributeRequest(images=b"", options={"o": value})
    with pytest.raises(InvalidInputError, match="cannot be sent") as error:
        to_message({"options": request.options}, rpc_named("Attribute").request)
    assert error.value.field == "options[o]"


@pytest.mark.parametrize("value", [np.array([True]), [True], [0.5, True], [np.True_]], ids=str)
def test_true_is_no_number_on_the_wire_either(value: list[bool | float] | np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match="cannot be sent"):
        value_to_message(value)


OVERRIDES: list[dict[str, Any]] = [
    {},
    {"scale": 0.25},
    {"mean": [1.0, 2.0, 3.0]},
    {"resize": {"mode": "letterbox", "fill": 0}},
    {"crop": {"height": 8}},
    {"layout": "NHWC", "color": "BGR", "std": [2.0]},
    {"resize": {"size": 7, "interpolation": "nearest", "align": "center"}},
]


@pytest.mark.parametrize("mapping", OVERRIDES, ids=str)
def test_only_the_keys_that_are_given_override(mapping: dict[str, Any]) -> None:
    from_wire = override_of_message(sent_override(mapping))
    assert applied(from_wire) == applied(mapping)


def sent_override(mapping: dict[str, Any]) -> model_pb2.Preprocessing:
    message = override_to_message(mapping)
    assert message is not None
    return message


def applied(mapping: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a preprocessing in its flat form."""
    found: dict[str, Any] = {}
    for key, value in mapping.items():
        if isinstance(value, dict):
            prefix = {
                "mode": "resize",
                "size": "resize_size",
                "fill": "letterbox_fill",
                "align": "letterbox_align",
            }
            found |= {prefix.get(name) or name: one for name, one in value.items()}
        else:
            found[key] = tuple(value) if isinstance(value, list) else value
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_every_field_of_a_preprocessing_can_be_overridden_or_is_output_only(seed: int) -> None:
    everything = Maker(seed).preprocessing().to_json()
    for name in ("dtype", "source", "assumed"):
        del everything[name]
    given = {name: value for name, value in applied(everything).items() if value is not None}
    assert override_of_message(sent_override(everything)) == given


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ({"size": 3}, "preprocessing.size"),
        ({"dtype": "uint8"}, "preprocessing.dtype"),
        ({"resize": {"sise": 3}}, "preprocessing.resize.sise"),
        ({"scale": "half"}, "preprocessing.scale"),
        ({"mean": "red"}, "preprocessing.mean"),
    ],
)
def test_an_unknown_key_is_refused_before_it_is_sent(mapping: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        override_to_message(mapping)
    assert caught.value.field == field


def test_progress_arrives_with_what_is_known_so_far() -> None:
    call = rpc_named("Occlude")
    request = OccludeRequest(images=b"")
    kind = {kind.__name__: kind for kind, _ in kinds()}["Sweep"]
    partial = Maker(1).made(kind)
    given = Progress(done=3, total=2**40, partial=partial)
    response = call.response.FromString(response_of(call, progress=given).SerializeToString())
    found = progress_of_response(response, request, call)
    assert found is not None
    assert (found.done, found.total) == (3, 2**40)
    assert same(partial, found.partial)
    assert result_of_response(response, request, call) is None
    assert progress_of_response(response_of(call, result=partial), request, call) is None


def test_a_kind_that_has_no_message_is_told() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
    class Homemade(Result):
        pass

    with pytest.raises((EngineError, StopIteration)):
        response_of(rpc_named("Run"), result=Homemade())


def test_a_kind_that_this_client_does_not_know_is_told() -> None:
    call = rpc_named("Run")
    response: Any = call.response(result=result_pb2.Result())
    with pytest.raises(EngineError, match="renew the client"):
        result_of_response(response, DescribeRequest(), call)
    response.result.other.type_url = "type.googleapis.com/elsewhere.Thing"
    with pytest.raises(EngineError, match="elsewhere.Thing"):
        result_of_response(response, DescribeRequest(), call)
