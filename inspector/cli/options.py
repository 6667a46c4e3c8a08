"""The options that commands share: where a model runs, and where its answer goes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer

from inspector.errors import InvalidInputError
from inspector.types.control import Deadline

WHERE, ANSWER, TARGET = "Where it runs", "Where the answer goes", "What is explained"
"""The panels of the help."""

_SHORTEST = 1e-3
"""Seconds that the last call has where the time is over: it says so by the error that all calls have for it."""

ModelName = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="An .onnx file or a folder with one; with --server, a model's name (demo or models/demo).",
    ),
]
Image = Annotated[
    Path, typer.Argument(metavar="IMAGE", help="A JPEG, PNG or WebP file, or an array (.npy, .npz).")
]
Images = Annotated[
    list[Path],
    typer.Argument(
        metavar="IMAGES...", help="JPEG, PNG or WebP files, arrays (.npy, .npz), or folders of them."
    ),
]
SomeImages = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[IMAGES...]", help="Images, arrays, or folders of them.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.", rich_help_panel=ANSWER)]


@dataclass(frozen=True, kw_only=True)
class ServiceOptions:
    """Which service is asked, where one is."""

    server: Annotated[
        str | None,
        typer.Option(
            "--server",
            metavar="HOST:PORT",
            help="Ask a running service instead of a file.",
            rich_help_panel=WHERE,
        ),
    ] = None
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            help="What the service wants to see of its callers; else that of INSPECTOR_TOKEN.",
            rich_help_panel=WHERE,
        ),
    ] = None
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file", metavar="FILE", help="A file that holds the token.", rich_help_panel=WHERE
        ),
    ] = None
    tls: Annotated[
        bool,
        typer.Option("--tls", help="Encrypt, and check the service's certificate.", rich_help_panel=WHERE),
    ] = False
    root_certificates: Annotated[
        Path | None,
        typer.Option(
            "--root-certificates",
            metavar="FILE.pem",
            help="Whose certificates are trusted; with it --tls is on.",
            rich_help_panel=WHERE,
        ),
    ] = None
    client_certificate: Annotated[
        Path | None,
        typer.Option(
            "--client-certificate",
            metavar="FILE.pem",
            help="What is shown to a service that asks for it, with --client-key.",
            rich_help_panel=WHERE,
        ),
    ] = None
    client_key: Annotated[
        Path | None,
        typer.Option("--client-key", metavar="FILE.pem", help="Its key.", rich_help_panel=WHERE),
    ] = None
    server_name: Annotated[
        str | None,
        typer.Option(
            "--server-name",
            metavar="NAME",
            help="The name in the service's certificate, where its address has another.",
            rich_help_panel=WHERE,
        ),
    ] = None
    metadata: Annotated[
        list[str] | None,
        typer.Option("--metadata", metavar="KEY=VALUE", help="Sent with each call.", rich_help_panel=WHERE),
    ] = None
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", help="For the whole answer.", rich_help_panel=WHERE),
    ] = None

    def require_consistent(self) -> None:
        """Raise InvalidInputError for options that mean nothing."""
        if self.timeout is not None and not self.timeout > 0:
            raise InvalidInputError(f"--timeout is {self.timeout:g}; give seconds above 0.", field="timeout")

    @property
    def seconds_left(self) -> float | None:
        """How many seconds of --timeout are left for all calls to the service; None without that option."""
        return None if self.timeout is None else max(self._deadline.left(), _SHORTEST)

    @cached_property
    def _deadline(self) -> Deadline:
        """Its clock starts when it is first asked for: with the first call."""
        return Deadline(self.timeout or 0.0)


_THERE_ONLY = (
    "tls",
    "root_certificates",
    "client_certificate",
    "client_key",
    "server_name",
    "token_file",
    "metadata",
)
"""Options that say how a service is spoken to."""
_HERE_ONLY = {
    "device": "a service chooses the device for all of its models (inspector serve --device)",
    "preprocessing": "on a service it is given when the model is uploaded or loaded there",
    "labels": "on a service they are given when the model is uploaded",
}
"""Options of a model in this process, and what a service has instead."""


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


@dataclass(frozen=True, kw_only=True)
class WhereOptions(ServiceOptions):
    """Where the model runs, and as what."""

    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            help="auto, cpu, cuda or cuda:N; default: auto (in-process only).",
            rich_help_panel=WHERE,
        ),
    ] = None
    preprocessing: Annotated[
        str | None,
        typer.Option(
            "--preprocessing",
            metavar="PRESET|JSON",
            help="Override what was found in the file: imagenet, caffe, tf, clip, 0..1, 0..255, -1..1, or keys such as "
            '\'{"scale": 0.0039, "mean": \\[0.5]}\', or @file.json (in-process only).',
            rich_help_panel=WHERE,
        ),
    ] = None
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            metavar="FILE",
            help="The names of the classes: one per line, or JSON (in-process only).",
            rich_help_panel=WHERE,
        ),
    ] = None

    def require_consistent(self) -> None:
        """Raise InvalidInputError for options that the place where the model runs does not know."""
        super().require_consistent()
        if self.server is None:
            for name in _THERE_ONLY:
                if getattr(self, name):
                    raise InvalidInputError(
                        f"{_flag(name)} belongs to --server: without one the model runs in this process.",
                        field=name,
                    )
            return
        for name, instead in _HERE_ONLY.items():
            if getattr(self, name) is not None:
                raise InvalidInputError(f"{_flag(name)} works in-process; {instead}.", field=name)


@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """Where the answer goes, and in which form."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A file, in the form that its suffix says: pictures (.png, .jpg, …; several: FILE-1, FILE-2, …), "
            "arrays (.npy, .npz), a table (.csv), .json, or a page (.html).",
            rich_help_panel=ANSWER,
        ),
    ] = None
    as_json: Json = False


@dataclass(frozen=True, kw_only=True)
class FeatureOptions:
    """Which vectors describe images."""

    layer: Annotated[
        str | None,
        typer.Option("--layer", "-l", help="A layer's name; default: what the last dense layer reads."),
    ] = None
    pooling: Annotated[
        str, typer.Option("--pooling", metavar="mean|max|none", help="How maps become one vector.")
    ] = "mean"
