"""What a caller must be, for each call: the one table. What is not in it is for admins."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.errors import PermissionDeniedError
from inspector.service.security.caller import Caller, Role

ROLES: Mapping[str, Mapping[str, Role]] = {
    "inspector.v1.ModelService": {
        "UploadModel": Role.INSPECT,
        "RegisterModel": Role.ADMIN,
        "ListModels": Role.INFER,
        "GetModel": Role.INFER,
        "LoadModel": Role.INSPECT,
        "UnloadModel": Role.INSPECT,
        "DeleteModel": Role.INSPECT,
    },
    "inspector.v1.InspectionService": {
        "Describe": Role.INFER,
        "Layers": Role.INSPECT,
        "Rectifiers": Role.INSPECT,
        "Predict": Role.INFER,
        "Activations": Role.INSPECT,
        "Features": Role.INFER,
        "Attribute": Role.INSPECT,
        "Occlude": Role.INSPECT,
        "Run": Role.INSPECT,
        "ListMethods": Role.INFER,
        "ListVerbs": Role.INFER,
    },
    "inspector.v1.CollectionService": {
        "AddItems": Role.INSPECT,
        "ListCollections": Role.INSPECT,
        "GetCollection": Role.INSPECT,
        "DeleteCollection": Role.INSPECT,
        "FindNeighbors": Role.INSPECT,
        "ComputePca": Role.INSPECT,
    },
    "inference.GRPCInferenceService": {
        "ServerLive": Role.ANYONE,
        "ServerReady": Role.ANYONE,
        "ServerMetadata": Role.INFER,
        "ModelReady": Role.INFER,
        "ModelMetadata": Role.INFER,
        "ModelInfer": Role.INFER,  # layers by name: INSPECT, see its servicer
        "RepositoryIndex": Role.INFER,
        "RepositoryModelLoad": Role.INSPECT,
        "RepositoryModelUnload": Role.INSPECT,
    },
    "grpc.health.v1.Health": {
        "Check": Role.ANYONE,
        "List": Role.ANYONE,
        "Watch": Role.ANYONE,
    },
    "grpc.reflection.v1alpha.ServerReflection": {"ServerReflectionInfo": Role.INFER},
    "grpc.reflection.v1.ServerReflection": {"ServerReflectionInfo": Role.INFER},
}
"""By the full name of a service, and of its call. Whose a model or a collection is stands beside this: see `access`."""


def role_for(method: str) -> Role:
    """Return what a caller of "/package.Service/Method" must be."""
    _, service, call = method.split("/", 2) if method.count("/") == 2 else ("", "", method)
    return ROLES.get(service, {}).get(call, Role.ADMIN)


def require_role(caller: Caller, method: str) -> None:
    """Raise PermissionDeniedError for a call that is not for this caller."""
    needed = role_for(method)
    if caller.role < needed:
        raise PermissionDeniedError(
            f"{method[:100]} is for callers with the role {needed.word!r}; {caller.name!r} has {caller.role.word!r}. "
            "Ask whoever runs the server.",
            reason="ROLE_MISSING",
        )
