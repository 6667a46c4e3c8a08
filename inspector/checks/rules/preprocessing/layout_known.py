"""An order of axes that nothing decides."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.rule import Found, rule
from inspector.model.preprocessing.sources.layouts import said_layouts
from inspector.model.readers import find_reader


@rule(
    "layout-known",
    family="preprocessing",
    severity="info",
    rationale="Whether channels come first or last is told by the first convolution or pooling. Where none reads the "
    "image, the order is guessed from the sizes, and a wrong guess mixes rows with colors.",
    mend='Say it: `inspector.load(…, layout="NHWC")`, or "layout" in an inspector.json beside the model.',
)
def layout_known(examination: Examination) -> Iterator[Found]:
    """Find an image whose layout neither the graph nor a file says."""
    model = examination.model
    given = model.input
    if len(given.space) != 2:
        raise SkippedError("the input is no image.")
    reader = find_reader(
        model.ir.graph, given.name, given.shape, model.shapes, opset=model.opset, limits=model.limits
    )
    if reader is not None or any(
        True for _ in said_layouts(model.ir.metadata_props, model.folder, limits=model.limits)
    ):
        return
    yield Found(
        subject=given.name,
        kind="input",
        message=f"The layout {given.layout} of {given.name!r} is guessed: no convolution, pooling or normalization "
        "reads the image, and no file says it.",
        measured="guessed",
        allowed="read or said",
    )
