"""How pictures are brought to two models, so that both compute of the same images."""

from __future__ import annotations

from dataclasses import dataclass, replace

from inspector.model.spec import OnnxModel
from inspector.types.preprocessing import Preprocessing

MOST_PLACES = 1 << 20
"""Pixels of a picture that models of free size are compared on as it is."""
_SHORT_SIDE = 512
"""Of a larger one, once it was made smaller."""


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The preprocessing that both models' pictures go through."""

    own: Preprocessing
    other: Preprocessing
    is_told: bool
    """Whether as much is said of the baseline's as of the model's, so that it keeps its own."""
    is_free: bool
    """Whether pictures keep the size that they have."""

    @property
    def is_same(self) -> bool:
        """Whether the baseline takes what the model takes, but for its type and the order of its axes."""
        return not self.is_told and (self.own.height, self.own.width) == (self.other.height, self.other.width)

    def smaller(self) -> Ways:
        """Return the same with pictures brought to a size that both run on in reasonable time."""
        own, other = (
            replace(one, resize="short_side", resize_size=_SHORT_SIDE) for one in (self.own, self.other)
        )
        return replace(self, own=own, other=other, is_free=False)

    @property
    def told(self) -> str:
        """What a caller should know of pictures that were made smaller."""
        return (
            f"Both models leave the size of their images free, and were compared on pictures whose short side is "
            f"{_SHORT_SIDE} pixels: as they are, they would take many times as long. To compare on another size, give "
            "preprocessing a height and a width."
        )


def ways_of_pictures(own: OnnxModel, other: OnnxModel) -> Ways:
    """Return how pictures are brought to a model and its baseline: where one leaves their size free, as the other."""
    ours, theirs = own.preprocessing, other.preprocessing
    is_told = len(theirs.assumed) <= len(ours.assumed)
    if not is_told:
        values = replace(theirs, color=ours.color, scale=ours.scale, mean=ours.mean, std=ours.std)
        theirs = _resized_as(values, ours)
    if _is_fixed(other) and not _is_fixed(own):
        ours = _sized_as(ours, other.preprocessing)
    elif _is_fixed(own) and not _is_fixed(other):
        theirs = _sized_as(theirs, ours)
    elif not _is_fixed(own) and _has_size(ours) != _has_size(theirs):
        sized = ours if _has_size(ours) else theirs
        ours, theirs = (_sized_as(one, sized) for one in (ours, theirs))
    is_free = not _has_size(ours) and ours.resize == "none" and theirs.resize == "none"
    return Ways(own=ours, other=theirs, is_told=is_told, is_free=is_free)


def _is_fixed(model: OnnxModel) -> bool:
    return model.input.height is not None and model.input.width is not None


def _has_size(given: Preprocessing) -> bool:
    return given.height is not None and given.width is not None


def _sized_as(given: Preprocessing, other: Preprocessing) -> Preprocessing:
    """Return a preprocessing that resizes as another, to the size of that one."""
    return replace(_resized_as(given, other), height=other.height, width=other.width)


def _resized_as(given: Preprocessing, other: Preprocessing) -> Preprocessing:
    """Return a preprocessing that resizes as another, to the size that it has."""
    return replace(
        given,
        resize=other.resize,
        resize_size=other.resize_size,
        interpolation=other.interpolation,
        letterbox_fill=other.letterbox_fill,
        letterbox_align=other.letterbox_align,
    )
