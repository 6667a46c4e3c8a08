"""The names that requests carry, and pages of lists."""

from inspector.types.names import is_id, require_id
from inspector.wire.names import MODELS, id_of, name_of
from inspector.wire.pages import page, page_by_id

__all__ = ["MODELS", "id_of", "is_id", "name_of", "page", "page_by_id", "require_id"]
