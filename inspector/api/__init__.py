"""The public Python face."""

from inspector.extras import engine_required

with engine_required():
    from inspector.api.inspector import Inspector
    from inspector.api.load import load

__all__ = ["Inspector", "load"]
