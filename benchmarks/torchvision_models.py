"""torchvision's architectures without its compiled operators; runs in the peer's environment."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import torch


def import_models() -> ModuleType:
    """Import the architectures also where torchvision's compiled operators do not fit this PyTorch.

    They are for detection; the import fails only because their shape functions are registered for operators that
    were not loaded. So the operator is declared and the registration passed over.
    """
    try:
        from torchvision import models  # noqa: PLC0415 — where all fits, nothing need be changed
    except RuntimeError:
        models = _without_operators()
    found: ModuleType = models
    return found


def _without_operators() -> Any:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]  # half imported
    library = torch.library.Library("torchvision", "DEF")
    if not hasattr(torch.ops.torchvision, "nms"):
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    register_fake = torch.library.register_fake

    def passed_over(name: Any, *rest: Any, **more: Any) -> Any:
        if isinstance(name, str) and name.startswith("torchvision::"):
            return lambda function: function
        return register_fake(name, *rest, **more)

    torch.library.register_fake = passed_over
    try:
        from torchvision import models  # noqa: PLC0415 — under the changed registration
    finally:
        torch.library.register_fake = register_fake
    return models
