"""Write the types of a model's verbs, inspector/face/verbs.pyi, from the requests; --check compares and exits with 1.

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
STUB = ROOT / "inspector" / "face" / "verbs.pyi"

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

CONTROLS = (
    "progress: Callable[[int, int], None] | None = None",
    "cancellation: Cancellation | None = None",
    "timeout: float | None = None",
)


def stub() -> str:
    """Return the text of the stub."""
    verbs = [kind for _, kind in REQUESTS.items() if kind.__module__.startswith("inspector.")]
    found = [kind for kind in verbs if kind.verb not in vars(Model)]  # what Model says otherwise stands there
    methods = "".join(map(_method, sorted(found, key=lambda kind: kind.verb)))
    words = set(methods.replace("[", " ").replace("]", " ").replace(",", " ").replace("(", " ").split())
    names = {word: kind.__module__ for kind in found for word in words & _own_types(kind)}
    names |= {name: module for name, module in IMPORTS.items() if name in words}
    names |= {result_kind(kind).__name__: result_kind(kind).__module__ for kind in found}
    lines = [
        f"from {module} import {name}" for name, module in sorted(names.items(), key=lambda one: one[::-1])
    ]
    header = "# Written by tools/generate_face.py from the requests; never edited.\n"
    return header + "\n".join(lines) + f"\n\nclass Verbs:\n{methods}"


def _own_types(kind: type[Request[Any]]) -> set[str]:
    """Return the names of types that a request's module makes for its annotations, such as the names of its choices."""
    own = vars(sys.modules[kind.__module__])
    return {name for name, value in own.items() if name[:1].isupper() and get_origin(value) is Literal}


def _method(kind: type[Request[Any]]) -> str:
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
    parameters += CONTROLS
    if any(one.name == OPTIONS for one in request_fields(kind)):
        parameters.append("**options: Any")
    body = ",\n".join(f"        {parameter}" for parameter in parameters)
    return f"    def {kind.verb}(\n{body},\n    ) -> {result_kind(kind).__name__}: ...\n"


def _taken(take: Callable[[Any], Any]) -> str:
    """Return the annotation of what a field takes from callers."""
    parameter = next(iter(inspect.signature(take).parameters.values()))
    return str(parameter.annotation)


def main() -> int:
    """Write the stub, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    given = parser.parse_args()
    text = stub()
    if not given.check:
        STUB.write_text(text)
        return 0
    if STUB.exists() and STUB.read_text() == text:
        return 0
    sys.stderr.write(f"{STUB.relative_to(ROOT)} is not what the requests say: run `make face`.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
