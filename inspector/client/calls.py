"""What a client asks of a server beside its models' verbs: messages, and how their answers are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from inspector.types.collections import CollectionInfo
from inspector.types.options import MethodInfo, VerbInfo
from inspector.types.preprocessing import PreprocessingLike
from inspector.types.served_model import ServedModel
from inspector.v1 import model_service_pb2 as models
from inspector.wire.calls import COLLECTION_SERVICE, MODEL_SERVICE, Rpc, rpc_named
from inspector.wire.codec import of_message
from inspector.wire.collections import collection_of_message
from inspector.wire.models import model_id, model_of_message, override_to_message, resource_name

T = TypeVar("T")

Messages = Callable[[], Iterator[Message]]
"""Gives the messages of a call that takes several, from the first one, however often it is asked."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call that answers once."""

    rpc: Rpc
    message: Message | Messages
    """What is asked."""
    read: Callable[[Any], T]
    """(the response) -> the answer."""


class Pages(Generic[T]):
    """A list that comes page by page: ask `message` of `rpc`, and `add` each response, until they are complete."""

    def __init__(self, rpc: Rpc, field: str, read: Callable[[Any], T]) -> None:
        """Read the entries of that field of the responses."""
        self.rpc = rpc
        self.message: Any = rpc.request()
        self.are_complete = False
        self._field = field
        self._read = read
        self._entries: list[T] = []

    @property
    def entries(self) -> tuple[T, ...]:
        """What has come."""
        return tuple(self._entries)

    def add(self, response: Any) -> None:
        """Take the entries of a page, and turn to the next one."""
        self._entries += map(self._read, getattr(response, self._field))
        self.message.page_token = response.next_page_token
        self.are_complete = not response.next_page_token


def upload_model(messages: Messages) -> Call[ServedModel]:
    """Send a model in parts."""
    return _about_model("UploadModel", messages)


def register_model(name: str) -> Call[ServedModel]:
    """Load a model that lies in the server's repository."""
    return _about_model("RegisterModel", models.RegisterModelRequest(model_id=model_id(name)))


def get_model(name: str) -> Call[ServedModel]:
    """Ask what is known of a model."""
    return _about_model("GetModel", models.GetModelRequest(name=resource_name(name)))


def load_model(name: str, preprocessing: PreprocessingLike | None) -> Call[ServedModel]:
    """Make a model ready."""
    override = override_to_message(preprocessing)
    return _about_model(
        "LoadModel", models.LoadModelRequest(name=resource_name(name), preprocessing=override)
    )


def unload_model(name: str) -> Call[ServedModel]:
    """Free a model's memory."""
    return _about_model("UnloadModel", models.UnloadModelRequest(name=resource_name(name)))


def delete_model(name: str) -> Call[None]:
    """Forget a model."""
    message = models.DeleteModelRequest(name=resource_name(name))
    return Call(rpc_named("DeleteModel", service=MODEL_SERVICE), message, lambda _: None)


def list_models() -> Pages[ServedModel]:
    """List the models, by name."""
    return Pages(rpc_named("ListModels", service=MODEL_SERVICE), "models", model_of_message)


def list_methods() -> Pages[MethodInfo]:
    """List the methods of attribution, by name."""
    return Pages(rpc_named("ListMethods"), "methods", lambda message: of_message(message, MethodInfo))


def list_verbs() -> Pages[VerbInfo]:
    """List the verbs, by name."""
    return Pages(rpc_named("ListVerbs"), "verbs", lambda message: of_message(message, VerbInfo))


def list_collections() -> Pages[CollectionInfo]:
    """List the collections, by name."""
    rpc = rpc_named("ListCollections", service=COLLECTION_SERVICE)
    return Pages(rpc, "collections", collection_of_message)


def _about_model(name: str, message: Message | Messages) -> Call[ServedModel]:
    return Call(
        rpc_named(name, service=MODEL_SERVICE), message, lambda response: model_of_message(response.model)
    )
