"""Errors as lines on stderr."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from inspector.errors import InspectorError


def complain(error: InspectorError) -> None:
    """Print an error to stderr, with its stable reason."""
    Console(stderr=True).print(
        f"[bold red]error[/] {escape(error.message)} [dim]({error.reason})[/]",
        highlight=False,
        soft_wrap=True,
    )
