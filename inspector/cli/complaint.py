"""Errors as lines on stderr."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from inspector.errors import InspectorError
from inspector.types.visible import visible


def complain(error: InspectorError, *, word: str = "error") -> None:
    """Print an error to stderr in one line, with its stable reason; `word` says what comes of it."""
    message = visible(" ".join(error.message.splitlines()))
    Console(stderr=True).print(
        f"[bold red]{word}[/] {escape(message)} [dim]({escape(visible(error.reason))})[/]",
        highlight=False,
        soft_wrap=True,
    )
