"""Nothing is lost on the wire of what a target says, nor of what was explained."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np
import pytest

from inspector.client import targets as client_targets
from inspector.errors import InvalidInputError
from inspector.service.convert.targets import resolved_to_wire, target_from_wire
from inspector.types import targets
from inspector.v1 import target_pb2
from tests.service.test_convert import BLANK


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
        targets.Unit("l"),
        targets.Unit("l", 0),
        targets.Unit("l", 3, ()),
        targets.Unit("l", None, (0, 2)),
    ],
    ids=str,
)
def test_a_target_arrives_whole(target):
    found = target_from_wire(client_targets.target_to_wire(target), field="target")
    assert found == target


@pytest.mark.parametrize("kind", ["class", "element", "region", "direction"])
def test_only_classes_and_units_have_a_channel(kind):
    channel = 0 if kind == "class" else None
    resolved = dataclasses.replace(BLANK, kind=kind, channel=channel)

    assert client_targets.resolved_from_wire(resolved_to_wire(resolved)) == resolved


def test_every_kind_of_target_is_on_the_wire():
    kinds = {field.message_type.name for field in target_pb2.Target.DESCRIPTOR.oneofs[0].fields}
    assert kinds == {f"{kind.__name__}Target" for kind in get_args(targets.Target)}


@pytest.mark.parametrize(("given", "index"), [(None, None), (0, 0), (5, 5), (np.int64(3), 3)])
def test_a_number_is_a_class(given, index):
    found = target_from_wire(client_targets.target_to_wire(given), field="target")
    assert found == targets.Class(index)


def test_what_is_no_target_is_refused_before_it_is_sent():
    with pytest.raises(InvalidInputError):
        client_targets.target_to_wire("cat")
