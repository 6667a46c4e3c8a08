"""Dataclasses against messages: what one has, the other has, so that nothing can be forgotten on the way."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Set
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from google.protobuf.descriptor import FieldDescriptor

from inspector.types.options import MethodInfo, VerbInfo
from inspector.types.requests.base import REQUESTS, Request, result_kind
from inspector.types.results.base import KINDS
from inspector.types.served_model import ServedModel
from inspector.types.targets import Class, Combination, Direction, Element, Region, Unit
from inspector.v1 import method_pb2, model_pb2, result_pb2, target_pb2
from inspector.wire import results
from inspector.wire.calls import RUN, SERVICE, rpc_named, rpc_of
from inspector.wire.codec import HOOKS
from inspector.wire.fields import RENAMED, wrapped_field

BESIDE = {"model", "wants_partial"}
"""Fields of requests on the wire that are no fields of a request in Python: the model is who is asked."""

PAIRS: list[tuple[type[Any], Any]] = [
    (MethodInfo, method_pb2.Method.DESCRIPTOR),
    (VerbInfo, method_pb2.Verb.DESCRIPTOR),
    (ServedModel, model_pb2.Model.DESCRIPTOR),
    (Class, target_pb2.ClassTarget.DESCRIPTOR),
    (Unit, target_pb2.UnitTarget.DESCRIPTOR),
    (Element, target_pb2.ElementTarget.DESCRIPTOR),
    (Region, target_pb2.RegionTarget.DESCRIPTOR),
    (Direction, target_pb2.DirectionTarget.DESCRIPTOR),
    (Combination, target_pb2.CombinationTarget.DESCRIPTOR),
]


def requests() -> list[type[Request[Any]]]:
    found = [REQUESTS.get(name) for name in REQUESTS]
    return [kind for kind in found if kind is not None and rpc_of(kind).name != RUN]


def kinds() -> list[tuple[type[Any], Any]]:
    fields = result_pb2.Result.DESCRIPTOR.fields_by_name
    found = [(KINDS.get(name), name) for name in KINDS]
    return [(kind, fields[name].message_type) for kind, name in found if kind is not None and name in fields]


@pytest.mark.parametrize("request_kind", requests(), ids=lambda kind: kind.verb)
def test_every_field_of_a_request_travels(request_kind: Any) -> None:
    call = rpc_of(request_kind)
    assert problems(request_kind, call.request.DESCRIPTOR, beside=BESIDE) == []
    assert call.verb == request_kind.verb


@pytest.mark.parametrize("request_kind", requests(), ids=lambda kind: kind.verb)
def test_a_repeated_field_that_is_empty_says_what_one_that_is_left_out_does(request_kind: Any) -> None:
    """No message can tell them apart: so neither may a request."""
    assert unlike_unset(request_kind, rpc_of(request_kind).request.DESCRIPTOR) == []


def unlike_unset(kind: type[Any], descriptor: Any) -> list[str]:
    """Return the fields that are repeated in a message, and whose default is not what an empty one says."""
    repeated = {
        RENAMED.get(one.name, one.name) for one in descriptor.fields if one.is_repeated and not _is_map(one)
    }
    wanting = [one.name for one in dataclasses.fields(kind) if one.name in repeated - {"images"}]
    defaults = {one.name: one.default for one in dataclasses.fields(kind)}
    return [name for name in wanting if not (defaults[name] is None or defaults[name] == ())]


def _is_map(field: Any) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


@dataclasses.dataclass(frozen=True)
class _Filled:
    size: tuple[int, ...] | None = None
    stride: tuple[int, ...] = ()
    fill: tuple[float, ...] = (0.5,)


def test_a_default_that_no_message_can_say_is_found() -> None:
    assert unlike_unset(_Filled, rpc_named("Occlude").request.DESCRIPTOR) == ["fill"]


@pytest.mark.parametrize(("kind", "descriptor"), kinds(), ids=lambda one: getattr(one, "__name__", ""))
def test_every_field_of_a_result_travels(kind: Any, descriptor: Any) -> None:
    assert problems(kind, descriptor) == []


@pytest.mark.parametrize(("kind", "descriptor"), PAIRS, ids=lambda one: getattr(one, "__name__", ""))
def test_every_field_of_other_data_travels(kind: Any, descriptor: Any) -> None:
    assert problems(kind, descriptor) == []


def test_every_kind_of_result_of_ours_has_a_message_and_every_message_a_kind() -> None:
    fields = {field.name for field in result_pb2.Result.DESCRIPTOR.fields} - {"other"}
    ours = {name for name in KINDS if KINDS.get(name).__module__.startswith("inspector.")}
    assert ours == fields


def test_every_call_carries_a_verb_that_there_is() -> None:
    for method in SERVICE.methods:
        call = rpc_named(method.name)
        if call.name == RUN or call.name.startswith("List"):
            continue
        kind = REQUESTS.get(call.verb)
        assert kind is not None
        assert kind.__name__ == f"{call.name}Request"
        message = call.response.DESCRIPTOR.fields_by_name["result"].message_type
        assert message is not None
        answer = message.name
        assert answer == result_kind(kind).__name__


def test_long_calls_have_one_shape() -> None:
    for method in SERVICE.methods:
        fields = [field.name for field in method.output_type.fields]
        if method.server_streaming:
            assert fields in (["progress", "result"], ["progress", "partial", "result"])
            assert ("partial" in fields) == ("wants_partial" in method.input_type.fields_by_name)
        elif not method.name.startswith("List"):
            assert fields == ["result"]


@dataclasses.dataclass(frozen=True)
class _Forgetful:
    name: str
    forgotten: int
    op_type: int


def test_the_checker_finds_what_is_planted() -> None:
    found = problems(_Forgetful, model_pb2.Layer.DESCRIPTOR)
    assert "_Forgetful.forgotten has no field in inspector.v1.Layer" in found
    assert "_Forgetful.op_type is <class 'int'>, the message's op_type is a string" in found
    assert any("output has no field in _Forgetful" in line for line in found)


# --- the checker


def problems(kind: type[Any], descriptor: Any, *, beside: Set[str] = frozenset()) -> list[str]:
    """Return what does not fit between a dataclass and a message, and below."""
    return list(_problems(kind, descriptor, beside, set()))


def _problems(kind: type[Any], descriptor: Any, beside: Set[str], seen: set[str]) -> Iterator[str]:
    if descriptor.full_name in seen:
        return
    seen.add(descriptor.full_name)
    hints = get_type_hints(kind)
    known = {field.name for field in dataclasses.fields(kind)}
    there = {RENAMED.get(field.name, field.name): field for field in descriptor.fields}
    for name in sorted(known - set(there)):
        yield f"{kind.__name__}.{name} has no field in {descriptor.full_name}"
    for name in sorted(set(there) - known - beside):
        yield f"{descriptor.full_name}.{name} has no field in {kind.__name__}"
    for name in sorted(known & set(there)):
        yield from _mismatch(f"{kind.__name__}.{name}", hints[name], there[name], seen)


def _mismatch(  # noqa: C901 (one question after the other)
    where: str, hint: Any, field: FieldDescriptor, seen: set[str]
) -> Iterator[str]:
    optional, inner = _without_none(hint)
    if field.message_type is not None and field.message_type.full_name in HOOKS:
        return
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        if get_origin(inner) is not Mapping:
            yield f"{where} is {inner}, the message has a map"
        return
    if field.message_type is not None and wrapped_field(field.message_type) and get_origin(inner) is tuple:
        return
    if field.is_repeated:
        if inner is object:  # images, which are read and written by themselves
            return
        if get_origin(inner) is not tuple:
            yield f"{where} is {inner}, the message has a repeated field"
        elif field.message_type is not None and dataclasses.is_dataclass(get_args(inner)[0]):
            yield from _problems(get_args(inner)[0], field.message_type, set(), seen)
        return
    if optional and not field.has_presence:
        yield f"{where} may be None, but the message cannot leave {field.name} out"
    if field.message_type is not None:
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            yield from _problems(inner, field.message_type, set(), seen)
        return
    if field.enum_type is not None:
        words = get_args(inner) if get_origin(inner) is Literal else ()
        prefix = field.enum_type.values_by_number[0].name.removesuffix("UNSPECIFIED")
        there = {one.name.removeprefix(prefix).lower() for one in field.enum_type.values if one.number}
        if words and set(words) != there:
            yield f"{where} is one of {words}, the message's enum has {sorted(there)}"
        return
    allowed = _SCALARS[field.type]
    if getattr(inner, "__supertype__", inner) not in allowed and get_origin(inner) is not Literal:
        yield f"{where} is {inner}, the message's {field.name} is a {_NAMES[field.type]}"


_NAMES = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_DOUBLE: "double",
}
_SCALARS = {
    FieldDescriptor.TYPE_STRING: (str,),
    FieldDescriptor.TYPE_BYTES: (bytes,),
    FieldDescriptor.TYPE_BOOL: (bool,),
    FieldDescriptor.TYPE_INT64: (int,),
    FieldDescriptor.TYPE_INT32: (int,),
    FieldDescriptor.TYPE_DOUBLE: (float,),
}


def _without_none(hint: Any) -> tuple[bool, Any]:
    if get_origin(hint) not in (Union, UnionType) or NoneType not in get_args(hint):
        return False, hint
    members = [one for one in get_args(hint) if one is not NoneType]
    return True, members[0] if len(members) == 1 else object


assert results  # conversions are registered
