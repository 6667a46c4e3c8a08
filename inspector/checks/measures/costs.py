"""What one image costs, counted from the shapes of its run."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.checks.examination import Examination
from inspector.checks.measures.sample import sample
from inspector.graph.sized import peak_bytes
from inspector.model.costs import Costs, activation_bytes, count_costs
from inspector.types.layers import shape_text


@dataclass(frozen=True, kw_only=True)
class ImageCosts:
    """What one image costs."""

    image: tuple[int, ...]
    """Its shape, without a batch axis."""
    costs: Costs
    """Of one run."""
    batch: int
    """How many images share that run."""
    peak_bytes: int
    """The most bytes of activations at a time, by image."""

    @property
    def macs(self) -> int:
        """Multiply-accumulates by image."""
        return self.costs.macs // self.batch

    @property
    def size(self) -> str:
        """The image's shape, for people."""
        return shape_text(self.image)


def image_costs(examination: Examination) -> ImageCosts:
    """Count what one image costs, of a fixed batch its share; SkippedError where no size of image is known to run."""
    model, engine = examination.model, examination.run.engine
    image = examination.measured(sample)
    shapes = engine.shapes_for(image, [output.name for output in model.outputs])
    batch = model.input.batch or 1
    sizes = activation_bytes(model, shapes)
    return ImageCosts(
        image=tuple(image.shape[1:]),
        costs=count_costs(model, shapes),
        batch=batch,
        peak_bytes=peak_bytes(model, sizes) // batch,
    )
