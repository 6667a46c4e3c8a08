"""What can be asked: the verbs, and the methods of `attribute`."""

from __future__ import annotations

from dataclasses import replace

from inspector.extras import engine_required
from inspector.plugins import load_plugins
from inspector.types.options import MethodInfo, OptionInfo, VerbInfo
from inspector.types.requests.base import (
    REQUESTS,
    Request,
    description_of,
    request_fields,
    result_kind,
    takes_images,
)
from inspector.types.results.base import name_of_kind

with engine_required():
    from inspector.methods import catalog
    from inspector.methods.verbs import card_of


def attribution_methods() -> tuple[MethodInfo, ...]:
    """Return the methods of `attribute`, by name, with their options."""
    load_plugins()
    return catalog.attribution_methods()


def verbs() -> tuple[VerbInfo, ...]:
    """Return what can be asked of a model, by name, with the options."""
    load_plugins()
    return tuple(verb_info(kind) for _, kind in sorted(REQUESTS.items()))


def verb_info(request: type[Request]) -> VerbInfo:  # type: ignore[type-arg]
    """Return what is known of a verb."""
    return VerbInfo(
        name=request.verb,
        description=description_of(request),
        options=tuple(_told(one.info) for one in request_fields(request)),
        result=name_of_kind(result_kind(request)),
        takes_images=takes_images(request),
        card=card_of(request),
    )


def _told(option: OptionInfo) -> OptionInfo:
    """Return an option as it is told: no mapping can be, and an empty one is none."""
    return replace(option, default=None) if option.default == {} else option
