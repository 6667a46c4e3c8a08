"""The public Python face."""

from inspector.extras import engine_required

with engine_required():
    from inspector.face.load import load
    from inspector.face.model import Model

__all__ = ["Model", "load"]
