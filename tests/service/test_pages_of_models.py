"""A list of models fits into responses, however much is told of each."""

from __future__ import annotations

from pathlib import Path

import grpc

from benchmarks.attacks.models import small, written
from inspector.client import Client
from inspector.service.model_servicer import PAGE_BYTES
from inspector.v1.model_service_pb2 import ListModelsRequest
from inspector.v1.model_service_pb2_grpc import ModelServiceStub
from tests.support.server import running_server

LABELS = [f"{number:04d}" + "x" * 4000 for number in range(700)]
"""2.8 MB: two models have more than a page, and with the usual limit of messages 23 more than a response."""


def test_a_page_ends_before_it_is_too_large(tmp_path: Path) -> None:
    names = ["a", "b", "c"]
    with running_server(tmp_path) as server, Client(server.address) as client:
        for name in names:
            client.upload(written(small(classes=len(LABELS))), name=name, labels=LABELS)
        assert [model.name for model in client.models()] == names
        with grpc.insecure_channel(
            server.address, options=[("grpc.max_receive_message_length", -1)]
        ) as channel:
            list_models = ModelServiceStub(channel).ListModels
            request, sizes, found = ListModelsRequest(), [], []
            while True:
                response = list_models(request)
                sizes.append(response.ByteSize())
                found += [model.name for model in response.models]
                if not response.next_page_token:
                    break
                request.page_token = response.next_page_token
    assert found == [f"models/{name}" for name in names]
    assert max(sizes) <= PAGE_BYTES + 1000
    assert len(sizes) == len(names)
