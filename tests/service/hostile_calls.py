"""Calls of the classes 30, 31 and 33: tensors, numbers and names out of range, and uploads out of order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.attacks.models import BLACK, small, written
from benchmarks.attacks.wire import image, tensor
from inspector.v1 import collection_service_pb2 as collections
from inspector.v1 import inspection_service_pb2 as inspection
from inspector.v1 import model_service_pb2 as models
from inspector.v1 import target_pb2 as targets
from inspector.v1.image_pb2 import Image
from inspector.v1.model_pb2 import Preprocessing
from inspector.v1.tensor_pb2 import Tensor
from inspector.v1.value_pb2 import Numbers, Value

MODEL = "models/good"
INVALID = ("INVALID_ARGUMENT",)
MISSING = ("NOT_FOUND",)
LIMIT = ("RESOURCE_EXHAUSTED",)
REFUSED = ("INVALID_ARGUMENT", "NOT_FOUND", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION")
EITHER = ("OK", *REFUSED)


@dataclass(frozen=True)
class Call:
    """One bad call."""

    number: int
    what: str
    method: str
    """The stub's service and its call."""
    request: Any
    codes: Sequence[str] = INVALID

    def __str__(self) -> str:
        return f"{self.number} {self.method.rpartition('.')[2]}: {self.what}"


def predict(number: int, what: str, *images: Image, codes: Sequence[str] = INVALID, **given: Any) -> Call:
    request = inspection.PredictRequest(**({"model": MODEL, "images": images} | given))
    return Call(number, what, "inspection.Predict", request, codes)


def attribute(what: str, codes: Sequence[str] = INVALID, **given: Any) -> Call:
    request = inspection.AttributeRequest(**({"model": MODEL, "images": [BLACK]} | given))
    return Call(31, what, "inspection.Attribute", request, codes)


def target(what: str, codes: Sequence[str] = INVALID, **given: Any) -> Call:
    return attribute(what, codes, targets=[targets.Target(**given)])


def option(what: str, method: str, codes: Sequence[str] = INVALID, **given: Value) -> Call:
    return attribute(what, codes, method=method, options=given)


def occlude(what: str, codes: Sequence[str] = INVALID, **given: Any) -> Call:
    request = inspection.OccludeRequest(**({"model": MODEL, "images": [BLACK]} | given))
    return Call(31, what, "inspection.Occlude", request, codes)


def prepared(what: str, codes: Sequence[str], **given: Any) -> Call:
    request = models.LoadModelRequest(name="models/own", preprocessing=Preprocessing(**given))
    return Call(31, what, "models.LoadModel", request, codes)


def raw(datatype: str, shape: Sequence[int], data: bytes) -> Image:
    return Image(tensor=Tensor(datatype=datatype, shape=shape, raw=data))


def filled(value: float, dtype: str = "float32") -> Image:
    return image(np.full((1, 3, 8, 8), value, dtype))


def integer(value: int) -> Value:
    return Value(integer=value)


def number(value: float) -> Value:
    return Value(number=value)


NAN, HUGE = float("nan"), 1e300
UNIT, CLASS = targets.UnitTarget, targets.ClassTarget
VECTOR = Tensor(datatype="FP32", shape=[1], raw=bytes(4))


def _item(name: str) -> Any:
    return collections.AddItemsRequest(
        collection="collections/a", items=[collections.Item(id=name, vector=VECTOR)]
    )


CALLS = (
    predict(30, "too few bytes", raw("FP32", [1, 3, 8, 8], bytes(10))),
    predict(30, "2^40 × 2^40", raw("FP32", [2**40, 2**40], b"")),
    predict(30, "0 × 2^62", raw("FP32", [0, 2**62], b"")),
    predict(30, "negative dimensions", raw("FP32", [-1, -768], bytes(3072))),
    predict(30, "NaN", filled(NAN)),
    predict(30, "infinity", filled(float("inf"))),
    predict(30, "doubles of 1e300", filled(HUGE, "float64")),
    predict(30, "rank 9", raw("FP32", [1] * 9, bytes(4))),
    predict(30, "a scalar", raw("FP32", [], bytes(4))),
    predict(30, "a thousand dimensions", raw("FP32", [1] * 1000, bytes(4)), codes=REFUSED),
    predict(30, "no image"),
    predict(30, "an empty image", Image()),
    predict(31, "an unknown datatype", raw("X", [1], b"a")),
    predict(31, "no datatype", raw("", [1], b"a")),
    predict(31, "whole numbers", filled(1, "int64")),
    predict(31, "top -1", BLACK, top=-1),
    predict(31, "top 2^63 - 1", BLACK, top=2**63 - 1, codes=EITHER),
    predict(31, "no such model", BLACK, model="models/nope", codes=MISSING),
    predict(31, "no model", BLACK, model=""),
    predict(31, "an unknown input", BLACK, inputs={"z": tensor(np.ones(1, np.float32))}),
    target("class 999", MISSING, output_class=CLASS(index=999)),
    target("class -1", REFUSED, output_class=CLASS(index=-1)),
    target("class -2^63", REFUSED, output_class=CLASS(index=-(2**63))),
    target("no layer", MISSING, unit=UNIT(layer="nope")),
    target("channel 99", MISSING, unit=UNIT(layer="c", channel=99)),
    target("channel 2^62", MISSING, unit=UNIT(layer="c", channel=2**62)),
    target(
        "a position of 2^62", REFUSED, unit=UNIT(layer="c", position=targets.Position(coordinates=[2**62, 0]))
    ),
    target("nothing"),
    target(
        "a region of 2^62",
        REFUSED,
        region=targets.RegionTarget(tensor="y", index=[targets.Span(start=-(2**62), stop=2**62)]),
    ),
    target(
        "a direction of NaN", direction=targets.DirectionTarget(tensor="y", vector=Numbers(values=[NAN] * 5))
    ),
    target(
        "a direction of 1e300",
        EITHER,
        direction=targets.DirectionTarget(tensor="y", vector=Numbers(values=[HUGE] * 5)),
    ),
    attribute("an unknown method", MISSING, method="nope"),
    attribute("an unknown rendering", rendering=77),
    option("-5 steps", "integrated_gradients", steps=integer(-5)),
    option("2^62 steps", "integrated_gradients", (*REFUSED, "DEADLINE_EXCEEDED"), steps=integer(2**62)),
    option("10^9 cells", "rise", REFUSED, cells=integer(10**9)),
    option("noise of NaN", "smoothgrad", noise=number(NAN)),
    option("noise of 1e300", "smoothgrad", EITHER, noise=number(HUGE)),
    option("a seed of 2^63 - 1", "smoothgrad", EITHER, seed=integer(2**63 - 1)),
    option("an unknown rule", "lrp", ("INVALID_ARGUMENT", "NOT_FOUND"), rule=Value(text="nope")),
    option("an unknown option", "saliency", nope=integer(1)),
    occlude("a size of 2^62", size=[2**62, 1]),
    occlude("a stride of 0", stride=[0, 0]),
    occlude("a stride of 2^62", EITHER, stride=[2**62, 2**62]),
    occlude("a batch of -1", batch=-1),
    occlude("a batch of 2^62", EITHER, batch=2**62),
    occlude("a fill of NaN", fill=[NAN]),
    occlude("a fill of 1e300", EITHER, fill=[HUGE]),
    occlude("a fill of 5 channels", fill=[1.0] * 5),
    occlude("an unknown layer", MISSING, layer="nope"),
    prepared("a height of 2^62", EITHER, height=2**62),
    prepared("a resize to 2^62", EITHER, resize="short_side", resize_size=2**62),
    prepared("a fill of 2^62", EITHER, letterbox_fill=2**62, resize="letterbox"),
    prepared("a scale of 1e300", EITHER, scale=HUGE),
    prepared("a deviation of 0", INVALID, std=[0.0, 0.0, 0.0]),
    prepared("an unknown layout", INVALID, layout="X" * 1000),
    Call(31, "a negative page", "models.ListModels", models.ListModelsRequest(page_size=-1)),
    Call(
        31,
        "a page token that is none",
        "models.ListModels",
        models.ListModelsRequest(page_token="\0" * 300),
        EITHER,
    ),
    Call(31, "an id of 600 characters", "collections.AddItems", _item("a" * 600), REFUSED),
    Call(31, "an id of control characters", "collections.AddItems", _item("a\0\x1b"), EITHER),
    Call(
        31,
        "no such collection",
        "collections.FindNeighbors",
        collections.FindNeighborsRequest(
            collection="collections/nope", queries=[collections.Query(vector=VECTOR)]
        ),
        MISSING,
    ),
    Call(31, "no such model", "models.GetModel", models.GetModelRequest(name="models/../good"), REFUSED),
    *(
        Call(31, f"the name {name!r}", "models.GetModel", models.GetModelRequest(name=name), REFUSED)
        for name in (
            "models/good/..",
            "models//good",
            "models/good/",
            "good",
            "/models/good",
            "models/./good",
        )
    ),
)


@dataclass(frozen=True)
class Upload:
    """The messages of one bad upload."""

    what: str
    build: Callable[[], Iterable[models.UploadModelRequest]]
    reasons: Sequence[str]

    def __str__(self) -> str:
        return self.what


DATA = written(small())


def header(**given: Any) -> models.UploadModelRequest:
    said: dict[str, Any] = {"model_id": "upload", "size": len(DATA)} | given
    return models.UploadModelRequest(header=models.UploadHeader(**said))


def chunk(offset: int, data: bytes = DATA) -> models.UploadModelRequest:
    return models.UploadModelRequest(chunk=models.UploadChunk(offset=offset, data=data))


UPLOADS = (
    Upload("nothing", list, ["OUT_OF_ORDER", "MISSING"]),
    Upload("a chunk first", lambda: [chunk(0)], ["OUT_OF_ORDER"]),
    Upload("two headers", lambda: [header(), header()], ["OUT_OF_ORDER"]),
    Upload("a message of nothing", lambda: [models.UploadModelRequest()], ["OUT_OF_ORDER"]),
    Upload("more bytes than told", lambda: [header(size=10), chunk(0)], ["SIZE_MISMATCH"]),
    Upload("fewer bytes than told", lambda: [header(size=10**6), chunk(0)], ["SIZE_MISMATCH"]),
    Upload("another digest", lambda: [header(sha256="0" * 64), chunk(0)], ["DIGEST_MISMATCH"]),
    Upload("a digest that is none", lambda: [header(sha256="zz"), chunk(0)], ["INVALID_INPUT"]),
    Upload("a gap", lambda: [header(), chunk(5)], ["OUT_OF_ORDER"]),
    Upload("a negative offset", lambda: [header(), chunk(-1)], ["OUT_OF_ORDER"]),
    Upload("an empty chunk", lambda: [header(), chunk(0, b"")], ["MISSING"]),
    Upload("a negative size", lambda: [header(size=-1)], ["INVALID_INPUT"]),
)
