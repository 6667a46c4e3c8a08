"""Results as pictures: PNG bytes, drawn as is usual for what they are; NaN and infinity are marked in magenta."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspector.model.spec import OnnxModel
from inspector.render.layers import feature_maps
from inspector.render.maps import attribution_image
from inspector.render.marks import marked_map, marked_tiles
from inspector.render.occlusion import occlusion_figure
from inspector.render.photograph import photograph
from inspector.render.png import to_png
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.preprocessing import Preprocessing
from inspector.types.results import Attribution, Occlusion


def activation_picture(values: Array, layer: Layer) -> bytes:
    """Draw one image's activation of a layer as a grid of its channels."""
    is_last = values.ndim > 1 and layer.channel_axis == len(layer.shape) - 1
    layout = "NHWC" if is_last else "NCHW"
    return to_png(
        marked_tiles(values.astype(np.float32), lambda array: feature_maps(array, layout=layout).image)
    )


def attribution_pictures(attribution: Attribution, model: OnnxModel) -> list[bytes]:
    """Draw each map in the way that is usual for its method."""
    color = model.preprocessing.color

    def draw(values: Array) -> Image.Image:
        return attribution_image(values, method=attribution.method, layout=attribution.layout, color=color)

    return [to_png(marked_map(values, draw, layout=attribution.layout)) for values in attribution.maps]


def occlusion_picture(occlusion: Occlusion, inputs: Array, model: OnnxModel) -> bytes:
    """Draw the three maps over the image, side by side; positions whose answer is not finite stay bare."""
    target = occlusion.target
    finite = np.isfinite(occlusion.probability) & np.isfinite(occlusion.activation) & (occlusion.label >= 0)
    figure = occlusion_figure(
        photograph_of(inputs[0], model.preprocessing),
        occlusion.probability,
        occlusion.label,
        occlusion.activation,
        tops=occlusion.tops,
        lefts=occlusion.lefts,
        size=occlusion.size,
        labels=model.labels,
        target=target.label or str(target),
        answer="Probability" if target.kind == "class" else "Value",
        layer=occlusion.layer,
        done=occlusion.done & finite,
    )
    return to_png(figure.side_by_side())


def photograph_of(values: Array, spec: Preprocessing) -> npt.NDArray[np.uint8]:
    """Return the picture (H, W, 3) that one preprocessed image shows."""
    return photograph(
        values, layout=spec.layout, color=spec.color, scale=spec.scale, mean=spec.mean, std=spec.std
    )
