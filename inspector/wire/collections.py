"""Collections to messages and back: resource names have their prefix on the wire alone."""

from __future__ import annotations

from dataclasses import replace

from inspector.types.collections import CollectionInfo
from inspector.v1 import collection_service_pb2
from inspector.wire.codec import of_message, to_message
from inspector.wire.models import PREFIX as MODELS

COLLECTIONS = "collections/"


def collection_to_message(info: CollectionInfo) -> collection_service_pb2.Collection:
    """Return the message of what is known of a collection."""
    named = replace(info, name=COLLECTIONS + info.name, model=MODELS + info.model if info.model else "")
    return to_message(named, collection_service_pb2.Collection)


def collection_of_message(message: collection_service_pb2.Collection) -> CollectionInfo:
    """Return what is known of a collection."""
    found = of_message(message, CollectionInfo)
    return replace(found, name=found.name.removeprefix(COLLECTIONS), model=found.model.removeprefix(MODELS))
