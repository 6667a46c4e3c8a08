"""The client: needs grpcio, protobuf, numpy and pillow, neither onnx nor onnxruntime.

with inspector.client.Client("localhost:50051") as client: client.upload("m.onnx", name="m"); client.model("m").layers()
"""

from inspector.client.client import Client
from inspector.client.errors import ServerBusyError, ServerUnavailableError
from inspector.client.models import ModelInfo
from inspector.client.remote_collection import CollectionInfo, Neighbor, Pca, RemoteCollection
from inspector.client.remote_model import RemoteModel
from inspector.client.results import Attribution, Occlusion
from inspector.types.layers import Layer
from inspector.types.results import ClassScore, Prediction
from inspector.types.targets import Class, Direction, Element, Region, ResolvedTarget, Unit

__all__ = [
    "Attribution",
    "Class",
    "ClassScore",
    "Client",
    "CollectionInfo",
    "Direction",
    "Element",
    "Layer",
    "ModelInfo",
    "Neighbor",
    "Occlusion",
    "Pca",
    "Prediction",
    "Region",
    "RemoteCollection",
    "RemoteModel",
    "ResolvedTarget",
    "ServerBusyError",
    "ServerUnavailableError",
    "Unit",
]
