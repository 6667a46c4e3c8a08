"""`inspector token`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from inspector.cli.options import Json
from inspector.cli.output import print_json, print_table, say
from inspector.errors import InvalidInputError
from inspector.service.security.callers import Entry, hashed, new_token, read_entries
from inspector.service.security.editing import add_entry, remove_entries

T = TypeVar("T")


class Action(StrEnum):
    """What is done with the file of callers."""

    NEW = "new"
    LIST = "list"
    REVOKE = "revoke"


def token(
    action: Annotated[
        Action, typer.Argument(help="new: make one; list: who may call; revoke: NAME no longer.")
    ],
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The caller; several tokens may have one name.")
    ] = None,
    *,
    role: Annotated[
        str,
        typer.Option(
            "--role",
            metavar="infer|inspect|admin",
            help="infer: predictions and features; inspect: all that looks inside, own models and collections; admin: "
            "everybody's.",
        ),
    ] = "infer",
    models: Annotated[
        list[str] | None,
        typer.Option("--models", metavar="PATTERN", help="Ids of models, such as 'demo*'. [default: '*']"),
    ] = None,
    days: Annotated[
        float | None, typer.Option("--days", min=0, help="How long it is good. [default: for ever]")
    ] = None,
    certificate: Annotated[
        str | None,
        typer.Option(
            "--certificate",
            metavar="NAME",
            help="Instead of a token: the common name, or an alternative name, of the caller's certificate (mTLS).",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            envvar="INSPECTOR_TOKENS_FILE",
            help="The server's file of callers; without it, the line is printed.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a token for a caller of a server, list who may call, or revoke.

    A token is shown once: the file holds only its digest. A server reads the file again when it changes.
    """
    if action is Action.LIST:
        _list(_required(file, "--file"), as_json=as_json)
    elif action is Action.REVOKE:
        count = remove_entries(_required(file, "--file"), _required(name, "NAME"))
        if as_json:
            print_json({"revoked": name, "lines": count})
        else:
            say(f"revoked {name}: {count} line{'s' if count > 1 else ''}")
    else:
        secret = None if certificate is not None else new_token()
        entry = Entry.of(
            name=_required(name, "NAME"),
            role=role,
            models=tuple(models or ("*",)),
            token=None if secret is None else hashed(secret),
            certificate=certificate,
            expires=None if days is None else _in_days(days),
        )
        if file is not None:
            add_entry(file, entry)
        _show(secret, entry, kept=file is not None, as_json=as_json)


def _in_days(days: float) -> datetime:
    try:
        return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)
    except (OverflowError, ValueError):
        raise InvalidInputError(f"--days is {days:g}; give fewer, or none.", field="days") from None


def _show(secret: str | None, entry: Entry, *, kept: bool, as_json: bool) -> None:
    if as_json:
        print_json({"token": secret, "line": entry.line()})
        return
    if secret is not None:
        say(secret)
    if not kept or secret is None:
        say(entry.line())


def _list(file: Path, *, as_json: bool) -> None:
    entries = read_entries(file)
    if as_json:
        print_json([entry.model_dump(mode="json", exclude={"token"}, exclude_none=True) for entry in entries])
        return
    rows = [
        (
            entry.name,
            entry.role,
            " ".join(entry.models),
            entry.certificate or "token",
            f"{entry.expires:%Y-%m-%d %H:%M}" if entry.expires else "",
        )
        for entry in entries
    ]
    print_table(("name", "role", "models", "known by", "until"), rows)


def _required(value: T | None, option: str) -> T:
    if value is None:
        raise InvalidInputError(f"{option} is missing.", reason="MISSING", field=option.strip("-").lower())
    return value
