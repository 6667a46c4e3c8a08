"""Who may call what: tokens and roles, on the wire and before anything is read."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool

from inspector.errors import PermissionDeniedError, UnauthenticatedError
from inspector.service.interceptors.ring import ring
from inspector.service.security.authenticator import Authenticator
from inspector.service.security.caller import NOBODY, Caller, Role, current_caller
from inspector.service.security.callers import Entry, hashed
from inspector.service.security.roles import ROLES, require_role, role_for
from inspector.service.services import NAMES
from inspector.service.settings import Settings
from tests.support.bare_service import METHOD, Answer, serving

Code = grpc.StatusCode
TOKENS: dict[Any, str] = {
    "admin": "token-of-an-admin",
    "inspect": "token-of-an-inspector",
    "infer": "token-of-a-user",
}
PREDICT = "/inspector.v1.InspectionService/Predict"
UPLOAD = "/inspector.v1.ModelService/UploadModel"
HEALTH = "/grpc.health.v1.Health/Check"


@pytest.fixture
def tokens_file(tmp_path: Path) -> Path:
    path = tmp_path / "callers"
    entries = [Entry(name=role, role=role, token=hashed(token)) for role, token in TOKENS.items()]
    entries.append(Entry(name="edge", role="infer", certificate="edge"))
    path.write_text("\n".join(entry.line() for entry in entries))
    return path


def bearer(role: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {TOKENS[role]}"),)


def test_every_call_of_every_service_has_a_role() -> None:
    pool = descriptor_pool.Default()
    missing = [
        f"{name}/{method.name}"
        for name in NAMES
        for method in pool.FindServiceByName(name).methods
        if method.name not in ROLES.get(name, {})
    ]
    assert not missing, "say in inspector/service/security/roles.py who may call these"


def test_what_is_for_anyone_is_said_here() -> None:
    open_calls = {
        (name, call) for name, calls in ROLES.items() for call in calls if calls[call] is Role.ANYONE
    }
    health = {("grpc.health.v1.Health", call) for call in ("Check", "List", "Watch")}
    assert open_calls == health | {
        ("inference.GRPCInferenceService", call) for call in ("ServerLive", "ServerReady")
    }


@pytest.mark.parametrize("method", [METHOD, "/a/b/c", "nothing", "", "/inspector.v1.ModelService/Steal"])
def test_what_has_no_role_is_for_admins(method: str) -> None:
    assert role_for(method) is Role.ADMIN


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("method", [HEALTH, PREDICT, UPLOAD, METHOD])
def test_a_role_may_do_what_those_before_it_may(role: Role, method: str) -> None:
    needed = {HEALTH: Role.ANYONE, PREDICT: Role.INFER, UPLOAD: Role.INSPECT, METHOD: Role.ADMIN}[method]
    caller = Caller(name="ci", role=role)
    if role >= needed:
        require_role(caller, method)
    else:
        with pytest.raises(PermissionDeniedError, match=f"for callers with the role '{needed.word}'"):
            require_role(caller, method)


def ask(
    settings: Settings, *, metadata: tuple[tuple[str, str], ...] = (), requests: bool = False
) -> tuple[Answer, list[Caller]]:
    """Call a method that is for admins, and return what came of it and who the handler saw."""
    seen: list[Caller] = []

    async def serve(request: Any, context: Any) -> bytes:
        seen.append(current_caller())
        if requests:
            _ = [message async for message in request]
        return b"served"

    async def run() -> Answer:
        async with serving(serve, *ring(settings), requests=requests) as caller:
            return await caller.ask(metadata=metadata)

    return asyncio.run(run()), seen


@pytest.mark.parametrize("requests", [False, True])
def test_a_caller_with_a_token_is_served_and_known(tokens_file: Path, requests: bool) -> None:
    answer, seen = ask(Settings(tokens_file=tokens_file), metadata=bearer("admin"), requests=requests)
    assert answer.code is Code.OK
    assert [(one.name, one.role) for one in seen] == [("admin", Role.ADMIN)]
    assert seen[0].peer.startswith("ipv4:127.0.0.1:")


@pytest.mark.parametrize("requests", [False, True])
@pytest.mark.parametrize(
    ("metadata", "code", "reason"),
    [
        ((), Code.UNAUTHENTICATED, "TOKEN_MISSING"),
        ((("authorization", "Bearer wrong"),), Code.UNAUTHENTICATED, "TOKEN_UNKNOWN"),
        ((("authorization", f"Basic {TOKENS['admin']}"),), Code.UNAUTHENTICATED, "TOKEN_MISSING"),
        ((("authorization", TOKENS["admin"]),), Code.UNAUTHENTICATED, "TOKEN_MISSING"),
        ((("authorization", "Bearer "),), Code.UNAUTHENTICATED, "TOKEN_MISSING"),
        (bearer("inspect"), Code.PERMISSION_DENIED, "ROLE_MISSING"),
    ],
)
def test_others_are_refused_before_the_handler(
    tokens_file: Path, metadata: tuple[tuple[str, str], ...], code: Code, reason: str, requests: bool
) -> None:
    answer, seen = ask(Settings(tokens_file=tokens_file), metadata=metadata, requests=requests)
    assert (answer.code, answer.info.reason) == (code, reason)
    assert seen == []
    assert not any(token in answer.message for token in TOKENS.values())


def test_the_scheme_is_written_in_any_case(tokens_file: Path) -> None:
    answer, _ = ask(
        Settings(tokens_file=tokens_file), metadata=(("authorization", f"bearer  {TOKENS['admin']} "),)
    )
    assert answer.code is Code.OK


def test_without_a_file_of_callers_all_may_do_everything() -> None:
    answer, (caller,) = ask(Settings())
    assert answer.code is Code.OK
    assert (caller.name, caller.role, caller.key) == ("", Role.ADMIN, "host:127.0.0.1")


def test_a_token_that_is_taken_away_is_good_no_longer(tokens_file: Path) -> None:
    authenticator = Authenticator(tokens_file=tokens_file, takes_certificates=False)

    def ask() -> Caller:
        return authenticator.caller(PREDICT, bearer("infer"), connection={}, peer="p")

    assert ask().name == "infer"
    tokens_file.write_text("# nobody\n")
    with pytest.raises(UnauthenticatedError):
        ask()


def test_the_log_tells_who_called(tokens_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        ask(Settings(tokens_file=tokens_file), metadata=bearer("inspect"))
    (line,) = (one.getMessage() for one in caplog.records if one.name.endswith("access_log"))
    assert " PERMISSION_DENIED " in line
    assert line.endswith(" caller=inspect")
    assert TOKENS["inspect"] not in caplog.text


def test_an_unknown_caller_does_not_make_the_server_read_its_request(tokens_file: Path) -> None:
    decoded: list[bytes] = []

    def decode(data: bytes) -> bytes:
        decoded.append(data)
        return data

    async def serve(request: Any, context: Any) -> bytes:
        return b""

    async def run() -> list[Answer]:
        async with serving(serve, *ring(Settings(tokens_file=tokens_file)), decode=decode) as caller:
            return [await caller.ask(b"x", metadata=given) for given in ((), bearer("admin"))]

    refused, served = asyncio.run(run())
    assert (refused.code, served.code) == (Code.UNAUTHENTICATED, Code.OK)
    assert decoded == [b"x"]


def certificate(*names: str) -> dict[str, list[bytes]]:
    return {"x509_common_name": [name.encode() for name in names], "transport_security_type": [b"ssl"]}


def test_a_certificate_is_known_by_the_file_of_callers(tokens_file: Path) -> None:
    authenticator = Authenticator(tokens_file=tokens_file, takes_certificates=True)

    def caller(
        connection: dict[str, list[bytes]], *metadata: tuple[str, str], method: str = PREDICT
    ) -> Caller:
        return authenticator.caller(method, metadata, connection=connection, peer="p")

    assert caller(certificate("edge")).name == "edge"
    assert caller(certificate("edge"), *bearer("admin")).name == "admin"
    assert caller(certificate("nobody"), method=HEALTH).role is Role.ANYONE
    for wrong in (certificate("nobody"), {}):
        with pytest.raises(UnauthenticatedError, match="certificate that its file of callers names"):
            caller(wrong)


def test_without_a_file_of_callers_whoever_shows_a_certificate_may_inspect() -> None:
    authenticator = Authenticator(tokens_file=None, takes_certificates=True)
    found = authenticator.caller(PREDICT, (), connection=certificate("edge"), peer="p")
    assert (found.name, found.role) == ("edge", Role.INSPECT)
    with pytest.raises(UnauthenticatedError):
        authenticator.caller(PREDICT, (), connection={}, peer="p")


def test_a_name_that_is_too_long_is_none(tokens_file: Path) -> None:
    authenticator = Authenticator(tokens_file=None, takes_certificates=True)
    with pytest.raises(UnauthenticatedError):
        authenticator.caller(PREDICT, (), connection=certificate("x" * 257), peer="p")


def test_certificates_count_only_where_they_were_checked(tokens_file: Path) -> None:
    authenticator = Authenticator(tokens_file=tokens_file, takes_certificates=False)
    with pytest.raises(UnauthenticatedError):
        authenticator.caller(PREDICT, (), connection=certificate("edge"), peer="p")


def test_where_nobody_said_who_calls_it_is_nobody() -> None:
    assert current_caller() == NOBODY
    assert NOBODY.role is Role.ANYONE
