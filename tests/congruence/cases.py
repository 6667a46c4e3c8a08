"""One table of cases: each is one expression over the verbs that `Inspector` and `RemoteModel` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from tests.support.toys import toy_image, toy_photo

PHOTO = toy_photo()
FLOATS = toy_image()


def jpeg(array: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(array).save(buffer, format="JPEG")
    return buffer.getvalue()


@dataclass(frozen=True)
class Case:
    """`ask(model, targets)` gives the same, whether `model` is here or there; `targets` has Class and Unit."""

    rpc: str
    ask: Callable[[Any, Any], Any]


CASES = {
    "predict a photo": Case("Predict", lambda m, t: m.predict(PHOTO)),
    "predict floats": Case("Predict", lambda m, t: m.predict(FLOATS, top=3)),
    "predict a batch of floats": Case("Predict", lambda m, t: m.predict(np.stack([FLOATS, -FLOATS]))),
    "predict a JPEG": Case("Predict", lambda m, t: m.predict(jpeg(PHOTO))),
    "predict a PIL image": Case("Predict", lambda m, t: m.predict(Image.fromarray(PHOTO))),
    "predict a mixture": Case(
        "Predict", lambda m, t: m.predict([PHOTO, FLOATS, jpeg(PHOTO), FLOATS[None]], top=1)
    ),
    "all activations": Case(
        "Activations",
        lambda m, t: m.activations([PHOTO, FLOATS], layers=[layer.name for layer in m.layers()]),
    ),
    "saliency": Case("Attribute", lambda m, t: m.attribute(PHOTO)),
    "saliency of a class": Case("Attribute", lambda m, t: m.attribute(PHOTO, target=2)),
    "saliency of classes": Case("Attribute", lambda m, t: m.attribute(PHOTO, target=[0, t.Class(1), None])),
    "guided, pairs": Case(
        "Attribute", lambda m, t: m.attribute([PHOTO, FLOATS], method="guided", target=[3, 4])
    ),
    "deconvnet of a channel": Case(
        "Attribute", lambda m, t: m.attribute([PHOTO, FLOATS], method="deconvnet", target=t.Unit("conv2", 5))
    ),
    "deconvnet of a unit": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="deconvnet", target=t.Unit("relu2", 1, (2, 3)))
    ),
    "deconvnet of the strongest": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="deconvnet", target=t.Unit("pool1"))
    ),
    "guided of a dense unit": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="guided", target=t.Unit("scores", 1, ()))
    ),
    "occlusion": Case("Occlude", lambda m, t: m.occlude(PHOTO)),
    "occlusion in detail": Case(
        "Occlude",
        lambda m, t: m.occlude(
            FLOATS, target=t.Class(1), layer="relu1", size=(5, 4), stride=(2, 3), fill=(0.5, 0, -1), batch=3
        ),
    ),
    "occlusion of a unit": Case(
        "Occlude", lambda m, t: m.occlude(FLOATS, target=t.Unit("conv1", 2), size=6, fill=0)
    ),
    "the last of the steps": Case("Occlude", lambda m, t: list(m.occlude_steps(PHOTO, batch=1))[-1]),
    "features": Case("Features", lambda m, t: m.features([PHOTO, FLOATS])),
    "mean features": Case("Features", lambda m, t: m.features(PHOTO, layer="conv1", pooling="mean")),
    "max features": Case("Features", lambda m, t: m.features(PHOTO, layer="conv1", pooling="max")),
    "all features": Case("Features", lambda m, t: m.features(PHOTO, layer="conv1", pooling="none")),
    "an unknown layer": Case("Activations", lambda m, t: m.activations(PHOTO, layers=["cnv1"])),
    "an unknown method": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="magic")),
    "a class out of range": Case("Attribute", lambda m, t: m.attribute(PHOTO, target=99)),
    "a channel out of range": Case("Attribute", lambda m, t: m.attribute(PHOTO, target=t.Unit("conv1", 99))),
    "an input of another size": Case("Predict", lambda m, t: m.predict(FLOATS[:, :3])),
    "no picture": Case("Predict", lambda m, t: m.predict(b"no picture")),
    "a patch larger than the image": Case("Occlude", lambda m, t: m.occlude(PHOTO, size=99)),
}
"""Some give an error: then both give the same."""
