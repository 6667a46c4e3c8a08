"""Write docs/catalog.md: the verbs, results, methods, rules of check, formats of findings and stores that there are.

python -m tools.generate_catalog [--check | --print]

Plugins that INSPECTOR_PLUGINS names are listed too, so --check is for an environment without them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from inspector.checks.rule import in_order
from inspector.collections.registration import STORES
from inspector.face.catalog import attribution_methods, verbs
from inspector.findings.format import FORMATS
from inspector.plugins import load_plugins
from inspector.types.options import OTHER, OptionInfo
from inspector.types.requests.base import OPTIONS, REQUESTS, request_fields
from inspector.types.results.base import KINDS
from tools.pages import ROOT, run, table

PAGE = ROOT / "docs" / "catalog.md"


def page() -> str:
    """Return the page."""
    load_plugins()
    parts = [
        "# What there is",
        "Written by `make catalog` from what is registered; CI compares it with the code.",
        "## Verbs",
        "What can be asked of a model: `model.<verb>(…)` in Python, `inspector <verb>` in a shell, a call of the "
        "inspection service or `Run` over gRPC.",
        table(
            ("verb", "what it does", "options", "result"),
            [
                (
                    f"`{one.name}`",
                    one.description,
                    _options(one.options, _python_names(one.name)),
                    f"`{one.result}`",
                )
                for one in verbs()
            ],
        ),
        "## Kinds of result",
        table(
            ("kind", "class", "what it is"),
            [(f"`{name}`", f"`{kind.__name__}`", _first(kind)) for name, kind in sorted(KINDS.items())],
        ),
        "## Methods of `attribute`",
        table(
            ("method", "source", "what it computes", "options", "picture"),
            [
                (f"`{one.name}`", one.title, one.description, _options(one.options), one.picture)
                for one in attribution_methods()
            ],
        ),
        "## Rules of `check`",
        table(
            ("rule", "family", "severity", "what it finds"),
            [(f"`{one.id}`", one.family, one.severity, one.title) for one in in_order()],
        ),
        "## Formats of findings",
        table(
            ("format", "what reads it", "files"),
            [
                (f"`{one.name}`", one.what, ", ".join(f"`{suffix}`" for suffix in one.suffixes))
                for _, one in sorted(FORMATS.items())
            ],
        ),
        "## Stores of collections",
        table(
            ("store", "what it is"),
            [(f"`{name}`", _first(kind)) for name, kind in sorted(STORES.items())],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _options(options: Sequence[OptionInfo], names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return options with what they take, their defaults and their meanings; `names` are others in Python."""
    return "<br>".join(_option(one, names.get(one.name, one.name)) for one in options)


def _option(one: OptionInfo, python: str) -> str:
    name = f"`{python}`" if python == one.name else f"`{python}` (`{one.name}` on the wire)"
    takes = "a target" if OTHER in one.types and "target" in python else one.allowed
    takes = "keywords" if python == OPTIONS else takes
    default = "" if one.default in (None, (), {}) else f", `{one.default}` by default"
    return f"{name}: {takes}{default}{'. ' + one.help if one.help else ''}"


def _python_names(verb: str) -> Mapping[str, str]:
    request = REQUESTS.get(verb)
    return {} if request is None else {one.name: one.python for one in request_fields(request)}


def _first(thing: object) -> str:
    return (thing.__doc__ or "").strip().partition("\n")[0]


if __name__ == "__main__":
    sys.exit(run(page, to=PAGE, make="catalog", doc=__doc__))
