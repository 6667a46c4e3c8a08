"""Every public verb with every nasty value in every place: only answers and our own errors come out.

Verbs, their options and the methods' options are found in the registries: a new one is tried by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

import inspector
from inspector.errors import NotFoundError
from inspector.face.verb import CONTROLS
from inspector.methods.catalog import attribution_methods
from inspector.model.preprocessing.images import apply_preprocessing
from inspector.types.options import MethodInfo
from inspector.types.preprocessing import Preprocessing
from inspector.types.requests.base import OPTIONS, REQUESTS, request_fields, takes_images
from inspector.types.targets import Class, Combination, Direction, Element, Region, Unit
from tests.arguments.fuzz import fault_of
from tests.arguments.needed import FEW, FLOATS, needed
from tests.support.graphs import model, node
from tests.support.nasty import VALUES
from tests.support.toys import toy_cnn

pytestmark = pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")


def byte_cnn() -> bytes:
    """Return a small CNN that takes uint8."""
    rng = np.random.default_rng(1)
    nodes = [
        node("Cast", ["x"], "real", to=TensorProto.FLOAT),
        node("Conv", ["real", "w"], "conv1", pads=[1, 1, 1, 1]),
        node("Relu", ["conv1"], "relu1"),
        node("GlobalAveragePool", ["relu1"], "mean"),
        node("Flatten", ["mean"], "scores"),
    ]
    weights = {"w": rng.standard_normal((4, 3, 3, 3)).astype(np.float32)}
    proto = model(nodes, shape=("n", 3, 16, 16), weights=weights)
    proto.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    return proto.SerializeToString()


@pytest.fixture(scope="module")
def toys() -> Iterator[dict[str, inspector.Model]]:
    with inspector.load(toy_cnn(), device="cpu") as floats, inspector.load(byte_cnn(), device="cpu") as codes:
        yield {"float32": floats, "uint8": codes}


MAKING = ("dream", "synthesize")
"""Their options say how pictures are made, in floats whatever the model takes; each call takes 20 ms."""

IMAGES: dict[str, np.ndarray] = {"float32": FLOATS, "uint8": (FLOATS * 255).astype(np.uint8)}


def tried(place: str, ask: Callable[[Any], object], *, is_fielded: bool = True) -> list[str]:
    """Return what went wrong with a value of every kind in one place."""
    faults = (
        fault_of(f"{place}={name}", lambda make=make: ask(make()), is_fielded=is_fielded)  # type: ignore[misc]
        for name, make in VALUES.items()
    )
    return [str(fault) for fault in faults if fault is not None]


def verbs_and_places() -> Iterator[tuple[str, str]]:
    for verb, request in sorted(REQUESTS.items()):
        places = [one.python for one in request_fields(request) if one.name != OPTIONS]
        extra = ["images", "inputs", "rendering"] if takes_images(request) else []
        is_own = verb in vars(inspector.Model)  # a method of Python's, whose calls Python itself checks
        yield from ((verb, place) for place in (*places, *extra, *CONTROLS, *([] if is_own else ["unknown"])))


@pytest.mark.parametrize("verb", sorted(name for name, _ in REQUESTS.items()))
def test_what_is_given_beside_is_answered(toys: dict[str, inspector.Model], verb: str) -> None:
    """Or else a call would be refused for that, and nothing said of the value that is tried."""
    for kind, one in toys.items():
        if verb == "evolution":  # asks for files
            with pytest.raises(NotFoundError, match="no-such-checkpoint"):
                one.evolution(**needed(verb, IMAGES[kind]))
        else:
            getattr(one, verb)(**needed(verb, IMAGES[kind]))


@pytest.mark.parametrize(("verb", "place"), list(verbs_and_places()), ids=lambda one: one)
def test_any_value_in_any_place_of_a_verb(toys: dict[str, inspector.Model], verb: str, place: str) -> None:
    faults = []
    is_one_enough = place in CONTROLS or (verb in MAKING and place not in ("images", "inputs"))
    for kind, one in list(toys.items())[: 1 if is_one_enough else None]:
        given = needed(verb, IMAGES[kind])

        def ask(value: Any, one: inspector.Model = one, given: dict[str, Any] = given) -> object:
            if place == "progress" and callable(value):  # what it raises is its own
                return None
            return getattr(one, verb)(**given | {place: value})

        faults += tried(f"{kind}: {verb}({place}", ask)
    assert not faults, "\n".join(faults)


def options_of_methods() -> Iterator[tuple[MethodInfo, str]]:
    for method in attribution_methods():
        for option in method.options:
            if option.name != "policies":
                yield method, option.name


@pytest.mark.parametrize(
    ("method", "option"), list(options_of_methods()), ids=lambda one: getattr(one, "name", one)
)
def test_any_value_of_any_option_of_a_method(
    toys: dict[str, inspector.Model], method: MethodInfo, option: str
) -> None:
    few = {name: value for name, value in FEW.items() if name in {one.name for one in method.options}}
    faults = []
    for kind, one in toys.items():

        def ask(value: Any, one: inspector.Model = one, kind: str = kind) -> object:
            return one.attribute(IMAGES[kind], method=method.name, **few | {option: value})

        faults += tried(f"{kind}: {method.name}({option}", ask)
    assert not faults, "\n".join(faults)


TARGETS: dict[str, Callable[[Any], object]] = {
    "Class(index": Class,
    "Class(output": lambda value: Class(0, value),
    "Class(position": lambda value: Class(0, None, value),
    "Unit(layer": Unit,
    "Unit(channel": lambda value: Unit("relu1", value),
    "Unit(position": lambda value: Unit("relu1", 0, value),
    "Element(tensor": Element,
    "Element(index": lambda value: Element("relu1", value),
    "Region(tensor": Region,
    "Region(index": lambda value: Region("relu1", value),
    "Region(index inside": lambda value: Region("relu1", (0, value)),
    "Region(reduce": lambda value: Region("relu1", 0, value),
    "Region(mask": lambda value: Region("relu1", 0, mask=value),
    "Region(start": lambda value: Region("relu1", slice(value, 3)),
    "Region(step": lambda value: Region("relu1", slice(0, 3, value)),
    "Combination(targets": Combination,
    "Combination(targets inside": lambda value: Combination([0, value]),
    "Combination(weights": lambda value: Combination([0, 1], value),
    "Direction(tensor": Direction,
    "Direction(vector": lambda value: Direction("relu1", value),
}


@pytest.mark.parametrize("make", TARGETS.values(), ids=TARGETS)
def test_any_value_in_any_place_of_a_target(
    toys: dict[str, inspector.Model], make: Callable[[Any], Any]
) -> None:
    one = toys["float32"]
    faults = tried("target", lambda value: one.attribute(FLOATS, target=make(value)))
    faults += tried("occluded target", lambda value: one.occlude(FLOATS, size=16, target=make(value)))
    assert not faults, "\n".join(faults)


def loads(folder: Path) -> dict[str, Callable[[Any], object]]:
    data = toy_cnn()
    file = folder / "toy.onnx"
    file.write_bytes(data)

    def loaded(source: Any, **given: Any) -> None:
        inspector.load(source, **{"device": "cpu", **given}).close()

    return {
        "load(source": loaded,
        "load(device": lambda value: loaded(file, device=value),
        "load(name": lambda value: loaded(data, name=value),
        "load(labels": lambda value: loaded(data, labels=value),
        "load(layout": lambda value: loaded(data, layout=value),
        "load(limits": lambda value: loaded(data, limits=value),
        "load(sessions": lambda value: loaded(data, sessions=value),
        "load(preprocessing": lambda value: (
            None if isinstance(value, dict) else loaded(data, preprocessing=value)
        ),
    }


def test_any_value_in_any_place_of_load(tmp_path: Path) -> None:
    faults = [
        fault
        for place, ask in loads(tmp_path).items()
        for fault in tried(
            place, ask, is_fielded=place != "load(source"
        )  # what is wrong in a model is no argument
    ]
    assert not faults, "\n".join(faults)


NESTED = {"resize": ("mode", "size", "interpolation", "fill", "align"), "crop": ("height", "width")}


def test_any_value_in_any_place_of_a_preprocessing() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)

    def applied(**given: Any) -> object:
        return apply_preprocessing(photo, Preprocessing(**given))

    def read(given: Any) -> object:
        return apply_preprocessing(
            photo, Preprocessing(height=16, width=16, resize="exact").override(given, source="")
        )

    faults = []
    for key in ("preset", *(one.name for one in fields(Preprocessing))):
        faults += tried(f"override[{key}]", lambda value, key=key: read({key: value}))  # type: ignore[misc]
        if key != "preset":
            faults += tried(f"Preprocessing({key}", lambda value, key=key: applied(**{key: value}))  # type: ignore[misc]
    for outer, keys in NESTED.items():
        for key in keys:
            faults += tried(
                f"override[{outer}][{key}]",
                lambda value, outer=outer, key=key: read({outer: {key: value}}),  # type: ignore[misc]
            )
    assert not faults, "\n".join(faults)


def test_any_value_in_any_place_of_a_model(toys: dict[str, inspector.Model], tmp_path: Path) -> None:
    one = toys["float32"]
    found = one.attribute(FLOATS)
    faults = tried("layer(", one.layer)
    faults += tried("ask(", one.ask)
    faults += tried("steps(", lambda value: list(one.steps(value)))
    faults += tried("to_pil(", found.to_pil)
    faults += tried("save(index", lambda value: found.save(tmp_path / "x.png", index=value))
    faults += tried(
        "save(path", lambda value: found.save(tmp_path / value if isinstance(value, str) else value)
    )
    faults += tried("layers(timeout", lambda value: one.layers(timeout=value))
    assert not faults, "\n".join(faults)


def test_any_value_in_any_place_of_a_collection(toys: dict[str, inspector.Model]) -> None:
    kept = inspector.collection("fuzzed")
    kept.add(vectors={"a": np.array([1.0, 2.0]), "b": np.array([2.0, 1.0])})
    calls: dict[str, Callable[[Any], object]] = {
        "collection(name": lambda value: inspector.collection(value).info(),
        "collection(models": lambda value: inspector.collection("other", models=value),
        "collection(store": lambda value: inspector.collection("other", store=value),
        "add(images": lambda value: kept.add(value, model=toys["float32"]),
        "add(image": lambda value: inspector.collection("pictures").add({"x": value}, model=toys["float32"]),
        "add(vectors": lambda value: kept.add(vectors=value),
        "add(vector": lambda value: kept.add(vectors={"c": value}),
        "add(id": lambda value: kept.add(vectors={value: np.array([1.0])} if _is_hashable(value) else value),
        "add(attributes": lambda value: kept.add(vectors={"a": np.ones(2)}, attributes=value),
        "add(attribute": lambda value: kept.add(vectors={"a": np.ones(2)}, attributes={"a": value}),
        "add(model": lambda value: kept.add({"x": FLOATS}, model=value),
        "add(layer": lambda value: kept.add(vectors={"a": np.ones(2)}, layer=value),
        "add(pooling": lambda value: kept.add(vectors={"a": np.ones(2)}, pooling=value),
        "add(timeout": lambda value: kept.add(vectors={"a": np.ones(2)}, timeout=value),
        "neighbors(images": kept.neighbors,
        "neighbors(vectors": lambda value: kept.neighbors(vectors=value),
        "neighbors(vector": lambda value: kept.neighbors(vectors=[value]),
        "neighbors(items": lambda value: kept.neighbors(items=value),
        "neighbors(k": lambda value: kept.neighbors(items=["a"], k=value),
        "neighbors(metric": lambda value: kept.neighbors(items=["a"], metric=value),
        "neighbors(cancellation": lambda value: kept.neighbors(items=["a"], cancellation=value),
        "pca(components": lambda value: kept.pca(components=value),
        "pca(timeout": lambda value: kept.pca(timeout=value),
    }
    try:
        faults = [fault for place, ask in calls.items() for fault in tried(place, ask)]
    finally:
        kept.delete()
    assert not faults, "\n".join(faults)


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
