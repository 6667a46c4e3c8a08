"""Asks a server as a client of Triton does, and prints what it found as JSON: for a process without our messages.

python triton_program.py ADDRESS MODEL FOLDER: the folder holds x.npy, the model's input, and photo.jpg; it gets
the outputs.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

LAYERS = "layers"


def main() -> None:
    """Ask everything that the protocol has."""
    address, model, given = sys.argv[1:4]
    folder = Path(given)
    client = triton.InferenceServerClient(address)
    metadata = client.get_model_metadata(model)
    found: dict[str, Any] = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": client.is_model_ready(model),
        "model_ready_of_version": client.is_model_ready(model, "1"),
        "unknown_ready": client.is_model_ready("no-such-model"),
        "server": client.get_server_metadata(as_json=True),
        "model": client.get_model_metadata(model, as_json=True),
        "index": client.get_model_repository_index(as_json=True),
        "descriptor": base64.b64encode(service_pb2.DESCRIPTOR.serialized_pb).decode(),
    }
    name = metadata.inputs[0].name
    x = np.load(folder / "x.npy")
    tensor = triton.InferInput(name, list(x.shape), np_to_triton_dtype(x.dtype))
    tensor.set_data_from_numpy(x)
    answer = client.infer(model, [tensor], request_id="an id")
    found["id"] = answer.get_response().id
    for output in metadata.outputs:
        np.save(folder / f"{output.name}.npy", answer.as_numpy(output.name))
    if (folder / LAYERS).exists():
        names = (folder / LAYERS).read_text().split()
        answer = client.infer(model, [tensor], outputs=[triton.InferRequestedOutput(one) for one in names])
        for one in names:
            np.save(folder / f"{one}.layer.npy", answer.as_numpy(one))
    photo = np.array([(folder / "photo.jpg").read_bytes()], dtype=np.object_)
    picture = triton.InferInput(name, [1], "BYTES")
    picture.set_data_from_numpy(photo)
    answer = client.infer(model, [picture])
    np.save(folder / "of_photo.npy", answer.as_numpy(metadata.outputs[0].name))
    found["parameters"] = sorted(answer.get_response().parameters)
    found["same_in_asyncio"] = asyncio.run(
        same_in_asyncio(address, model, tensor, metadata.outputs[0].name, folder)
    )
    small = triton.InferInput(name, [1], np_to_triton_dtype(x.dtype))
    small.set_data_from_numpy(x.reshape(-1)[:1])
    refused: dict[str, Callable[[], object]] = {
        "unknown model": lambda: client.infer("no-such-model", [tensor]),
        "unknown version": lambda: client.infer(model, [tensor], model_version="2"),
        "another shape": lambda: client.infer(model, [small]),
        "unknown output": lambda: client.infer(
            model, [tensor], outputs=[triton.InferRequestedOutput("nothing")]
        ),
        "classification": lambda: client.infer(
            model, [tensor], outputs=[triton.InferRequestedOutput(metadata.outputs[0].name, class_count=3)]
        ),
        "sequence": lambda: client.infer(model, [tensor], sequence_id=5, sequence_start=True),
        "statistics": lambda: client.get_inference_statistics(model),
        "configuration": lambda: client.get_model_config(model),
        "shared memory": client.get_system_shared_memory_status,
        "load": lambda: client.load_model(model),
        "unload": lambda: client.unload_model(model),
    }
    found["refused"] = {what: refusal(call) for what, call in refused.items()}
    print(json.dumps(found))  # noqa: T201 — it is a program


async def same_in_asyncio(address: str, model: str, tensor: Any, output: str, folder: Path) -> bool:
    """Return whether the asynchronous client gets the same answer."""
    client = triton_aio.InferenceServerClient(address)
    try:
        answer = await client.infer(model, [tensor])
        return bool(np.array_equal(answer.as_numpy(output), np.load(folder / f"{output}.npy")))
    finally:
        await client.close()


def refusal(call: Callable[[], object]) -> str:
    """Return the code with which a call is refused; "" where it is not."""
    try:
        call()
    except InferenceServerException as error:
        return str(error.status())
    return ""


if __name__ == "__main__":
    main()
