"""A model's file in chunks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from io import SEEK_END, BufferedIOBase, BytesIO
from itertools import chain
from pathlib import Path

from inspector.errors import InvalidModelError
from inspector.types.given import as_labels, require_text
from inspector.types.preprocessing import PreprocessingLike
from inspector.types.sources import ModelSource, as_source
from inspector.v1 import model_service_pb2
from inspector.wire.models import override_to_message

CHUNK_BYTES = 1 << 20


def id_for(source: ModelSource) -> str:
    """Return the id that a model gets when none is given: from the file's name, or from the bytes' digest."""
    source = as_source(source)
    if isinstance(source, bytes):
        return f"model-{hashlib.sha256(source).hexdigest()[:12]}"
    slug = re.sub(r"[^a-z0-9._-]+", "-", Path(source).stem.lower()).strip("-._")
    return slug[:63] or "model"


def upload_messages(
    stream: BufferedIOBase,
    *,
    identifier: str,
    preprocessing: PreprocessingLike | None,
    labels: Sequence[str] | None,
    progress: Callable[[int, int], None] | None = None,
) -> Callable[[], Iterator[model_service_pb2.UploadModelRequest]]:
    """Return what gives the header and the chunks, each time from the first one.

    The file is read now, for its digest, and whenever it is sent, and never held whole. `progress` is called with the
    bytes that were given to be sent, and all of them.
    """
    digest = hashlib.file_digest(stream, "sha256").hexdigest()
    header = model_service_pb2.UploadHeader(
        model_id=require_text(identifier, field="name"),
        size=stream.seek(0, SEEK_END),
        sha256=digest,
        preprocessing=override_to_message(preprocessing),
        labels=as_labels(labels) or (),
    )

    def messages() -> Iterator[model_service_pb2.UploadModelRequest]:
        stream.seek(0)
        first = model_service_pb2.UploadModelRequest(header=header)
        return chain([first], _chunks(stream, size=header.size, progress=progress))

    return messages


def open_model(source: ModelSource) -> BufferedIOBase:
    """Return a model's file or bytes as a stream."""
    source = as_source(source)
    if isinstance(source, bytes):
        return BytesIO(source)
    try:
        return source.open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidModelError(
            f"The model {str(source)!r} cannot be read: {reason}. Give one file; a model with external data "
            "is put into the server's repository folder, and registered."
        ) from error


def _chunks(
    stream: BufferedIOBase, *, size: int, progress: Callable[[int, int], None] | None
) -> Iterator[model_service_pb2.UploadModelRequest]:
    offset = 0
    while data := stream.read(CHUNK_BYTES):
        yield model_service_pb2.UploadModelRequest(
            chunk=model_service_pb2.UploadChunk(offset=offset, data=data)
        )
        offset += len(data)
        if progress is not None:
            progress(offset, size)
