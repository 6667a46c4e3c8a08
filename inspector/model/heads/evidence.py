"""What recognizers look at: the outputs, how the graph ends there, what the file says of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import onnx_ir as ir

from inspector.model.heads.context import Context
from inspector.model.heads.ending import Ending
from inspector.model.preprocessing.literals import numbers_in
from inspector.types.layers import Dim, Output
from inspector.types.results.model_info import ImageInput

WORDS: Mapping[str, tuple[str, ...]] = {
    "boxes": ("box", "boxes", "bbox", "bboxes", "loc", "locs", "locations", "dets", "det", "rects",
              "regressors", "reg", "dis", "dist"),
    "scores": ("score", "scores", "conf", "confidence", "confidences", "cls", "classes", "class", "prob", "probs",
               "probabilities", "logits", "labels", "softmax", "classificators"),
    "objectness": ("obj", "objectness", "iou", "centerness", "ctrness"),
    "points": ("landmark", "landmarks", "landms", "keypoint", "keypoints", "kps", "kpts", "points", "pts", "joints",
               "coords", "coordinates", "pose", "ldmks", "lmk", "lmks"),
    "values": ("age", "angle", "angles", "yaw", "pitch", "roll", "steering", "regression", "regressor", "value",
               "values", "target", "rul", "price", "quality", "iqa", "mos", "gaze", "pupil", "euler", "headpose",
               "delta", "bbox", "box", "loc", "valence", "arousal", "bmi", "height", "weight", "heart", "bpm", "count"),
    "embedding": ("embedding", "embeddings", "emb", "embed", "feature", "features", "feat", "feats", "descriptor",
                  "descriptors", "vector", "reid", "fc1", "encoding", "latent", "hash"),
    "picture": ("image", "img", "picture", "photo", "sr", "hr", "restored", "enhanced", "denoised", "styled",
                "reconstruction", "recon", "rgb", "generated", "depth", "disparity", "disp", "normal", "normals",
                "flow", "super", "resolution", "deblurred", "colorized", "ab"),
    "map": ("mask", "masks", "seg", "segment", "segmentation", "semantic", "saliency", "matte", "alpha", "fg",
            "foreground", "parsing"),
    "heat": ("heatmap", "heatmaps", "hm", "heat"),
    "classes": ("class", "classes", "logit", "logits", "prob", "probs", "probability", "probabilities", "score",
                "scores", "softmax", "softmaxout", "prediction", "predictions", "classifier", "label", "labels",
                "policy", "cls"),
    "number": ("num", "count", "number", "numbers", "indices", "index", "ids", "id"),
}  # fmt: skip
"""What outputs are called, by what they then mean."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The facts of one model."""

    outputs: tuple[Output, ...]
    endings: Mapping[str, Ending]
    values: Mapping[str, ir.Value]
    context: Context
    image: ImageInput
    metadata: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By tensor: which axis is the batch "N", holds channels "C", or is the image's height "H" or width "W"."""
    names: tuple[str, ...] | None = None
    """The names of the classes, as far as the file, or who loads it, says them."""

    def whole(self, name: str) -> tuple[Dim, ...]:
        """Return an output's shape for one image, its batch axis included."""
        return next(one.shape for one in self.outputs if one.name == name)

    def shape(self, name: str) -> tuple[Dim, ...]:
        """Return an output's shape without its batch axis."""
        return self.without_batch(name, self.whole(name))

    def without_batch(self, tensor: str, shape: Sequence[Dim]) -> tuple[Dim, ...]:
        """Return a tensor's shape without its batch axis."""
        batch = self.batch_axis(tensor, shape)
        return tuple(size for axis, size in enumerate(shape) if axis != batch)

    def batch_axis(self, tensor: str, shape: Sequence[Dim]) -> int | None:
        """Return the axis of images: where the graph carries them, else the first, if it may hold one image."""
        roles = self.roles.get(tensor, ())
        if len(roles) == len(shape) and "N" in roles:
            return roles.index("N")
        if not shape:
            return None
        first, batch = shape[0], self.image.shape[0] if self.image.shape else None
        return 0 if first in (1, batch) or not isinstance(first, int) else None

    def own_axis(self, tensor: str, shape: Sequence[Dim], axis: int | None) -> int | None:
        """Return an axis as counted without the batch axis; None for that itself."""
        batch = self.batch_axis(tensor, shape)
        if axis is None or axis == batch:
            return None
        return axis - (batch is not None and axis > batch)

    def whole_axis(self, name: str, axis: int) -> int:
        """Return an axis of an output as counted with the batch axis."""
        batch = self.batch_axis(name, self.whole(name))
        return axis + (batch is not None and axis >= batch)

    def says(self, name: str, *kinds: str) -> bool:
        """Return whether an output's name has a word of one of the kinds."""
        parts = set(words_of(name))
        return any(parts & set(WORDS[kind]) for kind in kinds)

    @property
    def named_classes(self) -> int | None:
        """How many classes have names."""
        return len(self.names) if self.names else None

    @property
    def task(self) -> str | None:
        """What Ultralytics says that the model is for."""
        return self.metadata.get("task")

    @property
    def points_per_box(self) -> int:
        """How many numbers of key points Ultralytics says that each box has."""
        match numbers_in(self.metadata.get("kpt_shape", "")):
            case (count, size):
                return count * size
        return 0

    def grid(self, stride: int) -> int | None:
        """Return how many places of a stride the image has."""
        if self.image.height is None or self.image.width is None:
            return None
        return -(-self.image.height // stride) * -(-self.image.width // stride)


def words_of(name: str) -> list[str]:
    """Return the words of a name: letters in a row, an uppercase one beginning another."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [word.lower() for word in re.findall(r"[A-Za-z]+", spaced)] + re.findall(r"[a-z]+\d", name.lower())
