"""Signals, volumes and layouts over the wire: the same as in process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Element
from inspector.client import Client
from inspector.errors import InvalidInputError
from tests.support.fronts import Front
from tests.support.graphs import model, node
from tests.support.server import running_server

UNREAD = model(
    [node("Relu", ["x"], "a"), node("Flatten", ["a"], "y")], shape=("n", 4, 8, 5)
).SerializeToString()
"""Nothing in it says which axis holds channels."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running_server(tmp_path_factory.mktemp("repository")) as server, Client(server.address) as found:
        yield found


@pytest.mark.parametrize("layout", ["NCL", "NLC", "NL", "NCDHW", "NCHW"])
def test_every_space_travels(client: Client, layout: str) -> None:
    sizes = {letter: {"C": 2, "L": 30, "D": 6, "H": 9, "W": 8}[letter] for letter in layout[1:]}
    front = Front(rng=np.random.default_rng(0), layout=layout, sizes=sizes)
    front.shuffle()
    proto = front.finish()
    image = front.rng.random([sizes.get(letter, 1) for letter in layout], np.float32)
    client.upload(proto, name=layout.lower())
    there = client.model(layout.lower())
    target = Element("scores", (1,))
    with inspector.load(proto, device="cpu") as here:
        assert there.info.input == here.info.input
        assert there.layers() == here.layers()
        sweeps = [one.occlude(image, target=target, fill=0.0) for one in (here, there)]
        maps = [one.attribute(image, method="gradcam", target=target) for one in (here, there)]
        activations = [one.activations(image, layers=["relu"]) for one in (here, there)]
    for pair in (sweeps, maps, activations):
        assert_equal(*pair)


def assert_equal(one: Any, other: Any) -> None:
    for name in ("probability", "maps", "layout", "size", "fill"):
        np.testing.assert_array_equal(getattr(one, name, 0), getattr(other, name, 0))
    if hasattr(one, "starts"):
        assert [starts.tolist() for starts in one.starts] == [starts.tolist() for starts in other.starts]
    if hasattr(one, "activations"):
        assert one.activations[0].spatial_axes == other.activations[0].spatial_axes
    drawn, there = (np.asarray(found.pictures()[0]) for found in (one, other))
    np.testing.assert_array_equal(drawn, there)


def test_a_layout_that_is_told_decides_there_too(client: Client) -> None:
    image = np.ones((1, 4, 8, 5), np.float32)
    client.upload(UNREAD, name="unread")
    assert client.model("unread").info.input.layout == "NCHW"
    client.unload("unread")
    client.load("unread", preprocessing={"layout": "NHWC"})
    found = client.model("unread")
    assert found.info.input.layout == found.info.preprocessing.layout == "NHWC"
    assert found.attribute(image, method="rise", masks=3, target=Element("y")).maps.shape == (1, 4, 8, 1)
    client.unload("unread")
    with pytest.raises(InvalidInputError, match="for 3 axes; the input has 4"):
        client.load("unread", preprocessing={"layout": "NCL"})
