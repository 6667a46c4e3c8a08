"""A network in which nothing is rectified."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule
from inspector.resolve.rectifiers import rectifiers


@rule(
    "no-rectifiers",
    family="inspectability",
    severity="info",
    rationale="Deconvnet and guided backpropagation differ from the gradient at rectifiers alone: without any they "
    "show the gradient under another name. A network without one may also have lost its activations at export.",
    mend="Take another method; where the network was trained with ReLU, look for the activations in the exporter.",
)
def no_rectifiers(examination: Examination) -> Iterator[Found]:
    """Find a model without any rectifier (ReLU and its relatives)."""
    model = examination.model
    if not rectifiers(model):
        told = "; what it quantizes is cut off where codes saturate" if model.codes else ""
        yield Found(
            message=f"None of the {len(model.layers)} layers is a rectifier{told}.",
            measured="0 rectifiers",
            allowed="1 or more",
        )
