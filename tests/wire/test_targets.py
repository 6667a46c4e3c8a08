"""Nothing is lost on the wire of what a target says, nor of what was explained."""

from __future__ import annotations

import dataclasses
from typing import Any, get_args

import numpy as np
import pytest

from inspector.errors import InvalidInputError, UserError
from inspector.types import targets
from inspector.types.targets import Target
from inspector.v1 import inspection_service_pb2, target_pb2
from inspector.wire.calls import rpc_named
from inspector.wire.codec import of_message, to_message
from inspector.wire.requests import request_of_message

TARGET: Any = Target
"""The union, as a kind to read."""

RESOLVED = targets.ResolvedTarget(
    kind="class", tensor="t", layer=None, channel=0, position=(), value=0.0, label=None, image=0
)


@pytest.mark.parametrize(
    "target",
    [
        targets.Class(),
        targets.Class(0),
        targets.Class(7),
        targets.Class(3, "y"),
        targets.Class(None, "y", (4, 5)),
        targets.Class(0, None, ()),
        targets.Element("y"),
        targets.Element("y", ()),
        targets.Element("y", (0, 7)),
        targets.Region("y"),
        targets.Region("y", np.s_[0, 3:7, :5, 2:, :]),
        targets.Region("y", 1, "sum", np.eye(3) > 0),
        targets.Region("y", (), "max"),
        targets.Direction("y"),
        targets.Direction("y", (0.1, -2.5)),
        targets.Combination([3]),
        targets.Combination([None, targets.Class(label="a"), targets.Unit("l", 2)]),
        targets.Combination([targets.Region("y", np.s_[0, 3:7]), targets.Element("y", ())], (0.5, -3)),
        targets.Unit("l"),
        targets.Unit("l", 0),
        targets.Unit("l", 3, ()),
        targets.Unit("l", None, (0, 2)),
    ],
    ids=str,
)
def test_a_target_arrives_whole(target: Target) -> None:
    sent = to_message(target, target_pb2.Target).SerializeToString()
    assert of_message(target_pb2.Target.FromString(sent), TARGET) == target


@pytest.mark.parametrize("kind", ["class", "element", "region", "direction"])
def test_only_classes_and_units_have_a_channel(kind: str) -> None:
    channel = 0 if kind == "class" else None
    resolved = dataclasses.replace(RESOLVED, kind=kind, channel=channel)
    message = to_message(resolved, target_pb2.ResolvedTarget)
    assert of_message(message, targets.ResolvedTarget) == resolved


def test_every_kind_of_target_is_on_the_wire() -> None:
    fields = target_pb2.Target.DESCRIPTOR.oneofs[0].fields
    kinds = {field.message_type.name for field in fields if field.message_type is not None}
    assert kinds == {f"{kind.__name__}Target" for kind in get_args(targets.Target)}


@pytest.mark.parametrize(("given", "index"), [(None, None), (0, 0), (5, 5), (np.int64(3), 3)])
def test_a_number_is_a_class(given: int | None, index: int | None) -> None:
    message = to_message(targets.as_target(given), target_pb2.Target)
    assert of_message(message, TARGET) == targets.Class(index)


def test_what_is_no_target_is_refused_before_it_is_sent() -> None:
    with pytest.raises(InvalidInputError):
        targets.as_target(b"cat")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("target", "field"),
    [
        (targets.Class(0, "\udc80"), "output_class.output"),
        (targets.Unit("\udc80"), "unit.layer"),
        (targets.Element("\udc80", (2,)), "element.tensor"),
    ],
    ids=ascii,
)
def test_what_no_message_holds_names_its_place_before_it_is_sent(target: Target, field: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be sent") as caught:
        to_message({"targets": (targets.Class(), target)}, rpc_named("Attribute").request)
    assert caught.value.field == f"targets[1].{field}"


def test_numbers_of_more_than_64_bits_are_refused_where_a_target_is_made() -> None:
    for make, field in (
        (lambda: targets.Class(2**63), "index"),
        (lambda: targets.Class(0, "y", (1, 2**63)), "position"),
        (lambda: targets.Unit("l", -(2**63) - 1), "channel"),
        (lambda: targets.Element("y", (2**64,)), "index"),
        (lambda: targets.Region("y", np.s_[: 2**64]), "index"),
    ):
        with pytest.raises(InvalidInputError, match="give .*whole number") as caught:
            make()
        assert caught.value.field == field


def test_a_unit_without_a_name_is_refused_wherever_it_is_made() -> None:
    for make, field in (
        (targets.Unit, "layer"),
        (targets.Element, "tensor"),
        (targets.Region, "tensor"),
        (targets.Direction, "tensor"),
    ):
        with pytest.raises(InvalidInputError) as caught:
            make("")
        assert (caught.value.reason, caught.value.field) == ("MISSING", field)


HOSTILE = {
    "nothing": (target_pb2.Target(), "MISSING", ""),
    "an empty unit": (target_pb2.Target(unit={}), "MISSING", ".unit.layer"),
    "an empty element": (target_pb2.Target(element={}), "MISSING", ".element.tensor"),
    "a mask that is empty": (
        target_pb2.Target(region={"tensor": "y", "mask": {}}),
        "UNKNOWN_DATATYPE",
        ".region.mask.datatype",
    ),
    "a mask of a negative size": (
        target_pb2.Target(region={"tensor": "y", "mask": {"datatype": "BOOL", "shape": [-1]}}),
        "INVALID_SHAPE",
        ".region.mask.shape",
    ),
    "an unknown reduction": (
        target_pb2.Target(region={"tensor": "y", "reduce": 99}),
        "UNKNOWN_ENUM",
        ".region.reduce",
    ),
    "a vector that is not finite": (
        target_pb2.Target(direction={"tensor": "y", "vector": {"values": [float("nan")]}}),
        "INVALID_INPUT",
        ".direction.vector",
    ),
    "a vector of nothing": (
        target_pb2.Target(direction={"tensor": "y", "vector": {}}),
        "INVALID_INPUT",
        ".direction.vector",
    ),
    "very many coordinates": (
        target_pb2.Target(output_class={"position": {"coordinates": [0] * 100_000}}),
        "LIMIT_EXCEEDED",
        ".output_class.position",
    ),
    "very many spans": (
        target_pb2.Target(region={"tensor": "y", "index": [{}] * 100_000}),
        "LIMIT_EXCEEDED",
        ".region.index",
    ),
}


@pytest.mark.parametrize(("message", "reason", "field"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_target_is_refused_by_its_true_path(
    message: target_pb2.Target, reason: str, field: str
) -> None:
    request = inspection_service_pb2.AttributeRequest(
        images=[{"encoded": b"0"}], targets=[target_pb2.Target(output_class={}), message]
    )
    with pytest.raises(UserError) as caught:
        request_of_message(request, rpc_named("Attribute"))
    assert (caught.value.reason, caught.value.field) == (reason, f"targets[1]{field}")
    occlusion = inspection_service_pb2.OccludeRequest(images=[{"encoded": b"0"}], target=message)
    with pytest.raises(UserError) as caught:
        request_of_message(occlusion, rpc_named("Occlude"))
    assert (caught.value.reason, caught.value.field) == (reason, f"target{field}")
