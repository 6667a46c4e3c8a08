"""TLS of a server: good errors at the start, and files that are read again while it runs."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives import serialization

from inspector.errors import InvalidInputError
from inspector.service.interceptors.ring import ring
from inspector.service.security.caller import current_caller
from inspector.service.security.callers import Entry
from inspector.service.security.exposure import require_secure, tls_files
from inspector.service.security.tls import TlsFiles, read_tls, server_credentials
from inspector.service.settings import Settings
from tests.support.certificates import Authority, Pair
from tests.support.patience import PATIENCE

METHOD = "/inspector.v1.InspectionService/Predict"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture
def pair(authority: Authority) -> Pair:
    return authority.issue("server")


def files(pair: Pair, clients: Authority | None = None) -> TlsFiles:
    return TlsFiles(
        certificate=pair.certificate, private_key=pair.key, client_ca=clients.root if clients else None
    )


@asynccontextmanager
async def listening(given: TlsFiles, settings: Settings) -> AsyncIterator[str]:
    """Serve one method with TLS behind the ring: it answers with who calls."""

    async def whoami(_request: Any, _context: Any) -> bytes:
        return f"{current_caller().name}/{current_caller().role.word}".encode()

    server = grpc.aio.server(interceptors=ring(settings))
    handlers: dict[str, Any] = {"Predict": grpc.unary_unary_rpc_method_handler(whoami)}
    service = METHOD.split("/")[1]
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_secure_port("127.0.0.1:0", server_credentials(given))
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


async def ask(address: str, root: Authority, client: Pair | None = None) -> str:
    """Connect anew, and return who the server took us for, or the code of the failure."""
    own = (None, None) if client is None else (client.key.read_bytes(), client.certificate.read_bytes())
    credentials = grpc.ssl_channel_credentials(root.root.read_bytes(), *own)
    async with grpc.aio.secure_channel(address, credentials) as channel:
        try:
            call: Any = channel.unary_unary(METHOD)
            answer: bytes = await call(b"", timeout=PATIENCE)
        except grpc.aio.AioRpcError as error:
            return error.code().name
        return answer.decode()


def test_a_client_is_known_by_its_certificate(authority: Authority, pair: Pair, tmp_path: Path) -> None:
    callers = tmp_path / "callers"
    callers.write_text(Entry(name="boss", role="admin", certificate="client").line())
    mine, unlisted = authority.issue("client"), authority.issue("unlisted")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    stranger = Authority(elsewhere, "other").issue("client")

    async def run(settings: Settings) -> list[str]:
        async with listening(files(pair, authority), settings) as address:
            return [await ask(address, authority, one) for one in (mine, unlisted, None, stranger)]

    given: dict[str, Any] = {
        "tls_certificate": pair.certificate,
        "tls_private_key": pair.key,
        "tls_client_ca": authority.root,
    }
    found = asyncio.run(run(Settings(**given, tokens_file=callers)))
    assert found == ["boss/admin", "UNAUTHENTICATED", "UNAVAILABLE", "UNAVAILABLE"]
    found = asyncio.run(run(Settings(**given)))
    assert found == ["client/inspect", "unlisted/inspect", "UNAVAILABLE", "UNAVAILABLE"]


def test_a_client_is_known_by_another_name_of_its_certificate(
    authority: Authority, pair: Pair, tmp_path: Path
) -> None:
    uri = f"spiffe://example/{'namespace/' * 12}edge"
    callers = tmp_path / "callers"
    callers.write_text(Entry(name="edge", role="infer", certificate=uri).line())
    settings = Settings(
        tls_certificate=pair.certificate,
        tls_private_key=pair.key,
        tls_client_ca=authority.root,
        tokens_file=callers,
    )

    async def run() -> list[str]:
        async with listening(files(pair, authority), settings) as address:
            shown = [authority.issue("app", uri=uri), authority.issue("app2", uri=uri[:-1])]
            return [await ask(address, authority, one) for one in shown]

    assert asyncio.run(run()) == ["edge/infer", "UNAUTHENTICATED"]


def test_a_certificate_is_replaced_without_a_restart(
    authority: Authority, pair: Pair, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = Authority(tmp_path, "other")
    new = other.issue("replacement")

    async def run() -> list[str]:
        found = []
        async with listening(files(pair), Settings()) as address:
            found += [await ask(address, authority), await ask(address, other)]
            shutil.copy(new.certificate, pair.certificate)  # the key is still the old one's
            found += [await ask(address, authority), await ask(address, other)]
            shutil.copy(new.key, pair.key)
            found += [await ask(address, authority), await ask(address, other)]
            pair.key.unlink()
            found += [await ask(address, other)]
        return found

    with caplog.at_level(logging.INFO):
        found = asyncio.run(run())
    old, refused = "/admin", "UNAVAILABLE"
    assert found == [old, refused, old, refused, refused, old, old]
    told = [one.getMessage() for one in caplog.records if "TLS certificate" in one.getMessage()]
    assert ["cannot be read again" in line for line in told] == [True, False, True]


@pytest.mark.parametrize("client_ca", [False, True])
def test_files_that_fit_are_read(authority: Authority, pair: Pair, client_ca: bool) -> None:
    read_tls(files(pair, authority if client_ca else None))


def test_files_that_do_not_are_named(authority: Authority, pair: Pair, tmp_path: Path) -> None:
    other = authority.issue("other")
    text, garbage = tmp_path / "text", tmp_path / "garbage.pem"
    text.write_text("no certificate")
    garbage.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    protected = tmp_path / "protected.pem"
    key: Any = serialization.load_pem_private_key(pair.key.read_bytes(), None)
    protected.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"x"),
        )
    )
    good: dict[str, Path] = {
        "certificate": pair.certificate,
        "private_key": pair.key,
        "client_ca": authority.root,
    }
    cases = [
        ("certificate", tmp_path / "none", "tls_certificate", "cannot be read: No such file"),
        ("certificate", tmp_path, "tls_certificate", "cannot be read: Is a directory"),
        ("certificate", text, "tls_certificate", "holds no PEM"),
        ("certificate", garbage, "tls_certificate", "cannot be used"),
        ("certificate", pair.key, "tls_certificate", "cannot be used"),
        ("private_key", tmp_path / "none", "tls_private_key", "cannot be read"),
        ("private_key", text, "tls_private_key", "holds no PEM"),
        ("private_key", other.key, "tls_private_key", "is not that of the certificate"),
        ("private_key", protected, "tls_private_key", "protected by a passphrase"),
        ("client_ca", tmp_path / "none", "tls_client_ca", "cannot be read"),
        ("client_ca", text, "tls_client_ca", "holds no PEM"),
        ("client_ca", garbage, "tls_client_ca", "holds no certificates"),
        ("client_ca", pair.key, "tls_client_ca", "holds no certificates"),
    ]
    for name, path, field, said in cases:
        with pytest.raises(InvalidInputError) as caught:
            read_tls(TlsFiles(**good | {name: path}))
        assert (caught.value.field, caught.value.reason) == (field, "TLS_UNUSABLE"), path
        assert said in caught.value.message
        assert str(path) in caught.value.message


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"tls_certificate": Path("c")}, "tls_private_key"),
        ({"tls_private_key": Path("k")}, "tls_certificate"),
        ({"tls_client_ca": Path("a")}, "tls_certificate"),
    ],
)
def test_a_certificate_comes_with_its_key(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError, match="Give both, or neither") as caught:
        tls_files(Settings(**given))
    assert caught.value.field == field
    assert tls_files(Settings()) is None


HERE, THERE = "127.0.0.1", "0.0.0.0"  # noqa: S104 — what is refused


@pytest.mark.parametrize(
    ("host", "has", "refused"),
    [
        (HERE, "", False),
        ("localhost", "", False),
        ("[::1]", "", False),
        ("127.9.9.9", "", False),
        (HERE, "tokens", False),
        (THERE, "", True),
        ("[::]", "", True),
        ("192.0.2.1", "", True),
        (THERE, "tokens", True),
        (THERE, "tls", True),
        (THERE, "tls tokens", False),
        (THERE, "tls client_ca", False),
        (THERE, "insecure", False),
        (THERE, "insecure tokens", False),
    ],
)
def test_beyond_the_loopback_a_server_has_tls_and_knows_its_callers(
    authority: Authority, pair: Pair, tmp_path: Path, host: str, has: str, refused: bool
) -> None:
    callers = tmp_path / "callers"
    callers.write_text("")
    parts: dict[str, dict[str, Any]] = {
        "tls": {"tls_certificate": pair.certificate, "tls_private_key": pair.key},
        "client_ca": {"tls_client_ca": authority.root},
        "tokens": {"tokens_file": callers},
        "insecure": {"insecure": True},
    }
    given = {name: value for part in has.split() for name, value in parts[part].items()}
    settings = Settings(address=f"{host}:0", **given)
    if not refused:
        require_secure(settings, host=host)
        return
    with pytest.raises(InvalidInputError, match="can be reached from other machines") as caught:
        require_secure(settings, host=host)
    assert (caught.value.reason, caught.value.field) == ("INSECURE_ADDRESS", "address")
    assert "--insecure" in caught.value.message


def test_what_cannot_be_used_is_said_on_the_loopback_too(tmp_path: Path, pair: Pair) -> None:
    cases: list[dict[str, Any]] = [
        {"tokens_file": tmp_path / "none"},
        {"tls_certificate": pair.key, "tls_private_key": pair.key},
    ]
    for given in cases:
        with pytest.raises(InvalidInputError):
            require_secure(Settings(insecure=True, **given), host=HERE)
