"""A class by its label: which one is meant, and what is said where none is."""

from __future__ import annotations

from typing import Any

import pytest

import inspector
from inspector.client import Client
from inspector.errors import InspectorError, InvalidInputError, NotFoundError
from inspector.resolve.labels import index_of_label
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.targets import Class, as_target, as_targets
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_image

LABELS = ("ant", "bee", "cat", "dog", "eel")
IMAGENET = ("n01440764 tench, Tinca tinca", "n02012849 crane", "n02391049 zebra", "n03126707 crane", "Zebra")


@pytest.mark.parametrize(
    ("label", "index"),
    [("n02391049 zebra", 2), ("Zebra", 4), ("tench", 0), ("tinca_tinca", 0), ("TENCH,  tinca tinca", 0)],
)
def test_the_strictest_way_that_finds_one_decides(label: str, index: int) -> None:
    assert index_of_label(label, IMAGENET, what="the model") == index


@pytest.mark.parametrize(
    ("label", "labels", "kind", "words"),
    [
        ("crane", IMAGENET, InvalidInputError, ["1 (n02012849 crane)", "3 (n03126707 crane)", "index"]),
        ("zebra", IMAGENET, InvalidInputError, ["2 (", "4 (Zebra)"]),
        ("tenhc", IMAGENET[:1], NotFoundError, ["'tenhc'", "1 labels"]),
        ("bea", LABELS, NotFoundError, ["'bea'", "Did you mean 'bee'"]),
        ("bee", None, InvalidInputError, ["no labels", "index"]),
        ("bee", (), InvalidInputError, ["no labels"]),
    ],
)
def test_what_names_no_class_or_several_is_told(
    label: str, labels: tuple[str, ...] | None, kind: type[InspectorError], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        index_of_label(label, labels, what="the model")
    assert not [word for word in words if word not in caught.value.message]
    assert caught.value.field == "label"


def test_a_text_is_a_label() -> None:
    assert as_target("cat") == Class(label="cat")
    assert as_targets("cat") == (Class(label="cat"),)
    assert as_targets(["cat", 3]) == (Class(label="cat"), Class(3))
    assert AttributeRequest(images=toy_image(), targets="cat").targets == (Class(label="cat"),)  # type: ignore[arg-type]
    assert OccludeRequest(images=toy_image(), target="cat").target == Class(label="cat")  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [{"index": 1, "label": "bee"}, {"label": ""}, {"label": 3}])
def test_a_class_has_an_index_or_a_label(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Class(**given)
    assert caught.value.field == "label"


def test_it_is_the_class_of_that_index_here_and_over_the_wire(tmp_path: Any) -> None:
    data, image = toy_cnn(), toy_image()
    with running_server(tmp_path) as server, Client(server.address) as client:
        client.upload(data, name="toy", labels=LABELS)
        client.upload(data, name="bare")
        with inspector.load(data, device="cpu", labels=LABELS) as here:
            for model in (here, client.model("toy")):
                by_index = model.attribute(image, target=3)
                by_label = model.attribute(image, target="dog")
                assert by_label.targets == by_index.targets
                assert (by_label.maps == by_index.maps).all()
                assert model.occlude(image, target="dog", size=8, stride=8).target.channel == 3
                with pytest.raises(NotFoundError) as caught:
                    model.attribute(image, target=[0, "dogg"])
                assert "Did you mean 'dog'" in caught.value.message
                assert caught.value.field == "targets[1].output_class.label"
        with pytest.raises(InvalidInputError) as refused:
            client.model("bare").occlude(image, target="dog")
        assert (refused.value.reason, refused.value.field) == ("NO_LABELS", "target.output_class.label")
