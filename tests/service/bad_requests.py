"""Requests to InspectionService that cannot be served, with the code and the reason that each must get."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from inspector.client import Class, Combination, Direction, Element, Region, Unit
from inspector.v1 import inspection_service_pb2 as pb
from inspector.v1.image_pb2 import Image as WireImage
from inspector.v1.target_pb2 import (
    CombinationTarget,
    DirectionTarget,
    ElementTarget,
    Position,
    RegionTarget,
    Target,
    UnitTarget,
)
from inspector.v1.tensor_pb2 import Tensor
from inspector.v1.value_pb2 import Numbers, Texts, Value
from inspector.wire.codec import to_message
from inspector.wire.images import image_to_message
from tests.support.toys import toy_image, toy_photo

TOY = "models/toy"
GOOD = image_to_message(toy_image())


def tensor(datatype: str, shape: list[int], raw: bytes) -> WireImage:
    return WireImage(tensor=Tensor(datatype=datatype, shape=shape, raw=raw))


def encoded(image: Image.Image, **options: Any) -> WireImage:
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return WireImage(encoded=buffer.getvalue())


def animation() -> WireImage:
    frames = [Image.fromarray(toy_photo(seed)) for seed in range(3)]
    return encoded(frames[0], format="WEBP", save_all=True, append_images=frames[1:])


def predict(*images: WireImage, model: str = TOY, top: int | None = None) -> tuple[str, object]:
    return "Predict", pb.PredictRequest(model=model, images=images, top=top)


SIMPLE = (Class, Combination, Direction, Element, Region, Unit)


def attribute(
    *targets: Class | Combination | Direction | Element | Region | Unit | Target,
    method: str = "saliency",
    images: tuple[WireImage, ...] = (GOOD,),
) -> tuple[str, object]:
    wired = [to_message(target, Target) if isinstance(target, SIMPLE) else target for target in targets]
    return "Attribute", pb.AttributeRequest(model=TOY, images=images, method=method, targets=wired)


def region(**given: Any) -> Target:
    return Target(region=RegionTarget(tensor="conv1", **given))


def activations(*layers: str) -> tuple[str, object]:
    return "Activations", pb.ActivationsRequest(model=TOY, images=[GOOD], layers=layers)


def occlude(**given: Any) -> tuple[str, object]:
    return "Occlude", pb.OccludeRequest(**({"model": TOY, "images": [GOOD]} | given))


def attribute_by(method: str, policies: dict[str, str] | None = None, **options: Any) -> tuple[str, object]:
    request = pb.AttributeRequest(model=TOY, images=[GOOD], method=method, options=options, policies=policies)
    return "Attribute", request


def run(verb: str, **given: Any) -> tuple[str, object]:
    return "Run", pb.RunRequest(**({"model": TOY, "verb": verb, "images": [GOOD]} | given))


NAN = np.full((3, 16, 16), np.nan, np.float32)
JPEG = encoded(Image.fromarray(toy_photo(height=64, width=64)), format="JPEG").encoded

SCALAR = Tensor(datatype="FP32", raw=b"0" * 4)
NOTHING = tensor("FP32", [0, 3, 16, 16], b"")

EMPTY = {
    "Predict": pb.PredictRequest(model=TOY, images=[NOTHING]),
    "Activations": pb.ActivationsRequest(model=TOY, images=[NOTHING], layers=["conv1"]),
    "Attribute": pb.AttributeRequest(model=TOY, images=[NOTHING]),
    "Occlude": pb.OccludeRequest(model=TOY, images=[NOTHING]),
    "Features": pb.FeaturesRequest(model=TOY, images=[NOTHING]),
    "Run": pb.RunRequest(model=TOY, verb="predict", images=[NOTHING]),
}

BAD = {
    "no model": (predict(GOOD, model=""), "INVALID_ARGUMENT", "INVALID_NAME"),
    "a path for a model": (predict(GOOD, model="models/../../etc"), "INVALID_ARGUMENT", "INVALID_NAME"),
    "an unknown model": (predict(GOOD, model="models/tpy"), "NOT_FOUND", "MODEL_NOT_FOUND"),
    "no image": (predict(), "INVALID_ARGUMENT", "MISSING"),
    "an empty image": (predict(WireImage()), "INVALID_ARGUMENT", "MISSING"),
    "no bytes": (predict(WireImage(encoded=b"")), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "no picture": (predict(WireImage(encoded=b"not a picture")), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "a truncated picture": (
        predict(WireImage(encoded=JPEG[: len(JPEG) // 2])),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "a format not allowed": (
        predict(encoded(Image.fromarray(toy_photo()), format="BMP")),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "an animation": (predict(animation()), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "too many pixels": (
        predict(encoded(Image.new("1", (15000, 10000)), format="PNG")),
        "RESOURCE_EXHAUSTED",
        "LIMIT_EXCEEDED",
    ),
    "too many images": (predict(*[GOOD] * 257), "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED"),
    "bytes that are not the shape's": (
        predict(tensor("FP32", [3, 16, 16], b"0" * 100)),
        "INVALID_ARGUMENT",
        "SIZE_MISMATCH",
    ),
    "an overflowing shape": (
        predict(tensor("FP32", [2**62, 2**62], b"")),
        "INVALID_ARGUMENT",
        "INVALID_SHAPE",
    ),
    "a negative dimension": (predict(tensor("FP32", [-3, 16, 16], b"")), "INVALID_ARGUMENT", "INVALID_SHAPE"),
    "an empty tensor": (predict(tensor("FP32", [0, 16, 16], b"")), "INVALID_ARGUMENT", "INVALID_SHAPE"),
    "NaN": (predict(tensor("FP32", [3, 16, 16], NAN.tobytes())), "INVALID_ARGUMENT", "NOT_FINITE"),
    "an unknown datatype": (predict(tensor("FP8", [1], b"0")), "INVALID_ARGUMENT", "UNKNOWN_DATATYPE"),
    "whole numbers": (predict(tensor("INT32", [1], b"0000")), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "another size": (predict(tensor("FP32", [3, 1, 1], b"0" * 12)), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "a negative top": (predict(GOOD, top=-1), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "no layer": (activations(), "INVALID_ARGUMENT", "MISSING"),
    "an unknown layer": (activations("conv9"), "NOT_FOUND", "LAYER_NOT_FOUND"),
    "too many layers": (activations(*["conv1"] * 10_001), "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED"),
    "an unknown method": (attribute(method="magic"), "NOT_FOUND", "ATTRIBUTION_METHOD_NOT_FOUND"),
    "an unknown option": (
        attribute_by("smoothgrad", sample=Value(integer=3)),
        "INVALID_ARGUMENT",
        "UNKNOWN_OPTION",
    ),
    "an option named as a parameter of ours": (
        attribute_by("smoothgrad", cancellation=Value(integer=3)),
        "INVALID_ARGUMENT",
        "UNKNOWN_OPTION",
    ),
    "an unknown option by name": (
        run("attribute", options={"target": Value(integer=3)}),
        "INVALID_ARGUMENT",
        "UNKNOWN_OPTION",
    ),
    "a text for a number": (
        attribute_by("rise", masks=Value(text="20")),
        "INVALID_ARGUMENT",
        "INVALID_OPTION",
    ),
    "an option of no value": (
        attribute_by("rise", masks=Value()),
        "INVALID_ARGUMENT",
        "INVALID_OPTION",
    ),
    "an unknown rule": (
        attribute_by("lrp", rule=Value(text="gamma")),
        "INVALID_ARGUMENT",
        "INVALID_OPTION",
    ),
    "a negative seed": (
        attribute_by("rise", seed=Value(integer=-1)),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "too many steps for a number": (
        attribute_by("smoothgrad", samples=Value(number=float("inf"))),
        "INVALID_ARGUMENT",
        "INVALID_OPTION",
    ),
    "a baseline without bytes": (
        attribute_by("rise", baseline=Value(tensor=Tensor(datatype="FP32", shape=[3, 16, 16]))),
        "INVALID_ARGUMENT",
        "SIZE_MISMATCH",
    ),
    "a baseline of one axis": (
        attribute_by("rise", baseline=Value(tensor=Tensor(datatype="FP32", shape=[0]))),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "a baseline of no pixels": (
        attribute_by("rise", baseline=Value(tensor=Tensor(datatype="FP32", shape=[3, 0]))),
        "INVALID_ARGUMENT",
        "INVALID_SHAPE",
    ),
    "no colors": (
        attribute_by("rise", baseline=Value(numbers=Numbers())),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "policies among the options": (
        (
            "Attribute",
            pb.AttributeRequest(model=TOY, images=[GOOD], options={"policies": Value(text="guided")}),
        ),
        "INVALID_ARGUMENT",
        "INVALID_OPTION",
    ),
    "a policy of an unknown layer": (
        attribute_by("guided", {"conv9": "gradient"}),
        "NOT_FOUND",
        "LAYER_NOT_FOUND",
    ),
    "an unknown policy": (attribute_by("guided", {"relu1": "magic"}), "NOT_FOUND", "POLICY_NOT_FOUND"),
    "an unknown layer by name": (
        run("activations", options={"layers": Value(texts=Texts(values=["conv1", "conv9"]))}),
        "NOT_FOUND",
        "LAYER_NOT_FOUND",
    ),
    "an unknown verb": (run("atribute"), "NOT_FOUND", "VERB_NOT_FOUND"),
    "no verb": (run(""), "NOT_FOUND", "VERB_NOT_FOUND"),
    "a verb of no image": (run("predict", images=[]), "INVALID_ARGUMENT", "MISSING"),
    "a text for a number by name": (
        run("predict", options={"top": Value(text="many")}),
        "INVALID_ARGUMENT",
        "INVALID_OPTION",
    ),
    "a text for options by name": (
        run("attribute", options={"options": Value(text="steps")}),
        "INVALID_ARGUMENT",
        "INVALID_OPTION",
    ),
    "an endless size by name": (
        run("occlude", options={"size": Value(numbers=Numbers(values=[float("inf")]))}),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "no layer by name": (
        run("features", options={"layer": Value(integer=3)}),
        "INVALID_ARGUMENT",
        "INVALID_OPTION",
    ),
    "an empty target by name": (
        run("occlude", targets=[Target()]),
        "INVALID_ARGUMENT",
        "MISSING",
    ),
    "an input that the model lacks": (
        ("Predict", pb.PredictRequest(model=TOY, images=[GOOD], inputs={"size": SCALAR})),
        "INVALID_ARGUMENT",
        "UNKNOWN_INPUT",
    ),
    "an input without bytes": (
        (
            "Predict",
            pb.PredictRequest(model=TOY, images=[GOOD], inputs={"size": Tensor(datatype="FP32", shape=[1])}),
        ),
        "INVALID_ARGUMENT",
        "SIZE_MISMATCH",
    ),
    "policies for a method without": (
        attribute_by("gradcam", {"relu1": "guided"}),
        "INVALID_ARGUMENT",
        "UNKNOWN_OPTION",
    ),
    "an attribution of nothing": (
        ("Attribute", pb.AttributeRequest(model=TOY)),
        "INVALID_ARGUMENT",
        "MISSING",
    ),
    "rectifiers of an unknown model": (
        ("Rectifiers", pb.RectifiersRequest(model="models/tpy")),
        "NOT_FOUND",
        "MODEL_NOT_FOUND",
    ),
    "a negative page of verbs": (
        ("ListVerbs", pb.ListVerbsRequest(page_size=-1)),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "a page of methods that is none": (
        ("ListMethods", pb.ListMethodsRequest(page_token="lrp")),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "an empty target": (attribute(pb.AttributeRequest().targets.add()), "INVALID_ARGUMENT", "MISSING"),
    "class 5 of 5": (attribute(Class(5)), "NOT_FOUND", "CLASS_NOT_FOUND"),
    "class -1": (attribute(Class(-1)), "NOT_FOUND", "CLASS_NOT_FOUND"),
    "a unit of no layer": (attribute(Target(unit=UnitTarget())), "INVALID_ARGUMENT", "MISSING"),
    "a unit of an unknown layer": (attribute(Unit("conv9")), "NOT_FOUND", "LAYER_NOT_FOUND"),
    "channel 6 of 6": (attribute(Unit("conv1", 6)), "NOT_FOUND", "CHANNEL_NOT_FOUND"),
    "a position outside": (attribute(Unit("conv1", 0, (16, 0))), "NOT_FOUND", "POSITION_NOT_FOUND"),
    "a position of another rank": (attribute(Unit("conv1", 0, (1,))), "NOT_FOUND", "POSITION_NOT_FOUND"),
    "a class of an unknown output": (attribute(Class(0, "y")), "NOT_FOUND", "OUTPUT_NOT_FOUND"),
    "an element of no tensor": (attribute(Target(element=ElementTarget())), "INVALID_ARGUMENT", "MISSING"),
    "an element of an unknown tensor": (attribute(Element("conv9")), "NOT_FOUND", "TENSOR_NOT_FOUND"),
    "an element of very many axes": (
        attribute(Target(element=ElementTarget(tensor="conv1", index=Position(coordinates=[0] * 100_000)))),
        "RESOURCE_EXHAUSTED",
        "LIMIT_EXCEEDED",
    ),
    "an element of another rank": (attribute(Element("conv1", (1,))), "INVALID_ARGUMENT", "RANK_MISMATCH"),
    "an element outside": (attribute(Element("scores", (5,))), "NOT_FOUND", "ELEMENT_NOT_FOUND"),
    "a region of no tensor": (attribute(Target(region=RegionTarget())), "INVALID_ARGUMENT", "MISSING"),
    "a region outside": (attribute(Region("conv1", 6)), "NOT_FOUND", "ELEMENT_NOT_FOUND"),
    "an empty region": (attribute(Region("conv1", slice(2, 2))), "INVALID_ARGUMENT", "EMPTY_REGION"),
    "a mask of numbers": (
        attribute(region(mask=Tensor(datatype="UINT8", shape=[1], raw=b"1"))),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "a mask of fewer bytes": (
        attribute(region(mask=Tensor(datatype="BOOL", shape=[9], raw=b"1"))),
        "INVALID_ARGUMENT",
        "SIZE_MISMATCH",
    ),
    "an unknown reduction": (attribute(region(reduce=9)), "INVALID_ARGUMENT", "UNKNOWN_ENUM"),
    "a direction of no tensor": (
        attribute(Target(direction=DirectionTarget())),
        "INVALID_ARGUMENT",
        "MISSING",
    ),
    "a short direction": (
        attribute(Direction("scores", (1.0,))),
        "INVALID_ARGUMENT",
        "DIMENSION_MISMATCH",
    ),
    "a direction of zeros": (
        attribute(Target(direction=DirectionTarget(tensor="scores", vector=Numbers(values=[0] * 5)))),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "a combination of nothing": (
        attribute(Target(combination=CombinationTarget())),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "a combination of too many": (
        attribute(Target(combination=CombinationTarget(targets=[to_message(Class(0), Target)] * 65))),
        "RESOURCE_EXHAUSTED",
        "LIMIT_EXCEEDED",
    ),
    "a combination of combinations": (
        attribute(Target(combination=CombinationTarget(targets=[to_message(Combination([0]), Target)]))),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "a combination of several tensors": (
        attribute(Combination([0, Unit("conv1")])),
        "INVALID_ARGUMENT",
        "SEVERAL_TENSORS",
    ),
    "two targets for three images": (
        attribute(Class(0), Class(1), images=(GOOD, GOOD, GOOD)),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "an unknown rendering": (
        ("Attribute", pb.AttributeRequest(model=TOY, images=[GOOD], rendering=9)),  # type: ignore[arg-type]
        "INVALID_ARGUMENT",
        "UNKNOWN_ENUM",
    ),
    "an unknown pooling": (
        ("Features", pb.FeaturesRequest(model=TOY, images=[GOOD], pooling=9)),  # type: ignore[arg-type]
        "INVALID_ARGUMENT",
        "UNKNOWN_ENUM",
    ),
    "a patch of no size": (occlude(size=[0, 3]), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "a patch larger than the image": (
        occlude(size=[99, 99]),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "a negative stride": (occlude(stride=[-1, 1]), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "a fill of NaN": (occlude(fill=[float("nan")]), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "a fill of two channels": (occlude(fill=[0, 0]), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "a negative batch": (occlude(batch=-1), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "an occlusion of nothing": (occlude(images=[WireImage()]), "INVALID_ARGUMENT", "MISSING"),
}
