"""How long and how many: every text and every repeated field of every request has a bound."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import message_factory
from google.protobuf.message import Message

from inspector.errors import LimitExceededError
from inspector.types.given import MOST_ITEMS, MOST_NUMBERS
from inspector.v1 import collection_service_pb2, inspection_service_pb2, model_service_pb2, target_pb2
from inspector.wire.bounds import MOST_CHARACTERS, MOST_DEPTH, most_entries, require_bounded
from inspector.wire.fields import Field, fields_of

FILES = (collection_service_pb2, inspection_service_pb2, model_service_pb2)
LONG = "é" * (MOST_CHARACTERS + 1)
REQUESTS: dict[str, Any] = {
    method.input_type.name: message_factory.GetMessageClass(method.input_type)
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


def too_much(kind: Any, *, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield messages of a kind, each with one field beyond its bound, and that field's name, however deep it lies."""
    for field in fields_of(kind.DESCRIPTOR):
        if field.is_map:
            yield from of_map(kind, field)
            continue
        if field.is_repeated:
            one = "" if field.is_text else 0
            yield f"{field.name} many", with_many(kind, field, one)
        if field.is_text:
            text = LONG if not field.is_repeated else [LONG]
            yield f"{field.name} long", kind(**{field.name: text})
        if field.message is not None and depth < 4:
            for name, inner in too_much(message_factory.GetMessageClass(field.message), depth=depth + 1):
                held = [inner] if field.is_repeated else inner
                yield f"{field.name}.{name}", kind(**{field.name: held})


def with_many(kind: Any, field: Field, one: object) -> Any:
    count = most_entries(field) + 1
    message = kind()
    place = getattr(message, field.name)
    if field.message is None:
        place.extend([one] * count)
    else:
        for _ in range(count):
            place.add()
    return message


def of_map(kind: Any, field: Field) -> Iterator[tuple[str, Any]]:
    holds_messages = field.message.fields_by_name["value"].message_type is not None

    def holding(*keys: str, value: str = "") -> Any:
        message = kind()
        place = getattr(message, field.name)
        for key in keys:
            if holds_messages:
                place[key].SetInParent()
            else:
                place[key] = value
        return message

    yield f"{field.name} many", holding(*map(str, range(most_entries(field) + 1)))
    yield f"{field.name} long key", holding(LONG)
    if not holds_messages:
        yield f"{field.name} long value", holding("a", value=LONG)


@pytest.mark.parametrize("name", REQUESTS)
def test_no_field_of_a_request_is_without_a_bound(name: str) -> None:
    for where, message in too_much(REQUESTS[name]):
        with pytest.raises(LimitExceededError) as caught:
            require_bounded(message)
        root = where.split(" ")[0].split(".")[0]
        assert (caught.value.field or "").startswith(root), where


def nested(depth: int) -> Message:
    target = target_pb2.Target()
    place = target
    for _ in range(depth):
        place = place.combination.targets.add()
    place.unit.layer = "a"
    return inspection_service_pb2.AttributeRequest(targets=[target])


def test_what_lies_too_deep_is_refused() -> None:
    require_bounded(nested(MOST_DEPTH // 2))
    with pytest.raises(LimitExceededError, match="messages deep"):
        require_bounded(nested(MOST_DEPTH + 1))


def test_what_is_at_its_bound_is_taken() -> None:
    request = inspection_service_pb2.RunRequest(model="m" * MOST_CHARACTERS)
    request.options["a"].numbers.values.extend([0.0] * MOST_NUMBERS)
    request.options["b"].texts.values.extend(["é" * 3] * MOST_ITEMS)
    request.images.add().encoded = b"x" * (MOST_CHARACTERS + 1)
    require_bounded(request)


def test_no_picture_and_no_tensor_is_copied_to_be_looked_at() -> None:
    request = inspection_service_pb2.PredictRequest(model="m")
    request.images.add().encoded = bytes(4 << 20)
    request.images.add().tensor.raw = bytes(4 << 20)
    tracemalloc.start()
    try:
        require_bounded(request)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_an_error_shows_the_beginning_of_a_text_alone() -> None:
    request = inspection_service_pb2.RunRequest(verb="v" * 1_000_000)
    with pytest.raises(LimitExceededError) as caught:
        require_bounded(request)
    assert len(caught.value.message) < 200
    assert caught.value.field == "verb"
