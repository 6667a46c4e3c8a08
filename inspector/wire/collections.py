"""Collections to messages and back: resource names have their prefix on the wire alone."""

from __future__ import annotations

from dataclasses import replace

from inspector.types.collections import CollectionInfo
from inspector.v1 import collection_service_pb2
from inspector.wire.codec import of_message, to_message
from inspector.wire.models import PREFIX as MODEL_PREFIX
from inspector.wire.names import COLLECTIONS, name_of

PREFIX = name_of(COLLECTIONS, "")


def collection_to_message(info: CollectionInfo) -> collection_service_pb2.Collection:
    """Return the message of what is known of a collection."""
    named = replace(info, name=PREFIX + info.name, model=MODEL_PREFIX + info.model if info.model else "")
    return to_message(named, collection_service_pb2.Collection)


def collection_of_message(message: collection_service_pb2.Collection) -> CollectionInfo:
    """Return what is known of a collection."""
    found = of_message(message, CollectionInfo)
    return replace(found, name=found.name.removeprefix(PREFIX), model=found.model.removeprefix(MODEL_PREFIX))
