"""The client for event loops: the verbs of `inspector.client` as coroutines.

async with inspector.client.aio.AsyncClient("localhost:50051") as client: await (await client.model("m")).predict(image)
"""

from inspector.client.aio.client import AsyncClient
from inspector.client.aio.collection import AsyncCollection
from inspector.client.aio.model import AsyncModel

__all__ = ["AsyncClient", "AsyncCollection", "AsyncModel"]
