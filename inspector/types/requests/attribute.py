"""Attribution: what of the images made a target what it is?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from inspector.errors import InvalidInputError
from inspector.types.options import POLICIES, OptionInfo
from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.maps import Maps
from inspector.types.targets import Target, as_targets


def as_options(value: Any) -> dict[str, Any]:
    """Read a method's options: a mapping from their names; None is none."""
    if value is None or (type(value) is dict and not value):
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise InvalidInputError(
            f"options is a {type(value).__name__}; give a mapping from names to values.",
            reason="INVALID_OPTION",
        )
    if value.get(POLICIES) is not None:
        raise InvalidInputError(
            "Policies are no option of a method's own; give them as policies={layer: policy}.",
            reason="INVALID_OPTION",
            field=f"[{POLICIES}]",
        )
    return {name: one for name, one in value.items() if name != POLICIES}


_POLICIES = OptionInfo(name=POLICIES, types=(POLICIES,), default={})


def as_policies(value: Mapping[str, str] | None) -> dict[str, str]:
    """Read policies by layer; None is none."""
    found: dict[str, str] = {} if value is None else _POLICIES.check(value, field="")
    return found


def unpairable(targets: int, images: int) -> InvalidInputError:
    """Return the error for several targets that are not as many as the images."""
    return InvalidInputError(
        f"{targets} targets do not go with {images} images. Give one target, or one image, or as many of both; or "
        "cross=True for every target on every image.",
        field="targets",
    )


@verb("attribute")
@dataclass(frozen=True, kw_only=True, eq=False)
class AttributeRequest(ImagesRequest[Maps]):
    """Map a class, a unit or any part of an output back to the pixels, by one of the attribution methods.

    A target is a class's index or label, `Class()` (the most probable), `Unit(layer, channel, position)`,
    `Element(tensor, index)`, `Region(tensor, index)`, `Direction(tensor, vector)`, where a tensor is an output or a
    layer, or a `Combination` of those. One target goes with any number of images, several targets with one image or
    with as many images, in pairs; with `cross`, every target with every image.
    """

    is_per_image: ClassVar[bool] = True

    method: str = option(
        "saliency", help="saliency, deconvnet, guided, gradcam, lrp, …: see `inspector methods`.", short="m"
    )
    targets: tuple[Target, ...] = option(
        (), help="What is explained; default: the most probable class.", take=as_targets, python="target"
    )
    options: Mapping[str, Any] = option({}, help="The method's own options, by name.", take=as_options)
    policies: Mapping[str, str] | None = option(
        {}, help="Other policies than the method's, by layer.", take=as_policies
    )
    cross: bool = option(
        default=False, help="Explain every target on every image, the targets of the first image first."
    )

    def paired(self) -> tuple[str, ...]:
        """Several targets for several images are pairs; InvalidInputError where one has no other."""
        images = len(self.images) if isinstance(self.images, list | tuple) else 1
        if images == 1 or len(self.targets) <= 1 or self.cross:
            return ()
        if len(self.targets) != images:
            raise unpairable(len(self.targets), images)
        return ("targets",)
