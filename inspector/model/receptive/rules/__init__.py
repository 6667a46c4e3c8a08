"""How an operator moves axes and widens windows: one small rule per family, keyed by operator."""

from __future__ import annotations

from inspector.model.receptive.rules.axes import AXES_RULES
from inspector.model.receptive.rules.context import Context
from inspector.model.receptive.rules.elementwise import ELEMENTWISE_RULES
from inspector.model.receptive.rules.resample import RESAMPLE_RULES
from inspector.model.receptive.rules.reshape import RESHAPE_RULES
from inspector.model.receptive.rules.whole import WHOLE_RULES
from inspector.model.receptive.rules.windows import WINDOW_RULES

RULES = ELEMENTWISE_RULES | WINDOW_RULES | RESAMPLE_RULES | AXES_RULES | RESHAPE_RULES | WHOLE_RULES

__all__ = ["RULES", "Context"]
