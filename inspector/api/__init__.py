"""The public Python face."""

from inspector.api.inspector import Inspector
from inspector.api.load import load

__all__ = ["Inspector", "load"]
