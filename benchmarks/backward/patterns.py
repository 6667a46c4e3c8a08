"""The patterns for which a way is chosen, and how to write without each: as it was before there was a choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from inspector.grad.ways import convolution
from inspector.grad.ways.convolution import Layer, Way
from inspector.grad.ways.pooling import Unpooling

FORMERLY_FEW = 16


def _without_stuffing(layer: Layer) -> Way:
    way = convolution.way_of(layer)
    return Way.TRANSPOSED if way is Way.STUFFED else way


def _by_switches(way: Unpooling) -> AbstractContextManager[Any]:
    """Let poolings that take a way be written by their switches."""
    return patch.dict("inspector.grad.rules.pool._UNPOOLINGS", {way: None})


PATTERNS: Mapping[str, Sequence[AbstractContextManager[Any]]] = {
    "smooth rectifiers as one function": [patch("inspector.grad.choice.whole_step", lambda *_: None)],
    "strided depthwise convolutions": [patch("inspector.grad.writing.convolution.way_of", _without_stuffing)],
    "convolutions of few channels": [patch("inspector.grad.ways.convolution._FEW_CHANNELS", FORMERLY_FEW)],
    "strided slices": [patch("inspector.grad.writing.movement.spreads_by_convolution", lambda *_: False)],
    "poolings of windows side by side": [
        _by_switches(Unpooling.TILED),
        patch("inspector.grad.rules.pool._tiles", lambda *_: False),
    ],
    "poolings of windows that move by one": [_by_switches(Unpooling.APART)],
    "dense blocks": [patch("inspector.grad.choice.nested_joins", lambda *_: {})],
    "normalizations in filters": [
        patch("inspector.grad.rules.normalization.scaled", lambda b, gy, gain: b.op("Mul", gy, gain)),
        patch("inspector.grad.writing.convolution.taken_in", lambda gy, array, **_: (gy, array)),
    ],
    "bounds of quantizers": [patch("inspector.grad.rules.quantized._bounds", lambda *_: None)],
}
"""By name: what writes without, as long as it is entered."""


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Write backward graphs without some patterns, for a while."""
    with ExitStack() as stack:
        for name in names:
            for each in PATTERNS[name]:
                stack.enter_context(each)
        yield
