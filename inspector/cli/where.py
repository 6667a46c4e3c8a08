"""Where a command works: on a file in this process, or on a model of a service, behind one class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector.cli.engine import engine_needed
from inspector.cli.images import Answered, ask_about, require_one_each
from inspector.cli.options import FeatureOptions, ServiceOptions, WhereOptions
from inspector.cli.output import say_notes
from inspector.cli.texts import read_labels, read_pairs, read_preprocessing
from inspector.types.array_files import is_array_file
from inspector.types.arrays import Array
from inspector.types.options import MethodInfo, VerbInfo
from inspector.types.requests.features import FeaturesRequest

if TYPE_CHECKING:
    from inspector.client import Client
    from inspector.face.model import Model

# Imports stand in functions here: grpc is imported only where a service is asked, the engine, which may not be
# installed, only where a file is opened.


@contextmanager
def open_model(name: str, where: WhereOptions) -> Iterator[Model]:
    """Load the file, or find the model on the service; it is closed afterwards."""
    where.require_consistent()
    if where.server is None:
        given, labels = read_preprocessing(where.preprocessing), read_labels(where.labels)
        with engine_needed():
            from inspector.face.load import load  # noqa: PLC0415
        with load(name, device=where.device or "auto", preprocessing=given, labels=labels) as model:
            yield model
        return
    with connect(where) as client:
        model_there: Any = client.model(name)
        yield model_there


def features_of(
    images: Sequence[Path], model: str, *, features: FeatureOptions, where: WhereOptions, needed: int = 0
) -> tuple[Array, Answered]:
    """Return one vector per image that can be read, (N, D), and which those are; the first `needed` must be."""
    pooling: Any = features.pooling  # any text: the request checks it
    asked = FeaturesRequest(images=list(images), layer=features.layer, pooling=pooling)
    with open_model(model, where) as opened:
        if any(map(is_array_file, images)):
            require_one_each(images, opened.info.input)
        found, answered = ask_about(
            asked, images, lambda one: opened.ask(one, timeout=time_for(where)), needed=needed
        )
    say_notes(found.notes)
    return found.vectors, answered


def known_methods(where: ServiceOptions) -> tuple[MethodInfo, ...]:
    """Return the attribution methods that there are, here or on the service."""
    if where.server is None:
        with engine_needed():
            from inspector.face.catalog import attribution_methods  # noqa: PLC0415
        return attribution_methods()
    with connect(where) as client:
        return client.attribution_methods()


def known_verbs(where: ServiceOptions) -> tuple[VerbInfo, ...]:
    """Return what can be asked of a model, here or on the service."""
    if where.server is None:
        with engine_needed():
            from inspector.face.catalog import verbs  # noqa: PLC0415
        return verbs()
    with connect(where) as client:
        return client.verbs()


def connect(where: ServiceOptions) -> Client:
    """Return the client of the service that was named, by --server or INSPECTOR_SERVER, or else of this machine's."""
    from inspector.client import Client, Endpoint  # noqa: PLC0415

    where.require_consistent()
    chosen: dict[str, Any] = {
        "address": where.server,
        "token": where.token,
        "token_file": where.token_file,
        "timeout": where.seconds_left,
    }
    endpoint = Endpoint.from_environment(
        encrypted=where.tls,
        root_certificates=where.root_certificates,
        certificate=where.client_certificate,
        key=where.client_key,
        server_name=where.server_name,
        metadata=tuple(read_pairs(where.metadata or (), option="--metadata", shape="KEY=VALUE").items()),
        **{name: value for name, value in chosen.items() if value is not None},
    )
    return Client(endpoint)


def time_for(where: WhereOptions) -> float | None:
    """Return how many seconds an answer may take: on a service, what earlier calls of the command have left."""
    return where.timeout if where.server is None else where.seconds_left
