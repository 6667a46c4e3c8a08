"""Where a server is: addresses, TLS and tokens, against a server that wants them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from inspector.client import Client, Endpoint, ServerUnavailableError, Tls
from inspector.client.health import check_health, main
from inspector.errors import InvalidInputError, NotFoundError
from inspector.service.interceptors.chain import Chain
from inspector.service.interceptors.errors import ErrorInterceptor
from tests.support.bare_service import MAKE
from tests.support.certificates import Authority, Pair
from tests.support.patience import PATIENCE
from tests.support.server import running_loop

KINDS = {
    "unary_unary": (False, False),
    "unary_stream": (False, True),
    "stream_unary": (True, False),
    "stream_stream": (True, True),
}
"""Whether requests, and responses, are streamed."""


@dataclass
class Seen:
    """What a server saw of its callers."""

    address: str = ""
    authorization: list[str | None] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)

    def look(self, context: Any) -> None:
        metadata = dict(context.invocation_metadata())
        self.authorization.append(metadata.get("authorization"))
        self.metadata.append(metadata)


def handlers(seen: Seen) -> tuple[grpc.GenericRpcHandler, ...]:
    """Return a method of each kind, and what a client and a health check ask first; empty messages are no bytes."""

    async def unary(request: Any, context: Any) -> bytes:
        seen.look(context)
        return b""

    async def stream(request: Any, context: Any) -> AsyncIterator[bytes]:
        seen.look(context)
        yield b""

    async def healthy(request: Any, context: Any) -> bytes:
        seen.look(context)
        return health_pb2.HealthCheckResponse(status="SERVING").SerializeToString()

    async def fails(request: Any, context: Any) -> bytes:
        raise NotFoundError("There is none.", reason="MODEL_NOT_FOUND")

    kinds: dict[str, Any] = {name: MAKE[kind](stream if kind[1] else unary) for name, kind in KINDS.items()}
    models: dict[str, Any] = {"ListModels": MAKE[False, False](unary), "GetModel": MAKE[False, False](fails)}
    health: dict[str, Any] = {"Check": MAKE[False, False](healthy)}
    services = {"test.Kinds": kinds, "inspector.v1.ModelService": models, "grpc.health.v1.Health": health}
    return tuple(grpc.method_handlers_generic_handler(name, methods) for name, methods in services.items())


@contextmanager
def bare_server(credentials: grpc.ServerCredentials | None) -> Iterator[Seen]:
    """Serve on the loopback, with TLS where there are credentials."""
    seen = Seen()

    async def start() -> grpc.aio.Server:
        server = grpc.aio.server(interceptors=[Chain(ErrorInterceptor())])
        server.add_generic_rpc_handlers(handlers(seen))
        free = "127.0.0.1:0"
        port = server.add_secure_port(free, credentials) if credentials else server.add_insecure_port(free)
        seen.address = f"127.0.0.1:{port}"
        await server.start()
        return server

    with running_loop() as loop:
        server = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE)
        try:
            yield seen
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(0), loop).result(PATIENCE)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    return authority.issue("server")


def credentials(pair: Pair, *, clients: Authority | None = None) -> grpc.ServerCredentials:
    """Return those of a server that shows this pair, and asks clients for one of an authority."""
    return grpc.ssl_server_credentials(
        [(pair.key.read_bytes(), pair.certificate.read_bytes())],
        root_certificates=clients.root.read_bytes() if clients else None,
        require_client_auth=clients is not None,
    )


@pytest.fixture(scope="module")
def secure(pair: Pair) -> Iterator[Seen]:
    with bare_server(credentials(pair)) as seen:
        yield seen


@pytest.fixture(scope="module")
def plain() -> Iterator[Seen]:
    with bare_server(None) as seen:
        yield seen


def test_a_server_with_a_certificate_is_spoken_to(secure: Seen, authority: Authority) -> None:
    endpoint = Endpoint(secure.address, tls=Tls(root_certificates=authority.root))
    with Client(endpoint) as client:
        assert client.models() == ()
    assert check_health(endpoint) == "SERVING"


def test_a_server_that_an_unknown_authority_vouches_for_is_not(secure: Seen, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    for tls in (Tls(root_certificates=other.root), Tls()):
        with Client(Endpoint(secure.address, tls=tls)) as client, pytest.raises(ServerUnavailableError):
            client.models()


def test_without_tls_a_server_with_it_does_not_answer(secure: Seen) -> None:
    with Client(secure.address) as client, pytest.raises(ServerUnavailableError):
        client.models()
    with pytest.raises(ServerUnavailableError):
        check_health(secure.address)


def test_a_server_that_asks_for_a_certificate_gets_the_clients(pair: Pair, authority: Authority) -> None:
    mine = authority.issue("client")
    with bare_server(credentials(pair, clients=authority)) as seen:
        known = Tls(root_certificates=authority.root, certificate=mine.certificate, key=mine.key)
        with Client(Endpoint(seen.address, tls=known)) as client:
            assert client.models() == ()
        unknown = Tls(root_certificates=authority.root)
        with Client(Endpoint(seen.address, tls=unknown)) as client, pytest.raises(ServerUnavailableError):
            client.models()


def every_kind_of_call(endpoint: Endpoint) -> None:
    with endpoint.channel() as channel:
        for name, (requests, responses) in KINDS.items():
            given = iter([b""]) if requests else b""
            answer = getattr(channel, name)(f"/test.Kinds/{name}")(given, timeout=PATIENCE)
            assert (list(answer) if responses else [answer]) == [b""]


@pytest.mark.parametrize("token", ["s3cret", None])
@pytest.mark.parametrize("encrypted", [False, True])
def test_the_token_goes_with_every_call(
    token: str | None, encrypted: bool, plain: Seen, secure: Seen, authority: Authority
) -> None:
    seen = secure if encrypted else plain
    seen.authorization.clear()
    tls = Tls(root_certificates=authority.root) if encrypted else None
    every_kind_of_call(Endpoint(seen.address, tls=tls, token=token))
    assert seen.authorization == [token and f"Bearer {token}"] * 4


def test_with_a_token_errors_and_deadlines_are_what_they_were(plain: Seen) -> None:
    with Client(Endpoint(plain.address, token="s3cret")) as client, pytest.raises(NotFoundError) as caught:
        client.model("toy")
    assert caught.value.reason == "MODEL_NOT_FOUND"


def test_a_token_is_not_shown() -> None:
    assert "s3cret" not in repr(Endpoint(token="s3cret"))


@pytest.mark.parametrize("token", ["", "two words", "line\n", "schlüssel"])
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Endpoint(token=token)
    assert caught.value.field == "token"
    assert token == "" or token not in caught.value.message


@pytest.mark.parametrize(
    "address",
    [
        "localhost:50051",
        "10.0.0.1:1",
        "[::1]:50051",
        "a.b-c.example:65535",
        "unix:/run/x.sock",
        "dns:///host:1",
    ],
)
def test_an_address_is_taken_as_it_is(address: str) -> None:
    assert Endpoint.parse(address).address == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost",
        ":50051",
        "localhost:",
        "localhost:http",
        "localhost:0",
        "localhost:65536",
        "::1:50051",
        "http://localhost:50051",
        "localhost:50051/x",
        "two words:1",
    ],
)
def test_what_is_no_address_is_refused_with_what_is(address: str) -> None:
    with pytest.raises(InvalidInputError, match="host:port") as caught:
        Client(address)
    assert caught.value.field == "address"


def test_a_clients_own_arguments_make_an_endpoint() -> None:
    assert Endpoint.parse("a:1", timeout=2.0, max_message_bytes=5) == Endpoint(
        "a:1", timeout=2.0, max_message_bytes=5
    )
    endpoint = Endpoint("a:1", timeout=3.0)
    assert Endpoint.parse(endpoint, timeout=2.0) is endpoint


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan")])
def test_a_timeout_is_positive(timeout: float) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Endpoint(timeout=timeout)
    assert caught.value.field == "timeout"


def test_a_token_in_a_file_is_read_for_each_call(plain: Seen, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    endpoint = Endpoint.from_environment({"INSPECTOR_TOKEN_FILE": str(path)}, address=plain.address)
    plain.authorization.clear()
    with Client(endpoint) as client:
        client.models()
        path.write_text("second")
        client.models()
        path.write_text("")
        with pytest.raises(InvalidInputError, match="holds no token"):
            client.models()
        with pytest.raises(InvalidInputError, match="holds no token"):
            client.models()
    assert plain.authorization == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("kind", ["missing", "empty", "two words", "binary"])
def test_a_file_without_a_token_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "token"
    if kind != "missing":
        path.write_bytes({"empty": b"\n", "two words": b"two words", "binary": b"\xff"}[kind])
    with pytest.raises(InvalidInputError, match="token'") as caught:
        Endpoint(token_file=path)
    assert caught.value.field == "token_file"
    with pytest.raises(InvalidInputError, match="give one of them"):
        Endpoint(token="x", token_file=path)


@pytest.mark.parametrize("given", [{"x-team": "vision"}, [("x-team", "vision")]], ids=["mapping", "pairs"])
def test_metadata_goes_with_every_call(plain: Seen, given: Any) -> None:
    plain.metadata.clear()
    every_kind_of_call(Endpoint(plain.address, metadata=given, token="s3cret"))
    assert [one["x-team"] for one in plain.metadata] == ["vision"] * 4
    assert [one["authorization"] for one in plain.metadata] == ["Bearer s3cret"] * 4


@pytest.mark.parametrize(
    "given",
    [
        "x=y",
        7,
        ["x"],
        [("x",)],
        {"X": "y"},
        {"": "y"},
        {"x y": "z"},
        {"grpc-timeout": "1"},
        {"x-bin": "y"},
        {"x": "a\nb"},
        {"x": "ü"},
        {"x": 1},
        {":path": "/"},
    ],
    ids=repr,
)
def test_metadata_that_no_header_can_hold_is_refused(given: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Endpoint(metadata=given)
    assert caught.value.field == "metadata"


def test_a_server_has_the_name_that_its_certificate_has(secure: Seen, authority: Authority) -> None:
    """On the loopback, by the certificate itself: as a probe within a container knows its server."""
    _, _, port = secure.address.rpartition(":")
    there = f"localhost:{port}"
    with pytest.raises(ServerUnavailableError):
        check_health(Endpoint(there, tls=Tls(root_certificates=authority.root)))
    named = Tls(root_certificates=authority.root, server_name="127.0.0.1")
    assert check_health(Endpoint(there, tls=named)) == "SERVING"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    tls = Tls(root_certificates=tmp_path / "none.pem")
    with pytest.raises(InvalidInputError, match="none.pem") as caught:
        Client(Endpoint("a:1", tls=tls))
    assert caught.value.field == "tls.root_certificates"


def test_a_file_that_is_no_pem_is_named(tmp_path: Path) -> None:
    path = tmp_path / "root.der"
    path.write_bytes(b"\x30\x82")
    with pytest.raises(InvalidInputError, match="root.der' holds no PEM"):
        Client(Endpoint("a:1", tls=Tls(root_certificates=path)))


@pytest.mark.parametrize("half", [{"certificate": Path("c.pem")}, {"key": Path("k.pem")}])
def test_a_certificate_comes_with_its_key(half: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="give both"):
        Tls(**half)


def test_the_health_check_takes_all_that(
    secure: Seen, authority: Authority, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secure.authorization.clear()
    monkeypatch.setenv("INSPECTOR_SERVER", secure.address)
    monkeypatch.setenv("INSPECTOR_TOKEN", "s3cret")
    monkeypatch.setattr(sys, "argv", ["health", "--root-certificates", str(authority.root)])
    assert main() == 0
    assert capsys.readouterr().out == "SERVING\n"
    assert secure.authorization == ["Bearer s3cret"]


def test_the_health_check_trusts_only_whom_it_is_told_to(secure: Seen) -> None:
    command = [sys.executable, "-m", "inspector.client.health", secure.address, "--tls"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
