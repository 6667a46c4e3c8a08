"""Bytes to a ModelProto, with an error that says what the bytes are when they are none."""

from __future__ import annotations

import onnx
from google.protobuf.message import DecodeError

from inspector.errors import InvalidModelError, LimitExceededError
from inspector.model.checks.limits import Limits, require_at_most

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
ORT_FORMAT = b"ORTM"
"""A flatbuffer's file identifier stands at byte 4; ONNX Runtime's is ORTM."""

FOREIGN_FORMATS: tuple[tuple[bytes, str], ...] = (
    (
        b"PK\x03\x04",
        "a zip archive (a PyTorch checkpoint, or a packed model): unpack it or export it to ONNX",
    ),
    (b"\x89HDF\r\n", "an HDF5 file (a Keras model): export it with tf2onnx"),
    (b"\x80\x02", "a Python pickle (a PyTorch checkpoint): export it with torch.onnx.export"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"<!DOCTYPE", "a web page: the download failed"),
    (b"<html", "a web page: the download failed"),
)


def parse_model(data: bytes, *, limits: Limits) -> onnx.ModelProto:
    """Return the parsed protobuf; InvalidModelError says what else the bytes look like."""
    if not data:
        raise InvalidModelError("The model is empty (0 bytes).")
    check_size(len(data), limits=limits)
    _refuse_foreign(data)
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(data)
    except (DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InvalidModelError(
            f"The {len(data):,} bytes are not an ONNX model: they are no protobuf message that can be read "
            "to its end. "
            "The file is truncated, corrupt, nested too deeply, or of another format. Export or copy it "
            "again."
        ) from error
    if not proto.HasField("graph"):
        raise InvalidModelError("The bytes parse as protobuf, but hold no graph: this is not an ONNX model.")
    return proto


def check_size(size: int, *, limits: Limits) -> None:
    """Raise LimitExceededError where a file of `size` bytes is too large to be read, or to be one message."""
    require_at_most(size, limits, what="The model's size in bytes", name="max_bytes")
    if size > limits.max_protobuf_bytes:
        raise LimitExceededError(
            f"The model is {size:,} bytes; one protobuf message ends at {limits.max_protobuf_bytes:,}. "
            "Save the weights as external data beside the file and give the folder.",
            field="max_protobuf_bytes",
        )


def _refuse_foreign(data: bytes) -> None:
    if data.startswith(LFS_POINTER):
        raise InvalidModelError(
            "This is a Git LFS pointer, not the model itself. Run `git lfs pull` in its repository and try "
            "again."
        )
    if data[4:8] == ORT_FORMAT:
        raise InvalidModelError(
            "This is a model in ONNX Runtime's own ORT format (a flatbuffer), which cannot be rewritten. "
            "Give the ONNX file that it was converted from."
        )
    for magic, what in FOREIGN_FORMATS:
        if data.startswith(magic):
            raise InvalidModelError(f"This is not an ONNX model but {what}.")
