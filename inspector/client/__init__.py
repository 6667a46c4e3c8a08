"""The client: needs grpcio, protobuf, numpy and pillow, neither onnx nor onnxruntime.

with inspector.client.Client("localhost:50051") as client: client.upload("m.onnx", name="m"); client.model("m").layers()
"""

from inspector.client.client import Client
from inspector.client.endpoint import Endpoint
from inspector.client.tls import Tls
from inspector.errors import BusyError, ServerUnavailableError
from inspector.face.collections import Collection
from inspector.face.model import Model
from inspector.types.control import Cancellation
from inspector.types.served_model import ServedModel
from inspector.types.targets import Class, Combination, Direction, Element, Region, Unit

__all__ = [
    "BusyError",
    "Cancellation",
    "Class",
    "Client",
    "Collection",
    "Combination",
    "Direction",
    "Element",
    "Endpoint",
    "Model",
    "Region",
    "ServedModel",
    "ServerUnavailableError",
    "Tls",
    "Unit",
]
