"""What is known of a model, its layers and its rectifiers: requests about the model alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inspector.types.requests.base import Request, verb
from inspector.types.results.model_info import Layers, ModelInfo, Rectifiers


@verb("describe")
@dataclass(frozen=True, kw_only=True, eq=False)
class DescribeRequest(Request[ModelInfo]):
    """Tell what is known of a model: input, outputs, preprocessing, labels, device."""

    runs_model: ClassVar[bool] = False


@verb("layers")
@dataclass(frozen=True, kw_only=True, eq=False)
class LayersRequest(Request[Layers]):
    """List the layers that can be looked at: name, operator, shape, channels, receptive field."""

    runs_model: ClassVar[bool] = False


@verb("rectifiers")
@dataclass(frozen=True, kw_only=True, eq=False)
class RectifiersRequest(Request[Rectifiers]):
    """List what deconvnet and guided backpropagation take for rectifiers: function, layer, parts."""

    runs_model: ClassVar[bool] = False
