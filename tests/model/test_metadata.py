"""What a model's file says of itself, as a description of the model tells it."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

import inspector
from inspector.model.metadata import LONGEST, MOST_ENTRIES
from tests.support.toys import toy_cnn


def told(metadata: Mapping[str, str], **fields: object) -> dict[str, str]:
    """Return what is told of a small model with this metadata and these fields of ONNX."""
    proto = onnx.load_from_string(toy_cnn())
    del proto.metadata_props[:]
    onnx.helper.set_model_props(proto, dict(metadata))
    for name in ("producer_name", "producer_version", "domain", "model_version", "doc_string"):
        proto.ClearField(name)
    for name, value in fields.items():
        setattr(proto, name, value)
    proto.graph.name = "g"
    with inspector.load(proto.SerializeToString(), device="cpu") as model:
        return dict(model.info.metadata)


def test_entries_come_first_and_then_the_fields_of_onnx() -> None:
    given = {"license": "Apache-2.0", "producer": "us"}
    found = told(given, producer_name="pytorch", producer_version="2.1", model_version=3, doc_string="A toy.")
    assert list(found.items()) == [
        *given.items(),
        ("version", "3"),
        ("description", "A toy."),
        ("graph", "g"),
    ]


def test_what_is_not_said_is_not_there() -> None:
    assert told({}) == {"graph": "g"}


def test_a_producer_has_a_version() -> None:
    assert told({}, producer_name="pytorch", producer_version="2.1")["producer"] == "pytorch 2.1"


def test_long_values_say_that_they_are_cut() -> None:
    found = told({"names": "x" * (LONGEST + 1)})["names"]
    assert found == "x" * LONGEST + f"… ({LONGEST + 1:,} characters)"


def test_entries_are_bounded() -> None:
    assert len(told({f"key{index}": "value" for index in range(2 * MOST_ENTRIES)})) == MOST_ENTRIES
