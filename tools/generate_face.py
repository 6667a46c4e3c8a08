"""Write the types of a model's verbs from the requests, for threads and for event loops; --check compares them.

python -m tools.generate_face [--check]
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_origin

from inspector.client.aio.model import AsyncModel
from inspector.face.model import Model
from inspector.types.requests.base import (
    OPTIONS,
    REQUESTS,
    Request,
    needs_images,
    request_fields,
    result_kind,
    takes_images,
)

ROOT = Path(__file__).resolve().parent.parent


@dataclasses.dataclass(frozen=True)
class Face:
    """One of the classes that have the verbs."""

    path: Path
    name: str
    word: str
    """Before `def`."""
    controls: tuple[str, ...]
    model: type
    """What it says otherwise stands there."""


IMPORTS = {
    "Any": "typing",
    "Array": "inspector.types.arrays",
    "Callable": "collections.abc",
    "Cancellation": "inspector.types.control",
    "ImageLike": "inspector.types.images",
    "Literal": "typing",
    "Mapping": "collections.abc",
    "Pooling": "inspector.types.requests.features",
    "Rendering": "inspector.types.requests.base",
    "Sequence": "collections.abc",
    "TargetLike": "inspector.types.targets",
}
"""Where the names in annotations come from."""

_PROGRESS, _CANCELLATION, _TIMEOUT = (
    "progress: Callable[[int, int], None] | None = None",
    "cancellation: Cancellation | None = None",
    "timeout: float | None = None",
)
FACES = (
    Face(ROOT / "inspector/face/verbs.pyi", "Verbs", "def", (_PROGRESS, _CANCELLATION, _TIMEOUT), Model),
    Face(
        ROOT / "inspector/client/aio/verbs.pyi",
        "AsyncVerbs",
        "async def",
        (_PROGRESS, _TIMEOUT),
        AsyncModel,
    ),
)


def stub(face: Face) -> str:
    """Return the text of the stub."""
    verbs = [kind for _, kind in REQUESTS.items() if kind.__module__.startswith("inspector.")]
    found = [kind for kind in verbs if kind.verb not in vars(face.model)]
    methods = "".join(_method(kind, face) for kind in sorted(found, key=lambda kind: kind.verb))
    words = set(methods.replace("[", " ").replace("]", " ").replace(",", " ").replace("(", " ").split())
    names = {word: kind.__module__ for kind in found for word in words & _own_types(kind)}
    names |= {name: module for name, module in IMPORTS.items() if name in words}
    names |= {result_kind(kind).__name__: result_kind(kind).__module__ for kind in found}
    lines = [
        f"from {module} import {name}" for name, module in sorted(names.items(), key=lambda one: one[::-1])
    ]
    header = "# Written by tools/generate_face.py from the requests; never edited.\n"
    return header + "\n".join(lines) + f"\n\nclass {face.name}:\n{methods}"


def _own_types(kind: type[Request[Any]]) -> set[str]:
    """Return the names of types that a request's module makes for its annotations, such as the names of its choices."""
    own = vars(sys.modules[kind.__module__])
    return {name for name, value in own.items() if name[:1].isupper() and get_origin(value) is Literal}


def _method(kind: type[Request[Any]], face: Face) -> str:
    """Return the declaration of one verb."""
    images = ["images: ImageLike"] if needs_images(kind) else ["images: ImageLike = ()"]
    parameters = ["self", *(images if takes_images(kind) else ()), "*"]
    annotations = {
        field.name: re.sub(r"\btuple\[(\w+), \.\.\.\]", r"Sequence[\1]", str(field.type)).replace(
            "np.ndarray", "Array"
        )
        for field in dataclasses.fields(kind)
    }
    for one in request_fields(kind):
        if one.name != OPTIONS:
            hint = _taken(one.take) if one.take is not None else annotations[one.name]
            parameters.append(f"{one.python}: {hint}{'' if one.is_required else ' = ...'}")
    if takes_images(kind):
        parameters += ["inputs: Mapping[str, Array] | None = None", 'rendering: Rendering = "none"']
    parameters += face.controls
    if any(one.name == OPTIONS for one in request_fields(kind)):
        parameters.append("**options: Any")
    body = ",\n".join(f"        {parameter}" for parameter in parameters)
    return f"    {face.word} {kind.verb}(\n{body},\n    ) -> {result_kind(kind).__name__}: ...\n"


def _taken(take: Callable[[Any], Any]) -> str:
    """Return the annotation of what a field takes from callers."""
    parameter = next(iter(inspect.signature(take).parameters.values()))
    return str(parameter.annotation)


def main() -> int:
    """Write the stubs, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    given = parser.parse_args()
    stale = False
    for face in FACES:
        text = stub(face)
        if not given.check:
            face.path.write_text(text)
        elif not face.path.exists() or face.path.read_text() != text:
            sys.stderr.write(
                f"{face.path.relative_to(ROOT)} is not what the requests say: run `make face`.\n"
            )
            stale = True
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
