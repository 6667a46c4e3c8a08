"""Where the images of a batch stand in one tensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.types.arrays import Array


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The axis that holds the images of a batch, and whether an image's values there are its own."""

    axis: int | None
    """None where no axis does: all of the tensor is about the image, or about all images together."""
    parts: int = 1
    """How many elements along the axis are one image's, such as the boxes of rows that are images × boxes."""
    cyclic: bool = False
    """Whether the images alternate along the axis, instead of following each other."""
    reason: str | None = None
    """Why an image's values depend on its company, or may: then it needs a run of its own. None where they do not."""

    @property
    def is_separate(self) -> bool:
        """Whether an image has the same values in any company."""
        return self.reason is None and self.axis is not None

    @property
    def leads(self) -> bool:
        """Whether the first axis counts the images and nothing else; it is no axis of one image's tensor."""
        return self.axis == 0 and self.parts == 1

    def fits(self, shape: tuple[int, ...], batch: int) -> bool:
        """Return whether a tensor of this shape can be cut into so many images."""
        return self.axis is not None and self.axis < len(shape) and shape[self.axis] == batch * self.parts

    def split(self, array: Array, batch: int) -> Array:
        """Return (batch, …): each image's tensor, as for that image alone, without the axis if it leads."""
        if self.leads or self.axis is None:
            return array
        sizes = (self.parts, batch) if self.cyclic else (batch, self.parts)
        apart = array.reshape(*array.shape[: self.axis], *sizes, *array.shape[self.axis + 1 :])
        return np.moveaxis(apart, self.axis + self.cyclic, 0)

    def join(self, images: Array) -> Array:
        """Return the tensor of a batch from (batch, …): what `split` took apart."""
        if self.leads or self.axis is None:
            return images
        apart = np.moveaxis(images, 0, self.axis + self.cyclic)
        count = images.shape[0] * self.parts
        return apart.reshape(*apart.shape[: self.axis], count, *apart.shape[self.axis + 2 :])
