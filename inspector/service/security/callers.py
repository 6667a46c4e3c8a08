"""The file of callers: who may call, known by what, and what each may do.

One JSON object per line; empty lines and those that begin with # are left out. `token` is the SHA-256 of a token,
`certificate` the common name or an alternative name of a client's certificate; a line has one of them, and a caller may
have several lines:

    {"name": "ci", "role": "inspect", "models": ["demo*"], "token": "sha256:…", "expires": "2027-01-31T00:00:00Z"}
    {"name": "edge", "role": "infer", "models": ["*"], "certificate": "spiffe://example/edge"}

Tokens are 256 random bits, so a fast hash keeps them: there is no dictionary to try.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from inspector.errors import InspectorError, InvalidInputError, UnauthenticatedError
from inspector.service.security.caller import Caller, Role

PREFIX = "inspector_"
"""How tokens begin: scanners of leaked secrets, and people, know one when they see it."""
_RANDOM_BYTES = 32
_MAX_FILE_BYTES = 1 << 20
_ROLES = {role.word: role for role in Role if role is not Role.ANYONE}

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$")]
Pattern = Annotated[str, Field(pattern=r"^[a-z0-9._*?\[\]!-]{1,64}$")]


class Entry(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    role: Literal["infer", "inspect", "admin"]
    models: Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=64)] = ("*",)
    token: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    certificate: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    expires: AwareDatetime | None = None

    @classmethod
    def of(cls, **said: object) -> Entry:
        """Return the line that says this; InvalidInputError names what is off."""
        try:
            return cls.model_validate(said)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = str(first["loc"][0]) if first["loc"] else "name"
            raise InvalidInputError(f"{field} is {first['input']!r}: {first['msg']}.", field=field) from None

    @model_validator(mode="after")
    def _known_by_one_thing(self) -> Entry:
        if (self.token is None) == (self.certificate is None):
            raise ValueError("a line has a token or a certificate, and not both")
        return self

    @property
    def caller(self) -> Caller:
        """Whom the line describes."""
        return Caller(name=self.name, role=_ROLES[self.role], models=self.models)

    def line(self) -> str:
        """Return it as it stands in the file."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), ensure_ascii=False)


class Callers:
    """The callers of one file, found by their tokens and certificates."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        # Found by a digest under a key of this process: how long a look takes tells nothing of what is stored.
        self._key = secrets.token_bytes(32)
        self._by_token: dict[bytes, Entry] = {}
        self._by_certificate: dict[str, Entry] = {}
        for entry in entries:
            if entry.token is not None:
                self._by_token[self._keyed(entry.token)] = entry
            elif entry.certificate is not None:
                self._by_certificate.setdefault(entry.certificate, entry)

    def of_token(self, token: str) -> Caller:
        """Return whose token it is; UnauthenticatedError where it is nobody's, or no longer good."""
        stored = hashed(token)
        entry = self._by_token.get(self._keyed(stored))
        if entry is None or not hmac.compare_digest(entry.token or "", stored):
            raise UnauthenticatedError(
                "The token is none that this server knows. Ask whoever runs it for one.",
                reason="TOKEN_UNKNOWN",
            )
        return _still_good(entry, "token")

    def of_certificate(self, names: Sequence[str]) -> Caller | None:
        """Return whom a certificate with these names stands for, if anyone; UnauthenticatedError if no longer."""
        entry = next((self._by_certificate[name] for name in names if name in self._by_certificate), None)
        return None if entry is None else _still_good(entry, "certificate")

    def _keyed(self, stored: str) -> bytes:
        return hmac.digest(self._key, stored.encode(), "sha256")


def new_token() -> str:
    """Return a token that nobody has."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def hashed(token: str) -> str:
    """Return what is kept of a token."""
    return f"sha256:{hashlib.sha256(token.encode()).hexdigest()}"


def read_callers(path: Path) -> Callers:
    """Read a file of callers; InvalidInputError where it cannot be read, or names the line that is off."""
    return Callers(read_entries(path))


def read_entries(path: Path) -> list[Entry]:
    """Return the lines of a file of callers; InvalidInputError as for `read_callers`."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
        text = data.decode("utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise _off(f"The file of callers {str(path)!r} cannot be read: {reason}.") from None
    if len(data) > _MAX_FILE_BYTES:
        raise _off(f"The file of callers {str(path)!r} is larger than {_MAX_FILE_BYTES:,} bytes.")
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
    return [_entry(line, f"{path}:{number}") for number, line in lines if line and not line.startswith("#")]


def _entry(line: str, where: str) -> Entry:
    """Read a line. Its text stays untold: it may hold a token that was put there by mistake."""
    try:
        return Entry.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise _off(f"{where} describes no caller: {field}: {first['msg']}.") from None


def _off(message: str) -> InspectorError:
    return InvalidInputError(
        f"{message} It has one JSON object per line, as `inspector token new` writes them.",
        reason="TOKENS_UNUSABLE",
        field="tokens_file",
    )


def _still_good(entry: Entry, what: str) -> Caller:
    if entry.expires is not None and entry.expires <= datetime.now(UTC):
        raise UnauthenticatedError(
            f"The {what} of {entry.name!r} was good until {entry.expires:%Y-%m-%d %H:%M} UTC. Ask whoever runs the "
            "server for a new one.",
            reason="TOKEN_EXPIRED",
        )
    return entry.caller
