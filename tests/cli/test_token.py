"""`inspector token`: what it prints, and what it does to the file that a server reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.cli.exits import EXIT_USAGE
from inspector.service.security.caller import Role
from inspector.service.security.callers import Entry, hashed, read_callers, read_entries
from tests.support.command import Command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "callers"


def test_without_a_file_the_token_and_the_line_are_printed(inspector: Command) -> None:
    found = inspector(
        "token", "new", "ci", "--role", "inspect", "--models", "demo*", "--models", "x", "--days", 30
    )
    assert (found.code, found.err) == (0, "")
    token, line = found.out.splitlines()
    entry = Entry.model_validate_json(line)
    assert (entry.name, entry.role, entry.models, entry.token) == (
        "ci",
        "inspect",
        ("demo*", "x"),
        hashed(token),
    )
    assert entry.expires is not None
    assert token not in line


def test_with_a_file_it_stands_there_and_only_the_token_is_printed(inspector: Command, file: Path) -> None:
    first = inspector("token", "new", "ci", "--file", file).out.strip()
    second = inspector("token", "new", "boss", "--role", "admin", "--file", file, "--json").json()
    callers = read_callers(file)
    assert (callers.of_token(first).name, callers.of_token(first).role) == ("ci", Role.INFER)
    assert callers.of_token(second["token"]).role is Role.ADMIN
    assert file.stat().st_mode & 0o777 == 0o600
    assert first not in file.read_text()
    assert list(file.parent.iterdir()) == [file]


def test_callers_are_listed_without_what_they_are_known_by(inspector: Command, file: Path) -> None:
    inspector("token", "new", "ci", "--file", file)
    inspector("token", "new", "edge", "--certificate", "edge.example", "--file", file)
    listed = inspector("token", "list", "--file", file)
    assert "edge.example" in listed.out
    assert "sha256" not in listed.out
    assert [one["name"] for one in inspector("token", "list", "--file", file, "--json").json()] == [
        "ci",
        "edge",
    ]


def test_a_caller_is_revoked_and_all_else_stays(inspector: Command, file: Path) -> None:
    file.write_text("# of the team\n\n")
    for name in ("ci", "boss", "ci"):
        inspector("token", "new", name, "--file", file)
    file.chmod(0o640)
    found = inspector("token", "revoke", "ci", "--file", file)
    assert (found.code, found.out) == (0, "revoked ci: 2 lines\n")
    assert [entry.name for entry in read_entries(file)] == ["boss"]
    assert file.read_text().startswith("# of the team\n\n{")
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("new",), "NAME is missing"),
        (("list",), "--file is missing"),
        (("new", "a b"), "name is 'a b'"),
        (("new", "ci", "--role", "root"), "role is 'root'"),
        (("new", "ci", "--models", "../x"), "models is '../x'"),
        (("new", "ci", "--days", "1e12"), "--days is 1e+12"),
        (("new", "ci", "--file", "/nowhere/callers"), "cannot be written"),
        (("list", "--file", "/nowhere/callers"), "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(inspector: Command, words: tuple[str, ...], said: str) -> None:
    found = inspector("token", *words)
    assert (found.code, found.out) == (EXIT_USAGE, "")
    assert said in found.err


def test_who_is_not_there_cannot_be_revoked(inspector: Command, file: Path) -> None:
    inspector("token", "new", "boss", "--file", file)
    before = file.read_bytes()
    found = inspector("token", "revoke", "bos", "--file", file)
    assert found.code == EXIT_USAGE
    assert "Did you mean 'boss'?" in found.err
    assert file.read_bytes() == before


def test_a_file_that_is_off_is_not_written_to(inspector: Command, file: Path) -> None:
    file.write_text(json.dumps({"name": "ci"}))
    before = file.read_bytes()
    assert inspector("token", "new", "boss", "--file", file).code == EXIT_USAGE
    assert file.read_bytes() == before
