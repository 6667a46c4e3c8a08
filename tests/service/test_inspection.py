"""Requests that cannot be served: each with its code, its reason, and the field that it is about."""

from __future__ import annotations

import gzip
import io

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from PIL import Image

from inspector.client import Class, Unit
from inspector.client.images import image_to_wire
from inspector.client.targets import target_to_wire
from inspector.v1 import inspection_service_pb2 as pb
from inspector.v1 import inspection_service_pb2_grpc
from inspector.v1.image_pb2 import Extent
from inspector.v1.image_pb2 import Image as WireImage
from inspector.v1.tensor_pb2 import Tensor
from tests.support.toys import toy_image, toy_photo

TOY = "models/toy"
GOOD = image_to_wire(toy_image())


def tensor(datatype: str, shape: list[int], raw: bytes) -> WireImage:
    return WireImage(tensor=Tensor(datatype=datatype, shape=shape, raw=raw))


def encoded(image: Image.Image, **options) -> WireImage:
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return WireImage(encoded=buffer.getvalue())


def animation() -> WireImage:
    frames = [Image.fromarray(toy_photo(seed)) for seed in range(3)]
    return encoded(frames[0], format="WEBP", save_all=True, append_images=frames[1:])


def predict(*images: WireImage, model: str = TOY, top: int = 0) -> tuple[str, object]:
    return "Predict", pb.PredictRequest(model=model, images=images, top=top)


def attribute(*targets, method: str = "", images=(GOOD,)) -> tuple[str, object]:
    wired = [
        target if not isinstance(target, (Class, Unit)) else target_to_wire(target) for target in targets
    ]
    return "Attribute", pb.AttributeRequest(model=TOY, images=images, method=method, targets=wired)


def activations(*layers: str) -> tuple[str, object]:
    return "Activations", pb.ActivationsRequest(model=TOY, images=[GOOD], layers=layers)


def occlude(**given) -> tuple[str, object]:
    return "Occlude", pb.OccludeRequest(**({"model": TOY, "image": GOOD} | given))


NAN = np.full((3, 16, 16), np.nan, np.float32)
JPEG = encoded(Image.fromarray(toy_photo(height=64, width=64)), format="JPEG").encoded

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
    "too many layers": (activations(*["conv1"] * 1001), "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED"),
    "an unknown method": (attribute(method="magic"), "NOT_FOUND", "ATTRIBUTION_METHOD_NOT_FOUND"),
    "an empty target": (attribute(pb.AttributeRequest().targets.add()), "INVALID_ARGUMENT", "MISSING"),
    "class 5 of 5": (attribute(Class(5)), "NOT_FOUND", "CLASS_NOT_FOUND"),
    "class -1": (attribute(Class(-1)), "NOT_FOUND", "CLASS_NOT_FOUND"),
    "a unit of no layer": (attribute(Unit("")), "INVALID_ARGUMENT", "MISSING"),
    "a unit of an unknown layer": (attribute(Unit("conv9")), "NOT_FOUND", "LAYER_NOT_FOUND"),
    "channel 6 of 6": (attribute(Unit("conv1", 6)), "NOT_FOUND", "CHANNEL_NOT_FOUND"),
    "a position outside": (attribute(Unit("conv1", 0, (16, 0))), "NOT_FOUND", "POSITION_NOT_FOUND"),
    "a position of another rank": (attribute(Unit("conv1", 0, (1,))), "NOT_FOUND", "POSITION_NOT_FOUND"),
    "two targets for three images": (
        attribute(Class(0), Class(1), images=(GOOD, GOOD, GOOD)),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "an unknown rendering": (
        ("Attribute", pb.AttributeRequest(model=TOY, images=[GOOD], rendering=9)),
        "INVALID_ARGUMENT",
        "UNKNOWN_ENUM",
    ),
    "an unknown pooling": (
        ("Features", pb.FeaturesRequest(model=TOY, images=[GOOD], pooling=9)),
        "INVALID_ARGUMENT",
        "UNKNOWN_ENUM",
    ),
    "a patch of no size": (occlude(size=Extent(height=0, width=3)), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "a patch larger than the image": (
        occlude(size=Extent(height=99, width=99)),
        "INVALID_ARGUMENT",
        "INVALID_INPUT",
    ),
    "a negative stride": (occlude(stride=Extent(height=-1, width=1)), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "a fill of NaN": (occlude(fill=[float("nan")]), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "a fill of two channels": (occlude(fill=[0, 0]), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "a negative batch": (occlude(batch=-1), "INVALID_ARGUMENT", "INVALID_INPUT"),
    "an occlusion of nothing": (occlude(image=WireImage()), "INVALID_ARGUMENT", "MISSING"),
}


@pytest.mark.parametrize(("call", "code", "reason"), BAD.values(), ids=BAD)
def test_a_bad_request_is_refused_by_name(channel, client, call, code, reason):
    error = failure(channel, *call)
    assert error.code().name == code
    assert reason_of(error) == reason
    assert "Traceback" not in error.details()
    assert client.model("toy").info().state == "ready"


def test_the_field_is_named(channel):
    error = failure(channel, *predict(GOOD, tensor("FP32", [2, 2], b"0")))
    violations = detail(error, error_details_pb2.BadRequest).field_violations
    assert [violation.field for violation in violations] == ["images[1].tensor.raw"]


def test_a_message_beyond_the_limit_is_refused(channel):
    error = failure(channel, *predict(tensor("UINT8", [1, 5 << 20], b"0" * (5 << 20))))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_compressed_bomb_is_refused(server):
    bomb = tensor("UINT8", [1, 64 << 20], bytes(64 << 20))
    assert len(gzip.compress(bomb.SerializeToString())) < 1 << 20
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(server.address, options=options, compression=grpc.Compression.Gzip) as channel:
        error = failure(channel, *predict(bomb))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_response_beyond_the_limit_says_what_to_do(channel):
    # Three times 256 x 6 x 16 x 16 floats are more than 4 MiB; the request itself is tiny.
    small = [image_to_wire(np.zeros((1, 1, 3), np.uint8))] * 256
    request = pb.ActivationsRequest(model=TOY, images=small, layers=["conv1", "relu1", "conv1"])
    error = failure(channel, "Activations", request)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert reason_of(error) == "RESPONSE_TOO_LARGE"


def test_a_message_that_is_no_protobuf_is_refused(channel, client):
    call = channel.unary_unary("/inspector.v1.InspectionService/Predict")
    with pytest.raises(grpc.RpcError):
        call(b"\xff" * 100)
    assert client.model("toy").info().state == "ready"


def failure(channel: grpc.Channel, method: str, request: object) -> grpc.RpcError:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    with pytest.raises(grpc.RpcError) as caught:
        answer = getattr(stub, method)(request, timeout=60)
        list(answer) if method == "Occlude" else answer
    return caught.value


def reason_of(error: grpc.RpcError) -> str:
    return detail(error, error_details_pb2.ErrorInfo).reason


def detail(error: grpc.RpcError, kind):
    found = kind()
    assert any(packed.Unpack(found) for packed in rpc_status.from_call(error).details)
    return found
