"""The file of callers: what its lines may say, whom a token stands for, and that changes are seen."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from inspector.errors import InvalidInputError, UnauthenticatedError
from inspector.service.security.caller import Caller, Role
from inspector.service.security.callers import Callers, Entry, hashed, new_token, read_callers, read_entries
from inspector.service.security.watched import Watched

TOKEN = new_token()


def line(**changes: Any) -> str:
    said = {"name": "ci", "role": "inspect", "models": ["demo*"], "token": hashed(TOKEN)} | changes
    return json.dumps({key: value for key, value in said.items() if value is not None})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "callers.jsonl"


def test_a_token_is_random_known_at_sight_and_kept_as_a_digest() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(token.startswith("inspector_") and len(token) == 53 for token in tokens)
    assert TOKEN not in line()


def test_a_token_stands_for_its_caller(path: Path) -> None:
    path.write_text(
        f"# who may call\n\n{line()}\n{line(name='other', token=hashed('x'), role='admin', models=None)}\n"
    )
    callers = read_callers(path)
    assert callers.of_token(TOKEN) == Caller(name="ci", role=Role.INSPECT, models=("demo*",))
    assert callers.of_token("x") == Caller(name="other", role=Role.ADMIN, models=("*",))
    for wrong in ("", "y", TOKEN[:-1], TOKEN.upper(), hashed(TOKEN), "ü"):
        with pytest.raises(UnauthenticatedError) as caught:
            callers.of_token(wrong)
        assert caught.value.reason == "TOKEN_UNKNOWN"
        assert wrong == "" or wrong not in caught.value.message.split()


def test_a_certificate_stands_for_its_caller(path: Path) -> None:
    path.write_text(line(token=None, certificate="spiffe://example/edge"))
    callers = read_callers(path)
    assert callers.of_certificate(["edge", "spiffe://example/edge"]) == Caller(
        name="ci", role=Role.INSPECT, models=("demo*",)
    )
    assert callers.of_certificate(["edge"]) is None
    assert callers.of_certificate([]) is None


@pytest.mark.parametrize("known_by", ["token", "certificate"])
def test_what_has_expired_is_good_no_longer(known_by: str) -> None:
    def callers(days: float) -> Callers:
        until = datetime.now(UTC) + timedelta(days=days)
        said: Any = {"token": hashed(TOKEN)} if known_by == "token" else {"certificate": "edge"}
        return Callers([Entry(name="ci", role="infer", expires=until, **said)])

    def ask(made: Callers) -> Caller | None:
        return made.of_token(TOKEN) if known_by == "token" else made.of_certificate(["edge"])

    assert ask(callers(1)) is not None
    with pytest.raises(UnauthenticatedError, match="was good until") as caught:
        ask(callers(-1))
    assert caught.value.reason == "TOKEN_EXPIRED"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TOKEN, "Invalid JSON"),
        ("[]", "the line"),
        (line(role="root"), "role"),
        (line(role="anyone"), "role"),
        (line(name="a b"), "name"),
        (line(name="\x1b[31m"), "name"),
        (line(models=[]), "models"),
        (line(models="demo"), "models"),
        (line(models=["../x"]), "models.0"),
        (line(token=TOKEN), "token"),
        (line(token=None), "a token or a certificate"),
        (line(certificate="edge"), "a token or a certificate"),
        (line(expires="2027-01-01T00:00:00"), "expires"),
        (line(expires="soon"), "expires"),
        (line(rolle="admin"), "rolle"),
    ],
    ids=lambda given: (
        given if "{" not in given and "[" not in given and "inspector_" not in given else "line"
    ),
)
def test_a_line_that_is_off_is_named_and_its_text_is_not_told(path: Path, text: str, said: str) -> None:
    path.write_text(f"# first\n{text}\n")
    with pytest.raises(InvalidInputError) as caught:
        read_entries(path)
    assert (caught.value.reason, caught.value.field) == ("TOKENS_UNUSABLE", "tokens_file")
    assert f"{path}:2 " in caught.value.message
    assert said in caught.value.message
    assert TOKEN not in caught.value.message


@pytest.mark.parametrize("kind", ["missing", "a folder", "no text", "large"])
def test_a_file_that_cannot_be_read_is_told_of(path: Path, kind: str) -> None:
    if kind == "a folder":
        path.mkdir()
    elif kind == "no text":
        path.write_bytes(b"\xff\xfe")
    elif kind == "large":
        path.write_bytes(b"#" * (2 << 20))
    with pytest.raises(InvalidInputError, match="file of callers") as caught:
        read_callers(path)
    assert caught.value.field == "tokens_file"


def test_a_line_reads_what_it_writes(path: Path) -> None:
    entry = Entry(
        name="ci",
        role="admin",
        models=("a*", "b?"),
        token=hashed(TOKEN),
        expires=datetime(2027, 1, 31, tzinfo=UTC),
    )
    path.write_text(entry.line())
    assert read_entries(path) == [entry]


def test_changes_of_the_file_are_seen_and_what_cannot_be_read_changes_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text(line())
    watched = Watched([path], lambda: read_callers(path), what="The file")
    first = watched.value
    assert watched.value is first
    path.write_text("{")
    with caplog.at_level(logging.INFO):
        assert watched.value is first
        assert watched.value is first
        path.unlink()
        assert watched.value is first
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    other = path.with_suffix(".new")
    other.write_text(line(name="new"))
    os.replace(other, path)  # noqa: PTH105 — as those do it who replace a file while it is read
    assert watched.value.of_token(TOKEN).name == "new"


def test_a_caller_knows_its_models_and_what_it_is_counted_by() -> None:
    caller = Caller(name="ci", models=("demo*", "x?"))
    assert [model for model in ("demo", "demo-2", "my-demo", "x1", "x", "Demo") if caller.matches(model)] == [
        "demo",
        "demo-2",
        "x1",
    ]
    keys = [
        Caller(name="ci", peer="ipv4:1.2.3.4:5").key,
        Caller(peer="ipv4:1.2.3.4:5").key,
        Caller(peer="ipv6:[::1]:5").key,
        Caller(peer="unix:").key,
    ]
    assert keys == ["name:ci", "host:1.2.3.4", "host:[::1]", "host:unix:"]
