"""What a request for a judgment says: its numbers, its measures, and a map of the caller's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.planes import as_maps, image_size
from inspector.methods.registration import SHARES, registered
from inspector.types.images import Prepared
from inspector.types.layouts import batched
from inspector.types.requests.judge import MEASURES, JudgeRequest
from inspector.types.results.maps import Maps
from inspector.types.targets import ResolvedTarget

GIVEN = "given"
"""The method of a map that the caller brought."""
_NEEDS_METHOD = ("sensitivity", "completeness", "randomization")
_MOST = 10_000
_NUMBERS = {
    "removals": (1, _MOST),
    "perturbations": (1, _MOST),
    "neighbors": (1, _MOST),
    "spread": (1e-9, 10),
    "radius": (1e-9, 10),
    "randomizations": (1, 1000),
    "threshold": (1e-9, 1),
    "tolerance": (0, _MOST),
    "trial": (0, 2**63 - 1),
}
"""By option: the least and the largest that is allowed."""


def check(request: JudgeRequest) -> None:
    """Raise InvalidInputError for a number that is out of range, NotFoundError for a method that there is none of."""
    registered(request.method)
    for name, (least, most) in _NUMBERS.items():
        value = getattr(request, name)
        if value is not None and not least <= value <= most:
            raise InvalidInputError(
                f"{name} is {value}; allowed is {least:g} to {most:g}.", reason="OUT_OF_RANGE", field=name
            )


def measures_of(request: JudgeRequest) -> tuple[str, ...]:
    """Return the measures that are asked for, or all that apply; InvalidInputError for one that does not."""
    impossible: dict[str, str] = {"pointing": "it needs boxes: give boxes."} if request.boxes is None else {}
    if request.map is not None:
        impossible |= dict.fromkeys(
            _NEEDS_METHOD,
            "it runs a method again, and a map of your own has none: name a method in place of it.",
        )
    elif not SHARES[request.method]:
        impossible["completeness"] = f"{request.method!r} shares nothing out that its maps would add up to."
    for name in request.measures or ():
        if name in impossible:
            raise InvalidInputError(
                f"The measure {name!r} cannot be taken: {impossible[name]}", field="measures"
            )
    return request.measures or tuple(name for name in MEASURES if name not in impossible)


def given_maps(run: Run, request: JudgeRequest, x: Prepared, targets: Sequence[ResolvedTarget]) -> Maps:
    """Return the caller's own map, one for all images or one for each, as maps of the targets."""
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and refused below
        given = np.asarray(request.map, np.float32)
    engine, images = run.engine, x.values
    size = image_size(engine, images)
    plain = as_maps(engine, np.zeros((1, *size), np.float32)).shape[1:]
    shapes = dict.fromkeys((images.shape[1:], plain, size))
    if not np.isfinite(given).all():
        raise InvalidInputError("The map holds NaN or infinity.", reason="NOT_FINITE", field="map")
    if given.shape in shapes:
        given = np.repeat(given[None], len(images), axis=0)
    elif given.shape[1:] not in shapes or len(given) != len(images):
        known = " or ".join(str(shape) for shape in shapes)
        raise InvalidInputError(
            f"The map has the shape {given.shape}; allowed are {known}, or {len(images)} such, one for each image.",
            reason="INVALID_SHAPE",
            field="map",
        )
    if given.shape[1:] == size and size != images.shape[1:]:
        given = as_maps(engine, given)
    return Maps(
        method=GIVEN,
        maps=given[[target.image for target in targets]],
        targets=tuple(targets),
        inputs=images,
        layout=batched(engine.model.input.layout),
        picture="signed" if (given < 0).any() else "heat",
        preprocessing=engine.model.preprocessing,
    )
